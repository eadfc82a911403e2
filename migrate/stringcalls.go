package migrate

import (
	"go/ast"
	"strings"
)

// stringsCall evaluates functions of package strings and fmt.
func (in *interpreter) stringsCall(x *ast.CallExpr, name string, args []Value) Value {
	var texts []string
	for _, a := range args {
		if s, ok := text(a); ok {
			texts = append(texts, s)
		}
	}
	src := in.p.source(x)
	if len(texts) == len(args) && len(args) > 0 {
		return constStrings(src, name, texts)
	}
	if v := originStrings(src, name, args); v != nil {
		return v
	}
	switch name {
	case "TrimSpace", "ToLower", "TrimSuffix", "TrimRight", "Trim":
		if b, ok := args[0].(*Branch); ok {
			rest := args[1:]
			return branch(b.Cond, in.stringsCall(x, name, append([]Value{b.Then}, rest...)),
				in.stringsCall(x, name, append([]Value{b.Else}, rest...)))
		}
		return trimmed(name, args[0])
	case "Split", "Fields", "SplitSeq", "FieldsSeq":
		sep := " "
		if len(args) == 2 {
			var ok bool
			if sep, ok = text(args[1]); !ok {
				return nil
			}
		}
		return in.split(x, args[0], sep, strings.HasPrefix(name, "Fields"))
	case "Join":
		if sep, ok := text(args[len(args)-1]); ok && len(args) == 2 {
			return joined(src, args[0], sep)
		}
	}
	return nil
}

// trimmed returns a text without surrounding white space. A text that the program trims in another
// way is unknown.
func trimmed(name string, v Value) Value {
	if name != "TrimSpace" {
		return nil
	}
	switch x := v.(type) {
	case *Element:
		return &Element{x.Source, x.Of, true}
	case *Setting:
		return x
	}
	return nil
}

func (in *interpreter) split(x *ast.CallExpr, of Value, sep string, fields bool) Value {
	if j, ok := of.(*Joined); ok && j.Sep == sep {
		return j.Of
	}
	if s, ok := text(of); ok {
		return stringList(in.p.source(x), strings.Split(s, sep)...)
	}
	if b, ok := of.(*Branch); ok {
		return branch(b.Cond, in.split(x, b.Then, sep, fields), in.split(x, b.Else, sep, fields))
	}
	return &Split{Source: in.p.source(x), Of: of, Sep: sep, Trim: fields, Drop: fields}
}

// Joined is the result of strings.Join on an unknown list.
type Joined struct {
	Source
	Of  Value
	Sep string
}

func joined(src Source, of Value, sep string) Value {
	if l, ok := of.(*List); ok {
		var items []string
		for _, item := range l.Items {
			s, ok := text(item)
			if !ok {
				return &Joined{src, of, sep}
			}
			items = append(items, s)
		}
		return stringConst(src, strings.Join(items, sep))
	}
	if isNil(of) {
		return stringConst(src, "")
	}
	if b, ok := of.(*Branch); ok {
		return branch(b.Cond, joined(src, b.Then, sep), joined(src, b.Else, sep))
	}
	return &Joined{src, of, sep}
}

func constStrings(src Source, name string, s []string) Value {
	one := len(s) == 1
	switch {
	case name == "TrimSpace" && one:
		return stringConst(src, strings.TrimSpace(s[0]))
	case name == "ToLower" && one:
		return stringConst(src, strings.ToLower(s[0]))
	case name == "ToUpper" && one:
		return stringConst(src, strings.ToUpper(s[0]))
	case (name == "Split" || name == "SplitSeq") && len(s) == 2:
		return stringList(src, strings.Split(s[0], s[1])...)
	case (name == "Fields" || name == "FieldsSeq") && one:
		return stringList(src, strings.Fields(s[0])...)
	case name == "TrimSuffix" && len(s) == 2:
		return stringConst(src, strings.TrimSuffix(s[0], s[1]))
	case name == "TrimPrefix" && len(s) == 2:
		return stringConst(src, strings.TrimPrefix(s[0], s[1]))
	case name == "ReplaceAll" && len(s) == 3:
		return stringConst(src, strings.ReplaceAll(s[0], s[1], s[2]))
	case name == "HasPrefix" && len(s) == 2:
		return boolConst(src, strings.HasPrefix(s[0], s[1]))
	case name == "HasSuffix" && len(s) == 2:
		return boolConst(src, strings.HasSuffix(s[0], s[1]))
	case name == "Contains" && len(s) == 2:
		return boolConst(src, strings.Contains(s[0], s[1]))
	case name == "EqualFold" && len(s) == 2:
		return boolConst(src, strings.EqualFold(s[0], s[1]))
	}
	return nil
}
