package config_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/spf13/viper"

	"github.com/corskit/corskit/config"
)

const applicationFile = `log: debug
http:
  addr: ":8080"
  cors:
    policies:
      app: {allow_origins: ["https://a.example"], allow_credentials: true}
      other: {}
`

var noEnvironment = config.Options{Environ: []string{}}

// TestKey loads the section of an application's own file.
func TestKey(t *testing.T) {
	files := config.Static{
		"app.yaml":      []byte(applicationFile),
		"app.prod.yaml": []byte("http: {cors: {policies: {app: {allow_origins: [\"https://b.example\"]}}}}\n"),
		"app.test.yaml": []byte("log: info\n"),
		"app.json":      []byte(`{"cors": {"policies": {"app": {"allow_origins": ["https://a.example"]}}}}`),
		"app.toml":      []byte("[cors.policies.app]\nallow_origins = [\"https://a.example\"]\n"),
	}
	for _, c := range []struct{ file, key, profile, want string }{
		{"app.yaml", "http.cors", "", "https://a.example"},
		{"app.yaml", "http.cors", "prod", "https://b.example"},
		{"app.yaml", "http.cors", "test", "https://a.example"},
		{"app.json", "cors", "", "https://a.example"},
		{"app.toml", "cors", "", "https://a.example"},
	} {
		got, err := config.Read(context.Background(), files, c.file, noEnvironment,
			config.Options{Profile: c.profile, Key: c.key})
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		if o := got.Policies[0].AllowOrigins; len(o) != 1 || o[0] != c.want {
			t.Errorf("%+v: %v", c, o)
		}
	}
}

// TestKeyFaults checks that messages have the whole path of a key.
func TestKeyFaults(t *testing.T) {
	for _, c := range []struct{ yaml, want string }{
		{"http: {cors: {policies: {app: {max_age: 7}}}}",
			`app.yaml:1:41: http.cors.policies.app.max_age "7": a duration without a unit; write "7s" for seconds`},
		{"http: {cors: {policies: {app: {allow_origins: [a.example]}}}}",
			`app.yaml:1:48: http.cors.policies.app.allow_origins[0] "a.example": an origin begins with its scheme; ` +
				`did you mean "https://a.example"?`},
		{"http: {cors: []}",
			"app.yaml:1:14: http.cors: expected a table of keys and values, got a list; begin the file with the key policies"},
		{"http: {core: {}}", "app.yaml:1:7: http.cors: no such key; add it, or choose another key for the section"},
		{"policies: {}", "app.yaml:1:1: http: no such key; add it, or choose another key for the section"},
		{"http: {cors: {}}", "app.yaml: no policies; add the key policies (a policy {} refuses every origin)"},
	} {
		files := config.Static{"app.yaml": []byte(c.yaml)}
		if _, err := config.Read(context.Background(), files, "app.yaml", noEnvironment,
			config.Options{Key: "http.cors"}); err == nil || err.Error() != c.want {
			t.Errorf("%s:\n%v\nwant\n%s", c.yaml, err, c.want)
		}
	}
	files := config.Static{"app.yaml": []byte(applicationFile)}
	r := config.Check(context.Background(), files, "app.yaml", noEnvironment, config.Options{Key: "http.cors"})
	if r.Err != nil || len(r.Warnings) != 1 || r.Warnings[0].Key != "http.cors.policies.other.allow_origins" || r.Warnings[0].Line != 7 {
		t.Errorf("%v, %v", r.Err, r.Warnings)
	}
}

// TestFromMap reads values as other libraries decode them.
func TestFromMap(t *testing.T) {
	one := func(policy map[string]any) map[string]any {
		return map[string]any{"version": 1.0, "policies": map[string]any{"app": policy}}
	}
	for name, m := range map[string]map[string]any{
		"typed": one(map[string]any{"allow_origins": []string{"https://a.example"}, "allow_credentials": true,
			"max_age": 10 * time.Minute}),
		"any": one(map[string]any{"allow_origins": []any{"https://a.example"}, "allow_credentials": true,
			"max_age": "10m"}),
		"text": one(map[string]any{"allow_origins": "https://a.example", "allow_credentials": "true", "max_age": "10m"}),
		"any keys": {"policies": map[any]any{"app": map[any]any{"allow_origins": []any{"https://a.example"},
			"allow_credentials": true, "max_age": "600s"}}},
	} {
		c, err := config.ReadMap(m, noEnvironment)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p := c.Policies[0]
		if p.Name != "app" || len(p.AllowOrigins) != 1 || !p.AllowCredentials || p.MaxAge != 10*time.Minute || c.Revision.Hash == "" {
			t.Errorf("%s: %+v", name, p)
		}
		if !c.Engine().AllowsOrigin("https://a.example") {
			t.Errorf("%s: the engine does not allow the origin", name)
		}
	}
	override := config.Options{Environ: []string{"CORS__POLICIES__APP__ALLOW_ORIGINS=https://b.example"}}
	e, err := config.FromMap(one(map[string]any{"allow_origins": []string{"https://a.example"}}), override)
	if err != nil || e.AllowsOrigin("https://a.example") || !e.AllowsOrigin("https://b.example") {
		t.Errorf("a variable does not override the map: %v", err)
	}
}

func TestMapFaults(t *testing.T) {
	var nothing *int
	policies := func(p map[string]any) map[string]any { return map[string]any{"policies": p} }
	for _, c := range []struct {
		m    map[string]any
		opts config.Options
		want string
	}{
		{nil, config.Options{}, "no policies"},
		{map[string]any{}, config.Options{}, "no policies"},
		{policies(map[string]any{"a": map[string]any{}, "b": map[string]any{}}), config.Options{},
			"configuration: policies: several policies without an order, because maps have none: a, b; add routes that list"},
		{policies(map[string]any{"a": map[string]any{"allow_origins": 1.5}}), config.Options{}, `allow_origins "1.5": expected a list`},
		{policies(map[string]any{"a": map[string]any{"max_age": 600}}), config.Options{}, `max_age "600": a duration without a unit`},
		{policies(map[string]any{"a": map[string]any{"max_age": nothing}}), config.Options{}, "max_age: no value"},
		{policies(map[string]any{"a": map[string]any{"max_age": uint8(7)}}), config.Options{}, `max_age "7": a duration without a unit`},
		{policies(map[string]any{"a": map[string]any{"allow_origins": []any{nil}}}), config.Options{}, "allow_origins[0]: no value"},
		{policies(map[string]any{"a": map[string]any{"origin": true}}), config.Options{}, "origin: an unknown key"},
		{policies(map[string]any{"a": map[string]any{"allow_origins": "a.example"}}), config.Options{},
			`configuration: policies.a.allow_origins[0] "a.example": an origin begins`},
		{policies(map[string]any{"a": map[string]any{}}), config.Options{Profile: "prod"}, "the profile option selects a file"},
	} {
		c.opts.Environ = []string{}
		if _, err := config.FromMap(c.m, c.opts); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %s", c.m, err, c.want)
		}
	}
	two := policies(map[string]any{"a": map[string]any{}, "b": map[string]any{"allow_origins": "https://b.example"}})
	two["routes"] = []map[string]any{{"path": "/", "policies": []string{"b", "a"}}}
	if c, err := config.ReadMap(two, noEnvironment); err != nil || len(c.Routes) != 1 || c.Routes[0].Policies[0].Name != "b" {
		t.Errorf("policies with routes: %v", err)
	}
}

// TestFromViper uses a section of an application's own viper tree, with an override.
func TestFromViper(t *testing.T) {
	v := viper.New()
	v.SetConfigType("yaml")
	if err := v.ReadConfig(strings.NewReader(strings.Replace(applicationFile, "      other: {}\n", "", 1))); err != nil {
		t.Fatal(err)
	}
	v.SetDefault("http.cors.policies.app.max_age", "10m")
	v.Set("http.cors.policies.app.allow_origins", "https://b.example, https://c.example")
	e, err := config.FromViper(v, "http.CORS", noEnvironment)
	if err != nil {
		t.Fatal(err)
	}
	for origin, want := range map[string]bool{"https://a.example": false, "https://b.example": true, "https://c.example": true} {
		if e.AllowsOrigin(origin) != want {
			t.Errorf("%s: allowed %v, want %v", origin, !want, want)
		}
	}
	if _, err := config.FromViper(v, "cors", noEnvironment); err == nil || err.Error() !=
		"configuration: cors: no such key; add it, or choose another key for the section" {
		t.Errorf("another key: %v", err)
	}
	if _, err := config.FromViper(nil, "cors"); err == nil {
		t.Error("a nil viper.Viper is accepted")
	}
}

// TestFromMapIsBounded: a map that contains itself is a fault.
func TestFromMapIsBounded(t *testing.T) {
	m := map[string]any{"policies": map[string]any{"a": map[string]any{}}}
	m["more"], m["again"] = m, []any{m, m}
	if _, err := config.FromMap(m, noEnvironment); err == nil || !strings.Contains(err.Error(), "nest too deeply") {
		t.Errorf("got %v", err)
	}
}

// TestRevisionOfMap: the revision depends on the values, not on where they are.
func TestRevisionOfMap(t *testing.T) {
	revision := func(origin string) string {
		c, err := config.ReadMap(map[string]any{"policies": map[string]any{"a": map[string]any{"allow_origins": []*string{&origin}}}},
			noEnvironment)
		if err != nil {
			t.Fatal(err)
		}
		return c.Revision.Hash
	}
	first, again, other := revision("https://a.example"), revision("https://a.example"), revision("https://b.example")
	if first != again {
		t.Errorf("equal values have the revisions %s and %s", first, again)
	}
	if first == other {
		t.Errorf("different values have the same revision %s", first)
	}
}
