package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
)

// repo is a working tree with its modules.
type repo struct {
	root     string // absolute
	path     string // of the module in the root
	modules  []*mod // by folder
	released []*mod // each after those that it requires
}

// mod is one module.
type mod struct {
	dir      string // relative to the root, with slashes; "." for the root
	path     string
	file     *modfile.File
	released bool
}

// tag returns the tag of the module's version.
func (m *mod) tag(version string) string { return path.Join(m.dir, version) }

// isCommand reports whether people install the module by version. Such a module must
// not have replace directives.
func (m *mod) isCommand() bool { return strings.HasPrefix(m.dir, "cmd/") }

// notReleased is the comment after the module path of a module that is not released.
const notReleased = "not released"

// open reads the modules of a working tree.
func open(root string) (*repo, error) {
	files, err := tracked(root)
	if err != nil {
		return nil, err
	}
	r := &repo{root: root}
	for _, f := range files {
		if path.Base(f) != "go.mod" || strings.Contains("/"+f, "/testdata/") {
			continue
		}
		m, err := readModule(root, path.Dir(f))
		if err != nil {
			return nil, err
		}
		r.modules = append(r.modules, m)
		if m.dir == "." {
			r.path = m.path
		}
	}
	if r.path == "" {
		return nil, fmt.Errorf("%s has no go.mod", root)
	}
	return r, r.order()
}

func readModule(root, dir string) (*mod, error) {
	name := filepath.Join(root, dir, "go.mod")
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	file, err := modfile.Parse(path.Join(dir, "go.mod"), text, nil)
	if err != nil {
		return nil, err
	}
	if file.Module == nil {
		return nil, fmt.Errorf("%s has no module path", name)
	}
	m := &mod{dir: dir, path: file.Module.Mod.Path, file: file, released: true}
	for _, c := range file.Module.Syntax.Suffix {
		m.released = m.released && strings.TrimSpace(strings.TrimPrefix(c.Token, "//")) != notReleased
	}
	return m, nil
}

// order sets r.released, dependencies first.
func (r *repo) order() error {
	const visiting, done = 1, 2
	state := make(map[*mod]int)
	var visit func(m *mod) error
	visit = func(m *mod) error {
		switch state[m] {
		case visiting:
			return fmt.Errorf("%s requires itself, through other modules", m.path)
		case done:
			return nil
		}
		state[m] = visiting
		for _, need := range m.file.Require {
			other := r.module(need.Mod.Path)
			switch {
			case other == nil && r.owns(need.Mod.Path):
				return fmt.Errorf("%s requires %s, which is not in the repository", m.path, need.Mod.Path)
			case other == nil:
				continue
			case m.released && !other.released:
				return fmt.Errorf("%s requires %s, whose go.mod says %q", m.path, other.path, "// "+notReleased)
			}
			if err := visit(other); err != nil {
				return err
			}
		}
		state[m] = done
		if m.released {
			r.released = append(r.released, m)
		}
		return nil
	}
	for _, m := range r.modules {
		if err := visit(m); err != nil {
			return err
		}
		if want := path.Join(r.path, m.dir); m.path != want {
			return fmt.Errorf("the module in %s is %s, not %s, so nobody can get it", m.dir, m.path, want)
		}
		if m.released && m.isCommand() && len(m.file.Replace) > 0 {
			return fmt.Errorf("%s has replace directives, so nobody can install it; they belong in go.work", m.path)
		}
	}
	return nil
}

// owns reports whether a module path belongs to the repository.
func (r *repo) owns(modpath string) bool {
	return modpath == r.path || strings.HasPrefix(modpath, r.path+"/")
}

// module returns the module with a path, or nil.
func (r *repo) module(modpath string) *mod {
	if i := slices.IndexFunc(r.modules, func(m *mod) bool { return m.path == modpath }); i >= 0 {
		return r.modules[i]
	}
	return nil
}

// tracked returns the files of a working tree that git tracks or would track, sorted.
// Without git or a checkout it returns every file.
func tracked(root string) ([]string, error) {
	text, err := git(root, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
	if err != nil {
		return walked(root)
	}
	files := slices.DeleteFunc(strings.Split(text, "\x00"), func(f string) bool {
		if f == "" {
			return true
		}
		_, err := os.Lstat(filepath.Join(root, f))
		return err != nil
	})
	slices.Sort(files)
	return slices.Compact(files), nil
}

func walked(root string) (files []string, err error) {
	err = fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == ".git":
			return fs.SkipDir
		case !d.IsDir():
			files = append(files, name)
		}
		return nil
	})
	return files, err
}

// git runs git in dir and returns its output.
func git(dir string, args ...string) (string, error) {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	return output(cmd)
}

// output runs a command and returns its standard output. The error contains its standard
// error.
func output(cmd *exec.Cmd) (string, error) {
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	text, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		return string(text), fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, complaint.Bytes())
	}
	return string(text), err
}

// required returns the version that the modules require of each other.
func (r *repo) required() string {
	for _, m := range r.released {
		for _, need := range m.file.Require {
			if r.owns(need.Mod.Path) {
				return need.Mod.Version
			}
		}
	}
	return defaultVersion
}

// cloneTree makes a clone of the repository in dir, without tags, and puts the files
// of the working tree into it.
func cloneTree(root, dir string) error {
	files, err := tracked(root)
	if err != nil {
		return err
	}
	if _, err := git(root, "clone", "--quiet", "--no-checkout", "--no-tags", "--shared", root, dir); err != nil {
		// Not a checkout: an archive of the source.
		if _, err := git(root, "init", "--quiet", dir); err != nil {
			return err
		}
	}
	for _, setting := range [][2]string{ // independent of the user's settings: no key, no hooks
		{"user.name", "dry run"}, {"user.email", "dry-run@localhost"},
		{"commit.gpgSign", "false"}, {"tag.gpgSign", "false"}, {"core.hooksPath", os.DevNull},
	} {
		if _, err := git(dir, "config", setting[0], setting[1]); err != nil {
			return err
		}
	}
	for _, name := range files {
		if err := copyFile(filepath.Join(dir, name), filepath.Join(root, name)); err != nil {
			return err
		}
	}
	return nil
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, info.Mode().Perm())
	if err != nil {
		return err
	}
	defer out.Close()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}
