package conformance_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// recorder mounts the reference and records its requests.
type recorder struct {
	mu   sync.Mutex
	seen []string
}

func (rec *recorder) mount(s conformance.Setup) (*conformance.Server, error) {
	ref := newReference()
	ref.wrap = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			rec.mu.Lock()
			rec.seen = append(rec.seen, fmt.Sprintf("%s %s %s %q %d %s",
				r.Proto, r.Method, r.URL.Path, r.Header["X-A"], r.ContentLength, body))
			rec.mu.Unlock()
			next.ServeHTTP(w, r)
		})
	}
	return ref.mount(s)
}

// ownCases returns n cases of two requests each.
func ownCases(n int) []conformance.Case {
	var cases []conformance.Case
	for i := range n {
		url := fmt.Sprintf("/any?case=%d", i)
		get := &browsermodel.Request{Method: "GET", URL: url, Header: browsermodel.Header("Origin", conformance.OriginA)}
		post := &browsermodel.Request{Method: "POST", URL: url, Body: "hello"}
		post.Header = browsermodel.Header("Origin", conformance.OriginEvil)
		cases = append(cases, conformance.Case{
			ID: fmt.Sprint("own/", i), Rule: "own",
			Setup: conformance.Setup{Policies: []core.Policy{{AllowOrigins: []string{conformance.OriginA}}}},
			Steps: []conformance.Step{{Send: get}, {Send: post}},
		})
	}
	return cases
}

// again runs a variation over the caller's own cases, and returns the requests of both
// passes.
func again(t *testing.T, cases []conformance.Case, v conformance.Variation, thin int) []string {
	t.Helper()
	var rec recorder
	cases = append(cases, conformance.Case{ID: "again", Rule: "again", Again: &v})
	report := conformance.Check(t.Context(), rec.mount, conformance.Options{
		Cases: cases, Thin: thin, Filter: func(c conformance.Case) bool { return c.ID == "again" },
	})
	if len(report.Results) != 1 || report.Results[0].Outcome != conformance.Pass {
		t.Fatalf("%+v", report.Results)
	}
	return slices.DeleteFunc(rec.seen, func(s string) bool { return strings.Contains(s, "/settled") })
}

func TestVariationsAreSent(t *testing.T) {
	tests := map[string]struct {
		v    conformance.Variation
		want []string
	}{
		"repeats": {conformance.Variation{}, []string{
			"HTTP/1.1 GET /any [] 0 ", `HTTP/1.1 POST /any [] 5 hello`,
		}},
		"reversed": {conformance.Variation{Reverse: true}, []string{
			`HTTP/1.1 POST /any [] 5 hello`, "HTTP/1.1 GET /any [] 0 ",
		}},
		"changed": {conformance.Variation{Change: func(r browsermodel.Request) browsermodel.Request {
			r.Header = append(r.Header, browsermodel.Field{Name: "X-A", Value: "1"})
			return r
		}}, []string{`HTTP/1.1 GET /any ["1"] 0 `, `HTTP/1.1 POST /any ["1"] 5 hello`}},
		"partly changed": {conformance.Variation{Change: func(r browsermodel.Request) browsermodel.Request {
			if r.Method == "GET" {
				r.Method = "PUT"
			}
			return r
		}}, []string{`HTTP/1.1 PUT /any [] 0 `}},
		"HTTP/1.0":  {conformance.Variation{HTTP10: true}, []string{`HTTP/1.0 GET /any [] 0 `, `HTTP/1.0 POST /any [] 5 hello`}},
		"in chunks": {conformance.Variation{Chunked: true}, []string{`HTTP/1.1 POST /any [] -1 hello`}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			seen := again(t, ownCases(1), test.v, 1)
			if len(seen) < 2 || !slices.Equal(seen[2:], test.want) {
				t.Errorf("asked %q, want two requests and then %q", seen, test.want)
			}
		})
	}
	if seen := again(t, ownCases(1), conformance.Variation{Concurrent: 3}, 1); len(seen) != 2+1+3*2 {
		t.Errorf("three clients asked %d times, with one request that waits: %q", len(seen)-2, seen)
	}
	if seen := again(t, ownCases(20), conformance.Variation{}, 10); len(seen) != 2*2*2 {
		t.Errorf("one in ten of 20 cases asked %d times, want each of two requests of two cases twice", len(seen))
	}
}

// A Case with Again has nothing to repeat if there are no other cases.
func TestNothingToAskAgain(t *testing.T) {
	report := conformance.Check(t.Context(), newReference().mount, conformance.Options{
		Cases: []conformance.Case{{ID: "again", Rule: "again", Again: &conformance.Variation{}}},
	})
	if report.Counts[conformance.Unsupported] != 1 {
		t.Errorf("%+v", report.Results)
	}
}

// A handler that a preflight has started may run as late as when the server is closed.
func TestHandlersThatRunLate(t *testing.T) {
	mount := func(s conformance.Setup) (*conformance.Server, error) {
		var mu sync.Mutex
		var left []func()
		ref := newReference()
		ref.afterPreflight = func(_ http.ResponseWriter, r *http.Request, next http.Handler) {
			mu.Lock()
			defer mu.Unlock()
			left = append(left, func() { next.ServeHTTP(httptest.NewRecorder(), r) })
		}
		server, err := ref.mount(s)
		if err != nil {
			return nil, err
		}
		closed := server.Close
		server.Close = func() {
			closed()
			for _, run := range left {
				run()
			}
		}
		return server, nil
	}
	report := conformance.Check(t.Context(), mount, conformance.Options{Filter: only("P1/allowed", "I4/two", "A1/two")})
	want := map[string]conformance.Outcome{"P1/allowed": conformance.Fail, "I4/two": conformance.Fail, "A1/two": conformance.Pass}
	for id, outcome := range outcomes(report) {
		if outcome != want[id] {
			t.Errorf("%s: %s, want %s", id, outcome, want[id])
		}
	}
	if err := report.Err(); err == nil || !strings.Contains(err.Error(), "after the answer the handler ran once more") ||
		report.Counts[conformance.Fail] != 2 {
		t.Errorf("%v, %v", report.Counts, err)
	}
}
