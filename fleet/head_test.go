package fleet_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/reason"
)

// keyPair returns a pair of keys that the seed determines.
func keyPair(seed byte) (ed25519.PrivateKey, ed25519.PublicKey) {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	return private, private.Public().(ed25519.PublicKey)
}

const prefix = "/corskit/"

// sampleHead returns a valid head with all fields.
func sampleHead() *fleet.Head {
	ref := fleet.Reference{Manifest: hashOf([]byte("a")), Size: 10, Pushed: 6}
	next := fleet.Reference{Manifest: hashOf([]byte("b")), Size: 20, Pushed: 7}
	now := time.Date(2026, 1, 2, 3, 4, 5, 6_000_000, time.UTC)
	return &fleet.Head{
		Version: 1, Prefix: prefix, Revision: 7, Time: now,
		Author: "Ada Lovelace <ada@example.com>", Message: "allow the partners", Replicas: 40,
		Stable: ref, Candidate: &next, RollbackTo: 3,
		Rollout: &fleet.Rollout{
			Salt: "salt", Percent: 25, Labels: map[string]string{"region": "eu"}, Steps: []float64{0.5, 25, 100}, Step: 1,
			Pause: time.Minute, MaxRefused: 2, MaxStricter: 0.01, Halted: &fleet.Halted{Reason: "a replica refused it", Time: now},
		},
	}
}

func TestHeadComesBack(t *testing.T) {
	private, public := keyPair(1)
	plain := sampleHead()
	plain.Candidate, plain.Rollout, plain.RollbackTo = nil, nil, 0
	for _, h := range []*fleet.Head{sampleHead(), plain} {
		data, err := h.Encode(private)
		if err != nil {
			t.Fatal(err)
		}
		got, err := fleet.ParseHead(data, prefix, public)
		if err != nil || !reflect.DeepEqual(got, h) {
			t.Errorf("got %+v, %v; want %+v", got, err, h)
		}
		if _, err := fleet.ParseHead(data, strings.TrimSuffix(prefix, "/")); err != nil {
			t.Errorf("without keys, and without the last slash: %v", err)
		}
	}
}

// TestSignatures checks heads with missing, wrong and several signatures.
func TestSignatures(t *testing.T) {
	oldKey, oldPublic := keyPair(1)
	newKey, newPublic := keyPair(2)
	encode := func(h *fleet.Head, keys ...ed25519.PrivateKey) []byte {
		data, err := h.Encode(keys...)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	// swap puts the signatures of one head on another.
	swap := func(payload, signatures []byte) []byte {
		var a, b map[string]json.RawMessage
		if err := errors.Join(json.Unmarshal(payload, &a), json.Unmarshal(signatures, &b)); err != nil {
			t.Fatal(err)
		}
		a["signatures"] = b["signatures"]
		data, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	other := sampleHead()
	other.Revision++
	signed := encode(sampleHead(), oldKey)
	renamed := bytes.ReplaceAll(signed, []byte(fleet.KeyID(oldPublic)), []byte(fleet.KeyID(newPublic)))
	known := []ed25519.PublicKey{oldPublic}
	tests := map[string]struct {
		data   []byte
		keys   []ed25519.PublicKey
		reason reason.Reason
	}{
		"the key":                              {signed, []ed25519.PublicKey{oldPublic}, ""},
		"a rotation: replicas know both":       {signed, []ed25519.PublicKey{newPublic, oldPublic}, ""},
		"a rotation: both sign":                {encode(sampleHead(), oldKey, newKey), []ed25519.PublicKey{newPublic}, ""},
		"after a rotation: the old key":        {signed, []ed25519.PublicKey{newPublic}, reason.WrongSignature},
		"no signature":                         {encode(sampleHead()), []ed25519.PublicKey{oldPublic}, reason.Unsigned},
		"no signature, no keys":                {encode(sampleHead()), nil, ""},
		"the signature of another head":        {swap(signed, encode(other, oldKey)), known, reason.WrongSignature},
		"another key under the name of a key":  {renamed, []ed25519.PublicKey{newPublic}, reason.WrongSignature},
		"a configured key that is not one":     {signed, []ed25519.PublicKey{nil, oldPublic[:10]}, reason.WrongSignature},
		"eight strangers, and the key unnamed": {swap(signed, encode(other, newKey, newKey, newKey)), known, reason.WrongSignature},
	}
	for name, tt := range tests {
		if _, err := fleet.ParseHead(tt.data, prefix, tt.keys...); reasonOf(err) != tt.reason || err == nil && tt.reason != "" {
			t.Errorf("%s: error %v, want the reason %q", name, err, tt.reason)
		}
	}
}

// TestHeadNoticesEveryBit checks that a signed head is refused after a change of any bit.
func TestHeadNoticesEveryBit(t *testing.T) {
	private, public := keyPair(1)
	data, err := sampleHead().Encode(private)
	if err != nil {
		t.Fatal(err)
	}
	for i := range data {
		for bit := range 8 {
			if testing.Short() && bit != i%8 {
				continue
			}
			changed := bytes.Clone(data)
			changed[i] ^= 1 << bit
			h, err := fleet.ParseHead(changed, prefix, public)
			if err == nil && !reflect.DeepEqual(h, sampleHead()) {
				t.Fatalf("byte %d, bit %d: another head is accepted: %+v", i, bit, h)
			}
			if err != nil && reasonOf(err) == "" {
				t.Fatalf("byte %d, bit %d: an error without a reason: %v", i, bit, err)
			}
		}
		if _, err := fleet.ParseHead(data[:i], prefix, public); err == nil {
			t.Fatalf("the first %d bytes are accepted", i)
		}
	}
}

// TestHeadsThatAreRefused checks invalid heads that are signed with a valid key.
func TestHeadsThatAreRefused(t *testing.T) {
	tests := map[string]func(*fleet.Head){
		"version 0":               func(h *fleet.Head) { h.Version = 0 },
		"version 2":               func(h *fleet.Head) { h.Version = 2 },
		"no prefix":               func(h *fleet.Head) { h.Prefix = "" },
		"a prefix without end":    func(h *fleet.Head) { h.Prefix = "/corskit" },
		"revision 0":              func(h *fleet.Head) { h.Revision = 0 },
		"a revision beyond all":   func(h *fleet.Head) { h.Revision = fleet.MaxRevision + 1 },
		"no time":                 func(h *fleet.Head) { h.Time = time.Time{} },
		"two lines":               func(h *fleet.Head) { h.Message = "a\nb" },
		"an escape":               func(h *fleet.Head) { h.Author = "a\x1b[31m" },
		"a change of direction":   func(h *fleet.Head) { h.Author = "a\u202eb" },
		"a long message":          func(h *fleet.Head) { h.Message = strings.Repeat("a", 1025) },
		"replicas":                func(h *fleet.Head) { h.Replicas = -1 },
		"no stable":               func(h *fleet.Head) { h.Stable = fleet.Reference{} },
		"stable of the future":    func(h *fleet.Head) { h.Stable.Pushed = 8 },
		"stable never pushed":     func(h *fleet.Head) { h.Stable.Pushed = 0 },
		"a path for a SHA-256":    func(h *fleet.Head) { h.Stable.Manifest = "../head" },
		"a size beyond all":       func(h *fleet.Head) { h.Stable.Size = fleet.MaxBundle + 1 },
		"a size of zero":          func(h *fleet.Head) { h.Stable.Size = 0 },
		"no rollout":              func(h *fleet.Head) { h.Rollout = nil },
		"no candidate":            func(h *fleet.Head) { h.Candidate = nil },
		"a candidate without SHA": func(h *fleet.Head) { h.Candidate.Manifest = "" },
		"rollback to the future":  func(h *fleet.Head) { h.RollbackTo = 7 },
		"no salt":                 func(h *fleet.Head) { h.Rollout.Salt = "" },
		"0 percent":               func(h *fleet.Head) { h.Rollout.Percent = 0 },
		"101 percent":             func(h *fleet.Head) { h.Rollout.Steps, h.Rollout.Step, h.Rollout.Percent = nil, 0, 101 },
		"no number":               func(h *fleet.Head) { h.Rollout.Steps, h.Rollout.Step, h.Rollout.Percent = nil, 0, math.NaN() },
		"another percentage":      func(h *fleet.Head) { h.Rollout.Percent = 26 },
		"steps down":              func(h *fleet.Head) { h.Rollout.Steps = []float64{50, 25, 100} },
		"steps that stay":         func(h *fleet.Head) { h.Rollout.Steps = []float64{25, 25} },
		"a step beyond all":       func(h *fleet.Head) { h.Rollout.Step = 3 },
		"step -1":                 func(h *fleet.Head) { h.Rollout.Step = -1 },
		"a step without steps":    func(h *fleet.Head) { h.Rollout.Steps = nil },
		"a pause of -1":           func(h *fleet.Head) { h.Rollout.Pause = -1 },
		"a pause of a year":       func(h *fleet.Head) { h.Rollout.Pause = 365 * 24 * time.Hour },
		"-1 refused":              func(h *fleet.Head) { h.Rollout.MaxRefused = -1 },
		"stricter than all":       func(h *fleet.Head) { h.Rollout.MaxStricter = 1.5 },
		"stricter than nothing":   func(h *fleet.Head) { h.Rollout.MaxStricter = math.NaN() },
		"halted without a reason": func(h *fleet.Head) { h.Rollout.Halted.Reason = "" },
		"halted at no time":       func(h *fleet.Head) { h.Rollout.Halted.Time = time.Time{} },
		"a label with an escape":  func(h *fleet.Head) { h.Rollout.Labels["a"] = "\x1b" },
		"a label with a space":    func(h *fleet.Head) { h.Rollout.Labels["a b"] = "c" },
		"many labels": func(h *fleet.Head) {
			for i := range 17 {
				h.Rollout.Labels[fmt.Sprint(i)] = "a"
			}
		},
	}
	for name, change := range tests {
		h := sampleHead()
		change(h)
		if _, err := h.Encode(); reasonOf(err) != reason.Malformed {
			t.Errorf("%s: Encode: error %v, want the reason %s", name, err, reason.Malformed)
		}
		payload, err := json.Marshal(h)
		if err != nil {
			continue // NaN
		}
		_, err = fleet.ParseHead(envelope(t, payload), prefix)
		if r := reasonOf(err); r != reason.Malformed && r != reason.Version {
			t.Errorf("%s: ParseHead: error %v, want the reason %s", name, err, reason.Malformed)
		}
	}
}

func envelope(t testing.TB, payload []byte) []byte {
	data, err := json.Marshal(map[string]any{"payload": payload})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestEnvelopesThatAreRefused(t *testing.T) {
	good, err := json.Marshal(sampleHead())
	if err != nil {
		t.Fatal(err)
	}
	withField := bytes.Replace(good, []byte(`{`), []byte(`{"more":1,`), 1)
	newer := bytes.Replace(withField, []byte(`"version":1`), []byte(`"version":2`), 1)
	tests := map[string]struct {
		data   []byte
		prefix string
		reason reason.Reason
	}{
		"empty":                      {nil, prefix, reason.Emptied},
		"a space":                    {[]byte(" "), prefix, reason.Malformed},
		"null":                       {[]byte("null"), prefix, reason.Malformed},
		"an empty object":            {[]byte("{}"), prefix, reason.Malformed},
		"a payload that is not JSON": {envelope(t, []byte("version: 1")), prefix, reason.Malformed},
		"a payload without encoding": {fmt.Appendf(nil, `{"payload":%s}`, good), prefix, reason.Malformed},
		"an unknown field":           {envelope(t, withField), prefix, reason.Malformed},
		"a newer version":            {envelope(t, newer), prefix, reason.Version},
		"two payloads":               {envelope(t, append(bytes.Clone(good), good...)), prefix, reason.Malformed},
		"two heads":                  {append(envelope(t, good), envelope(t, good)...), prefix, reason.Malformed},
		"an unknown part":            {[]byte(`{"payload":"e30=","more":1}`), prefix, reason.Malformed},
		"nine signatures": {
			fmt.Appendf(nil, `{"payload":"e30=","signatures":[%s{}]}`, strings.Repeat("{},", 8)), prefix, reason.Malformed,
		},
		"too large":     {bytes.Repeat([]byte(" "), fleet.MaxHead+1), prefix, reason.TooLarge},
		"another fleet": {envelope(t, good), "/corskit/staging/", reason.WrongFleet},
		"no fleet":      {envelope(t, good), "/../", reason.WrongFleet},
	}
	for name, tt := range tests {
		if _, err := fleet.ParseHead(tt.data, tt.prefix); reasonOf(err) != tt.reason {
			t.Errorf("%s: error %v, want the reason %s", name, err, tt.reason)
		}
	}
}

func FuzzHead(f *testing.F) {
	private, public := keyPair(1)
	signed, err := sampleHead().Encode(private)
	if err != nil {
		f.Fatal(err)
	}
	payload, err := json.Marshal(sampleHead())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(signed)
	f.Add(envelope(f, payload))
	f.Add([]byte(`{"payload":"e30=","signatures":[{"key":"","sig":""}],"blobs":{"":""}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := fleet.ParseHead(data, prefix)
		if err != nil {
			if reasonOf(err) == "" || strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Fatalf("an error without a reason, or not one line: %q", err)
			}
			return
		}
		again, err := h.Encode(private)
		if err != nil {
			t.Fatalf("a head that was read cannot be written: %v", err)
		}
		got, err := fleet.ParseHead(again, prefix, public)
		if err != nil || !reflect.DeepEqual(got.Rollout, h.Rollout) || got.Revision != h.Revision || got.Stable != h.Stable {
			t.Fatalf("got %+v, %v; want %+v", got, err, h)
		}
		ref, candidate := h.Wanted("instance", map[string]string{"region": "eu"})
		if candidate && ref != *h.Candidate || !candidate && ref != h.Stable {
			t.Fatalf("Wanted returned %v, %v", ref, candidate)
		}
		if h, err := fleet.ParseHead(data, prefix, public); err == nil && !reflect.DeepEqual(h, sampleHead()) {
			t.Fatalf("a signature was forged: %+v", h)
		}
	})
}

func TestSelection(t *testing.T) {
	const n = 20_000
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("orders-%d", i)
	}
	count := func(r fleet.Rollout, labels map[string]string) (selected map[string]bool) {
		selected = make(map[string]bool)
		for _, name := range names {
			if r.Selects(name, labels) {
				selected[name] = true
			}
		}
		return selected
	}
	var before map[string]bool
	for _, percent := range []float64{0.5, 5, 25, 50, 99, 100} {
		got := count(fleet.Rollout{Salt: "a", Percent: percent}, nil)
		want := n * percent / 100
		if spread := 5 * math.Sqrt(want*(1-percent/100)); math.Abs(float64(len(got))-want) > spread {
			t.Errorf("%g percent of %d selects %d, want %g give or take %.0f", percent, n, len(got), want, spread)
		}
		for name := range before {
			if !got[name] {
				t.Fatalf("%s is not selected at %g percent, but at a lower percentage", name, percent)
			}
		}
		before = got
	}
	a, b := count(fleet.Rollout{Salt: "a", Percent: 50}, nil), count(fleet.Rollout{Salt: "b", Percent: 50}, nil)
	both := 0
	for name := range a {
		if b[name] {
			both++
		}
	}
	if both < n/5 || both > n*3/10 {
		t.Errorf("two salts select %d of %d in common, want about a quarter", both, n)
	}
	eu := fleet.Rollout{Salt: "a", Percent: 100, Labels: map[string]string{"region": "eu"}}
	for want, labels := range map[int]map[string]string{n: {"region": "eu", "service": "orders"}, 0: {"region": "us"}} {
		if got := len(count(eu, labels)); got != want {
			t.Errorf("labels %v: %d are selected, want %d", labels, got, want)
		}
	}
	if got := len(count(fleet.Rollout{Salt: "a", Percent: 100, Labels: map[string]string{"region": ""}}, nil)); got != 0 {
		t.Errorf("a label that replicas lack selects %d", got)
	}
}
