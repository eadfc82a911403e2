package corshttp_test

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

func TestStripUpstream(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name := range core.ResponseHeaders() {
			w.Header().Set(name, "upstream's")
		}
		w.Header().Set("Vary", "Accept")
	}))
	defer upstream.Close()
	target, _ := url.Parse(upstream.URL)
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: corshttp.StripUpstream,
	}
	expect(t, serve(corshttp.Middleware(core.MustNew(policy))(proxy), request("GET", "https://a.example")), 200, http.Header{
		"Access-Control-Allow-Origin": {"https://a.example"}, "Access-Control-Allow-Credentials": {"true"},
		"Access-Control-Expose-Headers": {"x-e"}, "Vary": {"Origin", "Accept"},
	})
}
