package fleet

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// testBlobs returns the hashes of n blobs of a size, made from a letter, and a function
// that looks up a blob.
func testBlobs(letter byte, n, size int) (hashes []string, blob func(string) ([]byte, error)) {
	all := make(map[string][]byte)
	for i := range n {
		data := bytes.Repeat([]byte{letter}, size)
		copy(data, fmt.Sprint(i))
		sum := sha256.Sum256(data)
		hash := hex.EncodeToString(sum[:])
		hashes, all[hash] = append(hashes, hash), data
	}
	return hashes, func(hash string) ([]byte, error) {
		if data, ok := all[hash]; ok {
			return data, nil
		}
		return nil, fs.ErrNotExist
	}
}

func mustOpen(t *testing.T) *cache {
	t.Helper()
	c, err := openCache(t.TempDir(), "/corskit/")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// mustHold fails unless the disk has a head and all blobs of testBlobs.
func mustHold(t *testing.T, c *cache, head string, letter byte, n, size int) {
	t.Helper()
	on, err := c.load()
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	if string(on.head) != head {
		t.Fatalf("the head on the disk is %q, want %q", on.head, head)
	}
	hashes, blob := testBlobs(letter, n, size)
	for i, hash := range hashes {
		want, _ := blob(hash)
		if got, err := on.blob(hash); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("blob %d has %d bytes and the error %v, want %d bytes", i, len(got), err, len(want))
		}
	}
	if len(on.blobs) != n {
		t.Fatalf("%d blobs, want %d", len(on.blobs), n)
	}
}

func TestCacheReplacesTheWholePolicy(t *testing.T) {
	c := mustOpen(t)
	if _, err := c.load(); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("an empty cache gives %v, want fs.ErrNotExist", err)
	}
	for _, p := range []struct {
		letter  byte
		n, size int
	}{{'a', 1, 1}, {'b', 300, 5000}, {'c', 0, 0}, {'d', 2, maxBlob}} {
		hashes, blob := testBlobs(p.letter, p.n, p.size)
		if err := c.store([]byte("head "+string(p.letter)), hashes, blob); err != nil {
			t.Fatal(err)
		}
		mustHold(t, c, "head "+string(p.letter), p.letter, p.n, p.size)
	}
	noTemporary(t, c)
	for path, want := range map[string]fs.FileMode{c.dir: 0o700, filepath.Join(c.dir, policyFile): 0o600} {
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s has the mode %v (%v), want %v", path, info.Mode().Perm(), err, want)
		}
	}
}

func noTemporary(t *testing.T, c *cache) {
	t.Helper()
	if left, _ := filepath.Glob(filepath.Join(c.dir, "*"+tempSuffix)); len(left) > 0 {
		t.Errorf("temporary files are left: %v", left)
	}
}

// TestCacheKeepsFleetsApart stores two prefixes in one directory.
func TestCacheKeepsFleetsApart(t *testing.T) {
	dir := t.TempDir()
	for _, prefix := range []string{"/a/", "/b/"} {
		c, err := openCache(dir, prefix)
		if err != nil {
			t.Fatal(err)
		}
		hashes, blob := testBlobs(prefix[1], 3, 100)
		if err := c.store([]byte(prefix), hashes, blob); err != nil {
			t.Fatal(err)
		}
	}
	for _, prefix := range []string{"/a/", "/b/"} {
		c, _ := openCache(dir, prefix)
		mustHold(t, c, prefix, prefix[1], 3, 100)
	}
}

// TestCacheNoticesEveryChange cuts the file at every length, flips a bit of every byte,
// and checks that load refuses the result.
func TestCacheNoticesEveryChange(t *testing.T) {
	c := mustOpen(t)
	hashes, blob := testBlobs('x', 3, 20)
	if err := c.store([]byte("head"), hashes, blob); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(c.dir, policyFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	intact := func() bool {
		on, err := c.load()
		if err != nil {
			return false
		}
		for _, hash := range hashes {
			if _, err := on.blob(hash); err != nil {
				return false
			}
		}
		return string(on.head) == "head"
	}
	check := func(what string, data []byte) {
		t.Helper()
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if intact() {
			t.Errorf("load accepts %s", what)
		}
	}
	for n := range whole {
		check(fmt.Sprintf("a file cut at %d of %d bytes", n, len(whole)), whole[:n])
		changed := bytes.Clone(whole)
		changed[n] ^= 1
		check(fmt.Sprintf("a change of byte %d, %q", n, whole[n]), changed)
	}
	check("one byte more", append(bytes.Clone(whole), 'x'))
	check("a frame without a head", []byte(policyMagic+"end 0\n"))
	check("an end without a head", []byte(policyMagic+"end -1\n"))
	check("a huge frame", []byte(policyMagic+"head "+strings.Repeat("0", 64)+" 99999999999\n"))
	if err := os.WriteFile(path, whole, 0o600); err != nil || !intact() {
		t.Errorf("the whole file is refused")
	}
}

// TestCacheBlobOfAReplacedFile reads a blob after another process has replaced the file.
func TestCacheBlobOfAReplacedFile(t *testing.T) {
	c := mustOpen(t)
	hashes, blob := testBlobs('x', 3, 2000)
	if err := c.store([]byte("old"), hashes, blob); err != nil {
		t.Fatal(err)
	}
	on, err := c.load()
	if err != nil {
		t.Fatal(err)
	}
	newer, blobs := testBlobs('y', 1, 100)
	if err := c.store([]byte("new"), newer, blobs); err != nil {
		t.Fatal(err)
	}
	if data, err := on.blob(hashes[0]); err == nil {
		t.Errorf("the blob of the old file is %q, want an error", data)
	}
}

// TestCacheUnreadable replaces each file with something that is not a file.
func TestCacheUnreadable(t *testing.T) {
	hashes, blob := testBlobs('x', 1, 10)
	for name, spoil := range map[string]func(path string) error{
		"a directory":        func(path string) error { return os.MkdirAll(filepath.Join(path, "sub"), 0o700) },
		"a link to itself":   func(path string) error { return os.Symlink(filepath.Base(path), path) },
		"a directory's link": func(path string) error { return os.Symlink(".", path) },
	} {
		t.Run(name, func(t *testing.T) {
			c := mustOpen(t)
			for _, file := range []string{policyFile, seenFile} {
				if err := spoil(filepath.Join(c.dir, file)); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := c.load(); err == nil || errors.Is(err, fs.ErrNotExist) {
				t.Errorf("load gives %v, want a fault", err)
			}
			if m, err := c.seen(); err == nil || m != (mark{}) {
				t.Errorf("seen gives %v and %v, want a fault", m, err)
			}
			if name == "a directory" { // a file cannot be renamed to its name
				if err := c.store([]byte("head"), hashes, blob); err == nil {
					t.Error("store reports no fault")
				}
				noTemporary(t, c)
			}
		})
	}
}

func TestCacheFailedWriteKeepsTheOldOne(t *testing.T) {
	c := mustOpen(t)
	hashes, blob := testBlobs('x', 3, 1000)
	if err := c.store([]byte("head"), hashes, blob); err != nil {
		t.Fatal(err)
	}
	if err := c.store([]byte("worse"), append(hashes, strings.Repeat("0", 64)), blob); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("store of a missing blob gives %v", err)
	}
	mustHold(t, c, "head", 'x', 3, 1000)
	noTemporary(t, c)
}

func TestCacheDirectoryComesBack(t *testing.T) {
	c := mustOpen(t)
	if err := os.RemoveAll(c.dir); err != nil {
		t.Fatal(err)
	}
	hashes, blob := testBlobs('x', 1, 10)
	if err := c.store([]byte("head"), hashes, blob); err != nil {
		t.Fatal(err)
	}
	mustHold(t, c, "head", 'x', 1, 10)
}

func TestCacheCleansUp(t *testing.T) {
	c := mustOpen(t)
	now := time.Now()
	for name, age := range map[string]time.Duration{"policy-1.tmp": 2 * abandonedTemp, "policy-2.tmp": 0, "other": 2 * abandonedTemp} {
		path := filepath.Join(c.dir, name)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := openCache(filepath.Dir(c.dir), "/corskit/"); err != nil {
		t.Fatal(err)
	}
	left, _ := filepath.Glob(filepath.Join(c.dir, "*"))
	for i := range left {
		left[i] = filepath.Base(left[i])
	}
	if got := strings.Join(left, " "); got != "other policy-2.tmp" {
		t.Errorf("left are %q", got)
	}
}

func TestSeenOnlyGrows(t *testing.T) {
	c := mustOpen(t)
	if m, err := c.seen(); err != nil || m != (mark{}) {
		t.Fatalf("at first: %v, %v", m, err)
	}
	for _, step := range []struct{ write, want mark }{
		{mark{7, "abc"}, mark{7, "abc"}},
		{mark{6, "old"}, mark{7, "abc"}},
		{mark{7, "abc"}, mark{7, "abc"}},
		{mark{MaxRevision, "def"}, mark{MaxRevision, "def"}},
	} {
		if err := c.setSeen(step.write); err != nil {
			t.Fatal(err)
		}
		if got, err := c.seen(); err != nil || got != step.want {
			t.Errorf("after %v: %v, %v, want %v", step.write, got, err, step.want)
		}
	}
	path := filepath.Join(c.dir, seenFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) - 1 { // the last byte is the end of a line
		changed := bytes.Clone(whole)
		changed[n] ^= 1
		for _, data := range [][]byte{whole[:n], changed} {
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			if m, err := c.seen(); err == nil || m != (mark{}) {
				t.Errorf("%q gives %v and %v, want a fault", data, m, err)
			}
		}
	}
	if err := c.setSeen(mark{8, "new"}); err != nil {
		t.Errorf("a torn file is not replaced: %v", err)
	}
}

// childDir is set in a process that TestCacheOfAKilledProcess or TestCacheFullDisk starts.
const childDir = "CORSKIT_TEST_CACHE"

// TestCacheOfAKilledProcess repeatedly kills a process that keeps writing. Each time, the
// file must have one of its two contents, whole.
func TestCacheOfAKilledProcess(t *testing.T) {
	const n, size = 20, 20_000
	if dir := os.Getenv(childDir); dir != "" {
		c := &cache{dir}
		for i := byte(0); ; i ^= 1 {
			hashes, blob := testBlobs('a'+i, n, size)
			if err := c.store([]byte{'h', 'a' + i}, hashes, blob); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			if err := c.setSeen(mark{uint64(time.Now().UnixNano()), "x"}); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			fmt.Println("written")
		}
	}
	c := mustOpen(t)
	rounds := 12
	if testing.Short() {
		rounds = 2
	}
	for round := range rounds {
		killDuringWrites(t, c.dir, round)
		on, err := c.load()
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		mustHold(t, c, string(on.head), on.head[1], n, size)
		if m, err := c.seen(); err != nil || m.payload != "x" {
			t.Fatalf("round %d: seen is %v, %v", round, m, err)
		}
	}
}

// killDuringWrites starts this test in another process, and kills it some time after its
// first write.
func killDuringWrites(t *testing.T, dir string, round int) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestCacheOfAKilledProcess$")
	cmd.Env = append(os.Environ(), childDir+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, len("written\n"))
	if n, err := out.Read(line); err != nil || !bytes.HasPrefix(line, []byte("written")) {
		t.Fatalf("the process wrote %q (%v)", line[:n], err)
	}
	// It does not matter which part of a write this interrupts, only that the rounds
	// differ.
	time.Sleep(time.Duration(round*730) * time.Microsecond)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
}
