package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"strings"
)

// tree holds the Go files of the repository by their path from its root.
type tree map[string][]byte

func (t tree) add(name string, text []byte) {
	if path.Ext(name) == ".go" && !strings.Contains("/"+name, "/testdata/") {
		t[name] = text
	}
}

// workingTree reads the files that git tracks, or would track, as they are now.
func workingTree() (tree, error) {
	out, err := git("ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "*.go")
	if err != nil {
		return nil, err
	}
	files := tree{}
	for name := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		text, err := os.ReadFile(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // deleted, but not committed
		}
		if err != nil {
			return nil, err
		}
		files.add(name, text)
	}
	return files, nil
}

// commit reads the files of a commit.
func commit(ref string) (tree, error) {
	out, err := git("archive", "--format=tar", "--end-of-options", ref)
	if err != nil {
		return nil, err
	}
	files := tree{}
	for archive := tar.NewReader(bytes.NewReader(out)); ; {
		h, err := archive.Next()
		if err == io.EOF {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		text, err := io.ReadAll(archive)
		if err != nil {
			return nil, err
		}
		files.add(h.Name, text)
	}
}

func git(args ...string) ([]byte, error) {
	var stderr bytes.Buffer
	cmd := exec.Command("git", args...)
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w: %s", args[0], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}
