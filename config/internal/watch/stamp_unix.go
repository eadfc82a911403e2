//go:build unix

package watch

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// stampOf returns the identity and the state of a file: where it is stored, its
// size, and when its content, owner, permissions or names last changed. No program
// can set the last of these back.
func stampOf(info os.FileInfo) string {
	s := fmt.Sprintf("%d.%d.%o", info.Size(), info.ModTime().UnixNano(), uint32(info.Mode()))
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s += fmt.Sprintf(".%d.%d.%d", sys.Dev, sys.Ino, changeTime(sys))
	}
	return s
}

// linksOf returns the number of names of a file.
func linksOf(info os.FileInfo) uint64 {
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(sys.Nlink)
	}
	return 1
}

// openFile opens a file for reading. It does not block if the file has been
// replaced by a pipe.
func openFile(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// changedAt returns when a file last changed in any way. It ignores a modification
// time in the future, which a program must have set (an archive from a machine
// whose clock is wrong): such a file would count as fresh at each load.
func changedAt(info os.FileInfo) time.Time {
	at := info.ModTime()
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		if c := time.Unix(0, changeTime(sys)); c.After(at) || time.Until(at) > coarse {
			return c
		}
	}
	return at
}
