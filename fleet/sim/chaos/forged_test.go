package chaos

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/fleet/sim/etcdtest"
	"github.com/corskit/corskit/reason"
)

// shared returns the etcd of tests that disturb only keys.
var shared = sync.OnceValues(func() (*etcdtest.Cluster, error) {
	return etcdtest.Start(context.Background(), sharedDir, etcdtest.Options{})
})

// apart returns a world of its own on the shared etcd.
func apart(t *testing.T) *world {
	t.Helper()
	etcd, err := shared()
	must(t, err)
	return newWorld(t, etcd)
}

// envelope is the value of a head in etcd.
type envelope struct {
	Payload    []byte            `json:"payload"`
	Signatures []map[string]any  `json:"signatures,omitempty"`
	Blobs      map[string][]byte `json:"blobs,omitempty"`
}

func open(t *testing.T, head string) envelope {
	t.Helper()
	var e envelope
	must(t, json.Unmarshal([]byte(head), &e))
	return e
}

func (e envelope) String() string {
	data, _ := json.Marshal(e)
	return string(data)
}

// sign changes the head, signs it with a key, and returns its value for etcd.
func (w *world) sign(key ed25519.PrivateKey, change func(*fleet.Head)) string {
	w.t.Helper()
	head, err := w.store.Head(w.t.Context())
	must(w.t, err)
	change(head)
	data, err := head.Encode(key)
	must(w.t, err)
	return string(data)
}

// forgeries are heads that can be written by someone who has taken over etcd, but has no
// key. old and now are the heads with which the world has pushed v1 and v2.
var forgeries = []struct {
	name   string
	forge  func(w *world, old, now string) string
	reason reason.Reason
}{
	{"empty", func(*world, string, string) string { return "" }, reason.Emptied},
	{"no JSON", func(*world, string, string) string { return "\x00\xff\n" }, reason.Malformed},
	{"truncated", func(_ *world, _, now string) string { return now[:len(now)-20] }, reason.Malformed},
	{"two heads", func(_ *world, old, now string) string { return now + old }, reason.Malformed},
	{"huge", func(_ *world, _, now string) string { return now + strings.Repeat(" ", 1<<20) }, reason.TooLarge},
	{"unsigned", func(w *world, _, now string) string {
		e := open(w.t, now)
		e.Signatures = nil
		return e.String()
	}, reason.Unsigned},
	{"tampered", func(w *world, _, now string) string {
		e := open(w.t, now)
		e.Payload = []byte(strings.Replace(string(e.Payload), `"revision":`, `"revision":9`, 1))
		return e.String()
	}, reason.WrongSignature},
	{"signature of another head", func(w *world, old, now string) string {
		e := open(w.t, now)
		e.Signatures = open(w.t, old).Signatures
		return e.String()
	}, reason.WrongSignature},
	{"signed with another key", func(w *world, _, _ string) string {
		_, stranger, err := ed25519.GenerateKey(nil)
		must(w.t, err)
		return w.sign(stranger, func(h *fleet.Head) { h.Revision++ })
	}, reason.WrongSignature},
	{"replayed", func(_ *world, old, _ string) string { return old }, reason.Replayed},
	{"same revision, other head", func(w *world, _, _ string) string {
		return w.sign(w.private, func(h *fleet.Head) { h.Message = "other" })
	}, reason.Conflicting},
	{"of another fleet", func(w *world, _, _ string) string {
		return w.sign(w.private, func(h *fleet.Head) { h.Revision, h.Prefix = h.Revision+1, "/other/" })
	}, reason.WrongFleet},
	{"of a newer version", func(w *world, _, now string) string {
		e := open(w.t, now)
		payload := strings.Replace(string(e.Payload), `"version":1`, `"version":2`, 1)
		signed := ed25519.Sign(w.private, []byte("corskit fleet head 1\n"+payload))
		e.Payload, e.Signatures = []byte(payload), []map[string]any{{"key": fleet.KeyID(w.public), "sig": signed}}
		return e.String()
	}, reason.Version},
	{"of a missing bundle", func(w *world, _, _ string) string {
		return w.sign(w.private, func(h *fleet.Head) {
			h.Revision++
			h.Stable.Pushed, h.Stable.Manifest = h.Revision, strings.Repeat("0", 64)
		})
	}, reason.MissingBlob},
}

func TestForgedHeads(t *testing.T) {
	whole(t)
	for _, test := range forgeries {
		t.Run(strings.ReplaceAll(test.name, ",", ""), func(t *testing.T) {
			t.Parallel()
			w := apart(t)
			s := w.join()
			w.push(1, 0)
			old := w.get("head")
			w.push(2, 0)
			s.applies(2)
			w.put("head", test.forge(w, old, w.get("head")))
			s.suffers(2, test.reason)
			w.permit(3)
			_, err := w.store.Push(t.Context(), policy(3, large), fleet.PushOptions{Replace: true})
			must(t, err)
			s.recovers(3)
		})
	}
}

// TestDeletedKeys deletes and empties the keys of a fleet in etcd.
func TestDeletedKeys(t *testing.T) {
	whole(t)
	w := apart(t)
	s := w.join()
	w.push(1, large)
	s.applies(1)
	remove := func(key string) {
		_, err := w.etcd.Admin().Delete(t.Context(), w.prefix+key, clientv3.WithPrefix())
		must(t, err)
	}
	good := w.get("head")
	remove("head")
	s.suffers(1, reason.Emptied)
	w.put("head", good)
	s.recovers(1)
	w.put("head", "")
	s.suffers(1, reason.Emptied)
	w.push(2, large)
	s.recovers(2)
	remove("") // everything
	s.suffers(2, reason.Emptied)
	w.push(3, large)
	s.recovers(3)
}

// TestForgedBundles damages the blobs of a bundle while the head stays.
func TestForgedBundles(t *testing.T) {
	whole(t)
	for name, test := range map[string]struct {
		forge  func(blob string) string // returns "" to delete
		reason reason.Reason
	}{
		"deleted":   {func(string) string { return "" }, reason.MissingBlob},
		"truncated": {func(blob string) string { return blob[:len(blob)/2] }, reason.Tampered},
		"changed":   {func(blob string) string { return blob[:len(blob)-1] + "x" }, reason.Tampered},
		"huge":      {func(blob string) string { return blob + strings.Repeat("x", 1<<20) }, reason.TooLarge},
	} {
		for _, part := range []string{"manifest", "chunk"} {
			t.Run(name+" "+part, func(t *testing.T) {
				t.Parallel()
				w := apart(t)
				s := w.join()
				w.push(1, 0)
				s.applies(1)
				head := w.pushDamaged(2, part, test.forge)
				s.suffers(1, test.reason)
				w.push(3, large) // so large that it has blobs of its own
				s.recovers(3)
				_, err := w.store.Bundle(t.Context(), head.Stable)
				if err == nil {
					t.Error("the store returns the damaged bundle")
				}
			})
		}
	}
}

// pushDamaged pushes a policy and damages its blobs before the head is written.
func (w *world) pushDamaged(version int, part string, forge func(string) string) *fleet.Head {
	w.t.Helper()
	w.permit(version)
	elsewhere := newWorld(w.t, w.etcd)
	source := elsewhere.push(version, large)
	got, err := w.etcd.Admin().Get(w.t.Context(), elsewhere.prefix+"blobs/", clientv3.WithPrefix())
	must(w.t, err)
	for _, blob := range got.Kvs {
		hash := strings.TrimPrefix(string(blob.Key), elsewhere.prefix+"blobs/")
		value := string(blob.Value)
		if (hash == source.Stable.Manifest) == (part == "manifest") {
			value = forge(value)
		}
		if value != "" {
			w.put("blobs/"+hash, value)
		}
	}
	var head *fleet.Head
	w.put("head", w.sign(w.private, func(h *fleet.Head) {
		h.Revision++
		h.Stable = source.Stable
		h.Stable.Pushed = h.Revision
		head = h
	}))
	return head
}

// TestClockJumps writes heads whose time jumps by decades.
func TestClockJumps(t *testing.T) {
	whole(t)
	w := apart(t)
	s := w.join()
	w.push(1, 0)
	s.applies(1)
	for _, year := range []int{2400, 1971, 2026, 1} {
		now := time.Date(year, 2, 3, 4, 5, 6, 7, time.UTC)
		w.put("head", w.sign(w.private, func(h *fleet.Head) { h.Revision, h.Time = h.Revision+1, now }))
		revision := w.head().Revision
		w.until(*recovery, fmt.Sprintf("judge the head of the year %d", year), func() error {
			if got := s.Status().Head; got != revision {
				return fmt.Errorf("head %d was judged, not %d", got, revision)
			}
			return s.isWell(1)
		})
	}
	w.push(2, 0)
	s.recovers(2)
}

func (w *world) head() *fleet.Head {
	w.t.Helper()
	head, err := w.store.Head(w.t.Context())
	must(w.t, err)
	return head
}

// TestPushers lets several operators push at once, with and without a base.
func TestPushers(t *testing.T) {
	whole(t)
	w := apart(t)
	s := w.join()
	w.push(1, 0)
	s.applies(1)
	base := w.head()
	const pushers = 6
	heads, errs := make([]*fleet.Head, pushers), make([]error, pushers)
	pushAll := func(first int, options fleet.PushOptions) {
		var all sync.WaitGroup
		for i := range pushers {
			w.permit(first + i)
			all.Go(func() {
				heads[i], errs[i] = w.store.Push(t.Context(), policy(first+i, large*(i%2)), options)
			})
		}
		all.Wait()
	}

	pushAll(10, fleet.PushOptions{Base: base})
	winner := -1
	for i, err := range errs {
		var conflict *fleet.ConflictError
		switch {
		case err == nil && winner < 0:
			winner = i
		case !errors.As(err, &conflict):
			t.Errorf("push %d returned %v, want a conflict", i, err)
		}
	}
	if winner < 0 {
		t.Fatal("nobody could push")
	}
	s.applies(10 + winner)

	pushAll(20, fleet.PushOptions{})
	revisions, last := map[uint64]bool{}, -1
	for i, err := range errs {
		var conflict *fleet.ConflictError
		switch {
		case errors.As(err, &conflict):
		case err != nil:
			t.Errorf("push %d: %v", i, err)
		case revisions[heads[i].Revision]:
			t.Errorf("two pushes have the revision %d", heads[i].Revision)
		default:
			revisions[heads[i].Revision] = true
			if last < 0 || heads[i].Revision > heads[last].Revision {
				last = i
			}
		}
	}
	if last < 0 {
		t.Fatal("nobody could push")
	}
	s.applies(20 + last)
}
