package conformance

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/internal/text"
	"github.com/corskit/corskit/core"
)

// casesO are hostile origins, and good ones beside which they are hostile.
func casesO() []Case {
	exact := setup(with(origins(OriginA), func(p *core.Policy) { p.AllowCredentials = true }))
	sub := setup(policySub())
	var cases []Case
	add := func(id, source, reason string, s Setup, origins ...string) {
		// What no browser can send harms nobody, however it is answered. O4 is of
		// characters about which browsers have disagreed.
		choice := func(origin string) bool { return !strings.HasPrefix(id, "O4/") && !isSendable(origin) }
		sent := Case{ID: id, Source: source, Reason: reason, Setup: s}
		unsent := sent
		unsent.Choice = true
		for _, origin := range origins {
			if choice(origin) {
				unsent.Steps = append(unsent.Steps, hostile(origin))
			} else {
				sent.Steps = append(sent.Steps, hostile(origin))
			}
		}
		switch {
		case len(unsent.Steps) == 0:
			cases = append(cases, sent)
		case len(sent.Steps) == 0:
			cases = append(cases, unsent)
		default:
			unsent.ID += "-never-sent"
			cases = append(cases, sent, unsent)
		}
	}
	allow := func(id, reason string, s Setup, origins ...string) {
		c := Case{ID: id, Source: "design, origin patterns", Reason: reason, Setup: s}
		for _, origin := range origins {
			c.Steps = append(c.Steps, reads(fetch("GET", origin, "/any")))
		}
		cases = append(cases, c)
	}

	const alike = "An origin is allowed by itself alone; what looks like it belongs to somebody else (CVE-2024-27302, CVE-2024-41657)."
	for name, origin := range map[string]string{
		"suffix":           "https://a.example.evil.test",
		"suffix-no-dot":    "https://a.examplex",
		"prefix":           "https://evila.example",
		"prefix-label":     "https://evil.a.example",
		"prefix-hyphen":    "https://evil-a.example",
		"substring":        "https://evil.test/https://a.example",
		"substring-host":   "https://x.a.example.x",
		"cut":              "https://a.exampl",
		"same-length-end":  "https://a.exampla",
		"same-length":      "https://a.exbmple",
		"same-length-host": "https://b.example",
		"cut-front":        "https://.example",
		"other-scheme":     "http://a.example",
		"other-port":       "https://a.example:8443",
		"default-port":     "https://a.example:443",
		"http-port":        "https://a.example:80",
		"empty-port":       "https://a.example:",
		"scheme-relative":  "//a.example",
		"no-scheme":        "a.example",
		"userinfo":         "https://a.example@evil.test",
		"userinfo-allowed": "https://evil.test@a.example",
		"empty":            "",
	} {
		add("O1/"+name, "Fetch, CORS check", alike, exact, origin)
	}
	allow("O1/itself", "The origin itself.", exact, OriginA)

	// Trees that compare hosts from their ends have mixed up branches: try
	// everything that is the beginning of one spelling and the end of another.
	pair := []string{"https://foo.example", "https://bar.example", "https://foobar.example", "https://oo.example"}
	add("O2/splices", "GO-2024-2813", "Two listed hosts with a common ending must not be mixed into a third.", setup(origins(pair[0], pair[1])), splices(pair[:2])...)
	add("O2/nested", "GO-2024-2813", "Hosts of which one ends as another one does must not be mixed into a third.", setup(origins(pair...)), splices(pair)...)
	allow("O2/members", "Each member of a list is found.", setup(origins(pair...)), pair...)

	add("O3", "CVE-2019-25211", "A dot in a host is a dot, and not any character.", setup(origins("https://www.a.example")),
		"https://wwwxa.example", "https://www.axexample", "https://www-a.example", "https://wwwa.example", "https://www.aexample")
	add("O3/subdomain", "CVE-2019-25211", "A dot in a pattern is a dot, and not any character.", sub,
		"https://x.axexample", "https://xxa.example", "https://x-a.example", "https://xa.example")

	for name, c := range map[string]string{
		"underscore": "_", "hyphen": "-", "brace-open": "{", "brace-close": "}", "plus": "+", "bang": "!", "dollar": "$",
		"ampersand": "&", "quote": "'", "paren-open": "(", "paren-close": ")", "star": "*", "comma": ",", "semicolon": ";",
		"equals": "=", "tilde": "~", "double-quote": `"`, "bar": "|", "caret": "^", "percent-60": "%60", "backtick": "`",
	} {
		add("O4/"+name, "WHATWG URL, forbidden host code point", "Some browsers let hosts have odd characters, by which look-alikes end at the listed host.",
			setup(with(policySub(), func(p *core.Policy) { p.AllowOrigins = append(p.AllowOrigins, OriginA) })),
			OriginA+c+".evil.test", OriginA+c+"evil.test", "https://x.a.example"+c+".evil.test")
	}
	for name, c := range map[string]string{
		"slash": "/", "question": "?", "hash": "#", "at": "@", "colon": ":", "backslash": `\`, "brace-open": "{", "brace-close": "}",
	} {
		add("O5/"+name, "WHATWG URL, host parsing", "What ends a host ends it: the rest is not part of it.", sub,
			"https://evil.test"+c+".a.example", "https://evil.test"+c+"x.a.example")
	}
	for name, origin := range map[string]string{
		"trailing-slash":   OriginA + "/",
		"trailing-dot":     OriginA + ".",
		"upper-scheme":     "HTTPS://a.example",
		"upper-host":       "https://A.example",
		"upper":            "HTTPS://A.EXAMPLE",
		"comma-list":       OriginA + "," + OriginEvil,
		"comma-space-list": OriginA + ", " + OriginEvil,
		"space-list":       OriginA + " " + OriginEvil,
		"same-list":        OriginA + ", " + OriginA,
		"list-tail":        OriginEvil + ", " + OriginA,
		"inner-space":      "https:// a.example",
		"path":             OriginA + "/x",
		"query":            OriginA + "?x",
	} {
		add("O6/"+name, "Fetch, Origin header", "Browsers serialise an origin in one way; nothing else equals it.", exact, origin)
	}
	for name, origin := range map[string]string{
		"apex":          OriginA,
		"empty-label":   "https://.a.example",
		"empty-inside":  "https://x..a.example",
		"empty-first":   "https://..a.example",
		"leading-dot":   "https://.x.a.example",
		"http":          "http://x.a.example",
		"port":          "https://x.a.example:8443",
		"default-port":  "https://x.a.example:443",
		"trailing-dot":  "https://x.a.example.",
		"upper":         "https://X.a.example",
		"userinfo":      "https://u@x.a.example",
		"userinfo-pass": "https://u:p@x.a.example",
		"no-host":       "https://",
		"bracket":       "https://[x].a.example",
		"star":          "https://*.a.example",
		"space":         "https://evil.test x.a.example",
		"percent":       "https://%2e.a.example",
		"other-suffix":  "https://x.b.example",
		"other-end":     "https://x.a.exampla",
	} {
		add("O7/"+name, "design, origin patterns", "A subdomain pattern stands for one label or more, and for nothing else.", sub, origin)
	}
	allow("O7/labels", "One label or more.", sub, "https://x.a.example", "https://x.y.a.example", "https://x.y.z.a.example", "https://a.a.example", "https://x-1.a.example")

	null := setup(with(origins(OriginA, "null"), func(p *core.Policy) { p.DangerouslyAllowNullOrigin = true }))
	add("O8/default", "Fetch, Origin header; sandboxed frames", "null is the origin of anybody's sandboxed frame.", exact, "null", "NULL", "Null", `"null"`, "null,null", " null ")
	add("O8/sub", "Fetch, Origin header; sandboxed frames", "null is the origin of anybody's sandboxed frame.", sub, "null", "NULL", `"null"`)
	add("O8/spelling", "Fetch, Origin header", "There is one spelling of null.", null, "NULL", "Null", `"null"`, "null.a.example", "https://null")
	cases = append(cases, Case{
		ID: "O8/enabled", Source: srcDesign, Choice: true, Setup: null,
		Reason: "Who says that null is meant may have it, without credentials.",
		Steps:  []Step{reads(fetch("GET", "null", "/any")), refuses(withCredentials(fetch("GET", "null", "/any"))), reads(fetch("GET", OriginA, "/any"))},
	})

	v6 := setup(origins("http://[::1]:8080"))
	allow("O9/itself", "An IPv6 address is a host like any other.", v6, "http://[::1]:8080")
	add("O9/others", "Fetch, CORS check", "Brackets and colons do not confuse the comparison.", v6,
		"http://[::1]", "http://[::1]:8081", "http://[::1]:80801", "http://::1:8080", "http://[::2]:8080", "http://[0:0:0:0:0:0:0:1]:8080", "https://[::1]:8080", "http://[::1%25lo]:8080", "http://[::1]8080")

	ports := setup(origins("http://localhost:*"))
	allow("O10/ports", "Any port, or none.", ports, "http://localhost", "http://localhost:1", "http://localhost:3000", "http://localhost:65535")
	add("O10/no-ports", "design, origin patterns", "A port is a number from 1 to 65535, spelt as browsers spell it.", ports,
		"http://localhost:0", "http://localhost:65536", "http://localhost:080", "http://localhost:80", "http://localhost:", "http://localhost:99999999999999999999", "http://localhost:+1",
		"http://localhost:-1", "http://localhost: 1", "http://localhost:0x50", "http://localhost:3000/", "http://localhost:3000@evil.test", "http://localhost:*")
	add("O10/hosts", "design, origin patterns", "The wildcard is the port's and not the host's.", ports,
		"http://localhost.evil.test", "http://localhost.evil.test:3000", "http://localhostx:3000", "http://xlocalhost:3000", "http://x.localhost:3000", "https://localhost:3000", "http://127.0.0.1:3000")

	schemes := setup(origins("capacitor://localhost", "chrome-extension://abcdefgh", "tauri://localhost"))
	allow("O11/schemes", "The shells of desktop and mobile applications have schemes of their own.", schemes, "capacitor://localhost", "chrome-extension://abcdefgh", "tauri://localhost")
	add("O11/others", "design, origin patterns", "Custom schemes match exactly.", schemes,
		"capacitor://localhost:1", "capacitor://localhos", "capacitor://localhostx", "ionic://localhost", "http://localhost", "capacitor://evil.test", "chrome-extension://abcdefghi", "chrome-extension://localhost", "Capacitor://localhost", "capacitor:localhost", "xcapacitor://localhost")

	re := setup(origins(`regexp:https://[a-z]+\.app\.example|https://app\.test`))
	allow("O12/whole", "An expression allows what it matches as a whole.", re, "https://x.app.example", "https://app.test")
	add("O12/part", "CVE-2024-27302", "An expression that matches a part of an origin does not allow it.", re,
		"https://x.app.example.evil.test", "https://app.test.evil.test", "xhttps://app.test", "https://evil.test/https://app.test", "https://x.app.example:1", "https://app.testx",
		"https://evil.test#https://x.app.example", "https://x.appxexample", "https://X.app.example")

	for name, lines := range map[string][]string{
		"same": {OriginA, OriginA}, "good-first": {OriginA, OriginEvil}, "bad-first": {OriginEvil, OriginA}, "empty-first": {"", OriginA}, "empty-last": {OriginA, ""},
	} {
		request := send("GET", "/any")
		ask := send("OPTIONS", "/any", acrm, "PUT")
		for _, line := range lines {
			request.Header = append(request.Header, browsermodel.Field{Name: "Origin", Value: line})
			ask.Header = append(ask.Header, browsermodel.Field{Name: "Origin", Value: line})
		}
		cases = append(cases, Case{
			ID: "O13/" + name, Source: "RFC 6454, section 7.3", Choice: true, Setup: exact,
			Reason: "No browser sends Origin twice: somebody between has tampered with the request, and the two may be read differently.",
			Steps: []Step{
				{Send: request, Answer: &Answer{Absent: []string{acao, acac}, Vary: []string{"Origin"}}},
				{Send: ask, Answer: &Answer{NoCORS: true, Runs: RunsNever}},
			},
		})
	}
	for name, origin := range map[string]string{
		"latin":     "https://a.example\xe9",
		"utf-8":     "https://ä.example",
		"kelvin":    "https://\u212a.example",
		"dot":       "https://a\u3002example",
		"full":      "https://\uff41.example",
		"high":      "\xff\xfe",
		"subdomain": "https://ä.a.example",
		"invalid":   "https://\x80.a.example",
	} {
		add("O14/"+name, "WHATWG URL, domain to ASCII", "Browsers send hosts in their ASCII form; bytes beyond it are nobody's origin.",
			setup(with(origins(OriginA, "https://*.a.example", "https://k.example"), func(p *core.Policy) { p.AllowCredentials = true })), origin)
	}
	return cases
}

// isSendable reports whether a browser could send an Origin: null, or a scheme,
// a host without forbidden code points and in lower case, and a port that is
// not the scheme's own (WHATWG URL, host parsing and origin serialisation).
func isSendable(origin string) bool {
	if origin == "null" {
		return true
	}
	scheme, rest, ok := strings.Cut(origin, "://")
	if !ok || scheme == "" || rest == "" || origin != text.Lower(origin) || strings.ContainsFunc(origin, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return false
	}
	host, port := rest, ""
	if i := strings.LastIndex(rest, ":"); i > strings.LastIndex(rest, "]") {
		host, port = rest[:i], rest[i+1:]
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || strconv.FormatUint(n, 10) != port || scheme == "http" && n == 80 || scheme == "https" && n == 443 {
			return false
		}
	}
	if inside, ok := strings.CutPrefix(host, "["); ok {
		inside, ok = strings.CutSuffix(inside, "]")
		address, err := netip.ParseAddr(inside)
		return ok && err == nil && address.Is6() && address.Zone() == "" && address.String() == inside
	}
	return host != "" && !strings.ContainsAny(host, `#/:<>?@[\]^|%`)
}

// hostile is a request whose origin must not be allowed.
func hostile(origin string) Step {
	return Step{
		Send: send("GET", "/any", "Origin", origin), Fetch: fetch("GET", strings.Trim(origin, " \t"), "/any"), Verdict: Refused,
		Answer: &Answer{Absent: []string{acao, acac}, Vary: []string{"Origin"}},
	}
}

// splices returns every beginning of one string with every ending of another
// that makes neither of them, once.
func splices(list []string) []string {
	seen := make(map[string]bool)
	for _, s := range list {
		seen[s] = true
	}
	var spliced []string
	for _, s := range list {
		for _, t := range list {
			for i := len("https://"); i <= len(s); i++ {
				for j := len("https://"); j <= len(t); j++ {
					if joined := s[:i] + t[j:]; !seen[joined] {
						seen[joined] = true
						spliced = append(spliced, joined)
					}
				}
			}
		}
	}
	return spliced
}

// casesD are requests made to cost much.
func casesD() []Case {
	const mebibyte = 1 << 20
	large := func(p core.Policy) Setup {
		return Setup{Policies: []core.Policy{p}, MaxHeaderBytes: 8 * mebibyte}
	}
	lines := func(name, value string, n int) []string {
		var header []string
		for range n {
			header = append(header, name, value)
		}
		return header
	}
	var cases []Case
	for name, p := range map[string]core.Policy{"lists": policyTwo(), "star": allHeaders(false), "echo": allHeaders(true)} {
		honest := Step{Send: preflight(OriginA, "PUT", "/any", acrh, "x-a"), Fetch: &browsermodel.Fetch{Origin: OriginA, URL: "/any", Method: "PUT", Header: browsermodel.Header("x-a", "1"), Credentials: p.AllowCredentials}, Verdict: Allowed}
		attack := func(rule, what string, requests ...*browsermodel.Request) {
			c := Case{
				ID: rule + "/" + name, Source: "CVE-2025-47908", Setup: large(p),
				Reason: what + " must cost no more than an honest preflight, and come back in no part.",
				Steps:  []Step{honest},
			}
			for _, request := range requests {
				c.Steps = append(c.Steps, Step{Send: request, Answer: &Answer{Runs: RunsNever, MaxGrowth: growthBound, MayDrop: true}})
			}
			c.Steps = append(c.Steps, honest)
			cases = append(cases, c)
		}
		attack("D1", "A mebibyte of commas",
			preflight(OriginA, "PUT", "/any", acrh, strings.Repeat(",", mebibyte)),
			preflight(OriginA, "PUT", "/any", acrh, "x-a"+strings.Repeat(",", mebibyte)))
		attack("D2", "Ten thousand lines",
			preflight(OriginA, "PUT", "/any", lines(acrh, "x-a", 10_000)...),
			preflight(OriginA, "PUT", "/any", lines(acrh, "", 10_000)...))
		attack("D3", "A token of a mebibyte",
			preflight(OriginA, "PUT", "/any", acrh, strings.Repeat("a", mebibyte)),
			preflight(OriginA, strings.Repeat("A", mebibyte), "/any"))
	}
	for name, origin := range map[string]string{
		"host":   "https://" + strings.Repeat("a", mebibyte),
		"labels": "https://" + strings.Repeat("a.", mebibyte/2) + "a.example",
		"dots":   "https://" + strings.Repeat(".", mebibyte),
		"scheme": strings.Repeat("a", mebibyte) + "://a.example",
		"port":   "https://a.example:" + strings.Repeat("1", mebibyte),
	} {
		p := with(policyCred(), func(p *core.Policy) { p.AllowOrigins = append(p.AllowOrigins, "https://*.a.example") })
		tooLong := func(request *browsermodel.Request) Step {
			return Step{Send: request, Answer: &Answer{Absent: []string{acao, acac}, MaxGrowth: growthBound, MayDrop: true}}
		}
		cases = append(cases, Case{
			ID: "D4/" + name, Source: "CVE-2025-47908", Setup: large(p),
			Reason: "An Origin of a mebibyte is no origin, and is not searched for.",
			Steps: []Step{
				reads(fetch("GET", OriginA, "/any")),
				tooLong(send("GET", "/any", "Origin", origin)),
				tooLong(preflight(origin, "PUT", "/any")),
				reads(fetch("GET", OriginA, "/any")),
			},
		})
	}
	for name, p := range map[string]core.Policy{"lists": policyTwo(), "star": allHeaders(false), "echo": allHeaders(true)} {
		cases = append(cases, Case{
			ID: "D5/" + name, Source: "CVE-2025-47908", Setup: large(p),
			Reason: "An answer that grows with the question makes of every byte sent another one.",
			Steps: []Step{
				{Send: preflight(OriginA, "PUT", "/any")},
				{Send: preflight(OriginA, "PUT", "/any", acrh, manyNames(50_000)), Answer: &Answer{MaxGrowth: growthBound, MayDrop: true}},
				{Send: preflight(OriginA, "PUT", "/any", acrh, strings.Repeat("x", 100_000)), Answer: &Answer{MaxGrowth: growthBound, MayDrop: true}},
				{Send: preflight(OriginA, strings.Repeat("X", 100_000), "/any"), Answer: &Answer{MaxGrowth: growthBound, MayDrop: true}},
				{Send: preflight(OriginEvil+strings.Repeat("x", 100_000), "PUT", "/any"), Answer: &Answer{MaxGrowth: growthBound, MayDrop: true}},
			},
		})
	}
	marker := "corskit-conformance-marker"
	return append(cases, manyOrigins(10_000), Case{
		ID: "D7", Source: "rs/cors#198", Setup: setup(policyCred()), Copies: 4, Exclusive: true,
		Reason: "What one response's handler does to its headers must never show in another's.",
		Steps:  repeated(8),
	}, Case{
		ID: "D8", Source: "CVE-2024-1681", Setup: two(), NotLogged: []string{marker},
		Reason: "What strangers send does not go into the log by default, where it could forge entries.",
		Steps: []Step{
			{Send: send("GET", "/any", "Origin", "https://"+marker+".test")},
			{Send: send("GET", "/any", "Origin", marker+" %0a%0d\xff")},
			{Send: preflight("https://"+marker+".test", "PUT", "/any")},
			{Send: preflight(OriginA, marker, "/any", acrh, marker)},
			{Send: preflight(OriginA, "PUT "+marker, "/any", acrh, "x-"+marker+", \""+marker)},
			{Send: send("GET", "/any", "Origin", OriginA, "Origin", marker)},
		},
	})
}

// repeated alternates between a handler that spoils its headers and honest requests.
func repeated(n int) []Step {
	var steps []Step
	for range n {
		steps = append(steps,
			Step{Send: send("GET", "/mutate", "Origin", OriginA), Answer: &Answer{Runs: RunsOnce}},
			Step{Send: send("GET", "/any", "Origin", OriginA), Answer: &Answer{Exact: browsermodel.Header(acao, OriginA, acac, "true", aceh, "x-e", "Vary", "Origin"), Unreflected: []string{"mutated"}}},
			Step{Send: send("GET", "/mutate", "Origin", OriginEvil)},
			Step{Send: send("GET", "/any", "Origin", OriginEvil), Answer: &Answer{NoCORS: true, Vary: []string{"Origin"}, Unreflected: []string{"mutated"}}},
			Step{Send: send("GET", "/mutate")},
			Step{Send: preflight(OriginB, "PUT", "/any"), Fetch: withCredentials(fetch("PUT", OriginB, "/any", "x-a", "1")), Verdict: Allowed, Answer: &Answer{Unreflected: []string{"mutated"}}},
		)
	}
	return steps
}

// manyOrigins has a policy of n origins.
func manyOrigins(n int) Case {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("https://tenant-%05d.example", i)
	}
	c := Case{
		ID: "D6", Source: "design, section 4", Setup: setup(origins(list...)),
		Reason: "Among very many origins each is found, and its neighbours are not.",
	}
	for _, i := range []int{0, 1, n/2 - 1, n / 2, n - 2, n - 1} {
		c.Steps = append(c.Steps, reads(fetch("GET", list[i], "/any")), hostile(list[i]+"0"), hostile(strings.TrimSuffix(list[i], "example")+"evil.test"))
	}
	c.Steps = append(c.Steps, hostile(fmt.Sprintf("https://tenant-%05d.example", n)), hostile("https://tenant-.example"), hostile("https://tenant-00000"))
	return c
}
