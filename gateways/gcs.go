package gateways

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// gcs is the CORS configuration of a bucket of Google Cloud Storage.
//
// Sources: https://cloud.google.com/storage/docs/cross-origin, /using-cors and /cors-configurations
// there, and the field cors of https://cloud.google.com/storage/docs/json_api/v1/buckets.
func gcs() Target {
	return Target{
		Name: "gcs", Title: "Google Cloud Storage",
		Help: "the JSON of gcloud storage buckets update --cors-file",
		Limits: []string{
			"No credentials.",
			"One list for allowed request headers and exposed response headers, without wildcards.",
			"Origins are exact or *, without patterns.",
			"One policy, and no routes.",
			"Responses to disallowed origins, and to requests without Origin, have no Vary: Origin.",
		},
		export: exportGCS, imports: importGCS,
		Parse: func(text []byte) (Model, error) {
			rules, err := readGCS(text)
			if err != nil {
				return nil, err
			}
			return newGCSModel(rules), nil
		},
	}
}

var gcsMethods = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH"}

type gcsSettings struct {
	Origin         []string `json:"origin"`
	Method         []string `json:"method"`
	ResponseHeader []string `json:"responseHeader,omitempty"`
	MaxAgeSeconds  int      `json:"maxAgeSeconds"`
}

func exportGCS(p *exportPlan) []byte {
	policy, ok := p.One()
	if !ok {
		return nil
	}
	p.RefuseUnsupported(policy, false)
	p.noZeroAge(policy)
	p.optionsAnswered()
	p.noVary(policy, "responses to disallowed origins and to requests without Origin have no Vary: Origin")
	if policy.AllowCredentials {
		p.Lose(policy.Name, "AllowCredentials", "", CookieAspect, "it never sends Access-Control-Allow-Credentials",
			"remove allow_credentials, or mount corskit in front of it", "requests with credentials are refused")
	}
	return jsonText([]gcsSettings{{
		Origin:         p.originsAs(policy, spelling{limit: "it compares whole origins and has no patterns"}),
		Method:         p.methodsAmong(policy, gcsMethods, false),
		ResponseHeader: p.gcsHeaders(policy), MaxAgeSeconds: age(policy),
	}})
}

// gcsHeaders returns the single list for both kinds of headers. A name that only one list of the
// policy has is written only if it has no effect in the other list.
func (p *exportPlan) gcsHeaders(policy core.Policy) (list []string) {
	const one = "it has one list for allowed and exposed headers, so "
	for _, h := range policy.AllowHeaders {
		switch {
		case h == "*":
			p.Lose(policy.Name, "AllowHeaders", "*", HeaderAspect, "its documentation does not say what * for headers does", fixListHeaders,
				"scripts cannot send the headers that * covers")
		case !slices.Contains(policy.ExposeHeaders, h) && !safelisted(h):
			p.Lose(policy.Name, "AllowHeaders", h, HeaderAspect, one+"the response header would be exposed too",
				"add it to expose_headers, or remove it",
				"scripts cannot send "+h)
		default:
			list = append(list, h)
		}
	}
	for _, h := range policy.ExposeHeaders {
		switch {
		case h == "*":
			p.Lose(policy.Name, "ExposeHeaders", "*", ExposeAspect, "its documentation does not say what * for headers does",
				fixListHeaders,
				"scripts cannot read the headers that * covers")
		case slices.Contains(policy.AllowHeaders, h), safelisted(h):
		case !browsermodel.IsForbiddenRequestHeader(h, unsafeValue):
			p.Lose(policy.Name, "ExposeHeaders", h, ExposeAspect, one+"the request header would be allowed too",
				"add it to allow_headers, or remove it",
				"scripts cannot read "+h)
		default:
			list = append(list, h)
		}
	}
	return list
}

type gcsRule struct {
	line                      int
	at                        func(key string) int
	origins, methods, headers []textEntry
	maxAge                    int
}

func readGCS(text []byte) ([]gcsRule, error) {
	r := newReading("gcs")
	t := r.tree(text)
	if t.IsMap() {
		if t = t.Get("cors"); !t.IsList() {
			r.fault(t.Line(), "cors", "the file is not a list of rules, and has none in cors", fixSyntax)
		}
	}
	var rules []gcsRule
	for _, rule := range t.List() {
		r.object(rule, "rule")
		r.known(rule, "origin", "method", "responseHeader", "maxAgeSeconds")
		g := gcsRule{
			line: rule.Line(), at: func(key string) int { return lineAt(rule, key) }, origins: r.list(rule.Get("origin"),
				"origin"), methods: r.list(rule.Get("method"), "method"),
			headers: r.list(rule.Get("responseHeader"), "responseHeader"),
		}
		if age := r.seconds(rule.Get("maxAgeSeconds"), "maxAgeSeconds"); age != nil && *age > 0 {
			g.maxAge = *age
		} else {
			r.fault(g.at("maxAgeSeconds"), "maxAgeSeconds",
				"the documentation does not say what Cloud Storage sends without a positive number",
				"write the seconds")
		}
		r.methods(g.methods)
		r.tokens(g.headers)
		for _, e := range slices.Concat(g.headers, g.methods) {
			if strings.Contains(e.text, "*") {
				r.fault(e.line, e.text, "the documentation does not say what Cloud Storage sends for a wildcard here", "list the names")
			}
		}
		for _, e := range g.origins {
			if strings.Contains(e.text, "*") && e.text != "*" {
				r.fault(e.line, e.text, "Cloud Storage documents no wildcard within an origin", "list the origins")
			}
		}
		rules = append(rules, g)
	}
	if len(rules) == 0 && len(r.faults) == 0 {
		r.fault(0, "", "the file has no rule", "import a file with a rule")
	}
	if len(rules) > maxRules {
		r.fault(rules[maxRules].line, "", fmt.Sprintf("there are more than %d rules", maxRules), "import a part of them")
	}
	return rules, r.err()
}

// gcsModel answers as the documentation describes: the first rule with the origin and the method
// applies. The bucket is the application.
type gcsModel struct {
	rules []gcsRule
	facts Facts
}

func newGCSModel(rules []gcsRule) *gcsModel {
	m := &gcsModel{rules: rules}
	for _, rule := range rules {
		m.facts.Origins = append(m.facts.Origins, origins(textsOf(rule.origins)...)...)
		m.facts.Methods = append(m.facts.Methods, textsOf(rule.methods)...)
		m.facts.Headers = append(m.facts.Headers, textsOf(rule.headers)...)
	}
	m.facts.Exposed = m.facts.Headers
	return m
}

func (m *gcsModel) Facts() Facts { return m.facts }

func (m *gcsModel) Answer(r core.Request) Answer {
	a := Answer{Reached: r.Method != "OPTIONS", Status: 200}
	origin, has := firstLine(r.Origin)
	method, asks := firstLine(r.AccessControlRequestMethod)
	if r.Method != "OPTIONS" {
		method, asks = r.Method, true
	}
	i := slices.IndexFunc(m.rules, func(rule gcsRule) bool {
		return lists(rule.methods, method) && (lists(rule.origins, "*") || lists(rule.origins, origin))
	})
	if !has || !asks || i < 0 {
		return a
	}
	rule := m.rules[i]
	if lists(rule.origins, "*") {
		a.send("Access-Control-Allow-Origin", "*")
	} else {
		a.send("Access-Control-Allow-Origin", origin)
		a.send("Vary", "Origin")
	}
	headers := strings.Join(textsOf(rule.headers), ", ")
	if r.Method == "OPTIONS" {
		a.send("Access-Control-Allow-Methods", strings.Join(textsOf(rule.methods), ", "))
		a.send("Access-Control-Max-Age", strconv.Itoa(rule.maxAge))
		if headers != "" {
			a.send("Access-Control-Allow-Headers", headers)
		}
	} else if headers != "" {
		a.send("Access-Control-Expose-Headers", headers)
	}
	return a
}

func importGCS(text []byte, d *importDraft) {
	rules, err := readGCS(text)
	importRules(d, rules, err, func(r gcsRule) int { return r.line }, func(p *draftPolicy, rule gcsRule) {
		p.wholeOrigins(rule.origins)
		d.needsSafe(rule.methods, rule.line, "method")
		p.Methods(textsOf(rule.methods), lineOf(rule.methods, rule.line), "")
		p.Headers(slices.DeleteFunc(lower(textsOf(rule.headers)), func(h string) bool {
			return browsermodel.IsForbiddenRequestHeader(h, unsafeValue)
		}), lineOf(rule.headers, rule.line), "responseHeader lists both kinds")
		p.Exposed(slices.DeleteFunc(lower(textsOf(rule.headers)), func(h string) bool { return safelisted(h) || unreadable(h) }),
			lineOf(rule.headers, rule.line), "responseHeader lists both kinds")
		if rule.maxAge != defaultAge {
			p.Age(rule.maxAge, rule.at("maxAgeSeconds"), "")
		}
	})
}

// unreadable reports whether scripts can never read a response header.
func unreadable(name string) bool {
	return len(browsermodel.Readable(browsermodel.Header(name, "x", "Access-Control-Expose-Headers", name), true)) == 0
}

// wholeOrigins adds the origins of a list without patterns.
func (p *draftPolicy) wholeOrigins(list []textEntry) {
	if lists(list, "*") {
		p.Origin("*", lineOf(list, 0), "")
		return
	}
	for _, e := range list {
		if len(origins(e.text)) == 0 {
			p.d.noteNeverSent(e)
		} else {
			p.Origin(e.text, e.line, "")
		}
	}
}
