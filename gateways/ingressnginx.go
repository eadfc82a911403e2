package gateways

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/corskit/corskit/core"
)

func ingressNginx() Target {
	return Target{
		Name:  "ingress-nginx",
		Title: "ingress-nginx",
		Help:  "an Ingress with annotations of ingress-nginx",
		Limits: []string{
			"Import only: the controller is retired, and its annotations cannot express most policies.",
			"Without cors-allow-credentials, it allows credentials; without cors-allow-origin, every origin.",
			"A value that it does not accept counts as absent, so that every origin is allowed.",
			"A comma at the end of cors-allow-origin allows every origin.",
		},
		imports: func(text []byte, d *importDraft) {
			m, err := parseIngressNginx(text)
			if err == nil {
				m.warn(d)
			}
			importServer(d, m, err)
		},
		Parse: func(text []byte) (Model, error) { return parseIngressNginx(text) },
	}
}

// ingressModel answers as ingress-nginx does (internal/ingress/annotations/cors/main.go,
// internal/ingress/controller/template/template.go, buildCorsOriginRegex, and
// rootfs/etc/nginx/template/nginx.tmpl, CORS, in github.com/kubernetes/ingress-nginx): it joins the
// origins to one expression that ignores case and is anchored only at its end; "*" is sent as "*",
// also with credentials; every OPTIONS request of an allowed origin is answered; there is no Vary.
type ingressModel struct {
	any                               bool // every origin gets "*"
	expression                        *regexp.Regexp
	methods, headers, exposed, maxAge string
	credentials                       bool
	explicit                          bool // an annotation sets credentials
	enabled                           bool
	origins                           []located
	lines                             map[string]int
	notes                             []Note
	traps                             []*ImportError
}

// Defaults and accepted values of the annotations.
const (
	ingressPrefix  = "nginx.ingress.kubernetes.io/"
	ingressMethods = "GET, PUT, POST, DELETE, PATCH, OPTIONS"
	ingressHeaders = "DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization"
	ingressMaxAge  = "1728000"
)

var (
	ingressOriginList = regexp.MustCompile(`^((((([a-z]+://)?(\*\.)?[A-Za-z0-9\-.]*(:\d+)?,?)|null)+)|\*)?$`)
	ingressOrigin     = regexp.MustCompile(`^([a-z]+://(\*\.)?[A-Za-z0-9\-.]*(:\d+)?|\*|null)?$`)
	ingressMethodList = regexp.MustCompile(`^([A-Za-z]+,?\s?)+$`)
	ingressHeaderList = regexp.MustCompile(`^([A-Za-z0-9\-_]+,?\s?)+$`)
	ingressExposeList = regexp.MustCompile(`^(([A-Za-z0-9\-_]+|\*),?\s?)+$`)
)

// Answer implements [Model].
func (m *ingressModel) Answer(r core.Request) Answer {
	a := Answer{Reached: true}
	origin := strings.Join(r.Origin, ", ")
	switch {
	case !m.enabled:
		return a
	case m.any:
		origin = "*"
	case m.expression == nil || !m.expression.MatchString(origin):
		return a
	}
	if r.Method == "OPTIONS" {
		a.Reached, a.Status = false, 204
	}
	a.Header = appendSet(a.Header, "Access-Control-Allow-Origin", origin)
	if m.credentials {
		a.Header = appendSet(a.Header, "Access-Control-Allow-Credentials", "true")
	}
	a.Header = appendSet(a.Header, "Access-Control-Allow-Methods", m.methods)
	a.Header = appendSet(a.Header, "Access-Control-Allow-Headers", m.headers)
	a.Header = appendSet(a.Header, "Access-Control-Expose-Headers", m.exposed)
	a.Header = appendSet(a.Header, "Access-Control-Max-Age", m.maxAge)
	return a
}

// Facts implements [Model].
func (m *ingressModel) Facts() Facts {
	f := Facts{
		Origins: originsOf(m.origins), Methods: namesIn([]string{m.methods}), Headers: namesIn([]string{m.headers}),
		Exposed: namesIn([]string{m.exposed}),
	}
	if m.expression != nil {
		f.Origins = append(f.Origins, expressionPattern(m.expression.String(), false))
	}
	return f
}

func (m *ingressModel) located() []located { return m.origins }

func (m *ingressModel) fieldLine(name string) int {
	key := strings.TrimPrefix(strings.ToLower(name), "access-control-")
	if line := m.lines["cors-"+key]; line > 0 {
		return line
	}
	return m.lines["enable-cors"]
}

// tolerates reports whether an origin is allowed only because the expression is not anchored at its
// beginning: its scheme merely ends in the scheme of an allowed origin.
func (m *ingressModel) tolerates(origin string) bool {
	scheme, _, _ := strings.Cut(origin, "://")
	return scheme != "http" && scheme != "https"
}

// warn adds notes about annotations that do not do what they seem to do.
func (m *ingressModel) warn(d *importDraft) {
	for _, e := range m.traps {
		d.Refuse(e.Line, e.Entry, e.Problem, e.Fix)
	}
	for _, n := range m.notes {
		d.Note(n.Line, n.Aspect, n.Text)
	}
}

// parseIngressNginx returns the model of the only Ingress that enables CORS.
func parseIngressNginx(text []byte) (*ingressModel, error) {
	d := &importDraft{source: "ingress-nginx"}
	trees, err := parseTrees(text)
	if err != nil {
		d.Refuse(0, "", err.Error(), "import an Ingress as YAML")
		return nil, errors.Join(d.faults...)
	}
	m := &ingressModel{lines: make(map[string]int)}
	for _, tree := range trees {
		for _, t := range tree.Find(func(t textTree) bool { return t.Get(ingressPrefix + "enable-cors").Exists() }) {
			if m.enabled {
				d.Refuse(t.Line(), ingressPrefix+"enable-cors", "another Ingress also enables CORS", "import one Ingress at a time")
				continue
			}
			m.read(t)
		}
	}
	if !m.enabled && len(d.faults) == 0 {
		d.Refuse(0, ingressPrefix+"enable-cors", "no Ingress sets it to \"true\", so none answers CORS", "import the Ingress that does")
	}
	return m, errors.Join(d.faults...)
}

// read reads the annotations of an Ingress.
func (m *ingressModel) read(t textTree) {
	value := func(key string) (string, bool) {
		v := t.Get(ingressPrefix + key)
		m.lines[key] = v.Line()
		return v.Text(), v.Exists() && v.Text() != ""
	}
	enabled, _ := value("enable-cors")
	m.enabled, _ = strconv.ParseBool(enabled)
	listed := func(key, usual string, accepted *regexp.Regexp) string {
		v, ok := value(key)
		if ok && !accepted.MatchString(v) {
			m.notes = append(m.notes, Note{m.lines[key], "", "the controller does not accept the value of " + key + ", and uses its " +
				"default"})
			ok = false
		}
		if !ok {
			return usual
		}
		return v
	}
	m.methods = listed("cors-allow-methods", ingressMethods, ingressMethodList)
	m.headers = listed("cors-allow-headers", ingressHeaders, ingressHeaderList)
	m.exposed = listed("cors-expose-headers", "", ingressExposeList)
	m.maxAge = listed("cors-max-age", ingressMaxAge, regexp.MustCompile(`^-?[0-9]{1,9}$`))
	v, ok := value("cors-allow-credentials")
	credentials, err := strconv.ParseBool(v)
	m.credentials = !ok || err != nil || credentials
	m.explicit = ok && err == nil && credentials
	m.readOrigins(value("cors-allow-origin"))
}

// trap records an annotation that Import refuses.
func (m *ingressModel) trap(entry, problem, fix string) {
	m.traps = append(m.traps, &ImportError{Source: "ingress-nginx", Line: m.lines["cors-allow-origin"], Entry: entry,
		Problem: problem, Fix: fix})
}

// readOrigins reads cors-allow-origin.
func (m *ingressModel) readOrigins(text string, present bool) {
	valid := ingressOriginList.MatchString(strings.ReplaceAll(text, " ", ""))
	if !present || !valid {
		m.any = true
		if present {
			m.trap(text, "the controller does not accept the value, and allows every origin instead",
				"write origins with their schemes, separated by commas, as in https://app.example.com")
		}
		m.anyWithCredentials()
		return
	}
	var list []string
	for o := range strings.SplitSeq(text, ",") {
		o = strings.TrimSpace(o)
		if o == "*" {
			m.any = true
			m.anyWithCredentials()
			return
		}
		if !ingressOrigin.MatchString(o) {
			m.notes = append(m.notes, Note{m.lines["cors-allow-origin"], "",
				"the controller ignores " + quote(o) + ", which has no scheme"})
			continue
		}
		list = append(list, o)
	}
	m.build(list)
}

// anyWithCredentials refuses credentials that an annotation sets but that never work.
func (m *ingressModel) anyWithCredentials() {
	if m.explicit {
		m.trap("*", `with "*", the controller allows every origin without credentials, even if cors-allow-credentials is "true"; `+
			"converted to the Gateway API, the same annotations allow every origin with credentials",
			`set cors-allow-credentials: "false", which has the same effect in browsers today, or list the origins in cors-allow-origin`)
	}
}

// build compiles the expression that the controller builds.
func (m *ingressModel) build(list []string) {
	if len(list) == 0 {
		return // the controller writes no condition, so no origin is allowed
	}
	expression := "("
	for i, o := range list {
		if o == "" {
			m.trap(",", "the controller turns the empty element into an empty alternative, which matches every origin", "remove the comma")
			continue
		}
		one := strings.Replace(regexp.QuoteMeta(o), `\*`, `[A-Za-z0-9\-]+`, 1)
		if expression += "(" + one + ")"; i < len(list)-1 {
			expression += "|"
		}
		l := located{source: o, line: m.lines["cors-allow-origin"]}
		switch lower := strings.ToLower(o); {
		case strings.Contains(o, "*"):
			l.source = "^" + strings.ReplaceAll(strings.ToLower(one), `[a-za-z0-9\-]+`, `[a-z0-9-]+`) + "$"
			l.entries = []string{"regexp:" + strings.TrimSuffix(strings.TrimPrefix(l.source, "^"), "$")}
		case core.IsOrigin(lower) || lower == "null":
			l.entries = []string{lower}
		default:
			m.notes = append(m.notes, Note{l.line, "", quote(o) + " is not an origin, so it never matched; it is left out"})
			continue
		}
		m.origins = append(m.origins, l)
	}
	m.expression = regexp.MustCompile("(?i)" + expression + ")$")
}
