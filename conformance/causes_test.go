package conformance_test

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/core"
)

// careless reads a policy without checking that there is one.
func careless(s conformance.Setup) (func(http.Handler) http.Handler, error) {
	p := s.Policies[0]
	return naive{origins: p.AllowOrigins}.wrap, nil
}

// vary is a correct middleware that loses Vary.
func vary(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(without{w}, r)
	})
}

// without removes Vary from a response.
type without struct{ http.ResponseWriter }

func (w without) WriteHeader(status int) {
	w.Header().Del("Vary")
	w.ResponseWriter.WriteHeader(status)
}

// pasted is a middleware without options, as people paste it into a server. It allows one
// origin with credentials. If origin is "", it reflects any Origin.
func pasted(origin string) conformance.Mount {
	middleware := func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Add("Vary", "Origin")
			w.Header().Set("Access-Control-Allow-Origin", cmp.Or(origin, r.Header.Get("Origin")))
			w.Header().Set("Access-Control-Allow-Credentials", "true")
			w.Header().Set("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, OPTIONS")
			w.Header().Set("Access-Control-Allow-Headers", "Content-Type, Authorization")
			if r.Method == http.MethodOptions {
				w.WriteHeader(http.StatusNoContent)
				return
			}
			next.ServeHTTP(w, r)
		})
	}
	return conformance.NetHTTP(func(conformance.Setup) (func(http.Handler) http.Handler, error) { return middleware, nil })
}

// starFor allows every origin. If onlyCORS is true, requests without Origin get no header.
func starFor(onlyCORS bool) conformance.Mount {
	return conformance.NetHTTP(func(conformance.Setup) (func(http.Handler) http.Handler, error) {
		return handler(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if !onlyCORS || len(r.Header["Origin"]) > 0 {
				w.Header().Set("Access-Control-Allow-Origin", "*")
			}
			next.ServeHTTP(w, r)
		}), nil
	})
}

// The mount of the package's documentation reads no policy of a setup that has none.
func TestDocumentedMount(t *testing.T) {
	report := conformance.Check(t.Context(), conformance.NetHTTP(mountNaive), conformance.Options{Choices: true, Thin: 32, Filter: sampled})
	for _, r := range report.Results {
		if strings.Contains(r.Message, "the mount failed") {
			t.Errorf("%s: %s", r.ID, r.Message)
		}
	}
	report = conformance.Check(t.Context(), conformance.NetHTTP(careless), conformance.Options{Filter: only("R2/first")})
	for _, r := range report.Results {
		if r.Cause != "the mount panics" || !strings.Contains(r.Fix, "len(s.Policies)") {
			t.Errorf("%s: %s: %q, fix %q", r.ID, r.Outcome, r.Cause, r.Fix)
		}
	}
}

func TestCauses(t *testing.T) {
	naiveMount := conformance.NetHTTP(mountNaive)
	loseVary := conformance.NetHTTP(func(s conformance.Setup) (func(http.Handler) http.Handler, error) {
		engine, err := s.Engine()
		if err != nil {
			return nil, err
		}
		middleware := corshttp.Middleware(engine)
		return func(next http.Handler) http.Handler { return vary(middleware(next)) }, nil
	})
	for id, tt := range map[string]struct {
		mount    conformance.Mount
		cause    string
		security bool
	}{
		"O1/suffix":    {naiveMount, "origins that are not allowed get Access-Control-Allow-Origin", true},
		"C1/behaviour": {naiveMount, "any Origin is reflected with credentials", true},
		"A2/refused":   {naiveMount, "Access-Control-* headers are sent where they have no effect", false},
		"A1/one":       {bare, "responses to allowed origins lack Access-Control-Allow-Origin", false},
		"P1/allowed":   {bare, "preflights of allowed origins fail", false},
		"V2/refused":   {loseVary, "Vary does not name Origin", false},
		// Requests that are not CORS requests, or not preflights.
		"N3":         {pasted("*"), "requests other than preflights do not reach the handler as they were sent", false},
		"N7/options": {pasted("*"), "requests other than preflights do not reach the handler as they were sent", false},
		"N1/get":     {pasted("*"), "Access-Control-* headers are sent where they have no effect", false},
		// Answers that a cache stored for one request and gave to another.
		"V4/any": {starFor(true), `requests without Origin do not get "*"`, false},
		"V4/two": {loseVary, "Vary does not name Origin", false},
		"V4/one": {bare, "responses to allowed origins lack Access-Control-Allow-Origin", false},
		// The title of a cause is not the text of a rule.
		"M1/cached": {pasted("*"), "Access-Control-Max-Age is not the policy's", false},
		"A9/limit":  {bare, "responses to allowed origins lack Access-Control-Allow-Origin", false},
		// A wildcard is not a reflection.
		"C2/lists":        {pasted("*"), "credentials are combined with * or with every origin", true},
		"C2/verdict":      {pasted("*"), "Access-Control-Allow-Origin is not the request's Origin on one line", false},
		"A3/credentials":  {pasted(""), "any Origin is reflected with credentials", true},
		"P2/refused-evil": {pasted(""), "any Origin is reflected with credentials", true},
		"O1/prefix":       {pasted(""), "origins that are not allowed get Access-Control-Allow-Origin", true},
	} {
		report := conformance.Check(t.Context(), tt.mount, conformance.Options{Filter: only(id)})
		if len(report.Results) != 1 {
			t.Fatalf("%s: %d results", id, len(report.Results))
		}
		r := report.Results[0]
		if r.Outcome != conformance.Fail || r.Cause != tt.cause || r.Security != tt.security || r.Fix == "" {
			t.Errorf("%s: %s, cause %q, security %t, fix %q\n%s", id, r.Outcome, r.Cause, r.Security, r.Fix, r.Message)
		}
	}
}

// Replacing "*" with any Origin leads to fewer failures, but every website can then use
// the server with the user's cookies. The report says so first, and again before the most
// frequent cause.
func TestReflectionComesFirst(t *testing.T) {
	report := func(origin string) string {
		return conformance.Check(t.Context(), pasted(origin), conformance.Options{
			Filter: func(c conformance.Case) bool { return c.Again == nil && strings.ContainsAny(c.Rule[:1], "ANOPV") },
		}).Err().Error()
	}
	const title = "any Origin is reflected with credentials"
	text := report("")
	first, _, _ := strings.Cut(text, "\n\n")
	if !strings.HasPrefix(first, "SECURITY: "+title) || !strings.Contains(first, "\n    > Origin: https://evil.test\n") {
		t.Errorf("the report does not begin with the reflection, or its example has no stranger:\n%s", first)
	}
	if summary := text[strings.LastIndex(text, "\n\n"):]; !strings.Contains(summary, "\nstart with: SECURITY: "+title) {
		t.Errorf("the summary does not say what to start with:\n%s", summary)
	}
	text = report("*")
	if strings.Contains(text, title) || strings.Contains(text, "start with: ") {
		t.Errorf("* counts as a reflection:\n%.500s", text)
	}
	// The example of a group about security is a request from a stranger, not one without
	// Origin.
	first, _, _ = strings.Cut(text, "\n\n")
	if !strings.HasPrefix(first, "SECURITY: ") || !strings.Contains(first, "\n    > Origin: https://evil.test\n") {
		t.Errorf("the example of the first group has no stranger:\n%s", first)
	}
}

func TestChoicesAreLeftOut(t *testing.T) {
	cases := conformance.Cases()
	choices := 0
	for _, c := range cases {
		if c.Choice {
			choices++
		}
	}
	filter := func(c conformance.Case) bool { return c.Again == nil && (c.Rule == "C3" || c.Rule == "A2") }
	for _, all := range []bool{false, true} {
		report := conformance.Check(t.Context(), newReference().mount, conformance.Options{Filter: filter, Choices: all})
		left := report.LeftOut
		for _, r := range report.Results {
			if r.Choice && !all {
				t.Errorf("%s ran, which is a choice", r.ID)
			}
		}
		if all != (left == 0) || report.Err() != nil {
			t.Errorf("Choices: %t leaves out %d, %v", all, left, report.Err())
		}
	}
	// A known failure that is left out is not reported as unknown.
	report := conformance.Check(t.Context(), newReference().mount,
		conformance.Options{Filter: filter, KnownFailures: map[string]string{"C3": "it is a choice"}})
	if report.Err() != nil {
		t.Error(report.Err())
	}
}

// A run in which most cases are unsupported is not a success.
func TestMostUnsupported(t *testing.T) {
	for _, tt := range []struct {
		unsupported []string
		fails       bool
	}{
		{[]string{"/a"}, false}, {[]string{"/a", "/b"}, true},
	} {
		mount := func(s conformance.Setup) (*conformance.Server, error) {
			if slices.Contains(tt.unsupported, s.Group) {
				return nil, fmt.Errorf("%w: groups", conformance.ErrUnsupported)
			}
			return newReference().mount(s)
		}
		one := func(id, group string) conformance.Case {
			return conformance.Case{ID: id, Rule: "A1", Setup: conformance.Setup{
				Group: group, Policies: []core.Policy{{AllowOrigins: []string{conformance.OriginA}}},
			}}
		}
		cases := []conformance.Case{one("one", "/a"), one("two", "/b")}
		err := conformance.Check(t.Context(), mount, conformance.Options{Cases: cases}).Err()
		if (err != nil) != tt.fails || err != nil && !strings.Contains(err.Error(), "2 of 2 cases were skipped as unsupported") {
			t.Errorf("%q unsupported: %v", tt.unsupported, err)
		}
	}
}

// child tells a test that it runs in a process of its own.
const child = "CORSKIT_CONFORMANCE_CHILD"

// TestNaive is run by [TestFirstRun], in a process of its own, because it fails.
func TestNaive(t *testing.T) {
	switch os.Getenv(child) {
	case "naive":
		conformance.Run(t, conformance.NetHTTP(mountNaive))
	case "unsupported":
		conformance.Run(t, func(conformance.Setup) (*conformance.Server, error) {
			return nil, fmt.Errorf("%w: anything", conformance.ErrUnsupported)
		})
	}
}

// firstRun returns what a failing run of the suite prints.
func firstRun(t *testing.T, which string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"-test.run=^TestNaive$", "-test.short"}, args...)...)
	cmd.Env = append(os.Environ(), child+"="+which)
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Errorf("%s: the run passes:\n%s", which, out)
	}
	return string(out)
}

// A first run of a naive middleware fails for a few causes: the output begins with those
// about security and ends with a summary.
func TestFirstRun(t *testing.T) {
	out := firstRun(t, "naive")
	if n := strings.Count(out, "\n"); n > 600 {
		t.Errorf("the output has %d lines", n)
	}
	titles := regexp.MustCompile(`(?m)^\s+(SECURITY: )?([^\n]+) \(\d+ cases?\)\n\s+fix: `).FindAllStringSubmatch(out, -1)
	last, seen := true, 0
	for _, m := range titles[:len(titles)-1] { // the last is the summary's
		security := m[1] != ""
		if security && !last {
			t.Errorf("%q comes after a cause that is not about security", m[2])
		}
		last = security
		seen++
	}
	if seen < 4 || seen > 30 {
		t.Errorf("there are %d causes", seen)
	}
	end := out[strings.LastIndex(out, "cases: "):]
	for _, part := range []string{
		" failed (", " about security), ", " passed", " skipped as unsupported; ", " choices of this suite left out",
		"most frequent: ", "fix: ", "docs/rules.md",
	} {
		if !strings.Contains(out[strings.LastIndex(out, " cases: "):], part) {
			t.Errorf("the summary lacks %q:\n%s", part, end)
		}
	}
	out = firstRun(t, "naive", "-test.run=^TestNaive$/^A2$/^refused$")
	if !strings.Contains(out, "> Origin: https://evil.test") || strings.Count(out, "\n") > 60 {
		t.Errorf("the output for a single case is\n%s", out)
	}
	if out := firstRun(t, "unsupported"); !strings.Contains(out, "were skipped as unsupported, so this run shows little") ||
		!strings.Contains(out, "cases: anything") {
		t.Errorf("the output of a run that supports nothing is\n%s", out)
	}
}
