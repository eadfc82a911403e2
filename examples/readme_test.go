// Package examples holds the tests of what the documentation shows.
package examples

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every Go block of the documentation is a program, and compiles. The fragments
// of frameworks.md and the migration guides are held by tests of their own, in
// adapters/matrix and docs/migrate.
func TestDocumentationCompiles(t *testing.T) {
	files, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	for _, file := range append(files, "../README.md") {
		if filepath.Base(file) == "frameworks.md" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range goBlock.FindAllStringSubmatch(string(text), -1) {
			blocks++
			if out, err := compile(t, m[1]); err != nil {
				t.Errorf("%s, Go block %d: %v\n%s", file, i+1, err, out)
			}
		}
	}
	if blocks < 2 {
		t.Errorf("%d Go blocks found", blocks)
	}
}

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```")

// compile checks a file as part of this module, so that its imports resolve.
func compile(t *testing.T, source string) (output string, err error) {
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "vet", file).CombinedOutput()
	return string(out), err
}

// What the README says that Explain prints is what it prints.
func TestReadmeOutput(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range goBlock.FindAllStringSubmatch(string(text), -1) {
		if !strings.Contains(m[1], "Explain") {
			continue
		}
		file := filepath.Join(t.TempDir(), "main.go")
		if err := os.WriteFile(file, []byte(m[1]), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := exec.Command("go", "run", file).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if !strings.Contains(string(text), "```\n"+string(out)+"```") {
			t.Errorf("the README does not show what the program prints:\n%s", out)
		}
		return
	}
	t.Error("no program that explains")
}
