package browsermodel

import (
	"slices"
	"time"

	"github.com/corskit/corskit/conformance/internal/text"
)

// preflightCache is a browser's CORS-preflight cache. Each entry is for one method or one
// header name (or neither: see store), so a preflight can cover later requests that need
// only a part of what it granted (Fetch, CORS-preflight cache).
type preflightCache struct {
	entries []cacheEntry
}

type cacheKey struct {
	partition, origin, url string
}

type cacheEntry struct {
	key         cacheKey
	credentials bool
	method      string // or "" if the entry is for a header name
	header      string // or "" if the entry is for a method
	expires     time.Time
}

func (e cacheEntry) matches(p Profile, key cacheKey, credentials bool, now time.Time) bool {
	if e.key != key || !now.Before(e.expires) {
		return false
	}
	return e.credentials == credentials || e.credentials && !p.Cache.ByCredentials
}

// wildcard reports whether a "*" in the entry is a wildcard. A "*" that was granted with
// credentials is not: the preflight's check treated it as a name, and all engines but
// one also do so when they consult their caches.
func (e cacheEntry) wildcard(p Profile, f Fetch) bool {
	return !p.Cache.WildcardServesOnce && (!e.credentials || p.Cache.WildcardByRequest && !f.Credentials)
}

func (e cacheEntry) coversMethod(p Profile, f Fetch) bool {
	return e.method == f.Method || e.method == "*" && e.wildcard(p, f)
}

func (e cacheEntry) coversHeader(p Profile, f Fetch, name string) bool {
	authorization := p.WildcardCoversAuthorization && !p.Cache.WildcardLeavesAuthorization
	return text.EqualFold(e.header, name) ||
		e.header == "*" && e.wildcard(p, f) && (authorization || !isNonWildcard(name))
}

// covers reports whether cached grants cover f, so that it needs no preflight.
func (c *preflightCache) covers(p Profile, f Fetch, key cacheKey, now time.Time) bool {
	var entries []cacheEntry
	for _, e := range c.entries {
		if e.matches(p, key, f.Credentials, now) {
			entries = append(entries, e)
		}
	}
	covered := len(entries) > 0
	if !isSafelistedMethod(f.Method) || f.UploadListeners && !p.Cache.IgnoresListeners {
		covered = covered && slices.ContainsFunc(entries, func(e cacheEntry) bool { return e.coversMethod(p, f) })
	}
	for _, name := range UnsafeNames(f.Header) {
		covered = covered && slices.ContainsFunc(entries, func(e cacheEntry) bool { return e.coversHeader(p, f, name) })
	}
	if !covered && p.Cache.KeepsOne {
		c.clear(key)
	}
	return covered
}

// store adds a grant. Existing entries get the new expiry.
func (c *preflightCache) store(p Profile, key cacheKey, credentials bool, g Grant, now time.Time) {
	if p.Cache.KeepsOne {
		c.clear(key)
	}
	add := func(entry cacheEntry) {
		for i, e := range c.entries {
			if e.matches(p, key, credentials, now) && e.method == entry.method && text.EqualFold(e.header, entry.header) {
				c.entries[i].expires = entry.expires
				return
			}
		}
		c.entries = append(c.entries, entry)
	}
	expires := now.Add(g.MaxAge)
	add(cacheEntry{key: key, credentials: credentials, expires: expires}) // records a grant that lists nothing
	for _, method := range g.Methods {
		add(cacheEntry{key: key, credentials: credentials, method: method, expires: expires})
	}
	for _, header := range g.Headers {
		add(cacheEntry{key: key, credentials: credentials, header: header, expires: expires})
	}
}

// clear removes the entries for a key.
func (c *preflightCache) clear(key cacheKey) {
	c.entries = slices.DeleteFunc(c.entries, func(e cacheEntry) bool { return e.key == key })
}
