package core_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

func one(change func(*core.Policy)) core.Policy {
	p := core.Policy{AllowOrigins: []string{"https://a.example"}}
	change(&p)
	return p
}

// TestLimits tries the largest allowed value of each setting, and the next larger
// one.
func TestLimits(t *testing.T) {
	method := func(n int) func(*core.Policy) {
		return func(p *core.Policy) { p.AllowMethods = []string{strings.Repeat("M", n)} }
	}
	header := func(n int) func(*core.Policy) {
		return func(p *core.Policy) { p.AllowHeaders = []string{strings.Repeat("h", n)} }
	}
	age := func(d time.Duration) func(*core.Policy) { return func(p *core.Policy) { p.MaxAge = d } }
	tests := []struct {
		name   string
		change func(*core.Policy)
		reason reason.Reason // empty if the policy is valid
		detail string        // in the error
	}{
		{"a method of 256 bytes", method(256), "", ""},
		{"a method of 257 bytes", method(257), reason.TooLong, ""},
		{"a header of 256 bytes", header(256), "", ""},
		{"a header of 257 bytes", header(257), reason.TooLong, ""},
		{"a day", age(24 * time.Hour), "", ""},
		{"a day and a second", age(24*time.Hour + time.Second), reason.MaxAge, "use at most 2h"},
		{"half a second short of a day", age(24*time.Hour - time.Second/2), reason.MaxAge, "cannot express; use at most 2h"},
		{"half a second short of two hours", age(2*time.Hour - time.Second/2), reason.MaxAge, "did you mean 2h0m0s?"},
		{"half a second more", age(2*time.Hour + time.Second/2), reason.MaxAge, "cannot express; use at most 2h"},
		{"a day and a half second", age(24*time.Hour + time.Second/2), reason.MaxAge, "more than 24 hours"},
		{"a second", age(time.Second), "", ""},
		{"a day's seconds as nanoseconds", age(86400), reason.MaxAge, "nanoseconds; use at most 2h"},
		{"one nanosecond more", age(86401), reason.MaxAge, "are too long; use at most 2h"},
		{"two hours' seconds", age(7200), reason.MaxAge, "did you mean 2h0m0s?"},
		{"two hours' seconds and one", age(7201), reason.MaxAge, "nanoseconds; use at most 2h"},
		{"a millisecond", age(time.Millisecond), reason.MaxAge, "a fraction of a second"},
		{"a nanosecond less", age(time.Millisecond - 1), reason.MaxAge, "are too long; use at most 2h"},
		{"a negative second", age(-time.Second), reason.MaxAge, "negative"},
	}
	for _, tt := range tests {
		_, err := core.New(one(tt.change))
		var fault *core.PolicyError
		switch {
		case tt.reason == "" && err != nil:
			t.Errorf("%s: %v", tt.name, err)
		case tt.reason != "" && (!errors.As(err, &fault) || fault.Reason != tt.reason || !strings.Contains(err.Error(), tt.detail)):
			t.Errorf("%s: %v, want %s with %q", tt.name, err, tt.reason, tt.detail)
		}
	}
	if _, err := core.New(one(age(24*time.Hour + time.Second/2))); strings.Contains(err.Error(), "did you mean") {
		t.Errorf("the suggestion is not a legal MaxAge: %v", err)
	}
}

// TestQuotedLength checks that an error quotes at most 120 bytes of an entry.
func TestQuotedLength(t *testing.T) {
	for n, cut := range map[int]bool{120: false, 121: true} {
		entry := strings.Repeat("m", n-1) + ";" // a list, so that no suggestion quotes it
		_, err := core.New(one(func(p *core.Policy) { p.AllowMethods = []string{entry} }))
		if err == nil {
			t.Fatal("accepted")
		}
		if got := strings.Contains(err.Error(), fmt.Sprintf("... (%d bytes)", n)); got != cut {
			t.Errorf("an entry of %d bytes: %v", n, err)
		}
		if want := `[0] "` + strings.Repeat("m", min(n-1, 120)); !strings.Contains(err.Error(), want) {
			t.Errorf("an entry of %d bytes is not quoted: %v", n, err)
		}
	}
}

func TestRepeatedEntries(t *testing.T) {
	const safe = "GET, HEAD, POST" // of a policy without methods
	tests := []struct {
		change         func(*core.Policy)
		codes          []reason.Reason
		methods, heads string
	}{
		{func(p *core.Policy) { p.AllowMethods = []string{"PUT", "put", "PATCH"} }, []reason.Reason{reason.Duplicate}, "PUT, PATCH", ""},
		{func(p *core.Policy) { p.AllowMethods = []string{"*", "*"} }, []reason.Reason{reason.Duplicate}, "*", ""},
		{func(p *core.Policy) { p.AllowMethods = []string{"*", "PUT"} }, []reason.Reason{reason.CoveredByWildcard}, "*", ""},
		{func(p *core.Policy) { p.AllowMethods = []string{"*"} }, nil, "*", ""},
		{func(p *core.Policy) { p.AllowHeaders = []string{"x-a", "X-A"} }, []reason.Reason{reason.Duplicate}, safe, "x-a"},
		{func(p *core.Policy) { p.AllowHeaders = []string{"*", "*"} }, []reason.Reason{reason.Duplicate}, safe, "*"},
		{func(p *core.Policy) { p.MaxAge = 2 * time.Hour }, nil, safe, ""},
		{func(p *core.Policy) { p.MaxAge = 2*time.Hour + time.Second }, []reason.Reason{reason.MaxAge}, safe, ""},
		{func(p *core.Policy) {
			p.AllowOrigins = []string{"regexp:https.//[ab].example", "regexp:https.//[ab].example"}
		}, []reason.Reason{reason.BroadRegexp, reason.BroadRegexp, reason.UnreachablePattern}, "", ""},
		{func(p *core.Policy) { p.AllowOrigins = []string{"regexp:https://.*"} }, []reason.Reason{reason.BroadRegexp}, "", ""},
		{func(p *core.Policy) { p.AllowOrigins = []string{"https://*.internal"} }, nil, "", ""},
		{func(p *core.Policy) {
			p.AllowOrigins, p.AllowCredentials = []string{"https://*.internal"}, true
		}, []reason.Reason{reason.UnmanagedSuffix}, "", ""},
		{func(p *core.Policy) {
			p.AllowOrigins, p.AllowCredentials = []string{"http://localhost:*"}, true
		}, nil, "", ""},
	}
	for i, tt := range tests {
		p := one(tt.change)
		e, err := core.New(p)
		if err != nil {
			t.Errorf("%d: %v", i, err)
			continue
		}
		var codes []reason.Reason
		for _, w := range e.Warnings() {
			codes = append(codes, w.Reason)
		}
		if !slices.Equal(codes, tt.codes) {
			t.Errorf("%d: warnings %q, want %q", i, codes, tt.codes)
		}
		if p.AllowOrigins[0] != "https://a.example" {
			continue
		}
		if d := e.Decide(ctx, preflight("https://a.example", "PUT")); d.AllowMethods != tt.methods || d.AllowHeaders != tt.heads {
			t.Errorf("%d: %q and %q, want %q and %q", i, d.AllowMethods, d.AllowHeaders, tt.methods, tt.heads)
		}
	}
}

// TestOriginFuncsInTurn checks that policies are tried in order, whether they have
// functions or not, and that no function is called after an earlier pattern has
// matched.
func TestOriginFuncsInTurn(t *testing.T) {
	var asked []string
	policy := func(name string, yes bool, origins ...string) core.Policy {
		return core.Policy{Name: name, AllowOrigins: origins, AllowOriginFunc: func(context.Context, core.Request) bool {
			asked = append(asked, name)
			return yes
		}}
	}
	const a, b = "https://a.example", "https://b.example"
	e := core.MustNew(policy("0", false, a), policy("1", false, b), policy("2", true), policy("3", true))
	for _, tt := range []struct {
		origin, policy string
		code           core.Code
		asked          []string
	}{
		{a, "0", core.CodeOriginAllowed, nil},
		{b, "1", core.CodeOriginAllowed, []string{"0"}},
		{"https://c.example", "2", core.CodeOriginFunc, []string{"0", "1", "2"}},
		{"not an origin", "", core.CodeOriginNotAllowed, nil},
		{"null", "", core.CodeOriginNotAllowed, nil},
	} {
		asked = nil
		d := e.Decide(ctx, core.Request{Method: "GET", Origin: []string{tt.origin}})
		if d.Policy != tt.policy || d.Code != tt.code || !slices.Equal(asked, tt.asked) {
			t.Errorf("%s: policy %q (%s), asked %q; want %q (%s), %q", tt.origin, d.Policy, d.Code, asked, tt.policy, tt.code, tt.asked)
		}
	}
	late := core.MustNew(policy("0", true, b), core.Policy{Name: "1", AllowOrigins: []string{a}, RejectDisallowed: true})
	if d := late.Decide(ctx, core.Request{Method: "GET", Origin: []string{a}}); d.Policy != "0" {
		t.Errorf("the first policy's function is passed over: %+v", d)
	}
}
