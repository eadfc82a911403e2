package realbrowser

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/internal/proof"
)

// Subject is a server under test.
type Subject struct {
	Name  string
	Mount conformance.Mount
	// XHR runs every case again with XMLHttpRequest, if XMLHttpRequest can send the
	// same as fetch().
	XHR bool
}

// RunConformance runs the cases of package conformance in every browser of [Each],
// against each subject. For every fetch of a case, the verdicts of the browser, of its
// model and of the case must agree, and browser and model must send the same requests.
//
// It runs only the steps of a case that a document can fetch: it leaves out steps that
// send bytes, and documents with origins that this browser does not support. The log says
// how many cases are left out, and why. From cases with more than eight steps it runs a
// sample of eight, or of 32 if the environment variable CORSKIT_PROOF is "whole".
//
// A browser loads a document for each origin of a case, which takes longer than the
// document's fetches. All subjects run concurrently, so six subjects take little longer
// than one.
func RunConformance(t *testing.T, subjects ...Subject) {
	t.Helper()
	cases := thinned(conformance.Cases(), maxSteps(t))
	origins := originsOf(cases)
	Each(t, func(t *testing.T, s *Session) {
		inPage, _ := s.inPages(t, cases, origins)
		s.runCases(t, subjects, inPage)
	}, origins...)
}

// inPages returns the cases that run in pages of the browser, and the number of cases
// left out for each reason.
func (s *Session) inPages(t *testing.T, cases []conformance.Case, origins []string) (run []conformance.Case, left map[string]int) {
	t.Helper()
	can, err := s.CanVisit(t.Context(), origins)
	if err != nil {
		t.Fatal(err)
	}
	run, left = forPages(cases, can)
	t.Logf("%d of %d cases run in a page of %s; left out: %s", len(run), len(cases), s.Version, counts(left))
	return run, left
}

// maxSteps bounds how many steps of a case are run: loading a page takes a tenth of a
// second, and some cases have a thousand origins.
func maxSteps(t *testing.T) int {
	t.Helper()
	if proof.Of(t) == proof.Whole {
		return wholeSteps
	}
	return wholeSteps / 4
}

// wholeSteps is [maxSteps] in the whole proof.
const wholeSteps = 32

// thinned returns the cases with at most maxSteps steps each, evenly spread.
func thinned(cases []conformance.Case, maxSteps int) []conformance.Case {
	cases = slices.Clone(cases)
	for i, c := range cases {
		if n := len(c.Steps); n > maxSteps {
			steps := make([]conformance.Step, maxSteps)
			for k := range steps {
				steps[k] = c.Steps[k*n/maxSteps]
			}
			cases[i].Steps = steps
		}
	}
	return cases
}

// originsOf returns the origins of the documents in cases, if an http or https URL can
// have them.
func originsOf(cases []conformance.Case) []string {
	found := make(map[string]bool)
	for _, c := range cases {
		for _, step := range c.Steps {
			if step.Fetch == nil {
				continue
			}
			scheme, host, ok := strings.Cut(step.Fetch.Origin, "://")
			if ok && host != "" && (scheme == "http" || scheme == "https") && !strings.ContainsAny(host, "/?#@\\ \t\r\n") {
				found[step.Fetch.Origin] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// maxWait is how long a case may wait for the clock of a real browser.
const maxWait = 10 * time.Second

// forPages returns the cases with steps that a page can run, without the other steps, and
// the number of cases left out for each reason.
func forPages(cases []conformance.Case, can map[string]bool) (inPage []conformance.Case, left map[string]int) {
	left = make(map[string]int)
	for _, c := range cases {
		var wait time.Duration
		why := ""
		var steps []conformance.Step
		for _, step := range c.Steps {
			wait += step.After
			switch {
			case step.Fetch == nil:
				why = "it sends only bytes"
			case step.Send != nil && !sends(*step.Fetch, *step.Send):
				why = "no browser sends the request"
			case step.Stream != "":
				why = "the client must act while it reads"
			case step.Fetch.Origin == "null", step.Fetch.Origin == conformance.PlaceholderSelf, can[step.Fetch.Origin]:
				steps = append(steps, step)
			default:
				why = "no document has the origin"
			}
		}
		switch {
		case c.Again != nil:
			why = "it repeats requests of other cases"
		case c.Refusal == conformance.MustRefuse:
			why, steps = "its policies must be refused", nil
		case c.SharedCache:
			why, steps = "it needs a shared cache between browser and server", nil
		case c.Setup.Protocol != conformance.HTTP1:
			why, steps = "browsers are tested with HTTP/1.1", nil
		case c.Exclusive:
			why, steps = "no other case may run at the same time", nil
		case wait > maxWait:
			why, steps = "it takes too long in real time", nil
		}
		if len(steps) == 0 {
			left[why]++
			continue
		}
		c.Steps = steps
		inPage = append(inPage, c)
	}
	return inPage, left
}

// sends reports whether a request is the first that a browser sends for a fetch.
func sends(f browsermodel.Fetch, r browsermodel.Request) bool {
	first := browsermodel.Request{Method: browsermodel.NormalizeMethod(f.Method), URL: f.URL, Body: f.Body}
	first.Header = append(browsermodel.Header("Origin", f.Origin), f.Header...)
	if f.NeedsPreflight() {
		first = f.Preflight()
	}
	same := func(name string) bool {
		return slices.Equal(first.Header.Values(name), r.Header.Values(name))
	}
	for _, line := range append(slices.Clone(first.Header), r.Header...) {
		if !strings.EqualFold(line.Name, "Accept") && !same(line.Name) {
			return false
		}
	}
	return first.Method == r.Method && first.URL == r.URL && first.Body == r.Body
}

func counts(left map[string]int) string {
	var list []string
	for _, why := range slices.Sorted(maps.Keys(left)) {
		list = append(list, fmt.Sprintf("%d (%s)", left[why], why))
	}
	return strings.Join(list, ", ")
}

// unmet has the cases whose expectations browsers do not meet, by ID. In these cases,
// browsers depart from the standard, and so do their models.
var unmet = map[string]string{
	"H10/authorization": "in browsers * covers Authorization",
}

// located is a case with the origins of its server in one browser. No other case has the
// same origins, so cases share neither cached preflights nor requests.
type located struct {
	conformance.Case
	general conformance.Case // the case before it was located
	name    string           // its ID, and how it is sent
	address string
	xhr     bool
	origins []string
	jobs    []Job

	err      error // why there is no server and no job
	outcomes []Outcome
	sent     []browsermodel.Request
}

// late reports whether the case waits for the clock of the browser, and the browser took too
// long for its fetches.
func (l *located) late() bool {
	return waitOf(l.jobs) > 0 && slices.ContainsFunc(l.outcomes, func(o Outcome) bool { return o.late > maxLate })
}

// Bounds of cases that wait for the clock of a browser.
const (
	// maxLate is how much longer than their waits such cases may take. A wait is a second
	// shorter than the time for which a preflight is cached, or longer than that time.
	maxLate    = 900 * time.Millisecond
	clockTries = 6
)

// located returns every case for every subject. The servers run until the test ends.
func (s *Session) located(t *testing.T, subjects []Subject, cases []conformance.Case) (all [][]*located) {
	t.Helper()
	all = make([][]*located, len(subjects))
	for k, subject := range subjects {
		servers := conformance.NewServers(subject.Mount)
		t.Cleanup(servers.Close)
		for _, c := range cases {
			server, err := servers.Start(c)
			if err != nil {
				all[k] = append(all[k], &located{Case: c, name: c.ID, err: err})
				continue
			}
			address := strings.TrimPrefix(server.URL, "http://")
			for _, xhr := range []bool{false, true} {
				if xhr && !(subject.XHR && hasXHR(c)) {
					continue
				}
				l, err := s.locate(c, address, xhr)
				if err != nil {
					t.Fatal(err)
				}
				all[k] = append(all[k], l)
			}
		}
	}
	return all
}

// runCases runs cases against each subject.
func (s *Session) runCases(t *testing.T, subjects []Subject, cases []conformance.Case) {
	t.Helper()
	all := s.located(t, subjects, cases)
	s.runJobs(t, slices.Concat(all...))
	addresses := make(map[string]string)
	for _, l := range slices.Concat(all...) {
		for _, origin := range l.origins {
			addresses[origin] = l.address
		}
	}
	transport := transportTo(addresses)
	for k, subject := range subjects {
		t.Run(subject.Name, func(t *testing.T) {
			for _, c := range all[k] {
				t.Run(c.name, func(t *testing.T) {
					switch {
					case errors.Is(c.err, conformance.ErrUnsupported), errors.Is(c.err, conformance.ErrRefused):
						t.Skip(c.err)
					case c.err != nil:
						t.Fatal(c.err)
					case c.late():
						t.Skipf("the machine is too busy to test the clock of a browser: in each of %d tries, the fetches took %v too long",
							clockTries, maxLate)
					}
					s.judge(t, *c, transport)
				})
			}
		})
	}
}

// runJobs runs the jobs of the cases, and stores their outcomes and requests. It repeats
// late cases with servers that are new to the browser.
func (s *Session) runJobs(t *testing.T, all []*located) {
	t.Helper()
	all = slices.DeleteFunc(all, func(l *located) bool { return l.err != nil })
	for range clockTries {
		s.runOnce(t, all)
		if all = slices.DeleteFunc(all, func(l *located) bool { return !l.late() }); len(all) == 0 {
			return
		}
		t.Logf("%d cases about the clock took %v too long", len(all), maxLate)
		for _, l := range all {
			again, err := s.locate(l.general, l.address, l.xhr)
			if err != nil {
				t.Fatal(err)
			}
			again.outcomes = l.outcomes // in case the repetition does not run
			*l = *again
		}
	}
}

func (s *Session) runOnce(t *testing.T, all []*located) {
	t.Helper()
	owners := make(map[string]*located)
	var sequences [][]Job
	for _, l := range all {
		sequences = append(sequences, l.jobs)
		for _, origin := range l.origins {
			owners[origin] = l
		}
	}
	begin := time.Now()
	outcomes, err := s.Run(t.Context(), sequences)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d sequences of fetches in %v", len(sequences), time.Since(begin).Round(time.Second))
	for i, l := range all {
		l.outcomes = outcomes[i]
	}
	for _, r := range s.Requests("https://") {
		if l := owners[browsermodel.OriginOf(r.URL)]; l != nil {
			l.sent = append(l.sent, r)
		}
	}
}

// hasXHR reports whether XMLHttpRequest can send everything that a case sends with
// fetch(). If XMLHttpRequest gets a 401 that asks for credentials, Firefox opens a dialog,
// and the page waits until someone closes it.
func hasXHR(c conformance.Case) bool {
	return !slices.ContainsFunc(c.Steps, func(step conformance.Step) bool {
		f := *step.Fetch
		return f.UploadListeners || !sameForXHR(f) || strings.HasPrefix(f.URL, "/private")
	})
}

// sameForXHR reports whether XMLHttpRequest does the same as fetch().
func sameForXHR(f browsermodel.Fetch) bool {
	method := browsermodel.NormalizeMethod(f.Method)
	dropsBody := f.Body != "" && (method == "GET" || method == "HEAD") // where fetch() throws
	return f.Mode == browsermodel.ModeCORS && f.Redirect == browsermodel.RedirectFollow && !dropsBody
}

// locate returns the case with separate origins for the server at an address.
func (s *Session) locate(c conformance.Case, address string, xhr bool) (*located, error) {
	self, err := s.Serve(address)
	if err != nil {
		return nil, err
	}
	l := &located{general: c, name: c.ID, address: address, xhr: xhr, origins: []string{self}}
	if xhr {
		l.name += " XMLHttpRequest"
	}
	alias := ""
	l.Case = c.Map(func(text string) string {
		if alias == "" && err == nil && strings.Contains(text, conformance.PlaceholderAlias) {
			if alias, err = s.Serve(address); err == nil {
				l.origins = append(l.origins, alias)
			}
		}
		return strings.NewReplacer(conformance.PlaceholderSelf, self, conformance.PlaceholderAlias, alias).Replace(text)
	})
	if err != nil {
		return nil, err
	}
	for _, step := range l.Steps {
		f := *step.Fetch
		if strings.HasPrefix(f.URL, "/") {
			f.URL = self + f.URL
		}
		l.jobs = append(l.jobs, Job{Fetch: f, XHR: xhr || f.UploadListeners, Wait: step.After})
	}
	return l, nil
}

// judge compares the verdict of the browser on a case with the verdict of the model and
// the expectations of the case.
func (s *Session) judge(t *testing.T, c located, transport browsermodel.Transport) {
	t.Helper()
	outcomes := c.outcomes
	verdicts, modelSent := inModel(t.Context(), s.Engine.Profile, transport, c.jobs)
	var wrong []string
	for i, job := range c.jobs {
		verdict := verdicts[i]
		if difference := differ(job, outcomes[i], verdict); difference != "" {
			t.Errorf("step %d, %s %s: the browser and its model disagree\n%s", i+1, job.Method, job.URL, difference)
		}
		// The code below compares the requests of the browser with those of the model.
		seen := browsermodel.Verdict{
			Type: outcomes[i].Type, Allowed: outcomes[i].Allowed(), Status: outcomes[i].Status,
			Header: outcomes[i].Header, Body: outcomes[i].Body, Exchanges: verdict.Exchanges,
		}
		if seen.Type == TypeXHR {
			seen.Type = browsermodel.TypeCORS
		}
		for _, w := range c.Steps[i].Judge(seen) {
			wrong = append(wrong, fmt.Sprintf("step %d, %s from %s: %s", i+1, job.URL, job.Origin, w))
		}
	}
	if difference := differOnWire(c.jobs, c.sent, modelSent); difference != "" {
		t.Error(difference)
	}
	switch reason, known := unmet[c.ID]; {
	case known && len(wrong) == 0:
		t.Errorf("the browser meets the expectations of the case, although unmet lists it: %s", reason)
	case !known && len(wrong) > 0:
		t.Errorf("%s (%s)\n%s", c.Reason, c.Source, strings.Join(wrong, "\n"))
	}
}

// transportTo returns a transport with which the model reaches servers directly, at the
// addresses behind their origins.
func transportTo(addresses map[string]string) browsermodel.Transport {
	send := conformance.RoundTripper(&http.Transport{DisableKeepAlives: true, DisableCompression: true})
	return func(ctx context.Context, r browsermodel.Request) (browsermodel.Response, error) {
		u, err := url.Parse(r.URL)
		if err != nil {
			return browsermodel.Response{}, err
		}
		address, ok := addresses[browsermodel.OriginOf(r.URL)]
		if !ok {
			return browsermodel.Response{}, fmt.Errorf("realbrowser: no server at %s", r.URL)
		}
		r.Header = append(browsermodel.Header("Host", u.Host), r.Header...)
		u.Scheme, u.Host = "http", address
		r.URL = u.String()
		return send(ctx, r)
	}
}
