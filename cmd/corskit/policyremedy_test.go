package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// run serves t with a framework's adapter, until the test ends, and returns the URL.
func (t *tryout) run(test *testing.T) string {
	test.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		test.Fatal(err)
	}
	t.log = slog.New(slog.DiscardHandler)
	s := frameworks[t.framework](t)
	done := make(chan error, 1)
	go func() { done <- s.serve(l) }()
	test.Cleanup(func() {
		_ = s.shutdown(context.WithoutCancel(test.Context()))
		<-done
	})
	return "http://" + l.Addr().String() + "/x"
}

// If the server is ours, the fix names the field of the policy and its key. Following
// the fix leads to an allowed request.
func TestProbeFixesPolicy(t *testing.T) {
	t.Parallel()
	good := core.Policy{
		AllowOrigins: []string{page}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"x-a", "authorization"}, AllowCredentials: true,
	}
	args := []string{"-X", "PUT", "-H", "X-A", "-H", "Authorization", "--credentials"}
	for i, tt := range []struct {
		name string
		lack func(*core.Policy)
		args []string
		want string
	}{
		{"origin", func(p *core.Policy) { p.AllowOrigins = []string{"https://b.example"} }, args,
			`add "https://app.example.com" to AllowOrigins (allow_origins in a file)`},
		{"origin, without preflight", func(p *core.Policy) { p.AllowOrigins = []string{"https://b.example"} }, nil,
			`add "https://app.example.com" to AllowOrigins (allow_origins in a file)`},
		{"method", func(p *core.Policy) { p.AllowMethods = nil }, args, `add "PUT" to AllowMethods (allow_methods in a file)`},
		{"headers", func(p *core.Policy) { p.AllowHeaders = nil }, args,
			`add "authorization", "x-a" to AllowHeaders (allow_headers in a file)`},
		{"one header", func(p *core.Policy) { p.AllowHeaders = []string{"x-a"} }, args,
			`add "authorization" to AllowHeaders (allow_headers in a file)`},
		{"credentials", func(p *core.Policy) { p.AllowCredentials = false }, args,
			"set AllowCredentials (allow_credentials in a file), or fetch without credentials"},
		{"any origin", func(p *core.Policy) { p.AllowOrigins, p.AllowCredentials = []string{"*"}, false }, args,
			"fetch without credentials, or add a policy that lists the origin in AllowOrigins"},
		{"any header", func(p *core.Policy) { p.AllowHeaders, p.AllowCredentials = []string{"*"}, false }, args[:6],
			`add "authorization", next to "*", to AllowHeaders (allow_headers in a file)`},
		{"null", func(p *core.Policy) { p.AllowOrigins = []string{"https://b.example"} }, []string{"--origin", "null"},
			"a policy refuses this origin: set DangerouslyAllowNullOrigin"},
		{"http", func(p *core.Policy) { p.AllowOrigins = []string{"https://b.example"} }, []string{"--origin", "http://a.example"},
			`add "http://a.example" to AllowOrigins (allow_origins in a file) of a policy without AllowCredentials`},
		{"http, credentials", func(p *core.Policy) { p.AllowOrigins = []string{"https://b.example"} },
			[]string{"--origin", "http://a.example", "--credentials"}, "a policy refuses this origin: serve the page over https://"},
	} {
		p := good
		tt.lack(&p)
		for k, framework := range frameworkNames() {
			if !sampled(i+k, len(frameworkNames())) {
				continue // with -short, each row on one framework
			}
			url := (&tryout{framework: framework, engine: core.MustNew(p)}).run(t)
			r := corskit(t, "", slices.Concat([]string{"probe", url, "-o", page, "--format", "json"}, tt.args)...)
			var got probed
			err := json.Unmarshal([]byte(r.stdout), &got)
			if err != nil || !got.Corskit || !strings.HasPrefix(got.Fix, tt.want) || r.code != exitNo {
				t.Errorf("%s, %s: %v, fix %q, want %q\n%s", framework, tt.name, err, got.Fix, tt.want, r.stdout)
			}
		}
	}
}

// Other servers get a fix that names the header. The answers are those of rs/cors,
// go-chi/cors, gin-contrib/cors and fiber's cors.
func TestProbeFixesHeaders(t *testing.T) {
	t.Parallel()
	const vary, all = "Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
	for name, h := range map[string]http.Handler{
		"rs/cors":  flawed(sound, vary, all),
		"go-chi":   flawed(sound, vary, "Origin", "+"+vary, "Access-Control-Request-Method", "+"+vary, "Access-Control-Request-Headers"),
		"fiber":    flawed(sound, vary, "Access-Control-Request-Method, Access-Control-Request-Headers, Origin"),
		"jub0bs":   flawed(sound, "-"+vary, ""),
		"handmade": flawed(sound),
	} {
		got, r := probeServer(t, h, "-X", "PATCH")
		if got.Corskit || got.Fix != "list PATCH in Access-Control-Allow-Methods" || r.code != exitNo {
			t.Errorf("%s: fix %q: %+v", name, got.Fix, r)
		}
		got, r = probeServer(t, h, "-H", "X-Token", "-H", "X-A")
		if got.Corskit || got.Fix != "list x-a, x-token in Access-Control-Allow-Headers" || r.code != exitNo {
			t.Errorf("%s: fix %q: %+v", name, got.Fix, r)
		}
	}
}

// A response from outside the middleware is not the policy's fault.
func TestProbeOutsideMiddleware(t *testing.T) {
	t.Parallel()
	engine := core.MustNew(core.Policy{AllowOrigins: []string{page}})
	cors := corshttp.Middleware(engine)(http.NotFoundHandler())
	got, r := probeServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "OPTIONS" {
			cors.ServeHTTP(w, r)
			return
		}
		http.NotFound(w, r)
	}))
	if !got.Corskit || !strings.HasPrefix(got.Fix, "the policy allows the origin: the response with status 404 (Not Found) comes from") {
		t.Errorf("fix %q: %+v", got.Fix, r)
	}
}

// Someone in a hurry does what a fix says, word for word. A fix that tells to answer with an
// origin or with credentials says when, or the server ends up reflecting every origin.
func TestRemediesSayWhen(t *testing.T) {
	fixes := make(map[string]string)
	for code, fix := range remedies {
		fixes[string(code)] = fix
	}
	for _, c := range headerChecks {
		fixes[c.code] = c.fix
	}
	looser := regexp.MustCompile(`\b(send|answer)\b.*(\borigin\b|Allow-Credentials)`)
	condition := regexp.MustCompile(`\bonly if\b`)
	for code, fix := range fixes {
		if looser.MatchString(fix) && !condition.MatchString(fix) {
			t.Errorf("%s: the fix has no condition: %s", code, fix)
		}
	}
}
