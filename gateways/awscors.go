package gateways

import (
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/core"
)

// awsCors is the CORS setting of API Gateway, Lambda and CloudFront. They send the lists unchanged,
// and the origin that matches.
type awsCors struct {
	line                               int
	at                                 func(key string) int
	origins, methods, headers, exposed []textEntry
	credentials                        bool
	maxAge                             *int
}

// readAWS reads the only map with allowOrigins in a file. Its keys are in camel case or Pascal
// case.
func readAWS(source string, text []byte) (*awsCors, *reading, bool) {
	r := newReading(source)
	found := r.tree(text).Find(func(t textTree) bool { return t.Get("AllowOrigins").IsList() || t.Get("allowOrigins").IsList() })
	if len(found) != 1 {
		if len(r.faults) == 0 {
			r.fault(0, "AllowOrigins", "the file must have exactly one list with this name", fixSyntax)
		}
		return nil, r, false
	}
	t := found[0]
	get := func(name string) textTree {
		if v := t.Get(name); v.Exists() {
			return v
		}
		return t.Get(camelCase(name))
	}
	var known []string
	for _, name := range []string{"AllowOrigins", "AllowMethods", "AllowHeaders", "ExposeHeaders", "AllowCredentials", "MaxAge"} {
		lowered := camelCase(name)
		if t.Get(name).Exists() && t.Get(lowered).Exists() {
			r.fault(t.Get(lowered).Line(), lowered, "the key is set in two spellings", "remove one")
		}
		known = append(known, name, lowered)
	}
	r.known(t, known...)
	c := &awsCors{
		line: t.Line(),
		at: func(key string) int {
			if v := get(key); v.Exists() {
				return v.Line()
			}
			return t.Line()
		},
		origins: r.list(get("AllowOrigins"), "AllowOrigins"), methods: r.list(get("AllowMethods"), "AllowMethods"),
		headers: r.list(get("AllowHeaders"), "AllowHeaders"), exposed: r.list(get("ExposeHeaders"), "ExposeHeaders"),
		credentials: r.bool(get("AllowCredentials"), "AllowCredentials", false),
		maxAge:      r.seconds(get("MaxAge"), "MaxAge"),
	}
	c.check(r)
	return c, r, true
}

// check reports lists that browsers refuse.
func (c *awsCors) check(r *reading) {
	r.methods(c.methods)
	r.tokens(c.headers)
	r.tokens(c.exposed)
	if c.maxAge != nil && *c.maxAge < 0 {
		r.fault(c.at("MaxAge"), "MaxAge", "is negative, so browsers ignore it", "write a number that is not negative")
	}
}

// awsSettings is the JSON that the exporters write.
type awsSettings struct {
	AllowOrigins     []string
	AllowMethods     []string
	AllowHeaders     []string `json:",omitempty"`
	ExposeHeaders    []string `json:",omitempty"`
	AllowCredentials bool
	MaxAge           *int `json:",omitempty"`
}

// awsModel sends the lists to each origin that matches. It sends no Vary, because no documentation
// mentions it.
type awsModel struct {
	*awsCors
	status    int  // of preflights
	unhandled bool // the application gets preflights
	facts     Facts
}

func newAWSModel(c *awsCors, status int) *awsModel {
	m := &awsModel{awsCors: c, status: status}
	for _, e := range c.origins {
		if e.text != "*" {
			m.facts.Origins = append(m.facts.Origins, starPattern(e.text)...)
		}
	}
	m.facts.Methods, m.facts.Headers, m.facts.Exposed = textsOf(c.methods), textsOf(c.headers), textsOf(c.exposed)
	return m
}

func (m *awsModel) Facts() Facts { return m.facts }

func (m *awsModel) Answer(r core.Request) Answer {
	origin, has := firstLine(r.Origin)
	a := Answer{Reached: !isPreflight(r) || m.unhandled, Status: m.status}
	if !has {
		return a
	}
	switch {
	case lists(m.origins, "*"):
		a.send("Access-Control-Allow-Origin", "*")
	case slices.ContainsFunc(m.origins, func(e textEntry) bool { return starMatches(e.text, origin) }):
		a.send("Access-Control-Allow-Origin", origin)
	default:
		return a
	}
	if m.credentials {
		a.send("Access-Control-Allow-Credentials", "true")
	}
	list := func(name string, entries []textEntry) {
		if len(entries) > 0 {
			a.send(name, strings.Join(textsOf(entries), ","))
		}
	}
	if isPreflight(r) {
		list("Access-Control-Allow-Methods", m.methods)
		list("Access-Control-Allow-Headers", m.headers)
		if m.maxAge != nil {
			a.send("Access-Control-Max-Age", strconv.Itoa(*m.maxAge))
		}
	} else {
		list("Access-Control-Expose-Headers", m.exposed)
	}
	return a
}

// awsPolicy makes a policy from the lists.
func (d *importDraft) awsPolicy(c *awsCors) *draftPolicy {
	p := d.Policy("", c.line)
	d.varyNote()
	switch {
	case lists(c.origins, "*") && c.credentials:
		d.Refuse(c.at("AllowCredentials"), "AllowCredentials",
			"the documentation does not say what it sends for * with credentials: the API may refuse the setting, or allow every origin",
			"list the origins, or set AllowCredentials to false")
	case slices.ContainsFunc(c.origins, func(e textEntry) bool { return strings.HasSuffix(e.text, "://*") }):
		for _, e := range c.origins {
			if strings.HasSuffix(e.text, "://*") {
				d.Refuse(e.line, e.text, "it matches every origin with this scheme, including those of strangers",
					"write *, or list the origins")
			}
		}
	default:
		p.wholeOrigins(c.origins)
	}
	p.Methods(slices.DeleteFunc(p.literalStars(c.methods, c.credentials, MethodAspect), func(m string) bool {
		return m == "TRACE" || m == "CONNECT"
	}), lineOf(c.methods, c.line), "")
	p.Headers(p.literalStars(c.headers, c.credentials, HeaderAspect), lineOf(c.headers, c.line), "")
	p.Exposed(p.literalStars(c.exposed, c.credentials, ExposeAspect), lineOf(c.exposed, c.line), "")
	if c.credentials {
		p.Credentials(c.at("AllowCredentials"), "")
	}
	if c.maxAge != nil {
		p.Age(*c.maxAge, c.at("MaxAge"), "")
	}
	return p
}

// awsMethods are the methods that the documentation of API Gateway and CloudFront lists.
var awsMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// awsWildcard returns a list. If the policy has credentials, it removes "*", which browsers then
// treat as an ordinary name.
func (p *exportPlan) awsWildcard(policy core.Policy, fieldName string, list []string, aspect Aspect) []string {
	if !policy.AllowCredentials || !slices.Contains(list, "*") {
		return list
	}
	p.Lose(policy.Name, fieldName, "*", aspect, "it sends *, which browsers treat as an ordinary name if there are credentials",
		"list the "+string(aspect)+", or "+fixMount, "what * covers is refused")
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == "*" })
}

// apiGateway is the CORS configuration of an HTTP API of Amazon API Gateway. REST APIs have none.
//
// Sources: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html and the
// model Cors of https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid.html.
func apiGateway() Target {
	return Target{
		Name: "aws-apigateway", Title: "Amazon API Gateway",
		Help: "the CorsConfiguration of an HTTP API, in JSON",
		Limits: []string{
			"Only HTTP APIs: REST APIs have no such setting.",
			"One policy for the whole API, and no routes.",
			"Origins are exact or *, without patterns.",
			"With credentials, * has no effect for methods and headers.",
			"No Vary: Origin, and it removes the CORS headers of the application.",
		},
		export: exportAPIGateway,
		imports: func(text []byte, d *importDraft) {
			c, err := readAPIGateway(text)
			if err != nil {
				d.fail(err)
				return
			}
			d.awsPolicy(c)
		},
		Parse: func(text []byte) (Model, error) {
			c, err := readAPIGateway(text)
			if err != nil {
				return nil, err
			}
			return newAWSModel(c, 204), nil
		},
	}
}

func exportAPIGateway(p *exportPlan) []byte {
	policy, ok := p.One()
	if !ok {
		return nil
	}
	p.RefuseUnsupported(policy, false)
	p.noZeroAge(policy)
	p.noVary(policy, "its documentation does not mention Vary")
	methods := p.awsWildcard(policy, "AllowMethods", policy.AllowMethods, MethodAspect)
	if len(methods) == 0 {
		methods = safeMethods
	}
	return jsonText(awsSettings{
		AllowOrigins: p.originsAs(policy, spelling{limit: "it compares whole origins and has no patterns"}),
		AllowMethods: methods, AllowHeaders: p.awsWildcard(policy, "AllowHeaders", policy.AllowHeaders, HeaderAspect),
		ExposeHeaders: policy.ExposeHeaders, AllowCredentials: policy.AllowCredentials, MaxAge: optionalAge(policy),
	})
}

func readAPIGateway(text []byte) (*awsCors, error) {
	c, r, ok := readAWS("aws-apigateway", text)
	if !ok {
		return nil, r.err()
	}
	for _, e := range c.origins {
		if strings.Contains(e.text, "*") && !slices.Contains([]string{"*", "https://*", "http://*"}, e.text) {
			r.fault(e.line, e.text, "API Gateway documents no wildcard within an origin", "list the origins")
		}
	}
	if c.maxAge != nil && *c.maxAge <= 0 {
		r.fault(c.at("MaxAge"), "MaxAge", "the documentation does not say what API Gateway sends for a number below 1",
			"remove it, or write at least 1")
	}
	return c, r.err()
}

// lambdaURL is the CORS configuration of a function URL of AWS Lambda.
//
// Sources: https://docs.aws.amazon.com/lambda/latest/api/API_Cors.html and
// https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html#urls-cors.
func lambdaURL() Target {
	return Target{
		Name: "lambda-url", Title: "Lambda function URLs",
		Help: "the Cors of create-function-url-config, in JSON",
		Limits: []string{
			"One policy for the function, and no routes.",
			"Origins are exact or *, without patterns, at most 100.",
			"At most 6 methods of at most 6 letters: GET, HEAD, POST, PUT, PATCH, DELETE, or *. So OPTIONS cannot be listed.",
			"Wildcards are documented for origins and methods only.",
			"No Vary: Origin. If the function sends CORS headers too, the response can have both.",
		},
		export: exportLambdaURL,
		imports: func(text []byte, d *importDraft) {
			c, err := readLambdaURL(text)
			if err != nil {
				d.fail(err)
				return
			}
			d.awsPolicy(c)
		},
		Parse: func(text []byte) (Model, error) {
			c, err := readLambdaURL(text)
			if err != nil {
				return nil, err
			}
			return newAWSModel(c, 200), nil
		},
	}
}

var lambdaMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}

// Limits of function URLs.
const (
	maxLambdaList   = 100
	maxLambdaOrigin = 253
	maxLambdaName   = 1024
)

func exportLambdaURL(p *exportPlan) []byte {
	policy, ok := p.One()
	if !ok {
		return nil
	}
	p.RefuseUnsupported(policy, false)
	p.noVary(policy, "its documentation does not mention Vary")
	p.Note("", "", PassAspect, "the function must not send CORS headers itself, or responses can have them twice")
	seconds := age(policy)
	s := awsSettings{
		AllowOrigins:     p.originsAs(policy, spelling{limit: "it compares whole origins and has no patterns"}),
		AllowMethods:     p.methodsAmong(policy, lambdaMethods, !policy.AllowCredentials),
		AllowHeaders:     p.noStar(policy, "AllowHeaders", policy.AllowHeaders, HeaderAspect),
		ExposeHeaders:    p.noStar(policy, "ExposeHeaders", policy.ExposeHeaders, ExposeAspect),
		AllowCredentials: policy.AllowCredentials, MaxAge: &seconds,
	}
	for _, l := range []struct {
		fieldName string
		list      []string
		length    int
	}{{"AllowOrigins", s.AllowOrigins, maxLambdaOrigin}, {"AllowHeaders", s.AllowHeaders, maxLambdaName}, {"ExposeHeaders", s.ExposeHeaders,
		maxLambdaName}} {
		if len(l.list) > maxLambdaList {
			p.Refuse(policy.Name, l.fieldName, "", "it has at most 100 entries in a list", "remove some, or "+fixMount)
		}
		for _, e := range l.list {
			if len(e) > l.length {
				p.Refuse(policy.Name, l.fieldName, e, "its entries have at most "+strconv.Itoa(l.length)+" characters", "remove the entry")
			}
		}
	}
	return jsonText(s)
}

// noStar returns a list without "*", for a target that documents no wildcard in this list.
func (p *exportPlan) noStar(policy core.Policy, fieldName string, list []string, aspect Aspect) []string {
	if !slices.Contains(list, "*") {
		return list
	}
	p.Lose(policy.Name, fieldName, "*", aspect, "it documents no * for "+string(aspect), "list the "+string(aspect),
		"what * covers is refused")
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == "*" })
}

func readLambdaURL(text []byte) (*awsCors, error) {
	c, r, ok := readAWS("lambda-url", text)
	if !ok {
		return nil, r.err()
	}
	for _, e := range c.origins {
		if strings.Contains(e.text, "*") && e.text != "*" {
			r.fault(e.line, e.text, "Lambda documents no wildcard within an origin", "list the origins")
		}
	}
	for _, m := range c.methods {
		if m.text != "*" && !slices.Contains(lambdaMethods, m.text) {
			r.fault(m.line, m.text, "Lambda does not accept this method", "write one of "+strings.Join(lambdaMethods, ", "))
		}
	}
	for _, e := range slices.Concat(c.headers, c.exposed) {
		if strings.Contains(e.text, "*") {
			r.fault(e.line, e.text, "Lambda documents no wildcard for headers", "list the headers")
		}
	}
	if c.maxAge == nil {
		c.maxAge = new(int) // the documented default, with which browsers do not cache
	}
	if *c.maxAge < 0 || *c.maxAge > maxPolicyAge {
		r.fault(c.at("MaxAge"), "MaxAge", "Lambda refuses it", "write 0 to 86400")
	}
	return c, r.err()
}
