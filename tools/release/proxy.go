package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// writeProxy adds the tagged modules to a module proxy in dir. It makes them from git's
// objects, as a public proxy does.
func (r *repo) writeProxy(dir, version string, out io.Writer) error {
	for _, m := range r.released {
		if err := r.writeModule(dir, version, m); err != nil {
			return fmt.Errorf("%s: %w", m.path, err)
		}
		fmt.Fprintln(out, m.path, version)
	}
	return nil
}

func (r *repo) writeModule(dir, version string, m *mod) error {
	escaped, err := module.EscapePath(m.path)
	if err != nil {
		return err
	}
	base := filepath.Join(dir, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(base, 0o755); err != nil {
		return err
	}
	revision := "refs/tags/" + m.tag(version)
	gomod, err := git(r.root, "show", revision+":"+strings.TrimPrefix(m.dir+"/go.mod", "./"))
	if err != nil {
		return err
	}
	when, err := r.time(revision)
	if err != nil {
		return err
	}
	info, err := json.Marshal(map[string]any{"Version": version, "Time": when})
	if err != nil {
		return err
	}
	list, err := os.ReadFile(filepath.Join(base, "list"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	versions := append(strings.Fields(string(list)), version)
	slices.Sort(versions)
	for name, content := range map[string]string{
		"list":            strings.Join(slices.Compact(versions), "\n") + "\n",
		version + ".info": string(info),
		version + ".mod":  gomod,
	} {
		if err := os.WriteFile(filepath.Join(base, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	w, err := os.Create(filepath.Join(base, version+".zip"))
	if err != nil {
		return err
	}
	defer w.Close()
	subdir := strings.TrimPrefix(m.dir, ".")
	if err := zip.CreateFromVCS(w, module.Version{Path: m.path, Version: version}, r.root, revision, subdir); err != nil {
		return err
	}
	return w.Close()
}

// time returns the time of a tag's commit.
func (r *repo) time(revision string) (time.Time, error) {
	text, err := git(r.root, "log", "-1", "--format=%cI", revision)
	if err != nil {
		return time.Time{}, err
	}
	when, err := time.Parse(time.RFC3339, strings.TrimSpace(text))
	return when.UTC(), err
}
