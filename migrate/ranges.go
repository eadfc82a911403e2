package migrate

import (
	"go/ast"
	"go/constant"
	"go/types"
)

// rangeStmt unrolls a loop over a known list. It recognizes loops that copy or search an unknown
// list.
func (in *interpreter) rangeStmt(s *ast.RangeStmt, env scope) ending {
	list := in.eval(s.X, env)
	if t := in.pkg.TypesInfo.TypeOf(s.X); t != nil && s.Value == nil {
		if _, isSeq := t.Underlying().(*types.Signature); isSeq { // its only value is the element
			c := *s
			c.Key, c.Value = nil, s.Key
			s = &c
		}
	}
	m, isMap := list.(*Map)
	var items []Value
	switch l := list.(type) {
	case *Nil:
		return ending{env: env}
	case *List:
		items = l.Items
	case *Map:
		items = l.Keys
	case *Branch:
		return fork(l.Cond, in.rounds(s, l.Then, env), in.rounds(s, l.Else, env))
	default:
		return in.copies(s, list, env)
	}
	if len(items) > maxUnroll {
		return in.opaque(s, env)
	}
	return unwrap(in.round(s, items, m, isMap, 0, env), breaks, flowsOn)
}

// rounds runs a loop over one of two lists.
func (in *interpreter) rounds(s *ast.RangeStmt, list Value, env scope) ending {
	env = cloneScope(env)
	if l, ok := list.(*List); ok && len(l.Items) <= maxUnroll {
		return unwrap(in.round(s, l.Items, nil, false, 0, env), breaks, flowsOn)
	}
	if isNil(list) {
		return ending{env: env}
	}
	return in.copies(s, list, env)
}

// round runs the loop from round i on.
func (in *interpreter) round(s *ast.RangeStmt, items []Value, m *Map, isMap bool, i int, env scope) ending {
	if i == len(items) {
		return ending{env: env}
	}
	next := func(env scope) ending { return in.round(s, items, m, isMap, i+1, env) }
	if sp, ok := items[i].(*Spread); ok {
		return in.onward(in.copies(s, sp.Value, env), next)
	}
	if isMap {
		in.bindRange(s.Key, items[i], env)
		in.bindRange(s.Value, m.Values[i], env)
	} else {
		in.bindRange(s.Key, &Const{in.p.source(s.X), constant.MakeInt64(int64(i))}, env)
		in.bindRange(s.Value, items[i], env)
	}
	return in.onward(unwrap(in.block(s.Body.List, env), continues, flowsOn), next)
}

func (in *interpreter) bindRange(left ast.Expr, v Value, env scope) {
	if left != nil {
		in.set(left, v, env)
	}
}

// copies runs the body of a loop over an unknown list once. A variable to which the body appends
// the element becomes a copy of the list; other changed variables become unknown.
func (in *interpreter) copies(s *ast.RangeStmt, list Value, env scope) ending {
	if end, ok := in.search(s, list, env); ok {
		return end
	}
	body := cloneScope(env)
	in.bindRange(s.Value, &Element{Source: in.p.source(s.X), Of: list}, body)
	end := unwrap(in.block(s.Body.List, body), continues, flowsOn)
	if end.flow != flowsOn {
		return in.opaque(s, env)
	}
	for obj, before := range env {
		after := end.env[obj]
		if same(after, before) {
			continue
		}
		copied := copiedList(before, after, list)
		if copied == nil {
			copied = &Unknown{Source: before.At(), Why: "it changes in a loop at " + in.p.position(s.Pos()).String(), Type: obj.Type()}
		}
		env[obj] = copied
	}
	return ending{env: env}
}

// copiedList returns the value of a list after a loop that appends each element of another list.
func copiedList(before, after, of Value) Value {
	drop := false
	if b, ok := after.(*Branch); ok {
		e, isElement := b.Cond.Of.(*Element)
		if !isElement || e.Of != of || b.Cond.Is != "" {
			return nil
		}
		drop, after = true, b.Else // appended unless empty
		if same(b.Then, before) || b.Then == before {
			after = b.Else
		}
	}
	l, ok := after.(*List)
	if !ok || len(l.Items) == 0 {
		return nil
	}
	last, ok := l.Items[len(l.Items)-1].(*Element)
	if !ok || last.Of != of {
		return nil
	}
	var items []Value
	if old, ok := before.(*List); ok {
		items = append(items, old.Items...)
	}
	if len(l.Items) != len(items)+1 {
		return nil
	}
	split, ok := of.(*Split)
	if !ok {
		return &List{l.Source, append(items, &Spread{of})}
	}
	c := *split
	c.Trim, c.Drop = c.Trim || last.Trim, c.Drop || drop
	if len(items) == 0 {
		return &c
	}
	return &List{l.Source, append(items, &Spread{&c})}
}
