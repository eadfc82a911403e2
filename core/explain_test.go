package core_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
)

func TestExplain(t *testing.T) {
	e := core.MustNew(cred(), core.Policy{Name: "wild", AllowOrigins: []string{"https://*.w.example"}, AllowMethods: []string{"*"},
		AllowHeaders: []string{"*"}})
	twice := preflight("https://a.example", "PUT")
	twice.AccessControlRequestMethod = []string{"PUT", "PUT"}
	tests := []struct {
		name            string
		request         core.Request
		policy, pattern string
		steps           []core.Code
		browser         core.Code
		allowed, creds  bool
		hint            string
	}{
		{"no origin", get(), "", "", []core.Code{stepNotCORS, stepHandler}, browserNotConcerned, true, true, ""},
		{"actual", get("https://a.example"), "cred", "https://a.example",
			[]core.Code{stepActual, core.CodeOriginAllowed, stepCredentials, stepHandler}, browserReads, true, true, ""},
		{"actual, wildcard", get("https://x.w.example"), "wild", "https://*.w.example",
			[]core.Code{stepActual, core.CodeOriginAllowed, stepNoCredentials, stepHandler}, browserReads, true, false, ""},
		{"refused", get("https://e.example"), "", "", []core.Code{stepActual, core.CodeOriginNotAllowed, stepHandler}, browserHides,
			false, false, `add "https://e.example" to AllowOrigins`},
		{"probe", get("https://a.example.corskit-probe.invalid:8443"), "", "", []core.Code{stepActual, core.CodeOriginNotAllowed,
			stepHandler}, browserHides, false, false, "nothing to do: this is a check of corskit probe"},
		{"other scheme", get("http://a.example"), "", "", []core.Code{stepActual, core.CodeOriginNotAllowed, stepHandler},
			browserHides, false, false, `"https://a.example" is allowed`},
		{"other port", get("https://a.example:8443"), "", "", []core.Code{stepActual, core.CodeOriginNotAllowed, stepHandler},
			browserHides, false, false, `"https://a.example" is allowed`},
		{"malformed", get("https://a.example/"), "", "",
			[]core.Code{stepActual, stepOriginMalformed, core.CodeOriginNotAllowed,
				stepHandler}, browserHides, false, false, "no policy can allow it: a trailing slash"},
		{"null", get("null"), "", "", []core.Code{stepActual, stepOriginNull, core.CodeOriginNotAllowed, stepHandler}, browserHides,
			false, false, "DangerouslyAllowNullOrigin"},
		{"two lines", get("https://a.example", "https://a.example"), "", "",
			[]core.Code{stepActual, core.CodeOriginRepeated, stepHandler}, browserHides, false, false, "proxy"},
		{"preflight", preflight("https://a.example", "PUT", "x-a, X-B"), "cred", "https://a.example",
			[]core.Code{stepPreflight, core.CodeOriginAllowed, stepCredentials, stepMethodAllowed, stepHeaderAllowed, stepHeaderAllowed,
				stepAnswered}, browserSends, true, true, ""},
		{"preflight, method", preflight("https://a.example", "PATCH"), "cred", "https://a.example",
			[]core.Code{stepPreflight, core.CodeOriginAllowed, stepCredentials, stepMethodNotAllowed,
				stepAnswered}, browserRefuses, false, false, `add "PATCH" to AllowMethods of policy "cred"`},
		{"preflight, case", preflight("https://a.example", "Put"), "cred", "https://a.example",
			[]core.Code{stepPreflight, core.CodeOriginAllowed, stepCredentials, stepMethodCase,
				stepAnswered}, browserRefuses, false, false, `in the script to "PUT"`},
		{"preflight, two methods", twice, "cred", "https://a.example",
			[]core.Code{stepPreflight, core.CodeOriginAllowed, stepCredentials, stepMethodNotAllowed,
				stepAnswered}, browserRefuses, false, false, ""},
		{"preflight, header", preflight("https://a.example", "POST", "x-z"), "cred", "https://a.example",
			[]core.Code{stepPreflight, core.CodeOriginAllowed, stepCredentials, stepMethodSafelisted, stepHeaderNotAllowed,
				stepAnswered}, browserRefuses, false, false, `add "x-z" to AllowHeaders`},
		{"preflight, any method", preflight("https://x.w.example", "PURGE", "x-z"), "wild", "https://*.w.example",
			[]core.Code{stepPreflight, core.CodeOriginAllowed, stepNoCredentials, stepMethodAllowed, stepHeaderAllowed,
				stepAnswered}, browserSends, true, false, ""},
		{"preflight, authorization", preflight("https://x.w.example", "GET", "authorization"), "wild", "https://*.w.example",
			[]core.Code{stepPreflight, core.CodeOriginAllowed, stepNoCredentials, stepMethodSafelisted, stepHeaderNotAllowed,
				stepAnswered}, browserRefuses, false, false, `add "authorization"`},
		{"preflight, refused", preflight("https://e.example", "PUT"), "", "",
			[]core.Code{stepPreflight, core.CodeOriginNotAllowed, stepAnswered}, browserRefuses, false, false, "add"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			x := e.Explain(ctx, tt.request)
			var steps []core.Code
			for _, s := range x.Steps {
				steps = append(steps, s.Code)
			}
			if x.Policy != tt.policy || x.Pattern != tt.pattern || !slices.Equal(steps, tt.steps) || x.Browser.Code != tt.browser ||
				x.Browser.Allowed != tt.allowed || x.Browser.AllowedWithCredentials != tt.creds ||
				!strings.Contains(x.Hint, tt.hint) || (tt.hint == "") != (x.Hint == "") {
				t.Errorf("policy %q, pattern %q, steps %q, browser %+v, hint %q\n%v", x.Policy, x.Pattern, steps, x.Browser, x.Hint, x)
			}
		})
	}
}

// An explanation is bounded, no matter how many headers a preflight asks for.
func TestExplainRoute(t *testing.T) {
	e, err := core.NewRouted(core.Route{Path: "/a/", Policies: named("a")}, core.Route{Path: "/b/", Policies: named("b")})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"/a/x": 0, "/b/x": 1, "/c": -1, "/a/../b/x": -1} {
		if got := e.Explain(ctx, core.Request{Method: "GET", Path: path}).Route; got != want {
			t.Errorf("%s: route %d, want %d", path, got, want)
		}
	}
	if got := core.MustNew(two()).Explain(ctx, get()).Route; got != -1 {
		t.Errorf("without routes: route %d, want -1", got)
	}
}

// The hint names the final slash if a route would cover the path with it.
func TestExplainFinalSlash(t *testing.T) {
	policies := []core.Policy{{AllowOrigins: []string{"https://a.example"}}}
	e, err := core.NewRouted(
		core.Route{Host: "other.example", Policies: policies},
		core.Route{Path: "/v1/", Policies: policies},
		core.Route{Host: "api.example", Path: "/api", Policies: policies},
		core.Route{Path: "/items", Policies: policies},
	)
	if err != nil {
		t.Fatal(err)
	}
	const other = "add a route that covers it; routes compare host and path exactly, and paths are case-sensitive"
	slash := func(path string, route int) string {
		return fmt.Sprintf(`write "%s/" for the path of route %d: without the final slash, "%s" covers only itself`, path, route, path)
	}
	for _, tt := range []struct {
		host, path string
		fold       bool
		want       string
	}{
		{"api.example", "/api/x", false, slash("/api", 2)},
		{"API.example:8443", "/api/", false, slash("/api", 2)},
		{"b.example", "/api/x", false, other},
		{"b.example", "/items/1", false, slash("/items", 3)},
		{"b.example", "/Items/1", false, other},
		{"b.example", "/Items/1", true, slash("/items", 3)},
		{"b.example", "/items1", false, other},
		{"b.example", "/v2", false, other},
	} {
		x := e.Explain(t.Context(), core.Request{
			Method: "GET", Host: tt.host, Path: tt.path, FoldPath: tt.fold, Origin: []string{"https://a.example"},
		})
		if x.Hint != tt.want || x.Route != -1 {
			t.Errorf("%s%s: hint %q, want %q", tt.host, tt.path, x.Hint, tt.want)
		}
	}
}

func TestExplainManyHeaders(t *testing.T) {
	const most = 50
	r := preflight("https://a.example", "PUT", strings.Repeat("x-z,", 1000))
	if x := core.MustNew(cred()).Explain(ctx, r); len(x.Steps) > most || x.Browser.Allowed {
		t.Errorf("%d steps, %+v", len(x.Steps), x.Browser)
	}
}

// If every origin is allowed, the pattern is "*".
func TestExplainAnyOrigin(t *testing.T) {
	for _, r := range []core.Request{get("https://e.example"), preflight("https://e.example", "GET")} {
		if x := core.MustNew(anyone()).Explain(ctx, r); x.Pattern != "*" || x.Policy != "any" {
			t.Errorf("%+v: pattern %q of policy %q, want * of any", r, x.Pattern, x.Policy)
		}
	}
}

// An explanation quotes and shortens all values of a request.
func TestExplainQuotes(t *testing.T) {
	e := core.MustNew(two(), core.Policy{AllowOrigins: []string{"https://z.example"}, AllowMethods: []string{"*"},
		AllowHeaders: []string{"*"}, AllowCredentials: true})
	evil := "x\r\nSet-Cookie: a\x1b[31m" + strings.Repeat("A", 1<<20)
	for _, r := range []core.Request{
		get(evil), {Method: evil, Origin: []string{"https://a.example"}}, preflight(evil, "PUT"),
		preflight("https://a.example", evil, evil),
		preflight("https://z.example", evil, evil), preflight("https://a.example", "PUT", strings.Repeat("a,", 1<<18)),
	} {
		s := e.Explain(ctx, r).String()
		if strings.ContainsAny(s, "\r\x1b") || strings.Contains(s, "\nSet-Cookie") || len(s) > 20_000 {
			t.Errorf("%d bytes: %.300q", len(s), s)
		}
	}
}

// For random policies and requests, Explain agrees with Decide, and the parts of an
// explanation agree with each other.
func TestExplainAgreesWithDecide(t *testing.T) {
	seed := rand.Uint64()
	g := rand.New(rand.NewPCG(seed, 2))
	pick := func(from ...string) string { return from[g.IntN(len(from))] }
	some := func(from ...string) (out []string) {
		for _, s := range from {
			if g.IntN(2) == 0 {
				out = append(out, s)
			}
		}
		return out
	}
	origins := []string{"https://a.example", "https://x.b.example", "http://localhost:3000", "null", "bad", "",
		"https://pr-1.c.example", "https://f.example"}
	policy := func() core.Policy {
		p := core.Policy{
			Name: pick("p", "q"), AllowMethods: some("PUT", "PATCH", "*"), AllowHeaders: some("x-a", "authorization",
				"*"), ExposeHeaders: some("x-e"),
			AllowOrigins: some("https://a.example", "https://*.b.example", "http://localhost:*", "https://pr-*.c.example",
				`regexp:https://[ab]\.example`),
			AllowCredentials: g.IntN(2) == 0, AllowPrivateNetwork: g.IntN(3) == 0, RejectDisallowed: g.IntN(3) == 0,
			DangerouslyAllowNullOrigin: true,
		}
		if !p.AllowCredentials {
			p.AllowOrigins = append(p.AllowOrigins, some("null", "*")...)
		}
		if g.IntN(3) == 0 {
			p.AllowOriginFunc = func(_ context.Context, r core.Request) bool { return r.Origin[0] == "https://f.example" }
		}
		return p
	}
	engines := 3000
	if testing.Short() {
		engines = 300
	}
	for range engines {
		var e *core.Engine
		var err error
		policies := []core.Policy{policy(), policy()}[:1+g.IntN(2)]
		if g.IntN(3) == 0 {
			e, err = core.NewRouted(core.Route{Path: "/a/", Policies: policies}, core.Route{Host: "h", Policies: []core.Policy{policy()}})
		} else {
			e, err = core.New(policies...)
		}
		if err != nil {
			t.Fatal(err)
		}
		var seen core.Observation
		e.Observe(observer(func(o *core.Observation) { seen = *o }))
		for range 30 {
			r := core.Request{
				Method: pick("GET", "PUT", "OPTIONS", "OPTIONS"), Host: pick("h", "i"), Path: pick("/a/b", "/", "/a/../b"),
				SecFetchSite: some("same-origin"), AccessControlRequestPrivateNetwork: some("true"),
				AccessControlRequestHeaders: some("x-a", "x-a, x-z", "authorization", "b d"),
			}
			if g.IntN(5) > 0 {
				r.Origin = []string{pick(origins...)}
			}
			if g.IntN(10) == 0 {
				r.Origin = append(r.Origin, pick(origins...))
			}
			if g.IntN(4) > 0 {
				r.AccessControlRequestMethod = []string{pick("PUT", "PATCH", "patch", "GET", "A B")}
			}
			d, x := e.Decide(ctx, r), e.Explain(ctx, r)
			if x.Decision != d || x.Policy != d.Policy {
				t.Fatalf("seed %d, %+v:\nDecide  %+v\nExplain %+v", seed, r, d, x)
			}
			checkClass(t, seen, x)
			var headers []core.Header
			for n, v := range d.Headers() {
				headers = append(headers, core.Header{Name: n, Value: v})
			}
			if !slices.Equal(headers, x.Headers) {
				t.Fatalf("seed %d, %+v: headers %v, want %v", seed, r, x.Headers, headers)
			}
			if d.Kind != core.NotCORS && !d.Allowed && !r.SameOrigin() && x.Browser.Allowed {
				t.Fatalf("seed %d, %+v: refused, but the browser allows it: %v", seed, r, x)
			}
			if d.Kind == core.Actual && d.Allowed != x.Browser.Allowed && !r.SameOrigin() {
				t.Fatalf("seed %d, %+v: allowed %v, browser %v", seed, r, d.Allowed, x.Browser.Allowed)
			}
			if len(x.Steps) == 0 || x.Browser.Text == "" ||
				(d.Code == core.CodeOriginAllowed) != (x.Pattern != "" && d.Code != core.CodeAnyOrigin && d.Allowed) {
				t.Fatalf("seed %d, %+v: %+v", seed, r, x)
			}
		}
	}
}

func TestIsProbe(t *testing.T) {
	for origin, want := range map[string]bool{
		"https://corskit-probe.invalid": true, "http://a.example.corskit-probe.invalid:8080": true,
		"https://127.0.0.1.corskit-probe.invalid": true, "https://xcorskit-probe.invalid": false,
		"https://corskit-probe.invalid.example": false, "https://corskit-probe.example": false,
		"https://corskit-probe.invalid/": false, "https://x/.corskit-probe.invalid": false, "corskit-probe.invalid": false,
		"null": false, "": false,
	} {
		if got := core.IsProbe(origin); got != want {
			t.Errorf("IsProbe(%q) = %v", origin, got)
		}
	}
}
