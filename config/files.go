package config

import (
	"context"
	"path/filepath"
	"time"

	"github.com/corskit/corskit/config/internal/watch"
)

// Files is the [Source] of a directory's files. Names are relative to Dir, with
// slashes, or absolute. Symbolic links are followed.
//
// Watch watches the directories that contain the files and the symbolic links on
// the way to them. A file or directory may be written in place, renamed over,
// removed and created again, or swapped through a link, as Kubernetes does with a
// mounted ConfigMap. Watch waits until a file has been unchanged for a while, and
// polls as well, because network file systems send no notifications.
//
// A file that is mounted on its own, as with "docker run -v ./cors.yaml:/etc/cors.yaml", must
// be written in place. If it is replaced on the host, the mount keeps showing the old file. A
// [Watcher] reports that with [reason.Unlinked], except on Windows.
type Files struct {
	// Dir is a directory. Empty means the working directory.
	Dir string

	// Quiet is how long files must be unchanged before they are read again. Zero
	// means 150 milliseconds. Watch waits four times as long for a file that may
	// be incomplete: one that is missing or empty, does not end in a newline, or
	// has grown while it was watched.
	Quiet time.Duration

	// Poll is the interval at which files are checked without a notification.
	// Zero means every second.
	Poll time.Duration

	// PollOnly turns notifications off.
	PollOnly bool
}

// Defaults of Files.
const (
	defaultQuiet = 150 * time.Millisecond
	defaultPoll  = time.Second
)

func (f Files) path(name string) string {
	name = filepath.FromSlash(name)
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(f.Dir, name)
}

// Load implements [Source]. The name of the document is the path of the file.
func (f Files) Load(ctx context.Context, name string, limit int64) (Document, error) {
	path := f.path(name)
	data, revision, err := watch.Read(ctx, path, limit)
	return Document{Name: path, Data: data, Revision: revision}, err
}

// unlinked returns the path of a file that has no name left, or "".
func (f Files) unlinked(name string) string {
	if path := f.path(name); watch.Unlinked(path) {
		return path
	}
	return ""
}

// Watch implements [Source].
func (f Files) Watch(ctx context.Context, seen map[string]string) error {
	o := watch.Options{Quiet: f.Quiet, Poll: f.Poll, PollOnly: f.PollOnly}
	if o.Quiet <= 0 {
		o.Quiet = defaultQuiet
	}
	if o.Poll <= 0 {
		o.Poll = defaultPoll
	}
	files := make([]watch.File, 0, len(seen))
	for name, revision := range seen {
		files = append(files, watch.File{Path: f.path(name), Revision: revision})
	}
	return watch.Wait(ctx, files, o)
}
