package chaos

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/reason"
)

// TestAwayAtBoot starts replicas while etcd does not run.
func TestAwayAtBoot(t *testing.T) {
	whole(t)
	w := single(t)
	disk, fallback := t.TempDir(), filepath.Join(t.TempDir(), "cors.yaml")
	must(t, os.WriteFile(fallback, policy(9, 0).Files["cors.yaml"], 0o600))
	w.permit(9)
	w.push(1, large)
	first := w.join(func(o *fleet.Options) { o.CacheDir, o.Instance = disk, "first" })
	first.applies(1)
	w.copies(disk)
	must(t, first.Close(t.Context()), w.etcd.Members[0].Stop())

	boot := func(o *fleet.Options) { o.BootTimeout = 100 * time.Millisecond }
	onDisk := w.join(boot, func(o *fleet.Options) { o.CacheDir, o.Fallback = disk, fallback })
	onFile := w.join(boot, func(o *fleet.Options) { o.CacheDir, o.Fallback = t.TempDir(), fallback })
	on := w.join(boot)
	for _, test := range []struct {
		s       *service
		version int
		source  fleet.Source
	}{{onDisk, 1, fleet.SourceDisk}, {onFile, 9, fleet.SourceFile}, {on, 0, fleet.SourceNone}} {
		test.s.suffers(test.version, reason.Unavailable)
		if got := test.s.Status().Active.Source; got != test.source || test.s.Ready() != (test.version > 0) {
			t.Errorf("the policy is from %s and ready is %v, want %s", got, test.s.Ready(), test.source)
		}
	}
	must(t, w.etcd.Members[0].Start(t.Context()))
	for _, s := range []*service{onDisk, onFile, on} {
		s.recovers(1)
	}
	w.push(2, large)
	for _, s := range []*service{onDisk, onFile, on} {
		s.recovers(2)
	}
}

// files returns the files below a directory.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	must(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist): // it has been renamed
		case err != nil:
			return err
		case !entry.IsDir():
			all = append(all, path)
		}
		return nil
	}))
	slices.Sort(all)
	return all
}

// copies waits until a file below the directory has the head that etcd has. The copy is
// written after the policy is in force.
func (w *world) copies(dir string) {
	w.t.Helper()
	head := w.get("head")
	w.until(patience, "write the copy", func() error {
		for _, path := range files(w.t, dir) {
			if strings.HasSuffix(path, ".tmp") {
				continue // it is not the copy before it is renamed
			}
			if data, err := os.ReadFile(path); err == nil && strings.Contains(string(data), head) {
				return nil
			}
		}
		return fmt.Errorf("no file in %v has the head", files(w.t, dir))
	})
}

// TestUnreadableCache damages the copy on disk and starts a replica, first without etcd.
func TestUnreadableCache(t *testing.T) {
	whole(t)
	damages := map[string]func(data []byte) []byte{
		"emptied":   func([]byte) []byte { return nil },
		"truncated": func(data []byte) []byte { return data[:len(data)/2] },
		"extended":  func(data []byte) []byte { return append(data, "more"...) },
		"flipped":   func(data []byte) []byte { data[len(data)/2] ^= 1; return data },
		"directory": nil,
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := apart(t)
			dir := t.TempDir()
			w.push(1, 0)
			before := w.spawn(dir, w.etcd.Endpoints())
			before.waits("apply v1", func(r report) bool { return r.Policy == "v1" && r.State == fleet.StateAcked })
			w.copies(dir)
			before.quit()
			for _, path := range files(t, dir) {
				data, err := os.ReadFile(path)
				must(t, err)
				if damage != nil {
					must(t, os.WriteFile(path, damage(data), 0o600))
				} else {
					must(t, os.Remove(path), os.MkdirAll(filepath.Join(path, "in the way"), 0o700))
				}
			}
			alone := w.spawn(dir, nowhere(t))
			alone.waits("start without a policy", func(r report) bool {
				return r.Policy == "" && r.Source == fleet.SourceNone && r.Cache != ""
			})
			alone.quit()
			after := w.spawn(dir, w.etcd.Endpoints())
			after.waits("apply v1 from etcd", func(r report) bool { return r.Policy == "v1" && r.State == fleet.StateAcked })
			if damage == nil {
				after.waits("name the fault", func(r report) bool { return r.Cache != "" })
				return
			}
			w.push(2, large)
			after.waits("apply v2", func(r report) bool { return r.Policy == "v2" && r.Err == "" })
			w.copies(dir)
			after.quit()
			healed := w.spawn(dir, nowhere(t))
			healed.waits("start from the copy", func(r report) bool {
				return r.Policy == "v2" && r.Source == fleet.SourceDisk && r.Cache == ""
			})
		})
	}
}

// TestReplayedAfterRestart brings an old head back while a replica does not run.
func TestReplayedAfterRestart(t *testing.T) {
	whole(t)
	w := apart(t)
	dir := t.TempDir()
	cached := func(o *fleet.Options) { o.CacheDir = dir }
	w.push(1, 0)
	old := w.get("head")
	w.push(2, large)
	s := w.join(cached)
	s.applies(2)
	w.copies(dir)
	must(t, s.Close(t.Context()))
	w.put("head", old)
	again := w.join(cached)
	again.suffers(2, reason.Replayed)
	w.permit(3)
	_, err := w.store.Push(t.Context(), policy(3, 0), fleet.PushOptions{})
	must(t, err)
	again.recovers(3)
}

// TestFullDisk makes writing the copy fail because the disk is full.
func TestFullDisk(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the size of files cannot be limited on Windows")
	}
	whole(t)
	w := apart(t)
	dir := t.TempDir()
	w.push(1, large)
	c := w.spawn(dir, w.etcd.Endpoints())
	c.waits("apply v1", func(r report) bool { return r.Policy == "v1" && r.Err == "" })
	w.copies(dir)
	before := files(t, dir)
	c.limit("20000")
	w.push(2, 2*large)
	c.waits("apply v2 nevertheless, and report the fault", func(r report) bool {
		return r.Policy == "v2" && r.State == fleet.StateAcked && r.Cache == string(reason.Cache)
	})
	if text, _ := c.log.text(); !contains(text, "reason=cache") {
		t.Errorf("the log does not name the fault:\n%s", text)
	}
	if after := files(t, dir); !slices.Equal(after, before) {
		t.Errorf("the directory has %v, before it had %v", after, before)
	}
	old := w.spawn(copyOf(t, dir), nowhere(t))
	old.waits("start from the old copy", func(r report) bool { return r.Policy == "v1" && r.Source == fleet.SourceDisk })
	c.limit("none")
	c.waits("be well", func(r report) bool { return r.Policy == "v2" && r.Err == "" })
	w.copies(dir)
	c.quit()
	current := w.spawn(dir, nowhere(t))
	current.waits("start from the new copy", func(r report) bool { return r.Policy == "v2" && r.Source == fleet.SourceDisk })
}

func copyOf(t *testing.T, dir string) string {
	t.Helper()
	other := t.TempDir()
	must(t, os.CopyFS(other, os.DirFS(dir)))
	return other
}

// TestKilledWhileWriting kills a replica again and again while it writes its copy, and
// starts it without etcd.
func TestKilledWhileWriting(t *testing.T) {
	whole(t)
	w := apart(t)
	dir, away := t.TempDir(), nowhere(t)
	w.push(1, large)
	for round := range 5 {
		version := 2 + round
		c := w.spawn(dir, w.etcd.Endpoints())
		if round == 0 {
			c.waits("apply v1", func(r report) bool { return r.Policy == "v1" && r.Err == "" })
			w.copies(dir)
		} else {
			c.waits("have a policy", func(r report) bool { return r.Policy != "" })
		}
		w.push(version, 5*large)
		w.until(patience, "begin to write the copy", func() error {
			for _, path := range files(t, dir) {
				if strings.HasSuffix(path, ".tmp") {
					return nil
				}
			}
			if c.latest().Policy == fmt.Sprint("v", version) {
				return nil // it has already written; killing it now is a test too
			}
			return fmt.Errorf("there is no file that is being written")
		})
		c.kill()
		alone := w.spawn(dir, away)
		alone.waits("start from a whole copy", func(r report) bool {
			return r.Policy != "" && r.Source == fleet.SourceDisk && r.Cache == ""
		})
		alone.quit()
	}
}
