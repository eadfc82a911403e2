package migrate

import (
	"go/ast"
	"go/types"
	"regexp"
	"strings"
)

// mount is the expression to mount instead of the old middleware. It is empty if corskit
// has no adapter for the framework.
func (p *Program) mount(r *Result) string {
	l := r.Site.Library
	if l.Mount == "" {
		return ""
	}
	mount := strings.ReplaceAll(l.Mount, "ENGINE", "engine")
	if len(r.Variants) > 0 && r.Variants[0].Skip != "" {
		mount = strings.TrimSuffix(mount, ")") + ", " + r.Variants[0].Skip + ")"
	}
	use, _ := p.mountedBy(r.Site)
	if use != nil {
		return p.source(use.Fun).Expr + "(" + mount + ")"
	}
	return mount
}

// mountedBy returns the call of Use, Wrap or the like that mounts a site's middleware, and the
// statements of its block.
func (p *Program) mountedBy(s *Site) (*ast.CallExpr, []ast.Stmt) {
	var found *ast.CallExpr
	var block []ast.Stmt
	object := p.assigned(s)
	var visit func(list []ast.Stmt)
	visit = func(list []ast.Stmt) {
		for _, stmt := range list {
			ast.Inspect(stmt, func(n ast.Node) bool {
				if b, ok := n.(*ast.BlockStmt); ok {
					visit(b.List)
					return false
				}
				call, ok := n.(*ast.CallExpr)
				if !ok || found != nil {
					return found == nil
				}
				sel, ok := call.Fun.(*ast.SelectorExpr)
				if !ok || sel.Sel.Name != "Use" && sel.Sel.Name != "Pre" {
					return true
				}
				for _, arg := range call.Args {
					if within(arg, s.call) || object != nil && mentions(s.pkg.TypesInfo, arg, object) {
						found, block = call, list
					}
				}
				return true
			})
		}
	}
	if fn := enclosing(s.file, s.call.Pos()); fn != nil {
		visit(fn.Body.List)
	}
	return found, block
}

func within(outer, inner ast.Node) bool {
	return outer.Pos() <= inner.Pos() && inner.End() <= outer.End()
}

func mentions(info *types.Info, n ast.Node, obj types.Object) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && info.Uses[id] == obj {
			found = true
		}
		return !found
	})
	return found
}

// assigned returns the variable that a site's middleware is assigned to, or nil.
func (p *Program) assigned(s *Site) types.Object {
	var obj types.Object
	ast.Inspect(s.file, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok || len(a.Rhs) != 1 || ast.Unparen(a.Rhs[0]) != s.call {
			return true
		}
		if id, ok := a.Lhs[0].(*ast.Ident); ok {
			obj = s.pkg.TypesInfo.ObjectOf(id)
		}
		return false
	})
	return obj
}

var authentication = regexp.MustCompile(`(?i)auth|jwt|session|login|bearer|apikey|api_key|oidc`)

// place notes a mount that preflights do not reach.
func (p *Program) place(s *Site) []Note {
	var notes []Note
	at := s.Pos
	note := func(code, text string) {
		notes = append(notes, Note{Code: code, Change: Fixed, Wrong: true, Scope: Scope{Any: true}, Text: text, Pos: at})
	}
	behind := func(what string) {
		note("behind-authentication", "the middleware runs behind "+what+", which answers preflights first: they carry no credentials; mount it before")
	}
	if around := p.aroundBy(s); around != "" {
		behind(around)
	}
	use, block := p.mountedBy(s)
	if use == nil {
		return notes
	}
	at = p.position(use.Pos())
	sel, _ := use.Fun.(*ast.SelectorExpr)
	router := p.source(sel.X).Expr
	for _, stmt := range block {
		if stmt.End() >= use.Pos() {
			break
		}
		if earlier := p.mountsAuthentication(stmt, router); earlier != "" {
			behind(earlier)
		}
	}
	switch t := s.pkg.TypesInfo.TypeOf(sel.X); {
	case t == nil:
	case strings.HasSuffix(t.String(), "gorilla/mux.Router"):
		note("router-use", "mux.Router runs middleware only for a request that matches a route, and a preflight matches none without OPTIONS; "+
			"wrap the router: corshttp.Middleware(engine)(router)")
	case strings.HasSuffix(t.String(), "gin.RouterGroup"), strings.HasSuffix(t.String(), ".Group"):
		note("group", "the middleware is mounted in a group, which runs only for its routes: a preflight needs an OPTIONS route there; "+
			"mount it on the application, and give other paths other policies with core.NewRouted")
	}
	return notes
}

// aroundBy returns the function that a site's middleware is passed to, if it looks like
// authentication.
func (p *Program) aroundBy(s *Site) string {
	found := ""
	ast.Inspect(s.file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		sel, isSelector := call.Fun.(*ast.SelectorExpr)
		for _, arg := range call.Args {
			if !within(arg, s.call) || isSelector && (sel.Sel.Name == "Use" || sel.Sel.Name == "Pre") {
				continue
			}
			if text := p.source(call.Fun).Expr; authentication.MatchString(text) {
				found = text
			}
		}
		return true
	})
	return found
}

// mountsAuthentication returns the middleware that a statement mounts on a router, if it
// looks like authentication.
func (p *Program) mountsAuthentication(stmt ast.Stmt, router string) string {
	expr, ok := stmt.(*ast.ExprStmt)
	if !ok {
		return ""
	}
	call, ok := expr.X.(*ast.CallExpr)
	if !ok {
		return ""
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "Use" || p.source(sel.X).Expr != router {
		return ""
	}
	for _, arg := range call.Args {
		if text := p.source(arg).Expr; authentication.MatchString(text) {
			return text
		}
	}
	return ""
}
