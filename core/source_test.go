package core_test

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/corskit/corskit/core"
)

// source is a Source that reads a Request. It records which methods and fields the
// engine reads.
type source struct {
	core.Request
	transient bool
	asked     []string
}

func (s *source) note(what string) {
	if !slices.Contains(s.asked, what) {
		s.asked = append(s.asked, what)
	}
}

func (s *source) Context() context.Context { s.note("context"); return ctx }
func (s *source) Method() string           { s.note("method"); return s.Request.Method }
func (s *source) Transient() bool          { return s.transient }

func (s *source) Target() core.Target {
	s.note("target")
	return core.Target{Host: s.Host, Path: s.Path, RawPath: s.RawPath, FoldPath: s.FoldPath}
}

func (s *source) Lines(name string) []string {
	s.note(name)
	switch name {
	case "Origin":
		return s.Origin
	case "Access-Control-Request-Method":
		return s.AccessControlRequestMethod
	case "Access-Control-Request-Headers":
		return s.AccessControlRequestHeaders
	case "Access-Control-Request-Private-Network":
		return s.AccessControlRequestPrivateNetwork
	case "Sec-Fetch-Site":
		return s.SecFetchSite
	default:
		panic("asked for " + name)
	}
}

func resolve(e *core.Engine, src core.Source) (o core.Outcome) {
	e.Resolve(src, &o)
	return o
}

func headersOf(o core.Outcome) map[string]string {
	headers := make(map[string]string)
	for i := range o.Len() {
		name, value := o.Header(i)
		headers[name] = value
	}
	if vary := o.Vary(); vary != "" {
		headers["Vary"] = vary
	}
	return headers
}

// TestResolveAsks checks that the engine reads from a source only what the policies
// need.
func TestResolveAsks(t *testing.T) {
	const a, e = "https://a.example", "https://e.example"
	echo, private, rejecting, asking := cred(), two(), two(), two()
	echo.AllowMethods, echo.AllowHeaders = []string{"*"}, []string{"*"}
	private.AllowPrivateNetwork, rejecting.RejectDisallowed = true, true
	asking.AllowOriginFunc = func(context.Context, core.Request) bool { return false }
	routed := func(policies ...core.Policy) *core.Engine {
		engine, err := core.NewRouted(core.Route{Path: "/", Policies: policies})
		if err != nil {
			t.Fatal(err)
		}
		return engine
	}
	everything := []string{
		"Access-Control-Request-Headers", "Access-Control-Request-Method", "Access-Control-Request-Private-Network",
		"Origin", "Sec-Fetch-Site", "context", "method", "target",
	}
	preflightAsks := []string{"Access-Control-Request-Method", "Origin", "method"}
	for _, tt := range []struct {
		name    string
		engine  *core.Engine
		request core.Request
		want    []string
	}{
		{"no Origin", core.MustNew(two()), get(), []string{"Origin"}},
		{"no Origin, everything configured", core.MustNew(echo, private, rejecting, asking), get(), []string{"Origin"}},
		{"allowed", core.MustNew(two()), get(a), []string{"Origin", "method"}},
		{"refused", core.MustNew(two()), get(e), []string{"Origin", "method"}},
		{"preflight", core.MustNew(two()), preflight(a, "PUT", "x-a"), preflightAsks},
		{"refused preflight", core.MustNew(echo, private, rejecting), preflight(e, "PUT"), preflightAsks},
		{"headers echoed", core.MustNew(echo), preflight(a, "PUT", "x-a"),
			append([]string{"Access-Control-Request-Headers"}, preflightAsks...)},
		{"headers echoed, not a preflight", core.MustNew(echo), get(a), []string{"Origin", "method"}},
		{"private network", core.MustNew(private), preflight(a, "PUT"),
			[]string{"Access-Control-Request-Method", "Access-Control-Request-Private-Network", "Origin", "method"}},
		{"rejecting, allowed", core.MustNew(rejecting), get(a), []string{"Origin", "method"}},
		{"rejecting, refused", core.MustNew(rejecting), get(e), []string{"Origin", "Sec-Fetch-Site", "method", "target"}},
		{"a function not called", core.MustNew(asking), get(a), []string{"Origin", "method"}},
		{"a function not called for a malformed origin", core.MustNew(asking), get("a"), []string{"Origin", "method"}},
		{"a function called", core.MustNew(asking), get(e), everything},
		{"a route", routed(two()), get(a), []string{"Origin", "method", "target"}},
		{"no engine", nil, get(a), []string{"Origin", "method"}},
	} {
		src := &source{Request: tt.request}
		tt.engine.Resolve(src, new(core.Outcome))
		if slices.Sort(src.asked); !slices.Equal(src.asked, tt.want) {
			t.Errorf("%s: asked for %q, want %q", tt.name, src.asked, tt.want)
		}
	}
}

// TestResolveAgain checks that a reused outcome keeps nothing of its previous request.
func TestResolveAgain(t *testing.T) {
	private := cred()
	private.AllowMethods, private.AllowHeaders, private.AllowPrivateNetwork = []string{"*"}, []string{"*"}, true
	e := core.MustNew(private, core.Policy{AllowOriginFunc: func(_ context.Context, r core.Request) bool {
		return r.OriginValue() == "https://f.example"
	}})
	first := preflight("https://a.example", "PURGE", "x-z")
	first.AccessControlRequestPrivateNetwork = []string{"true"}
	for _, former := range []core.Request{first, get("https://f.example"), get("https://a.example", "https://a.example")} {
		for _, r := range []core.Request{
			get(), get("https://e.example"), get("https://a.example"),
			preflight("https://b.example", "GET", "x-y"), preflight("https://b.example", "GET", "\x00"),
		} {
			var o core.Outcome
			e.Resolve(&source{Request: former}, &o)
			e.Resolve(&source{Request: r}, &o)
			if got, want := o, resolve(e, &source{Request: r}); got != want {
				t.Errorf("%+v after %+v:\n got %+v\nwant %+v", r, former, got, want)
			}
		}
	}
}

// TestCloneOutcome: a clone keeps its headers after the memory of the request is reused.
func TestCloneOutcome(t *testing.T) {
	e := core.MustNew(core.Policy{
		AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, AllowCredentials: true,
	})
	memory := []byte("https://a.example" + "PURGE" + "x-a")
	text := unsafe.String(&memory[0], len(memory))
	o := resolve(e, &source{Request: core.Request{
		Method: "OPTIONS", Origin: []string{text[:17]}, AccessControlRequestMethod: []string{text[17:22]},
		AccessControlRequestHeaders: []string{text[22:]},
	}})
	clone, want := o.Clone(), map[string]string{
		"Access-Control-Allow-Origin": "https://a.example", "Access-Control-Allow-Credentials": "true",
		"Access-Control-Allow-Methods": "PURGE", "Access-Control-Allow-Headers": "x-a", "Vary": o.Vary(),
	}
	clear(memory)
	if got := headersOf(clone); !maps.Equal(got, want) || clone.Status() != o.Status() {
		t.Errorf("status %d, headers %q, want %d, %q", clone.Status(), got, o.Status(), want)
	}
}

// TestNewRequest checks that NewRequest reads everything from a source, and copies
// the strings only if the source is transient.
func TestNewRequest(t *testing.T) {
	full := core.Request{
		Method: "OPTIONS", Host: "h.example", Path: "/a b", RawPath: "/a%20b", FoldPath: true,
		Origin: []string{"https://a.example"}, AccessControlRequestMethod: []string{"PUT"},
		AccessControlRequestHeaders:        []string{"x-a", "x-b"},
		AccessControlRequestPrivateNetwork: []string{"true"}, SecFetchSite: []string{""},
	}
	for _, r := range []core.Request{full, {}, {Method: "GET", Origin: []string{}}} {
		for _, transient := range []bool{false, true} {
			got := core.NewRequest(&source{Request: r, transient: transient})
			if !reflect.DeepEqual(got, r) {
				t.Errorf("transient %v:\n got %#v\nwant %#v", transient, got, r)
			}
			if r.Method == "" || len(r.Origin) == 0 {
				continue
			}
			for _, pair := range [][2]string{
				{got.Method, r.Method}, {got.Host, r.Host}, {got.Path, r.Path}, {got.RawPath, r.RawPath}, {got.Origin[0], r.Origin[0]},
			} {
				if shared := unsafe.StringData(pair[0]) == unsafe.StringData(pair[1]); shared == transient {
					t.Errorf("transient %v: the memory of %q is shared: %v", transient, pair[1], shared)
				}
			}
		}
	}
}

// TestFunctionOfTransientSource checks that an AllowOriginFunc may keep its
// Request.
func TestFunctionOfTransientSource(t *testing.T) {
	var kept core.Request
	e := core.MustNew(core.Policy{AllowOriginFunc: func(_ context.Context, r core.Request) bool { kept = r; return true }})
	memory := []byte("https://a.example")
	src := &source{Request: get(unsafe.String(&memory[0], len(memory))), transient: true}
	if o := resolve(e, src); !o.Decision().Allowed {
		t.Fatalf("%+v", o.Decision())
	}
	copy(memory, strings.Repeat("x", len(memory)))
	if kept.OriginValue() != "https://a.example" {
		t.Errorf("the function kept %q", kept.Origin)
	}
}

func TestOriginValue(t *testing.T) {
	for want, lines := range map[string][]string{"https://a.example": {"https://a.example"},
		"": {"https://a.example", "https://b.example"}} {
		if got := (core.Request{Origin: lines}).OriginValue(); got != want {
			t.Errorf("OriginValue of %q = %q, want %q", lines, got, want)
		}
	}
	if got := (core.Request{}).OriginValue(); got != "" {
		t.Errorf("OriginValue without Origin = %q", got)
	}
}

func TestIsOrigin(t *testing.T) {
	for s, want := range map[string]bool{
		"https://a.example": true, "http://[::1]:8080": true, "capacitor://localhost": true, "https://a.example:444": true,
		"null": false, "": false, "*": false, "https://a.example/": false, "https://A.example": false, "https://a.example:443": false,
		"a.example": false,
	} {
		if got := core.IsOrigin(s); got != want {
			t.Errorf("IsOrigin(%q) = %v", s, got)
		}
	}
}

func TestAllowsHandshake(t *testing.T) {
	const a, e = "https://a.example", "https://e.example"
	engine, err := core.NewRouted(core.Route{Path: "/a/", Policies: []core.Policy{two()}},
		core.Route{Path: "/b/", Policies: []core.Policy{{}}})
	if err != nil {
		t.Fatal(err)
	}
	at := func(path string, origin ...string) core.Request {
		return core.Request{Method: "GET", Host: "h.example", Path: path, Origin: origin}
	}
	fromSite := func(r core.Request, site string) core.Request { r.SecFetchSite = []string{site}; return r }
	for _, tt := range []struct {
		r    core.Request
		want bool
	}{
		{at("/a/"), true}, {at("/a/", a), true}, {at("/a/", e), false}, {at("/b/", a), false}, {at("/c/", a), false},
		{at("/b/", "https://h.example"), true}, {fromSite(at("/b/", "https://h.example"), "same-site"), false},
		{fromSite(at("/b/", e), "same-origin"), true}, {at("/a/", a, a), false},
		{at("/b/", "https://h.example", "https://h.example"), false},
	} {
		if got := engine.AllowsHandshake(&source{Request: tt.r}); got != tt.want {
			t.Errorf("%+v: %v, want %v", tt.r, got, tt.want)
		}
	}
	if (*core.Engine)(nil).AllowsHandshake(&source{Request: at("/", a)}) {
		t.Error("a nil engine allows a handshake")
	}
}
