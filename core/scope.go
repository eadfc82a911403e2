package core

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corskit/corskit/internal/fetch"
	"github.com/corskit/corskit/reason"
)

// finding is the place of a fault or a warning.
type finding struct {
	policy, field string
	index         int
	value         string
}

// error returns the fault or warning as a PolicyError.
func (f finding) error(r reason.Reason, detail, suggestion text) PolicyError {
	return PolicyError{
		Policy: f.policy, Field: f.field, Index: f.index, Value: f.value, Reason: r,
		Detail: detail.String(), Suggestion: suggestion.String(), detail: detail, suggestion: suggestion,
	}
}

func (c *compiler) fault(f finding, r reason.Reason, detail, suggestion text) {
	e := f.error(r, detail, suggestion)
	c.errs = append(c.errs, &e)
}

func (c *compiler) warn(f finding, r reason.Reason, detail, suggestion text) {
	c.warns.add(Warning(f.error(r, detail, suggestion)))
}

// policyScope checks one policy.
type policyScope struct {
	*compiler
	policy *Policy
}

func (ps *policyScope) fault(field string, index int, value string, r reason.Reason, detail, suggestion text) {
	ps.compiler.fault(finding{ps.policy.Name, field, index, value}, r, detail, suggestion)
}

func (ps *policyScope) warn(field string, index int, value string, r reason.Reason, detail, suggestion text) {
	ps.compiler.warn(finding{ps.policy.Name, field, index, value}, r, detail, suggestion)
}

// again warns about an entry that is listed twice.
func (ps *policyScope) again(field string, index int, value string, r reason.Reason) {
	ps.warn(field, index, value, r, "already listed", "remove one of the two")
}

// misspelled warns about an entry that is almost a known name.
func (ps *policyScope) misspelled(field string, i int, entry, meant string) {
	ps.warn(field, i, entry, reason.Misspelled, "not a common name", didYouMean(meant))
}

func didYouMean(s string) text { return textf("did you mean %s?", quoted(s)) }

// settings warns about settings that have no effect. any reports whether the policy lists
// "*".
func (ps *policyScope) settings(any bool) {
	p := ps.policy
	switch {
	case p.AllowOriginFunc != nil && any:
		ps.warn("AllowOriginFunc", -1, "", reason.Unused, `never called, because "*" allows every origin`, `remove it, or remove "*"`)
	case p.AllowOriginFunc == nil && len(p.AllowOrigins) == 0:
		ps.warn("AllowOrigins", -1, "", reason.NoOrigins, "no origin is allowed", "list the origins that may read responses")
	}
	if any && p.RejectDisallowed {
		ps.warn("RejectDisallowed", -1, "true", reason.Unused, `no effect, because "*" allows every origin`, `remove it, or remove "*"`)
	}
	if any && p.AllowPrivateNetwork {
		ps.warn("AllowPrivateNetwork", -1, "true", reason.PrivateNetwork,
			"every origin may access the private network", "list the origins that need to")
	}
}

// methods returns the value of Access-Control-Allow-Methods, and whether the
// policy allows all methods.
func (ps *policyScope) methods() (value string, all bool) {
	const field = "AllowMethods"
	var list []string
	seen := make(entryOf, len(ps.policy.AllowMethods))
	all = slices.Contains(ps.policy.AllowMethods, "*")
	for i, entry := range ps.policy.AllowMethods {
		if entry == "*" {
			if slices.Index(ps.policy.AllowMethods, "*") != i {
				ps.again(field, i, entry, reason.Duplicate)
			}
			continue
		}
		if fetch.IsPresetName(entry) {
			list = append(list, ps.preset(field, i, entry, seen, all)...)
			continue
		}
		m, ok := ps.method(i, entry)
		if !ok {
			continue
		}
		switch {
		case seen[m] != "":
			ps.listedBy(field, i, entry, seen[m])
			continue
		case all:
			ps.warn(field, i, entry, reason.CoveredByWildcard, `"*" already allows this method`, `list only "*"`)
		case fetch.IsSafelistedMethod(m):
			ps.warn(field, i, entry, reason.Safelisted,
				textf("no effect: browsers send %s without asking for permission", m),
				"remove it; to forbid the method, answer it with 405")
		default:
			if meant, ok := fetch.MisspelledMethod(m); ok {
				ps.misspelled(field, i, entry, meant)
			}
		}
		seen[m] = entry
		list = append(list, m)
	}
	switch {
	case all:
		return "*", true
	case len(list) == 0:
		// If the header is missing, browsers allow any method to a script that
		// listens to the progress of an upload (Fetch, CORS-preflight fetch, step
		// 7).
		return "GET, HEAD, POST", false
	}
	return strings.Join(list, ", "), false
}

// method returns the method in the form that browsers send, and whether a policy
// may list it. If not, it adds a fault.
func (ps *policyScope) method(i int, entry string) (m string, ok bool) {
	const field = "AllowMethods"
	if !ps.token(field, i, entry) {
		return "", false
	}
	m = fetch.NormalizeMethod(entry)
	if fetch.IsForbiddenMethod(m) {
		ps.fault(field, i, entry, reason.ForbiddenMethod, textf("browsers never send %s", strings.ToUpper(m)), "remove it")
		return "", false
	}
	if upper, registered := fetch.RegisteredMethod(m); registered && upper != m {
		ps.fault(field, i, entry, reason.MethodCase,
			"methods are case-sensitive, and browsers do not change the case of this one", didYouMean(upper))
		return "", false
	}
	return m, true
}

// headers returns the value of Access-Control-Allow-Headers, and whether the
// policy allows all names.
func (ps *policyScope) headers() (value string, all bool) {
	const field = "AllowHeaders"
	all = slices.Contains(ps.policy.AllowHeaders, "*")
	list := ps.names(field, ps.policy.AllowHeaders, func(i int, entry, name string) bool {
		switch {
		case fetch.IsForbiddenRequestHeader(name):
			// Sending the name would have no effect: no browser asks for it.
			ps.warn(field, i, entry, reason.ForbiddenHeader,
				"no effect, and never sent to browsers: only the browser itself can set this header", "remove it")
			return false
		case strings.HasPrefix(name, "access-control-"):
			ps.warn(field, i, entry, reason.ResponseHeader, "a response header, which no script sends", "remove it")
		case all && (name != "authorization" || ps.policy.AllowCredentials):
			ps.warn(field, i, entry, reason.CoveredByWildcard, `"*" already allows this name`, `list only "*"`)
		default:
			if meant, ok := fetch.MisspelledRequestHeader(name); ok {
				ps.misspelled(field, i, entry, meant)
			}
		}
		return true
	})
	switch {
	case all && slices.Contains(list, "authorization"):
		return "*, authorization", true
	case all:
		return "*", true
	}
	return strings.Join(list, ", "), false
}

// expose returns the value of Access-Control-Expose-Headers.
func (ps *policyScope) expose() string {
	const field = "ExposeHeaders"
	all := slices.Contains(ps.policy.ExposeHeaders, "*")
	if all && ps.policy.AllowCredentials {
		ps.fault(field, slices.Index(ps.policy.ExposeHeaders, "*"), "*", reason.AnyCredentials,
			`with credentials, browsers treat "*" as the name of a header`, "list the names of the headers to expose")
	}
	list := ps.names(field, ps.policy.ExposeHeaders, func(i int, entry, name string) bool {
		switch {
		case fetch.IsForbiddenResponseHeader(name):
			ps.fault(field, i, entry, reason.ForbiddenHeader, "browsers never let scripts read this header", "remove it")
			return false
		case fetch.IsSafelistedResponseHeader(name):
			ps.warn(field, i, entry, reason.Safelisted, "no effect: scripts may always read this header", "remove it")
		case all:
			ps.warn(field, i, entry, reason.CoveredByWildcard, `"*" already exposes this header`, `list only "*"`)
		default:
			if meant, ok := fetch.MisspelledResponseHeader(name); ok {
				ps.misspelled(field, i, entry, meant)
			}
		}
		return true
	})
	if all {
		return "*"
	}
	return strings.Join(list, ", ")
}

// names returns the entries of a list of header names, in lower case and without
// duplicates. It omits "*", entries that are not tokens, and names for which keep
// returns false.
func (ps *policyScope) names(field string, entries []string, keep func(i int, entry, name string) bool) []string {
	var list []string
	seen := make(entryOf, len(entries))
	all := slices.Contains(entries, "*")
	for i, entry := range entries {
		name := strings.ToLower(entry)
		switch {
		case fetch.IsPresetName(entry):
			list = append(list, ps.preset(field, i, entry, seen, all)...)
		case entry != "*" && !ps.token(field, i, entry):
		case seen[name] != "":
			ps.listedBy(field, i, entry, seen[name])
		default:
			seen[name] = entry
			if entry != "*" && keep(i, entry, name) {
				list = append(list, name)
			}
		}
	}
	return list
}

// token reports whether an entry is a token, and adds a fault if it is not.
func (ps *policyScope) token(field string, i int, entry string) bool {
	const maxName = 256
	trimmed := strings.TrimSpace(entry)
	switch {
	case entry == "":
		ps.fault(field, i, entry, reason.Empty, "an empty entry",
			"if it comes from a variable, check that the variable is set; otherwise remove it")
	case len(entry) > maxName:
		ps.fault(field, i, entry, reason.TooLong, "longer than 256 bytes", "remove it")
	case strings.Contains(entry, "{{"):
		ps.fault(field, i, entry, reason.Syntax, "a template that was not rendered",
			"render it (for example with helm template) before the program reads it")
	case entry[0] == '$', len(entry) > 1 && entry[0] == '%' && entry[len(entry)-1] == '%':
		ps.fault(field, i, entry, reason.Syntax, "a variable that was not expanded", "check that the variable is set")
	case len(entry) > 2 && strings.ContainsRune("'`", rune(entry[0])) && entry[len(entry)-1] == entry[0]:
		ps.notToken(field, i, entry)
	case fetch.IsToken(entry):
		return true
	case trimmed != entry && fetch.IsToken(trimmed):
		ps.fault(field, i, entry, reason.WhiteSpace, "white space around the entry", didYouMean(trimmed))
	default:
		ps.notToken(field, i, entry)
	}
	return false
}

// notToken adds the fault of an entry that is not a single token.
func (ps *policyScope) notToken(field string, i int, entry string) {
	tokens := tokensIn(entry)
	if field == "AllowMethods" {
		for i, token := range tokens {
			if upper, registered := fetch.RegisteredMethod(token); registered {
				tokens[i] = upper
			}
		}
	}
	name, value, isField := strings.Cut(strings.TrimSpace(entry), ":")
	switch {
	case len(tokens) == 1:
		ps.fault(field, i, entry, reason.Syntax, "quotes, brackets or commas around the name", didYouMean(tokens[0]))
	case isField && fetch.IsToken(name) && value == "":
		ps.fault(field, i, entry, reason.Syntax, "a colon after the name", didYouMean(name))
	case isField && fetch.IsToken(name):
		ps.fault(field, i, entry, reason.Syntax, "the value of a header after its name", didYouMean(name))
	case len(tokens) > 1 && len(entry) < maxQuoted && !slices.ContainsFunc(tokens, fetch.IsForbiddenMethod):
		ps.fault(field, i, entry, reason.List, "several values in one entry", oneForEach(field, tokens))
	case strings.ContainsAny(entry, ", ;"):
		ps.fault(field, i, entry, reason.List, "several values in one entry", "write one list entry for each")
	default:
		ps.fault(field, i, entry, reason.Syntax, "not a token (RFC 9110, section 5.6.2)", "remove it")
	}
}

// oneForEach returns the suggestion for several tokens in one entry. It leaves out
// methods that have no effect, because New would warn about them.
func oneForEach(field string, tokens []string) text {
	const each = "write one list entry for each"
	needed := tokens
	if field == "AllowMethods" {
		needed = slices.DeleteFunc(slices.Clone(tokens), fetch.IsSafelistedMethod)
	}
	switch len(needed) {
	case len(tokens):
		return each + ": " + quotedList(tokens)
	case 0:
		return "remove it: browsers send GET, HEAD and POST without asking"
	}
	return each + " (GET, HEAD and POST need none): " + quotedList(needed)
}

// tokensIn returns the elements of a list in one entry, or nil if they are not tokens.
func tokensIn(entry string) (tokens []string) {
	for token := range strings.FieldsFuncSeq(strings.Trim(entry, "[](){}\"'` "),
		func(r rune) bool { return strings.ContainsRune(",; |\t\r\n", r) }) {
		if token == "-" { // of a YAML list
			continue
		}
		if token = strings.Trim(token, "\"'`"); !fetch.IsToken(token) {
			return nil
		}
		tokens = append(tokens, token)
	}
	return tokens
}

func quotedList(list []string) text {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = strconv.Quote(s)
	}
	return text(strings.Join(quoted, ", "))
}

// maxAge returns the value of Access-Control-Max-Age.
func (ps *policyScope) maxAge() string {
	const (
		field    = "MaxAge"
		limit    = 24 * time.Hour // the maximum in Firefox
		chromium = 2 * time.Hour  // the maximum in Chromium
		atMost   = "use at most 2h: Chromium honours no more"
	)
	d := ps.policy.MaxAge
	fault := func(detail, suggestion text) { ps.fault(field, -1, d.String(), reason.MaxAge, detail, suggestion) }
	meant := func(d time.Duration) text {
		if d > chromium { // there would be a warning next
			return atMost
		}
		return textf("did you mean %v?", d)
	}
	switch {
	case d == 0:
		return ""
	case d == NoPreflightCache:
		return "0"
	case d < 0:
		fault("a negative duration", "use "+nameNoPreflightCache+" to disable caching")
	case d > limit:
		fault("more than 24 hours, which no browser honours", atMost)
	case d <= limit/time.Second:
		fault("a number without a unit is nanoseconds", meant(d*time.Second))
	case d < time.Millisecond:
		fault("a number without a unit is nanoseconds, and more than 24 hours are too long", atMost)
	case d%time.Second != 0:
		fault("a fraction of a second, which the header cannot express",
			meant(d.Truncate(time.Second)+time.Second))
	case d > chromium:
		ps.warn(field, -1, d.String(), reason.MaxAge,
			"Chromium honours at most 2h, WebKit 10m", "use at most 2h, or expect browsers to ask again after that time")
	}
	return strconv.FormatInt(int64(d/time.Second), 10)
}
