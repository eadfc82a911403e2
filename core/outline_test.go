package core_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
)

func TestOutline(t *testing.T) {
	var many []string
	for i := range 101 {
		many = append(many, fmt.Sprintf("https://x%d.example", i))
	}
	unnamed := core.Policy{
		AllowOrigins: slices.Clone(many), AllowMethods: []string{"PUT"}, AllowHeaders: []string{"x-a"}, ExposeHeaders: []string{"x-b"},
		AllowCredentials: true,
	}
	e := core.MustNew(unnamed, two())
	first := e.Outline()
	unnamed.AllowOrigins[0], unnamed.AllowMethods[0] = "changed", "changed"
	if len(first.Policies) != 2 || first.Routes != nil {
		t.Fatalf("got %d policies and routes %v, want two and none", len(first.Policies), first.Routes)
	}
	p := first.Policies[0]
	if p.Name != "default" || p.Origins != 101 || !slices.Equal(p.AllowOrigins, many[:100]) || !p.AllowCredentials {
		t.Errorf("the first policy is %+v", p)
	}
	if got := strings.Join(slices.Concat(p.AllowMethods, p.AllowHeaders, p.ExposeHeaders), " "); got != "PUT x-a x-b" {
		t.Errorf("the lists are %q", got)
	}
	if second := first.Policies[1]; second.Name != two().Name || second.Origins != len(two().AllowOrigins) {
		t.Errorf("the second policy is %+v", second)
	}
	if e.Outline() != first {
		t.Error("without a reload, the outline has changed")
	}
	if err := e.Reload(two()); err != nil || len(e.Outline().Policies) != 1 {
		t.Errorf("after a reload: %v, %+v", err, e.Outline())
	}
	for _, none := range []*core.Engine{nil, new(core.Engine)} {
		if o := none.Outline(); o == nil || o.Policies != nil || o.Routes != nil {
			t.Errorf("without policies: %+v", o)
		}
	}
}

func TestOutlineOfRoutes(t *testing.T) {
	shared := named("shared")
	e, err := core.NewRouted(
		core.Route{Host: "h.example", Path: "/a/", Policies: shared},
		core.Route{Path: "/b", Policies: named("other")},
		core.Route{Path: "/c", Policies: shared},
	)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	o := e.Outline()
	for _, r := range o.Routes {
		got = append(got, r.Host+r.Path+" "+r.Policies[0].Name)
	}
	if want := "[h.example/a/ shared /b other /c shared]"; fmt.Sprint(got) != want || o.Policies != nil {
		t.Errorf("got %v and %d policies, want %s", got, len(o.Policies), want)
	}
	if &o.Routes[0].Policies[0] != &o.Routes[2].Policies[0] {
		t.Error("a list that routes share is kept twice")
	}
}

func TestShadowOutline(t *testing.T) {
	e := core.MustNew(two())
	if o := e.ShadowOutline(); o != nil {
		t.Errorf("without a shadow: %+v", o)
	}
	if err := e.Shadow(cred()); err != nil {
		t.Fatal(err)
	}
	if o := e.ShadowOutline(); o == nil || len(o.Policies) != 1 || o.Policies[0].Name != cred().Name {
		t.Errorf("got %+v", o)
	}
}
