package browsermodel

import (
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/corskit/corskit/conformance/internal/text"
)

// Agent names the browser whose request fields a [Browser] sends. It determines the fields
// that the browser itself adds, such as User-Agent, Referer and Sec-Fetch-Site, and the order
// of all fields. The zero Agent adds only Accept and what CORS requires. The other Agents are
// [Profile].Agent of [Chromium], [Firefox] and [WebKit].
type Agent string

const (
	agentChromium Agent = "chromium"
	agentFirefox  Agent = "firefox"
	agentWebKit   Agent = "webkit"
)

// wire has the fields that an agent sends over HTTP/1.1 on Linux, except Host and
// Content-Length. Package realbrowser compares them with the browsers.
type wire struct {
	// The names of the fields in order. [otherFields] marks the place of fields that are
	// not in the list. plain is the order for requests that are not CORS requests; if
	// nil, request is used.
	request, preflight, plain []string
	// The values of the fields that do not depend on the request.
	values map[string]string
}

// otherFields is the empty string, because no field has that name. Scripts can even set a
// field named "*".
const otherFields = ""

// Fields whose values depend on the request.
const (
	fieldReferer   = "Referer"
	fieldFetchSite = "Sec-Fetch-Site"
	fieldFetchMode = "Sec-Fetch-Mode"
)

var wires = map[Agent]wire{
	agentChromium: {
		request: []string{
			"Connection", "sec-ch-ua-platform", "User-Agent", "sec-ch-ua", "Content-Type", otherFields, "sec-ch-ua-mobile", "Accept",
			"Origin", fieldFetchSite, fieldFetchMode, "Sec-Fetch-Dest", fieldReferer, "Accept-Encoding", "Accept-Language",
		},
		preflight: []string{
			"Connection", "Accept", "Access-Control-Request-Method", "Access-Control-Request-Headers", "Origin", "User-Agent", otherFields,
			fieldFetchMode, fieldFetchSite, "Sec-Fetch-Dest", fieldReferer, "Accept-Encoding", "Accept-Language",
		},
		values: map[string]string{
			"Connection":         "keep-alive",
			"sec-ch-ua-platform": `"Linux"`,
			"sec-ch-ua":          `"Not:A-Brand";v="8", "Chromium";v="156"`,
			"sec-ch-ua-mobile":   "?0",
			"User-Agent":         "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36",
			"Accept":             "*/*",
			"Sec-Fetch-Dest":     "empty",
			"Accept-Encoding":    "gzip, deflate, br, zstd",
			"Accept-Language":    "en-US,en;q=0.9",
		},
	},
	agentFirefox: {
		request: []string{
			"User-Agent", "Accept", "Accept-Language", "Accept-Encoding", fieldReferer, otherFields, "Origin", "Connection",
			"Sec-Fetch-Dest", fieldFetchMode, fieldFetchSite, "Priority",
		},
		preflight: []string{
			"User-Agent", "Accept", "Accept-Language", "Accept-Encoding", "Access-Control-Request-Method",
			"Access-Control-Request-Headers", fieldReferer, otherFields, "Origin", "Connection",
			"Sec-Fetch-Dest", fieldFetchMode, fieldFetchSite, "Priority",
		},
		values: map[string]string{
			"User-Agent":      "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Gecko/20100101 Firefox/153.0",
			"Accept":          "*/*",
			"Accept-Language": "en-US,en;q=0.9",
			"Accept-Encoding": "gzip, deflate, br, zstd",
			"Connection":      "keep-alive",
			"Sec-Fetch-Dest":  "empty",
			"Priority":        "u=4",
		},
	},
	agentWebKit: {
		request: []string{
			"Content-Type", "Origin", fieldReferer, "Accept", "User-Agent", "Accept-Encoding", "Accept-Language", "Connection",
			"Sec-Fetch-Dest", fieldFetchMode, fieldFetchSite, otherFields,
		},
		preflight: []string{
			"Origin", "Access-Control-Request-Method", fieldReferer, "Access-Control-Request-Headers", "User-Agent", "Accept",
			"Accept-Encoding", "Accept-Language", "Connection", fieldFetchMode, "Sec-Fetch-Dest", fieldFetchSite, otherFields,
		},
		plain: []string{
			"Content-Type", fieldReferer, "Accept", "Origin", "User-Agent", "Accept-Encoding", "Accept-Language", "Connection",
			"Sec-Fetch-Dest", fieldFetchMode, fieldFetchSite, otherFields,
		},
		values: map[string]string{
			"Accept":          "*/*",
			"Sec-Fetch-Dest":  "empty",
			"User-Agent":      "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/60.5 Safari/605.1.15",
			"Accept-Language": "en-US,en;q=0.9",
			"Accept-Encoding": "gzip, deflate, br",
			"Connection":      "Keep-Alive",
		},
	},
}

// Dress returns r as the agent sends it: with every field that the agent adds to the
// request of a script, in the agent's order. Fields of r keep their values. r is the
// request of f or its preflight. f must have an Origin, an absolute URL and a Mode. The
// zero Agent returns r unchanged.
func (a Agent) Dress(f Fetch, r Request) Request {
	w, ok := wires[a]
	if !ok {
		return r
	}
	order := w.request
	switch {
	case r.isPreflight():
		order = w.preflight
	case w.plain != nil && (f.Mode != ModeCORS || OriginOf(f.URL) == f.Origin):
		order = w.plain
	}
	dressed := make(Fields, 0, len(r.Header)+len(order))
	for _, name := range order {
		if name == otherFields {
			dressed = append(dressed, r.Header.Without(order...)...)
			continue
		}
		before := len(dressed)
		for _, line := range r.Header {
			if text.EqualFold(line.Name, name) {
				dressed = append(dressed, line)
			}
		}
		if value := w.value(name, f); value != "" && len(dressed) == before {
			dressed = append(dressed, Field{name, value})
		}
	}
	r.Header = dressed
	return r
}

// value returns the value of a field that the agent adds, or "".
func (w wire) value(name string, f Fetch) string {
	switch name {
	case fieldReferer:
		return f.referer()
	case fieldFetchSite:
		return siteOf(f.Origin, f.URL)
	case fieldFetchMode:
		if f.Mode == ModeCORS {
			return "cors"
		}
		return string(f.Mode)
	}
	return w.values[name]
}

func (r Request) isPreflight() bool {
	return r.Method == "OPTIONS" && r.Header.Has("Access-Control-Request-Method")
}

// referer returns the Referer of a fetch by a document at the root of its origin, with
// the default policy strict-origin-when-cross-origin (Referrer Policy, section 3.7). For
// same-origin requests, the Referer is the URL of the document, which is that root.
func (f Fetch) referer() string {
	scheme, host, ok := strings.Cut(f.Origin, "://")
	if !ok || scheme != "http" && scheme != "https" || host == "" || OriginOf(f.Origin) != f.Origin {
		return ""
	}
	if scheme == "https" && strings.HasPrefix(f.URL, "http://") && !isLoopback(f.URL) {
		return "" // less secure than the document
	}
	return f.Origin + "/"
}

// isLoopback reports whether the host of a URL is loopback. An http URL of such a host is
// potentially trustworthy (Secure Contexts).
func isLoopback(rawURL string) bool {
	u, finding := parseURL(rawURL)
	return finding.OK && slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname())
}

// siteOf returns the relation between a document and a URL, as in Sec-Fetch-Site (Fetch
// Metadata Request Headers, section 2.3), without redirects.
func siteOf(origin, rawURL string) string {
	target := OriginOf(rawURL)
	if target == origin {
		return "same-origin"
	}
	page, finding := parseURL(origin)
	to, finding2 := parseURL(target)
	if finding.OK && finding2.OK && page.Scheme == to.Scheme && page.Host != "" && siteName(page.Hostname()) == siteName(to.Hostname()) {
		return "same-site"
	}
	return "cross-site"
}

// siteName returns the registrable domain of a host, or the host if it has none, as IP
// addresses do (HTML, obtain a site).
func siteName(host string) string {
	if strings.ContainsAny(host, ":") || text.IsDigits(host[strings.LastIndexByte(host, '.')+1:]) {
		return host
	}
	if domain, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return domain
	}
	return host
}
