package conformance

import "time"

// preflightCache is a browser's CORS-preflight cache. An entry stands for one
// method or one header name, so that one preflight may serve requests that
// ask for a part of what it granted (Fetch, CORS-preflight cache).
type preflightCache struct {
	entries []cacheEntry
}

type cacheKey struct {
	partition, origin, url string
}

type cacheEntry struct {
	key         cacheKey
	credentials bool
	method      string // either a method
	header      string // or a header name
	expires     time.Time
}

func (e cacheEntry) matches(key cacheKey, credentials bool, now time.Time) bool {
	return e.key == key && (e.credentials || !credentials) && now.Before(e.expires)
}

// wildcard reports whether a "*" of the entry stands for others. One that came
// with credentials does not: the check of the preflight took it literally, and
// so do the engines when they consult their caches.
func (e cacheEntry) wildcard(p Profile) bool { return !e.credentials && !p.WildcardNotCached }

func (e cacheEntry) coversMethod(p Profile, method string) bool {
	return e.method == method || e.method == "*" && e.wildcard(p)
}

func (e cacheEntry) coversHeader(p Profile, name string) bool {
	return equalFold(e.header, name) ||
		e.header == "*" && e.wildcard(p) && (p.WildcardCoversAuthorization || !isNonWildcard(name))
}

// covers reports whether f needs no preflight because of earlier ones.
func (c *preflightCache) covers(p Profile, f Fetch, key cacheKey, now time.Time) bool {
	method := isSafelistedMethod(f.Method) && !f.UploadListeners
	for _, e := range c.entries {
		if e.matches(key, f.Credentials, now) && e.coversMethod(p, f.Method) {
			method = true
		}
	}
	if !method {
		return false
	}
	for _, name := range UnsafeNames(f.Header) {
		header := false
		for _, e := range c.entries {
			if e.matches(key, f.Credentials, now) && e.coversHeader(p, name) {
				header = true
			}
		}
		if !header {
			return false
		}
	}
	return true
}

// store adds what a preflight granted; what is there already gets a new expiry.
func (c *preflightCache) store(key cacheKey, credentials bool, g Grant, now time.Time) {
	add := func(entry cacheEntry) {
		for i, e := range c.entries {
			if e.matches(key, credentials, now) && e.method == entry.method && equalFold(e.header, entry.header) {
				c.entries[i].expires = entry.expires
				return
			}
		}
		c.entries = append(c.entries, entry)
	}
	expires := now.Add(g.MaxAge)
	for _, method := range g.Methods {
		add(cacheEntry{key: key, credentials: credentials, method: method, expires: expires})
	}
	for _, header := range g.Headers {
		add(cacheEntry{key: key, credentials: credentials, header: header, expires: expires})
	}
}

// clear forgets what is known for a key, after a fetch with a preflight failed.
func (c *preflightCache) clear(key cacheKey) {
	kept := c.entries[:0]
	for _, e := range c.entries {
		if e.key != key {
			kept = append(kept, e)
		}
	}
	c.entries = kept
}
