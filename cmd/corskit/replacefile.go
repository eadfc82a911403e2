package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// writeEdits writes new texts to files. Nothing is written if one of the files has changed
// since it was read.
func writeEdits(list []edited) error { return writeEditsWith(list, replaceFile) }

func writeEditsWith(list []edited, replace func(path string, text []byte) error) error {
	for _, e := range list {
		if now, err := os.ReadFile(e.File); err != nil || !bytes.Equal(now, e.edit.Old) {
			return fmt.Errorf("%s has changed meanwhile, and nothing was written", e.File)
		}
	}
	var written []string
	for _, e := range list {
		if err := replace(e.File, e.edit.New); err != nil && written == nil {
			return fmt.Errorf("%s cannot be written, and nothing was: %w", e.File, err)
		} else if err != nil {
			return fmt.Errorf("%s cannot be written, but these files have their changes already: %s: %w",
				e.File, strings.Join(written, ", "), err)
		}
		written = append(written, e.File)
	}
	return nil
}

// replaceFile replaces a file by a new one with the same permissions and owner. Readers see the old
// text or the new one, never a part. If path is a symbolic link, it stays one.
func replaceFile(path string, text []byte) (err error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(target)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(target), "."+filepath.Base(target)+".*")
	if err != nil {
		return err
	}
	defer func() {
		_ = temp.Close()
		if err != nil {
			_ = os.Remove(temp.Name())
		}
	}()
	if _, err = temp.Write(text); err != nil {
		return err
	}
	if err = keepOwner(temp, info); err != nil {
		return fmt.Errorf("its owner and group cannot be kept: %w", err)
	}
	if err = temp.Chmod(info.Mode().Perm()); err != nil {
		return err
	}
	if err = temp.Sync(); err != nil {
		return err
	}
	if err = temp.Close(); err != nil {
		return err
	}
	return os.Rename(temp.Name(), target)
}
