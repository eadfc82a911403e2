package gateways

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// Imported is the result of Import.
type Imported struct {
	Text   []byte // a configuration in YAML, with comments that name lines of the source
	Config *config.Config
	Notes  []Note
}

// Note says how the policy differs from the source, or explains a setting.
type Note struct {
	Line   int    // of the source; 0 for the whole file
	Aspect Aspect // the subject of the difference that the note explains; empty if there is none
	Text   string
}

func (n Note) String() string {
	if n.Line == 0 {
		return n.Text
	}
	return "line " + strconv.Itoa(n.Line) + ": " + n.Text
}

// importDraft collects the policies, notes and errors of an importer.
type importDraft struct {
	Policies []*draftPolicy
	Routes   []draftRoute // empty: the policies apply everywhere, in order

	source string
	notes  []Note
	faults []error
	// compared holds the differences if the importer has already compared the policies, and is nil
	// otherwise.
	compared []Difference
}

// draftPolicy is a policy that an importer builds. Its methods set fields and record the lines of
// the source.
type draftPolicy struct {
	core.Policy
	d       *importDraft
	line    int
	remarks map[string]string // by key, or key[index]
}

// draftRoute is a route that an importer builds.
type draftRoute struct {
	Host, Path string
	Policies   []string // names
	Line       int
}

// Policy adds a policy. It derives the policy's name from the given one, and makes up another if
// that is empty or taken.
func (d *importDraft) Policy(name string, line int) *draftPolicy {
	var b strings.Builder
	for _, c := range strings.ToLower(name) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' && b.Len() > 0 {
			b.WriteRune(c)
		} else if b.Len() > 0 && !strings.HasSuffix(b.String(), "_") {
			b.WriteByte('_')
		}
	}
	base := strings.Trim(b.String(), "_")
	if base == "" {
		base = "imported"
	}
	base = base[:min(len(base), 40)]
	name = base
	taken := func(p *draftPolicy) bool { return p.Name == name }
	for i := 2; slices.ContainsFunc(d.Policies, taken); i++ {
		name = base + "_" + strconv.Itoa(i)
	}
	p := &draftPolicy{Policy: core.Policy{Name: name}, d: d, line: line, remarks: make(map[string]string)}
	d.Policies = append(d.Policies, p)
	return p
}

// Refuse reports a part of the source that no policy can express, or that would make the policy
// wider than the source.
func (d *importDraft) Refuse(line int, entry, problem, fix string) {
	d.faults = append(d.faults, &ImportError{Source: d.source, Line: line, Entry: entry, Problem: problem, Fix: fix})
}

// Note adds a note. If the policy deliberately allows less than the source, or caching differs, the
// aspect is the subject of that difference.
func (d *importDraft) Note(line int, aspect Aspect, text string) {
	d.notes = append(d.notes, Note{line, aspect, text})
}

// Origin adds an entry to allow_origins.
func (p *draftPolicy) Origin(pattern string, line int, remark string) {
	if slices.Contains(p.AllowOrigins, pattern) {
		return
	}
	p.remarks["allow_origins["+strconv.Itoa(len(p.AllowOrigins))+"]"] = remarkAt(line, remark)
	p.AllowOrigins = append(p.AllowOrigins, pattern)
	if pattern == "null" {
		p.DangerouslyAllowNullOrigin = true
		p.remarks["dangerously_allow_null_origin"] = remarkAt(line, "any site can send null")
	}
}

// Expression adds a regular expression of the source to allow_origins. The expression has RE2
// syntax; if anchored is set, it matches whole origins. Expression refuses one that also matches
// strangers' domains, with or without credentials.
func (p *draftPolicy) Expression(e string, anchored bool, line int, remark string) {
	pattern := expressionPattern(e, anchored)
	if simple := patternOf(e); anchored && simple != "" {
		pattern = simple
	}
	_, err := core.New(core.Policy{AllowOrigins: []string{pattern}, AllowCredentials: true, DangerouslyAllowInsecureOrigins: true})
	for fault := range core.PolicyErrors(err) {
		detail := strings.TrimPrefix(fault.Detail, "with credentials, ")
		fix := "list the origins, or write an expression that matches the whole origin, such as https://[a-z0-9-]+\\.example\\.com"
		if !anchored {
			p.d.Refuse(line, e, "the expression is not anchored, so it matches origins that only contain it: "+detail,
				"put ^ and $ around it and write \\. for dots, as in ^https://[a-z0-9-]+\\.example\\.com$")
			return
		}
		p.d.Refuse(line, e, detail, fix)
		return
	}
	p.Origin(pattern, line, remark)
}

// Methods, Headers and Exposed set a list. GET, HEAD and POST are left out: every policy allows
// them.
func (p *draftPolicy) Methods(list []string, line int, remark string) {
	p.AllowMethods = slices.DeleteFunc(distinct(list),
		func(m string) bool { return slices.Contains([]string{"GET", "HEAD", "POST", ""}, m) })
	p.remarks["allow_methods"] = remarkAt(line, remark)
}

// Headers sets allow_headers.
func (p *draftPolicy) Headers(list []string, line int, remark string) {
	p.AllowHeaders = distinct(lower(list))
	p.remarks["allow_headers"] = remarkAt(line, remark)
}

// Exposed sets expose_headers.
func (p *draftPolicy) Exposed(list []string, line int, remark string) {
	p.ExposeHeaders = distinct(lower(list))
	p.remarks["expose_headers"] = remarkAt(line, remark)
}

// Credentials sets allow_credentials.
func (p *draftPolicy) Credentials(line int, remark string) {
	p.AllowCredentials = true
	p.remarks["allow_credentials"] = remarkAt(line, remark)
}

// Network sets allow_private_network.
func (p *draftPolicy) Network(line int, remark string) {
	p.AllowPrivateNetwork = true
	p.remarks["allow_private_network"] = remarkAt(line, remark)
}

// maxPolicyAge is the largest max_age of a policy, in seconds.
const maxPolicyAge = 24 * 60 * 60

// Age sets max_age from seconds. Zero means that preflights are not cached. An age above a day
// becomes a day, with a note.
func (p *draftPolicy) Age(seconds, line int, remark string) {
	if seconds > maxPolicyAge {
		seconds = maxPolicyAge
		p.d.Note(line, MaxAgeAspect, "max_age becomes 24h, the maximum in a policy; no browser caches a preflight for longer")
	}
	p.MaxAge = time.Duration(seconds) * time.Second
	if seconds <= 0 {
		p.MaxAge = core.NoPreflightCache
	}
	p.remarks["max_age"] = remarkAt(line, remark)
}

func remarkAt(line int, remark string) string {
	if line == 0 {
		return remark
	}
	return strings.TrimSuffix("line "+strconv.Itoa(line)+": "+remark, ": ")
}

// Import makes a configuration from a file of a target. The error joins an [*ImportError] for each
// part that no policy can express or that would make the policy wider than the file. Import
// compares the policy with the file and returns a [*BugError] if they differ in a way that no note
// explains.
func Import(source string, text []byte) (Imported, error) {
	t, ok := Find(source)
	if !ok || t.imports == nil {
		return Imported{}, fmt.Errorf("cannot import from %s; sources are %s", quote(source), strings.Join(namesOfTargets(false), ", "))
	}
	if len(text) > maxText {
		return Imported{}, &ImportError{Source: t.Name, Problem: fmt.Sprintf("the file has more than %d bytes", maxText),
			Fix: "import a smaller part"}
	}
	d := &importDraft{source: t.Name}
	t.imports(text, d)
	if len(d.Policies) == 0 && len(d.faults) == 0 {
		d.Refuse(0, "", "nothing in the file sets CORS for "+t.Title, "check --from, or import the file that does")
	}
	if len(d.faults) > 0 {
		return Imported{}, errors.Join(d.faults...)
	}
	return d.finish(t, text)
}

// finish writes and checks the configuration.
func (d *importDraft) finish(t Target, source []byte) (Imported, error) {
	d.flag()
	if len(d.faults) > 0 {
		return Imported{}, errors.Join(d.faults...)
	}
	text := d.write(t)
	cfg, err := config.Read(context.Background(), config.Static{"cors.yaml": text}, "cors.yaml", config.Options{Environ: []string{}})
	if err != nil {
		for e := range config.Errors(err) {
			d.Refuse(0, e.Value, e.Detail, strings.TrimSpace("change it in the source: "+e.Suggestion))
		}
		return Imported{}, errors.Join(d.faults...)
	}
	model, err := t.Parse(source)
	if err != nil {
		return Imported{}, err
	}
	all := d.compared
	if all == nil {
		if all, err = Differences(cfg, model); err != nil {
			return Imported{}, err
		}
	}
	if bugs := d.judge(all); len(bugs) > 0 {
		return Imported{}, &BugError{t.Name, bugs}
	}
	return Imported{text, cfg, d.notes}, nil
}

// judge returns the differences in which the policy is wider than the source. It adds a note for
// each other difference, unless the importer has already added one.
func (d *importDraft) judge(all []Difference) (bugs []Difference) {
	for _, x := range all {
		quiet := x.Aspect == PassAspect || x.Aspect == ErrorAspect // the policy cannot be at fault
		switch {
		case x.Kind == Narrower && !quiet:
			bugs = append(bugs, x)
		case slices.ContainsFunc(d.notes, func(n Note) bool { return n.Aspect == x.Aspect }):
		case x.Kind == Wider:
			x.Route = ""
			d.Note(0, x.Aspect, "the source allows more than the policy: "+x.plain())
		default:
			x.Route = ""
			d.Note(0, x.Aspect, "in the source, "+x.plain())
		}
	}
	return bugs
}

// flag sets the Dangerously settings that core requires for what the source already allows. It
// reports what core never accepts.
func (d *importDraft) flag() {
	for _, p := range d.Policies {
		_, err := core.New(p.Policy)
		for e := range core.PolicyErrors(err) {
			if e.Reason == reason.InsecureOrigin && !p.DangerouslyAllowInsecureOrigins {
				p.DangerouslyAllowInsecureOrigins = true
				p.remarks["dangerously_allow_insecure_origins"] = "the source allows http:// with credentials"
				d.Note(p.lineOf(e), "", quote(e.Value)+": "+e.Detail)
			}
		}
		_, err = core.New(p.Policy)
		for e := range core.PolicyErrors(err) {
			d.Refuse(p.lineOf(e), e.Value, e.Detail, "change it in the source: "+e.Spell(config.KeyOf).Suggestion)
		}
	}
}

// lineOf returns the line of the source for an error of core.
func (p *draftPolicy) lineOf(e *core.PolicyError) int {
	key := config.KeyOf(e.Field)
	remark, ok := p.remarks[key+"["+strconv.Itoa(e.Index)+"]"]
	if !ok {
		remark = p.remarks[key]
	}
	line := p.line
	if n, err := fmt.Sscanf(remark, "line %d", &line); n == 0 || err != nil {
		return p.line
	}
	return line
}

// write returns the configuration in YAML.
func (d *importDraft) write(t Target) []byte {
	policies := mapping()
	for _, p := range d.Policies {
		add(policies, p.Name, p.node(), remarkAt(p.line, ""))
	}
	root := mapping()
	add(root, "version", scalar("1"), "")
	add(root, "policies", policies, "")
	if len(d.Routes) > 0 {
		routes := &yaml.Node{Kind: yaml.SequenceNode}
		for _, r := range d.Routes {
			n := mapping()
			n.Style = yaml.FlowStyle
			if r.Host != "" {
				add(n, "host", quoted(r.Host), "")
			}
			if r.Path != "" {
				add(n, "path", quoted(r.Path), "")
			}
			add(n, "policies", sequence(r.Policies, yaml.FlowStyle), "")
			n.LineComment = comment(remarkAt(r.Line, ""))
			routes.Content = append(routes.Content, n)
		}
		add(root, "routes", routes, "")
	}
	root.HeadComment = "# Imported from " + t.Title + " by corskit import. Comments name the lines of the source."
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(root); err != nil {
		return nil // nodes of strings always encode
	}
	return b.Bytes()
}

// node returns the policy in YAML.
func (p *draftPolicy) node() *yaml.Node {
	n := mapping()
	list := sequence(p.AllowOrigins, 0)
	for i, e := range list.Content {
		e.LineComment = comment(p.remarks["allow_origins["+strconv.Itoa(i)+"]"])
	}
	add(n, "allow_origins", list, "")
	for _, l := range []struct {
		key  string
		list []string
	}{{"allow_methods", p.AllowMethods}, {"allow_headers", p.AllowHeaders}, {"expose_headers", p.ExposeHeaders}} {
		if len(l.list) > 0 {
			add(n, l.key, sequence(l.list, yaml.FlowStyle), p.remarks[l.key])
		}
	}
	for _, b := range []struct {
		key string
		set bool
	}{
		{"allow_credentials", p.AllowCredentials}, {"allow_private_network", p.AllowPrivateNetwork},
		{"reject_disallowed", p.RejectDisallowed}, {"dangerously_allow_null_origin", p.DangerouslyAllowNullOrigin},
		{"dangerously_allow_insecure_origins", p.DangerouslyAllowInsecureOrigins},
		{"dangerously_allow_public_suffixes", p.DangerouslyAllowPublicSuffixes},
	} {
		if b.set {
			add(n, b.key, scalar("true"), p.remarks[b.key])
		}
	}
	if p.MaxAge != 0 {
		text := duration(p.MaxAge)
		if p.MaxAge == core.NoPreflightCache {
			text = "disabled"
		}
		add(n, "max_age", scalar(text), p.remarks["max_age"])
	}
	return n
}

// duration returns a duration without units that are zero.
func duration(d time.Duration) string {
	seconds := int(d / time.Second)
	switch {
	case seconds%3600 == 0:
		return strconv.Itoa(seconds/3600) + "h"
	case seconds%60 == 0:
		return strconv.Itoa(seconds/60) + "m"
	}
	return strconv.Itoa(seconds) + "s"
}

func mapping() *yaml.Node { return &yaml.Node{Kind: yaml.MappingNode} }

func scalar(text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: text} }

func quoted(text string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Value: text, Style: yaml.DoubleQuotedStyle}
}

func sequence(list []string, style yaml.Style) *yaml.Node {
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: style}
	for _, s := range list {
		n.Content = append(n.Content, quoted(s))
	}
	return n
}

// add adds an entry with a comment to a map. The comment of a map or list goes above it.
func add(n *yaml.Node, key string, value *yaml.Node, remark string) {
	k := scalar(key)
	if c := comment(remark); value.Kind == yaml.ScalarNode || value.Style == yaml.FlowStyle {
		value.LineComment = c
	} else {
		k.HeadComment = c
	}
	n.Content = append(n.Content, k, value)
}

// maxComment bounds a comment.
const maxComment = 100

// comment returns a remark as a comment of one line.
func comment(remark string) string {
	if remark == "" {
		return ""
	}
	remark = strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f || c == 0x85 || c == 0x2028 || c == 0x2029 || c == 0xfeff {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(remark, "?"))
	if r := []rune(remark); len(r) > maxComment {
		remark = string(r[:maxComment]) + "..."
	}
	return "# " + remark
}
