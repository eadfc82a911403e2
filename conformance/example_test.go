package conformance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/corskit/corskit/conformance"
)

// The suite also runs without a *testing.T. This middleware allows origins but
// does not set Vary.
func ExampleCheck() {
	careless := func(s conformance.Setup) (func(http.Handler) http.Handler, error) {
		if len(s.Policies) != 1 {
			return nil, fmt.Errorf("%w: not exactly one policy", conformance.ErrUnsupported)
		}
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				for _, origin := range s.Policies[0].AllowOrigins {
					if r.Header.Get("Origin") == origin {
						w.Header().Set("Access-Control-Allow-Origin", origin)
					}
				}
				next.ServeHTTP(w, r)
			})
		}, nil
	}
	report := conformance.Check(context.Background(), conformance.NetHTTP(careless), conformance.Options{
		Filter: func(c conformance.Case) bool {
			return c.ID == "A1/one" || c.ID == "V2/refused" || c.ID == "X4"
		},
		KnownFailures: map[string]string{"X4": "upstream headers are not removed"},
	})
	for _, result := range report.Results {
		message, _, _ := strings.Cut(result.Message, "\n")
		fmt.Println(strings.TrimSpace(fmt.Sprintln(result.ID, result.Outcome, message)))
	}
	encoder := json.NewEncoder(os.Stdout)
	_ = encoder.Encode(report.Counts)
	// Output:
	// A1/one pass
	// V2/refused fail step 1 of 1: Vary is absent, want it to name Origin
	// X4 known-failure upstream headers are not removed
	// {"fail":1,"known-failure":1,"pass":1}
}
