package gateways

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/core"
)

// azureStorage is the CORS setting of a service of an Azure Storage account.
//
// Sources: https://learn.microsoft.com/rest/api/storageservices/cross-origin-resource-sharing--cors--support-for-the-azure-storage-services
// and, for the headers on the wire, src/blob/middlewares/PreflightMiddlewareFactory.ts in
// github.com/Azure/Azurite, Microsoft's emulator.
func azureStorage() Target {
	return Target{
		Name: "azure-storage", Title: "Azure Storage",
		Help: "the XML element Cors of Set Blob Service Properties",
		Limits: []string{
			"No switch for credentials: listed origins may always send them.",
			"Preflights allow credentials even with *, so * is refused.",
			"Origins are exact, at most 64. No regular expressions, no wildcards.",
			"Methods come from a fixed list. PATCH and MERGE are refused, because it ignores the case of methods.",
			"One policy, no routes, at most 2 KiB.",
		},
		export: exportAzureStorage, imports: importAzureStorage,
		Parse: func(text []byte) (Model, error) {
			rules, err := readAzureStorage(text)
			if err != nil {
				return nil, err
			}
			return newAzureModel(rules), nil
		},
	}
}

// azureMethods are the methods that a rule may list. azureFolded are those that browsers do not
// convert to upper case.
var (
	azureMethods  = slices.Concat(azureExported, azureFolded)
	azureExported = []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"}
	azureFolded   = []string{"MERGE", "PATCH"}
)

// Limits of a rule.
const (
	maxAzureOrigins = 64
	maxAzureHeaders = 64
	maxAzureLength  = 256
	maxAzure        = 2 << 10
	maxAzureRules   = 5
)

func exportAzureStorage(p *exportPlan) []byte {
	policy, ok := p.One()
	if !ok {
		return nil
	}
	p.RefuseUnsupported(policy, false)
	p.optionsAnswered()
	p.noVary(policy, "responses to requests without Origin have no Vary: Origin")
	if slices.Contains(policy.AllowOrigins, "*") {
		p.Refuse(policy.Name, "AllowOrigins", "*", "with *, its preflights still echo the origin and allow credentials (Azurite)",
			"list the origins and set allow_credentials: true, or mount corskit in front of it")
		return nil
	}
	p.alwaysCredentials(policy)
	list := p.originsAs(policy, spelling{limit: "it compares whole origins and has no patterns"})
	for _, m := range azureFolded {
		if slices.Contains(policy.AllowMethods, m) {
			p.Lose(policy.Name, "AllowMethods", m, MethodAspect,
				"it ignores the case of methods (Azurite), so it would allow "+strings.ToLower(m)+" too",
				"remove the method, or mount corskit in front of it", "scripts cannot use "+m)
		}
	}
	policy.AllowMethods = slices.DeleteFunc(slices.Clone(policy.AllowMethods),
		func(m string) bool { return slices.Contains(azureFolded, m) })
	methods := p.methodsAmong(policy, azureExported, false)
	if len(list) > maxAzureOrigins {
		p.Refuse(policy.Name, "AllowOrigins", "", fmt.Sprintf("it accepts at most %d origins, and the policy has %d",
			maxAzureOrigins, len(list)),
			"remove some, or mount corskit in front of it")
	}
	if n := max(len(policy.AllowHeaders), len(policy.ExposeHeaders)); n > maxAzureHeaders {
		p.Refuse(policy.Name, "AllowHeaders", "", fmt.Sprintf("it accepts at most %d headers, and the policy has %d", maxAzureHeaders, n),
			"remove some")
	}
	for _, each := range slices.Concat(list, policy.AllowHeaders, policy.ExposeHeaders) {
		if len(each) > maxAzureLength {
			p.Refuse(policy.Name, "AllowOrigins", each, fmt.Sprintf("its entries may have at most %d characters", maxAzureLength),
				"remove the entry")
		}
	}
	text := fmt.Sprintf(`<Cors>
  <CorsRule>
    <AllowedOrigins>%s</AllowedOrigins>
    <AllowedMethods>%s</AllowedMethods>
    <AllowedHeaders>%s</AllowedHeaders>
    <ExposedHeaders>%s</ExposedHeaders>
    <MaxAgeInSeconds>%d</MaxAgeInSeconds>
  </CorsRule>
</Cors>
`, xmlText(list), xmlText(methods), xmlText(policy.AllowHeaders), xmlText(policy.ExposeHeaders), age(policy))
	if len(text) > maxAzure {
		p.Refuse(policy.Name, "AllowOrigins", "", fmt.Sprintf("it accepts at most %d bytes, and this configuration needs %d",
			maxAzure, len(text)),
			"remove origins or headers, or mount corskit in front of it")
	}
	return []byte(text)
}

// xmlText returns a list as the text of an element.
func xmlText(list []string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(strings.Join(list, ","))
}

type azureRule struct {
	line                               int
	at                                 func(key string) int
	origins, methods, headers, exposed []textEntry
	maxAge                             int
}

// readAzureStorage reads the XML of the service, or the JSON of Azure Resource Manager.
func readAzureStorage(text []byte) ([]azureRule, error) {
	r := newReading("azure-storage")
	var rules []azureRule
	if isXML(text) {
		root, t := r.xml(text)
		if root == "StorageServiceProperties" {
			t = t.Get("Cors")
		} else if root != "Cors" && len(r.faults) == 0 {
			r.fault(t.Line(), root, "the element is neither Cors nor StorageServiceProperties", fixSyntax)
		}
		r.elements(t, "CorsRule")
		for _, pair := range t.Pairs() {
			rule := pair.Value
			r.known(rule, "AllowedOrigins", "AllowedMethods", "AllowedHeaders", "ExposedHeaders", "MaxAgeInSeconds")
			a := azureRule{
				pair.Line, func(key string) int {
					return lineAt(rule,
						key)
				}, commas(rule.Get("AllowedOrigins")), commas(rule.Get("AllowedMethods")), commas(rule.Get("AllowedHeaders")),
				commas(rule.Get("ExposedHeaders")), 0,
			}
			if age := r.number(rule.Get("MaxAgeInSeconds"), "MaxAgeInSeconds"); age != nil {
				a.maxAge = *age
			}
			rules = append(rules, a)
		}
	} else {
		found := r.tree(text).Find(func(t textTree) bool { return t.Get("corsRules").IsList() })
		if len(found) != 1 {
			r.fault(0, "corsRules", "the file must have exactly one list with this name", fixSyntax)
			return nil, r.err()
		}
		for _, rule := range found[0].Get("corsRules").List() {
			r.object(rule, "corsRules")
			r.known(rule, "allowedOrigins", "allowedMethods", "allowedHeaders", "exposedHeaders", "maxAgeInSeconds")
			a := azureRule{
				rule.Line(),
				func(key string) int { return lineAt(rule, camelCase(key)) },
				r.list(rule.Get("allowedOrigins"), "allowedOrigins"), r.list(rule.Get("allowedMethods"), "allowedMethods"),
				r.list(rule.Get("allowedHeaders"), "allowedHeaders"), r.list(rule.Get("exposedHeaders"), "exposedHeaders"), 0,
			}
			if age := r.seconds(rule.Get("maxAgeInSeconds"), "maxAgeInSeconds"); age != nil {
				a.maxAge = max(*age, 0)
			}
			rules = append(rules, a)
		}
	}
	r.azureRules(rules)
	return rules, r.err()
}

// camelCase returns a key with its first letter in lower case.
func camelCase(key string) string { return strings.ToLower(key[:1]) + key[1:] }

// azureRules reports rules that Azure Storage refuses.
func (r *reading) azureRules(rules []azureRule) {
	if len(rules) == 0 && len(r.faults) == 0 {
		r.fault(0, "", "the file has no rule", "import a file with a rule")
	}
	if len(rules) > maxAzureRules {
		r.fault(rules[maxAzureRules].line, "", "there are more than 5 rules", "Azure Storage refuses the file: write fewer rules")
	}
	for _, rule := range rules {
		r.tokens(rule.headers)
		r.tokens(rule.exposed)
		if lists(rule.origins, "*") && len(rule.origins) > 1 {
			r.fault(lineOf(rule.origins, rule.line), "*", "together with other origins, * is not a wildcard",
				"write only *, or list the origins")
		}
		for _, m := range rule.methods {
			if !slices.Contains(azureMethods, m.text) {
				r.fault(m.line, m.text, "Azure Storage does not accept this method", "write one of "+strings.Join(azureMethods, ", "))
			}
		}
		for _, e := range rule.origins {
			if strings.Contains(e.text, "*") && e.text != "*" {
				r.fault(e.line, e.text, "the documentation does not say what a wildcard within an origin matches", "list the origins")
			}
		}
	}
}

// commas returns the elements of a comma-separated text.
func commas(t textTree) (list []textEntry) {
	for _, e := range splitList(t.Text()) {
		list = append(list, textEntry{e, t.Line()})
	}
	return list
}

// azureModel answers as Azurite does, with the first rule that matches. The account is the
// application.
type azureModel struct {
	rules []azureRule
	facts Facts
}

func newAzureModel(rules []azureRule) *azureModel {
	m := &azureModel{rules: rules}
	for _, rule := range rules {
		m.facts.Origins = append(m.facts.Origins, origins(lower(textsOf(rule.origins))...)...)
		m.facts.Methods = append(m.facts.Methods, textsOf(rule.methods)...)
		m.facts.Exposed = append(m.facts.Exposed, textsOf(rule.exposed)...)
		for _, h := range rule.headers {
			m.facts.Headers = append(m.facts.Headers, strings.ReplaceAll(h.text, "*", "x"))
		}
	}
	return m
}

func (m *azureModel) Facts() Facts { return m.facts }

func (m *azureModel) Answer(r core.Request) Answer {
	origin, has := firstLine(r.Origin)
	if r.Method == "OPTIONS" {
		return m.preflight(r, origin, has)
	}
	a := Answer{Reached: true}
	if !has {
		return a
	}
	for _, rule := range m.rules {
		if !rule.allows(origin, r.Method) {
			continue
		}
		if len(rule.exposed) > 0 {
			a.send("Access-Control-Expose-Headers", strings.Join(textsOf(rule.exposed), ","))
		}
		if lists(rule.origins, "*") {
			a.send("Access-Control-Allow-Origin", "*")
		} else {
			a.send("Access-Control-Allow-Origin", origin)
			a.send("Access-Control-Allow-Credentials", "true")
			a.send("Vary", "Origin")
		}
		return a
	}
	a.send("Vary", "Origin")
	return a
}

func (m *azureModel) preflight(r core.Request, origin string, has bool) Answer {
	method, asks := firstLine(r.AccessControlRequestMethod)
	if !has || !asks {
		return Answer{Status: 400}
	}
	asked, names := firstLine(r.AccessControlRequestHeaders)
	for _, rule := range m.rules {
		if !rule.allows(origin, method) || names && !rule.allowsHeaders(asked) {
			continue
		}
		a := Answer{Status: 200}
		a.send("Access-Control-Allow-Origin", origin)
		a.send("Access-Control-Allow-Methods", method)
		if names {
			a.send("Access-Control-Allow-Headers", asked)
		}
		a.send("Access-Control-Max-Age", strconv.Itoa(rule.maxAge))
		a.send("Access-Control-Allow-Credentials", "true")
		return a
	}
	return Answer{Status: 403}
}

// allows ignores case, as Azurite does.
func (rule azureRule) allows(origin, method string) bool {
	fold := func(list []textEntry, s string) bool {
		return slices.ContainsFunc(list, func(e textEntry) bool { return strings.EqualFold(e.text, s) })
	}
	return (lists(rule.origins, "*") || fold(rule.origins, origin)) && fold(rule.methods, method)
}

// allowsHeaders reports whether the rule allows each requested name. An entry that ends in a
// wildcard allows every name with that prefix.
func (rule azureRule) allowsHeaders(asked string) bool {
	for _, name := range splitList(asked) {
		name = strings.ToLower(name)
		if !slices.ContainsFunc(rule.headers, func(e textEntry) bool {
			begin, wildcard := strings.CutSuffix(strings.ToLower(e.text), "*")
			return begin == name || wildcard && strings.HasPrefix(name, begin)
		}) {
			return false
		}
	}
	return true
}

func importAzureStorage(text []byte, d *importDraft) {
	rules, err := readAzureStorage(text)
	importRules(d, rules, err, func(r azureRule) int { return r.line }, func(p *draftPolicy, rule azureRule) {
		for i := range rule.origins {
			rule.origins[i].text = strings.ToLower(rule.origins[i].text)
		}
		p.wholeOrigins(rule.origins)
		d.needsSafe(rule.methods, rule.line, "AllowedMethods")
		p.Methods(textsOf(rule.methods), lineOf(rule.methods, rule.line), "")
		for _, m := range azureFolded {
			if lists(rule.methods, m) {
				d.Note(lineOf(rule.methods, rule.line), MethodAspect,
					"Azure Storage ignores the case of methods, and the policy allows only "+m)
			}
		}
		credentials := !lists(rule.origins, "*")
		if credentials {
			p.Credentials(rule.line, "Azure Storage has no switch for credentials, and always allows them for listed origins")
		} else {
			d.Note(rule.line, "", "with *, Azure Storage allows credentials in preflights only; the policy allows none")
		}
		p.starHeaders(rule.headers, credentials, rule.line)
		p.exposedWithoutStars(rule.exposed, rule.line)
		if rule.maxAge != defaultAge {
			p.Age(rule.maxAge, rule.at("MaxAgeInSeconds"), "")
		}
	})
}

// exposedWithoutStars sets expose_headers from a list. A policy cannot express entries such as
// "x-ms-*".
func (p *draftPolicy) exposedWithoutStars(list []textEntry, line int) {
	var names []string
	for _, e := range list {
		if strings.Contains(e.text, "*") {
			p.d.Note(e.line, ExposeAspect, quote(e.text)+" exposes every header with this prefix, which a policy cannot express; it is "+
				"left out")
		} else {
			names = append(names, e.text)
		}
	}
	p.Exposed(names, lineOf(list, line), "")
}
