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

// thin leaves an eleventh of a list where time is short. The lists come of loops
// within loops over two, three, four or five values: no other step than one that
// shares no factor with these meets all of them.
func thin[T any](list []T) []T {
	if !testing.Short() && !raceDetector {
		return list
	}
	var some []T
	for i := 0; i < len(list); i += 11 {
		some = append(some, list[i])
	}
	return some
}

// TestPolicies is every policy that can be written against every fetch. New
// accepts exactly those that are legal.
func TestPolicies(t *testing.T) {
	var servers []server
	illegal, credentials := 0, 0
	for _, p := range thin(policies()) {
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
		t.Errorf("of the policies, %d are illegal and %d have credentials", illegal, credentials)
	}
	n := compare(t, browsermodel.Spec(), servers, fetches(methodSpellings(), headerNames(), bools[:1], onePath))
	if n < 10_000_000 && !testing.Short() && !raceDetector {
		t.Errorf("only %d pairs, want ten million", n)
	}
}

// TestPairsOfPolicies is every list of two: the first whose origins match
// governs. Its browser takes "*" to stand for Authorization, as those that ship do.
func TestPairsOfPolicies(t *testing.T) {
	compare(t, browsermodel.Chromium(), pairsOfPolicies(t),
		fetches([]string{"GET", "put", "CHICKEN"}, []string{"x-a", "authorization"}, bools, onePath))
}

func pairsOfPolicies(t *testing.T) []server {
	few := fewPolicies()
	var servers []server
	for _, p := range few {
		for _, q := range few {
			servers = append(servers, must(t)(alone(p, q)))
		}
	}
	return thin(servers)
}

// TestRoutes is every list of up to three routes.
func TestRoutes(t *testing.T) {
	compare(t, browsermodel.Spec(), listsOfRoutes(t), fetches([]string{"GET", "put"}, []string{"authorization"}, bools[:1], []urlPath{
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

func listsOfRoutes(t *testing.T) []server {
	var routes []core.Route
	for _, host := range []string{"", "api.example"} {
		for _, path := range []string{"", "/a/", "/a", "/a/b/"} {
			for _, policy := range []core.Policy{
				{AllowOrigins: []string{"*"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}},
				{AllowOrigins: []string{"https://a.example"}, AllowCredentials: true, AllowMethods: []string{"PUT"}},
				{RejectDisallowed: true},
			} {
				routes = append(routes, core.Route{Host: host, Path: path, Policies: []core.Policy{policy}})
			}
		}
	}
	var servers []server
	for _, r := range routes {
		servers = append(servers, must(t)(behindRoutes(r)))
		for _, s := range routes {
			servers = append(servers, must(t)(behindRoutes(r, s)))
			for _, u := range routes {
				servers = append(servers, must(t)(behindRoutes(r, s, u)))
			}
		}
	}
	return thin(servers)
}

// server is an engine and what the specification is told of it.
type server struct {
	engine   *core.Engine
	policies func(fetch) []core.Policy // that the fetch's path brings
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

// maxMismatches is how many a run prints before it gives up.
const maxMismatches = 5

// compare holds every server to the specification with every fetch, and
// returns the number of pairs.
func compare(t *testing.T, profile browsermodel.Profile, servers []server, all []fetch) int64 {
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
	t.Logf("%d servers, %d fetches: %d pairs, of which %d let the script read", len(servers), len(all), pairs.Load(), reads.Load())
	if !t.Failed() && !testing.Short() && !raceDetector {
		onPage(t, fmt.Sprintf("| %s | %s | %s |", commas(int64(len(servers))), commas(int64(len(all))), commas(pairs.Load())))
	}
	return pairs.Load()
}

// onPage holds docs/proof.md to figures.
func onPage(t *testing.T, figures string) {
	t.Helper()
	const path = "../../docs/proof.md"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(page), figures) {
		t.Errorf("%s has not the figures of this test: %s", path, figures)
	}
}

// commas spells a number with a comma before every three digits.
func commas(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// page makes one fetch again and again, from one server after the other. What
// the browser makes of the same answers it knows from the first time.
type page struct {
	f         fetch
	profile   browsermodel.Profile
	preflight *core.Request // nil if the browser asks no permission
	actual    core.Request
	known     map[[2]core.Decision]outcome
}

// newPage finds out what the browser sends, from a server that allows it all.
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

// facts are what an adapter gathers.
func (p *page) facts(r browsermodel.Request) core.Request {
	return core.Request{
		Method: r.Method, Host: p.f.path.host, Path: p.f.path.path, RawPath: p.f.path.raw,
		Origin:                      r.Header.Values("Origin"),
		AccessControlRequestMethod:  r.Header.Values("Access-Control-Request-Method"),
		AccessControlRequestHeaders: r.Header.Values("Access-Control-Request-Headers"),
	}
}

// fetch is what comes of the fetch from a server.
func (p *page) fetch(e *core.Engine) outcome {
	decisions := p.decisions(e)
	known, ok := p.known[decisions]
	if !ok {
		known = p.judge(decisions)
		p.known[decisions] = known
	}
	return known
}

// decisions are the engine's for the preflight and the request, without what
// no browser gets to see.
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
		panic("the browser model lets a script read Set-Cookie")
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

// exchanges describes what went to and fro.
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

// TestVary stores the answer to every request in a cache that goes by Vary, and
// finds that none is ever given to a request the engine would answer otherwise.
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
	for i, s := range pairsOfPolicies(t) {
		if i%7 != 0 {
			continue // neighbours differ in the last policy's flags alone
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

// cacheKey is RFC 9111's, section 4.1, with the method.
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
			panic("an unknown name in Vary: " + name)
		}
		key += fmt.Sprintf("\n%d %q", len(lines), lines)
	}
	return key
}
