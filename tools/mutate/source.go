package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// mutant is one change.
type mutant struct {
	id int
	at token.Position
	identity
}

// source is a file under mutation: its text, and the insertions and removals by offset.
type source struct {
	set     *token.FileSet
	text    []byte
	inserts map[int]string // by offset, before it
	removed map[int]int    // operators: from offset, to offset
	mutants *[]mutant

	function string // the function being walked
}

func (s *source) offset(p token.Pos) int { return s.set.Position(p).Offset }

// add records a mutant that changes n, at p, and returns its number.
func (s *source) add(p token.Pos, n ast.Node, what string) int {
	id := len(*s.mutants) + 1
	code := strings.Join(strings.Fields(string(s.text[s.offset(n.Pos()):s.offset(n.End())])), " ")
	if r := []rune(code); len(r) > maxCode {
		code = string(r[:maxCode]) + "…"
	}
	who := identity{s.function, code, what}
	for n := 2; slices.ContainsFunc(*s.mutants, func(m mutant) bool { return m.identity == who }); n++ {
		who.change = fmt.Sprintf("%s (%d)", what, n)
	}
	*s.mutants = append(*s.mutants, mutant{id, s.set.Position(p), who})
	return id
}

// maxCode is how many characters of the code an identity keeps.
const maxCode = 100

// wrap puts a call around a node. Nodes are visited from the outside in, so at one
// offset the outer call opens first and closes last.
func (s *source) wrap(n ast.Node, before, after string) {
	from, to := s.offset(n.Pos()), s.offset(n.End())
	s.inserts[from] += before
	s.inserts[to] = after + s.inserts[to]
}

// operator replaces the operator of e.
func (s *source) operator(e *ast.BinaryExpr, by string) {
	at := s.offset(e.OpPos)
	s.removed[at] = at + len(e.Op.String())
	s.inserts[at] += by
}

var comparisons = map[token.Token]string{
	token.LSS: "mutLess",
	token.LEQ: "mutLessEqual",
	token.GTR: "mutGreater",
	token.GEQ: "mutGreaterEqual",
}

// declaration walks a function, or the function literals in the values of variables.
func (s *source) declaration(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if s.function = d.Name.Name; d.Recv != nil {
			s.function = receiver(d.Recv.List[0].Type) + "." + d.Name.Name
		}
		if d.Body != nil {
			s.mutate(d.Body)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			v, ok := spec.(*ast.ValueSpec)
			if !ok {
				continue
			}
			s.function = v.Names[0].Name
			ast.Inspect(v, func(n ast.Node) bool {
				f, ok := n.(*ast.FuncLit)
				if ok {
					s.mutate(f.Body)
				}
				return !ok
			})
		}
	}
}

// receiver returns the name of a receiver's type, without * and type parameters.
func receiver(e ast.Expr) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(types.ExprString(e), "*"), "[")
	return name
}

// mutate walks one function.
func (s *source) mutate(body *ast.BlockStmt) {
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GenDecl:
			return n.Tok != token.CONST
		case *ast.ArrayType:
			return false // lengths are constants
		case *ast.BinaryExpr:
			s.binary(n)
		case *ast.UnaryExpr:
			if n.Op == token.NOT {
				s.wrap(n, fmt.Sprintf("mutNot(%d, ", s.add(n.Pos(), n, "drop !")), ")")
			}
		case *ast.IfStmt:
			s.condition(n.Cond)
		case *ast.ForStmt:
			if n.Cond != nil {
				s.condition(n.Cond)
			}
		case *ast.SwitchStmt:
			if n.Tag == nil {
				for _, clause := range n.Body.List {
					for _, e := range clause.(*ast.CaseClause).List {
						s.condition(e)
					}
				}
			}
		case *ast.ReturnStmt:
			for _, e := range n.Results {
				if id, ok := e.(*ast.Ident); ok && (id.Name == "true" || id.Name == "false") {
					s.wrap(e, fmt.Sprintf("mutNot(%d, ", s.add(e.Pos(), n, "negate "+id.Name)), ")")
				}
			}
		case *ast.BlockStmt:
			s.statements(n.List)
		case *ast.CaseClause:
			s.statements(n.Body)
		}
		return true
	})
}

func (s *source) binary(e *ast.BinaryExpr) {
	switch e.Op {
	case token.EQL, token.NEQ:
		s.wrap(e, fmt.Sprintf("mutNot(%d, ", s.add(e.OpPos, e, "negate "+e.Op.String())), ")")
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		id := s.add(e.OpPos, e, "negate "+e.Op.String())
		s.add(e.OpPos, e, "move the boundary of "+e.Op.String())
		s.wrap(e, fmt.Sprintf("%s(%d, ", comparisons[e.Op], id), ")")
		s.operator(e, ",")
	case token.LAND, token.LOR:
		name := map[token.Token]string{token.LAND: "mutAnd", token.LOR: "mutOr"}[e.Op]
		s.wrap(e, fmt.Sprintf("%s(%d, ", name, s.add(e.OpPos, e, "swap && and ||")), ")})")
		s.operator(e, ", func() bool { return (")
		s.condition(e.X)
		s.condition(e.Y)
	case token.ADD, token.SUB:
		if lit, ok := e.Y.(*ast.BasicLit); ok && lit.Kind == token.INT {
			if _, constant := e.X.(*ast.BasicLit); !constant {
				s.wrap(e, fmt.Sprintf("mutMore(%d, ", s.add(e.OpPos, e, "add one more")), ")")
			}
		}
	}
}

// condition negates a condition. It leaves operator expressions to binary.
func (s *source) condition(e ast.Expr) {
	switch e.(type) {
	case *ast.Ident, *ast.CallExpr, *ast.SelectorExpr, *ast.IndexExpr:
		s.wrap(e, fmt.Sprintf("mutNot(%d, ", s.add(e.Pos(), e, "negate the condition")), ")")
	}
}

func (s *source) statements(list []ast.Stmt) {
	for _, stmt := range list {
		switch stmt := stmt.(type) {
		case *ast.AssignStmt:
			if stmt.Tok == token.DEFINE {
				continue
			}
		case *ast.ExprStmt, *ast.IncDecStmt:
		case *ast.BranchStmt:
			if stmt.Tok != token.BREAK && stmt.Tok != token.CONTINUE {
				continue
			}
		default:
			continue
		}
		s.wrap(stmt, fmt.Sprintf("if mutKeep(%d) { ", s.add(stmt.Pos(), stmt, "drop the statement")), " }")
	}
}

// rewritten returns the file with all its mutants.
func (s *source) rewritten() []byte {
	var b bytes.Buffer
	for i := 0; i <= len(s.text); {
		b.WriteString(s.inserts[i])
		if to, ok := s.removed[i]; ok {
			i = to
			continue
		}
		if i < len(s.text) {
			b.WriteByte(s.text[i])
		}
		i++
	}
	return b.Bytes()
}

// support is the code that the mutants call. rewrite adds it to the package.
const support = `
import (
	mutCompare "cmp"
	mutOS "os"
)

var mutant = func() (n int) {
	for _, c := range mutOS.Getenv("MUTANT") {
		n = n*10 + int(c-'0')
	}
	return n
}()

func mutIs(id int) bool          { return id == mutant }
func mutKeep(id int) bool        { return !mutIs(id) }
func mutNot(id int, b bool) bool { return b != mutIs(id) }
func mutAnd(id int, a bool, b func() bool) bool {
	if mutIs(id) {
		return a || b()
	}
	return a && b()
}
func mutOr(id int, a bool, b func() bool) bool {
	if mutIs(id) {
		return a && b()
	}
	return a || b()
}
func mutMore[T ~int | ~int32 | ~int64 | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uint](id int, n T) T {
	if mutIs(id) {
		return n + 1
	}
	return n
}
func mutLess[T mutCompare.Ordered](id int, a, b T) bool { return (a < b || a == b && mutIs(id+1)) != mutIs(id) }
func mutLessEqual[T mutCompare.Ordered](id int, a, b T) bool {
	return (a < b || a == b && !mutIs(id+1)) != mutIs(id)
}
func mutGreater[T mutCompare.Ordered](id int, a, b T) bool { return mutLess(id, b, a) }
func mutGreaterEqual[T mutCompare.Ordered](id int, a, b T) bool { return mutLessEqual(id, b, a) }
`
