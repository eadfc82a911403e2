package migrate

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/packages"
)

// callSite is the place of a call.
type callSite struct {
	pkg  *packages.Package
	file *ast.File
	call *ast.CallExpr
}

// variable is a package-level variable.
type variable struct {
	pkg      *packages.Package
	value    ast.Expr // its initializer, or nil
	index    int      // of the variable among the results, if the initializer is a call with several
	assigned []token.Pos
	loaded   token.Pos // where its address is taken
}

// viperFacts are the defaults and bindings that the program sets in viper.
type viperFacts struct {
	defaults map[string]valueAt
	env      map[string]string
	prefix   string
	auto     bool
}

// valueAt is an expression in a package.
type valueAt struct {
	pkg  *packages.Package
	file *ast.File
	expr ast.Expr
}

// keyOf identifies a package-level object or method. An object has the same key whether its package
// is read from source or from export data.
func keyOf(obj types.Object) string {
	if fn, ok := obj.(*types.Func); ok {
		return fn.Origin().FullName()
	}
	if obj.Pkg() == nil || obj.Parent() != obj.Pkg().Scope() {
		return ""
	}
	return obj.Pkg().Path() + "." + obj.Name()
}

// index finds the declarations and the calls of the program.
func (p *Program) index() {
	p.decls, p.vars, p.calls = map[string]*declared{}, map[string]*variable{}, map[string][]callSite{}
	p.viper = viperFacts{defaults: map[string]valueAt{}, env: map[string]string{}}
	for _, pkg := range p.Packages {
		for _, file := range pkg.Syntax {
			for _, d := range file.Decls {
				p.declare(pkg, d)
			}
		}
	}
	for _, pkg := range p.Packages {
		for _, file := range pkg.Syntax {
			ast.Inspect(file, func(n ast.Node) bool {
				p.use(pkg, file, n)
				return true
			})
		}
	}
}

func (p *Program) declare(pkg *packages.Package, d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if fn, ok := pkg.TypesInfo.Defs[d.Name].(*types.Func); ok {
			p.decls[keyOf(fn)] = &declared{pkg, d}
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			values, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			for i, name := range values.Names {
				obj, ok := pkg.TypesInfo.Defs[name].(*types.Var)
				if !ok {
					continue
				}
				v := &variable{pkg: pkg}
				switch {
				case i < len(values.Values):
					v.value = values.Values[i]
				case len(values.Values) == 1:
					v.value, v.index = values.Values[0], i
				}
				if key := keyOf(obj); key != "" {
					p.vars[key] = v
				}
			}
		}
	}
}

// use records a call, or a change of a variable.
func (p *Program) use(pkg *packages.Package, file *ast.File, n ast.Node) {
	switch n := n.(type) {
	case *ast.CallExpr:
		fn := callee(pkg.TypesInfo, n)
		if fn == nil {
			return
		}
		key := keyOf(fn)
		if p.decls[key] != nil {
			p.calls[key] = append(p.calls[key], callSite{pkg, file, n})
		}
		p.viper.read(pkg, file, fn, n)
	case *ast.AssignStmt:
		for _, left := range n.Lhs {
			if v := p.rootVar(pkg, left); v != nil {
				v.assigned = append(v.assigned, n.Pos())
			}
		}
	case *ast.UnaryExpr:
		if v := p.rootVar(pkg, n.X); v != nil && n.Op == token.AND {
			v.loaded = n.Pos()
		}
	}
}

// rootVar returns the package-level variable that an expression begins with.
func (p *Program) rootVar(pkg *packages.Package, e ast.Expr) *variable {
	for {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.SelectorExpr:
			if obj, ok := pkg.TypesInfo.Uses[x.Sel].(*types.Var); ok && !obj.IsField() {
				return p.vars[keyOf(obj)]
			}
			e = x.X
		case *ast.Ident:
			obj, ok := pkg.TypesInfo.Uses[x].(*types.Var)
			if !ok || keyOf(obj) == "" {
				return nil
			}
			return p.vars[keyOf(obj)]
		default:
			return nil
		}
	}
}

// callee returns the function or method that a call names, or nil.
func callee(info *types.Info, call *ast.CallExpr) *types.Func {
	fun := ast.Unparen(call.Fun)
	if index, ok := fun.(*ast.IndexExpr); ok {
		fun = index.X
	}
	var id *ast.Ident
	switch f := fun.(type) {
	case *ast.Ident:
		id = f
	case *ast.SelectorExpr:
		id = f.Sel
	default:
		return nil
	}
	fn, _ := info.Uses[id].(*types.Func)
	return fn
}

// enclosing returns the innermost declared function that contains pos.
func enclosing(file *ast.File, pos token.Pos) *ast.FuncDecl {
	for _, d := range file.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Body != nil && fn.Pos() <= pos && pos < fn.End() {
			return fn
		}
	}
	return nil
}

const viperPath = "github.com/spf13/viper"

// read records SetDefault, BindEnv, SetEnvPrefix and AutomaticEnv.
func (f *viperFacts) read(pkg *packages.Package, file *ast.File, fn *types.Func, call *ast.CallExpr) {
	if fn.Pkg() == nil || fn.Pkg().Path() != viperPath {
		return
	}
	arg := func(i int) (string, bool) {
		if i >= len(call.Args) {
			return "", false
		}
		v := pkg.TypesInfo.Types[call.Args[i]].Value
		if v == nil {
			return "", false
		}
		return (&Const{Val: v}).String(), true
	}
	key, ok := arg(0)
	switch fn.Name() {
	case "SetDefault":
		if ok && len(call.Args) == 2 {
			f.defaults[key] = valueAt{pkg, file, call.Args[1]}
		}
	case "BindEnv":
		if name, named := arg(1); ok && named {
			f.env[key] = name
		} else if ok {
			f.env[key] = ""
		}
	case "SetEnvPrefix":
		f.prefix = key
	case "AutomaticEnv":
		f.auto = true
	}
}
