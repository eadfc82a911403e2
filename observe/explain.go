package observe

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/internal/fetch"
)

// Bounds on a question.
const (
	maxQuestion = 16 << 10 // bytes of the query
	maxAsked    = 50       // header names
)

// explainView is the JSON that explain returns.
type explainView struct {
	Allowed   bool           `json:"allowed"`
	Verdict   string         `json:"verdict"`
	Hint      string         `json:"hint"`
	Fix       *fix           `json:"fix"`
	Exchanges []exchangeView `json:"exchanges"`
	Shadow    *explainView   `json:"shadow,omitempty"` // the same under the shadow policies, without advice
}

// exchangeView is one request and its answer.
type exchangeView struct {
	Preflight bool       `json:"preflight"`
	Request   []string   `json:"request"` // the first line and the lines that matter
	Steps     []stepView `json:"steps"`
	Headers   []string   `json:"headers"` // of the answer: those that the engine adds
	Status    int        `json:"status"`  // 0 if the handler answers
	Policy    string     `json:"policy"`
	Pattern   string     `json:"pattern"`
	Allowed   bool       `json:"allowed"`
	Verdict   string     `json:"verdict"`
}

type stepView struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// question is a request that a script may send.
type question struct {
	origin, method, host, path string
	headers                    []string
	credentials                bool
}

// serveExplain explains the request that the query describes: origin, method, host, path,
// headers (names, separated by commas or space) and credentials (on or absent).
func (in *inspector) serveExplain(w http.ResponseWriter, r *http.Request) {
	q, err := parseQuestion(r.URL.RawQuery)
	if err != nil {
		answer(w, http.StatusBadRequest, encode(map[string]string{"error": err.Error()}))
		return
	}
	outline := in.engine.Outline()
	view, fixed := in.explain(r.Context(), q, in.engine.Explain)
	if fixed != nil {
		x, last := fixed.explanation, fixed.request
		view.Fix = in.findFix(outline, x, last, q.credentials)
		view.Hint = in.spelled(x).Hint
	}
	if in.engine.ShadowOutline() != nil {
		shadow, _ := in.explain(r.Context(), q, func(ctx context.Context, r core.Request) core.Explanation {
			x, _ := in.engine.ExplainShadow(ctx, r)
			return x
		})
		view.Shadow = &shadow
	}
	answer(w, http.StatusOK, encode(view))
}

func parseQuestion(query string) (q question, err error) {
	if len(query) > maxQuestion {
		return q, errors.New("the question is too long")
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return q, errors.New("the query is malformed")
	}
	get := func(name string) string { return strings.TrimSpace(values.Get(name)) }
	q = question{
		origin: get("origin"), method: fetch.NormalizeMethod(get("method")), host: get("host"), path: get("path"),
		credentials: values.Get("credentials") != "",
	}
	if q.method == "" {
		q.method = http.MethodGet
	}
	if !strings.HasPrefix(q.path, "/") {
		q.path = "/" + q.path
	}
	if !fetch.IsToken(q.method) {
		return q, errors.New("the method must be one word, such as PUT")
	}
	q.headers = strings.FieldsFunc(values.Get("headers"), func(c rune) bool { return c == ',' || unicode.IsSpace(c) })
	if len(q.headers) > maxAsked {
		return q, errors.New("too many headers")
	}
	for _, name := range q.headers {
		if !fetch.IsToken(name) {
			return q, errors.New("header " + shown(name) + " is not a name, such as content-type")
		}
	}
	return q, nil
}

// preflighted reports whether a browser asks before it sends the request.
func (q *question) preflighted() bool {
	return q.origin != "" && !q.sameOrigin() && (!fetch.IsSafelistedMethod(q.method) || len(q.headers) > 0)
}

func (q *question) sameOrigin() bool {
	return q.host != "" && (q.origin == "https://"+q.host || q.origin == "http://"+q.host)
}

// request returns the actual request, or its preflight.
func (q *question) request(preflight bool) core.Request {
	r := core.Request{Method: q.method, Host: q.host, Path: q.path, SecFetchSite: []string{"cross-site"}}
	if p, err := url.PathUnescape(q.path); err == nil && p != q.path {
		r.Path = p
		if (&url.URL{Path: p}).EscapedPath() != q.path {
			r.RawPath = q.path // otherwise it is empty, as on a server
		}
	}
	if q.origin != "" {
		r.Origin = []string{q.origin}
	}
	if q.sameOrigin() {
		r.SecFetchSite[0] = "same-origin"
	}
	if preflight {
		r.Method, r.AccessControlRequestMethod = http.MethodOptions, []string{q.method}
		if len(q.headers) > 0 {
			r.AccessControlRequestHeaders = []string{strings.ToLower(strings.Join(q.headers, ","))}
		}
	}
	return r
}

// refusedExchange is the exchange that fails.
type refusedExchange struct {
	request     core.Request
	explanation core.Explanation
}

// explain explains what happens to a request, and returns the exchange that fails, if any.
func (in *inspector) explain(ctx context.Context, q question, explain func(context.Context, core.Request) core.Explanation) (
	v explainView, failed *refusedExchange,
) {
	stages := []bool{false}
	if q.preflighted() {
		stages = []bool{true, false}
	}
	v.Exchanges = []exchangeView{}
	for _, preflight := range stages {
		r := q.request(preflight)
		x, ok := explainSafely(ctx, r, explain)
		if !ok {
			v.Verdict = panicked
			return v, nil
		}
		e := in.exchange(r, x)
		e.Preflight = preflight
		switch {
		case q.credentials && e.Allowed && !x.Browser.AllowedWithCredentials:
			e.Allowed, e.Verdict = false, "the request has credentials, which the policy does not allow"
		case e.Allowed && !preflight && !q.credentials && x.Decision.Allowed:
			e.Verdict = "the script may read the response"
		}
		v.Exchanges = append(v.Exchanges, e)
		v.Allowed, v.Verdict = e.Allowed, e.Verdict
		if !e.Allowed {
			return v, &refusedExchange{r, x}
		}
	}
	return v, nil
}

func (in *inspector) exchange(r core.Request, x core.Explanation) exchangeView {
	e := exchangeView{
		Request: []string{shown(r.Method) + " " + shown(r.Path)}, Headers: []string{}, Status: x.Decision.Status,
		Policy: x.Policy, Pattern: x.Pattern, Allowed: x.Browser.Allowed, Verdict: x.Browser.Text,
	}
	for _, line := range []struct {
		name   string
		values []string
	}{
		{"Host", []string{r.Host}}, {"Origin", r.Origin}, {"Access-Control-Request-Method", r.AccessControlRequestMethod},
		{"Access-Control-Request-Headers", r.AccessControlRequestHeaders},
	} {
		for _, value := range line.values {
			if value != "" {
				e.Request = append(e.Request, line.name+": "+shown(value))
			}
		}
	}
	for _, s := range in.spelled(x).Steps {
		e.Steps = append(e.Steps, stepView{string(s.Code), s.Text})
	}
	for _, h := range x.Headers {
		e.Headers = append(e.Headers, h.Name+": "+shown(h.Value))
	}
	return e
}
