package realbrowser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// Session is a running browser with one open page. Its methods are safe for
// concurrent use; calls of [Session.Run] run one at a time.
type Session struct {
	Engine  *Engine
	Version string // as printed by the engine

	dir        string
	wire       *wire
	control    *control
	process    *process
	marionette *marionette // if the console has been read, and the browser is Firefox

	running sync.Mutex

	mu      sync.Mutex
	servers int // how many of the server names are in use
}

// Bounds of a session. WebKit has needed 90 seconds to start on a busy machine.
const (
	startLimit = 5 * time.Minute
	batchLimit = 5 * time.Minute // in addition to the waits of the jobs, and to jobShare for each
	jobShare   = time.Second / 4
	// How many sequences run concurrently. It is less than the six connections that a
	// browser opens to a server: Chromium keeps the connection of a redirect while it
	// waits for another one for the preflight of the next request, so six such
	// redirects would wait forever.
	batchWidth = 4
	batchSize  = 400 // sequences per batch
	maxServers = 4096
)

// serverName returns the origin of the i-th server behind a session.
func serverName(i int) string { return "https://s" + strconv.Itoa(i) + ".server.example" }

const (
	// firstPage is the origin of the first page of a browser: http, so that it can
	// reach both http and https pages.
	firstPage = "http://first.example"
	// framePage is the origin of the documents that contain sandboxed frames.
	framePage = "https://frame.example"
)

// Start starts a browser that knows the given http or https origins, in addition to
// those of its servers: pages can have them, and [Session.Route] can put servers at them.
// If the browser is not installed, the error wraps [ErrNotInstalled].
func Start(ctx context.Context, e *Engine, origins ...string) (s *Session, err error) {
	path, err := e.Find()
	if err != nil {
		return nil, err
	}
	s = &Session{Engine: e, control: newControl()}
	defer func() {
		if err != nil {
			_ = s.Close()
			s = nil
		}
	}()
	if s.Version, err = e.Version(ctx); err != nil {
		return s, err
	}
	// The temporary directory of a test may have a path that is too long for the
	// sockets of browsers.
	if s.dir, err = os.MkdirTemp("", "corskit-"); err != nil {
		return s, fmt.Errorf("realbrowser: %w", err)
	}
	if s.wire, err = newWire(); err != nil {
		return s, err
	}
	s.wire.control = s.control.serve
	var hosts []string
	for _, origin := range append(slices.Clone(origins), firstPage, framePage) {
		s.wire.pages[origin] = true
		if host, ok := strings.CutPrefix(origin, "https://"); ok {
			hosts = append(hosts, withPort(host))
		}
	}
	for i := range maxServers {
		s.wire.pages[serverName(i)] = true
		hosts = append(hosts, withPort(strings.TrimPrefix(serverName(i), "https://")))
	}
	s.wire.conns.Go(s.wire.accept)
	args, err := e.launch(launch{
		path: path, dir: s.dir, proxy: s.wire.listener.Addr().String(), leaf: s.wire.cert.Certificate[0],
		hosts: hosts, url: firstPage + controlPath + "page", logs: e.Console,
	})
	if err != nil {
		return s, err
	}
	if s.process, err = startProcess(s.dir, e.command(path, args...)); err != nil {
		return s, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, startLimit, fmt.Errorf("it did not load its page within %v", startLimit))
	defer cancel()
	select {
	case <-s.control.ready:
		return s, nil
	case <-s.process.done:
		return s, s.broken(s.process.err)
	case <-ctx.Done():
		return s, s.broken(context.Cause(ctx))
	}
}

func withPort(host string) string {
	if strings.LastIndexByte(host, ':') <= strings.LastIndexByte(host, ']') {
		return host + ":443"
	}
	return host
}

// broken describes why the browser failed.
func (s *Session) broken(err error) error {
	return fmt.Errorf("realbrowser: %s (%s): %w; its last requests:\n%s\nthe end of its stderr:\n%s",
		s.Engine.Name, s.Version, err, s.wire.last(5), s.process.stderr.lines(20))
}

// Close ends the browser and removes its profile.
func (s *Session) Close() error {
	var errs []error
	s.marionette.close()
	if s.process != nil {
		errs = append(errs, s.process.stop())
	}
	s.control.close()
	if s.wire != nil {
		s.wire.close()
	}
	if s.dir != "" {
		errs = append(errs, removeAll(s.dir))
	}
	return errors.Join(errs...)
}

// removeAll removes a directory. Processes that were killed a moment ago may still write
// into it.
func removeAll(dir string) error {
	deadline := time.Now().Add(killLimit)
	for {
		err := os.RemoveAll(dir)
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Serve gives the server at an address, such as "127.0.0.1:4711", a new https origin,
// so that nothing that the browser caches for another server applies to it. Pages can
// have that origin, too.
func (s *Session) Serve(address string) (origin string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.servers == maxServers {
		return "", fmt.Errorf("realbrowser: a session has at most %d servers", maxServers)
	}
	origin = serverName(s.servers)
	s.servers++
	s.wire.route(origin, address)
	return origin, nil
}

// Route puts the server at an address behind an https origin that was passed to
// [Start], or behind an http origin. Paths below /.corskit/ remain reserved for the page.
// WebSockets work over http.
func (s *Session) Route(origin, address string) error {
	if strings.HasPrefix(origin, "http://") {
		s.wire.routePage(origin, address)
		return nil
	}
	if !strings.HasPrefix(origin, "https://") || !s.wire.serves(origin) {
		return fmt.Errorf("realbrowser: the session was not started with the https origin %s", origin)
	}
	s.wire.route(origin, address)
	return nil
}

// CanVisit reports for each origin whether documents can have it in this browser.
// The origins must have been passed to [Start]. Browsers refuse some ports, and differ
// on which bytes a host name may contain.
func (s *Session) CanVisit(ctx context.Context, origins []string) (map[string]bool, error) {
	var sequences [][]Job
	for _, origin := range origins {
		sequences = append(sequences, []Job{{Fetch: browsermodel.Fetch{Origin: firstPage}, visit: origin}})
	}
	outcomes, err := s.Run(ctx, sequences)
	if err != nil {
		return nil, err
	}
	can := make(map[string]bool)
	for i, origin := range origins {
		can[origin] = outcomes[i][0].Type == browsermodel.TypeOpaque
	}
	return can, nil
}

// Script runs a script in a page with an origin that was passed to [Start], and returns
// its result as a string. The script is the body of an async function, for at most
// three minutes. It may call two functions, so that a test can use a page as people do:
// click, type and read. visit(url) opens a page of the same origin in a window of its own
// and returns that window. until(f) waits until f returns a true value; if a script takes
// too long, the error quotes the f that it waits for. Properties of globalThis, and
// windows, persist as long as all scripts run in the same origin.
func (s *Session) Script(ctx context.Context, origin, script string) (string, error) {
	outcomes, err := s.Run(ctx, [][]Job{{{Fetch: browsermodel.Fetch{Origin: origin}, script: script}}})
	if err != nil {
		return "", err
	}
	got := outcomes[0][0]
	if got.Type == browsermodel.TypeError {
		return "", fmt.Errorf("realbrowser: the script failed: %s; the last requests:\n%s", got.Error, s.wire.last(5))
	}
	return got.Body, nil
}

// Requests returns the requests that the browser sent to URLs with a prefix, including
// preflights, in order.
func (s *Session) Requests(prefix string) []browsermodel.Request { return s.wire.requests(prefix) }

// Run runs sequences of jobs concurrently, and the jobs of each sequence in order. It
// returns the outcome of each job. Jobs of one sequence may run in pages of different
// origins.
func (s *Session) Run(ctx context.Context, sequences [][]Job) ([][]Outcome, error) {
	s.running.Lock()
	defer s.running.Unlock()
	outcomes := make([][]Outcome, len(sequences))
	for {
		b, chosen, wait := nextBatch(sequences, outcomes)
		if chosen == nil {
			return outcomes, nil
		}
		if !s.wire.serves(b.page) {
			return nil, fmt.Errorf("realbrowser: the session was not started with the origin %s", b.page)
		}
		got, err := s.runBatch(ctx, b, batchLimit+wait+jobShare*time.Duration(len(b.Sequences)))
		if err != nil {
			return nil, err
		}
		for k, i := range chosen {
			if len(got[k]) != len(b.Sequences[k]) {
				return nil, fmt.Errorf("realbrowser: the page returned %d outcomes for %d jobs", len(got[k]), len(b.Sequences[k]))
			}
			outcomes[i] = append(outcomes[i], got[k]...)
		}
	}
}

// nextBatch returns the jobs that one page can run next. They have no outcome yet, are
// for the page's origin, and are at the head of their sequences. Sequences with waits run
// together but not with others, because the others would keep the processor busy during
// the waits. nextBatch also returns the indices of the sequences, nil if there are no
// more, and how long they wait.
func nextBatch(sequences [][]Job, outcomes [][]Outcome) (b *batch, chosen []int, wait time.Duration) {
	var origin string
	var waits bool
	b = &batch{Width: batchWidth}
	for i, jobs := range sequences {
		jobs = jobs[len(outcomes[i]):]
		if len(jobs) == 0 {
			continue
		}
		n := slices.IndexFunc(jobs, func(j Job) bool { return j.Origin != jobs[0].Origin })
		if n < 0 {
			n = len(jobs)
		}
		waiting := waitOf(jobs[:n])
		if chosen == nil {
			origin, waits = jobs[0].Origin, waiting > 0
		}
		if jobs[0].Origin != origin || (waiting > 0) != waits {
			continue
		}
		chosen = append(chosen, i)
		b.Sequences = append(b.Sequences, jobs[:n])
		wait = max(wait, waiting)
		if len(chosen) == batchSize {
			break
		}
	}
	if waits {
		b.Width = len(b.Sequences)
	}
	b.page = origin
	if origin == "null" {
		b.page, b.Frame = framePage, true
	}
	return b, chosen, wait
}

// waitOf returns the total wait of jobs.
func waitOf(jobs []Job) time.Duration {
	var wait time.Duration
	for _, j := range jobs {
		wait += j.Wait
	}
	return wait
}

func (s *Session) runBatch(ctx context.Context, b *batch, limit time.Duration) ([][]Outcome, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("a batch of %d sequences took longer than %v", len(b.Sequences), limit))
	defer cancel()
	s.control.submit(b)
	select {
	case done := <-b.done:
		if done.err == nil && len(done.outcomes) != len(b.Sequences) {
			done.err = fmt.Errorf("realbrowser: the page returned %d of %d sequences", len(done.outcomes), len(b.Sequences))
		}
		return done.outcomes, done.err
	case <-s.process.done:
		return nil, s.broken(s.process.err)
	case <-ctx.Done():
		return nil, s.broken(context.Cause(ctx))
	}
}
