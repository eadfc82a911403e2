package random_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

var ctx = context.Background()

var (
	labels  = rapid.SampledFrom([]string{"a", "b", "aa", "ab", "x-1", "app", "xn--bcher-kva", "example", "test", "co"})
	schemes = rapid.SampledFrom([]string{"https", "https", "http", "capacitor"})
	ports   = rapid.SampledFrom([]string{"", "", "", ":8080", ":1", ":65535", ":3000"})
	methods = rapid.SampledFrom([]string{"PUT", "DELETE", "PATCH", "QUERY", "CHICKEN", "chicken", "OPTIONS"})
	names   = rapid.SampledFrom([]string{"x-a", "x-aa", "x-ab", "x-b", "authorization", "content-type", "accept", "range", "etag"})
)

func hosts(t *rapid.T) string {
	return strings.Join(rapid.SliceOfN(labels, 1, 4).Draw(t, "labels"), ".")
}

var origins = rapid.Custom(func(t *rapid.T) string {
	if rapid.IntRange(0, 9).Draw(t, "null") == 0 {
		return "null"
	}
	return schemes.Draw(t, "scheme") + "://" + hosts(t) + ports.Draw(t, "port")
})

var patterns = rapid.Custom(func(t *rapid.T) string {
	scheme := rapid.SampledFrom([]string{"https", "http"}).Draw(t, "scheme")
	port := rapid.SampledFrom([]string{"", "", ":*", ":3000-9000", ":8080"}).Draw(t, "port")
	switch rapid.IntRange(0, 7).Draw(t, "kind") {
	case 0:
		return "*"
	case 1:
		return "null"
	case 2:
		return scheme + "://*." + hosts(t) + port
	case 3:
		return scheme + "://" + labels.Draw(t, "label") + "-*." + hosts(t) + port
	case 4:
		return "regexp:https://[a-b]+[.]" + strings.ReplaceAll(hosts(t), ".", "[.]")
	case 5:
		return "@loopback"
	default:
		return origins.Draw(t, "origin")
	}
})

// policies draws legal policies.
var policies = rapid.Custom(func(t *rapid.T) core.Policy {
	star := func(list []string, label string) []string {
		if rapid.IntRange(0, 4).Draw(t, label) == 0 {
			return append(list, "*")
		}
		return list
	}
	p := core.Policy{
		AllowOrigins:                    rapid.SliceOfN(patterns, 0, 5).Draw(t, "patterns"),
		AllowMethods:                    star(rapid.SliceOfN(methods, 0, 3).Draw(t, "methods"), "all methods"),
		AllowHeaders:                    star(rapid.SliceOfN(names, 0, 4).Draw(t, "headers"), "all headers"),
		ExposeHeaders:                   star(rapid.SliceOfN(names, 0, 3).Draw(t, "exposed"), "all exposed"),
		AllowCredentials:                rapid.Bool().Draw(t, "credentials"),
		RejectDisallowed:                rapid.Bool().Draw(t, "reject"),
		AllowPrivateNetwork:             rapid.Bool().Draw(t, "private"),
		MaxAge:                          time.Duration(rapid.IntRange(-1, 100).Draw(t, "max-age")) * time.Second,
		DangerouslyAllowNullOrigin:      true,
		DangerouslyAllowInsecureOrigins: true,
		DangerouslyAllowPublicSuffixes:  true,
	}
	if p.MaxAge < 0 {
		p.MaxAge = core.NoPreflightCache
	}
	if p.AllowCredentials {
		risky := func(s string) bool { return s == "*" || s == "null" }
		p.AllowOrigins = slices.DeleteFunc(p.AllowOrigins, risky)
		p.ExposeHeaders = slices.DeleteFunc(p.ExposeHeaders, risky)
	}
	return p
})

func engine(t *rapid.T, policies ...core.Policy) *core.Engine {
	e, err := core.New(policies...)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return e
}

// page draws a fetch from an origin that the policies are likely to allow.
func page(t *rapid.T, policies ...core.Policy) browsermodel.Fetch {
	f := browsermodel.Fetch{
		Origin: origins.Draw(t, "page"), URL: "https://api.example/x",
		Method:      rapid.OneOf(methods, rapid.SampledFrom([]string{"GET", "POST", "put", "patch"})).Draw(t, "method"),
		Credentials: rapid.Bool().Draw(t, "with credentials"),
	}
	for _, p := range policies {
		for _, o := range p.AllowOrigins {
			if !strings.ContainsAny(o, "@*[") && rapid.Bool().Draw(t, "listed") {
				f.Origin = o
			}
		}
	}
	for _, name := range rapid.SliceOfNDistinct(names, 0, 4, rapid.ID[string]).Draw(t, "set") {
		value := "1"
		if name == "content-type" {
			value = "application/json"
		}
		f.Header = append(f.Header, browsermodel.Field{Name: name, Value: value})
	}
	return f
}

// verdict returns the browser's verdict on the answers of an engine, in memory.
func verdict(e *core.Engine, f browsermodel.Fetch) browsermodel.Verdict {
	browser := browsermodel.Browser{Transport: func(_ context.Context, r browsermodel.Request) (browsermodel.Response, error) {
		d := e.Decide(ctx, facts(r))
		answer := browsermodel.Response{Status: max(d.Status, 200)}
		for name, value := range d.Headers() {
			answer.Header = append(answer.Header, browsermodel.Field{Name: name, Value: value})
		}
		for _, name := range []string{"x-a", "x-b", "etag"} {
			answer.Header = append(answer.Header, browsermodel.Field{Name: name, Value: "v"})
		}
		return answer, nil
	}}
	return browser.Fetch(ctx, f)
}

func facts(r browsermodel.Request) core.Request {
	return core.Request{
		Method: r.Method, Host: "api.example", Path: "/x", Origin: r.Header.Values("Origin"),
		AccessControlRequestMethod:  r.Header.Values("Access-Control-Request-Method"),
		AccessControlRequestHeaders: r.Header.Values("Access-Control-Request-Headers"),
	}
}

// same reports whether scripts see the same response in two verdicts.
func same(a, b browsermodel.Verdict) bool {
	return a.Allowed == b.Allowed && a.AtPreflight == b.AtPreflight && slices.Equal(ofApplication(a.Header), ofApplication(b.Header))
}

// ofApplication returns the names of the headers that verdict adds to every answer.
func ofApplication(header browsermodel.Fields) (names []string) {
	for _, line := range header {
		if line.Value == "v" {
			names = append(names, line.Name)
		}
	}
	return names
}

// TestOrderAndRepetition: the lists of a policy are sets.
func TestOrderAndRepetition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := policies.Draw(t, "policy")
		q := p
		for _, list := range []*[]string{&q.AllowOrigins, &q.AllowMethods, &q.AllowHeaders, &q.ExposeHeaders} {
			if len(*list) > 0 {
				*list = rapid.Permutation(append(slices.Clone(*list), (*list)[0])).Draw(t, "shuffled")
			}
		}
		f := page(t, p)
		if a, b := verdict(engine(t, p), f), verdict(engine(t, q), f); !same(a, b) {
			t.Fatalf("%+v\n%+v\n%+v", f, a, b)
		}
	})
}

// TestMore: a policy that lists more never allows less.
func TestMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := policies.Draw(t, "policy")
		q := p
		q.AllowOrigins = append(slices.Clone(p.AllowOrigins), "https://more.example", "https://*.more.example")
		q.AllowMethods = append(slices.Clone(p.AllowMethods), methods.Draw(t, "one more method"))
		q.AllowHeaders = append(slices.Clone(p.AllowHeaders), names.Draw(t, "one more name"))
		f := page(t, p)
		before, after := verdict(engine(t, p), f), verdict(engine(t, q), f)
		if before.Allowed && !after.Allowed {
			t.Fatalf("%+v\n%+v\n%+v", f, before, after)
		}
	})
}

// TestFirstGoverns: two policies answer like the first if it allows the origin,
// and like the second otherwise.
func TestFirstGoverns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q := policies.Draw(t, "first"), policies.Draw(t, "second")
		p.RejectDisallowed, q.RejectDisallowed = false, false
		f := page(t, p, q)
		alone := engine(t, q)
		if first := engine(t, p); first.AllowsOrigin(f.Origin) {
			alone = first
		}
		both := engine(t, p, q)
		if a, b := verdict(both, f), verdict(alone, f); !same(a, b) {
			t.Fatalf("%+v\n%+v\n%+v", f, a, b)
		}
		if both.AllowsOrigin(f.Origin) != alone.AllowsOrigin(f.Origin) {
			t.Fatalf("AllowsOrigin(%q)", f.Origin)
		}
	})
}

// TestReload: a reloaded engine answers like a new one, and an error changes
// nothing.
func TestReload(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, q := policies.Draw(t, "before"), policies.Draw(t, "after")
		e := engine(t, p)
		f := page(t, p, q)
		bad := q
		bad.AllowOrigins = append(slices.Clone(q.AllowOrigins), "https://a.example/")
		if err := e.Reload(bad); err == nil {
			t.Fatal("Reload accepted an invalid policy")
		}
		if a, b := verdict(e, f), verdict(engine(t, p), f); !same(a, b) {
			t.Fatalf("after an error: %+v\n%+v\n%+v", f, a, b)
		}
		if err := e.Reload(q); err != nil {
			t.Fatal(err)
		}
		if a, b := verdict(e, f), verdict(engine(t, q), f); !same(a, b) {
			t.Fatalf("%+v\n%+v\n%+v", f, a, b)
		}
	})
}

// TestExplain: the model behaves as an explanation says that browsers do.
func TestExplain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := policies.Draw(t, "policy")
		e := engine(t, p)
		f := page(t, p)
		for _, x := range verdict(e, f).Exchanges {
			r := facts(x.Request)
			explained := e.Explain(ctx, r)
			if explained.Decision != e.Decide(ctx, r) {
				t.Fatalf("%+v\nExplain: %+v\nDecide: %+v", r, explained.Decision, e.Decide(ctx, r))
			}
			says := explained.Browser.Allowed
			if f.Credentials {
				says = explained.Browser.AllowedWithCredentials
			}
			does := browsermodel.CheckCORS(f, x.Response).OK
			if x.Preflight {
				_, finding := browsermodel.CheckPreflight(browsermodel.Spec(), f, x.Response)
				does = finding.OK
			}
			if says != does {
				t.Fatalf("%+v\nExplain says %v, the browser %v\n%v\n%v", f, says, does, explained, x)
			}
		}
	})
}
