package core_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// TestListedOrigins covers origins that only an entry with the same bytes or "*" matches:
// those of applications, and hosts with a dot at the end.
func TestListedOrigins(t *testing.T) {
	for listed, others := range map[string][]string{
		"app://.":             {"app://", "app://..", "app://a", "app://./", "https://."},
		"file://":             {"file:///", "file://x", "null", "https://"},
		"qrc://":              {"qrc:///", "qrc://x"},
		"https://a.example.":  {"https://a.example", "https://x.a.example.", "http://a.example."},
		"http://localhost.:1": {"http://localhost:1", "http://localhost."},
	} {
		asked := false
		open := func(context.Context, core.Request) bool { asked = true; return true }
		engine, err := core.New(core.Policy{AllowOrigins: []string{listed}, AllowCredentials: true})
		if err != nil {
			t.Errorf("%s: %v", listed, err)
			continue
		}
		d := engine.Decide(ctx, get(listed))
		if !d.Allowed || d.AllowOrigin != listed || d.AllowCredentials != "true" || !engine.AllowsOrigin(listed) || !core.IsOrigin(listed) {
			t.Errorf("%s: %+v", listed, d)
		}
		for _, o := range others {
			if engine.AllowsOrigin(o) {
				t.Errorf("%s allows %s", listed, o)
			}
		}
		patterns := core.MustNew(core.Policy{
			AllowOrigins:    []string{"https://*.example", "http://localhost:*", `regexp:.*`, "app://*.a"},
			AllowOriginFunc: open,
		})
		if patterns.AllowsOrigin(listed) || asked {
			t.Errorf("%s: a wildcard or an expression matches it, or a function was asked: %v", listed, asked)
		}
		x := patterns.Explain(ctx, get(listed))
		if text := x.String(); !strings.Contains(text, "add \""+listed+"\" to AllowOrigins") || strings.Contains(text, "not an origin") {
			t.Errorf("%s: %s", listed, text)
		}
		later := core.MustNew(core.Policy{AllowOrigins: []string{"https://b.example"}}, core.Policy{AllowOrigins: []string{"*"}})
		if d := later.Decide(ctx, get(listed)); !d.Allowed || d.AllowOrigin != "*" {
			t.Errorf("%s: a later policy for every origin: %+v", listed, d)
		}
	}
}

func TestTrailingDotWarning(t *testing.T) {
	for entry, want := range map[string][]reason.Reason{
		"https://a.example.":      {reason.TrailingDot},
		"https://a.example.:8443": {reason.TrailingDot},
		"http://a.example.":       {reason.InsecureOrigin},
		"app://.":                 nil,
		"file://":                 nil,
		"app://a.":                nil,
		"https://a.example":       nil,
	} {
		var got []reason.Reason
		for _, w := range core.MustNew(core.Policy{AllowOrigins: []string{entry}}).Warnings() {
			got = append(got, w.Reason)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: warnings %q, want %q", entry, got, want)
		}
	}
	if _, err := core.New(core.Policy{AllowOrigins: []string{"http://a.example."}, AllowCredentials: true}); err == nil {
		t.Error("http://a.example. is accepted with credentials")
	}
}

// TestOtherSchemes: wildcards and port ranges may have any scheme. With credentials,
// registered domains do not matter, because no DNS is involved.
func TestOtherSchemes(t *testing.T) {
	for entry, origin := range map[string]string{
		"x-app://*.a.example": "x-app://x.a.example", "x-app://pr-*.a": "x-app://pr-1.a", "x-app://*.com": "x-app://a.com",
		"capacitor://localhost:*": "capacitor://localhost:81", "x-app://a:1-2": "x-app://a:2",
	} {
		engine, err := core.New(core.Policy{AllowOrigins: []string{entry}, AllowCredentials: true})
		if err != nil || len(engine.Warnings()) > 0 || !engine.AllowsOrigin(origin) {
			t.Errorf("%s: %v, %v", entry, err, engine.Warnings())
		}
	}
}

// TestClients lists the origins in docs/origins.md. New accepts each of them unchanged.
func TestClients(t *testing.T) {
	for _, origin := range []string{
		"https://app.example.com", "https://app.example.com.", "file://", "app://.", "app://-", "app://bundle", "https://localhost",
		"http://localhost", "app://localhost", "capacitor://localhost", "ionic://localhost", "tauri://localhost",
		"http://tauri.localhost", "https://tauri.localhost", "qrc://", "chrome-extension://aaaabbbbccccddddeeeeffffgggghhhh",
		"moz-extension://9f1c8a2b-0d4e-4c55-8a1b-2c3d4e5f6071",
	} {
		engine, err := core.New(core.Policy{AllowOrigins: []string{origin}, AllowCredentials: true})
		if err != nil || !engine.AllowsOrigin(origin) {
			t.Errorf("%s: %v", origin, err)
		}
	}
}
