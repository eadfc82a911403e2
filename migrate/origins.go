package migrate

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// meaning holds the origins that an entry of an old list matches, and the patterns that a policy
// lists instead.
type meaning struct {
	entry entry
	old   []string // patterns of core for what the entry matches; nil if no client sends such an origin
	write []string // patterns that match the same or less
	fixed string   // why matching less is right; empty if a policy cannot match more
	inert string   // why no origin matches, if the reason is not the entry's spelling
	loose bool     // the entry names no scheme, so the program does not ask for http://
}

// exactly returns the meaning of an entry that must equal the origin. An entry that is not an
// origin matches none.
func exactly(e entry, origin string) meaning {
	if origin == "null" || core.IsOrigin(origin) {
		return meaning{entry: e, old: []string{origin}, write: []string{origin}}
	}
	return meaning{entry: e}
}

// glob returns the meaning of an entry in which an asterisk matches any text, including the empty
// text.
func glob(e entry, prefix, suffix string) meaning {
	m := meaning{entry: e, old: []string{"regexp:" + regexp.QuoteMeta(prefix) + ".*" + regexp.QuoteMeta(suffix)}}
	scheme, host, ok := strings.Cut(prefix, "://")
	switch {
	case prefix == "" && suffix != "":
		bare := strings.TrimPrefix(suffix, ".")
		if bare == suffix {
			m.fixed = "it matches every host that ends in " + suffix + ", such as evil-" + suffix
			m.write = append(m.write, "https://"+bare, "http://"+bare)
		}
		m.write, m.loose = append(m.write, "https://*."+bare, "http://*."+bare), true
	case !ok:
	case host == "" && suffix != "" && !strings.HasPrefix(suffix, "."):
		m.fixed = "it matches every host that ends in " + suffix + ", such as evil-" + suffix
		m.write = []string{scheme + "://" + suffix, scheme + "://*." + suffix}
	case suffix == "" && strings.HasSuffix(host, ":"):
		m.write = []string{prefix + "*"}
	case suffix == "" && core.IsOrigin(prefix) && strings.Contains(host, "."):
		m.fixed = "it matches every host that begins with " + host + ", such as " + host + ".evil.example"
		m.write = []string{prefix + ":*"}
	case suffix == "" && host == "localhost":
		m.fixed = "it matches every host that begins with localhost, such as localhost.evil.example"
		m.write = []string{prefix + ":*"}
	default:
		m.write = []string{prefix + "*" + suffix}
	}
	if !slices.ContainsFunc(m.write, validPattern) {
		m.write, m.fixed = slices.Clone(m.old), ""
	}
	m.write = slices.DeleteFunc(m.write, func(w string) bool { return !validPattern(w) })
	return m
}

// validPattern reports whether a policy without credentials may list a pattern.
func validPattern(pattern string) bool {
	_, err := core.New(core.Policy{AllowOrigins: []string{pattern}})
	return err == nil
}

// origins lists the old entries in the policy, and adds notes about differences.
func (t *Translation) origins(option string, meanings []meaning) (listed []string) {
	var kept []meaning
	for _, m := range meanings {
		if m.old == nil {
			t.inert(option, m.entry, m.inert)
			continue
		}
		if m.loose && t.Policy.AllowCredentials {
			m.write = slices.DeleteFunc(slices.Clone(m.write), func(w string) bool { return strings.HasPrefix(w, "http://") })
			m.fixed = firstNonEmpty(m.fixed, "it matches http:// too, where anyone on the network can use the visitor's credentials")
		}
		m.write = slices.DeleteFunc(slices.Clone(m.write), func(w string) bool { return !t.listOrigin(option, m, w) })
		kept = append(kept, m)
	}
	for _, m := range kept {
		listed = unless(append(listed, m.write...))
	}
	t.Policy.AllowOrigins = unless(append(t.Policy.AllowOrigins, listed...))
	for _, m := range kept {
		t.compare(option, m)
	}
	return listed
}

// inert adds a note about an entry that no origin equals.
func (t *Translation) inert(option string, e entry, why string) {
	text := fmt.Sprintf("%s has %q, which no browser sends, so it never matched", option, e.text)
	if why != "" {
		text = fmt.Sprintf("%s has %q, which never matched: %s", option, e.text, why)
	}
	_, err := core.New(core.Policy{AllowOrigins: []string{e.text}})
	for fault := range core.PolicyErrors(err) {
		text = fmt.Sprintf("%s has %q, which never matched: %s; %s", option, e.text, fault.Detail, fault.Suggestion)
	}
	t.note(Note{Code: "inert-origin", Change: Same, Wrong: true, Field: option, Pos: e.pos, Text: text})
}

// listOrigin reports whether the policy may list a pattern, and sets the Dangerously flag that the
// pattern needs. The old configuration permitted the same without a flag.
func (t *Translation) listOrigin(option string, m meaning, pattern string) bool {
	probe := *t.Policy
	probe.AllowOrigins, probe.AllowOriginFunc = []string{pattern}, nil
	probe.AllowMethods, probe.AllowHeaders, probe.ExposeHeaders = nil, nil, nil
	for range 4 {
		_, err := core.New(probe)
		if err == nil {
			return true
		}
		for fault := range core.PolicyErrors(err) {
			if !t.permit(option, m, &probe, fault) {
				return false
			}
		}
	}
	return false
}

// permit sets the flag that a fault asks for, in the policy and in the probe.
func (t *Translation) permit(option string, m meaning, probe *core.Policy, fault *core.PolicyError) bool {
	note := Note{Change: Same, Wrong: true, Field: option, Pos: m.entry.pos}
	switch {
	case fault.Reason == reason.InsecureOrigin:
		probe.DangerouslyAllowInsecureOrigins, t.Policy.DangerouslyAllowInsecureOrigins = true, true
		note.Code = "insecure-origin"
		note.Text = fmt.Sprintf("%s has %q with credentials: anyone on the network can impersonate an http:// origin; the policy "+
			"permits it "+
			"with DangerouslyAllowInsecureOrigins, as before; serve the page over https:// and remove both", option, m.entry.text)
	case fault.Reason == reason.PublicSuffix && !strings.HasPrefix(probe.AllowOrigins[0], "regexp:"):
		probe.DangerouslyAllowPublicSuffixes, t.Policy.DangerouslyAllowPublicSuffixes = true, true
		note.Code = "public-suffix"
		note.Text = fmt.Sprintf("%s has %q with credentials: strangers can register such hosts; the policy permits it with "+
			"DangerouslyAllowPublicSuffixes, as before; name your own domain and remove the flag", option, m.entry.text)
	case fault.Reason == reason.NullOrigin && !probe.AllowCredentials:
		probe.DangerouslyAllowNullOrigin, t.Policy.DangerouslyAllowNullOrigin = true, true
		note.Code = "null-origin"
		note.Text = fmt.Sprintf("%s has \"null\", which any site can send from a sandboxed frame; the policy permits it with "+
			"DangerouslyAllowNullOrigin, as before", option)
	default:
		t.note(Note{Code: "refused-origin", Change: Narrower, Wrong: true, Field: option, Pos: m.entry.pos,
			Scope: Scope{Origins: m.old},
			Text:  fmt.Sprintf("%s has %q, which a policy refuses: %s; %s", option, m.entry.text, fault.Detail, fault.Suggestion)})
		return false
	}
	if !slices.ContainsFunc(t.variant.Notes, func(n Note) bool { return n.Code == note.Code && n.Text == note.Text }) {
		t.note(note)
	}
	return true
}

// compare adds notes about origins that the old entry matched and the policy does not allow, and
// about origins that the policy allows and the old entry did not match.
func (t *Translation) compare(option string, m meaning) {
	var lost []string
	for _, old := range m.old {
		lost = append(lost, notMatched(old, t.Policy.AllowOrigins)...)
	}
	if len(lost) > 0 && !t.noted("refused-origin", m.entry) {
		n := Note{Code: "fewer-origins", Change: Narrower, Field: option, Pos: m.entry.pos,
			Scope: Scope{Origins: m.old, Except: slices.Clone(t.Policy.AllowOrigins)},
			Text: fmt.Sprintf("%s has %q; the policy has %s, which does not match %s", option, m.entry.text, words(m.write),
				examplesOf(lost))}
		if m.fixed != "" {
			n.Code, n.Change, n.Wrong = "look-alikes", Fixed, true
			n.Text = fmt.Sprintf("%s has %q: %s; the policy has %s", option, m.entry.text, m.fixed, words(m.write))
		}
		t.note(n)
	}
	var gained []string
	for _, w := range m.write {
		gained = append(gained, notMatched(w, m.old)...)
	}
	if len(gained) > 0 {
		text := fmt.Sprintf("%s has %q; the policy has %s, which also matches %s", option, m.entry.text, words(m.write), examplesOf(gained))
		if slices.Contains(m.write, m.entry.text) && strings.HasSuffix(m.entry.text, ":*") {
			text = fmt.Sprintf("%s has %q: in a policy, any port includes the default one, so it also matches %s", option, m.entry.text,
				gained[0])
		}
		t.note(Note{Code: "more-origins", Change: Wider, Field: option, Pos: m.entry.pos,
			Scope: Scope{Origins: m.write, Except: m.old}, Text: text})
	}
}

func (t *Translation) noted(code string, e entry) bool {
	return slices.ContainsFunc(t.variant.Notes, func(n Note) bool {
		return n.Code == code && n.Pos == e.pos && strings.Contains(n.Text,
			e.text)
	})
}

// notMatched returns origins that a pattern matches and none of the others does, one for each class
// of origins.
func notMatched(pattern string, others []string) []string {
	if slices.Contains(others, pattern) || slices.Contains(others, "*") {
		return nil
	}
	if pattern == "null" {
		return []string{"null"}
	}
	var missing []string
	examples, err := core.Examples(pattern, slices.DeleteFunc(slices.Clone(others), func(o string) bool { return o == "null" })...)
	for _, origin := range examples {
		if !matchesAny(others, origin) {
			missing = append(missing, origin)
		}
	}
	if err != nil && len(missing) == 0 {
		return []string{"origins that are too complex to determine"}
	}
	return missing
}

func examplesOf(origins []string) string {
	return "origins such as " + strings.Join(origins[:min(2, len(origins))], " and ")
}

// anyOrigin allows every origin with a literal asterisk. It removes credentials from the policy,
// because browsers refuse the asterisk with credentials.
func (t *Translation) anyOrigin(option string) {
	t.Policy.AllowOrigins = []string{"*"}
	if !t.Policy.AllowCredentials {
		return
	}
	t.Policy.AllowCredentials = false
	t.note(Note{Code: "any-with-credentials", Change: Same, Wrong: true, Field: option,
		Text: "every origin with credentials: browsers refuse the * that was sent, so requests with credentials failed; the policy has " +
			"no AllowCredentials, which is the same; if scripts need credentials, list their origins and set it"})
}

// reflectsAny translates a middleware that echoes every origin.
func (t *Translation) reflectsAny(option string) {
	if t.Policy.AllowCredentials {
		t.NoPolicy(option + " allows every origin with credentials, so any site can act as its visitors; no policy can express that: " +
			"list the origins that need credentials in AllowOrigins")
		t.note(Note{Code: "reflects-any", Change: Narrower, Wrong: true, Field: option,
			Text: option + " echoes every origin together with credentials; the policy allows none until you list them"})
		return
	}
	t.Policy.AllowOrigins = []string{"*"}
}
