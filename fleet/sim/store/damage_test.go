package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/status"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/reason"
)

// TestOldBlobsAreRemoved checks which heads and bundles are kept after many pushes.
func TestOldBlobsAreRemoved(t *testing.T) {
	long(t)
	w := newWorld(t)
	const first, pushes = 201, 12
	bundle := func(i int) *fleet.Bundle { return policy(fmt.Sprintf("https://%d.example", i)) }
	w.push(bundle(0), func(o *fleet.PushOptions) { o.Above = first - 1 })
	for i := range 100 { // as if there had been more
		w.put(fmt.Sprintf("history/%020d", first-100+i), "another head")
	}
	for i := range pushes {
		w.push(bundle(i + 1))
	}
	last := uint64(first + pushes)
	if got := w.keys("history/"); len(got) != 100 || got[99] != fmt.Sprintf("%020d", last) {
		t.Errorf("the history has the %d entries %q, want the newest 100", len(got), got)
	}
	if got := len(w.keys("blobs/")); got != 20 {
		t.Errorf("%d blobs are left, want the 20 of 10 bundles", got)
	}
	if h, err := w.store.Rollback(w.ctx(), last-9, fleet.ChangeOptions{}); err != nil {
		t.Errorf("rollback to the oldest bundle that is kept: %v", err)
	} else {
		w.holds(h.Stable, bundle(pushes-9))
	}
	for to, reason := range map[uint64]reason.Reason{
		last - 10: reason.MissingBlob, 1: reason.NoHead, 1000: reason.NoHead, first - 1: reason.Malformed,
	} {
		if _, err := w.store.Rollback(w.ctx(), to, fleet.ChangeOptions{}); reasonOf(err) != reason {
			t.Errorf("rollback to %d: error %v, want the reason %s", to, err, reason)
		}
	}
}

// TestDamagedBlobs checks that a push replaces blobs that are damaged in etcd.
func TestDamagedBlobs(t *testing.T) {
	long(t)
	w := newWorld(t)
	b := bulky(10_000)
	w.push(b)
	damage := map[string]func(string) string{
		"emptied":   func(string) string { return "" },
		"truncated": func(s string) string { return s[:len(s)/2] },
		"changed":   func(s string) string { return "x" + s[1:] },
		"too large": func(string) string { return strings.Repeat("x", 600<<10) },
	}
	for name, change := range damage {
		for _, hash := range w.keys("blobs/") {
			w.put("blobs/"+hash, change(w.get("blobs/"+hash)))
		}
		h, err := w.store.Head(w.ctx())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.store.Bundle(w.ctx(), h.Stable); reasonOf(err) != reason.Tampered && reasonOf(err) != reason.TooLarge {
			t.Errorf("%s: error %v, want the reason %s", name, err, reason.Tampered)
		}
		w.holds(w.push(b).Stable, b)
	}
}

// TestHeadThatCannotBeTrusted checks changes after someone else has written the head.
func TestHeadThatCannotBeTrusted(t *testing.T) {
	long(t)
	w := newWorld(t)
	first := w.push(policy("https://a.example"))
	good := w.get("head")
	eve := newWorld(t)
	forged := *first
	forged.Revision = 1000
	other, err := forged.Encode(eve.secret)
	if err != nil {
		t.Fatal(err)
	}
	unsigned, err := forged.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		value  string
		reason reason.Reason
	}{
		{"garbage", reason.Malformed}, {string(other), reason.WrongSignature}, {string(unsigned), reason.Unsigned},
		{good[:len(good)/2], reason.Malformed}, {strings.Repeat(" ", 70<<10), reason.TooLarge},
	} {
		w.put("head", tt.value)
		_, err := w.store.Head(w.ctx())
		_, pushed := w.store.Push(w.ctx(), policy("https://b.example"), fleet.PushOptions{})
		_, replaced := w.store.Push(w.ctx(), policy("https://b.example"), fleet.PushOptions{
			Replace: true, Rollout: &fleet.Rollout{Percent: 5},
		})
		_, promoted := w.store.Promote(w.ctx(), fleet.ChangeOptions{})
		_, back := w.store.Rollback(w.ctx(), 1, fleet.ChangeOptions{})
		for i, err := range []error{err, pushed, promoted, back} {
			if reasonOf(err) != tt.reason {
				t.Errorf("call %d: error %v, want the reason %s", i, err, tt.reason)
			}
		}
		if _, ok := errors.AsType[*fleet.OptionError](replaced); !ok {
			t.Errorf("a rollout over a head that cannot be read: error %v, want an OptionError", replaced)
		}
		if w.get("head") != tt.value {
			t.Fatal("a change that was refused has written the head")
		}
		h := w.push(policy("https://b.example"), func(o *fleet.PushOptions) { o.Replace = true })
		if h.Revision <= first.Revision || h.Revision >= 1000 {
			t.Errorf("the new revision is %d, want the next", h.Revision)
		}
		first = h
	}
	// A push may overwrite an emptied or deleted head. The revision still grows.
	w.put("head", "")
	if _, err := w.store.Head(w.ctx()); reasonOf(err) != reason.Emptied {
		t.Errorf("an emptied head: error %v", err)
	}
	second := w.push(policy("https://a.example"))
	if _, err := w.admin.Delete(w.ctx(), w.prefix+"head"); err != nil {
		t.Fatal(err)
	}
	if third := w.push(policy("https://a.example")); second.Revision != first.Revision+1 || third.Revision != second.Revision+1 {
		t.Errorf("revisions %d, %d, %d; want them to follow one another", first.Revision, second.Revision, third.Revision)
	}
}

// TestRestoredEtcd restores etcd from a backup that is older than what replicas have
// seen.
func TestRestoredEtcd(t *testing.T) {
	long(t)
	w := newWorld(t)
	w.push(policy("https://a.example"))
	backup := w.get("head")
	for range 3 {
		w.push(policy("https://b.example"))
	}
	r := w.join("web-0", func(o *fleet.Options) { o.CacheDir = t.TempDir() })
	w.wait("the replica has revision 4", func() bool { return r.Status().Active.Revision == 4 })
	w.wait("its status is in etcd", func() bool { return strings.Contains(strings.Join(w.keys("status/"), " "), "web-0") })
	if _, err := w.admin.Delete(w.ctx(), w.prefix+"history/00000000000000000002", rangeTo(w.prefix+"history0")); err != nil {
		t.Fatal(err)
	}
	w.put("head", backup)
	w.wait("the replica refuses the old head", func() bool { return r.Err() != nil })
	if s := r.Status(); s.Active.Revision != 4 || s.Fault == nil || s.Fault.Reason != reason.Replayed {
		t.Errorf("the status is %+v, want revision 4 and the reason %s", s, reason.Replayed)
	}
	h := w.push(policy("https://c.example"))
	if h.Revision != 5 {
		t.Errorf("the revision is %d, want 5, above what the replica has seen", h.Revision)
	}
	w.wait("the replica has the new policy", func() bool { return r.Status().Active.Revision == 5 && r.Err() == nil })
	if h := w.push(policy("https://c.example"), func(o *fleet.PushOptions) { o.Above = 70 }); h.Revision != 71 {
		t.Errorf("the revision is %d, want 71", h.Revision)
	}
	// A replica that lies cannot use up the revisions.
	w.put("status/evil", fmt.Sprintf(`{"instance":"evil","state":"acked","seen":%d}`, uint64(fleet.MaxRevision)))
	if h := w.push(policy("https://c.example")); h.Revision != 72 {
		t.Errorf("the revision is %d, want 72", h.Revision)
	}
}

// TestStatusesThatLie checks statuses that no replica would write.
func TestStatusesThatLie(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put("status/a", "garbage")
	w.put("status/b", `{"instance":"c"}`)
	w.put("status/d", `{"instance":"d","state":"\u001b[2J","version":"\u202e","fault":{"reason":"\n","text":"a\nb\u0007"}}`)
	w.put("status/e", `{"instance":"e","labels":{"a":"\u001b"}}`)
	w.put("status/f", strings.Repeat(" ", 5<<10))
	w.put("status/\x1b[2J", `{"instance":"\u001b[2J"}`)
	all, err := w.store.Replicas(w.ctx())
	if err != nil || len(all) != 6 {
		t.Fatalf("%d statuses, %v; want 6", len(all), err)
	}
	for _, s := range all {
		text := fmt.Sprintf("%+v", s)
		if s.Fault != nil {
			text += s.Fault.Text + string(s.Fault.Reason)
		}
		if strings.ContainsAny(text, "\x1b\n\a\u202e") || s.Fault == nil {
			t.Errorf("a status that is not fit for a terminal, or has no fault: %q", text)
		}
	}
	w.push(policy("https://a.example"))
}

// TestEtcdIsAway checks that calls end with their context.
func TestEtcdIsAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := w.through(func(ctx context.Context, _ any, _ func() error) error {
		<-ctx.Done()
		return status.FromContextError(ctx.Err()).Err()
	})
	s := w.operator(client, "bob")
	ctx, cancel := context.WithTimeout(w.ctx(), 100*time.Millisecond)
	defer cancel()
	_, head := s.Head(ctx)
	_, push := s.Push(ctx, policy("https://a.example"), fleet.PushOptions{})
	_, replicas := s.Replicas(ctx)
	_, history := s.History(ctx, 1)
	for i, err := range []error{head, push, replicas, history} {
		if reasonOf(err) != reason.Unavailable {
			t.Errorf("call %d: error %v, want the reason %s", i, err, reason.Unavailable)
		}
	}
	if err := s.Follow(ctx, fleet.FollowOptions{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Follow: error %v, want that of the context", err)
	}
}
