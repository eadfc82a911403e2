package config_test

import (
	"context"
	"slices"
	"testing"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
)

func TestProfiles(t *testing.T) {
	files := config.Static{
		"conf/cors.yaml": []byte(`
policies:
  spa:
    allow_origins: ["https://app.example.com"]
    origins_file: partners.txt
    allow_methods: [PUT]
    allow_credentials: true
  public: {allow_origins: ["*"]}
routes:
  - {path: /public/, policies: [public]}
  - {policies: [spa]}
`),
		"partners.txt": []byte("https://partner.example\n"),
		"conf/cors.dev.yaml": []byte(`
policies:
  spa:
    allow_origins: ["http://localhost:*"]
  debug: {allow_origins: ["http://localhost:9000"]}
`),
		"conf/cors.flat.yaml": []byte("routes: [{policies: [public, spa]}]\n"),
	}
	load := func(profile string, env ...string) *config.Config {
		t.Helper()
		opts := config.Options{Profile: profile, Environ: append([]string{}, env...)}
		c, err := config.Read(context.Background(), files, "conf/cors.yaml", opts)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	base := load("")
	if got := base.Policies[0].AllowOrigins; !slices.Equal(got, []string{"https://app.example.com", "https://partner.example"}) {
		t.Errorf("got %q without a profile", got)
	}
	for _, dev := range []*config.Config{load("dev"), load("", "CORS_PROFILE=dev"), load("flat", "CORS_PROFILE=dev")} {
		wantPolicies(t, dev,
			core.Policy{Name: "spa", AllowOrigins: []string{"http://localhost:*"}, AllowMethods: []string{"PUT"}, AllowCredentials: true},
			core.Policy{Name: "public", AllowOrigins: []string{"*"}},
			core.Policy{Name: "debug", AllowOrigins: []string{"http://localhost:9000"}})
		if len(dev.Routes) != 2 {
			t.Errorf("routes %+v", dev.Routes)
		}
		if len(dev.Warnings) == 0 || dev.Warnings[0].String() !=
			"conf/cors.dev.yaml:5:3: policies.debug: no route names this policy; name it in a route, or remove it" {
			t.Errorf("warnings %v", dev.Warnings)
		}
	}
	// An empty variable means no profile, even if the options select one.
	if c := load("dev", "CORS_PROFILE="); len(c.Policies) != 2 {
		t.Errorf("got %+v with an empty CORS_PROFILE", c.Policies)
	}
	flat := load("flat")
	if len(flat.Routes) != 1 || len(flat.Routes[0].Policies) != 2 || flat.Routes[0].Policies[0].Name != "public" {
		t.Errorf("the routes of the profile do not replace all routes: %+v", flat.Routes)
	}
	// The environment overrides the profile.
	over := load("dev", "CORS__POLICIES__SPA__ALLOW_ORIGINS=https://env.example")
	if got := over.Policies[0].AllowOrigins; !slices.Equal(got, []string{"https://env.example"}) {
		t.Errorf("got %q, want the origins of the environment", got)
	}
}

// TestProfileOption checks a fault that is neither in a file nor in a variable.
func TestProfileOption(t *testing.T) {
	_, err := config.Read(context.Background(), config.Static{"cors.yaml": []byte(onePolicy)}, "cors.yaml",
		config.Options{Environ: []string{}, Profile: "../x"})
	if want := `"../x": not a valid profile name; use a-z and 0-9, separated by single - or _`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
