package config_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// TestFromEnvOver checks what variables change in a policy of the program.
func TestFromEnvOver(t *testing.T) {
	inCode := core.Policy{
		AllowOrigins: []string{"http://localhost:*"}, AllowMethods: []string{"PUT", "DELETE"}, AllowHeaders: []string{"authorization"},
		ExposeHeaders: []string{"etag"}, AllowCredentials: true, MaxAge: 10 * time.Minute, RejectDisallowed: true,
	}
	with := func(change func(*core.Policy)) core.Policy {
		p := inCode
		p.Name = "default"
		change(&p)
		return p
	}
	for _, c := range []struct {
		env  []string
		want core.Policy
		note string // the keys and variables of notes
	}{
		{nil, with(func(*core.Policy) {}), ""},
		{[]string{"CORS_ALLOW_ORIGINS=https://a.example,https://b.example"},
			with(func(p *core.Policy) { p.AllowOrigins = []string{"https://a.example", "https://b.example"} }), ""},
		{[]string{"CORS_ALLOW_ORIGINS="}, with(func(p *core.Policy) { p.AllowOrigins = []string{} }), ""},
		{[]string{"CORS_MAX_AGE=600s", "CORS_ALLOW_METHODS=PUT,DELETE"}, with(func(*core.Policy) {}), ""},
		{[]string{"CORS_MAX_AGE=disabled", "CORS_ALLOW_CREDENTIALS=false", "CORS_ALLOW_METHODS=PATCH",
			"CORS__POLICIES__DEFAULT__ALLOW_HEADERS="},
			with(func(p *core.Policy) {
				p.MaxAge, p.AllowCredentials, p.AllowMethods, p.AllowHeaders = core.NoPreflightCache, false, []string{"PATCH"}, []string{}
			}), "allow_credentials CORS_ALLOW_CREDENTIALS, allow_headers CORS__POLICIES__DEFAULT__ALLOW_HEADERS, " +
				"allow_methods CORS_ALLOW_METHODS, max_age CORS_MAX_AGE"},
		{[]string{"CORS_ORIGINS_FILE=testdata/envover/origins.txt"},
			with(func(p *core.Policy) { p.AllowOrigins = []string{"https://listed.example"} }), ""},
	} {
		got, err := config.ReadEnvOver(inCode, config.Options{Environ: append([]string{}, c.env...)})
		if err != nil {
			t.Errorf("%v: %v", c.env, err)
			continue
		}
		if p := got.Policies; len(p) != 1 || !reflect.DeepEqual(p[0], c.want) {
			t.Errorf("%v: %+v, want %+v", c.env, p, c.want)
		}
		var notes []string
		for _, n := range got.Notes {
			text := strings.TrimPrefix(n.String(), "the policy in the code: policies.default.")
			text = strings.Replace(text, ": has no effect, because the variable", "", 1)
			if text, ok := strings.CutSuffix(text, " is set; change the variable, or unset it"); ok && n.Reason == reason.Overridden {
				notes = append(notes, text)
			} else {
				t.Errorf("%v: note %v", c.env, n)
			}
		}
		if strings.Join(notes, ", ") != c.note {
			t.Errorf("%v: notes %q, want %q", c.env, notes, c.note)
		}
	}
}

// TestFromEnvOverFields checks that no field of a policy is lost.
func TestFromEnvOverFields(t *testing.T) {
	for _, p := range []core.Policy{
		{Name: "app", AllowOrigins: []string{"null"}, DangerouslyAllowNullOrigin: true, AllowPrivateNetwork: true},
		{Name: "my-app", AllowOrigins: []string{"http://a.example"}, AllowCredentials: true, DangerouslyAllowInsecureOrigins: true},
		{Name: "a_b", AllowOrigins: []string{"https://*.github.io"}, AllowCredentials: true, DangerouslyAllowPublicSuffixes: true},
		{Name: "x", MaxAge: core.NoPreflightCache, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, ExposeHeaders: []string{"*"}},
	} {
		c, err := config.ReadEnvOver(p, none)
		if err != nil || !reflect.DeepEqual(c.Policies, []core.Policy{p}) {
			t.Errorf("%+v: %v, %+v", p, err, c)
		}
	}
	asked := 0
	engine, err := config.FromEnvOver(core.Policy{AllowOriginFunc: func(_ context.Context, r core.Request) bool {
		asked++
		return r.OriginValue() == "https://f.example"
	}}, config.Options{Environ: []string{"CORS_ALLOW_ORIGINS=https://e.example"}})
	if err != nil || !engine.AllowsOrigin("https://e.example") || !engine.AllowsOrigin("https://f.example") ||
		engine.AllowsOrigin("https://g.example") || asked != 2 {
		t.Errorf("with AllowOriginFunc: %v, asked %d times", err, asked)
	}
}

// TestFromEnvOverRevision checks that the revision depends on the policy of the program.
func TestFromEnvOverRevision(t *testing.T) {
	hash := func(p core.Policy) string {
		c, err := config.ReadEnvOver(p, none)
		if err != nil {
			t.Fatal(err)
		}
		return c.Revision.Hash
	}
	a := core.Policy{AllowOrigins: []string{"https://a.example"}}
	again := core.Policy{AllowOrigins: []string{"https://a.example"}}
	if hash(a) != hash(again) || hash(a) == hash(core.Policy{AllowOrigins: []string{"https://b.example"}}) {
		t.Error("the revision does not identify the policy")
	}
}

// TestFromEnvOverFaults checks the errors, and that nothing of the policy is retained.
func TestFromEnvOverFaults(t *testing.T) {
	ok := core.Policy{AllowOrigins: []string{"https://a.example"}}
	for _, c := range []struct {
		policy core.Policy
		env    string
		want   string
	}{
		{ok, "CORS_ALLOW_ORIGIN=x", `CORS_ALLOW_ORIGIN: an unknown variable; did you mean CORS_ALLOW_ORIGINS?`},
		{ok, "CORS_ALLOW_ORIGINS=*.a.example", `CORS_ALLOW_ORIGINS: policies.default.allow_origins[0] "*.a.example"`},
		{ok, "CORS__POLICIES__SPA__MAX_AGE=1m", `CORS__POLICIES__SPA__MAX_AGE: sets the policy "spa", but the policy in the code is ` +
			`"default"; set CORS_MAX_AGE`},
		{core.Policy{Name: "spa"}, "CORS_MAX_AGE=1m", `CORS_MAX_AGE: sets the policy "default", but the policy in the code is "spa"; ` +
			`set CORS__POLICIES__SPA__MAX_AGE`},
		{core.Policy{Name: "My Policy"}, "", `the policy in the code "My Policy": not a valid policy name; use a-z`},
		{core.Policy{Name: "SPA"}, "", `the policy in the code "SPA": not a valid policy name; use a-z`},
		{core.Policy{AllowMethods: []string{"patch"}}, "",
			`the policy in the code: policies.default.allow_methods[0] "patch": methods are case`},
		{core.Policy{MaxAge: 600}, "", `the policy in the code: policies.default.max_age`},
		{ok, "CORS_PROFILE=prod", `CORS_PROFILE "prod"`},
	} {
		opts := config.Options{Environ: []string{c.env}}
		engine, err := config.FromEnvOver(c.policy, opts)
		list := slices.Collect(config.Errors(err))
		if engine != nil || len(list) != 1 || !strings.HasPrefix(list[0].Error(), c.want) {
			t.Errorf("%+v with %s: %v, want %s", c.policy, c.env, err, c.want)
		}
	}
	engine, err := config.FromEnvOver(ok, none)
	if err != nil {
		t.Fatal(err)
	}
	ok.AllowOrigins[0] = "https://changed.example"
	if engine.AllowsOrigin("https://changed.example") || !engine.AllowsOrigin("https://a.example") {
		t.Error("the engine uses the caller's slice")
	}
}

// TestFromEnvOverNote checks that lists which neither the program nor a variable sets are
// noted.
func TestFromEnvOverNote(t *testing.T) {
	env := config.Options{Environ: []string{"CORS_ALLOW_ORIGINS=https://a.example"}}
	c, err := config.ReadEnvOver(core.Policy{AllowMethods: []string{"PUT"}}, env)
	if err != nil || len(c.Notes) != 1 ||
		!strings.HasPrefix(c.Notes[0].String(), "the policy in the code: policies.default: no allow_headers: ") {
		t.Errorf("%v, %+v", err, c)
	}
	c, err = config.ReadEnvOver(core.Policy{AllowMethods: []string{"PUT"}, AllowHeaders: []string{}}, env)
	if err != nil || len(c.Notes) > 0 {
		t.Errorf("%v, %+v", err, c)
	}
}
