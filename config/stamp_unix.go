//go:build unix

package config

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// stampOf names a file and its state: where it is stored, how long it is, and
// when its content or its owner, permissions or names last changed. The last of
// these no program can set back.
func stampOf(info os.FileInfo) string {
	s := fmt.Sprintf("%d.%d.%o", info.Size(), info.ModTime().UnixNano(), uint32(info.Mode()))
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s += fmt.Sprintf(".%d.%d.%d", sys.Dev, sys.Ino, changeTime(sys))
	}
	return s
}

// openFile opens a file for reading. A pipe that has taken its place since it was
// looked at does not block: nobody may ever write to it.
func openFile(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// changedAt returns when a file last changed in any way. A time that lies ahead
// has been set, as by an archive from a machine whose clock is wrong: taken for a
// change of this moment, it would have the file read eight times at each load.
func changedAt(info os.FileInfo) time.Time {
	at := info.ModTime()
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		if c := time.Unix(0, changeTime(sys)); c.After(at) || time.Until(at) > coarse {
			return c
		}
	}
	return at
}
