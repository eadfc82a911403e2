package config_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/corskit/corskit/config"
)

var update = flag.Bool("update", false, "write docs/config-reference.md")

// reference is the page that lists every key.
const reference = "../docs/config-reference.md"

// TestReference checks that docs/config-reference.md has every key of the schema.
func TestReference(t *testing.T) {
	want := referenceMarkdown()
	if *update {
		if err := os.WriteFile(reference, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is out of date: run \"go test ./config -run TestReference -update\"", reference)
	}
}

func referenceMarkdown() string {
	var b strings.Builder
	b.WriteString(`# Every key of a file

This page lists all keys of a policy file. [Policies in files and variables](config.md) explains them in
the order in which you need them. Unknown keys are errors. The examples are YAML; TOML and JSON have the
same keys. ` + "`corskit schema`" + ` prints a JSON Schema for editors, and ` + "`corskit init`" + ` writes a file with all
keys. ` + "`go test ./config -run TestReference -update`" + ` writes this page.
`)
	schema := config.Schema()
	sections := []config.Field{{Key: "The file", Doc: schema.Doc, Fields: schema.Fields}}
	for _, f := range schema.Fields {
		if len(f.Fields) > 0 && f.Key != "shadow" { // whose keys are those of policies and routes
			sections = append(sections, f)
		}
	}
	for _, s := range sections {
		title := s.Key
		if s.Type != "" {
			title = "`" + s.Key + "`"
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", title, escape(s.Doc))
		b.WriteString("| key | type | what it does | example | field in Go |\n|---|---|---|---|---|\n")
		for _, f := range s.Fields {
			example, field := "", ""
			if f.Example != "" {
				example = "`" + f.Key + ": " + f.Example + "`"
			} else if len(f.Fields) > 0 {
				example = "[its keys](#" + f.Key + ")"
			}
			if f.Goname != "" {
				field = "`" + f.Goname + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", f.Key, typeNames[f.Type], escape(f.Doc), example, field)
		}
	}
	return b.String()
}

// typeNames are the types of fields for readers.
var typeNames = map[string]string{
	"integer": "number", "boolean": "`true` or `false`", "duration": "duration with a unit", "text": "text", "list": "list",
	"texts": "names to text", "table": "keys", "map": "names to policies", "tables": "list of routes",
}

// escape keeps patterns such as https://*.example.com and <...> as they are.
func escape(s string) string {
	return strings.NewReplacer("*", `\*`, "|", `\|`, "<", "&lt;").Replace(s)
}
