package migrate

import (
	"context"
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// Site is a place that makes a CORS middleware.
type Site struct {
	Library *Library
	Pos     token.Position
	Call    string // the call, as written
	Func    string // the enclosing function; empty for a package-level variable
	Package string // import path

	pkg         *packages.Package
	file        *ast.File
	call        *ast.CallExpr
	constructor Constructor
	handwritten *handwritten // nil for a library's
}

// Sites returns the places that make a middleware, in the packages that the patterns of
// [Load] named, in the order of their positions.
func (p *Program) Sites() []*Site {
	var sites []*Site
	for _, pkg := range p.Packages {
		if !p.wanted[pkg] {
			continue
		}
		for _, file := range pkg.Syntax {
			sites = append(sites, p.librarySites(pkg, file)...)
			sites = append(sites, p.handwrittenSites(pkg, file)...)
		}
	}
	slices.SortStableFunc(sites, func(a, b *Site) int {
		if c := strings.Compare(a.Pos.Filename, b.Pos.Filename); c != 0 {
			return c
		}
		return a.Pos.Offset - b.Pos.Offset
	})
	return sites
}

func (p *Program) librarySites(pkg *packages.Package, file *ast.File) []*Site {
	var sites []*Site
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		fn := callee(pkg.TypesInfo, call)
		if fn == nil {
			return true
		}
		l, c, ok := isSite(fn)
		if !ok || l.Path == pkg.PkgPath {
			return true
		}
		src := p.source(call)
		s := &Site{Library: l, Pos: src.Pos, Call: src.Expr, Package: pkg.PkgPath, pkg: pkg, file: file, call: call, constructor: c}
		if fn := enclosing(file, call.Pos()); fn != nil {
			s.Func = fn.Name.Name
		}
		sites = append(sites, s)
		return true
	})
	return sites
}

// Migrate translates every site.
func (p *Program) Migrate(ctx context.Context) []*Result {
	var results []*Result
	for _, s := range p.Sites() {
		if ctx.Err() != nil {
			break
		}
		results = append(results, p.Translate(s)...)
	}
	return results
}

// maxCallers bounds the call sites of a function whose parameters reach a site.
const maxCallers = 8

// evaluate returns the options of a site. If they depend on parameters of the enclosing function,
// it returns one set of options for each call of that function.
func (p *Program) evaluate(s *Site) []way {
	if s.handwritten != nil {
		return p.handwrittenWays(s)
	}
	ways := p.waysTo(s.pkg, s.file, s.call, nil, 0)
	if s.constructor.Form == "method" && s.constructor.Arg < 0 {
		for i := range ways {
			ways[i].args = []Value{ways[i].recv}
		}
	}
	return ways
}

// way is one set of arguments of a site's call.
type way struct {
	snapshot
	via []token.Position // the calls that lead to the site, outermost first
}

// waysTo evaluates the arguments of a call.
func (p *Program) waysTo(pkg *packages.Package, file *ast.File, call *ast.CallExpr, _ []Value, depth int) []way {
	fn := enclosing(file, call.Pos())
	if fn == nil {
		return p.inInitializer(pkg, file, call)
	}
	alone := p.runTo(pkg, fn, call, scope{})
	if !slices.ContainsFunc(alone, func(s snapshot) bool { return hasParameter(s.args) }) || depth >= 4 {
		return waysOf(alone, nil)
	}
	obj := pkg.TypesInfo.Defs[fn.Name]
	if obj == nil {
		return waysOf(alone, nil)
	}
	callers := p.calls[keyOf(obj)]
	if len(callers) == 0 || len(callers) > maxCallers {
		return waysOf(alone, nil)
	}
	var ways []way
	for _, c := range callers {
		for _, outer := range p.waysTo(c.pkg, c.file, c.call, nil, depth+1) {
			env := scope{}
			in := p.interpreter(pkg)
			in.bind(fn.Type, outer.args, env)
			if fn.Recv != nil && outer.recv != nil {
				bindFields(pkg.TypesInfo, fn.Recv, []Value{outer.recv}, env)
			}
			via := append(slices.Clone(outer.via), p.position(c.call.Pos()))
			ways = append(ways, waysOf(p.runTo(pkg, fn, call, env), via)...)
		}
	}
	return dedupe(ways)
}

func waysOf(seen []snapshot, via []token.Position) []way {
	var ways []way
	for _, s := range seen {
		ways = append(ways, way{s, via})
	}
	return ways
}

// dedupe keeps one of several ways with the same arguments.
func dedupe(ways []way) []way {
	var kept []way
	for _, w := range ways {
		if !slices.ContainsFunc(kept, func(k way) bool { return slices.EqualFunc(k.args, w.args, sameDeep) }) {
			kept = append(kept, w)
		}
	}
	return kept
}

func sameDeep(a, b Value) bool {
	x, ok := a.(*Struct)
	y, ok2 := b.(*Struct)
	if !ok || !ok2 {
		return same(a, b)
	}
	if len(x.Fields) != len(y.Fields) {
		return false
	}
	for name, v := range x.Fields {
		if y.Fields[name] == nil || !same(v, y.Fields[name]) {
			return false
		}
	}
	return true
}

// hasParameter reports whether a value depends on a parameter.
func hasParameter(values []Value) bool {
	found := false
	for _, v := range values {
		walk(v, func(v Value) {
			if u, ok := v.(*Unknown); ok && strings.HasPrefix(u.Why, "it is a parameter") {
				found = true
			}
			if s, ok := v.(*Setting); ok && s.From == "field" {
				found = true
			}
			if s, ok := v.(*Struct); ok && s.Loaded {
				found = true
			}
		})
	}
	return found
}

// walk visits a value and its parts.
func walk(v Value, visit func(Value)) {
	if v == nil {
		return
	}
	visit(v)
	switch x := v.(type) {
	case *List:
		for _, item := range x.Items {
			walk(item, visit)
		}
	case *Spread:
		walk(x.Value, visit)
	case *Struct:
		for _, f := range x.Fields {
			walk(f, visit)
		}
	case *Branch:
		walk(x.Cond.Of, visit)
		walk(x.Then, visit)
		walk(x.Else, visit)
	case *Compare:
		walk(x.Cond.Of, visit)
	case *Test:
		walk(x.List, visit)
	case *Split:
		walk(x.Of, visit)
	case *Setting:
		walk(x.Default, visit)
	case *Joined:
		walk(x.Of, visit)
	case *Call:
		for _, a := range x.Args {
			walk(a, visit)
		}
	}
}

// runTo runs a function up to a call and returns its arguments.
func (p *Program) runTo(pkg *packages.Package, fn *ast.FuncDecl, call *ast.CallExpr, env scope) []snapshot {
	in := p.interpreter(pkg)
	in.run.target = call
	in.block(fn.Body.List, env)
	if len(in.run.seen) == 0 { // in code that the evaluator does not reach
		in.run.steps = 0
		in.snapshot(call, env)
	}
	return in.run.seen
}

// inInitializer evaluates a call in the initializer of a package-level variable.
func (p *Program) inInitializer(pkg *packages.Package, _ *ast.File, call *ast.CallExpr) []way {
	in := p.interpreter(pkg)
	in.snapshot(call, scope{})
	return waysOf(in.run.seen, nil)
}
