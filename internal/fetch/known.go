package fetch

import "strings"

// Names that policies often list. Names that differ from one of them in one letter
// are probably misspelled.
var (
	knownMethods = []string{
		"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "QUERY", "PROPFIND", "PROPPATCH", "MKCOL", "MKCALENDAR", "COPY",
		"MOVE", "LOCK", "UNLOCK", "LINK", "UNLINK", "SEARCH", "REPORT", "PURGE", "MERGE", "UPDATE", "CONNECT", "TRACE", "TRACK",
	}
	knownRequestHeaders = []string{
		"accept", "accept-language", "content-language", "content-type", "content-encoding", "content-disposition", "content-range",
		"content-md5", "range", "authorization", "cache-control", "pragma", "expires", "if-match", "if-none-match", "if-modified-since",
		"if-unmodified-since", "if-range", "user-agent", "prefer", "priority", "digest", "signature", "location", "link", "etag", "dpop",
		"x-requested-with", "x-requested-by", "x-csrf-token", "x-csrftoken", "csrf-token", "x-xsrf-token", "x-xsrftoken", "xsrf-token",
		"x-api-key", "x-apikey", "api-key", "apikey", "x-api-version", "api-version", "x-auth-token", "auth-token", "x-access-token",
		"access-token", "refresh-token", "x-refresh-token", "idempotency-key", "x-idempotency-key", "x-request-id", "request-id",
		"x-correlation-id", "correlation-id", "x-http-method-override", "traceparent", "tracestate", "baggage", "sentry-trace", "b3",
		"last-event-id", "x-forwarded-for", "x-real-ip", "grpc-timeout", "x-grpc-web", "x-user-agent", "connect-protocol-version",
		"upload-length", "upload-offset", "upload-metadata", "tus-resumable", "token", "session-id", "x-session-id", "tenant-id",
		"x-tenant-id", "x-client-version", "x-client-id", "x-user-id", "x-device-id", "apollo-require-preflight",
	}
	knownResponseHeaders = []string{
		"etag", "location", "link", "content-disposition", "content-encoding", "content-range", "content-length", "content-type",
		"content-language", "content-location", "accept-ranges", "cache-control", "expires", "last-modified", "pragma", "age", "date",
		"retry-after", "www-authenticate", "authorization", "server-timing", "x-request-id", "request-id", "x-correlation-id",
		"x-total-count", "x-total", "x-total-pages", "x-page", "x-per-page", "x-next-page", "x-csrf-token", "x-xsrf-token", "x-auth-token",
		"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "ratelimit", "ratelimit-limit", "ratelimit-remaining",
		"ratelimit-reset", "upload-offset", "upload-length", "upload-metadata", "tus-resumable", "grpc-status", "grpc-message",
		"grpc-status-details-bin", "x-filename", "token", "set-cookie", "set-cookie2",
	}
)

// MisspelledMethod returns the method that differs from m in one letter, unless m is
// known itself.
func MisspelledMethod(m string) (meant string, ok bool) {
	return misspelled(m, strings.ToUpper(m), knownMethods)
}

// MisspelledRequestHeader returns the request header that differs from a lower-case
// name in one letter, unless the name is known itself.
func MisspelledRequestHeader(name string) (meant string, ok bool) {
	return misspelled(name, name, knownRequestHeaders)
}

// MisspelledResponseHeader is like [MisspelledRequestHeader], for response headers.
func MisspelledResponseHeader(name string) (meant string, ok bool) {
	return misspelled(name, name, knownResponseHeaders)
}

// minMisspelled is the length of the shortest name that counts as misspelled. Short
// names resemble each other.
const minMisspelled = 3

func misspelled(s, spelling string, known []string) (meant string, ok bool) {
	if len(s) < minMisspelled {
		return "", false
	}
	for _, k := range known {
		if k == spelling {
			return "", false
		}
		if meant == "" && oneEdit(spelling, k) {
			meant = k
		}
	}
	return meant, meant != ""
}

// oneEdit reports whether one insertion, deletion or replacement, or a swap of
// neighbors, turns a into b, which is another string.
func oneEdit(a, b string) bool {
	if len(a) > len(b) {
		return oneEdit(b, a)
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	// If only the last bytes differ, both rests are empty.
	return a[i+1:] == b[i+1:] || a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}
