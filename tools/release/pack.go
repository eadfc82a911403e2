package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// packer packs the binaries of one command into dist, under the names that goreleaser
// gives: corskit_0.1.0_linux_amd64.tar.gz, corskit_0.1.0_checksums.txt. The binaries
// themselves are in dist/linux_amd64, where the Dockerfile finds them. The same
// binaries yield the same archives, byte for byte.
type packer struct {
	root, dist    string
	name, version string
	time          time.Time // of every file
	archives      []string
}

// documents are the files in every archive, next to the binary.
var documents = []string{"CHANGELOG.md", "LICENSE", "README.md"}

// entry is one file of an archive.
type entry struct {
	name string
	mode int64
	text []byte
}

// pack packs one binary and returns the name of the archive.
func (p *packer) pack(binary string, target platform) (string, error) {
	text, err := os.ReadFile(binary)
	if err != nil {
		return "", err
	}
	entries := []entry{{filepath.Base(binary), 0o755, text}}
	loose := filepath.Join(p.dist, target.String(), filepath.Base(binary))
	if err := os.MkdirAll(filepath.Dir(loose), 0o755); err != nil {
		return "", err
	}
	if err := os.WriteFile(loose, text, 0o755); err != nil {
		return "", err
	}
	for _, name := range documents {
		text, err := os.ReadFile(filepath.Join(p.root, name))
		if err != nil {
			return "", err
		}
		entries = append(entries, entry{name, 0o644, text})
	}
	archive, write := p.prefix()+target.String()+".tar.gz", p.tar
	if target.os == "windows" {
		archive, write = p.prefix()+target.String()+".zip", p.zip
	}
	var b bytes.Buffer
	if err := write(&b, entries); err != nil {
		return "", err
	}
	p.archives = append(p.archives, archive)
	return archive, os.WriteFile(filepath.Join(p.dist, archive), b.Bytes(), 0o644)
}

func (p *packer) prefix() string { return p.name + "_" + strings.TrimPrefix(p.version, "v") + "_" }

func (p *packer) tar(w io.Writer, entries []entry) error {
	z := gzip.NewWriter(w)
	t := tar.NewWriter(z)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Mode: e.mode, Size: int64(len(e.text)), ModTime: p.time, Typeflag: tar.TypeReg}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(e.text); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	return z.Close()
}

func (p *packer) zip(w io.Writer, entries []entry) error {
	z := zip.NewWriter(w)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate, Modified: p.time}
		h.SetMode(os.FileMode(e.mode))
		f, err := z.CreateHeader(h)
		if err != nil {
			return err
		}
		if _, err := f.Write(e.text); err != nil {
			return err
		}
	}
	return z.Close()
}

// checksums writes the SHA-256 of each archive, in the format of sha256sum.
func (p *packer) checksums() error {
	slices.Sort(p.archives)
	var b strings.Builder
	for _, name := range p.archives {
		text, err := os.ReadFile(filepath.Join(p.dist, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&b, "%x  %s\n", sha256.Sum256(text), name)
	}
	return os.WriteFile(filepath.Join(p.dist, p.prefix()+"checksums.txt"), []byte(b.String()), 0o644)
}
