package demo

import (
	"html/template"
	"net/http"
)

// frame is the document of a page that calls the API. Its script takes messages only from the
// control page, and reports only to it.
var frame = template.Must(template.New("frame").Parse(`<!doctype html>
<html lang="en" data-control="{{.}}">
<meta charset="utf-8">
<title>a page that calls the API</title>
<script src="frame.js"></script>
<p>This page calls the API for the <a href="{{.}}/" target="_top">demo</a>.</p>
</html>
`))

// frames serves the pages that call the API, at the origins of the columns.
func frames(f *facts) http.Handler {
	hosts := make(map[string]bool)
	for _, c := range f.Columns {
		hosts[c.Origin] = true
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = frame.Execute(w, f.Control) // if that fails, the client has gone
	})
	mux.HandleFunc("GET /frame.js", serveFile("frame.js", "text/javascript; charset=utf-8"))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; connect-src "+f.API+" ws"+f.API[len("http"):]+
			"; base-uri 'none'; form-action 'none'; frame-ancestors "+f.Control)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-store")
		h.Set("Referrer-Policy", "no-referrer")
		if !hosts["http://"+r.Host] {
			http.Error(w, "no page of the demo has this host name", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}
