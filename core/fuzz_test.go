package core_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
)

// FuzzRoutes compares the choice of a route with a reference that writes out every
// reading of a path and looks for the first route that covers each.
func FuzzRoutes(f *testing.F) {
	routes := []core.Route{
		{Path: "/public/", Policies: named("0")},
		{Host: "api.example.com", Path: "/v1", Policies: named("1")},
		{Host: "api.example.com", Path: "/v1/", Policies: named("2")},
		{Path: "/admin/users/", Policies: named("3")},
		{Host: "api.example.com", Policies: named("4")},
		{Path: "/A", Policies: named("5")},
		{Path: "/admin/", Policies: named("6")},
	}
	e, err := core.NewRouted(routes...)
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range [][3]string{
		{"x", "/public/a", ""}, {"api.example.com:8443", "/v1", ""}, {"API.example.COM", "/v1/x", "/v1%2Fx"},
		{"x", "/public/../admin/", ""}, {"x", "//public/x", ""}, {"x", "/admin/users/..", ""},
		{"[::1]:80", "/public/./a/", "/public/%2e/a/"},
		{"", "*", ""}, {":", "", "/"}, {"x", "/public/" + strings.Repeat("../", 400), ""},
	} {
		f.Add(s[0], s[1], s[2])
	}
	f.Fuzz(func(t *testing.T, host, path, raw string) {
		want := referenceRoute(routes, host, path, raw)
		d := e.Decide(t.Context(), core.Request{Method: "GET", Host: host, Path: path, RawPath: raw, Origin: []string{"https://a.example"}})
		if d.Policy != want {
			t.Errorf("host %q, path %q, raw %q: the policy of route %q, want %q", host, path, raw, d.Policy, want)
		}
	})
}

var portSuffix = regexp.MustCompile(`^(?s:(.*)):[^:\]]*$`)

func referenceRoute(routes []core.Route, host, path, raw string) string {
	if m := portSuffix.FindStringSubmatch(host); m != nil {
		host = m[1]
	}
	readings := []string{path}
	if raw != "" {
		readings = append(readings, raw)
	}
	for _, reading := range slices.Clone(readings) {
		cleaned, ambiguous := referenceClean(reading)
		if ambiguous && len(reading) > 1024 {
			return ""
		}
		if ambiguous {
			readings = append(readings, cleaned)
			if bare := strings.TrimSuffix(cleaned, "/"); bare != "" {
				readings = append(readings, bare)
			}
		}
	}
	found := ""
	for i, reading := range readings {
		policy := ""
		for _, r := range routes {
			// EqualFold is good enough: in Unicode, the letters of these hosts fold
			// only to each other.
			if (r.Host == "" || strings.EqualFold(r.Host, host)) && (r.Path == "" || r.Path == reading ||
				strings.HasSuffix(r.Path, "/") && strings.HasPrefix(reading+"/", r.Path)) {
				policy = r.Policies[0].Name
				break
			}
		}
		if i > 0 && policy != found {
			return ""
		}
		found = policy
	}
	return found
}

// referenceClean removes empty, "." and ".." segments from a path, and reports
// whether there are any.
func referenceClean(path string) (cleaned string, ambiguous bool) {
	segments := strings.Split(path, "/")
	var kept []string
	for i, s := range segments {
		last := i == len(segments)-1
		ambiguous = ambiguous || i > 0 && (s == "." || s == ".." || s == "" && !last)
		switch s {
		case "", ".":
		case "..":
			kept = kept[:max(0, len(kept)-1)]
		default:
			kept = append(kept, s)
		}
	}
	cleaned = "/" + strings.Join(kept, "/")
	switch segments[len(segments)-1] {
	case "", ".", "..":
		if len(kept) > 0 {
			cleaned += "/"
		}
	}
	return cleaned, ambiguous
}

// FuzzDecide checks what must be true of every decision, for requests of arbitrary
// bytes.
func FuzzDecide(f *testing.F) {
	everything := core.Policy{
		AllowOrigins: []string{"https://*.a.example", "http://localhost:*", "regexp:https://[a-z]+[.]b[.]example"},
		AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, ExposeHeaders: []string{"x-e"}, AllowCredentials: true,
		AllowPrivateNetwork: true, RejectDisallowed: true,
	}
	lists := core.Policy{
		AllowOrigins: []string{"https://a.example", "null"}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"x-a"},
		DangerouslyAllowNullOrigin: true, MaxAge: core.NoPreflightCache,
	}
	anyOrigin := core.Policy{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*", "authorization"}}
	asked := core.Policy{AllowOriginFunc: func(_ context.Context, r core.Request) bool { return strings.Contains(r.Origin[0], "c") }}
	engines := []*core.Engine{
		nil, core.MustNew(everything), core.MustNew(lists, everything), core.MustNew(anyOrigin), core.MustNew(lists, anyOrigin),
		core.MustNew(asked), core.MustNew(asked, everything),
	}
	routed, err := core.NewRouted(core.Route{Path: "/a/", Policies: []core.Policy{everything}},
		core.Route{Host: "b.example", Policies: []core.Policy{lists}})
	if err != nil {
		f.Fatal(err)
	}
	engines = append(engines, routed)

	f.Add("GET", uint8(1), "https://a.example", "", "", "", "h", "/")
	f.Add("OPTIONS", uint8(0b1111), "https://x.a.example", "PUT", "x-a, x-b", "true", "b.example", "/a/b")
	f.Add("OPTIONS", uint8(0b11111), "null", "PU\r\nT", "x\x00", "true", "null", "//")
	f.Add("POST", uint8(0b100001), "http://localhost:3000", "", "", "same-origin", "localhost:3000", "/a/../b")
	f.Fuzz(func(t *testing.T, method string, present uint8, origin, acrm, acrh, flag, host, path string) {
		lines := func(bit uint8, s string) []string {
			if present&(1<<bit) == 0 {
				return nil
			}
			if present&0b10000 != 0 {
				return []string{s, s}
			}
			return []string{s}
		}
		r := core.Request{
			Method: method, Host: host, Path: path,
			Origin: lines(0, origin), AccessControlRequestMethod: lines(1, acrm), AccessControlRequestHeaders: lines(2, acrh),
			AccessControlRequestPrivateNetwork: lines(3, flag), SecFetchSite: lines(5, flag),
		}
		for i, e := range engines {
			d := e.Decide(t.Context(), r)
			fail := func(what string) { t.Errorf("engine %d, request %#v: %s: %+v", i, r, what, d) }
			if x := e.Explain(t.Context(), r); x.Decision != d {
				fail("Explain makes another decision")
			} else if text := x.String(); len(text) > 16<<10 ||
				strings.ContainsFunc(text, func(c rune) bool { return c < ' ' && c != '\n' || c == 0x7f }) {
				fail("the explanation is too long or not quoted")
			}
			if o := resolve(e, &source{Request: r}); o.Decision() != d {
				fail(fmt.Sprintf("the decision from a source is %+v", o.Decision()))
			}
			switch {
			case d.Kind == core.NotCORS != (len(r.Origin) == 0):
				fail("the wrong kind")
			case d.Kind == core.Preflight != (method == "OPTIONS" && len(r.Origin) > 0 && len(r.AccessControlRequestMethod) > 0):
				fail("the wrong kind")
			case d.AllowOrigin != "" && d.AllowOrigin != "*" && (len(r.Origin) != 1 || d.AllowOrigin != origin):
				fail("another origin is allowed")
			case d.AllowOrigin == "*" && d.AllowCredentials != "":
				fail("every origin is allowed, with credentials")
			case d.Allowed != (d.AllowOrigin != "") && d.Kind != core.NotCORS:
				fail("Allowed and AllowOrigin disagree")
			case !d.Allowed && d.AllowOrigin+d.AllowCredentials+d.AllowMethods+d.AllowHeaders+d.ExposeHeaders+d.MaxAge+
				d.AllowPrivateNetwork != "":
				fail("a refusal with headers")
			case d.Kind == core.Preflight && d.Allowed && d.Status != 204, d.Kind != core.Preflight && d.Allowed && d.Status != 0:
				fail("the wrong status")
			case i < len(engines)-1 && d.AllowOrigin != "*" && d.AllowOrigin != "" && !e.AllowsOrigin(origin):
				fail("AllowsOrigin does not allow the origin")
			}
			for name, value := range d.Headers() {
				if len(value) > 1100+len(d.AllowOrigin) ||
					strings.ContainsFunc(value, func(c rune) bool { return c < ' ' && c != '\t' || c >= 0x7f }) {
					fail("a bad value of " + name)
				}
			}
		}
	})
}
