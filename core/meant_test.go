package core_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
)

// TestMisspelledSchemes checks the suggestions for schemes that no page has.
func TestMisspelledSchemes(t *testing.T) {
	const general = "pages have http:// or https:// origins"
	for _, tt := range []struct {
		entry       string
		credentials bool
		want        string
	}{
		{"htps://a.example", false, `did you mean "https://a.example"?`},
		{"htps://*.a.example:8443", true, `did you mean "https://*.a.example:8443"?`},
		{"htp://localhost:3000", true, `did you mean "http://localhost:3000"?`},
		{"htp://a.example", false, general}, // http:// would be the next warning
		{"htps://*.com", true, general},     // and this the next error
		{"htps://a.example:443", false, general},
		{"wss://a.example", false, general},
	} {
		ws := core.MustNew(core.Policy{AllowOrigins: []string{tt.entry}, AllowCredentials: tt.credentials}).Warnings()
		if len(ws) != 1 || ws[0].Suggestion != tt.want {
			t.Errorf("%s: %v, want %s", tt.entry, ws, tt.want)
		}
	}
}

// TestHintNamesPolicies checks that the advice to list an origin says in which policy.
func TestHintNamesPolicies(t *testing.T) {
	policies := func(n int) (list []core.Policy) {
		for i := range n {
			name := fmt.Sprintf("p%d", i)
			list = append(list, core.Policy{Name: name, AllowOrigins: []string{"https://" + name + ".example"}, AllowCredentials: i > 0})
		}
		return list
	}
	for _, tt := range []struct {
		policies int
		origin   string
		want     string
	}{
		{1, "https://a.example", `add "https://a.example" to AllowOrigins of policy "p0"`},
		{2, "https://a.example", `add "https://a.example" to AllowOrigins of policy "p0" or "p1"`},
		{4, "https://a.example", `add "https://a.example" to AllowOrigins of policy "p0", "p1", "p2" or "p3"`},
		{5, "https://a.example", `add "https://a.example" to AllowOrigins of one of the 5 policies`},
		{5, "http://a.example", `add "http://a.example" to AllowOrigins of policy "p0"`}, // the others have credentials
		{1, "https://a.example.", `add "https://a.example." to AllowOrigins of policy "p0": no wildcard`},
		{1, "app://.", `add "app://." to AllowOrigins of policy "p0": no wildcard`},
	} {
		x := core.MustNew(policies(tt.policies)...).Explain(t.Context(), core.Request{Method: "GET", Origin: []string{tt.origin}})
		if !strings.HasPrefix(x.Hint, tt.want) {
			t.Errorf("%d policies: %s, want %s", tt.policies, x.Hint, tt.want)
		}
	}
}
