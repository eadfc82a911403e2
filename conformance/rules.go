package conformance

import "slices"

// Rule is one thing that a correct server does. Each [Case] tests one rule.
type Rule struct {
	ID     string `json:"id"` // a letter and a number, such as "A1"; never reused
	Text   string `json:"text"`
	Source string `json:"source"` // a section of a standard, a CVE, an issue, or corskit's own documentation
}

// Rules returns every rule that the suite tests, in order. The caller may
// change the slice.
func Rules() []Rule { return slices.Clone(rules) }

// ruleOf returns the rule with an ID. For an unknown ID it returns a Rule
// without a text.
func ruleOf(id string) Rule {
	for _, r := range rules {
		if r.ID == id {
			return r
		}
	}
	return Rule{ID: id}
}

// Sources that many rules and cases share.
const (
	srcCheck        = "Fetch, CORS check"
	srcPreflight    = "Fetch, CORS-preflight fetch"
	srcCaches       = "Fetch, CORS protocol and HTTP caches"
	srcRequests     = "Fetch, HTTP requests"
	srcResponses    = "Fetch, HTTP responses"
	srcCredentials  = "Fetch, CORS protocol and credentials"
	srcOriginHeader = "Fetch, append a request Origin header"
	srcSafeMethod   = "Fetch, CORS-safelisted method"
	srcNormalize    = "Fetch, normalize a method"
	srcNewHeaders   = "Fetch, HTTP new-header syntax"
	srcExposed      = "Fetch, CORS-exposed header-name list"
	srcNullOrigin   = "Fetch, Origin header; sandboxed frames"
	srcPrivate      = "Private Network Access; CVE-2024-6221"
	srcLists        = "RFC 9110, section 5.6.1.2"
	srcTokens       = "RFC 9110, section 5.6.2"
	srcMethods      = "RFC 9110, section 9.1"
	srcVary         = "RFC 9110, section 12.5.5"
	srcCost         = "CVE-2025-47908"
	srcReflected    = "CVE-2018-20744, CVE-2017-20146"

	// Choices of this project, documented in package core.
	srcCore     = "corskit, package core"
	srcPatterns = "corskit, origin patterns"
)

var rules = slices.Concat(
	plainRequestRules, actualRequestRules, preflightRules, headerRules, maxAgeRules, privateNetworkRules,
	varyRules, credentialRules, originRules, costRules, handlerRules, policyRules, dependenceRules,
)

var plainRequestRules = []Rule{
	{"N1", "A request without Origin reaches the handler; the response has no Access-Control-Allow-Origin, and Vary names Origin.",
		srcCaches},
	{"N2", `If a policy allows every origin without credentials, a request without Origin gets "*" and the exposed headers, ` +
		"and Vary does not name Origin.", srcCaches},
	{"N3", "OPTIONS without Origin is not a preflight: the handler answers it.", srcRequests},
	{"N4", "Only OPTIONS can be a preflight, even if another request has Access-Control-Request-Method.", srcRequests},
	{"N5", "A same-origin POST reaches the handler even if its Origin is not listed.", srcOriginHeader},
	{"N6", "A request with an empty Origin reaches the handler and is not allowed; Vary names Origin.", srcCaches},
	{"N7", "The handler sees the request as it was sent.", srcCore},
}

var actualRequestRules = []Rule{
	{"A1", "The response to an allowed origin has exactly one Access-Control-Allow-Origin line, byte for byte the Origin.", srcCheck},
	{"A2", "The response to an origin that is not allowed has no Access-Control-* header, and Vary names Origin. " +
		"The handler runs, unless the policy rejects such requests with 403.", srcCore},
	{"A3", `A policy that allows every origin answers "*" and does not reflect the Origin.`, srcReflected},
	{"A4", "Access-Control-Allow-Credentials is exactly true, or absent.", srcNewHeaders},
	{"A5", "Scripts can read exactly the exposed headers. Access-Control-Expose-Headers is not sent on preflights.", srcExposed},
	{"A6", "Headers that only preflights use are not sent on other responses.", srcResponses},
	{"A7", "Error responses keep their CORS headers, those of the framework included.", srcCheck},
	{"A8", "A 304 has the CORS headers of the 200 that it refreshes.", "WPT cors/304.htm"},
	{"A9", "A redirect has Access-Control-Allow-Origin.", "WPT cors/redirect-*"},
	{"A10", "A request that needs a preflight is answered like any other, because its preflight may be cached.", srcPreflight},
	{"A11", "GET, HEAD and POST are allowed even if they are not listed.", srcSafeMethod},
	{"A12", "The response to HEAD has the headers of the response to GET.", "RFC 9110, section 9.3.2"},
	{"A13", "OPTIONS with Origin but without Access-Control-Request-Method is not a preflight: the handler answers it, with the CORS " +
		"headers of any request.", srcRequests},
	{"A14", "Any method reaches the handler exactly as sent.", srcMethods},
	{"A15", "Access-Control-Allow-Origin never has a list, space, path, trailing slash or default port.",
		"Fetch, Origin header; RFC 6454, section 6.2"},
	{"A16", "A policy that rejects disallowed origins does not reject same-origin requests.", srcOriginHeader},
}

var preflightRules = []Rule{
	{"P1", "The middleware answers the preflight of an allowed origin with a success status and an empty body; " +
		"the handler does not run.", srcPreflight},
	{"P2", "The preflight of an origin that is not allowed gets 403 and no Access-Control-* header; the handler does not run.", srcCheck},
	{"P3", "If the policy allows credentials, so does the answer to a preflight.", srcCredentials},
	{"P4", "Preflights never reach authentication inside the middleware; its 401 has the CORS headers.", srcCredentials},
	{"P5", "The answer to a preflight that succeeds has a status of 200-299.", srcPreflight},
	{"P6", "A listed method is allowed; methods compare case-sensitively.", srcPreflight},
	{"P7", "A preflight for GET, HEAD or POST succeeds if its headers are allowed.", srcSafeMethod},
	{"P8", "A method that is not listed is refused.", srcPreflight},
	{"P9", "A policy that lists PATCH does not allow patch.", srcNormalize},
	{"P10", "In a policy, put means PUT. A policy that lists patch is an error.", srcNormalize},
	{"P11", "A policy that lists CONNECT, TRACE or TRACK, in any case, is an error.", "Fetch, forbidden method"},
	{"P12", "An Access-Control-Request-Method that is not a single token is never echoed.", srcTokens},
	{"P13", `A policy that allows all methods answers "*" without credentials, and one valid method with credentials.`, srcCredentials},
	{"P14", "OPTIONS is refused unless it is listed.", srcSafeMethod},
}

var headerRules = []Rule{
	{"H1", "Listed request headers are allowed.", srcPreflight},
	{"H2", "A preflight that asks for no headers is allowed.", srcPreflight},
	{"H3", "A request header that is not listed is refused.", srcPreflight},
	{"H4", "White space around the members of Access-Control-Request-Headers is ignored.", srcLists},
	{"H5", "Access-Control-Request-Headers may be split into several lines.", srcLists},
	{"H6", "Access-Control-Request-Headers may have up to 16 empty members.", srcLists},
	{"H7", "Every subset of the listed headers is allowed.", srcPreflight},
	{"H8", "A safelisted header with a value that is not safelisted is refused unless it is listed.",
		"Fetch, CORS-safelisted request-header"},
	{"H9", "A request header that no script can set may be listed, and is not sent in Access-Control-Allow-Headers.",
		"Fetch, forbidden request-header"},
	{"H10", `A policy that allows all headers without credentials answers "*", and authorization only if it is listed as well.`,
		"Fetch, CORS non-wildcard request-header name"},
	{"H11", `A policy that allows all headers with credentials echoes the valid names, within a bound, and never "*".`, srcCredentials},
}

var maxAgeRules = []Rule{
	{"M1", "Access-Control-Max-Age is the policy's, and is sent only on preflights that succeed.", srcPreflight},
	{"M2", "If the policy sets no maximum age, Access-Control-Max-Age is absent.", srcPreflight},
	{"M3", "If the policy disables the preflight cache, Access-Control-Max-Age is 0.", srcPreflight},
	{"M4", "Access-Control-Max-Age is one line of digits, without a sign or a fraction.", srcNewHeaders},
	{"M5", "A policy with a maximum age above 86400 seconds is an error.",
		"Firefox caps at 86400, Chromium at 7200, WebKit at 600 seconds"},
}

var privateNetworkRules = []Rule{
	{"L1", "By default, private network access is not allowed, and the request header that asks for it changes nothing.", srcPrivate},
	{"L2", "A policy can allow private network access; Vary then names the request header that asks for it.", srcPrivate},
	{"L3", "Private network access is allowed only on preflights that ask for it with the value true.", srcPrivate},
	{"L4", "Private network access is never allowed to an origin that is not allowed.", srcPrivate},
}

var varyRules = []Rule{
	{"V1", "The values that others add to Vary survive.", srcVary},
	{"V2", "Unless all origins get the same answer, Vary names Origin, for every method and every Origin: " +
		"allowed, refused, malformed or absent.", srcCaches},
	{"V3", "The answer to a preflight names in Vary every request header that it depends on.", srcCaches},
	{"V4", "Behind a shared cache, every browser gets the verdict that it would get without the cache.",
		srcCaches + "; RFC 9111, section 4.1"},
	{"V5", `Vary is never "*".`, srcVary},
	{"V6", "Vary may name a header twice.", srcVary},
}

var credentialRules = []Rule{
	{"C1", `A policy that allows "*" with credentials is an error.`, "CVE-2024-25124"},
	{"C2", `With credentials, no Access-Control-* header has a "*".`, srcCredentials},
	{"C3", `A policy that exposes "*" with credentials is an error.`, srcExposed},
	{"C4", "A policy that allows credentials to an http:// origin other than loopback is an error, unless it opts in.", "Secure Contexts"},
	{"C5", "A policy that allows credentials to every site under a public suffix is an error, unless it opts in.", "public suffix list"},
	{"C6", "A policy that allows credentials to null is an error, even if it opts in to null.", srcNullOrigin},
}

var originRules = []Rule{
	{"O1", "An exact origin matches only itself: no look-alike, other scheme, other port or explicit default port.", srcCheck},
	{"O2", "Exact origins whose hosts share an ending are not mixed up.", "GO-2024-2813"},
	{"O3", "A dot in a pattern matches only a dot.", "CVE-2019-25211"},
	{"O4", "An allowed origin followed by an unusual character and another domain is refused.", "WHATWG URL, forbidden host code point"},
	{"O5", "Another domain followed by a delimiter and an allowed suffix is refused.", "WHATWG URL, host parsing"},
	{"O6", "An origin in any other spelling is refused: a slash or dot at its end, upper case, a list.", "Fetch, Origin header"},
	{"O7", "https://*.a.example matches one or more labels: not the apex, empty labels, http or another port.", srcPatterns},
	{"O8", "null is refused unless the policy opts in; NULL and other spellings always are.", srcNullOrigin},
	{"O9", "An origin with an IPv6 address matches only itself.", srcCheck},
	{"O10", "http://localhost:* matches without a port and with any port from 1 to 65535, and no other host.", srcPatterns},
	{"O11", "An origin with a custom scheme matches only itself.", srcPatterns},
	{"O12", "A regular expression matches the whole origin.", "CVE-2024-27302"},
	{"O13", "A request with two Origin lines is refused.", "RFC 6454, section 7.3"},
	{"O14", "An Origin with bytes outside ASCII is refused.", "WHATWG URL, domain to ASCII"},
	{"O15", "Origins of applications, such as app://. and file://, and of hosts with a dot at the end match if they are listed, and " +
		"only then.", srcPatterns},
}

var costRules = []Rule{
	{"D1", "A mebibyte of commas in Access-Control-Request-Headers costs no more than an honest preflight.", srcCost},
	{"D2", "Ten thousand lines of Access-Control-Request-Headers cost no more than an honest preflight.", srcCost},
	{"D3", "A token of a mebibyte costs no more than an honest preflight.", srcCost},
	{"D4", "An Origin of a mebibyte is refused early.", srcCost},
	{"D5", "The size of a response is bounded, no matter how large the request is.", srcCost},
	{"D6", "Among thousands of listed origins, each one is allowed, and no similar origin is.", srcCore},
	{"D7", "A handler that changes its response headers never changes those of another response.", "rs/cors#198"},
	{"D8", "By default, nothing that a request contains is logged.", "CVE-2024-1681"},
}

var handlerRules = []Rule{
	{"X1", "After a panic, the 500 of an outer recovery keeps the CORS headers.", srcCheck},
	{"X2", "The framework's helpers for error responses keep the CORS headers.", srcCheck},
	{"X3", "The middleware applied twice answers as if applied once.", srcCheck},
	{"X4", "Behind a reverse proxy, the CORS headers of the upstream can be removed.", "net/http/httputil.ReverseProxy"},
	{"X5", "An option keeps Origin in Vary if a handler overwrites Vary; flushing and hijacking still work.", srcVary},
	{"X6", "Around a router with routes for single methods, preflights are answered.", "net/http.ServeMux"},
	{"X7", "In a route group without OPTIONS routes, preflights are answered.", srcPreflight},
	{"X8", "A WebSocket handshake reaches the handler, from any origin.", "RFC 6455, section 10.2"},
	{"X9", "A response that is streamed has its CORS headers in the first flush.", "HTML, server-sent events"},
	{"X10", "HTTP/1.1, HTTP/2 and HTTP/2 without TLS give the same verdicts.", "RFC 9113, section 8"},
	{"X11", "net/http answers OPTIONS * and the middleware does not.", "RFC 9110, section 9.3.7"},
}

// policyRules are rules about policies that many libraries cannot express.
var policyRules = []Rule{
	{"R1", "The first policy that matches the origin governs, and later ones add nothing.", srcCore},
	{"R2", "The first route that matches the host and the path selects the policies. " +
		"If a path can be read in several ways that lead to different routes, no origin is allowed.", srcCore},
	{"R3", "Wildcards inside a label, ranges of ports and @loopback match exactly what they are documented to match.", srcPatterns},
}

// dependenceRules are rules about what an answer may depend on, and about what it may
// contain.
var dependenceRules = []Rule{
	{"I1", "The answer depends on Origin, on the method OPTIONS and the fields of preflights, on host and path if there are routes, on " +
		"Sec-Fetch-Site and Host if requests are rejected, and on nothing else: no other field, method, body, query, version of HTTP " +
		"or request.", srcCheck},
	{"I2", "Requests with all the fields that Chromium, Firefox and WebKit send get the same answer as requests with only the fields of " +
		"CORS.", srcRequests},
	{"I3", "The lists of an answer have nothing that the policy does not have.", srcPreflight},
	{"I4", "The answer to a preflight sets no cookie and does not ask caches to store it. The handler runs neither before the " +
		"answer nor after it.", srcPreflight + "; RFC 9110, section 9.3.7"},
	{"I5", "A policy that rejects disallowed origins rejects every method, every malformed Origin, null, and the other hosts of the same " +
		"site.", srcCore},
}
