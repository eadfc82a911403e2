package gateways

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corskit/corskit/core"
)

// krakend is the module security/cors of KrakenD, which wraps rs/cors.
//
// Sources: cors.go and mux/cors.go in github.com/krakend/krakend-cors (version 2), cors.go in
// github.com/rs/cors (v1.11.1), and https://www.krakend.io/docs/service-settings/cors/.
func krakend() Target {
	return Target{
		Name: "krakend", Title: "KrakenD",
		Help: "extra_config of a krakend.json with security/cors",
		Limits: []string{
			"One policy for the whole gateway.",
			"One wildcard for each origin, which also matches dots. No regular expressions, no ranges of ports.",
			"Methods come from a fixed list without QUERY and other new methods, and OPTIONS is always allowed.",
			"No headers means all headers, and no origins means all origins.",
			"It passes requests of disallowed origins on, so it has no reject_disallowed.",
		},
		export: exportKrakenD, imports: importKrakenD,
		Parse: func(text []byte) (Model, error) {
			c, err := readKrakenD(text)
			if err != nil {
				return nil, err
			}
			return newKrakenDModel(c), nil
		},
	}
}

// krakendMethods are the methods that the documentation lists.
var krakendMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// krakendFile is the JSON that the exporter writes.
type krakendFile struct {
	Version     int `json:"version"`
	ExtraConfig struct {
		CORS krakendSettings `json:"security/cors"`
	} `json:"extra_config"`
}

type krakendSettings struct {
	AllowOrigins        []string `json:"allow_origins"`
	AllowMethods        []string `json:"allow_methods"`
	AllowHeaders        []string `json:"allow_headers"`
	ExposeHeaders       []string `json:"expose_headers,omitempty"`
	AllowCredentials    bool     `json:"allow_credentials"`
	AllowPrivateNetwork bool     `json:"allow_private_network,omitempty"`
	MaxAge              string   `json:"max_age,omitempty"`
}

func exportKrakenD(p *exportPlan) []byte {
	policy, ok := p.One()
	if !ok {
		return nil
	}
	p.RefuseUnsupported(policy, true)
	p.wildcardHeaders(policy)
	p.noZeroAge(policy)
	if !slices.Contains(policy.AllowMethods, "OPTIONS") && !slices.Contains(policy.AllowMethods, "*") {
		p.Refuse(policy.Name, "AllowMethods", "", "it always allows the method OPTIONS in preflights (rs/cors)",
			"add OPTIONS to allow_methods")
	}
	s := krakendSettings{
		AllowOrigins: p.originsAs(policy, spelling{
			limit:      "an origin may have one wildcard, which also matches dots, and there are no regular expressions",
			subdomains: true, ports: true, null: true,
		}),
		AllowMethods: p.methodsAmong(policy, krakendMethods, false), AllowHeaders: policy.AllowHeaders, ExposeHeaders: policy.ExposeHeaders,
		AllowCredentials: policy.AllowCredentials, AllowPrivateNetwork: policy.AllowPrivateNetwork,
	}
	if len(s.AllowHeaders) == 0 {
		s.AllowHeaders = []string{"Origin"} // no headers means all, and no script can set this one
	}
	if seconds := optionalAge(policy); seconds != nil {
		s.MaxAge = strconv.Itoa(*seconds) + "s"
	}
	file := krakendFile{Version: 3}
	file.ExtraConfig.CORS = s
	return jsonText(file)
}

// krakendConfig holds the settings that the module reads.
type krakendConfig struct {
	line                                     int
	at                                       func(key string) int
	origins, methods, headers, exposed       []textEntry
	credentials, privateNetwork, passthrough bool
	status                                   int
	maxAge                                   int // in seconds
}

func readKrakenD(text []byte) (*krakendConfig, error) {
	r := newReading("krakend")
	extra := r.tree(text).Get("extra_config")
	t := extra.Get("security/cors")
	if old := extra.Get("github_com/devopsfaith/krakend-cors"); old.Exists() {
		t = old // until version 2
	}
	if !t.IsMap() {
		r.fault(t.Line(), "extra_config", "the file has no security/cors in extra_config", "import a file that has it")
		return nil, r.err()
	}
	r.known(t, "allow_origins", "allow_methods", "allow_headers", "expose_headers", "allow_credentials", "allow_private_network",
		"options_passthrough", "options_success_status", "max_age", "debug")
	c := &krakendConfig{
		line: t.Line(), at: func(key string) int { return lineAt(t, key) },
		origins: r.list(t.Get("allow_origins"), "allow_origins"), methods: r.list(t.Get("allow_methods"), "allow_methods"),
		headers: r.list(t.Get("allow_headers"), "allow_headers"), exposed: r.list(t.Get("expose_headers"), "expose_headers"),
		credentials:    r.bool(t.Get("allow_credentials"), "allow_credentials", false),
		privateNetwork: r.bool(t.Get("allow_private_network"), "allow_private_network", false),
		passthrough:    r.bool(t.Get("options_passthrough"), "options_passthrough", false),
		status:         204,
	}
	r.methods(c.methods)
	r.tokens(c.headers)
	r.tokens(c.exposed)
	if status := r.seconds(t.Get("options_success_status"), "options_success_status"); status != nil && *status != 0 {
		c.status = *status
	}
	if age := r.text(t.Get("max_age"), "max_age", "0s"); age != "" {
		d, err := time.ParseDuration(age)
		if err != nil || d > maxSeconds*time.Second || d < -maxSeconds*time.Second {
			r.fault(t.Get("max_age").Line(), age, "is not a duration", "write a duration such as 10m")
		}
		c.maxAge = int(d.Seconds())
	}
	return c, r.err()
}

// krakendModel answers as rs/cors does with the options of the module.
type krakendModel struct {
	*krakendConfig
	all, allHeaders bool
	exact           map[string]bool
	wildcards       [][2]string // beginning and end
	facts           Facts
}

func newKrakenDModel(c *krakendConfig) *krakendModel {
	m := &krakendModel{krakendConfig: c, exact: make(map[string]bool)}
	m.all = len(c.origins) == 0 || lists(c.origins, "*")
	for _, e := range c.origins {
		lowered := strings.ToLower(e.text)
		if begin, end, ok := strings.Cut(lowered, "*"); ok {
			m.wildcards = append(m.wildcards, [2]string{begin, end})
			m.facts.Origins = append(m.facts.Origins, "regexp:"+regexp.QuoteMeta(begin)+".*"+regexp.QuoteMeta(end))
		} else {
			m.exact[lowered] = true
			m.facts.Origins = append(m.facts.Origins, origins(lowered)...)
		}
	}
	if m.all {
		m.facts.Origins = nil
	}
	m.allHeaders = len(c.headers) == 0 || lists(c.headers, "*")
	m.facts.Methods, m.facts.Headers, m.facts.Exposed = textsOf(c.methods), lower(textsOf(c.headers)), textsOf(c.exposed)
	if len(c.methods) == 0 {
		m.facts.Methods = safeMethods
	}
	return m
}

func (m *krakendModel) Facts() Facts { return m.facts }

func (m *krakendModel) Answer(r core.Request) Answer {
	origin, _ := firstLine(r.Origin)
	method, _ := firstLine(r.AccessControlRequestMethod)
	if r.Method == "OPTIONS" && method != "" {
		a := Answer{Reached: m.passthrough, Status: m.status}
		a.send("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
		if origin == "" || !m.allows(origin) || !m.allowsMethod(method) || !m.allowsHeaders(r.AccessControlRequestHeaders) {
			return a
		}
		m.sendOrigin(&a, r)
		a.send("Access-Control-Allow-Methods", method)
		for _, line := range r.AccessControlRequestHeaders {
			if r.AccessControlRequestHeaders[0] != "" {
				a.send("Access-Control-Allow-Headers", line)
			}
		}
		if asked, _ := firstLine(r.AccessControlRequestPrivateNetwork); m.privateNetwork && asked == "true" {
			a.send("Access-Control-Allow-Private-Network", "true")
		}
		if m.maxAge != 0 {
			a.send("Access-Control-Max-Age", strconv.Itoa(max(m.maxAge, 0)))
		}
		return a
	}
	a := Answer{Reached: true}
	a.send("Vary", "Origin")
	if origin == "" || !m.allows(origin) || !m.allowsMethod(r.Method) {
		return a
	}
	m.sendOrigin(&a, r)
	if len(m.exposed) > 0 {
		a.send("Access-Control-Expose-Headers", strings.Join(textsOf(m.exposed), ", "))
	}
	return a
}

func (m *krakendModel) sendOrigin(a *Answer, r core.Request) {
	if m.all {
		a.send("Access-Control-Allow-Origin", "*")
	} else {
		for _, line := range r.Origin {
			a.send("Access-Control-Allow-Origin", line)
		}
	}
	if m.credentials {
		a.send("Access-Control-Allow-Credentials", "true")
	}
}

func (m *krakendModel) allows(origin string) bool {
	origin = strings.ToLower(origin)
	return m.all || m.exact[origin] || slices.ContainsFunc(m.wildcards, func(w [2]string) bool {
		return len(origin) >= len(w[0])+len(w[1]) && strings.HasPrefix(origin, w[0]) && strings.HasSuffix(origin, w[1])
	})
}

func (m *krakendModel) allowsMethod(method string) bool {
	return method == "OPTIONS" || slices.Contains(m.facts.Methods, method)
}

// allowsHeaders is stricter than rs/cors about white space; browsers send none here.
func (m *krakendModel) allowsHeaders(lines []string) bool {
	for _, line := range lines {
		for name := range strings.SplitSeq(line, ",") {
			if name != "" && !m.allHeaders && !slices.Contains(m.facts.Headers, name) {
				return false
			}
		}
	}
	return true
}

func importKrakenD(text []byte, d *importDraft) {
	c, err := readKrakenD(text)
	if err != nil {
		d.fail(err)
		return
	}
	if c.passthrough {
		d.Refuse(c.at("options_passthrough"), "options_passthrough",
			"the application answers preflights too, so the file does not say what is allowed",
			"set options_passthrough: false")
	}
	if c.status < 200 || c.status > 299 {
		d.Refuse(c.at("options_success_status"), "options_success_status", "browsers refuse preflights with this status", "set it to 204")
	}
	p := d.Policy("", c.line)
	all := len(c.origins) == 0 || lists(c.origins, "*")
	credentials := c.credentials && !all
	switch {
	case all:
		p.Origin("*", lineOf(c.origins, c.line), "")
		if c.credentials {
			d.Note(c.at("allow_credentials"), "",
				"KrakenD sends * for every origin, and browsers do not combine * with credentials, so allow_credentials is left out")
		}
	default:
		p.krakendOrigins(c.origins)
	}
	if len(c.methods) > 0 {
		d.needsSafe(c.methods, c.line, "allow_methods")
	}
	if lists(c.methods, "*") {
		d.Note(lineOf(c.methods, c.line), "", "KrakenD treats * as the name of a method, so the policy leaves it out")
	}
	p.Methods(append(without(c.methods, "*"), "OPTIONS"), lineOf(c.methods, c.line), "KrakenD always allows OPTIONS")
	if len(c.headers) == 0 || lists(c.headers, "*") {
		p.echoedHeaders(credentials, lineOf(c.headers, c.line), "KrakenD allows all headers")
	} else {
		p.Headers(textsOf(c.headers), c.headers[0].line, "")
	}
	p.Exposed(p.literalStars(c.exposed, credentials, ExposeAspect), lineOf(c.exposed, c.line), "")
	if credentials {
		p.Credentials(c.at("allow_credentials"), "")
	}
	if c.privateNetwork {
		p.Network(c.at("allow_private_network"), "")
	}
	if c.maxAge != 0 {
		p.Age(max(c.maxAge, 0), c.at("max_age"), "")
	}
}

// krakendOrigins adds the origins of a list in which * matches any text.
func (p *draftPolicy) krakendOrigins(list []textEntry) {
	for _, e := range list {
		lowered := strings.ToLower(e.text)
		begin, end, wildcard := strings.Cut(lowered, "*")
		bare := strings.TrimSuffix(begin, ":")
		switch {
		case !wildcard && len(origins(lowered)) == 0:
			p.d.noteNeverSent(e)
		case !wildcard:
			p.Origin(lowered, e.line, "")
		case core.IsOrigin(bare) && bare != begin && end == "":
			if lists(list, bare) {
				p.Origin(lowered, e.line, "")
			} else {
				p.Expression(regexp.QuoteMeta(begin)+"[0-9]+", true, e.line, "any port, but not the absence of one")
			}
		case strings.HasSuffix(begin, "://") && strings.HasPrefix(end, ".") && core.IsOrigin(begin+"a"+end):
			p.Origin(lowered, e.line, "")
		default:
			p.Expression(regexp.QuoteMeta(begin)+".*"+regexp.QuoteMeta(end), true, e.line, "the * also matches dots")
		}
	}
}
