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

// Under a reload, every response has all headers of the one policy or all of
// the other.
func TestReloadUnderLoad(t *testing.T) {
	policies := []core.Policy{
		{AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"x-1"}, ExposeHeaders: []string{"x-1"}, AllowCredentials: true},
		{AllowOrigins: []string{"https://*.example", "https://a.example"}, AllowMethods: []string{"DELETE"}, AllowHeaders: []string{"x-2"}, ExposeHeaders: []string{"x-2"}, RejectDisallowed: true},
		{AllowOrigins: []string{"*"}},
	}
	engine := core.MustNew(policies[0])
	handler := corshttp.Middleware(engine)(ok)
	server := httptest.NewServer(handler)
	defer server.Close()

	requests := []func() *http.Request{
		func() *http.Request { return outgoing(server.URL, "GET", "https://a.example", "") },
		func() *http.Request { return outgoing(server.URL, "OPTIONS", "https://a.example", "PUT") },
		func() *http.Request { return outgoing(server.URL, "GET", "http://e.test", "") },
		func() *http.Request { return outgoing(server.URL, "GET", "", "") },
	}
	seen := func(res *http.Response) string {
		h := res.Header
		return fmt.Sprint(res.StatusCode, h["Access-Control-Allow-Origin"], h["Access-Control-Allow-Credentials"], h["Access-Control-Allow-Methods"],
			h["Access-Control-Allow-Headers"], h["Access-Control-Expose-Headers"], h["Vary"])
	}
	want := make([]map[string]bool, len(requests))
	for i, request := range requests {
		want[i] = map[string]bool{}
		for _, p := range policies {
			if err := engine.Reload(p); err != nil {
				t.Fatal(err)
			}
			res, err := http.DefaultClient.Do(request())
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			want[i][seen(res)] = true
		}
	}

	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
				if err := engine.Reload(policies[i%len(policies)]); err != nil {
					t.Error(err)
				}
			}
		}
	})
	var clients sync.WaitGroup
	for i, request := range requests {
		clients.Go(func() {
			for range 200 {
				res, err := http.DefaultClient.Do(request())
				if err != nil {
					t.Error(err)
					return
				}
				res.Body.Close()
				if got := seen(res); !want[i][got] {
					t.Errorf("request %d: a response of no policy: %s", i, got)
				}
			}
		})
	}
	clients.Wait()
	close(done)
	wg.Wait()
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
