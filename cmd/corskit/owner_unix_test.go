//go:build unix

package main

import (
	"os"
	"syscall"
	"testing"
)

// The new file belongs to the owner and group of the old one.
func TestReplaceFileKeepsOwner(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	file := write(t, t.TempDir(), "cors.yaml", "old")
	if err := os.Chown(file, 12345, 54321); err != nil {
		t.Skipf("this file system, or the namespace of the tests, does not let root give files away: %v", err)
	}
	if err := os.Chmod(file, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := replaceFile(file, []byte("new")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	if err != nil {
		t.Fatal(err)
	}
	if s := info.Sys().(*syscall.Stat_t); s.Uid != 12345 || s.Gid != 54321 || info.Mode().Perm() != 0o640 {
		t.Errorf("the file belongs to %d:%d and has mode %v", s.Uid, s.Gid, info.Mode())
	}
}
