package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// identity identifies a mutant within its package by the code that it changes, not by its
// position, so that it stays the same when the rest of the file changes.
type identity struct {
	function string // Type.name for methods
	code     string // the expression or statement that it changes, on one line
	change   string // how; numbered if the function has the same code and change twice
}

// row formats the identity as a row of the list, without the reason.
func (e identity) row() string {
	fence := "`"
	if strings.Contains(e.code, "`") {
		fence = "``"
	}
	return fmt.Sprintf("| %s | %s%s%s | %s | |", e.function, fence, escape(e.code), fence, escape(e.change))
}

// unfenced returns the code in a cell.
func unfenced(cell string) string {
	for _, fence := range [...]string{"``", "`"} {
		if code, ok := strings.CutPrefix(cell, fence); ok {
			return unescape(strings.TrimSuffix(code, fence))
		}
	}
	return unescape(cell)
}

// A bar ends a cell of a table. GitHub requires it to be escaped even in code.
func escape(s string) string   { return strings.ReplaceAll(s, "|", `\|`) }
func unescape(s string) string { return strings.ReplaceAll(s, `\|`, "|") }

// explained reads the rows of the first package from the list. The list is Markdown:
// a heading "## folder" for each package, followed by a table of function, code,
// change and reason.
func (r *runner) explained() ([]identity, error) {
	text, err := os.ReadFile(r.list)
	if err != nil {
		return nil, err
	}
	return parseList(r.list, text, filepath.ToSlash(filepath.Clean(r.packages[0])))
}

func parseList(name string, text []byte, folder string) ([]identity, error) {
	var list []identity
	seen := map[identity]bool{}
	here := false
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			here = strings.TrimSpace(heading) == folder
			continue
		}
		if !here || !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|---") || strings.HasPrefix(line, "| function |") {
			continue
		}
		// A separator has spaces around it; an escaped bar follows a backslash.
		cells := strings.Split(strings.TrimSuffix(strings.TrimPrefix(line, "| "), "|"), " | ")
		if len(cells) != 4 {
			return nil, fmt.Errorf("%s:%d: %d cells, want function, code, change and reason", name, n, len(cells))
		}
		e := identity{cells[0], unfenced(cells[1]), unescape(cells[2])}
		switch {
		case strings.TrimSpace(cells[3]) == "":
			return nil, fmt.Errorf("%s:%d: no reason for %s", name, n, e.row())
		case seen[e]:
			return nil, fmt.Errorf("%s:%d: listed twice: %s", name, n, e.row())
		}
		seen[e] = true
		list = append(list, e)
	}
	return list, lines.Err()
}
