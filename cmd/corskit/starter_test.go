package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/corskit/corskit/config"
)

func TestInit(t *testing.T) {
	dir := t.TempDir()
	if r := corskit(t, dir, "init"); r.code != exitYes || !strings.Contains(r.stdout, "wrote cors.yaml") {
		t.Fatalf("%+v", r)
	}
	if r := corskit(t, dir, "check", "--strict", "cors.yaml"); r.code != exitYes {
		t.Errorf("check finds faults in the starter file: %+v", r)
	}
	mine := write(t, dir, "mine.yaml", "mine\n")
	if r := corskit(t, dir, "init", "mine.yaml"); r.code != exitFail || !strings.Contains(r.stderr, "--force") {
		t.Errorf("an existing file: %+v", r)
	}
	if b, _ := os.ReadFile(mine); string(b) != "mine\n" {
		t.Errorf("init has overwritten a file: %q", b)
	}
	if r := corskit(t, dir, "init", "--force", "mine.yaml"); r.code != exitYes {
		t.Errorf("--force: %+v", r)
	}
	stdout := corskit(t, dir, "init", "-").stdout
	// The tests of package config validate this file against the JSON Schema.
	starter := filepath.Join("testdata", "init", "cors.yaml")
	if *update {
		write(t, "", starter, stdout)
	}
	if b, _ := os.ReadFile(starter); string(b) != stdout {
		t.Errorf("%s differs from the starter file that init prints; go test -update rewrites it", starter)
	}
	if b, _ := os.ReadFile(mine); string(b) != stdout || stdout == "" {
		t.Errorf("init writes different text to a file and to standard output")
	}
}

// Every key in a comment is valid once its "#" is removed.
func TestInitKeysAreReal(t *testing.T) {
	keyed := map[string]bool{}
	var lines []string
	for line := range strings.Lines(corskit(t, "", "init", "-").stdout) {
		if i := strings.Index(line, "# "); i >= 0 {
			key, rest, ok := strings.Cut(strings.TrimSpace(strings.TrimLeft(line[i+2:], " -")), ":")
			if ok && isKey(key) && (rest == "" || rest[0] == ' ') {
				line = strings.Replace(line, "# ", "", 1)
				keyed[key] = true
			}
		} else if key, _, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			keyed[key] = true
		}
		lines = append(lines, line)
	}
	dir := t.TempDir()
	write(t, dir, "all.yaml", strings.Join(lines, ""))
	write(t, dir, "partners.txt", "https://partner.example\n")
	if r := corskit(t, dir, "check", "all.yaml"); r.code != exitYes {
		t.Errorf("the starter file with every key set:\n%s\n%s", r.stdout, strings.Join(lines, ""))
	}
	var walk func(config.Field)
	walk = func(f config.Field) {
		if f.Key != "" && !keyed[f.Key] {
			t.Errorf("the starter file lacks %s", f.Key)
		}
		for _, sub := range f.Fields {
			walk(sub)
		}
	}
	walk(config.Schema())
}

func isKey(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz_") == ""
}

func TestSchema(t *testing.T) {
	if r := corskit(t, "", "schema"); r.code != exitYes || !bytes.Equal([]byte(r.stdout), config.JSONSchema()) {
		t.Errorf("%+v", r)
	}
}
