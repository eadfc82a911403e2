package gateways

import (
	"encoding/json"
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"time"

	"github.com/corskit/corskit/core"
)

// Fixes that exporters suggest.
const (
	fixMount       = "mount corskit in the application behind it"
	fixListOrigins = "list the origins, or " + fixMount
	fixListMethods = "list the methods, or " + fixMount
	fixListHeaders = "list the headers, or " + fixMount
)

// safeMethods are the methods that every policy allows.
var safeMethods = []string{"GET", "HEAD", "POST"}

// methodsAmong returns the methods of a policy, GET, HEAD and POST first, for a target that
// supports only the known ones. For "*", it returns "*" if wildcard is set, and otherwise all known
// methods.
func (p *exportPlan) methodsAmong(policy core.Policy, known []string, wildcard bool) (list []string) {
	list = slices.Clone(safeMethods)
	only := "it supports only the methods " + strings.Join(known, ", ")
	for _, m := range policy.AllowMethods {
		switch {
		case slices.Contains(safeMethods, m):
		case m == "*" && wildcard:
			return []string{"*"}
		case m == "*":
			if p.Lose(policy.Name, "AllowMethods", "*", MethodAspect, only, fixListMethods,
				"scripts may use no other methods") {
				for _, k := range known {
					if !slices.Contains(list, k) && !slices.Contains([]string{"TRACE", "CONNECT"}, k) {
						list = append(list, k)
					}
				}
			}
		case !slices.Contains(known, m):
			p.Lose(policy.Name, "AllowMethods", m, MethodAspect, only, "remove the method, or "+fixMount, "scripts cannot use "+m)
		default:
			list = append(list, m)
		}
	}
	return list
}

// spelling describes the origins that a target can express in its list.
type spelling struct {
	limit      string // the target's limit, for errors
	subdomains bool   // https://*.example.com
	ports      bool   // http://localhost:*
	null       bool
	schemes    *regexp.Regexp // permitted schemes of exact origins; nil for all
}

// originsAs returns the origins of a policy as a list. It refuses a policy without origins.
func (p *exportPlan) originsAs(policy core.Policy, s spelling) (list []string) {
	add := func(texts ...string) {
		for _, t := range texts {
			if !slices.Contains(list, t) {
				list = append(list, t)
			}
		}
	}
	for _, e := range entriesOf(policy) {
		fixed, isPort := strings.CutSuffix(e.Text, ":*")
		switch {
		case e.Kind == anyEntry:
			return []string{"*"}
		case e.Kind == exactEntry && (s.schemes == nil || s.schemes.MatchString(e.Text)), e.Kind == subdomainsEntry && s.subdomains,
			e.Kind == nullEntry && s.null:
			add(e.Text)
		case e.Kind == wildcardEntry && s.ports && isPort && core.IsOrigin(fixed):
			add(fixed, e.Text)
		case e.Kind == loopbackEntry && s.ports:
			for _, scheme := range []string{"http", "https"} {
				for _, host := range []string{"localhost", "127.0.0.1", "[::1]"} {
					add(scheme+"://"+host, scheme+"://"+host+":*")
				}
			}
		default:
			p.Lose(policy.Name, "AllowOrigins", e.Text, OriginAspect, s.limit, fixListOrigins, "the origins of this entry are refused")
		}
	}
	if len(list) == 0 {
		p.noOrigins(policy)
	}
	return list
}

// noOrigins refuses a policy with no origin left, because many gateways treat an empty list as all
// origins.
func (p *exportPlan) noOrigins(policy core.Policy) {
	if len(p.faults) > 0 {
		return // the reported losses may be the reason
	}
	p.Refuse(policy.Name, "AllowOrigins", "", "no origin is left to export, and it has no setting that refuses all origins",
		"list an origin that it can express, or remove its CORS settings and do not export")
}

// wildcardHeaders refuses "*" without credentials for a target that echoes the requested headers:
// the echo covers authorization, and "*" does not.
func (p *exportPlan) wildcardHeaders(policy core.Policy) {
	if slices.Contains(policy.AllowHeaders, "*") && !policy.AllowCredentials && !slices.Contains(policy.AllowHeaders, "authorization") {
		p.Refuse(policy.Name, "AllowHeaders", "*", "its * also allows authorization, and the * of a policy does not",
			"add authorization to allow_headers, or list the headers")
	}
}

// noZeroAge refuses max_age: disabled for a target that is not documented to send a zero.
func (p *exportPlan) noZeroAge(policy core.Policy) {
	if policy.MaxAge < 0 {
		p.Refuse(policy.Name, "MaxAge", "", "its documentation does not say that it sends Access-Control-Max-Age: 0",
			"set max_age to 1s or more, or remove it")
	}
}

// defaultAge is how long browsers cache a preflight without a maximum age, in seconds.
const defaultAge = 5

// age returns the maximum age of a policy for a target that always sends one.
func age(policy core.Policy) int {
	switch {
	case policy.MaxAge == 0:
		return defaultAge
	case policy.MaxAge < 0:
		return 0
	}
	return int(policy.MaxAge / time.Second)
}

// optionalAge is like age, for a target that sends no maximum age if none is set.
func optionalAge(policy core.Policy) *int {
	if policy.MaxAge == 0 {
		return nil
	}
	seconds := age(policy)
	return &seconds
}

// optionsAnswered adds the note of a gateway that answers all OPTIONS requests.
func (p *exportPlan) optionsAnswered() {
	p.Note("", "", PassAspect, "it answers every OPTIONS request itself, even one that is not a preflight")
}

// noVary adds the note of a gateway that omits Vary: Origin in answers to other origins.
func (p *exportPlan) noVary(policy core.Policy, text string) {
	p.Note(policy.Name, "AllowOrigins", VaryAspect, text+": do not let caches store its responses, or add Vary: Origin to them")
}

// jsonText returns a value as a JSON file.
func jsonText(value any) []byte {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(value); err != nil {
		return nil // maps and lists of texts always encode
	}
	return []byte(b.String())
}

// pcre returns the expression of an entry in a form that means the same in PCRE, JavaScript and
// RE2. ok is false if no such form exists.
func pcre(e originEntry) (expression string, ok bool) {
	if e.Kind != expressionEntry {
		return e.Expression, true
	}
	re, err := syntax.Parse(e.Expression, syntax.Perl)
	if err != nil {
		return "", false
	}
	text := re.String()
	for _, c := range []byte(text) {
		if c > '~' || c < ' ' {
			return "", false
		}
	}
	return text, !strings.Contains(text, `\x`) && !strings.Contains(text, `\p`) && !strings.Contains(text, `(?i`) && !strings.Contains(text,
		`\z`)
}

// bracketedPattern matches origins with IPv6 addresses.
const bracketedPattern = `regexp:[a-z0-9+.-]+://\[[0-9a-f:.]+\](?::[0-9]+)?`

// bracketed returns an IPv6 origin that a pattern matches, or "".
func bracketed(pattern string) string {
	some, _ := core.Examples(pattern, bracketedPattern)
	for _, o := range some {
		if strings.Contains(o, "[") {
			return o
		}
	}
	return ""
}

// needsSafe is for a source that checks the method of every request. It refuses a list without GET,
// HEAD and POST, because every policy allows these.
func (d *importDraft) needsSafe(list []textEntry, line int, key string) {
	for _, m := range safeMethods {
		if !slices.ContainsFunc(list, func(e textEntry) bool { return e.text == m }) {
			d.Refuse(lineOf(list, line), m, "the method is not in "+key+", and every policy allows GET, HEAD and POST",
				fmt.Sprintf("add %s to %s if that is acceptable", m, key))
		}
	}
}

// without returns the texts of a list except the given one.
func without(list []textEntry, text string) (kept []string) {
	for _, e := range list {
		if e.text != text {
			kept = append(kept, e.text)
		}
	}
	return kept
}

// lists reports whether a list has a text.
func lists(list []textEntry, text string) bool {
	return slices.ContainsFunc(list, func(e textEntry) bool { return e.text == text })
}

// literalStars removes "*" from the list of a source that sends it together with credentials.
// Browsers then treat it as an ordinary name.
func (p *draftPolicy) literalStars(list []textEntry, credentials bool, aspect Aspect) []string {
	if !credentials {
		return textsOf(list)
	}
	for _, e := range list {
		if e.text == "*" {
			p.d.Note(e.line, aspect, "* covers "+string(aspect)+" only without credentials; it is left out")
		}
	}
	return without(list, "*")
}

// echoedHeaders sets allow_headers for a source that echoes the requested headers.
func (p *draftPolicy) echoedHeaders(credentials bool, line int, remark string) {
	list := []string{"*"}
	if !credentials {
		list = append(list, "authorization")
	}
	p.Headers(list, line, remark)
}

// noteNeverSent adds a note about an entry that no browser sends as an origin.
func (d *importDraft) noteNeverSent(e textEntry) {
	d.Note(e.line, "", quote(e.text)+": no browser sends this origin, so the entry allows nothing and is left out")
}

// anchored returns the part of an expression between ^ and $, without a group around it. ok is
// false unless all alternatives of the expression are anchored at both ends.
func anchored(e string) (inner string, ok bool) {
	inner, begins := strings.CutPrefix(e, "^")
	inner, ends := strings.CutSuffix(inner, "$")
	re, err := syntax.Parse(e, syntax.Perl)
	if err != nil || !begins || !ends || re.Op != syntax.OpConcat || re.Sub[0].Op != syntax.OpBeginText ||
		re.Sub[len(re.Sub)-1].Op != syntax.OpEndText {
		return "", false
	}
	whole, err := syntax.Parse(inner, syntax.Perl)
	if err != nil {
		return "", false
	}
	if group, ok := strings.CutPrefix(inner, "(?:"); ok {
		group = strings.TrimSuffix(group, ")")
		if alone, err := syntax.Parse(group, syntax.Perl); err == nil && alone.String() == whole.String() {
			return group, true
		}
	}
	return inner, true
}

// plainOrigin returns the origin that an expression consists of, or "".
func plainOrigin(e string) string {
	re, err := regexp.Compile(e)
	if err != nil {
		return ""
	}
	if text, complete := re.LiteralPrefix(); complete && (core.IsOrigin(text) || text == "null") {
		return text
	}
	return ""
}

// varyNote adds a note that the policy sends Vary: Origin where the source does not.
func (d *importDraft) varyNote() {
	d.Note(0, VaryAspect,
		"the source leaves out Vary: Origin in some responses, so a cache can give one origin the response for another; the policy sends "+
			"it")
}

// optionsNote adds a note that, with the policy, the application gets OPTIONS requests that the
// source answers itself.
func (d *importDraft) optionsNote() {
	d.Note(0, PassAspect, "the source answers every OPTIONS request; behind a policy, the application gets those that are not preflights")
}
