package exhaustive_test

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// TestPolicies tries every policy with every fetch. New must accept exactly the
// legal policies.
func TestPolicies(t *testing.T) {
	w := chosenWorld(t)
	var servers []server
	illegal, credentials := 0, 0
	for _, p := range thin(w, policies()) {
		if !legal(p) {
			illegal++
		} else if p.AllowCredentials {
			credentials++
		}
		s, err := alone(p)
		if (err == nil) != legal(p) {
			t.Fatalf("New(%+v) = %v, but legal is %v", p, err, legal(p))
		}
		if err == nil {
			servers = append(servers, s)
		}
	}
	if illegal == 0 || credentials == 0 {
		t.Errorf("%d policies are illegal and %d allow credentials, want some of each", illegal, credentials)
	}
	n := compare(t, w, browsermodel.Spec(), servers, fetches(methodSpellings(), headerNames(), bools[:1], onePath))
	if n < 10_000_000 && w == whole {
		t.Errorf("%d pairs, want ten million or more", n)
	}
}

// TestPairsOfPolicies tries every list of two policies: the first that matches
// the origin governs. Its browser lets "*" cover Authorization, as real browsers do.
func TestPairsOfPolicies(t *testing.T) {
	w := chosenWorld(t)
	browser := browsermodel.Chromium()
	browser.Agent = "" // its fields do not affect the verdict, and take time
	compare(t, w, browser, pairsOfPolicies(t, w),
		fetches([]string{"GET", "put", "CHICKEN"}, []string{"x-a", "authorization"}, bools, onePath))
}

func pairsOfPolicies(t *testing.T, w world) []server {
	var pairs [][]core.Policy
	few := fewPolicies()
	for _, p := range few {
		for _, q := range few {
			pairs = append(pairs, []core.Policy{p, q})
		}
	}
	var servers []server
	for _, pair := range thin(w, pairs) {
		servers = append(servers, must(t)(alone(pair...)))
	}
	return servers
}

// TestRoutes tries every list of one to three routes.
func TestRoutes(t *testing.T) {
	w := chosenWorld(t)
	var servers []server
	for _, list := range thin(w, listsOfRoutes()) {
		servers = append(servers, must(t)(behindRoutes(list...)))
	}
	compare(t, w, browsermodel.Spec(), servers, fetches([]string{"GET", "put"}, []string{"authorization"}, bools[:1], []urlPath{
		plain("api.example", "/"), plain("other.example", "/"),
		plain("api.example", "/a"), plain("other.example", "/a"),
		plain("api.example", "/a/"), plain("api.example", "/a/b"), plain("api.example", "/A/b"),
		plain("api.example", "/ab"), plain("other.example", "/a/b/c"),
		{"api.example", "https://api.example/a//b", "/a//b", "", []string{"/a//b", "/a/b"}},
		{"api.example", "https://api.example//a/b", "//a/b", "", []string{"//a/b", "/a/b"}},
		{"api.example", "https://api.example/a%2Fb", "/a/b", "/a%2Fb", []string{"/a/b", "/a%2Fb"}},
		{"api.example", "https://api.example/a/b%2F..%2Fc", "/a/b/../c", "/a/b%2F..%2Fc", []string{"/a/b/../c", "/a/c", "/a/b%2F..%2Fc"}},
		{"api.example", "https://api.example/a/b%2F..", "/a/b/..", "/a/b%2F..", []string{"/a/b/..", "/a/", "/a", "/a/b%2F.."}},
		{"api.example", "https://api.example/a/..%2fb", "/a/../b", "/a/..%2fb", []string{"/a/../b", "/b", "/a/..%2fb"}},
	}))
}

// server is an engine, and what the specification needs to know about it.
type server struct {
	engine   *core.Engine
	policies func(fetch) []core.Policy // that apply to the path of the fetch
	describe func() string
}

func alone(list ...core.Policy) (server, error) {
	engine, err := core.New(list...)
	return server{
		engine:   engine,
		policies: func(fetch) []core.Policy { return list },
		describe: func() string { return fmt.Sprintf("policies %+v", list) },
	}, err
}

func behindRoutes(routes ...core.Route) (server, error) {
	engine, err := core.NewRouted(routes...)
	return server{
		engine:   engine,
		policies: func(f fetch) []core.Policy { return routed(routes, f.path) },
		describe: func() string { return fmt.Sprintf("routes %+v", routes) },
	}, err
}

func must(t *testing.T) func(server, error) server {
	return func(s server, err error) server {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
		return s
	}
}

// maxMismatches is how many mismatches a run prints before it stops.
const maxMismatches = 5

// compare compares every server with the specification, for every fetch, and
// returns the number of pairs.
func compare(t *testing.T, w world, profile browsermodel.Profile, servers []server, all []fetch) int64 {
	t.Helper()
	work := make(chan fetch)
	var pairs, mismatches, reads atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for f := range work {
				page := newPage(profile, f)
				for _, s := range servers {
					if mismatches.Load() >= maxMismatches {
						break
					}
					got := page.fetch(s.engine)
					want := specified(s.policies(f), f, profile.WildcardCoversAuthorization)
					pairs.Add(1)
					if want.reads {
						reads.Add(1)
					}
					if got != want && mismatches.Add(1) <= maxMismatches {
						t.Errorf("%s\nfetch %+v\ngot  %+v\nwant %+v\n%s", s.describe(), f.Fetch, got, want, page.exchanges(s.engine))
					}
				}
			}
		})
	}
	for _, f := range all {
		work <- f
	}
	close(work)
	wg.Wait()
	t.Logf("%d servers, %d fetches: %d pairs; in %d the script reads the response", len(servers), len(all), pairs.Load(), reads.Load())
	if !t.Failed() && w == whole {
		onPage(t, fmt.Sprintf("| %s | %s | %s |", commas(int64(len(servers))), commas(int64(len(all))), commas(pairs.Load())))
	}
	return pairs.Load()
}

// onPage checks that docs/proof.md contains the figures.
func onPage(t *testing.T, figures string) {
	t.Helper()
	const path = "../../docs/proof.md"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), figures) {
		t.Errorf("%s does not contain the figures of this test: %s", path, figures)
	}
}

// commas formats a number with a comma between groups of three digits.
func commas(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// page makes the same fetch from one server after another. It remembers the
// browser's verdict on equal answers.
type page struct {
	f         fetch
	profile   browsermodel.Profile
	preflight *core.Request // nil if the browser sends no preflight
	actual    core.Request
	known     map[[2]core.Decision]outcome
}

// newPage records what the browser sends to a server that allows everything.
func newPage(profile browsermodel.Profile, f fetch) *page {
	p := &page{f: f, profile: profile, known: make(map[[2]core.Decision]outcome)}
	p.browse(func(r browsermodel.Request, preflight bool) browsermodel.Response {
		if preflight {
			facts := p.facts(r)
			p.preflight = &facts
		} else {
			p.actual = p.facts(r)
		}
		return browsermodel.Response{Status: 200, Header: browsermodel.Header(
			"Access-Control-Allow-Origin", f.Origin, "Access-Control-Allow-Credentials", "true",
			"Access-Control-Allow-Methods", f.method, "Access-Control-Allow-Headers", strings.Join(f.asked, ","))}
	})
	return p
}

func (p *page) browse(answer func(r browsermodel.Request, preflight bool) browsermodel.Response) browsermodel.Verdict {
	browser := browsermodel.Browser{
		Profile: p.profile,
		Transport: func(_ context.Context, r browsermodel.Request) (browsermodel.Response, error) {
			return answer(r, r.Method == "OPTIONS" && r.Header.Has("Access-Control-Request-Method")), nil
		},
	}
	return browser.Fetch(context.Background(), p.f.Fetch)
}

// facts returns what an adapter would pass to the engine.
func (p *page) facts(r browsermodel.Request) core.Request {
	return core.Request{
		Method: r.Method, Host: p.f.path.host, Path: p.f.path.path, RawPath: p.f.path.raw,
		Origin:                      r.Header.Values("Origin"),
		AccessControlRequestMethod:  r.Header.Values("Access-Control-Request-Method"),
		AccessControlRequestHeaders: r.Header.Values("Access-Control-Request-Headers"),
	}
}

// fetch returns the outcome of the fetch from a server.
func (p *page) fetch(e *core.Engine) outcome {
	decisions := p.decisions(e)
	known, ok := p.known[decisions]
	if !ok {
		known = p.judge(decisions)
		p.known[decisions] = known
	}
	return known
}

// decisions returns the engine's decisions on the preflight and the request, without the
// parts that browsers cannot see.
func (p *page) decisions(e *core.Engine) (d [2]core.Decision) {
	if p.preflight != nil {
		d[0] = visible(e.Decide(context.Background(), *p.preflight))
	}
	d[1] = visible(e.Decide(context.Background(), p.actual))
	return d
}

func visible(d core.Decision) core.Decision {
	d.Kind, d.Allowed, d.Code, d.Policy = 0, false, "", ""
	return d
}

func (p *page) judge(decisions [2]core.Decision) outcome {
	reaches := false
	verdict := p.browse(func(_ browsermodel.Request, preflight bool) browsermodel.Response {
		if preflight {
			return response(decisions[0])
		}
		reaches = decisions[1].Status == 0
		return response(decisions[1])
	})
	if verdict.Header.Has("Set-Cookie") {
		panic("the browser model lets scripts read Set-Cookie")
	}
	return outcome{verdict.Allowed, verdict.Header.Has("X-E"), reaches}
}

func response(d core.Decision) browsermodel.Response {
	r := browsermodel.Response{Status: d.Status}
	for name, value := range d.Headers() {
		r.Header = append(r.Header, browsermodel.Field{Name: name, Value: value})
	}
	if r.Status == 0 {
		r.Status = 200
		r.Header = append(r.Header, responseHeaders...)
	}
	return r
}

// exchanges describes the requests, the answers and the verdict.
func (p *page) exchanges(e *core.Engine) string {
	decisions := p.decisions(e)
	verdict := p.browse(func(_ browsermodel.Request, preflight bool) browsermodel.Response {
		if preflight {
			return response(decisions[0])
		}
		return response(decisions[1])
	})
	var b strings.Builder
	for _, x := range verdict.Exchanges {
		b.WriteString(x.String())
	}
	return b.String() + verdict.Text
}

// TestVary stores the answer to every request in a cache that obeys Vary. The
// cache must never give a request an answer that differs from the engine's.
func TestVary(t *testing.T) {
	var requests []core.Request
	for _, f := range fetches([]string{"GET", "put", "CHICKEN"}, []string{"x-a", "authorization"}, bools[:1], onePath) {
		page := newPage(browsermodel.Spec(), f)
		requests = append(requests, page.actual)
		if page.preflight != nil {
			requests = append(requests, *page.preflight)
		}
	}
	absent := requests[0]
	absent.Origin = nil
	requests = append(requests, absent)
	stored := 0
	for i, s := range pairsOfPolicies(t, chosenWorld(t)) {
		if i%7 != 0 {
			continue // neighbors differ only in the flags of the last policy
		}
		answers := make(map[string]core.Decision)
		varies := make(map[string]bool)
		for _, r := range requests {
			d := visible(s.engine.Decide(t.Context(), r))
			answers[cacheKey(d.Vary, r)] = d
			varies[d.Vary] = true
		}
		for _, r := range requests {
			d := visible(s.engine.Decide(t.Context(), r))
			for vary := range varies {
				if cached, ok := answers[cacheKey(vary, r)]; ok && cached != d {
					t.Fatalf("%s\nrequest %+v\nthe cache has %+v\nthe engine   %+v", s.describe(), r, cached, d)
				}
			}
		}
		stored += len(answers)
	}
	t.Logf("%d answers stored", stored)
}

// cacheKey is the cache key of RFC 9111, section 4.1, with the method.
func cacheKey(vary string, r core.Request) string {
	key := r.Method + "\n" + vary
	for name := range strings.SplitSeq(vary, ", ") {
		var lines []string
		switch name {
		case "":
		case "Origin":
			lines = r.Origin
		case "Access-Control-Request-Method":
			lines = r.AccessControlRequestMethod
		case "Access-Control-Request-Headers":
			lines = r.AccessControlRequestHeaders
		default:
			panic("unknown name in Vary: " + name)
		}
		key += fmt.Sprintf("\n%d %q", len(lines), lines)
	}
	return key
}
