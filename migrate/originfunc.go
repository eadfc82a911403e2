package migrate

import (
	"fmt"
	"go/ast"
	"go/types"
	"regexp"
	"slices"
	"strings"
)

// Origin is the origin that a function decides about, or a part of it.
type Origin struct {
	Source
	Lower bool
	Part  string // empty: all of it; "scheme", "host" with its port, or "hostname"
}

// Test is a test of the origin other than equality with a text.
type Test struct {
	Source
	Op   string // "prefix", "suffix", "contains", "fold", "expression" or "in"
	Of   *Origin
	Text string
	List Value // of "in", if it is not known
}

// Predicate is a function that decides about an origin, as a tree of branches with booleans as
// leaves.
type Predicate struct {
	Source
	Func *Func
	Tree Value
}

// aboutOrigin reports whether a condition tests the origin.
func aboutOrigin(c Cond) bool {
	switch c.Of.(type) {
	case *Origin, *Test:
		return true
	}
	return false
}

// predicates replaces functions among the options with their decision trees.
func predicates(s *Struct) *Struct {
	fields := map[string]Value{}
	for name, v := range s.Fields {
		fields[name] = predicateOf(v)
	}
	return &Struct{s.Source, s.Type, fields, s.Loaded}
}

func predicateOf(v Value) Value {
	switch x := v.(type) {
	case *Func:
		if tree := x.decide(); tree != nil {
			return &Predicate{x.Source, x, tree}
		}
	case *Branch:
		return branch(x.Cond, predicateOf(x.Then), predicateOf(x.Else))
	}
	return v
}

// decide runs a function of an origin. It returns nil if it cannot evaluate the function.
func (f *Func) decide() Value {
	t, body := f.syntax()
	if body == nil || f.in == nil {
		return nil
	}
	in, local := f.in.within(f.in.pkg), cloneScope(f.env)
	if !in.bindOrigin(t, local) {
		return nil
	}
	end := in.block(body.List, local)
	if end.flow != returns || len(end.results) == 0 {
		return nil
	}
	last := end.results[len(end.results)-1]
	switch len(end.results) {
	case 1:
		return end.results[0]
	case 2: // (bool, error)
		if isNil(last) {
			return end.results[0]
		}
	case 3: // (string, bool, error): the string is the origin to send
		if isNil(last) && repeats(end.results[0], end.results[1]) {
			return end.results[1]
		}
	}
	return nil
}

// repeats reports whether a value is the request's origin whenever that origin is allowed.
func repeats(v, allowed Value) bool {
	if yes, ok := truth(allowed); ok && !yes {
		return true
	}
	if o, ok := v.(*Origin); ok {
		return o.Part == ""
	}
	c, then, otherwise, ok := forked(allowed)
	x, isBranch := v.(*Branch)
	return ok && isBranch && c.Key() == x.Cond.Key() && repeats(x.Then, then) && repeats(x.Else, otherwise)
}

// forked returns the condition that a boolean depends on, and its value in each case.
func forked(v Value) (c Cond, then, otherwise Value, ok bool) {
	switch x := v.(type) {
	case *Branch:
		return x.Cond, x.Then, x.Else, true
	case *Compare:
		return x.Cond, boolConst(x.Source, !x.Cond.Not), boolConst(x.Source, x.Cond.Not), true
	}
	return c, nil, nil, false
}

func (f *Func) syntax() (*ast.FuncType, *ast.BlockStmt) {
	switch {
	case f.Lit != nil:
		return f.Lit.Type, f.Lit.Body
	case f.Decl != nil:
		return f.Decl.Type, f.Decl.Body
	}
	return nil, nil
}

// bindOrigin sets the last string parameter to the origin.
func (in *interpreter) bindOrigin(t *ast.FuncType, local scope) bool {
	var origin types.Object
	for _, field := range t.Params.List {
		for _, name := range field.Names {
			obj := in.pkg.TypesInfo.Defs[name]
			if obj == nil {
				continue
			}
			if b, ok := obj.Type().Underlying().(*types.Basic); ok && b.Kind() == types.String {
				origin = obj
			}
		}
	}
	if origin == nil { // a function that ignores its parameter may not name it
		return len(t.Params.List) > 0
	}
	local[origin] = &Origin{}
	return true
}

// originCall evaluates a call with the origin as an operand. It returns nil for other calls.
func (in *interpreter) originCall(x *ast.CallExpr, fn *types.Func, env scope) []Value {
	if fn.Pkg() == nil {
		return nil
	}
	src := in.p.source(x)
	switch fn.FullName() {
	case "net/url.Parse", "net/url.ParseRequestURI":
		if o, ok := in.eval(x.Args[0], env).(*Origin); ok {
			return []Value{&parsedOrigin{src, o}, &Nil{src}}
		}
	case "(*net/url.URL).Hostname", "(*net/url.URL).Port":
		sel, ok := ast.Unparen(x.Fun).(*ast.SelectorExpr)
		if !ok {
			return nil
		}
		if u, ok := in.eval(sel.X, env).(*parsedOrigin); ok && fn.Name() == "Hostname" {
			return []Value{&Origin{src, u.of.Lower, "hostname"}}
		}
	case "slices.Contains":
		if o, ok := in.eval(x.Args[1], env).(*Origin); ok {
			return []Value{in.oneOf(x, in.eval(x.Args[0], env), o)}
		}
	case "(*regexp.Regexp).MatchString":
		return in.matchString(x, env)
	case "regexp.MustCompile", "regexp.Compile":
		if e, ok := text(in.eval(x.Args[0], env)); ok {
			return []Value{&expression{src, e}, &Nil{src}}
		}
	case "regexp.MatchString":
		e, ok := text(in.eval(x.Args[0], env))
		o, isOrigin := in.eval(x.Args[1], env).(*Origin)
		if ok && isOrigin {
			return []Value{test(src, "expression", o, e), &Nil{src}}
		}
	}
	return nil
}

// parsedOrigin is the origin as a *url.URL.
type parsedOrigin struct {
	Source
	of *Origin
}

// expression is a *regexp.Regexp.
type expression struct {
	Source
	text string
}

func (in *interpreter) matchString(x *ast.CallExpr, env scope) []Value {
	sel, ok := ast.Unparen(x.Fun).(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	e, ok := in.eval(sel.X, env).(*expression)
	o, isOrigin := in.eval(x.Args[0], env).(*Origin)
	if !ok || !isOrigin {
		return nil
	}
	return []Value{test(in.p.source(x), "expression", o, e.text)}
}

func test(src Source, op string, o *Origin, arg string) Value {
	return &Compare{src, Cond{Source: src, Of: &Test{src, op, o, arg, nil}, Is: "true"}}
}

// oneOf returns a test of whether a list has the origin.
func (in *interpreter) oneOf(x ast.Expr, list Value, o *Origin) Value {
	src := in.p.source(x)
	switch l := list.(type) {
	case *Nil:
		return boolConst(src, false)
	case *List:
		var found Value = boolConst(src, false)
		for _, item := range slices.Backward(l.Items) {
			switch sp := item.(type) {
			case *Spread:
				c := Cond{Source: src, Of: &Test{src, "in", o, "", sp.Value}, Is: "true"}
				found = &Branch{src, c, boolConst(src, true), found}
			default:
				same := in.equal(x, o, item, false)
				found = branch(in.condition(same, x), boolConst(src, true), found)
			}
		}
		return found
	case *Map:
		return in.oneOf(x, &List{src, l.Keys}, o)
	case *Branch:
		return branch(l.Cond, in.oneOf(x, l.Then, o), in.oneOf(x, l.Else, o))
	}
	return &Compare{src, Cond{Source: src, Of: &Test{src, "in", o, "", list}, Is: "true"}}
}

// originStrings evaluates functions of package strings on the origin.
func originStrings(src Source, name string, args []Value) Value {
	if len(args) == 0 {
		return nil
	}
	o, ok := args[0].(*Origin)
	if !ok {
		if name == "EqualFold" && len(args) == 2 {
			return originStrings(src, name, []Value{args[1], args[0]})
		}
		return nil
	}
	switch name {
	case "ToLower":
		return &Origin{src, true, o.Part}
	case "TrimSpace":
		return o
	}
	if len(args) != 2 {
		return nil
	}
	arg, ok := text(args[1])
	op := map[string]string{"HasPrefix": "prefix", "HasSuffix": "suffix", "Contains": "contains", "EqualFold": "fold"}[name]
	if !ok || op == "" {
		return nil
	}
	return test(src, op, o, arg)
}

// conjunction is a set of conditions under which an origin is allowed.
type conjunction []Cond

// languages returns the conjunctions under which a tree is true. It returns false if one of them
// has a negated condition, or a condition that is not about the origin.
func languages(tree Value) ([]conjunction, bool) {
	if b, ok := truth(tree); ok {
		if b {
			return []conjunction{nil}, true
		}
		return nil, true
	}
	var c Cond
	var then, otherwise Value
	switch x := tree.(type) {
	case *Compare:
		c, then, otherwise = x.Cond, boolConst(x.Source, !x.Cond.Not), boolConst(x.Source, x.Cond.Not)
		c.Not = false
	case *Branch:
		c, then, otherwise = x.Cond, x.Then, x.Else
		if c.Not {
			c.Not, then, otherwise = false, otherwise, then
		}
	default:
		return nil, false
	}
	if !aboutOrigin(c) {
		return nil, false
	}
	yes, ok := languages(then)
	no, ok2 := languages(otherwise)
	if !ok || !ok2 {
		return nil, false
	}
	var all []conjunction
	for _, way := range yes {
		all = append(all, append(conjunction{c}, way...))
	}
	certain := len(yes) == 1 && len(yes[0]) == 0
	if len(no) > 0 && !certain && !isEmptyOrigin(c) {
		return nil, false
	}
	return append(all, no...), true
}

func isEmptyOrigin(c Cond) bool {
	_, ok := c.Of.(*Origin)
	return ok && c.Is == ""
}

// originFunc translates a function that decides about an origin. If a list can express the
// function, it becomes a list; otherwise it stays code.
func (t *Translation) originFunc(option string, v Value) {
	if p, ok := v.(*Predicate); ok {
		if ways, ok := languages(p.Tree); ok && t.decided(option, p, ways) {
			return
		}
	}
	k := t.keep("AllowOriginFunc", option, v)
	k.Why = "migrate cannot evaluate the function"
	if t.site.Library.Functions[option] == noShape {
		k.Manual, k.Why = true, "migrate cannot evaluate the function, and it needs more than a policy's function gets"
		t.note(Note{Code: "function-by-hand", Change: Narrower, Field: option, Scope: Scope{Any: true},
			Text: option + " needs the request: rewrite it as the policy's AllowOriginFunc, which gets the method, host and path, " +
				"or as several policies of core.NewRouted; until then it allows no origin"})
		return
	}
	k.Expr = t.wrapped(option, k.Expr)
	t.note(Note{Code: "function-kept", Change: Narrower, Field: option, Scope: Scope{Origins: []string{"null"}},
		Text: fmt.Sprintf("%s stays code; corskit never calls it for the origin \"null\", which any site can send", option)})
}

// decided lists the origins that a function allows. It returns false if a list cannot express them.
func (t *Translation) decided(option string, p *Predicate, ways []conjunction) bool {
	var meanings []meaning
	var lists []*Test
	for _, way := range ways {
		if len(way) == 0 {
			t.note(Note{Code: "always-true", Change: Same, Wrong: true, Field: option, Text: option + " allows every origin"})
			t.reflectsAny(option)
			return true
		}
		if test, ok := way[0].Of.(*Test); ok && len(way) == 1 && test.Op == "in" && test.Of.Part == "" {
			lists = append(lists, test)
			continue
		}
		m, ok := meant(entry{p.Expr, way[0].Pos}, way)
		if !ok {
			return false
		}
		m.entry.text = conditionsText(way)
		meanings = append(meanings, m)
	}
	if len(lists) > 1 || len(lists) == 1 && len(meanings) > 0 {
		return false
	}
	if len(lists) == 1 {
		if t.keeps("AllowOrigins") {
			return false // the policy's list can be only one expression of the program
		}
		t.keepList(option, lists[0])
		return true
	}
	listed := t.origins(option, meanings)
	for i := range t.variant.Kept {
		if k := &t.variant.Kept[i]; k.Field == "AllowOrigins" {
			k.also(listed)
		}
	}
	t.note(Note{Code: "function-listed", Change: Same, Field: option,
		Text: fmt.Sprintf("%s allows %s; the policy has the same effect, so you can remove the function", option, listOrNone(listed))})
	return true
}

// also adds entries that the kept expression lacks.
func (k *Kept) also(entries []string) {
	k.Also = unless(append(k.Also, entries...))
	k.dropVariable()
}

// dropVariable removes the variable, because in a file it would replace the other entries.
func (k *Kept) dropVariable() {
	if k.Variable != "" {
		k.Why = fmt.Sprintf("in a file, %s would replace the other entries of the list; write a separate policy for it, or put all "+
			"entries into it",
			k.Variable)
		k.Variable = ""
	}
}

func listOrNone(origins []string) string {
	if len(origins) == 0 {
		return "no origin"
	}
	return words(origins)
}

// keepList keeps the list in which a function looks up the origin.
func (t *Translation) keepList(option string, test *Test) {
	v := test.List
	k := Kept{Field: "AllowOrigins", Expr: v.At().Expr, Pos: v.At().Pos, Why: "it is read when the program starts"}
	walk(v, func(v Value) {
		switch x := v.(type) {
		case *Setting:
			k.Variable = x.Env
		case *Unknown:
			k.Why = x.Why
		}
	})
	for _, e := range settingDefault(v) {
		k.Default = append(k.Default, e.text)
	}
	if listed := t.Policy.AllowOrigins; len(listed) > 0 {
		k.also(listed)
	}
	t.Policy.AllowOrigins = unless(append(t.Policy.AllowOrigins, k.Default...))
	t.variant.Kept = append(t.variant.Kept, k)
	t.checkSeparator(&t.variant.Kept[len(t.variant.Kept)-1], v)
}

func conditionsText(way conjunction) string {
	var parts []string
	for _, c := range way {
		switch x := c.Of.(type) {
		case *Origin:
			if x.Part == "" {
				parts = append(parts, c.Is)
			} else {
				parts = append(parts, c.Expr)
			}
		default:
			parts = append(parts, c.Of.At().Expr)
		}
	}
	return strings.Join(parts, " && ")
}

// meant returns the origins for which a conjunction holds.
func meant(e entry, way conjunction) (meaning, bool) {
	prefix, suffix := "", ""
	for _, c := range way {
		switch x := c.Of.(type) {
		case *Origin:
			if len(way) > 1 && x.Part != "scheme" {
				return meaning{}, false
			}
			if x.Part == "scheme" {
				prefix = c.Is + "://"
				continue
			}
			return equals(e, x, c.Is)
		case *Test:
			if x.Of.Part != "" || x.Op != "prefix" && x.Op != "suffix" {
				if len(way) == 1 {
					return tested(e, x)
				}
				return meaning{}, false
			}
			if x.Op == "prefix" && prefix == "" {
				prefix = x.Text
			} else if x.Op == "suffix" && suffix == "" {
				suffix = x.Text
			} else {
				return meaning{}, false
			}
		}
	}
	if suffix == "" && localPrefix(prefix) {
		return loopback(e, "regexp:"+regexp.QuoteMeta(prefix)+".*"), true
	}
	return glob(e, prefix, suffix), true
}

// equals returns the origins that equal a text, or have a part that does.
func equals(e entry, o *Origin, is string) (meaning, bool) {
	switch o.Part {
	case "":
		return exactly(e, is), true
	case "hostname":
		m := meaning{entry: e, old: []string{`regexp:[a-z][a-z0-9+.-]*://` + regexp.QuoteMeta(is) + `(:[0-9]+)?`}}
		if is == "localhost" || is == "127.0.0.1" {
			m.write = []string{"@loopback"}
			return m, true
		}
		m.write, m.loose = []string{"https://" + is + ":*", "http://" + is + ":*"}, true
		return m, validPattern(m.write[0])
	case "host":
		m := meaning{entry: e, old: []string{`regexp:[a-z][a-z0-9+.-]*://` + regexp.QuoteMeta(is)}}
		m.write, m.loose = []string{"https://" + is, "http://" + is}, true
		return m, validPattern(m.write[0]) && validPattern(m.write[1])
	}
	return meaning{}, false
}

// tested returns the origins that pass a single test.
func tested(e entry, x *Test) (meaning, bool) {
	switch {
	case x.Op == "fold" && x.Of.Part == "":
		return exactly(e, strings.ToLower(x.Text)), true
	case x.Op == "contains" && x.Of.Part == "":
		return contained(e, x.Text)
	case x.Op == "expression" && x.Of.Part == "":
		return matched(e, x.Text)
	case x.Op == "suffix" && (x.Of.Part == "hostname" || x.Of.Part == "host") && strings.HasPrefix(x.Text, "."):
		port, old := "", ""
		if x.Of.Part == "hostname" {
			port, old = ":*", "(:[0-9]+)?"
		}
		m := meaning{entry: e, old: []string{`regexp:[a-z][a-z0-9+.-]*://.*` + regexp.QuoteMeta(x.Text) + old}}
		m.write, m.loose = []string{"https://*" + x.Text + port, "http://*" + x.Text + port}, true
		return m, validPattern(m.write[0])
	}
	return meaning{}, false
}

// matched returns the origins in which an expression matches anywhere.
func matched(e entry, expr string) (meaning, bool) {
	if _, err := regexp.Compile(expr); err != nil {
		return meaning{}, false
	}
	begins, ends := strings.HasPrefix(expr, "^"), strings.HasSuffix(expr, "$") && !strings.HasSuffix(expr, `\$`)
	whole := strings.TrimSuffix(strings.TrimPrefix(expr, "^"), "$")
	if !ends {
		whole = strings.TrimPrefix(expr, "^")
	}
	m := meaning{entry: e, old: []string{"regexp:.*(?:" + expr + ").*"}, write: []string{"regexp:" + whole}}
	if !begins || !ends || strings.Contains(whole, "|") && !strings.HasPrefix(whole, "(") {
		m.fixed = "the expression may match anywhere in the origin, so it also matches strangers' origins"
	}
	return m, validPattern(m.write[0])
}

// contained returns the origins that contain a text.
func contained(e entry, part string) (meaning, bool) {
	old := "regexp:.*" + regexp.QuoteMeta(part) + ".*"
	if part == "localhost" || part == "127.0.0.1" || localPrefix(part) {
		return loopback(e, old), true
	}
	bare := strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(part, "https://"), "http://"), ".")
	m := meaning{entry: e, old: []string{old}, fixed: "every origin that contains " + part + " matches, such as https://" + bare +
		".evil.example"}
	m.write = []string{"https://" + bare, "https://*." + bare}
	return m, !slices.ContainsFunc(m.write, func(w string) bool { return !validPattern(w) })
}

func localPrefix(prefix string) bool {
	return prefix == "http://localhost" || prefix == "http://127.0.0.1" || prefix == "https://localhost"
}

// loopback returns the meaning of a test for the developer's own machine.
func loopback(e entry, old string) meaning {
	return meaning{entry: e, old: []string{old}, write: []string{"@loopback"},
		fixed: "it also matches strangers' origins, such as http://localhost.evil.example"}
}

// wrapped returns a function of the old library as a function of the policy.
func (t *Translation) wrapped(option, expr string) string {
	shape := t.site.Library.Functions[option]
	if shape == "" {
		return "func(_ context.Context, r core.Request) bool { return (" + expr + ")(r.OriginValue()) }"
	}
	return strings.ReplaceAll(shape, "FUNC", expr)
}

// functionInstead translates a function that replaces the list of origins, if it is set, and
// reports whether it is.
func (t *Translation) functionInstead(function, list string) bool {
	v := t.option(function)
	if isNil(v) {
		return false
	}
	t.originFunc(function, v)
	if !isNil(t.option(list)) {
		t.note(Note{Code: "ignored-list", Change: Same, Wrong: true, Field: list,
			Text: fmt.Sprintf("%s ignores %s if %s is set, so the policy does not list it", t.site.Library.Name, list, function)})
	}
	return true
}
