package migrate

import (
	"go/ast"
	"go/constant"
	"go/scanner"
	"go/token"
	"go/types"
	"strconv"
	"strings"
)

// Value is what the evaluator knows about an expression: a [Const], [List], [Struct],
// [Setting], [Split], [Branch], [Compare], [Func], [Call], [Nil] or [Unknown].
type Value interface {
	// At returns the expression and its position.
	At() Source
}

// Source is an expression of the program. Synthetic values have an invalid position.
type Source struct {
	Expr string // as in the source, on one line
	Pos  token.Position
}

// At returns s.
func (s Source) At() Source { return s }

// Const is a constant: a string, bool, integer or float.
type Const struct {
	Source
	Val constant.Value
}

// List is a slice, an array or the keys of a map used as a set, in order. An empty List
// is not nil: a nil slice is [Nil].
type List struct {
	Source
	Items []Value // a [Spread] represents several items
}

// Spread is an item of a [List] that represents all items of another value.
type Spread struct{ Value }

// Struct is a struct, or a pointer to one. A field that is not in Fields is zero, unless
// Loaded is set.
type Struct struct {
	Source
	Type   types.Type
	Fields map[string]Value
	Loaded bool // other code sets the fields that are not in Fields, by their tags
}

// Setting is a value that the program reads when it starts.
type Setting struct {
	Source
	From    string // "env", "viper", "flag" or "field"
	Name    string // name of the variable, key or flag, or path of the field
	Env     string // environment variable that sets it, if known
	Default Value  // nil: unknown, or the zero value
	Sep     string // separator of a list in the text; empty: "," or the reader's own
	IsList  bool
}

// Split is the result of strings.Split, or of a helper like it, on an unknown text.
type Split struct {
	Source
	Of   Value
	Sep  string
	Trim bool // white space around the items is removed
	Drop bool // empty items are removed
}

// Branch is one of two values, depending on a condition.
type Branch struct {
	Source
	Cond       Cond
	Then, Else Value
}

// Cond is the condition of a [Branch].
type Cond struct {
	Source
	Of  Value  // the value that is compared, or nil
	Is  string // the constant that Of equals if the condition holds
	Not bool   // the condition holds if Of differs from Is
	Err bool   // the condition tests an error of code that is not loaded
}

// Key identifies the condition, without Not.
func (c Cond) Key() string {
	switch x := c.Of.(type) {
	case nil:
		return c.Expr
	case *Test:
		return x.Op + " " + x.Expr
	}
	return subject(c.Of) + "==" + strconv.Quote(c.Is)
}

// Compare is the result of a comparison.
type Compare struct {
	Source
	Cond Cond
}

// Func is a function: a literal or a declared one.
type Func struct {
	Source
	Lit  *ast.FuncLit  // nil for a declared function
	Decl *ast.FuncDecl // nil for a literal, or if the source is not loaded
	Obj  *types.Func   // nil for a literal
	in   *interpreter
	env  scope
}

// Call is a call of a library's function that the [Library] itself interprets.
type Call struct {
	Source
	Fn   *types.Func
	Recv Value
	Args []Value
}

// Nil is nil, or the zero value of a slice, map, pointer or function.
type Nil struct{ Source }

// Unknown is an expression that cannot be evaluated.
type Unknown struct {
	Source
	Why  string
	Type types.Type
	path path // the fields selected so far, for a Setting that other code sets
}

// String returns a constant string.
func (c *Const) String() string {
	if c.Val.Kind() == constant.String {
		return constant.StringVal(c.Val)
	}
	return c.Val.ExactString()
}

// subject names the value that a condition compares.
func subject(v Value) string {
	if s, ok := v.(*Setting); ok {
		return s.From + ":" + s.Name
	}
	return v.At().Expr
}

func stringConst(src Source, s string) *Const { return &Const{src, constant.MakeString(s)} }
func boolConst(src Source, b bool) *Const     { return &Const{src, constant.MakeBool(b)} }

func stringList(src Source, items ...string) *List {
	l := &List{Source: src}
	for _, s := range items {
		l.Items = append(l.Items, stringConst(src, s))
	}
	return l
}

// text returns the constant string of a value.
func text(v Value) (string, bool) {
	c, ok := v.(*Const)
	if !ok || c.Val.Kind() != constant.String {
		return "", false
	}
	return constant.StringVal(c.Val), true
}

// truth returns the constant boolean of a value.
func truth(v Value) (value, ok bool) {
	c, isConst := v.(*Const)
	if !isConst || c.Val.Kind() != constant.Bool {
		return false, false
	}
	return constant.BoolVal(c.Val), true
}

// integer returns the constant integer of a value.
func integer(v Value) (int64, bool) {
	c, ok := v.(*Const)
	if !ok {
		return 0, false
	}
	i := constant.ToInt(c.Val)
	if i.Kind() != constant.Int {
		return 0, false
	}
	return constant.Int64Val(i)
}

// isNil reports whether a value is nil or absent.
func isNil(v Value) bool {
	if v == nil {
		return true
	}
	_, ok := v.(*Nil)
	return ok
}

// oneLine joins the lines of Go source. Where the end of a line ends a statement, it writes a
// semicolon; literals stay as they are.
func oneLine(src string) string {
	var lines scanner.Scanner
	file := token.NewFileSet().AddFile("", -1, len(src))
	lines.Init(file, []byte(src), nil, 0)
	var b strings.Builder
	end, ended := 0, false
	for {
		pos, tok, text := lines.Scan()
		switch {
		case tok == token.EOF:
			return b.String()
		case tok == token.SEMICOLON && text == "\n":
			ended = true
			continue
		case text == "":
			text = tok.String()
		}
		at := file.Offset(pos)
		if ended && tok != token.RBRACE && tok != token.RPAREN {
			b.WriteByte(';')
		}
		if at > end && b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(text)
		end, ended = at+len(text), false
	}
}

// inText returns an expression on one line, even if it contains a literal with several lines.
func inText(expr string) string { return strings.Join(strings.Fields(expr), " ") }

// Map is a map with constant keys, in the order of the source.
type Map struct {
	Source
	Keys, Values []Value
}

// Element is an element of an unknown list, in a loop over that list.
type Element struct {
	Source
	Of   Value
	Trim bool
}
