package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/config"
)

// source is what the commands that read a configuration may be told about it.
type source struct {
	profile string
	noEnv   bool
}

func (s *source) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.profile, "profile", "", "the profile, if CORS_PROFILE does not set one")
	cmd.Flags().BoolVar(&s.noEnv, "no-env", false, "leave CORS_* environment variables out of account")
}

func (s *source) options(cmd *cobra.Command) (o config.Options, done func()) {
	o.Profile = s.profile
	if s.noEnv {
		o.Environ = []string{}
	}
	p := progress{terminal: newTerminal(cmd.ErrOrStderr(), "never")}
	o.Progress = p.show
	return o, p.clear
}

// errNoName is what a shell makes of a variable that is not set.
var errNoName = errors.New("the name of a file is empty")

// checkName says why a path cannot be a file's, or nil.
func checkName(path string) error {
	if path == "" {
		return errNoName
	}
	if _, name := filepath.Split(path); name == "" {
		return fmt.Errorf("%s is the path of a directory, not of a file", safe(path))
	}
	return nil
}

// report checks a file.
func (s *source) report(cmd *cobra.Command, path string) config.Report {
	opts, done := s.options(cmd)
	defer done()
	return config.Check(cmd.Context(), config.Files{Dir: filepath.Dir(path)}, filepath.Base(path), opts)
}

// read reads a file for a command that needs a sound one, and says what is
// wrong otherwise.
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

// progress shows on a terminal how far a long load is.
type progress struct {
	terminal terminal
	begun    time.Time
	last     time.Time
	shown    bool
}

// Times of a progress line, so that quick loads show none.
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
	// A phase may take long without a word: its first one is always shown.
	if t.Sub(p.begun) < progressAfter && now.Total < 100_000 || now.Done > 0 && t.Sub(p.last) < progressEvery {
		return
	}
	p.last, p.shown = t, true
	what := string(now.Phase)
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
