// Command modproxy writes a file-system module proxy that holds the modules of
// this repository as a release would publish them. A test can then use them by
// version, as users do, without a workspace or replace directives. In the folder
// tools:
//
//	go run ./modproxy -out DIR [-version v0.1.0] [-root ..]
//	GOPROXY=file://DIR,https://... GONOSUMDB=github.com/corskit/corskit go get ...
//
// It holds only the modules that RELEASE.md lists as released.
package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

const rootPath = "github.com/corskit/corskit"

func main() {
	log.SetFlags(0)
	log.SetPrefix("modproxy: ")
	root := flag.String("root", "..", "the `directory` of the repository")
	out := flag.String("out", "", "the `directory` to write the proxy to")
	version := flag.String("version", "v0.1.0", "the `version` of every module")
	flag.Parse()
	if *out == "" {
		log.Fatal("-out is required")
	}
	if err := run(*root, *out, *version); err != nil {
		log.Fatal(err)
	}
}

func run(root, out, version string) error {
	files, err := tracked(root)
	if err != nil {
		return err
	}
	dirs := modules(files)
	for _, dir := range dirs {
		if !released(dir) {
			continue
		}
		if err := write(root, out, version, dir, within(files, dirs, dir)); err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
		fmt.Println(path.Join(rootPath, dir), version)
	}
	return nil
}

// tracked returns the files of the working tree that git tracks or would track.
// Without git or a checkout it returns every file.
func tracked(root string) ([]string, error) {
	cmd := exec.Command("git", "ls-files", "--cached", "--others", "--exclude-standard", "-z")
	cmd.Dir = root
	text, err := cmd.Output()
	if err != nil {
		return walked(root)
	}
	files := slices.DeleteFunc(strings.Split(string(text), "\x00"), func(f string) bool {
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

// modules returns the directories of modules.
func modules(files []string) (dirs []string) {
	for _, f := range files {
		if path.Base(f) == "go.mod" {
			dirs = append(dirs, path.Dir(f))
		}
	}
	return dirs
}

// released reports whether the module in dir is released.
func released(dir string) bool {
	return dir == "." || dir == "config" || dir == "fleet" || dir == "fleet/dev" || dir == "cmd/corskit" ||
		strings.HasPrefix(dir, "adapters/cors") || strings.HasPrefix(dir, "observe/cors")
}

// within returns the files of the module in dir, without those of nested modules.
func within(files, dirs []string, dir string) []string {
	owner := func(file string) string {
		best := "."
		for _, d := range dirs {
			if strings.HasPrefix(file, d+"/") && len(d) > len(best) {
				best = d
			}
		}
		return best
	}
	return slices.DeleteFunc(slices.Clone(files), func(f string) bool { return owner(f) != dir })
}

// file implements zip.File.
type file struct{ name, disk string }

func (f file) Path() string                 { return f.name }
func (f file) Lstat() (fs.FileInfo, error)  { return os.Lstat(f.disk) }
func (f file) Open() (io.ReadCloser, error) { return os.Open(f.disk) }

// write adds the module in dir, made of the named files, to the proxy in out.
func write(root, out, version, dir string, names []string) error {
	text, err := os.ReadFile(filepath.Join(root, dir, "go.mod"))
	if err != nil {
		return err
	}
	mod, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		return err
	}
	for _, r := range mod.Require {
		if strings.HasPrefix(r.Mod.Path, rootPath) && r.Mod.Version != version {
			return fmt.Errorf("requires %s, not %s", r.Mod, version)
		}
	}
	escaped, err := module.EscapePath(mod.Module.Mod.Path)
	if err != nil {
		return err
	}
	base := filepath.Join(out, filepath.FromSlash(escaped), "@v")
	if err := os.MkdirAll(base, 0o755); err != nil {
		return err
	}
	info, err := json.Marshal(map[string]any{"Version": version, "Time": time.Unix(0, 0).UTC()})
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"list": []byte(version + "\n"), version + ".info": info, version + ".mod": text,
	} {
		if err := os.WriteFile(filepath.Join(base, name), content, 0o644); err != nil {
			return err
		}
	}
	w, err := os.Create(filepath.Join(base, version+".zip"))
	if err != nil {
		return err
	}
	defer w.Close()
	if err := zip.Create(w, module.Version{Path: mod.Module.Mod.Path, Version: version}, zipFiles(root, dir, names)); err != nil {
		return err
	}
	return w.Close()
}

// zipFiles returns the files of the module in dir as the go command packs them:
// a nested module without a licence gets that of the repository.
func zipFiles(root, dir string, names []string) []zip.File {
	files := make([]zip.File, 0, len(names)+1)
	licensed := false
	for _, n := range names {
		rel := n
		if dir != "." {
			rel = strings.TrimPrefix(n, dir+"/")
		}
		licensed = licensed || rel == "LICENSE"
		files = append(files, file{rel, filepath.Join(root, n)})
	}
	if !licensed {
		files = append(files, file{"LICENSE", filepath.Join(root, "LICENSE")})
	}
	slices.SortFunc(files, func(a, b zip.File) int { return cmp.Compare(a.Path(), b.Path()) })
	return files
}
