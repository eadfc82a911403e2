package replica_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/fleet/sim/etcdtest"
)

// TestFetchesOnlyWhatIsNew changes one line of a large bundle, and counts the bytes that a
// replica gets: with and without a disk, and after a restart.
func TestFetchesOnlyWhatIsNew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, etcdtest.Options{})
	b := policy(first)
	b.Files["cors.yaml"] = []byte("policies: {spa: {origins_file: list.txt}}\n")
	var lines bytes.Buffer // mostly comments, which replicas read quickly
	for i := range 15_000 {
		fmt.Fprintf(&lines, "# %x\n", sha256.Sum256([]byte{byte(i), byte(i >> 8)}))
	}
	list := func(origin string) []byte {
		half := lines.Len() / 2 / 67 * 67
		return slices.Concat(lines.Bytes()[:half], []byte(origin+"\n"), lines.Bytes()[half:])
	}
	b.Files["list.txt"] = list(first)
	w.push(b)
	traffic := func() int64 {
		_, n := w.etcd.Members[0].Client.Traffic()
		return n
	}
	for _, disk := range []bool{false, true} {
		o := w.options()
		if disk {
			o.CacheDir = t.TempDir()
		}
		before := traffic()
		r := w.join(o)
		w.well(patience, r)
		whole := traffic() - before
		if whole < 400_000 {
			t.Fatalf("the whole bundle came in %d bytes", whole)
		}
		few := func(what, origin string) {
			t.Helper()
			w.allows(patience, r, origin)
			w.well(patience, r)
			if n := traffic() - before; n > whole/2 {
				t.Errorf("%s, disk %v: %d bytes for one line, and %d for all", what, disk, n, whole)
			}
		}
		before = traffic()
		b.Files["list.txt"] = list(second)
		w.push(b)
		few("a change", second)
		before = traffic()
		b.Files["list.txt"] = list(first)
		w.push(b)
		few("a change back", first)
		if !disk {
			w.close(r)
			continue
		}
		w.close(r)
		before = traffic()
		r = w.join(o)
		few("a restart", first)
		if s := r.Status(); s.Active.Source != fleet.SourceEtcd {
			t.Errorf("after a restart the status is %+v", s)
		}
	}
}
