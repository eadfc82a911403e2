package realbrowser

import (
	"flag"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/internal/proof"
)

var only = flag.String("probes", "", "calibrate only with probes whose IDs match this `regexp`")

// TestCalibration asks every browser and its model the same questions. It fails if their
// answers differ and [deviations] does not list the question, or if they agree and
// [deviations] lists it. Only the whole proof asks all questions.
func TestCalibration(t *testing.T) {
	server := startPeer(t)
	asked := probes()
	if *only != "" {
		wanted, err := regexp.Compile(*only)
		if err != nil {
			t.Fatal(err)
		}
		asked = slices.DeleteFunc(asked, func(p probe) bool { return !wanted.MatchString(p.id) })
	}
	every := *only == "" && proof.Of(t) == proof.Whole
	if *only == "" && !every {
		asked = sampled(asked)
	}
	t.Logf("%d generated answers", len(asked))
	Each(t, func(t *testing.T, s *Session) {
		questions := ask(t, s, server, asked)
		begin := time.Now()
		outcomes := runApart(t, s, questions)
		elapsed := time.Since(begin)
		sent := requestsByPath(s.Requests("https://"))

		known := deviationsOf(s)
		var table tally
		for i, q := range questions {
			table.judged(q)
			difference := q.compare(t, s.Engine.Profile, server, outcomes[i], sent[q.path])
			d := known.find(q.id)
			switch {
			case difference == "" && d != nil:
				known.contradict(t, d, q.id)
			case difference != "" && d == nil:
				table.disagreed(q)
				t.Errorf("%s: the browser and its model disagree\n%s\n%s", q.id, q.describe(server), difference)
			case difference != "":
				table.disagreed(q)
			}
		}
		if every {
			known.unused(t)
		}
		t.Logf("%s, in %v:\n%s", s.Version, elapsed.Round(time.Second), &table)
	}, pageA, pageHTTP, pageIPv6, sameSite)
}

// sampled returns one probe in seven.
func sampled(probes []probe) []probe {
	var some []probe
	for i := 0; i < len(probes); i += 7 {
		some = append(some, probes[i])
	}
	return some
}

// cachedByChromium is how many preflights Chromium caches. It evicts others at random.
const cachedByChromium = 1024

// runApart runs the questions in an order in which no browser evicts a preflight that a
// question asks about. Chromium evicts preflights at random once its cache is full, so
// questions with several fetches run before those with one, which fill the cache. Firefox
// caches at most a hundred preflights, so two kinds of questions run apart from the
// others: questions that move from one page to another, because all other questions would
// run a fetch between two of theirs; and, one by one, questions whose preflights grant
// neither methods nor headers, because Firefox evicts these first.
func runApart(t *testing.T, s *Session, questions []question) [][]Outcome {
	t.Helper()
	outcomes := make([][]Outcome, len(questions))
	run := func(chosen ...int) {
		var sequences [][]Job
		for _, i := range chosen {
			sequences = append(sequences, questions[i].jobs)
		}
		got, err := s.Run(t.Context(), sequences)
		if err != nil {
			t.Fatal(err)
		}
		for k, i := range chosen {
			outcomes[i] = got[k]
		}
	}
	var moving, evictable, several, single []int
	for i, q := range questions {
		switch {
		case strings.HasPrefix(q.id, "cache/listeners, POST/absent"):
			evictable = append(evictable, i)
		case slices.ContainsFunc(q.jobs, func(j Job) bool { return j.Origin != q.jobs[0].Origin }):
			moving = append(moving, i)
		case len(q.jobs) > 1:
			several = append(several, i)
		default:
			single = append(single, i)
		}
	}
	run(moving...)
	for _, i := range evictable {
		run(i)
	}
	run(several...)
	if n := cacheable(s); n > cachedByChromium {
		t.Errorf("the questions with several fetches fill %d entries of the preflight cache; Chromium has %d: ask some in another browser",
			n, cachedByChromium)
	}
	run(single...)
	return outcomes
}

// cacheable returns how many entries the preflights of a session can fill in a preflight
// cache, which has one entry for each origin and URL, and for fetches with and without
// credentials. Few questions ask about both, and a preflight does not show which of the
// two it is for, so these count once.
func cacheable(s *Session) int {
	entries := make(map[[2]string]bool)
	for _, r := range s.Requests("https://") {
		if r.Method == "OPTIONS" {
			origin, _ := r.Header.Get("Origin")
			entries[[2]string{origin, r.URL}] = true
		}
	}
	return len(entries)
}

// TestProbes checks the table of probes without a browser.
func TestProbes(t *testing.T) {
	seen := make(map[string]bool)
	for _, p := range probes() {
		if seen[p.id] {
			t.Errorf("two probes have the ID %q", p.id)
		}
		seen[p.id] = true
		if len(p.jobs) == 0 || len(p.said) == 0 {
			t.Errorf("%s has no job or no answer", p.id)
		}
	}
	for _, d := range deviations {
		if d.reason == "" || d.version == "" || len(d.probes) == 0 {
			t.Errorf("a deviation of %s lacks a reason, a version or probes: %+v", d.engine, d)
		}
	}
}

// tally counts probes, judgments and disagreements, by the first word of the IDs.
type tally struct {
	groups []string
	counts map[string]*[3]int
}

func (c *tally) at(q question) *[3]int {
	group, _, _ := strings.Cut(q.id, "/")
	if c.counts[group] == nil {
		if c.counts == nil {
			c.counts = make(map[string]*[3]int)
		}
		c.groups = append(c.groups, group)
		c.counts[group] = new([3]int)
	}
	return c.counts[group]
}

func (c *tally) judged(q question) {
	if !strings.HasSuffix(q.id, bySuffix) {
		c.at(q)[0]++
	}
	c.at(q)[1]++
}

func (c *tally) disagreed(q question) { c.at(q)[2]++ }

// String returns the table in Markdown.
func (c *tally) String() string {
	var b strings.Builder
	var sum [3]int
	b.WriteString("| answers about | answers | judged | disagreements |\n|---|---|---|---|\n")
	for _, group := range c.groups {
		n := c.counts[group]
		fmt.Fprintf(&b, "| %s | %d | %d | %d |\n", group, n[0], n[1], n[2])
		for i := range sum {
			sum[i] += n[i]
		}
	}
	fmt.Fprintf(&b, "| all | %d | %d | %d |", sum[0], sum[1], sum[2])
	return b.String()
}

// bySuffix marks the IDs of questions that are repeated with XMLHttpRequest.
const bySuffix = " (XMLHttpRequest)"

// question is a probe with one of the two ways in which scripts fetch.
type question struct {
	probe
	path string // the prefix of its URLs, and of no other question's
}

// ask returns the questions of a table and scripts the answers of the peer.
func ask(t *testing.T, s *Session, server *peer, table []probe) []question {
	t.Helper()
	servers := make([]string, 2)
	for i := range servers {
		var err error
		if servers[i], err = s.Serve(server.address()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Route(pageA, server.address()); err != nil {
		t.Fatal(err)
	}
	var questions []question
	add := func(p probe) {
		n := len(questions)
		p = p.expand(n, pageA, servers)
		for h, a := range p.said {
			server.script(h.path, h.preflight, a)
		}
		questions = append(questions, question{p, fmt.Sprintf("/p%d/", n)})
	}
	for _, p := range table {
		add(p)
		if p.askedTwice() {
			xhr := p
			xhr.id += bySuffix
			xhr.jobs = slices.Clone(p.jobs)
			for i := range xhr.jobs {
				xhr.jobs[i].XHR = true
			}
			add(xhr)
		}
	}
	return questions
}

// askedTwice reports whether the probe is repeated with XMLHttpRequest.
func (p probe) askedTwice() bool { return !p.once && p.hasXHR() }

// hasXHR reports whether XMLHttpRequest can send the same as fetch().
func (p probe) hasXHR() bool {
	return !slices.ContainsFunc(p.jobs, func(j Job) bool { return j.UploadListeners || !sameForXHR(j.Fetch) })
}

func requestsByPath(requests []browsermodel.Request) map[string][]browsermodel.Request {
	byPath := make(map[string][]browsermodel.Request)
	for _, r := range requests {
		u, err := url.Parse(r.URL)
		if err != nil {
			continue
		}
		first, _, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/")
		byPath["/"+first+"/"] = append(byPath["/"+first+"/"], r)
	}
	return byPath
}

// compare returns how the outcomes and requests of the browser differ from those of the
// model, or "".
func (q question) compare(t *testing.T, profile browsermodel.Profile, server *peer, outcomes []Outcome,
	sent []browsermodel.Request) string {
	t.Helper()
	verdicts, modelSent := inModel(t.Context(), profile, server.transport, q.jobs)
	var differences []string
	for i, job := range q.jobs {
		if difference := differ(job, outcomes[i], verdicts[i]); difference != "" {
			differences = append(differences, fmt.Sprintf("fetch %d: %s", i+1, difference))
		}
	}
	if difference := differOnWire(q.jobs, sent, modelSent); difference != "" {
		differences = append(differences, difference)
	}
	return strings.Join(differences, "\n")
}

// describe describes the fetches and the answers.
func (q question) describe(server *peer) string {
	var b strings.Builder
	for _, j := range q.jobs {
		f := j.Fetch
		fmt.Fprintf(&b, "  %s: %.100q %s %.300q credentials=%v mode=%q redirect=%q listeners=%v body=%.40q wait=%v\n",
			f.Origin, f.Method, f.URL, f.Header, f.Credentials, f.Mode, f.Redirect, f.UploadListeners, f.Body, j.Wait)
	}
	for h := range q.said {
		server.mu.Lock()
		a, _ := server.answers[key(h.path, h.preflight)].bytes("GET")
		server.mu.Unlock()
		fmt.Fprintf(&b, "  %s preflight=%v: %.600q\n", h.path, h.preflight, a)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
