package corshttp_test

import (
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// TestApply: Apply writes the headers of the decision and allocates at most once.
func TestApply(t *testing.T) {
	private := policy
	private.AllowPrivateNetwork = true
	all := core.Policy{
		AllowOrigins: []string{"https://b.example"}, AllowCredentials: true, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"},
	}
	e := core.MustNew(private, all)
	for _, r := range []*http.Request{
		request("GET", ""), request("GET", "https://a.example"), request("GET", "https://e.example"),
		request("OPTIONS", "https://a.example", "Access-Control-Request-Method", "PUT", "Access-Control-Request-Private-Network", "true"),
		request("OPTIONS", "https://b.example", "Access-Control-Request-Method", "PURGE", "Access-Control-Request-Headers", "x-b"),
	} {
		got, want := http.Header{}, http.Header{}
		status, vary := corshttp.Apply(e, got, r)
		d := e.Decide(t.Context(), corshttp.Request(r))
		for name, value := range d.Headers() {
			want.Set(name, value)
		}
		if !maps.EqualFunc(got, want, slices.Equal) || status != d.Status || vary != d.Vary {
			t.Errorf("Apply writes %v, the decision has %v", got, want)
		}
		if n := testing.AllocsPerRun(100, func() { clear(got); corshttp.Apply(e, got, r) }); n > 1 {
			t.Errorf("Apply makes %v allocations, want at most 1", n)
		}
	}
}

// TestAddVary: AddVary keeps existing lines and does not modify the slice that holds
// them.
func TestAddVary(t *testing.T) {
	for _, tt := range []struct {
		lines []string
		names string
		want  []string
	}{
		{nil, "Origin", []string{"Origin"}},
		{[]string{"Accept"}, "Origin", []string{"Accept", "Origin"}},
		{[]string{"Accept, origin"}, "Origin", []string{"Accept, origin"}},
		{[]string{"Origin"}, "Origin, Accept", []string{"Origin", "Origin, Accept"}},
		{[]string{"Accept"}, "", []string{"Accept"}},
	} {
		shared := append(make([]string, 0, 4), tt.lines...)
		h := http.Header{}
		if tt.lines != nil {
			h["Vary"] = shared
		}
		if corshttp.AddVary(h, tt.names); !slices.Equal(h["Vary"], tt.want) {
			t.Errorf("%q and %q: %q, want %q", tt.lines, tt.names, h["Vary"], tt.want)
		}
		if spare := shared[:cap(shared)]; spare[len(shared)] != "" {
			t.Errorf("%q and %q: the slice was changed to %q", tt.lines, tt.names, spare)
		}
	}
}
