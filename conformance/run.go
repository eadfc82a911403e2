package conformance

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/internal/text"
)

// suite runs cases against one mount. Cases with equal setups share a server.
type suite struct {
	mount    Mount
	opts     Options
	upstream func() (*Server, error)
	tokens   atomic.Int64

	others []*repeatable // for cases with Again

	mu      sync.Mutex
	mounted map[string]*mounted
	watched []watched
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
		others:   repeatables(opts.askable()),
	}
}

// startUpstream starts the server behind endpoints with behaviour [Upstream].
// It sends the CORS headers of a careless configuration.
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

// errMount says that a mount failed without refusing the setup's policies.
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
	setup = setup.mapStrings(strings.NewReplacer(placeholderUpstream, upstream.URL).Replace)
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

// Every running case holds running for reading, and Exclusive cases hold it for writing.
var running sync.RWMutex

// caseLimit is the timeout of a whole case, from the time at which it may run.
const caseLimit = 2 * time.Minute

func limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, caseLimit, fmt.Errorf("the case took over %v", caseLimit))
}

// run runs a case. It returns why the case failed, or why it cannot run.
func (s *suite) run(ctx context.Context, c Case) (failures []string, unsupported string) {
	if c.Again != nil {
		running.RLock()
		defer running.RUnlock()
		ctx, cancel := limited(ctx)
		defer cancel()
		return s.again(ctx, c)
	}
	m := s.server(c.Setup)
	switch {
	case errors.Is(m.err, ErrUnsupported):
		return nil, text.Clip(m.err.Error())
	case m.err != nil && c.Refusal != mustMount && !errors.Is(m.err, errMount):
		return nil, ""
	case m.err != nil:
		return []string{fmt.Sprintf("the mount failed: %.2000s", m.err)}, ""
	case c.Refusal == MustRefuse:
		return []string{"the mount accepted the policy, want an error"}, ""
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
	ctx, cancel := limited(ctx)
	defer cancel()
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
			break // one failing order is enough to report
		}
	}
	for _, secret := range c.NotLogged {
		if strings.Contains(m.log.String(), secret) || tapped != nil && strings.Contains(tapped.String(), secret) {
			failures = append(failures, fmt.Sprintf("the log contains %s, which came from the request", text.Quote(secret)))
		}
	}
	return failures, ""
}

// unsupported returns why the server does not support a behaviour that the case
// needs, or "".
func (s *suite) unsupported(c Case, server *Server) string {
	if len(server.Unsupported) == 0 {
		return ""
	}
	app := c.app()
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

// app returns the application of the case.
func (c Case) app() App {
	app := c.Setup.App
	if len(app.Endpoints) == 0 {
		app = StandardApp()
	}
	return app.under(c.Setup.Group)
}

// located returns the case with placeholders replaced by the server's address.
func (c Case) located(server *Server) (Case, error) {
	u, err := url.Parse(server.URL)
	if err != nil || u.Host == "" {
		return c, fmt.Errorf("the mount returned an invalid URL, %s", text.Clip(server.URL))
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
