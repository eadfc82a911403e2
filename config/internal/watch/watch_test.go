package watch

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// written writes a file and returns its path and revision.
func written(t *testing.T) (path, revision string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "cors.yaml")
	write(t, path, "policies: {p: {}}\n")
	_, revision, err := Read(t.Context(), path, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	return path, revision
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Error(err)
	}
}

// TestWaitComparesContent simulates a file that changed twice within one step of
// the clock of its time stamps: the stamp is as seen before, the content is not.
func TestWaitComparesContent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path, revision := written(t)
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Until(changedAt(info))) // the clock of the test is behind that of the file
		options := Options{Quiet: 150 * time.Millisecond, Poll: time.Hour, PollOnly: true}
		other := stampIn(revision) + hashMark + strings.Repeat("0", 64)
		start := time.Now()
		err = Wait(t.Context(), []File{{path, other}}, options)
		if took, want := time.Since(start), coarse+settle+options.Quiet; err != nil || took != want {
			t.Errorf("Wait returned %v after %v, want nil after %v", err, took, want)
		}
		// Without a change, Wait does not return before its context is done.
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Hour)
		defer cancel()
		absent := filepath.Join(filepath.Dir(path), "absent")
		if err := Wait(ctx, []File{{path, revision}, {absent, ""}}, options); err == nil {
			t.Error("Wait returned nil without a change")
		}
	})
}

// TestWaitUntilWhole checks how long files must be unchanged. The files are looked at
// every second.
func TestWaitUntilWhole(t *testing.T) {
	type edit struct {
		at time.Duration
		do func(t *testing.T, path string)
	}
	put := func(text string) func(*testing.T, string) {
		return func(t *testing.T, path string) { write(t, path, text) }
	}
	remove := func(t *testing.T, path string) {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
	const ms = time.Millisecond
	for _, c := range []struct {
		name  string
		edits []edit
		want  time.Duration
	}{
		{"whole", []edit{{500 * ms, put("policies: {}\n")}}, 1150 * ms},
		{"without a newline", []edit{{500 * ms, put("policies: {}")}}, 1600 * ms},
		{"empty", []edit{{500 * ms, put("")}}, 1600 * ms},
		{"removed", []edit{{500 * ms, remove}}, 1600 * ms},
		// The second change is seen after 1150 ms, when the first one might be whole.
		{"whole twice", []edit{{500 * ms, put("policies:\n")}, {1100 * ms, put("policies:\n  p: {}\n")}}, 1750 * ms},
		{"in pieces", []edit{{500 * ms, put("poli")}, {1100 * ms, put("policies: {}\n")}}, 1750 * ms},
		{"removed and written again", []edit{{500 * ms, remove}, {1100 * ms, put("policies: {}\n")}}, 1300 * ms},
		{"removed and written again between two looks", []edit{{1500 * ms, remove}, {1600 * ms, put("policies: {q: {}}\n")}}, 2150 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				path, revision := written(t)
				start := time.Now()
				for _, e := range c.edits {
					time.AfterFunc(e.at, func() { e.do(t, path) })
				}
				err := Wait(t.Context(), []File{{path, revision}}, Options{Quiet: 150 * ms, Poll: time.Second, PollOnly: true})
				if took := time.Since(start); err != nil || took != c.want {
					t.Errorf("Wait returned %v after %v, want nil after %v", err, took, c.want)
				}
			})
		})
	}
}
