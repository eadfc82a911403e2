package conformance_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/conformance"
)

// bare mounts the application without any middleware.
func bare(s conformance.Setup) (*conformance.Server, error) {
	return conformance.Serve(conformance.Handler(s.App), s)
}

func only(ids ...string) func(conformance.Case) bool {
	return func(c conformance.Case) bool { return slices.Contains(ids, c.ID) }
}

func outcomes(r conformance.Report) map[string]conformance.Outcome {
	got := make(map[string]conformance.Outcome)
	for _, result := range r.Results {
		got[result.ID] = result.Outcome
	}
	return got
}

func TestOutcomes(t *testing.T) {
	for _, f := range []struct {
		name  string
		mount conformance.Mount
		known map[string]string
		want  map[string]conformance.Outcome
	}{
		{"no middleware", bare, nil,
			map[string]conformance.Outcome{"A1/one": conformance.Fail, "X8": conformance.Pass, "C1/error": conformance.Fail}},
		{"a good one", newReference().mount, nil,
			map[string]conformance.Outcome{"A1/one": conformance.Pass, "X8": conformance.Pass, "C1/error": conformance.Pass}},
		{"known failures", bare, map[string]string{"A1/one": "there is no middleware", "C1": "there is no middleware"},
			map[string]conformance.Outcome{"A1/one": conformance.KnownFailure, "X8": conformance.Pass,
				"C1/error": conformance.KnownFailure}},
		{"known failures that pass", newReference().mount, map[string]string{"A1/one": "wrong", "X8": "wrong", "C1": "wrong"},
			map[string]conformance.Outcome{"A1/one": conformance.UnexpectedPass, "X8": conformance.UnexpectedPass,
				"C1/error": conformance.UnexpectedPass}},
		{"unsupported", func(conformance.Setup) (*conformance.Server, error) {
			return nil, fmt.Errorf("%w: nothing is", conformance.ErrUnsupported)
		}, nil,
			map[string]conformance.Outcome{"A1/one": conformance.Unsupported, "X8": conformance.Unsupported,
				"C1/error": conformance.Unsupported}},
		{"an unsupported behaviour", func(s conformance.Setup) (*conformance.Server, error) {
			server, err := bare(s)
			if err == nil {
				server.Unsupported = map[conformance.Behaviour]string{conformance.Upgrade: "no sockets"}
			}
			return server, err
		}, nil,
			map[string]conformance.Outcome{"A1/one": conformance.Fail, "X8": conformance.Unsupported, "C1/error": conformance.Fail}},
		{"unknown entries", newReference().mount, map[string]string{"A1/renamed": "we know", "Z9": "we know",
			"A2": "we know, and it is left out"},
			map[string]conformance.Outcome{
				"A1/one": conformance.Pass, "X8": conformance.Pass, "C1/error": conformance.Pass,
				"A1/renamed": conformance.UnexpectedPass, "Z9": conformance.UnexpectedPass,
			}},
		{"a mount that fails", func(conformance.Setup) (*conformance.Server, error) { return nil, errors.New("no ports left") }, nil,
			map[string]conformance.Outcome{"A1/one": conformance.Fail, "X8": conformance.Fail, "C1/error": conformance.Pass}},
		{"a mount that panics", func(conformance.Setup) (*conformance.Server, error) { panic("bad policy") }, nil,
			map[string]conformance.Outcome{"A1/one": conformance.Fail, "X8": conformance.Fail, "C1/error": conformance.Fail}},
		{"a mount without a server", func(conformance.Setup) (*conformance.Server, error) { return nil, nil }, nil,
			map[string]conformance.Outcome{"A1/one": conformance.Fail, "X8": conformance.Fail, "C1/error": conformance.Fail}},
		{"a server that is gone", func(s conformance.Setup) (*conformance.Server, error) {
			server, err := bare(s)
			if err == nil {
				server.Close()
			}
			return server, err
		}, nil,
			map[string]conformance.Outcome{"A1/one": conformance.Fail, "X8": conformance.Fail, "C1/error": conformance.Fail}},
	} {
		t.Run(f.name, func(t *testing.T) {
			report := conformance.Check(t.Context(), f.mount,
				conformance.Options{Filter: only("A1/one", "X8", "C1/error"), KnownFailures: f.known, Choices: true})
			got := outcomes(report)
			good := true
			counts := make(map[conformance.Outcome]int)
			for id, want := range f.want {
				counts[want]++
				good = good && want != conformance.Fail && want != conformance.UnexpectedPass && f.name != "unsupported"
				if got[id] != want {
					t.Errorf("%s: %s, want %s", id, got[id], want)
				}
			}
			if (report.Err() == nil) != good {
				t.Errorf("Err() = %v", report.Err())
			}
			for outcome, n := range counts {
				if report.Counts[outcome] != n {
					t.Errorf("Counts[%s] = %d, want %d", outcome, report.Counts[outcome], n)
				}
			}
			for _, r := range report.Results {
				if (r.Message == "") != (r.Outcome == conformance.Pass) {
					t.Errorf("%s: %s with message %q", r.ID, r.Outcome, r.Message)
				}
			}
		})
	}
}

func TestReportIsReadable(t *testing.T) {
	report := conformance.Check(t.Context(), bare, conformance.Options{Filter: only("A1/one", "D4/host")})
	b, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	var read struct {
		Results []map[string]any
		Counts  map[string]int
	}
	if err := json.Unmarshal(b, &read); err != nil {
		t.Fatal(err)
	}
	if len(read.Results) != 2 || read.Counts["fail"] != 2 || read.Results[0]["id"] != "A1/one" || read.Results[0]["rule"] != "A1" {
		t.Errorf("%s", b)
	}
	for _, r := range report.Results {
		if len(r.Message) > 8<<10 {
			t.Errorf("%s: the message has %d bytes", r.ID, len(r.Message))
		}
		for _, part := range []string{
			"step 1 of ", "/any\n", "> Origin: https://a.example", "< 200", "allow-origin-missing",
			"\nrule A1: ", "one Access-Control-Allow-Origin line",
			`policy: core.Policy{AllowOrigins: []string{"https://a.example"}}`,
		} {
			if !strings.Contains(r.Message, part) && r.ID == "A1/one" {
				t.Errorf("the message lacks %q:\n%s", part, r.Message)
			}
		}
	}
}

func TestCheckEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	report := conformance.Check(ctx, newReference().mount, conformance.Options{Filter: only("A1/one", "A2/refused")})
	if report.Counts[conformance.Fail] != 2 {
		t.Errorf("%v, want cases to fail once the context is done", report.Counts)
	}
}

// Servers that do not speak HTTP, or never stop sending, fail cases but do not
// break the suite.
func TestHostileServers(t *testing.T) {
	for name, serve := range map[string]http.HandlerFunc{
		"endless headers": func(w http.ResponseWriter, _ *http.Request) {
			for i := range 300 {
				w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("x", 64<<10))
			}
		},
		"nonsense": func(w http.ResponseWriter, _ *http.Request) {
			if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
				_, _ = io.WriteString(conn, "hello\r\n\r\n")
				_ = conn.Close()
			}
		},
		"a header without a colon": func(w http.ResponseWriter, _ *http.Request) {
			if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nhello\r\n\r\n")
				_ = conn.Close()
			}
		},
		"a body cut short": func(w http.ResponseWriter, _ *http.Request) {
			if conn, _, err := w.(http.Hijacker).Hijack(); err == nil {
				_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: nine\r\n\r\n")
				_ = conn.Close()
			}
		},
		"a dropped connection": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			report := conformance.Check(t.Context(), func(s conformance.Setup) (*conformance.Server, error) {
				return conformance.Serve(serve, s)
			}, conformance.Options{Filter: only("A1/one", "P1/allowed")})
			if report.Counts[conformance.Fail] != 2 {
				t.Errorf("%v", report.Counts)
			}
			for _, r := range report.Results {
				if len(r.Message) > 16<<10 {
					t.Errorf("%s: the message has %d bytes", r.ID, len(r.Message))
				}
			}
		})
	}
}

// D8 also reads the output of package log, and passes it on.
func TestPackageLogIsHeard(t *testing.T) {
	var kept strings.Builder
	was := log.Writer()
	log.SetOutput(&kept)
	defer log.SetOutput(was)
	ref := newReference()
	ref.log = func(_ conformance.Setup, r *http.Request) { log.Print(r.Header.Get("Origin")) }
	report := conformance.Check(t.Context(), ref.mount, conformance.Options{Filter: only("D8")})
	if report.Counts[conformance.Fail] != 1 {
		t.Errorf("%v, want D8 to fail because of package log", report.Counts)
	}
	if !strings.Contains(kept.String(), "marker") {
		t.Error("the log output did not reach its original destination")
	}
	if log.Writer() != &kept {
		t.Error("package log does not write to its original destination")
	}
}

func TestPoliciesAreTheMountsOwn(t *testing.T) {
	spoil := func(s conformance.Setup) (*conformance.Server, error) {
		server, err := newReference().mount(s)
		for _, p := range s.Policies {
			clear(p.AllowOrigins)
		}
		return server, err
	}
	cases := conformance.Cases()
	report := conformance.Check(t.Context(), spoil, conformance.Options{Cases: cases, Filter: only("A1/one")})
	if len(report.Results) != 1 {
		t.Fatalf("%d results", len(report.Results))
	}
	for _, c := range cases {
		for _, p := range c.Setup.Policies {
			if slices.Contains(p.AllowOrigins, "") && c.ID == "A1/one" {
				t.Error("a mount that changes its policies changes those of the case")
			}
		}
	}
}
