package core

import (
	"strings"

	"github.com/corskit/corskit/internal/origin"
)

// origins checks the policy's origins and adds them to b. any reports whether "*"
// is one of them.
func (ps *policyScope) origins(b *origin.Builder, owner int, any bool) {
	const field = "AllowOrigins"
	p := ps.policy
	secure := p.AllowCredentials && !p.DangerouslyAllowInsecureOrigins
	for i, entry := range p.AllowOrigins {
		// This is fast, because long lists consist of plain origins.
		if !any && origin.IsPlain(entry) {
			if !b.AddExact(owner, entry) && len(ps.errs) == 0 {
				ps.again(field, i, entry, ReasonUnreachablePattern)
			}
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
		case f != nil:
			ps.fault(field, i, entry, Reason(f.Reason), text(f.Detail), text(f.Suggestion))
		case len(ps.errs) > faults: // refused as dangerous
		case any && entry != "*":
			ps.warn(field, i, entry, ReasonBesideWildcard, `"*" already allows this origin`, `list only "*"`)
		case ps.repeated(entry):
			ps.again(field, i, entry, ReasonUnreachablePattern)
		case odd != "":
			ps.warn(field, i, entry, ReasonUnused, text(odd), "pages have http:// or https:// origins")
		case insecure:
			ps.warn(field, i, entry, ReasonInsecureOrigin,
				"anyone on the network can impersonate an http:// origin", "serve the page over https://")
		case dotted:
			ps.warn(field, i, entry, ReasonTrailingDot, "matches only pages whose address has the dot at the end of the host",
				"pages without the dot need an entry of their own")
		case !added && len(ps.errs) == 0:
			ps.again(field, i, entry, ReasonUnreachablePattern)
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
	case "htp", "htps", "htttp", "htttps", "httpss", "hhttp", "hhttps", "ttp", "ttps", "htpp", "htpps", "httos", "httsp":
		return "a misspelled scheme, which no page has"
	}
	return ""
}

// danger is a reason to refuse a pattern or to warn of it: strangers may have an
// origin that it matches.
type danger struct {
	refused    bool // false for a warning
	reason     Reason
	detail     text
	suggestion text
}

// dangers looks for dangers in a pattern. It adds a fault for the first one for
// which the pattern is refused. If there is none, it adds a warning for each
// danger.
func (ps *policyScope) dangers(i int, entry string, pat *origin.Pattern) {
	const field = "AllowOrigins"
	var warned []danger
	for _, find := range []func(*Policy, string, *origin.Pattern) (danger, bool){
		anyDanger, nullDanger, ps.expressionDanger, regexpUseless, wildDanger, insecureDanger,
	} {
		switch d, found := find(ps.policy, entry, pat); {
		case !found:
		case d.refused:
			ps.fault(field, i, entry, d.reason, d.detail, d.suggestion)
			return
		default:
			warned = append(warned, d)
		}
	}
	for _, d := range warned {
		ps.warn(field, i, entry, d.reason, d.detail, d.suggestion)
	}
}

func anyDanger(p *Policy, _ string, pat *origin.Pattern) (danger, bool) {
	return danger{
		true, ReasonAnyCredentials,
		`with credentials, "*" would let any site act as its visitors`,
		"list the origins that need credentials, or set " + nameAllowCredentials + " to false",
	}, pat.Kind == origin.Any && p.AllowCredentials
}

func nullDanger(p *Policy, _ string, pat *origin.Pattern) (danger, bool) {
	d := danger{
		true, ReasonNull,
		`any site can send requests with the origin "null"`, "set " + nameAllowNullOrigin + " if that is intended",
	}
	if p.AllowCredentials {
		d.suggestion = "never allow it together with credentials"
	}
	return d, pat.Kind == origin.Null && (p.AllowCredentials || !p.DangerouslyAllowNullOrigin)
}

// regexpUseless finds an expression that is meant for http:// origins but cannot
// match any of them.
func regexpUseless(p *Policy, entry string, pat *origin.Pattern) (danger, bool) {
	rest, http := strings.CutPrefix(entry, "regexp:http:")
	loopback := strings.HasPrefix(rest, "//localhost") || strings.HasPrefix(rest, "//127") || strings.HasPrefix(rest, `//\[`)
	return danger{
		false, ReasonUnused,
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
			false, ReasonUnmanagedSuffix,
			"a wildcard under a top-level domain that the public suffix list does not know", "write out a domain",
		}, p.AllowCredentials && pat.Unmanaged() && !pat.Loopback()
	case !p.AllowCredentials, p.DangerouslyAllowPublicSuffixes:
		return danger{false, ReasonPublicSuffix, textf("a wildcard under %s", where), text(advice)}, true
	}
	return danger{
		true, ReasonPublicSuffix, textf("with credentials, a wildcard under %s", where),
		text(advice) + ", or set " + nameAllowPublicSuffix + " if that is intended",
	}, true
}

func insecureDanger(p *Policy, _ string, pat *origin.Pattern) (danger, bool) {
	return danger{
		true, ReasonInsecureOrigin,
		"http:// origin with credentials: anyone on the network can impersonate it",
		"serve the page over https://, or set " + nameAllowInsecure + " if that is intended",
	}, pat.Insecure() && p.AllowCredentials && !p.DangerouslyAllowInsecureOrigins
}
