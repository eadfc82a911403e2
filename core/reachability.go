package core

import (
	"slices"

	"github.com/corskit/corskit/internal/language"
	"github.com/corskit/corskit/internal/origin"
	"github.com/corskit/corskit/reason"
)

// reachability warns about patterns whose origins another pattern matches, and about
// policies that can never govern.
func (c *compiler) reachability(rs *ruleset, policies []Policy) {
	if len(c.errs) > 0 || !rs.matcher.HasPatterns() {
		return
	}
	any := rs.matcher.Any()
	cover := coverage{rs, policies, c.effort.coverage, rs.matcher.Tries(), make(map[int]map[string]int)}
	for i := range policies {
		ps := policyScope{compiler: c, policy: &Policy{Name: rs.answers[i].name}}
		switch {
		case any != origin.NoOwner && i > any:
			ps.warn("AllowOrigins", -1, "", reason.UnreachablePolicy,
				textf("the earlier policy %q allows every origin", rs.answers[any].name), "move this policy before that one")
			continue
		case rs.answers[i].any:
			continue
		}
		for j, entry := range policies[i].AllowOrigins {
			owner, pattern, err := cover.of(i, j, entry)
			switch {
			case err != nil:
				ps.warn("AllowOrigins", j, entry, reason.Undecided,
					"too many patterns, or too complex ones, to tell whether this one and later ones are redundant",
					"write fewer or simpler patterns")
				return
			case owner == i:
				ps.warn("AllowOrigins", j, entry, reason.UnreachablePattern,
					textf("redundant: pattern %q matches these origins too", pattern), "remove it")
			case owner != origin.NoOwner:
				ps.warn("AllowOrigins", j, entry, reason.UnreachablePattern,
					textf("no effect: pattern %q of policy %q already matches these origins", pattern, rs.answers[owner].name),
					"remove it, or move it to an earlier policy")
			}
		}
	}
}

// coverage finds patterns that match all origins of another one.
type coverage struct {
	*ruleset
	policies []Policy
	budget   *language.Budget
	tries    int                    // how many patterns a lookup tries
	indices  map[int]map[string]int // by policy: the index of an entry
}

// of returns another pattern, of the same or an earlier policy, that matches all
// origins of an entry. The owner is NoOwner if there is none.
func (c *coverage) of(policy, index int, entry string) (owner int, pattern string, err error) {
	if !c.budget.Spend(1 + c.tries) {
		return origin.NoOwner, "", language.ErrUndecided
	}
	if IsOrigin(entry) {
		owner, pattern = c.matcher.FindPattern(entry, policy+1)
		return owner, pattern, nil
	}
	covered, _ := parseEntry(index, entry)
	if len(covered) == 0 {
		return origin.NoOwner, "", nil // "null"
	}
	member, err := language.Member(c.budget, covered[0])
	if member == "" || err != nil {
		return origin.NoOwner, "", err
	}
	for owner, pattern := range c.matcher.All(member) {
		if owner > policy || owner == policy && pattern == entry {
			continue
		}
		switch covers, err := c.covers(pattern, owner, covered); {
		case err != nil:
			return origin.NoOwner, "", err
		case !covers || owner == policy && c.index(policy, pattern) > index && c.mutual(entry, pattern, policy):
		default:
			return owner, pattern, nil
		}
	}
	return origin.NoOwner, "", nil
}

// covers reports whether a pattern of a policy matches all origins of others.
func (c *coverage) covers(pattern string, owner int, others []*origin.Pattern) (bool, error) {
	by, _ := parseEntry(0, pattern)
	policy := &c.policies[owner]
	secure := policy.AllowCredentials && !policy.DangerouslyAllowInsecureOrigins
	b := origin.NewBuilder(new(origin.Room))
	for _, p := range by {
		b.Add(0, *p, secure)
	}
	m := b.Matcher()
	if secure && by[0].Kind == origin.Regexp {
		by = append(by, insecurity()...)
	}
	for _, p := range others {
		examples, err := language.Examples(c.budget, p, by...)
		if err != nil {
			return false, err
		}
		if slices.ContainsFunc(examples, func(o string) bool { return m.Match(o, 1) == origin.NoOwner }) {
			return false, nil
		}
	}
	return true, nil
}

// mutual reports whether an entry also matches all origins of another one. If two
// patterns match the same origins, only the first has an effect.
func (c *coverage) mutual(entry, other string, policy int) bool {
	patterns, _ := parseEntry(0, other)
	covers, err := c.covers(entry, policy, patterns)
	return covers && err == nil
}

// index returns the index of the first entry of a policy with that text.
func (c *coverage) index(policy int, entry string) int {
	if c.indices[policy] == nil {
		c.indices[policy] = make(map[string]int)
		for i, e := range slices.Backward(c.policies[policy].AllowOrigins) {
			c.indices[policy][e] = i
		}
	}
	return c.indices[policy][entry]
}

// insecurity returns patterns that separate insecure origins from others. They matter
// because, with credentials, a regular expression matches no insecure origin.
func insecurity() (all []*origin.Pattern) {
	for _, entry := range []string{
		"regexp:http://.*", `regexp:http://(?:.*\.)?localhost(?::.*)?`, `regexp:http://127\..*`, `regexp:http://\[::1\](?::.*)?`,
	} {
		patterns, _ := parseEntry(0, entry)
		all = append(all, patterns...)
	}
	return all
}
