package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance"
)

const intro = `# Scoreboard

How corskit and the CORS middlewares that Go servers use do in the
[conformance suite](../conformance). This page is written by

    go run ./conformance/scoreboard

and a test fails if it is out of date.

## How to read it

- Each library is configured as its documentation recommends for the policy of
  the case, and served by a real server on loopback. What the answers mean is
  judged by a model of a browser wherever the Fetch standard leaves a server a
  choice, so that a library may answer in its own way.
- A policy that a library has no setting for is not held against it: such cases
  are not counted, and a rule of which none can be counted shows "–". The same
  goes for policies that a library refuses.
- Rules, or cases of rules, where corskit chose one among several good answers
  are apart, under [Choices](#choices). They are no measure of a peer.
  So are answers to OPTIONS whose Vary says less than it might, as no cache may
  keep them, and whatever the suite demands by corskit's design alone.
- A failure counts once, under the rule it is about: Vary and whether handlers
  run for disallowed origins are looked at by the rules on these, not by others.
- What a framework's router decides, whatever the middleware, is left out.
- The suite is corskit's own, so corskit passes it by construction: its column
  shows that the cases can be passed, no more.

`

// markdown is the whole page. It holds nothing that differs between two runs.
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

// table has a row for each rule that has cases of the kind.
func table(b *strings.Builder, results []result, choice bool) {
	b.WriteString("| rule | what a server must do |")
	for _, r := range results {
		fmt.Fprintf(b, " %s |", r.name)
	}
	b.WriteString("\n|---|---|" + strings.Repeat("---|", len(results)) + "\n")
	var rules []string
	for _, c := range results[0].report.Results {
		if c.Choice != choice || slices.Contains(rules, c.Rule) {
			continue
		}
		rules = append(rules, c.Rule)
		fmt.Fprintf(b, "| %s | %s |", c.Rule, escape(c.Reason))
		for _, r := range results {
			t := count(r.report, func(o conformance.Result) bool { return o.Rule == c.Rule && o.Choice == choice })
			fmt.Fprintf(b, " %s |", t)
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

// lacks are the reasons for which cases were not counted, with their number.
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

// version is a module's in go.mod.
func version(module string) string {
	if module == "" {
		return "this one"
	}
	if m := regexp.MustCompile(`(?m)^\t` + regexp.QuoteMeta(module) + ` (v\S+)`).FindStringSubmatch(goMod); m != nil {
		return m[1]
	}
	return "unknown"
}
