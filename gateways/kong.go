package gateways

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/core"
)

// kong is the plugin cors of Kong Gateway.
//
// Sources: kong/plugins/cors/handler.lua and schema.lua in github.com/Kong/kong, and
// https://developer.konghq.com/plugins/cors/.
func kong() Target {
	return Target{
		Name: "kong", Title: "Kong",
		Help: "a declarative configuration with the plugin cors",
		Limits: []string{
			"One policy for each plugin, and no routes: attach the plugin to a route of Kong.",
			"Methods come from a fixed list without QUERY and other new methods.",
			"It drops the brackets of IPv6 addresses, so no origin with such an address matches.",
			"It passes requests of disallowed origins on, so it has no reject_disallowed.",
			"No origins means all origins, and no headers means all headers.",
		},
		export: exportKong, imports: importKong,
		Parse: func(text []byte) (Model, error) {
			k, err := readKong(text)
			if err != nil {
				return nil, err
			}
			return newKongModel(k)
		},
	}
}

// exportKong writes the plugin for all routes of a gateway.
func exportKong(p *exportPlan) []byte {
	policy, ok := p.One()
	if !ok {
		return nil
	}
	p.RefuseUnsupported(policy, true)
	var b strings.Builder
	b.WriteString("# The plugin applies to all routes. To limit it, move it below a service or route.\n" +
		"_format_version: \"3.0\"\nplugins:\n  - name: cors\n    config:\n      origins:\n")
	for _, o := range p.kongOrigins(policy) {
		fmt.Fprintf(&b, "        - %s\n", singleQuoted(o))
	}
	list := func(key string, names []string) {
		for i, n := range names {
			names[i] = singleQuoted(n)
		}
		fmt.Fprintf(&b, "      %s: [%s]\n", key, strings.Join(names, ", "))
	}
	list("methods", p.methodsAmong(policy, kongMethods, false))
	switch star := slices.Contains(policy.AllowHeaders, "*"); {
	case star && policy.AllowCredentials:
		b.WriteString("      # Without headers, the plugin allows every header that a preflight requests.\n")
	case len(policy.AllowHeaders) == 0:
		b.WriteString("      # Without headers, the plugin would allow all of them. No script can set Origin.\n")
		list("headers", []string{"origin"})
	default:
		list("headers", slices.Clone(policy.AllowHeaders))
	}
	if len(policy.ExposeHeaders) > 0 {
		list("exposed_headers", slices.Clone(policy.ExposeHeaders))
	}
	if seconds := optionalAge(policy); seconds != nil {
		fmt.Fprintf(&b, "      max_age: %d\n", *seconds)
	}
	fmt.Fprintf(&b, "      credentials: %t\n      private_network: %t\n", policy.AllowCredentials, policy.AllowPrivateNetwork)
	b.WriteString("      preflight_continue: false\n")
	return []byte(b.String())
}

// kongOrigins returns the origins of a policy in the form that Kong reads. Kong treats an entry as
// an expression if it has characters other than letters, digits, ".", ":", "/" and "-".
func (p *exportPlan) kongOrigins(policy core.Policy) (list []string) {
	const limit = "it drops the brackets of IPv6 addresses, so no origin with such an address matches"
	for _, e := range entriesOf(policy) {
		expression, ok := pcre(e)
		switch {
		case e.Kind == anyEntry:
			return []string{"*"}
		case !ok:
			p.Lose(policy.Name, "AllowOrigins", e.Text, OriginAspect, "its expressions are PCRE, which interprets this one differently",
				fixListOrigins,
				"the origins of this entry are refused")
			continue
		case e.Kind == loopbackEntry:
			p.Lose(policy.Name, "AllowOrigins", e.Text, OriginAspect, limit, "write http://localhost:* and http://127.0.0.1:*",
				"origins on [::1] are refused")
			expression = `https?://(?:localhost|127\.0\.0\.1)(?::[0-9]+)?`
		case e.Kind != nullEntry && bracketed(e.Text) != "":
			p.Lose(policy.Name, "AllowOrigins", e.Text, OriginAspect, limit, "list origins with names, or "+fixMount,
				"origins with IPv6 addresses are refused")
			if e.Kind != expressionEntry {
				continue
			}
		}
		if (e.Kind == exactEntry || e.Kind == nullEntry) && !kongNotPlain.MatchString(e.Text) {
			list = append(list, e.Text)
		} else {
			list = append(list, "^(?:"+expression+")$")
		}
	}
	if len(list) == 0 {
		p.noOrigins(policy)
	}
	return list
}

// singleQuoted returns a text as a single-quoted YAML scalar, in which only the quote is escaped.
func singleQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

func importKong(text []byte, d *importDraft) {
	k, err := readKong(text)
	if err != nil {
		d.fail(err)
		return
	}
	p := d.Policy("", k.line)
	if k.preflightContinue {
		d.Refuse(k.at("preflight_continue"), "preflight_continue",
			"the application answers preflights, so the file does not say what is allowed",
			"set preflight_continue: false, or import from the application")
	}
	p.kongOrigins(k)
	methods := textsOf(k.methods)
	if k.methods == nil {
		methods = kongMethods
	}
	p.Methods(slices.DeleteFunc(slices.Clone(methods), func(m string) bool { return m == "TRACE" || m == "CONNECT" }),
		lineOf(k.methods, k.line), "")
	if len(k.headers) == 0 {
		p.echoedHeaders(k.credentials, k.line, "no headers: the plugin allows all")
	} else {
		p.Headers(p.literalStars(k.headers, k.credentials, HeaderAspect), k.headers[0].line, "")
	}
	p.Exposed(p.literalStars(k.exposed, k.credentials, ExposeAspect), lineOf(k.exposed, k.line), "")
	if k.credentials {
		p.Credentials(k.at("credentials"), "")
	}
	if k.privateNetwork {
		p.Network(k.at("private_network"), "")
	}
	if k.maxAge != nil {
		p.Age(*k.maxAge, k.at("max_age"), "")
	}
}

func (p *draftPolicy) kongOrigins(k *kongConfig) {
	if len(k.origins) == 0 || lists(k.origins, "*") {
		if k.credentials {
			p.d.Refuse(k.at("credentials"), "credentials", "with credentials and no origins or *, Kong allows every origin with cookies",
				"list the origins, or set credentials: false")
			return
		}
		p.Origin("*", lineOf(k.origins, k.line), "")
		return
	}
	for _, e := range k.origins {
		switch {
		case kongNotPlain.MatchString(e.text):
			p.kongExpression(e)
		case len(origins(e.text)) == 0:
			p.d.noteNeverSent(e)
		default:
			p.Origin(e.text, e.line, "")
		}
	}
}

func (p *draftPolicy) kongExpression(e textEntry) {
	if !strings.Contains(e.text, ":") {
		p.d.Refuse(e.line, e.text, "an expression without a colon is compared with the host only, so every scheme and port matches",
			"write the whole origin, as in ^https://[a-z0-9-]+\\.example\\.com$")
		return
	}
	text := kongText(e.text)
	re, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		p.d.Refuse(e.line, e.text, "this expression uses a PCRE feature that RE2 lacks", "list the origins")
		return
	}
	if !endsEverywhere(re) {
		p.d.Refuse(e.line, e.text,
			"Kong adds $ at the end, which applies only to the last alternative, so the others match everything that begins with them",
			"write a group around the alternatives, as in ^(?:https://a\\.example|https://b\\.example)$")
		return
	}
	if o := bracketed("regexp:" + text); o != "" {
		p.d.Refuse(e.line, e.text, "it matches "+quote(o)+", which Kong never allows: it drops the brackets of IPv6 addresses",
			"write out the characters of the host, as in ^https://[a-z0-9.-]+\\.example\\.com$")
		return
	}
	if inner, ok := anchored("^" + text); ok {
		text = inner
	}
	if plain := plainOrigin(text); plain != "" {
		p.Origin(plain, e.line, "")
		return
	}
	p.Expression(text, true, e.line, "")
}

// endsEverywhere reports whether every alternative of an expression ends with $.
func endsEverywhere(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpEndText:
		return true
	case syntax.OpCapture:
		return endsEverywhere(re.Sub[0])
	case syntax.OpConcat:
		return endsEverywhere(re.Sub[len(re.Sub)-1])
	case syntax.OpAlternate:
		return !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !endsEverywhere(sub) })
	}
	return false
}

// kongConfig is the configuration of Kong's plugin cors, with the meaning that its source gives it:
// https://github.com/Kong/kong/tree/master/kong/plugins/cors (handler.lua and schema.lua).
type kongConfig struct {
	line                                                          int
	at                                                            func(key string) int
	origins, headers, methods, exposed                            []textEntry
	maxAge                                                        *int
	credentials, preflightContinue, privateNetwork, allowNoOrigin bool
}

// kongMethods are the methods that the schema lists. The plugin allows all of them if none is set.
var kongMethods = []string{"GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS", "TRACE", "CONNECT"}

// readKong reads a declarative configuration, a KongPlugin of Kubernetes, or the JSON of a plugin
// from the Admin API.
func readKong(text []byte) (*kongConfig, error) {
	r := newReading("kong")
	plugins := r.tree(text).Find(isKong)
	if len(plugins) != 1 {
		if len(plugins) > 1 {
			r.fault(plugins[1].Line(), "cors", "the file has several cors plugins", "import a file with only one of them")
		} else if len(r.faults) == 0 {
			r.fault(0, "", "the file has no plugin with the name cors", "import a file that has one")
		}
		return nil, r.err()
	}
	plugin := plugins[0]
	if !r.bool(plugin.Get("enabled"), "enabled", true) {
		r.fault(plugin.Get("enabled").Line(), "enabled", "the plugin is not enabled, so it answers nothing", "remove enabled: false")
	}
	c := r.object(plugin.Get("config"), "config")
	r.known(c, "origins", "headers", "methods", "exposed_headers", "max_age", "credentials", "preflight_continue",
		"private_network", "allow_origin_absent")
	k := &kongConfig{
		line: plugin.Line(), at: func(key string) int { return lineAt(c, key) },
		origins: r.list(c.Get("origins"), "origins"), headers: r.list(c.Get("headers"), "headers"),
		methods: r.list(c.Get("methods"), "methods"), exposed: r.list(c.Get("exposed_headers"), "exposed_headers"),
		maxAge:            r.seconds(c.Get("max_age"), "max_age"),
		credentials:       r.bool(c.Get("credentials"), "credentials", false),
		preflightContinue: r.bool(c.Get("preflight_continue"), "preflight_continue", false),
		privateNetwork:    r.bool(c.Get("private_network"), "private_network", false),
		allowNoOrigin:     r.bool(c.Get("allow_origin_absent"), "allow_origin_absent", true),
	}
	r.tokens(k.headers)
	r.tokens(k.exposed)
	for _, m := range k.methods {
		if !slices.Contains(kongMethods, m.text) {
			r.fault(m.line, m.text, "Kong's schema does not have this method", "write one of "+strings.Join(kongMethods, ", "))
		}
	}
	r.fewExpressions(slices.DeleteFunc(slices.Clone(k.origins), func(e textEntry) bool { return !kongNotPlain.MatchString(e.text) }))
	for _, o := range k.origins {
		if o.text == "*" {
			continue
		}
		if _, err := regexp.Compile(o.text); err != nil {
			r.fault(o.line, o.text, "this expression uses a PCRE feature that RE2 lacks",
				"rewrite it without that feature, or list the origins")
		}
	}
	return k, r.err()
}

// isKong reports whether a map is a cors plugin of a declarative configuration, the Admin API or
// Kubernetes. The map need not have a config: a plugin without one allows everything.
func isKong(t textTree) bool {
	config := t.Get("config").Exists()
	return t.Get("plugin").Text() == "cors" && config ||
		t.Get("name").Text() == "cors" && (config || !t.Get("url").Exists() && !t.Get("host").Exists() && !t.Get("paths").Exists())
}

var (
	kongPlain    = regexp.MustCompile(`^[A-Za-z0-9.:/-]+$`)
	kongNotPlain = regexp.MustCompile(`[^A-Za-z0-9.:/-]`)
)

// kongModel answers as the plugin does. As in its source, an expression that has no colon matches
// hosts, of every scheme and port; ^ at the beginning of an expression is dropped, $ is added at
// the end, and the expression is anchored at the start only. So in "a|b", the alternative a matches
// every text that begins with a.
type kongModel struct {
	config  *kongConfig
	origins []kongOrigin
	facts   Facts
}

type kongOrigin struct {
	entry  string
	expr   *regexp.Regexp // nil for an origin
	byHost bool
}

func newKongModel(k *kongConfig) (*kongModel, error) {
	m := &kongModel{config: k, facts: Facts{Headers: textsOf(k.headers), Methods: textsOf(k.methods), Exposed: textsOf(k.exposed)}}
	if k.methods == nil {
		m.facts.Methods = kongMethods
	}
	for _, e := range k.origins {
		o := kongOrigin{entry: e.text}
		if !kongNotPlain.MatchString(e.text) || e.text == "*" {
			m.facts.Origins = append(m.facts.Origins, origins(e.text)...)
			m.origins = append(m.origins, o)
			continue
		}
		text := kongText(e.text)
		expr, err := regexp.Compile(`\A(?:` + text + `)`)
		if err != nil {
			return nil, &ImportError{Source: "kong", Line: e.line, Entry: e.text, Problem: "not an RE2 expression", Fix: "list the origins"}
		}
		o.expr, o.byHost = expr, !strings.Contains(e.text, ":")
		pattern, whole := anchored("^" + text)
		if !whole {
			pattern = `(?:` + text + `).*`
		}
		if o.byHost {
			if pattern, err = hostExpression(text); err != nil {
				return nil, &ImportError{
					Source: "kong", Line: e.line, Entry: e.text, Problem: "corskit cannot compare this host expression because of the " +
						"place of its $",
					Fix: "write the scheme, and $ only at the end",
				}
			}
		}
		m.facts.Origins = append(m.facts.Origins, "regexp:"+pattern)
		if bracketed("regexp:"+pattern) != "" {
			m.facts.Origins = append(m.facts.Origins, bracketedPattern) // Kong drops the brackets
		}
		m.origins = append(m.origins, o)
	}
	return m, nil
}

// kongText returns an expression as Kong compiles it, anchored at the start.
func kongText(e string) string {
	if !strings.HasSuffix(e, "$") {
		e += "$"
	}
	return strings.TrimPrefix(e, "^")
}

func (m *kongModel) Facts() Facts { return m.facts }

func (m *kongModel) Answer(r core.Request) Answer {
	c := m.config
	origin, has := firstLine(r.Origin)
	_, asks := firstLine(r.AccessControlRequestMethod)
	if r.Method == "OPTIONS" && has && asks {
		if c.preflightContinue {
			return Answer{Reached: true}
		}
		a := Answer{Status: 200}
		m.origin(&a, origin, has)
		if len(c.headers) > 0 {
			a.send("Access-Control-Allow-Headers", strings.Join(textsOf(c.headers), ","))
		} else if asked, ok := firstLine(r.AccessControlRequestHeaders); ok {
			a.send("Access-Control-Allow-Headers", asked)
		}
		a.send("Access-Control-Allow-Methods", strings.Join(m.facts.Methods, ","))
		if c.maxAge != nil {
			a.send("Access-Control-Max-Age", strconv.Itoa(*c.maxAge))
		}
		if asked, _ := firstLine(r.AccessControlRequestPrivateNetwork); c.privateNetwork && asked == "true" {
			a.send("Access-Control-Allow-Private-Network", "true")
		}
		return a
	}
	a := Answer{Reached: true}
	if !has && !c.allowNoOrigin {
		return a
	}
	m.origin(&a, origin, has)
	if len(c.exposed) > 0 {
		a.send("Access-Control-Expose-Headers", strings.Join(textsOf(c.exposed), ","))
	}
	return a
}

// origin adds the headers of the plugin's functions configure_origin and configure_credentials.
func (m *kongModel) origin(a *Answer, origin string, has bool) {
	allow, vary, all := m.allowed(origin, has)
	if m.config.credentials && (!all || has) {
		if all {
			allow, vary = origin, true
		}
		a.send("Access-Control-Allow-Credentials", "true")
	}
	if allow != "" {
		a.send("Access-Control-Allow-Origin", allow)
	}
	if vary {
		a.send("Vary", "Origin")
	}
}

func (m *kongModel) allowed(origin string, has bool) (allow string, vary, all bool) {
	n := len(m.origins)
	switch {
	case n == 0, n == 1 && m.origins[0].entry == "*":
		return "*", false, true
	case n == 1 && kongPlain.MatchString(m.origins[0].entry):
		return m.origins[0].entry, true, false
	case !has:
		return "", true, false
	}
	for _, o := range m.origins {
		if o.entry == "*" {
			return "*", true, true
		}
	}
	domain, host := kongNormalize(origin)
	for _, o := range m.origins {
		subject := domain
		if o.byHost {
			subject = host
		}
		entry, _ := kongNormalize(o.entry)
		if o.expr != nil && o.expr.MatchString(subject) || o.expr == nil && domain == entry {
			return domain, true, false
		}
	}
	return "", true, false
}

var kongScheme = regexp.MustCompile(`^([A-Za-z0-9][A-Za-z0-9+.-]*):`)

// kongNormalize returns an origin and its host as the plugin compares them. LuaSocket, which parses
// the origin, drops the brackets of IPv6 addresses:
// https://github.com/lunarmodules/luasocket/blob/master/src/url.lua.
func kongNormalize(origin string) (domain, host string) {
	rest, scheme := origin, ""
	if s := kongScheme.FindStringSubmatch(origin); s != nil {
		scheme, rest = s[1], origin[len(s[0]):]
	}
	authority, ok := strings.CutPrefix(rest, "//")
	authority, _, _ = strings.Cut(authority, "/")
	if !ok || authority == "" {
		return origin, origin
	}
	authority, port := cutPort(authority)
	if len(authority) > 2 && authority[0] == '[' && strings.HasSuffix(authority, "]") {
		authority = authority[1 : len(authority)-1]
	}
	if scheme == "http" && port == "80" || scheme == "https" && port == "443" {
		port = ""
	}
	domain = authority
	if scheme != "" {
		domain = scheme + "://" + domain
	}
	if port != "" {
		domain += ":" + port
	}
	return domain, authority
}

// hostExpression returns an expression for the origins with a host that expr matches. expr is
// anchored at the start.
func hostExpression(expr string) (string, error) {
	re, err := syntax.Parse(expr, syntax.Perl)
	if err != nil {
		return "", err
	}
	re, ok := untilEnd(re)
	if !ok {
		return "", ErrTooComplex
	}
	return `[a-z][a-z0-9+.-]*://(?:` + re.String() + `)(?::[0-9]+)?`, nil
}

// untilEnd returns an expression, without $, for all texts that begin with a match.
func untilEnd(re *syntax.Regexp) (*syntax.Regexp, bool) {
	c := *re
	switch re.Op {
	case syntax.OpEndText:
		return &syntax.Regexp{Op: syntax.OpEmptyMatch}, true
	case syntax.OpCapture:
		return untilEnd(re.Sub[0])
	case syntax.OpConcat:
		for _, each := range re.Sub[:len(re.Sub)-1] {
			if hasEnd(each) {
				return nil, false
			}
		}
		last, ok := untilEnd(re.Sub[len(re.Sub)-1])
		c.Sub = append(slices.Clone(re.Sub[:len(re.Sub)-1]), last)
		return &c, ok
	case syntax.OpAlternate:
		c.Sub = nil
		for _, each := range re.Sub {
			sub, ok := untilEnd(each)
			if !ok {
				return nil, false
			}
			c.Sub = append(c.Sub, sub)
		}
		return &c, true
	}
	if hasEnd(re) {
		return nil, false
	}
	rest := &syntax.Regexp{Op: syntax.OpStar, Sub: []*syntax.Regexp{{Op: syntax.OpCharClass, Rune: []rune{0, ':' - 1, ':' + 1, 127}}}}
	return &syntax.Regexp{Op: syntax.OpConcat, Sub: []*syntax.Regexp{&c, rest}}, true
}

func hasEnd(re *syntax.Regexp) bool {
	return re.Op == syntax.OpEndText || re.Op == syntax.OpEndLine || re.Op == syntax.OpWordBoundary ||
		re.Op == syntax.OpNoWordBoundary || slices.ContainsFunc(re.Sub, hasEnd)
}
