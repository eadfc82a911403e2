package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/config"
)

// source holds the flags of the commands that read a configuration.
type source struct {
	profile   string
	noEnv     bool
	variables map[string]string // that a program maps, and the keys that they set
}

func (s *source) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.profile, "profile", "", "the profile, such as prod to merge cors.prod.yaml; CORS_PROFILE overrides it")
	cmd.Flags().BoolVar(&s.noEnv, "no-env", false, "ignore environment variables")
	cmd.Flags().StringToStringVar(&s.variables, "map", nil,
		"a variable that the program maps to a key, as in FRONTEND_URL=policies.spa.allow_origins")
}

// options returns the options for loading a file. The caller calls done when the
// file is loaded.
func (s *source) options(cmd *cobra.Command) (o config.Options, done func()) {
	o.Profile, o.Variables = s.profile, s.variables
	if s.noEnv {
		o.Environ = []string{}
	}
	p := progress{terminal: newTerminal(cmd.ErrOrStderr(), "never")}
	o.Progress = p.show
	return o, p.clear
}

// errNoName reports an empty argument, often from an unset shell variable.
var errNoName = errors.New("the file name is empty")

// checkName returns an error if path cannot name a file.
func checkName(path string) error {
	if path == "" {
		return errNoName
	}
	if _, name := filepath.Split(path); name == "" {
		return fmt.Errorf("%s names a directory, not a file", safe(path))
	}
	return nil
}

// defaultFile is the file that 'corskit init' writes. Commands read it if the command
// line names none.
const defaultFile = "cors.yaml"

// orDefault returns files, or defaultFile if there are none and it exists.
func orDefault(files []string) ([]string, error) {
	if len(files) > 0 {
		return files, nil
	}
	if _, err := os.Stat(defaultFile); err != nil {
		return nil, usagef("no file to read: name one, or create %s with 'corskit init'", defaultFile)
	}
	return []string{defaultFile}, nil
}

// report loads and checks a file.
func (s *source) report(cmd *cobra.Command, path string) config.Report {
	opts, done := s.options(cmd)
	defer done()
	return config.Check(cmd.Context(), config.Files{Dir: filepath.Dir(path)}, filepath.Base(path), opts)
}

// read loads a file for a command that needs a valid one. Otherwise it prints the
// faults and returns an error.
func (s *source) read(cmd *cobra.Command, path string) (*config.Config, error) {
	if err := checkName(path); err != nil {
		return nil, &usageError{err}
	}
	r := s.report(cmd, path)
	if r.Err == nil {
		return r.Config, nil
	}
	t := newTerminal(cmd.ErrOrStderr(), cmd.Flag("color").Value.String())
	n := 0
	for e := range config.Errors(r.Err) {
		printDiagnostic(t, diagnosticOf(e))
		n++
	}
	if n == 0 {
		return nil, r.Err
	}
	return nil, fmt.Errorf("%s has %s", path, plural(n, "fault"))
}

// progress shows on a terminal how far a long operation has come.
type progress struct {
	terminal terminal
	begun    time.Time
	last     time.Time
	shown    bool
}

// When a progress line first appears and how often it changes. Quick operations
// show none.
const (
	progressAfter = 300 * time.Millisecond
	progressEvery = 100 * time.Millisecond
)

func (p *progress) show(now config.Progress) {
	if !p.terminal.interactive {
		return
	}
	t := time.Now()
	if p.begun.IsZero() {
		p.begun = t
	}
	// A large phase may run for long before its next report: show its first one.
	early := t.Sub(p.begun) < progressAfter && now.Total < 100_000
	if early || now.Done > 0 && t.Sub(p.last) < progressEvery {
		return
	}
	p.last, p.shown = t, true
	what := now.Phase
	if now.File != "" {
		what += " " + safe(filepath.Base(now.File))
	}
	if now.Total > 0 {
		what += fmt.Sprintf(": %d of %d", now.Done, now.Total)
	}
	p.terminal.printf("\r\x1b[K%s", what)
}

func (p *progress) clear() {
	if p.shown {
		p.terminal.printf("\r\x1b[K")
	}
}
