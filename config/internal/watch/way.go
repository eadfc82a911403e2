package watch

import (
	"os"
	"path/filepath"
	"strings"
)

// maxLinks bounds the symbolic links on the way to a file. Linux has the same limit.
const maxLinks = 40

// way returns the directories in which a change can make a path lead to another
// file: the directory of the file, and those of the symbolic links on the way. If
// an element of the path does not exist, the last directory is the one where it
// would be created.
func way(path string) (dirs []string) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil
	}
	volume := filepath.VolumeName(abs)
	root := volume + string(filepath.Separator)
	at := root
	ahead := parts(abs[len(volume):])
	for links := 0; len(ahead) > 0; {
		next := ahead[0]
		ahead = ahead[1:]
		switch next {
		case ".":
			continue
		case "..":
			at = filepath.Dir(at)
			continue
		}
		child := filepath.Join(at, next)
		info, err := os.Lstat(child)
		if err != nil {
			return append(dirs, at)
		}
		if info.Mode()&os.ModeSymlink == 0 {
			if len(ahead) == 0 {
				return append(dirs, at)
			}
			at = child
			continue
		}
		dirs = append(dirs, at)
		to, err := os.Readlink(child)
		if links++; err != nil || links > maxLinks {
			return dirs
		}
		if filepath.IsAbs(to) {
			at = root
			to = to[len(filepath.VolumeName(to)):]
		}
		ahead = append(parts(to), ahead...)
	}
	return append(dirs, at)
}

// parts splits a path into its elements.
func parts(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == filepath.Separator || r == '/' })
}
