package migrate

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"maps"
	"slices"

	"golang.org/x/tools/go/packages"
)

// Bounds of the evaluator. What exceeds them is an [Unknown].
const (
	maxSteps  = 100_000 // statements and expressions of a site
	maxDepth  = 12      // calls in calls
	maxUnroll = 256     // rounds of a loop
)

// scope has the values of variables.
type scope map[types.Object]Value

// interpreter evaluates expressions of a package.
type interpreter struct {
	p     *Program
	pkg   *packages.Package
	depth int
	run   *run
}

// run is what the interpreters of one evaluation share.
type run struct {
	steps  int
	target *ast.CallExpr // whose arguments are wanted, or nil
	seen   []snapshot
	vars   map[string]bool // package-level variables that are being evaluated
}

// snapshot has the arguments of the target.
type snapshot struct {
	recv Value
	args []Value
	in   *interpreter
	env  scope
}

func (p *Program) interpreter(pkg *packages.Package) *interpreter {
	return &interpreter{p: p, pkg: pkg, run: &run{vars: map[string]bool{}}}
}

// within returns an interpreter for another package, one call deeper.
func (in *interpreter) within(pkg *packages.Package) *interpreter {
	return &interpreter{p: in.p, pkg: pkg, depth: in.depth + 1, run: in.run}
}

func (in *interpreter) step() bool {
	in.run.steps++
	return in.run.steps <= maxSteps
}

func (in *interpreter) unknown(n ast.Node, why string) *Unknown {
	u := &Unknown{Source: in.p.source(n), Why: why}
	if e, ok := n.(ast.Expr); ok {
		u.Type = in.pkg.TypesInfo.TypeOf(e)
	}
	return u
}

// flow is how a block ends.
type flow int

const (
	flowsOn flow = iota
	returns
	exits // the program or the goroutine ends
	breaks
	continues
)

// ending is how a block ends, with the results of a return.
type ending struct {
	flow    flow
	results []Value
}

func (in *interpreter) block(list []ast.Stmt, env scope) ending {
	for i, stmt := range list {
		if !in.step() {
			return ending{flow: flowsOn}
		}
		if s, ok := stmt.(*ast.LabeledStmt); ok {
			stmt = s.Stmt
		}
		var end ending
		switch s := stmt.(type) {
		case *ast.IfStmt:
			return in.ifStmt(s, env, list[i+1:])
		case *ast.SwitchStmt:
			return in.switchStmt(s, env, list[i+1:])
		case *ast.RangeStmt:
			if found, then := in.search(s, env); found != nil {
				return in.either(found, s.X, env, then, func(scope) ending { return ending{} }, list[i+1:])
			}
			end = in.stmt(stmt, env)
		default:
			end = in.stmt(stmt, env)
		}
		if end.flow != flowsOn {
			return end
		}
	}
	return ending{}
}

// stmt runs a statement that does not branch.
func (in *interpreter) stmt(stmt ast.Stmt, env scope) ending {
	switch s := stmt.(type) {
	case *ast.BlockStmt:
		return in.block(s.List, env)
	case *ast.AssignStmt:
		in.assign(s, env)
	case *ast.DeclStmt:
		in.declStmt(s, env)
	case *ast.ExprStmt:
		in.eval(s.X, env)
		if call, ok := s.X.(*ast.CallExpr); ok && in.neverReturns(call) {
			return ending{flow: exits}
		}
	case *ast.ReturnStmt:
		return ending{returns, in.results(s, env)}
	case *ast.RangeStmt:
		return in.rangeStmt(s, env)
	case *ast.ForStmt:
		in.opaque(s, env)
	case *ast.DeferStmt:
		in.eval(s.Call, env)
	case *ast.GoStmt:
		in.eval(s.Call, env)
	case *ast.BranchStmt:
		switch s.Tok {
		case token.BREAK:
			return ending{flow: breaks}
		case token.CONTINUE:
			return ending{flow: continues}
		}
	case *ast.IncDecStmt:
		in.set(s.X, in.unknown(s.X, "it is counted"), env)
	case *ast.TypeSwitchStmt, *ast.SelectStmt:
		in.opaque(s, env)
	}
	return ending{}
}

func (in *interpreter) results(s *ast.ReturnStmt, env scope) []Value {
	if len(s.Results) == 1 {
		if call, ok := s.Results[0].(*ast.CallExpr); ok {
			return in.call(call, env)
		}
	}
	var values []Value
	for _, e := range s.Results {
		values = append(values, in.eval(e, env))
	}
	return values
}

// neverReturns reports whether a call ends the program.
func (in *interpreter) neverReturns(call *ast.CallExpr) bool {
	if id, ok := call.Fun.(*ast.Ident); ok && id.Name == "panic" {
		return true
	}
	fn := callee(in.pkg.TypesInfo, call)
	if fn == nil || fn.Pkg() == nil {
		return false
	}
	switch fn.Name() {
	case "Exit", "Fatal", "Fatalf", "Fatalln", "Panic", "Panicf", "Panicln", "FailNow":
		return true
	}
	return false
}

// ifStmt runs an if statement and what follows it in its block.
func (in *interpreter) ifStmt(s *ast.IfStmt, env scope, rest []ast.Stmt) ending {
	if s.Init != nil {
		in.stmt(s.Init, env)
	}
	cond := in.eval(s.Cond, env)
	then := func(env scope) ending { return in.block(s.Body.List, env) }
	otherwise := func(env scope) ending {
		if s.Else == nil {
			return ending{}
		}
		return in.block([]ast.Stmt{s.Else}, env)
	}
	return in.either(cond, s.Cond, env, then, otherwise, rest)
}

// either runs one of two blocks, or both if the condition is not known, and the rest.
func (in *interpreter) either(cond Value, at ast.Expr, env scope, then, otherwise func(scope) ending, rest []ast.Stmt) ending {
	if known, ok := truth(cond); ok {
		taken := otherwise
		if known {
			taken = then
		}
		if end := taken(env); end.flow != flowsOn {
			return end
		}
		return in.block(rest, env)
	}
	if nested, ok := cond.(*Branch); ok {
		whole := func(v Value) func(scope) ending {
			return func(env scope) ending { return in.either(v, at, env, then, otherwise, nil) }
		}
		return in.either(&Compare{nested.Source, nested.Cond}, at, env, whole(nested.Then), whole(nested.Else), rest)
	}
	c := in.condition(cond, at)
	a, b := maps.Clone(env), maps.Clone(env)
	first, second := then(a), otherwise(b)
	switch {
	case first.flow == exits && second.flow == flowsOn:
		maps.Copy(env, b)
		return in.block(rest, env)
	case second.flow == exits && first.flow == flowsOn:
		maps.Copy(env, a)
		return in.block(rest, env)
	case first.flow == flowsOn && second.flow == flowsOn:
		in.merge(c, env, a, b)
		return in.block(rest, env)
	}
	if first.flow == flowsOn {
		first = in.block(rest, a)
	}
	if second.flow == flowsOn {
		second = in.block(rest, b)
	}
	in.merge(c, env, a, b)
	return join(c, first, second)
}

// join is the ending of two ways.
func join(c Cond, a, b ending) ending {
	switch {
	case a.flow == exits:
		return b
	case b.flow == exits:
		return a
	case a.flow == returns && b.flow == returns && len(a.results) == len(b.results):
		values := make([]Value, len(a.results))
		for i := range values {
			values[i] = branch(c, a.results[i], b.results[i])
		}
		return ending{returns, values}
	case a.flow == returns:
		return a
	case b.flow == returns:
		return b
	case a.flow == b.flow:
		return a
	}
	return ending{}
}

// merge gives each variable its value of both ways.
func (in *interpreter) merge(c Cond, env, a, b scope) {
	for obj := range env {
		if a[obj] == b[obj] {
			env[obj] = a[obj]
			continue
		}
		env[obj] = branch(c, a[obj], b[obj])
	}
}

// search recognizes a loop that looks the origin up in a list that is not known. It returns
// the condition, and what runs if it holds.
func (in *interpreter) search(s *ast.RangeStmt, env scope) (Value, func(scope) ending) {
	if len(s.Body.List) != 1 || s.Value == nil {
		return nil, nil
	}
	test, ok := s.Body.List[0].(*ast.IfStmt)
	if !ok || test.Init != nil || test.Else != nil {
		return nil, nil
	}
	list := in.eval(s.X, env)
	switch list.(type) {
	case *Split, *Setting, *Unknown, *Branch:
	default:
		return nil, nil
	}
	local := maps.Clone(env)
	in.bindRange(s.Value, &Element{Source: in.p.source(s.X), Of: list}, local)
	binary, ok := ast.Unparen(test.Cond).(*ast.BinaryExpr)
	if !ok || binary.Op != token.EQL {
		return nil, nil
	}
	a, b := in.eval(binary.X, local), in.eval(binary.Y, local)
	if _, isElement := b.(*Element); !isElement {
		a, b = b, a
	}
	o, isOrigin := a.(*Origin)
	if _, isElement := b.(*Element); !isElement || !isOrigin {
		return nil, nil
	}
	return in.oneOf(s.X, list, o), func(env scope) ending { return in.block(test.Body.List, env) }
}

// switchStmt runs a switch as a chain of ifs.
func (in *interpreter) switchStmt(s *ast.SwitchStmt, env scope, rest []ast.Stmt) ending {
	if s.Init != nil {
		in.stmt(s.Init, env)
	}
	var tag Value
	if s.Tag != nil {
		tag = in.eval(s.Tag, env)
	}
	var arms []arm
	var last []ast.Stmt
	for _, clause := range s.Body.List {
		c, ok := clause.(*ast.CaseClause)
		if !ok {
			continue
		}
		if c.List == nil {
			last = c.Body
		}
		for _, e := range c.List {
			arms = append(arms, arm{e, c.Body})
		}
	}
	return in.arms(s, tag, arms, last, env, rest)
}

// arm is a value of a case with its block.
type arm struct {
	expr ast.Expr
	body []ast.Stmt
}

func (in *interpreter) arms(s *ast.SwitchStmt, tag Value, arms []arm, last []ast.Stmt, env scope, rest []ast.Stmt) ending {
	unbreak := func(end ending) ending {
		if end.flow == breaks {
			end.flow = flowsOn
		}
		return end
	}
	if len(arms) == 0 {
		if end := unbreak(in.block(last, env)); end.flow != flowsOn {
			return end
		}
		return in.block(rest, env)
	}
	cond := in.eval(arms[0].expr, env)
	var at ast.Expr = arms[0].expr
	if s.Tag != nil {
		at = &ast.BinaryExpr{X: s.Tag, Op: token.EQL, Y: arms[0].expr, OpPos: arms[0].expr.Pos()}
		cond = in.equal(at, tag, cond, false)
	}
	return in.either(cond, at, env,
		func(env scope) ending { return unbreak(in.block(arms[0].body, env)) },
		func(env scope) ending { return in.arms(s, tag, arms[1:], last, env, nil) }, rest)
}

func (in *interpreter) declStmt(s *ast.DeclStmt, env scope) {
	gen, ok := s.Decl.(*ast.GenDecl)
	if !ok || gen.Tok != token.VAR {
		return
	}
	for _, spec := range gen.Specs {
		values, ok := spec.(*ast.ValueSpec)
		if !ok {
			continue
		}
		var results []Value
		if len(values.Values) == 1 && len(values.Names) > 1 {
			results = in.several(values.Values[0], env, len(values.Names))
		}
		for i, name := range values.Names {
			obj := in.pkg.TypesInfo.Defs[name]
			if obj == nil {
				continue
			}
			switch {
			case results != nil:
				env[obj] = results[i]
			case i < len(values.Values):
				env[obj] = in.eval(values.Values[i], env)
			default:
				env[obj] = in.zero(obj.Type(), in.p.source(name))
			}
		}
	}
}

// several evaluates an expression that has n results.
func (in *interpreter) several(e ast.Expr, env scope, n int) []Value {
	var results []Value
	switch x := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		results = in.call(x, env)
	case *ast.IndexExpr: // v, ok := m[k]
		results = []Value{in.eval(x, env), in.lookup(x, env)}
	}
	for len(results) < n {
		results = append(results, in.unknown(e, "it is a result of a call that is not evaluated"))
	}
	return results
}

func (in *interpreter) assign(s *ast.AssignStmt, env scope) {
	var values []Value
	if len(s.Rhs) == 1 && len(s.Lhs) > 1 {
		values = in.several(s.Rhs[0], env, len(s.Lhs))
	} else {
		for _, e := range s.Rhs {
			values = append(values, in.eval(e, env))
		}
	}
	for i, left := range s.Lhs {
		if i >= len(values) {
			break
		}
		value := values[i]
		if s.Tok != token.ASSIGN && s.Tok != token.DEFINE {
			value = in.unknown(left, "it is computed")
			if s.Tok == token.ADD_ASSIGN {
				value = in.add(left, in.eval(left, env), values[i])
			}
		}
		in.set(left, value, env)
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
	return &Unknown{Source: src, Why: "a field of it is assigned"}
}

// withElement returns a map with an element added.
func (in *interpreter) withElement(at *ast.IndexExpr, v, key, value Value) Value {
	m, ok := v.(*Map)
	if !ok {
		return in.unknown(at.X, "an element of it is assigned")
	}
	return &Map{m.Source, append(slices.Clone(m.Keys), key), append(slices.Clone(m.Values), value)}
}

// opaque runs a statement that is not understood: what it assigns is unknown.
func (in *interpreter) opaque(n ast.Node, env scope) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch s := n.(type) {
		case *ast.AssignStmt:
			for _, left := range s.Lhs {
				in.forget(left, env)
			}
		case *ast.CallExpr:
			if s == in.run.target {
				in.eval(s, env)
			}
		}
		return true
	})
}

func (in *interpreter) forget(left ast.Expr, env scope) {
	for {
		switch x := ast.Unparen(left).(type) {
		case *ast.SelectorExpr:
			left = x.X
		case *ast.IndexExpr:
			left = x.X
		case *ast.StarExpr:
			left = x.X
		case *ast.Ident:
			if obj := in.pkg.TypesInfo.ObjectOf(x); obj != nil {
				env[obj] = in.unknown(x, "it changes in a loop")
			}
			return
		default:
			return
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
