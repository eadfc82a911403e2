// Package examples tests the code in the documentation.
package examples

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestDocumentationCompiles checks that every Go block in the README and in docs/*.md is
// a program that compiles, or a fragment of one. Package hosts/matrix tests
// the fragments in frameworks.md, package caches those in caches.md, and package
// docs/migrate those in the migration guides.
func TestDocumentationCompiles(t *testing.T) {
	files, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	if testing.Short() {
		files = nil // each block takes a while if the packages that it uses have changed
	}
	blocks, fragments := 0, []string{}
	for _, file := range append(files, "../README.md") {
		if name := filepath.Base(file); name == "frameworks.md" || name == "caches.md" {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range goBlock.FindAllStringSubmatch(string(text), -1) {
			if blocks++; !strings.HasPrefix(m[1], "package ") {
				fragments = append(fragments, m[1])
				continue
			}
			if out, err := compile(t, m[1]); err != nil {
				t.Errorf("%s, Go block %d: %v\n%s", file, i+1, err, out)
			}
		}
	}
	if out, err := compile(t, program(fragments)); err != nil {
		t.Errorf("fragments: %v\n%s", err, out)
	}
	if blocks < 3 {
		t.Errorf("found %d Go blocks, want at least 3", blocks)
	}
}

// program returns a program with fragments, which may use some variables.
func program(fragments []string) string {
	var b strings.Builder
	b.WriteString(`package main

import (
	"context"
	"log"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v2"
	"github.com/labstack/echo/v4"
	"github.com/spf13/viper"

	"github.com/corskit/corskit/adapters/corsecho"
	"github.com/corskit/corskit/adapters/corsfiber"
	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
)

var _ = []any{log.Fatal, slog.Default, http.NewServeMux, os.Stderr, gin.New, fiber.New, echo.New, corsecho.Middleware,
	corsfiber.Middleware, corsgin.Middleware, corshttp.Middleware, config.Load, core.New, observe.Log, time.Now}

var (
	engine *core.Engine
	mux    *http.ServeMux
	r      *gin.Engine
	e      *echo.Echo
	app    *fiber.App
	ctx    context.Context
	v      *viper.Viper
	m      map[string]any
)

func main() {}
`)
	for _, f := range fragments {
		b.WriteString("\nfunc _() {\n" + f)
		for _, m := range defined.FindAllStringSubmatch(f, -1) {
			b.WriteString("_ = " + m[1] + "\n")
			if m[2] != "" {
				b.WriteString("_ = err\n")
			}
		}
		b.WriteString("}\n")
	}
	return b.String()
}

// defined matches lines that define a variable.
var defined = regexp.MustCompile(`(?m)^(\w+)(, err)? :=`)

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

// printed matches a program and, after a line that begins with "prints", its output.
var printed = regexp.MustCompile("(?ms)^```go\n(package main.*?)^```\n\nprints[^\n]*\n\n```\n(.*?)^```")

// TestDocumentedOutput checks that programs print what the pages say that they print, and that
// the README has the output of the program that calls Explain.
func TestDocumentedOutput(t *testing.T) {
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	if testing.Short() {
		pages = []string{"../docs/decision.md"} // building each program takes seconds
	}
	programs := 0
	for _, page := range pages {
		text := read(t, page)
		for _, m := range printed.FindAllStringSubmatch(text, -1) {
			programs++
			if out := run(t, m[1]); out != m[2] {
				t.Errorf("%s: the program prints\n%s", page, out)
			}
		}
		if filepath.Base(page) != "decision.md" {
			continue
		}
		programs++
		if out := run(t, goBlock.FindStringSubmatch(text)[1]); !strings.Contains(read(t, "../README.md"), "```\n"+out+"```") {
			t.Errorf("the README does not show the output of the program in %s:\n%s", page, out)
		}
	}
	if programs < 2 && !testing.Short() || programs == 0 {
		t.Errorf("found only %d programs", programs)
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// run runs a program as part of this module and returns its output.
func run(t *testing.T, source string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "main.go")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("go", "run", file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return string(out)
}

var (
	cell = regexp.MustCompile(`^\[(.+)\]\((\S+)\)$`)
	// scored is the row of a rule on the scoreboard, and peer a library's source.
	scored = regexp.MustCompile(`^docs/scoreboard\.md#([a-z0-9]+)$`)
	peer   = regexp.MustCompile(`^https://github\.com/[\w-]+/[\w-]+/blob/(v[\d.]+)/\S+$`)
)

// TestComparison checks the table in the README that compares libraries: each cell links to a
// test, to the row of the scoreboard that says the same, or to the source of the library in
// the version of the scoreboard.
func TestComparison(t *testing.T) {
	board := strings.Split(read(t, "../docs/scoreboard.md"), "\n")
	_, table, _ := strings.Cut(read(t, "../README.md"), "| | corskit |")
	table, _, _ = strings.Cut("| | corskit |"+table, "\n\n")
	rows := strings.Split(table, "\n")
	libraries := cells(rows[0])
	for _, row := range rows[2:] {
		for i, text := range cells(row)[1:] {
			library := libraries[i+1]
			m := cell.FindStringSubmatch(text)
			if m == nil {
				t.Errorf("no link: %s", text)
				continue
			}
			if rule := scored.FindStringSubmatch(m[2]); rule != nil {
				if want := score(board, rule[1], library); m[1] != want {
					t.Errorf("%s, %s: %q, but the scoreboard has %q", rule[1], library, m[1], want)
				}
			} else if source := peer.FindStringSubmatch(m[2]); source != nil {
				if !strings.Contains(strings.Join(board, "\n"), "\n| "+library+" | "+source[1]+" |") {
					t.Errorf("%s: the scoreboard is about another version than %s", library, m[2])
				}
			} else if !strings.HasSuffix(m[2], "_test.go") {
				t.Errorf("%s shows nothing", m[2])
			}
		}
	}
	if len(rows) < 8 {
		t.Errorf("only %d rows", len(rows))
	}
}

// cells returns the cells of a row of a table.
func cells(row string) []string {
	list := strings.Split(strings.Trim(row, "|"), "|")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// score returns what the scoreboard has in the row of a rule and the column of a library.
func score(board []string, id, library string) string {
	var libraries []string
	for _, row := range board {
		if strings.HasPrefix(row, "| rule | ") {
			libraries = cells(row)
		}
		if strings.HasPrefix(row, `| <a id="`+id+`"></a>`) {
			return cells(strings.ReplaceAll(row, `\|`, "/"))[slices.Index(libraries, library)]
		}
	}
	return ""
}

// TestMandatoryVariable checks that the program in docs/config.md that makes FRONTEND_URL
// mandatory stops if the variable is unset or empty, and names it.
func TestMandatoryVariable(t *testing.T) {
	if testing.Short() {
		t.Skip("building the program takes seconds")
	}
	text, err := os.ReadFile("../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range goBlock.FindAllStringSubmatch(string(text), -1) {
		if !strings.Contains(m[1], "reason.NoOrigins") {
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
