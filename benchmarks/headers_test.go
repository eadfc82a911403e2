package benchmarks

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/corskit/corskit/conformance/hosts"
)

// BenchmarkHeaders measures no time. In each row of BenchmarkMiddleware, it compares the
// CORS headers of every subject's response with those of corskit's response, and reports
//
//	fewer-headers  headers that only corskit writes
//	fewer-vary     members of Vary that only corskit writes
//	more-headers   headers that only the subject writes
//	more-vary      members of Vary that only the subject writes
//	vary           members of the subject's Vary
//	shared         headers whose values share memory with those of other responses
//
// The headers do not depend on the number of origins, so long lists are shortened.
func BenchmarkHeaders(b *testing.B) {
	subjects := map[Framework]Subject{}
	for _, s := range Subjects() {
		if s.Name == Ours {
			subjects[s.Framework] = s
		}
	}
	for _, setup := range Setups(100) {
		for _, subject := range Subjects() {
			if subject.Name == Bare || subject.Name == Ours {
				continue
			}
			compareHeaders(b, setup, subjects[subject.Framework], subject)
		}
	}
}

func compareHeaders(b *testing.B, setup Setup, ours, other Subject) {
	theirs, err := other.Build(setup)
	if errors.Is(err, ErrUnsupported) {
		return
	}
	server, ourErr := ours.Build(setup)
	if err := errors.Join(err, ourErr); err != nil {
		b.Fatalf("%s, %s: %v", other.Name, setup.Title, err)
	}
	for _, r := range setup.Requests {
		b.Run(fmt.Sprintf("framework=%s/setup=%s/subject=%s/request=%s", other.Framework, setup.Name, other.Name, r.Name),
			func(b *testing.B) {
				shared := sharedValues(theirs, r)
				ours, theirs := headersOf(server, r), headersOf(theirs, r)
				fewerHeaders, fewerVary := theirs.lacks(ours)
				moreHeaders, moreVary := ours.lacks(theirs)
				b.ReportMetric(0, "ns/op") // suppresses the time
				b.ReportMetric(float64(fewerHeaders), "fewer-headers")
				b.ReportMetric(float64(fewerVary), "fewer-vary")
				b.ReportMetric(float64(moreHeaders), "more-headers")
				b.ReportMetric(float64(moreVary), "more-vary")
				b.ReportMetric(float64(len(theirs.vary)), "vary")
				b.ReportMetric(float64(shared), "shared")
			})
	}
}

func TestHeadersOf(t *testing.T) {
	write := func(lines ...string) *Server {
		return &Server{app: &hosts.Application{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			for i := 0; i < len(lines); i += 2 {
				w.Header().Add(lines[i], lines[i+1])
			}
		})}}
	}
	r := noOrigin()
	full := headersOf(write("Access-Control-Allow-Origin", "*", "Vary", "Origin, accept", "Vary", "X-A", "X-B", "1"), r)
	if len(full.names) != 1 || len(full.vary) != 3 {
		t.Errorf("headers %v, Vary %v; want 1 and 3", full.names, full.vary)
	}
	if names, vary := headersOf(write("Vary", "origin"), r).lacks(full); names != 1 || vary != 2 {
		t.Errorf("lacks %d headers and %d members of Vary, want 1 and 2", names, vary)
	}
	r.Vary = "Accept"
	if overwritten := headersOf(write("Vary", "Origin"), r); !overwritten.vary["accept"] || !overwritten.vary["origin"] {
		t.Errorf("Vary %v lacks the value that another middleware set", overwritten.vary)
	}
}

func TestSharedValues(t *testing.T) {
	vary := []string{"Origin"}
	server := &Server{app: &hosts.Application{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header()["Vary"] = vary
		w.Header()["Access-Control-Allow-Origin"] = []string{"*"}
	})}}
	if n := sharedValues(server, noOrigin()); n != 1 {
		t.Errorf("%d headers are shared, want 1", n)
	}
}

// TestFloorHeaders: the floor writes the headers that corskit writes.
func TestFloorHeaders(t *testing.T) {
	for _, setup := range Setups(10) {
		server, err := floor(setup)
		if errors.Is(err, ErrUnsupported) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, subject := range Subjects() {
			if subject.Name != Ours || subject.Framework != NetHTTP {
				continue
			}
			ours, err := subject.Build(setup)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range setup.Requests {
				want, got := headersOf(ours, r), headersOf(server, r)
				if n := sharedValues(server, r) + sharedValues(ours, r); n > 0 {
					t.Errorf("%s, %s: %d headers share values with other responses", setup.Title, r.Title, n)
				}
				if names, vary := got.lacks(want); names+vary > 0 {
					t.Errorf("%s, %s: the floor writes %v, corskit %v", setup.Title, r.Title, got, want)
				}
				if names, vary := want.lacks(got); names+vary > 0 {
					t.Errorf("%s, %s: the floor writes %v, corskit only %v", setup.Title, r.Title, got, want)
				}
			}
		}
	}
}
