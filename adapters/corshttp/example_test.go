package corshttp_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

func ExampleMiddleware() {
	engine, err := core.New(core.Policy{
		AllowOrigins: []string{"https://app.example.com"},
		AllowMethods: []string{"PUT"},
		AllowHeaders: []string{"content-type"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /items/{id}", func(w http.ResponseWriter, r *http.Request) {})
	server := httptest.NewServer(corshttp.Middleware(engine)(mux))
	defer server.Close()

	preflight, _ := http.NewRequest("OPTIONS", server.URL+"/items/1", nil)
	preflight.Header.Set("Origin", "https://app.example.com")
	preflight.Header.Set("Access-Control-Request-Method", "PUT")
	res, err := http.DefaultClient.Do(preflight)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	fmt.Println(res.StatusCode, res.Header.Get("Access-Control-Allow-Origin"), res.Header.Get("Access-Control-Allow-Methods"))
	// Output: 204 https://app.example.com PUT
}

func ExampleCheckOrigin() {
	engine := core.MustNew(core.Policy{AllowOrigins: []string{"https://app.example.com"}})
	check := corshttp.CheckOrigin(engine)

	handshake := httptest.NewRequest("GET", "https://api.example.com/socket", nil)
	for _, origin := range []string{"https://app.example.com", "https://evil.example", "https://api.example.com"} {
		handshake.Header.Set("Origin", origin)
		fmt.Println(origin, check(handshake))
	}
	// Output:
	// https://app.example.com true
	// https://evil.example false
	// https://api.example.com true
}

func ExampleStripUpstream() {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
	}))
	defer upstream.Close()
	target, _ := url.Parse(upstream.URL)
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: corshttp.StripUpstream,
	}
	engine := core.MustNew(core.Policy{AllowOrigins: []string{"https://app.example.com"}})
	w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Origin", "https://app.example.com")
	corshttp.Middleware(engine)(proxy).ServeHTTP(w, r)
	fmt.Println(w.Header()["Access-Control-Allow-Origin"])
	// Output: [https://app.example.com]
}
