// Package watch reads consistent versions of files and waits until they change.
package watch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"strings"
	"time"
)

// Read retries a file that changes while it is read: attempts times at most,
// attemptPause apart.
const (
	attempts     = 8
	attemptPause = 15 * time.Millisecond
)

// ErrTooLarge is the error of [Read] for a file beyond the limit.
var ErrTooLarge = errors.New("too large")

var (
	errUnsteady   = errors.New("it keeps changing while it is read")
	errNotRegular = errors.New("it is not a regular file")
	errDirectory  = errors.New("it is a directory")
)

// Read returns the content of a file and its revision, which changes whenever the
// content does. The revision is valid even if there is an error, and is empty if
// the file does not exist.
func Read(ctx context.Context, name string, limit int64) (data []byte, revision string, err error) {
	for attempt := 1; ; attempt++ {
		data, revision, fresh, err := readOnce(name, limit)
		if again := fresh || errors.Is(err, errUnsteady); !again || attempt == attempts {
			return data, revision, err
		}
		if err := Sleep(ctx, attemptPause); err != nil {
			return data, revision, err
		}
	}
}

// Sleep waits for d, or until ctx is done, and returns the error of ctx.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// readOnce reads a file, and returns errUnsteady if it changes meanwhile. A file is
// fresh if it changed so recently that another change during the read might not
// show: file time stamps can have a granularity of 10 ms.
func readOnce(name string, limit int64) (data []byte, revision string, fresh bool, err error) {
	start := time.Now()
	before := lookAt(name)
	switch {
	case before.err != nil:
		return nil, before.stamp, false, before.err
	case before.info.IsDir():
		return nil, before.stamp, false, errDirectory
	case !before.info.Mode().IsRegular(): // reading a pipe would block
		return nil, before.stamp, false, errNotRegular
	case before.info.Size() > limit:
		return nil, before.stamp, false, ErrTooLarge
	}
	file, err := openFile(name)
	if err != nil {
		return nil, before.stamp, false, err
	}
	defer file.Close()
	data = make([]byte, 0, before.info.Size()+1)
	data, err = appendAll(data, io.LimitReader(file, limit+1))
	if err != nil {
		return nil, before.stamp, false, err
	}
	if int64(len(data)) > limit {
		return nil, before.stamp, false, ErrTooLarge
	}
	after := lookAt(name)
	opened, err := file.Stat()
	if err != nil || after.err != nil || !os.SameFile(opened, after.info) || after.stamp != before.stamp {
		return nil, unsteady, false, errUnsteady
	}
	hash := sha256.Sum256(data)
	fresh = start.Sub(changedAt(after.info)) < attemptPause
	return data, before.stamp + hashMark + hex.EncodeToString(hash[:]), fresh, nil
}

// appendAll is [io.ReadAll] with a buffer whose capacity is known.
func appendAll(data []byte, r io.Reader) ([]byte, error) {
	for {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if err == io.EOF {
			return data, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// unsteady is the revision of a file that kept changing while it was read. It
// differs from every stamp, so the next Wait returns as soon as the file is steady.
const unsteady = "?"

// hashMark separates the stamp and the hash of the content in a revision.
const hashMark = "#"

func hasHash(revision string) bool { return strings.Contains(revision, hashMark) }

func stampIn(revision string) string {
	stamp, _, _ := strings.Cut(revision, hashMark)
	return stamp
}
