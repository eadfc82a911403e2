// Package fetch classifies methods and header names as the Fetch Standard does:
// which are safelisted, which are forbidden, and how methods are normalized. It
// also decides which values of a preflight request a response may echo.
package fetch

import "strings"

// IsToken reports whether s is a token (RFC 9110, section 5.6.2). Methods and
// header names are tokens.
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

// NormalizeMethod returns the method as browsers send it: some methods in upper
// case, others unchanged (Fetch, "normalize a method").
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

// IsSafelistedMethod reports whether browsers send the method without asking for
// permission (Fetch, "CORS-safelisted method").
func IsSafelistedMethod(m string) bool { return m == "GET" || m == "HEAD" || m == "POST" }

// RegisteredMethod returns the registered method (RFC 9110, section 16.1) that
// equals m, ignoring case. It knows only methods whose case browsers do not change:
// a script that asks for "patch" does not send PATCH.
func RegisteredMethod(m string) (spelling string, ok bool) {
	switch u := strings.ToUpper(m); u {
	case "PATCH", "QUERY", "LINK", "UNLINK", "PROPFIND", "PROPPATCH", "MKCOL", "MKCALENDAR",
		"COPY", "MOVE", "LOCK", "UNLOCK", "SEARCH", "REPORT", "ACL", "BIND", "UNBIND", "REBIND",
		"PURGE", "MERGE", "CHECKIN", "CHECKOUT":
		return u, true
	}
	return "", false
}

// IsForbiddenRequestHeader reports whether scripts must not set the header with
// this lower-case name (Fetch, "forbidden request-header").
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

// IsForbiddenResponseHeader reports whether scripts can never read the header with
// this lower-case name (Fetch, "forbidden response-header name").
func IsForbiddenResponseHeader(name string) bool {
	return name == "set-cookie" || name == "set-cookie2"
}

// IsSafelistedResponseHeader reports whether scripts can read the header with this
// lower-case name even if the server does not expose it (Fetch, "CORS-safelisted
// response-header name").
func IsSafelistedResponseHeader(name string) bool {
	switch name {
	case "cache-control", "content-language", "content-length", "content-type", "expires",
		"last-modified", "pragma":
		return true
	}
	return false
}

// Limits on the values that a response to a preflight may echo. Real pages ask for
// at most a dozen names.
const (
	MaxEchoedMethod  = 64   // bytes
	MaxEchoedHeaders = 1024 // bytes, in all field lines together
	maxFieldLines    = 16
	maxEmptyElements = 16
)

// IsEchoableMethod reports whether an Access-Control-Request-Method may be echoed
// in the response. "*" may not: it would allow more than was asked for.
func IsEchoableMethod(m string) bool {
	return len(m) <= MaxEchoedMethod && IsToken(m) && !IsForbiddenMethod(m) && m != "*"
}

// AreEchoableHeaders reports whether Access-Control-Request-Headers may be echoed
// in the response. The lines must be a list of tokens (RFC 9110, section 5.6.1)
// within the limits. It reads no further than the limits.
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

// Elements calls yield with each element of a list-based field until yield returns
// false. It trims spaces and tabs, and skips empty elements.
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
