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

var update = flag.Bool("update", false, "write the messages in docs/errors.md")

const page = "../../../docs/errors.md"

// block matches the messages of one cause in the page.
var block = regexp.MustCompile(`(?s)<!-- messages ([a-z-]+) -->\n(.*?)<!-- end -->`)

// TestErrorsPage checks that docs/errors.md has a section about every cause, with every
// message of the list, and that package console reads each of them.
func TestErrorsPage(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	causes := make(map[string]console.Cause)
	for _, c := range console.Causes() {
		causes[string(c.Code)] = c
	}
	want := block.ReplaceAllStringFunc(string(text), func(old string) string {
		code := block.FindStringSubmatch(old)[1]
		c, ok := causes[code]
		if !ok {
			t.Errorf("the page has messages of %s, which is not a cause, or occurs twice on the page", code)
		}
		if !strings.Contains(string(text), `<a id="`+code+`"></a>`) || !strings.Contains(string(text), "](#"+code+")") {
			t.Errorf("no section about %s, or no link to it at the top", code)
		}
		delete(causes, code)
		return fmt.Sprintf("<!-- messages %s -->\n%s<!-- end -->", code, messagesOf(t, c))
	})
	for code := range causes {
		t.Errorf("the page has no messages of %s", code)
	}
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(text) != want {
		t.Errorf("%s is out of date: run \"go test ./conformance/browsermodel/console -run TestErrorsPage -update\"", page)
	}
}

// TestTable checks the texts of the list.
func TestTable(t *testing.T) {
	names := regexp.MustCompile(`\{[a-z]+\}`)
	for _, c := range console.Causes() {
		for _, m := range c.Messages {
			values, ok := m.Match(example(c.Code, m))
			if !ok || strings.Contains(m.Text, "{origin}") && values["origin"] != "https://app.example.com" {
				t.Errorf("%s: %q does not match its own message: %v", c.Code, m.Text, values)
			}
			if _, ok := m.Match("x" + example(c.Code, m)); ok {
				t.Errorf("%s: %q matches more than its message", c.Code, m.Text)
			}
			for _, name := range names.FindAllString(example(c.Code, m), -1) {
				t.Errorf("%s: no value for %s", c.Code, name)
			}
		}
	}
	list := console.Causes()
	list[0].Messages[0].Text = ""
	if console.Causes()[0].Messages[0].Text == "" {
		t.Error("Causes returns the same slice to two callers")
	}
}

// values has the texts in place of placeholders in the page.
var values = map[browsermodel.Code]map[string]string{
	"": {
		"url": "https://api.example.com/items", "redirected": "https://api.example.com/old", "origin": "https://app.example.com",
		"method": "PUT", "header": "content-type", "status": "200", "digits": "07", "value": "",
		"schemes": "chrome, chrome-extension, chrome-untrusted, data, http, https, isolated-app",
	},
	browsermodel.CodeAllowOriginMissing:  {"value": "https://api.example.com/items/"},
	browsermodel.CodePreflightStatus:     {"status": "405"},
	browsermodel.CodeAllowOriginMultiple: {"value": "https://app.example.com, *"},
	browsermodel.CodeAllowOriginMismatch: {"value": "https://app.example.com/"},
	browsermodel.CodeNetwork:             {"status": "(null)"},
	browsermodel.CodeAllowMethodsSyntax:  {"value": "GET PUT"},
	browsermodel.CodeAllowHeadersSyntax:  {"value": "content-type authorization"},
	browsermodel.CodeRedirectCredentials: {"value": "https://user:secret@api.example.com/items"},
	console.CodePrivateNetwork:           {"value": "local"},
	console.CodeMixedContent:             {"url": "http://api.example.com/items", "value": "https://app.example.com/"},
	console.CodeNotHTTP:                  {"url": "localhost:8080/items", "value": "localhost"},
}

// example returns a message with the values that a reader might see.
func example(code browsermodel.Code, m console.Message) string {
	v := maps.Clone(values[""])
	maps.Copy(v, values[code])
	return m.With(v)
}

var browserNames = []struct{ key, name string }{
	{console.Chromium, "Chrome, Edge and others with Chromium"}, {console.Firefox, "Firefox"}, {console.WebKit, "Safari"},
}

func messagesOf(t *testing.T, c console.Cause) string {
	var b strings.Builder
	for _, browser := range browserNames {
		var texts, older []string
		note := ""
		for _, m := range c.Messages {
			if m.Browser != browser.key {
				continue
			}
			text := example(c.Code, m)
			if r, ok := console.Read(text); !ok || r.Code != c.Code || r.Browser != m.Browser {
				t.Errorf("read %+v, want %s of %s, from\n%s", r, c.Code, m.Browser, text)
			}
			if m.Old {
				older = append(older, text)
				continue
			}
			texts = append(texts, text)
			if m.Unseen != "" {
				note = "\nThe tests cannot cause the last of these messages: " + m.Unseen + ".\n"
			}
		}
		b.WriteString(fenced(browser.name, texts) + note + fenced(browser.name+", older versions", older))
	}
	return strings.TrimPrefix(b.String(), "\n")
}

func fenced(label string, texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return fmt.Sprintf("\n%s:\n\n```\n%s\n```\n", label, strings.Join(texts, "\n\n"))
}
