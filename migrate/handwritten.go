package migrate

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// handwritten is a middleware without a library: a handler that sets Access-Control-Allow-Origin
// and passes requests on.
type handwritten struct {
	typ  *ast.FuncType
	body *ast.BlockStmt
	lit  *ast.FuncLit // nil for a declared function
	decl *ast.FuncDecl
}

// framework describes the handlers of a framework.
type framework struct {
	parameters string // their types, comma-separated
	library    *Library
}

func frameworks() []framework {
	make := func(parameters, name, adapter, mount string) framework {
		return framework{parameters, &Library{
			Name: "hand-written middleware", Path: name, Adapter: adapter, Mount: mount, Translate: handwrittenTranslate,
		}}
	}
	return []framework{
		make("net/http.ResponseWriter,*net/http.Request", "net/http", corshttpPath, "corshttp.Middleware(ENGINE)"),
		make("*github.com/gin-gonic/gin.Context", "gin", adapters+"corsgin", "corsgin.Middleware(ENGINE)"),
		make("github.com/labstack/echo/v4.Context", "echo", adapters+"corsecho", "corsecho.Middleware(ENGINE)"),
		make("*github.com/labstack/echo/v5.Context", "echo v5", adapters+"corsechov5", "corsechov5.Middleware(ENGINE)"),
		make("*github.com/gofiber/fiber/v2.Ctx", "fiber", adapters+"corsfiber", "corsfiber.Middleware(ENGINE)"),
		make("github.com/gofiber/fiber/v3.Ctx", "fiber v3", adapters+"corsfiberv3", "corsfiberv3.Middleware(ENGINE)"),
		make("context.Context,*github.com/cloudwego/hertz/pkg/app.RequestContext", "hertz", "", ""),
	}
}

var handlerShapes = frameworks()

// shapeOf returns the framework with handlers of the given signature, or nil.
func shapeOf(t types.Type) *Library {
	sig, ok := t.(*types.Signature)
	if !ok {
		return nil
	}
	var parameters []string
	for v := range sig.Params().Variables() {
		parameters = append(parameters, types.TypeString(v.Type(), nil))
	}
	for _, f := range handlerShapes {
		if f.parameters == strings.Join(parameters, ",") {
			return f.library
		}
	}
	return nil
}

const allowOrigin = "Access-Control-Allow-Origin"

// handwrittenSites returns the handlers of a file that set Access-Control-Allow-Origin,
// themselves or in a function that they call.
func (p *Program) handwrittenSites(pkg *packages.Package, file *ast.File) []*Site {
	if libraries[pkg.PkgPath] != nil {
		return nil
	}
	var sites []*Site
	ast.Inspect(file, func(n ast.Node) bool {
		var h *handwritten
		var t types.Type
		switch x := n.(type) {
		case *ast.FuncDecl:
			if x.Body == nil {
				return false
			}
			h, t = &handwritten{x.Type, x.Body, nil, x}, typeOfDecl(pkg.TypesInfo, x)
		case *ast.FuncLit:
			h, t = &handwritten{x.Type, x.Body, x, nil}, pkg.TypesInfo.TypeOf(x)
		default:
			return true
		}
		l := shapeOf(t)
		if l == nil || !p.setsOrigin(pkg, h.body, 0) {
			return true
		}
		sites = append(sites, p.handwrittenSite(pkg, file, h, l))
		return false
	})
	return sites
}

func typeOfDecl(info *types.Info, fn *ast.FuncDecl) types.Type {
	if obj := info.Defs[fn.Name]; obj != nil {
		return obj.Type()
	}
	return nil
}

func (p *Program) handwrittenSite(pkg *packages.Package, file *ast.File, h *handwritten, l *Library) *Site {
	s := &Site{Library: l, Package: pkg.PkgPath, pkg: pkg, file: file, handwritten: h}
	s.constructor = Constructor{Options: structArg(0), Arg: -1, Form: "handler"}
	var node ast.Node = h.lit
	if h.lit == nil {
		node = h.decl
	}
	s.Pos = p.position(node.Pos())
	s.Call = "func" // the text of a whole function is too long to help
	// Edits and mounts look for a call, so make one with the position of the function.
	s.call = &ast.CallExpr{Fun: &ast.Ident{NamePos: node.Pos(), Name: "func"}, Lparen: node.Pos(), Rparen: node.End() - 1}
	if fn := enclosing(file, node.Pos()); fn != nil {
		s.Func = fn.Name.Name
		s.Call = "func " + fn.Name.Name
	}
	return s
}

// setsOrigin reports whether a block sets Access-Control-Allow-Origin. It ignores handlers within
// the block, which are sites of their own.
func (p *Program) setsOrigin(pkg *packages.Package, body ast.Node, depth int) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.FuncLit:
			return shapeOf(pkg.TypesInfo.TypeOf(x)) == nil
		case *ast.CallExpr:
			if sel, ok := x.Fun.(*ast.SelectorExpr); ok && len(x.Args) == 2 && isSetter(sel.Sel.Name) && isOriginName(pkg, x.Args[0]) {
				found = true
			}
			fn := callee(pkg.TypesInfo, x)
			if fn == nil || depth >= 3 || found {
				return !found
			}
			if d := p.decls[keyOf(fn)]; d != nil && d.decl.Body != nil && d.pkg.PkgPath == pkg.PkgPath &&
				shapeOf(typeOfDecl(d.pkg.TypesInfo, d.decl)) == nil {
				found = p.setsOrigin(d.pkg, d.decl.Body, depth+1)
			}
		}
		return !found
	})
	return found
}

func isSetter(name string) bool {
	return slices.Contains([]string{"Set", "Add", "Header", "SetHeader", "Append"}, name)
}

func isOriginName(pkg *packages.Package, e ast.Expr) bool {
	v := pkg.TypesInfo.Types[e].Value
	return v != nil && v.Kind() == constant.String && strings.EqualFold(constant.StringVal(v), allowOrigin)
}

// request is what the evaluator knows about the request that a handler answers.
type request struct {
	method string
	fields map[string]Value
}

// headerMap is the header of the request or of the response.
type headerMap struct {
	Source
	response bool
}

// written are the response fields that matter, and entries for what a handler does with the
// request. They are fields of a [Struct] in the scope, so that the evaluator merges branches.
var written = []string{
	allowOrigin, "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods", "Access-Control-Allow-Headers",
	"Access-Control-Expose-Headers", "Access-Control-Max-Age", "Access-Control-Allow-Private-Network", "Vary", passed,
}

const passed = "passed on"

// answer is what a handler does with one kind of request, by field of written.
type answer map[string]Value

// answers are what a handler does with each kind of request.
type answers struct {
	preflight, actual answer
	options           answer // an OPTIONS by a script, not a preflight
	noOrigin          answer // an OPTIONS like a preflight, without Origin
}

func (p *Program) answers(in *interpreter, h *handwritten, env scope) answers {
	method, headers := "Access-Control-Request-Method", "Access-Control-Request-Headers"
	put, asked, none := &Setting{From: "request", Name: "method"}, &Setting{From: "request", Name: "headers"}, stringConst(Source{}, "")
	return answers{
		preflight: p.answer(in, h, env, request{http.MethodOptions, map[string]Value{method: put, headers: asked}}),
		actual:    p.answer(in, h, env, request{http.MethodGet, nil}),
		options:   p.answer(in, h, env, request{http.MethodOptions, nil}),
		noOrigin:  p.answer(in, h, env, request{http.MethodOptions, map[string]Value{method: put, "Origin": none}}),
	}
}

func (p *Program) answer(in *interpreter, h *handwritten, env scope, r request) answer {
	response := types.NewVar(token.NoPos, nil, "response", types.Typ[types.Invalid])
	fields := map[string]Value{}
	for _, name := range written {
		fields[name] = &Nil{}
	}
	local := cloneScope(env)
	local[response] = &Struct{Fields: fields}
	in.run.steps = 0
	in.run.response, in.run.request = response, &r
	defer func() { in.run.response, in.run.request = nil, nil }()
	s, ok := in.block(h.body.List, local).env[response].(*Struct)
	if !ok {
		return nil
	}
	return s.Fields
}

// httpField returns a field of the request that a handler answers, or nil for other fields.
func (in *interpreter) httpField(x *ast.SelectorExpr, field *types.Var) Value {
	if in.run.request == nil || field.Pkg() == nil || field.Pkg().Path() != "net/http" || !isRequest(in.pkg.TypesInfo.TypeOf(x.X)) {
		return nil
	}
	switch field.Name() {
	case "Method":
		return stringConst(in.p.source(x), in.run.request.method)
	case "Header":
		return &headerMap{in.p.source(x), false}
	}
	return nil
}

func isRequest(t types.Type) bool {
	if p, ok := types.Unalias(t).(*types.Pointer); ok {
		t = p.Elem()
	}
	return t != nil && types.TypeString(t, nil) == "net/http.Request"
}

// httpCall evaluates a handler's call on the request or the response. It returns nil for other
// calls.
func (in *interpreter) httpCall(x *ast.CallExpr, fn *types.Func, env scope) []Value {
	recv := fn.Signature().Recv()
	sel, ok := ast.Unparen(x.Fun).(*ast.SelectorExpr)
	if in.run.request == nil || recv == nil || !ok || fn.Pkg() == nil {
		return nil
	}
	src := in.p.source(x)
	if m, ok := in.receiver(sel, env).(*headerMap); ok {
		return in.headerCall(x, fn.Name(), m, env)
	}
	if fn.Name() == "Header" && len(x.Args) == 0 {
		return []Value{&headerMap{src, true}}
	}
	if fn.Name() == "ServeHTTP" && len(x.Args) == 2 {
		in.record(passed, boolConst(src, true), env)
		return []Value{&Nil{src}}
	}
	if shapeOfReceiver(recv.Type()) == nil {
		return nil
	}
	return in.contextCall(x, fn.Name(), env)
}

// receiver evaluates the receiver of a method, if it can be a header.
func (in *interpreter) receiver(sel *ast.SelectorExpr, env scope) Value {
	if t := in.pkg.TypesInfo.TypeOf(sel.X); t == nil || types.TypeString(t, nil) != "net/http.Header" {
		return nil
	}
	return in.eval(sel.X, env)
}

// shapeOfReceiver returns the framework with a context of the given type, or nil.
func shapeOfReceiver(t types.Type) *Library {
	name := strings.TrimPrefix(types.TypeString(t, nil), "*")
	for _, f := range handlerShapes[1:] {
		if strings.HasSuffix(f.parameters, name) {
			return f.library
		}
	}
	return nil
}

// contextCall evaluates a method of a framework's context.
func (in *interpreter) contextCall(x *ast.CallExpr, name string, env scope) []Value {
	src := in.p.source(x)
	switch {
	case (name == "Header" || name == "Set" || name == "Append") && len(x.Args) >= 2:
		return in.headerCall(x, "Set", &headerMap{src, true}, env)
	case name == "Vary":
		in.record("Vary", stringConst(src, "Origin"), env)
		return []Value{&Nil{src}}
	case name == "GetHeader" || name == "Get":
		return in.headerCall(x, "Get", &headerMap{src, false}, env)
	case name == "Method" && len(x.Args) <= 1:
		return []Value{stringConst(src, in.run.request.method)}
	case name == "Next":
		in.record(passed, boolConst(src, true), env)
		return []Value{&Nil{src}}
	}
	return nil // such as c.Request().Header: its type identifies it
}

// headerCall evaluates a method of http.Header.
func (in *interpreter) headerCall(x *ast.CallExpr, method string, m *headerMap, env scope) []Value {
	src := in.p.source(x)
	if len(x.Args) == 0 {
		return []Value{&Nil{src}}
	}
	name, known := text(in.eval(x.Args[0], env))
	name = http.CanonicalHeaderKey(name)
	switch {
	case m.response && (method == "Set" || method == "Add") && len(x.Args) > 1:
		value := in.eval(x.Args[1], env)
		if known {
			in.record(name, value, env)
		}
		return []Value{&Nil{src}}
	case m.response && method == "Del":
		in.record(name, &Nil{src}, env)
		return []Value{&Nil{src}}
	case m.response || !known || method != "Get":
		return nil
	case in.run.request.fields[name] != nil:
		return []Value{in.run.request.fields[name]}
	case name == "Origin":
		return []Value{&Origin{Source: src}}
	case strings.HasPrefix(name, "Access-Control-Request-"):
		return []Value{stringConst(src, "")}
	}
	return nil
}

// record sets a field of the response.
func (in *interpreter) record(name string, value Value, env scope) {
	s, ok := env[in.run.response].(*Struct)
	if !ok || !slices.Contains(written, name) {
		return
	}
	if old, set := text(s.Fields[name]); name == "Vary" && set {
		if more, ok := text(value); ok {
			value = stringConst(value.At(), old+", "+more)
		}
	}
	env[in.run.response] = withField(s, name, value, s.Source)
}

// passesOn records a call of a function value that has the shape of a handler, such as
// next(w, r).
func (in *interpreter) passesOn(x *ast.CallExpr, env scope) {
	t := in.pkg.TypesInfo.TypeOf(x.Fun)
	if in.run.request == nil || t == nil || shapeOf(t.Underlying()) == nil {
		return
	}
	in.record(passed, boolConst(in.p.source(x), true), env)
}

// lend passes the response from a caller's scope to a called function's, and back.
func (in *interpreter) lend(from, to scope) {
	if r := in.run.response; r != nil && from[r] != nil {
		to[r] = from[r]
	}
}
