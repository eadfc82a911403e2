package config_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

const shadowFile = `policies:
  spa: {allow_origins: ["https://a.example", "https://b.example"]}
shadow:
  policies:
    spa: {allow_origins: ["https://a.example"], origins_file: next.txt}
    public: {allow_origins: ["*"]}
  routes:
    - {path: /public/, policies: [public]}
    - {policies: [spa]}
`

var nextOrigins = []byte("https://c.example\n")

// differences is an observer that keeps how the shadow differs.
type differences []core.Difference

func (d *differences) Observe(_ context.Context, o *core.Observation) { *d = append(*d, o.Shadow) }

// differenceOf says how the shadow of an engine differs for a request.
func differenceOf(e *core.Engine, origin, path string) core.Difference {
	var d differences
	defer e.Observe(&d)()
	e.Decide(context.Background(), core.Request{Method: "GET", Path: path, Origin: []string{origin}})
	return d[0]
}

// shadowFiles have the same policies and shadow in each format.
var shadowFiles = config.Static{
	"cors.yaml": []byte(shadowFile), "next.txt": nextOrigins,
	"cors.json": []byte(`{"policies": {"spa": {"allow_origins": ["https://a.example", "https://b.example"]}}, "shadow": {
		"policies": {"spa": {"allow_origins": ["https://a.example"], "origins_file": "next.txt"}, "public": {"allow_origins": ["*"]}},
		"routes": [{"path": "/public/", "policies": ["public"]}, {"policies": ["spa"]}]}}`),
	"cors.toml": []byte(`[policies.spa]
allow_origins = ["https://a.example", "https://b.example"]
[shadow.policies.spa]
allow_origins = ["https://a.example"]
origins_file = "next.txt"
[shadow.policies.public]
allow_origins = ["*"]
[[shadow.routes]]
path = "/public/"
policies = ["public"]
[[shadow.routes]]
policies = ["spa"]
`),
	"app.yaml": []byte("http:\n  cors:\n    " + strings.ReplaceAll(shadowFile, "\n", "\n    ")),
}

func TestShadow(t *testing.T) {
	now := core.Policy{Name: "spa", AllowOrigins: []string{"https://a.example", "https://b.example"}}
	spa := core.Policy{Name: "spa", AllowOrigins: []string{"https://a.example", "https://c.example"}}
	public := core.Policy{Name: "public", AllowOrigins: []string{"*"}}
	for _, name := range []string{"cors.yaml", "cors.json", "cors.toml", "app.yaml"} {
		opts := config.Options{Environ: []string{}}
		if name == "app.yaml" {
			opts.Key = "http.cors"
		}
		c, err := config.Read(context.Background(), shadowFiles, name, opts)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wantPolicies(t, c, now)
		wantPolicies(t, c.Shadow, spa, public)
		if c.Routes != nil || len(c.Shadow.Routes) != 2 || c.Shadow.Routes[0].Path != "/public/" || c.Shadow.Shadow != nil {
			t.Errorf("%s: routes %v, of the shadow %v", name, c.Routes, c.Shadow.Routes)
		}
		if !slices.Equal(c.Files, []string{name, "next.txt"}) || c.Shadow.Revision != c.Revision {
			t.Errorf("%s: read %q, revisions %v and %v", name, c.Files, c.Revision, c.Shadow.Revision)
		}
		for _, r := range []struct {
			origin, path string
			want         core.Difference
		}{
			{"https://a.example", "/", core.ShadowSame},
			{"https://b.example", "/", core.ShadowStricter},
			{"https://c.example", "/", core.ShadowLooser},
			{"https://c.example", "/public/x", core.ShadowLooser},
			{"https://d.example", "/", core.ShadowSame},
		} {
			if got := differenceOf(c.Engine(), r.origin, r.path); got != r.want {
				t.Errorf("%s: %s%s: the shadow is %q, want %q", name, r.origin, r.path, got, r.want)
			}
		}
		if c.Engine().AllowsOrigin("https://c.example") {
			t.Errorf("%s: the shadow is in force", name)
		}
		request := core.Request{Method: "GET", Path: "/", Origin: []string{"https://c.example"}}
		shadow := c.Shadow.Engine().Decide(context.Background(), request)
		if !shadow.Allowed {
			t.Errorf("%s: the engine of the shadow decides %+v", name, shadow)
		}
	}
	if c := read(t, yaml(onePolicy)); c.Shadow != nil || differenceOf(c.Engine(), "https://a.example", "/") != "" {
		t.Errorf("a shadow that no file has: %+v", c.Shadow)
	}
}

// TestShadowIsMerged checks that the file of a profile merges into the shadow as into the
// policies in force, and that the environment does not.
func TestShadowIsMerged(t *testing.T) {
	files := config.Static{
		"cors.yaml": []byte(shadowFile), "next.txt": nextOrigins,
		"cors.prod.yaml": []byte(`shadow:
  policies:
    spa: {allow_origins: ["https://p.example"]}
    more: {max_age: 5m}
  routes: [{policies: [more, spa, public]}]
`),
		"cors.none.yaml": []byte("policies: {spa: {max_age: 7m}}\n"),
	}
	opts := config.Options{Environ: []string{"CORS__POLICIES__SPA__ALLOW_ORIGINS=https://e.example"}}
	c, err := config.Read(context.Background(), files, "cors.yaml", opts, config.Options{Profile: "prod"})
	if err != nil {
		t.Fatal(err)
	}
	wantPolicies(t, c, core.Policy{Name: "spa", AllowOrigins: []string{"https://e.example"}})
	wantPolicies(t, c.Shadow, core.Policy{Name: "spa", AllowOrigins: []string{"https://p.example"}},
		core.Policy{Name: "public", AllowOrigins: []string{"*"}}, core.Policy{Name: "more", MaxAge: 5 * 60e9})
	if len(c.Shadow.Routes) != 1 || c.Routes != nil {
		t.Errorf("routes %v, of the shadow %v", c.Routes, c.Shadow.Routes)
	}
	c, err = config.Read(context.Background(), files, "cors.yaml", opts, config.Options{Profile: "none"})
	if err != nil || c.Shadow.Policies[0].MaxAge != 0 {
		t.Errorf("the profile changes the shadow too: %v, %+v", err, c.Shadow)
	}
}

// TestShadowOfMap reads a shadow from a map, which has no order.
func TestShadowOfMap(t *testing.T) {
	shadow := map[string]any{"policies": map[string]any{"a": map[string]any{}, "b": map[string]any{"allow_origins": "https://b.example"}}}
	m := map[string]any{"policies": map[string]any{"a": map[string]any{}}, "shadow": shadow}
	_, err := config.ReadMap(m, none)
	want := "configuration: shadow.policies: several policies without an order, because maps have none: a, b; " +
		"add routes that list the policies in their order"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	shadow["routes"] = []any{map[string]any{"policies": []string{"b", "a"}}}
	c, err := config.ReadMap(m, none)
	if err != nil || differenceOf(c.Engine(), "https://b.example", "/") != core.ShadowLooser {
		t.Errorf("got %v, %v", c, err)
	}
}

// TestShadowWarnings checks that warnings about a shadow say so, also in a file with faults,
// and follow those about the policies in force.
func TestShadowWarnings(t *testing.T) {
	const text = `policies:
  spa: {allow_origins: ["https://a.example"], allow_methods: [GET]}
shadow:
  policies:
    spa: {allow_origins: ["https://a.example"], allow_methods: [GET], max_age: 3h}
    other: {}
  routes: [{policies: [spa]}]
`
	var all []string
	c := read(t, yaml(text))
	for _, w := range c.Warnings {
		all = append(all, w.Key)
	}
	want := []string{
		"policies.spa.allow_methods[0]", "shadow.policies.other", "shadow.policies.spa.allow_methods[0]", "shadow.policies.spa.max_age",
	}
	if !slices.Equal(all, want) {
		t.Errorf("warnings about %q, want %q", all, want)
	}
	if !slices.Equal(c.Shadow.Warnings, c.Warnings[1:]) {
		t.Errorf("warnings of the shadow: %v", c.Shadow.Warnings)
	}
	for fault, want := range map[string][]string{
		"max_age: 3h":       want, // none
		"max_age: 3":        {want[0], want[1], want[2]},
		"max_age: 3h, x: 1": {want[0], want[1], want[2], want[3]},
	} {
		r := config.Check(context.Background(), yaml(strings.Replace(text, "max_age: 3h", fault, 1)), "cors.yaml", none)
		var got []string
		for _, w := range r.Warnings {
			got = append(got, w.Key)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: warnings about %q, want %q", fault, got, want)
		}
	}
	lost := strings.Replace(text, "policies: [spa]}", "polices: [spa]}", 1)
	for _, w := range config.Check(context.Background(), yaml(lost), "cors.yaml", none).Warnings {
		if w.Reason == reason.UnusedPolicy {
			t.Errorf("a fault hides a route of the shadow, but there is a warning: %v", w)
		}
	}
	scalar := onePolicy + "shadow: {policies: {spa: {allow_origins: 1}}}\n"
	if w := config.Check(context.Background(), yaml(scalar), "cors.yaml", none).Warnings; len(w) > 0 {
		t.Errorf("a warning that may be wrong: %v", w[0])
	}
	unused := "policies: {a: {}, b: {}}\nroutes: [{policies: [a]}]\nshadow: {policies: {a: {}}, routes: [{polices: [a]}]}\n"
	if w := config.Check(context.Background(), yaml(unused), "cors.yaml", none).Warnings; len(w) == 0 || w[0].Key != "policies.b" {
		t.Errorf("a fault of the shadow hides the warning about a policy in force: %v", w)
	}
}

// Policies and shadows of a file that TestWatchShadow replaces.
const (
	allowsB    = "policies: {p: {allow_origins: [https://b.example]}}\n"
	allowsNone = "policies: {p: {}}\n"
	shadowB    = "shadow: {policies: {p: {allow_origins: [https://c.example, https://b.example]}}}\n"
	shadowC    = "shadow: {policies: {p: {allow_origins: [https://c.example]}}}\n"
	shadowBad  = "shadow: {policies: {p: {allow_origins: [b.example]}}}\n"
)

// TestWatchShadow checks that a reload replaces both parts or none.
func TestWatchShadow(t *testing.T) {
	outage(t, func(t *testing.T, d *deaf, w *config.Watcher, results <-chan config.Result) {
		engine := w.Engine()
		put := func(text string) config.Result {
			t.Helper()
			d.put("cors.yaml", text)
			synctest.Wait()
			return told(t, results)
		}
		check := func(what string, allowed bool, want core.Difference) {
			t.Helper()
			const origin = "https://b.example"
			if got := engine.AllowsOrigin(origin); got != allowed {
				t.Errorf("%s: allowed %v, want %v", what, got, allowed)
			}
			if got := differenceOf(engine, origin, "/"); got != want {
				t.Errorf("%s: the shadow is %q, want %q", what, got, want)
			}
		}
		// A shadow of the program's own stays until a file has one.
		if err := engine.Shadow(core.Policy{AllowOrigins: []string{"https://b.example"}}); err != nil {
			t.Fatal(err)
		}
		put(allowsNone)
		check("a file without a shadow", false, core.ShadowLooser)

		r := put(allowsNone + shadowC)
		check("a shadow that refuses too", false, core.ShadowSame)
		if want := "shadow: +policy p +https://c.example"; r.Diff != want {
			t.Errorf("diff %q, want %q", r.Diff, want)
		}
		if len(r.Warnings) != 1 || r.Warnings[0].Key != "policies.p.allow_origins" {
			t.Errorf("warnings %v", r.Warnings)
		}
		r = put(allowsB + shadowB)
		check("both parts change", true, core.ShadowSame)
		if want := "p +https://b.example; shadow: p +https://b.example"; r.Diff != want {
			t.Errorf("diff %q, want %q", r.Diff, want)
		}
		before := w.Status().Revision
		r = put(allowsNone + shadowBad)
		check("a fault in the shadow", true, core.ShadowSame)
		const fault = `shadow.policies.p.allow_origins[0] "b.example"`
		if r.Err == nil || !strings.Contains(r.Err.Error(), fault) || w.Status().Revision != before {
			t.Errorf("got %+v", r)
		}
		put("policies: {p: {allow_origins: [a.example]}}\n" + shadowC)
		check("a fault in the policies in force", true, core.ShadowSame)
		put(allowsB + shadowC)
		check("a good shadow", true, core.ShadowStricter)
		r = put(allowsB)
		check("the shadow is removed", true, "")
		if want := "shadow: -policy p -https://c.example"; r.Diff != want || r.Err != nil {
			t.Errorf("diff %q, want %q", r.Diff, want)
		}
		put(allowsB + "shadow: {policies: {p: {allow_origins: [https://b.example]}}, routes: [{path: /x, policies: [p]}]}\n")
		check("a shadow with routes", true, core.ShadowStricter)
	})
}

// TestWatchShadowOrigins changes only the origins_file of a shadow.
func TestWatchShadowOrigins(t *testing.T) {
	outage(t, func(t *testing.T, d *deaf, w *config.Watcher, results <-chan config.Result) {
		d.put("list", "https://b.example\n")
		d.put("cors.yaml", allowsB+"shadow: {policies: {p: {origins_file: list}}}\n")
		told(t, results)
		d.put("list", "https://c.example\n")
		r := told(t, results)
		if got := differenceOf(w.Engine(), "https://b.example", "/"); got != core.ShadowStricter {
			t.Errorf("the shadow is %q after %v, %v", got, r.Diff, r.Err)
		}
		if r.Revision.Hash == r.Previous.Hash {
			t.Error("the revision does not depend on the list")
		}
	})
}

// TestLoadRefusesShadow checks that there is no engine without the shadow that the file asks
// for.
func TestLoadRefusesShadow(t *testing.T) {
	files := yaml(onePolicy + "shadow: {policies: {spa: {allow_origins: [b.example]}}}\n")
	c, err := config.Read(context.Background(), files, "cors.yaml", none)
	var fault *config.Error
	if c != nil || !errors.As(err, &fault) || fault.Key != "shadow.policies.spa.allow_origins[0]" {
		t.Errorf("got %v, %v", c, err)
	}
}

// TestShadowHasFunctions checks that a policy of the shadow gets the function of the policy in
// force that has its name.
func TestShadowHasFunctions(t *testing.T) {
	only := func(origin string) func(context.Context, core.Request) bool {
		return func(_ context.Context, r core.Request) bool { return r.Origin[0] == origin }
	}
	opts := config.Options{Environ: []string{}, AllowOriginFuncs: map[string]func(context.Context, core.Request) bool{
		"spa": only("https://db.example"), "other": only("https://other.example"),
	}}
	files := yaml("policies: {spa: {}, other: {}}\nshadow: {policies: {spa: {}, new: {}}}\n")
	c, err := config.Read(context.Background(), files, "cors.yaml", opts)
	if err != nil {
		t.Fatal(err)
	}
	for origin, want := range map[string]core.Difference{
		"https://db.example": core.ShadowSame, "https://other.example": core.ShadowStricter, "https://x.example": core.ShadowSame,
	} {
		if got := differenceOf(c.Engine(), origin, "/"); got != want {
			t.Errorf("%s: the shadow is %q, want %q", origin, got, want)
		}
	}
}
