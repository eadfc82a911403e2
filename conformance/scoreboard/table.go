package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance"
)

const intro = `# Scoreboard

The results of corskit, and of other CORS middlewares for Go, in the
[conformance suite](../conformance). To write this page, run

    go run ./conformance/scoreboard

A test fails if the page is out of date.

## How to read it

- Each library is configured as its documentation recommends for the policy of
  the case, and served by a real server on loopback. Where the Fetch standard
  leaves a server a choice, a model of a browser judges the answers, so a library
  may answer in its own way.
- A case is not counted if a library has no setting for its policy, or refuses the
  policy. A rule without counted cases shows "–".
- [Choices](#choices) lists rules and cases for which corskit chose one of several
  correct answers, or that follow only from corskit's design. They do not measure
  other libraries. A short Vary in the answer to OPTIONS does not count as a failure
  either, because no cache stores that answer.
- If a policy lists no request headers, several libraries allow some headers by
  default, and document it. Under I3, preflights that ask for headers are not counted
  for such policies.
- A failure counts once, under the rule that it violates. Only the rules about Vary
  check Vary, and only the rules about disallowed origins check whether the handler
  runs.
- The suite is corskit's own, so corskit passes it by construction. Its column
  only shows that it is possible to pass.

`

// markdown returns the whole page. It is the same for every run.
func markdown(results []result) string {
	var b strings.Builder
	b.WriteString(intro)
	b.WriteString("| library | version | cases passed | failed | not expressible | how it is configured |\n|---|---|---|---|---|---|\n")
	for _, r := range results {
		t := count(r.report, func(c conformance.Result) bool { return !c.Choice })
		fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %s |\n", r.name, version(r.module), t.passed, t.failed, t.unsupported, r.note)
	}
	b.WriteString("\n## Rules\n\n")
	table(&b, results, false)
	b.WriteString("\n## Choices\n\n")
	table(&b, results, true)
	b.WriteString("\n## What fails\n")
	for _, r := range results {
		fmt.Fprintf(&b, "\n### %s\n\n", r.name)
		none := true
		for _, c := range r.report.Results {
			if c.Outcome == conformance.Fail && !c.Choice {
				none = false
				fmt.Fprintf(&b, "- `%s`: %s (%s)\n", c.ID, escape(c.Reason), escape(c.Source))
			}
		}
		if none {
			b.WriteString("Nothing.\n")
		}
		if lacking := lacks(r.report); len(lacking) > 0 {
			fmt.Fprintf(&b, "\nNot expressible, and not counted: %s.\n", strings.Join(lacking, "; "))
		}
	}
	return b.String()
}

// table writes a row for each rule that has cases: those that are a choice, or the others.
func table(b *strings.Builder, results []result, choice bool) {
	b.WriteString("| rule | what a correct server does |")
	for _, r := range results {
		fmt.Fprintf(b, " %s |", r.name)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(results)) + "\n")
	for _, rule := range conformance.Rules() {
		about := func(c conformance.Result) bool { return c.Rule == rule.ID && c.Choice == choice }
		if !slices.ContainsFunc(results[0].report.Results, about) {
			continue
		}
		id := strings.ToLower(rule.ID)
		if choice {
			id = "choice-" + id // a rule may have cases of both kinds
		}
		fmt.Fprintf(b, "| <a id=\"%s\"></a>%s | %s |", id, rule.ID, escape(rule.Text))
		for _, r := range results {
			fmt.Fprintf(b, " %s |", count(r.report, about))
		}
		b.WriteString("\n")
	}
}

// tally counts the outcomes of some cases.
type tally struct{ passed, failed, unsupported int }

func count(report conformance.Report, include func(conformance.Result) bool) (t tally) {
	for _, c := range report.Results {
		switch {
		case !include(c):
		case c.Outcome == conformance.Pass:
			t.passed++
		case c.Outcome == conformance.Unsupported:
			t.unsupported++
		default:
			t.failed++
		}
	}
	return t
}

// String is a cell of the table.
func (t tally) String() string {
	switch counted := t.passed + t.failed; {
	case counted == 0:
		return "–"
	case t.failed == 0:
		return "✓"
	case t.passed == 0:
		return "✗"
	default:
		return fmt.Sprintf("%d of %d", t.passed, counted)
	}
}

// lacks returns the reasons why cases were not counted, with the number of cases.
func lacks(report conformance.Report) []string {
	var reasons []string
	counts := make(map[string]int)
	for _, c := range report.Results {
		if c.Outcome != conformance.Unsupported {
			continue
		}
		reason := strings.TrimPrefix(c.Message, conformance.ErrUnsupported.Error()+": ")
		reason = strings.TrimPrefix(reason, "it has no way to express ")
		if counts[reason] == 0 {
			reasons = append(reasons, reason)
		}
		counts[reason]++
	}
	for i, reason := range reasons {
		reasons[i] = fmt.Sprintf("%s (%d)", escape(reason), counts[reason])
	}
	return reasons
}

func escape(s string) string {
	return strings.NewReplacer("|", `\|`, "*", `\*`, "<", "&lt;").Replace(s)
}

// version returns the version of a module in go.mod.
func version(module string) string {
	if module == "" {
		return "this one"
	}
	if m := regexp.MustCompile(`(?m)^\t` + regexp.QuoteMeta(module) + ` (v\S+)`).FindStringSubmatch(goMod); m != nil {
		return m[1]
	}
	return "unknown"
}
