package benchmarks

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// Policy is a CORS policy that every library can express.
type Policy struct {
	// Origins are exact origins, patterns of the form https://*.host, or only "*".
	Origins     []string
	Methods     []string
	Headers     []string // only "*" means all
	Expose      []string
	Credentials bool
	MaxAge      time.Duration
}

// Core returns the policy as one of package core.
func (p Policy) Core() core.Policy {
	return core.Policy{
		AllowOrigins: p.Origins, AllowMethods: p.Methods, AllowHeaders: p.Headers, ExposeHeaders: p.Expose,
		AllowCredentials: p.Credentials, MaxAge: p.MaxAge,
	}
}

// Any reports whether every origin is allowed.
func (p Policy) Any() bool { return len(p.Origins) == 1 && p.Origins[0] == "*" }

// AnyHeader reports whether every request header is allowed.
func (p Policy) AnyHeader() bool { return len(p.Headers) == 1 && p.Headers[0] == "*" }

// Seconds returns MaxAge in seconds.
func (p Policy) Seconds() int { return int(p.MaxAge / time.Second) }

// Route is the policy of the paths below Prefix, which ends in a slash.
type Route struct {
	Prefix string
	Policy Policy
}

// Setup is the configuration of a server, and the requests that the benchmarks send to
// it.
type Setup struct {
	Name  string
	Title string // for people

	// Origins is the number of entries in the list of origins, for charts.
	Origins int
	// Policies returns new policies at each call, so that nothing keeps a million
	// origins alive. If there are several, the first whose origins match applies.
	Policies func() []Policy
	// Routes, if not nil, replaces Policies.
	Routes func() []Route
	// Reload replaces the policies with equal ones every ten milliseconds while requests
	// are timed.
	Reload bool
	// Body is the body that the handler writes.
	Body string

	Requests []Request
}

// prefixes returns the path prefixes below which a setup's server has items.
func (s Setup) prefixes() []string {
	if s.Routes == nil {
		return []string{"/"}
	}
	var prefixes []string
	for _, r := range s.Routes() {
		prefixes = append(prefixes, r.Prefix)
	}
	return prefixes
}

// Request is a request that is timed.
type Request struct {
	Name  string
	Title string // for people

	// Fetch is the fetch of a script. The request is its preflight or, without Preflight,
	// the fetch itself.
	Fetch     browsermodel.Fetch
	Preflight bool
	Allowed   bool // the verdict that the browser must give

	// Hostile, if not nil, turns the fields of the browser's request into those of
	// a request that no browser sends. Allowed is the verdict on the browser's own.
	Hostile func(browsermodel.Fields) browsermodel.Fields
	// More are other fields that browsers send.
	More browsermodel.Fields
	// Vary is the value of Vary that an outer middleware has set.
	Vary string
}

// message returns the request that is timed.
func (r Request) message() browsermodel.Request {
	m := browsermodel.Request{Method: r.Fetch.Method, URL: r.Fetch.URL, Header: r.Fetch.Header}
	if r.Preflight {
		m = r.Fetch.Preflight()
		m.Header = m.Header.Without("Accept")
	} else if browsermodel.OriginOf(r.Fetch.URL) != r.Fetch.Origin {
		m.Header = append(browsermodel.Header("Origin", r.Fetch.Origin), m.Header...)
	}
	m.Header = append(m.Header[:len(m.Header):len(m.Header)], r.More...)
	if r.Hostile != nil {
		m.Header = r.Hostile(m.Header)
	}
	return m
}

const (
	apiOrigin = "http://api.example.net"
	itemsURL  = apiOrigin + "/items"
	stranger  = "https://example.org:6060"
)

// Requests that a browser sends. Most setups have all of them.

func noOrigin() Request {
	return Request{
		Name: "no-origin", Title: "no Origin", Allowed: true,
		Fetch: browsermodel.Fetch{Origin: apiOrigin, URL: itemsURL, Method: "GET"},
	}
}

func actual(origin string, allowed bool) Request {
	return Request{
		Name: "actual-" + word(allowed), Title: "actual, " + word(allowed), Allowed: allowed,
		Fetch: browsermodel.Fetch{Origin: origin, URL: itemsURL, Method: "GET"},
	}
}

func preflight(origin string, allowed bool) Request {
	return Request{
		Name: "preflight-" + word(allowed), Title: "preflight, " + word(allowed), Allowed: allowed, Preflight: true,
		Fetch: browsermodel.Fetch{
			Origin: origin, URL: itemsURL, Method: "PUT", Header: browsermodel.Header("Content-Type", "application/json"),
		},
	}
}

func word(allowed bool) string {
	if allowed {
		return "allowed"
	}
	return "refused"
}

// all returns the five requests that are sent for every list of origins.
func all(member string) []Request {
	return []Request{
		noOrigin(), actual(member, true), actual(stranger, false), preflight(member, true), preflight(stranger, false),
	}
}

// credentialed makes the requests send cookies.
func credentialed(requests []Request) []Request {
	for i := range requests {
		requests[i].Fetch.Credentials = true
	}
	return requests
}

func (r Request) named(name, title string) Request {
	r.Name, r.Title = name, title
	return r
}

func (r Request) at(path string) Request {
	r.Fetch.URL = apiOrigin + path
	return r
}

// hostile returns preflights that are made to be expensive.
func hostile(member string) []Request {
	const mebi = 1 << 20
	requestHeaders := func(lines ...string) func(browsermodel.Fields) browsermodel.Fields {
		return func(f browsermodel.Fields) browsermodel.Fields {
			f = f.Without("Access-Control-Request-Headers")
			for _, line := range lines {
				f = append(f, browsermodel.Field{Name: "Access-Control-Request-Headers", Value: line})
			}
			return f
		}
	}
	origin := func(value string) func(browsermodel.Fields) browsermodel.Fields {
		return func(f browsermodel.Fields) browsermodel.Fields {
			return append(browsermodel.Header("Origin", value), f.Without("Origin")...)
		}
	}
	lines := make([]string, 10_000)
	for i := range lines {
		lines[i] = "content-type"
	}
	var requests []Request
	for _, h := range []struct {
		name, title string
		change      func(browsermodel.Fields) browsermodel.Fields
	}{
		{"commas-1024", "1,024 commas", requestHeaders(strings.Repeat(",", 1024))},
		{"commas-1Mi", "1 MiB of commas", requestHeaders(strings.Repeat(",", mebi))},
		{"lines-10000", "10,000 lines", requestHeaders(lines...)},
		{"names-1Mi", "1 MiB of names", requestHeaders(strings.Repeat("content-type,", mebi/13) + "x")},
		{"token-1Mi", "a token of 1 MiB", requestHeaders(strings.Repeat("x", mebi))},
		{"origin-1Mi", "an Origin of 1 MiB", origin("https://" + strings.Repeat("a", mebi) + ".example.com")},
		{"labels-1Mi", "an Origin of 500,000 labels", origin("https://" + strings.Repeat("a.", mebi/2) + "example.com")},
	} {
		r := preflight(member, true).named("hostile-"+h.name, h.title)
		r.Hostile = h.change
		requests = append(requests, r)
	}
	return requests
}

// base returns the policy that the setups vary.
func base(origins ...string) Policy {
	return Policy{
		Origins: origins, Methods: []string{"PUT", "DELETE"}, Headers: []string{"authorization", "content-type"}, MaxAge: 10 * time.Minute,
	}
}

// mixed is the list of nine origins, with and without wildcards, that
// jub0bs/cors-benchmarks uses.
var mixed = []string{
	"https://*.example.net", "https://example.net:8080", "https://example.net",
	"https://*.example.org", "https://example.org:8080", "https://example.org",
	"https://*.example.com", "https://example.com:8080", "https://example.com",
}

// ExactOrigins returns n different origins of 26 to 30 bytes, 28 on average.
func ExactOrigins(n int) []string {
	origins := make([]string, n)
	for i := range origins {
		origins[i] = exactOrigin(i)
	}
	return origins
}

func exactOrigin(i int) string {
	// An odd factor permutes the numbers below a power of two, so that neighbours
	// in the list are not neighbours in the alphabet.
	id := uint32(i) * 2_654_435_761 % (1 << 31)
	const digits = "0123456789abcdefghijklmnopqrstuvwxyz"
	var b [6]byte // 36^6 > 1<<31
	for j := range b {
		b[j] = digits[id%36]
		id /= 36
	}
	return "https://" + string(b[:]) + "xxxx"[:i%5] + ".example.com"
}

// member returns the origin of the requests for a list of n exact origins. It is
// in the middle of the list, so a library that walks the list compares half of its
// entries.
func member(n int) string { return exactOrigin(n / 2) }

func exact(n int) func() []Policy {
	return func() []Policy { return []Policy{base(ExactOrigins(n)...)} }
}

func fixed(p Policy) func() []Policy { return func() []Policy { return []Policy{p} } }

// Setups returns the setups of the table. It truncates lists of origins to the
// limit; zero means no limit.
func Setups(limit int) []Setup {
	return slices.Concat(listSetups(limit), policySetups(), routedSetups())
}

// listSetups returns the setups that differ in the list of origins.
func listSetups(limit int) []Setup {
	one := member(1)
	browser := actual(one, true).named("actual-browser", "actual, with twelve other fields")
	browser.More = browsermodel.Header(
		"Accept", "application/json", "Accept-Encoding", "gzip, deflate, br, zstd", "Accept-Language", "en-GB,en;q=0.5",
		"Cache-Control", "no-cache", "Connection", "keep-alive", "Dnt", "1", "Pragma", "no-cache", "Referer", one+"/",
		"Sec-Fetch-Dest", "empty", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Site", "cross-site", "User-Agent",
		"Mozilla/5.0 (X11; Linux x86_64)",
	)
	varied := actual(one, true).named("actual-vary", "actual, Vary present")
	varied.Vary = "Accept-Encoding"

	setups := []Setup{
		{
			Name: "origins-1", Title: "1 origin", Origins: 1, Policies: exact(1),
			Requests: append(append(all(one), browser, varied), hostile(one)...),
		},
		{
			Name: "origins-9-mixed", Title: "9 origins, 3 with wildcards", Origins: 9, Policies: fixed(base(mixed...)),
			Requests: append(all("https://example.com"),
				actual("https://a.b.example.com", true).named("actual-subdomain", "actual, by a wildcard")),
		},
	}
	for _, size := range []struct {
		n     int
		title string
	}{{10, "10 origins"}, {1_000, "1,000 origins"}, {100_000, "100,000 origins"}, {1_000_000, "1,000,000 origins"}} {
		n := size.n
		if limit > 0 {
			n = min(n, limit)
		}
		setups = append(setups, Setup{
			Name: fmt.Sprintf("origins-%d", size.n), Title: size.title, Origins: size.n, Policies: exact(n), Requests: all(member(n)),
		})
	}
	return setups
}

// policySetups returns the setups that differ in the other parts of a policy.
func policySetups() []Setup {
	one := member(1)
	credentials, expose, full, reflect := base(one), base(one), base(one), base(one)
	credentials.Credentials, full.Credentials = true, true
	expose.Expose = []string{"etag", "link", "x-request-id"}
	full.Expose = expose.Expose
	reflect.Credentials, reflect.Headers = true, []string{"*"}
	return []Setup{
		{
			Name: "any", Title: "any origin", Policies: fixed(base("*")),
			Requests: []Request{noOrigin(), actual(one, true), preflight(one, true)},
		},
		{Name: "credentials", Title: "1 origin, credentials", Policies: fixed(credentials), Requests: credentialed(all(one))},
		{
			Name: "expose", Title: "1 origin, exposed headers", Policies: fixed(expose),
			Requests: []Request{actual(one, true), actual(stranger, false)},
		},
		{
			Name: "credentials-expose", Title: "1 origin, credentials, exposed headers", Policies: fixed(full),
			Requests: credentialed(all(one)),
		},
		{
			Name: "any-header", Title: "1 origin, credentials, any header", Policies: fixed(reflect),
			Requests: credentialed(append([]Request{actual(one, true), preflight(one, true)}, hostile(one)...)),
		},
	}
}

// routedSetups returns the setups of several policies, and of policies that change.
func routedSetups() []Setup {
	one := member(1)
	credentials := base(one)
	credentials.Credentials = true
	public, partners := base("*"), base(ExactOrigins(9)[1:]...)
	partners.Methods = []string{"PUT"}
	return []Setup{
		{
			Name: "routed", Title: "a policy for each of 2 routes",
			Routes: func() []Route { return []Route{{"/public/", public}, {"/app/", credentials}} },
			Requests: []Request{
				actual(stranger, true).named("actual-public", "actual, first route").at("/public/items"),
				credentialed([]Request{actual(one, true)})[0].named("actual-app", "actual, second route").at("/app/items"),
				credentialed([]Request{preflight(one, true)})[0].named("preflight-app", "preflight, second route").at("/app/items"),
			},
		},
		{
			Name: "per-origin", Title: "two policies by origin",
			Policies: func() []Policy { return []Policy{credentials, partners} },
			Requests: []Request{
				actual(exactOrigin(5), true), actual(stranger, false), preflight(exactOrigin(5), true),
				credentialed([]Request{actual(exactOrigin(5), false)})[0].named("actual-cookies", "actual, credentials refused"),
			},
		},
		{
			Name: "reload", Title: "1,000 origins, being reloaded", Origins: 1_000, Policies: exact(1_000), Reload: true,
			Requests: []Request{actual(member(1_000), true)},
		},
	}
}

// PublicSetups returns the cases of github.com/jub0bs/cors-benchmarks: the same
// lists, requests and handler.
func PublicSetups() []Setup {
	const hello = "Hello, World!"
	policy := func(origins ...string) func() []Policy {
		return fixed(Policy{Origins: origins, Methods: []string{"PUT"}, Headers: []string{"Accept", "Content-Type", "X-Requested-With"}})
	}
	ask := func(origin string, allowed bool, requests []Request) []Request {
		put := preflight(origin, allowed)
		put.Fetch.Header = nil
		return append(requests, actual(origin, allowed), put)
	}
	long := func(first string) string { return "https://" + first + strings.Repeat(".a", 126) }
	many := make([]string, 1_000)
	for i := range many {
		many[i] = fmt.Sprintf("https://%03d.example.com", i)
	}
	evil := preflight("https://example.com", true).named("preflight-commas", "preflight, 1,024 commas")
	evil.Hostile = hostile("https://example.com")[0].Hostile
	return []Setup{
		{
			Name: "one", Title: "1 origin", Body: hello, Policies: policy("https://example.com"),
			Requests: ask("https://example.org", false, ask("https://example.com", true, nil)),
		},
		{
			Name: "two", Title: "2 origins of maximum length", Body: hello, Policies: policy(long("a"), long("b")),
			Requests: ask(long("c"), false, ask(long("a"), true, nil)),
		},
		{
			Name: "multiple", Title: "9 origins, 3 with wildcards", Body: hello, Policies: policy(mixed...),
			Requests: ask(stranger, false, ask("https://example.com", true, nil)),
		},
		{
			Name: "many", Title: "1,000 origins", Body: hello, Policies: policy(many...),
			Requests: ask(stranger, false, ask(many[len(many)-1], true, nil)),
		},
		{
			Name: "all", Title: "any origin", Body: hello, Policies: policy("*"),
			Requests: append(ask("https://example.com", true, nil), evil),
		},
	}
}

// Wire returns the request in HTTP/1.1, for a server at address.
func (r Request) Wire(address string) []byte {
	m := r.message()
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", m.Method, strings.TrimPrefix(m.URL, apiOrigin), address)
	for _, f := range m.Header {
		fmt.Fprintf(&b, "%s: %s\r\n", f.Name, f.Value)
	}
	b.WriteString("\r\n")
	return []byte(b.String())
}
