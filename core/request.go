package core

import "strings"

// Request has the parts of an HTTP request that a decision may depend on. Each adapter
// package has a function Request that returns one. See also [NewRequest]. The engine does
// not keep its slices.
//
// Each slice holds the lines of one header field, one element per line. A nil or
// empty slice means that the field is absent. A slice with one empty string means
// that the field is present but empty.
type Request struct {
	Method string // as sent; methods are case-sensitive (RFC 9110, section 9.1)
	Host   string // the Host field or :authority, including a port if it has one

	// Path is the path that the framework's router matches against its routes.
	Path string
	// RawPath is the path as sent if its percent-encoding matters (see
	// [net/url.URL.RawPath]), and empty otherwise. A [Route] covers the request
	// only if it covers both forms of the path.
	RawPath string
	// FoldPath reports whether the router ignores the case of ASCII letters in
	// paths, as fiber does by default. A [Route] then ignores it too, so that it
	// covers the same paths as the router.
	FoldPath bool

	Origin                             []string
	AccessControlRequestMethod         []string
	AccessControlRequestHeaders        []string
	AccessControlRequestPrivateNetwork []string
	SecFetchSite                       []string
}

// OriginValue returns the value of the Origin field, or "" if the field is absent
// or has several lines. It is never empty in an AllowOriginFunc.
func (r Request) OriginValue() string {
	if len(r.Origin) != 1 {
		return ""
	}
	return r.Origin[0]
}

// SameOrigin reports whether the request comes from a page of the server's own
// origin. It uses Sec-Fetch-Site. If that field is absent, empty or "none", it
// compares the host and port of Origin with Host, as
// [net/http.CrossOriginProtection] does. Without exactly one Origin line, it
// returns false. Browsers send Origin even with same-origin requests, except GET
// and HEAD (Fetch, "append a request `Origin` header").
//
// SameOrigin cannot recognize every request of the server's own pages:
//
//   - Browsers send no Sec-Fetch-Site over plain http, except to loopback (Fetch Metadata
//     Request Headers, "Set the Sec-Fetch-Site header"). Chromium sends none with WebSocket
//     handshakes. If a proxy in front of the server then changes Host, Origin and Host
//     differ, and SameOrigin returns false. Let the proxy pass on Host, with its port, or
//     list the server's own origin in AllowOrigins. SameOrigin does not use
//     X-Forwarded-Host, which clients can send too.
//   - Forms of a page with "Referrer-Policy: no-referrer" send "Origin: null" (Fetch, as
//     above). Without Sec-Fetch-Site, SameOrigin returns false. Serve the page over https,
//     or with another policy, such as "same-origin".
//   - Sandboxed frames without allow-same-origin send "Origin: null" and "Sec-Fetch-Site:
//     cross-site", as a stranger's frames do. SameOrigin returns false.
func (r Request) SameOrigin() bool {
	return len(r.Origin) == 1 && sameOrigin(r.Origin[0], nil, &facts{Request: r})
}

// sameOrigin implements [Request.SameOrigin]. origin is the request's only Origin
// line.
func sameOrigin(origin string, src Source, r *facts) bool {
	// "none" means that the user, not a page, started the request.
	if site := lines(src, r, fieldFetchSite); len(site) > 0 && site[0] != "" && site[0] != "none" {
		return site[0] == "same-origin"
	}
	scheme, host, ok := strings.Cut(origin, "://")
	return ok && (scheme == "https" || scheme == "http") && host != "" && host == target(src, r).Host
}
