package core_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// TestExpressions checks the faults and warnings of expressions, and that New accepts the
// suggested patterns.
func TestExpressions(t *testing.T) {
	for _, tt := range []struct {
		expr   string
		reason reason.Reason // of the fault with credentials, or "" if there is none
		says   string        // a part of the fault, or of the only warning
	}{
		{`https://pr-\d{4}\.vercel\.app`, reason.PublicSuffix, "strangers below vercel.app, such as https://pr-0000.vercel.app"},
		{`https://app[0-9]\.com`, reason.PublicSuffix, "https://app0.com and https://app1.com"},
		{`https://[b-y]{8}\.com`, reason.PublicSuffix, "strangers"},
		{`https://((app|pr-[0-9]+)\.vercel\.app|app\.example\.com)`, reason.PublicSuffix, "list the origins below vercel.app"},
		{`https://\d+\.\d+\.\d+\.\d+`, reason.PublicSuffix, "write out the network"},
		{`/^https:\/\/[a-z]+\.example\.com$/`, reason.MatchesNothing, `"regexp:^https://[a-z]+\\.example\\.com$"`},
		{`https://a\.example:443`, reason.MatchesNothing, `"https://a.example"`},
		{`https://[A-Z]+\.example\.com`, reason.MatchesNothing, `"regexp:(?i)https://[A-Z]+\\.example\\.com"`},
		{`https://[a-z]+\.example\.com/`, reason.MatchesNothing, `"regexp:https://[a-z]+\\.example\\.com"`},
		{`https?://.*\.example\.com/.*`, reason.MatchesNothing, `"regexp:https?://.*\\.example\\.com"`},
		{`HTTPS://APP\.EXAMPLE\.COM`, reason.MatchesNothing, `(?i)`},
		{`a\.example\.com`, reason.MatchesNothing, "write it for whole origins"},
		{`https://*.*.example.org/*`, reason.PublicSuffix, `"https://*.*.example.org"`},
		{`https://*.example.com`, reason.PublicSuffix, `"https://*.example.com"`},
		{`^https://app.example.com$`, reason.PublicSuffix, `"https://app.example.com"`},
		{`https://.*.example.com`, reason.PublicSuffix, `"regexp:https://.*\\.example\\.com"`},
		{`.*`, reason.PublicSuffix, "name your own domain"},
		{`https://(.?){600}\.example\.com`, reason.Undecided, "write a simpler one"},
		{`https://[ab]{20}a[ab]*\.example\.com`, "", ""},
		{`https://[a-z]+\.example\.com`, "", ""},
		{`https://(app|www)\.example\.(com|net)`, "", ""},
		{`http://localhost:[0-9]+`, "", ""},
		{`https://a\.example\.com((((((((()*)*)*)*)*)*)*)*)`, "", ""},
		{`vscode-webview://[a-z0-9]{52}`, "", "all origins of its form, such as vscode-webview://aaaa"},
		{`.*://[a-z]+\.example\.com`, "", "name the scheme"},
		{`.*://[0-9]+\.example\.com`, "", "an expression that matches any scheme, as in "},
		{`^https://[A-Z]+\.example\.com$`, reason.MatchesNothing, `"regexp:(?i)^https://[A-Z]+\\.example\\.com$"`},
		{`^https://app\.example\.com/$`, reason.MatchesNothing, `"https://app.example.com"`},
		{`https://*.github.io`, reason.PublicSuffix, "strangers"},
		{`null`, reason.MatchesNothing, "write it for whole origins"},
	} {
		policy := core.Policy{AllowOrigins: []string{"regexp:" + tt.expr}, AllowCredentials: true}
		e, err := core.New(policy)
		all := slices.Collect(core.PolicyErrors(err))
		var said string
		switch {
		case tt.reason == "" && err == nil:
			for _, w := range e.Warnings() {
				said += w.String()
			}
			if said == "" != (tt.says == "") {
				t.Errorf("%s: warnings %v", tt.expr, e.Warnings())
			}
		case len(all) != 1 || all[0].Reason != tt.reason:
			t.Errorf("%s: %v, want a fault %q", tt.expr, err, tt.reason)
			continue
		default:
			said = err.Error()
		}
		if !strings.Contains(said, tt.says) {
			t.Errorf("%s: %s\nwant %s", tt.expr, said, tt.says)
		}
		for _, quoted := range regexp.MustCompile(`did you mean ("(?:[^"\\]|\\.)*")`).FindAllStringSubmatch(said, -1) {
			entry, _ := strconv.Unquote(quoted[1])
			if _, err := core.New(core.Policy{AllowOrigins: []string{entry}, AllowCredentials: true}); err != nil {
				t.Errorf("%s: the suggestion is refused: %v", tt.expr, err)
			}
		}
		policy.AllowCredentials = false
		if _, err := core.New(policy); (err != nil) != (tt.reason == reason.MatchesNothing) {
			t.Errorf("%s without credentials: %v", tt.expr, err)
		}
	}
}

func TestExamples(t *testing.T) {
	for _, tt := range []struct {
		entries []string
		want    []string
	}{
		{[]string{"https://a.example"}, []string{"https://a.example"}},
		{[]string{"null"}, []string{"null"}},
		{[]string{"https://*.b.example"}, []string{"https://a.b.example"}},
		{[]string{"https://*.b.example", "https://a.b.example", "*", "null"}, []string{"https://a.b.example", "https://b.b.example"}},
		{[]string{"http://localhost:*", "http://localhost:3000-3999"}, []string{"http://localhost", "http://localhost:3000"}},
		{[]string{"regexp:https?://(localhost|a)"}, []string{"http://a", "http://localhost", "https://a"}},
		{[]string{"regexp:https://A"}, []string{}},
		{[]string{"@loopback"}, []string{"http://127.0.0.1", "http://[::1]", "http://localhost",
			"https://127.0.0.1", "https://[::1]", "https://localhost"}},
	} {
		got, err := core.Examples(tt.entries[0], tt.entries[1:]...)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("Examples(%q) = %q, %v, want %q", tt.entries, got, err, tt.want)
		}
	}
	all, err := core.Examples("*")
	if err != nil || !slices.Contains(all, "null") || len(all) < 3 {
		t.Errorf(`Examples("*") = %q, %v`, all, err)
	}
	for index, entries := range map[int][]string{0: {"a"}, 2: {"*", "null", "https://a/"}} {
		_, err := core.Examples(entries[0], entries[1:]...)
		if e := slices.Collect(core.PolicyErrors(err)); len(e) != 1 || e[0].Index != index || e[0].Suggestion == "" {
			t.Errorf("Examples(%q): %v", entries, err)
		}
	}
	const hard = `regexp:https://[ab]{20}a[ab]*\.example`
	some, err := core.Examples(hard, "https://a.example")
	if e := slices.Collect(core.PolicyErrors(err)); len(e) != 1 || e[0].Reason != reason.Undecided || len(some) == 0 {
		t.Errorf("Examples(%q) = %q, %v", hard, some, err)
	}
}
