package fleet_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/reason"
)

// originLines returns a list of n origins.
func originLines(n int) []byte {
	var b bytes.Buffer
	random := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		fmt.Fprintf(&b, "https://%x.partner-%d.example\n", random.Uint64(), i)
	}
	return b.Bytes()
}

func policyWith(list string) []byte {
	return []byte("policies:\n  app:\n    origins_file: " + list + "\n")
}

func reasonOf(err error) reason.Reason {
	if e, ok := errors.AsType[*fleet.Error](err); ok {
		return e.Reason
	}
	return ""
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func TestPackReturnsWhatWasPacked(t *testing.T) {
	random := make([]byte, 3<<20)
	for i := range random {
		random[i] = byte(rand.IntN(256))
	}
	tests := map[string]map[string][]byte{
		"one file":         {"cors.yaml": []byte(smallPolicy)},
		"an empty file":    {"cors.yaml": []byte(smallPolicy), "empty.txt": {}},
		"no last newline":  {"cors.yaml": []byte("version: 1")},
		"a long list":      {"cors.yaml": policyWith("lists/a.txt"), "lists/a.txt": originLines(30_000)},
		"one endless line": {"cors.yaml": []byte(smallPolicy), "a.txt": bytes.Repeat([]byte("x"), 5<<20)},
		"equal lines":      {"cors.yaml": []byte(smallPolicy), "a.txt": bytes.Repeat([]byte("https://a.example\n"), 1<<17)},
		"only newlines":    {"cors.yaml": []byte(smallPolicy), "a.txt": bytes.Repeat([]byte("\n"), 2<<20)},
		"random bytes":     {"cors.yaml": []byte(smallPolicy), "a.txt": random},
	}
	for name, files := range tests {
		t.Run(name, func(t *testing.T) {
			ref, blobs, err := fleet.Pack(&fleet.Bundle{Entry: "cors.yaml", Files: files})
			if err != nil {
				t.Fatal(err)
			}
			for hash, data := range blobs {
				if hashOf(data) != hash || len(data) > fleet.MaxBlob {
					t.Fatalf("a blob of %d bytes is named %s", len(data), hash)
				}
			}
			b, err := fleet.Unpack(ref, blobs)
			if err != nil {
				t.Fatal(err)
			}
			if b.Entry != "cors.yaml" || !maps.EqualFunc(b.Files, files, bytes.Equal) {
				t.Error("other files came out")
			}
			again, _, err := fleet.Pack(b)
			if err != nil || again != ref {
				t.Errorf("packing again: %v, %v, want %v", again, err, ref)
			}
		})
	}
}

// TestPackReusesChunks checks that a push of a long list with one change sends only new
// chunks.
func TestPackReusesChunks(t *testing.T) {
	list := originLines(60_000)
	files := func(list []byte) *fleet.Bundle {
		return &fleet.Bundle{Entry: "cors.yaml", Files: map[string][]byte{"cors.yaml": policyWith("a.txt"), "a.txt": list}}
	}
	_, before, err := fleet.Pack(files(list))
	if err != nil {
		t.Fatal(err)
	}
	middle := bytes.IndexByte(list[len(list)/2:], '\n') + len(list)/2 + 1
	added := []byte("https://new.example\n")
	lines := bytes.SplitAfter(list, []byte("\n"))
	tests := map[string][]byte{
		"a line is added in the middle": slices.Concat(list[:middle], added, list[middle:]),
		"a line is added at the front":  slices.Concat(added, list),
		"a line is added at the end":    slices.Concat(list, added),
		"a line is removed":             slices.Concat(bytes.Join(lines[:40_000], nil), bytes.Join(lines[40_001:], nil)),
		"a line is changed":             slices.Concat(bytes.Join(lines[:9000], nil), added, bytes.Join(lines[9001:], nil)),
		"a block of lines moves":        slices.Concat(bytes.Join(lines[30_000:], nil), bytes.Join(lines[:30_000], nil)),
	}
	for name, changed := range tests {
		_, after, err := fleet.Pack(files(changed))
		if err != nil {
			t.Fatal(err)
		}
		fresh := 0
		for hash := range after {
			if _, ok := before[hash]; !ok {
				fresh++
			}
		}
		// The new blobs are the manifest and, at each change, one or two chunks, until
		// the cuts coincide again.
		if fresh < 2 || fresh > 6 || len(after) < 18 {
			t.Errorf("%s: %d of %d blobs are new, want 2 to 6", name, fresh, len(after))
		}
	}
}

// TestUnpackNoticesEveryByte changes each byte of the blobs of a bundle, removes and adds
// bytes, and swaps blobs. Unpack must refuse each.
func TestUnpackNoticesEveryByte(t *testing.T) {
	files := map[string][]byte{"cors.yaml": policyWith("a.txt"), "a.txt": []byte("https://a.example\nhttps://b.example\n")}
	ref, blobs, err := fleet.Pack(&fleet.Bundle{Entry: "cors.yaml", Files: files})
	if err != nil {
		t.Fatal(err)
	}
	check := func(what, hash string, data []byte, want ...reason.Reason) {
		t.Helper()
		changed := maps.Clone(blobs)
		changed[hash] = data
		if _, err := fleet.Unpack(ref, changed); !slices.Contains(want, reasonOf(err)) {
			t.Errorf("%s of %s: error %v, want the reason %v", what, hash, err, want)
		}
	}
	var other []byte
	for hash, data := range blobs {
		for i := range data {
			changed := bytes.Clone(data)
			changed[i] ^= 1 << (i % 8)
			check("a changed byte", hash, changed, reason.Tampered)
			check("a cut", hash, data[:i], reason.Tampered)
		}
		check("one more byte", hash, append(bytes.Clone(data), 0), reason.Tampered)
		check("far too many bytes", hash, make([]byte, fleet.MaxBlob+1), reason.TooLarge)
		if other != nil {
			check("another blob", hash, other, reason.Tampered)
		}
		other = data
		changed := maps.Clone(blobs)
		delete(changed, hash)
		if _, err := fleet.Unpack(ref, changed); err == nil {
			t.Errorf("%s is missing, but Unpack has no error", hash)
		}
	}
}

// bundleParts is a manifest with any contents.
type bundleParts struct {
	Version int        `json:"version"`
	Entry   string     `json:"entry"`
	Files   []filePart `json:"files"`
}

type filePart struct {
	Name   string  `json:"name"`
	Size   int64   `json:"size"`
	SHA256 string  `json:"sha256"`
	Chunks []chunk `json:"chunks"`
}

type chunk struct {
	SHA256 string `json:"sha256"`
	Size   int64  `json:"size"`
}

func zipped(t testing.TB, data []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// unpackParts returns the error for a manifest that someone signed, with one blob.
func unpackParts(t testing.TB, manifest any, size int64, blob []byte) error {
	t.Helper()
	text, ok := manifest.([]byte)
	if !ok {
		var err error
		if text, err = json.Marshal(manifest); err != nil {
			t.Fatal(err)
		}
	}
	ref := fleet.Reference{Manifest: hashOf(text), Size: size, Pushed: 1}
	_, err := fleet.Unpack(ref, map[string][]byte{ref.Manifest: text, hashOf(blob): blob})
	return err
}

// TestHostileManifests checks invalid manifests and blobs that are signed with a valid
// key.
func TestHostileManifests(t *testing.T) {
	text := []byte(smallPolicy)
	blob := zipped(t, text)
	size := int64(len(text))
	upper := strings.ToUpper(hashOf(text))
	good := func(change func(*bundleParts)) bundleParts {
		m := bundleParts{1, "cors.yaml", []filePart{{"cors.yaml", size, hashOf(text), []chunk{{hashOf(blob), size}}}}}
		change(&m)
		return m
	}
	named := func(name string) bundleParts {
		return good(func(m *bundleParts) { m.Entry, m.Files[0].Name = name, name })
	}
	if err := unpackParts(t, good(func(*bundleParts) {}), size, blob); err != nil {
		t.Fatalf("the manifest that the others vary: %v", err)
	}
	tests := map[string]struct {
		manifest any
		size     int64
		reason   reason.Reason
	}{
		"an absolute name":       {named("/etc/cors.yaml"), size, reason.Malformed},
		"a name that leads out":  {named("../cors.yaml"), size, reason.Malformed},
		"a name that leads back": {named("a/../cors.yaml"), size, reason.Malformed},
		"a name with a drive":    {named("c:cors.yaml"), size, reason.Malformed},
		"a backslash":            {named(`..\cors.yaml`), size, reason.Malformed},
		"a directory":            {named("."), size, reason.Malformed},
		"an empty name":          {named(""), size, reason.Malformed},
		"a control character":    {named("cors\x1b[2J.yaml"), size, reason.Malformed},
		"a NUL":                  {named("cors.yaml\x00.txt"), size, reason.Malformed},
		"a long name":            {named(strings.Repeat("a", 256)), size, reason.Malformed},
		"another version":        {good(func(m *bundleParts) { m.Version = 2 }), size, reason.Version},
		"no version":             {good(func(m *bundleParts) { m.Version = 0 }), size, reason.Version},
		"no entry":               {good(func(m *bundleParts) { m.Entry = "other.yaml" }), size, reason.Malformed},
		"no files":               {good(func(m *bundleParts) { m.Files = nil }), 0, reason.Malformed},
		"a file twice":           {good(func(m *bundleParts) { m.Files = append(m.Files, m.Files[0]) }), 2 * size, reason.Malformed},
		"another size":           {good(func(*bundleParts) {}), size + 1, reason.Malformed},
		"a negative size":        {good(func(m *bundleParts) { m.Files[0].Size = -1 }), -1, reason.Malformed},
		"a size beyond all":      {good(func(m *bundleParts) { m.Files[0].Size = 1 << 62 }), 1 << 62, reason.Malformed},
		"an empty chunk":         {good(func(m *bundleParts) { m.Files[0].Chunks[0].Size = 0 }), size, reason.Malformed},
		"a chunk of -1 byte":     {good(func(m *bundleParts) { m.Files[0].Chunks[0].Size = -1 }), size, reason.Malformed},
		"a huge chunk":           {good(func(m *bundleParts) { m.Files[0].Chunks[0].Size = 1 << 20 }), size, reason.Malformed},
		"chunks that are short":  {good(func(m *bundleParts) { m.Files[0].Chunks[0].Size-- }), size, reason.Malformed},
		"a SHA-256 of a path":    {good(func(m *bundleParts) { m.Files[0].Chunks[0].SHA256 = "../../head" }), size, reason.Malformed},
		"an upper-case SHA-256":  {good(func(m *bundleParts) { m.Files[0].SHA256 = upper }), size, reason.Malformed},
		"another SHA-256":        {good(func(m *bundleParts) { m.Files[0].SHA256 = hashOf(nil) }), size, reason.Tampered},
		"a missing chunk":        {good(func(m *bundleParts) { m.Files[0].Chunks[0].SHA256 = hashOf(nil) }), size, reason.MissingBlob},
		"an unknown field":       {[]byte(`{"version":1,"entry":"a","files":[],"more":1}`), 0, reason.Malformed},
		"two values":             {[]byte(`{"version":1,"entry":"a","files":[]} {}`), 0, reason.Malformed},
		"not JSON":               {[]byte("version: 1"), 0, reason.Malformed},
		"deep nesting":           {[]byte(strings.Repeat("[", 100_000)), 0, reason.Malformed},
		"a huge manifest":        {bytes.Repeat([]byte(" "), fleet.MaxManifest+1), 0, reason.TooLarge},
		"many files": {good(func(m *bundleParts) {
			for i := range 300 {
				m.Files = append(m.Files, filePart{fmt.Sprintf("d%03d", i), 0, hashOf(nil), nil})
			}
		}), size, reason.Malformed},
	}
	for name, tt := range tests {
		if err := unpackParts(t, tt.manifest, tt.size, blob); reasonOf(err) != tt.reason {
			t.Errorf("%s: error %v, want the reason %s", name, err, tt.reason)
		}
	}
}

// TestBombs checks blobs that decompress to another size than they declare.
func TestBombs(t *testing.T) {
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	if _, err := io.CopyN(w, zeros{}, 64<<20); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	text := []byte(smallPolicy)
	whole := zipped(t, text)
	tests := map[string]struct {
		blob []byte
		size int64
	}{
		"64 MiB in 64 KiB":     {bomb.Bytes(), fleet.MaxChunk},
		"one byte more":        {whole, int64(len(text)) - 1},
		"one byte less":        {whole, int64(len(text)) + 1},
		"two streams":          {append(bytes.Clone(whole), whole...), int64(len(text))},
		"something after":      {append(bytes.Clone(whole), "more"...), int64(len(text))},
		"a wrong checksum":     {append(bytes.Clone(whole[:len(whole)-8]), 0, 0, 0, 0, whole[len(whole)-4], 0, 0, 0), int64(len(text))},
		"a cut stream":         {whole[:len(whole)-9], int64(len(text))},
		"not compressed":       {text, int64(len(text))},
		"nothing":              {nil, int64(len(text))},
		"a header and no more": {whole[:10], int64(len(text))},
	}
	for name, tt := range tests {
		m := bundleParts{1, "cors.yaml", []filePart{{"cors.yaml", tt.size, hashOf(text), []chunk{{hashOf(tt.blob), tt.size}}}}}
		if err := unpackParts(t, m, tt.size, tt.blob); reasonOf(err) != reason.Tampered {
			t.Errorf("%s: error %v, want the reason %s", name, err, reason.Tampered)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func FuzzUnpack(f *testing.F) {
	text := []byte(smallPolicy)
	ref, blobs, err := fleet.Pack(&fleet.Bundle{Entry: "cors.yaml", Files: map[string][]byte{"cors.yaml": text}})
	if err != nil {
		f.Fatal(err)
	}
	for hash, blob := range blobs {
		if hash != ref.Manifest {
			f.Add(blobs[ref.Manifest], blob, ref.Size)
		}
	}
	f.Fuzz(func(t *testing.T, manifest, blob []byte, size int64) {
		err := unpackParts(t, manifest, size, blob)
		if err != nil && reasonOf(err) == "" {
			t.Errorf("an error without a reason: %v", err)
		}
	})
}
