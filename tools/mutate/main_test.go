package main

import (
	"errors"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// Changes that no test of testdata/sample notices.
var (
	boundary = identity{"Max", "a > b", "move the boundary of >"}
	swap     = identity{"Flags.Any", "f.a || f.b", "swap && and ||"}
	left     = identity{"Flags.Any", "f.a", "negate the condition"}
	right    = identity{"Flags.Any", "f.b", "negate the condition"}
	first    = identity{"Flags.Clear", "f.a = false", "drop the statement"}
	second   = identity{"Flags.Clear", "f.a = false", "drop the statement (2)"}
	// A change that a test notices, and one to code that does not exist.
	noticed = identity{"Max", "a > b", "negate >"}
	gone    = identity{"Min", "a < b", "negate <"}
)

func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it compiles a package and runs its tests for each mutant")
	}
	all := []identity{boundary, swap, left, right, first, second}
	for _, tt := range []struct {
		name string
		list []identity
		only []int
		says []string // parts of lines; nil if there is nothing to report
	}{
		{"nothing listed", nil, nil, []string{
			"no test notices", boundary.row(), swap.row(), left.row(), right.row(), first.row(), second.row(),
			"8 mutants, 2 noticed, 0 explained, 6 neither",
		}},
		{"all listed", all, nil, nil},
		{"one missing", []identity{boundary, left, right, first, second}, nil,
			[]string{swap.row(), "8 mutants, 2 noticed, 5 explained, 1 neither"}},
		{"one too many", append(slices.Clone(all), noticed), nil,
			[]string{"listed, but a test notices it: " + noticed.row()}},
		{"one that is gone", append(slices.Clone(all), gone), nil, []string{"listed, but there is no such mutant: " + gone.row()}},
		{"a mutant that was not run", all, []int{2}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var text, out strings.Builder
			const head = "| function | code | change | why |\n|---|---|---|---|\n"
			text.WriteString("# Title\n\n## other\n\n" + head + "| X | `x` | y | A row of another package. |\n")
			text.WriteString("\n## testdata/sample\n\n" + head)
			for _, e := range tt.list {
				text.WriteString(strings.TrimSuffix(e.row(), "|") + "A reason. |\n")
			}
			list := filepath.Join(t.TempDir(), "list.md")
			if err := os.WriteFile(list, []byte(text.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			r := runner{out: &out, jobs: 2, limit: time.Minute, list: list, only: tt.only, packages: []string{"./testdata/sample"}}
			err := r.run()
			if (tt.says != nil) != errors.Is(err, errFaults) || tt.says == nil && err != nil {
				t.Errorf("error %v\n%s", err, &out)
			}
			for _, s := range tt.says {
				if !strings.Contains(out.String(), s) {
					t.Errorf("the output does not contain %q:\n%s", s, &out)
				}
			}
		})
	}
}

// identities returns the mutants of a file.
func identities(t *testing.T, text string) []identity {
	t.Helper()
	var mutants []mutant
	s := source{set: token.NewFileSet(), text: []byte(text), inserts: map[int]string{}, removed: map[int]int{}, mutants: &mutants}
	file, err := parser.ParseFile(s.set, "x.go", text, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range file.Decls {
		s.declaration(d)
	}
	var list []identity
	for _, m := range mutants {
		list = append(list, m.identity)
	}
	return list
}

func TestNoSuchMutant(t *testing.T) {
	for _, id := range []int{-1, 0, 9} {
		r := runner{out: io.Discard, jobs: 1, limit: time.Minute, only: []int{id}, packages: []string{"./testdata/sample"}}
		if err := r.run(); err == nil || !strings.Contains(err.Error(), "1 to 8") {
			t.Errorf("%d: %v", id, err)
		}
	}
}

// TestIdentities checks which changes are made to which code, and how they are
// named.
func TestIdentities(t *testing.T) {
	for _, tt := range []struct {
		code string
		want []identity
	}{
		{"func f(a int) bool { return a == 1 }", []identity{{"f", "a == 1", "negate =="}}},
		{"func f(a int) bool { return a <= 1 }", []identity{
			{"f", "a <= 1", "negate <="}, {"f", "a <= 1", "move the boundary of <="},
		}},
		{"func f(a, b bool) bool { return a && !b }", []identity{
			{"f", "a && !b", "swap && and ||"}, {"f", "a", "negate the condition"}, {"f", "!b", "drop !"},
		}},
		{"func f(a int) bool { return a > g() || h() }", []identity{
			{"f", "a > g() || h()", "swap && and ||"}, {"f", "h()", "negate the condition"},
			{"f", "a > g()", "negate >"}, {"f", "a > g()", "move the boundary of >"},
		}},
		{"func f() (int, bool) { return 0, true }", []identity{{"f", "return 0, true", "negate true"}}},
		{"func f(a bool) { switch { case a: } }", []identity{{"f", "a", "negate the condition"}}},
		{"func f(a bool) { switch a { case true: } }", nil},
		{"func f(a int) int { return a + 1 }", []identity{{"f", "a + 1", "add one more"}}},
		{"func f(a bool) { if a { g() } }", []identity{{"f", "a", "negate the condition"}, {"f", "g()", "drop the statement"}}},
		{"func f(a int) { for { break } }", []identity{{"f", "break", "drop the statement"}}},
		{"func f() { g(1,\n\t\t2) }", []identity{{"f", "g(1, 2)", "drop the statement"}}},
		{"func (t *T) f() { g() }", []identity{{"T.f", "g()", "drop the statement"}}},
		{"func (t T[K, V]) f() { g() }", []identity{{"T.f", "g()", "drop the statement"}}},
		{"var v = func() { g() }", []identity{{"v", "g()", "drop the statement"}}},
		{"func f() { g(); g() }\nfunc h() { g() }", []identity{
			{"f", "g()", "drop the statement"}, {"f", "g()", "drop the statement (2)"}, {"h", "g()", "drop the statement"},
		}},
		{"func f() { const a = 1 + 2; var b [a + 1]int }", nil},
		{"func f() { g(`" + strings.Repeat("x", 200) + "`) }", []identity{
			{"f", "g(`" + strings.Repeat("x", 97) + "…", "drop the statement"},
		}},
	} {
		got := identities(t, "package p\n"+tt.code+"\n")
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s:\n got %q\nwant %q", tt.code, got, tt.want)
		}
		if moved := identities(t, "package p\n\n\nfunc before() {}\n\n"+tt.code+"\n"); !slices.Equal(moved, got) {
			t.Errorf("%s: %q further down", tt.code, moved)
		}
		for _, e := range got {
			row := strings.TrimSuffix(e.row(), "|") + "A reason. |"
			if list, err := parseList("x", []byte("## p\n"+row), "p"); err != nil || len(list) != 1 || list[0] != e {
				t.Errorf("%s is read as %q, %v", row, list, err)
			}
		}
	}
}

func TestListFaults(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"## p\n| f | `x` | y | |", "no reason"},
		{"## p\n| f | `x` | y |", "cells"},
		{"## p\n| f | `x` | y | z |\n| f | `x` | y | z |", "x:3: listed twice"},
	} {
		if list, err := parseList("x", []byte(tt.text), "p"); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %q, %v, want %s", tt.text, list, err, tt.want)
		}
	}
}
