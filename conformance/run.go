package conformance

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/internal/text"
)

// suite runs cases against one mount. Cases with the same setup share a server.
type suite struct {
	mount    Mount
	opts     Options
	upstream func() (*Server, error)
	tokens   atomic.Int64

	mu      sync.Mutex
	mounted map[string]*mounted
}

// mounted is the server of one setup.
type mounted struct {
	once   sync.Once
	server *Server
	err    error
	probe  *Probe
	log    *logSink
}

func newSuite(mount Mount, opts Options) *suite {
	return &suite{
		mount:    mount,
		opts:     opts,
		upstream: sync.OnceValues(startUpstream),
		mounted:  make(map[string]*mounted),
	}
}

// startUpstream starts the server behind endpoints that behave as [Upstream].
// Its CORS headers are those of a careless configuration.
func startUpstream() (*Server, error) {
	app := App{Endpoints: []Endpoint{{
		Path: "/proxied", Behaviour: Respond, Status: 200, Body: "hello from upstream",
		Header: browsermodel.Header(
			"Access-Control-Allow-Origin", "https://upstream.example",
			"Access-Control-Allow-Credentials", "true",
			"Access-Control-Expose-Headers", "X-Upstream",
			"Vary", "Accept-Encoding", "X-E", "e"),
	}}}
	return Serve(Handler(app), Setup{})
}

// close stops every server.
func (s *suite) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	var wg sync.WaitGroup
	for _, m := range s.mounted {
		if m.server != nil && m.server.Close != nil {
			wg.Go(m.server.Close)
		}
	}
	wg.Wait()
	s.mounted = nil
	if upstream, err := s.upstream(); err == nil {
		upstream.Close()
	}
}

// server returns the running server of a setup.
func (s *suite) server(setup Setup) *mounted {
	key := fmt.Sprintf("%#v", setup)
	s.mu.Lock()
	m := s.mounted[key]
	if m == nil {
		m = &mounted{probe: new(Probe), log: new(logSink)}
		s.mounted[key] = m
	}
	s.mu.Unlock()
	m.once.Do(func() { m.server, m.err = s.start(setup, m) })
	return m
}

// errMount is not a refusal of the setup's policies.
var errMount = errors.New("the mount is broken")

func (s *suite) start(setup Setup, m *mounted) (server *Server, err error) {
	if len(setup.App.Endpoints) == 0 {
		setup.App = StandardApp()
	}
	if setup.Group != "" {
		setup.App = setup.App.under(setup.Group)
	}
	upstream, err := s.upstream()
	if err != nil {
		return nil, fmt.Errorf("%w: the upstream server: %w", errMount, err)
	}
	setup = setup.mapStrings(strings.NewReplacer(PlaceholderUpstream, upstream.URL).Replace)
	setup.App.Probe = m.probe
	setup.Log = m.log
	defer func() {
		if reason := recover(); reason != nil {
			server, err = nil, fmt.Errorf("%w: it panicked: %v", errMount, reason)
		}
	}()
	server, err = s.mount(setup)
	if err == nil && (server == nil || server.URL == "") {
		err = fmt.Errorf("%w: it returned neither a server with a URL nor an error", errMount)
	}
	return server, err
}

// running is held by every case that runs, and exclusively by exclusive ones.
var running sync.RWMutex

// caseLimit bounds a whole case.
const caseLimit = 2 * time.Minute

// run runs a case. It returns why it failed, or why it cannot be run.
func (s *suite) run(ctx context.Context, c Case) (failures []string, unsupported string) {
	ctx, cancel := context.WithTimeoutCause(ctx, caseLimit, fmt.Errorf("the case took over %v", caseLimit))
	defer cancel()
	m := s.server(c.Setup)
	switch {
	case errors.Is(m.err, ErrUnsupported):
		return nil, text.Clip(m.err.Error())
	case m.err != nil && c.Refusal != MustMount && !errors.Is(m.err, errMount):
		return nil, ""
	case m.err != nil:
		return []string{fmt.Sprintf("the mount failed for %s: %.2000s", describe(c.Setup), m.err)}, ""
	case c.Refusal == MustRefuse:
		return []string{fmt.Sprintf("the mount accepted %s, want an error", describe(c.Setup))}, ""
	}
	if reason := s.unsupported(c, m.server); reason != "" {
		return nil, reason
	}
	var tapped *logSink
	if len(c.NotLogged) > 0 {
		var stop func()
		tapped, stop = listen()
		defer stop()
	}
	if c.Exclusive {
		running.Lock()
		defer running.Unlock()
	} else {
		running.RLock()
		defer running.RUnlock()
	}
	defer m.probe.revert()
	c, err := c.located(m.server)
	if err != nil {
		return []string{err.Error()}, ""
	}
	orders := [][]Step{c.Steps}
	if c.AnyOrder {
		orders = permutations(c.Steps)
	}
	for _, steps := range orders {
		if failures = append(failures, s.copies(ctx, c, steps, m)...); len(failures) > 0 {
			break // one order is enough to report
		}
	}
	for _, secret := range c.NotLogged {
		if strings.Contains(m.log.String(), secret) || tapped != nil && strings.Contains(tapped.String(), secret) {
			failures = append(failures, fmt.Sprintf("the log has %s, which the request brought", text.Quote(secret)))
		}
	}
	return failures, ""
}

// unsupported returns why the server cannot express a behaviour that the case needs.
func (s *suite) unsupported(c Case, server *Server) string {
	if len(server.Unsupported) == 0 {
		return ""
	}
	app := c.Setup.App
	if len(app.Endpoints) == 0 {
		app = StandardApp().under(c.Setup.Group)
	}
	for _, step := range c.Steps {
		target := ""
		if step.Send != nil {
			target = step.Send.URL
		} else if step.Fetch != nil {
			target = step.Fetch.URL
		}
		path, _, _ := strings.Cut(target, "?")
		for _, e := range app.Endpoints {
			if reason, ok := server.Unsupported[e.Behaviour]; ok && strings.HasSuffix(path, e.Path) {
				return fmt.Sprintf("behaviour %s: %s", e.Behaviour, reason)
			}
		}
	}
	return ""
}

// located returns the case with the server's address in it.
func (c Case) located(server *Server) (Case, error) {
	u, err := url.Parse(server.URL)
	if err != nil || u.Host == "" {
		return c, fmt.Errorf("the mount's URL %s is none", text.Clip(server.URL))
	}
	alias := *u
	alias.Host = "localhost:" + u.Port()
	return c.Map(strings.NewReplacer(
		PlaceholderSelf, server.URL,
		PlaceholderAlias, alias.String(),
	).Replace), nil
}

func (s *suite) copies(ctx context.Context, c Case, steps []Step, m *mounted) []string {
	if c.Copies <= 1 {
		return s.attempt(ctx, c, steps, m)
	}
	results := make([][]string, c.Copies)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() { results[i] = s.attempt(ctx, c, steps, m) })
	}
	wg.Wait()
	for _, failures := range results {
		if len(failures) > 0 {
			return failures
		}
	}
	return nil
}

// attempt is one pass through a case's steps, with a browser, a connection and
// perhaps a cache of its own.
type attempt struct {
	suite   *suite
	mounted *mounted
	client  *client
	clock   time.Time
	answers []answered // to the current step
	all     []answered // the last of every step
	cache   *sharedCache
}

func (s *suite) attempt(ctx context.Context, c Case, steps []Step, m *mounted) (failures []string) {
	client, err := newClient(m.server, c.Setup.Protocol)
	if err != nil {
		return []string{err.Error()}
	}
	defer client.close()
	a := &attempt{suite: s, mounted: m, client: client, clock: time.Now()}
	if c.SharedCache {
		a.cache = &sharedCache{next: func(ctx context.Context, r browsermodel.Request) (browsermodel.Response, error) {
			got := a.send(ctx, r, StreamNone)
			a.answers = append(a.answers, got)
			return got.exchange.Response, got.err()
		}}
	}
	browser := &browsermodel.Browser{Transport: a.transport, Now: func() time.Time { return a.clock }}
	honestHead := 0
	for i, step := range steps {
		a.answers = nil
		a.clock = a.clock.Add(step.After)
		wrong := a.step(ctx, browser, step, honestHead)
		if n := len(a.answers); n > 0 {
			last := a.answers[n-1]
			a.all = append(a.all, last)
			if i == 0 {
				honestHead = headBytes(last.exchange.Response)
			}
		}
		if len(wrong) > 0 {
			return []string{fmt.Sprintf("step %d of %d: %s\n%s", i+1, len(steps), strings.Join(wrong, "\nand "), a.describe())}
		}
	}
	if c.VaryCovers {
		failures = judgeVary(a.all)
	}
	return failures
}

func (a answered) err() error {
	if a.exchange.Err != "" {
		return errors.New(a.exchange.Err)
	}
	return nil
}

// transport is the browser's.
func (a *attempt) transport(ctx context.Context, r browsermodel.Request) (browsermodel.Response, error) {
	if a.cache != nil {
		response, fromCache, err := a.cache.transport(ctx, r)
		if fromCache {
			a.answers = append(a.answers, answered{exchange: browsermodel.Exchange{Request: r, Response: response}, sent: r, runs: -1})
		}
		return response, err
	}
	got := a.send(ctx, r, StreamNone)
	a.answers = append(a.answers, got)
	return got.exchange.Response, got.err()
}

// send sends one request with a token of its own, and counts how often
// handlers ran for it.
func (a *attempt) send(ctx context.Context, r browsermodel.Request, stream Stream) answered {
	tok := ""
	sent := r
	if r.URL != "*" {
		tok = strconv.FormatInt(a.suite.tokens.Add(1), 10)
		separator := "?"
		if strings.Contains(r.URL, "?") {
			separator = "&"
		}
		sent.URL += separator + tokenParameter + "=" + tok
	}
	response, err := a.client.do(ctx, sent, a.reader(stream, tok))
	got := answered{
		exchange: browsermodel.Exchange{Request: r, Response: response, Preflight: r.Method == "OPTIONS" && r.Header.Has("Access-Control-Request-Method")},
		sent:     sent,
		runs:     a.mounted.probe.count(tok),
	}
	if err != nil {
		got.exchange.Err = err.Error()
	}
	return got
}

func (a *attempt) reader(stream Stream, tok string) bodyReader {
	switch stream {
	case StreamEvents:
		return func(_ int, body io.Reader, _ io.Writer) (string, error) {
			first, err := readUntil(body, "\n\n")
			if waited := a.mounted.probe.resume(tok); !waited {
				return first, errors.New("the first event came only after the handler was done: the response was held back")
			}
			if err != nil {
				return first, err
			}
			rest, err := io.ReadAll(body)
			return first + string(rest), err
		}
	case StreamUpgrade:
		return func(status int, body io.Reader, w io.Writer) (string, error) {
			if status != 101 || w == nil {
				return wholeBody(status, body, w)
			}
			if _, err := io.WriteString(w, "ping\n"); err != nil {
				return "", err
			}
			return readUntil(body, "\n")
		}
	}
	return wholeBody
}

// readUntil reads to the end of a delimiter, and not a byte further.
func readUntil(r io.Reader, delimiter string) (string, error) {
	var read []byte
	b := make([]byte, 1)
	for len(read) < 1<<16 && !bytes.HasSuffix(read, []byte(delimiter)) {
		if _, err := io.ReadFull(r, b); err != nil {
			return string(read), err
		}
		read = append(read, b[0])
	}
	return string(read), nil
}

// step runs one step and returns what is wrong.
func (a *attempt) step(ctx context.Context, browser *browsermodel.Browser, step Step, honestHead int) []string {
	var wrong []string
	if step.Send != nil {
		got := a.send(ctx, *step.Send, step.Stream)
		a.answers = append(a.answers, got)
		if step.Fetch != nil {
			wrong = step.Judge(browsermodel.Spec().Judge(*step.Fetch, got.exchange))
		}
		return append(wrong, step.Answer.judge(got, honestHead)...)
	}
	f := *step.Fetch
	if strings.HasPrefix(f.URL, "/") {
		f.URL = a.client.server.String() + f.URL
	}
	wrong = step.Judge(browser.Fetch(ctx, f))
	var last *answered
	for i := range a.answers {
		if a.answers[i].exchange.Preflight {
			wrong = append(wrong, step.Preflight.judge(a.answers[i], honestHead)...)
		} else {
			last = &a.answers[i]
		}
	}
	switch {
	case last != nil:
		wrong = append(wrong, step.Answer.judge(*last, honestHead)...)
	case step.Answer != nil:
		wrong = append(wrong, "the browser did not send the request")
	}
	return wrong
}

// describe prints what was sent and what came back, within bounds.
func (a *attempt) describe() string {
	var b strings.Builder
	for i, got := range a.answers {
		if i == 6 {
			fmt.Fprintf(&b, "... and %d more\n", len(a.answers)-i)
			break
		}
		b.WriteString(got.exchange.String())
	}
	return b.String()
}

// describe names a setup's policies, within bounds.
func describe(s Setup) string {
	return text.Clip(fmt.Sprintf("%+v %+v", s.Policies, s.Routes))
}

func targetOf(rawURL string) string {
	if u, err := url.Parse(rawURL); err == nil && u.Host != "" {
		return u.RequestURI()
	}
	return rawURL
}

// permutations returns the steps in every order.
func permutations(steps []Step) [][]Step {
	if len(steps) <= 1 {
		return [][]Step{steps}
	}
	var all [][]Step
	for i := range steps {
		rest := append(append([]Step(nil), steps[:i]...), steps[i+1:]...)
		for _, p := range permutations(rest) {
			all = append(all, append([]Step{steps[i]}, p...))
		}
	}
	return all
}
