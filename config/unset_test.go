package config_test

import (
	"context"
	"strings"
	"testing"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
)

// TestMessagesNameMappedVariables checks that messages about what is missing name the
// variables that set it, those that the program or the file maps first.
func TestMessagesNameMappedVariables(t *testing.T) {
	mapped := map[string]string{
		"FRONTEND_URL": "policies.default.allow_origins", "APP_METHODS": "policies.default.allow_methods",
	}
	inCode := &core.Policy{AllowMethods: []string{"PUT"}, AllowHeaders: []string{"authorization"}}
	const (
		methods = "scripts may use only GET, HEAD and POST"
		both    = "no allow_methods and no allow_headers: " + methods + ", and set no header such as Authorization"
		names   = "variables: {FRONTEND_URL: policies.spa.allow_origins, APP_METHODS: policies.spa.allow_methods}\n"
		headers = "allow_headers: [authorization]"
	)
	for _, c := range []struct {
		name     string
		file     string
		defaults *core.Policy
		mapped   map[string]string
		env      []string
		want     string // the only warning or note
	}{
		{name: "program, nothing set", defaults: inCode,
			want: "the policy in the code: policies.default.allow_origins: no origin is allowed; set CORS_ALLOW_ORIGINS"},
		{name: "program, mapped, nothing set", defaults: inCode, mapped: mapped,
			want: "the policy in the code: policies.default.allow_origins: no origin is allowed; set FRONTEND_URL or CORS_ALLOW_ORIGINS"},
		{name: "program, empty", defaults: inCode, mapped: mapped, env: []string{"FRONTEND_URL="},
			want: "FRONTEND_URL: policies.default.allow_origins: no origin is allowed; list the origins that may read responses"},
		{name: "program with a name", defaults: &core.Policy{Name: "spa", AllowMethods: []string{"PUT"}},
			want: "the policy in the code: policies.spa.allow_origins: no origin is allowed; set CORS__POLICIES__SPA__ALLOW_ORIGINS"},
		{name: "environment, no origins", mapped: mapped, env: []string{"CORS_ALLOW_HEADERS=x-a"},
			want: "policies.default.allow_origins: no origin is allowed; set FRONTEND_URL or CORS_ALLOW_ORIGINS"},
		{name: "environment, only origins", mapped: mapped, env: []string{"FRONTEND_URL=https://a.example"},
			want: "policies.default: " + both + "; set APP_METHODS and CORS_ALLOW_HEADERS, to nothing if that is intended"},
		{name: "file, nothing set", file: names + "policies: {spa: {allow_methods: [PUT], " + headers + "}}",
			want: "cors.yaml:2:12: policies.spa.allow_origins: no origin is allowed; list the origins that may read responses, " +
				"or set FRONTEND_URL"},
		{name: "file of origins", file: "variables: {LIST: policies.spa.origins_file}\npolicies: {spa: {}}",
			want: "cors.yaml:2:12: policies.spa.allow_origins: no origin is allowed; list the origins that may read responses, " +
				"or set LIST"},
		{name: "file, another policy", file: names + "policies: {spa: {}, b: {}}\nroutes: [{path: /, policies: [b]}]",
			env: []string{"FRONTEND_URL=https://a.example", "CORS__POLICIES__SPA__ALLOW_METHODS="},
			want: "cors.yaml:2:12: policies.spa: no route names this policy; name it in a route, or remove it\n" +
				"cors.yaml:2:21: policies.b.allow_origins: no origin is allowed; list the origins that may read responses"},
		{name: "file, no methods", file: names + "policies: {spa: {" + headers + "}}", env: []string{"FRONTEND_URL=https://a.example"},
			want: "cors.yaml:2:12: policies.spa: no allow_methods: " + methods +
				"; list what scripts need, or write [] if that is intended, or set APP_METHODS"},
	} {
		t.Run(c.name, func(t *testing.T) {
			opts := config.Options{Environ: append([]string{}, c.env...), Variables: c.mapped}
			var read *config.Config
			var err error
			switch {
			case c.defaults != nil:
				read, err = config.ReadEnvOver(*c.defaults, opts)
			case c.file != "":
				read, err = config.Read(context.Background(), yaml(c.file), "cors.yaml", opts)
			default:
				read, err = config.ReadEnv(opts)
			}
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, w := range append(read.Warnings, read.Notes...) {
				got += "\n" + w.String()
			}
			if got != "\n"+c.want {
				t.Errorf("got%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// TestVariablesInSuggestions checks that each variable that a suggestion names does what the
// suggestion says.
func TestVariablesInSuggestions(t *testing.T) {
	mapped := map[string]string{
		"FRONTEND_URL": "policies.default.allow_origins", "APP_METHODS": "policies.default.allow_methods",
	}
	read := func(env ...string) *config.Config {
		t.Helper()
		c, err := config.ReadEnv(config.Options{Variables: mapped, Environ: append(env, "CORS_MAX_AGE=1m")})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	set, ok := strings.CutPrefix(read().Warnings[0].Suggestion, "set ")
	if names := strings.Split(set, " or "); !ok || len(names) != 2 {
		t.Errorf("suggestion %q", set)
	} else {
		for _, name := range names {
			if c := read(name + "=https://a.example"); len(c.Warnings) > 0 {
				t.Errorf("with %s: %v", name, c.Warnings)
			}
		}
	}
	set, _, _ = strings.Cut(read("FRONTEND_URL=https://a.example").Notes[0].Suggestion, ",")
	env := []string{"FRONTEND_URL=https://a.example"}
	for name := range strings.SplitSeq(strings.TrimPrefix(set, "set "), " and ") {
		env = append(env, name+"=")
	}
	if c := read(env...); len(env) != 3 || len(c.Notes) > 0 {
		t.Errorf("with %v: %v", env, c.Notes)
	}
}
