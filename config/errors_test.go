package config_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

func TestManyFaults(t *testing.T) {
	for _, c := range []struct {
		list, want string
	}{
		{strings.Repeat("a.example\n", 5000), "4000 more faults"},
		// A file that is not a list of origins is not checked to its end.
		{strings.Repeat("a.example\n", 50_000), "at least 15384 more faults"},
		// This file begins with a list of origins.
		{strings.Repeat("https://a.example\n", 20_000) + strings.Repeat("a.example\n", 5000), "4000 more faults"},
	} {
		_, err := config.Read(context.Background(), config.Static{
			"cors.yaml": []byte("policies: {p: {origins_file: list}}"), "list": []byte(c.list),
		}, "cors.yaml", none)
		var last *config.Error
		n := 0
		for e := range config.Errors(err) {
			last, n = e, n+1
		}
		if n != 1001 || last.Reason != reason.More || last.Error() != c.want {
			t.Errorf("%d errors, the last %v, want %s", n, last, c.want)
		}
	}
}

func TestErrorsOfOtherErrors(t *testing.T) {
	for range config.Errors(nil) {
		t.Error("Errors yields an error for nil")
	}
	for range config.Errors(os.ErrNotExist) {
		t.Error("Errors yields an error for another error")
	}
	_, err := config.Load(filepath.Join(t.TempDir(), "cors.yaml"), none)
	if !strings.Contains(err.Error(), "no such file") {
		t.Error(err)
	}
	for e := range config.Errors(err) {
		if !os.IsNotExist(e.Err) {
			t.Errorf("the cause is %v, want fs.ErrNotExist", e.Err)
		}
	}
	// Faults that core found are also available as errors of core.
	_, err = config.Read(context.Background(), yaml("policies: {p: {allow_origins: [a.example]}}"), "cors.yaml", none)
	n := 0
	for pe := range core.PolicyErrors(err) {
		if n++; pe.Reason != reason.MissingScheme || pe.Index != 0 {
			t.Errorf("got %+v", pe)
		}
	}
	if n != 1 {
		t.Errorf("got %d policy errors in %v, want 1", n, err)
	}
}
