package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestGuide holds docs/cli.md to the commands: each has a section, in which each
// of its flags is named, or else in the one of check, which says what flags are
// that several commands have.
func TestGuide(t *testing.T) {
	text, err := os.ReadFile("../../docs/cli.md")
	if _, outside := os.Stat("../../go.work"); outside != nil {
		t.Skip("the guide is in the repository, and this is a copy of the module alone")
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
				t.Errorf("the guide lacks %s", cmd.Name())
			}
			continue
		}
		section, ok := sections[cmd.Name()]
		if !ok {
			t.Errorf("the guide has no section on %s", cmd.Name())
		}
		for _, m := range regexp.MustCompile(`(?m)^ .*?--([a-z-]+)`).FindAllStringSubmatch(cmd.LocalNonPersistentFlags().FlagUsages(), -1) {
			if !strings.Contains(section, "--"+m[1]) && !shared(cmd, m[1], sections) {
				t.Errorf("the section on %s lacks --%s", cmd.Name(), m[1])
			}
		}
	}
}

// shared reports whether a flag is one that check has as well, or explain for
// what a script does, and whether the guide has it there.
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
