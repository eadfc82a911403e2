package config_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/viper"

	"github.com/corskit/corskit/config"
)

// mappedFiles map and ignore variables in every format.
var mappedFiles = config.Static{
	"cors.yaml": []byte(`variables:
  FRONTEND_URL: policies.my-app.allow_origins
  CORS_AGE: policies.my-app.max_age
ignore_variables: [CORS_PROXY_URL, CORS__PROXY]
policies:
  my-app: {allow_origins: ["https://file.example"]}
`),
	"cors.json": []byte(`{"variables": {"FRONTEND_URL": "policies.my-app.allow_origins", "CORS_AGE": "policies.my-app.max_age"},
"ignore_variables": ["CORS_PROXY_URL", "CORS__PROXY"],
"policies": {"my-app": {"allow_origins": ["https://file.example"]}}}`),
	"cors.toml": []byte(`ignore_variables = ["CORS_PROXY_URL", "CORS__PROXY"]
variables.FRONTEND_URL = "policies.my-app.allow_origins"
variables.CORS_AGE = "policies.my-app.max_age"
policies.my-app.allow_origins = ["https://file.example"]
`),
	"plain.yaml": []byte("policies: {my-app: {allow_origins: [\"https://file.example\"]}}\n"),
}

var mappedEnvironment = []string{
	"FRONTEND_URL=https://a.example, https://b.example", "CORS_AGE=10m", "CORS_PROXY_URL=http://proxy", "CORS__PROXY=1",
}

// TestMappedVariables sets keys with variables of other names, which files, options, maps and
// viper trees map.
func TestMappedVariables(t *testing.T) {
	options := config.Options{
		Environ:         mappedEnvironment,
		Variables:       map[string]string{"FRONTEND_URL": "policies.my-app.allow_origins", "CORS_AGE": "policies.my-app.max_age"},
		IgnoreVariables: []string{"CORS_PROXY_URL", "CORS__PROXY"},
	}
	environ := config.Options{Environ: mappedEnvironment}
	load := func(name string, o config.Options) func() (*config.Config, error) {
		return func() (*config.Config, error) { return config.Read(context.Background(), mappedFiles, name, o) }
	}
	for name, read := range map[string]func() (*config.Config, error){
		"YAML": load("cors.yaml", environ), "JSON": load("cors.json", environ), "TOML": load("cors.toml", environ),
		"options": load("plain.yaml", options), "both": load("cors.yaml", options),
		"no file": func() (*config.Config, error) { return config.ReadEnv(options) },
		"a map": func() (*config.Config, error) {
			return config.ReadMap(map[string]any{
				"policies":         map[string]any{"my-app": map[string]any{}},
				"variables":        options.Variables,
				"ignore_variables": "CORS_PROXY_URL,CORS__PROXY",
			}, environ)
		},
		"viper": func() (*config.Config, error) {
			v := viper.New()
			v.SetConfigType("yaml")
			if err := v.ReadConfig(strings.NewReader(string(mappedFiles["cors.yaml"]))); err != nil {
				t.Fatal(err)
			}
			return config.ReadMap(v.AllSettings(), environ)
		},
	} {
		c, err := read()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		p := c.Policies[0]
		if want := []string{"https://a.example", "https://b.example"}; p.Name != "my-app" || !slices.Equal(p.AllowOrigins, want) ||
			p.MaxAge.String() != "10m0s" {
			t.Errorf("%s: %+v", name, p)
		}
		if strings.Contains("YAML JSON TOML", name) && (len(c.Notes) != 2 || !strings.Contains(c.Notes[0].Detail, "FRONTEND_URL")) {
			t.Errorf("%s: the notes are %v", name, c.Notes)
		}
	}
	c, err := config.Read(context.Background(), mappedFiles, "cors.yaml", config.Options{Environ: []string{"FRONTEND_URL="}})
	if err != nil || len(c.Policies[0].AllowOrigins) != 0 {
		t.Errorf("an empty variable: %v, %v", c, err)
	}
}

// TestMappingOfProfile: the file of the profile replaces the mapping of a name, and the whole
// list of names to ignore.
func TestMappingOfProfile(t *testing.T) {
	files := config.Static{
		"cors.yaml": []byte("variables: {A_URL: policies.a.allow_origins, B_URL: policies.b.allow_origins}\n" +
			"ignore_variables: [CORS_ONE]\npolicies: {a: {}, b: {}}\n"),
		"cors.prod.yaml": []byte("variables: {B_URL: policies.a.expose_headers}\nignore_variables: [CORS_TWO]\n"),
	}
	opts := config.Options{Profile: "prod", Environ: []string{"A_URL=https://a.example", "B_URL=etag", "CORS_TWO=1"}}
	c, err := config.Read(context.Background(), files, "cors.yaml", opts)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := c.Policies[0], c.Policies[1]; len(a.AllowOrigins) != 1 || len(a.ExposeHeaders) != 1 || len(b.AllowOrigins) != 0 {
		t.Errorf("%+v", c.Policies)
	}
	opts.Environ = []string{"CORS_ONE=1"}
	if _, err := config.Read(context.Background(), files, "cors.yaml", opts); err == nil {
		t.Error("the profile does not replace the names to ignore")
	}
}

// TestPoliciesOfMappedVariables: without a file, mapped variables declare policies as CORS_*
// variables do.
func TestPoliciesOfMappedVariables(t *testing.T) {
	c, err := config.ReadEnv(config.Options{
		Variables: map[string]string{"A_URL": "policies.z-1.allow_origins", "Z_URL": "policies.a.allow_origins",
			"M_URL": "policies.default.allow_origins", "UNSET": "policies.other.allow_origins"},
		Environ: []string{"A_URL=https://a.example", "Z_URL=https://z.example", "M_URL=", "CORS__POLICIES__Z_1__MAX_AGE=5m"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range c.Policies {
		names = append(names, p.Name)
	}
	if got := strings.Join(names, " "); got != "default a z-1" {
		t.Errorf("the policies are %s", got)
	}
}

// TestRevisionOfVariables: the hash depends on the variables that are read, and on no other.
func TestRevisionOfVariables(t *testing.T) {
	hash := func(keys map[string]string, environ ...string) string {
		c, err := config.Read(context.Background(), yaml("policies: {a: {allow_origins: [\"https://a.example\"]}, b: {}}"), "cors.yaml",
			config.Options{Environ: environ, Variables: keys, IgnoreVariables: []string{"CORS_X"}})
		if err != nil {
			t.Fatal(err)
		}
		return c.Revision.Hash
	}
	toA, toB := map[string]string{"URL": "policies.a.allow_origins"}, map[string]string{"URL": "policies.b.allow_origins"}
	if hash(nil) != hash(nil, "CORS_X=1", "URL=x") || hash(nil) != hash(toA) {
		t.Error("the hash depends on a variable that is not read")
	}
	if hash(toA, "URL=https://a.example") == hash(toA, "URL=https://b.example") {
		t.Error("the hash does not depend on the value of a mapped variable")
	}
	if hash(toA, "URL=https://a.example") == hash(toB, "URL=https://a.example") {
		t.Error("the hash does not depend on the key of a mapped variable")
	}
}

// TestMappingOptionFaults are the faults of mappings in options.
func TestMappingOptionFaults(t *testing.T) {
	keys := func(name, key string) config.Options { return config.Options{Variables: map[string]string{name: key}} }
	ignore := func(names ...string) config.Options { return config.Options{IgnoreVariables: names} }
	const file = "variables: {APP_URL: policies.spa.allow_origins}\npolicies: {spa: {allow_origins: []}, other: {}}\n"
	for _, c := range []struct {
		opts config.Options
		env  []string
		want string
	}{
		{keys("URL", "policies.sap.allow_origins"), nil, `URL "policies.sap.allow_origins": Options.Variables: sets the policy "sap", ` +
			`which cors.yaml does not declare; did you mean "policies.spa.allow_origins"?`},
		{keys("URL", "allow_origins"), nil, `URL "allow_origins": Options.Variables: not the whole path of a key; ` +
			`did you mean "policies.spa.allow_origins"?`},
		{keys("app-url", "policies.spa.allow_origins"), nil,
			`app-url "policies.spa.allow_origins": Options.Variables: "app-url" is not a name of a variable; use A-Z, 0-9 and _`},
		{keys("", "policies.spa.allow_origins"), nil, `Options.Variables: "" is not a name of a variable; use A-Z, 0-9 and _`},
		{keys("URL", ""), nil, `URL: Options.Variables: no key; write a path as in "policies.default.allow_origins"`},
		{keys("APP_URL", "policies.other.allow_origins"), nil, `cors.yaml:1:22: variables.APP_URL "policies.spa.allow_origins": ` +
			`Options.Variables has "policies.other.allow_origins" for this name; remove one of the two`},
		{keys("CORS_PROFILE", "policies.spa.allow_origins"), nil, "CORS_PROFILE already selects the profile; remove the entry"},
		{keys("CORS__POLICIES__SPA__MAX_AGE", "policies.spa.max_age"), nil,
			"CORS__POLICIES__SPA__MAX_AGE already sets policies.spa.max_age; remove the entry, or use another name"},
		{ignore("CORS_ALLOW_ORIGINS"), nil, `CORS_ALLOW_ORIGINS: Options.IgnoreVariables: sets ` +
			`policies.default.allow_origins, so it cannot be ignored; remove the entry, and unset the variable`},
		{ignore("CORS_PROFILE"), nil, "Options.IgnoreVariables: selects the profile, so it cannot be ignored"},
		{ignore("CORS__ROUTES"), nil, "sets routes, so it cannot be ignored"},
		{ignore("cors_proxy"), nil, `"cors_proxy" is not a name of a variable; did you mean "CORS_PROXY"?`},
		{ignore("CORS_*"), nil, `"CORS_*" is not a name of a variable`},
		{ignore("PROXY_CORS"), nil, "has no effect, because only variables that begin with CORS_ are checked; remove the entry"},
		{config.Options{Variables: map[string]string{"CORS_URL": "policies.spa.allow_origins"}, IgnoreVariables: []string{"CORS_URL"}}, nil,
			`"CORS_URL" both sets a key and is ignored; remove one of the two`},
		{config.Options{}, []string{"APP_URL=https://a.example/", "CORS__POLICIES__SPA__MAX_AGE=5m"},
			`APP_URL: policies.spa.allow_origins[0] "https://a.example/": a trailing slash is not part of an origin; ` +
				`did you mean "https://a.example"?`},
		{config.Options{}, []string{"APP_URL=https://a.example", "CORS__POLICIES__SPA__ALLOW_ORIGINS=https://b.example"},
			"CORS__POLICIES__SPA__ALLOW_ORIGINS: policies.spa.allow_origins: also set by APP_URL; unset one of the two"},
		{keys("CORS_ORIGINS", "policies.spa.allow_origins"), []string{"CORS_ORIGINS=", "APP_URL="},
			"CORS_ORIGINS: policies.spa.allow_origins: also set by APP_URL; unset one of the two"},
		{keys("CORS_FRONTEND", "policies.spa.max_age"), []string{"CORS_FRONTENDS=5m"},
			"CORS_FRONTENDS: an unknown variable; did you mean CORS_FRONTEND? If not, "},
		{keys("CORS_FRONTEND", "policies.spa.max_age"), []string{"cors_frontend=5m"},
			"cors_frontend: variables must be in upper case; did you mean CORS_FRONTEND?"},
		{config.Options{}, []string{"cors_profile=prod"}, "cors_profile: variables must be in upper case; did you mean CORS_PROFILE?"},
		{ignore("CORS_PROXY"), []string{"CORS_PROXY_URL=1"}, "CORS_PROXY_URL: an unknown variable"},
		{config.Options{}, []string{"CORS__VARIABLES={}"},
			"CORS__VARIABLES: a variable cannot set variables; set it in the file, or in Options"},
	} {
		c.opts.Environ = append([]string{}, c.env...)
		_, err := config.Read(context.Background(), yaml(file), "cors.yaml", c.opts)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: got\n%v\nwant\n%s", c.opts, err, c.want)
		}
	}
	_, err := config.FromEnv(config.Options{Environ: []string{}, Variables: map[string]string{"URL": "policies.spa.allow_origins"}})
	if want := "no variable sets a policy; set this one or URL (an empty value refuses every origin)"; err == nil ||
		!strings.Contains(err.Error(), want) {
		t.Errorf("no variable: %v, want %s", err, want)
	}
	_, err = config.FromEnv(config.Options{Environ: []string{"A=", "B="},
		Variables: map[string]string{"A": "policies.a-b.allow_origins", "B": "policies.a_b.allow_origins"}})
	if want := `the policy differs from "a-b" only in - and _`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("policies that variables cannot tell apart: %v, want %s", err, want)
	}
}

// mappingFaults are faults of the keys about variables in files.
var mappingFaults = []faultCase{
	{
		name: "keys of variables",
		files: config.Static{
			"cors.yaml": []byte(`variables:
  A: allow_origins
  B: policies.spa.allow_orgins
  C: policies.spa
  D: policies.Spa.max_age
  E: route
  F: frobnicate
  G: policy.spa.max_age
  H: policies.sap.max_age
  I: policies.zoo.max_age
  J: variables
  K: policies.sp_a.max_age
policies: {spa: {}, sp-a: {}}
`),
		},
		env: []string{"A=1"},
		want: []string{
			`cors.yaml:2:6: variables.A "allow_origins": not the whole path of a key; did you mean "policies.spa.allow_origins"?`,
			`cors.yaml:3:6: variables.B "policies.spa.allow_orgins": an unknown key; did you mean "policies.spa.allow_origins"?`,
			`cors.yaml:4:6: variables.C "policies.spa": an unknown key; write a path as in "policies.spa.allow_origins"`,
			`cors.yaml:5:6: variables.D "policies.Spa.max_age": not a valid name of a policy; use a-z and 0-9, separated by single - or _`,
			`cors.yaml:6:6: variables.E "route": an unknown key; did you mean "routes"?`,
			`cors.yaml:7:6: variables.F "frobnicate": an unknown key; write a path as in "policies.spa.allow_origins"`,
			`cors.yaml:8:6: variables.G "policy.spa.max_age": an unknown key; did you mean "policies.spa.max_age"?`,
			`cors.yaml:9:6: variables.H "policies.sap.max_age": sets the policy "sap", which cors.yaml does not declare; ` +
				`did you mean "policies.spa.max_age"?`,
			`cors.yaml:10:6: variables.I "policies.zoo.max_age": sets the policy "zoo", which cors.yaml does not declare; ` +
				`declare it there, for example as zoo: {}`,
			`cors.yaml:11:6: variables.J "variables": an unknown key; write a path as in "policies.spa.allow_origins"`,
			`cors.yaml:12:6: variables.K "policies.sp_a.max_age": sets the policy "sp_a", which cors.yaml does not declare; ` +
				`did you mean "policies.sp-a.max_age"?`,
		},
	},
	{
		name: "names of variables",
		files: config.Static{
			"cors.yaml": []byte(`variables: {frontend_url: policies.spa.allow_origins, CORS_MAX_AGE: policies.spa.max_age, 1A: routes}
ignore_variables: [CORS_MAX_AGE, cors_x, PROXY, CORS__POLICIES__X__MAX_AGE, CORS_A]
policies: {spa: {}}
`),
		},
		env: []string{"CORS_A=1"},
		want: []string{
			`cors.yaml:1:27: variables.frontend_url "policies.spa.allow_origins": "frontend_url" is not a name of a variable; ` +
				`did you mean "FRONTEND_URL"?`,
			`cors.yaml:1:69: variables.CORS_MAX_AGE "policies.spa.max_age": CORS_MAX_AGE already sets policies.default.max_age; ` +
				`remove the entry, or use another name`,
			`cors.yaml:1:95: variables.1A "routes": "1A" is not a name of a variable; use A-Z, 0-9 and _`,
			`cors.yaml:2:20: ignore_variables[0] "CORS_MAX_AGE": sets policies.default.max_age, so it cannot be ignored; ` +
				`remove the entry, and unset the variable`,
			`cors.yaml:2:34: ignore_variables[1] "cors_x": "cors_x" is not a name of a variable; did you mean "CORS_X"?`,
			`cors.yaml:2:42: ignore_variables[2] "PROXY": has no effect, because only variables that begin with CORS_ are checked; ` +
				`remove the entry`,
			`cors.yaml:2:49: ignore_variables[3] "CORS__POLICIES__X__MAX_AGE": sets policies.x.max_age, so it cannot be ignored; ` +
				`remove the entry, and unset the variable`,
		},
	},
	{
		name: "types of the keys about variables",
		files: config.Static{
			"cors.yaml": []byte("variables: [A]\nignore_variables: CORS_A, CORS_B\npolicies: {spa: {}}\n"),
		},
		env: []string{"CORS_A=1"}, // may be ignored
		want: []string{
			`cors.yaml:1:12: variables: expected a table from names to keys, got a list; ` +
				`write it as in variables: {"FRONTEND_URL": "policies.default.allow_origins"}`,
			`cors.yaml:2:19: ignore_variables "CORS_A, CORS_B": expected a list, got text; write ["CORS_A", "CORS_B"]`,
		},
	},
	{
		name: "entries of the keys about variables",
		files: config.Static{
			"cors.yaml": []byte("variables: {A: , B: 1, C: \"\"}\nignore_variables: [1, ]\npolicies: {spa: {}}\n"),
		},
		want: []string{
			"cors.yaml:1:16: variables.A: no value; set one, or remove the key",
			`cors.yaml:1:21: variables.B "1": expected text, got a number; write the path of a key, in quotes`,
			"cors.yaml:1:27: variables.C: empty; set a value, or remove the key",
			`cors.yaml:2:20: ignore_variables[0] "1": expected text, got a number; write the name of a variable, in quotes`,
		},
	},
}

// TestUnknownVariablesCanBeKept follows what the message about an unknown variable says, in
// files and in options.
func TestUnknownVariablesCanBeKept(t *testing.T) {
	const policies, key = "policies: {spa: {}}\n", "policies.spa.allow_origins"
	for name, says := range map[string][]string{
		"CORS_ORIGINS":      {"If not, " + mapIt + listIt},
		"CORS_XYZZY":        {"unset it", mapIt + listIt},
		"CORS__ORIGINS":     {"CORS__POLICIES__NAME__KEY", mapIt + listIt},
		"CORS_SERVICE_HOST": {"enableServiceLinks", "or " + listIt},
	} {
		environ := []string{name + "=https://a.example"}
		_, err := config.Read(context.Background(), yaml(policies), "cors.yaml", config.Options{Environ: environ})
		for _, text := range says {
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("%v\ndoes not say %s", err, text)
			}
		}
		for _, c := range []struct {
			head string
			opts config.Options
		}{
			{"variables: {" + name + ": " + key + "}\n", config.Options{}},
			{"ignore_variables: [" + name + "]\n", config.Options{}},
			{"", config.Options{Variables: map[string]string{name: key}}},
			{"", config.Options{IgnoreVariables: []string{name}}},
		} {
			c.opts.Environ = environ
			if _, err := config.Read(context.Background(), yaml(c.head+policies), "cors.yaml", c.opts); err != nil {
				t.Errorf("%s%+v: %v", c.head, c.opts, err)
			}
		}
	}
}
