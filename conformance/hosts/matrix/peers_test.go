package matrix

import (
	"net/http"
	"testing"
	"time"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/hosts"
	"github.com/corskit/corskit/conformance/hosts/peers"
	"github.com/corskit/corskit/core"
)

// TestPeers checks that each library of package peers allows the origin of its policy, and no other.
func TestPeers(t *testing.T) {
	const allowed, other = "https://a.example", "https://b.example"
	policy := core.Policy{
		AllowOrigins: []string{allowed}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"x-a"}, MaxAge: time.Minute,
	}
	for _, p := range []peers.Peer{
		peers.RS(), peers.Jub0bs(), peers.Chi(), peers.Gorilla(), peers.Gin(), peers.Echo(), peers.EchoV5(), peers.Fiber(), peers.FiberV3(),
	} {
		t.Run(p.Name, func(t *testing.T) {
			m, err := p.New(policy, nil)
			if err != nil {
				t.Fatal(err)
			}
			server, err := p.Host.Build(hosts.App{
				CORS:   []hosts.Middleware{m.Middleware},
				Routes: []hosts.Route{{Methods: []string{"GET", "OPTIONS"}, Path: "/x", Behaviour: hosts.Text, Body: "x"}},
			}).Serve(conformance.Setup{})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			allows(t, server.URL, map[string]bool{allowed: true, other: false})
			if m.Reload == nil {
				return
			}
			changed := policy
			changed.AllowOrigins = []string{other}
			if err := m.Reload(changed); err != nil {
				t.Fatal(err)
			}
			allows(t, server.URL, map[string]bool{allowed: false, other: true})
		})
	}
}

// TestPeersMatch checks the libraries that take a function.
func TestPeersMatch(t *testing.T) {
	const origin = "https://a.example"
	for _, p := range []peers.Peer{peers.RS(), peers.Gorilla(), peers.EchoV5()} {
		t.Run(p.Name, func(t *testing.T) {
			m, err := p.New(core.Policy{AllowOrigins: []string{"https://b.example"}}, func(o string) bool { return o == origin })
			if err != nil {
				t.Fatal(err)
			}
			server, err := p.Host.Build(hosts.App{
				CORS:   []hosts.Middleware{m.Middleware},
				Routes: []hosts.Route{{Methods: []string{"GET"}, Path: "/x", Behaviour: hosts.Text, Body: "x"}},
			}).Serve(conformance.Setup{})
			if err != nil {
				t.Fatal(err)
			}
			defer server.Close()
			allows(t, server.URL, map[string]bool{origin: true, "https://b.example": false})
		})
	}
}

func allows(t *testing.T, url string, origins map[string]bool) {
	t.Helper()
	for origin, want := range origins {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/x", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", origin)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if got := res.Header.Get("Access-Control-Allow-Origin"); (got == origin) != want {
			t.Errorf("GET from %s: Access-Control-Allow-Origin %q, want allowed %v", origin, got, want)
		}
	}
}
