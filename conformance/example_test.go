package conformance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/corskit/corskit/conformance"
)

// naive is a middleware with common mistakes.
type naive struct {
	origins, methods, headers, exposed []string
	credentials                        bool
	maxAge                             time.Duration
}

func (n naive) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, allowed := range n.origins {
			if origin := r.Header.Get("Origin"); allowed == "*" || strings.HasPrefix(origin, allowed) {
				w.Header().Set("Access-Control-Allow-Origin", origin)
			}
		}
		w.Header().Set("Access-Control-Allow-Methods", strings.Join(n.methods, ", "))
		w.Header().Set("Access-Control-Allow-Headers", strings.Join(n.headers, ", "))
		w.Header().Set("Access-Control-Expose-Headers", strings.Join(n.exposed, ", "))
		w.Header().Set("Access-Control-Allow-Credentials", fmt.Sprint(n.credentials))
		if r.Method == http.MethodOptions {
			w.Header().Set("Access-Control-Max-Age", fmt.Sprint(int(n.maxAge.Seconds())))
			w.WriteHeader(http.StatusNoContent)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// mountNaive checks which policies there are before it reads one, and passes on every
// field that the library has.
func mountNaive(s conformance.Setup) (func(http.Handler) http.Handler, error) {
	if len(s.Routes) > 0 || len(s.Policies) != 1 || s.KeepVary {
		return nil, fmt.Errorf("%w: routes, several policies and KeepVary", conformance.ErrUnsupported)
	}
	p := s.Policies[0]
	if p.AllowOriginFunc != nil || p.AllowPrivateNetwork || p.RejectDisallowed {
		return nil, fmt.Errorf("%w: this field of a policy", conformance.ErrUnsupported)
	}
	return naive{p.AllowOrigins, p.AllowMethods, p.AllowHeaders, p.ExposeHeaders, p.AllowCredentials, p.MaxAge}.wrap, nil
}

// The middleware compares origins by their beginnings and forgets Vary. A report lists
// the causes, each with a fix and an example, and ends with a summary. A test that passes
// the mount to [conformance.Run] prints the same report.
func ExampleNetHTTP() {
	report := conformance.Check(context.Background(), conformance.NetHTTP(mountNaive), conformance.Options{
		Filter: func(c conformance.Case) bool { return c.ID == "A1/one" || c.Rule == "V2" || c.ID == "O1/suffix" },
	})
	text := report.Err().Error()
	fmt.Println(text[strings.LastIndex(text, "\n\n")+2:])
	// Output:
	// 15 cases: 14 failed (1 about security), 1 passed
	//   SECURITY: origins that are not allowed get Access-Control-Allow-Origin (1 case)
	//   Vary does not name Origin (13 cases)
	// most frequent: Vary does not name Origin (13 cases)
	//   fix:   call w.Header().Add("Vary", "Origin") on every response, before the next handler runs: for allowed
	//          and refused origins and without any Origin; a cache otherwise gives one origin's response to another
	// the rules: https://github.com/corskit/corskit/blob/main/docs/rules.md
}

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
		Choices:       true, // X4 is one
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
