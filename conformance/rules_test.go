package conformance_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/corskit/corskit/conformance"
)

var update = flag.Bool("update", false, "write docs/rules.md")

// rulesPage documents the rules.
const rulesPage = "../docs/rules.md"

func TestRulesPage(t *testing.T) {
	want := rulesMarkdown()
	if *update {
		if err := os.WriteFile(rulesPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(rulesPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is out of date: run \"go test ./conformance -run TestRulesPage -update\"", rulesPage)
	}
}

// ruleGroups are the headings of the page, by the first letter of the rules' IDs.
var ruleGroups = map[byte]string{
	'N': "Requests that are not CORS requests",
	'A': "Actual requests",
	'P': "Preflights and their methods",
	'H': "Preflights and their headers",
	'M': "Maximum age",
	'L': "Private network access",
	'V': "Vary and caches",
	'C': "Credentials and wildcards",
	'O': "Hostile origins",
	'D': "Costly requests",
	'X': "Handlers, other middleware and protocols",
	'R': "Several policies, routes and other patterns",
	'I': "What an answer may depend on",
}

func rulesMarkdown() string {
	cases, choices := make(map[string]int), make(map[string]int)
	all := conformance.Cases()
	for _, c := range all {
		cases[c.Rule]++
		if c.Choice {
			choices[c.Rule]++
		}
	}
	rules := conformance.Rules()
	var b strings.Builder
	fmt.Fprintf(&b, `# Rules

This page lists what a correct server does: the %d rules of the [conformance suite](../conformance), which tests them with %d cases.

The last column counts the cases of each rule. The number in parentheses counts choices: cases that a correct server may
fail, because the standard allows other answers or because no browser can send the request.

`+"`go test ./conformance -run TestRulesPage -update`"+` writes this page.
`, len(rules), len(all))
	group := byte(0)
	for _, r := range rules {
		if r.ID[0] != group {
			group = r.ID[0]
			fmt.Fprintf(&b, "\n## %s\n\n| rule | what a correct server does | source | cases |\n|---|---|---|---|\n", ruleGroups[group])
		}
		count := fmt.Sprint(cases[r.ID] - choices[r.ID])
		if n := choices[r.ID]; n > 0 {
			count = strings.TrimPrefix(fmt.Sprintf("%s (%d)", count, n), "0 ")
		}
		escape := strings.NewReplacer("|", `\|`, "*", `\*`, "<", "&lt;").Replace
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", r.ID, escape(r.Text), escape(r.Source), count)
	}
	return b.String()
}
