package browsermodel

import (
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/conformance/internal/text"
)

// isSafelistedMethod reports whether a method needs no preflight
// (Fetch, CORS-safelisted method).
func isSafelistedMethod(method string) bool {
	return method == "GET" || method == "HEAD" || method == "POST"
}

// isForbiddenMethod reports whether scripts cannot send a method
// (Fetch, forbidden method).
func isForbiddenMethod(method string) bool {
	switch text.Upper(method) {
	case "CONNECT", "TRACE", "TRACK":
		return true
	}
	return false
}

// NormalizeMethod upper-cases the six methods that browsers upper-case. Others are
// unchanged: patch stays patch (Fetch, "normalize a method").
func NormalizeMethod(method string) string {
	switch m := text.Upper(method); m {
	case "DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT":
		return m
	}
	return method
}

var forbiddenRequestHeaders = []string{
	"accept-charset", "accept-encoding", "access-control-request-headers",
	"access-control-request-method", "connection", "content-length", "cookie", "cookie2", "date", "dnt", "expect",
	"host", "keep-alive", "origin", "referer", "set-cookie", "te", "trailer",
	"transfer-encoding", "upgrade", "via",
}

// IsForbiddenRequestHeader reports whether scripts cannot set a request header
// (Fetch, forbidden request-header).
func IsForbiddenRequestHeader(name, value string) bool {
	name = text.Lower(name)
	if slices.Contains(forbiddenRequestHeaders, name) ||
		strings.HasPrefix(name, "proxy-") || strings.HasPrefix(name, "sec-") {
		return true
	}
	switch name {
	case "x-http-method", "x-http-method-override", "x-method-override":
		for method := range strings.SplitSeq(value, ",") {
			if isForbiddenMethod(strings.Trim(method, " \t")) {
				return true
			}
		}
	}
	return false
}

// isUnsafeByte reports whether a byte makes a header value unsafe
// (Fetch, CORS-unsafe request-header byte).
func isUnsafeByte(c byte) bool {
	return c < 0x20 && c != '\t' || c == 0x7f || strings.IndexByte(`"():<>?@[\]{}`, c) >= 0
}

func hasUnsafeByte(value string) bool {
	for i := range len(value) {
		if isUnsafeByte(value[i]) {
			return true
		}
	}
	return false
}

// IsSafelistedRequestHeader reports whether a request header needs no
// preflight (Fetch, CORS-safelisted request-header).
func IsSafelistedRequestHeader(name, value string) bool {
	if len(value) > 128 {
		return false
	}
	switch text.Lower(name) {
	case "accept":
		return !hasUnsafeByte(value)
	case "accept-language", "content-language":
		for i := range len(value) {
			c := value[i]
			if !('0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z') && strings.IndexByte(" *,-.;=", c) < 0 {
				return false
			}
		}
		return true
	case "content-type":
		return !hasUnsafeByte(value) && isFormType(value)
	case "range":
		return isSingleRange(value)
	}
	return false
}

// isFormType reports whether the essence of a media type is one of the three
// that HTML forms send (WHATWG MIME Sniffing, "parse a MIME type").
func isFormType(value string) bool {
	essence, _, _ := strings.Cut(value, ";")
	switch text.Lower(strings.Trim(essence, " \t\r\n")) {
	case "application/x-www-form-urlencoded", "multipart/form-data", "text/plain":
		return true
	}
	return false
}

// isSingleRange reports whether value is "bytes=N-" or "bytes=N-M" with N <= M
// (Fetch, "parse a single range header value", white space not allowed).
func isSingleRange(value string) bool {
	spec, ok := strings.CutPrefix(value, "bytes=")
	if !ok {
		return false
	}
	first, last, ok := strings.Cut(spec, "-")
	if !ok || !text.IsDigits(first) {
		return false
	}
	if last == "" {
		return true
	}
	if !text.IsDigits(last) {
		return false
	}
	first, last = strings.TrimLeft(first, "0"), strings.TrimLeft(last, "0")
	if len(first) != len(last) {
		return len(first) < len(last)
	}
	return first <= last
}

// UnsafeNames returns the names of the request headers that need a preflight:
// lower-cased, without duplicates, in byte order
// (Fetch, "CORS-unsafe request-header names").
func UnsafeNames(header Fields) []string {
	var unsafe, safe []string
	size := 0
	for _, line := range header {
		if IsSafelistedRequestHeader(line.Name, line.Value) {
			safe = append(safe, text.Lower(line.Name))
			size += len(line.Value)
		} else {
			unsafe = append(unsafe, text.Lower(line.Name))
		}
	}
	if size > 1024 {
		unsafe = append(unsafe, safe...)
	}
	slices.Sort(unsafe)
	return slices.Compact(unsafe)
}

// isNonWildcard reports whether "*" does not cover a request header
// (Fetch, CORS non-wildcard request-header name).
func isNonWildcard(name string) bool { return text.EqualFold(name, "authorization") }

// isSafelistedResponseHeader reports whether scripts can read a response header
// that is not exposed (Fetch, CORS-safelisted response-header name).
func isSafelistedResponseHeader(name string) bool {
	switch text.Lower(name) {
	case "cache-control", "content-language", "content-length", "content-type", "expires", "last-modified", "pragma":
		return true
	}
	return false
}

// Readable returns the response headers that a script can read after the CORS
// check (Fetch, CORS filtered response). They never include Set-Cookie.
func Readable(header Fields, credentials bool) Fields {
	exposed, _, valid := header.list("Access-Control-Expose-Headers")
	if !valid {
		exposed = nil
	}
	all := !credentials && slices.Contains(exposed, "*")
	var readable Fields
	for _, line := range header {
		if text.EqualFold(line.Name, "set-cookie") || text.EqualFold(line.Name, "set-cookie2") {
			continue
		}
		if all || isSafelistedResponseHeader(line.Name) || text.ContainsFold(exposed, line.Name) {
			readable = append(readable, line)
		}
	}
	return readable
}

// parseMaxAge parses Access-Control-Max-Age: one line of digits. It reports false
// for any other value, which browsers treat as absent.
func parseMaxAge(header Fields) (seconds int64, ok bool) {
	values := header.Values("Access-Control-Max-Age")
	if len(values) != 1 || !text.IsDigits(values[0]) {
		return 0, false
	}
	seconds, err := strconv.ParseInt(values[0], 10, 64)
	if err != nil {
		return 1<<63 - 1, true // too large for an int64: the cap of the browser applies
	}
	return seconds, true
}
