package fleet

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// bench is a replica without etcd, to which a test passes heads. Its bundles are so small
// that heads carry them.
type bench struct {
	*testing.T
	*keeper
	secret ed25519.PrivateKey
	log    *strings.Builder
}

func newBench(t *testing.T, change func(*Options)) *bench {
	t.Helper()
	public, secret, err := ed25519.GenerateKey(strings.NewReader(strings.Repeat("x", 64)))
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{T: t, secret: secret, log: new(strings.Builder)}
	o := Options{Instance: "web-0", Keys: []ed25519.PublicKey{public}, Logger: slog.New(slog.NewTextHandler(b.log, nil))}
	if change != nil {
		change(&o)
	}
	o, l, err := o.complete()
	if err != nil {
		t.Fatal(err)
	}
	r := &Replica{
		opts: o, keys: l, engine: new(core.Engine), log: journal{log: o.Logger}, changed: make(chan struct{}, 1),
		status: Status{Instance: o.Instance, Active: Active{Source: SourceNone}},
	}
	b.keeper = newKeeper(t.Context(), r)
	return b
}

// head returns a head whose stable bundle allows an origin.
func (b *bench) head(revision uint64, origin string, change ...func(*Head)) []byte {
	b.Helper()
	p, err := (&Bundle{Entry: "cors.yaml", Files: map[string][]byte{
		"cors.yaml": fmt.Appendf(nil, "policies: {spa: {allow_origins: [%q]}}\n", origin),
	}}).pack()
	if err != nil {
		b.Fatal(err)
	}
	p.reference.Pushed = revision
	h := &Head{Version: 1, Prefix: DefaultPrefix, Revision: revision, Time: time.Unix(1, 0).UTC(), Stable: p.reference}
	for _, f := range change {
		f(h)
	}
	data, err := h.encode(inline(p.blobs), b.secret)
	if err != nil {
		b.Fatal(err)
	}
	return data
}

// Origins of the heads of a bench.
const (
	first  = "https://first.example"
	second = "https://second.example"
)

// expect passes a head to the replica, and checks the origin that is then allowed and the
// reason of an area's fault.
func (b *bench) expect(value []byte, allowed string, a area, reason reason.Reason) {
	b.Helper()
	b.judge(b.Context(), value, b.modRev+1)
	b.has(allowed, a, reason)
}

func (b *bench) has(allowed string, a area, reason reason.Reason) {
	b.Helper()
	for _, origin := range []string{first, second} {
		if got := b.Engine().AllowsOrigin(origin); got != (origin == allowed) {
			b.Errorf("%s is allowed: %v, want only %q", origin, got, allowed)
		}
	}
	if got := b.reason(a); got != reason {
		b.Errorf("the fault is %q (%v), want %q", got, b.Err(), reason)
	}
	if reason != "" && !strings.Contains(b.log.String(), "reason="+string(reason)) {
		b.Errorf("the log does not have the fault:\n%s", b.log)
	}
}

func TestJudge(t *testing.T) {
	b := newBench(t, nil)
	b.expect(nil, "", areaHead, reason.NoHead)
	b.expect([]byte{}, "", areaHead, reason.Emptied)
	b.expect(b.head(5, first), first, areaHead, "")
	b.expect(b.head(4, second), first, areaHead, reason.Replayed)
	if s := b.Status(); s.State != StateRefused || s.Head != 4 || s.Seen != 5 || s.Wanted != 5 || s.Active.Revision != 5 {
		t.Errorf("after a replay the status is %+v", s)
	}
	b.expect(b.head(5, second), first, areaHead, reason.Conflicting)
	b.expect(b.head(5, first), first, areaHead, "")
	b.expect(nil, first, areaHead, reason.Emptied)
	b.expect(b.head(6, second, func(h *Head) { h.Prefix = "/other/" }), first, areaHead, reason.WrongFleet)
	b.expect(b.head(MaxRevision, second), second, areaHead, "")
	b.expect(b.head(MaxRevision-1, first), second, areaHead, reason.Replayed)
	if n := strings.Count(b.log.String(), "policy in force\""); n != 2 {
		t.Errorf("the log has %d changes, want 2:\n%s", n, b.log)
	}
}

// TestJudgeSameContent checks that heads with other revisions but the same policy do not
// make the replica compile it again.
func TestJudgeSameContent(t *testing.T) {
	b := newBench(t, nil)
	b.expect(b.head(1, first), first, areaHead, "")
	before := b.Status().Active
	b.expect(b.head(2, first), first, areaHead, "")
	after := b.Status()
	if after.Active.Revision != 2 || after.Wanted != 2 || after.Active.Since != before.Since || after.State != StateAcked {
		t.Errorf("the status is %+v, before %+v", after, before)
	}
}

func TestRefusedBundle(t *testing.T) {
	b := newBench(t, func(o *Options) {
		o.Config.AllowOriginFuncs = map[string]func(context.Context, core.Request) bool{"none": nil}
	})
	b.expect(b.head(1, first), "", areaBundle, reason.RefusedPolicy)
	if b.again || b.Status().State != StateRefused || b.Ready() {
		t.Errorf("tried again: %v, status %+v", b.again, b.Status())
	}
	b.expect(b.head(2, first), "", areaBundle, reason.RefusedPolicy)
	if f := b.Status().Fault; !strings.HasPrefix(f.Text, "revision 2: ") {
		t.Errorf("the fault of the second push is %q", f.Text)
	}
}

// TestSeenOutlivesTheProcess restarts a replica with a whole or damaged disk.
func TestSeenOutlivesTheProcess(t *testing.T) {
	for name, c := range map[string]struct {
		spoil  func(dir string) error
		replay reason.Reason // of revision 4 after 5
		cache  reason.Reason
	}{
		"intact":       {func(string) error { return nil }, reason.Replayed, ""},
		"no mark":      {func(dir string) error { return os.Remove(filepath.Join(dir, seenFile)) }, reason.Replayed, ""},
		"a torn mark":  {func(dir string) error { return os.Truncate(filepath.Join(dir, seenFile), 20) }, reason.Replayed, reason.Cache},
		"no policy":    {func(dir string) error { return os.Remove(filepath.Join(dir, policyFile)) }, reason.Replayed, ""},
		"a torn one":   {func(dir string) error { return os.Truncate(filepath.Join(dir, policyFile), 20) }, reason.Replayed, reason.Cache},
		"nothing left": {os.RemoveAll, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			withDisk := func(o *Options) { o.CacheDir = dir }
			b := newBench(t, withDisk)
			b.expect(b.head(4, second), second, areaCache, "")
			b.expect(b.head(5, first), first, areaCache, "")
			if err := c.spoil(b.disk.dir); err != nil {
				t.Fatal(err)
			}
			b = newBench(t, withDisk)
			b.has("", areaCache, c.cache)
			allowed := second // without the mark, the replica cannot know that the head is a replay
			if c.replay != "" {
				allowed = ""
			}
			b.expect(b.head(4, second), allowed, areaHead, c.replay)
			b.expect(b.head(6, second), second, areaHead, "")
			b.has(second, areaCache, "") // the torn file has been replaced
			if m, err := b.disk.seen(); err != nil || m.revision != 6 {
				t.Errorf("the disk has seen %v (%v)", m, err)
			}
		})
	}
}

// TestBootFromDisk starts with only the disk, whole and damaged.
func TestBootFromDisk(t *testing.T) {
	dir := t.TempDir()
	withDisk := func(o *Options) { o.CacheDir = dir }
	b := newBench(t, withDisk)
	b.expect(b.head(1, first), first, areaHead, "")
	path := filepath.Join(b.disk.dir, policyFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b = newBench(t, withDisk)
	b.bootFromDisk(t.Context())
	b.has(first, areaCache, "")
	if s := b.Status(); s.Active.Source != SourceDisk || s.Active.Revision != 1 || s.Seen != 1 || !b.Ready() {
		t.Errorf("the status is %+v", s)
	}
	// etcd has the same head: nothing is fetched or compiled.
	b.expect(b.head(1, first), first, areaHead, "")
	if s := b.Status(); s.Active.Source != SourceEtcd || s.State != StateAcked {
		t.Errorf("the status is %+v", s)
	}
	for n := 0; n < len(whole); n += 7 {
		changed := append([]byte(nil), whole...)
		changed[n] ^= 0x20
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		b = newBench(t, withDisk)
		b.bootFromDisk(t.Context())
		b.has("", areaCache, reason.Cache)
	}
	if err := os.WriteFile(path, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	b = newBench(t, func(o *Options) { withDisk(o); o.Keys = []ed25519.PublicKey{make([]byte, ed25519.PublicKeySize)} })
	b.bootFromDisk(t.Context())
	b.has("", areaCache, reason.Cache)
	b = newBench(t, func(o *Options) { withDisk(o); o.Prefix = "/other/" })
	b.bootFromDisk(t.Context())
	b.has("", areaCache, "")
}

// TestDiskFaults has a disk that cannot be written. The policy takes effect nevertheless,
// and the copy is written after the fault has ended.
func TestDiskFaults(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache")
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // a file instead of the directory
		t.Fatal(err)
	}
	b := newBench(t, func(o *Options) { o.CacheDir = dir })
	b.has("", areaCache, reason.Cache)
	b.expect(b.head(1, first), first, areaCache, reason.Cache)
	s := b.Status()
	if s.State != StateAcked || s.Fault != nil || s.Cache == nil || b.Err() == nil {
		t.Errorf("the status is %+v", s)
	}
	// The next head has other blobs than those that the disk lacks, and is not taken.
	b.expect(b.head(2, second, func(h *Head) { h.Stable.Size++ }), first, areaBundle, reason.Malformed)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	select {
	case <-b.retry.C:
		b.take(t.Context())
	case <-time.After(10 * time.Second):
		t.Fatal("nothing is tried again")
	}
	b.has(first, areaCache, "")
	if on, err := b.disk.load(); err != nil || len(on.blobs) != 2 {
		t.Errorf("the disk has %+v (%v)", on, err)
	}
}

func TestPause(t *testing.T) {
	for _, c := range []struct {
		replicas int
		longest  time.Duration
	}{{0, time.Second}, {2000, time.Second}, {20_000, 10 * time.Second}, {maxReplicas, maxSpread}} {
		var p pause
		for range 100 {
			if d := p.next(c.replicas); d > c.longest || d < minPause/2 {
				t.Fatalf("with %d replicas, the pause is %v, want at most %v", c.replicas, d, c.longest)
			}
		}
		if p.last != c.longest {
			t.Errorf("with %d replicas, pauses grow to %v, want %v", c.replicas, p.last, c.longest)
		}
		if p.reset(); p.next(c.replicas) > minPause {
			t.Errorf("a pause after a reset is long")
		}
	}
}

func TestFaultsJoin(t *testing.T) {
	var f faults
	if f.err() != nil || f.first() != nil || f.state(true) != StateAcked || f.state(false) != StatePending {
		t.Error("no faults are a fault")
	}
	link, head := &Error{Reason: reason.Unavailable, Detail: "link"}, &Error{Reason: reason.Unsigned, Detail: "head"}
	cache := &Error{Reason: reason.Cache, Detail: "cache"}
	if !f.set(areaCache, cache) || f.set(areaCache, &Error{Reason: reason.Cache, Detail: "other words"}) {
		t.Error("a fault is new once, whatever its words")
	}
	if f.first() != nil || f.state(true) != StateAcked {
		t.Error("a fault of the copy on disk is one of the policy")
	}
	f.set(areaHead, head)
	if f.state(true) != StateRefused || f.first().err != head {
		t.Errorf("the state is %v", f.state(true))
	}
	f.set(areaLink, link)
	if f.state(true) != StateOffline || f.err().Error() != "head\nlink\nother words" {
		t.Errorf("the state is %v, the error %q", f.state(true), f.err())
	}
	if !f.set(areaHead, nil) || f.set(areaHead, nil) {
		t.Error("a fault ends once")
	}
}
