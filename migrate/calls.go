package migrate

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
)

// call evaluates a call and returns its results.
func (in *interpreter) call(x *ast.CallExpr, env scope) []Value {
	if in.run.target == x {
		in.snapshot(x, env)
	}
	if tv, ok := in.pkg.TypesInfo.Types[x.Fun]; ok && tv.IsType() && len(x.Args) == 1 {
		return []Value{in.eval(x.Args[0], env)} // a conversion
	}
	if id, ok := ast.Unparen(x.Fun).(*ast.Ident); ok {
		if _, builtin := in.pkg.TypesInfo.Uses[id].(*types.Builtin); builtin {
			return []Value{in.builtin(x, id.Name, env)}
		}
	}
	fn := callee(in.pkg.TypesInfo, x)
	if fn == nil {
		return in.callValue(x, env)
	}
	if v := in.httpCall(x, fn, env); v != nil {
		return v
	}
	if v := in.originCall(x, fn, env); v != nil {
		return v
	}
	if v := in.readCall(x, fn, env); v != nil {
		src := in.p.source(x)
		if fn.Name() == "LookupEnv" {
			return []Value{v, &Compare{src, Cond{Source: src, Of: v, Is: "", Not: true}}}
		}
		return []Value{v, &Nil{src}}
	}
	if v := in.libraryCall(x, fn, env); v != nil {
		return v
	}
	if d := in.p.decls[keyOf(fn)]; d != nil && d.decl.Body != nil {
		return in.inline(x, fn, d, env)
	}
	in.reach(x, env)
	in.escape(x, env)
	return []Value{in.unknown(x, "the source of "+fn.FullName()+" is not loaded")}
}

// reach evaluates the operands of a call without loaded source, if the target is among them.
func (in *interpreter) reach(x *ast.CallExpr, env scope) {
	t := in.run.target
	if t == nil || t == x || !within(x, t) {
		return
	}
	in.arguments(x, env)
	if sel, ok := ast.Unparen(x.Fun).(*ast.SelectorExpr); ok && within(sel.X, t) {
		in.eval(sel.X, env)
	}
}

// callValue calls a function value.
func (in *interpreter) callValue(x *ast.CallExpr, env scope) []Value {
	f, ok := in.eval(x.Fun, env).(*Func)
	in.reach(x, env)
	in.escape(x, env)
	in.passesOn(x, env)
	if !ok || f.Lit == nil || in.depth > maxDepth {
		return []Value{in.unknown(x, "the function is not known")}
	}
	local := cloneScope(f.env)
	other := f.in.within(f.in.pkg)
	other.bind(f.Lit.Type, in.arguments(x, env), local)
	in.lend(env, local)
	end := other.block(f.Lit.Body.List, local)
	in.lend(end.env, env)
	return in.ended(x, end)
}

func (in *interpreter) ended(x *ast.CallExpr, end ending) []Value {
	if end.flow != returns || len(end.results) == 0 {
		return []Value{in.unknown(x, "its result is not known")}
	}
	return end.results
}

// snapshot records the arguments of the target.
func (in *interpreter) snapshot(x *ast.CallExpr, env scope) {
	s := snapshot{in: in, env: cloneScope(env)}
	if sel, ok := ast.Unparen(x.Fun).(*ast.SelectorExpr); ok {
		if _, isPackage := in.pkg.TypesInfo.Uses[rootIdent(sel.X)].(*types.PkgName); !isPackage {
			s.recv = in.eval(sel.X, env)
		}
	}
	s.args = in.arguments(x, env)
	in.run.seen = append(in.run.seen, s)
}

func rootIdent(e ast.Expr) *ast.Ident {
	id, _ := ast.Unparen(e).(*ast.Ident)
	return id
}

// arguments evaluates the arguments. A list passed with ... becomes a [Spread].
func (in *interpreter) arguments(x *ast.CallExpr, env scope) []Value {
	var args []Value
	for i, e := range x.Args {
		v := in.eval(e, env)
		if x.Ellipsis.IsValid() && i == len(x.Args)-1 {
			args = append(args, spread(v)...)
			continue
		}
		args = append(args, v)
	}
	return args
}

// spread returns the items of a list, or one [Spread].
func spread(v Value) []Value {
	switch x := v.(type) {
	case *List:
		return x.Items
	case *Nil:
		return nil
	}
	return []Value{&Spread{v}}
}

// inline runs a function of the program.
func (in *interpreter) inline(x *ast.CallExpr, fn *types.Func, d *declared, env scope) []Value {
	if in.depth > maxDepth {
		return []Value{in.unknown(x, "the calls are nested too deeply")}
	}
	other, local := in.within(d.pkg), scope{}
	if sel, ok := ast.Unparen(x.Fun).(*ast.SelectorExpr); ok && d.decl.Recv != nil {
		bindFields(d.pkg.TypesInfo, d.decl.Recv, []Value{in.eval(sel.X, env)}, local)
	}
	other.bind(d.decl.Type, in.arguments(x, env), local)
	in.lend(env, local)
	end := other.block(d.decl.Body.List, local)
	in.lend(end.env, env)
	in.writeBack(x, d, end, env)
	if end.flow == returns && len(end.results) == 0 {
		end.results = other.namedResults(d.decl.Type, end.env)
	}
	return in.ended(x, end)
}

// writeBack updates variables that a call passes by address, with the values that the function
// leaves in them.
func (in *interpreter) writeBack(x *ast.CallExpr, d *declared, end ending, env scope) {
	give := func(arg ast.Expr, name *ast.Ident) {
		if u, ok := ast.Unparen(arg).(*ast.UnaryExpr); ok {
			arg = u.X
		}
		id := rootIdent(arg)
		if id == nil || !shared(name, d.pkg.TypesInfo) {
			return
		}
		obj, param := in.pkg.TypesInfo.ObjectOf(id), d.pkg.TypesInfo.Defs[name]
		if env[obj] == nil || param == nil {
			return
		}
		if after := end.env[param]; after != nil && end.flow != exits {
			env[obj] = after
			return
		}
		env[obj] = loadedValue(env[obj], in.unknown(id, "other code sets it through its address"))
	}
	i := 0
	for _, f := range d.decl.Type.Params.List {
		for _, name := range f.Names {
			if i < len(x.Args) {
				give(x.Args[i], name)
			}
			i++
		}
	}
	if sel, ok := ast.Unparen(x.Fun).(*ast.SelectorExpr); ok && d.decl.Recv != nil && len(d.decl.Recv.List[0].Names) == 1 {
		give(sel.X, d.decl.Recv.List[0].Names[0])
	}
}

// shared reports whether a parameter shares its value with the caller.
func shared(name *ast.Ident, info *types.Info) bool {
	obj := info.Defs[name]
	if obj == nil {
		return false
	}
	switch obj.Type().Underlying().(type) {
	case *types.Pointer, *types.Map:
		return true
	}
	return false
}

// namedResults returns the results of a bare return.
func (in *interpreter) namedResults(t *ast.FuncType, local scope) []Value {
	if t.Results == nil {
		return nil
	}
	var values []Value
	for _, f := range t.Results.List {
		for _, name := range f.Names {
			values = append(values, in.eval(name, local))
		}
	}
	return values
}

// bind sets the parameters to the arguments.
func (in *interpreter) bind(t *ast.FuncType, args []Value, local scope) {
	i := 0
	for _, f := range t.Params.List {
		_, variadic := f.Type.(*ast.Ellipsis)
		for _, name := range f.Names {
			obj := in.pkg.TypesInfo.Defs[name]
			var value Value
			switch {
			case variadic:
				rest := &List{Source: in.p.source(name)}
				if i < len(args) {
					rest.Items = args[i:]
				}
				value = rest
				if len(rest.Items) == 1 {
					if s, ok := rest.Items[0].(*Spread); ok {
						value = s.Value
					}
				}
			case i < len(args):
				value = args[i]
			}
			i++
			if obj != nil && value != nil {
				local[obj] = value
			}
		}
		if len(f.Names) == 0 {
			i++
		}
	}
	if t.Results == nil {
		return
	}
	for _, f := range t.Results.List {
		for _, name := range f.Names {
			if obj := in.pkg.TypesInfo.Defs[name]; obj != nil {
				local[obj] = in.zero(obj.Type(), in.p.source(name))
			}
		}
	}
}

func bindFields(info *types.Info, fields *ast.FieldList, args []Value, local scope) {
	for i, f := range fields.List {
		for _, name := range f.Names {
			if obj := info.Defs[name]; obj != nil && i < len(args) {
				local[obj] = args[i]
			}
		}
	}
}

// escape forgets the variables that a call passes by address to code that is not loaded, because
// that code may set them.
func (in *interpreter) escape(x *ast.CallExpr, env scope) {
	args := x.Args
	if sel, ok := ast.Unparen(x.Fun).(*ast.SelectorExpr); ok {
		args = append([]ast.Expr{sel.X}, args...)
	}
	for _, e := range args {
		e = ast.Unparen(e)
		if u, ok := e.(*ast.UnaryExpr); ok && u.Op == token.AND {
			e = u.X
		} else if !isPointer(in.pkg.TypesInfo.TypeOf(e)) {
			continue
		}
		id := rootOf(e)
		if id == nil {
			continue
		}
		obj := in.pkg.TypesInfo.ObjectOf(id)
		if v, known := env[obj]; known {
			env[obj] = loadedValue(v, in.unknown(id, "other code sets it through its address"))
		}
	}
}

func isPointer(t types.Type) bool {
	if t == nil {
		return false
	}
	switch t.Underlying().(type) {
	case *types.Pointer, *types.Map:
		return true
	}
	return false
}

// loadedValue returns a value after other code had its address. It drops the fields that the
// program set before, because these are only defaults.
func loadedValue(v Value, u *Unknown) Value {
	if s, ok := v.(*Struct); ok && s.Type != nil {
		return &Struct{Source: s.Source, Type: s.Type, Loaded: true}
	}
	return u
}

func (in *interpreter) builtin(x *ast.CallExpr, name string, env scope) Value {
	switch name {
	case "append":
		return in.appended(x, env)
	case "make":
		switch in.pkg.TypesInfo.TypeOf(x).Underlying().(type) {
		case *types.Map:
			return &Map{Source: in.p.source(x)}
		case *types.Slice:
			if len(x.Args) > 1 {
				if n, ok := integer(in.eval(x.Args[1], env)); ok && n > 0 {
					return in.unknown(x, "its elements are assigned by index")
				}
			}
			return &List{Source: in.p.source(x)}
		}
	case "new":
		if p, ok := in.pkg.TypesInfo.TypeOf(x).(*types.Pointer); ok {
			return in.zero(p.Elem(), in.p.source(x))
		}
	case "len":
		return in.lengthOf(x, in.eval(x.Args[0], env))
	}
	for _, e := range x.Args {
		in.eval(e, env)
	}
	return in.unknown(x, "it cannot be evaluated")
}

func (in *interpreter) lengthOf(x *ast.CallExpr, v Value) Value {
	switch l := v.(type) {
	case *Nil:
		return &Const{in.p.source(x), constant.MakeInt64(0)}
	case *List:
		spreads := 0
		for _, item := range l.Items {
			if isSpread(item) {
				spreads++
			}
		}
		if spreads == 0 {
			return &Const{in.p.source(x), constant.MakeInt64(int64(len(l.Items)))}
		}
	case *Map:
		return &Const{in.p.source(x), constant.MakeInt64(int64(len(l.Keys)))}
	case *Const:
		if s, ok := text(l); ok {
			return &Const{in.p.source(x), constant.MakeInt64(int64(len(s)))}
		}
	}
	return &Length{in.p.source(x), v}
}

func (in *interpreter) appended(x *ast.CallExpr, env scope) Value {
	if len(x.Args) == 0 {
		return in.unknown(x, "it cannot be evaluated")
	}
	args := in.arguments(x, env)
	return in.appendTo(x, in.eval(x.Args[0], env), args[min(1, len(args)):])
}

func (in *interpreter) appendTo(x ast.Expr, base Value, more []Value) Value {
	src := in.p.source(x)
	switch b := base.(type) {
	case *List:
		return &List{src, append(append([]Value{}, b.Items...), more...)}
	case *Nil:
		if len(more) == 0 {
			return b
		}
		return &List{src, append([]Value{}, more...)}
	case *Branch:
		return branch(b.Cond, in.appendTo(x, b.Then, more), in.appendTo(x, b.Else, more))
	}
	return &List{src, append([]Value{&Spread{base}}, more...)}
}
