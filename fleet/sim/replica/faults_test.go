package replica_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/fleet/sim/etcdtest"
	"github.com/corskit/corskit/fleet/sim/faultproxy"
	"github.com/corskit/corskit/reason"
)

// foreign returns the present head, changed and signed by a key, or not signed.
func (w *world) foreign(key ed25519.PrivateKey, change func(*fleet.Head)) []byte {
	w.Helper()
	h, err := fleet.ParseHead(w.headBytes(), fleet.DefaultPrefix)
	if err != nil {
		w.Fatal(err)
	}
	change(h)
	var keys []ed25519.PrivateKey
	if key != nil {
		keys = append(keys, key)
	}
	data, err := h.Encode(keys...)
	if err != nil {
		w.Fatal(err)
	}
	return data
}

// TestBadHeads replaces a good head with one bad head after the other. The policy stays
// in force, the fault is reported, and the good head, or a push, ends it.
func TestBadHeads(t *testing.T) {
	t.Parallel()
	w := newWorld(t, etcdtest.Options{})
	old := w.push(policy(first))
	replayed := w.headBytes()
	w.push(policy(second))
	good := w.headBytes()
	r := w.join(w.options())
	w.well(patience, r)
	_, stranger, _ := ed25519.GenerateKey(nil)
	next := func(h *fleet.Head) { h.Revision++; h.Stable = old.Stable }
	var envelope map[string]any
	if err := json.Unmarshal(good, &envelope); err != nil {
		t.Fatal(err)
	}
	envelope["surprise"] = 1
	unknown, _ := json.Marshal(envelope)
	for _, c := range []struct {
		name string
		head []byte
		want reason.Reason
	}{
		{"empty", nil, reason.Emptied},
		{"truncated", good[:len(good)/2], reason.Malformed},
		{"tampered", bytes.Replace(good, []byte(`"payload":"ey`), []byte(`"payload":"eX`), 1), reason.WrongSignature},
		{"unsigned", w.foreign(nil, next), reason.Unsigned},
		{"signed by another key", w.foreign(stranger, next), reason.WrongSignature},
		{"replayed", replayed, reason.Replayed},
		{"conflicting", w.foreign(w.secret, func(h *fleet.Head) { h.Stable = old.Stable }), reason.Conflicting},
		{"of another fleet", w.foreign(w.secret, func(h *fleet.Head) { h.Revision++; h.Prefix = "/staging/" }), reason.WrongFleet},
		{"with an unknown field", unknown, reason.Malformed},
		{"too large", append(bytes.Clone(good), bytes.Repeat([]byte(" "), 64<<10)...), reason.TooLarge},
		{"not JSON", []byte("policies: {}"), reason.Malformed},
	} {
		w.rewrite(c.head)
		w.fault(r, c.want)
		if got := allowed(r.Engine()); got != second {
			t.Fatalf("%s: %q is allowed", c.name, got)
		}
		w.rewrite(good)
		w.well(recovery, r)
	}
	w.delete(fleet.DefaultPrefix + "head")
	w.fault(r, reason.Emptied)
	if got := allowed(r.Engine()); got != second {
		t.Fatalf("deleted: %q is allowed", got)
	}
	// The next revision is above the one that the replica has seen, though the head is gone.
	w.push(policy(third))
	w.allows(recovery, r, third)
	w.well(recovery, r)
}

// large returns a policy that does not fit into a head.
func large(origin string) *fleet.Bundle {
	b := policy(origin)
	b.Files["cors.yaml"] = []byte("policies: {spa: {origins_file: list.txt}}\n")
	var list bytes.Buffer
	fmt.Fprintln(&list, origin)
	for i := range 1000 {
		sum := sha256.Sum256([]byte{byte(i), byte(i >> 8)})
		fmt.Fprintf(&list, "https://%x.example\n", sum[:16])
	}
	b.Files["list.txt"] = list.Bytes()
	return b
}

// blobs returns the keys and values of all blobs.
func (w *world) blobs() map[string]string {
	w.Helper()
	all := make(map[string]string)
	r, err := w.admin.Get(w.Context(), fleet.DefaultPrefix+"blobs/", clientv3.WithPrefix())
	if err != nil {
		w.Fatal(err)
	}
	for _, kv := range r.Kvs {
		all[string(kv.Key)] = string(kv.Value)
	}
	return all
}

// TestBadBlobs removes and changes blobs that a replica needs.
func TestBadBlobs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, etcdtest.Options{})
	w.push(policy(first))
	r := w.join(w.options())
	w.well(patience, r)
	proxy := w.etcd.Members[0].Client
	before := first
	for i, c := range []struct {
		name  string
		spoil func(string) string // nil for none
		want  reason.Reason
	}{
		{"missing", nil, reason.MissingBlob},
		{"truncated", func(s string) string { return s[:len(s)-1] }, reason.Tampered},
		{"tampered", func(s string) string { return s[:len(s)-1] + string(s[len(s)-1]^1) }, reason.Tampered},
		{"emptied", func(string) string { return "" }, reason.Tampered},
		{"swapped", func(string) string { return "another" }, reason.Tampered},
	} {
		after := []string{second, third}[i%2]
		proxy.Set(faultproxy.Faults{Stall: faultproxy.Both}) // so that the replica does not fetch the blobs before they are damaged
		b := large(after)
		b.Files["list.txt"] = fmt.Appendf(b.Files["list.txt"], "# %s\n", c.name)
		w.push(b)
		good := w.blobs()
		for key, value := range good {
			if c.spoil == nil {
				w.delete(key)
			} else {
				w.put(key, c.spoil(value))
			}
		}
		proxy.Heal()
		w.fault(r, c.want)
		if got := allowed(r.Engine()); got != before {
			t.Fatalf("%s: %q is allowed", c.name, got)
		}
		for key, value := range good {
			w.put(key, value)
		}
		w.allows(recovery, r, after)
		w.well(recovery, r)
		before = after
	}
}

func (w *world) put(key, value string) {
	w.Helper()
	if _, err := w.admin.Put(w.Context(), key, value); err != nil {
		w.Fatal(err)
	}
}

func (w *world) delete(key string) {
	w.Helper()
	if _, err := w.admin.Delete(w.Context(), key); err != nil {
		w.Fatal(err)
	}
}

// refuseAllBut returns functions with which a replica refuses configurations that have no
// policy of a name.
func refuseAllBut(policy string) map[string]func(context.Context, core.Request) bool {
	return map[string]func(context.Context, core.Request) bool{policy: func(context.Context, core.Request) bool { return false }}
}

// TestRefusedPolicy pushes a policy that the replica refuses, because it has a function
// for another policy.
func TestRefusedPolicy(t *testing.T) {
	t.Parallel()
	w := newWorld(t, etcdtest.Options{})
	w.push(policy(first))
	o := w.options()
	o.Config.AllowOriginFuncs = refuseAllBut("spa")
	r := w.join(o)
	w.well(patience, r)
	renamed := policy(second)
	renamed.Files["cors.yaml"] = bytes.Replace(renamed.Files["cors.yaml"], []byte("spa"), []byte("app"), 1)
	h := w.push(renamed)
	w.fault(r, reason.RefusedPolicy)
	s := r.Status()
	if got := allowed(r.Engine()); got != first || s.State != fleet.StateRefused || s.Wanted != h.Revision || s.Fault.Since.IsZero() {
		t.Fatalf("%q is allowed, the status is %+v", got, s)
	}
	if !strings.Contains(s.Fault.Text, "spa") {
		t.Errorf("the fault does not name the policy: %s", s.Fault.Text)
	}
	w.await(patience, "etcd has the refusal", func() bool { return w.reported(s) })
	w.push(policy(third))
	w.allows(recovery, r, third)
	w.well(recovery, r)
}

// TestBootOrder first joins with all sources of a policy, and then removes one after the
// other.
func TestBootOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, etcdtest.Options{})
	w.push(policy(first))
	dir := t.TempDir()
	local := filepath.Join(dir, "cors.yaml")
	if err := os.WriteFile(local, []byte("policies: {spa: {allow_origins: ["+third+"]}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o := w.options()
	o.CacheDir, o.Fallback = filepath.Join(dir, "cache"), local
	start := func(origin string, source fleet.Source) *fleet.Replica {
		t.Helper()
		r, err := fleet.Join(t.Context(), w.client, o)
		if err != nil {
			t.Fatal(err)
		}
		if got, s := allowed(r.Engine()), r.Status(); got != origin || s.Active.Source != source || r.Ready() != (origin != "") {
			t.Fatalf("%q is allowed, the source is %s (%+v), want %q, %s\nlog:\n%s", got, s.Active.Source, s.Fault, origin, source, w.log)
		}
		return r
	}
	r := start(first, fleet.SourceEtcd)
	w.well(patience, r)
	w.close(r)
	if err := w.etcd.Members[0].Stop(); err != nil {
		t.Fatal(err)
	}
	o.BootTimeout = 300 * time.Millisecond
	w.close(start(first, fleet.SourceDisk))
	good := o.CacheDir
	o.CacheDir = ""
	w.close(start(third, fleet.SourceFile))
	o.Fallback = ""
	r = start("", fleet.SourceNone)
	w.fault(r, reason.Unavailable)
	w.close(r)
	o.CacheDir, o.Keys = good, []ed25519.PublicKey{make([]byte, ed25519.PublicKeySize)}
	w.close(start("", fleet.SourceNone)) // the copy is verified, too
	o.Keys = []ed25519.PublicKey{w.public}
	r = start(first, fleet.SourceDisk)
	if err := w.etcd.Members[0].Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.admin = w.etcd.Admin()
	w.well(recovery, r)
	w.push(policy(second))
	w.allows(recovery, r, second)
}
