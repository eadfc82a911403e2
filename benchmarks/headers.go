package benchmarks

import (
	"net/http"
	"strings"

	"github.com/valyala/fasthttp"
)

// headers are the CORS headers of a response.
type headers struct {
	names map[string]bool // Access-Control-*, in lower case
	vary  map[string]bool // the members of Vary, in lower case
}

// headersOf serves a request once and returns the CORS headers of the response.
func headersOf(server *Server, r Request) headers {
	h := headers{map[string]bool{}, map[string]bool{}}
	for _, f := range varied(server, r.Vary).exchange(r.message()).Header {
		switch name := strings.ToLower(f.Name); {
		case strings.HasPrefix(name, "access-control-"):
			h.names[name] = true
		case name == "vary":
			for member := range strings.SplitSeq(f.Value, ",") {
				h.vary[strings.ToLower(strings.TrimSpace(member))] = true
			}
		}
	}
	return h
}

// sharedValues returns how many CORS headers of a response have values in memory that
// another response also uses. A handler that changes such values in one response changes
// them in the other. fasthttp copies values, so none are shared.
func sharedValues(server *Server, r Request) (n int) {
	app := varied(server, r.Vary).app
	if app.Handler == nil {
		return 0
	}
	responses := [2]http.Header{{}, {}}
	for _, h := range responses {
		app.Handler.ServeHTTP(&writer{header: h}, httpRequest(r.message()))
	}
	for name, lines := range responses[0] {
		isCORS := name == "Vary" || strings.HasPrefix(name, "Access-Control-")
		if other := responses[1][name]; isCORS && len(lines) > 0 && len(other) > 0 && &lines[0] == &other[0] {
			n++
		}
	}
	return n
}

// varied returns the server behind a middleware that sets Vary, if vary is not empty.
func varied(server *Server, vary string) *Server {
	if vary == "" {
		return server
	}
	app := *server.app
	if serve := app.FastHTTP; serve != nil {
		app.FastHTTP = func(ctx *fasthttp.RequestCtx) {
			ctx.Response.Header.Set("Vary", vary)
			serve(ctx)
		}
	} else {
		handler := app.Handler
		app.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Vary", vary)
			handler.ServeHTTP(w, r)
		})
	}
	return &Server{app: &app}
}

// lacks returns how many headers of other h does not have, and how many members of
// its Vary. Values are not compared: libraries write lists in different ways.
func (h headers) lacks(other headers) (names, vary int) {
	return missing(h.names, other.names), missing(h.vary, other.vary)
}

func missing(set, of map[string]bool) (n int) {
	for member := range of {
		if !set[member] {
			n++
		}
	}
	return n
}
