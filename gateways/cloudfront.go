package gateways

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/core"
)

// cloudFront is a response headers policy of Amazon CloudFront, with a CloudFront function that
// answers preflights. The policy itself only adds headers to the application's answers.
//
// Sources: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/understanding-response-headers-policies.html,
// https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_ResponseHeadersPolicyCorsConfig.html and
// https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-functions.html.
func cloudFront() Target {
	return Target{
		Name: "cloudfront", Title: "Amazon CloudFront",
		Help: "a CloudFormation template with a response headers policy and a function for preflights",
		Limits: []string{
			"One policy for a cache behavior, and no routes: attach both to the behaviors that need them.",
			"Origins are exact or *: the documentation does not say what a wildcard matches.",
			"Only the methods GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS.",
			"No Vary: Origin.",
			"Without the function, the application must answer preflights with success.",
		},
		export: exportCloudFront, imports: importCloudFront,
		Parse: func(text []byte) (Model, error) {
			c, err := readCloudFront(text)
			if err != nil {
				return nil, err
			}
			return c.model(), nil
		},
	}
}

// maxFunction bounds the code of a CloudFront function, in bytes.
const maxFunction = 10 << 10

func exportCloudFront(p *exportPlan) []byte {
	policy, ok := p.One()
	if !ok {
		return nil
	}
	p.RefuseUnsupported(policy, false)
	p.noVary(policy, "its documentation does not mention Vary")
	headers := p.awsWildcard(policy, "AllowHeaders", policy.AllowHeaders, HeaderAspect)
	if slices.Contains(headers, "*") && slices.Contains(headers, "authorization") {
		p.Lose(policy.Name, "AllowHeaders", "authorization", HeaderAspect, "it has either * or a list of headers", "list the headers",
			"scripts cannot send authorization in browsers that follow the standard")
		headers = []string{"*"}
	}
	if len(headers) == 0 {
		headers = []string{"origin"} // the list must not be empty, and no script can set this one
	}
	c := cloudFrontCors{
		origins: p.originsAs(policy, spelling{limit: "its documentation does not say what wildcards match, so origins are exact"}),
		methods: p.methodsAmong(policy, awsMethods, false), headers: headers, exposed: policy.ExposeHeaders,
		credentials: policy.AllowCredentials, maxAge: optionalAge(policy),
	}
	code := c.function()
	if len(code) > maxFunction {
		p.Refuse(policy.Name, "AllowOrigins", "", fmt.Sprintf("a function may have at most %d bytes, and this one needs %d",
			maxFunction, len(code)),
			"remove origins, or "+fixMount)
	}
	var b strings.Builder
	list := func(key string, names []string) {
		fmt.Fprintf(&b, "          %s: {Items: %s}\n", key, jsonLine(names))
	}
	b.WriteString(cloudFrontHead)
	fmt.Fprintf(&b, "          AccessControlAllowCredentials: %t\n", c.credentials)
	list("AccessControlAllowOrigins", c.origins)
	list("AccessControlAllowMethods", c.methods)
	list("AccessControlAllowHeaders", c.headers)
	if len(c.exposed) > 0 {
		list("AccessControlExposeHeaders", c.exposed)
	}
	if c.maxAge != nil {
		fmt.Fprintf(&b, "          AccessControlMaxAgeSec: %d\n", *c.maxAge)
	}
	b.WriteString(cloudFrontMiddle)
	for line := range strings.Lines(code) {
		b.WriteString("        " + line)
	}
	return []byte(b.String())
}

const (
	cloudFrontHead = `# Attach the policy and the function to the cache behaviors that need them. They must allow
# OPTIONS. The application behind them must not send CORS headers.
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  CorsHeaders:
    Type: AWS::CloudFront::ResponseHeadersPolicy
    Properties:
      ResponseHeadersPolicyConfig:
        Name: cors
        CorsConfig:
          OriginOverride: true
`
	cloudFrontMiddle = `  CorsPreflights:
    Type: AWS::CloudFront::Function
    Properties:
      Name: cors-preflights
      AutoPublish: true
      FunctionConfig: {Comment: Answers preflights. For the event viewer-request., Runtime: cloudfront-js-2.0}
      FunctionCode: |
`
	cloudFrontFunction = `function handler(event) {
  var request = event.request;
  var asks = request.headers;
  if (request.method !== 'OPTIONS' || !asks.origin || !asks['access-control-request-method']) {
    return request;
  }
  var headers = {'vary': {value: 'Origin'}};
  var origin = origins.indexOf('*') < 0 ? asks.origin.value : '*';
  if (origins.indexOf(origin) < 0) {
    return {statusCode: 403, statusDescription: 'Forbidden', headers: headers};
  }
  headers['access-control-allow-origin'] = {value: origin};
  for (var name in answers) {
    headers[name] = {value: answers[name]};
  }
  return {statusCode: 204, statusDescription: 'No Content', headers: headers};
}
`
)

// cloudFrontCors holds the settings that the policy and the function share.
type cloudFrontCors struct {
	origins, methods, headers, exposed []string
	credentials                        bool
	maxAge                             *int
}

// function returns the code of the function. Import compares it with the code in a file.
func (c cloudFrontCors) function() string {
	answers := []string{
		"'access-control-allow-methods': " + jsonLine(strings.Join(c.methods, ",")),
		"'access-control-allow-headers': " + jsonLine(strings.Join(c.headers, ",")),
	}
	if c.credentials {
		answers = append(answers, "'access-control-allow-credentials': 'true'")
	}
	if c.maxAge != nil {
		answers = append(answers, "'access-control-max-age': '"+strconv.Itoa(*c.maxAge)+"'")
	}
	return "var origins = " + jsonLine(c.origins) + ";\nvar answers = {" + strings.Join(answers, ", ") + "};\n" + cloudFrontFunction
}

// jsonLine returns a value as JSON in one line.
func jsonLine(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return "null" // texts and lists of texts always encode
	}
	return string(text)
}

// cloudFrontFile holds the CORS settings of a file.
type cloudFrontFile struct {
	cors     *awsCors
	function bool // the file has the function for preflights that belongs to the policy
}

func readCloudFront(text []byte) (*cloudFrontFile, error) {
	r := newReading("cloudfront")
	root := r.tree(text)
	found := root.Find(func(t textTree) bool { return t.Get("AccessControlAllowOrigins").Exists() })
	if len(found) != 1 {
		if len(r.faults) == 0 {
			r.fault(0, "AccessControlAllowOrigins", "the file must have exactly one setting with this name", fixSyntax)
		}
		return nil, r.err()
	}
	t := found[0]
	r.known(t, "AccessControlAllowOrigins", "AccessControlAllowMethods", "AccessControlAllowHeaders", "AccessControlExposeHeaders",
		"AccessControlAllowCredentials", "AccessControlMaxAgeSec", "OriginOverride")
	items := func(name string) []textEntry {
		v := t.Get("AccessControl" + name)
		if v.IsMap() {
			v = v.Get("Items")
		}
		return r.list(v, "AccessControl"+name)
	}
	f := &cloudFrontFile{cors: &awsCors{
		line: t.Line(), at: func(key string) int {
			return lineAt(t, map[string]string{
				"AllowCredentials": "AccessControlAllowCredentials", "MaxAge": "AccessControlMaxAgeSec",
			}[key])
		},
		origins: items("AllowOrigins"), methods: items("AllowMethods"), headers: items("AllowHeaders"),
		exposed:     items("ExposeHeaders"),
		credentials: r.bool(t.Get("AccessControlAllowCredentials"), "AccessControlAllowCredentials", false),
		maxAge:      r.seconds(t.Get("AccessControlMaxAgeSec"), "AccessControlMaxAgeSec"),
	}}
	f.cors.check(r)
	f.cors.methods = cloudFrontMethods(r, f.cors.methods)
	for _, e := range f.cors.origins {
		if strings.Contains(e.text, "*") && e.text != "*" {
			r.fault(e.line, e.text, "the documentation does not say what a wildcard within an origin matches", "list the origins")
		}
	}
	c := f.cors
	same := cloudFrontCors{textsOf(c.origins), textsOf(c.methods), textsOf(c.headers), textsOf(c.exposed), c.credentials, c.maxAge}
	for _, function := range root.Find(func(t textTree) bool { return t.Get("Type").Text() == "AWS::CloudFront::Function" }) {
		code := function.Get("Properties", "FunctionCode")
		if code.Text() != same.function() {
			r.fault(code.Line(), "FunctionCode", "the function differs from the one that corskit export writes for this policy",
				"export the policy again")
		}
		f.function = true
	}
	return f, r.err()
}

// cloudFrontMethods returns the methods, with ALL expanded.
func cloudFrontMethods(r *reading, list []textEntry) (all []textEntry) {
	for _, m := range list {
		switch {
		case m.text == "ALL":
			for _, each := range awsMethods {
				all = append(all, textEntry{each, m.line})
			}
		case slices.Contains(awsMethods, m.text):
			all = append(all, m)
		default:
			r.fault(m.line, m.text, "CloudFront does not accept this method", "write one of "+strings.Join(awsMethods, ", ")+", or ALL")
		}
	}
	return all
}

// cloudFrontModel adds the headers of the policy. With the function, it answers preflights.
type cloudFrontModel struct{ *awsModel }

func (f *cloudFrontFile) model() *cloudFrontModel {
	m := newAWSModel(f.cors, 204)
	m.unhandled = !f.function
	return &cloudFrontModel{m}
}

func (m *cloudFrontModel) Answer(r core.Request) Answer {
	a := m.awsModel.Answer(r)
	if isPreflight(r) && !m.unhandled {
		if !a.Header.Has("Access-Control-Allow-Origin") {
			a.Status = 403
		}
		a.send("Vary", "Origin")
	}
	return a
}

func importCloudFront(text []byte, d *importDraft) {
	f, err := readCloudFront(text)
	if err != nil {
		d.fail(err)
		return
	}
	if !f.function {
		d.Refuse(f.cors.line, "", "a response headers policy leaves preflights to the application, so the file does not show which of "+
			"them succeed",
			"add the function for preflights from a template that corskit export --to cloudfront writes")
		return
	}
	d.awsPolicy(f.cors)
}
