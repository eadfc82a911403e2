package conformance

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/internal/text"
	"github.com/corskit/corskit/core"
)

// hostileOrigins returns the cases of origins that resemble allowed ones, and
// of the allowed ones that they resemble.
func hostileOrigins() []Case {
	return slices.Concat(
		lookAlikes(), splicedHosts(), unescapedDots(), oddCharacters(), delimiters(), otherSpellings(), subdomains(),
		nullOrigins(), ipv6Origins(), anyPort(), customSchemes(), listedExactly(), wholeExpressions(), twoOrigins(), nonASCIIOrigins(),
	)
}

// exactOrigin is the setup of a single origin, with credentials.
func exactOrigin() Setup {
	return setup(with(origins(OriginA), func(p *core.Policy) { p.AllowCredentials = true }))
}

// hostiles returns a case of origins that must be refused. Origins that no browser
// can send do no harm, no matter what the answer is: they go into a separate case, with Choice
// set.
func hostiles(id, reason string, s Setup, origins ...string) []Case {
	sent := Case{ID: id, Reason: reason, Setup: s}
	unsent := sent
	unsent.Choice = true
	for _, origin := range origins {
		if isSendable(origin) {
			sent.Steps = append(sent.Steps, hostile(origin))
		} else {
			unsent.Steps = append(unsent.Steps, hostile(origin))
		}
	}
	switch {
	case len(unsent.Steps) == 0:
		return []Case{sent}
	case len(sent.Steps) == 0:
		return []Case{unsent}
	}
	unsent.ID += "-never-sent"
	return []Case{sent, unsent}
}

// hostile sends a request whose origin must not be allowed.
func hostile(origin string) Step {
	return Step{
		Send: send("GET", "/any", "Origin", origin), Fetch: fetch("GET", strings.Trim(origin, " \t"), "/any"), Verdict: Refused,
		Answer: &Answer{Absent: []string{acao, acac}, Vary: []string{"Origin"}},
	}
}

// harmless returns a case of origins that must be allowed.
func harmless(id, reason string, s Setup, origins ...string) Case {
	c := Case{ID: id, Source: srcPatterns, Reason: reason, Setup: s}
	for _, origin := range origins {
		c.Steps = append(c.Steps, reads(fetch("GET", origin, "/any")))
	}
	return c
}

// eachHostile returns the cases of [hostiles] for each origin by its own ID.
func eachHostile(reason string, s Setup, byID map[string]string) []Case {
	var cases []Case
	for id, origin := range byID {
		cases = append(cases, hostiles(id, reason, s, origin)...)
	}
	return cases
}

func lookAlikes() []Case {
	const reason = "Only the origin itself is allowed; look-alikes belong to someone else (CVE-2024-27302, CVE-2024-41657)."
	cases := eachHostile(reason, exactOrigin(), map[string]string{
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
	})
	return of("O1", append(cases, harmless("itself", "The origin itself is allowed.", exactOrigin(), OriginA))...)
}

// splicedHosts tries every beginning of one host with every ending of another:
// matchers that compare hosts from their ends have mixed up branches.
func splicedHosts() []Case {
	listed := []string{"https://foo.example", "https://bar.example", "https://foobar.example", "https://oo.example"}
	return of("O2", slices.Concat(
		hostiles("splices", "Two listed hosts that share an ending must not be mixed into a third.",
			setup(origins(listed[0], listed[1])), splices(listed[:2])...),
		hostiles("nested", "Listed hosts must not be mixed into a third, even if one is the ending of another.",
			setup(origins(listed...)), splices(listed)...),
		[]Case{harmless("members", "Every member of a list is found.", setup(origins(listed...)), listed...)},
	)...)
}

// splices returns every beginning of one string joined to every ending of
// another, without repetition and without the strings themselves.
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

func unescapedDots() []Case {
	const reason = "A dot matches only a dot, not any character."
	return of("O3", append(
		hostiles("", reason, setup(origins("https://www.a.example")),
			"https://wwwxa.example", "https://www.axexample", "https://www-a.example", "https://wwwa.example", "https://www.aexample"),
		hostiles("subdomain", reason, setup(policySub()),
			"https://x.axexample", "https://xxa.example", "https://x-a.example", "https://xa.example")...,
	)...)
}

func oddCharacters() []Case {
	s := setup(with(policySub(), func(p *core.Policy) { p.AllowOrigins = append(p.AllowOrigins, OriginA) }))
	var cases []Case
	for id, c := range map[string]string{
		"underscore": "_", "hyphen": "-", "brace-open": "{", "brace-close": "}", "plus": "+", "bang": "!", "dollar": "$",
		"ampersand": "&", "quote": "'", "paren-open": "(", "paren-close": ")", "star": "*", "comma": ",", "semicolon": ";",
		"equals": "=", "tilde": "~", "double-quote": `"`, "bar": "|", "caret": "^", "percent-60": "%60", "backtick": "`",
	} {
		// Browsers have disagreed about these characters, so all of them count as sendable.
		cases = append(cases, Case{
			ID: id, Setup: s,
			Reason: "Some browsers allow unusual characters in hosts, so a look-alike can begin with the allowed host.",
			Steps: []Step{hostile(OriginA + c + ".evil.test"), hostile(OriginA + c + "evil.test"),
				hostile("https://x.a.example" + c + ".evil.test")},
		})
	}
	return of("O4", cases...)
}

func delimiters() []Case {
	var cases []Case
	for id, c := range map[string]string{
		"slash": "/", "question": "?", "hash": "#", "at": "@", "colon": ":", "backslash": `\`, "brace-open": "{", "brace-close": "}",
	} {
		cases = append(cases, hostiles(id, "A delimiter ends the host; what follows is not part of it.", setup(policySub()),
			"https://evil.test"+c+".a.example", "https://evil.test"+c+"x.a.example")...)
	}
	return of("O5", cases...)
}

func otherSpellings() []Case {
	return of("O6", eachHostile("Browsers serialize an origin in one way; no other spelling is equal.", exactOrigin(), map[string]string{
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
	})...)
}

func subdomains() []Case {
	sub := setup(policySub())
	cases := eachHostile("A subdomain pattern matches one or more labels, and nothing else.", sub, map[string]string{
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
	})
	return of("O7", append(cases, harmless("labels", "One or more labels match.", sub,
		"https://x.a.example", "https://x.y.a.example", "https://x.y.z.a.example", "https://a.a.example", "https://x-1.a.example"))...)
}

func nullOrigins() []Case {
	const anyone = "null is the origin of anyone's sandboxed frame."
	null := setup(with(origins(OriginA, "null"), func(p *core.Policy) { p.DangerouslyAllowNullOrigin = true }))
	spellings := hostiles("spelling", "null has only one spelling.", null, "NULL", "Null", `"null"`, "null.a.example", "https://null")
	for i := range spellings {
		spellings[i].Source = "Fetch, Origin header"
	}
	return of("O8", slices.Concat(
		hostiles("default", anyone, exactOrigin(), "null", "NULL", "Null", `"null"`, "null,null", " null "),
		hostiles("sub", anyone, setup(policySub()), "null", "NULL", `"null"`),
		spellings,
		[]Case{{
			ID: "enabled", Source: srcCore, Choice: true, Setup: null,
			Reason: "An explicit opt-in permits null, without credentials.",
			Steps: []Step{reads(fetch("GET", "null", "/any")), refuses(withCredentials(fetch("GET", "null", "/any"))),
				reads(fetch("GET", OriginA, "/any"))},
		}},
	)...)
}

func ipv6Origins() []Case {
	v6 := setup(origins("http://[::1]:8080"))
	cases := hostiles("others", "Brackets and colons must not confuse the comparison.", v6,
		"http://[::1]", "http://[::1]:8081", "http://[::1]:80801", "http://::1:8080", "http://[::2]:8080",
		"http://[0:0:0:0:0:0:0:1]:8080", "https://[::1]:8080", "http://[::1%25lo]:8080", "http://[::1]8080")
	return of("O9", append(cases, harmless("itself", "An IPv6 address is a host like any other.", v6, "http://[::1]:8080"))...)
}

func anyPort() []Case {
	ports := setup(origins("http://localhost:*"))
	return of("O10", slices.Concat(
		[]Case{harmless("ports", "Any port matches, and so does no port.", ports,
			"http://localhost", "http://localhost:1", "http://localhost:3000", "http://localhost:65535")},
		hostiles("no-ports", "A port is a number from 1 to 65535, spelled as browsers spell it.", ports,
			"http://localhost:0", "http://localhost:65536", "http://localhost:080", "http://localhost:80", "http://localhost:",
			"http://localhost:99999999999999999999", "http://localhost:+1", "http://localhost:-1", "http://localhost: 1",
			"http://localhost:0x50", "http://localhost:3000/", "http://localhost:3000@evil.test", "http://localhost:*"),
		hostiles("hosts", "The wildcard applies to the port, not to the host.", ports,
			"http://localhost.evil.test", "http://localhost.evil.test:3000", "http://localhostx:3000", "http://xlocalhost:3000",
			"http://x.localhost:3000", "https://localhost:3000", "http://127.0.0.1:3000"),
	)...)
}

func customSchemes() []Case {
	listed := []string{"capacitor://localhost", "chrome-extension://abcdefgh", "tauri://localhost"}
	schemes := setup(origins(listed...))
	return of("O11", append(
		hostiles("others", "Custom schemes match exactly.", schemes,
			"capacitor://localhost:1", "capacitor://localhos", "capacitor://localhostx", "ionic://localhost", "http://localhost",
			"capacitor://evil.test", "chrome-extension://abcdefghi", "chrome-extension://localhost", "Capacitor://localhost",
			"capacitor:localhost", "xcapacitor://localhost"),
		harmless("schemes", "The shells of desktop and mobile applications use custom schemes.", schemes, listed...),
	)...)
}

func listedExactly() []Case {
	listed := []string{"app://.", "file://", "qrc://", "https://host.example."}
	exact := setup(with(origins(listed...), func(p *core.Policy) { p.AllowCredentials = true }))
	patterns := setup(origins("https://*.example", "http://localhost:*", "app://a"))
	return of("O15", slices.Concat(
		hostiles("others", "These origins match exactly.", exact,
			"app://", "app://a", "app://..", "app://.:1", "qrc://.", "file://host", "https://host.example", "https://x.host.example.",
			"http://host.example.", "https://host.example.:8443", "https://host.example..", "null"),
		hostiles("unlisted", "No wildcard matches them.", patterns, listed...),
		[]Case{harmless("listed", "Applications and hosts with a dot at the end have origins too.", exact, listed...)},
	)...)
}

func wholeExpressions() []Case {
	re := setup(origins(`regexp:https://[a-z]+\.app\.example|https://app\.test`))
	return of("O12", append(
		hostiles("part", "An expression that matches only a part of an origin must not allow it.", re,
			"https://x.app.example.evil.test", "https://app.test.evil.test", "xhttps://app.test",
			"https://evil.test/https://app.test", "https://x.app.example:1", "https://app.testx",
			"https://evil.test#https://x.app.example", "https://x.appxexample", "https://X.app.example"),
		harmless("whole", "An expression allows an origin that it matches as a whole.", re, "https://x.app.example", "https://app.test"),
	)...)
}

func twoOrigins() []Case {
	var cases []Case
	for id, lines := range map[string][]string{
		"same": {OriginA, OriginA}, "good-first": {OriginA, OriginEvil}, "bad-first": {OriginEvil, OriginA},
		"empty-first": {"", OriginA}, "empty-last": {OriginA, ""},
	} {
		request := send("GET", "/any")
		ask := send("OPTIONS", "/any", acrm, "PUT")
		for _, line := range lines {
			request.Header = append(request.Header, browsermodel.Field{Name: "Origin", Value: line})
			ask.Header = append(ask.Header, browsermodel.Field{Name: "Origin", Value: line})
		}
		cases = append(cases, Case{
			ID: id, Choice: true, Setup: exactOrigin(),
			Reason: "No browser sends Origin twice: someone tampered with the request, and two readers may pick different lines.",
			Steps: []Step{
				{Send: request, Answer: &Answer{Absent: []string{acao, acac}, Vary: []string{"Origin"}}},
				{Send: ask, Answer: &Answer{NoCORS: true, Runs: RunsNever}},
			},
		})
	}
	return of("O13", cases...)
}

func nonASCIIOrigins() []Case {
	s := credentials([]string{OriginA, "https://*.a.example", "https://k.example"})
	return of("O14", eachHostile("Browsers send hosts in ASCII form; no origin has other bytes.", s, map[string]string{
		"latin":     "https://a.example\xe9",
		"utf-8":     "https://ä.example",
		"kelvin":    "https://\u212a.example",
		"dot":       "https://a\u3002example",
		"full":      "https://\uff41.example",
		"high":      "\xff\xfe",
		"subdomain": "https://ä.a.example",
		"invalid":   "https://\x80.a.example",
	})...)
}

// isSendable reports whether a browser could send an Origin: null, or a scheme,
// a lower-case host without forbidden code points, and a port other than the
// scheme's default. Only web pages need a host (WHATWG URL, host parsing and origin serialization).
func isSendable(origin string) bool {
	if origin == "null" {
		return true
	}
	scheme, rest, ok := strings.Cut(origin, "://")
	printable := !strings.ContainsFunc(origin, func(r rune) bool { return r <= ' ' || r > '~' })
	web := scheme == "http" || scheme == "https"
	if !ok || scheme == "" || web && rest == "" || !printable || origin != text.Lower(origin) {
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
	return (host != "" || port == "") && !strings.ContainsAny(host, `#/:<>?@[\]^|%`)
}
