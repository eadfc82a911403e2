package console_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/browsermodel/console"
)

var update = flag.Bool("update", false, "write docs/errors.md")

const page = "../../../docs/errors.md"

// TestErrorsPage checks that docs/errors.md is what the list of messages and the advice
// below make of it, and that package console reads each of its messages.
func TestErrorsPage(t *testing.T) {
	want := markdown(t)
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is out of date: run \"go test ./conformance/browsermodel/console -run TestErrorsPage -update\"", page)
	}
}

// TestTable checks what the texts of the list have to be.
func TestTable(t *testing.T) {
	names := regexp.MustCompile(`\{[a-z]+\}`)
	for _, c := range console.Causes() {
		for _, m := range c.Messages {
			if _, ok := m.Match(example(c.Code, m)); !ok {
				t.Errorf("%s: %q does not match its own message", c.Code, m.Text)
			}
			for _, name := range names.FindAllString(example(c.Code, m), -1) {
				t.Errorf("%s: no value for %s", c.Code, name)
			}
		}
	}
	list := console.Causes()
	list[0].Messages[0].Text = ""
	if console.Causes()[0].Messages[0].Text == "" {
		t.Error("callers share the list")
	}
}

// example returns a message with values as a reader has them.
func example(code browsermodel.Code, m console.Message) string {
	values := map[string]string{
		"url": "https://api.example.com/items", "redirected": "https://api.example.com/old", "origin": "https://app.example.com",
		"method": "PUT", "header": "content-type", "status": "200", "digits": "07", "value": "",
	}
	maps.Copy(values, advices[code].values)
	return m.With(values)
}

var browserNames = []struct{ key, name string }{
	{console.Chromium, "Chrome, Edge and other browsers with Chromium"}, {console.Firefox, "Firefox"}, {console.WebKit, "Safari"},
}

func markdown(t *testing.T) string {
	var b strings.Builder
	b.WriteString(intro)
	causes := make(map[browsermodel.Code]console.Cause)
	for _, c := range console.Causes() {
		causes[c.Code] = c
	}
	for _, code := range order {
		fmt.Fprintf(&b, "- [%s](#%s)\n", advices[code].title, code)
	}
	for _, code := range order {
		c, a := causes[code], advices[code]
		delete(causes, code)
		fmt.Fprintf(&b, "\n## <a id=\"%s\"></a>%s\n", code, a.title)
		for _, browser := range browserNames {
			printMessages(t, &b, c, browser.key, browser.name)
		}
		fmt.Fprintf(&b, "\n**What happened.** %s\n", a.happened)
		if a.see != "" {
			fmt.Fprintf(&b, "\n**See it.**\n\n    %s\n", a.see)
		}
		fmt.Fprintf(&b, "\n**Fix.** %s\n", a.fix)
	}
	for code := range causes {
		t.Errorf("the page has no section about %s", code)
	}
	b.WriteString(outro)
	return b.String()
}

func printMessages(t *testing.T, b *strings.Builder, c console.Cause, browser, name string) {
	var texts, older []string
	note := ""
	for _, m := range c.Messages {
		if m.Browser != browser {
			continue
		}
		text := example(c.Code, m)
		if r, ok := console.Read(text); !ok || r.Code != c.Code || r.Browser != browser {
			t.Errorf("read %+v, want %s of %s, from\n%s", r, c.Code, browser, text)
		}
		if m.Old {
			older = append(older, text)
			continue
		}
		texts = append(texts, text)
		if m.Unseen != "" {
			note = "\nNo test has seen the last of these: " + m.Unseen + ".\n"
		}
	}
	for _, block := range []struct {
		label string
		texts []string
		note  string
	}{{name, texts, note}, {name + ", older versions", older, ""}} {
		if len(block.texts) > 0 {
			fmt.Fprintf(b, "\n%s:\n\n```\n%s\n```\n%s", block.label, strings.Join(block.texts, "\n\n"), block.note)
		}
	}
}
