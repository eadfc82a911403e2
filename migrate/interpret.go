package migrate

import (
	"go/ast"
	"go/token"
	"go/types"
	"maps"
	"slices"

	"golang.org/x/tools/go/packages"
)

// Bounds of the evaluator. A value that exceeds them is an [Unknown].
const (
	maxSteps  = 100_000 // statements and expressions of a site
	maxDepth  = 12      // calls in calls
	maxUnroll = 256     // rounds of a loop
)

// scope holds the values of variables.
type scope map[types.Object]Value

// interpreter evaluates expressions of a package.
type interpreter struct {
	p     *Program
	pkg   *packages.Package
	depth int
	run   *run
}

// run is the state that the interpreters of one evaluation share.
type run struct {
	steps  int
	target *ast.CallExpr // the call with the wanted arguments, or nil
	seen   []snapshot
	vars   map[string]bool // package-level variables that are being evaluated

	request  *request     // the request that a handler answers, or nil
	response types.Object // what the handler has written, in the scope
	lit      *ast.FuncLit // the literal with the wanted scope, or nil
	lits     []snapshot
}

// snapshot holds the arguments of the target.
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
	forks // in one of two ways, depending on a condition
)

// ending is how a block ends, with the variables at that point.
type ending struct {
	flow    flow
	env     scope
	results []Value // of a return; nil: not known, or none
	cond    Cond    // of a fork
	a, b    *ending // of a fork
}

// block runs statements. It may change env; afterwards, use only the scope in the ending.
func (in *interpreter) block(list []ast.Stmt, env scope) ending {
	if len(list) == 0 || !in.step() {
		return ending{env: env}
	}
	stmt, rest := list[0], list[1:]
	return in.onward(in.stmt(stmt, env), func(env scope) ending { return in.block(rest, env) })
}

// onward continues every branch of an ending that does not leave the block.
func (in *interpreter) onward(end ending, next func(scope) ending) ending {
	switch end.flow {
	case flowsOn:
		return next(end.env)
	case forks:
		a, b := in.onward(*end.a, next), in.onward(*end.b, next)
		return fork(end.cond, a, b)
	}
	return end
}

// unwrap replaces a flow in all branches of an ending. For example, a loop or switch ends a break.
func unwrap(end ending, from, to flow) ending {
	switch end.flow {
	case from:
		end.flow = to
	case forks:
		return fork(end.cond, unwrap(*end.a, from, to), unwrap(*end.b, from, to))
	}
	return end
}

// fork joins two endings, into one if both end in the same way.
func fork(c Cond, a, b ending) ending {
	switch {
	case a.flow == exits:
		return b
	case b.flow == exits:
		return a
	case a.flow == forks || a.flow != b.flow:
		return ending{flow: forks, env: merged(c, a.env, b.env), cond: c, a: &a, b: &b}
	case a.flow == returns:
		results := make([]Value, max(len(a.results), len(b.results)))
		for i := range results {
			results[i] = branch(c, resultOf(a, i), resultOf(b, i))
		}
		return ending{flow: returns, env: merged(c, a.env, b.env), results: results}
	}
	return ending{flow: a.flow, env: merged(c, a.env, b.env)}
}

func resultOf(end ending, i int) Value {
	if i < len(end.results) {
		return end.results[i]
	}
	return &Unknown{Why: "its result is not known"}
}

// merged returns the scope of two branches.
func merged(c Cond, a, b scope) scope {
	env := scope{}
	for obj, v := range a {
		if other, ok := b[obj]; ok {
			v = branch(c, v, other)
		}
		env[obj] = v
	}
	for obj, v := range b {
		if _, ok := a[obj]; !ok {
			env[obj] = v
		}
	}
	return env
}

// stmt runs one statement. If the target is in an operand that is not evaluated, stmt records the
// arguments after the statement.
func (in *interpreter) stmt(stmt ast.Stmt, env scope) ending {
	before := len(in.run.seen)
	end := in.runStmt(stmt, env)
	t := in.run.target
	if t != nil && len(in.run.seen) == before && within(stmt, t) && end.env != nil {
		in.snapshot(t, end.env)
	}
	return end
}

func (in *interpreter) runStmt(stmt ast.Stmt, env scope) ending {
	switch s := stmt.(type) {
	case *ast.LabeledStmt:
		return in.opaque(s, env) // a goto or a labelled break may leave the statement, which the evaluator does not follow
	case *ast.BlockStmt:
		return in.block(s.List, env)
	case *ast.IfStmt:
		return in.ifStmt(s, env)
	case *ast.SwitchStmt:
		return in.switchStmt(s, env)
	case *ast.RangeStmt:
		return in.rangeStmt(s, env)
	case *ast.ForStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
		return in.opaque(s, env)
	case *ast.ReturnStmt:
		return ending{flow: returns, results: in.results(s, env), env: env}
	case *ast.BranchStmt:
		return in.branchStmt(s, env)
	case *ast.ExprStmt:
		in.eval(s.X, env)
		if call, ok := s.X.(*ast.CallExpr); ok && in.neverReturns(call) {
			return ending{flow: exits, env: env}
		}
	default:
		in.simple(stmt, env)
	}
	return ending{env: env}
}

// simple runs a statement that never leaves the block.
func (in *interpreter) simple(stmt ast.Stmt, env scope) {
	switch s := stmt.(type) {
	case *ast.AssignStmt:
		in.assign(s, env)
	case *ast.DeclStmt:
		in.declStmt(s, env)
	case *ast.DeferStmt:
		in.eval(s.Call, env)
	case *ast.GoStmt:
		in.eval(s.Call, env)
	case *ast.IncDecStmt:
		in.set(s.X, in.unknown(s.X, "it is incremented"), env)
	}
}

func (in *interpreter) branchStmt(s *ast.BranchStmt, env scope) ending {
	switch {
	case s.Label != nil || s.Tok == token.GOTO:
		return ending{flow: returns, env: env} // the evaluator does not follow this jump, so the results are unknown
	case s.Tok == token.BREAK:
		return ending{flow: breaks, env: env}
	case s.Tok == token.CONTINUE:
		return ending{flow: continues, env: env}
	}
	return ending{env: env}
}

func (in *interpreter) results(s *ast.ReturnStmt, env scope) []Value {
	if len(s.Results) == 1 {
		if call, ok := ast.Unparen(s.Results[0]).(*ast.CallExpr); ok {
			if tuple, ok := in.pkg.TypesInfo.TypeOf(call).(*types.Tuple); ok {
				return in.several(call, env, tuple.Len())
			}
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

func (in *interpreter) ifStmt(s *ast.IfStmt, env scope) ending {
	if s.Init != nil {
		in.simple(s.Init, env)
	}
	cond := in.eval(s.Cond, env)
	return in.either(cond, s.Cond, env,
		func(env scope) ending { return in.block(s.Body.List, env) },
		func(env scope) ending {
			if s.Else == nil {
				return ending{env: env}
			}
			return in.stmt(s.Else, env)
		})
}

// either runs one of two blocks, or both if the condition is not known.
func (in *interpreter) either(cond Value, at ast.Expr, env scope, then, otherwise func(scope) ending) ending {
	if known, ok := truth(cond); ok {
		if known {
			return then(env)
		}
		return otherwise(env)
	}
	if nested, ok := cond.(*Branch); ok {
		return fork(nested.Cond, in.either(nested.Then, at, maps.Clone(env), then, otherwise),
			in.either(nested.Else, at, maps.Clone(env), then, otherwise))
	}
	c := in.condition(cond, at)
	a, b := then(maps.Clone(env)), otherwise(maps.Clone(env))
	switch {
	case c.Err && c.Not: // err != nil
		a = in.failed(a)
	case c.Err:
		b = in.failed(b)
	}
	return fork(c, a, b)
}

// failed returns the ending of the branch after an error. A function that then returns an error
// yields no configuration.
func (in *interpreter) failed(end ending) ending {
	if n := len(end.results); end.flow == returns && n > 0 {
		if u, ok := end.results[n-1].(*Unknown); ok && isError(u.Type) {
			end.flow = exits
		}
	}
	return end
}

// search recognizes a loop that searches an unknown list for the origin. It runs the body under the
// condition that the list has the origin.
func (in *interpreter) search(s *ast.RangeStmt, list Value, env scope) (ending, bool) {
	if len(s.Body.List) != 1 || s.Value == nil {
		return ending{}, false
	}
	test, ok := s.Body.List[0].(*ast.IfStmt)
	if !ok || test.Init != nil || test.Else != nil {
		return ending{}, false
	}
	binary, ok := ast.Unparen(test.Cond).(*ast.BinaryExpr)
	if !ok || binary.Op != token.EQL {
		return ending{}, false
	}
	local := maps.Clone(env)
	in.bindRange(s.Value, &Element{Source: in.p.source(s.X), Of: list}, local)
	a, b := in.eval(binary.X, local), in.eval(binary.Y, local)
	if _, isElement := b.(*Element); !isElement {
		a, b = b, a
	}
	o, isOrigin := a.(*Origin)
	if _, isElement := b.(*Element); !isElement || !isOrigin {
		return ending{}, false
	}
	return in.either(in.oneOf(s.X, list, o), s.X, env,
		func(env scope) ending { return unwrap(in.block(test.Body.List, env), breaks, flowsOn) },
		func(env scope) ending { return ending{env: env} }), true
}

// switchStmt runs a switch as a chain of ifs.
func (in *interpreter) switchStmt(s *ast.SwitchStmt, env scope) ending {
	if s.Init != nil {
		in.simple(s.Init, env)
	}
	var tag Value
	if s.Tag != nil {
		tag = in.eval(s.Tag, env)
	}
	var arms []arm
	var last, following []ast.Stmt
	for _, clause := range slices.Backward(s.Body.List) {
		c, ok := clause.(*ast.CaseClause)
		if !ok {
			continue
		}
		body := c.Body
		if n := len(body); n > 0 {
			if b, ok := body[n-1].(*ast.BranchStmt); ok && b.Tok == token.FALLTHROUGH {
				body = slices.Concat(body[:n-1], following)
			}
		}
		following = body
		if c.List == nil {
			last = body
		}
		for _, e := range slices.Backward(c.List) {
			arms = append(arms, arm{e, body})
		}
	}
	slices.Reverse(arms)
	return unwrap(in.arms(s, tag, arms, last, env), breaks, flowsOn)
}

// arm is one value of a case, with the block of that case.
type arm struct {
	expr ast.Expr
	body []ast.Stmt
}

func (in *interpreter) arms(s *ast.SwitchStmt, tag Value, arms []arm, last []ast.Stmt, env scope) ending {
	if len(arms) == 0 {
		return in.block(last, env)
	}
	cond := in.eval(arms[0].expr, env)
	at := arms[0].expr
	if s.Tag != nil {
		at = &ast.BinaryExpr{X: s.Tag, Op: token.EQL, Y: arms[0].expr, OpPos: arms[0].expr.Pos()}
		cond = in.equal(at, tag, cond, false)
	}
	return in.either(cond, at, env,
		func(env scope) ending { return in.block(arms[0].body, env) },
		func(env scope) ending { return in.arms(s, tag, arms[1:], last, env) })
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
	tuple, _ := in.pkg.TypesInfo.TypeOf(e).(*types.Tuple)
	if tuple != nil && len(results) > 0 {
		if u, ok := results[0].(*Unknown); ok && u.Type == tuple { // the call as a whole
			results = nil
		}
	}
	for len(results) < n {
		u := in.unknown(e, "it is the result of a call that cannot be evaluated")
		if tuple != nil && len(results) < tuple.Len() {
			u.Type = tuple.At(len(results)).Type()
		}
		results = append(results, u)
	}
	return results
}
