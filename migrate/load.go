package migrate

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/printer"
	"go/token"
	"go/types"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// Program is a set of packages with their syntax and types.
type Program struct {
	Dir      string // positions are relative to it where they can be
	Fset     *token.FileSet
	Packages []*packages.Package // in the order of their paths
	Faults   []error             // errors of packages that do not compile; Load reads as much of them as it can

	wanted map[*packages.Package]bool // packages that match the patterns
	decls  map[string]*declared       // by keyOf
	vars   map[string]*variable       // by keyOf
	calls  map[string][]callSite      // of declared functions, by keyOf
	viper  viperFacts

	standard []*types.Package // those of newImports
}

// declared is a function with its package.
type declared struct {
	pkg  *packages.Package
	decl *ast.FuncDecl
}

const loadMode = packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles | packages.NeedImports |
	packages.NeedTypes | packages.NeedTypesInfo | packages.NeedSyntax | packages.NeedModule

// Load reads the packages that match the patterns, as 'go list' in dir does, and the packages of
// the same module that they import. Errors of packages that do not compile are in [Program.Faults].
// Load returns an error if it cannot read anything.
func Load(ctx context.Context, dir string, patterns ...string) (*Program, error) {
	if len(patterns) == 0 {
		patterns = []string{"./..."}
	}
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("migrate: %w", err)
	}
	p := &Program{Dir: absolute, Fset: token.NewFileSet()}
	cfg := &packages.Config{Context: ctx, Dir: absolute, Fset: p.Fset, Mode: loadMode}
	asked := append(slices.Clone(patterns), newImports...)
	found, err := packages.Load(cfg, asked...)
	if err != nil {
		return nil, fmt.Errorf("migrate: cannot list the packages: %w", err)
	}
	wanted := map[string]bool{}
	for _, pkg := range found {
		wanted[pkg.PkgPath] = !slices.Contains(newImports, pkg.PkgPath)
	}
	if more := siblings(found); len(more) > 0 {
		// Both must share the same type objects, so load all packages at once.
		if found, err = packages.Load(cfg, append(asked, more...)...); err != nil {
			return nil, fmt.Errorf("migrate: cannot list the packages: %w", err)
		}
	}
	p.add(found, wanted)
	if len(p.Packages) == 0 && len(p.Faults) > 0 {
		return p, fmt.Errorf("migrate: cannot read any package: %w", p.Faults[0])
	}
	if len(p.Packages) == 0 {
		return p, fmt.Errorf("migrate: no Go package matches %s in %s; patterns are as for 'go list', for example \"./...\"",
			strings.Join(patterns, " "), dir)
	}
	p.index()
	return p, nil
}

// newImports are the packages of the standard library that new code may need. Load loads them with
// the program, so that both use the same types.
var newImports = []string{"context", "os", "strings", "time"}

// siblings returns the packages of the same modules that are imported but not loaded.
func siblings(loaded []*packages.Package) []string {
	have, missing := map[string]bool{}, map[string]bool{}
	for _, pkg := range loaded {
		have[pkg.PkgPath] = true
	}
	var visit func(pkg *packages.Package, module string)
	seen := map[*packages.Package]bool{}
	visit = func(pkg *packages.Package, module string) {
		for _, imported := range pkg.Imports {
			if seen[imported] || imported.PkgPath != module && !strings.HasPrefix(imported.PkgPath, module+"/") {
				continue
			}
			seen[imported] = true
			if !have[imported.PkgPath] {
				missing[imported.PkgPath] = true
			}
			visit(imported, module)
		}
	}
	for _, pkg := range loaded {
		if pkg.Module != nil {
			visit(pkg, pkg.Module.Path)
		}
	}
	var paths []string
	for path := range missing {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return paths
}

func (p *Program) add(found []*packages.Package, wanted map[string]bool) {
	p.wanted = map[*packages.Package]bool{}
	for _, pkg := range found {
		if wanted[pkg.PkgPath] {
			p.Faults = append(p.Faults, p.faults(pkg)...)
		}
		if slices.Contains(newImports, pkg.PkgPath) {
			p.standard = append(p.standard, pkg.Types)
			continue
		}
		if pkg.Types == nil || pkg.TypesInfo == nil || len(pkg.Syntax) == 0 {
			continue
		}
		p.Packages = append(p.Packages, pkg)
		p.wanted[pkg] = wanted[pkg.PkgPath]
	}
	slices.SortFunc(p.Packages, func(a, b *packages.Package) int { return strings.Compare(a.PkgPath, b.PkgPath) })
}

// faults returns the errors of a package. If there are errors of the compiler, it leaves out the
// text in which 'go list' repeats them.
func (p *Program) faults(pkg *packages.Package) (faults []error) {
	compiled := slices.ContainsFunc(pkg.Errors, func(e packages.Error) bool { return e.Kind != packages.ListError })
	for _, e := range pkg.Errors {
		if compiled && e.Kind == packages.ListError && strings.HasPrefix(e.Msg, "# ") {
			continue
		}
		e.Pos = strings.TrimPrefix(e.Pos, p.Dir+string(filepath.Separator))
		faults = append(faults, e)
	}
	return faults
}

// position returns where an expression is, relative to the directory of the program.
func (p *Program) position(pos token.Pos) token.Position {
	at := p.Fset.Position(pos)
	if rel, err := filepath.Rel(p.Dir, at.Filename); err == nil && !strings.HasPrefix(rel, "..") {
		at.Filename = filepath.ToSlash(rel)
	}
	return at
}

// source returns a node as one line of Go.
func (p *Program) source(n ast.Node) Source {
	if n == nil {
		return Source{}
	}
	var b bytes.Buffer
	if err := printer.Fprint(&b, p.Fset, n); err != nil {
		b.Reset()
	}
	return Source{Expr: oneLine(b.String()), Pos: p.position(n.Pos())}
}
