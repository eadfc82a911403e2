package realbrowser

import (
	"strings"
	"testing"
)

// deviation is a known disagreement between a browser and its model that the model does
// not adopt: a fault of the browser, or a matter outside the Fetch standard.
type deviation struct {
	engine  string
	version string   // in which it was seen, as printed by the engine
	probes  []string // IDs, or prefixes of IDs followed by "*"
	reason  string
}

// The versions that the list was made with.
const (
	seenChromium = "Chromium 156.0.8078.79 built on Debian GNU/Linux 12 (bookworm)"
	seenFirefox  = "Mozilla Firefox 153.7.0esr"
	seenWebKit   = "WebKitGTK 2.50.6"
)

// deviations lists the deviations. Browser and model must disagree on every probe that it
// names.
var deviations = []deviation{
	// All three do this. The model follows the text of the standard.
	{"chromium", seenChromium, []string{"request/header/Range: bytes=18446744073709551616-18446744073709551617*"}, rangeReason},
	{"firefox", seenFirefox, []string{"request/header/Range: bytes=18446744073709551616-18446744073709551617*"}, rangeReason},
	{"webkit", seenWebKit, []string{"request/header/Range: bytes=18446744073709551616-18446744073709551617*"}, rangeReason},

	{"chromium", seenChromium, []string{"max-age/-1*", "max-age/-600*"},
		"a negative age means no caching; in the standard it means five seconds"},
	{"webkit", seenWebKit, []string{"max-age/-1*", "max-age/-600*"},
		"a negative age means no caching; in the standard it means five seconds"},
	{"chromium", seenChromium, []string{"max-age/+600*"}, "a plus sign is part of a number; the standard accepts only digits"},
	{"webkit", seenWebKit, []string{"max-age/+600*"}, "a plus sign is part of a number; the standard accepts only digits"},
	{"chromium", seenChromium, []string{"max-age/18446744073709551616*", "max-age/9999999999999*"},
		"an age beyond 64 bits is ignored and thus means five seconds"},
	{"webkit", seenWebKit, []string{"max-age/18446744073709551616*", "max-age/9999999999999*"},
		"an age beyond 64 bits is ignored and thus means five seconds"},
	{"firefox", seenFirefox, []string{`max-age/600 | ""`, `max-age/"" | 600`}, "an empty line next to another line does not count"},

	{"firefox", seenFirefox, []string{
		`allow-credentials/true | ""*`, `allow-credentials/"" | true*`, `allow-credentials/preflight/true | ""*`,
		`allow-credentials/preflight/"" | true*`,
	}, "an empty line next to another line does not count"},

	{"webkit", seenWebKit, []string{"status/response/205*"}, "a response with the status 205 has a body"},

	// Redirects.
	{"firefox", seenFirefox, []string{
		"redirect/to another server/POST *", "redirect/to another server/PUT *", "redirect/to another server/DELETE *",
		"redirect/to another server/HEAD *",
		"redirect/back to the page/POST *", "redirect/back to the page/PUT *", "redirect/back to the page/DELETE *",
		"redirect/back to the page/HEAD *",
		"redirect/second preflight refused/*",
	}, "after a redirect to a third origin, the preflight has the Origin of the page, and the request has Origin: null"},
	{"webkit", seenWebKit, []string{
		"redirect/page to server/POST *", "redirect/page to server/PUT *", "redirect/page to server/DELETE *",
		"redirect/page to server/HEAD *",
		"redirect/to another server/POST *", "redirect/to another server/PUT *", "redirect/to another server/DELETE *",
		"redirect/to another server/HEAD *",
		"redirect/back to the page/POST *", "redirect/back to the page/PUT *", "redirect/back to the page/DELETE *",
		"redirect/back to the page/HEAD *",
	}, "after a redirect to another origin, the preflight asks for authorization, although the header is no longer sent"},
	{"webkit", seenWebKit, []string{"redirect/second preflight refused/303*"},
		"after a 303 turned a PUT into a GET, the preflight still asks for PUT"},
	{"webkit", seenWebKit, []string{
		"redirect/page, server, page/{page} (XMLHttpRequest)", "redirect/page, server, page/null (XMLHttpRequest)",
		"redirect/page, server, page/* (XMLHttpRequest)",
	}, "XMLHttpRequest, unlike fetch(), does not follow a redirect back to the page's own origin"},
	{"chromium", seenChromium, []string{`redirect/location/""*`, `redirect/location/" "*`},
		"an empty Location is ignored; in the standard it means the URL itself"},
	{"webkit", seenWebKit, []string{`redirect/location/""*`, `redirect/location/" "*`},
		"an empty Location is ignored, and a redirect without a Location is an error"},
	{"webkit", seenWebKit, []string{`redirect/location/{0}/{id}/\u00e9*`}, "the bytes of a Location are read as Latin-1 and encoded again"},
	{"chromium", seenChromium, []string{"redirect/to a user on the page's host"},
		"fetch(), unlike XMLHttpRequest, does not follow a redirect to a URL with a user name, even within the origin of the page"},
	{"chromium", seenChromium, []string{"redirect/the same location twice*"}, "equal Location lines count as one"},
	{"firefox", seenFirefox, []string{"redirect/the same location twice*"}, "equal Location lines count as one"},
	{"webkit", seenWebKit, []string{"redirect/two locations*", "redirect/the same location twice*"},
		"Location lines are joined by commas, and the result is followed"},

	// The headers that scripts can set, and how they are sent.
	{"chromium", seenChromium, []string{"upload listeners/GET/*"}, "listeners count only if there is a body to upload"},
	{"chromium", seenChromium, []string{
		"request/header/DPR: 1*", "request/header/Downlink: 1*", "request/header/Save-Data: on*", "request/header/Viewport-Width: 1*",
		"request/header/Width: 1*", "request/header/Device-Memory: 1*",
	}, "client hints are safelisted, as in an earlier version of the standard"},
	{"chromium", seenChromium, []string{"request/header/Intervention: x*"}, "a proprietary header is safelisted"},
	{"chromium", seenChromium, []string{"request/header/User-Agent: me*"}, "scripts cannot set User-Agent, which is silently dropped"},
	{"chromium", seenChromium, []string{
		"request/header/Range: Bytes=0-1*", "request/header/Range: bytes= 0-1*", "request/header/Range: bytes=0 -1*",
		"request/header/Range: bytes=00-01*",
	}, "the HTTP cache rewrites a Range that it understands"},
	{"webkit", seenWebKit, []string{"request/header/Range: Bytes=0-1*"},
		"the unit of a Range is case-insensitive, so Bytes=0-1 is safelisted"},
	{"firefox", seenFirefox, []string{`request/header/Accept: caf\xe9*`}, "bytes outside ASCII are unsafe in Accept"},
	{"webkit", seenWebKit, []string{`request/header/Accept: caf\xe9*`}, "bytes outside ASCII are unsafe in Accept"},
	{"webkit", seenWebKit, []string{`request/header/Accept-Language: \xe9*`, `request/header/X-A: caf\xe9*`},
		"bytes outside ASCII are sent as UTF-8"},
	{"webkit", seenWebKit, []string{`malformed/X-A: \xe9\x01\x7f*`}, "bytes outside ASCII are read as UTF-8"},
	{"firefox", seenFirefox, []string{"request/headers/repeated"},
		"a name that a script sets several times is listed as often in the preflight"},
	{"chromium", seenChromium, []string{"request/headers/repeated and long together", "request/headers/repeated content type"},
		combinedReason},
	{"webkit", seenWebKit, []string{"request/headers/repeated and long together", "request/headers/repeated content type"}, combinedReason},
	{"firefox", seenFirefox, []string{"request/headers/repeated content type"}, "only one of several Content-Type lines is sent"},

	// HTTP itself.
	{"chromium", seenChromium, []string{"malformed/Access-Control-Allow-Origin : {page}*",
		`malformed/Access-Control-Allow-Origin\t: {page}*`}, "white space before a colon is ignored"},
	{"chromium", seenChromium, []string{`malformed/X-A: 1\rAccess-Control-Allow-Origin: {page}*`}, "a carriage return ends a line"},
}

// Reasons shared by several engines.
const (
	rangeReason    = "numbers above 2^64 in Range are rejected"
	combinedReason = "lines with the same name are joined before they are judged; in the standard each is judged"
)

// knownDeviations are the deviations of one engine.
type knownDeviations struct {
	session *Session
	list    []deviation
	found   map[string]bool // the IDs and prefixes that a probe matched
}

func deviationsOf(s *Session) *knownDeviations {
	k := &knownDeviations{session: s, found: make(map[string]bool)}
	for _, d := range deviations {
		if d.engine == s.Engine.Name {
			k.list = append(k.list, d)
		}
	}
	return k
}

func (k *knownDeviations) find(id string) *deviation {
	for i, d := range k.list {
		for _, probes := range d.probes {
			prefix, ok := strings.CutSuffix(probes, "*")
			if probes == id || ok && strings.HasPrefix(id, prefix) {
				k.found[probes] = true
				return &k.list[i]
			}
		}
	}
	return nil
}

// contradict reports that a browser agrees with its model, although the list says that it
// does not. This is an error only for the version that the list was made with; later
// versions may have changed.
func (k *knownDeviations) contradict(t *testing.T, d *deviation, id string) {
	t.Helper()
	report := t.Logf
	if k.session.Version == d.version {
		report = t.Errorf
	}
	report("%s: %s agrees with its model, but deviations lists it since %s: %s; remove it",
		id, k.session.Version, d.version, d.reason)
}

// unused reports deviations that match no probe.
func (k *knownDeviations) unused(t *testing.T) {
	t.Helper()
	for _, d := range k.list {
		for _, probes := range d.probes {
			if !k.found[probes] {
				t.Errorf("no probe matches the ID %q of a deviation (%s), or an earlier deviation matches it", probes, d.reason)
			}
		}
	}
}
