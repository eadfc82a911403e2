package config

import (
	"context"
	"io/fs"

	"github.com/corskit/corskit/config/internal/watch"
)

// Bounds of what is read, in bytes.
const (
	MaxFileSize        = 1 << 20   // of a configuration file
	MaxOriginsFileSize = 256 << 20 // of an origins_file
)

// ErrTooLarge is what a [Source] returns for a document beyond the limit.
var ErrTooLarge = watch.ErrTooLarge

// Source is where configuration comes from: [Files], or a store such as etcd,
// Consul or a database. A configuration is one or more documents, told apart by
// name: "cors.yaml", "cors.prod.yaml" if the profile is prod, and the names that
// origins_file gives. A source maps names to what it stores; the ending of the
// first name tells the format.
//
// Both methods may be called concurrently.
type Source interface {
	// Load returns the document of a name as it is now. An error for which
	// errors.Is(err, fs.ErrNotExist) says that there is none, and one for which
	// errors.Is(err, ErrTooLarge) that it has more than limit bytes; those are
	// to be noticed without reading them. The Revision is looked at even if
	// there is an error.
	Load(ctx context.Context, name string, limit int64) (Document, error)

	// Watch returns nil as soon as the revision of some document is another
	// than the one in seen, which maps names to what Load returned, and the
	// empty string stands for one that is not there. It returns at once if that
	// is so already: what changes between a Load and the Watch is not lost, and
	// what changes several times need not be seen more than once. A source
	// whose documents are written in pieces waits until they are whole. Watch
	// returns an error if ctx is done, or if it cannot watch. The documents are
	// then loaded, and it is called again, after a second at first and after half
	// a minute in the end. Its second failure in a row is told to
	// Options.OnReload, once, and to [Watcher.Err] until it returns nil or has
	// watched for half a minute.
	Watch(ctx context.Context, seen map[string]string) error
}

// Document is what a [Source] holds under a name.
type Document struct {
	// Name is what messages call the document, such as the path of a file.
	// Empty means the name that was asked for.
	Name string
	// Data is the content. It must not be changed afterwards.
	Data []byte
	// Revision changes when Data does, and may change more often. Two revisions
	// are the same if they are equal, and of nothing else is use made. It must
	// not be empty for a document that is there.
	Revision string
}

// Static is a Source of documents that never change, by name: an embedded
// default, the standard input, a test.
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

// Watch implements [Source]. It returns when ctx is done, and then an error.
func (s Static) Watch(ctx context.Context, _ map[string]string) error {
	<-ctx.Done()
	return ctx.Err()
}
