// Command proxy is a reverse proxy in front of a service that has a CORS middleware of its
// own, and a page that uses the service through the proxy.
//
//	go run ./examples/proxy
//
// The proxy decides for all services behind it, and removes their CORS headers. Otherwise the
// response would have Access-Control-Allow-Origin twice, and the browser would refuse it.
package main

import (
	_ "embed" // page.js
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/examples/page"
)

//go:embed page.js
var script string

func main() {
	page.Main(page.Example{
		Title: "A reverse proxy in front", Script: script, API: newAPI,
		Intro: "The proxy answers preflights and removes the CORS headers of the service behind it.",
	})
}

func newAPI(origin string) (page.Server, error) {
	engine, err := core.New(core.Policy{
		AllowOrigins:  []string{origin},
		AllowMethods:  []string{"PUT"},
		AllowHeaders:  []string{"content-type"},
		ExposeHeaders: []string{"x-served-by"},
		MaxAge:        10 * time.Minute,
	})
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	upstream := page.NewServer(http.HandlerFunc(service))
	go func() {
		if err := upstream.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Print("the service: ", err)
		}
	}()

	target := &url.URL{Scheme: "http", Host: listener.Addr().String()}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target); r.SetXForwarded() },
		ModifyResponse: corshttp.StripUpstream,
	}
	server := page.NewServer(corshttp.Middleware(engine)(proxy))
	server.RegisterOnShutdown(func() { _ = upstream.Close() })
	return server, nil
}

// service is the service behind the proxy. Its CORS headers allow everyone, but it does not
// answer preflights.
func service(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("X-Served-By", "the service")
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	fmt.Fprintf(w, "%s %s for %s", r.Method, r.URL.Path, r.Header.Get("X-Forwarded-Proto"))
}
