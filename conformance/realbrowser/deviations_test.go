package realbrowser

import (
	"strings"
	"testing"
)

// deviation is a point in which a browser is known to disagree with its model,
// and which is the browser's own: a fault, or a matter that is not the Fetch
// standard's.
type deviation struct {
	engine  string
	version string   // in which it was seen, as the engine says
	probes  []string // IDs, or the beginnings of IDs before a final "*"
	reason  string
}

// The versions that the list was written for.
const (
	seenChromium = "Chromium 156.0.8078.79 built on Debian GNU/Linux 12 (bookworm)"
	seenFirefox  = "Mozilla Firefox 153.7.0esr"
	seenWebKit   = "WebKitGTK 2.50.6"
)

// deviations is the list. Every probe that it names has to disagree.
var deviations = []deviation{
	// What all three do. The model keeps to the text of the standard.
	{"chromium", seenChromium, []string{"request/header/Range: bytes=18446744073709551616-18446744073709551617*"}, rangeReason},
	{"firefox", seenFirefox, []string{"request/header/Range: bytes=18446744073709551616-18446744073709551617*"}, rangeReason},
	{"webkit", seenWebKit, []string{"request/header/Range: bytes=18446744073709551616-18446744073709551617*"}, rangeReason},

	{"chromium", seenChromium, []string{"max-age/-1*", "max-age/-600*"},
		"a negative age means no caching, where the standard has five seconds"},
	{"webkit", seenWebKit, []string{"max-age/-1*", "max-age/-600*"}, "a negative age means no caching, where the standard has five seconds"},
	{"chromium", seenChromium, []string{"max-age/+600*"}, "a plus sign is part of a number, where the standard takes digits alone"},
	{"webkit", seenWebKit, []string{"max-age/+600*"}, "a plus sign is part of a number, where the standard takes digits alone"},
	{"chromium", seenChromium, []string{"max-age/18446744073709551616*", "max-age/9999999999999*"},
		"an age beyond 64 bits is none, and so five seconds"},
	{"webkit", seenWebKit, []string{"max-age/18446744073709551616*", "max-age/9999999999999*"},
		"an age beyond 64 bits is none, and so five seconds"},
	{"firefox", seenFirefox, []string{`max-age/600 | ""`, `max-age/"" | 600`}, "an empty line beside another one does not count"},

	{"firefox", seenFirefox, []string{
		`allow-credentials/true | ""*`, `allow-credentials/"" | true*`, `allow-credentials/preflight/true | ""*`,
		`allow-credentials/preflight/"" | true*`,
	}, "an empty line beside another one does not count"},

	{"webkit", seenWebKit, []string{"status/response/205*"}, "a response with the status 205 has a body"},

	// Redirects.
	{"firefox", seenFirefox, []string{
		"redirect/to another server/POST *", "redirect/to another server/PUT *", "redirect/to another server/DELETE *",
		"redirect/to another server/HEAD *",
		"redirect/back to the page/POST *", "redirect/back to the page/PUT *", "redirect/back to the page/DELETE *",
		"redirect/back to the page/HEAD *",
		"redirect/second preflight refused/*",
	}, "the preflight after a redirect to a third origin says Origin: the page's, and the request after it Origin: null"},
	{"webkit", seenWebKit, []string{
		"redirect/page to server/POST *", "redirect/page to server/PUT *", "redirect/page to server/DELETE *", "redirect/page to server/HEAD *",
		"redirect/to another server/POST *", "redirect/to another server/PUT *", "redirect/to another server/DELETE *",
		"redirect/to another server/HEAD *",
		"redirect/back to the page/POST *", "redirect/back to the page/PUT *", "redirect/back to the page/DELETE *",
		"redirect/back to the page/HEAD *",
	}, "the preflight after a redirect to another origin asks for authorization, which is not sent any more"},
	{"webkit", seenWebKit, []string{"redirect/second preflight refused/303*"}, "a PUT that a 303 has made a GET is asked for all the same"},
	{"webkit", seenWebKit, []string{
		"redirect/page, server, page/{page} (XMLHttpRequest)", "redirect/page, server, page/null (XMLHttpRequest)",
		"redirect/page, server, page/* (XMLHttpRequest)",
	}, "XMLHttpRequest, unlike fetch(), does not follow a redirect back to the page's own origin"},
	{"chromium", seenChromium, []string{`redirect/location/""*`, `redirect/location/" "*`},
		"an empty Location is none, where the standard has the URL itself"},
	{"webkit", seenWebKit, []string{`redirect/location/""*`, `redirect/location/" "*`},
		"an empty Location is none, and without a Location the redirect is an error"},
	{"webkit", seenWebKit, []string{`redirect/location/{0}/{id}/\u00e9*`}, "the bytes of a Location are taken for Latin-1 and encoded anew"},
	{"chromium", seenChromium, []string{"redirect/to a user on the page's host"},
		"fetch(), unlike XMLHttpRequest, follows no redirect to a URL with a user name, not even within the page's origin"},
	{"chromium", seenChromium, []string{"redirect/the same location twice*"}, "Location lines that agree are one"},
	{"firefox", seenFirefox, []string{"redirect/the same location twice*"}, "Location lines that agree are one"},
	{"webkit", seenWebKit, []string{"redirect/two locations*", "redirect/the same location twice*"},
		"Location lines are joined by commas and the outcome is followed"},

	// What scripts may set, and what is sent for it.
	{"chromium", seenChromium, []string{"upload listeners/GET/*"}, "listeners count only if there is something to upload"},
	{"chromium", seenChromium, []string{
		"request/header/DPR: 1*", "request/header/Downlink: 1*", "request/header/Save-Data: on*", "request/header/Viewport-Width: 1*",
		"request/header/Width: 1*", "request/header/Device-Memory: 1*",
	}, "client hints are safelisted, as the standard once had them"},
	{"chromium", seenChromium, []string{"request/header/Intervention: x*"}, "a header of its own making is safelisted"},
	{"chromium", seenChromium, []string{"request/header/User-Agent: me*"}, "scripts may not set User-Agent, which is dropped in silence"},
	{"chromium", seenChromium, []string{
		"request/header/Range: Bytes=0-1*", "request/header/Range: bytes= 0-1*", "request/header/Range: bytes=0 -1*",
		"request/header/Range: bytes=00-01*",
	}, "the HTTP cache rewrites a Range that it understands"},
	{"webkit", seenWebKit, []string{"request/header/Range: Bytes=0-1*"}, "the unit of a Range has no case, and so Bytes=0-1 is safelisted"},
	{"firefox", seenFirefox, []string{`request/header/Accept: caf\xe9*`}, "bytes beyond ASCII are unsafe in Accept"},
	{"webkit", seenWebKit, []string{`request/header/Accept: caf\xe9*`}, "bytes beyond ASCII are unsafe in Accept"},
	{"webkit", seenWebKit, []string{`request/header/Accept-Language: \xe9*`, `request/header/X-A: caf\xe9*`},
		"bytes beyond ASCII are sent as UTF-8"},
	{"webkit", seenWebKit, []string{`malformed/X-A: \xe9\x01\x7f*`}, "bytes beyond ASCII are read as UTF-8"},
	{"firefox", seenFirefox, []string{"request/headers/repeated"}, "a name that fetch() was given several times is asked for as often"},
	{"chromium", seenChromium, []string{"request/headers/repeated and long together", "request/headers/repeated content type"},
		combinedReason},
	{"webkit", seenWebKit, []string{"request/headers/repeated and long together", "request/headers/repeated content type"}, combinedReason},
	{"firefox", seenFirefox, []string{"request/headers/repeated content type"}, "of several Content-Type lines one is sent"},

	// HTTP itself.
	{"chromium", seenChromium, []string{"malformed/Access-Control-Allow-Origin : {page}*",
		`malformed/Access-Control-Allow-Origin\t: {page}*`}, "white space before a colon is passed over"},
	{"chromium", seenChromium, []string{`malformed/X-A: 1\rAccess-Control-Allow-Origin: {page}*`}, "a carriage return ends a line"},
}

// Reasons that several engines share.
const (
	rangeReason    = "numbers in Range have an end"
	combinedReason = "lines that fetch() was given are judged after they have been made one, where the standard judges each"
)

// knownDeviations are those of one engine.
type knownDeviations struct {
	session *Session
	list    []deviation
	found   map[string]bool // what the list names, and there is
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

// contradict reports that a browser agrees where it is listed not to. That is a
// fault of the list if the browser is the one it was written for; later ones
// may be better.
func (k *knownDeviations) contradict(t *testing.T, d *deviation, id string) {
	t.Helper()
	report := t.Logf
	if k.session.Version == d.version {
		report = t.Errorf
	}
	report("%s: %s agrees with its model, where the list of deviations says since %s: %s; take it off the list",
		id, k.session.Version, d.version, d.reason)
}

// unused reports deviations that are about no probe at all.
func (k *knownDeviations) unused(t *testing.T) {
	t.Helper()
	for _, d := range k.list {
		for _, probes := range d.probes {
			if !k.found[probes] {
				t.Errorf("no probe has the ID %q of a deviation (%s), or an earlier one has it", probes, d.reason)
			}
		}
	}
}
