package config

import (
	"context"
	"io/fs"

	"github.com/corskit/corskit/config/internal/watch"
)

// Limits that [Source.Load] is given, in bytes.
const (
	maxFileSize        = 1 << 20   // for a configuration file
	maxOriginsFileSize = 256 << 20 // for an origins_file
)

// ErrTooLarge is the error of a [Source] for a document beyond the limit.
var ErrTooLarge = watch.ErrTooLarge

// Source is a store of configurations: [Files], or for example etcd, Consul or a
// database. A configuration consists of one or more named documents: "cors.yaml",
// "cors.prod.yaml" for the profile prod, and the names in origins_file. The
// extension of the first name determines the format.
//
// Both methods may be called concurrently.
type Source interface {
	// Load returns the current document of a name. The error must match [fs.ErrNotExist] if
	// there is no such document, and [ErrTooLarge] if the document has more than limit bytes.
	// Load should check the size without reading the document. Load should return the Revision
	// even with an error.
	Load(ctx context.Context, name string, limit int64) (Document, error)

	// Watch returns nil as soon as a document no longer has its revision in seen,
	// which maps names to the revisions that Load returned. An empty revision
	// means that the document did not exist. If a document has changed already,
	// Watch returns at once, so that no change between Load and Watch is missed.
	// A source whose documents are written in pieces waits until they are whole.
	//
	// Watch returns an error if ctx is done or if it cannot watch. The documents
	// are then loaded and Watch is called again, at first after a second and
	// finally after half a minute. The second failure in a row is reported once to
	// Options.OnReload, and by [Watcher.Status] until Watch returns nil or has watched
	// for half a minute.
	Watch(ctx context.Context, seen map[string]string) error
}

// Document is the content of a name in a [Source].
type Document struct {
	// Name is what messages call the document, such as the path of a file. If
	// empty, the requested name is used.
	Name string
	// Data is the content. It must not be changed afterwards.
	Data []byte
	// Revision must change when Data does, and may change more often. Revisions
	// are only compared for equality. A document that exists must not have an
	// empty one.
	Revision string
}

// Static is a [Source] of documents that never change, by name: embedded defaults,
// standard input, or the files of a test.
type Static map[string][]byte

// Load implements [Source].
func (s Static) Load(_ context.Context, name string, limit int64) (Document, error) {
	data, ok := s[name]
	switch {
	case !ok:
		return Document{}, fs.ErrNotExist
	case int64(len(data)) > limit:
		return Document{Revision: "static"}, ErrTooLarge
	}
	return Document{Data: data, Revision: "static"}, nil
}

// Watch implements [Source]. It returns an error when ctx is done.
func (s Static) Watch(ctx context.Context, _ map[string]string) error {
	<-ctx.Done()
	return ctx.Err()
}
