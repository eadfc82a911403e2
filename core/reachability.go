package core

import (
	"strings"

	"github.com/corskit/corskit/internal/origin"
)

// reachability warns of patterns whose origins another pattern matches, and of
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
			ps.warn("AllowOrigins", -1, "", ReasonUnreachablePolicy,
				textf("the earlier policy %q allows every origin", rs.answers[any].name), "move this policy before that one")
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
				ps.warn("AllowOrigins", j, entry, ReasonUnreachablePattern,
					textf("no effect: pattern %q of policy %q already matches these origins", pattern, rs.answers[owner].name),
					"remove it, or move it to an earlier policy")
			}
		}
	}
}

// maxCovering is the maximum number of entries to examine if each takes more than a
// few lookups.
const maxCovering = 1000

// covering returns the owner and the text of the pattern that matches all origins
// that entry matches, judging by samples of them. The owner is NoOwner if there is
// no such pattern.
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

// samples returns origins that pattern matches, chosen so that another pattern
// matches all of them only if it covers this one. For patterns without such
// origins, it returns a string that is not an origin.
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
