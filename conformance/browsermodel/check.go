package browsermodel

import (
	"fmt"
	"slices"
	"time"

	"github.com/corskit/corskit/conformance/internal/text"
)

// Code is the stable name of a reason for which a browser allows or refuses.
type Code string

// The codes of a [Finding] and a [Verdict].
const (
	CodeOK Code = "ok"

	CodeNetwork         Code = "network"          // no answer at all
	CodeURL             Code = "url"              // not a URL that can be fetched
	CodeMethodSyntax    Code = "method-syntax"    // the method is no token
	CodeMethodForbidden Code = "method-forbidden" // CONNECT, TRACE, TRACK
	CodeHeaderSyntax    Code = "header-syntax"    // a header the script sets is none
	CodeBody            Code = "body"             // a GET or HEAD with a body
	CodeSameOriginMode  Code = "same-origin-mode" // another origin in mode same-origin
	CodeNoCORSMethod    Code = "no-cors-method"   // a method that mode no-cors does not send
	CodeOpaque          Code = "opaque"           // sent, but nothing of the answer can be read

	CodeAllowOriginMissing  Code = "allow-origin-missing"  // no Access-Control-Allow-Origin
	CodeAllowOriginMultiple Code = "allow-origin-multiple" // several values, on one line or more
	CodeAllowOriginWildcard Code = "allow-origin-wildcard" // "*" for a request with credentials
	CodeAllowOriginMismatch Code = "allow-origin-mismatch" // another origin
	CodeAllowCredentials    Code = "allow-credentials"     // not exactly "true"

	CodePreflightStatus     Code = "preflight-status"     // not 200-299
	CodeAllowMethodsSyntax  Code = "allow-methods-syntax" // a member is no token
	CodeAllowHeadersSyntax  Code = "allow-headers-syntax" // a member is no token
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
	Text string `json:"text"` // for people; bounded
}

func refuse(code Code, text string) Finding { return Finding{Code: code, Text: text} }

// Profile says where a browser engine departs from the text of the standard,
// or makes use of the freedom it leaves. The zero Profile is the standard.
type Profile struct {
	Name string
	// MaxAgeCap is the longest that a preflight is cached; zero means no cap.
	MaxAgeCap time.Duration
	// WildcardCoversAuthorization: "*" in Access-Control-Allow-Headers stands
	// for Authorization too, against the standard.
	WildcardCoversAuthorization bool
	// BadMaxAgeIsZero: an Access-Control-Max-Age that is no number means zero,
	// where the standard has the default.
	BadMaxAgeIsZero bool
	// ListenersNameNoMethod: upload listeners do not make up for an absent
	// Access-Control-Allow-Methods, against the standard.
	ListenersNameNoMethod bool
	// Cache is how it remembers preflights.
	Cache CacheProfile
}

// CacheProfile says how the preflight cache of a browser engine departs from
// the standard's. It decides how many preflights are sent, and never whether a
// script may read a response that it may not.
type CacheProfile struct {
	// KeepsOne: of a URL the last answer is remembered, until a request needs
	// more than it grants, where the standard adds up what answers grant.
	KeepsOne bool
	// KeepsRefusals: so is an answer that refuses the very request it was asked
	// for, as long as the origin may ask.
	KeepsRefusals bool
	// OutlivesFailure: a fetch that fails leaves what is remembered, where the
	// standard forgets what there is of its URL.
	OutlivesFailure bool
	// ByCredentials: what was granted to a request with credentials serves none
	// without.
	ByCredentials bool
	// IgnoresListeners: where anything is remembered of a URL, GET, HEAD and POST
	// need no more for their upload listeners.
	IgnoresListeners bool
	// WildcardServesOnce: a "*" that was granted serves one request alone, where
	// the standard has it serve all until it expires.
	WildcardServesOnce bool
	// WildcardLeavesAuthorization: a "*" that is remembered does not stand for
	// Authorization, whatever the one of an answer does.
	WildcardLeavesAuthorization bool
	// WildcardByRequest: a "*" that was granted with credentials, which took it
	// by the letter, is a wildcard to requests without.
	WildcardByRequest bool
}

// Spec returns the standard's profile, the zero Profile with a name.
func Spec() Profile { return Profile{Name: "spec"} }

// Chromium returns the profile of Blink, the engine of Chrome and Edge.
func Chromium() Profile {
	return Profile{
		Name: "chromium", MaxAgeCap: 2 * time.Hour, WildcardCoversAuthorization: true, ListenersNameNoMethod: true,
		Cache: CacheProfile{KeepsOne: true, OutlivesFailure: true, IgnoresListeners: true, WildcardLeavesAuthorization: true},
	}
}

// Firefox returns the profile of Gecko.
func Firefox() Profile {
	return Profile{
		Name: "firefox", MaxAgeCap: 24 * time.Hour, WildcardCoversAuthorization: true, ListenersNameNoMethod: true, BadMaxAgeIsZero: true,
		Cache: CacheProfile{ByCredentials: true, IgnoresListeners: true, WildcardServesOnce: true},
	}
}

// WebKit returns the profile of WebKit, the engine of Safari.
func WebKit() Profile {
	return Profile{
		Name: "webkit", MaxAgeCap: 10 * time.Minute, WildcardCoversAuthorization: true, ListenersNameNoMethod: true,
		Cache: CacheProfile{KeepsOne: true, KeepsRefusals: true, OutlivesFailure: true, IgnoresListeners: true, WildcardByRequest: true},
	}
}

// CheckCORS says whether a response lets a document of f.Origin read it, with
// credentials if f.Credentials (Fetch, CORS check).
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
		return refuse(CodeAllowOriginMismatch, fmt.Sprintf("Access-Control-Allow-Origin is %q, the origin %q", text.Clip(value), text.Clip(f.Origin)))
	case !f.Credentials:
		return Finding{OK: true, Code: CodeOK, Text: "Access-Control-Allow-Origin is the origin"}
	}
	if value, _ := r.Header.Get("Access-Control-Allow-Credentials"); value != "true" {
		return refuse(CodeAllowCredentials, fmt.Sprintf(`Access-Control-Allow-Credentials is %q, where only "true" allows credentials`, text.Clip(value)))
	}
	return Finding{OK: true, Code: CodeOK, Text: "Access-Control-Allow-Origin is the origin, and credentials are allowed"}
}

// Grant is what a successful preflight allows, and for how long.
type Grant struct {
	Methods []string
	Headers []string
	MaxAge  time.Duration
}

// CheckPreflight says whether the answer to f's preflight lets the browser
// send f (Fetch, CORS-preflight fetch, from step 7).
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

// grantOf reads the answer to the preflight of f, whatever f is in need of.
func (p Profile) grantOf(f Fetch, r Response) (Grant, Finding) {
	if finding := CheckCORS(f, r); !finding.OK {
		return Grant{}, finding
	}
	if r.Status < 200 || r.Status > 299 {
		return Grant{}, refuse(CodePreflightStatus, fmt.Sprintf("the preflight's status is %d, not 200-299", r.Status))
	}
	methods, methodsPresent, valid := r.Header.list("Access-Control-Allow-Methods")
	if !valid {
		return Grant{}, refuse(CodeAllowMethodsSyntax, "a member of Access-Control-Allow-Methods is no method")
	}
	headers, _, valid := r.Header.list("Access-Control-Allow-Headers")
	if !valid {
		return Grant{}, refuse(CodeAllowHeadersSyntax, "a member of Access-Control-Allow-Headers is no header name")
	}
	if !methodsPresent && f.UploadListeners && !p.ListenersNameNoMethod {
		methods = []string{f.Method}
	}
	return Grant{methods, headers, p.maxAge(r.Header)}, Finding{OK: true, Code: CodeOK}
}

// allows says whether what was granted covers f.
func (g Grant) allows(p Profile, f Fetch) Finding {
	wildcard := func(list []string) bool { return !f.Credentials && slices.Contains(list, "*") }
	if !slices.Contains(g.Methods, f.Method) && !isSafelistedMethod(f.Method) && !wildcard(g.Methods) {
		return refuse(CodeMethodNotAllowed, fmt.Sprintf("the preflight does not allow the method %s", text.Clip(f.Method)))
	}
	for _, line := range f.Header {
		if isNonWildcard(line.Name) && !p.WildcardCoversAuthorization && !text.ContainsFold(g.Headers, line.Name) {
			if wildcard(g.Headers) {
				return refuse(CodeAuthorizationListed, "the preflight does not list authorization, for which * does not stand")
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

// defaultMaxAge is how long a preflight is cached that does not say.
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
