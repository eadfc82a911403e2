package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// status returns a handler that answers with a status and header lines.
func status(code int, header ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
	})
}

// after returns a server that answers n requests with h, and the rest with then.
func after(n int32, h, then http.Handler) http.Handler {
	var seen atomic.Int32
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if seen.Add(1) > n {
			then.ServeHTTP(w, r)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// A rate limit or an outage is no answer, so nothing is concluded from it.
func TestProbeBusy(t *testing.T) {
	t.Parallel()
	reflects := flawed(onlyIf(always), allowCredentials, "true")
	for code := range 600 {
		want := slices.Contains([]int{408, 425, 429, 502, 503, 504}, code) || code >= 520 && code <= 530
		if isBusy(code) != want {
			t.Errorf("status %d is busy: %t, want %t", code, !want, want)
		}
	}
	for _, code := range []int{429, 503, 522} {
		got, r := probeServer(t, after(2, reflects, status(code)))
		if r.code != exitFail || got.Checks != 2 || got.Unanswered != 1 || len(got.Findings) > 0 {
			t.Errorf("status %d after two requests: %+v", code, r)
		}
		contains(t, "what is not judged", got.Unjudged, fmt.Sprintf("status %d", code), "no more were sent", "--rate 30/m",
			"not judged: reflects-any-origin, allows-null, matches-prefix")
		if !slices.Contains(got.Skipped, "missing-vary") || !slices.Contains(got.Skipped, "reflects-any-origin") {
			t.Errorf("status %d: skipped %q", code, got.Skipped)
		}

		got, r = probeServer(t, status(code, "Access-Control-Allow-Origin", "*"))
		if r.code != exitFail || got.Verdict.Allowed || got.Verdict.Code != codeBusy || got.Checks != 0 {
			t.Errorf("status %d at once: %+v", code, r)
		}
		got, r = probeServer(t, status(code), "-X", "PUT")
		if r.code != exitFail || got.Verdict.Code != codeBusy || !strings.Contains(got.Verdict.Text, "answered the preflight with") {
			t.Errorf("status %d for the preflight: %+v", code, r)
		}
	}
	for _, header := range []string{"Cf-Mitigated", "X-Amzn-Waf-Action"} {
		got, r := probeServer(t, after(2, reflects, status(403, header, "challenge")))
		if r.code != exitFail || got.Unanswered != 1 || !strings.Contains(got.Unjudged, "a challenge of a firewall") {
			t.Errorf("%s: %+v", header, r)
		}
	}
	for _, code := range []int{403, 404, 500} { // these come from the application
		if got, r := probeServer(t, status(code)); r.code != exitNo || got.Unanswered > 0 || got.Verdict.Code != "allow-origin-missing" {
			t.Errorf("status %d: %+v", code, r)
		}
	}
}

// A suggested rate is lower than the one that was too fast.
func TestBusyAdvice(t *testing.T) {
	t.Parallel()
	for rate, want := range map[string]string{
		"": "or with --rate 30/m", "2/s": "or with --rate 30/m", "31/m": "or with --rate 30/m", "30/m": "or with --rate 15/m, or exempt",
		"2/m": "or with --rate 1/m, or exempt", "1/m": "the limit counts over more than a minute: try again later, or exempt this machine",
		"5/h": "the limit counts over more than a minute: try again later, or exempt this machine",
	} {
		interval, err := parseRate(rate)
		if got := busyAdvice(interval); err != nil || !strings.Contains(got, want) {
			t.Errorf("--rate %s: %v %q, want %q", rate, err, got, want)
		}
	}
	busy := httptest.NewServer(status(429))
	defer busy.Close()
	said := corskit(t, "", "probe", busy.URL, "-o", page, "--rate", "30/m").stdout
	contains(t, "the text", said, "fix: try again later, or with --rate 15/m")
}

// If a request of the checks is refused for its rate, nothing is said about the CORS headers of
// its answer. A page does not see such a status without them.
func TestProbeBusyPut(t *testing.T) {
	t.Parallel()
	const note = "the response with status 429 (Too Many Requests) has no Access-Control-Allow-Origin: scripts see a CORS error"
	put := flawed(sound, "Access-Control-Allow-Methods", "PUT")
	for n := range int32(4) {
		got, r := probeServer(t, after(n, put, status(429)), "-X", "PUT")
		if r.code != exitFail || strings.Contains(got.Unjudged, "have no CORS headers") || strings.Contains(got.Unjudged, "--repeat") {
			t.Errorf("busy after %d requests: %+v", n, r)
		}
		if !slices.ContainsFunc(got.Notes, func(s string) bool { return strings.HasPrefix(s, note) }) {
			t.Errorf("busy after %d requests: no note in %q", n, got.Notes)
		}
	}
	got, r := probeServer(t, after(2, put, status(429, "Access-Control-Allow-Origin", page)), "-X", "PUT")
	if r.code != exitFail || len(got.Notes) > 0 {
		t.Errorf("a status that scripts see: %+v", r)
	}
	got, r = probeServer(t, after(7, put, status(429)), "-X", "PUT")
	if r.code != exitFail || len(got.Notes) > 0 {
		t.Errorf("a status for a stranger: %+v", r)
	}
}

// What the answer of a busy server reveals still counts.
func TestProbeBusyReveals(t *testing.T) {
	t.Parallel()
	got, r := probeServer(t, after(5, flawed(sound), http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		w.Header().Set(allowCredentials, "true")
		w.WriteHeader(429)
	})))
	if r.code != exitNo || len(got.Findings) != 1 || got.Findings[0].Code != "reflects-any-origin" ||
		slices.Contains(got.Skipped, "reflects-any-origin") {
		t.Errorf("a 429 with the stranger's origin: %+v", r)
	}
	s := httptest.NewServer(after(2, flawed(sound), status(429)))
	defer s.Close()
	text := corskit(t, "", "probe", s.URL, "-o", page)
	if text.code != exitFail || strings.Contains(text.stdout, "no misconfiguration") {
		t.Errorf("%+v", text)
	}
	contains(t, "the text", text.stdout, "incomplete: 1 of 2 further requests got no answer", "429 (Too Many Requests)")
	busy := httptest.NewServer(status(503))
	defer busy.Close()
	said := corskit(t, "", "probe", busy.URL, "-o", page).stdout
	contains(t, "the text", said, "not judged: the server answered the request with status 503 (Service Unavailable), which says nothing")
	if strings.Contains(said, "incomplete") {
		t.Errorf("said twice:\n%s", said)
	}
	said = corskit(t, "", "probe", busy.URL, "-o", page, "--format", "github").stdout
	if !strings.HasPrefix(said, "::warning title=CORS%3A incomplete::the server answered") || strings.Contains(said, "::error") {
		t.Errorf("annotations: %s", said)
	}
}

// probe comes back when the server asks for it, with requests that change nothing.
func TestProbeRetryAfter(t *testing.T) {
	t.Parallel()
	// once answers the n-th request with 429, and all others with h.
	once := func(n int32, value string, h http.Handler) (http.Handler, *atomic.Int32) {
		var seen atomic.Int32
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if seen.Add(1) == n {
				w.Header().Set("Retry-After", value)
				w.WriteHeader(429)
				return
			}
			h.ServeHTTP(w, r)
		}), &seen
	}
	past := time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat)
	for _, value := range []string{"0", "1", past} {
		for _, n := range []int32{1, 4} {
			h, _ := once(n, value, flawed(sound))
			got, r := probeServer(t, h)
			if r.code != exitYes || got.Unanswered > 0 || !strings.Contains(r.stderr, "the server is busy: waiting") {
				t.Errorf("Retry-After: %s at request %d: %+v", value, n, r)
			}
		}
	}
	later := time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)
	for _, value := range []string{"3600", later, "soon", "-1"} { // too long to wait, or not a time
		h, seen := once(4, value, flawed(sound))
		if got, r := probeServer(t, h); r.code != exitFail || got.Unanswered != 1 || seen.Load() != 4 {
			t.Errorf("Retry-After: %s: %d requests, %+v", value, seen.Load(), r)
		}
	}
	h, seen := once(2, "0", flawed(sound, "Access-Control-Allow-Methods", "POST"))
	if got, r := probeServer(t, h, "-X", "PATCH"); r.code != exitNo || got.Verdict.Code != "method-not-allowed" {
		t.Errorf("%d requests, %+v", seen.Load(), r)
	}
	// A POST without a preflight is the first request: it is not repeated.
	h, seen = once(1, "0", flawed(sound))
	if got, r := probeServer(t, h, "-X", "POST"); r.code != exitFail || got.Verdict.Code != codeBusy || seen.Load() != 1 {
		t.Errorf("a POST: %d requests, %+v", seen.Load(), r)
	}
	always := status(429, "Retry-After", "0")
	if got, r := probeServer(t, always); r.code != exitFail || got.Verdict.Code != codeBusy {
		t.Errorf("always 429: %+v", r)
	}
}

// With --rate, probe stays below the limit of the server.
func TestProbeRate(t *testing.T) {
	t.Parallel()
	const gap = 20 * time.Millisecond
	var mu sync.Mutex
	var last time.Time
	limited := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		defer func() { last = time.Now() }()
		if time.Since(last) < gap {
			w.WriteHeader(429)
			return
		}
		flawed(sound).ServeHTTP(w, r)
	})
	if got, r := probeServer(t, limited, "--rate", "50/s"); r.code != exitYes || got.Unanswered > 0 {
		t.Errorf("%+v", r)
	}
	for _, rate := range []string{"0", "0/s", "-1/s", "x", "1/", "1/d", "/s", "1.5"} {
		r := corskit(t, "", "probe", "http://localhost/", "-o", page, "--rate", rate)
		if r.code != exitFail || !strings.Contains(r.stderr, "is not a rate such as 2/s or 30/m") {
			t.Errorf("--rate %s: %+v", rate, r)
		}
	}
}
