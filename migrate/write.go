package migrate

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/ast/astutil"
)

// Rewritten holds the files of a program with corskit in place of the old middlewares.
type Rewritten struct {
	Files   map[string][]byte // new contents, by absolute path
	Written []*Result
	Refused []Refusal
}

// Refusal is a site that Rewrite leaves unchanged.
type Refusal struct {
	Result *Result
	Why    string
}

// edit replaces a part of a file.
type edit struct {
	start, end token.Pos
	text       string
}

// Rewrite replaces the old middlewares with the policies, where that is safe. It is safe if the
// site is fully translated, or each kept part is an expression that fits the policy; if the new
// middleware supports every use of the old one; and if the new file compiles. Rewrite returns the
// new files and does not write them.
func (p *Program) Rewrite(results []*Result) (*Rewritten, error) {
	w := &Rewritten{Files: map[string][]byte{}}
	ways := map[*Site]int{}
	byFile := map[string][]*Result{}
	for _, r := range results {
		ways[r.Site]++
		byFile[p.Fset.Position(r.Site.call.Pos()).Filename] = append(byFile[p.Fset.Position(r.Site.call.Pos()).Filename], r)
	}
	for _, name := range sortedKeys(byFile) {
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("migrate: %w", err)
		}
		var edits []edit
		var done []*Library
		for _, r := range byFile[name] {
			more, err := p.edits(r, ways[r.Site])
			var changed []byte
			if err == nil {
				changed, err = p.apply(r.Site, text, append(slices.Clone(edits), more...), append(done, r.Site.Library))
			}
			if err != nil {
				w.Refused = append(w.Refused, Refusal{r, err.Error()})
				continue
			}
			edits, done = append(edits, more...), append(done, r.Site.Library)
			w.Files[name] = changed
			w.Written = append(w.Written, r)
		}
	}
	return w, nil
}

// edits returns the edits of one site.
func (p *Program) edits(r *Result, ways int) ([]edit, error) {
	switch {
	case r.Site.handwritten != nil:
		return nil, errors.New("the middleware is hand-written: remove it by hand, and mount the new one")
	case r.Site.constructor.Form == "method":
		return nil, errors.New("a method makes the middleware: replace the call by hand, and mount the new one")
	case r.Outcome == NoPolicy || r.Outcome == Unread:
		return nil, errors.New(r.Why)
	case ways > 1:
		return nil, fmt.Errorf("the options come from %d callers, which need different policies", ways)
	case r.Site.Library.Adapter == "":
		return nil, fmt.Errorf("corskit has no adapter for the framework of %s", r.Site.Library.Name)
	}
	for _, n := range r.Place {
		if n.Code == codeInnerLayer {
			return nil, errors.New(n.Text) // corskit would override the headers of the outer middleware, which the old library does not do
		}
	}
	policy, err := r.code()
	if err != nil {
		return nil, err
	}
	s, adapter := r.Site, r.Site.Library.Mount
	if skip := r.Variants[0].Skip; skip != "" {
		adapter = strings.TrimSuffix(adapter, ")") + ", " + skip + ")"
	}
	middleware := strings.Replace(adapter, "ENGINE", "core.MustNew("+policy+")", 1)
	if s.constructor.Form == "middleware" {
		return []edit{{s.call.Pos(), s.call.End(), middleware}}, nil
	}
	return p.objectEdits(s, adapter, policy, middleware)
}

// code returns the policy as Go code for the site.
func (r *Result) code() (string, error) {
	for _, k := range r.Variants[0].Kept {
		if k.Manual {
			return "", fmt.Errorf("the code that remains for %s does not fit a policy: %s", k.Field, k.Expr)
		}
	}
	first := r.Variants[0]
	if len(r.Variants) == 1 {
		return first.Go(), nil
	}
	if policy, ok := r.verbatimCode(); ok {
		return policy, nil
	}
	return r.branchedCode()
}

// verbatimCode returns the policy with the old expressions in the fields that depend on conditions,
// if these expressions have the policy's values.
func (r *Result) verbatimCode() (string, bool) {
	merged := *r.Variants[0]
	merged.Kept = slices.Clone(merged.Kept)
	for _, v := range r.Variants[1:] {
		for _, field := range differing(r.Variants[0], v) {
			expr := merged.verbatim[field]
			if expr == "" || v.verbatim[field] == "" {
				return "", false
			}
			merged.Kept = append(merged.Kept, Kept{Field: field, Expr: expr})
		}
	}
	return merged.Go(), true
}

// branchedCode returns code that computes the policy in a function literal. It accepts only
// conditions on environment variables, because only these mean the same everywhere in a program.
func (r *Result) branchedCode() (string, error) {
	var b strings.Builder
	b.WriteString("func() core.Policy {\n")
	for _, v := range r.Variants[1:] {
		var conds []string
		for _, c := range v.chosen {
			s, ok := c.cond.Of.(*Setting)
			if !ok || s.From != "env" {
				return "", fmt.Errorf("the policy depends on %s, which cannot be written here", c.cond.text())
			}
			op := "!="
			if c.holds {
				op = "=="
			}
			conds = append(conds, fmt.Sprintf("os.Getenv(%q) %s %q", s.Name, op, c.cond.Is))
		}
		fmt.Fprintf(&b, "if %s {\nreturn %s\n}\n", strings.Join(conds, " && "), v.Go())
	}
	fmt.Fprintf(&b, "return %s\n}()", r.Variants[0].Go())
	return b.String(), nil
}

// objectEdits replaces a value that has the middleware as a method.
func (p *Program) objectEdits(s *Site, adapter, policy, middleware string) ([]edit, error) {
	if sel := p.selectedFrom(s); sel != nil { // cors.New(...).Handler
		if sel.Sel.Name != "Handler" && sel.Sel.Name != "Wrap" {
			return nil, fmt.Errorf("the middleware is used through %s, which corskit does not have", sel.Sel.Name)
		}
		return []edit{{sel.Pos(), sel.End(), middleware}}, nil
	}
	obj := p.assigned(s)
	if obj == nil {
		return nil, errors.New("the middleware is not assigned to a variable or mounted here")
	}
	pair := s.Library.Path == "github.com/jub0bs/cors"
	edits := []edit{{s.call.Pos(), s.call.End(), middleware}}
	if pair { // mw, err := core.New(policy)
		edits[0].text = "core.New(" + policy + ")"
	}
	for id, used := range s.pkg.TypesInfo.Uses {
		if used != obj {
			continue
		}
		sel := p.selects(s, id)
		if sel == nil || sel.Sel.Name != "Handler" && sel.Sel.Name != "Wrap" {
			return nil, fmt.Errorf("%s is used at %s in a way that corskit does not support", id.Name, p.position(id.Pos()))
		}
		text := id.Name
		if pair {
			text = strings.Replace(adapter, "ENGINE", id.Name, 1)
		}
		edits = append(edits, edit{sel.Pos(), sel.End(), text})
	}
	return edits, nil
}

// selectedFrom returns the selector that is applied to a site's call, or nil.
func (p *Program) selectedFrom(s *Site) *ast.SelectorExpr {
	var found *ast.SelectorExpr
	ast.Inspect(s.file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && ast.Unparen(sel.X) == s.call {
			found = sel
		}
		return found == nil
	})
	return found
}

// selects returns the selector that is applied to an identifier in the file of a site.
func (p *Program) selects(s *Site, id *ast.Ident) *ast.SelectorExpr {
	var found *ast.SelectorExpr
	ast.Inspect(s.file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok && sel.X == id {
			found = sel
		}
		return found == nil
	})
	return found
}

// apply makes the edits, fixes the imports and checks that the file compiles.
func (p *Program) apply(s *Site, text []byte, edits []edit, old []*Library) ([]byte, error) {
	slices.SortFunc(edits, func(a, b edit) int { return int(b.start - a.start) })
	changed := slices.Clone(text)
	for i, e := range edits {
		from, to := p.Fset.Position(e.start).Offset, p.Fset.Position(e.end).Offset
		if i > 0 && to > p.Fset.Position(edits[i-1].start).Offset {
			return nil, errors.New("one middleware is nested in another")
		}
		changed = slices.Concat(changed[:from], []byte(e.text), changed[to:])
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, p.Fset.Position(s.call.Pos()).Filename, changed, parser.ParseComments)
	if err != nil {
		return nil, fmt.Errorf("the new file does not parse: %w", err)
	}
	for _, l := range old {
		fixImports(fset, file, l)
	}
	var b bytes.Buffer
	if err := format.Node(&b, fset, file); err != nil {
		return nil, fmt.Errorf("cannot print the new file: %w", err)
	}
	if err := p.compiles(s, b.Bytes()); err != nil {
		return nil, fmt.Errorf("the new file does not compile: %w", err)
	}
	return b.Bytes(), nil
}

const corePath = "github.com/corskit/corskit/core"

// fixImports adds imports that the new code needs, and removes the import of the old middleware if
// nothing uses it any more.
func fixImports(fset *token.FileSet, file *ast.File, l *Library) {
	for name, path := range map[string]string{
		"core": corePath, "time": "time", "context": "context", "strings": "strings", "os": "os",
		l.Adapter[strings.LastIndex(l.Adapter, "/")+1:]: l.Adapter,
	} {
		if names(file, name) && !imports(file, path) {
			astutil.AddImport(fset, file, path)
		}
	}
	for _, path := range []string{l.Path, "time", "strings", "os"} {
		if imports(file, path) && !astutil.UsesImport(file, path) {
			for _, spec := range slices.Clone(file.Imports) {
				if value, _ := strconv.Unquote(spec.Path.Value); value == path && spec.Name != nil {
					astutil.DeleteNamedImport(fset, file, spec.Name.Name, path)
				}
			}
			astutil.DeleteImport(fset, file, path)
		}
	}
	ast.SortImports(fset, file)
}

// names reports whether a file selects from a package's name.
func names(file *ast.File, name string) bool {
	found := false
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok && id.Name == name && id.Obj == nil {
				found = true
			}
		}
		return !found
	})
	return found
}

func imports(file *ast.File, path string) bool {
	return slices.ContainsFunc(file.Imports, func(s *ast.ImportSpec) bool {
		value, _ := strconv.Unquote(s.Path.Value)
		return value == path
	})
}

// compiles type-checks the package of a site with one file replaced. The program's go.mod need not
// require corskit yet: declarations.txt has the declarations.
func (p *Program) compiles(s *Site, text []byte) error {
	fset := token.NewFileSet()
	target := p.Fset.Position(s.call.Pos()).Filename
	var files []*ast.File
	for _, f := range s.pkg.Syntax {
		name := p.Fset.Position(f.Package).Filename
		var src any
		if name == target {
			src = text
		}
		parsed, err := parser.ParseFile(fset, name, src, 0)
		if err != nil {
			return err
		}
		files = append(files, parsed)
	}
	var faults []error
	imp := &declarations{known: map[string]*types.Package{}, fset: fset}
	for _, pkg := range p.standard {
		imp.known[pkg.Path()] = pkg
	}
	imp.add(s.pkg.Types)
	for _, pkg := range p.Packages {
		imp.add(pkg.Types)
	}
	conf := types.Config{Importer: imp, Error: func(err error) { faults = append(faults, err) }, GoVersion: s.pkg.Types.GoVersion()}
	if err := check(conf, s.pkg.PkgPath, fset, files); err != nil {
		return err
	}
	if len(faults) == 0 {
		return nil
	}
	var e types.Error
	if errors.As(faults[0], &e) {
		at := e.Fset.Position(e.Pos)
		return fmt.Errorf("%s:%d: %s", filepath.Base(at.Filename), at.Line, e.Msg)
	}
	return faults[0]
}

// check type-checks files. It returns an error only if go/types panics; conf.Error gets all others.
func check(conf types.Config, path string, fset *token.FileSet, files []*ast.File) (err error) {
	defer func() {
		if fault := recover(); fault != nil { // go/types panics if an imported package lacks a type
			err = fmt.Errorf("cannot check the package: %v", fault)
		}
	}()
	_, _ = conf.Check(path, fset, files, nil)
	return nil
}

// declarations is an importer for the loaded packages of a program, and for the declarations of
// corskit that new code uses.
type declarations struct {
	known map[string]*types.Package
	fset  *token.FileSet
}

func (d *declarations) add(pkg *types.Package) {
	for _, imported := range pkg.Imports() {
		old := d.known[imported.Path()]
		if old == nil || !old.Complete() && imported.Complete() {
			d.known[imported.Path()] = imported
			d.add(imported)
		}
	}
}

//go:embed declarations.txt
var corskitDeclarations string

// Import implements [types.Importer].
func (d *declarations) Import(path string) (*types.Package, error) {
	if pkg := d.known[path]; pkg != nil && pkg.Complete() {
		return pkg, nil
	}
	for _, text := range strings.Split(corskitDeclarations, "-- ")[1:] {
		name, source, _ := strings.Cut(text, " --\n")
		if name != path {
			continue
		}
		file, err := parser.ParseFile(d.fset, name, source, 0)
		if err != nil {
			return nil, err
		}
		pkg, err := (&types.Config{Importer: d}).Check(path, d.fset, []*ast.File{file}, nil)
		if err == nil {
			d.known[path] = pkg
		}
		return pkg, err
	}
	return nil, fmt.Errorf("package %s is not loaded", path)
}

// differing returns the fields in which two variants differ.
func differing(a, b *Variant) []string {
	var fields []string
	x, y := reflect.ValueOf(a.Policy), reflect.ValueOf(b.Policy)
	for field, value := range x.Fields() {
		if goValue(value) != goValue(y.FieldByIndex(field.Index)) {
			fields = append(fields, field.Name)
		}
	}
	return fields
}
