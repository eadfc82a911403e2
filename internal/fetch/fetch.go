// Package fetch holds names and tokens as the Fetch Standard defines them:
// which are safelisted, which forbidden, how methods are normalised, and what
// of a preflight's lists may be echoed.
package fetch

import "strings"

// IsToken reports whether s is a token, the form of methods and header names
// (RFC 9110, section 5.6.2).
func IsToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if !tokenBytes[s[i]] {
			return false
		}
	}
	return s != ""
}

var tokenBytes = func() (t [256]bool) {
	for c := '0'; c <= '9'; c++ {
		t[c] = true
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = true, true
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		t[c] = true
	}
	return t
}()

// NormalizeMethod upper-cases the methods that browsers upper-case and leaves
// others as they are (Fetch, "normalize a method").
func NormalizeMethod(m string) string {
	switch u := strings.ToUpper(m); u {
	case "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT":
		return u
	}
	return m
}

// IsForbiddenMethod reports whether browsers refuse to send the method (Fetch,
// "forbidden method").
func IsForbiddenMethod(m string) bool {
	switch strings.ToUpper(m) {
	case "CONNECT", "TRACE", "TRACK":
		return true
	}
	return false
}

// IsSafelistedMethod reports whether CORS never asks permission for the method
// (Fetch, "CORS-safelisted method").
func IsSafelistedMethod(m string) bool { return m == "GET" || m == "HEAD" || m == "POST" }

// RegisteredMethod returns the registered spelling of a method that differs
// from it in case alone, of those in use with browsers (RFC 9110, section 16.1).
// Browsers do not change the case of these, so "patch" never matches PATCH.
func RegisteredMethod(m string) (spelling string, ok bool) {
	switch u := strings.ToUpper(m); u {
	case "PATCH", "QUERY", "LINK", "UNLINK", "PROPFIND", "PROPPATCH", "MKCOL", "MKCALENDAR",
		"COPY", "MOVE", "LOCK", "UNLOCK", "SEARCH", "REPORT", "ACL", "BIND", "UNBIND", "REBIND",
		"PURGE", "MERGE", "CHECKIN", "CHECKOUT":
		return u, true
	}
	return "", false
}

// IsForbiddenRequestHeader reports whether scripts may not set a header of this
// lower-case name (Fetch, "forbidden request-header").
func IsForbiddenRequestHeader(name string) bool {
	switch name {
	case "accept-charset", "accept-encoding", "access-control-request-headers",
		"access-control-request-method", "access-control-request-private-network",
		"connection", "content-length", "cookie", "cookie2", "date", "dnt", "expect", "host",
		"keep-alive", "origin", "referer", "set-cookie", "te", "trailer", "transfer-encoding",
		"upgrade", "via":
		return true
	}
	return strings.HasPrefix(name, "proxy-") || strings.HasPrefix(name, "sec-")
}

// IsForbiddenResponseHeader reports whether scripts may never read a header of
// this lower-case name (Fetch, "forbidden response-header name").
func IsForbiddenResponseHeader(name string) bool {
	return name == "set-cookie" || name == "set-cookie2"
}

// IsSafelistedResponseHeader reports whether scripts may read a header of this
// lower-case name without being told so (Fetch, "CORS-safelisted
// response-header name").
func IsSafelistedResponseHeader(name string) bool {
	switch name {
	case "cache-control", "content-language", "content-length", "content-type", "expires",
		"last-modified", "pragma":
		return true
	}
	return false
}

// Bounds of what a preflight may ask to have echoed. Pages that exist ask for a
// dozen names.
const (
	MaxEchoedMethod  = 64   // bytes
	MaxEchoedHeaders = 1024 // bytes in all field lines
	maxFieldLines    = 16
	maxEmptyElements = 16
)

// IsEchoableMethod reports whether an Access-Control-Request-Method may be
// repeated in the answer. "*" may not: it would mean more than was asked for.
func IsEchoableMethod(m string) bool {
	return len(m) <= MaxEchoedMethod && IsToken(m) && !IsForbiddenMethod(m) && m != "*"
}

// AreEchoableHeaders reports whether Access-Control-Request-Headers may be
// repeated in the answer: a list of tokens (RFC 9110, section 5.6.1) within
// bounds. It returns at the first byte that says no.
func AreEchoableHeaders(lines []string) bool {
	if len(lines) > maxFieldLines {
		return false
	}
	size, empty := 0, 0
	for _, line := range lines {
		if size += len(line); size > MaxEchoedHeaders {
			return false
		}
	}
	for _, line := range lines {
		for line != "" {
			element, rest, _ := strings.Cut(line, ",")
			line = rest
			if element = strings.Trim(element, " \t"); element == "" {
				if empty++; empty > maxEmptyElements {
					return false
				}
			} else if !IsToken(element) || element == "*" {
				return false
			}
		}
	}
	return true
}

// Elements calls yield with the elements of a list-based field, blanks trimmed
// and empty ones left out, until it returns false.
func Elements(lines []string, yield func(string) bool) {
	for _, line := range lines {
		for line != "" {
			element, rest, _ := strings.Cut(line, ",")
			line = rest
			if element = strings.Trim(element, " \t"); element != "" && !yield(element) {
				return
			}
		}
	}
}
