package gateways

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/core"
)

// apisix is the plugin cors of Apache APISIX.
//
// Sources: apisix/plugins/cors.lua and docs/en/latest/plugins/cors.md in github.com/apache/apisix.
func apisix() Target {
	return Target{
		Name: "apisix", Title: "APISIX",
		Help: "the plugin cors of a route",
		Limits: []string{
			"One policy for each route of APISIX, and no routes: put the plugin into the route.",
			"It answers every OPTIONS request itself.",
			"Responses to disallowed origins have no Vary: Origin.",
			"Expressions are not anchored: corskit writes ^ and $.",
			"It passes requests of disallowed origins on, so it has no reject_disallowed, and it does not answer private network requests.",
		},
		export: exportAPISIX, imports: importAPISIX,
		Parse: func(text []byte) (Model, error) {
			c, err := readAPISIX(text)
			if err != nil {
				return nil, err
			}
			return newAPISIXModel(c), nil
		},
	}
}

type apisixFile struct {
	Plugins struct {
		CORS apisixSettings `json:"cors"`
	} `json:"plugins"`
}

type apisixSettings struct {
	AllowOrigins    string   `json:"allow_origins"`
	ByRegex         []string `json:"allow_origins_by_regex,omitempty"`
	AllowMethods    string   `json:"allow_methods"`
	AllowHeaders    string   `json:"allow_headers"`
	ExposeHeaders   string   `json:"expose_headers"`
	MaxAge          int      `json:"max_age"`
	AllowCredential bool     `json:"allow_credential"`
}

// Values for lists that must not be empty. They allow nothing: no browser sends this origin, no
// script can set this request header, and scripts can always read this response header.
const (
	apisixNoOrigin  = "https://none.invalid/"
	apisixNoHeader  = "origin"
	apisixNoExposed = "cache-control"
)

// apisixMethods are the methods that allow_methods "**" allows.
var apisixMethods = []string{"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "CONNECT", "TRACE"}

func exportAPISIX(p *exportPlan) []byte {
	policy, ok := p.One()
	if !ok {
		return nil
	}
	p.RefuseUnsupported(policy, false)
	p.optionsAnswered()
	s := apisixSettings{MaxAge: age(policy), AllowCredential: policy.AllowCredentials}
	s.AllowOrigins, s.ByRegex = p.apisixOrigins(policy)
	if s.AllowOrigins != "*" {
		p.noVary(policy, "responses to other origins have no Vary: Origin")
	}
	join := func(list []string, none, starred string) string {
		if slices.Contains(list, "*") && policy.AllowCredentials {
			return starred
		}
		if len(list) == 0 {
			return none
		}
		return strings.Join(list, ",")
	}
	methods := policy.AllowMethods
	if slices.Contains(policy.AllowMethods, "*") {
		methods = []string{"*"}
		if policy.AllowCredentials {
			p.Lose(policy.Name, "AllowMethods", "*", MethodAspect, "with credentials, ** means "+strings.Join(apisixMethods, ", "),
				fixListMethods, "scripts may use no other methods")
		}
	}
	s.AllowMethods = join(methods, "", "**")
	s.AllowHeaders = join(policy.AllowHeaders, apisixNoHeader, "**")
	s.ExposeHeaders = join(policy.ExposeHeaders, apisixNoExposed, "**")
	var file apisixFile
	file.Plugins.CORS = s
	return jsonText(file)
}

var apisixOrigin = regexp.MustCompile(`^\w+://[^,]+$`)

// maxAPISIXExpression bounds an entry of allow_origins_by_regex, in bytes.
const maxAPISIXExpression = 4096

// apisixOrigins returns the values of allow_origins and allow_origins_by_regex. If the policy needs
// expressions, all its origins become expressions, because newer versions then ignore
// allow_origins.
func (p *exportPlan) apisixOrigins(policy core.Policy) (exact string, expressions []string) {
	var list []string
	for _, e := range entriesOf(policy) {
		expression, ok := pcre(e)
		switch {
		case e.Kind == anyEntry:
			return "*", nil
		case !ok || len(expression) > maxAPISIXExpression-10:
			p.Lose(policy.Name, "AllowOrigins", e.Text, OriginAspect,
				"its expressions are PCRE of at most 4096 bytes, and this one is longer or means something else in PCRE",
				fixListOrigins, "the origins of this entry are refused")
			continue
		case e.Kind == exactEntry && apisixOrigin.MatchString(e.Text):
			list = append(list, e.Text)
		}
		expressions = append(expressions, "^(?:"+expression+")$")
	}
	if len(expressions) == 0 {
		p.noOrigins(policy)
	}
	if len(list) == len(expressions) {
		return strings.Join(list, ","), nil
	}
	return apisixNoOrigin, expressions
}

// apisixConfig is the configuration of the plugin.
type apisixConfig struct {
	line                               int
	at                                 func(key string) int
	origins                            []textEntry
	expressions                        []textEntry
	methods, headers, exposed          string
	originsSet, exposedSet, credential bool
	maxAge                             int
}

var apisixOrigins = regexp.MustCompile(`^(\*|\*\*|null|\w+://[^,]+(,\w+://[^,]+)*)$`)

func readAPISIX(text []byte) (*apisixConfig, error) {
	r := newReading("apisix")
	plugins := r.tree(text).Find(func(t textTree) bool { return t.Get("plugins", "cors").Exists() })
	if len(plugins) != 1 {
		if len(plugins) > 1 {
			r.fault(plugins[1].Line(), "cors", "the file has several cors plugins", "import a file with only one of them")
		} else if len(r.faults) == 0 {
			r.fault(0, "", "the file has no cors below plugins", "import a file that has it")
		}
		return nil, r.err()
	}
	t := r.object(plugins[0].Get("plugins", "cors"), "cors")
	r.known(t, "allow_origins", "allow_origins_by_regex", "allow_origins_by_metadata", "allow_methods", "allow_headers", "expose_headers",
		"max_age", "allow_credential", "timing_allow_origins", "timing_allow_origins_by_regex", "_meta")
	if by := t.Get("allow_origins_by_metadata"); by.Exists() {
		r.fault(by.Line(), "allow_origins_by_metadata", "the origins are in the plugin's metadata, which is not in the file",
			"write them into allow_origins")
	}
	if t.Get("_meta", "disable").Text() == "true" {
		r.fault(t.Get("_meta").Line(), "_meta", "the plugin is disabled, so it answers nothing", "remove _meta")
	}
	c := &apisixConfig{
		line: t.Line(), at: func(key string) int { return lineAt(t, key) },
		methods:    r.text(t.Get("allow_methods"), "allow_methods", "*"),
		headers:    r.text(t.Get("allow_headers"), "allow_headers", "*"),
		exposed:    r.text(t.Get("expose_headers"), "expose_headers", ""),
		credential: r.bool(t.Get("allow_credential"), "allow_credential", false),
		originsSet: t.Get("allow_origins").Exists(), exposedSet: t.Get("expose_headers").Exists(),
		expressions: r.list(t.Get("allow_origins_by_regex"), "allow_origins_by_regex"), maxAge: 5,
	}
	all := r.text(t.Get("allow_origins"), "allow_origins", "*")
	line := max(t.Get("allow_origins").Line(), c.line)
	if !apisixOrigins.MatchString(all) {
		r.fault(line, all, "APISIX refuses this value", "write origins separated by commas, without spaces")
	}
	r.methods(commas(t.Get("allow_methods")))
	r.tokens(commas(t.Get("allow_headers")))
	r.tokens(commas(t.Get("expose_headers")))
	for o := range strings.SplitSeq(all, ",") {
		c.origins = append(c.origins, textEntry{o, line})
	}
	if seconds := r.seconds(t.Get("max_age"), "max_age"); seconds != nil {
		c.maxAge = *seconds
	}
	if c.credential && (all == "*" || c.methods == "*" || c.headers == "*" || c.exposed == "*") {
		r.fault(c.line, "allow_credential", "APISIX refuses * together with allow_credential", "list the values")
	}
	r.fewExpressions(c.expressions)
	for _, e := range c.expressions {
		if _, err := regexp.Compile(e.text); err != nil {
			r.fault(e.line, e.text, "this expression uses a PCRE feature that RE2 lacks",
				"rewrite it without that feature, or list the origins")
		}
	}
	return c, r.err()
}

// apisixModel answers as the plugin cors does.
type apisixModel struct {
	*apisixConfig
	expr  *regexp.Regexp // nil if there is none
	facts Facts
}

func newAPISIXModel(c *apisixConfig) *apisixModel {
	m := &apisixModel{apisixConfig: c}
	m.facts.Origins = origins(textsOf(c.origins)...)
	for _, e := range c.expressions {
		inner, whole := anchored(e.text)
		if !whole {
			inner = e.text
		}
		m.facts.Origins = append(m.facts.Origins, expressionPattern(inner, whole))
	}
	if len(c.expressions) > 0 {
		m.expr, _ = regexp.Compile(strings.Join(textsOf(c.expressions), "|")) // each compiles
	}
	m.facts.Methods, m.facts.Headers, m.facts.Exposed = splitList(c.methods), splitList(c.headers), splitList(c.exposed)
	if c.methods == "**" {
		m.facts.Methods = apisixMethods
	}
	return m
}

func (m *apisixModel) Facts() Facts { return m.facts }

func (m *apisixModel) Answer(r core.Request) Answer {
	a := Answer{Reached: r.Method != "OPTIONS", Status: 200}
	origin, has := firstLine(r.Origin)
	allow := m.allowed(origin, has)
	if allow == "" {
		return a
	}
	a.send("Access-Control-Allow-Origin", allow)
	if allow != "*" {
		a.send("Vary", "Origin")
	}
	a.send("Access-Control-Allow-Methods", strings.Join(m.facts.Methods, ","))
	a.send("Access-Control-Max-Age", strconv.Itoa(m.maxAge))
	if m.exposed != "" {
		a.send("Access-Control-Expose-Headers", m.exposed)
	}
	if m.headers != "**" {
		a.send("Access-Control-Allow-Headers", m.headers)
	} else if asked, ok := firstLine(r.AccessControlRequestHeaders); ok {
		a.send("Access-Control-Allow-Headers", asked)
	}
	if m.credential {
		a.send("Access-Control-Allow-Credentials", "true")
	}
	return a
}

func (m *apisixModel) allowed(origin string, present bool) string {
	switch {
	case len(m.origins) == 1 && m.origins[0].text == "*":
		return "*"
	case len(m.origins) == 1 && m.origins[0].text == "**":
		if !present {
			return "*"
		}
		return origin
	case present && slices.ContainsFunc(m.origins, func(e textEntry) bool { return e.text == origin }),
		present && m.expr != nil && m.expr.MatchString(origin):
		return origin
	}
	return ""
}

func importAPISIX(text []byte, d *importDraft) {
	c, err := readAPISIX(text)
	if err != nil {
		d.fail(err)
		return
	}
	p := d.Policy("", c.line)
	d.optionsNote()
	if !lists(c.origins, "*") {
		d.varyNote()
	}
	p.apisixOrigins(c)
	methods := splitList(c.methods)
	if c.methods == "**" {
		methods = apisixMethods
	}
	p.Methods(slices.DeleteFunc(slices.Clone(methods), func(m string) bool {
		return m == "TRACE" || m == "CONNECT" || m == "*" && c.credential
	}), c.at("allow_methods"), "")
	if c.headers == "**" {
		p.echoedHeaders(c.credential, c.at("allow_headers"), "** allows all headers")
	} else {
		p.Headers(slices.DeleteFunc(splitList(c.headers), func(h string) bool { return h == "*" && c.credential }), c.at("allow_headers"),
			"")
	}
	p.Exposed(slices.DeleteFunc(splitList(c.exposed), func(h string) bool {
		return safelisted(h) || h == "**" || h == "*" && c.credential
	}), c.at("expose_headers"), "")
	if !c.exposedSet && !c.credential {
		d.Note(c.line, ExposeAspect, "expose_headers is not set: older versions then expose every header; the policy exposes none")
	}
	if c.credential {
		p.Credentials(c.at("allow_credential"), "")
	}
	switch {
	case c.maxAge < 0:
		p.Age(0, c.at("max_age"), "")
		d.Note(c.at("max_age"), MaxAgeAspect,
			"max_age -1 is not valid, and browsers interpret it differently; the policy disables caching")
	case c.maxAge != defaultAge: // which browsers use anyway
		p.Age(c.maxAge, c.at("max_age"), "")
	}
}

func (p *draftPolicy) apisixOrigins(c *apisixConfig) {
	switch first := c.origins[0]; {
	case first.text == "**":
		p.d.Refuse(first.line, "**", "it echoes every origin, and allows credentials if allow_credential is set",
			"write * without allow_credential, or list the origins")
		return
	case first.text == "*" && len(c.expressions) > 0:
		p.d.Refuse(first.line, "*",
			"allow_origins defaults to *: older versions allow every origin, newer ones only those of allow_origins_by_regex",
			"set allow_origins to one of the origins")
		return
	}
	var all *regexp.Regexp
	if len(c.expressions) > 0 {
		all, _ = regexp.Compile(strings.Join(textsOf(c.expressions), "|"))
	}
	for _, e := range c.origins {
		switch {
		case e.text == "*":
			p.Origin("*", e.line, "")
		case len(origins(e.text)) == 0:
			if e.text != apisixNoOrigin {
				p.d.noteNeverSent(e)
			}
		case all != nil && !all.MatchString(e.text):
			p.d.Refuse(e.line, e.text, "newer versions ignore allow_origins if allow_origins_by_regex is set, and older ones do not",
				"write the origin into allow_origins_by_regex too")
		default:
			p.Origin(e.text, e.line, "")
		}
	}
	for _, e := range c.expressions {
		p.anchoredExpression(e)
	}
}

// anchoredExpression adds an expression from a gateway that does not anchor expressions.
func (p *draftPolicy) anchoredExpression(e textEntry) {
	inner, ok := anchored(e.text)
	switch plain := plainOrigin(inner); {
	case !ok:
		p.Expression(e.text, false, e.line, "")
	case plain != "":
		p.Origin(plain, e.line, "")
	default:
		p.Expression(inner, true, e.line, "")
	}
}
