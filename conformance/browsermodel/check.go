package browsermodel

import (
	"fmt"
	"slices"
	"time"

	"github.com/corskit/corskit/conformance/internal/text"
)

// Code is the reason why a browser allows or refuses. Codes are stable.
type Code string

// The codes of a [Finding] and a [Verdict].
const (
	CodeOK Code = "ok" // the script may read the response

	CodeNetwork         Code = "network"          // no answer at all
	CodeURL             Code = "url"              // not a URL that can be fetched
	CodeMethodSyntax    Code = "method-syntax"    // the method is not a token
	CodeMethodForbidden Code = "method-forbidden" // CONNECT, TRACE, TRACK
	CodeHeaderSyntax    Code = "header-syntax"    // the name or value of a header is malformed
	CodeBody            Code = "body"             // a GET or HEAD with a body
	CodeSameOriginMode  Code = "same-origin-mode" // another origin in mode same-origin
	CodeNoCORSMethod    Code = "no-cors-method"   // mode no-cors does not send the method
	CodeOpaque          Code = "opaque"           // sent, but the response cannot be read

	CodeAllowOriginMissing  Code = "allow-origin-missing"  // no Access-Control-Allow-Origin
	CodeAllowOriginMultiple Code = "allow-origin-multiple" // several lines
	CodeAllowOriginWildcard Code = "allow-origin-wildcard" // "*" for a request with credentials
	CodeAllowOriginMismatch Code = "allow-origin-mismatch" // another origin
	CodeAllowCredentials    Code = "allow-credentials"     // not exactly "true"

	CodePreflightStatus     Code = "preflight-status"     // not 200-299
	CodeAllowMethodsSyntax  Code = "allow-methods-syntax" // a member is not a token
	CodeAllowHeadersSyntax  Code = "allow-headers-syntax" // a member is not a token
	CodeMethodNotAllowed    Code = "method-not-allowed"   // not in Access-Control-Allow-Methods
	CodeHeaderNotAllowed    Code = "header-not-allowed"   // not in Access-Control-Allow-Headers
	CodeAuthorizationListed Code = "authorization-listed" // "*" does not cover Authorization

	CodeRedirectRefused     Code = "redirect-refused"     // redirect mode error, or no-cors
	CodeRedirectLimit       Code = "redirect-limit"       // more than 20
	CodeRedirectURL         Code = "redirect-url"         // not a URL that can be followed
	CodeRedirectCredentials Code = "redirect-credentials" // to a URL with a user name or password
	CodeOpaqueRedirect      Code = "opaque-redirect"      // redirect mode manual
)

// Finding is the result of one check of a browser.
type Finding struct {
	OK   bool   `json:"ok"`
	Code Code   `json:"code"`
	Text string `json:"text"` // for humans; bounded
}

func refuse(code Code, text string) Finding { return Finding{Code: code, Text: text} }

// Profile says where a browser engine departs from the text of the standard or
// makes a choice that the standard permits. The zero Profile is the standard.
type Profile struct {
	Name string
	// MaxAgeCap bounds how long a preflight is cached; zero means no bound.
	MaxAgeCap time.Duration
	// WildcardCoversAuthorization means that "*" in Access-Control-Allow-Headers
	// covers Authorization, contrary to the standard.
	WildcardCoversAuthorization bool
	// BadMaxAgeIsZero means that an Access-Control-Max-Age that is not a number is
	// treated as zero. In the standard it means the default.
	BadMaxAgeIsZero bool
	// ListenersNameNoMethod means that an absent Access-Control-Allow-Methods does
	// not allow the method of a request with upload listeners, contrary to the
	// standard.
	ListenersNameNoMethod bool
	// Agent is the browser whose request fields are sent.
	Agent Agent
	// Cache says how the engine caches preflights.
	Cache CacheProfile
}

// CacheProfile says how the preflight cache of a browser engine departs from the
// standard. If a server's answers do not change, it affects only how many preflights
// are sent, never which responses scripts can read.
type CacheProfile struct {
	// KeepsOne means that the cache keeps only the last answer for a URL, until a
	// request needs more than the answer grants. In the standard, grants add up.
	KeepsOne bool
	// KeepsRefusals means that the cache keeps an answer that allows the origin,
	// even if it refuses the request.
	KeepsRefusals bool
	// OutlivesFailure means that a fetch that fails does not change the cache. In
	// the standard, it clears the cache for its URL.
	OutlivesFailure bool
	// ByCredentials means that a grant for a request with credentials does not
	// cover requests without.
	ByCredentials bool
	// IgnoresListeners means that any cached grant for a URL covers GET, HEAD and
	// POST requests with upload listeners.
	IgnoresListeners bool
	// WildcardServesOnce means that a cached "*" covers only the request that it
	// was granted for. In the standard, it covers all requests until it expires.
	WildcardServesOnce bool
	// WildcardLeavesAuthorization means that a cached "*" does not cover
	// Authorization, even if the "*" of a new answer does.
	WildcardLeavesAuthorization bool
	// WildcardByRequest means that a "*" that was granted to a request with
	// credentials, for which it is an ordinary name, is a wildcard for requests
	// without credentials.
	WildcardByRequest bool
}

// Spec returns the profile of the standard: the zero Profile with a name.
func Spec() Profile { return Profile{Name: "spec"} }

// Chromium returns the profile of Blink, the engine of Chrome and Edge.
func Chromium() Profile {
	return Profile{
		Name: "chromium", Agent: agentChromium, MaxAgeCap: 2 * time.Hour, WildcardCoversAuthorization: true, ListenersNameNoMethod: true,
		Cache: CacheProfile{KeepsOne: true, OutlivesFailure: true, IgnoresListeners: true, WildcardLeavesAuthorization: true},
	}
}

// Firefox returns the profile of Gecko.
func Firefox() Profile {
	return Profile{
		Name: "firefox", Agent: agentFirefox, MaxAgeCap: 24 * time.Hour,
		WildcardCoversAuthorization: true, ListenersNameNoMethod: true, BadMaxAgeIsZero: true,
		Cache: CacheProfile{ByCredentials: true, IgnoresListeners: true, WildcardServesOnce: true},
	}
}

// WebKit returns the profile of WebKit, the engine of Safari.
func WebKit() Profile {
	return Profile{
		Name: "webkit", Agent: agentWebKit, MaxAgeCap: 10 * time.Minute, WildcardCoversAuthorization: true, ListenersNameNoMethod: true,
		Cache: CacheProfile{KeepsOne: true, KeepsRefusals: true, OutlivesFailure: true, IgnoresListeners: true, WildcardByRequest: true},
	}
}

// CheckCORS checks whether a document with origin f.Origin can read a response,
// with credentials if f.Credentials is set (Fetch, CORS check).
func CheckCORS(f Fetch, r Response) Finding {
	values := r.Header.Values("Access-Control-Allow-Origin")
	value, ok := r.Header.Get("Access-Control-Allow-Origin")
	switch {
	case !ok:
		return refuse(CodeAllowOriginMissing, "the response has no Access-Control-Allow-Origin")
	case value == "*" && !f.Credentials:
		return Finding{OK: true, Code: CodeOK, Text: "Access-Control-Allow-Origin is * and the request carries no credentials"}
	case value == "*":
		return refuse(CodeAllowOriginWildcard, "Access-Control-Allow-Origin is *, which does not cover requests with credentials")
	case value != f.Origin && len(values) > 1:
		return refuse(CodeAllowOriginMultiple, fmt.Sprintf("the response has %d Access-Control-Allow-Origin lines", len(values)))
	case value != f.Origin:
		return refuse(CodeAllowOriginMismatch,
			fmt.Sprintf("Access-Control-Allow-Origin is %s, the origin %s", text.Quote(value), text.Quote(f.Origin)))
	case !f.Credentials:
		return Finding{OK: true, Code: CodeOK, Text: "Access-Control-Allow-Origin is the origin"}
	}
	if value, _ := r.Header.Get("Access-Control-Allow-Credentials"); value != "true" {
		return refuse(CodeAllowCredentials,
			fmt.Sprintf(`Access-Control-Allow-Credentials is %s, where only "true" allows credentials`, text.Quote(value)))
	}
	return Finding{OK: true, Code: CodeOK, Text: "Access-Control-Allow-Origin is the origin, and credentials are allowed"}
}

// Grant is what a successful preflight allows, and for how long.
type Grant struct {
	Methods []string
	Headers []string
	MaxAge  time.Duration
}

// CheckPreflight checks whether the browser may send f after the answer r to its
// preflight (Fetch, CORS-preflight fetch, from step 7).
func CheckPreflight(p Profile, f Fetch, r Response) (Grant, Finding) {
	f, finding := f.prepare()
	if !finding.OK {
		return Grant{}, finding
	}
	grant, finding := p.grantOf(f, r)
	if finding.OK {
		finding = grant.allows(p, f)
	}
	if !finding.OK {
		return Grant{}, finding
	}
	return grant, finding
}

// grantOf returns what the answer to the preflight of f grants, whether or not it
// covers f.
func (p Profile) grantOf(f Fetch, r Response) (Grant, Finding) {
	if finding := CheckCORS(f, r); !finding.OK {
		return Grant{}, finding
	}
	if r.Status < 200 || r.Status > 299 {
		return Grant{}, refuse(CodePreflightStatus, fmt.Sprintf("the preflight's status is %d, not 200-299", r.Status))
	}
	methods, methodsPresent, valid := r.Header.list("Access-Control-Allow-Methods")
	if !valid {
		return Grant{}, refuse(CodeAllowMethodsSyntax, "a member of Access-Control-Allow-Methods is not a method")
	}
	headers, _, valid := r.Header.list("Access-Control-Allow-Headers")
	if !valid {
		return Grant{}, refuse(CodeAllowHeadersSyntax, "a member of Access-Control-Allow-Headers is not a header name")
	}
	if !methodsPresent && f.UploadListeners && !p.ListenersNameNoMethod {
		methods = []string{f.Method}
	}
	return Grant{methods, headers, p.maxAge(r.Header)}, Finding{OK: true, Code: CodeOK}
}

// allows checks whether the grant covers f.
func (g Grant) allows(p Profile, f Fetch) Finding {
	wildcard := func(list []string) bool { return !f.Credentials && slices.Contains(list, "*") }
	if !slices.Contains(g.Methods, f.Method) && !isSafelistedMethod(f.Method) && !wildcard(g.Methods) {
		return refuse(CodeMethodNotAllowed, fmt.Sprintf("the preflight does not allow the method %s", text.Clip(f.Method)))
	}
	for _, line := range f.Header {
		if isNonWildcard(line.Name) && !p.WildcardCoversAuthorization && !text.ContainsFold(g.Headers, line.Name) {
			if wildcard(g.Headers) {
				return refuse(CodeAuthorizationListed, "the preflight does not list authorization, which * does not cover")
			}
			return refuse(CodeHeaderNotAllowed, "the preflight does not allow the header authorization")
		}
	}
	for _, name := range UnsafeNames(f.Header) {
		if !text.ContainsFold(g.Headers, name) && !wildcard(g.Headers) {
			return refuse(CodeHeaderNotAllowed, fmt.Sprintf("the preflight does not allow the header %s", text.Clip(name)))
		}
	}
	return Finding{OK: true, Code: CodeOK, Text: "the preflight allows the request"}
}

// defaultMaxAge is how long a preflight without a maximum age is cached.
const defaultMaxAge = 5 * time.Second

func (p Profile) maxAge(header Fields) time.Duration {
	age := defaultMaxAge
	if seconds, ok := parseMaxAge(header); ok {
		age = time.Duration(min(seconds, 1<<32)) * time.Second
	} else if value, _ := header.Get("Access-Control-Max-Age"); value != "" && p.BadMaxAgeIsZero {
		age = 0
	}
	if p.MaxAgeCap > 0 {
		age = min(age, p.MaxAgeCap)
	}
	return age
}
