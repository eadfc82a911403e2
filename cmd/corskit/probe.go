package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/conformance/browsermodel"
)

func newProbe() *cobra.Command {
	var p probe
	cmd := &cobra.Command{
		Use:   "probe URL|MESSAGE --origin ORIGIN",
		Short: "Judge the CORS headers of a running server",
		Long: `probe sends to any server what a browser would send, judges the answers as a browser
would, and looks for misconfigurations: reflected origins, null, look-alikes of the
allowed origin, a missing Vary, doubled headers, and * together with credentials.

MESSAGE is a message from the console of Chromium, Firefox or Safari, pasted whole;
"-" reads it from standard input. probe uses the origin, URL, method and header that
it names. Flags override the message, and so does a URL before it.

probe sends the request that you describe once, after its preflight. The other
checks send only OPTIONS, GET and HEAD, fewer than twenty in all, and with
--repeat also the method of the request. probe asks before it sends anything to
another machine, also after a redirect; --yes agrees in advance. Probe only
servers that you are responsible for.

A status such as 429 or 503, or the challenge of a firewall, does not count as an
answer: it says nothing about CORS. probe waits as Retry-After asks, up to two minutes
in all, and repeats OPTIONS, GET and HEAD. --rate helps to stay below a rate limit.

Exit status: 0 if the request is allowed and nothing is wrong; 1 if the request is
refused or something is wrong; 2 if the server does not answer, or if some checks get
no answer and the others find nothing wrong.`,
		Example: `  corskit probe http://localhost:8080/items --origin https://app.example.com
  corskit probe https://api.example.com/items --origin https://app.example.com --yes \
      --method PUT --header "Content-Type: application/json" --credentials
  corskit probe "Access to fetch at 'http://localhost:8080/items' from origin
      'http://localhost:3000' has been blocked by CORS policy: ..."
  corskit probe http://localhost:8080/ --origin https://app.example.com --format json`,
		Args: between(1, 2),
		RunE: p.run,
	}
	p.script.flags(cmd)
	cmd.Flags().BoolVarP(&p.yes, "yes", "y", false, "send to other machines without asking")
	cmd.Flags().BoolVar(&p.insecure, "insecure", false, "accept certificates that cannot be verified")
	cmd.Flags().BoolVar(&p.repeat, "repeat", false, "send the method of the request in the checks too; use it only if that does no harm")
	cmd.Flags().StringVar(&p.rate, "rate", "", "the highest rate of requests, such as 2/s or 30/m")
	cmd.Flags().DurationVar(&p.timeout, "timeout", 10*time.Second, "how long to wait for each answer")
	cmd.Flags().StringVar(&p.format, "format", "text", "output format: text, json, or github for workflow annotations")
	complete(cmd, "format", "text", "json", "github")
	return cmd
}

type probe struct {
	script   script
	yes      bool
	insecure bool
	repeat   bool
	rate     string
	timeout  time.Duration
	format   string

	interval time.Duration // between requests, from rate
}

// probed is the JSON output.
type probed struct {
	URL        string             `json:"url"`
	Message    *message           `json:"message,omitempty"`
	Fetch      browsermodel.Fetch `json:"fetch"`
	Verdict    verdict            `json:"verdict"`
	Fix        string             `json:"fix,omitempty"`
	Corskit    bool               `json:"corskit"` // whether the server seems to use corskit
	Findings   []finding          `json:"findings"`
	Notes      []string           `json:"notes,omitempty"`
	Exchanges  []exchange         `json:"exchanges"`
	Checks     int                `json:"checks"`             // how many requests the checks sent
	Unanswered int                `json:"unanswered"`         // how many of these got no answer
	Skipped    []string           `json:"skipped,omitempty"`  // the codes of findings that some checks could not look for
	Unjudged   string             `json:"unjudged,omitempty"` // what was not judged, and why
}

func (p *probe) run(cmd *cobra.Command, list []string) error {
	fetch, m, notes, err := p.fetch(cmd, list)
	if err != nil {
		return err
	}
	target, err := url.Parse(fetch.URL)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	g := &gate{yes: p.yes, ask: newAsk(cmd), requests: "about 20 requests"}
	if g.pass(ctx, target) != nil {
		return interrupted(ctx, g)
	}
	w := newWire(g, p.insecure, p.timeout, p.interval)
	w.agent = "corskit-probe"
	w.waiting = func(d time.Duration) {
		fmt.Fprintf(cmd.ErrOrStderr(), "the server is busy: waiting %v, as it asks\n", d)
	}
	defer w.transport.CloseIdleConnections()
	browser := browsermodel.Browser{Transport: w.send, Profile: profiles[p.script.browser]}
	v := browser.Fetch(ctx, fetch)
	if err := interrupted(ctx, g); err != nil {
		return err
	}
	if v.Code == browsermodel.CodeNetwork {
		return p.noAnswer(w, fetch, v)
	}
	result := p.judged(ctx, w.send, fetch, v)
	result.Message, result.Notes = m, append(notes, result.Notes...)
	result.Verdict.guess = p.script.guess
	result.noteAllowed()
	if err := interrupted(ctx, g); err != nil {
		return err
	}
	if err := p.print(cmd, result); err != nil {
		return err
	}
	switch {
	case result.Verdict.Code == codeBusy:
		return errNoAnswer
	case !v.Allowed || serious(result.Findings):
		return errNo
	case result.Unjudged != "":
		return errNoAnswer
	}
	return nil
}

// noteAllowed adds a note to the verdict on a request that is allowed.
func (r *probed) noteAllowed() {
	if !r.Verdict.Allowed {
		return
	}
	last := r.Exchanges[len(r.Exchanges)-1].Response.Status
	switch {
	case r.Message != nil && r.Verdict.guess == "": // otherwise use has added a note
		r.Notes = append(r.Notes, "the server allows this request, but the script may have sent another: the message "+
			"need not name the method, headers and credentials, so add them as flags")
	case r.Message == nil && last == http.StatusNotFound:
		r.Notes = append(r.Notes, "status 404: CORS allows the request, but the server has no such route")
	case r.Message == nil && last == http.StatusMethodNotAllowed:
		r.Notes = append(r.Notes, "status 405: CORS allows the request, but the route does not have the method "+safe(r.Fetch.Method))
	}
}

// noAnswer returns an error that says why there is no answer.
func (p *probe) noAnswer(w *wire, fetch browsermodel.Fetch, v browsermodel.Verdict) error {
	last := fetch.URL // after redirects
	if n := len(v.Exchanges); n > 0 {
		last = v.Exchanges[n-1].Request.URL
	}
	text := v.Text
	if advice := adviceFor(w.failure); advice != "" {
		text += ": " + advice
	}
	return fmt.Errorf("%s does not answer: %s", safe(last), text)
}

// fetch returns the fetch that the command line describes, and its message, if any.
func (p *probe) fetch(cmd *cobra.Command, list []string) (f browsermodel.Fetch, m *message, notes []string, err error) {
	if err := oneOf("format", p.format, "text", "json", "github"); err != nil {
		return f, nil, nil, err
	}
	if p.interval, err = parseRate(p.rate); err != nil {
		return f, nil, nil, err
	}
	if p.timeout <= 0 {
		return f, nil, nil, usagef("--timeout must be positive")
	}
	urls, m, err := cutMessage(cmd, list)
	if err != nil {
		return f, nil, nil, err
	}
	if m != nil {
		if m.beyondCORS() {
			return f, nil, nil, errors.New("no answer of the server can prevent this message: " + m.meaning())
		}
		if url := cmp.Or(m.Redirected, m.URL); len(urls) == 0 && url != "" {
			urls = []string{url}
		}
		if len(urls) == 0 {
			return f, nil, nil, usagef("the message of %s does not name the URL: write it before the message", browserNames[m.Browser])
		}
		if notes, err = p.script.use(cmd, *m, otherMethods); err != nil {
			return f, nil, nil, err
		}
	}
	if len(urls) != 1 {
		return f, nil, nil, exactly(1)(cmd, urls)
	}
	target := urls[0]
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		if meant := webURL(target); meant != "" {
			return f, nil, nil, usagef("the scheme is misspelled in %s; did you mean %s?", safe(target), safe(meant))
		}
		return f, nil, nil, usagef("%s is neither an http:// or https:// URL nor a browser's message", safe(target))
	}
	if u.User != nil {
		return f, nil, nil, usagef("browsers do not fetch URLs with a user name or password")
	}
	if fault := originFault(p.script.origin); p.script.origin != "" && fault != "" {
		if meant := spelling(p.script.origin); meant != "" {
			fault += "; did you mean " + safe(meant) + "?"
		}
		return f, nil, nil, usagef("--origin: %s", fault)
	}
	f, more, err := p.script.fetch(target)
	return f, m, append(notes, more...), err
}

// judged examines the server and returns the result to print.
func (p *probe) judged(ctx context.Context, send browsermodel.Transport, fetch browsermodel.Fetch, v browsermodel.Verdict) probed {
	result := probed{URL: fetch.URL, Fetch: fetch, Verdict: verdictOf(v), Findings: []finding{}}
	for _, e := range v.Exchanges {
		e.Response.Body = ""
		result.Exchanges = append(result.Exchanges,
			exchange{Preflight: e.Preflight, Request: e.Request, Response: e.Response, Error: e.Err})
	}
	if !v.Allowed {
		result.Fix = remedy(v, fetch.Credentials)
	}
	if len(v.Exchanges) == 0 {
		return result
	}
	last := v.Exchanges[len(v.Exchanges)-1]
	if reason := noAnswer(last.Response); reason != "" {
		result.Verdict, result.Fix = busyVerdict(last, reason), busyAdvice(p.interval)
		result.Unjudged = result.Verdict.Text
		if note := opaque(last.Response); note != "" {
			result.Notes = []string{note}
		}
		return result
	}
	result.Verdict.Text = withCause(v)
	final := afterRedirects(fetch, last)
	if browsermodel.OriginOf(fetch.URL) == fetch.Origin && browsermodel.OriginOf(final.URL) == fetch.Origin {
		result.Notes = []string{"the page has the server's own origin: CORS does not apply"}
		return result
	}
	silent := noHeaders{send: send, silent: true}
	for _, e := range v.Exchanges {
		silent.note(e.Response)
	}
	s := suspect{ctx: ctx, send: silent.transport, fetch: final, repeat: p.repeat, requested: fetch.URL, advice: busyAdvice(p.interval)}
	s.examine(v)
	result.Findings, result.Checks, result.Unanswered = s.findings, s.sent, s.silent
	result.Skipped, result.Unjudged = s.skipped, s.unjudged()
	if silent.silent && result.Fix == remedies[browsermodel.CodeAllowOriginMissing] {
		result.Fix = noMiddleware
	}
	if s.opaque != "" {
		result.Notes = append(result.Notes, s.opaque)
	}
	if result.Corskit = isOurs(s.own.preflight); result.Corskit && !v.Allowed && redirectTarget(last) == "" {
		if fix := policyRemedy(v, final, s.own.preflight); fix != "" {
			result.Fix = fix
		}
	}
	return result
}

// codeBusy is the code of a verdict on a server that was too busy to answer.
const codeBusy = "busy"

// busyAdvice says what to do if a server is busy although corskit waits for interval between
// requests.
func busyAdvice(interval time.Duration) string {
	const first = 2 * time.Second // 30/m
	if interval < first {
		return "try again later, or with --rate 30/m"
	}
	const exempt = "or exempt this machine from the limit; if the response has Retry-After, corskit waits that long"
	if n := int(time.Minute/interval) / 2; n > 0 {
		return fmt.Sprintf("try again later, or with --rate %d/m, %s", n, exempt)
	}
	return "the limit counts over more than a minute: try again later, " + exempt
}

func busyVerdict(e browsermodel.Exchange, reason string) verdict {
	what := "request"
	if e.Preflight {
		what = "preflight"
	}
	return verdict{
		Code: codeBusy, Text: "the server answered the " + what + " with " + reason + ", which says nothing about its CORS policy",
	}
}

// afterRedirects returns the fetch that led to the last exchange.
func afterRedirects(f browsermodel.Fetch, last browsermodel.Exchange) browsermodel.Fetch {
	if last.Request.URL == f.URL {
		return f
	}
	f.URL = last.Request.URL
	if !last.Preflight {
		f.Method, f.Header = last.Request.Method, last.Request.Header.Without("Origin")
	}
	return f
}

func (p *probe) print(cmd *cobra.Command, result probed) error {
	switch p.format {
	case "json":
		return printJSON(cmd.OutOrStdout(), result)
	case "github":
		result.annotate(cmd.OutOrStdout())
	default:
		result.print(out(cmd))
	}
	return nil
}

// interrupted returns an error if the user has interrupted or declined.
func interrupted(ctx context.Context, g *gate) error {
	if ctx.Err() != nil {
		return errors.New("interrupted")
	}
	return g.declined()
}

func (r probed) annotate(w io.Writer) {
	if !r.Verdict.Allowed && r.Verdict.Code != codeBusy {
		annotation(w, "error", "", 0, 0, "CORS: "+r.Verdict.Code, r.Verdict.Text+"; see "+codesURL+r.Verdict.Code)
	}
	for _, f := range r.Findings {
		annotation(w, f.Severity, "", 0, 0, "CORS: "+f.Code, f.Text+"; "+f.Fix+"; see "+codesURL+f.Code)
	}
	if r.Unjudged != "" {
		annotation(w, "warning", "", 0, 0, "CORS: incomplete", r.Unjudged)
	}
}

func (r probed) print(t terminal) {
	if r.Message != nil {
		t.printf("%s\n%s\n\n", r.Message, r.Message.see(t))
	}
	for i, e := range r.Exchanges {
		printExchange(t, i+1, e)
	}
	printVerdict(t, r.Verdict, "fix", r.Fix, r.Message)
	if r.Corskit && !r.Verdict.Allowed {
		t.printf("%s the server seems to use corskit: 'corskit explain' with its file, or engine.Explain in its code, says more\n",
			t.style(yellow, "note:"))
	}
	for _, f := range r.Findings {
		how := red
		if f.Severity != "error" {
			how = yellow
		}
		t.printf("\n%s %s\n", t.style(how, f.Severity+": "+f.Code+":"), f.Text)
		t.printf("  %s %s\n", t.style(bold, "fix:"), f.Fix)
		t.printf("  %s %s\n", t.style(dim, "see:"), codesURL+f.Code)
	}
	for _, n := range r.Notes {
		t.printf("%s %s\n", t.style(yellow, "note:"), n)
	}
	switch {
	case r.Verdict.Code == codeBusy: // the verdict has said so
	case r.Unjudged != "":
		t.printf("%s %s\n", t.style(yellow, "incomplete:"), r.Unjudged)
	case len(r.Findings) == 0 && r.Checks > 0:
		other := ""
		if !r.Verdict.Allowed {
			other = "other "
		}
		t.printf("no %smisconfiguration found (%s)\n", other, plural(r.Checks, "further request"))
	}
}

// isLoopback reports whether a host is this machine, judging by the name only and
// without a resolver.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// gate asks before anything is sent to another machine, once per machine.
type gate struct {
	yes      bool
	ask      func(ctx context.Context, question string) (bool, error)
	requests string // how many are sent

	mu      sync.Mutex
	agreed  map[string]bool
	refusal error
}

// pass returns nil if requests may be sent to u.
func (g *gate) pass(ctx context.Context, u *url.URL) error {
	if g.yes || isLoopback(u.Hostname()) {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	host := strings.ToLower(u.Host)
	if g.agreed[host] {
		return nil
	}
	if g.refusal != nil {
		return g.refusal
	}
	ok, err := g.ask(ctx, fmt.Sprintf("send %s to %s?", g.requests, safe(host)))
	switch {
	case err != nil:
		g.refusal = fmt.Errorf("%s is another machine, and %w: use --yes to agree in advance", safe(host), err)
	case !ok:
		g.refusal = fmt.Errorf("nothing was sent to %s", safe(host))
	default:
		if g.agreed == nil {
			g.agreed = make(map[string]bool)
		}
		g.agreed[host] = true
	}
	return g.refusal
}

// declined returns the error of the first refusal.
func (g *gate) declined() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.refusal
}

// newAsk returns a function that asks a question at the terminal. It gives up when
// its context ends.
func newAsk(cmd *cobra.Command) func(context.Context, string) (bool, error) {
	return func(ctx context.Context, question string) (bool, error) {
		stdin, ok := cmd.InOrStdin().(*os.File)
		if !ok || !isTerminal(stdin) {
			return false, errors.New("there is no terminal for the question")
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "%s [y/N] ", question)
		answer := make(chan string, 1)
		go func() {
			line, _ := bufio.NewReader(io.LimitReader(stdin, 1024)).ReadString('\n')
			answer <- strings.ToLower(strings.TrimSpace(line))
		}()
		select {
		case a := <-answer:
			return a == "y" || a == "yes", nil
		case <-ctx.Done():
			fmt.Fprintln(cmd.ErrOrStderr())
			return false, ctx.Err()
		}
	}
}
