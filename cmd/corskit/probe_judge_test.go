package main

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// only lets requests with the methods through, and answers others with 405 and no
// CORS headers.
func only(h http.Handler, methods ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(methods, r.Method) {
			w.WriteHeader(405)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// codes returns the severity and code of each finding.
func (r probed) codes() (list []string) {
	for _, f := range r.Findings {
		list = append(list, f.Severity+" "+f.Code)
	}
	return list
}

// A stranger wants to send and read what the route is for, not only GET.
func TestProbeMethods(t *testing.T) {
	t.Parallel()
	reflects := onlyIf(always)
	withCookies := flawed(reflects, allowCredentials, "true")
	post, put := []string{"-X", "POST"}, []string{"-X", "PUT"}
	json := []string{"-X", "POST", "-H", "Content-Type"}
	readsOnly := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "OPTIONS" { // the preflight is careless, the rest is sound
			withCookies.ServeHTTP(w, r)
			return
		}
		flawed(sound, allowCredentials, "true").ServeHTTP(w, r)
	})
	hidden := "add --repeat"
	for _, tt := range []struct {
		name     string
		server   http.Handler
		args     []string
		want     []string
		code     int
		unjudged string
	}{
		{"POST only, reflects", only(withCookies, "POST", "OPTIONS"), post, []string{"error reflects-any-origin"}, exitNo, ""},
		{"POST only, reflects, JSON", only(flawed(reflects, allowCredentials, "true", "Access-Control-Allow-Headers", "content-type"),
			"POST", "OPTIONS"), json, []string{"error reflects-any-origin"}, exitNo, ""},
		{"POST only, reflects, no credentials", only(flawed(reflects), "POST", "OPTIONS"), post,
			[]string{"error reflects-any-origin"}, exitNo, ""},
		{"POST only, null", only(flawed(listed("null"), allowCredentials, "true"), "POST", "OPTIONS"), post,
			[]string{"error allows-null"}, exitNo, ""},
		{"POST only, null, no credentials", only(flawed(listed("null")), "POST", "OPTIONS"), post,
			[]string{"warning allows-null"}, exitYes, ""},
		{"POST only, prefix", only(flawed(onlyIf(func(o string) bool { return strings.HasPrefix(o, page) }), allowCredentials, "true"),
			"POST", "OPTIONS"), post, []string{"error matches-prefix"}, exitNo, ""},
		{"PUT only, reflects", only(withCookies, "PUT", "OPTIONS"), put, []string{"error reflects-any-origin"}, exitNo, ""},
		{"POST only, sound", only(flawed(sound, allowCredentials, "true"), "POST", "OPTIONS"), post, nil, exitYes, ""},
		{"a preflight that lets strangers PUT", readsOnly, nil, []string{"error reflects-any-origin"}, exitNo, ""},
		{"a preflight that only names strangers", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == "OPTIONS" {
				flawed(reflects, "-Access-Control-Allow-Methods", "").ServeHTTP(w, r)
				return
			}
			flawed(sound).ServeHTTP(w, r)
		}), nil, []string{"warning reflects-any-origin"}, exitYes, ""},
		{"POST without OPTIONS", only(withCookies, "POST"), post, nil, exitFail, hidden},
		{"POST without OPTIONS, repeated", only(withCookies, "POST"), append(post, "--repeat"),
			[]string{"error reflects-any-origin"}, exitNo, ""},
		{"POST without OPTIONS, sound, repeated", only(flawed(sound), "POST"), append(post, "--repeat"), nil, exitYes, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, r := probeServer(t, tt.server, tt.args...)
			if !slices.Equal(got.codes(), tt.want) || r.code != tt.code || !strings.Contains(got.Unjudged, tt.unjudged) ||
				(got.Unjudged == "") != (tt.unjudged == "") {
				t.Errorf("findings %q, unjudged %q, exit status %d, want %q, %q, %d\n%s",
					got.codes(), got.Unjudged, r.code, tt.want, tt.unjudged, tt.code, r.stdout)
			}
		})
	}
}

// Loopback is not a network: nobody impersonates http://localhost.
func TestProbeLoopback(t *testing.T) {
	t.Parallel()
	for origin, want := range map[string][]string{
		"https://localhost":       nil, // Capacitor and Tauri send both
		"https://localhost:3000":  nil,
		"https://app.localhost":   nil,
		"https://127.0.0.1":       nil,
		"https://app.example.com": {"error allows-http"},
		"https://localhost.test":  {"error allows-http"},
	} {
		both := flawed(onlyIf(func(o string) bool {
			return o == origin || o == strings.Replace(origin, "https:", "http:", 1)
		}), allowCredentials, "true")
		got, r := probeServer(t, both, "--origin", origin)
		if !slices.Equal(got.codes(), want) || (r.code == exitYes) != (want == nil) {
			t.Errorf("%s: findings %q, want %q: %+v", origin, got.codes(), want, r)
		}
	}
}

// A redirect without CORS headers is the cause, and not the origin.
func TestProbeRedirects(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.Handle("/bare", http.RedirectHandler("/x/", http.StatusMovedPermanently))
	mux.Handle("/cors", flawed(sound, "Location", "/x/y"))
	mux.Handle("/x/y", flawed(onlyIf(always), allowCredentials, "true"))
	mux.HandleFunc("/moved", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", page)
		w.Header().Set("Vary", "Origin")
		http.Redirect(w, r, "/x/y", http.StatusFound)
	})
	mux.HandleFunc("/none", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", page)
		http.Redirect(w, r, "/gone", http.StatusTemporaryRedirect)
	})
	s := httptest.NewServer(mux)
	defer s.Close()
	get := func(path string, args ...string) result {
		return corskit(t, "", append([]string{"probe", s.URL + path, "-o", page}, args...)...)
	}
	r := get("/bare")
	contains(t, "a redirect without CORS headers", r.stdout,
		"refused: the server redirects to "+s.URL+"/x/ (status 301), and the redirect is refused: the response has no",
		"fix: fetch "+s.URL+"/x/, or put the CORS middleware in front of what redirects",
		"incomplete: the checks saw only the redirect, not "+s.URL+"/x/")
	if r.code != exitNo || strings.Contains(r.stdout, "no misconfiguration") {
		t.Errorf("%+v", r)
	}
	r = get("/bare", "-X", "PUT")
	contains(t, "a redirect of a preflight", r.stdout, "redirects to "+s.URL+"/x/ (status 301)",
		"fix: browsers do not follow redirects of preflights: fetch "+s.URL+"/x/")
	r = get("/moved")
	contains(t, "what is behind a redirect", r.stdout, "allowed:", "error: reflects-any-origin: ", "(at "+s.URL+"/x/y)")
	if r.code != exitNo {
		t.Errorf("%+v", r)
	}
	if r = get("/x/y"); strings.Contains(r.stdout, "(at ") {
		t.Errorf("without a redirect, the URL is known:\n%s", r.stdout)
	}
	r = get("/none")
	contains(t, "a refusal behind a redirect", r.stdout, "has no Access-Control-Allow-Origin (after a redirect to "+s.URL+"/gone)")

	other := httptest.NewServer(flawed(sound))
	defer other.Close()
	across := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", page)
		http.Redirect(w, r, other.URL+"/y", http.StatusFound)
	}))
	defer across.Close()
	r = corskit(t, "", "probe", across.URL, "-o", page)
	contains(t, "a redirect to another origin", r.stdout, "> Origin: null",
		"browsers send Origin: null: fetch "+other.URL+"/y directly")
}

// Values of servers are quoted once, and quotes that servers send are named.
func TestProbeQuotes(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		`"` + page + `"`:              `Access-Control-Allow-Origin is "` + page + `"`,
		"https://b\u00fccher.example": `Access-Control-Allow-Origin is "https://b\u00fccher.example", the origin "https`,
		"https://other.example":       `Access-Control-Allow-Origin is "https://other.example", the origin "` + page + `"`,
	} {
		got, r := probeServer(t, flawed(func(string) string { return value }))
		text := got.Verdict.Text
		if !strings.Contains(text, want) || strings.Contains(text, `\\`) || strings.Contains(text, `"\"`) {
			t.Errorf("%s: %q, want %q: exit status %d", value, text, want, r.code)
		}
		for _, f := range got.Findings {
			if strings.Contains(f.Text, `"\"`) || strings.Contains(f.Text, `\\`) {
				t.Errorf("%s: %q", value, f.Text)
			}
		}
	}
	got, _ := probeServer(t, flawed(func(string) string { return `"` + page + `"` }))
	if !slices.Equal(got.codes(), []string{"error allow-origin-spelling"}) {
		t.Errorf("quotes: %q", got.codes())
	}
}

// An error names the flag or the scheme that helps.
func TestProbeCertificates(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(flawed(sound))
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	if r := corskit(t, "", "probe", s.URL, "-o", page); r.code != exitFail || !strings.Contains(r.stderr, "use --insecure to accept") {
		t.Errorf("a self-signed certificate: %+v", r)
	}
	if r := corskit(t, "", "probe", s.URL, "-o", page, "--insecure"); r.code != exitYes {
		t.Errorf("--insecure: %+v", r)
	}
	plain := httptest.NewServer(flawed(sound))
	defer plain.Close()
	r := corskit(t, "", "probe", strings.Replace(plain.URL, "http:", "https:", 1), "-o", page)
	if r.code != exitFail || !strings.Contains(r.stderr, "use http:// in the URL") {
		t.Errorf("no TLS: %+v", r)
	}
}
