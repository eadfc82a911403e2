package conformance

import (
	"context"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// asked is a request of a case, and its answer.
type asked struct {
	id       string // the ID of the case
	mounted  *mounted
	setup    Setup
	fetch    browsermodel.Fetch // the fetch that causes the request, as far as known
	request  browsermodel.Request
	answer   answered
	endpoint *Endpoint // nil if the application has none for the path
}

// repeatable is a case whose requests can be sent again.
type repeatable struct {
	c    Case
	once sync.Once
	list []asked
}

// maxAsked is the maximum number of steps of a case that are repeated. They are evenly
// spread.
const maxAsked = 12

// thinning is the default of [Options].Thin with -short: a variation repeats one case in
// thinning. Different variations repeat different cases.
const thinning = 32

// repeatables returns the cases that can be repeated: those without costly requests,
// without handlers that affect other requests, and without servers of their own.
func repeatables(cases []Case) []*repeatable {
	var list []*repeatable
	for _, c := range cases {
		if c.Again == nil && c.Refusal != MustRefuse && !c.Exclusive && len(c.NotLogged) == 0 &&
			c.Setup.MaxHeaderBytes == 0 && !c.Setup.AsteriskTarget {
			list = append(list, &repeatable{c: c})
		}
	}
	return list
}

// again runs a case that has Again: it repeats requests of other cases with a variation.
func (s *suite) again(ctx context.Context, c Case) (failures []string, unsupported string) {
	hash := fnv.New32a()
	_, _ = io.WriteString(hash, c.ID)
	stride := max(s.opts.Thin, 1)
	if s.opts.Thin == 0 && testing.Testing() && testing.Short() {
		stride = thinning
	}
	offset := int(hash.Sum32() % uint32(stride))
	groups := make(map[*mounted][]asked)
	var order []*mounted
	for i, other := range s.others {
		if (i+offset)%stride != 0 {
			continue
		}
		for _, a := range s.asked(ctx, other) {
			if groups[a.mounted] == nil {
				order = append(order, a.mounted)
			}
			groups[a.mounted] = append(groups[a.mounted], a)
		}
	}
	if len(order) == 0 {
		return nil, "there is no case to repeat"
	}
	for _, m := range order {
		failures = append(failures, s.askAgain(ctx, c, m, groups[m])...)
		if len(failures) > maxFailures {
			break
		}
	}
	return failures, ""
}

// asked returns the requests of a case with their answers. It sends each request only once
// in a run.
func (s *suite) asked(ctx context.Context, r *repeatable) []asked {
	r.once.Do(func() {
		m := s.server(r.c.Setup)
		if m.err != nil || s.unsupported(r.c, m.server) != "" {
			return
		}
		c, err := r.c.located(m.server)
		if err != nil {
			return
		}
		client, err := newClient(m.server, c.Setup.Protocol)
		if err != nil {
			return
		}
		defer client.close()
		endpoints := c.app().Endpoints
		for _, step := range spread(c.Steps) {
			if step.Stream != streamNone || step.Answer != nil && step.Answer.MayDrop {
				continue
			}
			for _, a := range s.askOnce(ctx, client, m, step) {
				a.id, a.setup, a.mounted = c.ID, c.Setup, m
				path := pathOf(a.request.URL)
				if i := slices.IndexFunc(endpoints, func(e Endpoint) bool { return e.Path == path }); i >= 0 {
					a.endpoint = &endpoints[i]
				}
				if a.answer.exchange.Err == "" && !(a.endpoint != nil && slices.Contains(unrepeatable, a.endpoint.Behaviour)) {
					r.list = append(r.list, a)
				}
			}
		}
	})
	return r.list
}

// unrepeatable are behaviours for which a second request shows nothing new, or changes
// the responses to other requests.
var unrepeatable = []Behaviour{MutateHeader, Upgrade, Events, Panic}

func spread(steps []Step) []Step {
	n := len(steps)
	if n <= maxAsked {
		return steps
	}
	some := make([]Step, maxAsked)
	for i := range some {
		some[i] = steps[i*n/maxAsked]
	}
	return some
}

// askOnce sends the requests of a step, with an empty preflight cache.
func (s *suite) askOnce(ctx context.Context, client *client, m *mounted, step Step) []asked {
	var list []asked
	ask := func(f browsermodel.Fetch, r browsermodel.Request) answered {
		f.URL = r.URL
		if strings.HasPrefix(f.URL, "/") {
			f.URL = client.server.String() + f.URL
		}
		tok := s.token()
		got := client.ask(ctx, r, m.probe, tok, wholeBody)
		list = append(list, asked{fetch: f, request: r, answer: got})
		return got
	}
	switch {
	case step.Send != nil && step.Fetch != nil:
		ask(*step.Fetch, *step.Send)
	case step.Send != nil:
		f := browsermodel.Fetch{Method: step.Send.Method, Mode: browsermodel.ModeNoCORS}
		if lines := step.Send.Header.Values("Origin"); len(lines) > 0 {
			f.Origin, f.Mode = lines[0], browsermodel.ModeCORS
		}
		ask(f, *step.Send)
	default:
		f := *step.Fetch
		if strings.HasPrefix(f.URL, "/") {
			f.URL = client.server.String() + f.URL
		}
		browser := &browsermodel.Browser{Transport: func(_ context.Context, r browsermodel.Request) (browsermodel.Response, error) {
			got := ask(f, r)
			return got.exchange.Response, got.err()
		}}
		browser.Fetch(ctx, f)
	}
	return list
}

// repetition sends the requests of cases to a server again, with a variation.
type repetition struct {
	suite   *suite
	c       Case
	mounted *mounted
	asked   []asked // the requests as varied, with the original answers

	mu       sync.Mutex
	failures []string
}

// askAgain sends requests to a server again, changed by the variation of c, and returns
// what is wrong with the answers.
func (s *suite) askAgain(ctx context.Context, c Case, m *mounted, list []asked) []string {
	v := *c.Again
	r := &repetition{suite: s, c: c, mounted: m, asked: v.vary(list)}
	if len(r.asked) == 0 {
		return nil
	}
	if v.Concurrent <= 1 {
		r.ask(ctx, 0)
		return r.failures
	}
	release := s.pause(ctx, m, list[0].setup)
	var wg sync.WaitGroup
	for i := range v.Concurrent {
		wg.Go(func() { r.ask(ctx, i*len(r.asked)/v.Concurrent) })
	}
	wg.Wait()
	release()
	return r.failures
}

// ask sends all requests over one connection, beginning with the one at index from.
func (r *repetition) ask(ctx context.Context, from int) {
	client, err := newClient(r.mounted.server, r.asked[0].setup.Protocol)
	if err != nil {
		r.fail(err.Error())
		return
	}
	defer client.close()
	v := *r.c.Again
	client.http10, client.chunked = v.HTTP10, v.Chunked
	for i := range r.asked {
		a := r.asked[(i+from)%len(r.asked)]
		tok := ""
		if !v.NoToken {
			tok = r.suite.token()
		}
		got := client.ask(ctx, a.request, r.mounted.probe, tok, wholeBody)
		r.suite.watch(r.c.ID, got)
		if wrong := r.c.judgeAgain(a, got); len(wrong) > 0 {
			enough := r.fail(fmt.Sprintf("a request of case %s: %s\nit was\n%sand is\n%s",
				a.id, strings.Join(wrong, "\nand "), a.answer.exchange, got.exchange))
			if enough {
				return
			}
		}
	}
}

// fail records a failure, and reports whether there are enough.
func (r *repetition) fail(failure string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, failure)
	return len(r.failures) > maxFailures
}

// pause makes a handler of the server wait, if the server has such a handler, until the
// function that it returns is called.
func (s *suite) pause(ctx context.Context, m *mounted, setup Setup) (release func()) {
	endpoints := Case{Setup: setup}.app().Endpoints
	i := slices.IndexFunc(endpoints, func(e Endpoint) bool { return e.Behaviour == Events })
	if _, cannot := m.server.Unsupported[Events]; i < 0 || cannot {
		return func() {}
	}
	client, err := newClient(m.server, setup.Protocol)
	if err != nil {
		return func() {}
	}
	tok := s.token()
	paused, done, resume := make(chan struct{}), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		begun := sync.OnceFunc(func() { close(paused) })
		defer begun()
		read := func(_ int, body io.Reader, _ io.Writer) (string, error) {
			_, err := readUntil(body, "\n\n")
			begun()
			<-resume
			m.probe.resume(tok)
			if err == nil {
				_, err = io.Copy(io.Discard, body)
			}
			return "", err
		}
		_ = client.ask(ctx, browsermodel.Request{Method: "GET", URL: endpoints[i].Path}, m.probe, tok, read)
	}()
	<-paused
	return func() {
		close(resume)
		<-done
		client.close()
	}
}
