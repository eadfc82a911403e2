package core

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/corskit/corskit/internal/origin"
	"github.com/corskit/corskit/reason"
)

// origins checks the policy's origins and adds them to b. any reports whether "*"
// is one of them.
func (ps *policyScope) origins(b *origin.Builder, owner int, any bool) {
	const field = "AllowOrigins"
	p := ps.policy
	secure := p.AllowCredentials && !p.DangerouslyAllowInsecureOrigins
	for i, entry := range p.AllowOrigins {
		// A fast path: long lists consist of plain origins.
		if !any && origin.IsPlain(entry) {
			if !b.AddExact(owner, entry) && len(ps.errs) == 0 {
				ps.again(field, i, entry, reason.UnreachablePattern)
			}
			ps.placeholder(i, entry)
			continue
		}
		added, insecure, dotted, odd, faults := false, false, false, "", len(ps.errs)
		f := origin.ParsePattern(entry, func(pat origin.Pattern) {
			ps.dangers(i, entry, &pat)
			insecure = insecure || pat.Insecure()
			odd, dotted = oddScheme(pat.Scheme), pat.TrailingDot()
			added = b.Add(owner, pat, secure) || added
		})
		switch {
		case isHeaderPreset(entry):
			ps.fault(field, i, entry, reason.UnknownPreset, "a preset of methods and headers",
				"move it to "+nameAllowHeaders+" and "+nameExposeHeaders)
		case f != nil:
			detail, suggestion := ps.acceptable(f)
			ps.fault(field, i, entry, f.Reason, detail, suggestion)
		case len(ps.errs) > faults: // refused as dangerous
		case any && entry != "*":
			ps.warn(field, i, entry, reason.CoveredByWildcard, `"*" already allows this origin`, `list only "*"`)
		case ps.repeated(entry):
			ps.again(field, i, entry, reason.UnreachablePattern)
		case ps.placeholder(i, entry):
		case odd != "":
			ps.warn(field, i, entry, reason.Unused, text(odd), ps.webOrigin(entry))
		case insecure:
			ps.warn(field, i, entry, reason.InsecureOrigin,
				"anyone on the network can impersonate an http:// origin", securely(entry))
		case dotted:
			ps.warn(field, i, entry, reason.TrailingDot, "matches only pages whose address has the dot at the end of the host",
				"pages without the dot need an entry of their own")
		case !added && len(ps.errs) == 0:
			ps.again(field, i, entry, reason.UnreachablePattern)
		}
	}
}

// repeated reports whether the same pattern was listed before. It returns false for
// exact origins, because Builder.Add detects those.
func (ps *policyScope) repeated(entry string) bool {
	mayBePattern := strings.Contains(entry, "*") || strings.HasPrefix(entry, "regexp:") || strings.HasPrefix(entry, "@") ||
		strings.Count(entry, ":") >= 2 // a range of ports
	if !mayBePattern || IsOrigin(entry) {
		return false
	}
	if ps.seen == nil {
		ps.seen = make(map[string]bool)
	}
	before := ps.seen[entry]
	ps.seen[entry] = true
	return before
}

// oddScheme returns the reason why no page has an origin with the scheme, or "" if
// pages may have one.
func oddScheme(scheme string) string {
	switch scheme {
	case "ws", "wss":
		return "the page that opens a WebSocket has an http:// or https:// origin"
	case "ftp":
		return "browsers no longer show ftp:// pages"
	}
	if meantSchemes[scheme] != "" {
		return "a misspelled scheme, which no page has"
	}
	return ""
}

// meantSchemes are the schemes of pages, by their likely misspellings.
var meantSchemes = map[string]string{
	"htp": "http", "htpp": "http", "ttp": "http", "htttp": "http", "hhttp": "http",
	"htps": "https", "htpps": "https", "ttps": "https", "htttps": "https", "hhttps": "https", "httpss": "https", "httos": "https",
	"httsp": "https",
}

// webOrigin returns the suggestion for an entry whose scheme no page has. It names an entry
// only if New accepts that without a warning about http://.
func (ps *policyScope) webOrigin(entry string) text {
	scheme, rest, _ := strings.Cut(entry, "://")
	meant, insecure := meantSchemes[scheme]+"://"+rest, false
	fault := origin.ParsePattern(meant, func(pat origin.Pattern) { insecure = pat.Insecure() })
	if fault == nil && !insecure && ps.refusal(meant) == nil {
		return didYouMean(meant)
	}
	return "pages have http:// or https:// origins"
}

// danger is a reason to refuse a pattern or to warn about it: strangers may have an
// origin that it matches.
type danger struct {
	refused    bool // false for a warning
	reason     reason.Reason
	detail     text
	suggestion text
}

// dangers looks for dangers in a pattern. It adds a fault for the first one for
// which the pattern is refused. If there is none, it adds a warning for each
// danger.
func (ps *policyScope) dangers(i int, entry string, pat *origin.Pattern) {
	const field = "AllowOrigins"
	refused, warned := ps.findDangers(entry, pat)
	if refused != nil {
		ps.fault(field, i, entry, refused.reason, refused.detail, refused.suggestion)
		return
	}
	for _, d := range warned {
		ps.warn(field, i, entry, d.reason, d.detail, d.suggestion)
	}
}

// findDangers returns the first danger for which a pattern is refused, or the dangers to
// warn about.
func (ps *policyScope) findDangers(entry string, pat *origin.Pattern) (refused *danger, warned []danger) {
	for _, find := range []func(*Policy, string, *origin.Pattern) (danger, bool){
		anyDanger, nullDanger, ps.expressionDanger, regexpUseless, wildDanger, insecureDanger,
	} {
		switch d, found := find(ps.policy, entry, pat); {
		case !found:
		case d.refused:
			return &d, nil
		default:
			warned = append(warned, d)
		}
	}
	return nil, warned
}

// refusal returns the danger for which the policy refuses an entry that is a pattern,
// or nil.
func (ps *policyScope) refusal(entry string) (found *danger) {
	origin.ParsePattern(entry, func(pat origin.Pattern) {
		if found == nil {
			found, _ = ps.findDangers(entry, &pat)
		}
	})
	return found
}

// acceptable returns the texts of a fault in an entry. The fault suggests patterns. If
// the policy refuses one of them as dangerous, the texts say so.
func (ps *policyScope) acceptable(f *origin.Fault) (detail, suggestion text) {
	detail, suggestion = text(f.Detail), text(f.Suggestion)
	for _, quoted := range quotedText.FindAllString(f.Suggestion, -1) {
		entry, err := strconv.Unquote(quoted)
		if err != nil {
			continue
		}
		d := ps.refusal(entry)
		if d == nil {
			continue
		}
		detail = text(f.Detail) + "; also: " + d.detail
		secure, ok := ps.secure(entry)
		switch {
		case d.reason == reason.NullOrigin && !ps.policy.AllowCredentials:
			return detail, textf("write %q and set "+nameAllowNullOrigin+" if that is intended", entry)
		case d.reason != reason.InsecureOrigin || !ok:
			return detail, text(strings.Replace(string(d.suggestion), "or set ", "or write "+quoted+" and set ", 1))
		}
		suggestion = text(strings.Replace(string(suggestion), quoted, strconv.Quote(secure), 1))
	}
	if suggestion != text(f.Suggestion) {
		suggestion += "; for http:// set " + nameAllowInsecure + " if that is intended"
	}
	return detail, suggestion
}

// secure returns the https:// form of an entry, and whether the policy accepts it.
func (ps *policyScope) secure(entry string) (https string, ok bool) {
	host, ok := strings.CutPrefix(entry, "http://")
	https = "https://" + host
	return https, ok && origin.ParsePattern(https, func(origin.Pattern) {}) == nil && ps.refusal(https) == nil
}

// quotedText matches a quoted entry in a suggestion.
var quotedText = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

// placeholder warns about an origin that was copied from documentation.
func (ps *policyScope) placeholder(i int, entry string) bool {
	found := origin.IsPlaceholder(entry)
	if found {
		ps.warn("AllowOrigins", i, entry, reason.Placeholder, "looks like a placeholder from documentation",
			"write the origin of your own pages")
	}
	return found
}

func anyDanger(p *Policy, _ string, pat *origin.Pattern) (danger, bool) {
	return danger{
		true, reason.AnyCredentials,
		`with credentials, browsers refuse "*", and reflecting every origin would let any site act as its visitors`,
		"list the origins that need credentials, or set " + nameAllowCredentials + " to false: nothing changes if * was sent before, " +
			"but requests with credentials will fail if origins were reflected",
	}, pat.Kind == origin.Any && p.AllowCredentials
}

func nullDanger(p *Policy, _ string, pat *origin.Pattern) (danger, bool) {
	d := danger{
		true, reason.NullOrigin,
		`any site can send requests with the origin "null"`, "set " + nameAllowNullOrigin + " if that is intended",
	}
	if p.AllowCredentials {
		d.suggestion = "remove it; no setting allows it together with credentials"
	}
	return d, pat.Kind == origin.Null && (p.AllowCredentials || !p.DangerouslyAllowNullOrigin)
}

// regexpUseless finds an expression that is meant for http:// origins but cannot
// match any of them.
func regexpUseless(p *Policy, entry string, pat *origin.Pattern) (danger, bool) {
	rest, http := strings.CutPrefix(entry, "regexp:http:")
	loopback := strings.HasPrefix(rest, "//localhost") || strings.HasPrefix(rest, "//127") || strings.HasPrefix(rest, `//\[`)
	return danger{
		false, reason.Unused,
		"with credentials, no http:// origin other than loopback is allowed", "serve the page over https://",
	}, pat.Kind == origin.Regexp && http && !loopback && p.AllowCredentials && !p.DangerouslyAllowInsecureOrigins
}

func wildDanger(p *Policy, _ string, pat *origin.Pattern) (danger, bool) {
	if pat.Kind != origin.Wild {
		return danger{}, false
	}
	where, advice, found := pat.Shared()
	switch {
	case !found:
		return danger{
			false, reason.UnmanagedSuffix,
			"a wildcard under a top-level domain that the public suffix list does not know", "write out a domain",
		}, p.AllowCredentials && pat.Unmanaged() && !pat.Loopback()
	case !p.AllowCredentials, p.DangerouslyAllowPublicSuffixes:
		return danger{false, reason.PublicSuffix, textf("a wildcard under %s", where), text(advice)}, true
	}
	return danger{
		true, reason.PublicSuffix, textf("with credentials, a wildcard under %s", where),
		text(advice) + ", or set " + nameAllowPublicSuffix + " if that is intended",
	}, true
}

// securely is the advice for an http:// entry.
func securely(entry string) text {
	if host, ok := strings.CutSuffix(strings.TrimPrefix(entry, "http://"), ":443"); ok {
		return textf("write %q", "https://"+host)
	}
	return "serve the page over https://"
}

func insecureDanger(p *Policy, entry string, pat *origin.Pattern) (danger, bool) {
	return danger{
		true, reason.InsecureOrigin,
		"http:// origin with credentials: anyone on the network can impersonate it",
		securely(entry) + ", or set " + nameAllowInsecure + " if that is intended",
	}, pat.Insecure() && p.AllowCredentials && !p.DangerouslyAllowInsecureOrigins
}
