package watch

import (
	"errors"
	"io/fs"
	"os"
)

// look is the state of a file as lookAt finds it, without reading the content.
type look struct {
	info  os.FileInfo
	err   error
	stamp string // the identity and the times of the file; empty if it does not exist
}

func lookAt(name string) look {
	info, err := os.Stat(name)
	switch {
	case err == nil:
		return look{info: info, stamp: stampOf(info)}
	case errors.Is(err, fs.ErrNotExist):
		return look{err: err}
	default:
		return look{err: err, stamp: "!" + err.Error()}
	}
}

// sameFile reports whether both looks are at the same file, changed or not.
func (l look) sameFile(other look) bool {
	return l.info != nil && other.info != nil && os.SameFile(l.info, other.info)
}

// finished reports whether a file looks complete: regular, not empty, and ended by
// a newline.
func (l look) finished(name string) bool {
	if l.info == nil || !l.info.Mode().IsRegular() {
		return false
	}
	file, err := openFile(name)
	if err != nil {
		return false
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() || info.Size() == 0 {
		return false
	}
	var last [1]byte
	_, err = file.ReadAt(last[:], info.Size()-1)
	return err == nil && last[0] == '\n'
}
