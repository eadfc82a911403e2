package migrate_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/corskit/corskit/migrate"
)

var update = flag.Bool("update", false, "update the expected output in testdata/programs")

// programs writes the programs of testdata, one directory for each archive, and the modules
// that they import. It returns the directory and the archives by name.
func programs(t *testing.T) (string, map[string]*txtar.Archive) {
	t.Helper()
	if testing.Short() {
		t.Skip("go list compiles the programs, which takes seconds")
	}
	t.Setenv("GOWORK", "off")
	t.Setenv("GOFLAGS", "-mod=mod")
	dir := t.TempDir()
	extract(t, dir, parse(t, "testdata/stubs.txtar"))
	archives := map[string]*txtar.Archive{}
	names, err := filepath.Glob("testdata/programs/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range names {
		name := strings.TrimSuffix(filepath.Base(path), ".txtar")
		archives[name] = parse(t, path)
		archives[name].Files = slices.DeleteFunc(archives[name].Files, func(f txtar.File) bool {
			return f.Name == "want" || strings.HasPrefix(f.Name, "rewritten/")
		})
		extract(t, filepath.Join(dir, "app", name), archives[name])
	}
	return filepath.Join(dir, "app"), archives
}

func parse(t *testing.T, path string) *txtar.Archive {
	t.Helper()
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func extract(t *testing.T, dir string, a *txtar.Archive) {
	t.Helper()
	for _, f := range a.Files {
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPrograms checks the archives of testdata/programs. Each has a program, the expected output,
// and, in rewritten/, its files after Rewrite.
func TestPrograms(t *testing.T) {
	dir, archives := programs(t)
	p, err := migrate.Load(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range p.Faults {
		t.Errorf("a program does not compile: %v", fault)
	}
	printed, results := map[string]*bytes.Buffer{}, p.Migrate(t.Context())
	byName := map[string][]*migrate.Result{}
	for _, r := range results {
		name, _, _ := strings.Cut(r.Site.Pos.Filename, "/")
		if printed[name] == nil {
			printed[name] = new(bytes.Buffer)
		}
		r.Print(printed[name], migrate.YAMLForm, nil)
		byName[name] = append(byName[name], r)
		for _, v := range r.Variants {
			for _, fault := range v.Faults {
				t.Errorf("%s: the policy is refused: %s", r.Site.Pos, fault)
			}
		}
	}
	for name, of := range byName {
		migrate.PrintStanding(printed[name], of, nil)
	}
	w, err := p.Rewrite(results)
	if err != nil {
		t.Fatal(err)
	}
	for _, refusal := range w.Refused {
		pos := refusal.Result.Site.Pos
		name, _, _ := strings.Cut(pos.Filename, "/")
		printed[name].WriteString("not written: " + pos.String() + ": " + refusal.Why + "\n")
	}
	for name, a := range archives {
		t.Run(name, func(t *testing.T) {
			got := &txtar.Archive{Comment: a.Comment, Files: slices.Clone(a.Files)}
			got.Files = append(got.Files, txtar.File{Name: "want", Data: printed[name].Bytes()})
			for _, f := range a.Files {
				if text, ok := w.Files[filepath.Join(dir, name, f.Name)]; ok {
					got.Files = append(got.Files, txtar.File{Name: "rewritten/" + f.Name, Data: text})
				}
			}
			path := filepath.Join("testdata", "programs", name+".txtar")
			if *update {
				if err := os.WriteFile(path, txtar.Format(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if got, want := string(txtar.Format(got)), string(txtar.Format(parse(t, path))); got != want {
				t.Errorf("%s differs; 'go test -run TestPrograms -update' writes it:\n%s", path, got)
			}
		})
	}
}
