// Command mutate tests the tests of a package: it makes one small change to the
// code after another and runs the tests, of which one has to fail. Changes that no
// test can notice are listed in docs/mutants.md, each with the reason.
//
//	go run ./tools/mutate [-j 2] [-also ./conformance,./adapters/corshttp] ./core
//
// It prints the changes that no test noticed and the list does not hold, as rows
// for the list, and what the list holds in vain: changes that a test notices or
// that cannot be made any more. If there are any it exits with status 1.
//
// All changes are compiled at once, each behind a switch that a variable of the
// environment throws, so that a mutant costs a run of the tests and no build:
// packages of a few hundred lines take minutes. Tests run with -short.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

func main() {
	jobs := flag.Int("j", runtime.GOMAXPROCS(0), "how many mutants to run at once")
	also := flag.String("also", "", "packages whose tests run too, separated by commas, if the package's own notice nothing")
	limit := flag.Duration("limit", time.Minute, "how long the tests of a mutant may take; longer counts as noticed")
	only := flag.String("only", "", "the numbers of the mutants to run, separated by commas; empty means all")
	list := flag.String("explained", filepath.Join("docs", "mutants.md"), "the list of the mutants that no test can notice; empty for none")
	flag.Parse()
	if flag.NArg() != 1 || *jobs < 1 {
		flag.Usage()
		os.Exit(2)
	}
	r := runner{out: os.Stdout, jobs: *jobs, limit: *limit, list: *list, packages: []string{flag.Arg(0)}}
	if *also != "" {
		r.packages = append(r.packages, strings.Split(*also, ",")...)
	}
	for id := range strings.SplitSeq(*only, ",") {
		if id == "" {
			continue
		}
		n, err := strconv.Atoi(id)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		r.only = append(r.only, n)
	}
	if err := r.run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// mutant is one change.
type mutant struct {
	id int
	at token.Position
	identity
}

// source is a file under mutation: text to be put before offsets of the file.
type source struct {
	set     *token.FileSet
	text    []byte
	inserts map[int]string
	removed map[int]int // operators to leave out, from and to
	mutants *[]mutant

	function string // that is being walked
}

func (s *source) offset(p token.Pos) int { return s.set.Position(p).Offset }

// add numbers a mutant that changes the code n, at p.
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

// maxCode bounds how much of the code an identity repeats.
const maxCode = 100

// wrap puts a call around a node. What is around a node goes before what is
// inside of it, and after it at its end.
func (s *source) wrap(n ast.Node, before, after string) {
	from, to := s.offset(n.Pos()), s.offset(n.End())
	s.inserts[from] += before
	s.inserts[to] = after + s.inserts[to]
}

// operator replaces an operator by a comma.
func (s *source) operator(e *ast.BinaryExpr, by string) {
	at := s.offset(e.OpPos)
	s.removed[at] = at + len(e.Op.String())
	s.inserts[at] += by
}

var comparisons = map[token.Token]string{token.LSS: "mutLess", token.LEQ: "mutLessEqual", token.GTR: "mutGreater", token.GEQ: "mutGreaterEqual"}

// declaration walks a function, or the functions among the values of variables.
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

// receiver is the name of a receiver's type, without * and type parameters.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return ""
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

// condition negates what is not negated as an operator.
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

// rewritten is the file with all its mutants.
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

// support is what the mutants call. It is added to the package.
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

// runner tests the mutants of the first of its packages.
type runner struct {
	out      io.Writer
	list     string
	jobs     int
	limit    time.Duration
	packages []string
	only     []int

	mutants  []mutant
	binaries []binary
}

// binary is the compiled tests of a package.
type binary struct{ path, dir string }

func (r *runner) run() error {
	work, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := r.build(work); err != nil {
		return err
	}
	var explained []identity
	if r.list != "" {
		if explained, err = r.explained(); err != nil {
			return err
		}
	}
	for _, id := range r.only {
		if id < 1 || id > len(r.mutants) {
			return fmt.Errorf("there is no mutant %d, but 1 to %d", id, len(r.mutants))
		}
	}
	for _, b := range r.binaries {
		if noticed, out := r.test(b, 0); noticed {
			return fmt.Errorf("the tests in %s fail without a mutant:\n%s", b.dir, out)
		}
	}
	var faults []string
	for _, e := range explained {
		if !slices.ContainsFunc(r.mutants, func(m mutant) bool { return m.identity == e }) {
			faults = append(faults, "no such mutant any more: "+e.row())
		}
	}
	alive := make([]bool, len(r.mutants))
	next := make(chan int)
	var wg sync.WaitGroup
	for range r.jobs {
		wg.Go(func() {
			for i := range next {
				alive[i] = !slices.ContainsFunc(r.binaries, func(b binary) bool {
					noticed, _ := r.test(b, r.mutants[i].id)
					return noticed
				})
			}
		})
	}
	var ran []int
	for i, m := range r.mutants {
		if len(r.only) == 0 || slices.Contains(r.only, m.id) {
			ran = append(ran, i)
			next <- i
		}
	}
	close(next)
	wg.Wait()
	noticed, known := 0, 0
	for _, i := range ran {
		m := r.mutants[i]
		listed := slices.Contains(explained, m.identity)
		switch {
		case !alive[i]:
			noticed++
			if listed {
				faults = append(faults, "listed, but a test notices it: "+m.row())
			}
		case listed:
			known++
		default:
			faults = append(faults, fmt.Sprintf("no test notices %d, %s:%d:%d: %s", m.id, filepath.Base(m.at.Filename), m.at.Line, m.at.Column, m.row()))
		}
	}
	for _, f := range faults {
		fmt.Fprintln(r.out, f)
	}
	fmt.Fprintf(r.out, "%s: %d mutants, %d noticed, %d explained, %d neither\n", r.packages[0], len(ran), noticed, known, len(ran)-noticed-known)
	if len(faults) > 0 {
		return errFaults
	}
	return nil
}

// errFaults is returned once they are printed.
var errFaults = errors.New("the tests and the list do not account for every mutant")

// build compiles the tests of every package against the mutated first one.
func (r *runner) build(work string) error {
	dir, name, files, err := describe(r.packages[0])
	if err != nil {
		return err
	}
	overlay := map[string]string{}
	replace := func(file string, text []byte) error {
		to := filepath.Join(work, filepath.Base(file))
		overlay[file] = to
		return os.WriteFile(to, text, 0o600)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		s := source{set: token.NewFileSet(), text: text, inserts: map[int]string{}, removed: map[int]int{}, mutants: &r.mutants}
		parsed, err := parser.ParseFile(s.set, file, text, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		for _, decl := range parsed.Decls {
			s.declaration(decl)
		}
		if err := replace(file, s.rewritten()); err != nil {
			return err
		}
	}
	if err := replace(filepath.Join(dir, "mutate_support.go"), []byte("package "+name+"\n"+support)); err != nil {
		return err
	}
	text, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		return err
	}
	list := filepath.Join(work, "overlay.json")
	if err := os.WriteFile(list, text, 0o600); err != nil {
		return err
	}
	for i, p := range r.packages {
		dir, _, _, err := describe(p)
		if err != nil {
			return err
		}
		b := binary{filepath.Join(work, strconv.Itoa(i)+".test"), dir}
		if out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", list, "-o", b.path, p).CombinedOutput(); err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		r.binaries = append(r.binaries, b)
	}
	return nil
}

// describe also returns the package's files that are built here, tests aside.
func describe(pkg string) (dir, name string, files []string, err error) {
	out, err := exec.Command("go", "list", "-f", `{{.Dir}}{{"\n"}}{{.Name}}{{range .GoFiles}}{{"\n"}}{{.}}{{end}}`, pkg).Output()
	if err != nil {
		return "", "", nil, fmt.Errorf("go list %s: %w", pkg, err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	for _, file := range lines[2:] {
		files = append(files, filepath.Join(lines[0], file))
	}
	return lines[0], lines[1], files, nil
}

// test runs tests with a mutant, or with none if id is 0, and reports whether
// one failed.
func (r *runner) test(b binary, id int) (noticed bool, out []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), r.limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.path, "-test.short", "-test.failfast")
	cmd.Dir = b.dir
	cmd.Env = os.Environ()
	if id != 0 {
		cmd.Env = append(cmd.Env, "MUTANT="+strconv.Itoa(id))
	}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return err != nil, out
}
