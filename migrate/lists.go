package migrate

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// simple are the CORS-safelisted methods.
var simple = []string{http.MethodGet, http.MethodHead, http.MethodPost}

// methods lists methods in the policy. convert returns an entry in the spelling that the old
// library compares.
func (t *Translation) methods(option string, entries []entry, convert func(string) string) {
	for _, e := range entries {
		method := convert(e.text)
		if slices.Contains(simple, strings.ToUpper(method)) && method != "*" {
			continue
		}
		_, err := core.New(core.Policy{AllowMethods: []string{method}})
		if err == nil {
			t.Policy.AllowMethods = unless(append(t.Policy.AllowMethods, method))
			continue
		}
		for fault := range core.PolicyErrors(err) {
			t.note(Note{Code: "refused-method", Change: Narrower, Wrong: true, Field: option, Pos: e.pos,
				Scope: Scope{Methods: []string{e.text}},
				Text:  fmt.Sprintf("%s has %q, which a policy refuses: %s; %s", option, e.text, fault.Detail, fault.Suggestion)})
			break
		}
	}
}

// inertStar adds a note about an asterisk that the old library treats as a name.
func (t *Translation) inertStar(option, what string, entries []entry) []entry {
	return slices.DeleteFunc(slices.Clone(entries), func(e entry) bool {
		if strings.TrimSpace(e.text) != "*" {
			return false
		}
		t.note(Note{Code: "inert-wildcard", Change: Same, Wrong: true, Field: option, Pos: e.pos,
			Text: fmt.Sprintf("%s has \"*\", which %s treats as the name of a %s, so it allowed none; list the %ss that scripts use, "+
				"or add \"*\" to the policy", option, t.site.Library.Name, what, what)})
		return true
	})
}

// headers lists request headers in the policy.
func (t *Translation) headers(option string, entries []entry) {
	t.Policy.AllowHeaders = append(t.Policy.AllowHeaders, t.names(option, entries, func(name string) core.Policy {
		return core.Policy{AllowHeaders: []string{name}}
	})...)
	t.Policy.AllowHeaders = unless(t.Policy.AllowHeaders)
}

// repeatedHeaders translates the headers and the max age of libraries that echo the requested
// headers if none are listed.
func (t *Translation) repeatedHeaders() {
	headers, empty := t.list("AllowHeaders", "AllowHeaders")
	if empty {
		t.allHeaders()
	}
	t.headers("AllowHeaders", headers)
	t.literalStar("AllowHeaders", "header", headers)
	exposed, _ := t.list("ExposeHeaders", "ExposeHeaders")
	t.exposed("ExposeHeaders", exposed)
	t.seconds("MaxAge", core.NoPreflightCache)
}

// exposed lists response headers in the policy.
func (t *Translation) exposed(option string, entries []entry) {
	t.Policy.ExposeHeaders = unless(t.names(option, entries, func(name string) core.Policy {
		return core.Policy{ExposeHeaders: []string{name}}
	}))
}

// names returns the entries that have an effect, in lower case.
func (t *Translation) names(option string, entries []entry, policy func(string) core.Policy) []string {
	var names []string
	for _, e := range entries {
		name := strings.ToLower(strings.TrimSpace(e.text))
		if name == "" {
			continue
		}
		engine, err := core.New(policy(name))
		for fault := range core.PolicyErrors(err) {
			t.note(Note{Code: "refused-header", Change: Narrower, Wrong: true, Field: option, Pos: e.pos,
				Scope: Scope{Headers: []string{name}},
				Text:  fmt.Sprintf("%s has %q, which a policy refuses: %s; %s", option, e.text, fault.Detail, fault.Suggestion)})
			break
		}
		if err == nil && !withoutEffect(engine) {
			names = append(names, name)
		}
	}
	return names
}

// withoutEffect reports whether the engine warns that its only name has no effect.
func withoutEffect(engine *core.Engine) bool {
	return slices.ContainsFunc(engine.Warnings(), func(w core.Warning) bool {
		return w.Reason == reason.ForbiddenHeader || w.Reason == reason.Safelisted
	})
}

// allHeaders allows every request header, including Authorization.
func (t *Translation) allHeaders() {
	t.Policy.AllowHeaders = []string{"*"}
	if !t.Policy.AllowCredentials {
		t.Policy.AllowHeaders = append(t.Policy.AllowHeaders, "authorization")
	}
}

// withheld adds a note about safelisted methods that are not listed. The old library hides their
// answers from scripts; a policy cannot.
func (t *Translation) withheld(option string, listed []entry, convert func(string) string) {
	var missing []string
	for _, m := range simple {
		if !slices.ContainsFunc(listed, func(e entry) bool { return convert(e.text) == m }) {
			missing = append(missing, m)
		}
	}
	if len(missing) == 0 {
		return
	}
	t.note(Note{Code: "safelisted-methods", Change: Wider, Field: option, Scope: Scope{Methods: missing},
		Text: fmt.Sprintf("%s lacks %s, and %s then hides the answer from the script although the handler has run; "+
			"browsers send these methods without a preflight, and corskit lets allowed origins read the answer; "+
			"to forbid a method, answer it with 405 in the router", option, strings.Join(missing, ", "), t.site.Library.Name)})
}

// finish checks the policy.
func (t *Translation) finish() {
	if t.refused != "" {
		return
	}
	if t.Policy.AllowOriginFunc == nil && len(t.Policy.AllowOrigins) == 0 && !t.keeps("AllowOrigins") && !t.keeps("AllowOriginFunc") {
		t.note(Note{Code: "no-origins", Change: Same, Text: "the policy allows no origin, because no entry of the old list ever matched"})
	}
	_, err := core.New(*t.Policy)
	for fault := range core.PolicyErrors(err) {
		t.variant.Faults = append(t.variant.Faults, fault.Error())
	}
}

func (t *Translation) keeps(field string) bool {
	return slices.ContainsFunc(t.variant.Kept, func(k Kept) bool { return k.Field == field })
}

func identity(s string) string { return s }
