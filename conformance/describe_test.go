package conformance

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/core"
)

func TestDescribe(t *testing.T) {
	for _, tt := range []struct {
		setup Setup
		want  string
	}{
		{Setup{}, ""},
		{two(), `core.Policy{AllowOrigins: []string{"https://a.example", "https://b.example"}, AllowMethods: []string{"PUT", "DELETE"}, ` +
			`AllowHeaders: []string{"x-a", "x-b", "authorization"}, ExposeHeaders: []string{"x-e"}, MaxAge: 10m0s}`},
		{Setup{Routes: []core.Route{{Path: "/a/", Policies: []core.Policy{{Name: "p", AllowCredentials: true}}}}},
			`core.Route{Path: "/a/", Policies: []core.Policy{{Name: "p", AllowCredentials: true}}}`},
		{Setup{Policies: []core.Policy{{}}, Twice: true, OuterVary: "Accept", Protocol: H2C},
			"core.Policy{}\n" + `Setup{Twice: true, OuterVary: "Accept", Protocol: "h2c"}`},
		{setup(core.Policy{AllowOriginFunc: func(context.Context, core.Request) bool { return true }, MaxAge: time.Second}),
			"core.Policy{AllowOriginFunc: func, MaxAge: 1s}"},
	} {
		if got := describe(tt.setup); got != tt.want {
			t.Errorf("describe is\n%s\nwant\n%s", got, tt.want)
		}
	}
}

func TestDescriptionsAreBounded(t *testing.T) {
	many := make([]string, 10_000)
	for i := range many {
		many[i] = strings.Repeat("x", 1000)
	}
	var policies []core.Policy
	for range 100 {
		policies = append(policies, origins(many...))
	}
	got := describe(setup(policies...))
	if len(got) > maxSetup+100 || !strings.Contains(got, "... (1000 bytes)") || !strings.HasSuffix(got, " bytes)") {
		t.Errorf("the description has %d bytes:\n%s", len(got), got)
	}
	if got := describe(setup(origins(slices.Repeat([]string{"x"}, 100)...))); !strings.HasSuffix(got, "... and 92 more}}") {
		t.Errorf("the description does not say how many origins it leaves out:\n%s", got)
	}
}
