package corpus_test

import (
	"bytes"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/migrate"
)

// TestModuleCache reads every package of the module cache that imports one of the libraries. No
// package may cause a panic. It prints a table of the outcomes.
func TestModuleCache(t *testing.T) {
	if os.Getenv("CORSKIT_MODULE_CACHE") == "" {
		t.Skip("reads all of the module cache, whose packages differ between machines; CORSKIT_MODULE_CACHE=1 runs it")
	}
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	groups := copyPackages(t, strings.TrimSpace(string(out)), dir)
	counts := map[string]map[migrate.Outcome]int{}
	read := 0
	for _, group := range groups {
		p, err := migrate.Load(t.Context(), dir, "./"+filepath.Base(group))
		if err != nil { // for example, a package that imports a module that is not in go.mod
			t.Log(err)
			continue
		}
		read++
		for _, r := range p.Migrate(t.Context()) {
			name := r.Site.Library.Name
			if counts[name] == nil {
				counts[name] = map[migrate.Outcome]int{}
			}
			counts[name][r.Outcome]++
			_, _ = r.YAML(), r.Go()
			t.Log(r.Site.Pos, r.Site.Library.Name, r.Outcome, r.Why)
		}
	}
	t.Log(read, "of", len(groups), "packages")
	for name, outcomes := range counts {
		t.Logf("| %s | %d | %d | %d | %d |", name, outcomes[migrate.Translated], outcomes[migrate.Partly],
			outcomes[migrate.NoPolicy], outcomes[migrate.Unread])
	}
}

// copyPackages copies the packages that import a library into a module that has the
// dependencies of this one, and returns their directories. Tests become packages too.
func copyPackages(t *testing.T, cache, dir string) (groups []string) {
	for _, name := range []string{"go.mod", "go.sum"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.ReplaceAll(text, []byte("module github.com/corskit/corskit/migrate/corpus"), []byte("module modulecache.example"))
		root, err := filepath.Abs("../..")
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.ReplaceAll(text, []byte("=> ../.."), []byte("=> "+root))
		text = bytes.ReplaceAll(text, []byte("=> ..\n"), []byte("=> "+root+"/migrate\n"))
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]bool{}
	err := filepath.WalkDir(cache, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path == filepath.Join(cache, "cache"):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, ".go") || seen[filepath.Dir(path)]:
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if importsLibrary(text) {
			seen[filepath.Dir(path)] = true
			more, err := copyPackage(filepath.Dir(path), dir, len(seen))
			groups = append(groups, more...)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return groups
}

func importsLibrary(text []byte) bool {
	return slices.ContainsFunc(migrate.Libraries(), func(l *migrate.Library) bool {
		return bytes.Contains(text, []byte(`"`+l.Path+`"`))
	})
}

// maxFiles bounds the size of a package. Larger packages are generated clients.
const maxFiles = 40

// copyPackage copies the files of a directory into one directory for each package. Tests become
// ordinary files.
func copyPackage(from, to string, number int) (groups []string, err error) {
	files, err := filepath.Glob(filepath.Join(from, "*.go"))
	if err != nil || len(files) > maxFiles {
		return nil, err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, text, parser.PackageClauseOnly)
		if err != nil {
			continue
		}
		group := filepath.Join(to, fmt.Sprintf("p%d_%s", number, strings.ReplaceAll(tree.Name.Name, "_test", "_outside")))
		if !slices.Contains(groups, group) {
			groups = append(groups, group)
		}
		if err := os.MkdirAll(group, 0o755); err != nil {
			return nil, err
		}
		name := strings.ReplaceAll(filepath.Base(file), "_test.go", "_tested.go")
		if err := os.WriteFile(filepath.Join(group, name), text, 0o600); err != nil {
			return nil, err
		}
	}
	return groups, nil
}
