package observe

import (
	"net/http"
	"net/netip"
	"strings"
)

// guard decides which requests the inspector answers: those of its own page and of its
// users. Other pages must not read it, because it shows origins and paths of other
// people's requests.
type guard struct {
	hosts map[string]bool // in lower case, in addition to loopback
}

func newGuard(hosts []string) guard {
	g := guard{map[string]bool{"localhost": true}}
	for _, h := range hosts {
		if name := strings.ToLower(strings.TrimSpace(h)); name != "" {
			g.hosts[name] = true
		}
	}
	return g
}

// protect sets the headers of every answer. The page can run only the inspector's own
// files, no other page can embed it, and no cache stores it.
func protect(h http.Header) {
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "+
		"base-uri 'none'; form-action 'self'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Add("Vary", "Origin, Sec-Fetch-Site")
}

// refuse returns the status and the reason if r must not be answered, and 0 otherwise.
func (g guard) refuse(r *http.Request) (status int, reason string) {
	switch {
	case !g.knows(r.Host):
		return http.StatusForbidden, "the inspector does not answer for this host name: open it at localhost or a " +
			"loopback address, or list the name in HandlerOptions.Hosts"
	case !fromItself(r):
		return http.StatusForbidden, "the inspector answers only its own page: type its address instead of following a link"
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		return http.StatusMethodNotAllowed, "the inspector changes nothing: it answers only GET and HEAD"
	}
	return 0, ""
}

// knows reports whether a Host field names this server. A name that merely resolves to
// this server may belong to a stranger (DNS rebinding).
func (g guard) knows(host string) bool {
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host = host[:i]
	}
	if g.hosts[strings.ToLower(host)] {
		return true
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	return err == nil && addr.IsLoopback()
}

// fromItself reports whether a request comes from the inspector's page or from the user,
// such as from the address bar or curl.
func fromItself(r *http.Request) bool {
	for _, site := range r.Header.Values("Sec-Fetch-Site") {
		if site != "same-origin" && site != "none" {
			return false
		}
	}
	for _, origin := range r.Header.Values("Origin") {
		if origin != "http://"+r.Host && origin != "https://"+r.Host {
			return false
		}
	}
	return true
}
