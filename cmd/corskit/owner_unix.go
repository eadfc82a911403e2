//go:build unix

package main

import (
	"os"
	"syscall"
)

// keepOwner gives a new file the owner and group of an old one.
func keepOwner(file *os.File, old os.FileInfo) error {
	now, err := file.Stat()
	if err != nil {
		return err
	}
	is, ok := now.Sys().(*syscall.Stat_t)
	was, known := old.Sys().(*syscall.Stat_t)
	if !ok || !known || is.Uid == was.Uid && is.Gid == was.Gid {
		return nil
	}
	return file.Chown(int(was.Uid), int(was.Gid))
}
