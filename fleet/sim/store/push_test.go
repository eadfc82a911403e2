package store_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/reason"
)

func TestPush(t *testing.T) {
	long(t)
	w := newWorld(t)
	if _, err := w.store.Head(w.ctx()); reasonOf(err) != reason.NoHead {
		t.Errorf("before the first push: error %v, want the reason %s", err, reason.NoHead)
	}
	small := policy("https://a.example")
	bundles := []*fleet.Bundle{small, bulky(40_000), bulky(40_000, "https://new.example"), small}
	var blobs []string
	for i, b := range bundles {
		pushed := w.push(b)
		h, err := w.store.Head(w.ctx())
		if err != nil || h.Revision != uint64(i+1) || h.Revision != pushed.Revision || h.Stable != pushed.Stable {
			t.Fatalf("push %d: the head is %+v, %v; Push returned %+v", i, h, err, pushed)
		}
		if h.Author != "ann" || h.Message != "a test" || h.Time.IsZero() || h.Stable.Pushed != h.Revision {
			t.Errorf("push %d: the head is %+v", i, h)
		}
		w.holds(h.Stable, b)
		now := w.keys("blobs/")
		fresh := len(slices.DeleteFunc(slices.Clone(now), func(k string) bool { return slices.Contains(blobs, k) }))
		if want := []int{2, 10, 2, 0}[i]; fresh < want || fresh > want+10 || i > 1 && fresh > want {
			t.Errorf("push %d: %d new blobs, want %d", i, fresh, want)
		}
		blobs = now
	}
	history, err := w.store.History(w.ctx(), 0)
	if err != nil || len(history) != len(bundles) {
		t.Fatalf("the history has %d entries, %v; want %d", len(history), err, len(bundles))
	}
	for i, e := range history {
		if want := uint64(len(bundles) - i); e.Err != nil || e.Revision != want || e.Head.Revision != want {
			t.Errorf("entry %d of the history is %+v, want revision %d", i, e, want)
		}
	}
	if two, err := w.store.History(w.ctx(), 2); err != nil || len(two) != 2 || two[0].Revision != 4 {
		t.Errorf("the newest two of the history: %v, %v", two, err)
	}
	if left := w.keys("pushing/"); len(left) > 0 {
		t.Errorf("marks of pushes are left: %q", left)
	}
}

func TestPushesThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	broken := policy("https://a.example/")
	profile := policy("https://a.example")
	profile.Files["cors.prod.yaml"] = []byte("policies: {spa: {allow_origin: []}}\n")
	profile.Profiles = []string{"", "prod"}
	outside := policy("https://a.example")
	outside.Files["../secret"] = []byte("a")
	huge := policy("https://a.example")
	huge.Files["a.txt"] = make([]byte, fleet.MaxBundle)
	good := policy("https://a.example")
	tests := []struct {
		name   string
		bundle *fleet.Bundle
		opts   fleet.PushOptions
		reason reason.Reason // empty for an *OptionError
		field  string
	}{
		{"a fault", broken, fleet.PushOptions{}, reason.RefusedPolicy, ""},
		{"a fault of a profile", profile, fleet.PushOptions{}, reason.RefusedPolicy, ""},
		{"a name that leads out", outside, fleet.PushOptions{}, reason.Malformed, ""},
		{"too many bytes", huge, fleet.PushOptions{}, reason.TooLarge, ""},
		{"no file", &fleet.Bundle{Entry: "cors.yaml"}, fleet.PushOptions{}, reason.Malformed, ""},
		{"no bundle", nil, fleet.PushOptions{}, "", "bundle"},
		{"two lines", policy("https://a.example"), fleet.PushOptions{Message: "a\nb"}, "", "Message"},
		{"a rollout at first", policy("https://a.example"), fleet.PushOptions{Rollout: &fleet.Rollout{Percent: 5}}, "", "Rollout"},
		{"0 percent", policy("https://a.example"), fleet.PushOptions{Rollout: &fleet.Rollout{}}, "", "Rollout.Percent"},
		{"steps down", good, fleet.PushOptions{Rollout: &fleet.Rollout{Steps: []float64{5, 1}}}, "", "Rollout.Steps[1]"},
		{"above all", policy("https://a.example"), fleet.PushOptions{Above: fleet.MaxRevision}, "", "Above"},
	}
	for _, tt := range tests {
		_, err := w.store.Push(w.ctx(), tt.bundle, tt.opts)
		option, _ := errors.AsType[*fleet.OptionError](err)
		if tt.reason != "" && reasonOf(err) != tt.reason || tt.reason == "" && (option == nil || option.Field != tt.field) {
			t.Errorf("%s: error %v, want the reason %q or the field %q", tt.name, err, tt.reason, tt.field)
		}
	}
	reader, err := fleet.NewStore(w.admin, fleet.StoreOptions{Prefix: w.prefix, Keys: []ed25519.PublicKey{w.public}})
	if err != nil {
		t.Fatal(err)
	}
	_, pushed := reader.Push(w.ctx(), good, fleet.PushOptions{})
	_, promoted := reader.Promote(w.ctx(), fleet.ChangeOptions{})
	_, back := reader.Rollback(w.ctx(), 0, fleet.ChangeOptions{})
	for i, err := range []error{pushed, promoted, back} {
		if option, ok := errors.AsType[*fleet.OptionError](err); !ok || option.Field != "Key" {
			t.Errorf("change %d without a private key: error %v, want one of the field Key", i, err)
		}
	}
	if keys := w.keys(""); len(keys) > 0 {
		t.Errorf("refused pushes have written %q", keys)
	}
	if _, err := fleet.ReadBundle(w.ctx(), t.TempDir()+"/cors.yaml"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: error %v, want fs.ErrNotExist", err)
	}
}

// TestTwoPeople has two operators who read the same head and push one after the other.
func TestTwoPeople(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bob := w.operator(w.admin, "bob")
	for _, base := range []*fleet.Head{{}, {Revision: 1}} { // no head, and the one that bob wrote first
		opts := fleet.PushOptions{Base: base, Message: "for the shop"}
		if _, err := bob.Push(w.ctx(), policy("https://bob.example"), opts); err != nil {
			t.Fatalf("bob, over revision %d: %v", base.Revision, err)
		}
		before := w.get("head")
		_, err := w.store.Push(w.ctx(), policy("https://ann.example"), opts)
		conflict, ok := errors.AsType[*fleet.ConflictError](err)
		if !ok || conflict.Base != base.Revision || conflict.Head == nil || conflict.Head.Author != "bob" {
			t.Fatalf("ann, over revision %d: error %v, want a conflict with bob", base.Revision, err)
		}
		if text := err.Error(); !strings.Contains(text, "bob") || !strings.Contains(text, "for the shop") {
			t.Errorf("the error does not say who pushed, and why: %v", err)
		}
		_, promoted := w.store.Promote(w.ctx(), fleet.ChangeOptions{Base: base})
		_, halted := w.store.Halt(w.ctx(), "no", fleet.ChangeOptions{Base: base})
		_, back := w.store.Rollback(w.ctx(), 0, fleet.ChangeOptions{Base: base})
		for _, err := range []error{promoted, halted, back} {
			if _, ok := errors.AsType[*fleet.ConflictError](err); !ok {
				t.Errorf("a change of revision %d, which is not there: error %v, want a conflict", base.Revision, err)
			}
		}
		if w.get("head") != before {
			t.Error("a change that lost has written the head")
		}
	}
}

// TestManyPushers runs concurrent pushes of the same and of different bundles. Each push
// either wins, and its bundle is whole, or gets an error that names the winner.
func TestManyPushers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.push(policy("https://a.example"))
	const pushers, rounds = 4, 3
	var all sync.WaitGroup
	var mu sync.Mutex
	won := make(map[uint64]*fleet.Bundle)
	ctx := w.ctx()
	for p := range pushers {
		store := w.operator(w.admin, fmt.Sprintf("pusher %d", p))
		all.Go(func() {
			for r := range rounds {
				b := bulky(3000, fmt.Sprintf("https://round-%d.example", (p+r)%2))
				h, err := store.Push(ctx, b, fleet.PushOptions{})
				if _, ok := errors.AsType[*fleet.ConflictError](err); ok {
					continue
				}
				if err != nil {
					t.Errorf("pusher %d: %v", p, err)
					return
				}
				mu.Lock()
				if won[h.Revision] != nil {
					t.Errorf("two pushes got the revision %d", h.Revision)
				}
				won[h.Revision] = b
				mu.Unlock()
			}
		})
	}
	all.Wait()
	history, err := w.store.History(ctx, 0)
	if err != nil || len(history) != len(won)+1 || len(won) == 0 {
		t.Fatalf("the history has %d entries, %v; want %d", len(history), err, len(won)+1)
	}
	for _, e := range history[:min(len(history)-1, 10)] {
		w.holds(e.Head.Stable, won[e.Revision])
	}
}

// TestPushThatDies has a push that dies after it has stored its blobs.
func TestPushThatDies(t *testing.T) {
	long(t)
	w := newWorld(t)
	w.push(policy("https://a.example"))
	before := w.get("head")
	kept := w.keys("blobs/")
	gone := false
	var mu sync.Mutex
	client := w.through(func(_ context.Context, request any, next func() error) error {
		mu.Lock()
		defer mu.Unlock()
		if gone = gone || isTxn(request, true); gone {
			return status.Error(codes.Canceled, "the process is gone")
		}
		return next()
	})
	ctx, cancel := context.WithCancel(w.ctx())
	defer cancel()
	if _, err := w.operator(client, "bob").Push(ctx, bulky(20_000), fleet.PushOptions{}); err == nil {
		t.Fatal("a push that was killed has no error")
	}
	if w.get("head") != before || len(w.keys("history/")) != 1 {
		t.Error("a push that was killed has changed the head or the history")
	}
	orphans := len(w.keys("blobs/")) - len(kept)
	if orphans < 2 {
		t.Fatalf("%d blobs of the push are there, want some", orphans)
	}
	// Its mark stays until its lease ends. Until then, others push, but remove nothing.
	marks := w.keys("pushing/")
	if len(marks) != 1 {
		t.Fatalf("marks of pushes: %q, want one", marks)
	}
	w.push(policy("https://b.example"))
	if got := len(w.keys("blobs/")); got < len(kept)+orphans {
		t.Errorf("%d blobs are left, although a push seems to be in progress; want at least %d", got, len(kept)+orphans)
	}
	r, err := w.admin.Get(w.ctx(), w.prefix+"pushing/"+marks[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.admin.Revoke(w.ctx(), leaseOf(r)); err != nil { // as if a minute had passed
		t.Fatal(err)
	}
	last := w.push(policy("https://c.example"))
	if got := len(w.keys("blobs/")); got != 6 {
		t.Errorf("%d blobs are left after the lease has ended, want the 6 of three small bundles", got)
	}
	w.holds(last.Stable, policy("https://c.example"))
}

// TestMarkIsLost has a push whose lease ends before it writes its head, so that others
// may have removed blobs that it relies on.
func TestMarkIsLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := w.through(func(ctx context.Context, request any, next func() error) error {
		if isTxn(request, true) {
			r, err := w.admin.Get(ctx, w.prefix+"pushing/"+w.keys("pushing/")[0])
			if err == nil {
				_, err = w.admin.Revoke(ctx, leaseOf(r))
			}
			if err != nil {
				t.Error(err)
			}
		}
		return next()
	})
	_, err := w.operator(client, "bob").Push(w.ctx(), policy("https://a.example"), fleet.PushOptions{})
	if reasonOf(err) != reason.Unavailable {
		t.Errorf("error %v, want the reason %s", err, reason.Unavailable)
	}
	if keys := w.keys("h"); len(keys) > 0 {
		t.Errorf("the push has written %q", keys)
	}
}

// TestAnswerIsLost has a push whose head is written, but etcd's answer does not arrive.
func TestAnswerIsLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	client := w.through(func(_ context.Context, request any, next func() error) error {
		err := next()
		if isTxn(request, true) {
			return status.Error(codes.DeadlineExceeded, "the answer is lost")
		}
		return err
	})
	h, err := w.operator(client, "bob").Push(w.ctx(), policy("https://a.example"), fleet.PushOptions{})
	if err != nil {
		t.Fatalf("the head was written, but Push returned %v", err)
	}
	if now, err := w.store.Head(w.ctx()); err != nil || now.Revision != h.Revision {
		t.Errorf("the head is %+v, %v; want revision %d", now, err, h.Revision)
	}
}

// TestRemovalAndPush has a push that removes old blobs while another push begins to rely
// on them, at two different moments.
func TestRemovalAndPush(t *testing.T) {
	long(t)
	old := bulky(10_000, "https://old.example")
	for _, during := range []bool{false, true} {
		w := newWorld(t)
		w.push(old)
		for i := range 9 {
			w.push(policy(fmt.Sprintf("https://%d.example", i)))
		}
		before := len(w.keys("blobs/"))
		removing, goOn := make(chan bool), make(chan bool)
		var once sync.Once
		slow := w.operator(w.through(func(_ context.Context, request any, next func() error) error {
			if isTxn(request, false) {
				once.Do(func() {
					removing <- true
					<-goOn
				})
			}
			return next()
		}), "slow")
		found, write := make(chan bool), make(chan bool)
		quick := w.operator(w.through(func(_ context.Context, request any, next func() error) error {
			if isTxn(request, true) && during {
				found <- true
				<-write
			}
			return next()
		}), "quick")
		var all sync.WaitGroup
		ctx := w.ctx()
		var slowErr, quickErr error
		var pushed *fleet.Head
		all.Go(func() { _, slowErr = slow.Push(ctx, policy("https://slow.example"), fleet.PushOptions{}) })
		<-removing // the next request removes the blobs of old
		all.Go(func() {
			pushed, quickErr = quick.Push(ctx, old, fleet.PushOptions{})
			if !during {
				goOn <- true
			}
		})
		if during {
			<-found // quick has found the blobs, and has not written its head
			goOn <- true
			w.wait("the removal has been tried", func() bool { return len(w.keys("pushing/")) == 1 })
			write <- true
		}
		all.Wait()
		if slowErr != nil || quickErr != nil {
			t.Fatalf("slow: %v, quick: %v", slowErr, quickErr)
		}
		w.holds(pushed.Stable, old)
		if got := len(w.keys("blobs/")); got < before {
			t.Errorf("%d blobs are left of %d, although a push relied on them", got, before)
		}
	}
}

// TestOldKeys checks that operators with a new key remove no bundle that operators with
// the old key can bring back.
func TestOldKeys(t *testing.T) {
	long(t)
	w := newWorld(t)
	old := policy("https://a.example")
	w.push(old)
	public, secret, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	store := func(keys ...ed25519.PublicKey) *fleet.Store {
		s, err := fleet.NewStore(w.admin, fleet.StoreOptions{Prefix: w.prefix, Key: secret, Keys: keys})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	both, later := store(w.public, public), store(public)
	if _, err := later.Push(w.ctx(), old, fleet.PushOptions{}); reasonOf(err) != reason.WrongSignature {
		t.Errorf("a push over a head of an unknown key: error %v, want the reason %s", err, reason.WrongSignature)
	}
	for i, s := range []*fleet.Store{both, later, later} {
		if _, err := s.Push(w.ctx(), policy(fmt.Sprintf("https://%d.example", i)), fleet.PushOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := later.Rollback(w.ctx(), 1, fleet.ChangeOptions{}); reasonOf(err) != reason.WrongSignature {
		t.Errorf("a rollback to a head of an unknown key: error %v, want the reason %s", err, reason.WrongSignature)
	}
	h, err := both.Rollback(w.ctx(), 1, fleet.ChangeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.store = both
	w.holds(h.Stable, old)
}
