package config

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Files is the [Source] of a directory's files. Names are relative to Dir,
// with slashes, or absolute. Symbolic links are followed.
//
// Watch looks at the directories that hold the files and the symbolic links on
// the way to them, so it survives a file or a directory that is written in
// place, renamed over, removed and created again, or swapped through a link, as
// Kubernetes does with a mounted ConfigMap. It waits until a file has been left
// alone for a while, and looks by itself where the system tells of no changes,
// as on network file systems.
type Files struct {
	// Dir is a directory. Empty means the working directory.
	Dir string

	// Quiet is how long files must be left alone before they are read again.
	// Zero means 150 milliseconds. A file that is missing, empty, not ended by
	// a newline, or that has been seen to grow is given four times as long: it
	// may be half of a file.
	Quiet time.Duration

	// Poll is how often files are looked at without being told of a change.
	// Zero means every second.
	Poll time.Duration

	// PollOnly does without being told of changes.
	PollOnly bool
}

// Defaults of Files.
const (
	defaultQuiet = 150 * time.Millisecond
	defaultPoll  = time.Second
)

// attempts bounds how often a file that changes while it is read is read anew,
// in Load, a pause of attemptPause apart.
const (
	attempts     = 8
	attemptPause = 15 * time.Millisecond
)

var (
	errUnsteady   = errors.New("it keeps changing while it is read")
	errNotRegular = errors.New("it is not a regular file")
	errDirectory  = errors.New("it is a directory")
)

func (f Files) path(name string) string {
	name = filepath.FromSlash(name)
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(f.Dir, name)
}

// Load implements [Source]. The document's name is the file's path.
func (f Files) Load(ctx context.Context, name string, limit int64) (Document, error) {
	doc := Document{Name: f.path(name)}
	for attempt := 1; ; attempt++ {
		data, revision, fresh, err := readFile(doc.Name, limit)
		doc.Data, doc.Revision = data, revision
		if again := fresh || errors.Is(err, errUnsteady); !again || attempt == attempts {
			return doc, err
		}
		if err := pause(ctx, attemptPause); err != nil {
			return doc, err
		}
	}
}

// pause waits, or returns the error of a context that is done.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// readFile reads a file once, and says so if it changed meanwhile. A fresh file is
// one that changed so shortly before that another change during the read might
// not show: the clock that stamps files ticks as slowly as every 10 ms.
func readFile(name string, limit int64) (data []byte, revision string, fresh bool, err error) {
	start := time.Now()
	before := lookAt(name)
	switch {
	case before.err != nil:
		return nil, before.revision(), false, before.err
	case before.info.IsDir():
		return nil, before.revision(), false, errDirectory
	case !before.info.Mode().IsRegular(): // a pipe would block
		return nil, before.revision(), false, errNotRegular
	case before.info.Size() > limit:
		return nil, before.revision(), false, ErrTooLarge
	}
	file, err := openFile(name)
	if err != nil {
		return nil, before.revision(), false, err
	}
	defer file.Close()
	data = make([]byte, 0, before.info.Size()+1)
	data, err = appendAll(data, io.LimitReader(file, limit+1))
	if err != nil {
		return nil, before.revision(), false, err
	}
	if int64(len(data)) > limit {
		return nil, before.revision(), false, ErrTooLarge
	}
	after := lookAt(name)
	opened, err := file.Stat()
	if err != nil || after.err != nil || !os.SameFile(opened, after.info) || after.stamp != before.stamp {
		return nil, unsteady, false, errUnsteady
	}
	hash := sha256.Sum256(data)
	fresh = start.Sub(changedAt(after.info)) < attemptPause
	return data, before.revision() + hashMark + hex.EncodeToString(hash[:]), fresh, nil
}

func appendAll(data []byte, r io.Reader) ([]byte, error) {
	for {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err != nil {
			if err == io.EOF {
				return data, nil
			}
			return nil, err
		}
	}
}

// look is what can be told of a file without reading it.
type look struct {
	info  os.FileInfo
	err   error
	stamp string // of the file's identity and times; empty if there is no file
}

// unsteady is the revision of a file that could not be read as of one moment. It
// differs from that of any look, so that Watch says at once when it can be.
const unsteady = "?"

// hashMark stands in a revision between the stamp and the hash of the content.
const hashMark = "#"

func lookAt(name string) look {
	info, err := os.Stat(name)
	switch {
	case err == nil:
		return look{info: info, stamp: stampOf(info)}
	case errors.Is(err, fs.ErrNotExist):
		return look{err: err}
	default:
		return look{err: err, stamp: "!" + err.Error()}
	}
}

// revision is the part of a revision that a look tells.
func (l look) revision() string { return l.stamp }

func stampIn(revision string) string {
	stamp, _, _ := strings.Cut(revision, hashMark)
	return stamp
}

// sameFile reports whether both looks were at one file, changed or not.
func (l look) sameFile(other look) bool {
	return l.info != nil && other.info != nil && os.SameFile(l.info, other.info)
}

// finished reports whether a file looks whole: not empty, and ended by a newline.
func finished(name string) bool {
	file, err := openFile(name)
	if err != nil {
		return false
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return false
	}
	var last [1]byte
	_, err = file.ReadAt(last[:], info.Size()-1)
	return err == nil && last[0] == '\n'
}
