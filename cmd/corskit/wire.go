package main

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
)

// maxAnswerHead is the largest header section of an answer, in bytes.
const maxAnswerHead = 256 << 10

// wire sends requests to servers, through a gate and at a limited rate. It ignores the
// bodies of the answers, and reads only short ones: a body may be an endless stream. A wire is
// not safe for concurrent use.
type wire struct {
	gate      *gate
	transport *http.Transport
	timeout   time.Duration
	interval  time.Duration // the least time from an answer to the next request
	patience  time.Duration // how much longer it may wait because servers ask for it
	waiting   func(time.Duration)
	agent     string    // the User-Agent of requests that have none
	answered  time.Time // when the last answer came
	failure   error     // why the last request got no answer
	send      browsermodel.Transport
}

// Limits on waiting for a busy server.
const (
	maxPatience = 2 * time.Minute // in all
	maxRepeats  = 5               // per request
)

func newWire(g *gate, insecure bool, timeout, interval time.Duration) *wire {
	w := &wire{gate: g, timeout: timeout, interval: interval, patience: maxPatience, transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: timeout}).DialContext,
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: insecure},
		TLSHandshakeTimeout: timeout, ForceAttemptHTTP2: true, DisableCompression: true, MaxResponseHeaderBytes: maxAnswerHead,
	}}
	w.send = conformance.RoundTripper(w)
	return w
}

// RoundTrip implements [http.RoundTripper]. If the server is busy and says when to
// come back, RoundTrip waits and repeats a request that changes nothing.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	for repeats := 0; ; repeats++ {
		if err := w.gate.pass(r.Context(), r.URL); err != nil {
			return nil, err
		}
		if !w.answered.IsZero() {
			if err := sleep(r.Context(), w.interval-time.Since(w.answered)); err != nil {
				return nil, err
			}
		}
		res, err := w.once(r)
		w.answered, w.failure = time.Now(), err
		if err != nil || !isBusy(res.StatusCode) || repeats == maxRepeats || !isHarmless(r.Method) {
			return res, err
		}
		pause, ok := retryAfter(res.Header, w.answered)
		if !ok || pause > w.patience {
			return res, nil
		}
		w.patience -= pause
		w.waiting(pause)
		if err := sleep(r.Context(), pause); err != nil {
			return nil, err
		}
	}
}

// maxDrained is the largest body that is read, in bytes.
const maxDrained = 64 << 10

// once sends a request and discards the body of the answer.
func (w *wire) once(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(r.Context(), w.timeout)
	defer cancel()
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", w.agent)
	}
	res, err := w.transport.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	if 0 < res.ContentLength && res.ContentLength <= maxDrained {
		_, _ = io.Copy(io.Discard, res.Body) // so that the connection can be used again
	}
	_ = res.Body.Close()
	res.Body = http.NoBody
	return res, nil
}

// sleep waits until d has passed or ctx is done.
func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// isHarmless reports whether probe may send a request with the method again.
func isHarmless(method string) bool {
	return method == "GET" || method == "HEAD" || method == "OPTIONS"
}

// isBusy reports whether a response with the status comes from something that
// protects the application or stands in for it, and so says nothing about the
// application's CORS policy: rate limits, overload, maintenance, and gateways that
// cannot reach the application. 520 to 530 are Cloudflare's.
func isBusy(status int) bool {
	switch status {
	case 408, 425, 429, 502, 503, 504:
		return true
	}
	return status >= 520 && status <= 530
}

// retryAfter returns how long a busy server asks to wait (RFC 9110, section 10.2.3).
// It reports whether the server says.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, true
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now)), true
	}
	return 0, false
}

// parseRate returns the least time between two requests for a rate such as 2/s,
// 30/m or 2, which is per second. It returns 0, for no limit, for "".
func parseRate(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	number, unit, _ := strings.Cut(s, "/")
	n, err := strconv.ParseUint(number, 10, 16)
	per, ok := map[string]time.Duration{"": time.Second, "s": time.Second, "m": time.Minute, "h": time.Hour}[unit]
	if err != nil || n == 0 || !ok || strings.HasSuffix(s, "/") {
		return 0, usagef("--rate %s is not a rate such as 2/s or 30/m", safe(s))
	}
	return per / time.Duration(n), nil
}

// adviceFor returns what to do about the error of a request without an answer, or "".
func adviceFor(err error) string {
	var certificate *tls.CertificateVerificationError
	var notTLS tls.RecordHeaderError
	switch {
	case errors.As(err, &certificate):
		return "use --insecure to accept a certificate that cannot be verified, such as a self-signed one"
	case errors.Is(err, http.ErrSchemeMismatch), errors.As(err, &notTLS):
		return "use http:// in the URL"
	}
	return ""
}
