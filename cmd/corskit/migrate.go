package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/migrate"
)

func newMigrate() *cobra.Command {
	var m migration
	cmd := &cobra.Command{
		Use:   "migrate [PACKAGES]",
		Short: "Translate the CORS middlewares of a Go program into policies",
		Long: `migrate reads Go packages, ./... by default, and finds where they configure CORS:
with rs/cors, jub0bs/cors, gin-contrib/cors, go-chi/cors, gorilla/handlers, echo,
fiber, hertz or go-zero, or with a middleware of their own. For each place, it prints
the policy, what stays code, what changes for browsers, what was wrong before, and how
to mount corskit instead.

migrate evaluates constants, variables, helpers, call sites and branches. It guesses
nothing: what it cannot evaluate stays your expression, with its file and line. If a
policy allows more than the old middleware did, a line says so.

--write replaces the old middleware where that is safe: the new file compiles, and the
expressions that stay code fit into a policy. Otherwise, --write says why it leaves a
place unchanged. --file writes the policy of the only place, or of the one at --at, to
a new file.

Exit status: 0 if every place is translated; 1 if one is translated only in part, has
no policy, cannot be evaluated or, with --write, is not written; 2 if the packages
cannot be read or a file cannot be written.`,
		Example: `  corskit migrate
  corskit migrate ./cmd/server --form go
  corskit migrate --write ./...
  corskit migrate --at main.go:42 --file cors.yaml
  corskit migrate --format json ./... | jq '.results[] | select(.outcome != "translated")'`,
		RunE: m.run,
	}
	cmd.Flags().StringVarP(&m.dir, "dir", "C", ".", "the directory of the module")
	cmd.Flags().StringVar(&m.form, "form", "yaml", "the form of the policies: yaml or go")
	cmd.Flags().StringVar(&m.format, "format", "text", "output format: text or json")
	cmd.Flags().StringVar(&m.at, "at", "", "translate only the place at this FILE:LINE")
	cmd.Flags().StringVar(&m.file, "file", "", "write the policy to this file")
	cmd.Flags().BoolVarP(&m.force, "force", "f", false, "let --file overwrite a file")
	cmd.Flags().BoolVar(&m.write, "write", false, "change the Go files where that is safe")
	complete(cmd, "form", "yaml", "go")
	complete(cmd, "format", "text", "json")
	return cmd
}

type migration struct {
	dir, form, format, at, file string
	write, force                bool
}

func (m *migration) run(cmd *cobra.Command, patterns []string) error {
	if err := errors.Join(oneOf("form", m.form, "yaml", "go"), oneOf("format", m.format, "text", "json")); err != nil {
		return err
	}
	program, err := migrate.Load(cmd.Context(), m.dir, patterns...)
	if err != nil {
		return err
	}
	results := m.chosen(program.Migrate(cmd.Context()))
	if m.at != "" && len(results) == 0 {
		return fmt.Errorf("--at %s: no CORS middleware is created there; without --at, migrate lists the places", clip(m.at))
	}
	answer := newMigrated(program, results)
	if m.file != "" {
		if answer.Files, err = m.writePolicy(results); err != nil {
			return err
		}
	}
	if m.write {
		if err := m.rewrite(program, results, &answer); err != nil {
			return err
		}
	}
	if m.format == "json" {
		err = printJSON(cmd.OutOrStdout(), answer)
	} else {
		m.print(out(cmd), program, results, answer)
	}
	if err != nil {
		return err
	}
	for i, r := range results {
		if r.Outcome != migrate.Translated || answer.Results[i].NotWritten != "" {
			return errNo
		}
	}
	return nil
}

// chosen returns the results at --at.
func (m *migration) chosen(results []*migrate.Result) []*migrate.Result {
	if m.at == "" {
		return results
	}
	var at []*migrate.Result
	for _, r := range results {
		if place := fmt.Sprintf("%s:%d", r.Site.Pos.Filename, r.Site.Pos.Line); place == filepath.ToSlash(m.at) {
			at = append(at, r)
		}
	}
	return at
}

// writePolicy writes the policy of the only result, and a file for each profile.
func (m *migration) writePolicy(results []*migrate.Result) ([]string, error) {
	if len(results) != 1 {
		return nil, fmt.Errorf("--file takes one policy, and there are %d; choose a place with --at FILE:LINE", len(results))
	}
	r := results[0]
	if r.Outcome == migrate.NoPolicy || r.Outcome == migrate.Unread {
		return nil, fmt.Errorf("--file: %s: there is no policy: %s", r.Site.Pos, r.Why)
	}
	extension := filepath.Ext(m.file)
	if extension != ".yaml" && extension != ".yml" {
		return nil, fmt.Errorf("--file %s: the policy is YAML; name the file %s.yaml", clip(m.file), strings.TrimSuffix(m.file, extension))
	}
	var written []string
	for i, v := range r.Variants {
		name := m.file
		if i > 0 {
			if v.Profile == "" {
				return written, fmt.Errorf("--file: the policy depends on %s, which no profile can express; write the files yourself",
					strings.Join(v.When, " and "))
			}
			name = strings.TrimSuffix(m.file, extension) + "." + v.Profile + extension
		}
		if err := writeNew(name, v.YAML(), m.force); err != nil {
			return written, err
		}
		written = append(written, name)
	}
	return written, nil
}

// rewrite changes the Go files.
func (m *migration) rewrite(program *migrate.Program, results []*migrate.Result, answer *migrated) error {
	w, err := program.Rewrite(results)
	if err != nil {
		return err
	}
	for i, r := range results {
		for _, done := range w.Written {
			answer.Results[i].Written = answer.Results[i].Written || done == r
		}
		for _, refusal := range w.Refused {
			if refusal.Result == r {
				answer.Results[i].NotWritten = refusal.Why
			}
		}
	}
	for name, text := range w.Files {
		if err := replaceFile(name, text); err != nil {
			return err
		}
	}
	return nil
}

func (m *migration) print(t terminal, program *migrate.Program, results []*migrate.Result, answer migrated) {
	styles := map[string]style{"heading": bold, "good": green, "bad": red, "dim": dim}
	colour := func(kind, text string) string { return t.style(styles[kind], text) }
	for _, fault := range answer.Faults {
		t.printf("%s %s\n", t.style(yellow, "not compiled:"), safe(fault))
	}
	for i, r := range results {
		r.Print(t, migrate.Form(m.form), colour)
		if a := answer.Results[i]; a.Written {
			t.printf("  %s\n", t.style(green, "written"))
		} else if a.NotWritten != "" {
			t.printf("  %s %s\n", t.style(yellow, "not written:"), safe(a.NotWritten))
		}
		t.printf("\n")
	}
	migrate.PrintStanding(t, results, colour)
	if len(results) > 0 {
		t.printf("\n")
	}
	for _, name := range answer.Files {
		t.printf("wrote %s\n", safe(name))
	}
	t.printf("%s in %s\n", answer.Counts, plural(len(program.Packages), "package"))
	if m.write && answer.written() {
		t.printf("Now run 'go get %s && go mod tidy', and build.\n", strings.Join(answer.Modules, " "))
	}
}
