package conformance

import (
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// Case is one test of a server: a [Setup], the requests to send, and the expected
// responses.
type Case struct {
	// ID is the ID of the rule, followed by a slash and a name if the rule has
	// several cases: "O4/backtick". IDs are never reused.
	ID string
	// Rule is the ID of the [Rule] that the case tests.
	Rule string
	// Reason says in a sentence why a server must pass the case.
	Reason string
	// Source is a section of the Fetch standard, an RFC, a CVE or an issue.
	Source string
	// Choice marks cases that a correct server may fail: the standard allows
	// other answers, or no browser can send the requests. They run only with
	// [Options].Choices. A comparison of libraries should not count them.
	Choice bool

	Setup Setup
	// Refusal says whether the mount must return an error for the setup.
	Refusal Refusal
	// Steps are sent in order, by one browser over one connection.
	Steps []Step
	// Again, if not nil, takes the place of Setup and Steps: the case repeats the requests
	// of the other cases with the variation, and requires that the answers stay the same.
	// The other cases are those of [Options].Cases, including those that Filter does not
	// select. Choices are repeated only if [Options].Choices is set.
	Again *Variation

	// AnyOrder sends the steps in every order, each time with a new browser.
	AnyOrder bool
	// SharedCache puts a shared HTTP cache between the browser and the server.
	SharedCache bool
	// VaryCovers requires that, if the answers to two steps differ, Vary names
	// a request header in which the two requests differ.
	VaryCovers bool
	// Copies, if greater than 1, runs that many copies of the steps concurrently.
	Copies int
	// Exclusive runs the case while no other case runs in this process, because
	// it may spoil memory that a faulty library shares between servers.
	Exclusive bool
	// NotLogged are strings that must not appear in [Setup].Log or in the
	// output of package log while the case runs.
	NotLogged []string

	every func(asked) *Answer // with Again: what is expected of each answer
}

// Refusal says whether a mount must refuse a setup. The zero Refusal means
// that it must not.
type Refusal string

// The values of Refusal.
const (
	mustMount  Refusal = ""
	MustRefuse Refusal = "must" // no library should accept the policies; there are no steps
	MayRefuse  Refusal = "may"  // a mount that does not refuse must pass the steps
)

// Map returns a copy of the case in which f is applied to the origins and URLs
// of policies and fetches, and to every expected header value. Suites for real
// browsers use it to replace the invented origins with real ones.
func (c Case) Map(f func(string) string) Case {
	c.Setup = c.Setup.mapStrings(f)
	steps := make([]Step, len(c.Steps))
	for i, s := range c.Steps {
		steps[i] = s.mapStrings(f)
	}
	c.Steps = steps
	return c
}

// Step is one fetch of a browser, or one request that is sent byte for byte,
// and what is expected of the answer. Zero expectations are not checked.
type Step struct {
	// Fetch is run by the model of a browser, including its preflight. If Send
	// is set as well, Fetch is not run: the browser judges the answer to Send
	// as if it were the answer to Fetch.
	Fetch *browsermodel.Fetch
	// Send is sent byte for byte.
	Send *browsermodel.Request
	// Stream says what the client does while it reads the answer to Send.
	Stream Stream
	// After is by how much the browser's clock advances before the step.
	After time.Duration

	Verdict    Expected          // of the browser
	Code       browsermodel.Code // the browser's reason
	Preflights *int              // how many preflights the browser sent
	Readable   []string          // response headers that the script can read
	Hidden     []string          // response headers that the script cannot read

	Preflight *Answer // to every preflight
	Answer    *Answer // to the last request that is not a preflight, or to Send
}

// Expected is the verdict that a [Step] expects. The zero Expected accepts any.
type Expected string

// The values of Expected.
const (
	Allowed Expected = "allowed" // the script reads the response; a preflight in Send succeeds
	Refused Expected = "refused"
	Opaque  Expected = "opaque" // mode no-cors: sent, but not readable
)

// Stream says what a client does while it reads a response. The zero Stream
// only reads.
type Stream string

// The values of Stream.
const (
	streamNone    Stream = ""
	StreamEvents  Stream = "events"  // waits for the first event, then lets the handler continue
	StreamUpgrade Stream = "upgrade" // sends a line after 101 and reads it back
)

// Answer has the expectations about a response. Zero fields are not checked.
type Answer struct {
	Status  []int               // one of these; a single digit means its hundred: 2 is 200-299
	Runs    Runs                // how often the handler ran
	Body    string              // exactly
	Empty   bool                // no body
	Echoed  bool                // the body is an [Echoed] of the request as sent
	NoCORS  bool                // no Access-Control-* header
	Exact   browsermodel.Fields // each name on exactly one line with this value
	Absent  []string            // headers that are absent
	Vary    []string            // Vary names these
	NotVary []string            // Vary does not name these
	// Digits are headers that are absent or one line of digits.
	Digits []string
	// NoWildcard requires that no Access-Control-* header contains "*".
	NoWildcard bool
	// Only, if not nil, requires that a browser which receives the answer allows
	// and exposes nothing that this policy does not have. If the answer allows no
	// origin, nothing is required.
	Only *core.Policy
	// Uncached requires that the answer sets no cookie and asks no cache to store it.
	Uncached bool
	// OriginForm requires that Access-Control-Allow-Origin is on at most one
	// line and is "*", "null" or a serialized origin.
	OriginForm bool
	// Unreflected are strings that no response header contains.
	Unreflected []string
	// MaxGrowth is the number of bytes by which the response's header section
	// may exceed that of the case's first step.
	MaxGrowth int
	// MayDrop permits the server to refuse the request before the middleware
	// sees it, with 400, 413 or 431 or by closing the connection.
	MayDrop bool
}

// Runs says how often a handler must run. The zero Runs accepts any number.
type Runs string

// The values of Runs.
const (
	RunsOnce  Runs = "once"
	RunsNever Runs = "never"
)

// Placeholders in the URLs, origins and bodies of a case are replaced with values
// that the suite knows only when the servers run.
const (
	PlaceholderSelf     = "{self}"     // the origin of the server under test
	PlaceholderAlias    = "{alias}"    // the origin of the same server under another host name
	placeholderUpstream = "{upstream}" // the origin of another server, which also sets CORS headers
)

func mapFields(f browsermodel.Fields, m func(string) string) browsermodel.Fields {
	if f == nil {
		return nil
	}
	mapped := make(browsermodel.Fields, len(f))
	for i, line := range f {
		mapped[i] = browsermodel.Field{Name: line.Name, Value: m(line.Value)}
	}
	return mapped
}

func mapAll(list []string, m func(string) string) []string {
	if list == nil {
		return nil
	}
	mapped := make([]string, len(list))
	for i, s := range list {
		mapped[i] = m(s)
	}
	return mapped
}

func (s Setup) mapStrings(m func(string) string) Setup {
	policies := append(s.Policies[:0:0], s.Policies...)
	for i := range policies {
		policies[i].AllowOrigins = mapAll(policies[i].AllowOrigins, m)
	}
	s.Policies = policies
	routes := append(s.Routes[:0:0], s.Routes...)
	for i := range routes {
		routes[i].Policies = Setup{Policies: routes[i].Policies}.mapStrings(m).Policies
	}
	s.Routes = routes
	endpoints := append(s.App.Endpoints[:0:0], s.App.Endpoints...)
	for i := range endpoints {
		endpoints[i].Header = mapFields(endpoints[i].Header, m)
		endpoints[i].Body = m(endpoints[i].Body)
	}
	s.App.Endpoints = endpoints
	return s
}

func (s Step) mapStrings(m func(string) string) Step {
	if s.Fetch != nil {
		f := *s.Fetch
		f.Origin, f.URL, f.Header = m(f.Origin), m(f.URL), mapFields(f.Header, m)
		s.Fetch = &f
	}
	if s.Send != nil {
		r := *s.Send
		r.URL, r.Header = m(r.URL), mapFields(r.Header, m)
		s.Send = &r
	}
	s.Preflight, s.Answer = s.Preflight.mapStrings(m), s.Answer.mapStrings(m)
	return s
}

func (a *Answer) mapStrings(m func(string) string) *Answer {
	if a == nil {
		return nil
	}
	b := *a
	b.Body, b.Exact, b.Unreflected = m(b.Body), mapFields(b.Exact, m), mapAll(b.Unreflected, m)
	return &b
}
