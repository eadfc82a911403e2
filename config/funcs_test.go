package config_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
)

// table is a list of origins in a database.
type table struct {
	mu      sync.Mutex
	origins map[string]bool
}

func (l *table) allow(origin string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.origins[origin] = true
}

func (l *table) has(_ context.Context, r core.Request) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.origins[r.Origin[0]]
}

// functions are the AllowOriginFunc of policies, by name.
type functions = map[string]func(context.Context, core.Request) bool

const partnersFile = `policies:
  app: {allow_origins: ["https://app.example"], allow_credentials: true}
  partners: {allow_methods: [PUT]}
routes:
  - {path: /partners/, policies: [partners]}
  - {policies: [app]}
`

// TestAllowOriginFuncs adds a function to one policy of a file, and to no other.
func TestAllowOriginFuncs(t *testing.T) {
	list := &table{origins: map[string]bool{"https://p.example": true}}
	opts := config.Options{Environ: []string{}, AllowOriginFuncs: functions{"partners": list.has}}
	c, err := config.Read(context.Background(), yaml(partnersFile), "cors.yaml", opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Warnings) > 0 || c.Policies[0].AllowOriginFunc != nil || c.Policies[1].AllowOriginFunc == nil {
		t.Errorf("warnings %v, policies %+v", c.Warnings, c.Policies)
	}
	request := func(path string) core.Request {
		return core.Request{Method: "GET", Path: path, Origin: []string{"https://p.example"}}
	}
	if !c.Engine().Decide(context.Background(), request("/partners/1")).Allowed ||
		c.Engine().Decide(context.Background(), request("/")).Allowed {
		t.Error("the function belongs to another policy")
	}
	if x := c.Engine().Explain(context.Background(), request("/partners/1")).Spell(config.KeyOf).String(); !strings.Contains(x,
		`the AllowOriginFunc of policy "partners" allows "https://p.example"`) {
		t.Errorf("the explanation does not name the function:\n%s", x)
	}
	without, err := config.Read(context.Background(), yaml(partnersFile), "cors.yaml", none)
	if err != nil || without.Revision.Hash == c.Revision.Hash {
		t.Errorf("the revision is the same without functions: %v", err)
	}
	m, err := config.FromMap(map[string]any{"policies": map[string]any{"partners": map[string]any{}}}, opts)
	if err != nil || !m.AllowsOrigin("https://p.example") {
		t.Errorf("a map: %v", err)
	}
	opts.Environ = []string{"CORS__POLICIES__PARTNERS__MAX_AGE=5m"}
	e, err := config.FromEnv(opts)
	if err != nil || !e.AllowsOrigin("https://p.example") {
		t.Errorf("variables: %v", err)
	}
}

// TestAllowOriginFuncFaults: every function needs a policy, and core's rules apply to it.
func TestAllowOriginFuncFaults(t *testing.T) {
	has := (&table{}).has
	for _, c := range []struct {
		funcs functions
		want  string
	}{
		{functions{"partner": has},
			`cors.yaml: policies.partner: Options.AllowOriginFuncs: no policy has this name; did you mean "partners"?`},
		{functions{"": has, "zzz": has, "app": has}, `cors.yaml: policies."": Options.AllowOriginFuncs: no policy has this name; ` +
			"the policies are app, partners\n" +
			"cors.yaml: policies.zzz: Options.AllowOriginFuncs: no policy has this name; the policies are app, partners"},
		{functions{"partners": nil},
			"cors.yaml: policies.partners: Options.AllowOriginFuncs: a nil function; set one, or remove the entry"},
	} {
		_, err := config.Read(context.Background(), yaml(partnersFile), "cors.yaml", none, config.Options{AllowOriginFuncs: c.funcs})
		if err == nil || err.Error() != c.want {
			t.Errorf("got\n%v\nwant\n%s", err, c.want)
		}
	}
	r := config.Check(context.Background(), yaml("policies: {app: {allow_origins: [\"*\"]}}"), "cors.yaml", none,
		config.Options{AllowOriginFuncs: functions{"app": has}})
	if r.Err != nil || len(r.Warnings) != 1 || r.Warnings[0].Key != "policies.app" ||
		!strings.Contains(r.Warnings[0].Detail, "never called") {
		t.Errorf("a function that is never called: %v, %v", r.Err, r.Warnings)
	}
}

// TestAllowOriginFuncsReload: a reload keeps the function, and is refused without its policy.
func TestAllowOriginFuncsReload(t *testing.T) {
	t.Parallel()
	list := &table{origins: make(map[string]bool)}
	path := filepath.Join(t.TempDir(), "cors.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	write(partnersFile)
	reloads := make(chan config.Result, 1)
	w, err := config.Watch(context.Background(), path, config.Options{
		Environ: []string{}, AllowOriginFuncs: functions{"partners": list.has}, OnReload: func(r config.Result) { reloads <- r },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	allowed := func(origin string) bool {
		return w.Engine().Decide(context.Background(), core.Request{Method: "GET", Path: "/partners/1", Origin: []string{origin}}).Allowed
	}
	if allowed("https://p.example") {
		t.Error("an origin is allowed before it is in the list")
	}
	list.allow("https://p.example")
	if !allowed("https://p.example") {
		t.Error("the list is not read for each request")
	}
	write(strings.Replace(partnersFile, "[PUT]", "[DELETE]", 1))
	if r := <-reloads; r.Err != nil || !strings.Contains(r.Diff, "DELETE") || !allowed("https://p.example") {
		t.Errorf("after a reload: %v, %v", r.Err, r.Diff)
	}
	write("policies: {app: {}}\n")
	r := <-reloads
	if r.Err == nil || !strings.Contains(r.Err.Error(), "policies.partners: Options.AllowOriginFuncs: no policy has this name") {
		t.Errorf("a file without the policy: %v", r.Err)
	}
	if !allowed("https://p.example") || w.Status().Err == nil {
		t.Error("the last good policies are not in force")
	}
}
