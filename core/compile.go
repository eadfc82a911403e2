package core

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corskit/corskit/internal/fetch"
	"github.com/corskit/corskit/internal/origin"
)

// ruleset is a list of policies, compiled.
type ruleset struct {
	matcher *origin.Matcher // owners are indices of answers
	answers []answer
	funcs   []originFunc
	rejects bool // some policy has RejectDisallowed

	// The verdicts if no policy governs.
	refused  *verdict // on an actual request
	rejected *verdict // on an actual request, if rejects
	spared   *verdict // on a same-origin actual request, if rejects
	denied   *verdict // on a preflight
	absent   *verdict // on a request without an origin

	// constant is set if the first policy allows "*": its answer is the same
	// for every request whatever its Origin, and caches need not tell origins
	// apart (Fetch, CORS protocol and HTTP caches).
	constant bool
}

// answer is one policy's verdicts on requests from origins that it allows.
type answer struct {
	name        string
	any         bool // Access-Control-Allow-Origin is "*", not the origin
	credentials bool
	echoMethod  bool
	echoHeaders bool
	private     bool

	actual     *verdict
	preflight  [withNames | withPrivate + 1]*verdict
	badMethod  *verdict // on a preflight whose method must not be echoed
	badHeaders *verdict // on a preflight whose header names must not be echoed
}

// Indices of an answer's verdicts on preflights, to be combined.
const (
	withNames   = 1 << iota // header names are echoed
	withPrivate             // private network access is asked for
)

// originFunc is a policy's AllowOriginFunc and what it may be asked about.
type originFunc struct {
	owner    int
	allows   func(context.Context, Request) bool
	null     bool // "null"
	insecure bool // http:// beyond loopback
}

// compiler collects what is wrong or odd about one list of policies.
type compiler struct {
	errs  []error
	warns *warnings
	seen  map[string]bool // patterns other than exact origins
}

func (c *compiler) fault(e PolicyError) { c.errs = append(c.errs, &e) }

func (c *compiler) compile(policies []Policy) *ruleset {
	rs := &ruleset{answers: make([]answer, len(policies))}
	var room origin.Room
	for i := range policies {
		room.Add(policies[i].AllowOrigins)
	}
	if !room.Fits() {
		c.fault(PolicyError{
			Field: "AllowOrigins", Index: -1, Reason: ReasonTooMany,
			Detail:     "more than 4 GiB of origins in one list of policies",
			Suggestion: "use a pattern or AllowOriginFunc",
		})
		return rs
	}
	b := origin.NewBuilder(&room)
	for i := range policies {
		c.policy(rs, b, i, policies[i])
	}
	rs.matcher = b.Matcher()
	rs.constant = rs.matcher.Any() == 0
	rs.finish()
	c.reachability(rs, policies)
	return rs
}

// policy compiles one policy. p is a copy.
func (c *compiler) policy(rs *ruleset, b *origin.Builder, owner int, p Policy) {
	if p.Name == "" {
		p.Name = "default"
	}
	ps := &policyScope{compiler: c, policy: &p}
	a := &rs.answers[owner]
	a.any = slices.Contains(p.AllowOrigins, "*")
	ps.origins(b, owner, a.any)
	if a.any && p.AllowPrivateNetwork {
		ps.warn("AllowPrivateNetwork", -1, "true", WarnPrivateNetwork,
			"every origin may reach into the private network", "list the origins that have to")
	}

	methods, allMethods := ps.methods()
	headers, allHeaders := ps.headers()
	expose := ps.expose()
	maxAge := ps.maxAge()

	a.name = p.Name
	a.credentials = p.AllowCredentials
	a.echoMethod = allMethods && p.AllowCredentials
	a.echoHeaders = allHeaders && p.AllowCredentials
	a.private = p.AllowPrivateNetwork
	// finish completes these decisions and turns them into verdicts.
	base := Decision{Allowed: true, Code: CodeOriginAllowed, Policy: p.Name, AllowOrigin: echoOrigin}
	if a.any {
		base.AllowOrigin = "*"
	}
	if a.credentials {
		base.AllowCredentials = "true"
	}
	actual, preflight := base, base
	actual.Kind, actual.ExposeHeaders = Actual, expose
	preflight.Kind, preflight.Status, preflight.MaxAge = Preflight, statusNoContent, maxAge
	preflight.AllowMethods, preflight.AllowHeaders = methods, headers
	if a.echoMethod {
		preflight.AllowMethods = echoMethod
	}
	if a.echoHeaders {
		preflight.AllowHeaders = ""
	}
	a.actual, a.preflight[0] = &verdict{Decision: actual}, &verdict{Decision: preflight}
	if p.AllowOriginFunc != nil {
		rs.funcs = append(rs.funcs, originFunc{
			owner:    owner,
			allows:   p.AllowOriginFunc,
			null:     p.DangerouslyAllowNullOrigin && !p.AllowCredentials,
			insecure: p.DangerouslyAllowInsecureOrigins || !p.AllowCredentials,
		})
	} else if len(p.AllowOrigins) == 0 {
		ps.warn("AllowOrigins", -1, "", WarnNoOrigins, "no origin is allowed", "list the origins that may read responses")
	}
	rs.rejects = rs.rejects || p.RejectDisallowed
	if p.AllowOriginFunc != nil && a.any {
		ps.warn("AllowOriginFunc", -1, "", WarnUnused, `it is never asked, because "*" allows every origin`, `drop it, or drop "*"`)
	}
	if p.RejectDisallowed && a.any {
		ps.warn("RejectDisallowed", -1, "true", WarnUnused, "no origin is disallowed", "drop it, or drop \"*\"")
	}
}

const (
	statusNoContent = 204
	statusForbidden = 403
)

// finish makes the verdicts, which depend on all policies: the Vary of each answer
// must name every field that any answer depends on.
func (rs *ruleset) finish() {
	refused := Decision{Kind: Actual, Code: CodeOriginNotAllowed, Vary: fieldOrigin}
	denied := Decision{Kind: Preflight, Status: statusForbidden, Code: CodeOriginNotAllowed, Vary: rs.preflightVary()}
	rejected, spared := refused, refused
	rejected.Status = statusForbidden
	spared.Code = CodeSameOrigin
	rs.refused, rs.rejected, rs.spared, rs.denied = newVerdict(refused), newVerdict(rejected), newVerdict(spared), newVerdict(denied)
	rs.absent = newVerdict(Decision{Kind: NotCORS, Code: CodeNoOrigin, Vary: fieldOrigin})
	for i := range rs.answers {
		rs.answers[i].finish(denied, rs.constant && i == 0)
	}
	if rs.constant {
		absent := rs.answers[0].actual.Decision
		absent.Kind = NotCORS
		rs.absent = newVerdict(absent)
	}
}

func (rs *ruleset) preflightVary() string {
	names := []string{fieldOrigin, fieldRequestMethod}
	if rs.constant {
		names = names[1:]
	}
	if slices.ContainsFunc(rs.answers, func(a answer) bool { return a.echoHeaders }) {
		names = append(names, fieldRequestHeaders)
	}
	if slices.ContainsFunc(rs.answers, func(a answer) bool { return a.private }) {
		names = append(names, fieldRequestPrivate)
	}
	return strings.Join(names, ", ")
}

// finish makes the verdicts of one policy. denied is the decision on preflights
// from other origins. If the answer is constant, it is the same for all origins.
func (a *answer) finish(denied Decision, constant bool) {
	actual, preflight := a.actual.Decision, a.preflight[0].Decision
	actual.Vary, preflight.Vary = fieldOrigin, denied.Vary
	if constant {
		actual.Code, preflight.Code = CodeAnyOrigin, CodeAnyOrigin
		actual.Vary = ""
	}
	a.actual = newVerdict(actual)
	for i := range a.preflight {
		d := preflight
		if i&withNames != 0 {
			d.AllowHeaders = echoNames
		}
		if i&withPrivate != 0 {
			d.AllowPrivateNetwork = "true"
		}
		a.preflight[i] = newVerdict(d)
	}
	badMethod, badHeaders := denied, denied
	badMethod.Code, badMethod.Policy = CodeMethodNotEchoed, a.name
	badHeaders.Code, badHeaders.Policy = CodeHeadersNotEchoed, a.name
	a.badMethod, a.badHeaders = newVerdict(badMethod), newVerdict(badHeaders)
}

// policyScope reports faults and warnings of one policy.
type policyScope struct {
	*compiler
	policy *Policy
}

func (ps *policyScope) fault(field string, index int, value string, r Reason, detail, suggestion string) {
	ps.compiler.fault(PolicyError{ps.policy.Name, field, index, value, r, detail, suggestion})
}

func (ps *policyScope) warn(field string, index int, value string, c Code, detail, suggestion string) {
	ps.warns.add(Warning{ps.policy.Name, field, index, value, c, detail, suggestion})
}

// origins adds the policy's origins, among which any says that there is "*".
func (ps *policyScope) origins(b *origin.Builder, owner int, any bool) {
	const field = "AllowOrigins"
	p := ps.policy
	secure := p.AllowCredentials && !p.DangerouslyAllowInsecureOrigins
	for i, entry := range p.AllowOrigins {
		// Lists of a million are of these.
		if !any && origin.IsPlain(entry) {
			if !b.AddExact(owner, entry) && len(ps.errs) == 0 {
				ps.warn(field, i, entry, WarnUnreachablePattern, "listed before", "remove one of the two")
			}
			continue
		}
		added, insecure, odd := false, false, ""
		f := origin.ParsePattern(entry, func(pat origin.Pattern) {
			ps.dangerous(i, entry, &pat)
			insecure = insecure || pat.Insecure()
			odd = oddScheme(pat.Scheme)
			added = b.Add(owner, pat, secure) || added
		})
		switch {
		case f != nil:
			ps.fault(field, i, entry, Reason(f.Reason), f.Detail, f.Suggestion)
		case any && entry != "*":
			ps.warn(field, i, entry, WarnBesideWildcard, `"*" allows this origin already`, `list "*" alone`)
		case ps.repeated(owner, entry):
			ps.warn(field, i, entry, WarnUnreachablePattern, "listed before", "remove one of the two")
		case odd != "":
			ps.warn(field, i, entry, WarnUnused, odd, "pages have http:// or https:// origins")
		case insecure:
			ps.warn(field, i, entry, WarnInsecureOrigin,
				"anybody on the network can be an http:// origin", "serve the page over https://")
		case !added && len(ps.errs) == 0:
			ps.warn(field, i, entry, WarnUnreachablePattern, "listed before", "remove one of the two")
		}
	}
}

// repeated reports whether a pattern other than an exact origin, which the
// matcher looks out for itself, has been listed before.
func (ps *policyScope) repeated(owner int, entry string) bool {
	if !strings.Contains(entry, "*") && !strings.HasPrefix(entry, "regexp:") && !strings.HasPrefix(entry, "@") && strings.Count(entry, ":") < 2 {
		return false
	}
	if _, ok := origin.Parse(entry); ok {
		return false
	}
	if ps.seen == nil {
		ps.seen = make(map[string]bool)
	}
	before := ps.seen[entry]
	ps.seen[entry] = true
	return before
}

// oddScheme says why no page has an origin of the scheme, or "".
func oddScheme(scheme string) string {
	switch scheme {
	case "ws", "wss":
		return "the page that opens a WebSocket has an http:// or https:// origin"
	case "ftp":
		return "browsers no longer show ftp:// pages"
	case "htp", "htps", "htttp", "htttps", "httpss", "http s", "hhttp", "hhttps", "ttp", "ttps", "htpp", "htpps", "httos", "httsp":
		return "a misspelt scheme, which no page has"
	}
	return ""
}

// dangerous reports a pattern that the policy must not have, or should not have.
func (ps *policyScope) dangerous(i int, entry string, pat *origin.Pattern) {
	const field = "AllowOrigins"
	p := ps.policy
	switch pat.Kind {
	case origin.Any:
		if p.AllowCredentials {
			ps.fault(field, i, entry, ReasonAnyCredentials,
				"every origin together with credentials would let any site act as its visitors",
				"list the origins that need credentials, or set AllowCredentials to false")
			return
		}
	case origin.Null:
		switch {
		case p.AllowCredentials:
			ps.fault(field, i, entry, ReasonNull,
				`any site can make its requests come from the origin "null"`, "never allow it together with credentials")
			return
		case !p.DangerouslyAllowNullOrigin:
			ps.fault(field, i, entry, ReasonNull,
				`any site can make its requests come from the origin "null"`, "set DangerouslyAllowNullOrigin if that is meant")
			return
		}
	case origin.Regexp:
		if s, found := pat.Stranger(); found {
			if p.AllowCredentials && !p.DangerouslyAllowPublicSuffixes {
				ps.fault(field, i, entry, ReasonPublicSuffix,
					"with credentials, an expression that also matches strangers such as "+s,
					"name your own domain in it and escape its dots, or set DangerouslyAllowPublicSuffixes if that is meant")
				return
			}
			ps.warn(field, i, entry, WarnBroadRegexp, "it also matches strangers such as "+s, "name your own domain in it and escape its dots")
		}
		if p.AllowCredentials && !p.DangerouslyAllowInsecureOrigins && strings.HasPrefix(entry, "regexp:http:") && !strings.HasPrefix(entry, "regexp:http://localhost") &&
			!strings.HasPrefix(entry, "regexp:http://127") && !strings.HasPrefix(entry, `regexp:http://\[`) {
			ps.warn(field, i, entry, WarnUnused, "with credentials, no http:// origin beyond loopback is allowed", "serve the page over https://")
		}
	case origin.Wild:
		if suffix, ok := pat.SpansPublicSuffix(); ok {
			if p.AllowCredentials && !p.DangerouslyAllowPublicSuffixes {
				ps.fault(field, i, entry, ReasonPublicSuffix,
					"with credentials, a wildcard under the public suffix "+suffix+", where anybody can register a name",
					"write the registered domain out, or set DangerouslyAllowPublicSuffixes if that is meant")
				return
			}
			ps.warn(field, i, entry, WarnPublicSuffix,
				"anybody can register a name under the public suffix "+suffix, "write the registered domain out")
		} else if p.AllowCredentials && pat.Unmanaged() && !pat.Loopback() {
			ps.warn(field, i, entry, WarnUnmanagedSuffix,
				"a wildcard under a top-level domain that the public suffix list does not know", "write a domain out")
		}
	}
	if pat.Insecure() && p.AllowCredentials && !p.DangerouslyAllowInsecureOrigins {
		ps.fault(field, i, entry, ReasonInsecureOrigin,
			"with credentials, an http:// origin that anybody on the network can be",
			"serve the page over https://, or set DangerouslyAllowInsecureOrigins if that is meant")
	}
}

// methods returns the value of Access-Control-Allow-Methods, and whether the
// policy allows all.
func (ps *policyScope) methods() (value string, all bool) {
	const field = "AllowMethods"
	var list []string
	seen := make(map[string]bool, len(ps.policy.AllowMethods))
	all = slices.Contains(ps.policy.AllowMethods, "*")
	for i, entry := range ps.policy.AllowMethods {
		m := fetch.NormalizeMethod(entry)
		switch {
		case entry == "*":
			if slices.Index(ps.policy.AllowMethods, "*") != i {
				ps.warn(field, i, entry, WarnDuplicate, "listed before", "remove one of the two")
			}
			continue
		case !ps.token(field, i, entry):
			continue
		case fetch.IsForbiddenMethod(m):
			ps.fault(field, i, entry, ReasonForbiddenMethod, "browsers never send "+strings.ToUpper(m), "remove it")
			continue
		}
		if u, ok := fetch.RegisteredMethod(m); ok && u != m {
			ps.fault(field, i, entry, ReasonMethodCase, "methods are case-sensitive, and browsers do not change the case of this one",
				"did you mean "+strconv.Quote(u)+"?")
			continue
		}
		switch {
		case seen[m]:
			ps.warn(field, i, entry, WarnDuplicate, "listed before", "remove one of the two")
			continue
		case all:
			ps.warn(field, i, entry, WarnBesideWildcard, `"*" allows this method already`, `list "*" alone`)
		case fetch.IsSafelistedMethod(m):
			ps.warn(field, i, entry, WarnSafelisted, "CORS never asks permission for "+m, "drop it; to forbid it, answer it with 405")
		}
		seen[m] = true
		list = append(list, m)
	}
	switch {
	case all:
		return "*", true
	case len(list) == 0:
		// Without the header, Fetch lets any method through if the script listens
		// to the progress of an upload (CORS-preflight fetch, step 7).
		return "GET, HEAD, POST", false
	}
	return strings.Join(list, ", "), false
}

// headers returns the value of Access-Control-Allow-Headers, and whether the
// policy allows all.
func (ps *policyScope) headers() (value string, all bool) {
	const field = "AllowHeaders"
	all = slices.Contains(ps.policy.AllowHeaders, "*")
	list := ps.names(field, ps.policy.AllowHeaders, func(i int, entry, name string) bool {
		switch {
		case fetch.IsForbiddenRequestHeader(name):
			ps.fault(field, i, entry, ReasonForbiddenHeader, "scripts cannot set this header, browsers do", "remove it")
			return false
		case strings.HasPrefix(name, "access-control-"):
			ps.warn(field, i, entry, WarnResponseHeader, "a response header, which no script sends", "remove it")
		case all && (name != "authorization" || ps.policy.AllowCredentials):
			ps.warn(field, i, entry, WarnBesideWildcard, `"*" allows this name already`, `list "*" alone`)
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
		ps.fault(field, slices.Index(ps.policy.ExposeHeaders, "*"), "*", ReasonAnyCredentials,
			`with credentials, browsers take "*" for the name of a header`, "list the names of the headers to expose")
	}
	list := ps.names(field, ps.policy.ExposeHeaders, func(i int, entry, name string) bool {
		switch {
		case fetch.IsForbiddenResponseHeader(name):
			ps.fault(field, i, entry, ReasonForbiddenHeader, "browsers never let scripts read this header", "remove it")
			return false
		case fetch.IsSafelistedResponseHeader(name):
			ps.warn(field, i, entry, WarnSafelisted, "scripts may always read this header", "drop it")
		case all:
			ps.warn(field, i, entry, WarnBesideWildcard, `"*" exposes this header already`, `list "*" alone`)
		}
		return true
	})
	if all {
		return "*"
	}
	return strings.Join(list, ", ")
}

// names returns the lower-cased names of a list other than "*", once each, that
// are tokens and that keep keeps.
func (ps *policyScope) names(field string, entries []string, keep func(i int, entry, name string) bool) []string {
	var list []string
	seen := make(map[string]bool, len(entries))
	for i, entry := range entries {
		name := strings.ToLower(entry)
		switch {
		case entry != "*" && !ps.token(field, i, entry):
		case seen[name]:
			ps.warn(field, i, entry, WarnDuplicate, "listed before", "remove one of the two")
		default:
			seen[name] = true
			if entry != "*" && keep(i, entry, name) {
				list = append(list, name)
			}
		}
	}
	return list
}

// token reports whether an entry is a token, and a fault if it is none.
func (ps *policyScope) token(field string, i int, entry string) bool {
	const maxName = 256
	trimmed := strings.TrimSpace(entry)
	switch {
	case entry == "":
		ps.fault(field, i, entry, ReasonEmpty, "an empty entry", "remove it")
	case len(entry) > maxName:
		ps.fault(field, i, entry, ReasonTooLong, "longer than 256 bytes", "remove it")
	case fetch.IsToken(entry):
		return true
	case trimmed != entry && fetch.IsToken(trimmed):
		ps.fault(field, i, entry, ReasonWhiteSpace, "white space around the entry", "did you mean "+strconv.Quote(trimmed)+"?")
	case strings.ContainsAny(entry, ", ;"):
		ps.fault(field, i, entry, ReasonList, "several values in one entry", "write one list entry for each")
	default:
		ps.fault(field, i, entry, ReasonSyntax, "not a token (RFC 9110, section 5.6.2)", "remove it")
	}
	return false
}

// maxAge returns the value of Access-Control-Max-Age.
func (ps *policyScope) maxAge() string {
	const (
		field    = "MaxAge"
		limit    = 24 * time.Hour // Firefox honours no more
		chromium = 2 * time.Hour
	)
	d := ps.policy.MaxAge
	switch {
	case d == 0:
		return ""
	case d == NoPreflightCache:
		return "0"
	case d < 0:
		ps.fault(field, -1, d.String(), ReasonMaxAge, "a negative duration", "use core.NoPreflightCache to disable caching")
	case d > limit:
		ps.fault(field, -1, d.String(), ReasonMaxAge, "more than 24 hours, which no browser honours", "use at most 24h")
	case d <= limit/time.Second:
		ps.fault(field, -1, d.String(), ReasonMaxAge, "a number without a unit is nanoseconds", fmt.Sprintf("did you mean %v?", d*time.Second))
	case d%time.Second != 0:
		ps.fault(field, -1, d.String(), ReasonMaxAge, "a fraction of a second, which the header cannot express",
			fmt.Sprintf("did you mean %v?", min(d.Truncate(time.Second)+time.Second, limit)))
	case d > chromium:
		ps.warn(field, -1, d.String(), WarnMaxAge, "Chromium honours at most 2h, WebKit 10m", "expect preflights that often")
	}
	return strconv.FormatInt(int64(d/time.Second), 10)
}

// reachability warns of patterns that another pattern decides for, and of
// policies that can never govern.
func (c *compiler) reachability(rs *ruleset, policies []Policy) {
	if len(c.errs) > 0 || !rs.matcher.HasPatterns() {
		return
	}
	any := rs.matcher.Any()
	left := maxCovering
	for i := range policies {
		ps := policyScope{compiler: c, policy: &Policy{Name: rs.answers[i].name}}
		switch {
		case any != origin.NoOwner && i > any:
			ps.warn("AllowOrigins", -1, "", WarnUnreachablePolicy,
				"the policy "+strconv.Quote(rs.answers[any].name)+" before it allows every origin", "move it before that one")
			continue
		case rs.answers[i].any:
			continue
		}
		for j, entry := range policies[i].AllowOrigins {
			if left--; left < 0 && rs.matcher.Crowded() {
				return
			}
			owner, pattern := covering(rs.matcher, entry, i+1)
			if owner != origin.NoOwner && pattern != entry {
				ps.warn("AllowOrigins", j, entry, WarnUnreachablePattern,
					"the pattern "+strconv.Quote(pattern)+" of the policy "+strconv.Quote(rs.answers[owner].name)+" decides for it",
					"remove it, or move it to an earlier policy")
			}
		}
	}
}

// maxCovering bounds the entries that are looked at where each costs more than a
// few look-ups.
const maxCovering = 1000

// covering returns the pattern that decides for all of entry's origins as far as
// samples tell, and its owner, or NoOwner.
func covering(m *origin.Matcher, entry string, limit int) (owner int, pattern string) {
	for i, s := range samples(entry) {
		o, p := m.FindPattern(s, limit)
		if o == origin.NoOwner || i > 0 && p != pattern {
			return origin.NoOwner, ""
		}
		owner, pattern = o, p
	}
	return owner, pattern
}

// samples returns origins that a pattern matches and that no other pattern does
// unless it covers that one; a string that is no origin for what cannot tell.
func samples(pattern string) []string {
	if strings.HasPrefix(pattern, "regexp:") || strings.HasPrefix(pattern, "@") {
		return []string{""}
	}
	s := strings.Replace(pattern, "://*.", "://corskit.x7.probe.", 1)
	base, any := strings.CutSuffix(s, ":*")
	base = strings.ReplaceAll(base, "*", "corskit-x7-probe")
	if any {
		return []string{base, base + ":1", base + ":48620", base + ":65535"}
	}
	if i := strings.LastIndexByte(base, ':'); i > len("https") {
		if low, high, ok := strings.Cut(base[i+1:], "-"); ok {
			return []string{base[:i+1] + low, base[:i+1] + high}
		}
	}
	return []string{base}
}
