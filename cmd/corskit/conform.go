package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/conformance/browsermodel"
)

func newConform() *cobra.Command {
	var c conform
	cmd := &cobra.Command{
		Use:   "conform URL [FILE]",
		Short: "Compare a running server with a configuration",
		Long: `conform compares a running server with a file. The server need not use corskit.
conform derives its requests from the file: origins that each pattern matches, origins
at the edges of a pattern, and look-alikes that only a careless comparison allows;
each method and header that the file lists, and some that it does not; the origin
null; and the same requests as other browsers send them. A model of the browser judges
the server's answers and the answers that the file asks for. Without a FILE, conform
reads cors.yaml.

conform reports what the server allows and the file does not, what the file allows and
the server refuses, and headers that mislead caches. For each difference it prints a
curl command that shows it, and the browser's message.

conform invents a path for each route. --path names a path that exists, to use
instead. If the server is this machine, requests name the host of each route.
Otherwise, conform leaves out the routes of other hosts, and --host says which host of
the file the server is.

conform sends only OPTIONS, GET and HEAD. For any other method, it sends the preflight
and not the request; --send names methods that it may send too, such as POST, if they
do no harm. conform says how many requests it may send, and asks before it sends them
to another machine. --yes agrees in advance. Use conform only on servers that you are
responsible for. As in probe, a status such as 429 or 503 does not count as an answer,
and conform waits as Retry-After asks.

CORS_* environment variables override the file, unless --no-env is given.

Exit status: 0 if there is no difference, apart from warnings; 1 if there is one; 2 if
the server does not answer, or if some requests get no answer and the others show no
difference.`,
		Example: `  corskit conform http://localhost:8080/ cors.yaml
  corskit conform https://api.example.com/ cors.yaml --path /public/news --path /items --yes --rate 5/s
  corskit conform http://localhost:8080/items --send POST,PUT
  corskit conform http://localhost:8080/ cors.yaml --format junit > conform.xml`,
		Args:              between(1, 2),
		ValidArgsFunction: completeFiles,
		RunE:              c.run,
	}
	c.source.flags(cmd)
	f := cmd.Flags()
	f.StringArrayVar(&c.paths, "path", nil, "a path that exists, to use instead of the invented path of its route; may be repeated")
	f.StringVar(&c.host, "host", "", "which host of the file the server is; requests name it")
	f.StringSliceVar(&c.send, "send", nil,
		"also send requests with these methods, not only their preflights; use it only if that does no harm")
	f.BoolVarP(&c.yes, "yes", "y", false, "send to other machines without asking")
	f.BoolVar(&c.insecure, "insecure", false, "accept certificates that cannot be verified")
	f.StringVar(&c.rate, "rate", "", "the highest rate of requests, such as 2/s or 30/m")
	f.IntVar(&c.limit, "max-requests", 2000, "the most requests to send")
	f.DurationVar(&c.timeout, "timeout", 10*time.Second, "how long to wait for each answer")
	f.StringVar(&c.format, "format", "text", "output format: text, json, junit, or github for workflow annotations")
	complete(cmd, "format", "text", "json", "junit", "github")
	complete(cmd, "send", "POST", "PUT", "PATCH", "DELETE")
	return cmd
}

type conform struct {
	source   source
	paths    []string
	host     string
	send     []string
	yes      bool
	insecure bool
	rate     string
	limit    int
	timeout  time.Duration
	format   string

	interval time.Duration
}

// conformed is the JSON output.
type conformed struct {
	URL         string       `json:"url"`
	File        string       `json:"file"`
	Revision    string       `json:"revision"`
	Conforms    bool         `json:"conforms"` // whether there is no error and everything was judged
	Differences []*deviation `json:"differences"`
	Notes       []string     `json:"notes,omitempty"`
	Requests    int          `json:"requests"`           // how many were sent
	Unanswered  int          `json:"unanswered"`         // how many of these got no answer
	Unjudged    string       `json:"unjudged,omitempty"` // what was not judged, and why

	outcomes []outcomeOf
	took     time.Duration
}

// outcomeOf is the outcome of one question.
type outcomeOf struct {
	question
	errors  []string // the codes of the differences that it shows
	failure string   // why there is no answer
	skipped bool     // not sent, because earlier answers imply its answer
}

func (c *conform) run(cmd *cobra.Command, list []string) error {
	target, err := c.target(list[0])
	if err != nil {
		return err
	}
	files, err := orDefault(list[1:])
	if err != nil {
		return err
	}
	cfg, err := c.source.read(cmd, files[0])
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	shown := progress{terminal: newTerminal(cmd.ErrOrStderr(), "never")}
	defer shown.clear()
	result := conformed{URL: target.String(), File: files[0], Revision: cfg.Revision.Hash, Differences: []*deviation{}}
	questions := c.plan(ctx, cfg, target, &result, shown.show)
	shown.clear()

	g := &gate{yes: c.yes, ask: newAsk(cmd), requests: "up to " + plural(requestsOf(questions), "request")}
	if g.pass(ctx, target) != nil {
		return interrupted(ctx, g)
	}
	if c.format == "text" {
		fmt.Fprintf(cmd.ErrOrStderr(), "sending up to %s to %s\n", plural(requestsOf(questions), "request"), safe(target.Host))
	}
	w := newWire(g, c.insecure, c.timeout, c.interval)
	w.agent = "corskit-conform"
	w.waiting = func(d time.Duration) {
		shown.clear()
		fmt.Fprintf(cmd.ErrOrStderr(), "the server is busy: waiting %v, as it asks\n", d)
	}
	defer w.transport.CloseIdleConnections()
	e := examination{ctx: ctx, send: w.send, judge: newComparer(ctx, cfg.Engine()), result: &result, advice: busyAdvice(c.interval)}
	begun := time.Now()
	e.run(questions, shown.show)
	shown.clear()
	if err := interrupted(ctx, g); err != nil {
		return err
	}
	if result.Requests == result.Unanswered && w.failure != nil {
		return noAnswerOf(result.URL, w.failure)
	}
	result.finish(e.judge)
	result.took = time.Since(begun)
	return c.print(cmd, &result)
}

// noAnswerOf returns the error for a server that answers no request.
func noAnswerOf(url string, failure error) error {
	text := failure.Error()
	if advice := adviceFor(failure); advice != "" {
		text += ": " + advice
	}
	return fmt.Errorf("%s does not answer: %s", safe(url), text)
}

// target checks the flags, and returns the URL of the server.
func (c *conform) target(raw string) (*url.URL, error) {
	err := oneOf("format", c.format, "text", "json", "junit", "github")
	if err == nil {
		c.interval, err = parseRate(c.rate)
	}
	switch {
	case err != nil:
		return nil, err
	case c.timeout <= 0:
		return nil, usagef("--timeout must be positive")
	case c.limit <= 0:
		return nil, usagef("--max-requests must be positive")
	case strings.ContainsAny(c.host, `/\?#@:`) || strings.ToLower(c.host) != c.host:
		return nil, usagef("--host %s is not a host in lower case, without a port", safe(c.host))
	}
	for i, m := range c.send {
		c.send[i] = browsermodel.NormalizeMethod(m)
		f := browsermodel.Fetch{Origin: stranger, URL: "http://localhost/", Method: m}
		if v := (&browsermodel.Browser{Transport: nowhere}).Fetch(context.Background(), f); v.Code != browsermodel.CodeNetwork {
			return nil, usagef("--send %s: %s", safe(m), v.Text)
		}
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		if meant := webURL(raw); meant != "" {
			return nil, usagef("the scheme is misspelled in %s; did you mean %s?", safe(raw), safe(meant))
		}
		return nil, usagef("%s is not an http:// or https:// URL", safe(raw))
	}
	if u.User != nil {
		return nil, usagef("browsers do not fetch URLs with a user name or password")
	}
	if u.RawPath != "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" {
		c.paths = append([]string{u.RequestURI()}, c.paths...)
	}
	for i, path := range c.paths {
		if !strings.HasPrefix(path, "/") {
			return nil, usagef("--path %s must begin with a slash", safe(path))
		}
		normal, finding := browsermodel.NormalizeURL(u.Scheme + "://" + u.Host + path)
		if !finding.OK {
			return nil, usagef("%s", finding.Text)
		}
		at, err := url.Parse(normal)
		if err != nil {
			return nil, usagef("--path %s is not a path", safe(path))
		}
		c.paths[i], u.Host = at.RequestURI(), at.Host
	}
	root, finding := browsermodel.NormalizeURL(u.Scheme + "://" + u.Host + "/")
	if !finding.OK {
		return nil, usagef("%s", finding.Text)
	}
	return url.Parse(root)
}

// nowhere is a transport that never gets an answer.
func nowhere(context.Context, browsermodel.Request) (browsermodel.Response, error) {
	return browsermodel.Response{}, errors.New("no answer")
}

// plan returns at most c.limit questions, shared out among the places.
func (c *conform) plan(
	ctx context.Context, cfg *config.Config, target *url.URL, result *conformed, show func(config.Progress),
) []question {
	p := inquiry{ctx: ctx, config: cfg, base: target, host: c.host, paths: c.paths, send: c.send, compared: make(map[string]bool)}
	entries := entriesOf([]*config.Config{cfg})
	p.visitors, p.notes = visitors(entries, func(done, total int) {
		show(config.Progress{Phase: "reading patterns", Done: done, Total: total})
	})
	p.outsider = stranger
	if o, ok := otherOrigin(entries); ok {
		p.outsider = o
	}
	p.find()
	places := p.places[:min(len(p.places), maxPlaces)]
	if n := len(p.places); n > maxPlaces {
		p.notes = append(p.notes, fmt.Sprintf(
			"the file has %d paths to ask about, and conform used the first %d; name others with --path", n, maxPlaces))
	}
	all := make([][]question, len(places))
	for i, at := range places {
		show(config.Progress{Phase: "deriving requests", Done: i, Total: len(places)})
		all[i] = p.questions(at)
	}
	list, cut := apportioned(all, c.limit)
	result.Notes = append(result.Notes, p.notes...)
	if cut > 0 {
		result.Notes = append(result.Notes, fmt.Sprintf("%s left out: to send them too, use --max-requests %d",
			plural(cut, "request"), c.limit+cut))
	}
	if len(places) == 0 {
		result.Notes = append(result.Notes, "the file has no route for this server")
	}
	return list
}

// maxPlaces is the most paths that conform uses.
const maxPlaces = 200

// apportioned returns questions that take at most limit requests. Places with few questions
// keep them all, and the others share the rest equally. cut is the number of requests that it
// leaves out.
func apportioned(all [][]question, limit int) (list []question, cut int) {
	order := make([]int, len(all))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return requestsOf(all[a]) - requestsOf(all[b]) })
	for done, i := range order {
		share, n := limit/(len(all)-done), 0
		for n < len(all[i]) && all[i][n].requests() <= share {
			share -= all[i][n].requests()
			n++
		}
		limit, cut = limit-requestsOf(all[i][:n]), cut+requestsOf(all[i][n:])
		all[i] = all[i][:n]
	}
	return slices.Concat(all...), cut
}

// requestsOf returns the most requests that questions take.
func requestsOf(questions []question) (n int) {
	for _, q := range questions {
		n += q.requests()
	}
	return n
}

// requests returns the most requests that q takes: two if a preflight comes first.
func (q question) requests() int {
	if q.preflightFirst() {
		return 2
	}
	return 1
}

// preflightFirst reports whether q is sent only if the server allows it in a preflight.
func (q question) preflightFirst() bool {
	return q.part == sending && !q.preflight && !slices.Contains([]string{"GET", "HEAD", "POST"}, q.fetch.Method)
}

// examination sends the questions and judges the answers.
type examination struct {
	ctx    context.Context
	send   browsermodel.Transport
	judge  *comparer
	result *conformed
	advice string
	failed int    // how many requests in a row got no answer
	ended  string // why no more are sent
}

// maxFailures is the number of requests in a row without an answer after which conform sends no
// more.
const maxFailures = 3

func (e *examination) run(questions []question, show func(config.Progress)) {
	first := ""
	for i, q := range questions {
		if e.ctx.Err() != nil {
			return
		}
		show(config.Progress{Phase: "asking", Done: i, Total: len(questions)})
		o := outcomeOf{question: q}
		switch {
		case e.ended != "":
			o.failure = "not sent: " + e.ended
		case e.judge.pointless(q):
			o.skipped = true
		default:
			o.errors, o.failure = e.ask(q)
			if o.failure != "" && first == "" {
				first = o.failure
			}
		}
		e.result.outcomes = append(e.result.outcomes, o)
	}
	if e.result.Unanswered > 0 {
		unsent := 0
		for _, o := range e.result.outcomes {
			if strings.HasPrefix(o.failure, "not sent: ") {
				unsent++
			}
		}
		text := fmt.Sprintf("%d of %s got no answer (the first: %s)", e.result.Unanswered,
			plural(e.result.Requests, "request"), first)
		if unsent > 0 {
			text += fmt.Sprintf(", and %d were not sent", unsent)
		}
		if e.failed < maxFailures {
			text += "; " + e.advice
		}
		e.result.Unjudged = text
	}
	for _, at := range placesOf(questions) {
		e.judge.varies(at)
	}
}

func placesOf(questions []question) (list []*place) {
	for _, q := range questions {
		if !slices.Contains(list, q.place) {
			list = append(list, q.place)
		}
	}
	return list
}

// ask sends a question. failure says why there is no answer.
func (e *examination) ask(q question) (codes []string, failure string) {
	if q.preflightFirst() {
		asks := q
		asks.preflight = true
		r := asks.request()
		response, failure := e.exchange(r)
		if failure != "" {
			return nil, failure
		}
		codes = e.judge.answer(asks, r, response).errors
		if _, finding := browsermodel.CheckPreflight(browsermodel.Spec(), q.fetch, response); !finding.OK {
			return codes, ""
		}
	}
	r := q.request()
	response, failure := e.exchange(r)
	if failure != "" {
		return codes, failure
	}
	return append(codes, e.judge.answer(q, r, response).errors...), ""
}

func (e *examination) exchange(r browsermodel.Request) (response browsermodel.Response, failure string) {
	e.result.Requests++
	response, err := e.send(e.ctx, r)
	switch {
	case err != nil:
		failure = safe(err.Error())
		if e.failed++; e.failed == maxFailures {
			e.ended = plural(maxFailures, "request") + " in a row got no answer"
		}
	case noAnswer(response) != "":
		failure = noAnswer(response)
		e.ended = "the server is busy"
	default:
		e.failed = 0
		return response, ""
	}
	e.result.Unanswered++
	return response, failure
}

// finish sorts the differences and completes their texts.
func (r *conformed) finish(j *comparer) {
	order := []string{sectionBeyond, sectionRefused, sectionCaching}
	rank := func(d *deviation) int {
		n := 2 * slices.Index(order, d.Section)
		if d.Severity != "error" {
			n++
		}
		return n
	}
	r.Differences = append(r.Differences, j.differences...)
	slices.SortStableFunc(r.Differences, func(a, b *deviation) int { return rank(a) - rank(b) })
	for _, d := range r.Differences {
		d.complete()
	}
	if slices.ContainsFunc(r.Differences, func(d *deviation) bool { return d.Section == sectionRefused }) {
		for at, status := range j.baseline {
			if status == 404 || status >= 300 && status < 400 {
				r.Notes = append(r.Notes, fmt.Sprintf("a request without Origin to %s gets status %s: if errors and redirects come from "+
					"outside the CORS middleware, name a path that exists with --path", safe(at.name), statusText(status)))
			}
		}
		slices.Sort(r.Notes)
	}
	r.Conforms = !r.serious() && r.Unjudged == ""
}

// complete adds to the text the names, and what all requests that show the difference have in
// common.
func (d *deviation) complete() {
	const most = 8
	if n := len(d.Names); n > 0 {
		names := make([]string, 0, most)
		for _, name := range d.Names[:min(n, most)] {
			if name == sampleMethod || name == sampleLabel {
				name = "any other"
			}
			names = append(names, safe(name))
		}
		if n > most {
			names = append(names, fmt.Sprintf("%d more", n-most))
		}
		d.Text += ": " + strings.Join(names, ", ")
	}
	if d.onlyWith && !strings.Contains(d.Text, "credentials") {
		d.Text += " (with credentials)"
	}
	if n := len(d.variation); n > 0 && n < len(agents) {
		for _, name := range agents {
			if d.variation[name] {
				d.Browsers = append(d.Browsers, name)
			}
		}
		d.Text += " (only in requests as sent by " + strings.Join(d.Browsers, ", ") + ")"
		for i, x := range d.Examples {
			d.Examples[i].Curl = curl(x.Request, "User-Agent", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Referer")
		}
	}
}

func (r *conformed) serious() bool {
	return slices.ContainsFunc(r.Differences, func(d *deviation) bool { return d.Severity == "error" })
}
