package core_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

func TestPolicyErrors(t *testing.T) {
	origins := func(o ...string) core.Policy { return core.Policy{AllowOrigins: o} }
	creds := func(o ...string) core.Policy { return core.Policy{AllowOrigins: o, AllowCredentials: true} }
	tests := []struct {
		name   string
		policy core.Policy
		field  string
		index  int
		value  string
		reason reason.Reason
		fix    string // part of the suggestion
	}{
		{"trailing slash", origins("https://a.example", "https://b.example/"), "AllowOrigins", 1, "https://b.example/",
			reason.TrailingSlash, `"https://b.example"`},
		{"scheme", origins("a.example"), "AllowOrigins", 0, "a.example", reason.MissingScheme, `"https://a.example"`},
		{"empty", origins(""), "AllowOrigins", 0, "", reason.Empty, "remove"},
		{"white space", origins(" https://a.example"), "AllowOrigins", 0, " https://a.example", reason.WhiteSpace,
			`"https://a.example"`},
		{"upper case", origins("https://A.example"), "AllowOrigins", 0, "https://A.example", reason.UpperCase, `"https://a.example"`},
		{"unicode", origins("https://bücher.example"), "AllowOrigins", 0, "https://bücher.example", reason.NonASCII, "xn--bcher-kva"},
		{"default port", origins("https://a.example:443"), "AllowOrigins", 0, "https://a.example:443", reason.DefaultPort,
			`"https://a.example"`},
		{"list", origins("https://a.example,https://b.example"), "AllowOrigins", 0, "https://a.example,https://b.example",
			reason.List, "one list entry"},
		{"regexp", origins("regexp:("), "AllowOrigins", 0, "regexp:(", reason.Regexp, "re2syntax"},
		{"any with credentials", creds("https://a.example", "*"), "AllowOrigins", 1, "*", reason.AnyCredentials, "AllowCredentials"},
		{"null", origins("null"), "AllowOrigins", 0, "null", reason.NullOrigin, "DangerouslyAllowNullOrigin"},
		{"null with credentials", core.Policy{AllowOrigins: []string{"null"}, AllowCredentials: true, DangerouslyAllowNullOrigin: true},
			"AllowOrigins", 0, "null", reason.NullOrigin, "remove it"},
		{"http with credentials", creds("http://a.example"), "AllowOrigins", 0, "http://a.example", reason.InsecureOrigin,
			"DangerouslyAllowInsecureOrigins"},
		{"http in upper case, with credentials", creds("http://A.example"), "AllowOrigins", 0, "http://A.example", reason.UpperCase,
			`"https://a.example"?; for http:// set DangerouslyAllowInsecureOrigins if that is intended`},
		{"http with a port that https has", creds("http://A.example:443"), "AllowOrigins", 0, "http://A.example:443", reason.UpperCase,
			`or write "http://a.example:443" and set DangerouslyAllowInsecureOrigins`},
		{"http wildcard with credentials", creds("http://*.a.example"), "AllowOrigins", 0, "http://*.a.example",
			reason.InsecureOrigin, "https://"},
		{"public suffix", creds("https://*.com"), "AllowOrigins", 0, "https://*.com", reason.PublicSuffix,
			"DangerouslyAllowPublicSuffixes"},
		{"private suffix", creds("https://*.github.io"), "AllowOrigins", 0, "https://*.github.io", reason.PublicSuffix,
			"DangerouslyAllowPublicSuffixes"},
		{"in a label under a suffix", creds("https://*-team.vercel.app"), "AllowOrigins", 0, "https://*-team.vercel.app",
			reason.PublicSuffix, `list the origins one by one, as in "https://app-team.vercel.app", or give them`},
		{"broad regexp with credentials", creds("regexp:https://.*"), "AllowOrigins", 0, "regexp:https://.*", reason.PublicSuffix,
			"your own domain"},
		{"forbidden method", core.Policy{AllowMethods: []string{"PUT", "trace"}}, "AllowMethods", 1, "trace", reason.ForbiddenMethod,
			"remove"},
		{"CONNECT", core.Policy{AllowMethods: []string{"CONNECT"}}, "AllowMethods", 0, "CONNECT", reason.ForbiddenMethod, "remove"},
		{"TRACK", core.Policy{AllowMethods: []string{"Track"}}, "AllowMethods", 0, "Track", reason.ForbiddenMethod, "remove"},
		{"patch", core.Policy{AllowMethods: []string{"patch"}}, "AllowMethods", 0, "patch", reason.MethodCase, `"PATCH"`},
		{"methods in one", core.Policy{AllowMethods: []string{"GET, PUT"}}, "AllowMethods", 0, "GET, PUT", reason.List,
			`one list entry for each (GET, HEAD and POST need none): "PUT"`},
		{"methods without effect in one", core.Policy{AllowMethods: []string{"GET, POST"}}, "AllowMethods", 0, "GET, POST", reason.List,
			"remove it: browsers send GET, HEAD and POST without asking"},
		{"header in the place of a method", core.Policy{AllowHeaders: []string{"GET, PUT"}}, "AllowHeaders", 0, "GET, PUT", reason.List,
			`for each: "GET", "PUT"`},
		{"a YAML list of methods", core.Policy{AllowMethods: []string{"- PUT\n- patch"}}, "AllowMethods", 0, "- PUT\n- patch",
			reason.List, `for each: "PUT", "PATCH"`},
		{"methods in one, and a blank", core.Policy{AllowMethods: []string{" GET, PUT"}}, "AllowMethods", 0, " GET, PUT", reason.List,
			"one list entry"},
		{"empty method", core.Policy{AllowMethods: []string{""}}, "AllowMethods", 0, "", reason.Empty, "remove"},
		{"not a token", core.Policy{AllowMethods: []string{"P{T"}}, "AllowMethods", 0, "P{T", reason.Syntax, "remove"},
		{"quoted method", core.Policy{AllowMethods: []string{"'PUT'"}}, "AllowMethods", 0, "'PUT'", reason.Syntax,
			`did you mean "PUT"?`},
		{"quoted header", core.Policy{AllowHeaders: []string{`"X-A"`}}, "AllowHeaders", 0, `"X-A"`, reason.Syntax,
			`did you mean "X-A"?`},
		{"header and value", core.Policy{AllowHeaders: []string{"X-A: 1"}}, "AllowHeaders", 0, "X-A: 1", reason.Syntax, `mean "X-A"?`},
		{"variable", core.Policy{AllowHeaders: []string{"$HEADERS"}}, "AllowHeaders", 0, "$HEADERS", reason.Syntax, "variable is set"},
		{"template", core.Policy{AllowHeaders: []string{"{{ .x }}"}}, "AllowHeaders", 0, "{{ .x }}", reason.Syntax, "render it"},
		{"long method", core.Policy{AllowMethods: []string{strings.Repeat("A", 300)}}, "AllowMethods", 0, strings.Repeat("A", 300),
			reason.TooLong, "remove"},
		{"blank header", core.Policy{AllowHeaders: []string{" x-a"}}, "AllowHeaders", 0, " x-a", reason.WhiteSpace, `"x-a"`},
		{"set-cookie", core.Policy{ExposeHeaders: []string{"Set-Cookie"}}, "ExposeHeaders", 0, "Set-Cookie", reason.ForbiddenHeader,
			"remove"},
		{"expose all with credentials", core.Policy{ExposeHeaders: []string{"*"}, AllowCredentials: true}, "ExposeHeaders", 0, "*",
			reason.AnyCredentials, "names"},
		{"negative age", core.Policy{MaxAge: -time.Minute}, "MaxAge", -1, "-1m0s", reason.MaxAge, "NoPreflightCache"},
		{"fraction", core.Policy{MaxAge: 1500 * time.Millisecond}, "MaxAge", -1, "1.5s", reason.MaxAge, "2s"},
		{"nanoseconds", core.Policy{MaxAge: 600}, "MaxAge", -1, "600ns", reason.MaxAge, "10m0s"},
		{"the longest", core.Policy{MaxAge: math.MaxInt64}, "MaxAge", -1, time.Duration(math.MaxInt64).String(), reason.MaxAge, "2h"},
		{"unescaped dots", creds("regexp:https://app.a.example.com"), "AllowOrigins", 0, "regexp:https://app.a.example.com",
			reason.PublicSuffix, `did you mean "https://app.a.example.com"?`},
		{"unbounded prefix", creds(`regexp:https://.*example\.com`), "AllowOrigins", 0, `regexp:https://.*example\.com`,
			reason.PublicSuffix, "your own domain"},
		{"everybody's pages", creds(`regexp:https://[a-z]+\.github\.io`), "AllowOrigins", 0, `regexp:https://[a-z]+\.github\.io`,
			reason.PublicSuffix, "below github.io one by one"},
		{"country suffix", creds("https://*.np"), "AllowOrigins", 0, "https://*.np", reason.PublicSuffix,
			"DangerouslyAllowPublicSuffixes"},
		{"two days", core.Policy{MaxAge: 48 * time.Hour}, "MaxAge", -1, "48h0m0s", reason.MaxAge, "2h"},
	}
	engine := core.MustNew(two())
	before := engine.Decide(ctx, get("https://a.example"))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.policy.Name = "p"
			_, err := core.New(tt.policy)
			all := slices.Collect(core.PolicyErrors(err))
			if len(all) != 1 {
				t.Fatalf("%d errors, want 1: %v", len(all), err)
			}
			e := all[0]
			if e.Policy != "p" || e.Field != tt.field || e.Index != tt.index || e.Value != tt.value || e.Reason != tt.reason ||
				e.Detail == "" || !strings.Contains(e.Suggestion, tt.fix) {
				t.Errorf("got %+v", *e)
			}
			if len(e.Error()) > 500 {
				t.Errorf("an error of %d bytes", len(e.Error()))
			}
			var pe *core.PolicyError
			if !errors.As(err, &pe) || pe != e {
				t.Error("errors.As does not find the PolicyError")
			}
			if engine.Reload(tt.policy) == nil || engine.Decide(ctx, get("https://a.example")) != before {
				t.Error("a failed reload changes the policy")
			}
			if _, err := core.NewRouted(core.Route{Path: "/x", Policies: []core.Policy{tt.policy}}); err == nil {
				t.Error("NewRouted accepts what New refuses")
			}
		})
	}
}

func TestAllFaultsAtOnce(t *testing.T) {
	_, err := core.New(
		core.Policy{Name: "p", AllowOrigins: []string{"a.example", "https://ok.example", "https://b.example/"},
			AllowMethods: []string{"TRACE"}, MaxAge: -5},
		core.Policy{AllowHeaders: []string{"x y"}},
	)
	var got []string
	for e := range core.PolicyErrors(fmt.Errorf("wrapped: %w", err)) {
		got = append(got, fmt.Sprintf("%s.%s[%d]", e.Policy, e.Field, e.Index))
	}
	want := []string{"p.AllowOrigins[0]", "p.AllowOrigins[2]", "p.AllowMethods[0]", "p.MaxAge[-1]", "default.AllowHeaders[0]"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for range core.PolicyErrors(err) {
		break
	}
	if n := len(slices.Collect(core.PolicyErrors(errors.New("other")))); n != 0 {
		t.Errorf("%d policy errors in another error", n)
	}
}

func TestPolicyErrorsAmongOthers(t *testing.T) {
	a, b, c := &core.PolicyError{Field: "a"}, &core.PolicyError{Field: "b"}, &core.PolicyError{Field: "c"}
	err := errors.Join(errors.New("other"), errors.Join(a, errors.New("other"), fmt.Errorf("wrapped: %w", b)), c)
	if got := slices.Collect(core.PolicyErrors(err)); !slices.Equal(got, []*core.PolicyError{a, b, c}) {
		t.Errorf("%v", got)
	}
	for last, want := range map[*core.PolicyError]int{a: 1, b: 2, c: 3} {
		n := 0
		for e := range core.PolicyErrors(err) {
			if n++; e == last {
				break
			}
		}
		if n != want {
			t.Errorf("%d errors up to %s, want %d", n, last.Field, want)
		}
	}
}

func TestNoPolicy(t *testing.T) {
	for name, build := range map[string]func() error{
		"New()":          func() error { _, err := core.New(); return err },
		"NewRouted()":    func() error { _, err := core.NewRouted(); return err },
		"empty route":    func() error { _, err := core.NewRouted(core.Route{Path: "/x"}); return err },
		"Reload()":       func() error { return core.MustNew(two()).Reload() },
		"ReloadRouted()": func() error { return core.MustNew(two()).ReloadRouted() },
	} {
		all := slices.Collect(core.PolicyErrors(build()))
		if len(all) != 1 || all[0].Reason != reason.NoPolicy || all[0].Suggestion == "" {
			t.Errorf("%s: %v", name, all)
		}
	}
}

func TestRouteErrors(t *testing.T) {
	for _, tt := range []struct {
		route  core.Route
		reason reason.Reason
		fix    string
	}{
		{core.Route{Host: "a.example:80"}, reason.Port, `"a.example"`},
		{core.Route{Host: "https://a.example"}, reason.Host, "only the host"},
		{core.Route{Host: "*.a.example"}, reason.Wildcard, "omit the host"},
		{core.Route{Host: "A.example"}, reason.UpperCase, `"a.example"`},
		{core.Route{Host: "a b"}, reason.Host, ""},
		{core.Route{Path: "api/"}, reason.Path, `"/api/"`},
		{core.Route{Path: "*"}, reason.Wildcard, "omit the path"},
		{core.Route{Path: " /api"}, reason.WhiteSpace, "remove"},
		{core.Route{Path: "https://a.example/x"}, reason.Path, "Host"},
		{core.Route{Path: "/caf%C3%A9/"}, reason.Path, `"/café/"`},
		{core.Route{Path: "/a%zz"}, reason.Path, "write it decoded"},
		{core.Route{Path: "/a%3Fb"}, reason.Path, "write it decoded"},
		{core.Route{Path: "/a%2F%2Fb"}, reason.Path, "write it decoded"},
		{core.Route{Path: "/users/:id"}, reason.Wildcard, "slash"},
		{core.Route{Host: "a.example:443"}, reason.Port, `"a.example"`},
		{core.Route{Host: "a.example."}, reason.Host, `"a.example"`},
		{core.Route{Host: "127.0.0.1."}, reason.Host, `"127.0.0.1"`},
		{core.Route{Host: "127.1"}, reason.Host, `"127.0.0.1"`},
		{core.Route{Path: "/api/*"}, reason.Wildcard, "slash"},
		{core.Route{Path: "/users/{id}"}, reason.Wildcard, "slash"},
		{core.Route{Path: "/a?b"}, reason.Path, "remove"},
		{core.Route{Path: "/a/../b"}, reason.Path, "clean"},
		{core.Route{Path: "//a"}, reason.Path, "clean"},
		{core.Route{Path: "/" + strings.Repeat("a", 1024)}, reason.TooLong, "shorten"},
		{core.Route{Path: "/%" + strings.Repeat("25", 1024)}, reason.TooLong, "shorten"}, // without decoding it 1024 times
		{core.Route{Path: "%{x"}, reason.Path, "as the router sees it"},
		{core.Route{Path: "/::1%2f0x127.1"}, reason.Path, "write it decoded"},
		{core.Route{Host: ".\u00e9https"}, reason.Host, "as browsers send it"},
		{core.Route{Host: "A b"}, reason.UpperCase, "as browsers send it"},
	} {
		tt.route.Policies = []core.Policy{two()}
		_, err := core.NewRouted(core.Route{Path: "/ok", Policies: tt.route.Policies}, tt.route)
		all := slices.Collect(core.PolicyErrors(err))
		if len(all) != 1 || all[0].Field != "Routes" || all[0].Index != 1 || all[0].Reason != tt.reason ||
			!strings.Contains(all[0].Suggestion, tt.fix) {
			t.Errorf("%.40q %.40q: %v", tt.route.Host, tt.route.Path, err)
			continue
		}
		quoted, ok := strings.CutPrefix(all[0].Suggestion, "did you mean ")
		if !ok {
			continue
		}
		fixed, err := strconv.Unquote(strings.TrimSuffix(quoted, "?"))
		if err != nil {
			t.Errorf("%.40q %.40q: %s", tt.route.Host, tt.route.Path, all[0].Suggestion)
		}
		if tt.route.Host != "" {
			tt.route.Host = fixed
		} else {
			tt.route.Path = fixed
		}
		if _, err := core.NewRouted(tt.route); err != nil {
			t.Errorf("the suggestion is wrong too: %v", err)
		}
	}
	for _, ok := range []core.Route{{Host: "a.example"}, {Host: "127.0.0.1"}, {Host: "[::1]"}, {Host: "localhost"},
		{Path: "/a.b/..c/"}, {Path: "/" + strings.Repeat("a", 1023)}} {
		ok.Policies = []core.Policy{two()}
		if _, err := core.NewRouted(ok); err != nil {
			t.Error(err)
		}
	}
}

func TestMustNewPanics(t *testing.T) {
	defer func() {
		if err, ok := recover().(error); !ok || len(slices.Collect(core.PolicyErrors(err))) != 1 {
			t.Errorf("recovered %v", err)
		}
	}()
	core.MustNew(core.Policy{AllowOrigins: []string{"x"}})
}

// Each Dangerously flag permits what its documentation says.
func TestDangerousFlags(t *testing.T) {
	for _, p := range []core.Policy{
		{AllowOrigins: []string{"null"}, DangerouslyAllowNullOrigin: true},
		{AllowOrigins: []string{"http://a.example", "http://*.a.example"}, AllowCredentials: true, DangerouslyAllowInsecureOrigins: true},
		{AllowOrigins: []string{"https://*.com", "https://*-x.github.io", "regexp:https://.*"}, AllowCredentials: true,
			DangerouslyAllowPublicSuffixes: true},
		{AllowOrigins: []string{"@loopback", "http://127.0.0.2:81", "http://*.localhost:*"}, AllowCredentials: true},
		{AllowOrigins: []string{"https://*.com", "http://a.example", "regexp:.*"}},
		{AllowOrigins: []string{`regexp:https://[a-z0-9-]+\.a\.example\.com`, `regexp:https://(.*\.)?example\.com`,
			`regexp:https://(a\.com|b\.net)`, `regexp:https://pr-[0-9]+\.example\.org:[0-9]+`}, AllowCredentials: true},
	} {
		if _, err := core.New(p); err != nil {
			t.Error(err)
		}
	}
}

func TestWarnings(t *testing.T) {
	twice := func(entry string) []core.Policy { return []core.Policy{{AllowOrigins: []string{entry, entry}}} }
	tests := []struct {
		name     string
		policies []core.Policy
		want     []string // code, field and index
	}{
		{"clean", []core.Policy{two()}, nil},
		{"zero", []core.Policy{{}}, []string{"no-origins AllowOrigins[-1]"}},
		{"http", []core.Policy{{AllowOrigins: []string{"http://a.example", "http://localhost:3000", "https://b.example"}}},
			[]string{"insecure-origin AllowOrigins[0]"}},
		{"suffix", []core.Policy{{AllowOrigins: []string{"https://*.com", "https://*.a.example"}}},
			[]string{"public-suffix AllowOrigins[0]"}},
		{"unmanaged", []core.Policy{{AllowOrigins: []string{"https://*.internal", "https://*.localhost"}, AllowCredentials: true}},
			[]string{"unmanaged-suffix AllowOrigins[0]"}},
		{"regexp", []core.Policy{{AllowOrigins: []string{"regexp:https://[a-z]+\\.com"}}}, []string{"broad-regexp AllowOrigins[0]"}},
		{"duplicate", []core.Policy{{AllowOrigins: []string{"https://a.example", "https://a.example"}}},
			[]string{"unreachable-pattern AllowOrigins[1]"}},
		{"covered", []core.Policy{{AllowOrigins: []string{"https://x.a.example", "https://*.a.example", "https://*.b.a.example",
			"https://pr-*.a.example"}}},
			[]string{"unreachable-pattern AllowOrigins[0]", "unreachable-pattern AllowOrigins[2]", "unreachable-pattern AllowOrigins[3]"}},
		{"covered by an earlier policy", []core.Policy{{AllowOrigins: []string{"https://*.a.example"}},
			{AllowOrigins: []string{"https://x.a.example", "https://a.example"}}}, []string{"unreachable-pattern AllowOrigins[0]"}},
		{"not covered by a later one", []core.Policy{{AllowOrigins: []string{"https://x.a.example"}},
			{AllowOrigins: []string{"https://*.a.example"}}}, nil},
		{"after any", []core.Policy{{AllowOrigins: []string{"*"}}, {AllowOrigins: []string{"https://a.example"}}},
			[]string{"unreachable-policy AllowOrigins[-1]"}},
		{"together with any", []core.Policy{{AllowOrigins: []string{"https://a.example", "*"}}},
			[]string{"covered-by-wildcard AllowOrigins[0]"}},
		{"max age", []core.Policy{{AllowOrigins: []string{"https://a.example"}, MaxAge: 3 * time.Hour}}, []string{"max-age MaxAge[-1]"}},
		{"safelisted", []core.Policy{{AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"GET", "PUT"},
			ExposeHeaders: []string{"Content-Type"}}}, []string{"safelisted AllowMethods[0]", "safelisted ExposeHeaders[0]"}},
		{"twice", []core.Policy{{AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"PUT", "put"},
			AllowHeaders: []string{"x-a", "X-A"}}}, []string{"duplicate AllowMethods[1]", "duplicate AllowHeaders[1]"}},
		{"together with wildcards", []core.Policy{{AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"*", "PUT"},
			AllowHeaders: []string{"*", "x-a", "authorization"}, ExposeHeaders: []string{"*", "x-b"}}},
			[]string{"covered-by-wildcard AllowMethods[1]", "covered-by-wildcard AllowHeaders[1]", "covered-by-wildcard ExposeHeaders[1]"}},
		{"misspelled", []core.Policy{{AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"PUT", "DELTE", "OPTION"},
			AllowHeaders: []string{"Autorization", "x-api-key"}, ExposeHeaders: []string{"Etags"}}},
			[]string{"misspelled AllowMethods[1]", "misspelled AllowMethods[2]", "misspelled AllowHeaders[0]",
				"misspelled ExposeHeaders[0]"}},
		{"placeholders", []core.Policy{{AllowOrigins: []string{"https://your-domain.com", "http://your_app", "https://a.example"}}},
			[]string{"placeholder AllowOrigins[0]", "placeholder AllowOrigins[1]"}},
		{"response header", []core.Policy{{AllowOrigins: []string{"https://a.example"},
			AllowHeaders: []string{"Access-Control-Allow-Origin"}}}, []string{"response-header AllowHeaders[0]"}},
		{"private network", []core.Policy{{AllowOrigins: []string{"*"}, AllowPrivateNetwork: true}},
			[]string{"private-network AllowPrivateNetwork[-1]"}},
		{"wildcard twice", []core.Policy{{AllowOrigins: []string{"https://*.a.example", "https://*.a.example"}}},
			[]string{"unreachable-pattern AllowOrigins[1]"}},
		{"a range covers less than any port", []core.Policy{{AllowOrigins: []string{"http://localhost:*",
			"http://localhost:40000-50000"}}}, []string{"unreachable-pattern AllowOrigins[1]"}},
		{"any port covers an earlier range", []core.Policy{{AllowOrigins: []string{"http://localhost:40000-50000",
			"http://localhost:*"}}}, []string{"unreachable-pattern AllowOrigins[0]"}},
		{"any port is more than an earlier policy's range", []core.Policy{{AllowOrigins: []string{"http://localhost:40000-50000"}},
			{AllowOrigins: []string{"http://localhost:*"}}}, nil},
		{"WebSocket scheme", []core.Policy{{AllowOrigins: []string{"wss://a.example", "htps://a.example"}}},
			[]string{"unused AllowOrigins[0]", "unused AllowOrigins[1]"}},
		{"function together with any", []core.Policy{{AllowOrigins: []string{"*"},
			AllowOriginFunc: func(context.Context, core.Request) bool { return true }}}, []string{"unused AllowOriginFunc[-1]"}},
		{"nothing to reject", []core.Policy{{AllowOrigins: []string{"*"}, RejectDisallowed: true}},
			[]string{"unused RejectDisallowed[-1]"}},
		{"origins of other schemes twice", []core.Policy{{AllowOrigins: []string{"http://localhost:3000", "app://a",
			"http://localhost:3000", "app://a"}}},
			[]string{"unreachable-pattern AllowOrigins[2]", "unreachable-pattern AllowOrigins[3]"}},
		{"a range of ports twice", twice("http://localhost:3000-3999"), []string{"unreachable-pattern AllowOrigins[1]"}},
		{"loopback twice", twice("@loopback"), []string{"unreachable-pattern AllowOrigins[1]"}},
		{"an expression twice", twice(`regexp:https://[a-z]+\.a\.example`), []string{"unreachable-pattern AllowOrigins[1]"}},
		{"two expressions for the same origins", []core.Policy{{AllowOrigins: []string{
			`regexp:https://[a-z]+\.a\.example`, `regexp:https://[a-z][a-z]*[.]a[.]example`}}},
			[]string{"unreachable-pattern AllowOrigins[1]"}},
		{"an expression that an earlier one covers", []core.Policy{{AllowOrigins: []string{`regexp:https://[a-z]+\.a\.example`}},
			{AllowOrigins: []string{`regexp:https://app[a-z]\.a\.example`, `regexp:https://app[0-9]\.a\.example`}}},
			[]string{"unreachable-pattern AllowOrigins[0]"}},
		{"an expression that a wildcard covers", []core.Policy{{AllowOrigins: []string{
			`regexp:https://[a-z]+\.a\.example`, "https://*.a.example"}}}, []string{"unreachable-pattern AllowOrigins[0]"}},
		{"a wildcard that an expression covers", []core.Policy{{AllowOrigins: []string{
			"https://*.a.example", `regexp:https?://.*\.a\.example`}}}, []string{"unreachable-pattern AllowOrigins[0]"}},
		{"http origins that an expression with credentials does not match", []core.Policy{
			{AllowOrigins: []string{`regexp:https?://.*\.a\.example`}, AllowCredentials: true},
			{AllowOrigins: []string{"http://*.a.example"}}},
			[]string{"insecure-origin AllowOrigins[0]"}},
		{"ports that two patterns cover between them",
			[]core.Policy{{AllowOrigins: []string{"http://localhost:1-5", "http://localhost:6-20", "http://localhost:3-10"}}}, nil},

		{"an expression for http, credentials",
			[]core.Policy{{AllowOrigins: []string{`regexp:http://a\.example`}, AllowCredentials: true}},
			[]string{"unused AllowOrigins[0]"}},
		{"an expression for http", []core.Policy{{AllowOrigins: []string{`regexp:http://a\.example`}}}, nil},
		{"an expression for http, permitted",
			[]core.Policy{{AllowOrigins: []string{`regexp:http://a\.example`}, AllowCredentials: true,
				DangerouslyAllowInsecureOrigins: true}}, nil},
		{"expressions for https and loopback, credentials", []core.Policy{{AllowOrigins: []string{
			`regexp:https://a\.example`, `regexp:http://localhost:[0-9]+`, `regexp:http://127\.0\.0\.1`, `regexp:http://\[::1\]`},
			AllowCredentials: true}}, nil},
	}
	for _, tt := range tests {
		e, err := core.New(tt.policies...)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var got []string
		for _, w := range e.Warnings() {
			got = append(got, fmt.Sprintf("%s %s[%d]", w.Reason, w.Field, w.Index))
			if w.Detail == "" || w.Suggestion == "" || !strings.Contains(w.String(), w.Detail) {
				t.Errorf("%s: a warning without detail or suggestion: %v", tt.name, w)
			}
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestWarningsAreBounded(t *testing.T) {
	e := core.MustNew(core.Policy{AllowOrigins: slices.Repeat([]string{"https://a.example"}, 1000)})
	ws := e.Warnings()
	if len(ws) != 100 || !strings.Contains(ws[99].Detail, "899 more") {
		t.Errorf("%d warnings, the last %v", len(ws), ws[len(ws)-1])
	}
	if i := slices.IndexFunc(ws, func(w core.Warning) bool { return strings.Contains(w.Detail, "more") }); i != 99 {
		t.Errorf("warning %d says how many more there are, want only the last one to: %v", i, ws[i])
	}
	// 100 of 101 equal entries are repetitions, so no warning is dropped.
	ws = core.MustNew(core.Policy{AllowOrigins: slices.Repeat([]string{"https://a.example"}, 101)}).Warnings()
	if len(ws) != 100 || strings.Contains(ws[99].Detail, "more") {
		t.Errorf("%d warnings of 100, the last %v", len(ws), ws[len(ws)-1])
	}
}

// TestCoveredEntriesAreBounded checks that the search for covered entries gives up, with
// a warning, if there are too many entries and patterns.
func TestCoveredEntriesAreBounded(t *testing.T) {
	const covered = "https://x.a.example"
	for _, tt := range []struct {
		name        string
		expressions int // that match nothing here
		before      int // entries before the one that is covered
		want        reason.Reason
	}{
		{"few patterns, many entries", 1, 10_000, reason.UnreachablePattern},
		{"many patterns, few entries", 1000, 1100, reason.UnreachablePattern},
		{"many patterns, many entries", 1000, 10_000, reason.Undecided},
	} {
		if testing.Short() && tt.expressions > 1 {
			continue // comparing a thousand patterns takes seconds
		}
		entries := []string{"https://*.a.example"}
		for i := range tt.expressions {
			entries = append(entries, fmt.Sprintf(`regexp:https://r%d\.example`, i))
		}
		for i := len(entries); i < tt.before; i++ {
			entries = append(entries, fmt.Sprintf("https://b%d.example", i))
		}
		warnings := core.MustNew(core.Policy{AllowOrigins: append(entries, covered)}).Warnings()
		if len(warnings) != 1 || warnings[0].Reason != tt.want ||
			tt.want == reason.UnreachablePattern && warnings[0].Index != tt.before {
			t.Errorf("%s: %v, want %s", tt.name, warnings, tt.want)
		}
	}
}

// TestBothFaults checks that a fault names what is wrong with the entry that it suggests, too.
func TestBothFaults(t *testing.T) {
	_, err := core.New(core.Policy{AllowOrigins: []string{"http://A.example"}, AllowCredentials: true})
	if want := "upper case in the host; also: http:// origin with credentials"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestComplexEntries checks the warning about patterns that are too complex to compare.
func TestComplexEntries(t *testing.T) {
	var entries []string
	for i, letter := range []string{"a", "b", "c", "d"} {
		entries = append(entries, fmt.Sprintf(`regexp:https://[a-d]*%s[a-d]{%d}%s[a-d]*\.e\.example`, letter, 9+i, letter))
	}
	warnings := core.MustNew(core.Policy{AllowOrigins: entries}).Warnings()
	if len(warnings) != 1 || warnings[0].Reason != reason.Undecided || warnings[0].Index < 1 {
		t.Errorf("%v, want a warning with the reason %s", warnings, reason.Undecided)
	}
}

// TestCoveredByExpression checks whether an expression of an earlier policy covers one that
// matches insecure origins too. With credentials, an expression matches none of these.
func TestCoveredByExpression(t *testing.T) {
	const earlier = `regexp:https?://[a-d]+\.a\.example`
	const later = `regexp:(https://a|http://aaaa)\.a\.example` // the shorter member is secure
	for _, tt := range []struct {
		name   string
		policy core.Policy
		want   bool
	}{
		{"without credentials", core.Policy{}, true},
		{"with credentials", core.Policy{AllowCredentials: true}, false},
		{"with credentials for insecure origins", core.Policy{AllowCredentials: true, DangerouslyAllowInsecureOrigins: true}, true},
		{"with the flag only", core.Policy{DangerouslyAllowInsecureOrigins: true}, true},
	} {
		tt.policy.Name, tt.policy.AllowOrigins = "earlier", []string{earlier}
		e := core.MustNew(tt.policy, core.Policy{Name: "later", AllowOrigins: []string{later}})
		got := slices.ContainsFunc(e.Warnings(), func(w core.Warning) bool {
			return w.Policy == "later" && w.Reason == reason.UnreachablePattern
		})
		if got != tt.want {
			t.Errorf("%s: %v, want covered: %v", tt.name, e.Warnings(), tt.want)
		}
	}
}

// TestNames checks what is said about entries that are almost names of headers.
func TestNames(t *testing.T) {
	pair := func(n int) string { return strings.Repeat("x", n-4) + ", yz" }
	for entry, want := range map[string]string{
		"%": "", "%a": "", "a%": "", "''": "",
		"%A%": "a variable that was not expanded", "%%": "a variable that was not expanded", "$A": "a variable that was not expanded",
		"'a'": "quotes, brackets or commas around the name", "`a`": "quotes, brackets or commas around the name",
		"x-a:": `a colon after the name; did you mean "x-a"?`, "x-a: 1 2": `the value of a header after its name; did you mean "x-a"?`,
		"x a: 1": "several values in one entry", "x a:": "several values in one entry", ": 1 2": "several values in one entry",
		pair(119): `several values in one entry; write one list entry for each: "` + strings.Repeat("x", 115) + `", "yz"`,
		pair(120): "several values in one entry; write one list entry for each",
	} {
		_, err := core.New(one(func(p *core.Policy) { p.AllowHeaders = []string{entry} }))
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: %v", entry, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v, want %s", entry, err, want)
		case len(entry) == 120 && strings.Contains(err.Error(), `for each: "`):
			t.Errorf("%q: %v", entry, err)
		}
	}
}

// TestTooManyOrigins checks that a list that is too large for the matcher is one
// fault, not one for each entry.
func TestTooManyOrigins(t *testing.T) {
	if math.MaxInt == math.MaxInt32 {
		t.Skip("no list of 4 GiB fits into 32 bits")
	}
	_, err := core.New(core.Policy{AllowOrigins: slices.Repeat([]string{strings.Repeat("a", 1<<20)}, 4<<10)})
	all := slices.Collect(core.PolicyErrors(err))
	if len(all) != 1 || all[0].Reason != reason.TooMany || all[0].Index != -1 {
		t.Errorf("%d errors for 4 GiB of origins, want one: %.300v", len(all), err)
	}
}

// TestInsecureRegexp checks that, with credentials, an expression matches http://
// origins other than loopback only if the policy permits that.
func TestInsecureRegexp(t *testing.T) {
	const expr = `regexp:https?://(a\.example|localhost)`
	for _, tt := range []struct {
		credentials, dangerous, want bool
	}{
		{false, false, true}, {false, true, true}, {true, false, false}, {true, true, true},
	} {
		e := core.MustNew(core.Policy{AllowOrigins: []string{expr}, AllowCredentials: tt.credentials,
			DangerouslyAllowInsecureOrigins: tt.dangerous, DangerouslyAllowPublicSuffixes: true})
		for origin, want := range map[string]bool{"http://a.example": tt.want, "https://a.example": true, "http://localhost": true} {
			if d := e.Decide(ctx, get(origin)); d.Allowed != want {
				t.Errorf("%s with %+v: allowed %v, want %v", origin, tt, d.Allowed, want)
			}
		}
	}
}
