package main

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

func newExplain() *cobra.Command {
	var x explain
	cmd := &cobra.Command{
		Use:   "explain [FILE] [MESSAGE] --origin ORIGIN",
		Short: "Explain what a browser does under a policy, and why",
		Long: `explain shows what happens when a script on a page fetches from a server with
this policy: what the browser sends, which policy and pattern decide, which
headers the server sends, and whether the script may read the response. If it
may not, explain says what to change. Without a FILE, explain reads cors.yaml.
If the file has a shadow, explain also says how the shadow differs.

MESSAGE is a message from the console of Chromium, Firefox or Safari, pasted whole;
"-" reads it from standard input. explain uses the origin, URL, method and header that
it names. Flags override the message.

Exit status: 0 if the script may read the response, 1 if not, 2 if the file has
faults.`,
		Example: `  corskit explain cors.yaml --origin https://app.example.com
  corskit explain cors.yaml --origin https://app.example.com --method PUT \
      --header "Content-Type: application/json" --header Authorization --credentials
  corskit explain cors.yaml "Access to fetch at 'https://api.example.com/items' from origin
      'https://app.example.com' has been blocked by CORS policy: ..."
  corskit explain cors.yaml --origin https://b.example --host api.example.com --path /public/x --format json`,
		Args:              between(0, 2),
		ValidArgsFunction: completeFiles,
		RunE:              x.run,
	}
	x.source.flags(cmd)
	x.script.flags(cmd)
	names := frameworkNames()
	cmd.Flags().StringVarP(&x.framework, "framework", "f", "nethttp",
		"the framework whose reading of paths decides the route: "+list(names))
	complete(cmd, "framework", names...)
	cmd.Flags().StringVar(&x.path, "path", "/", "the path to fetch")
	cmd.Flags().StringVar(&x.host, "host", defaultHost, "the host to fetch from, with a port if it has one")
	cmd.Flags().BoolVar(&x.plain, "http", false, "fetch over http:// instead of https://")
	cmd.Flags().StringVar(&x.format, "format", "text", "output format: text or json")
	complete(cmd, "format", "text", "json")
	return cmd
}

// codeNoOrigin is the code of a verdict on an origin that no page has.
const codeNoOrigin = "no-such-origin"

// defaultHost is a reserved name, so no file lists it (RFC 2606).
const defaultHost = "server.invalid"

type explain struct {
	source source
	script script
	path   string
	host   string
	plain  bool
	format string

	framework string
}

// explained is the JSON output.
type explained struct {
	File      string             `json:"file"`
	Message   *message           `json:"message,omitempty"`
	Fetch     browsermodel.Fetch `json:"fetch"`
	Verdict   verdict            `json:"verdict"`
	Fix       string             `json:"fix,omitempty"`
	Notes     []string           `json:"notes,omitempty"`
	Exchanges []exchange         `json:"exchanges"`
	Shadow    *shadowed          `json:"shadow,omitempty"`
}

func (x *explain) run(cmd *cobra.Command, list []string) error {
	if err := cmp.Or(oneOf("format", x.format, "text", "json"), oneOf("framework", x.framework, frameworkNames()...)); err != nil {
		return err
	}
	files, m, err := cutMessage(cmd, list)
	if err != nil {
		return err
	}
	fetch, notes, err := x.fetch(cmd, files, m)
	if err != nil {
		return err
	}
	if files, err = orDefault(files); err != nil {
		return err
	}
	c, err := x.source.read(cmd, files[0])
	if err != nil {
		return err
	}
	server := modelServer{explain: c.Engine().Explain, policies: c.Policies, fetch: fetch, reading: readings[x.framework]}
	v := x.ask(cmd.Context(), &server)
	result := explained{
		File: files[0], Message: m, Fetch: fetch, Verdict: verdictOf(v), Fix: server.fix(v), Notes: notes, Exchanges: server.exchanges(v),
	}
	routes := slices.Clone(c.Routes)
	if c.Shadow != nil {
		routes = append(routes, c.Shadow.Routes...)
	}
	chosen := cmd.Flags().Changed("host") ||
		cmd.Flags().Changed("path") && !slices.ContainsFunc(routes, func(r core.Route) bool { return r.Host != "" })
	if m == nil && len(routes) > 0 && !chosen {
		result.Notes = append(result.Notes, "the file has routes: use --host and --path to choose one")
	}
	result.Notes = append(result.Notes, server.exactRoutes(c.Routes)...)
	result.Notes = append(result.Notes, server.otherReading(cmd.Context(), cmd.Flags().Changed("framework"))...)
	result.Notes = append(result.Notes, overridden(c, result.Fix)...)
	result.Shadow = x.shadow(cmd.Context(), c, &server, v)
	if fault := originFault(fetch.Origin); v.Allowed && fault != "" { // by *
		result.Verdict = verdict{Code: codeNoOrigin, Text: fault}
		result.Notes = slices.DeleteFunc(result.Notes, func(n string) bool { return strings.HasPrefix(n, fault) })
		if meant := spelling(fetch.Origin); meant != "" {
			result.Fix = "explain the origin " + safe(meant)
		}
	}
	if m != nil {
		result.Verdict.guess = x.script.guess
		result.compare(*m)
	}
	err = printResult(cmd, x.format, result)
	if err == nil && !result.Verdict.Allowed {
		err = errNo
	}
	return err
}

// overridden returns notes about keys that a fix would change without effect, because a
// variable replaces them.
func overridden(c *config.Config, fix string) (notes []string) {
	for _, n := range c.Notes {
		key := n.Key[strings.LastIndexByte(n.Key, '.')+1:]
		if n.Reason == reason.Overridden && strings.Contains(fix, key) {
			notes = append(notes, n.Key+" "+n.Detail+"; "+n.Suggestion)
		}
	}
	return notes
}

// ask returns the browser's verdict on the fetch from a server.
func (x *explain) ask(ctx context.Context, server *modelServer) browsermodel.Verdict {
	browser := browsermodel.Browser{Transport: server.answer, Profile: profiles[x.script.browser]}
	return browser.Fetch(ctx, server.fetch)
}

// fetch returns what the command line and the message ask for. The message may be
// nil.
func (x *explain) fetch(cmd *cobra.Command, files []string, m *message) (f browsermodel.Fetch, notes []string, err error) {
	if n := len(files); n > 0 && (n > 1 || strings.Contains(files[0], "://")) && !isFile(files[n-1]) {
		return f, nil, usagef("%s", noMessage)
	} else if n > 1 {
		return f, nil, between(0, 1)(cmd, files)
	}
	target, err := x.url()
	if err != nil {
		return f, nil, err
	}
	if m == nil {
		return x.script.fetch(target)
	}
	told, err := x.script.use(cmd, *m, func() string { return x.refusedMethods(cmd, files) })
	if err != nil {
		return f, nil, err
	}
	switch placed := slices.ContainsFunc([]string{"host", "path", "http"}, cmd.Flags().Changed); {
	case m.URL != "" && !placed:
		target = m.URL
	case !placed:
		told = append(told, "the message names no URL: assumed "+target+"; if the file has routes or lists the server, "+
			"add --host and --path")
	}
	f, notes, err = x.script.fetch(target)
	return f, append(told, notes...), err
}

// otherMethods says which method a browser refuses if the policy is not known.
func otherMethods() string { return "not GET, HEAD or POST, which need no permission" }

// refusedMethods says which methods the policy of a file does not allow.
func (x *explain) refusedMethods(cmd *cobra.Command, files []string) string {
	files, err := orDefault(files)
	if err != nil || checkName(files[0]) != nil {
		return otherMethods()
	}
	c := x.source.report(cmd, files[0]).Config
	if c == nil || len(c.Policies) != 1 || slices.Contains(c.Policies[0].AllowMethods, "*") {
		return otherMethods()
	}
	allowed := []string{"GET", "HEAD", "POST"}
	for _, method := range c.Policies[0].Expand().AllowMethods {
		if method = browsermodel.NormalizeMethod(method); !slices.Contains(allowed, method) {
			allowed = append(allowed, method)
		}
	}
	text := "the policy allows " + strings.Join(allowed, ", ") + ": the script uses another"
	others := slices.DeleteFunc([]string{"PUT", "DELETE", "PATCH"}, func(m string) bool { return slices.Contains(allowed, m) })
	if len(others) > 0 {
		text += ", such as " + strings.Join(others, " or ")
	}
	return text
}

// dependsOnPolicy reports whether a policy that refuses the request can have caused the
// message.
func (m message) dependsOnPolicy() bool {
	return m.Code != "" && (outcomes[m.Code] == "" || m.Code == browsermodel.CodePreflightStatus && (m.Status == 0 || m.Status == 403))
}

// compare adds what the message tells in addition to the verdict on the policy.
func (e *explained) compare(m message) {
	switch {
	case m.beyondCORS():
		e.Verdict = verdict{Code: string(m.Code), Text: "the browser refuses the request whatever the policy says"}
		e.Fix = m.meaning()
	case e.Verdict.Allowed && m.dependsOnPolicy():
		e.Notes = append(e.Notes, "this policy allows the request: the server has not loaded this file yet, or "+m.meaning())
	case e.Verdict.Allowed && m.Code != "":
		e.Notes = append(e.Notes, "this policy allows the request, so it did not lead to the message: "+m.meaning())
	case e.Verdict.AtPreflight && m.Code == browsermodel.CodePreflightStatus && (m.Status == 0 || m.Status == 403):
		// Browsers differ in whether they report the status or the missing header.
	case !e.Verdict.Allowed && m.Code != "" && string(m.Code) != e.Verdict.Code:
		e.Notes = append(e.Notes, "the message gives another reason ("+string(m.Code)+"): "+m.meaning())
	}
}

// url returns the URL to fetch.
func (x *explain) url() (string, error) {
	scheme := "https"
	if x.plain {
		scheme = "http"
	}
	if !strings.HasPrefix(x.path, "/") {
		return "", usagef("--path %s must begin with a slash", safe(x.path))
	}
	if x.host == "" || strings.ContainsAny(x.host, `/\?#@`) {
		return "", usagef("--host %s and --path %s do not form a URL", safe(x.host), safe(x.path))
	}
	return scheme + "://" + x.host + x.path, nil
}

// modelServer is a server that exists only in memory. It answers as the middleware would
// around a handler that always returns 200.
type modelServer struct {
	explain      func(context.Context, core.Request) core.Explanation
	policies     []core.Policy
	fetch        browsermodel.Fetch
	reading      reading
	requests     []core.Request
	explanations []core.Explanation
}

// answer implements [browsermodel.Transport].
func (p *modelServer) answer(ctx context.Context, r browsermodel.Request) (browsermodel.Response, error) {
	if _, err := url.Parse(r.URL); err != nil {
		return browsermodel.Response{}, err
	}
	facts := factsOf(r)
	facts.SecFetchSite = []string{"cross-site"}
	if browsermodel.OriginOf(r.URL) == p.fetch.Origin {
		facts.SecFetchSite[0] = "same-origin"
	}
	p.reading.apply(&facts)
	x := p.explain(ctx, facts).Spell(config.KeyOf)
	p.requests = append(p.requests, facts)
	p.explanations = append(p.explanations, x)
	return answerOf(x), nil
}

// factsOf returns what an adapter tells the engine about a request.
func factsOf(r browsermodel.Request) core.Request {
	facts := core.Request{
		Method:                             r.Method,
		Origin:                             r.Header.Values("Origin"),
		AccessControlRequestMethod:         r.Header.Values("Access-Control-Request-Method"),
		AccessControlRequestHeaders:        r.Header.Values("Access-Control-Request-Headers"),
		AccessControlRequestPrivateNetwork: r.Header.Values("Access-Control-Request-Private-Network"),
		SecFetchSite:                       r.Header.Values("Sec-Fetch-Site"),
	}
	if u, err := url.Parse(r.URL); err == nil {
		facts.Host, facts.Path, facts.RawPath = u.Host, u.Path, u.RawPath
	}
	return facts
}

// answerOf returns the response that an adapter sends, around a handler that returns 200.
func answerOf(x core.Explanation) browsermodel.Response {
	response := browsermodel.Response{Status: 200}
	if x.Decision.Status != 0 {
		response.Status = x.Decision.Status
	}
	for _, h := range x.Headers {
		response.Header = append(response.Header, browsermodel.Field{Name: h.Name, Value: h.Value})
	}
	return response
}

// exchanges joins the exchanges and their explanations.
func (p *modelServer) exchanges(v browsermodel.Verdict) []exchange {
	list := make([]exchange, len(v.Exchanges))
	for i, e := range v.Exchanges {
		x := p.explanations[i]
		list[i] = exchange{
			Preflight: e.Preflight, Request: e.Request, Response: e.Response, Policy: x.Policy, Pattern: x.Pattern,
		}
		for _, s := range x.Steps {
			list[i].Steps = append(list[i].Steps, step{string(s.Code), s.Text})
		}
	}
	return list
}

// exactRoutes returns a note about the first earlier route that would cover the request if the
// path of the route ended in a slash.
func (p *modelServer) exactRoutes(routes []core.Route) []string {
	u, err := url.Parse(p.fetch.URL)
	if err != nil || len(p.explanations) == 0 {
		return nil
	}
	path, read := u.Path, func(path string) string { return path }
	if p.reading.fold {
		read = strings.ToLower
	}
	if p.reading.trim {
		path = trimSlashes(path)
	}
	for i, r := range routes[:max(0, p.explanations[0].Route)] {
		if (r.Host == "" || r.Host == strings.ToLower(u.Hostname())) && r.Path != "" && strings.HasPrefix(read(path), read(r.Path)+"/") {
			return []string{"route " + strconv.Itoa(i) + " covers only the path " + safe(r.Path) +
				": to cover what is below it too, write " + safe(r.Path) + "/"}
		}
	}
	return nil
}

// fix says what to change in the file to allow the fetch, if it is refused.
func (p *modelServer) fix(v browsermodel.Verdict) string {
	if v.Allowed || len(p.explanations) == 0 {
		return "" // if nothing was sent, the fault is in the script
	}
	last := p.explanations[len(p.explanations)-1]
	switch v.Code {
	case browsermodel.CodeAllowCredentials, browsermodel.CodeAllowOriginWildcard:
		return p.fixCredentials(last.Policy)
	}
	return last.Hint
}

// fixCredentials says how to allow a fetch with credentials. It never suggests a
// policy that core refuses.
func (p *modelServer) fixCredentials(name string) string {
	const leave = "fetch without credentials"
	i := slices.IndexFunc(p.policies, func(q core.Policy) bool { return q.Name == name })
	if i < 0 {
		return leave
	}
	whole := p.policies[i]
	whole.AllowCredentials = true
	single := whole
	single.AllowOrigins, single.ExposeHeaders = []string{p.fetch.Origin}, nil
	var fault *core.PolicyError
	if _, err := core.New(single); errors.As(err, &fault) {
		if fault.Reason != reason.InsecureOrigin {
			return leave // no policy can allow this origin with credentials
		}
		return leave + "; for credentials, " + fault.Spell(config.KeyOf).Suggestion
	}
	if _, err := core.New(whole); err != nil {
		return leave + ", or add a policy before this one that lists the origin and sets allow_credentials: true"
	}
	return "set allow_credentials: true in policy \"" + name + "\", or " + leave
}

func (e explained) print(t terminal) {
	how := "without credentials"
	if e.Fetch.Credentials {
		how = "with credentials"
	}
	if e.Message != nil {
		t.printf("%s\n%s\n", e.Message, e.Message.see(t))
	}
	t.printf("a script with origin %s fetches %s (%s, %s)\n\n",
		safe(e.Fetch.Origin), safe(e.Fetch.URL), safe(e.Fetch.Method), how)
	for i, x := range e.Exchanges {
		printExchange(t, i+1, x)
	}
	printVerdict(t, e.Verdict, "fix", e.Fix, e.Message)
	if e.Verdict.Allowed {
		exposed := "only the headers that scripts may always read"
		if last := e.Exchanges[len(e.Exchanges)-1]; last.Response.Header.Has("Access-Control-Expose-Headers") {
			exposed, _ = last.Response.Header.Get("Access-Control-Expose-Headers")
		} else if browsermodel.OriginOf(e.Fetch.URL) == e.Fetch.Origin {
			exposed = "all, because the page has the server's own origin"
		}
		t.printf("response headers that the script may read: %s\n", exposed)
	}
	for _, n := range e.Notes {
		t.printf("%s %s\n", t.style(yellow, "note:"), n)
	}
	if e.Shadow != nil {
		e.Shadow.print(t, e.Exchanges)
	}
}
