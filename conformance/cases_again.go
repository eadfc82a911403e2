package conformance

import (
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/internal/text"
	"github.com/corskit/corskit/core"
)

// dependence returns the cases of what an answer depends on, and of what it contains.
func dependence() []Case {
	return slices.Concat(
		otherFields(), otherMessages(), otherOrders(), asBrowsers(), exactLists(), effectsOfPreflights(), everyRejection(),
	)
}

// Changes of requests.

// change returns a variation that changes each request.
func change(f func(browsermodel.Request) browsermodel.Request) *Variation {
	return &Variation{Change: f}
}

// set returns a variation that sets fields. Arguments alternate between names and values.
func set(namesAndValues ...string) *Variation {
	fields := header(namesAndValues...)
	return change(func(r browsermodel.Request) browsermodel.Request {
		r.Header = replaced(r.Header, fields)
		return r
	})
}

// replaced returns a header with fields in place of those of the same names.
func replaced(h, fields browsermodel.Fields) browsermodel.Fields {
	for _, line := range fields {
		h = h.Without(line.Name)
	}
	return append(h, fields...)
}

// method returns a variation that sends another method and body. It leaves OPTIONS alone.
func method(m, body string, namesAndValues ...string) *Variation {
	return change(func(r browsermodel.Request) browsermodel.Request {
		if r.Method != "OPTIONS" {
			r.Method, r.Body = m, body
			r.Header = replaced(r.Header.Without("Content-Type"), header(namesAndValues...))
		}
		return r
	})
}

// query returns a variation that adds a query.
func query(q string) *Variation {
	return change(func(r browsermodel.Request) browsermodel.Request {
		separator := "?"
		if strings.Contains(r.URL, "?") {
			separator = "&"
		}
		r.URL += separator + q
		return r
	})
}

// path returns a variation that asks for another resource, which need not exist.
func path(p string) *Variation {
	return change(func(r browsermodel.Request) browsermodel.Request {
		target := targetOf(r.URL)
		was, _, _ := strings.Cut(target, "?")
		r.URL = strings.TrimSuffix(r.URL, target) + p + strings.TrimPrefix(target, was)
		return r
	})
}

// eachLine returns a variation that changes each field line.
func eachLine(f func(browsermodel.Field) browsermodel.Field) *Variation {
	return change(func(r browsermodel.Request) browsermodel.Request {
		for i, line := range r.Header {
			r.Header[i] = f(line)
		}
		return r
	})
}

// unsent marks a variation that no script can send.
func unsent(v *Variation) *Variation {
	v.MayOmit = true
	return v
}

// varied returns the cases of a rule, one for each variation by its ID.
func varied(rule, reason string, variations map[string]*Variation) []Case {
	var cases []Case
	for id, v := range variations {
		cases = append(cases, Case{ID: id, Reason: reason, Again: v})
	}
	return of(rule, cases...)
}

// wayAround is the reason why the answer must not depend on anything else.
const wayAround = "otherwise it would be a way around the policy."

// otherFields returns cases of fields on which the answer must not depend.
func otherFields() []Case {
	const agent = "User-Agent"
	return append(fieldsOnTheWay(), varied("I1", "A field that is not part of CORS changes nothing: "+wayAround, map[string]*Variation{
		"authorization": set("Authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl"),
		"basic":         set("Authorization", "Basic YWRtaW46YWRtaW4="),
		"api-key":       set("X-API-Key", "secret", "X-CSRF-Token", "token", "X-Auth-Token", "token"),
		"cookie":        set("Cookie", "session=0123456789abcdef; theme=dark"),
		"user-agent": set(agent, "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "+
			"Chrome/140.0.0.0 Safari/537.36"),
		"user-agent-bot": set(agent, "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"),
		"user-agent-cli": set(agent, "curl/8.14.1"),
		"user-agent-app": set(agent, "okhttp/4.12.0"),
		"referer":        set("Referer", OriginA+"/page?q=1"),
		"referer-other":  set("Referer", "https://c.example/"),
		"accept":         set("Accept", "application/json, text/plain, */*"),
		"accept-html":    set("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
		"language":       set("Accept-Language", "de-DE,de;q=0.9", "Accept-Encoding", "gzip, deflate, br, zstd", "Accept-Charset", "utf-8"),
		"content-type":   set("Content-Type", "application/json"),
		"range":          set("Range", "bytes=0-3"),
		"range-if":       set("Range", "bytes=0-", "If-Range", `"1"`),
		"if-none-match":  set("If-None-Match", `"1"`),
		"if-modified":    set("If-Modified-Since", "Sat, 29 Oct 1994 19:43:31 GMT"),
		"if-match":       set("If-Match", "*", "If-Unmodified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"),
		"no-cache":       set("Cache-Control", "no-cache", "Pragma", "no-cache"),
		"xhr":            set("X-Requested-With", "XMLHttpRequest"),
		"override":       set("X-HTTP-Method-Override", "PUT", "X-HTTP-Method", "PUT", "X-Method-Override", "PUT"),
		"override-options": set("X-HTTP-Method-Override", "OPTIONS", "X-HTTP-Method", "OPTIONS",
			"X-Method-Override", "OPTIONS"),
		"same-site":   set("Sec-Fetch-Site", "same-site"),
		"same-origin": unsent(set("Sec-Fetch-Site", "same-origin")),
		"site-none":   unsent(set("Sec-Fetch-Site", "none", "Sec-Fetch-User", "?1")),
		"navigate":    unsent(set("Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Upgrade-Insecure-Requests", "1")),
		"image":       set("Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"),
		"prefetch":    set("Sec-Purpose", "prefetch", "Purpose", "prefetch", "X-Moz", "prefetch"),
		"preferences": set("DNT", "1", "Sec-GPC", "1", "Save-Data", "on", "Priority", "u=1, i", "Prefer", "return=minimal"),
		"hints": set("DPR", "2", "Viewport-Width", "800", "Sec-CH-UA-Platform", `"Windows"`,
			"Sec-CH-Prefers-Color-Scheme", "dark"),
		"traces": set("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
			"X-Request-ID", "1", "X-Debug", "1"),
		"upgrade": unsent(set("Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "13",
			"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")),
		"request-fields": change(func(r browsermodel.Request) browsermodel.Request {
			if r.Method != "OPTIONS" {
				r.Header = append(r.Header.Without(acrm, acrh, arpn), header(acrm, "PUT", acrh, "x-a", arpn, "true")...)
			}
			return r
		}),
		"unknown": set("X-Unknown", "1", "Unknown", "2"),
	})...)
}

// fieldsOnTheWay returns cases of fields that proxies and caches change.
func fieldsOnTheWay() []Case {
	return varied("I1", "A field that a proxy adds or changes does not allow another origin.", map[string]*Variation{
		"forwarded": set("X-Forwarded-For", "192.0.2.1, 10.0.0.1", "X-Forwarded-Proto", "https", "X-Real-IP", "192.0.2.1",
			"Forwarded", "for=192.0.2.1;proto=https", "Via", "1.1 proxy.example"),
		"forwarded-local": set("X-Forwarded-For", "127.0.0.1", "X-Real-IP", "127.0.0.1", "Forwarded", "for=127.0.0.1",
			"X-Client-IP", "127.0.0.1", "True-Client-IP", "127.0.0.1", "CF-Connecting-IP", "127.0.0.1"),
		"forwarded-host": set("X-Forwarded-Host", "a.example", "X-Forwarded-Server", "a.example", "X-Original-Host", "a.example"),
		"forwarded-path": set("X-Original-URL", "/public/any", "X-Rewrite-URL", "/public/any", "X-Forwarded-Prefix", "/public"),
		"other-origin": set("X-Origin", OriginA, "X-Forwarded-Origin", OriginA, "Sec-WebSocket-Origin", OriginA,
			"Ping-From", OriginA),
		"host-allowed": set("Host", "a.example"),
		"host-local":   set("Host", "localhost"),
		"host-port":    set("Host", "api.example.com:8443"),
	})
}

// otherMessages returns cases of requests that differ in ways that do not matter to CORS.
func otherMessages() []Case {
	long := strings.Repeat("name=value&", 200)
	form := []string{"Content-Type", "application/x-www-form-urlencoded"}
	json := []string{"Content-Type", "application/json"}
	chunked := method("POST", long, form...)
	chunked.Chunked = true
	spelled := func(name func(string) string) *Variation {
		return eachLine(func(line browsermodel.Field) browsermodel.Field {
			line.Name = name(line.Name)
			return line
		})
	}
	const reason = "The form of a request and the resource that it asks for change nothing: " + wayAround
	return varied("I1", reason, map[string]*Variation{
		"get": method("GET", ""), "head": method("HEAD", ""), "post": method("POST", ""), "put": method("PUT", ""),
		"delete": method("DELETE", ""), "patch": method("PATCH", ""),
		"query-method": method("QUERY", ""), "chicken": method("CHICKEN", ""),
		"body":      method("POST", "name=value", form...),
		"body-long": method("POST", long, form...),
		"body-json": method("POST", `{"name":"`+long+`"}`, json...),
		"body-put":  method("PUT", `{"name":"`+long+`"}`, json...),
		"chunked":   chunked,
		// A form of another site, and a script with everything that an application sends.
		"form": unsent(method("POST", long, append(form, "Cookie", "session=1", "User-Agent", "Mozilla/5.0", "Referer", OriginEvil+"/",
			"Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document", "Upgrade-Insecure-Requests", "1")...)),
		"application": method("PUT", `{"name":"`+long+`"}`, append(json, "Cookie", "session=1", "User-Agent", "Mozilla/5.0",
			"Authorization", "Bearer token", "X-Requested-With", "XMLHttpRequest", "X-CSRF-Token", "token",
			"Accept", "application/json")...),
		"http10":       {HTTP10: true, MayOmit: true},
		"close":        set("Connection", "close"),
		"lower-case":   spelled(text.Lower),
		"upper-case":   spelled(text.Upper),
		"no-query":     {NoToken: true},
		"query":        query("q=1&a=1&b=2&x=1&id=7&key=k&page=2&v=3&lang=de&test=1&admin=1&cb=1&utm_source=s&_=1"),
		"query-api":    query("callback=f&format=json&token=secret&debug=true&access_token=secret"),
		"query-origin": query("origin=https%3A%2F%2Fa.example&cors=*&referer=https://a.example/"),
		"query-long":   query(long + "x=1"),
		"path":         path("/api/v1/users/7/orders"),
		"path-file":    path("/assets/data.json"),
		"path-root":    path("/"),
		"path-system":  path("/.well-known/health"),
		"query-odd":    query("a=%00&b=%zz&;c&d=../../public"),
	})
}

// otherOrders returns cases of other orders of lines and of requests.
func otherOrders() []Case {
	reversed := change(func(r browsermodel.Request) browsermodel.Request {
		// Lines of the same name keep their order (RFC 9110, section 5.3).
		var header browsermodel.Fields
		for _, line := range slices.Backward(r.Header) {
			if !header.Has(line.Name) {
				for _, same := range r.Header {
					if text.EqualFold(same.Name, line.Name) {
						header = append(header, same)
					}
				}
			}
		}
		r.Header = header
		return r
	})
	return varied("I1", "Neither the order of lines nor other requests change anything.", map[string]*Variation{
		"order": reversed, "again": {}, "requests-reversed": {Reverse: true}, "concurrent": {Concurrent: 8},
	})
}

// asBrowsers repeats requests with all fields of each browser.
func asBrowsers() []Case {
	return varied("I2", "Browsers send a dozen fields with every request, which must not change the answer.",
		map[string]*Variation{
			"chromium": {Agent: browsermodel.Chromium().Agent},
			"firefox":  {Agent: browsermodel.Firefox().Agent},
			"webkit":   {Agent: browsermodel.WebKit().Agent},
		})
}

// exactLists asks for names that policies list and for names that they do not list.
func exactLists() []Case {
	cases := []Case{{
		ID: "every-answer", Again: &Variation{},
		Reason: "No answer to any request of the suite allows or exposes more than the policies of its server.",
		every: func(a asked) *Answer {
			only := a.setup.union()
			return &Answer{Only: &only}
		},
	}}
	for id, p := range map[string]core.Policy{
		"one": policyOne(), "two": policyTwo(), "credentials": policyCred(), "any": policyAny(), "subdomain": policySub(),
		"all-headers": allHeaders(false), "all-headers-credentials": allHeaders(true),
		"everything": everything(false), "everything-credentials": everything(true),
	} {
		c := Case{
			ID: id, Setup: setup(p),
			Reason: "What a policy does not list is neither allowed nor exposed, even if a preflight asks for it.",
		}
		origin := OriginA
		if id == "subdomain" {
			origin = "https://x.a.example"
		}
		only := func() *Answer { return &Answer{Only: &p} }
		for _, method := range []string{"GET", "PUT", "DELETE", "PATCH", "PURGE", "OPTIONS", "QUERY", "put"} {
			c.Steps = append(c.Steps, Step{Send: preflight(origin, method, "/any"), Answer: only()})
		}
		for _, names := range []string{
			"x-a", "authorization", "content-type", "x-requested-with", "accept,content-type,origin,x-requested-with", "x-z",
			"x-csrf-token", "x-http-method-override", "cookie", "*",
		} {
			c.Steps = append(c.Steps, Step{Send: preflight(origin, "PUT", "/any", acrh, names), Answer: only()})
		}
		for _, method := range []string{"GET", "POST", "PUT"} {
			c.Steps = append(c.Steps, Step{Send: send(method, "/any", "Origin", origin), Answer: only()})
		}
		cases = append(cases, c)
	}
	return of("I3", cases...)
}

// effectsOfPreflights are cases of what preflights must not cause.
func effectsOfPreflights() []Case {
	cases := []Case{{
		ID: "every-preflight", Again: &Variation{},
		Reason: "No answer to any preflight of the suite sets a cookie or may be stored by a cache.",
		every: func(a asked) *Answer {
			return &Answer{Uncached: isPreflight(a.request)}
		},
	}}
	for id, p := range map[string]core.Policy{
		"one": policyOne(), "two": policyTwo(), "credentials": policyCred(), "any": policyAny(), "echo": everything(true),
	} {
		answered := func(r *browsermodel.Request) Step {
			return Step{Send: r, Answer: &Answer{Runs: RunsNever, Uncached: true}}
		}
		refused := func(r *browsermodel.Request) Step { return Step{Send: r, Answer: &Answer{Uncached: true}} }
		c := Case{
			ID: id, Setup: setup(p),
			Reason: "A preflight only asks: its answer sets no cookie and is not stored, and the handler runs neither before nor after it.",
			Steps: []Step{
				answered(preflight(OriginA, "POST", "/any")), answered(preflight(OriginA, "POST", "/post")),
				answered(preflight(OriginA, "GET", "/private")), answered(preflight(OriginA, "GET", "/no-such-path")),
				refused(preflight(OriginA, "PUT", "/any")), refused(preflight(OriginA, "DELETE", "/any", acrh, "x-a")),
				refused(preflight(OriginEvil, "PUT", "/any")), refused(preflight("null", "PUT", "/any")),
			},
		}
		// Gives handlers that a preflight has started on the server time to run.
		for range 16 {
			c.Steps = append(c.Steps, Step{Send: send("GET", "/any", "Origin", OriginA), Answer: &Answer{Runs: RunsOnce}})
		}
		cases = append(cases, c)
	}
	return of("I4", cases...)
}

// everyRejection asks policies that reject in every way.
func everyRejection() []Case {
	rejected := func(r *browsermodel.Request) Step {
		return Step{Send: r, Answer: &Answer{Status: []int{403}, Runs: RunsNever, NoCORS: true}}
	}
	rejects := func(id, reason string, requests ...*browsermodel.Request) Case {
		c := Case{ID: id, Reason: reason, Choice: true, Setup: rejecting()}
		for _, r := range requests {
			c.Steps = append(c.Steps, rejected(r))
		}
		return c
	}
	var methods []*browsermodel.Request
	for _, m := range append(ExtensionMethods(), "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS") {
		methods = append(methods, send(m, "/any", "Origin", OriginEvil),
			send(m, "/any", "Origin", OriginEvil, "Sec-Fetch-Site", "cross-site"))
	}
	var origins []*browsermodel.Request
	for _, origin := range []string{
		"null", "", OriginA + "/", "a.example", "HTTPS://A.EXAMPLE", "https://a.example.evil.test", "http://a.example", "file://",
		"chrome-extension://abcdefgh", "*",
	} {
		origins = append(origins, send("GET", "/any", "Origin", origin), send("PUT", "/any", "Origin", origin))
	}
	body := &browsermodel.Request{Method: "POST", URL: "/any", Body: strings.Repeat("name=value&", 200),
		Header: header("Origin", OriginEvil, "Content-Type", "application/x-www-form-urlencoded")}
	const through = "The handler carries out a request that is not rejected, even if its sender cannot read the answer."
	return of("I5",
		rejects("methods", through, methods...),
		rejects("origins", through, origins...),
		rejects("lines", "A second Origin line must not let a request through.",
			send("GET", "/any", "Origin", OriginEvil, "Origin", OriginEvil), send("PUT", "/any", "Origin", OriginA, "Origin", OriginEvil),
			send("POST", "/any", "Origin", OriginA, "Origin", OriginA)),
		rejects("same-site", "Another host of the same site is another origin.",
			send("GET", "/any", "Origin", OriginEvil, "Sec-Fetch-Site", "same-site"),
			send("POST", "/any", "Origin", OriginEvil, "Sec-Fetch-Site", "same-site"),
			send("PUT", "/any", "Origin", PlaceholderSelf, "Sec-Fetch-Site", "same-site")),
		rejects("body", through, body),
		rejects("not-found", "A rejection does not depend on whether the resource exists.",
			send("GET", "/no-such-path", "Origin", OriginEvil), send("DELETE", "/get", "Origin", OriginEvil)),
	)
}
