package config_test

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
)

func TestEnvironmentOverFile(t *testing.T) {
	const file = `
policies:
  default:
    allow_origins: ["https://file.example"]
    allow_methods: [PUT]
    max_age: 5m
  my-app:
    allow_origins: ["https://file.example"]
    allow_credentials: true
`
	def := core.Policy{
		Name: "default", AllowOrigins: []string{"https://file.example"}, AllowMethods: []string{"PUT"}, MaxAge: 5 * time.Minute,
	}
	app := core.Policy{Name: "my-app", AllowOrigins: []string{"https://file.example"}, AllowCredentials: true}
	for _, c := range []struct {
		name   string
		env    []string
		change func(def, app *core.Policy)
	}{
		{"no variable", []string{"PATH=/bin", "CORSIKA=1", "XCORS_MAX_AGE=1", "CORS"}, func(def, app *core.Policy) {}},
		{"the policy default", []string{"CORS_ALLOW_ORIGINS=https://env.example"}, func(def, app *core.Policy) {
			def.AllowOrigins = []string{"https://env.example"}
		}},
		{"another policy", []string{"CORS__POLICIES__MY_APP__ALLOW_ORIGINS=https://env.example"}, func(def, app *core.Policy) {
			app.AllowOrigins = []string{"https://env.example"}
		}},
		{"default by its long name", []string{"CORS__POLICIES__DEFAULT__MAX_AGE=disabled"}, func(def, app *core.Policy) {
			def.MaxAge = core.NoPreflightCache
		}},
		{"every field of default", []string{
			"CORS_ALLOW_ORIGINS=https://env.example", "CORS_ALLOW_METHODS=PATCH,DELETE", "CORS_ALLOW_HEADERS=x-a",
			"CORS_EXPOSE_HEADERS=x-b", "CORS_ALLOW_CREDENTIALS=true", "CORS_MAX_AGE=1h30m", "CORS_ALLOW_PRIVATE_NETWORK=true",
			"CORS_REJECT_DISALLOWED=true", "CORS_DANGEROUSLY_ALLOW_INSECURE_ORIGINS=true",
			"CORS_DANGEROUSLY_ALLOW_PUBLIC_SUFFIXES=true", "CORS_DANGEROUSLY_ALLOW_NULL_ORIGIN=true",
		}, func(def, app *core.Policy) {
			*def = core.Policy{
				Name: "default", AllowOrigins: []string{"https://env.example"}, AllowMethods: []string{"PATCH", "DELETE"},
				AllowHeaders: []string{"x-a"}, ExposeHeaders: []string{"x-b"}, AllowCredentials: true, MaxAge: 90 * time.Minute,
				AllowPrivateNetwork: true, RejectDisallowed: true, DangerouslyAllowInsecureOrigins: true,
				DangerouslyAllowPublicSuffixes: true, DangerouslyAllowNullOrigin: true,
			}
		}},
		{"false over true", []string{"CORS__POLICIES__MY_APP__ALLOW_CREDENTIALS=false"}, func(def, app *core.Policy) {
			app.AllowCredentials = false
		}},
		{"set but empty", []string{"CORS_ALLOW_ORIGINS=", "CORS__POLICIES__MY_APP__ALLOW_ORIGINS= \t"}, func(def, app *core.Policy) {
			def.AllowOrigins, app.AllowOrigins = []string{}, []string{}
		}},
		{"white space, ports, IPv6", []string{
			"CORS_ALLOW_ORIGINS= https://a.example:8443 ,\thttp://[::1]:3000,http://localhost:* ",
		}, func(def, app *core.Policy) {
			def.AllowOrigins = []string{"https://a.example:8443", "http://[::1]:3000", "http://localhost:*"}
		}},
		{"JSON, for entries with commas", []string{
			`CORS_ALLOW_ORIGINS=["regexp:https://[a-z]{1,3}\\.example\\.com", "https://b.example"]`,
		}, func(def, app *core.Policy) {
			def.AllowOrigins = []string{`regexp:https://[a-z]{1,3}\.example\.com`, "https://b.example"}
		}},
		{"an expression without commas", []string{`CORS_ALLOW_ORIGINS=regexp:https://[a-z]+\.example\.com`}, func(def, app *core.Policy) {
			def.AllowOrigins = []string{`regexp:https://[a-z]+\.example\.com`}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantDef, wantApp := def, app
			c.change(&wantDef, &wantApp)
			wantPolicies(t, read(t, yaml(file), c.env...), wantDef, wantApp)
		})
	}
}

func TestEmptyMeansDeny(t *testing.T) {
	files := config.Static{
		"cors.yaml":    []byte("policies:\n  default:\n    allow_origins: [\"https://a.example\"]\n    origins_file: partners.txt\n"),
		"partners.txt": []byte("https://b.example\n"),
	}
	c := read(t, files)
	for _, o := range []string{"https://a.example", "https://b.example"} {
		if !c.Engine().AllowsOrigin(o) {
			t.Errorf("%s is refused without CORS_ALLOW_ORIGINS", o)
		}
	}
	// Both keys for origins are one setting: an empty variable replaces both.
	c = read(t, files, "CORS_ALLOW_ORIGINS=")
	for _, o := range []string{"https://a.example", "https://b.example"} {
		if c.Engine().AllowsOrigin(o) {
			t.Errorf("%s is allowed with an empty CORS_ALLOW_ORIGINS", o)
		}
	}
	if len(c.Files) != 1 {
		t.Errorf("files %q were read", c.Files)
	}
	// The same holds for a variable with an origins_file.
	c = read(t, files, "CORS_ORIGINS_FILE=partners.txt")
	if c.Engine().AllowsOrigin("https://a.example") || !c.Engine().AllowsOrigin("https://b.example") {
		t.Error("CORS_ORIGINS_FILE does not replace the origins of the file")
	}
	engine, err := config.FromEnv(config.Options{Environ: []string{"CORS_ALLOW_ORIGINS="}})
	if err != nil {
		t.Fatal(err)
	}
	if engine.AllowsOrigin("https://a.example") {
		t.Error("an empty CORS_ALLOW_ORIGINS allows an origin")
	}
}

func TestRoutesFromTheEnvironment(t *testing.T) {
	c := read(t, yaml("policies: {spa: {}, public: {}}\nroutes: [{policies: [spa]}]\n"),
		`CORS__ROUTES=[{"path": "/public/", "policies": ["public"]}, {"host": "a.example", "policies": ["spa"]}]`)
	want := []core.Route{
		{Path: "/public/", Policies: []core.Policy{{Name: "public"}}},
		{Host: "a.example", Policies: []core.Policy{{Name: "spa"}}},
	}
	if !reflect.DeepEqual(c.Routes, want) {
		t.Errorf("got %+v", c.Routes)
	}
}

func TestFromEnv(t *testing.T) {
	c, err := config.ReadEnv(config.Options{Environ: []string{
		"CORS__POLICIES__API__ALLOW_ORIGINS=https://api.example",
		"CORS__POLICIES__WEB_2__ALLOW_ORIGINS=https://web.example",
		"CORS_ALLOW_ORIGINS=https://a.example", "CORS_MAX_AGE=10m",
	}})
	if err != nil {
		t.Fatal(err)
	}
	wantPolicies(t, c,
		core.Policy{Name: "default", AllowOrigins: []string{"https://a.example"}, MaxAge: 10 * time.Minute},
		core.Policy{Name: "api", AllowOrigins: []string{"https://api.example"}},
		core.Policy{Name: "web_2", AllowOrigins: []string{"https://web.example"}})
	if c.Revision.Source != "environment" {
		t.Errorf("source %q", c.Revision.Source)
	}
	// By default, FromEnv reads the current environment of the process.
	for _, name := range []string{"CORS_ALLOW_ORIGINS", "CORS_PROFILE"} {
		if v, ok := os.LookupEnv(name); ok {
			t.Skipf("%s=%s is set", name, v)
		}
	}
	for _, origin := range []string{"https://one.example", "https://two.example"} {
		t.Setenv("CORS_ALLOW_ORIGINS", origin)
		engine, err := config.FromEnv()
		if err != nil {
			t.Fatal(err)
		}
		if !engine.AllowsOrigin(origin) {
			t.Errorf("%s is refused", origin)
		}
	}
	t.Setenv("CORS_ALLOW_ORIGNS", "https://x.example")
	if _, err := config.FromEnv(); err == nil || !strings.Contains(err.Error(), "did you mean CORS_ALLOW_ORIGINS?") {
		t.Errorf("got %v for an unknown variable", err)
	}
}

// A hint names the variable, which the environment accepts.
func TestVariableOf(t *testing.T) {
	for field, want := range map[string]string{
		"AllowOrigins": "CORS_ALLOW_ORIGINS", "DangerouslyAllowNullOrigin": "CORS_DANGEROUSLY_ALLOW_NULL_ORIGIN", "MaxAge": "CORS_MAX_AGE",
		"AllowOriginFunc": "AllowOriginFunc", "Routes": "routes", "core.NoPreflightCache": `"disabled"`, "": "", "other": "other",
	} {
		if got := config.VariableOf(field); got != want {
			t.Errorf("VariableOf(%q) = %q, want %q", field, got, want)
		}
	}
	engine, err := config.FromEnv(config.Options{Environ: []string{"CORS_ALLOW_ORIGINS=https://a.example"}})
	if err != nil {
		t.Fatal(err)
	}
	x := engine.Explain(t.Context(), core.Request{Method: "GET", Origin: []string{"https://b.example"}}).Spell(config.VariableOf)
	if want := `add "https://b.example" to CORS_ALLOW_ORIGINS of policy "default"`; x.Hint != want {
		t.Errorf("the hint is %q, want %q", x.Hint, want)
	}
}
