package conformance

import (
	"strings"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// Case is one thing that a server under test must, or must not, do: a setup,
// what is sent to it, and what has to come back.
type Case struct {
	// ID is a rule of the project's rules, such as "A1", with a suffix where
	// the rule has several cases: "O4/backtick". IDs are never reused.
	ID string
	// Reason says in a sentence why a server must do this.
	Reason string
	// Source is a section of the Fetch standard, an RFC, a CVE or an issue.
	Source string
	// Choice says that the standard allows other answers too, of which this is
	// the project's choice, or that no browser could send the requests, so that
	// nobody is harmed. A comparison of libraries does not count it.
	Choice bool

	Setup Setup
	// Refusal says whether the mount must return an error for this setup.
	Refusal Refusal
	// Steps are sent in order by one browser over one connection.
	Steps []Step

	// AnyOrder sends the steps in every order, each time with a new browser.
	AnyOrder bool
	// SharedCache puts a shared HTTP cache between the browser and the server.
	SharedCache bool
	// VaryCovers demands that, where the answers to two of the steps differ,
	// Vary names a request header in which the two requests differ.
	VaryCovers bool
	// Copies runs the steps that many times at once, if it is over 1.
	Copies int
	// Exclusive runs the case while no other one runs in this process, because
	// it may spoil what a faulty library shares between servers.
	Exclusive bool
	// NotLogged are strings that must not show in [Setup].Log or in the output
	// of package log while the case runs.
	NotLogged []string
}

// Refusal says whether a mount has to refuse a setup.
type Refusal string

// The values of Refusal.
const (
	MustMount  Refusal = ""
	MustRefuse Refusal = "must" // policies that no library should accept; there are no steps
	MayRefuse  Refusal = "may"  // a mount that does not refuse has to pass the steps
)

// Rule returns the rule the case belongs to, the ID up to its first slash.
func (c Case) Rule() string {
	rule, _, _ := strings.Cut(c.ID, "/")
	return rule
}

// InPage reports whether a page in a real browser can run the case with fetch:
// it sends nothing but fetches, none of them from the server's own origin, and
// neither a cache nor the clock is in play.
func (c Case) InPage() bool {
	if c.Refusal == MustRefuse || c.SharedCache || len(c.Steps) == 0 {
		return false
	}
	for _, s := range c.Steps {
		if s.Fetch == nil || s.Send != nil || s.After != 0 || s.Stream != "" || s.Fetch.Origin == PlaceholderSelf {
			return false
		}
	}
	return true
}

// Map returns a copy of the case in which f has been applied to the policies'
// and fetches' origins and URLs, and to every expected header value. A browser
// suite uses it to put real origins in the place of the invented ones.
func (c Case) Map(f func(string) string) Case {
	c.Setup = c.Setup.mapStrings(f)
	steps := make([]Step, len(c.Steps))
	for i, s := range c.Steps {
		steps[i] = s.mapStrings(f)
	}
	c.Steps = steps
	return c
}

// Step is one fetch of a browser, or one request sent as it is, and what has
// to come of it. Expectations that are zero are not checked.
type Step struct {
	// Fetch is run by the model of a browser, its preflight included. Together
	// with Send it only says for which fetch the answer is judged.
	Fetch *browsermodel.Fetch
	// Send is sent byte for byte.
	Send *browsermodel.Request
	// Stream says what the client does while it reads the answer to Send.
	Stream Stream
	// After is by how much the browser's clock moves before the step.
	After time.Duration

	Verdict    Expected          // of the browser
	Code       browsermodel.Code // its reason
	Preflights *int              // how many preflights the browser sent
	Readable   []string          // response headers the script may read
	Hidden     []string          // response headers the script may not read

	Preflight *Answer // of the answer to every preflight
	Answer    *Answer // of the last answer to what is no preflight, or to Send
}

// Expected is a verdict that a [Step] expects.
type Expected string

// The values of Expected.
const (
	Anything Expected = ""
	Allowed  Expected = "allowed" // the script reads the response; a preflight in Send succeeds
	Refused  Expected = "refused"
	Opaque   Expected = "opaque" // mode no-cors: sent, not read
)

// Stream says what a client does beside reading a response.
type Stream string

// The values of Stream.
const (
	StreamNone    Stream = ""
	StreamEvents  Stream = "events"  // waits for the first event before it lets the handler go on
	StreamUpgrade Stream = "upgrade" // sends a line after 101 and reads it back
)

// Answer is what is expected of a response. What is zero is not checked.
type Answer struct {
	Status  []int               // one of these; a single digit stands for its hundred: 2 is 200-299
	Runs    Runs                // how often the handler ran
	Body    string              // exactly
	Empty   bool                // no body
	Echoed  bool                // the body is an [Echoed] of the request just as it was sent
	NoCORS  bool                // no Access-Control-* header
	Exact   browsermodel.Fields // each name on exactly one line with this value
	Absent  []string
	Vary    []string // Vary names these
	NotVary []string // Vary does not name these
	// Digits are headers that are absent, or one line of digits.
	Digits []string
	// NoWildcard: no Access-Control-* header has a "*".
	NoWildcard bool
	// OriginForm: Access-Control-Allow-Origin is on at most one line, and is
	// "*", "null" or a serialised origin.
	OriginForm bool
	// Unreflected are strings that are nowhere in the response's headers.
	Unreflected []string
	// MaxGrowth is by how many bytes the response's header section may be
	// larger than that of the case's first step.
	MaxGrowth int
	// MayDrop: the server may refuse the request before the middleware sees it,
	// with 400, 413 or 431 or by closing the connection.
	MayDrop bool
}

// Runs says how often a handler has to run.
type Runs string

// The values of Runs.
const (
	RunsAnyhow Runs = ""
	RunsOnce   Runs = "once"
	RunsNever  Runs = "never"
)

// Placeholders stand in the URLs, origins and bodies of a case for what the
// suite knows only once servers run.
const (
	PlaceholderSelf     = "{self}"     // the origin of the server under test
	PlaceholderAlias    = "{alias}"    // the same server by another host name, thus another origin
	PlaceholderUpstream = "{upstream}" // the origin of a server that sets CORS headers of its own
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
