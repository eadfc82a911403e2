//go:build !unix

package watch

import (
	"fmt"
	"os"
	"time"
)

// stampOf returns the state of a file.
func stampOf(info os.FileInfo) string {
	return fmt.Sprintf("%d.%d.%o", info.Size(), info.ModTime().UnixNano(), uint32(info.Mode()))
}

// openFile opens a file for reading.
func openFile(name string) (*os.File, error) { return os.Open(name) }

// changedAt returns when a file last changed.
func changedAt(info os.FileInfo) time.Time { return info.ModTime() }
