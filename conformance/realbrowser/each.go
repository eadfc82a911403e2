package realbrowser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// The environment variables that select browsers.
const (
	// EnvBrowsers is "auto" (the default), "require" or "off". If a browser is not
	// installed, "auto" skips its tests and "require" fails them. "off" skips all
	// tests.
	EnvBrowsers = "CORSKIT_BROWSERS"
	// EnvOnly lists engines, separated by commas. Others are skipped.
	EnvOnly = "CORSKIT_BROWSERS_ONLY"
)

// selection is the selection of browsers by the environment.
type selection struct {
	off, require bool
	only         []string
}

func selected() (selection, error) {
	var s selection
	switch value := os.Getenv(EnvBrowsers); value {
	case "", "auto":
	case "off":
		s.off = true
	case "require":
		s.require = true
	default:
		return s, fmt.Errorf("realbrowser: %s is %q, want auto, require or off", EnvBrowsers, value)
	}
	for name := range strings.SplitSeq(os.Getenv(EnvOnly), ",") {
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		if !slices.ContainsFunc(Engines(), func(e *Engine) bool { return e.Name == name }) {
			return s, fmt.Errorf("realbrowser: %s names %q, want chromium, firefox or webkit", EnvOnly, name)
		}
		s.only = append(s.only, name)
	}
	return s, nil
}

// Each runs f as one subtest per engine, each with its own browser that knows the
// given origins; see [Start]. If an engine is not installed, its subtest is
// skipped and names the command that installs it, or fails if the environment
// requires browsers. With -short all subtests are skipped, unless the environment
// requires browsers.
func Each(t *testing.T, f func(*testing.T, *Session), origins ...string) {
	t.Helper()
	each(t, Engines(), f, origins)
}

// EachWithConsole is like [Each], for sessions with [Session.Console].
func EachWithConsole(t *testing.T, f func(*testing.T, *Session), origins ...string) {
	t.Helper()
	engines := Engines()
	for _, e := range engines {
		e.Console = true
	}
	each(t, engines, f, origins)
}

func each(t *testing.T, engines []*Engine, f func(*testing.T, *Session), origins []string) {
	t.Helper()
	choice, err := selected()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range engines {
		t.Run(e.Name, func(t *testing.T) {
			switch {
			case choice.off:
				t.Skipf("%s=off", EnvBrowsers)
			case len(choice.only) > 0 && !slices.Contains(choice.only, e.Name):
				t.Skipf("%s=%s", EnvOnly, strings.Join(choice.only, ","))
			case testing.Short() && !choice.require:
				t.Skip("real browsers take too long for -short")
			}
			s, err := Start(context.Background(), e, origins...)
			if errors.Is(err, ErrNotInstalled) && !choice.require {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
			t.Log(s.Version)
			f(t, s)
		})
	}
}
