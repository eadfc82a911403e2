package browsermodel

import (
	"context"
	"slices"
	"strings"
	"testing"
)

func TestDress(t *testing.T) {
	f := Fetch{Origin: originA, URL: "https://api.example/x", Method: "PUT", Header: Header("X-A", "1", "Accept", "text/html", "*", "2")}
	r := Request{Method: "PUT", URL: "/x", Header: Header("Origin", originA, "X-A", "1", "Accept", "text/html", "*", "2")}
	if got := Agent("").Dress(f, r); !slices.Equal(got.Header, r.Header) {
		t.Errorf("the zero Agent sends %v", got.Header)
	}
	for _, p := range []Profile{Chromium(), Firefox(), WebKit()} {
		t.Run(p.Name, func(t *testing.T) {
			for _, r := range []Request{r, f.Preflight()} {
				got := p.Agent.Dress(f, r)
				for _, line := range r.Header {
					if values := got.Header.Values(line.Name); !slices.Equal(values, r.Header.Values(line.Name)) {
						t.Errorf("%s: %s is %q, was %q", r.Method, line.Name, values, line.Value)
					}
				}
				for name, want := range map[string]string{
					"Referer": originA + "/", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Sec-Fetch-Dest": "empty",
				} {
					if values := got.Header.Values(name); !slices.Equal(values, []string{want}) {
						t.Errorf("%s: %s is %q, want %q", r.Method, name, values, want)
					}
				}
				if agent, _ := got.Header.Get("User-Agent"); !strings.HasPrefix(agent, "Mozilla/5.0") {
					t.Errorf("%s: User-Agent is %q", r.Method, agent)
				}
			}
		})
	}
}

func TestSites(t *testing.T) {
	for _, f := range []struct{ origin, url, site, referer string }{
		{originA, originA + "/x", "same-origin", originA + "/"},
		{originA, "https://api.a.example/x", "same-site", originA + "/"},
		{originA, "https://a.example:8443/x", "same-site", originA + "/"},
		{originA, "http://a.example/x", "cross-site", ""},
		{originA, originB + "/x", "cross-site", originA + "/"},
		{originA, "http://127.0.0.1:1/x", "cross-site", originA + "/"},
		{"https://a.github.io", "https://b.github.io/x", "cross-site", "https://a.github.io/"},
		{"https://github.io", "https://b.github.io/x", "cross-site", "https://github.io/"},
		{"http://127.0.0.1:1", "http://127.0.0.1:2/x", "same-site", "http://127.0.0.1:1/"},
		{"http://127.0.0.1:1", "http://126.0.0.1:1/x", "cross-site", "http://127.0.0.1:1/"},
		{"http://[::1]:1", "http://[::1]:2/x", "same-site", "http://[::1]:1/"},
		{"http://localhost:1", "http://localhost:2/x", "same-site", "http://localhost:1/"},
		{"null", originA + "/x", "cross-site", ""},
		{"", originA + "/x", "cross-site", ""},
		{"https://a.example/x y", originA + "/x", "same-site", ""},
		{"app://x", originA + "/x", "cross-site", ""},
	} {
		got := Chromium().Agent.Dress(Fetch{Origin: f.origin, URL: f.url}, Request{Method: "GET"})
		site, _ := got.Header.Get("Sec-Fetch-Site")
		referer, _ := got.Header.Get("Referer")
		if site != f.site || referer != f.referer {
			t.Errorf("from %q to %s: %s, Referer %q, want %s, %q", f.origin, f.url, site, referer, f.site, f.referer)
		}
	}
}

// After redirects, Sec-Fetch-Site describes the most distant URL.
func TestSiteOfRedirects(t *testing.T) {
	next := map[string]string{
		originA + "/1": "https://api.a.example/2", "https://api.a.example/2": originB + "/3", originB + "/3": originA + "/4",
	}
	var sites []string
	browser := &Browser{Profile: Firefox(), Transport: func(_ context.Context, r Request) (Response, error) {
		site, _ := r.Header.Get("Sec-Fetch-Site")
		sites = append(sites, site)
		header := Header(acao, "*")
		status := 200
		if to, ok := next[r.URL]; ok {
			header, status = append(header, Field{"Location", to}), 302
		}
		return Response{Status: status, Header: header}, nil
	}}
	if v := browser.Fetch(t.Context(), Fetch{Origin: originA, URL: originA + "/1"}); !v.Allowed {
		t.Fatal(v)
	}
	if want := []string{"same-origin", "same-site", "cross-site", "cross-site"}; !slices.Equal(sites, want) {
		t.Errorf("Sec-Fetch-Site is %q, want %q", sites, want)
	}
}
