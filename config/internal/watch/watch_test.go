package watch

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestWaitComparesContent simulates a file that changed twice within one step of
// the clock of its time stamps: the stamp is as seen before, the content is not.
func TestWaitComparesContent(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cors.yaml")
	if err := os.WriteFile(path, []byte("policies: {p: {}}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, revision, err := Read(context.Background(), path, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	options := Options{Quiet: 150 * time.Millisecond, Poll: time.Hour}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	other := stampIn(revision) + hashMark + strings.Repeat("0", 64)
	start := time.Now()
	if err := Wait(ctx, []File{{path, other}}, options); err != nil {
		t.Errorf("the content is never compared: %v after %v", err, time.Since(start))
	}
	// Without a change, Wait does not return before its context is done.
	ctx, cancel = context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if err := Wait(ctx, []File{{path, revision}, {filepath.Join(dir, "absent"), ""}}, options); err == nil {
		t.Error("Wait returned nil without a change")
	}
}
