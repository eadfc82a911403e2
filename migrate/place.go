package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"strings"
)

// mount returns the expression to mount instead of the old middleware, or "" if corskit has no
// adapter for the framework.
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

// mountedBy returns the call, such as Use or Wrap, that mounts a site's middleware, and the
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

// place returns notes about a mount that preflights do not reach.
func (p *Program) place(s *Site) []Note {
	use, block := p.mountedBy(s)
	var notes []Note
	note := func(code, text string) {
		at := s.Pos
		if use != nil {
			at = p.position(use.Pos())
		}
		notes = append(notes, Note{Code: code, Change: Fixed, Wrong: true, Text: text, Pos: at,
			Scope: Scope{Kinds: []string{Actual, Preflight, Options, Handler}, Server: true}})
	}
	if outer := p.wrappedIn(s, func(text string) bool { return authentication.MatchString(text) }); outer != "" {
		note("behind-authentication", "the middleware runs inside "+outer+", which handles preflights first and refuses them, because "+
			"they carry no credentials; "+
			"wrap "+outer+" in the middleware instead")
	}
	if outer := p.wrappedInCORS(s); outer.IsValid() {
		notes = append(notes, innerLayer(s.Pos, outer))
	}
	if use == nil {
		return notes
	}
	sel, _ := use.Fun.(*ast.SelectorExpr)
	router := p.source(sel.X).Expr
	for _, stmt := range block {
		if stmt.End() >= use.Pos() {
			break
		}
		if outer := p.mountsCORS(s, stmt, router); outer.IsValid() {
			notes = append(notes, innerLayer(p.position(use.Pos()), outer))
		}
		if earlier := p.mountsAuthentication(stmt, router); earlier != "" {
			note("behind-authentication", "the middleware runs after "+earlier+", which handles preflights first and refuses them, "+
				"because they carry no "+
				"credentials; "+
				"mount the middleware before it")
		}
	}
	switch t := s.pkg.TypesInfo.TypeOf(sel.X); {
	case t == nil:
	case strings.HasSuffix(t.String(), "gorilla/mux.Router"):
		note("router-use", "mux.Router runs middleware only for a request that matches a route, and a preflight matches none without "+
			"OPTIONS; "+
			"wrap the router: corshttp.Middleware(engine)(router)")
	case strings.HasSuffix(t.String(), "gin.RouterGroup"), strings.HasSuffix(t.String(), ".Group"):
		note("group", "the middleware is mounted in a group, which runs only for its routes: a preflight needs an OPTIONS route there; "+
			"mount the middleware on the application, and use core.NewRouted for other policies on other paths")
	}
	return notes
}

const codeInnerLayer = "inner-layer"

// innerLayer returns the note about a middleware inside another one. Only the outer middleware
// answers preflights.
func innerLayer(at, outer token.Position) Note {
	return Note{Code: codeInnerLayer, Change: Same, Wrong: true, Pos: at,
		Text: "another CORS middleware, at " + outer.String() + ", wraps this one and answers the preflights; keep only one of them"}
}

// wrappedInCORS returns where another CORS middleware wraps a site's, as in
// outer.Handler(inner.Handler(app)).
func (p *Program) wrappedInCORS(s *Site) (outer token.Position) {
	fn := enclosing(s.file, s.call.Pos())
	if fn == nil {
		return outer
	}
	object, made := p.assigned(s), map[types.Object]*ast.CallExpr{}
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		if a, ok := n.(*ast.AssignStmt); ok && len(a.Lhs) == 1 && len(a.Rhs) == 1 {
			id, _ := a.Lhs[0].(*ast.Ident)
			if call := siteCall(s.pkg.TypesInfo, a.Rhs[0]); id != nil && call != nil && call != s.call {
				made[s.pkg.TypesInfo.ObjectOf(id)] = call
			}
		}
		return true
	})
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || outer.IsValid() {
			return !outer.IsValid()
		}
		for _, arg := range call.Args {
			if !within(arg, s.call) && (object == nil || !mentions(s.pkg.TypesInfo, arg, object)) {
				continue
			}
			ast.Inspect(call.Fun, func(n ast.Node) bool {
				switch x := n.(type) {
				case *ast.CallExpr:
					if siteCall(s.pkg.TypesInfo, x) != nil {
						outer = p.position(x.Pos())
					}
				case *ast.Ident:
					if site := made[s.pkg.TypesInfo.Uses[x]]; site != nil {
						outer = p.position(site.Pos())
					}
				}
				return !outer.IsValid()
			})
		}
		return true
	})
	return outer
}

// siteCall returns an expression that makes a CORS middleware as a call, or nil.
func siteCall(info *types.Info, e ast.Expr) *ast.CallExpr {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return nil
	}
	if fn := callee(info, call); fn != nil {
		if _, _, isCORS := isSite(fn); isCORS {
			return call
		}
	}
	return nil
}

// mountsCORS returns where a statement mounts another CORS middleware on a router.
func (p *Program) mountsCORS(s *Site, stmt ast.Stmt, router string) token.Position {
	expr, ok := stmt.(*ast.ExprStmt)
	if !ok {
		return token.Position{}
	}
	call, ok := expr.X.(*ast.CallExpr)
	if !ok {
		return token.Position{}
	}
	sel, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || sel.Sel.Name != "Use" || p.source(sel.X).Expr != router {
		return token.Position{}
	}
	var at token.Position
	ast.Inspect(call, func(n ast.Node) bool {
		if c, ok := n.(*ast.CallExpr); ok && siteCall(s.pkg.TypesInfo, c) != nil {
			at = p.position(c.Pos())
		}
		return true
	})
	return at
}

// wrappedIn returns the name of a function that gets a site's middleware as an argument, if the
// name is wanted.
func (p *Program) wrappedIn(s *Site, wanted func(string) bool) string {
	fn := enclosing(s.file, s.call.Pos())
	if fn == nil {
		return ""
	}
	object, found := p.assigned(s), ""
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok || call == s.call || found != "" {
			return found == ""
		}
		for _, arg := range call.Args {
			inside := within(arg, s.call) || object != nil && mentions(s.pkg.TypesInfo, arg, object)
			if text := p.source(call.Fun).Expr; inside && wanted(text) {
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
