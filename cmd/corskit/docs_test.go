package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestDocumentedFiles runs check --strict on every configuration in the README and in docs.
// Those that should have faults or warnings have no language next to their fence, or say
// that they are something else.
func TestDocumentedFiles(t *testing.T) {
	t.Parallel()
	if _, outside := os.Stat("../../go.work"); outside != nil {
		return // .ci/run also tests a copy of the module alone
	}
	pages := []string{"../../README.md"}
	for _, folder := range []string{"../../docs/*.md", "../../docs/*/*.md"} {
		found, err := filepath.Glob(folder)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	files := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range fencedFile.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[2], "# not a configuration of corskit") || strings.Contains(m[2], `"msg":`) { // a line of a log
				continue
			}
			files++
			dir := t.TempDir()
			write(t, dir, "partners.txt", "https://shop.example\n")
			write(t, dir, "cors."+m[1], strings.ReplaceAll(m[2], "/etc/cors/", "")) // where the program of the guide runs
			if r := corskit(t, dir, "check", "--strict", "cors."+m[1]); r.code != exitYes {
				t.Errorf("%s: %s\n%s%s", page, m[2], r.stdout, r.stderr)
			}
		}
	}
	if files < 6 {
		t.Errorf("found only %d files", files)
	}
}

var fencedFile = regexp.MustCompile("(?ms)^```(yaml|toml|json)\n(.*?)^```")

// TestGuide checks that docs/cli.md has a section for each command, and that the
// section names each flag of the command. The section may omit a flag that
// check or explain has too, if their section names it.
func TestGuide(t *testing.T) {
	text, err := os.ReadFile("../../docs/cli.md")
	if _, outside := os.Stat("../../go.work"); outside != nil {
		t.Skip("docs/cli.md is outside the module, and .ci/run also tests a copy of the module alone")
	}
	if err != nil {
		t.Fatal(err)
	}
	sections := make(map[string]string)
	for _, section := range strings.Split(string(text), "\n## ") {
		name, _, _ := strings.Cut(section, ":")
		sections[name] = section
	}
	for _, cmd := range newRoot().Commands() {
		if cmd.Name() == "version" || cmd.Name() == "completion" || cmd.Name() == "help" {
			if !strings.Contains(string(text), "`corskit "+cmd.Name()) && cmd.Name() == "version" {
				t.Errorf("the guide does not mention %s", cmd.Name())
			}
			continue
		}
		section, ok := sections[cmd.Name()]
		if !ok {
			t.Errorf("the guide has no section about %s", cmd.Name())
		}
		for _, one := range append(cmd.Commands(), cmd) {
			if one != cmd && !strings.Contains(section, "`"+cmd.Name()+" "+one.Name()) {
				t.Errorf("the section about %s lacks %s", cmd.Name(), one.Name())
			}
			for _, m := range flagName.FindAllStringSubmatch(one.LocalNonPersistentFlags().FlagUsages(), -1) {
				if !strings.Contains(section, "--"+m[1]) && !shared(one, m[1], sections) {
					t.Errorf("the section about %s lacks --%s", one.CommandPath(), m[1])
				}
			}
		}
	}
}

// TestFleetGuide checks that docs/fleet.md names chaos tests that exist, all of them, and roles
// as the command prints them.
func TestFleetGuide(t *testing.T) {
	if _, outside := os.Stat("../../go.work"); outside != nil {
		t.Skip("docs/fleet.md is outside the module, and .ci/run also tests a copy of the module alone")
	}
	text, err := os.ReadFile("../../docs/fleet.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("../../fleet/sim/chaos/*_test.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	tests := make(map[string]bool)
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(t `).FindAllStringSubmatch(string(source), -1) {
			tests[m[1]] = true
		}
	}
	for _, m := range regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(string(text), -1) {
		if !tests[m[1]] {
			t.Errorf("the guide names %s, which is not in fleet/sim/chaos", m[1])
		}
		delete(tests, m[1])
	}
	delete(tests, "TestSmoke") // of the harness
	for name := range tests {
		t.Errorf("the guide lacks %s", name)
	}
	for line := range strings.SplitSeq(corskit(t, "", "fleet", "roles").stdout, "\n") {
		if strings.HasPrefix(line, "etcdctl") && !strings.Contains(string(text), line) {
			t.Errorf("the guide lacks %q", line)
		}
	}
}

var flagName = regexp.MustCompile(`(?m)^ .*?--([a-z-]+)`)

// shared reports whether check or explain has the same flag, and the guide names it
// in that section.
func shared(cmd *cobra.Command, flag string, sections map[string]string) bool {
	for _, other := range []string{"check", "explain"} {
		c, _, err := cmd.Root().Find([]string{other})
		if err != nil || c == cmd || c.Flag(flag) == nil {
			continue
		}
		if c.Flag(flag).Usage == cmd.Flag(flag).Usage && strings.Contains(sections[other], "--"+flag) {
			return true
		}
	}
	return false
}
