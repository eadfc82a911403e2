package migrate

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// eval evaluates an expression. It never returns nil.
func (in *interpreter) eval(e ast.Expr, env scope) Value {
	e = ast.Unparen(e)
	if !in.step() {
		return in.unknown(e, "the program is too long to evaluate")
	}
	if tv, ok := in.pkg.TypesInfo.Types[e]; ok {
		if tv.Value != nil {
			return &Const{in.p.source(e), tv.Value}
		}
		if tv.IsNil() {
			return &Nil{in.p.source(e)}
		}
	}
	switch x := e.(type) {
	case *ast.Ident:
		return in.ident(x, env)
	case *ast.SelectorExpr:
		return in.selector(x, env)
	case *ast.CallExpr:
		if results := in.call(x, env); len(results) > 0 {
			return results[0]
		}
	case *ast.CompositeLit:
		return in.composite(x, env)
	case *ast.FuncLit:
		return in.funcLit(x, env)
	case *ast.StarExpr:
		return in.eval(x.X, env)
	case *ast.UnaryExpr:
		return in.unary(x, env)
	case *ast.BinaryExpr:
		return in.binary(x, env)
	case *ast.IndexExpr:
		return in.element(x, env)
	case *ast.SliceExpr:
		if x.Low == nil && x.High == nil {
			return in.eval(x.X, env)
		}
	}
	return in.unknown(e, "it cannot be evaluated")
}

// funcLit returns a function. If the literal contains the target, funcLit runs it with unknown
// parameters.
func (in *interpreter) funcLit(x *ast.FuncLit, env scope) Value {
	if x == in.run.lit {
		in.run.lits = append(in.run.lits, snapshot{in: in, env: cloneScope(env)})
	}
	if t := in.run.target; t != nil && x.Pos() <= t.Pos() && t.End() <= x.End() {
		in.block(x.Body.List, cloneScope(env))
	}
	in.captured(x, env)
	return &Func{Source: in.p.source(x), Lit: x, in: in, env: cloneScope(env)}
}

func (in *interpreter) ident(x *ast.Ident, env scope) Value {
	obj := in.pkg.TypesInfo.ObjectOf(x)
	return in.object(x, obj, env)
}

// object returns the value of the object that an identifier, qualified or not, denotes.
func (in *interpreter) object(at ast.Expr, obj types.Object, env scope) Value {
	if v, ok := env[obj]; ok {
		return in.named(v, at)
	}
	switch o := obj.(type) {
	case *types.Func:
		f := &Func{Source: in.p.source(at), Obj: o, in: in}
		if d := in.p.decls[keyOf(o)]; d != nil {
			f.Decl, f.in = d.decl, in.within(d.pkg)
		}
		return f
	case *types.Var:
		if keyOf(o) != "" {
			return in.global(at, o)
		}
		return in.unknown(at, "it is a parameter, and its callers are not known")
	}
	return in.unknown(at, "it cannot be evaluated")
}

// named returns v.
func (in *interpreter) named(v Value, _ ast.Expr) Value { return v }

// global returns the value of a package-level variable that nothing changes.
func (in *interpreter) global(at ast.Expr, obj *types.Var) Value {
	key := keyOf(obj)
	if v := libraryVariable(obj, in.p.source(at)); v != nil {
		return v
	}
	v := in.p.vars[key]
	switch {
	case v == nil:
		return in.unknown(at, "it is a variable of a package that is not loaded")
	case v.loaded.IsValid():
		u := in.unknown(at, "other code sets it through its address, taken at "+in.p.position(v.loaded).String())
		return u
	case len(v.assigned) > 0:
		return in.unknown(at, "it is assigned at "+in.p.position(v.assigned[0]).String())
	case in.run.vars[key] || in.depth > maxDepth:
		return in.unknown(at, "its value depends on itself")
	}
	in.run.vars[key] = true
	defer delete(in.run.vars, key)
	other := in.within(v.pkg)
	if v.value == nil {
		return in.zero(obj.Type(), in.p.source(at))
	}
	if v.index > 0 {
		return other.several(v.value, scope{}, v.index+1)[v.index]
	}
	return other.eval(v.value, scope{})
}

func (in *interpreter) selector(x *ast.SelectorExpr, env scope) Value {
	obj := in.pkg.TypesInfo.Uses[x.Sel]
	v, isVar := obj.(*types.Var)
	if fn, ok := obj.(*types.Func); ok && fn.FullName() == "(*regexp.Regexp).MatchString" {
		if e, ok := in.eval(x.X, env).(*expression); ok {
			src := in.p.source(x)
			return &Predicate{src, nil, test(src, "expression", &Origin{}, e.text)}
		}
	}
	switch {
	case !isVar:
		if fn, ok := obj.(*types.Func); ok && fn.FullName() == "(*regexp.Regexp).MatchString" {
			if e, ok := in.eval(x.X, env).(*expression); ok {
				src := in.p.source(x)
				return &Predicate{src, nil, test(src, "expression", &Origin{}, e.text)}
			}
		}
		return in.object(x, obj, env)
	case !v.IsField():
		return in.object(x, obj, env)
	}
	if h := in.httpField(x, v); h != nil {
		return h
	}
	return in.field(x, in.eval(x.X, env), v)
}

// field returns a field of a struct. A field that other code sets becomes a [Setting], named by its
// tags.
func (in *interpreter) field(x *ast.SelectorExpr, base Value, field *types.Var) Value {
	switch b := base.(type) {
	case *Struct:
		if value, ok := b.Fields[field.Name()]; ok {
			return value
		}
		if !b.Loaded {
			return in.zero(field.Type(), in.p.source(x))
		}
		return in.tagged(x, b.Type, path{}, field)
	case *Branch:
		return branch(b.Cond, in.field(x, b.Then, field), in.field(x, b.Else, field))
	case *parsedOrigin:
		if part := strings.ToLower(field.Name()); part == "host" || part == "scheme" {
			return &Origin{in.p.source(x), b.of.Lower, part}
		}
	case *Unknown:
		if b.Type != nil {
			return in.tagged(x, b.Type, b.path, field)
		}
	}
	return in.unknown(x, "the struct is not known")
}

func (in *interpreter) composite(x *ast.CompositeLit, env scope) Value {
	t := in.pkg.TypesInfo.TypeOf(x)
	if t == nil {
		return in.unknown(x, "its type is not known")
	}
	src := in.p.source(x)
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		s := &Struct{Source: src, Type: t, Fields: map[string]Value{}}
		for i, e := range x.Elts {
			name, value := "", e
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				if id, ok := kv.Key.(*ast.Ident); ok {
					name = id.Name
				}
				value = kv.Value
			} else if i < u.NumFields() {
				name = u.Field(i).Name()
			}
			s.Fields[name] = in.eval(value, env)
		}
		return s
	case *types.Map:
		m := &Map{Source: src}
		for _, e := range x.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				m.Keys = append(m.Keys, in.eval(kv.Key, env))
				m.Values = append(m.Values, in.eval(kv.Value, env))
			}
		}
		return m
	case *types.Slice, *types.Array:
		l := &List{Source: src}
		for _, e := range x.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				e = kv.Value
			}
			l.Items = append(l.Items, in.eval(e, env))
		}
		return l
	}
	return in.unknown(x, "it cannot be evaluated")
}

func (in *interpreter) unary(x *ast.UnaryExpr, env scope) Value {
	switch x.Op {
	case token.AND:
		return in.eval(x.X, env)
	case token.NOT:
		v := in.eval(x.X, env)
		if b, ok := truth(v); ok {
			return boolConst(in.p.source(x), !b)
		}
		if b, ok := v.(*Branch); ok {
			src := in.p.source(x)
			return in.ifElse(b, x.X, boolConst(src, false), boolConst(src, true))
		}
		c := in.condition(v, x.X)
		c.Not = !c.Not
		return &Compare{in.p.source(x), c}
	}
	return in.unknown(x, "it cannot be evaluated")
}

func (in *interpreter) binary(x *ast.BinaryExpr, env scope) Value {
	a := in.eval(x.X, env)
	switch x.Op {
	case token.LAND, token.LOR:
		return in.logical(x, a, env)
	}
	b := in.eval(x.Y, env)
	switch x.Op {
	case token.EQL:
		return in.equal(x, a, b, false)
	case token.NEQ:
		return in.equal(x, a, b, true)
	case token.ADD:
		return in.add(x, a, b)
	}
	ca, ok := a.(*Const)
	cb, ok2 := b.(*Const)
	if ok && ok2 {
		return in.compute(x, ca, cb)
	}
	switch x.Op {
	case token.GTR, token.LSS, token.GEQ, token.LEQ:
		return in.length(x, a, b)
	}
	return in.unknown(x, "the program computes it")
}

// compute evaluates an operator on constants of variables.
func (in *interpreter) compute(x *ast.BinaryExpr, a, b *Const) (v Value) {
	defer func() {
		if recover() != nil { // such as a division by zero, or operands of different kinds
			v = in.unknown(x, "the program computes it")
		}
	}()
	src := in.p.source(x)
	switch x.Op {
	case token.GTR, token.LSS, token.GEQ, token.LEQ:
		return boolConst(src, constant.Compare(a.Val, x.Op, b.Val))
	case token.QUO:
		if a.Val.Kind() == constant.Int && b.Val.Kind() == constant.Int {
			return &Const{src, constant.BinaryOp(a.Val, token.QUO_ASSIGN, b.Val)}
		}
	}
	return &Const{src, constant.BinaryOp(a.Val, x.Op, b.Val)}
}

// length evaluates comparisons such as len(list) > 0, which ask whether a setting is empty.
func (in *interpreter) length(x *ast.BinaryExpr, a, b Value) Value {
	n, ok := integer(b)
	if l, isLen := a.(*Length); isLen && ok && (x.Op == token.GTR && n == 0 || x.Op == token.GEQ && n == 1) {
		return &Compare{in.p.source(x), Cond{Source: in.p.source(x), Of: l.Of, Is: "", Not: true}}
	}
	return in.unknown(x, "the program computes it")
}

func (in *interpreter) logical(x *ast.BinaryExpr, a Value, env scope) Value {
	known, ok := truth(a)
	if ok && known == (x.Op == token.LOR) {
		return boolConst(in.p.source(x), known)
	}
	b := in.eval(x.Y, env)
	if ok {
		return b
	}
	if second, ok := truth(b); ok {
		if second == (x.Op == token.LOR) {
			return boolConst(in.p.source(x), second)
		}
		return a
	}
	if x.Op == token.LAND {
		return in.ifElse(a, x.X, b, boolConst(in.p.source(x), false))
	}
	return in.ifElse(a, x.X, boolConst(in.p.source(x), true), b)
}

// ifElse returns one of two booleans, depending on a third.
func (in *interpreter) ifElse(cond Value, at ast.Expr, then, otherwise Value) Value {
	if known, ok := truth(cond); ok {
		if known {
			return then
		}
		return otherwise
	}
	if b, ok := cond.(*Branch); ok {
		return branch(b.Cond, in.ifElse(b.Then, at, then, otherwise), in.ifElse(b.Else, at, then, otherwise))
	}
	return branch(in.condition(cond, at), then, otherwise)
}

// equal compares two values.
func (in *interpreter) equal(at ast.Expr, a, b Value, not bool) Value {
	src := in.p.source(at)
	ca, okA := a.(*Const)
	cb, okB := b.(*Const)
	switch {
	case okA && okB:
		if ca.Val.Kind() != cb.Val.Kind() {
			return in.unknown(at, "it compares values of different kinds")
		}
		return boolConst(src, constant.Compare(ca.Val, token.EQL, cb.Val) != not)
	case okA:
		a, cb, okB = b, ca, true
	}
	if br, ok := a.(*Branch); ok && okB {
		return branch(br.Cond, in.equal(at, br.Then, cb, not), in.equal(at, br.Else, cb, not))
	}
	if l, ok := a.(*Length); ok && okB {
		if n, isInt := integer(cb); isInt && n == 0 {
			return &Compare{src, Cond{Source: src, Of: l.Of, Is: "", Not: not}}
		}
	}
	if s, ok := a.(*Setting); ok && okB && s.From == "request" && cb.String() == "" {
		return boolConst(src, not) // the requested names are not empty
	}
	if okB {
		return &Compare{src, Cond{Source: src, Of: a, Is: cb.String(), Not: not}}
	}
	if isNil(a) && isNil(b) || in.isError(at) {
		return boolConst(src, !not)
	}
	return in.nilness(at, a, b, not)
}

// isError reports whether an expression compares an error with nil. The evaluator assumes that an
// unknown error is nil, because a program that fails to read its settings has no policy.
func (in *interpreter) isError(at ast.Expr) bool {
	b, ok := at.(*ast.BinaryExpr)
	if !ok || !in.pkg.TypesInfo.Types[b.Y].IsNil() {
		return false
	}
	t := in.pkg.TypesInfo.TypeOf(b.X)
	return t != nil && types.Identical(t, types.Universe.Lookup("error").Type())
}

// nilness evaluates a comparison with nil.
func (in *interpreter) nilness(at ast.Expr, a, b Value, not bool) Value {
	if isNil(a) {
		a, b = b, a
	}
	if !isNil(b) {
		return in.unknown(at, "one side of the comparison is not known")
	}
	switch x := a.(type) {
	case *List, *Map, *Func, *Struct:
		return boolConst(in.p.source(at), not)
	case *Branch:
		return branch(x.Cond, in.nilness(at, x.Then, b, not), in.nilness(at, x.Else, b, not))
	case *Unknown:
		if isError(x.Type) {
			return &Compare{in.p.source(at), Cond{Source: in.p.source(at), Not: not, Err: true}}
		}
	case *Setting, *Split:
		return &Compare{in.p.source(at), Cond{Source: in.p.source(at), Of: x, Is: "", Not: not}}
	}
	return in.unknown(at, "one side of the comparison is not known")
}

func isError(t types.Type) bool {
	return t != nil && types.Identical(t, types.Universe.Lookup("error").Type())
}

// condition returns an unknown boolean as a condition.
func (in *interpreter) condition(v Value, at ast.Expr) Cond {
	if c, ok := v.(*Compare); ok {
		return c.Cond
	}
	src := in.p.source(at)
	if !src.Pos.IsValid() || src.Pos.Line == 0 {
		src = v.At()
	}
	if s, ok := v.(*Setting); ok {
		return Cond{Source: src, Of: s, Is: "true"}
	}
	return Cond{Source: src}
}

// add joins strings or adds numbers.
func (in *interpreter) add(at ast.Expr, a, b Value) Value {
	ca, ok := a.(*Const)
	cb, ok2 := b.(*Const)
	switch {
	case ok && ok2 && (ca.Val.Kind() == constant.String) == (cb.Val.Kind() == constant.String):
		return &Const{in.p.source(at), constant.BinaryOp(ca.Val, token.ADD, cb.Val)}
	}
	if br, isBranch := a.(*Branch); isBranch && ok2 {
		return branch(br.Cond, in.add(at, br.Then, b), in.add(at, br.Else, b))
	}
	if br, isBranch := b.(*Branch); isBranch && ok {
		return branch(br.Cond, in.add(at, a, br.Then), in.add(at, a, br.Else))
	}
	return in.unknown(at, "the program computes it")
}

// element evaluates m[k] or list[i].
func (in *interpreter) element(x *ast.IndexExpr, env scope) Value {
	if fn, ok := in.pkg.TypesInfo.Types[x.X]; ok && fn.Type != nil {
		if _, generic := fn.Type.Underlying().(*types.Signature); generic {
			return in.eval(x.X, env)
		}
	}
	base, index := in.eval(x.X, env), in.eval(x.Index, env)
	if o, ok := index.(*Origin); ok {
		if m, ok := base.(*Map); ok && isBoolMap(m) {
			return in.oneOf(x, &List{m.Source, trueKeys(m)}, o)
		}
	}
	switch b := base.(type) {
	case *List:
		if i, ok := integer(index); ok && i >= 0 && i < int64(len(b.Items)) && !slices.ContainsFunc(b.Items, isSpread) {
			return b.Items[i]
		}
	case *Map:
		missing := in.zero(in.pkg.TypesInfo.TypeOf(x), in.p.source(x))
		return in.choose(x, b, index, missing, func(i int) Value { return b.Values[i] })
	}
	return in.unknown(x, "the element is not known")
}

// choose picks from a map by a key that may be a setting.
func (in *interpreter) choose(at ast.Expr, m *Map, key, missing Value, pick func(int) Value) Value {
	value := missing
	for i := len(m.Keys) - 1; i >= 0; i-- {
		same := in.equal(at, key, m.Keys[i], false)
		if yes, ok := truth(same); ok {
			if yes {
				value = pick(i)
			}
			continue
		}
		value = branch(in.condition(same, at), pick(i), value)
	}
	return value
}

// lookup evaluates the second result of m[k].
func (in *interpreter) lookup(x *ast.IndexExpr, env scope) Value {
	m, ok := in.eval(x.X, env).(*Map)
	if !ok {
		return in.unknown(x, "the element is not known")
	}
	src := in.p.source(x)
	if o, ok := in.eval(x.Index, env).(*Origin); ok {
		return in.oneOf(x, m, o)
	}
	return in.choose(x, m, in.eval(x.Index, env), boolConst(src, false), func(int) Value { return boolConst(src, true) })
}

// isBoolMap reports whether a map has booleans.
func isBoolMap(m *Map) bool {
	return !slices.ContainsFunc(m.Values, func(v Value) bool { _, ok := truth(v); return !ok })
}

func trueKeys(m *Map) []Value {
	var keys []Value
	for i, k := range m.Keys {
		if b, _ := truth(m.Values[i]); b {
			keys = append(keys, k)
		}
	}
	return keys
}

func isSpread(v Value) bool { _, ok := v.(*Spread); return ok }

// Length is the length of an unknown list.
type Length struct {
	Source
	Of Value
}
