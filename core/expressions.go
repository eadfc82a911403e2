package core

import (
	"regexp"
	"strings"

	"github.com/corskit/corskit/internal/language"
	"github.com/corskit/corskit/internal/origin"
	"github.com/corskit/corskit/internal/suffix"
	"github.com/corskit/corskit/reason"
)

const regexpPrefix = "regexp:"

// expressionDanger reports whether a regular expression matches no origin, or origins that
// its author probably does not mean.
func (ps *policyScope) expressionDanger(p *Policy, entry string, pat *origin.Pattern) (danger, bool) {
	if pat.Kind != origin.Regexp {
		return danger{}, false
	}
	strict := p.AllowCredentials && !p.DangerouslyAllowPublicSuffixes
	budget := ps.effort.patterns.Part(patternSteps)
	_, matches, err := language.Example(budget, pat)
	if err == nil && !matches {
		return danger{true, reason.MatchesNothing, "an expression that matches no origin", ps.repair(entry, noOrigin)}, true
	}
	var pair [2]string
	found := false
	if err == nil {
		pair, found, err = language.Strangers(budget, pat)
	}
	switch {
	case err != nil:
		return danger{
			strict, reason.Undecided, "an expression that is too complex to tell which origins it matches",
			"write a simpler one, or list the origins",
		}, true
	case found && strict:
		return danger{
			true, reason.PublicSuffix, "with credentials, " + strangersText(pair),
			ps.repair(entry, ownerAdvice(pair)+", or set "+nameAllowPublicSuffix+" if that is intended"),
		}, true
	case found:
		return danger{false, reason.BroadRegexp, strangersText(pair), ps.repair(entry, ownerAdvice(pair))}, true
	case !p.AllowCredentials:
		return danger{}, false
	}
	pair, found, err = language.ManyHosts(budget, pat)
	d := danger{
		false, reason.BroadRegexp, textf("an expression that allows all origins of its form, such as %s and %s", pair[0], pair[1]),
		"make sure that nobody else can have such an origin",
	}
	if _, rest, _ := strings.Cut(pair[0], "://"); pat.Expr.MatchString("https://" + rest) {
		d.detail = textf("an expression that matches any scheme, as in %s", pair[0])
		d.suggestion = `name the scheme, as in "regexp:https://[a-z]+\\.example\\.com"`
	}
	return d, found && err == nil
}

// strangersText returns the text of a fault: an expression matches the two origins of
// pair, which strangers can have.
func strangersText(pair [2]string) text {
	if below, ok := shared(pair); ok {
		return textf("an expression that matches origins of strangers below %s, such as %s and %s", below, pair[0], pair[1])
	}
	return textf("an expression that also matches strangers, such as %s and %s", pair[0], pair[1])
}

// shared returns the public suffix of both origins, such as github.io. ok is false if
// they differ in it, or if it has only one label.
func shared(pair [2]string) (domain string, ok bool) {
	first, _ := origin.Parse(pair[0])
	second, _ := origin.Parse(pair[1])
	domain, _ = suffix.PublicSuffix(first.Host)
	other, _ := suffix.PublicSuffix(second.Host)
	return domain, domain == other && strings.Contains(domain, ".")
}

// ownerAdvice returns advice on how to write an expression that matches only origins of
// one owner.
func ownerAdvice(pair [2]string) text {
	if domain, ok := shared(pair); ok {
		return textf("list the origins below %s one by one, or give them names under a domain of your own", domain)
	}
	if o, _ := origin.Parse(pair[0]); o.IsAddress() {
		return "write out the network of your own addresses, or list them"
	}
	return "name your own domain in it and escape its dots"
}

// noOrigin is the advice for an expression that matches no origin and that repair cannot
// correct.
const noOrigin text = "write it for whole origins, such as https://app.example.com: " +
	"in lower case, without a default port, a path or a slash at the end"

// repair suggests a pattern that the author of an expression may have meant, and that
// matches at least one origin, but no strangers' origins. If there is no such pattern,
// repair returns the advice.
func (ps *policyScope) repair(entry string, advice text) text {
	for _, candidate := range repairs(strings.TrimPrefix(entry, regexpPrefix)) {
		if candidate != entry && ps.isSound(candidate) {
			return textf("did you mean %q?", candidate)
		}
	}
	return advice
}

// isSound reports whether an entry is a pattern that matches at least one origin, but no
// strangers' origins.
func (ps *policyScope) isSound(entry string) bool {
	sound := true
	fault := origin.ParsePattern(entry, func(pat origin.Pattern) {
		budget := ps.effort.repairs.Part(patternSteps)
		switch pat.Kind {
		case origin.Exact, origin.Wild:
			_, _, shared := pat.Shared()
			_, insecure := insecureDanger(ps.policy, entry, &pat)
			sound = sound && !shared && !insecure
		case origin.Regexp:
			_, matches, err := language.Example(budget, &pat)
			_, found, err2 := language.Strangers(budget, &pat)
			sound = sound && matches && !found && err == nil && err2 == nil
		default:
			sound = false
		}
	})
	return fault == nil && sound
}

// repairs returns patterns that the author of an expression may have meant.
func repairs(expr string) (candidates []string) {
	steps := []func(string) string{
		func(s string) string { // /^...$/
			if inner, ok := strings.CutPrefix(s, "/"); ok {
				s = strings.TrimSuffix(inner, "/")
			}
			return strings.ReplaceAll(s, `\/`, "/")
		},
		func(s string) string { return strings.TrimSuffix(strings.TrimPrefix(s, "^"), "$") },
		func(s string) string { // a path
			for _, end := range []string{"/*", "/.*", "/?", "/"} {
				s = strings.TrimSuffix(s, end)
			}
			return s
		},
		func(s string) string { return strings.TrimSuffix(strings.TrimSuffix(s, ":443"), ":80") },
		func(s string) string { return loneDot.ReplaceAllString(s, `$1\.`) },
		func(s string) string { return "(?i)" + s },
	}
	add := func(s string) {
		candidates = append(candidates, strings.ReplaceAll(s, `\.`, "."), regexpPrefix+s)
	}
	all := expr
	for _, step := range steps {
		add(step(expr))
		all = step(all)
		add(all)
	}
	return candidates
}

// loneDot is a dot that is neither escaped nor repeated, between labels or expressions for
// labels.
var loneDot = regexp.MustCompile(`([a-z0-9*+\])}])\.\b`)
