package fleet

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/reason"
)

// MaxBundle is the maximum total size, in bytes, of the files of a bundle.
const MaxBundle = 256 << 20

// Limits of a bundle.
const (
	maxFiles    = 256
	maxFileName = 255
)

// Bundle is a configuration with all files that it consists of.
type Bundle struct {
	// Entry is the name of the configuration file, such as "cors.yaml".
	Entry string
	// Files are the contents of all files by name: of Entry, of its profiles, such as
	// "cors.prod.yaml", and of origins files. Names are relative, with slashes.
	Files map[string][]byte
	// Profiles are the profiles that [Bundle.Check] checks. The empty name means Entry
	// without a profile. [ReadBundle] sets Profiles to those that it was given or has
	// found. A bundle from etcd has the profiles that its file names suggest.
	Profiles []string
}

// ReadBundle collects the files of the configuration at path. Without profiles, it takes
// all files in the directory whose names are those of a profile. With profiles, it takes
// only these; the empty name means the configuration without a profile.
//
// ReadBundle returns an error if a file cannot be part of a bundle. It does not look for
// faults in the configuration: see [Bundle.Check].
func ReadBundle(ctx context.Context, file string, profiles ...string) (*Bundle, error) {
	dir, entry := filepath.Split(file)
	if len(profiles) == 0 {
		found, err := filepath.Glob(filepath.Join(globQuote(dir), profilePattern(globQuote(entry))))
		if err != nil {
			return nil, badName(file, err.Error())
		}
		var names []string
		for _, f := range found {
			names = append(names, filepath.Base(f))
		}
		profiles = profilesOf(entry, names)
	}
	return CollectBundle(ctx, config.Files{Dir: dir}, entry, profiles...)
}

// globQuote returns a pattern with which [filepath.Glob] matches s literally.
func globQuote(s string) string {
	return strings.NewReplacer(`*`, `[*]`, `?`, `[?]`, `[`, `[[]`).Replace(s)
}

// CollectBundle is like [ReadBundle] for any [config.Source]. A Source cannot list its
// documents, so if no profiles are given, CollectBundle takes only the configuration
// without a profile.
func CollectBundle(ctx context.Context, src config.Source, entry string, profiles ...string) (*Bundle, error) {
	if len(profiles) == 0 {
		profiles = []string{""}
	}
	r := &recorder{source: src, files: make(map[string][]byte)}
	for _, profile := range profiles {
		config.Check(ctx, r, entry, config.Options{Profile: profile, Environ: []string{}})
		if err := r.failed(); err != nil {
			return nil, err
		}
	}
	b := &Bundle{Entry: entry, Files: r.files, Profiles: slices.Clone(profiles)}
	if err := b.check(); err != nil {
		return nil, err
	}
	return b, ctx.Err()
}

// Source returns the files as a [config.Source], whose first name is Entry.
func (b *Bundle) Source() config.Source { return cleaned{config.Static(b.Files)} }

// cleaned is a Source that finds a document under each spelling of its name, such as
// "./partners.txt".
type cleaned struct{ config.Source }

// Load implements [config.Source].
func (c cleaned) Load(ctx context.Context, name string, limit int64) (config.Document, error) {
	return c.Source.Load(ctx, path.Clean(name), limit)
}

// Check returns what [config.Check] finds in the configuration with each profile: its
// warnings, and all faults that make replicas refuse it. The environment and the profile
// of opts are ignored. The error joins the errors of the reports.
func (b *Bundle) Check(ctx context.Context, opts ...config.Options) ([]config.Report, error) {
	var reports []config.Report
	var errs []error
	for _, profile := range b.Profiles {
		own := append(slices.Clone(opts), config.Options{Environ: []string{}})
		for i := range own {
			own[i].Profile = profile
		}
		r := config.Check(ctx, b.Source(), b.Entry, own...)
		reports = append(reports, r)
		errs = append(errs, r.Err)
	}
	if err := ctx.Err(); err != nil { // the faults may come from the interruption
		return nil, &Error{Reason: reason.Unavailable, Detail: "checking the bundle was interrupted", Err: err}
	}
	if err := errors.Join(errs...); err != nil {
		return reports, &Error{
			Reason: reason.RefusedPolicy, Detail: "replicas would refuse this configuration", Err: err,
			Suggestion: "correct it; corskit check shows each fault with its line",
		}
	}
	return reports, nil
}

// size returns the number of bytes of all files.
func (b *Bundle) size() (n int64) {
	for _, data := range b.Files {
		n += int64(len(data))
	}
	return n
}

// check returns an error if the bundle is beyond a limit or has a file name that is
// not allowed.
func (b *Bundle) check() error {
	if _, ok := b.Files[b.Entry]; !ok {
		return &Error{
			Reason: reason.Malformed, Detail: fmt.Sprintf("there is no file %s", quote(b.Entry)),
			Suggestion: "check the name of the configuration file",
			Err:        fs.ErrNotExist,
		}
	}
	if len(b.Files) > maxFiles {
		return tooLarge(fmt.Sprintf("the bundle has more than %d files", maxFiles))
	}
	if b.size() > MaxBundle {
		return tooLarge(fmt.Sprintf("the bundle has %d bytes, more than %d", b.size(), int64(MaxBundle)))
	}
	for name := range b.Files {
		if err := checkFileName(name); err != nil {
			return err
		}
	}
	return nil
}

func tooLarge(detail string) *Error {
	return &Error{Reason: reason.TooLarge, Detail: detail, Suggestion: "make the configuration and its origins files smaller"}
}

// checkFileName returns an error if a name is not a relative one below the bundle.
func checkFileName(name string) error {
	switch {
	case name == "" || len(name) > maxFileName || !isText(name, maxFileName):
		return badName(name, fmt.Sprintf("it is not printable text of 1 to %d bytes", maxFileName))
	case path.IsAbs(name) || strings.ContainsAny(name, `\:`):
		return badName(name, "it is absolute, or has a backslash or colon")
	case path.Clean(name) != name || !fs.ValidPath(name) || name == ".":
		return badName(name, "it refers to a file outside the directory, or is not in its shortest form")
	}
	return nil
}

func badName(name, detail string) *Error {
	return &Error{
		Reason: reason.Malformed, Detail: fmt.Sprintf("the file name %s cannot be part of a bundle: %s", quote(name), detail),
		Suggestion: "put the file in the directory of the configuration, and name it without a directory",
	}
}

// recorder is a Source that keeps the documents that it loads from another Source.
type recorder struct {
	source config.Source
	mu     sync.Mutex
	files  map[string][]byte
	total  int64
	err    error // the first failure of a document that exists
}

func (r *recorder) failed() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Load implements [config.Source]. Each document is loaded once, so that all profiles see
// the same contents.
func (r *recorder) Load(ctx context.Context, name string, limit int64) (config.Document, error) {
	name = path.Clean(name)
	r.mu.Lock()
	defer r.mu.Unlock()
	if data, ok := r.files[name]; ok {
		return config.Document{Data: data, Revision: "recorded"}, nil
	}
	if err := checkFileName(name); err != nil {
		r.err = cmp.Or(r.err, err)
		return config.Document{}, err
	}
	doc, err := r.source.Load(ctx, name, min(limit, MaxBundle-r.total))
	switch {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist):
		return doc, err // the caller of Check sees the fault
	case errors.Is(err, config.ErrTooLarge):
		err = tooLarge(fmt.Sprintf("the file %s, or the bundle with it, is too large", quote(name)))
	default:
		err = &Error{Reason: reason.Malformed, Detail: fmt.Sprintf("the file %s cannot be read", quote(name)), Err: err}
	}
	if err != nil {
		r.err = cmp.Or(r.err, err)
		return doc, err
	}
	r.files[name] = doc.Data
	r.total += int64(len(doc.Data))
	return doc, nil
}

// Watch implements [config.Source].
func (r *recorder) Watch(ctx context.Context, _ map[string]string) error {
	<-ctx.Done()
	return ctx.Err()
}

// profilePattern returns the pattern of the files of profiles: "cors.*.yaml".
func profilePattern(entry string) string {
	ext := path.Ext(entry)
	return strings.TrimSuffix(entry, ext) + ".*" + ext
}

// profilesOf returns the empty profile, and the profiles whose files are among names.
func profilesOf(entry string, names []string) []string {
	ext := path.Ext(entry)
	profiles := []string{""}
	for _, name := range slices.Sorted(slices.Values(names)) {
		rest, ok := strings.CutPrefix(name, strings.TrimSuffix(entry, ext)+".")
		profile, ok2 := strings.CutSuffix(rest, ext)
		if ok && ok2 && isProfile(profile) {
			profiles = append(profiles, profile)
		}
	}
	return profiles
}

// isProfile reports whether package config accepts the name of a profile: a-z and 0-9,
// separated by single - or _.
func isProfile(s string) bool {
	for part := range strings.SplitSeq(strings.ReplaceAll(s, "_", "-"), "-") {
		if part == "" || strings.Trim(part, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return false
		}
	}
	return true
}

// manifestVersion is the version of a manifest.
const manifestVersion = 1

// Limits of what etcd stores. A request to etcd may have 1.5 MiB by default.
const (
	maxManifest = 512 << 10
	maxBlob     = 576 << 10 // a chunk of maxChunk that does not compress, and the overhead of gzip
)

// manifest lists the files of a bundle. Its bytes are a blob.
type manifest struct {
	Version int            `json:"version"`
	Entry   string         `json:"entry"`
	Files   []manifestFile `json:"files"` // in the order of their names
}

type manifestFile struct {
	Name   string  `json:"name"`
	Size   int64   `json:"size"`
	SHA256 string  `json:"sha256"`
	Chunks []chunk `json:"chunks"`
}

// chunk is a part of a file.
type chunk struct {
	SHA256 string `json:"sha256"` // of the blob, which is compressed
	Size   int    `json:"size"`   // uncompressed
}

// packed is a bundle as etcd stores it.
type packed struct {
	reference Reference         // without Pushed
	blobs     map[string][]byte // by SHA-256, the manifest among them
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// pack cuts and compresses a bundle.
func (b *Bundle) pack() (*packed, error) {
	if err := b.check(); err != nil {
		return nil, err
	}
	m := manifest{Version: manifestVersion, Entry: b.Entry}
	p := &packed{blobs: make(map[string][]byte)}
	for _, name := range slices.Sorted(maps.Keys(b.Files)) {
		data := b.Files[name]
		f := manifestFile{Name: name, Size: int64(len(data)), SHA256: hashOf(data), Chunks: []chunk{}}
		for part := range cut(data) {
			blob := compress(part)
			hash := hashOf(blob)
			p.blobs[hash] = blob
			f.Chunks = append(f.Chunks, chunk{SHA256: hash, Size: len(part)})
		}
		m.Files = append(m.Files, f)
	}
	text, err := json.Marshal(m)
	if err != nil {
		return nil, malformedManifest("it cannot be encoded", err)
	}
	if len(text) > maxManifest {
		return nil, tooLarge(fmt.Sprintf("the list of the bundle's parts has %d bytes, more than %d", len(text), maxManifest))
	}
	hash := hashOf(text)
	p.blobs[hash] = text
	p.reference = Reference{Manifest: hash, Size: b.size()}
	return p, nil
}

func malformedManifest(detail string, err error) *Error {
	return &Error{
		Reason: reason.Malformed, Detail: "the manifest is malformed: " + detail, Err: err,
		Suggestion: "push again with corskit fleet push",
	}
}

// verifyBlob returns an error unless data is the blob with this hash.
func verifyBlob(hash string, data []byte) error {
	switch {
	case len(data) > maxBlob:
		return tooLarge(fmt.Sprintf("the blob %s has %d bytes, more than %d", hash, len(data), maxBlob))
	case hashOf(data) != hash:
		return tampered("the blob " + hash + " does not have this SHA-256")
	}
	return nil
}

func tampered(detail string) *Error {
	return &Error{Reason: reason.Tampered, Detail: detail, Suggestion: "push again, and find out who changed it"}
}

// parseManifest verifies and decodes the manifest of a reference.
func parseManifest(data []byte, ref Reference) (*manifest, error) {
	if len(data) > maxManifest {
		return nil, tooLarge(fmt.Sprintf("the manifest has %d bytes, more than %d", len(data), maxManifest))
	}
	if err := verifyBlob(ref.Manifest, data); err != nil {
		return nil, err
	}
	m := new(manifest)
	if err := decodeStrictly(data, m); err != nil {
		return nil, malformedManifest("it does not have the fields of a manifest", err)
	}
	switch {
	case m.Version != manifestVersion:
		return nil, &Error{
			Reason: reason.Version, Suggestion: "update corskit in this program",
			Detail: fmt.Sprintf("the manifest has version %d, but this program knows version %d", m.Version, manifestVersion),
		}
	case len(m.Files) > maxFiles:
		return nil, malformedManifest(fmt.Sprintf("more than %d files", maxFiles), nil)
	case !slices.ContainsFunc(m.Files, func(f manifestFile) bool { return f.Name == m.Entry }):
		return nil, malformedManifest("the entry is not among the files", nil)
	}
	var total int64
	for i, f := range m.Files {
		if i > 0 && f.Name <= m.Files[i-1].Name {
			return nil, malformedManifest("the files are not in the order of their names", nil)
		}
		if err := f.check(); err != nil {
			return nil, err
		}
		total += f.Size
	}
	if total != ref.Size {
		return nil, malformedManifest(fmt.Sprintf("the files have %d bytes, but the head says %d", total, ref.Size), nil)
	}
	return m, nil
}

func (f *manifestFile) check() error {
	if err := checkFileName(f.Name); err != nil {
		return err
	}
	if f.Size < 0 || f.Size > MaxBundle || !isHash(f.SHA256) {
		return malformedManifest("the size or SHA-256 of "+quote(f.Name)+" is not valid", nil)
	}
	var total int64
	for _, c := range f.Chunks {
		if c.Size <= 0 || c.Size > maxChunk || !isHash(c.SHA256) {
			return malformedManifest("a part of "+quote(f.Name)+" has a size or SHA-256 that is not valid", nil)
		}
		total += int64(c.Size)
	}
	if total != f.Size {
		return malformedManifest("the parts of "+quote(f.Name)+" do not have its size", nil)
	}
	return nil
}

// blobs returns the hashes of the blobs of all files, each once. The manifest is not
// among them.
func (m *manifest) blobs() []string {
	seen := make(map[string]bool)
	var hashes []string
	for _, f := range m.Files {
		for _, c := range f.Chunks {
			if !seen[c.SHA256] {
				seen[c.SHA256] = true
				hashes = append(hashes, c.SHA256)
			}
		}
	}
	return hashes
}

// assemble returns the bundle of a manifest. It gets the blob of each chunk from get, in
// order. It verifies every blob and every file.
func (m *manifest) assemble(get func(hash string) ([]byte, error)) (*Bundle, error) {
	b := &Bundle{Entry: m.Entry, Files: make(map[string][]byte, len(m.Files))}
	for _, f := range m.Files {
		data := make([]byte, 0, f.Size)
		for _, c := range f.Chunks {
			blob, err := get(c.SHA256)
			if err != nil {
				return nil, err
			}
			if err := verifyBlob(c.SHA256, blob); err != nil {
				return nil, err
			}
			if data, err = appendChunk(data, blob, c); err != nil {
				return nil, err
			}
		}
		if hashOf(data) != f.SHA256 {
			return nil, tampered("the file " + quote(f.Name) + " does not have the SHA-256 that the manifest says")
		}
		b.Files[f.Name] = data
	}
	b.Profiles = profilesOf(m.Entry, slices.Collect(maps.Keys(b.Files)))
	return b, nil
}
