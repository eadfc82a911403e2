package conformance

import (
	"strings"
	"testing"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// TestSpellings checks that core and the model of the browser agree on which strings
// are origins, for all short hosts over a few characters, and for labels in punycode.
// They differ only in hosts with empty labels, which browsers parse but DNS does not
// resolve: core refuses them.
func TestSpellings(t *testing.T) {
	hosts := []string{
		"a.example", "a.example.", "xn--bcher-kva.example", "xn--bcher-kva.example.", "xn--a.example", "xn--a", "xn--", "axn--b", "a--b",
		"xn--a-.example", "xn--fa-hia.example", "xn--zca.example", "xn--4db.example", "1.xn--4db", "xn--fiqs8s", "xn--bcher-kva.xn--a",
		"127.0.0.1", "127.0.0.1.", "127.1", "[::1]", "[::1].", "[0::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
	}
	const characters = "aA1.-_x0"
	last := []string{""}
	for range 4 {
		var next []string
		for _, h := range last {
			for _, c := range characters {
				next = append(next, h+string(c))
			}
		}
		hosts = append(hosts, last...)
		last = next
	}
	hosts = append(hosts, last...)
	origins := 0
	for _, scheme := range []string{"https", "http", "wss", "ftp", "app", "file", "qrc", "chrome-extension"} {
		for _, host := range hosts {
			if strings.HasPrefix(host, ".") && len(host) > 1 || strings.Contains(host, "..") || host == "." && scheme != "app" {
				continue
			}
			for _, port := range []string{"", ":1", ":80", ":443", ":21", ":0", ":01"} {
				s := scheme + "://" + host + port
				want := browsermodel.OriginOf(s) == s
				if port == ":0" {
					want = false // no server listens there
				}
				if core.IsOrigin(s) != want {
					t.Errorf("IsOrigin(%q) = %v, but browsers send %q", s, !want, browsermodel.OriginOf(s))
				}
				if want {
					origins++
				}
			}
		}
	}
	if origins < 10_000 {
		t.Errorf("only %d origins", origins)
	}
}
