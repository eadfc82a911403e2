package migrate

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/core"
)

// harmless are settings that programs copy from other libraries, and why the warnings about
// them need no change.
var harmless = []struct {
	setting string // as in core.Policy
	policy  core.Policy
	why     string
}{
	{"`AllowMethods: []string{\"GET\"}`",
		core.Policy{AllowMethods: []string{"GET"}}, "GET needs no permission, with or without the entry."},
	{"`AllowHeaders: []string{\"Origin\"}`",
		core.Policy{AllowHeaders: []string{"Origin"}}, "No script can set it, with or without the entry."},
	{"`AllowHeaders: []string{\"Access-Control-Allow-Origin\"}`",
		core.Policy{AllowHeaders: []string{"Access-Control-Allow-Origin"}},
		"The entry matters only if a script sends the header by mistake."},
	{"`AllowHeaders: []string{\"*\", \"X-Token\"}`",
		core.Policy{AllowHeaders: []string{"*", "X-Token"}}, "Every name is allowed, with or without the entry."},
	{"`ExposeHeaders: []string{\"Content-Length\"}`",
		core.Policy{ExposeHeaders: []string{"Content-Length"}}, "Scripts can read it, with or without the entry."},
	{"`AllowOrigins: []string{\"https://www.app.example\", \"https://*.app.example\"}`",
		core.Policy{AllowOrigins: []string{"https://www.app.example", "https://*.app.example"}}, "The wildcard allows it too."},
	{"`RejectDisallowed: true` with `AllowOrigins: []string{\"*\"}`",
		core.Policy{AllowOrigins: []string{"*"}, RejectDisallowed: true}, "No origin is disallowed."},
	{"`MaxAge: 12 * time.Hour`", core.Policy{MaxAge: 12 * time.Hour}, "Browsers did the same before."},
}

func warnings(t *testing.T, p core.Policy) []core.Warning {
	t.Helper()
	if len(p.AllowOrigins) == 0 && p.AllowOriginFunc == nil {
		p.AllowOrigins = []string{app}
	}
	engine, err := core.New(p)
	if err != nil {
		t.Fatal(err)
	}
	return engine.Warnings()
}

// TestHarmlessWarnings checks the table in README.md.
func TestHarmlessWarnings(t *testing.T) {
	b := newTable("Copied setting", "Warning", "Harmless, because")
	for _, h := range harmless {
		list := warnings(t, h.policy)
		if len(list) != 1 {
			t.Errorf("%s: %d warnings, want 1: %v", h.setting, len(list), list)
			continue
		}
		_, text, _ := strings.Cut(list[0].String(), `policy "default": `)
		b.row(h.setting, "`"+text+"`", h.why)
	}
	const begin, end = "<!-- warnings -->\n", "<!-- end -->"
	text := read(t, "README.md")
	head, rest, _ := strings.Cut(text, begin)
	shown, tail, ok := strings.Cut(rest, end)
	switch {
	case !ok:
		t.Error("README.md has no markers for the warnings")
	case shown == b.String():
	case *update:
		if err := os.WriteFile("README.md", []byte(head+begin+b.String()+end+tail), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Error("README.md: the warnings are out of date; run go test . -update")
	}
}

// TestRowsNameWarnings checks that no reader who copies a row is surprised by a warning: the
// note of the row says that there is one.
func TestRowsNameWarnings(t *testing.T) {
	for _, lib := range libraries() {
		everywhere := warnings(t, lib.base) // a row of its own has the note
		for _, r := range lib.rows {
			for _, w := range warnings(t, r.policy) {
				same := func(k core.Warning) bool { return k.String() == w.String() }
				if !slices.ContainsFunc(everywhere, same) && !strings.Contains(r.note, "warning") {
					t.Errorf("%s: %s: the note does not mention the warning: %v", lib.module, r.option, w)
				}
			}
		}
		for _, w := range everywhere {
			named := func(r row) bool { return strings.Contains(r.about, w.Field) && strings.Contains(r.note, "warning") }
			if !slices.ContainsFunc(lib.rows, named) {
				t.Errorf("%s: no row mentions the warning about every row: %v", lib.module, w)
			}
		}
	}
}
