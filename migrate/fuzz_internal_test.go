package migrate

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/txtar"
)

// maxSource bounds the programs of FuzzMigrate.
const maxSource = 16 << 10 // bytes

// FuzzMigrate reads one-file programs that import the libraries, or that set headers themselves. No
// program may cause a panic, core must accept each policy, and each result must print. 'go list'
// would take a second for each program, so the test loads the imported packages once.
func FuzzMigrate(f *testing.F) {
	if testing.Short() {
		f.Skip("go list compiles what the programs import, which takes seconds")
	}
	f.Setenv("GOWORK", "off")
	f.Setenv("GOFLAGS", "-mod=mod")
	dir := f.TempDir()
	extractForFuzz(f, dir, "testdata/stubs.txtar")
	names, err := filepath.Glob("testdata/programs/*.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		program := filepath.Join(dir, "app", strings.TrimSuffix(filepath.Base(name), ".txtar"))
		f.Add(extractForFuzz(f, program, name))
	}
	base, err := Load(f.Context(), filepath.Join(dir, "app"))
	if err != nil {
		f.Fatal(err)
	}
	known := importable{"unsafe": types.Unsafe}
	for _, pkg := range base.Packages {
		known.add(pkg.Types.Imports())
	}
	f.Fuzz(func(t *testing.T, source string) {
		if p := known.program(source); p != nil {
			judgeResults(t, p)
		}
	})
}

// extractForFuzz writes the files of an archive, and returns its main.go.
func extractForFuzz(f *testing.F, dir, archive string) (main string) {
	f.Helper()
	a, err := txtar.ParseFile(archive)
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range a.Files {
		if file.Name == "want" || strings.HasPrefix(file.Name, "rewritten/") {
			continue
		}
		if file.Name == "main.go" {
			main = string(file.Data)
		}
		path := filepath.Join(dir, filepath.FromSlash(file.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			f.Fatal(err)
		}
		if err := os.WriteFile(path, file.Data, 0o600); err != nil {
			f.Fatal(err)
		}
	}
	return main
}

// importable are the packages that programs may import, by path.
type importable map[string]*types.Package

func (known importable) add(all []*types.Package) {
	for _, pkg := range all {
		if known[pkg.Path()] == nil {
			known[pkg.Path()] = pkg
			known.add(pkg.Imports())
		}
	}
}

// Import implements [types.Importer].
func (known importable) Import(path string) (*types.Package, error) {
	if pkg := known[path]; pkg != nil && pkg.Complete() {
		return pkg, nil
	}
	return nil, os.ErrNotExist
}

// program returns a program with one file, or nil if the file is too long or not Go. Like a program
// from Load, it may have faults.
func (known importable) program(source string) *Program {
	if len(source) > maxSource {
		return nil
	}
	p := &Program{Dir: "/", Fset: token.NewFileSet()}
	file, err := parser.ParseFile(p.Fset, "/main.go", source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil
	}
	pkg := &packages.Package{PkgPath: "example.com/app", Fset: p.Fset, Syntax: []*ast.File{file}, TypesInfo: &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{}, Implicits: map[ast.Node]types.Object{}, Scopes: map[ast.Node]*types.Scope{},
		Instances: map[*ast.Ident]types.Instance{},
	}}
	conf := types.Config{Importer: known, Error: func(error) {}}
	pkg.Types, _ = conf.Check(pkg.PkgPath, p.Fset, pkg.Syntax, pkg.TypesInfo)
	p.add([]*packages.Package{pkg}, map[string]bool{pkg.PkgPath: true})
	p.index()
	return p
}

// judgeResults checks the properties that every program must have.
func judgeResults(t *testing.T, p *Program) {
	var printed bytes.Buffer
	results := p.Migrate(t.Context())
	for _, r := range results {
		if strings.Contains(r.Why, "package migrate has a bug") {
			t.Errorf("%s: %s", r.Site.Pos, r.Why)
		}
		for _, v := range r.Variants {
			for _, fault := range v.Faults {
				t.Errorf("%s: the policy is refused: %s", r.Site.Pos, fault)
			}
		}
		r.Print(&printed, YAMLForm, nil)
		r.Print(&printed, GoForm, nil)
	}
	PrintStanding(&printed, results, nil)
	for _, line := range strings.Split(printed.String(), "\n") {
		if strings.ContainsFunc(line, func(r rune) bool { return r < ' ' && r != '\t' }) {
			t.Errorf("printed raw: %q", line)
		}
	}
}
