package fleet

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// cache is the directory of one fleet on the disk. It has two files. "policy" contains a
// head and the blobs of the bundle in force; "seen" contains the highest revision of a
// verified head. A file is always replaced as a whole: the new one is written under
// another name, synced, and renamed. So a full disk, a crash or a second process never
// leaves half a file under its name.
//
// Everything in the directory is checked when it is read: its hash by the cache, its
// signature and content by the same code as data from etcd.
type cache struct{ dir string }

// Names and first lines of the files.
const (
	policyFile  = "policy"
	policyMagic = "corskit fleet policy 1\n"
	seenFile    = "seen"
	seenMagic   = "corskit fleet seen 1"
	tempSuffix  = ".tmp"
)

// Bounds of the files. maxFrames allows for the chunks of the largest bundle.
const (
	maxFrames     = 1 << 15
	maxFrameLine  = 128
	maxSeenFile   = 1 << 10
	abandonedTemp = time.Hour
)

// errTorn is the error of a file whose end is missing or was changed.
var errTorn = errors.New("the file is incomplete or was changed")

// openCache returns the cache of a fleet below dir, and makes its directory.
func openCache(dir, prefix string) (*cache, error) {
	hash := sha256.Sum256([]byte(prefix))
	c := &cache{filepath.Join(dir, hex.EncodeToString(hash[:8]))}
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return c, err
	}
	c.clean()
	return c, nil
}

// clean removes files that killed processes have left. It does no harm if the clock is
// wrong: a file that is removed too early is written again.
func (c *cache) clean() {
	left, _ := filepath.Glob(filepath.Join(c.dir, "*"+tempSuffix))
	for _, path := range left {
		if info, err := os.Lstat(path); err == nil && time.Since(info.ModTime()) > abandonedTemp {
			_ = os.Remove(path)
		}
	}
}

// replace replaces a file as a whole. If it fails, the old file stays.
func (c *cache) replace(name string, write func(io.Writer) error) (err error) {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return err // someone may have removed the directory since the start
	}
	f, err := os.CreateTemp(c.dir, name+"-*"+tempSuffix)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	w := bufio.NewWriterSize(f, 1<<16)
	if err := write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), filepath.Join(c.dir, name)); err != nil {
		return err
	}
	return syncDir(c.dir)
}

// syncDir makes a rename durable. Windows cannot sync a directory, and does not need to.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// store replaces the policy. blobs returns the stored bytes of a hash.
func (c *cache) store(head []byte, hashes []string, blobs func(hash string) ([]byte, error)) error {
	return c.replace(policyFile, func(w io.Writer) error {
		if _, err := io.WriteString(w, policyMagic); err != nil {
			return err
		}
		if err := writeFrame(w, "head", head); err != nil {
			return err
		}
		for _, hash := range hashes {
			data, err := blobs(hash)
			if err != nil {
				return err
			}
			if err := writeFrame(w, "blob", data); err != nil {
				return err
			}
		}
		_, err := fmt.Fprintf(w, "end %d\n", len(hashes))
		return err
	})
}

// writeFrame writes a line with the kind, the hash and the length of data, and then data.
func writeFrame(w io.Writer, kind string, data []byte) error {
	if _, err := fmt.Fprintf(w, "%s %x %d\n", kind, sha256.Sum256(data), len(data)); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}

// copyOnDisk is a policy file: the envelope of its head, and where its blobs are.
type copyOnDisk struct {
	path  string
	head  []byte
	blobs map[string]span // by hash
}

// span is the place of a blob in a file.
type span struct {
	offset int64
	size   int
}

// load returns the policy on the disk. The error matches fs.ErrNotExist if there is none.
func (c *cache) load() (*copyOnDisk, error) {
	path := filepath.Join(c.dir, policyFile)
	f, err := openRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	on := &copyOnDisk{path: path, blobs: make(map[string]span)}
	return on, on.scan(f)
}

// openRegular opens a regular file. It refuses others, such as a pipe, because reading
// them may block or never end.
func openRegular(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "read", Path: path, Err: errors.New("not a regular file")}
	}
	return os.Open(path)
}

// scan reads the head and the places of the blobs.
func (on *copyOnDisk) scan(f *os.File) error {
	r := &frames{r: bufio.NewReaderSize(f, 1<<12)}
	if magic, err := r.line(); err != nil || magic+"\n" != policyMagic {
		return errTorn
	}
	for n := 0; n <= maxFrames; n++ {
		line, err := r.line()
		if err != nil {
			return errTorn
		}
		if n > 0 && line == "end "+strconv.Itoa(n-1) {
			if _, err := r.r.ReadByte(); err == io.EOF {
				return nil
			}
			return errTorn
		}
		if err := on.frame(r, line, n == 0); err != nil {
			return err
		}
	}
	return errTorn
}

// frame reads the frame that begins with a line. The first one is the head.
func (on *copyOnDisk) frame(r *frames, line string, first bool) error {
	kind, rest, _ := strings.Cut(line, " ")
	hash, length, _ := strings.Cut(rest, " ")
	size, err := strconv.Atoi(length)
	switch {
	case err != nil, size < 0, len(hash) != 2*sha256.Size, size > maxBlob, (kind == "head") != first, (kind == "blob") == first:
		return errTorn
	case !first:
		on.blobs[hash] = span{r.offset, size}
		return r.skip(size)
	}
	on.head = make([]byte, size)
	if err := r.read(on.head); err != nil {
		return errTorn
	}
	if hashOf(on.head) != hash {
		return errTorn
	}
	return nil
}

// frames reads a policy file and counts the bytes read.
type frames struct {
	r      *bufio.Reader
	offset int64
}

func (r *frames) line() (string, error) {
	line, err := r.r.ReadSlice('\n')
	r.offset += int64(len(line))
	if err != nil || len(line) > maxFrameLine {
		return "", errTorn
	}
	return string(bytes.TrimSuffix(line, []byte("\n"))), nil
}

func (r *frames) read(to []byte) error {
	n, err := io.ReadFull(r.r, to)
	r.offset += int64(n)
	return err
}

func (r *frames) skip(size int) error {
	n, err := r.r.Discard(size)
	r.offset += int64(n)
	if err != nil {
		return errTorn
	}
	return nil
}

// blob returns the stored bytes of a hash. The error matches fs.ErrNotExist if the file has
// no such blob. The file may have been replaced since it was scanned, so blob verifies
// the hash.
func (on *copyOnDisk) blob(hash string) ([]byte, error) {
	if on == nil {
		return nil, fs.ErrNotExist
	}
	place, ok := on.blobs[hash]
	if !ok {
		return nil, fs.ErrNotExist
	}
	f, err := openRegular(on.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data := make([]byte, place.size)
	if _, err := f.ReadAt(data, place.offset); err != nil {
		return nil, errTorn
	}
	if hashOf(data) != hash {
		return nil, errTorn
	}
	return data, nil
}

// mark is the highest revision that a verified head had, and the hash of its payload.
type mark struct {
	revision uint64
	payload  string
}

// seen returns the mark on the disk. It returns the zero mark if there is none, or if it
// cannot be read.
func (c *cache) seen() (mark, error) {
	f, err := openRegular(filepath.Join(c.dir, seenFile))
	if errors.Is(err, fs.ErrNotExist) {
		return mark{}, nil
	}
	if err != nil {
		return mark{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSeenFile))
	if err != nil {
		return mark{}, err
	}
	var m mark
	text, sum, _ := strings.Cut(strings.TrimSuffix(string(data), "\n"), "\n")
	if hashOf([]byte(text)) != sum {
		return mark{}, errTorn
	}
	if _, err := fmt.Sscanf(text, seenMagic+" %d %s", &m.revision, &m.payload); err != nil {
		return mark{}, errTorn
	}
	return m, nil
}

// setSeen writes a mark, unless the disk has a higher one of another process.
func (c *cache) setSeen(m mark) error {
	if old, err := c.seen(); err == nil && (old == m || old.revision > m.revision) {
		return nil
	}
	text := fmt.Sprintf("%s %d %s", seenMagic, m.revision, m.payload)
	return c.replace(seenFile, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s\n%s\n", text, hashOf([]byte(text)))
		return err
	})
}

// has reports whether the disk has a blob.
func (on *copyOnDisk) has(hash string) bool {
	if on == nil {
		return false
	}
	_, ok := on.blobs[hash]
	return ok
}
