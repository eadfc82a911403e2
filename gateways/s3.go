package gateways

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/core"
)

// s3 is the CORS configuration of a bucket of Amazon S3.
//
// Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html and
// cors.html there, https://docs.aws.amazon.com/AmazonS3/latest/API/RESTOPTIONSobject.html, and,
// for the headers on the wire, localstack-core/localstack/services/s3/cors.py in
// github.com/localstack/localstack, whose tests compare it with S3.
func s3() Target {
	return Target{
		Name: "s3", Title: "Amazon S3",
		Help: "the JSON of put-bucket-cors",
		Limits: []string{
			"No switch for credentials: listed origins may always send them, and with * no origin may.",
			"One policy, and no routes.",
			"One wildcard for each origin, which also matches dots. No regular expressions, no ranges of ports.",
			"Only the methods GET, HEAD, POST, PUT and DELETE.",
			"Exposed headers have no wildcard.",
			"Responses to disallowed origins, and to requests without Origin, have no Vary: Origin.",
		},
		export: exportS3, imports: importS3,
		Parse: func(text []byte) (Model, error) {
			rules, err := readS3(text)
			if err != nil {
				return nil, err
			}
			return newS3Model(rules), nil
		},
	}
}

var s3Methods = []string{"GET", "HEAD", "POST", "PUT", "DELETE"}

type s3File struct {
	CORSRules []s3Settings
}

type s3Settings struct {
	AllowedOrigins []string
	AllowedMethods []string
	AllowedHeaders []string `json:",omitempty"`
	ExposeHeaders  []string `json:",omitempty"`
	MaxAgeSeconds  *int     `json:",omitempty"`
}

// maxS3 bounds a configuration, in bytes.
const maxS3 = 64 << 10

func exportS3(p *exportPlan) []byte {
	policy, ok := p.One()
	if !ok {
		return nil
	}
	p.RefuseUnsupported(policy, false)
	p.wildcardHeaders(policy)
	p.noZeroAge(policy)
	p.alwaysCredentials(policy)
	p.optionsAnswered()
	p.noVary(policy, "responses to disallowed origins and to requests without Origin have no Vary: Origin")
	s := s3Settings{
		AllowedOrigins: p.originsAs(policy, spelling{
			limit:      "an origin may have one wildcard, which also matches dots, and there are no regular expressions",
			subdomains: true, ports: true,
		}),
		AllowedMethods: p.methodsAmong(policy, s3Methods, false), AllowedHeaders: slices.Clone(policy.AllowHeaders),
		MaxAgeSeconds: optionalAge(policy),
	}
	if slices.Contains(s.AllowedHeaders, "*") {
		s.AllowedHeaders = []string{"*"}
	}
	for _, h := range policy.ExposeHeaders {
		if h != "*" {
			s.ExposeHeaders = append(s.ExposeHeaders, h)
		} else {
			p.Lose(policy.Name, "ExposeHeaders", "*", ExposeAspect, "it refuses a wildcard in ExposeHeaders", fixListHeaders,
				"scripts can read only the safelisted response headers")
		}
	}
	text := jsonText(s3File{[]s3Settings{s}})
	if len(text) > maxS3 {
		p.Refuse(policy.Name, "AllowOrigins", "", fmt.Sprintf("it accepts at most %d bytes, and this configuration needs %d",
			maxS3, len(text)),
			"use patterns to shorten the list")
	}
	return text
}

// alwaysCredentials refuses a policy that lists origins without credentials, for a target that
// cannot turn credentials off.
func (p *exportPlan) alwaysCredentials(policy core.Policy) {
	if !policy.AllowCredentials && !slices.Contains(policy.AllowOrigins, "*") {
		p.Refuse(policy.Name, "AllowCredentials", "", "it has no switch for credentials, and allows them for every listed origin",
			"set allow_credentials: true if that is acceptable, or mount corskit in front of it")
	}
}

// s3Rule is a CORSRule.
type s3Rule struct {
	line                               int
	at                                 func(key string) int
	origins, methods, headers, exposed []textEntry
	maxAge                             *int
}

// maxRules is the maximum number of rules of a bucket.
const maxRules = 100

// readS3 reads the JSON of the console and of put-bucket-cors, or the XML of the API.
func readS3(text []byte) ([]s3Rule, error) {
	r := newReading("s3")
	var rules []s3Rule
	if isXML(text) {
		root, t := r.xml(text)
		if root != "CORSConfiguration" && len(r.faults) == 0 {
			r.fault(t.Line(), root, "the element is not CORSConfiguration", "import the XML that GetBucketCors returns")
		}
		for _, pair := range t.Pairs() {
			rule := pair.Value
			if pair.Key != "CORSRule" {
				r.fault(pair.Line, pair.Key, "the element is not CORSRule", "remove it")
				continue
			}
			r.elements(rule, "ID", "AllowedOrigin", "AllowedMethod", "AllowedHeader", "ExposeHeader", "MaxAgeSeconds")
			rules = append(rules, s3Rule{
				pair.Line, func(key string) int { return lineAt(rule, key) }, r.all(rule, "AllowedOrigin"), r.all(rule,
					"AllowedMethod"), r.all(rule, "AllowedHeader"),
				r.all(rule, "ExposeHeader"), r.number(rule.Get("MaxAgeSeconds"), "MaxAgeSeconds"),
			})
		}
	} else {
		t := r.tree(text)
		if t.IsMap() {
			r.known(t, "CORSRules")
			t = t.Get("CORSRules")
		}
		for _, rule := range t.List() {
			r.object(rule, "CORSRules")
			r.known(rule, "ID", "AllowedOrigins", "AllowedMethods", "AllowedHeaders", "ExposeHeaders", "MaxAgeSeconds")
			rules = append(rules, s3Rule{
				rule.Line(), func(key string) int { return lineAt(rule, key) }, r.list(rule.Get("AllowedOrigins"),
					"AllowedOrigins"), r.list(rule.Get("AllowedMethods"), "AllowedMethods"),
				r.list(rule.Get("AllowedHeaders"), "AllowedHeaders"), r.list(rule.Get("ExposeHeaders"), "ExposeHeaders"),
				r.seconds(rule.Get("MaxAgeSeconds"), "MaxAgeSeconds"),
			})
		}
	}
	if len(rules) == 0 && len(r.faults) == 0 {
		r.fault(0, "", "the file has no rule", "import a file with a CORSRule")
	}
	if len(rules) > maxRules {
		r.fault(rules[maxRules].line, "", "there are more than 100 rules", "S3 refuses the file: write fewer rules")
	}
	for _, rule := range rules {
		r.s3Rule(rule)
	}
	return rules, r.err()
}

// s3Rule reports the parts of a rule that S3 refuses.
func (r *reading) s3Rule(rule s3Rule) {
	r.tokens(rule.headers)
	r.tokens(rule.exposed)
	if len(rule.origins) == 0 || len(rule.methods) == 0 {
		r.fault(rule.line, "", "the rule has no AllowedOrigins or no AllowedMethods", "S3 refuses the file: write both")
	}
	for _, e := range slices.Concat(rule.origins, rule.headers) {
		if strings.Count(e.text, "*") > 1 {
			r.fault(e.line, e.text, "it has more than one wildcard", "S3 refuses the file: write at most one *")
		}
	}
	for _, m := range rule.methods {
		if !slices.Contains(s3Methods, m.text) {
			r.fault(m.line, m.text, "S3 does not accept this method", "write one of "+strings.Join(s3Methods, ", "))
		}
	}
	for _, e := range rule.exposed {
		if strings.Contains(e.text, "*") {
			r.fault(e.line, e.text, "S3 has no wildcards in ExposeHeaders", "list the headers")
		}
	}
	if rule.maxAge != nil && *rule.maxAge <= 0 {
		r.fault(rule.at("MaxAgeSeconds"), "MaxAgeSeconds", "the documentation does not say what S3 sends for a number below 1",
			"remove it, or write at least 1")
	}
}

// isXML reports whether a file begins as XML does.
func isXML(text []byte) bool {
	return strings.HasPrefix(strings.TrimLeft(strings.TrimPrefix(string(text[:min(len(text), 4096)]), "\ufeff"), " \t\r\n"), "<")
}

// elements reports elements other than the given ones. The given ones may repeat.
func (r *reading) elements(t textTree, names ...string) {
	for _, p := range t.Pairs() {
		if !slices.Contains(names, p.Key) {
			r.fault(p.Line, p.Key, "the element is not one of "+strings.Join(names, ", "), "remove it")
		}
	}
}

// number returns the number of an element, or nil if it is absent.
func (r *reading) number(t textTree, name string) *int {
	if !t.Exists() {
		return nil
	}
	n, err := strconv.Atoi(t.Text())
	if err != nil || n > maxSeconds || n < 0 {
		r.fault(t.Line(), name, "is not a number of seconds", "write a whole number that is not negative")
		return nil
	}
	return &n
}

// starPattern returns a pattern for an entry in which * matches any text.
func starPattern(s string) []string {
	begin, end, ok := strings.Cut(s, "*")
	if !ok {
		return origins(s)
	}
	return []string{"regexp:" + regexp.QuoteMeta(begin) + ".*" + regexp.QuoteMeta(end)}
}

// starMatches reports whether a pattern in which * matches any text matches s.
func starMatches(pattern, s string) bool {
	begin, end, ok := strings.Cut(pattern, "*")
	if !ok {
		return pattern == s
	}
	return len(s) >= len(begin)+len(end) && strings.HasPrefix(s, begin) && strings.HasSuffix(s, end)
}

// s3Model answers as S3 does: the first rule that allows the origin, the method and all requested
// headers applies. The bucket is the application.
type s3Model struct {
	rules []s3Rule
	facts Facts
}

func newS3Model(rules []s3Rule) *s3Model {
	m := &s3Model{rules: rules}
	for _, rule := range rules {
		for _, e := range rule.origins {
			if e.text != "*" {
				m.facts.Origins = append(m.facts.Origins, starPattern(e.text)...)
			}
		}
		m.facts.Methods = append(m.facts.Methods, textsOf(rule.methods)...)
		m.facts.Exposed = append(m.facts.Exposed, textsOf(rule.exposed)...)
		for _, h := range rule.headers {
			// For each header entry with a wildcard, a name that it matches and neither side lists.
			m.facts.Headers = append(m.facts.Headers, strings.ReplaceAll(h.text, "*", "x"))
		}
	}
	return m
}

func (m *s3Model) Facts() Facts { return m.facts }

func (m *s3Model) Answer(r core.Request) Answer {
	origin, has := firstLine(r.Origin)
	method, asks := firstLine(r.AccessControlRequestMethod)
	preflight := r.Method == "OPTIONS"
	a := Answer{Reached: !preflight}
	if !preflight {
		method = r.Method
	}
	rule, ok := s3Rule{}, false
	if has && (!preflight || asks) {
		rule, ok = m.rule(origin, method, r.AccessControlRequestHeaders)
	}
	if !ok {
		a.Status = 403
		return a
	}
	a.Status = 200
	if lists(rule.origins, "*") {
		a.send("Access-Control-Allow-Origin", "*")
	} else {
		a.send("Access-Control-Allow-Origin", origin)
		a.send("Access-Control-Allow-Credentials", "true")
	}
	a.send("Vary", "Origin, Access-Control-Request-Headers, Access-Control-Request-Method")
	a.send("Access-Control-Allow-Methods", strings.Join(textsOf(rule.methods), ", "))
	if asked, ok := firstLine(r.AccessControlRequestHeaders); ok && asked != "" {
		a.send("Access-Control-Allow-Headers", strings.Join(splitList(strings.ToLower(asked)), ", "))
	}
	if len(rule.exposed) > 0 {
		a.send("Access-Control-Expose-Headers", strings.Join(textsOf(rule.exposed), ", "))
	}
	if rule.maxAge != nil {
		a.send("Access-Control-Max-Age", strconv.Itoa(*rule.maxAge))
	}
	return a
}

// rule returns the first rule that allows a request.
func (m *s3Model) rule(origin, method string, asked []string) (s3Rule, bool) {
	for _, rule := range m.rules {
		allowed := lists(rule.methods, method) &&
			slices.ContainsFunc(rule.origins, func(e textEntry) bool { return starMatches(e.text, origin) })
		for _, line := range asked {
			for _, name := range splitList(strings.ToLower(line)) {
				allowed = allowed && slices.ContainsFunc(rule.headers,
					func(e textEntry) bool { return starMatches(strings.ToLower(e.text), name) })
			}
		}
		if allowed {
			return rule, true
		}
	}
	return s3Rule{}, false
}

func importS3(text []byte, d *importDraft) {
	rules, err := readS3(text)
	importRules(d, rules, err, func(r s3Rule) int { return r.line }, func(p *draftPolicy, rule s3Rule) {
		p.starOrigins(rule.origins)
		d.needsSafe(rule.methods, rule.line, "AllowedMethods")
		p.Methods(textsOf(rule.methods), lineOf(rule.methods, rule.line), "")
		credentials := !lists(rule.origins, "*")
		if credentials {
			p.Credentials(rule.line, "S3 has no switch for credentials, and always allows them for listed origins")
		}
		p.starHeaders(rule.headers, credentials, rule.line)
		p.Exposed(textsOf(rule.exposed), lineOf(rule.exposed, rule.line), "")
		if rule.maxAge != nil {
			p.Age(*rule.maxAge, rule.at("MaxAgeSeconds"), "")
		}
	})
}

// importRules adds a policy for each rule of a bucket, unless err says that the rules cannot be
// read.
func importRules[R any](d *importDraft, rules []R, err error, line func(R) int, fill func(*draftPolicy, R)) {
	if err != nil {
		d.fail(err)
		return
	}
	d.optionsNote()
	d.varyNote()
	for _, rule := range rules {
		d.storageRule(line(rule), func(p *draftPolicy) { fill(p, rule) })
	}
}

// storageRule adds the policy of a rule. It refuses a rule that shares an origin with an earlier
// one: if the earlier rule does not allow the method or the headers, a bucket tries the later rule,
// but corskit does not try a second policy.
func (d *importDraft) storageRule(line int, fill func(*draftPolicy)) {
	faults := len(d.faults)
	earlier := slices.Clone(d.Policies)
	p := d.Policy("", line)
	fill(p)
	if len(d.faults) > faults {
		return
	}
	for _, other := range earlier {
		if o := shared(other.AllowOrigins, p.AllowOrigins); o != "" {
			d.Refuse(line, o,
				"an earlier rule allows this origin too, and the gateway uses the first rule that also allows the method and the headers",
				"list each origin in only one rule")
			return
		}
	}
}

// shared returns an origin that two lists of patterns allow, or "".
func shared(a, b []string) string {
	second, err := core.New(core.Policy{
		AllowOrigins: b, DangerouslyAllowNullOrigin: true, DangerouslyAllowInsecureOrigins: true, DangerouslyAllowPublicSuffixes: true,
	})
	if err != nil {
		return ""
	}
	for _, pattern := range a {
		some, err := core.Examples(pattern, b...)
		for _, o := range some {
			if second.AllowsOrigin(o) {
				return o
			}
		}
		if err != nil {
			return pattern // too complex to compare, so assume that they share one
		}
	}
	return ""
}

// starOrigins adds the origins of a list in which * matches any text. In hosts, it accepts * only
// at the beginning.
func (p *draftPolicy) starOrigins(list []textEntry) {
	if lists(list, "*") {
		p.Origin("*", lineOf(list, 0), "")
		return
	}
	for _, e := range list {
		begin, end, wildcard := strings.Cut(e.text, "*")
		bare := strings.TrimSuffix(begin, ":")
		switch {
		case !wildcard && len(origins(e.text)) == 0:
			p.d.noteNeverSent(e)
		case e.text == "null":
			p.d.Refuse(e.line, "null", "any site can send this origin, and would get credentials", "remove it")
		case !wildcard:
			p.Origin(e.text, e.line, "")
		case core.IsOrigin(bare) && bare != begin && end == "":
			if lists(list, bare) {
				p.Origin(e.text, e.line, "")
			} else {
				p.Expression(regexp.QuoteMeta(begin)+"[0-9]+", true, e.line, "any port, but not the absence of one")
			}
		case strings.HasSuffix(begin, "://") && strings.HasPrefix(end, ".") && core.IsOrigin(begin+"a"+end):
			p.Origin(e.text, e.line, "")
		default:
			p.d.Refuse(e.line, e.text, "here, * matches any text, including dots, slashes and strangers' domains",
				"list the origins, or write * for whole labels, as in https://*.example.com")
		}
	}
}

// starHeaders sets allow_headers from a list that may have wildcards, for a source that echoes the
// headers that it allows.
func (p *draftPolicy) starHeaders(list []textEntry, credentials bool, line int) {
	if lists(list, "*") {
		p.echoedHeaders(credentials, lineOf(list, line), "* allows all headers")
		return
	}
	for _, e := range list {
		if strings.Contains(e.text, "*") {
			p.d.Refuse(e.line, e.text, "policies have no wildcards within header names", "list the headers, or write *")
		}
	}
	p.Headers(textsOf(list), lineOf(list, line), "")
}
