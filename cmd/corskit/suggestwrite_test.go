package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/config"
)

// The new file has the permissions of the old one, and a symbolic link stays a link.
func TestSuggestWrites(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "real"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := write(t, filepath.Join(dir, "real"), "cors.yaml", suggestFile)
	link := filepath.Join(dir, "cors.yaml")
	if err := os.Symlink(file, link); err != nil && runtime.GOOS != "windows" {
		t.Fatal(err)
	} else if err != nil {
		link = file
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "log", logOf(t, fetched("https://new.example.com", "/items")))
	r := corskit(t, dir, "suggest", link, "--from", "log", "--write")
	contains(t, "the output", r.stdout, "1 refused request; wrote "+link)
	if r.code != exitYes {
		t.Errorf("%+v", r)
	}
	for path, mode := range map[string]os.FileMode{file: 0o640, link: os.ModeSymlink} {
		if link == file || runtime.GOOS == "windows" {
			break
		}
		if info, err := os.Lstat(path); err != nil || info.Mode().Type() != mode.Type() ||
			mode.Perm() != 0 && info.Mode().Perm() != mode.Perm() {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
	if text, _ := os.ReadFile(link); !strings.Contains(string(text), "      - https://new.example.com\n") {
		t.Errorf("the file is\n%s", text)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".*")); left != nil {
		t.Errorf("files are left: %q", left)
	}
}

// A file that has changed since it was read is not overwritten.
func TestSuggestDoesNotOverwrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, second := write(t, dir, "a.yaml", "a"), write(t, dir, "b.yaml", "changed")
	err := writeEdits([]edited{
		{File: first, edit: config.Edit{Old: []byte("a"), New: []byte("new")}},
		{File: second, edit: config.Edit{Old: []byte("b"), New: []byte("new")}},
	})
	if err == nil || !strings.Contains(err.Error(), "b.yaml has changed meanwhile") {
		t.Errorf("got %v", err)
	}
	for path, want := range map[string]string{first: "a", second: "changed"} {
		if text, _ := os.ReadFile(path); string(text) != want {
			t.Errorf("%s is %q", path, text)
		}
	}
}

// If a file cannot be replaced, the error says which have been.
func TestSuggestWritesInPart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first, second := write(t, dir, "a.yaml", "a"), write(t, dir, "b.yaml", "b")
	twice := []edited{
		{File: first, edit: config.Edit{Old: []byte("a"), New: []byte("new")}},
		{File: second, edit: config.Edit{Old: []byte("b"), New: []byte("new")}},
	}
	failed := errors.New("no space")
	fails := map[string]bool{second: true}
	replace := func(path string, text []byte) error {
		if fails[path] {
			return failed
		}
		return replaceFile(path, text)
	}
	err := writeEditsWith(twice, replace)
	if !errors.Is(err, failed) ||
		!strings.Contains(err.Error(), "b.yaml cannot be written, but these files have their changes already: "+first) {
		t.Errorf("got %v", err)
	}
	twice[0].edit.Old, fails[first] = []byte("new"), true
	if err := writeEditsWith(twice, replace); !errors.Is(err, failed) || !strings.Contains(err.Error(), "and nothing was: no space") {
		t.Errorf("got %v", err)
	}
}

// An origins_file with two names is one file. An addition for one policy would change the
// other.
func TestSuggestOneFileTwoNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "o.txt", "https://app.example.com\n")
	write(t, dir, "cors.yaml", "policies: {a: {origins_file: o.txt}, b: {origins_file: ./o.txt}}\n"+
		"routes: [{path: /a/, policies: [a]}, {path: /b/, policies: [b]}]\n")
	write(t, dir, "log", logOf(t, fetched("https://new.example.com", "/a/"))+logOf(t, fetched("https://two.example.com", "/b/")))
	r := corskit(t, dir, "suggest", "--from", "log", "--write")
	if text, _ := os.ReadFile(filepath.Join(dir, "o.txt")); r.code != exitFail || string(text) != "https://app.example.com\n" {
		t.Errorf("%+v, and the file is\n%s", r, text)
	}
	contains(t, "the error", r.stderr, "o.txt are the same file, and nothing was written; use one name for it")
}

// TestUnified applies differences to the text that they are from.
func TestUnified(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for try := range 2000 {
		var before []string
		for range r.IntN(40) {
			before = append(before, fmt.Sprintf("line %d\n", r.IntN(10)))
		}
		after := slices.Clone(before)
		for range r.IntN(4) {
			at := r.IntN(len(after) + 1)
			switch {
			case at == len(after) || r.IntN(3) == 0:
				after = slices.Insert(after, at, "new\n")
			case r.IntN(2) == 0:
				after = slices.Delete(after, at, at+1)
			default:
				after[at] = "changed\n"
			}
		}
		from, to := strings.Join(before, ""), strings.Join(after, "")
		if try%3 == 0 {
			to = strings.TrimSuffix(to, "\n")
		}
		diff := unified("file", from, to)
		if got := patch(t, from, diff); got != to {
			t.Fatalf("from\n%s\nto\n%s\nis not\n%s", from, to, diff)
		}
	}
	if diff := unified("file", "", "new\n"); diff != "--- file\n+++ file\n@@ -0,0 +1,1 @@\n+new\n" {
		t.Errorf("from nothing: %q", diff)
	}
	if diff := unified("file", "same\n", "same\n"); diff != "--- file\n+++ file\n" {
		t.Errorf("no difference: %q", diff)
	}
}

// patch applies a difference in the unified format, and checks its line numbers.
func patch(t *testing.T, text, diff string) string {
	t.Helper()
	old, at := strings.SplitAfter(text, "\n"), 0
	var b strings.Builder
	var left, come int
	parts := strings.SplitAfter(diff, "\n")[2:]
	for i, line := range parts {
		if header := (struct{ old, n, is, m int }{}); strings.HasPrefix(line, "@@") {
			_, err := fmt.Sscanf(line, "@@ -%d,%d +%d,%d @@", &header.old, &header.n, &header.is, &header.m)
			if err != nil || left+come != 0 {
				t.Fatalf("%q: %v, and %d and %d lines are missing", line, err, left, come)
			}
			begin := header.old - 1
			if header.n == 0 {
				begin++
			}
			for ; at < begin; at++ {
				b.WriteString(old[at])
			}
			left, come = header.n, header.m
			continue
		}
		if line == "" || line[0] == '\\' {
			continue
		}
		content := line[1:]
		if i+1 < len(parts) && strings.HasPrefix(parts[i+1], "\\") {
			content = strings.TrimSuffix(content, "\n")
		}
		if line[0] != '+' {
			if old[at] != content {
				t.Fatalf("line %d is %q, not %q", at+1, old[at], content)
			}
			at++
			left--
		}
		if line[0] != '-' {
			b.WriteString(content)
			come--
		}
	}
	if left != 0 || come != 0 {
		t.Fatalf("the last part has %d and %d lines less than it says", left, come)
	}
	return b.String() + strings.Join(old[at:], "")
}
