package migrate

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"maps"
	"slices"
)

func (in *interpreter) assign(s *ast.AssignStmt, env scope) {
	var values []Value
	if len(s.Rhs) == 1 && len(s.Lhs) > 1 {
		values = in.several(s.Rhs[0], env, len(s.Lhs))
	} else {
		for _, e := range s.Rhs {
			values = append(values, in.eval(e, env))
			in.alias(e, env)
		}
	}
	for i, left := range s.Lhs {
		if i >= len(values) {
			break
		}
		value := values[i]
		if s.Tok != token.ASSIGN && s.Tok != token.DEFINE {
			value = in.unknown(left, "the program computes it")
			if s.Tok == token.ADD_ASSIGN {
				value = in.add(left, in.eval(left, env), values[i])
			}
		}
		in.set(left, value, env)
	}
}

// alias forgets a variable when the program stores its address, through which the variable may
// change.
func (in *interpreter) alias(e ast.Expr, env scope) {
	u, ok := ast.Unparen(e).(*ast.UnaryExpr)
	if !ok || u.Op != token.AND {
		return
	}
	if id := rootOf(u.X); id != nil {
		if obj := in.pkg.TypesInfo.ObjectOf(id); env[obj] != nil {
			env[obj] = in.unknown(id, "it may change through its address")
		}
	}
}

// set assigns to a variable, a field or an element.
func (in *interpreter) set(left ast.Expr, value Value, env scope) {
	switch x := ast.Unparen(left).(type) {
	case *ast.Ident:
		if obj := in.pkg.TypesInfo.ObjectOf(x); obj != nil && x.Name != "_" {
			env[obj] = value
		}
	case *ast.StarExpr:
		in.set(x.X, value, env)
	case *ast.SelectorExpr:
		if obj, ok := in.pkg.TypesInfo.Uses[x.Sel].(*types.Var); ok && !obj.IsField() {
			env[obj] = value
			return
		}
		in.set(x.X, withField(in.eval(x.X, env), x.Sel.Name, value, in.p.source(left)), env)
	case *ast.IndexExpr:
		in.set(x.X, in.withElement(x, in.eval(x.X, env), in.eval(x.Index, env), value), env)
	}
}

// withField returns a struct with a field replaced.
func withField(v Value, name string, value Value, src Source) Value {
	switch x := v.(type) {
	case *Struct:
		fields := maps.Clone(x.Fields)
		if fields == nil {
			fields = map[string]Value{}
		}
		fields[name] = value
		return &Struct{x.Source, x.Type, fields, x.Loaded}
	case *Branch:
		return branch(x.Cond, withField(x.Then, name, value, src), withField(x.Else, name, value, src))
	case *Unknown:
		if x.Type != nil {
			return &Struct{Source: x.Source, Type: x.Type, Fields: map[string]Value{name: value}, Loaded: true}
		}
	}
	return &Unknown{Source: src, Why: "one of its fields is assigned"}
}

// withElement returns a map with an element added.
func (in *interpreter) withElement(at *ast.IndexExpr, v, key, value Value) Value {
	m, ok := v.(*Map)
	if !ok {
		return in.unknown(at.X, "one of its elements is assigned")
	}
	return &Map{m.Source, append(slices.Clone(m.Keys), key), append(slices.Clone(m.Values), value)}
}

// opaque runs a statement that the evaluator does not understand. All that the statement assigns
// becomes unknown, and it may return.
func (in *interpreter) opaque(n ast.Node, env scope) ending {
	leaves := false
	visit := func(n ast.Node) bool {
		switch s := n.(type) {
		case *ast.FuncLit:
			in.captured(s, env)
			if t := in.run.target; t == nil || !within(s, t) {
				return false
			}
			in.funcLit(s, env)
			return false
		case *ast.ReturnStmt, *ast.BranchStmt:
			leaves = true
		case *ast.AssignStmt:
			for _, left := range s.Lhs {
				in.forget(left, env)
			}
		case *ast.IncDecStmt:
			in.forget(s.X, env)
		case *ast.RangeStmt:
			for _, left := range []ast.Expr{s.Key, s.Value} {
				if left != nil {
					in.forget(left, env)
				}
			}
		case *ast.CallExpr:
			in.escape(s, env)
			if s == in.run.target {
				in.eval(s, env)
			}
		}
		return true
	}
	ast.Inspect(n, visit)
	if !leaves {
		return ending{env: env}
	}
	unknown := Cond{Source: in.p.source(n)}
	return fork(unknown, ending{flow: returns, env: maps.Clone(env)}, ending{env: env})
}

// captured forgets the variables that a function literal assigns, because the literal may run at
// any time.
func (in *interpreter) captured(x *ast.FuncLit, env scope) {
	ast.Inspect(x.Body, func(n ast.Node) bool {
		a, ok := n.(*ast.AssignStmt)
		if !ok {
			return true
		}
		for _, left := range a.Lhs {
			if id := rootOf(left); id != nil {
				obj := in.pkg.TypesInfo.ObjectOf(id)
				if _, known := env[obj]; known && !(x.Pos() <= obj.Pos() && obj.Pos() < x.End()) {
					env[obj] = in.unknown(id, "a function assigns it")
				}
			}
		}
		return true
	})
}

// rootOf returns the variable that an expression begins with, such as x in x.f[i].
func rootOf(e ast.Expr) *ast.Ident {
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.Ident:
			return x
		default:
			return nil
		}
	}
}

func (in *interpreter) forget(left ast.Expr, env scope) {
	if id := rootOf(left); id != nil && id.Name != "_" {
		if obj := in.pkg.TypesInfo.ObjectOf(id); obj != nil {
			env[obj] = in.unknown(id, "it changes in a loop")
		}
	}
}

// zero is the zero value of a type.
func (in *interpreter) zero(t types.Type, src Source) Value {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		switch {
		case u.Info()&types.IsString != 0:
			return stringConst(src, "")
		case u.Info()&types.IsBoolean != 0:
			return boolConst(src, false)
		case u.Info()&types.IsNumeric != 0:
			return &Const{src, constant.MakeInt64(0)}
		}
	case *types.Struct:
		return &Struct{Source: src, Type: t}
	case *types.Array:
		return &List{Source: src}
	}
	return &Nil{src}
}
