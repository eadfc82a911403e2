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
	"github.com/corskit/corskit/conformance/internal/text"
)

// Variation is a way to ask again what other cases ask: with other fields, another
// version of HTTP, in another order. The answer must stay the same: the CORS headers, whether a
// preflight succeeds, whether a request is rejected, and whether Vary names Origin. The
// zero Variation repeats the requests.
//
// A variation does not apply where it may matter: another method to routes that have one
// method and to requests whose method the policy does not list, another Host to routes with
// policies of their own and to same-origin requests, Sec-Fetch-Site and Host to policies
// that reject requests.
type Variation struct {
	// Agent sends the requests as this browser does, with all of its fields.
	Agent browsermodel.Agent
	// Change, if not nil, returns a changed copy of a request. Requests that it returns
	// as they were are not asked again. It must keep the Origin and the fields of
	// preflights.
	Change func(browsermodel.Request) browsermodel.Request
	// HTTP10 sends HTTP/1.0.
	HTTP10 bool
	// Chunked sends bodies in chunks, without their length.
	Chunked bool
	// Reverse asks in the opposite order.
	Reverse bool
	// Concurrent, if positive, is how many clients ask at the same time, while a
	// handler of the server is paused.
	Concurrent int
	// NoToken leaves out the query by which the suite counts how often handlers run.
	NoToken bool
	// MayOmit permits answers without Access-Control-* headers, because no script can
	// send the request.
	MayOmit bool
}

// asked is a request of a case, and its answer.
type asked struct {
	id       string // of the case
	mounted  *mounted
	setup    Setup
	fetch    browsermodel.Fetch // for which the request is sent, as far as known
	request  browsermodel.Request
	answer   answered
	endpoint *Endpoint // nil if the application has none for the path
}

// repeatable is a case whose requests can be asked again.
type repeatable struct {
	c    Case
	once sync.Once
	list []asked
}

// maxAsked bounds how many steps of a case are asked again. They are evenly spread.
const maxAsked = 12

// thinning is how many cases there are for each that a variation asks again with -short.
// Other variations ask the others.
const thinning = 8

// repeatables returns the cases that can be asked again: those without costly requests,
// without handlers that affect others, and without other servers than the usual.
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

// again runs a case with Again.
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
		return nil, "there is no case to ask again"
	}
	for _, m := range order {
		failures = append(failures, s.askAgain(ctx, c, m, groups[m])...)
		if len(failures) > maxFailures {
			break
		}
	}
	return failures, ""
}

// asked returns the requests of a case with their answers. It asks at most once.
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
				path, _, _ := strings.Cut(targetOf(a.request.URL), "?")
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

// unrepeatable are behaviours of which a second request tells nothing new or spoils the
// memory of others.
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

// askOnce asks what a step asks, with an empty preflight cache.
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

// askAgain asks one server what cases have asked it before.
func (s *suite) askAgain(ctx context.Context, c Case, m *mounted, list []asked) []string {
	v := *c.Again
	list = slices.Clone(list)
	var again []asked
	seen := make(map[string]bool)
	for _, a := range list {
		changed, ok := v.change(a)
		if key := fmt.Sprintf("%q", changed); ok && !seen[key] {
			seen[key] = true
			a.request = changed
			again = append(again, a)
		}
	}
	if v.Reverse {
		slices.Reverse(again)
	}
	if len(again) == 0 {
		return nil
	}
	var mu sync.Mutex
	var failures []string
	ask := func(from int) {
		client, err := newClient(m.server, again[0].setup.Protocol)
		if err == nil {
			defer client.close()
			client.http10, client.chunked = v.HTTP10, v.Chunked
		}
		for i := range again {
			a := again[(i+from)%len(again)]
			tok := s.token()
			if v.NoToken {
				tok = ""
			}
			got := client.ask(ctx, a.request, m.probe, tok, wholeBody)
			s.watch(c.ID, got)
			wrong := c.judgeAgain(a, got)
			mu.Lock()
			if len(wrong) > 0 {
				failures = append(failures, fmt.Sprintf("a request of case %s: %s\nit was\n%sand is\n%s",
					a.id, strings.Join(wrong, "\nand "), a.answer.exchange, got.exchange))
			}
			enough := len(failures) > maxFailures
			mu.Unlock()
			if enough {
				return
			}
		}
		_ = client.ask(ctx, browsermodel.Request{Method: "GET", URL: "/settled"}, m.probe, "", wholeBody)
	}
	if v.Concurrent <= 1 {
		ask(0)
		return failures
	}
	release := s.pause(ctx, m, again[0].setup)
	var wg sync.WaitGroup
	for i := range v.Concurrent {
		wg.Go(func() { ask(i * len(again) / v.Concurrent) })
	}
	wg.Wait()
	release()
	return failures
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

// change returns a request as the variation sends it, and whether the variation applies to
// the request.
func (v Variation) change(a asked) (changed browsermodel.Request, ok bool) {
	r := a.request
	r.Header = slices.Clone(r.Header)
	if v.Change != nil {
		r = v.Change(r)
	}
	if v.Agent != "" {
		r = v.Agent.Dress(a.fetch, r)
	}
	if a.setup.Protocol != HTTP1 {
		if v.HTTP10 || v.Chunked {
			return r, false
		}
		r.Header = r.Header.Without("Connection", "Upgrade", "Keep-Alive", "TE")
	}
	union := a.setup.union()
	anyMethod := a.endpoint != nil && a.endpoint.Method == ""
	differs := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			return !slices.Equal(r.Header.Values(name), a.request.Header.Values(name))
		})
	}
	switch {
	case isPreflight(r) != isPreflight(a.request),
		r.Method != a.request.Method && (!anyMethod || !a.setup.lists(a.request.Method)),
		differs("Host") && (len(a.setup.Routes) > 0 || union.RejectDisallowed || a.fromHost(a.request) || a.fromHost(r)),
		differs("Sec-Fetch-Site") && union.RejectDisallowed && v.Agent == "",
		v.Chunked && r.Body == "":
		return r, false
	case v.Change == nil && v.Agent == "":
		return r, true
	}
	return r, r.Method != a.request.Method || r.URL != a.request.URL || r.Body != a.request.Body || !slices.Equal(r.Header, a.request.Header)
}

// fromHost reports whether a request goes to the host of its Origin, so that a server may
// take it for a same-origin request.
func (a asked) fromHost(r browsermodel.Request) bool {
	host := strings.TrimPrefix(strings.TrimPrefix(a.mounted.server.URL, "http://"), "https://")
	if lines := r.Header.Values("Host"); len(lines) > 0 {
		host = lines[0]
	}
	return slices.ContainsFunc(r.Header.Values("Origin"), func(origin string) bool {
		_, from, _ := strings.Cut(origin, "://")
		return from == host
	})
}

// judgeAgain returns what is wrong with the answer to a request that is asked again.
func (c Case) judgeAgain(a asked, got answered) []string {
	if err := got.err(); err != nil {
		return []string{"there is no answer: " + text.Clip(err.Error())}
	}
	if c.every != nil {
		a.answer = got
		return c.every(a).judge(got, 0)
	}
	was, is := a.answer.exchange.Response, got.exchange.Response
	none := len(corsFields(is)) == 0
	if none && got.runs == 0 && is.Status != was.Status && slices.Contains(beforeMiddleware, is.Status) {
		return nil
	}
	if none && (c.Again.MayOmit || !a.setup.lists(a.request.Method)) && !isPreflight(a.request) {
		return nil
	}
	var wrong faults
	counted := a.answer.runs >= 0 && got.runs >= 0
	before, after := corsAnswer(a.answer, counted), corsAnswer(got, counted)
	for _, line := range before {
		if !slices.Contains(after, line) {
			wrong.addf("without the variation the answer has %s, with it not", line)
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			wrong.addf("with the variation the answer has %s, without it not", line)
		}
	}
	if !isPreflight(a.request) && slices.Contains(members(was, "Vary"), "origin") && !slices.Contains(members(is, "Vary"), "origin") {
		wrong.addf("with the variation Vary does not name Origin")
	}
	return wrong
}

// beforeMiddleware are statuses with which servers refuse requests that they do not
// support, before any middleware sees them.
var beforeMiddleware = []int{413, 414, 417, 421, 426, 431, 501, 505}

// lists reports whether scripts may send a method under some policy of the setup.
func (s Setup) lists(method string) bool {
	methods := normalized(s.union().AllowMethods)
	return slices.Contains(append(methods, "GET", "HEAD", "POST"), method) || slices.Contains(methods, "*")
}

// corsAnswer describes what an answer says about CORS, line by line. Lists are sets. If
// runs are counted, it says whether the handler of a preflight ran.
func corsAnswer(a answered, counted bool) []string {
	r := a.exchange.Response
	var lines []string
	for _, line := range corsFields(r) {
		switch line.Name {
		case text.Lower(acam), text.Lower(acah), text.Lower(aceh):
			list := exactMembers(r, line.Name)
			if line.Name != text.Lower(acam) {
				list = lowered(list)
			}
			slices.Sort(list)
			lines = append(lines, line.Name+": "+text.Clip(strings.Join(slices.Compact(list), ",")))
		default:
			lines = append(lines, line.Name+": "+text.Clip(line.Value))
		}
	}
	if a.exchange.Preflight {
		lines = append(lines, fmt.Sprintf("success %t", r.Status/100 == 2))
		for _, line := range effectsOf(r) {
			lines = append(lines, text.Lower(line.Name))
		}
		if counted && a.runs > 0 {
			lines = append(lines, "a handler that runs")
		}
	} else if r.Status == 403 && a.runs <= 0 {
		lines = append(lines, "a rejection")
	}
	slices.Sort(lines)
	return lines
}

// watched is a request whose handler must not run any more.
type watched struct {
	id  string // of the case
	got answered
}

// watch remembers a request until the end of the run.
func (s *suite) watch(id string, got answered) {
	if got.token == "" || got.runs < 0 {
		return
	}
	got.exchange = browsermodel.Exchange{Request: browsermodel.Request{Method: got.sent.Method, URL: got.sent.URL}}
	got.sent = browsermodel.Request{}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watched = append(s.watched, watched{id, got})
}

// late returns, by the ID of the case, what ran after the answer and before the servers
// were closed. It must be called after close.
func (s *suite) late() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := make(map[string]string)
	for _, w := range s.watched {
		if message := w.got.late(); message != "" && found[w.id] == "" {
			r := w.got.exchange.Request
			found[w.id] = fmt.Sprintf("%s: %s %s", message, text.Clip(r.Method), text.Clip(r.URL))
		}
	}
	return found
}
