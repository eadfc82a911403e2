package conformance

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// rulesURL is where the rules are explained.
const rulesURL = "https://github.com/corskit/corskit/blob/main/docs/rules.md"

// cause is a mistake of a middleware, in words that fit all cases that fail because of it.
// Many cases fail for one cause, so a report shows the cause first.
type cause struct {
	title    string
	fix      string
	security bool
	rules    string                // if not empty, only these cases: IDs of rules or cases, or a letter for all rules that begin with it
	about    func() *regexp.Regexp // matches the failures of a case
}

// about matches failures that contain one of the expressions. They are compiled only when
// a case fails, because programs also import this package for other reasons.
func about(expressions ...string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(strings.Join(expressions, "|")) })
}

// verdict matches a verdict of the browser whose code matches an expression.
func verdict(code string) string { return `(says \w+ \(|reason is )(` + code + `)` }

// causes are the known causes. A case that fails for several causes counts under the
// first of them. Failures that match no cause are grouped by rule.
//
// A reader in a hurry follows a fix literally. That must never allow more than the policy
// does, so a fix that says to send a header also says when.
var causes = slices.Concat(mountCauses, reflectionCauses, plainCauses, securityCauses, cacheCauses, preflightCauses, responseCauses)

var mountCauses = []cause{
	{title: "the mount panics", about: about(`^the mount failed: .*it panicked`),
		fix: "look at len(s.Policies) and len(s.Routes) before you read a policy, and return conformance.ErrUnsupported for a setup " +
			"that the library cannot express"},
	{title: "the mount returns an error", about: about(`^the mount (failed|returned)`),
		fix: "wrap conformance.ErrUnsupported in the error if the library cannot express the setup; return any other error only for " +
			"policies that the library refuses on purpose"},
	{title: "the server does not answer", about: about(`there is no answer`, `^the case took over`),
		fix: "see whether the handler or the middleware panics, hangs or closes the connection"},
}

// titleReflected is the most dangerous cause.
const titleReflected = "any Origin is reflected with credentials"

var reflectionCauses = []cause{
	{title: titleReflected, security: true, about: about(clueReflected),
		fix: "any website can read your users' data and act for them; compare the whole Origin with each entry of the policy; only if " +
			"one matches, send that Origin and, if the policy allows credentials, Access-Control-Allow-Credentials; if none matches, " +
			"send no Access-Control-* header"},
}

const (
	titleSwallowed = "requests other than preflights do not reach the handler as they were sent"
	fixSwallowed   = "pass on, unchanged, every request except an OPTIONS request with both Origin and Access-Control-Request-Method; if " +
		"the policy rejects origins that are not allowed, answer those with 403"
	titleNoEffect = "Access-Control-* headers are sent where they have no effect"
	fixNoEffect   = `if the policy allows every origin, send "*" to every request and no Access-Control-Allow-Credentials; otherwise, ` +
		"if there is no Origin or no entry matches it, send no Access-Control-* header; send those of preflights only on preflights"
)

// plainCauses are about requests that are not CORS requests, or not preflights. They do
// not let a stranger in.
var plainCauses = []cause{
	{title: titleSwallowed, rules: "N A13 A14", about: about(`the handler ran 0 times, want once`), fix: fixSwallowed},
	{title: titleNoEffect, rules: "N1 N3", about: about(`want it absent`), fix: fixNoEffect},
}

var securityCauses = []cause{
	{title: "responses share memory", security: true, rules: "D7", about: about(`mutated`),
		fix: "give each response header slices of its own, as Header().Set does; never assign one slice to several responses"},
	{title: "some requests are allowed more than others", security: true, rules: "I1 I2",
		about: about(`with the variation the answer has access-control-`),
		fix:   "give all these requests the stricter of the two answers: " + readOnly},
	{title: "a dangerous policy is accepted", security: true, about: about(`the mount accepted the policy`),
		fix: "return an error when the middleware is built, for the policies that the rules name"},
	{title: "credentials are combined with * or with every origin", security: true, rules: "A3 C",
		about: about(`want no \* in any`, `allow-origin: `, `Access-Control-Allow-Origin is "`, `says allowed`),
		fix: `if the policy allows every origin, send "*" and no Access-Control-Allow-Credentials, and do not put the Origin in place ` +
			`of "*"; otherwise send the Origin only if an entry matches it; with Access-Control-Allow-Credentials, send "*" in no header`},
	{title: "preflights allow more than the policy lists", security: true, rules: "P6 P8 P9 P12 P14 H I3",
		about: about(`says allowed .*want refused`, `which the policy does not have`, `echoes .* from the request`),
		fix: "answer with the policy's own lists; do not copy Access-Control-Request-Method or Access-Control-Request-Headers into " +
			"the answer"},
	{title: "origins that are not allowed get Access-Control-Allow-Origin", security: true,
		about: about(`says allowed .*want refused`, `the response has access-control-allow-origin: `,
			`Access-Control-Allow-Origin is ".*want it absent`),
		fix: "compare the whole Origin with each entry, byte for byte; a wildcard matches labels, never the text after them; " +
			"expressions match from the first byte to the last; if no entry matches, send no Access-Control-* header"},
	{title: "a request is copied into the response or the log", security: true,
		about: about(`echoes .* from the request`, `the log contains`),
		fix:   "send and log only values of the policy, and an Origin only if an entry matches it"},
	{title: "responses grow with requests", security: true, about: about(`the header section has`),
		fix: "answer preflights with the policy's own lists, and send an Origin only if an entry matches it; echo requested names only " +
			"if the policy allows all headers and credentials, and only within a bound"},
	{title: "private networks are opened", security: true, rules: "L", about: about(`(?i)private-network`),
		fix: "send Access-Control-Allow-Private-Network only if the policy says so, to an allowed origin whose preflight asks for it"},
	{title: "requests that the policy rejects reach the handler", security: true, rules: "I5", about: about(`.`),
		fix: "if the policy rejects, answer 403 to every request whose Origin is neither allowed nor the server's own, for every method"},
}

// readOnly is the fix for an answer that depends on too many parts of a request.
const readOnly = "use nothing of a request except Origin, whether the method is OPTIONS, and the Access-Control-Request-* fields; where " +
	"policies have routes, also host and path; where they reject, also Host and Sec-Fetch-Site"

const (
	titleNotOrigin = "Access-Control-Allow-Origin is not the request's Origin on one line"
	fixNotOrigin   = `only if the policy allows the Origin, set the header, with Header().Set, to that Origin as it was sent; send ` +
		`"*" only if the policy allows every origin without credentials; never reflect an Origin that you did not check`
	titleCredentials = "credentials are not allowed as the policy says"
	fixCredentials   = "only if the policy allows credentials, and allows the Origin, send Access-Control-Allow-Credentials: true, in " +
		`lower case, on preflights and on responses; never send it together with "*" or with an Origin that you did not check`
	titlePreflight = "preflights of allowed origins fail"
	fixPreflight   = "answer an OPTIONS request with Origin and Access-Control-Request-Method in the middleware, before any router, " +
		"handler or authentication: if the policy allows the Origin, with 204 and the headers of the policy, otherwise with 403 and none"
	titleMaxAge = "Access-Control-Max-Age is not the policy's"
	fixMaxAge   = "send the policy's maximum age, in whole seconds, in Access-Control-Max-Age, on preflights that succeed and nowhere else"
	titleVary   = "Vary does not name Origin"
	fixVary     = `call w.Header().Add("Vary", "Origin") on every response, before the next handler runs: for allowed and refused ` +
		`origins and without any Origin; a cache otherwise gives one origin's response to another`
)

// cacheCauses are about responses that a shared cache gives to the wrong request.
var cacheCauses = []cause{
	{title: `requests without Origin do not get "*"`, rules: "V4/any", about: about(`(?s)allow-origin-missing.*` + clueCached),
		fix: `if the policy allows every origin without credentials, send "*" to every request, even without Origin; a cache ` +
			"otherwise gives a response without the header to scripts"},
	{title: titleVary, rules: "V4 V6", about: about(clueCached), fix: fixVary},
}

var preflightCauses = []cause{
	{title: "the answer depends on more than it should", rules: "I1 I2", about: about(`.`), fix: readOnly},
	{title: titleNotOrigin, about: about(verdict(`allow-origin-(multiple|mismatch|wildcard)`)), fix: fixNotOrigin},
	{title: titleCredentials, about: about(verdict(`allow-credentials`)), fix: fixCredentials},
	{title: "listed methods or headers are refused",
		about: about(verdict(`(method|header)-not-allowed|authorization-listed|allow-(methods|headers)-syntax`)),
		fix: "send the methods that the policy lists in Access-Control-Allow-Methods and the headers that it lists in " +
			"Access-Control-Allow-Headers, not what the request asks for; methods are case-sensitive, header names are not; return " +
			"conformance.ErrUnsupported for * if the library does not have it"},
	{title: titlePreflight, about: about(`at the preflight`, `preflight-status`), fix: fixPreflight},
	{title: titlePreflight, rules: "P1 P5", about: about(`the status is`), fix: fixPreflight},
	{title: "refused preflights are not answered with 403", rules: "P2 R2", about: about(`the status is`),
		fix: "answer 403, without any Access-Control-* header, to the preflight of an origin that is not allowed"},
	{title: "the handler runs for preflights", about: about(`the handler ran .*want never`, `after the answer the handler ran`),
		fix: "do not call the next handler for an OPTIONS request with Origin and Access-Control-Request-Method: answer 204 if the " +
			"origin is allowed and 403 otherwise"},
	{title: titleSwallowed, about: about(`the handler ran .*want once`, `the handler saw`), fix: fixSwallowed},
	{title: "preflights do not list what the policy lists", about: about(`Access-Control-Allow-(Headers|Methods) is`),
		fix: `send the names that the policy lists, and no others: "*" includes neither Authorization nor names that no script can set`},
	{title: titleMaxAge, about: about(`Access-Control-Max-Age is`), fix: fixMaxAge},
	{title: titleMaxAge, rules: "M", about: about(`the browser sent \d+ preflights`), fix: fixMaxAge},
	{title: "answers to preflights can be stored or set cookies", about: about(`want it neither to set cookies nor to be stored`),
		fix: "answer preflights outside of the middleware that sets cookies and Cache-Control"},
}

var responseCauses = []cause{
	{title: "responses to allowed origins lack Access-Control-Allow-Origin",
		about: about(verdict(`allow-origin-missing`), `Access-Control-Allow-Origin is absent`,
			`without the variation the answer has access-control-allow-origin`),
		fix: "if the policy allows the Origin, set the header before the next handler runs, so that it is on every response: errors, " +
			"redirects, 304 and streams, for every method; return conformance.ErrUnsupported for patterns that the library does not have"},
	{title: titleNotOrigin, about: about(`Access-Control-Allow-Origin is "`), fix: fixNotOrigin},
	{title: titleNoEffect, about: about(`want no Access-Control-\* header`, `want it absent`), fix: fixNoEffect},
	{title: titleCredentials, about: about(`Access-Control-Allow-Credentials is`), fix: fixCredentials},
	{title: "scripts cannot read exactly the exposed headers", about: about(`the script can`, `Access-Control-Expose-Headers is`),
		fix: "send the headers that the policy exposes, and no others, in Access-Control-Expose-Headers, on responses to allowed origins " +
			"and not on preflights"},
	{title: "Vary values of others are lost", rules: "V1 V6", about: about(`Vary`),
		fix: "add to Vary, with Header().Add, and keep the values that are there"},
	{title: titleVary, fix: fixVary,
		about: about(`Vary is .*want (it to name|exactly one line with) "?Origin`, `the Vary of one is`, `Vary does not name Origin`)},
	{title: "Vary names more than the answer depends on", about: about(`Vary is .*want it not to name`),
		fix: `if the policy allows every origin, and every request gets "*", do not name Origin in Vary; never send "Vary: *"`},
	{title: "the middleware hides Flush or Hijack", rules: "X5 X8 X9", about: about(`cannot flush`, `want one of \[101\]`),
		fix: "give a wrapper of http.ResponseWriter an Unwrap method, and Flush and Hijack if the wrapped writer has them"},
	{title: "Vary does not name what the answer to a preflight depends on", about: about(`Vary is .*want it to name`),
		fix: "add Origin, Access-Control-Request-Method and every other request header that the answer depends on to Vary"},
}

// causeOf returns the first of [causes] that fits the failures of a case. If none fits, the
// cause is the broken rule.
func causeOf(c Case, failures []string) cause {
	wrong := faultLines(failures)
	for _, known := range causes {
		if known.covers(c) && known.about().MatchString(wrong) {
			return known
		}
	}
	rule := ruleOf(c.Rule)
	return cause{title: "rule " + rule.ID + " is broken", fix: cmp.Or(rule.Text, c.Reason)}
}

func (c cause) covers(failed Case) bool {
	return c.rules == "" || slices.ContainsFunc(strings.Fields(c.rules), func(id string) bool {
		return id == failed.Rule || id == failed.ID || len(id) == 1 && strings.HasPrefix(failed.Rule, id)
	})
}

// stepPrefix matches the beginning of the faults of a step or of a repeated request.
var stepPrefix = regexp.MustCompile(`(?m)^(step \d+ of \d+|a request of case [^:]+): `)

// faultLines returns the lines of failures that say what is wrong, without the requests and
// responses.
func faultLines(failures []string) string {
	var lines []string
	for _, failure := range failures {
		for line := range strings.SplitSeq(failure, "\n") {
			if strings.HasPrefix(line, "> ") || line == "it was" {
				break
			}
			lines = append(lines, line)
		}
	}
	return stepPrefix.ReplaceAllString(strings.Join(lines, "\n"), "")
}

// group has the failed cases of one cause.
type group struct {
	cause    cause
	security bool
	results  []Result
}

// groups returns the cases that failed or passed unexpectedly, grouped by cause. Origins
// reflected with credentials come first, then the other groups about security. Larger groups
// come before smaller ones.
func (r Report) groups() []group {
	byTitle := make(map[string]*group)
	for _, result := range r.Results {
		if result.Outcome != Fail && result.Outcome != UnexpectedPass {
			continue
		}
		g := byTitle[result.Cause]
		if g == nil {
			g = &group{cause: cause{title: result.Cause, fix: result.Fix}, security: result.Security}
			byTitle[result.Cause] = g
		}
		g.results = append(g.results, result)
	}
	var groups []group
	for _, title := range slices.Sorted(maps.Keys(byTitle)) {
		groups = append(groups, *byTitle[title])
	}
	slices.SortStableFunc(groups, func(a, b group) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(len(b.results), len(a.results)))
	})
	return groups
}

// rank is smaller for groups that are more dangerous.
func (g group) rank() int {
	switch {
	case g.cause.title == titleReflected:
		return 0
	case g.security:
		return 1
	}
	return 2
}

// example returns the case whose message the report shows. In groups about security, it is a
// case of a stranger's origin, if there is one.
func (g group) example() Result {
	i := slices.IndexFunc(g.results, func(r Result) bool {
		return g.security && strings.Contains(r.Message, "\n> Origin: "+OriginEvil+"\n")
	})
	return g.results[max(i, 0)]
}

// title returns the title of the group and its number of cases.
func (g group) title() string {
	mark := ""
	if g.security {
		mark = "SECURITY: "
	}
	return fmt.Sprintf("%s%s (%s)", mark, g.cause.title, counted(len(g.results), "case"))
}

// text returns the group with its fix, its rules and its cases. If examples is true, it adds
// the message of one case.
func (g group) text(examples bool) string {
	var b strings.Builder
	rules := make(map[string]bool)
	var sorted, ids []string
	for _, r := range g.results {
		if !rules[r.Rule] {
			rules[r.Rule] = true
			sorted = append(sorted, r.Rule)
		}
		ids = append(ids, r.ID)
	}
	fmt.Fprintf(&b, "%s\n", g.title())
	fmt.Fprintf(&b, "  fix:   %s\n", wrapped(strings.Fields(g.cause.fix)))
	fmt.Fprintf(&b, "  rules: %s\n", wrapped(sorted))
	fmt.Fprintf(&b, "  cases: %s\n", wrapped(ids))
	if examples {
		r := g.example()
		fmt.Fprintf(&b, "  for example %s: %s (%s)\n", r.ID, r.Reason, r.Source)
		fmt.Fprintf(&b, "    %s\n", strings.ReplaceAll(r.Message, "\n", "\n    "))
	}
	return b.String()
}

// maxColumn is the column at which lists of words break.
const maxColumn = 110

// wrapped joins words into lines, indented below the first.
func wrapped(words []string) string {
	var b strings.Builder
	column := 9
	for i, word := range words {
		switch {
		case i == 0:
		case column+len(word) >= maxColumn:
			b.WriteString("\n         ")
			column = 9
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}

// summary returns the numbers of cases, a line for each group, and what to do first.
func (r Report) summary(groups []group) string {
	failed, security := 0, 0
	for _, g := range groups {
		failed += len(g.results)
		if g.security {
			security += len(g.results)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d failed", counted(len(r.Results), "case"), failed)
	if security > 0 {
		fmt.Fprintf(&b, " (%d about security)", security)
	}
	fmt.Fprintf(&b, ", %d passed", r.Counts[Pass])
	if n := r.Counts[KnownFailure]; n > 0 {
		fmt.Fprintf(&b, ", %s", counted(n, "known failure"))
	}
	if n := r.Counts[Unsupported]; n > 0 {
		fmt.Fprintf(&b, ", %d skipped as unsupported", n)
	}
	if r.LeftOut > 0 {
		fmt.Fprintf(&b, "; %s of this suite left out (Options.Choices)", counted(r.LeftOut, "choice"))
	}
	b.WriteString("\n")
	for _, g := range groups {
		fmt.Fprintf(&b, "  %s\n", g.title())
	}
	if len(groups) > 0 {
		most := slices.MaxFunc(groups, func(a, b group) int { return cmp.Compare(len(a.results), len(b.results)) })
		if first := groups[0]; first.rank() == 0 && first.cause.title != most.cause.title {
			fmt.Fprintf(&b, "start with: %s\n  fix:   %s\n", first.title(), wrapped(strings.Fields(first.cause.fix)))
		}
		fmt.Fprintf(&b, "most frequent: %s\n  fix:   %s\n", most.title(), wrapped(strings.Fields(most.cause.fix)))
		fmt.Fprintf(&b, "the rules: %s\n", rulesURL)
	}
	return b.String()
}

// skippedMost says that more than half of the cases were unsupported, and why. Otherwise it
// returns "".
func (r Report) skippedMost() string {
	n := r.Counts[Unsupported]
	if 2*n <= len(r.Results) {
		return ""
	}
	reasons := make(map[string]int)
	for _, result := range r.Results {
		if result.Outcome == Unsupported {
			reasons[strings.TrimPrefix(result.Message, ErrUnsupported.Error()+": ")]++
		}
	}
	sorted := slices.SortedFunc(maps.Keys(reasons), func(a, b string) int {
		return cmp.Or(cmp.Compare(reasons[b], reasons[a]), cmp.Compare(a, b))
	})
	var b strings.Builder
	fmt.Fprintf(&b, "%d of %s were skipped as unsupported, so this run shows little:", n, counted(len(r.Results), "case"))
	for i, reason := range sorted {
		if i == maxFailures {
			fmt.Fprintf(&b, "\n  and %s", counted(len(sorted)-i, "other reason"))
			break
		}
		fmt.Fprintf(&b, "\n  %s: %s", counted(reasons[reason], "case"), reason)
	}
	b.WriteString("\nlet the mount support more, or exclude with Options.Filter the cases that the library is not meant for")
	return b.String()
}

// counted returns a number with its noun.
func counted(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}
