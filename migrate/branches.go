package migrate

import (
	"go/constant"
	"reflect"
	"slices"
)

// branch returns a value that is a or b, depending on a condition. If b is a setting and a replaces
// it when it is empty, branch returns the setting with the default a.
func branch(c Cond, a, b Value) Value {
	if a == nil || b == nil {
		if a == nil {
			a = b
		}
		return a
	}
	if c.Not {
		c.Not = false
		a, b = b, a
	}
	a, b = given(a, c, true), given(b, c, false)
	if same(a, b) {
		return a
	}
	if c.Of != nil && c.Is == "" { // a if the setting is empty, b otherwise
		if v := withDefault(b, c.Of, a); v != nil {
			return v
		}
	}
	if then, ok := a.(*Struct); ok {
		if otherwise, ok := b.(*Struct); ok && then.Loaded == otherwise.Loaded {
			return mergeStructs(c, then, otherwise)
		}
	}
	return &Branch{c.Source, c, a, b}
}

// given returns a value under the assumption that a condition holds, or does not.
func given(v Value, c Cond, holds bool) Value {
	switch x := v.(type) {
	case *Branch:
		if x.Cond.Key() == c.Key() && holds != x.Cond.Not {
			return given(x.Then, c, holds)
		} else if x.Cond.Key() == c.Key() {
			return given(x.Else, c, holds)
		}
	case *Compare:
		if x.Cond.Key() == c.Key() {
			return boolConst(x.Source, holds != x.Cond.Not)
		}
	}
	return v
}

// mergeStructs returns a struct with branches in the fields that differ.
func mergeStructs(c Cond, a, b *Struct) Value {
	fields := map[string]Value{}
	for _, s := range []*Struct{a, b} {
		for name := range s.Fields {
			x, y := a.Fields[name], b.Fields[name]
			if x == nil {
				x = zeroLike(y)
			}
			if y == nil {
				y = zeroLike(x)
			}
			fields[name] = branch(c, x, y)
		}
	}
	return &Struct{a.Source, a.Type, fields, a.Loaded}
}

// zeroLike returns the zero value of a field that has the value v in the other branch.
func zeroLike(v Value) Value {
	switch x := v.(type) {
	case *Const:
		switch x.Val.Kind() {
		case constant.Bool:
			return boolConst(Source{}, false)
		case constant.String:
			return stringConst(Source{}, "")
		}
		return &Const{Val: constant.MakeInt64(0)}
	case *Compare:
		return boolConst(Source{}, false)
	case *Branch:
		return zeroLike(x.Then)
	}
	return &Nil{}
}

// same reports whether two values are certainly the same.
func same(a, b Value) bool {
	if a == b {
		return true
	}
	ca, ok := a.(*Const)
	cb, ok2 := b.(*Const)
	if ok && ok2 {
		return ca.Val.Kind() == cb.Val.Kind() && ca.String() == cb.String()
	}
	if isNil(a) && isNil(b) {
		return true
	}
	la, ok := a.(*List)
	lb, ok2 := b.(*List)
	if ok && ok2 && len(la.Items) == len(lb.Items) {
		return slices.EqualFunc(la.Items, lb.Items, same)
	}
	fa, ok := a.(*Func)
	fb, ok2 := b.(*Func)
	if ok && ok2 {
		return fa.Lit == fb.Lit && fa.Obj == fb.Obj
	}
	sa, ok := a.(*Setting)
	sb, ok2 := b.(*Setting)
	return ok && ok2 && sa.From == sb.From && sa.Name == sb.Name && reflect.DeepEqual(sa.Default, sb.Default)
}

// withDefault returns v with a default if the program makes v from the setting of. Otherwise it
// returns nil.
func withDefault(v, of, fallback Value) Value {
	s, ok := v.(*Setting)
	if ok && sameSetting(s, of) && s.Default == nil && !isUnknown(fallback) {
		c := *s
		c.Default = fallback
		return &c
	}
	split, ok := v.(*Split)
	if !ok {
		return nil
	}
	inner, isSetting := split.Of.(*Setting)
	if !isSetting || !sameSetting(inner, of) && !same(split, of) || inner.Default != nil {
		return nil
	}
	if _, isList := fallback.(*List); !isList {
		return nil
	}
	c, s2 := *split, *inner
	s2.Default = fallback
	c.Of = &s2
	return &c
}

func sameSetting(s *Setting, of Value) bool {
	if split, ok := of.(*Split); ok {
		of = split.Of
	}
	o, ok := of.(*Setting)
	return ok && o.From == s.From && o.Name == s.Name
}

func isUnknown(v Value) bool { _, ok := v.(*Unknown); return ok }

func cloneScope(s scope) scope {
	c := scope{}
	for k, v := range s {
		c[k] = v
	}
	return c
}
