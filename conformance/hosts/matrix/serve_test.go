package matrix

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/hosts"
)

const (
	allowed  = "https://a.example"
	stranger = "https://evil.test"
)

// serve serves the application until the test is over.
func serve(t testing.TB, h hosts.Host, app hosts.App) (url string) {
	t.Helper()
	server, err := h.Build(app).Serve(conformance.Setup{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		client.CloseIdleConnections()
		done := make(chan struct{})
		go func() {
			defer close(done)
			server.Close()
		}()
		select {
		case <-done:
		case <-time.After(20 * time.Second):
			t.Error("the server does not stop within 20 s")
		}
	})
	return server.URL
}

// text is a route whose handler answers 200.
func text(method, path, body string) hosts.Route {
	return hosts.Route{Methods: []string{method}, Path: path, Behaviour: hosts.Text, Body: body}
}

// client follows no redirect and does not decompress.
var client = &http.Client{
	Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Second},
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

func exchange(t *testing.T, method, url, origin string, header http.Header, body string) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header.Clone()
	r.Header.Set("Origin", origin)
	res, err := client.Do(r)
	if err != nil {
		t.Fatalf("%s %s from %s: %v", method, url, origin, err)
	}
	defer res.Body.Close()
	if res.StatusCode == http.StatusSwitchingProtocols {
		conn, ok := res.Body.(io.ReadWriter)
		line := make([]byte, 5)
		if !ok {
			t.Fatalf("%s: no connection to write to", url)
		}
		if _, err := io.WriteString(conn, "line\n"); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, line); err != nil || string(line) != "line\n" {
			t.Errorf("%s: the upgraded connection answers %q, %v", url, line, err)
		}
		return res
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Errorf("%s %s from %s: body: %v", method, url, origin, err)
	}
	return res
}

// preflight sends a preflight, with the names of request headers if there are any.
func preflight(t *testing.T, method, url, origin string, names ...string) *http.Response {
	t.Helper()
	ask := http.Header{"Access-Control-Request-Method": {method}, "Accept-Encoding": {"gzip, deflate, br"}}
	if len(names) > 0 {
		ask.Set("Access-Control-Request-Headers", strings.Join(names, ","))
	}
	return exchange(t, http.MethodOptions, url, origin, ask, "")
}

// varies reports whether Vary contains a name.
func varies(h http.Header, name string) bool {
	for _, line := range h.Values("Vary") {
		if slices.ContainsFunc(strings.Split(line, ","), func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), name) }) {
			return true
		}
	}
	return false
}
