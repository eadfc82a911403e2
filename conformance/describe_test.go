package conformance

import (
	"context"
	"go/parser"
	"regexp"
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
			`AllowHeaders: []string{"x-a", "x-b", "authorization"}, ExposeHeaders: []string{"x-e"}, MaxAge: 10*time.Minute}`},
		{Setup{Routes: []core.Route{{Path: "/a/", Policies: []core.Policy{{Name: "p", AllowCredentials: true}}}}},
			`core.Route{Path: "/a/", Policies: []core.Policy{{Name: "p", AllowCredentials: true}}}`},
		{Setup{Policies: []core.Policy{{}}, Twice: true, OuterVary: "Accept", Protocol: H2C},
			"core.Policy{}\n" + `conformance.Setup{Twice: true, OuterVary: "Accept", Protocol: "h2c"}`},
		{setup(core.Policy{AllowOriginFunc: func(context.Context, core.Request) bool { return true }, MaxAge: time.Second}),
			"core.Policy{AllowOriginFunc: allowOrigin /* a function */, MaxAge: 1*time.Second}"},
		{age(core.NoPreflightCache), ageOf("core.NoPreflightCache")},
		{age(24 * time.Hour), ageOf("24*time.Hour")},
		{age(24*time.Hour + time.Second), ageOf("86401*time.Second")},
		{age(1500 * time.Millisecond), ageOf("1500*time.Millisecond")},
		{age(-5 * time.Second), ageOf("-5*time.Second")},
		{age(1001 * time.Microsecond), ageOf("time.Duration(1001000)")},
	} {
		if got := describe(tt.setup); got != tt.want {
			t.Errorf("describe is\n%s\nwant\n%s", got, tt.want)
		}
	}
}

// ageOf is the description of policyTwo with another maximum age.
func ageOf(want string) string { return strings.ReplaceAll(describe(two()), "10*time.Minute", want) }

// The description of a setup in a failure message is Go code, for every case.
func TestDescriptionsAreGo(t *testing.T) {
	described := 0
	for _, c := range Cases() {
		description := describe(c.Setup)
		if len(description) > maxSetup {
			continue // cut short
		}
		for line := range strings.SplitSeq(description, "\n") {
			if line == "" {
				continue
			}
			if _, err := parser.ParseExpr(line); err != nil {
				t.Errorf("%s: %v: %s", c.ID, err, line)
			}
			if age := regexp.MustCompile(`MaxAge: [-\w]+[,}]`).FindString(line); age != "" {
				t.Errorf("%s: %s is not a duration", c.ID, age) // also 10m0s, which the parser splits
			}
			described++
		}
	}
	if described < 400 {
		t.Errorf("only %d descriptions", described)
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
	if got := describe(setup(origins(slices.Repeat([]string{"x"}, 100)...))); !strings.HasSuffix(got, "/* ... and 92 more */}}") {
		t.Errorf("the description does not say how many origins it leaves out:\n%s", got)
	}
}
