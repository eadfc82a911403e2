package conformance_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/conformance"
)

// handWritten is a correct middleware. Its origins and credentials are parameters; its
// other lists are hard-coded.
func handWritten(origins []string, credentials bool) func(http.Handler) http.Handler {
	return handler(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		h, origin := w.Header(), r.Header.Get("Origin")
		every := slices.Contains(origins, "*")
		allowed := every || len(r.Header["Origin"]) == 1 && slices.Contains(origins, origin)
		switch {
		case every:
			h.Set("Access-Control-Allow-Origin", "*")
		case allowed:
			h.Set("Access-Control-Allow-Origin", origin)
			if credentials {
				h.Set("Access-Control-Allow-Credentials", "true")
			}
		}
		if !every {
			h.Add("Vary", "Origin")
		}
		switch {
		case !isPreflight(r):
			next.ServeHTTP(w, r)
		case !allowed:
			w.WriteHeader(http.StatusForbidden)
		default:
			h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE")
			h.Set("Access-Control-Allow-Headers", "Content-Type, Authorization")
			w.WriteHeader(http.StatusNoContent)
		}
	})
}

func mountHandWritten(s conformance.Setup) (func(http.Handler) http.Handler, error) {
	if len(s.Policies) != 1 {
		return nil, fmt.Errorf("%w: routes and several policies", conformance.ErrUnsupported)
	}
	p := s.Policies[0]
	for _, origin := range p.AllowOrigins {
		if origin != "*" && strings.ContainsAny(origin, "*@[") {
			return nil, fmt.Errorf("%w: patterns", conformance.ErrUnsupported)
		}
	}
	return handWritten(p.AllowOrigins, p.AllowCredentials), nil
}

// ofOrigins is the filter of the package's documentation.
func ofOrigins(c conformance.Case) bool {
	return strings.Contains("NACOPV", c.Rule[:1]) &&
		!slices.Contains(strings.Fields("A5 A8 A12 C2 P6 P7 P9 P13"), c.Rule)
}

// A middleware with hard-coded methods, headers and maximum age fails only for the causes
// in the package's documentation. With the documented filter, it does not fail.
func TestMiddlewareWithoutOptions(t *testing.T) {
	mount := conformance.NetHTTP(mountHandWritten)
	if err := conformance.Check(t.Context(), mount, conformance.Options{Filter: ofOrigins}).Err(); err != nil {
		t.Errorf("a correct middleware fails cases that should not depend on its lists:\n%v", err)
	}
	noise := []string{
		"listed methods or headers are refused", "preflights allow more than the policy lists",
		"scripts cannot read exactly the exposed headers", "Access-Control-Max-Age is not the policy's",
	}
	for _, r := range conformance.Check(t.Context(), mount, conformance.Options{Thin: 32, Filter: sampled}).Results {
		if r.Outcome == conformance.Fail && !slices.Contains(noise, r.Cause) {
			t.Errorf("%s: %s", r.ID, r.Cause)
		}
	}
	report := conformance.Check(t.Context(), pasted(""), conformance.Options{Filter: ofOrigins})
	if err := report.Err(); err == nil || !strings.HasPrefix(err.Error(), "SECURITY: any Origin is reflected with credentials") {
		t.Errorf("the filter leaves out dangerous cases: %v", err)
	}
}
