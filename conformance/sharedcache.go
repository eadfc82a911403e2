package conformance

import (
	"context"
	"slices"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// SharedCache puts a small shared HTTP cache between browsers and a server. It
// stores the public responses to GET, and reuses one for a request with the same
// values in the headers that its Vary names (RFC 9111, sections 3, 4 and 4.1).
// Nothing expires: tests learn whether reuse is correct, not how long responses are
// kept.
func SharedCache(next browsermodel.Transport) browsermodel.Transport {
	cache := &sharedCache{next: next}
	return func(ctx context.Context, r browsermodel.Request) (browsermodel.Response, error) {
		response, _, err := cache.transport(ctx, r)
		return response, err
	}
}

// sharedCache is the cache of [SharedCache]. It also says which responses it reused.
type sharedCache struct {
	next   browsermodel.Transport
	stored []browsermodel.Exchange
}

func (c *sharedCache) transport(ctx context.Context, r browsermodel.Request) (response browsermodel.Response, fromCache bool, err error) {
	if r.Method == "GET" {
		// The most recent response is preferred (RFC 9111, section 4.1).
		for _, e := range slices.Backward(c.stored) {
			if e.Request.URL == r.URL && selects(e, r) {
				return e.Response, true, nil
			}
		}
	}
	response, err = c.next(ctx, r)
	if err == nil && r.Method == "GET" && cacheable(r, response) {
		c.stored = append(c.stored, browsermodel.Exchange{Request: r, Response: response})
	}
	return response, false, err
}

func selects(stored browsermodel.Exchange, r browsermodel.Request) bool {
	for _, name := range members(stored.Response, "Vary") {
		if name == "*" || !slices.Equal(stored.Request.Header.Values(name), r.Header.Values(name)) {
			return false
		}
	}
	return true
}

func cacheable(r browsermodel.Request, response browsermodel.Response) bool {
	if response.Status != 200 || r.Header.Has("Authorization") {
		return false
	}
	directives := members(response, "Cache-Control")
	return slices.Contains(directives, "public") && !slices.Contains(directives, "no-store")
}
