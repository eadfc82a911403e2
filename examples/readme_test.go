// Package examples tests the code in the documentation.
package examples

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestDocumentationCompiles checks that every Go block in the README and in docs/*.md is
// a program that compiles. Package hosts/matrix tests the fragments in frameworks.md,
// package caches those in caches.md, and package docs/migrate those in the migration
// guides.
func TestDocumentationCompiles(t *testing.T) {
	files, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	if testing.Short() {
		files = nil // each block takes a while if the packages that it uses have changed
	}
	blocks := 0
	for _, file := range append(files, "../README.md") {
		if name := filepath.Base(file); name == "frameworks.md" || name == "caches.md" {
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
		t.Errorf("found %d Go blocks, want at least 2", blocks)
	}
}

var goBlock = regexp.MustCompile("(?ms)^```go\n(.*?)^```")

// compile checks source as part of this module, so that its imports resolve.
func compile(t *testing.T, source string) (output string, err error) {
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "vet", file).CombinedOutput()
	return string(out), err
}

// TestReadmeOutput checks that the program in the README that calls Explain prints what
// the README shows.
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
			t.Errorf("the README does not show the output of the program:\n%s", out)
		}
		return
	}
	t.Error("the README has no program that calls Explain")
}

// TestMandatoryVariable checks that the program in docs/config.md that makes FRONTEND_URL
// mandatory stops if the variable is unset or empty, and names it.
func TestMandatoryVariable(t *testing.T) {
	text, err := os.ReadFile("../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range goBlock.FindAllStringSubmatch(string(text), -1) {
		if !strings.Contains(m[1], "ReasonNoOrigins") {
			continue
		}
		dir := t.TempDir()
		file, program := filepath.Join(dir, "main.go"), filepath.Join(dir, "program")
		if err := os.WriteFile(file, []byte(m[1]), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command("go", "build", "-o", program, file).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, env := range [][]string{{"OTHER=1"}, {"FRONTEND_URL="}} {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second) // a program that starts does not end
			defer cancel()
			cmd := exec.CommandContext(ctx, program)
			cmd.Env = env
			if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "no origin is allowed") ||
				!strings.Contains(string(out), "FRONTEND_URL") {
				t.Errorf("%v: %v\n%s", env, err, out)
			}
		}
		return
	}
	t.Error("docs/config.md has no program that makes a variable mandatory")
}
