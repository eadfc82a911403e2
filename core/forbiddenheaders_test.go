package core_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// forbiddenNames are request headers that real configurations list although no script
// can set them.
var forbiddenNames = []string{
	"Origin", "Content-Length", "Accept-Encoding", "Cookie", "Host", "Connection", "Referer", "DNT", "Set-Cookie",
	"Sec-Fetch-Site", "Proxy-Authorization", "Access-Control-Request-Method", "Access-Control-Request-Headers",
}

// TestForbiddenRequestHeaders checks that each such name gets a warning and is never
// sent.
func TestForbiddenRequestHeaders(t *testing.T) {
	for _, credentials := range []bool{false, true} {
		for _, others := range [][]string{{"x-a"}, {"*"}, {}} {
			p := core.Policy{AllowOrigins: []string{"https://a.example"}, AllowCredentials: credentials, AllowHeaders: others}
			plain := core.MustNew(p)
			p.AllowHeaders = append(append([]string(nil), forbiddenNames...), others...)
			listed, err := core.New(p)
			if err != nil {
				t.Fatal(err)
			}
			r := preflight("https://a.example", "PUT", "x-a")
			if got, want := listed.Decide(ctx, r), plain.Decide(ctx, r); got != want {
				t.Errorf("with %q: %+v, want %+v", others, got, want)
			}
			ws := listed.Warnings()
			if len(ws) != len(forbiddenNames) {
				t.Fatalf("with %q: %d warnings, want one for each name: %v", others, len(ws), ws)
			}
			for i, w := range ws {
				if w.Reason != reason.ForbiddenHeader || w.Field != "AllowHeaders" || w.Index != i || w.Value != forbiddenNames[i] {
					t.Errorf("with %q: %+v", others, w)
				}
			}
		}
	}
}

// TestErrorWarnings checks that an error keeps the warnings.
func TestErrorWarnings(t *testing.T) {
	p := core.Policy{Name: "p", AllowOrigins: []string{"a.example"}, AllowMethods: []string{"GET"}, AllowHeaders: []string{"Origin"}}
	_, err := core.New(p)
	_, routed := core.NewRouted(core.Route{Path: "/a", Policies: []core.Policy{p}})
	zero := new(core.Engine)
	for name, err := range map[string]error{
		"New": err, "wrapped": fmt.Errorf("x: %w", err), "NewRouted": routed, "Reload": zero.Reload(p),
		"ReloadRouted": zero.ReloadRouted(core.Route{Path: "/a", Policies: []core.Policy{p}}),
	} {
		ws := core.ErrorWarnings(err)
		if len(ws) != 2 || ws[0].Field != "AllowMethods" || ws[1].Field != "AllowHeaders" || ws[1].Policy != "p" {
			t.Errorf("%s: %v", name, ws)
			continue
		}
		ws[0].Field = "changed"
		if core.ErrorWarnings(err)[0].Field == "changed" {
			t.Errorf("%s: the caller does not own the slice", name)
		}
	}
	_, none := core.New()
	for _, err := range []error{nil, errors.New("other"), none} {
		if ws := core.ErrorWarnings(err); ws != nil {
			t.Errorf("%v: %v", err, ws)
		}
	}
}
