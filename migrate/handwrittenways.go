package migrate

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"
)

// handwrittenWays runs the middleware of a site once for each set of values that the parameters of
// the enclosing function can have.
func (p *Program) handwrittenWays(s *Site) []way {
	var ways []way
	for _, c := range p.captured(s) {
		options, why := p.asOptions(s, c.in, c.env)
		var v Value = options
		if options == nil {
			v = &Unknown{Source: Source{Expr: s.Call, Pos: s.Pos}, Why: why}
		}
		ways = append(ways, way{snapshot{args: []Value{v}}, c.via})
	}
	return dedupe(ways)
}

// captured returns the values of the variables that the handler captures.
func (p *Program) captured(s *Site) []way {
	h := s.handwritten
	alone := way{snapshot{in: p.interpreter(s.pkg), env: scope{}}, nil}
	if h.lit == nil {
		return []way{alone}
	}
	fn := enclosing(s.file, h.lit.Pos())
	if fn == nil {
		return []way{alone}
	}
	if callers := p.callersFor(s.pkg, fn, h.lit); len(callers) > 0 {
		var ways []way
		for _, c := range callers {
			for _, outer := range p.waysTo(c.pkg, c.file, c.call, nil, 1) {
				env := scope{}
				p.interpreter(s.pkg).bind(fn.Type, outer.args, env)
				via := append(slices.Clone(outer.via), p.position(c.call.Pos()))
				ways = append(ways, p.reach(s.pkg, fn, h.lit, env, via)...)
			}
		}
		return ways
	}
	return p.reach(s.pkg, fn, h.lit, scope{}, nil)
}

// reach runs a function up to a function literal in it.
func (p *Program) reach(pkg *packages.Package, fn *ast.FuncDecl, lit *ast.FuncLit, env scope, via []token.Position) []way {
	in := p.interpreter(pkg)
	in.run.lit = lit
	in.block(fn.Body.List, env)
	if len(in.run.lits) == 0 { // the literal is in code that the evaluator does not reach
		return []way{{snapshot{in: in, env: env}, via}}
	}
	return waysOf(in.run.lits[:1], via)
}

// callersFor returns the calls of a function, if a handler in it uses a parameter that is
// neither a function nor an interface, such as a list of origins.
func (p *Program) callersFor(pkg *packages.Package, fn *ast.FuncDecl, lit *ast.FuncLit) []callSite {
	uses := false
	for _, field := range fn.Type.Params.List {
		for _, name := range field.Names {
			obj := pkg.TypesInfo.Defs[name]
			if obj == nil || !mentions(pkg.TypesInfo, lit, obj) && !mentions(pkg.TypesInfo, fn.Body, obj) {
				continue
			}
			switch obj.Type().Underlying().(type) {
			case *types.Signature, *types.Interface, *types.Pointer:
			default:
				uses = true
			}
		}
	}
	obj := pkg.TypesInfo.Defs[fn.Name]
	if !uses || obj == nil || len(p.calls[keyOf(obj)]) > maxCallers {
		return nil
	}
	return p.calls[keyOf(obj)]
}

// asOptions describes a middleware by the options that [handwrittenTranslate] reads. If these
// options cannot describe it, asOptions returns nil and the reason.
func (p *Program) asOptions(s *Site, in *interpreter, env scope) (*Struct, string) {
	all := p.answers(in, s.handwritten, env)
	preflight, actual := all.preflight, all.actual
	if preflight == nil || actual == nil {
		return nil, "it cannot be evaluated"
	}
	if !isSet(actual[passed]) && !isSet(preflight[passed]) {
		return nil, "it is a handler, not a middleware; mount corskit around it and remove these lines, because browsers refuse a header " +
			"that is set " +
			"twice"
	}
	from, note := actual, ""
	switch {
	case !isSet(preflight[allowOrigin]) && !isSet(actual[allowOrigin]):
		return nil, "it sets " + allowOrigin + " in no way that migrate can evaluate, neither on preflights nor on answers"
	case !isSet(actual[allowOrigin]):
		from, note = preflight, "answers"
	case !isSet(preflight[allowOrigin]):
		note = "preflights"
	case shape(preflight[allowOrigin]) != shape(actual[allowOrigin]):
		return nil, "it allows other origins on preflights than on requests: " + shape(preflight[allowOrigin]) + ", " +
			shape(actual[allowOrigin])
	}
	src := Source{Expr: s.Call, Pos: s.Pos}
	w := &weighed{src: src, fields: map[string]Value{}}
	w.fields[allowOrigin] = w.origins(from[allowOrigin])
	pre, post := assumptions(preflight[allowOrigin], nil), assumptions(actual[allowOrigin], nil)
	w.field("Access-Control-Allow-Credentials", actual, post, "Access-Control-Allow-Credentials", w.isTrue)
	w.field("AllowCredentialsOfPreflights", preflight, pre, "Access-Control-Allow-Credentials", w.isTrue)
	w.field("Access-Control-Allow-Methods", preflight, pre, "Access-Control-Allow-Methods", w.list)
	w.field("Access-Control-Allow-Headers", preflight, pre, "Access-Control-Allow-Headers", w.list)
	w.field("Access-Control-Expose-Headers", actual, post, "Access-Control-Expose-Headers", w.list)
	w.field("Access-Control-Max-Age", preflight, pre, "Access-Control-Max-Age", w.seconds)
	w.field("Access-Control-Allow-Private-Network", preflight, pre, "Access-Control-Allow-Private-Network", w.isTrue)
	if w.why != "" {
		return nil, w.why
	}
	w.fields["Missing"] = stringConst(src, note)
	w.fields["PassesPreflights"] = boolConst(src, isSet(preflight[passed]))
	w.fields["EatsOptions"] = boolConst(src, !isSet(all.options[passed]))
	w.fields["EatsOptionsWithoutOrigin"] = boolConst(src, !isSet(all.noOrigin[passed]))
	w.fields["Vary"] = boolConst(src, variesByOrigin(actual["Vary"]) || isConstant(actual[allowOrigin]))
	return &Struct{Source: src, Fields: w.fields}, ""
}

// isSet reports whether some branch sets a field.
func isSet(v Value) bool {
	if b, ok := v.(*Branch); ok {
		return isSet(b.Then) || isSet(b.Else)
	}
	return !isNil(v)
}

// isConstant reports whether a value is the same for every request.
func isConstant(v Value) bool {
	if b, ok := v.(*Branch); ok {
		return !aboutOrigin(b.Cond) && isConstant(b.Then) && isConstant(b.Else)
	}
	s, ok := v.(*Setting)
	_, isConst := v.(*Const)
	return isConst || ok && s.From != "request"
}

// variesByOrigin reports whether Vary names Origin in every branch.
func variesByOrigin(v Value) bool {
	if b, ok := v.(*Branch); ok {
		return variesByOrigin(b.Then) && variesByOrigin(b.Else)
	}
	s, ok := text(v)
	return ok && strings.Contains(strings.ToLower(s), "origin")
}

// shape returns a text for a value. Values with the same meaning have equal texts.
func shape(v Value) string {
	switch x := v.(type) {
	case *Branch:
		return fmt.Sprintf("if %s {%s} else {%s}", x.Cond.Key(), shape(x.Then), shape(x.Else))
	case *Const:
		return x.String()
	case *Origin:
		return "the origin of the request"
	case nil, *Nil:
		return "none"
	case *Setting:
		return subject(x)
	}
	return v.At().Expr
}

// assumption is a set of conditions under which an origin is allowed.
type assumption []choice

// assumptions returns the sets of conditions under which a value is set.
func assumptions(v Value, so assumption) []assumption {
	b, ok := v.(*Branch)
	if !ok {
		if isNil(v) {
			return nil
		}
		return []assumption{so}
	}
	return append(assumptions(b.Then, append(slices.Clone(so), choice{b.Cond, true})),
		assumptions(b.Else, append(slices.Clone(so), choice{b.Cond, false}))...)
}

// under returns a value under an assumption.
func under(v Value, so assumption) Value {
	b, ok := v.(*Branch)
	if !ok {
		return v
	}
	for _, c := range so {
		if c.cond.Key() == b.Cond.Key() {
			if c.holds {
				return under(b.Then, so)
			}
			return under(b.Else, so)
		}
	}
	return branch(b.Cond, under(b.Then, so), under(b.Else, so))
}

// weighed collects the options of a hand-written middleware.
type weighed struct {
	src    Source
	fields map[string]Value
	why    string // reason for the first option that is not understood
}

func (w *weighed) refuse(why string) {
	if w.why == "" {
		w.why = why
	}
}

// field sets an option to the value that a response field has when an origin is allowed.
func (w *weighed) field(option string, a answer, ways []assumption, name string, read func(string, Value) Value) {
	var value Value = &Nil{w.src}
	for i, so := range ways {
		v := under(a[name], so)
		if i > 0 && shape(v) != shape(value) {
			w.refuse(name + " depends on the origin, and a policy has one value for all its origins: write several policies")
			return
		}
		value = v
	}
	w.fields[option] = w.read(name, value, read)
}

// read converts the leaves of a value.
func (w *weighed) read(name string, v Value, convert func(string, Value) Value) Value {
	b, ok := v.(*Branch)
	if !ok {
		return convert(name, v)
	}
	w.startup(name, b.Cond)
	return branch(b.Cond, w.read(name, b.Then, convert), w.read(name, b.Else, convert))
}

// startup refuses a condition that is not yet known when the program starts.
func (w *weighed) startup(name string, c Cond) {
	if s, ok := c.Of.(*Setting); ok && s.From != "request" || aboutOrigin(c) {
		return
	}
	w.refuse(fmt.Sprintf("%s depends on %s at %s, which only the program can evaluate; write AllowOriginFunc with that condition",
		name, c.text(), c.Pos))
}

func (w *weighed) isTrue(_ string, v Value) Value {
	s, ok := text(v)
	switch {
	case ok:
		return boolConst(w.src, s == "true")
	case isNil(v):
		return boolConst(w.src, false)
	}
	return v
}

func (w *weighed) list(name string, v Value) Value {
	if s, ok := text(v); ok {
		var items []string
		for item := range strings.SplitSeq(s, ",") {
			if item = strings.TrimSpace(item); item != "" {
				items = append(items, item)
			}
		}
		return stringList(v.At(), items...)
	}
	if s, ok := v.(*Setting); ok && s.From == "request" {
		return stringList(v.At(), repeated)
	}
	if isNil(v) {
		return v
	}
	w.refuse(fmt.Sprintf("%s is %s at %s, which cannot be evaluated", name, v.At().Expr, v.At().Pos))
	return v
}

// repeated is the value of a list that echoes the names that a preflight requests.
const repeated = "the requested names"

func (w *weighed) seconds(name string, v Value) Value {
	s, ok := text(v)
	if !ok {
		return v
	}
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil || n < 0 {
		w.refuse(fmt.Sprintf("%s is %q, which is not a number of seconds", name, s))
		return v
	}
	return &Const{v.At(), constantInt(n)}
}

// origins returns the option for the allowed origins: a list, or the tree of a function that
// decides.
func (w *weighed) origins(v Value) Value {
	if s, ok := text(v); ok {
		return stringList(v.At(), s)
	}
	switch x := v.(type) {
	case *Setting:
		if x.From != "request" {
			return &List{Source{Expr: "[]string{" + x.Expr + "}", Pos: x.Pos}, []Value{x}}
		}
	case *Branch:
		if !aboutOrigin(x.Cond) {
			w.startup(allowOrigin, x.Cond)
			return branch(x.Cond, w.origins(x.Then), w.origins(x.Else))
		}
	}
	return &Predicate{w.src, nil, w.allowed(v, nil)}
}

// allowed returns a tree of booleans that says whether a value of Access-Control-Allow-Origin
// allows the origin. is holds the conditions that apply.
func (w *weighed) allowed(v Value, is assumption) Value {
	switch x := v.(type) {
	case *Branch:
		w.startup(allowOrigin, x.Cond)
		return branch(x.Cond, w.allowed(x.Then, append(slices.Clone(is), choice{x.Cond, true})),
			w.allowed(x.Else, append(slices.Clone(is), choice{x.Cond, false})))
	case nil, *Nil:
		return boolConst(w.src, false)
	case *Origin:
		return boolConst(w.src, x.Part == "")
	case *Const:
		return w.constantOrigin(x, is)
	}
	w.refuse(fmt.Sprintf("%s is %s at %s, which cannot be evaluated", allowOrigin, v.At().Expr, v.At().Pos))
	return boolConst(w.src, false)
}

func (w *weighed) constantOrigin(x *Const, is assumption) Value {
	s := x.String()
	for _, c := range is {
		if o, ok := c.cond.Of.(*Origin); ok && o.Part == "" && c.holds {
			return boolConst(x.Source, c.cond.Is == s)
		}
	}
	if s == "*" {
		w.refuse(allowOrigin + " is * for only some origins; list these origins")
	}
	return &Compare{x.Source, Cond{Source: x.Source, Of: &Origin{Source: x.Source}, Is: s}}
}
