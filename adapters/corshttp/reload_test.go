package corshttp_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// reloaded are the policies between which TestReloadUnderLoad switches.
var reloaded = []core.Policy{
	{
		AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"x-1"},
		ExposeHeaders: []string{"x-1"}, AllowCredentials: true,
	},
	{
		AllowOrigins: []string{"https://*.example", "https://a.example"}, AllowMethods: []string{"DELETE"}, AllowHeaders: []string{"x-2"},
		ExposeHeaders: []string{"x-2"}, RejectDisallowed: true,
	},
	{AllowOrigins: []string{"*"}},
}

// TestReloadUnderLoad: during reloads, every response has all headers of one of the
// policies, never some of one and some of another.
func TestReloadUnderLoad(t *testing.T) {
	engine := core.MustNew(reloaded[0])
	server := httptest.NewServer(corshttp.Middleware(engine)(ok))
	defer server.Close()

	requests := []func() *http.Request{
		func() *http.Request { return outgoing(server.URL, "GET", "https://a.example", "") },
		func() *http.Request { return outgoing(server.URL, "OPTIONS", "https://a.example", "PUT") },
		func() *http.Request { return outgoing(server.URL, "GET", "http://e.test", "") },
		func() *http.Request { return outgoing(server.URL, "GET", "", "") },
	}
	want := make([]map[string]bool, len(requests))
	for i, request := range requests {
		want[i] = map[string]bool{}
		for _, p := range reloaded {
			if err := engine.Reload(p); err != nil {
				t.Fatal(err)
			}
			got, err := answer(request())
			if err != nil {
				t.Fatal(err)
			}
			want[i][got] = true
		}
	}

	done := make(chan struct{})
	var reloads, clients sync.WaitGroup
	reloads.Go(func() { reload(t, engine, done) })
	for i, request := range requests {
		clients.Go(func() {
			for range 200 {
				got, err := answer(request())
				if err != nil {
					t.Error(err)
					return
				}
				if !want[i][got] {
					t.Errorf("request %d: no policy gives this response: %s", i, got)
				}
			}
		})
	}
	clients.Wait()
	close(done)
	reloads.Wait()
}

// reload reloads the engine until done is closed.
func reload(t *testing.T, engine *core.Engine, done <-chan struct{}) {
	for i := 0; ; i++ {
		select {
		case <-done:
			return
		default:
			if err := engine.Reload(reloaded[i%len(reloaded)]); err != nil {
				t.Error(err)
			}
		}
	}
}

// answer sends a request and returns the status and the CORS headers of the response.
func answer(r *http.Request) (string, error) {
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	res.Body.Close()
	got := fmt.Sprint(res.StatusCode, res.Header["Vary"])
	for name := range core.ResponseHeaders() {
		got += fmt.Sprint(" ", name, res.Header[name])
	}
	return got, nil
}

func outgoing(url, method, origin, asks string) *http.Request {
	r, err := http.NewRequest(method, url, nil)
	if err != nil {
		panic(err)
	}
	if origin != "" {
		r.Header.Set("Origin", origin)
	}
	if asks != "" {
		r.Header.Set("Access-Control-Request-Method", asks)
	}
	return r
}
