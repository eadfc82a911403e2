package config

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"

	"github.com/corskit/corskit/config/internal/document"
	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/reason"
)

// document loads one document and records its revision.
func (l *loader) document(ctx context.Context, s *state, name string, limit int64) (*document.Document, *Error) {
	l.opts.progress(Progress{Phase: phaseReading, File: name})
	doc, err := l.src.Load(ctx, name, limit)
	if doc.Name == "" {
		doc.Name = name
	}
	if err == nil && doc.Revision == "" {
		hash := sha256.Sum256(doc.Data)
		doc.Revision = hex.EncodeToString(hash[:])
	}
	s.seen[name] = doc.Revision
	s.files = append(s.files, doc.Name)
	if err == nil && int64(len(doc.Data)) > limit {
		err = ErrTooLarge
	}
	if err != nil {
		return nil, unreadable(doc.Name, limit, err)
	}
	return &document.Document{Name: doc.Name, Data: doc.Data}, nil
}

// unreadable returns the fault of a document that a source cannot load.
func unreadable(name string, limit int64, err error) *Error {
	e := &Error{Place: Place{File: name}, Err: err}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.Reason, e.Detail = reason.NotFound, "no such file"
	case errors.Is(err, ErrTooLarge):
		e.Reason, e.Detail = reason.TooLarge, fmt.Sprintf("more than %d MiB", limit>>20)
		e.Suggestion = "move long lists of origins to an origins_file"
		if limit == maxOriginsFileSize {
			e.Suggestion = "use patterns to shorten the list"
		}
	default:
		detail := err.Error()
		if at := (*fs.PathError)(nil); errors.As(err, &at) {
			detail = at.Err.Error()
		}
		e.Reason, e.Detail = reason.Read, "cannot be read: "+wording.Foreign(detail)
	}
	return e
}

// digest is the hash of everything that a load reads.
type digest struct{ hash.Hash }

func newDigest() digest { return digest{sha256.New()} }

// add adds the parts with their lengths, so that no other parts have the same hash.
func (d digest) add(parts ...string) {
	for _, p := range parts {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(p)))
		d.Write(n[:])
		d.Write([]byte(p))
	}
}

func (d digest) String() string { return hex.EncodeToString(d.Sum(nil)) }
