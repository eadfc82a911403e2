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

// linksOf returns the number of names of a file. It is unknown here.
func linksOf(os.FileInfo) uint64 { return 1 }

// openFile opens a file for reading.
func openFile(name string) (*os.File, error) { return os.Open(name) }

// changedAt returns when a file last changed.
func changedAt(info os.FileInfo) time.Time { return info.ModTime() }
