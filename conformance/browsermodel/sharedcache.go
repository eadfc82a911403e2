package browsermodel

import (
	"context"
	"slices"
	"strings"
)

// SharedCache puts a small shared HTTP cache between browsers and a server. It
// stores the public responses to GET, and reuses one for a request with the same
// values in the headers that its Vary names (RFC 9111, sections 3, 4 and 4.1).
// Nothing expires: tests learn whether reuse is correct, not how long responses are
// kept. The returned Transport must not be called concurrently.
func SharedCache(next Transport) Transport {
	var stored []Exchange
	return func(ctx context.Context, r Request) (Response, error) {
		if r.Method == "GET" {
			// The most recent response is preferred (RFC 9111, section 4.1).
			for _, e := range slices.Backward(stored) {
				if e.Request.URL == r.URL && selects(e, r) {
					return e.Response, nil
				}
			}
		}
		response, err := next(ctx, r)
		if err == nil && r.Method == "GET" && storable(r, response) {
			stored = append(stored, Exchange{Request: r, Response: response})
		}
		return response, err
	}
}

// selects reports whether the headers that a stored response names in Vary have the
// values that a request has.
func selects(stored Exchange, r Request) bool {
	for _, name := range directives(stored.Response, "Vary") {
		if name == "*" || !slices.Equal(stored.Request.Header.Values(name), r.Header.Values(name)) {
			return false
		}
	}
	return true
}

// storable reports whether a shared cache may store a response and reuse it at once.
func storable(r Request, response Response) bool {
	if response.Status != 200 || r.Header.Has("Authorization") {
		return false
	}
	control := directives(response, "Cache-Control")
	return slices.Contains(control, "public") && !slices.Contains(control, "no-store")
}

// directives returns the elements of a list header in lower case.
func directives(r Response, name string) (list []string) {
	for _, line := range r.Header.Values(name) {
		for element := range strings.SplitSeq(line, ",") {
			list = append(list, strings.ToLower(strings.TrimSpace(element)))
		}
	}
	return list
}
