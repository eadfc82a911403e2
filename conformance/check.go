package conformance

import (
	"fmt"
	"slices"
	"time"
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
	// WildcardNotCached: a "*" that was granted serves one request alone, where
	// the standard has it serve all until it expires.
	WildcardNotCached bool
}

// The profiles of the three browser engines.
var (
	Spec     = Profile{Name: "spec"}
	Chromium = Profile{Name: "chromium", MaxAgeCap: 2 * time.Hour, WildcardCoversAuthorization: true}
	Firefox  = Profile{Name: "firefox", MaxAgeCap: 24 * time.Hour, WildcardCoversAuthorization: true, BadMaxAgeIsZero: true, WildcardNotCached: true}
	WebKit   = Profile{Name: "webkit", MaxAgeCap: 10 * time.Minute, WildcardCoversAuthorization: true}
)

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
		return refuse(CodeAllowOriginMismatch, fmt.Sprintf("Access-Control-Allow-Origin is %q, the origin %q", clip(value), clip(f.Origin)))
	case !f.Credentials:
		return Finding{OK: true, Code: CodeOK, Text: "Access-Control-Allow-Origin is the origin"}
	}
	if value, _ := r.Header.Get("Access-Control-Allow-Credentials"); value != "true" {
		return refuse(CodeAllowCredentials, fmt.Sprintf(`Access-Control-Allow-Credentials is %q, where only "true" allows credentials`, clip(value)))
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
	if !methodsPresent && f.UploadListeners {
		methods = []string{f.Method}
	}
	wildcard := func(list []string) bool { return !f.Credentials && slices.Contains(list, "*") }
	if !slices.Contains(methods, f.Method) && !isSafelistedMethod(f.Method) && !wildcard(methods) {
		return Grant{}, refuse(CodeMethodNotAllowed, fmt.Sprintf("the preflight does not allow the method %s", clip(f.Method)))
	}
	for _, line := range f.Header {
		if isNonWildcard(line.Name) && !p.WildcardCoversAuthorization && !containsFold(headers, line.Name) {
			if wildcard(headers) {
				return Grant{}, refuse(CodeAuthorizationListed, "the preflight does not list authorization, for which * does not stand")
			}
			return Grant{}, refuse(CodeHeaderNotAllowed, "the preflight does not allow the header authorization")
		}
	}
	for _, name := range UnsafeNames(f.Header) {
		if !containsFold(headers, name) && !wildcard(headers) {
			return Grant{}, refuse(CodeHeaderNotAllowed, fmt.Sprintf("the preflight does not allow the header %s", clip(name)))
		}
	}
	return Grant{methods, headers, p.maxAge(r.Header)}, Finding{OK: true, Code: CodeOK, Text: "the preflight allows the request"}
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
