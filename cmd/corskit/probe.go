package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
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

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
)

func newProbe() *cobra.Command {
	var p probe
	cmd := &cobra.Command{
		Use:   "probe URL --origin ORIGIN",
		Short: "Judge the CORS headers of a running server",
		Long: `probe sends to any server what a browser would send, judges the answers as a
browser would, and looks for misconfigurations: reflected origins, null, names
that look like the allowed one, a missing Vary, doubled headers, and *
together with credentials.

probe sends the request that you describe once, after its preflight. The other
checks send only OPTIONS, GET and HEAD, fewer than twenty in all. probe asks
before it sends anything to another machine, also after a redirect; --yes agrees
in advance. Probe only servers that you are responsible for.

Exit status: 0 if the request is allowed and nothing is wrong; 1 if the request
is refused or something is wrong; 2 if the server does not answer, or does not
answer all checks and the others find nothing wrong.`,
		Example: `  corskit probe http://localhost:8080/items --origin https://app.example.com
  corskit probe https://api.example.com/items --origin https://app.example.com --yes \
      --method PUT --header "Content-Type: application/json" --credentials
  corskit probe http://localhost:8080/ --origin https://app.example.com --format json`,
		Args: exactly(1),
		RunE: p.run,
	}
	p.script.flags(cmd)
	cmd.Flags().BoolVarP(&p.yes, "yes", "y", false, "send to other machines without asking")
	cmd.Flags().BoolVar(&p.insecure, "insecure", false, "accept certificates that cannot be verified")
	cmd.Flags().DurationVar(&p.timeout, "timeout", 10*time.Second, "how long to wait for each answer")
	cmd.Flags().StringVar(&p.format, "format", "text", "output format: text, json, or github for workflow annotations")
	complete(cmd, "format", "text", "json", "github")
	return cmd
}

type probe struct {
	script   script
	yes      bool
	insecure bool
	timeout  time.Duration
	format   string
}

// probed is the JSON output.
type probed struct {
	URL        string             `json:"url"`
	Fetch      browsermodel.Fetch `json:"fetch"`
	Verdict    verdict            `json:"verdict"`
	Fix        string             `json:"fix,omitempty"`
	Findings   []finding          `json:"findings"`
	Notes      []string           `json:"notes,omitempty"`
	Exchanges  []exchange         `json:"exchanges"`
	Checks     int                `json:"checks"`             // how many requests the checks sent
	Unanswered int                `json:"unanswered"`         // how many of those got no answer
	Unjudged   string             `json:"unjudged,omitempty"` // that checks were skipped, and why
}

func (p *probe) run(cmd *cobra.Command, list []string) error {
	fetch, notes, err := p.fetch(list[0])
	if err != nil {
		return err
	}
	target, err := url.Parse(fetch.URL)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	g := &gate{yes: p.yes, ask: newAsk(cmd)}
	if g.pass(ctx, target) != nil {
		return interrupted(ctx, g)
	}
	w := newWire(g, p.insecure, p.timeout)
	defer w.transport.CloseIdleConnections()
	browser := browsermodel.Browser{Transport: w.send, Profile: profiles[p.script.browser]}
	v := browser.Fetch(ctx, fetch)
	if err := interrupted(ctx, g); err != nil {
		return err
	}
	if v.Code == browsermodel.CodeNetwork {
		return fmt.Errorf("%s does not answer: %s", safe(fetch.URL), v.Text)
	}
	result := judged(ctx, w.send, fetch, v)
	result.Notes = append(notes, result.Notes...)
	if err := interrupted(ctx, g); err != nil {
		return err
	}
	if err := p.print(cmd, result); err != nil {
		return err
	}
	switch {
	case !v.Allowed || serious(result.Findings):
		return errNo
	case result.Unanswered > 0:
		return errNoAnswer
	}
	return nil
}

// fetch returns what the command line asks for.
func (p *probe) fetch(target string) (f browsermodel.Fetch, notes []string, err error) {
	if err := oneOf("format", p.format, "text", "json", "github"); err != nil {
		return f, nil, err
	}
	if p.timeout <= 0 {
		return f, nil, usagef("--timeout must be positive")
	}
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return f, nil, usagef("%s is not a URL with http:// or https://", safe(target))
	}
	if u.User != nil {
		return f, nil, usagef("browsers do not fetch URLs with a user name or password")
	}
	return p.script.fetch(target)
}

// judged examines the server and returns the result to print.
func judged(ctx context.Context, send browsermodel.Transport, fetch browsermodel.Fetch, v browsermodel.Verdict) probed {
	result := probed{URL: fetch.URL, Fetch: fetch, Verdict: verdictOf(v), Findings: []finding{}}
	for _, e := range v.Exchanges {
		e.Response.Body = ""
		result.Exchanges = append(result.Exchanges,
			exchange{Preflight: e.Preflight, Request: e.Request, Response: e.Response, Error: e.Err})
	}
	if !v.Allowed {
		result.Fix = remedy(v)
	}
	switch {
	case len(v.Exchanges) == 0:
	case browsermodel.OriginOf(fetch.URL) == fetch.Origin:
		result.Notes = []string{"the page has the server's own origin: CORS does not apply"}
	default:
		s := suspect{ctx: ctx, send: send, fetch: fetch}
		s.examine(v)
		result.Findings, result.Checks, result.Unanswered, result.Unjudged = s.findings, s.sent, s.silent, s.unjudged()
	}
	return result
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
	if !r.Verdict.Allowed {
		annotation(w, "error", "", 0, 0, "CORS: "+r.Verdict.Code, r.Verdict.Text)
	}
	for _, f := range r.Findings {
		annotation(w, f.Severity, "", 0, 0, "CORS: "+f.Code, f.Text+"; "+f.Fix)
	}
	if r.Unjudged != "" {
		annotation(w, "warning", "", 0, 0, "CORS: incomplete", r.Unjudged)
	}
}

func (r probed) print(t terminal) {
	for i, e := range r.Exchanges {
		printExchange(t, i+1, e)
	}
	printVerdict(t, r.Verdict, r.Fix)
	for _, f := range r.Findings {
		how := red
		if f.Severity != "error" {
			how = yellow
		}
		t.printf("\n%s %s\n", t.style(how, f.Severity+": "+f.Code+":"), f.Text)
		t.printf("  %s %s\n", t.style(bold, "fix:"), f.Fix)
	}
	for _, n := range r.Notes {
		t.printf("%s %s\n", t.style(yellow, "note:"), n)
	}
	switch {
	case r.Unjudged != "":
		t.printf("%s %s\n", t.style(yellow, "incomplete:"), r.Unjudged)
	case len(r.Findings) == 0 && r.Checks > 0:
		t.printf("no misconfiguration found (%s)\n", plural(r.Checks, "further request"))
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

// gate asks once per machine before anything is sent to it. It does not ask about
// this machine.
type gate struct {
	yes bool
	ask func(ctx context.Context, question string) (bool, error)

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
	ok, err := g.ask(ctx, fmt.Sprintf("send about 20 requests to %s?", safe(host)))
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

// maxAnswerHead is the largest header section of an answer, in bytes.
const maxAnswerHead = 256 << 10

// wire sends requests to servers, through a gate. It reads only the headers of the
// answers, because a body may be an endless stream.
type wire struct {
	gate      *gate
	transport *http.Transport
	timeout   time.Duration
	send      browsermodel.Transport
}

func newWire(g *gate, insecure bool, timeout time.Duration) *wire {
	w := &wire{gate: g, timeout: timeout, transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: timeout}).DialContext,
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: insecure},
		TLSHandshakeTimeout: timeout, ForceAttemptHTTP2: true, DisableCompression: true, MaxResponseHeaderBytes: maxAnswerHead,
	}}
	w.send = conformance.RoundTripper(w)
	return w
}

// RoundTrip implements [http.RoundTripper].
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := w.gate.pass(r.Context(), r.URL); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(r.Context(), w.timeout)
	defer cancel()
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", "corskit-probe")
	}
	res, err := w.transport.RoundTrip(r.WithContext(ctx))
	if err != nil {
		return nil, err
	}
	_ = res.Body.Close()
	res.Body = http.NoBody
	return res, nil
}
