package conformance_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/core"
)

// trusts allows every origin, with credentials, if a condition on the request holds.
func trusts(condition func(*http.Request) bool) func(*reference) {
	return after(func(h http.Header, r *http.Request, _ bool) {
		if origin := r.Header.Get("Origin"); origin != "" && condition(r) {
			h.Set("Access-Control-Allow-Origin", origin)
			h.Set("Access-Control-Allow-Credentials", "true")
		}
	})
}

// field is a condition: a value of the field contains part.
func field(name, part string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		values := r.Header[name]
		return len(values) > 0 && strings.Contains(values[0], part)
	}
}

func hasMethod(method string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == method }
}

func hasParameter(name string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.URL.Query().Has(name) }
}

// unless changes the headers if a condition on the request holds.
func unless(condition func(*http.Request) bool, change func(http.Header)) func(*reference) {
	return after(func(h http.Header, r *http.Request, _ bool) {
		if condition(r) {
			change(h)
		}
	})
}

// onPreflight changes the headers of preflights that are allowed.
func onPreflight(change func(h http.Header)) func(*reference) {
	return after(func(h http.Header, _ *http.Request, preflight bool) {
		if preflight && h.Get("Access-Control-Allow-Origin") != "" {
			change(h)
		}
	})
}

func withoutOriginHeader(h http.Header) { h.Del("Access-Control-Allow-Origin") }

// brokenTrust trust something other than the origin.
var brokenTrust = []brokenMiddleware{
	{"trusts Authorization", "I1/authorization I1/basic", trusts(field("Authorization", ""))},
	{"trusts bearer tokens", "I1/authorization", trusts(field("Authorization", "Bearer"))},
	{"trusts cookies", "I1/cookie", trusts(field("Cookie", ""))},
	{"trusts browsers", "I1/user-agent I2/chromium I2/firefox I2/webkit", trusts(field("User-Agent", "Mozilla/"))},
	{"trusts Firefox", "I2/firefox", trusts(field("User-Agent", "Firefox/"))},
	{"trusts crawlers", "I1/user-agent-bot", trusts(field("User-Agent", "bot"))},
	{"trusts browsers with a session", "I1/form I1/application I2/chromium I2/firefox I2/webkit", trusts(func(r *http.Request) bool {
		return strings.HasPrefix(r.UserAgent(), "Mozilla/") && r.Header.Get("Cookie") != ""
	})},
	{"trusts scripts with a token and a session", "I1/application", trusts(func(r *http.Request) bool {
		return r.Header.Get("Authorization") != "" && r.Header.Get("Cookie") != ""
	})},
	{"trusts curl", "I1/user-agent-cli", trusts(field("User-Agent", "curl"))},
	{"trusts requests for ranges", "I1/range", trusts(field("Range", ""))},
	{"trusts PUT", "I1/put I1/body-put", trusts(hasMethod("PUT"))},
	{"trusts DELETE", "I1/delete", trusts(hasMethod("DELETE"))},
	{"trusts PATCH", "I1/patch", trusts(hasMethod("PATCH"))},
	{"trusts HEAD", "I1/head", trusts(hasMethod("HEAD"))},
	{"trusts methods that it does not know", "I1/chicken I1/query-method", trusts(func(r *http.Request) bool {
		return !strings.Contains("GET HEAD POST PUT DELETE PATCH OPTIONS", r.Method)
	})},
	{"trusts long bodies", "I1/body-long I1/body-json", trusts(func(r *http.Request) bool { return r.ContentLength > 1024 })},
	{"trusts bodies of unknown length", "I1/chunked", trusts(func(r *http.Request) bool { return r.ContentLength < 0 })},
	{"trusts JSON", "I1/content-type I1/body-json", trusts(field("Content-Type", "json"))},
	{"trusts clients that accept JSON", "I1/accept", trusts(field("Accept", "json"))},
	{"trusts same-site requests", "I1/same-site", trusts(field("Sec-Fetch-Site", "same-site"))},
	{"trusts what claims to be same-origin", "I1/same-origin", trusts(field("Sec-Fetch-Site", "same-origin"))},
	{"trusts what has any Sec-Fetch-Site", "I2/chromium I2/firefox I2/webkit", trusts(field("Sec-Fetch-Site", ""))},
	{"trusts navigations", "I1/navigate", trusts(field("Sec-Fetch-Mode", "navigate"))},
	{"trusts HTTP/1.0", "I1/http10", trusts(func(r *http.Request) bool { return !r.ProtoAtLeast(1, 1) })},
	{"trusts connections that end", "I1/close", trusts(func(r *http.Request) bool { return r.Close && r.ProtoMinor == 1 })},
	{"trusts a query", "I1/query I1/query-api I1/query-origin I1/query-long", trusts(func(r *http.Request) bool {
		return strings.Contains(r.URL.RawQuery, "&")
	})},
	{"trusts a request without a query", "I1/no-query", trusts(func(r *http.Request) bool { return r.URL.RawQuery == "" })},
	{"trusts an API", "I1/path", trusts(func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") })},
	{"trusts files", "I1/path-file", trusts(func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, ".json") })},
	{"trusts the root", "I1/path-root", trusts(func(r *http.Request) bool { return r.URL.Path == "/" })},
	{"trusts requests with fields of preflights", "I1/request-fields", func(ref *reference) {
		trusts(func(r *http.Request) bool {
			return r.Method != "OPTIONS" && r.Header.Get("Access-Control-Request-Headers") != ""
		})(ref)
	}},
	{"trusts JSONP", "I1/query-api", trusts(hasParameter("callback"))},
	{"reads the origin from the query", "I1/query-origin", trusts(func(r *http.Request) bool {
		return r.URL.Query().Get("origin") == conformance.OriginA
	})},
	{"trusts Referer", "I1/referer", trusts(field("Referer", conformance.OriginA))},
	{"trusts any Referer", "I1/referer-other I2/chromium", trusts(field("Referer", "https://"))},
	{"trusts X-Forwarded-Host", "I1/forwarded-host", trusts(field("X-Forwarded-Host", "a.example"))},
	{"trusts X-Forwarded-For from loopback", "I1/forwarded-local", trusts(field("X-Forwarded-For", "127.0.0.1"))},
	{"trusts proxies", "I1/forwarded", trusts(field("Via", ""))},
	{"trusts X-Requested-With", "I1/xhr", trusts(field("X-Requested-With", ""))},
	{"trusts API keys", "I1/api-key", trusts(field("X-Api-Key", ""))},
	{"trusts upgrades", "I1/upgrade", trusts(field("Upgrade", "websocket"))},
	{"trusts prefetches", "I1/prefetch", trusts(field("Sec-Purpose", "prefetch"))},
	{"trusts an overridden method", "I1/override I1/override-options", trusts(field("X-Http-Method-Override", ""))},
	{"trusts the host of an allowed origin", "I1/host-allowed", trusts(func(r *http.Request) bool { return r.Host == "a.example" })},
	{"trusts the host localhost", "I1/host-local", trusts(func(r *http.Request) bool { return r.Host == "localhost" })},
	{"trusts debugging", "I1/traces", trusts(field("X-Debug", "1"))},
	{"trusts conditional requests", "I1/if-none-match", trusts(field("If-None-Match", ""))},
	{"trusts requests to another path in a field", "I1/forwarded-path", trusts(field("X-Original-Url", "/public"))},
}

// brokenDependence give allowed origins answers that depend on something other than the
// origin.
var brokenDependence = []brokenMiddleware{
	{"forgets browsers", "I2/chromium I2/firefox I2/webkit", unless(field("User-Agent", "Mozilla/"), withoutOriginHeader)},
	{"forgets requests that accept HTML", "I1/accept-html", unless(field("Accept", "text/html"), withoutOriginHeader)},
	{"forgets conditional requests", "I1/if-none-match", unless(field("If-None-Match", ""), withoutOriginHeader)},
	{"allows credentials only to requests with cookies", "A4 I1/cookie", func(ref *reference) {
		ref.answer = func(h http.Header, r *http.Request, granted *core.Policy, preflight bool) {
			answerAs(h, r, granted, preflight)
			if r.Header.Get("Cookie") == "" {
				h.Del("Access-Control-Allow-Credentials")
			}
		}
	}},
	{"exposes nothing of ranges", "I1/range", unless(field("Range", ""), func(h http.Header) { h.Del("Access-Control-Expose-Headers") })},
	{"exposes everything to authorized requests", "I1/authorization", unless(field("Authorization", ""), func(h http.Header) {
		h.Set("Access-Control-Expose-Headers", "x-e,x-hidden")
	})},
	{"caches preflights of WebKit for longer", "I2/webkit", unless(field("User-Agent", "Version/"), func(h http.Header) {
		if h.Get("Access-Control-Max-Age") != "" {
			h.Set("Access-Control-Max-Age", "86400")
		}
	})},
	{"forgets Vary for requests with cookies", "I1/cookie", unless(field("Cookie", ""), func(h http.Header) { h.Del("Vary") })},
	{"allows more headers to Chromium", "I2/chromium", unless(field("User-Agent", "Chrome/"), func(h http.Header) {
		if h.Get("Access-Control-Allow-Headers") != "" {
			h.Add("Access-Control-Allow-Headers", "x-z")
		}
	})},
	{"believes a POST that claims another method", "I1/override-options", func(ref *reference) {
		ref.preflight = func(r *http.Request) bool {
			return isPreflight(r) || r.Header.Get("X-Http-Method-Override") == "OPTIONS" && r.Header.Get("Origin") != ""
		}
	}},
	{"trusts everyone while it is busy", "I1/concurrent", func(ref *reference) {
		var busy atomic.Int32
		ref.wrap = handler(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if strings.HasSuffix(r.URL.Path, "/events") {
				busy.Add(1)
				defer busy.Add(-1)
			}
			next.ServeHTTP(w, r)
		})
		trusts(func(r *http.Request) bool { return busy.Load() > 0 && !strings.HasSuffix(r.URL.Path, "/events") })(ref)
	}},
}

// brokenLists allow more than the policy.
var brokenLists = []brokenMiddleware{
	{"also allows PURGE", "I3", onPreflight(func(h http.Header) { h.Add("Access-Control-Allow-Methods", "PURGE") })},
	{"also allows x-requested-with", "I3", onPreflight(func(h http.Header) { h.Add("Access-Control-Allow-Headers", "x-requested-with") })},
	{"also allows content-type", "I3 H8", onPreflight(func(h http.Header) { h.Add("Access-Control-Allow-Headers", "Content-Type") })},
	{"also allows OPTIONS", "I3 P14", onPreflight(func(h http.Header) { h.Add("Access-Control-Allow-Methods", "OPTIONS") })},
	{"allows PURGE if asked for it", "I3", after(func(h http.Header, r *http.Request, preflight bool) {
		if preflight && r.Header.Get("Access-Control-Request-Method") == "PURGE" && h.Get("Access-Control-Allow-Origin") != "" {
			h.Add("Access-Control-Allow-Methods", "PURGE")
		}
	})},
	{"allows x-csrf-token to the second origin", "I3/every-answer", after(func(h http.Header, _ *http.Request, preflight bool) {
		if preflight && h.Get("Access-Control-Allow-Origin") == conformance.OriginB {
			h.Add("Access-Control-Allow-Headers", "x-csrf-token")
		}
	})},
	{"exposes the request's ID", "I3", after(func(h http.Header, r *http.Request, preflight bool) {
		if !preflight && r.Header.Get("Origin") != "" {
			h.Add("Access-Control-Expose-Headers", "x-request-id")
		}
	})},
}

// later runs the handler after a preflight has been answered.
func later(run func(func())) func(*reference) {
	return func(ref *reference) {
		ref.afterPreflight = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			_ = http.NewResponseController(w).Flush()
			again := r.Clone(context.WithoutCancel(r.Context()))
			run(func() { next.ServeHTTP(httptest.NewRecorder(), again) })
		}
	}
}

// brokenEffects do more than answer preflights: they set cookies, permit caching or run
// handlers.
var brokenEffects = []brokenMiddleware{
	{"sets a cookie on preflights", "I4", onPreflight(func(h http.Header) { h.Set("Set-Cookie", "session=1") })},
	{"sets a cookie on refused preflights", "I4", after(func(h http.Header, _ *http.Request, preflight bool) {
		if preflight && h.Get("Access-Control-Allow-Origin") == "" {
			h.Set("Set-Cookie", "session=1")
		}
	})},
	{"lets caches store preflights", "I4", onPreflight(func(h http.Header) { h.Set("Cache-Control", "public") })},
	{"lets caches store preflights for a day", "I4", onPreflight(func(h http.Header) { h.Set("Cache-Control", "max-age=86400") })},
	{"lets a CDN store preflights", "I4", onPreflight(func(h http.Header) { h.Set("Surrogate-Control", "max-age=600") })},
	{"runs the handler after a preflight", "I4 P1", later(func(serve func()) { serve() })},
	{"runs the handler of a preflight in the background", "I4", later(func(serve func()) { go serve() })},
	{"runs the handler before a preflight", "I4 P1", func(ref *reference) {
		ref.log = func(s conformance.Setup, r *http.Request) {
			if isPreflight(r) {
				conformance.Handler(s.App).ServeHTTP(httptest.NewRecorder(), r)
			}
		}
	}},
	{"says when preflights expire", "I4", onPreflight(func(h http.Header) { h.Set("Expires", "Fri, 01 Jan 2100 00:00:00 GMT") })},
}

// spares rejects disallowed requests, unless a condition holds.
func spares(condition func(*http.Request) bool) func(*reference) {
	return func(ref *reference) {
		ref.reject = func(policies []core.Policy, r *http.Request) bool { return rejects(policies, r) && !condition(r) }
	}
}

// brokenSpares reject too little.
var brokenSpares = []brokenMiddleware{
	{"does not reject PUT", "I5/methods", spares(hasMethod("PUT"))},
	{"does not reject HEAD", "I5/methods", spares(hasMethod("HEAD"))},
	{"does not reject OPTIONS", "I5/methods", spares(hasMethod("OPTIONS"))},
	{"does not reject null", "I5/origins", spares(field("Origin", "null"))},
	{"does not reject malformed origins", "I5/origins", spares(func(r *http.Request) bool {
		return !strings.Contains(r.Header.Get("Origin"), "://")
	})},
	{"does not reject two origins", "I5/lines", spares(func(r *http.Request) bool { return len(r.Header["Origin"]) > 1 })},
	{"does not reject the same site", "I5/same-site", spares(field("Sec-Fetch-Site", "same-site"))},
	{"does not reject long bodies", "I5/body", spares(func(r *http.Request) bool { return r.ContentLength > 1024 })},
	{"does not reject requests with cookies", "I1/cookie", spares(field("Cookie", ""))},
	{"does not reject browsers", "I2/firefox", spares(field("User-Agent", "Mozilla/"))},
}
