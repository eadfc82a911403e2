package corpus_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/migrate"
)

func TestMain(m *testing.M) {
	flag.Parse()
	gin.SetMode(gin.ReleaseMode)
	gin.DefaultWriter = io.Discard
	os.Exit(m.Run())
}

// source is what the tests read from the source text of a program.
type source struct {
	name    string // package.Function
	env     [][]string
	origins []string // origins in the text, and look-alikes
	headers []string
}

// sources reads the packages of the corpus.
func sources(t *testing.T) map[string]source {
	files, err := filepath.Glob("*/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(err, files)
	}
	found := map[string]source{}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		pkg := filepath.Dir(file)
		for _, d := range tree.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.IsExported() && pkg != "settings" {
				s := read(fn)
				s.name = pkg + "." + fn.Name.Name
				found[s.name] = s
			}
		}
	}
	return found
}

// read returns the environments and the origins of a function.
func read(fn *ast.FuncDecl) (s source) {
	if fn.Doc != nil {
		for _, c := range fn.Doc.List {
			if text, ok := strings.CutPrefix(c.Text, "//corpus:env"); ok {
				var vars []string
				if text = strings.TrimSpace(text); text != "" {
					vars = []string{text}
				}
				s.env = append(s.env, vars)
			}
		}
	}
	if s.env == nil {
		s.env = [][]string{nil}
	}
	var texts []string
	for _, vars := range s.env {
		for _, v := range vars {
			_, value, _ := strings.Cut(v, "=")
			texts = append(texts, value)
		}
	}
	ast.Inspect(fn, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if text, err := strconv.Unquote(lit.Value); err == nil {
				texts = append(texts, text)
			}
		}
		return true
	})
	texts = append(texts, "https://app.example", "https://admin.example", "https://admin.corp.example") // values of constants
	for _, text := range texts {
		for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ',' || r == ' ' }) {
			s.origins = append(s.origins, alike(part)...)
		}
	}
	s.origins = append(s.origins, "https://other.example", "null",
		"http://localhost", "http://localhost:3000", "https://localhost", "http://localhost.evil.test")
	s.headers = []string{"content-type", "authorization", "x-token", "x-requested-with", "x-other", "x!odd"}
	return s
}

var domain = regexp.MustCompile(`^([a-z-]+://)?([a-z0-9.*?-]*\.[a-z]+)(:\d+)?$`)

// alike returns an origin that a text names, and origins that look like it.
func alike(text string) []string {
	m := domain.FindStringSubmatch(strings.Trim(strings.ToLower(text), "/"))
	if m == nil {
		if core.IsOrigin(text) {
			return []string{text}
		}
		return nil
	}
	scheme, host := m[1], strings.TrimLeft(strings.NewReplacer("*.", "", "*", "x", "?", "7").Replace(m[2]), ".")
	if scheme == "" {
		scheme = "https://"
	}
	other := map[string]string{"https://": "http://", "http://": "https://"}[scheme]
	if other == "" {
		return []string{scheme + host + m[3]}
	}
	return []string{
		scheme + host + m[3], other + host + m[3], scheme + "sub." + host + m[3], scheme + "a.sub." + host + m[3],
		scheme + "evil-" + host + m[3], scheme + "evil" + host + m[3], scheme + host + ".evil.test", scheme + host + ":8443",
	}
}

// asked returns the origins of the requests to both sides: those of the program, and one of each
// class of origins that the policy and the notes distinguish.
func (s source) asked(policy core.Policy, notes []migrate.Note) []string {
	patterns := slices.Clone(policy.AllowOrigins)
	for _, n := range notes {
		patterns = append(append(patterns, n.Scope.Origins...), n.Scope.Except...)
	}
	slices.Sort(patterns)
	patterns = slices.DeleteFunc(slices.Compact(patterns), func(p string) bool { return p == "null" || p == "*" })
	list := slices.Clone(s.origins)
	for i, p := range patterns {
		examples, _ := core.Examples(p, slices.Delete(slices.Clone(patterns), i, i+1)...)
		list = append(list, examples[:min(8, len(examples))]...)
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(o string) bool {
		defer func() { seen[o] = true }()
		return seen[o] || o == ""
	})
}

// alternate reorders origins: first an allowed one, then a disallowed one, then an allowed one.
func alternate(origins []string, allowed func(string) bool) []string {
	var list, others []string
	for _, want := range []bool{true, false, true} {
		i := slices.IndexFunc(origins, func(o string) bool { return allowed(o) == want && !slices.Contains(list, o) })
		if i >= 0 {
			list = append(list, origins[i])
		}
	}
	for _, o := range origins {
		if !slices.Contains(list, o) {
			others = append(others, o)
		}
	}
	return append(list, others...)
}

// results returns the results of migrate by program.
func results(t *testing.T) map[string][]*migrate.Result {
	patterns := []string{"./..."}
	if testing.Short() { // one library
		patterns = []string{"./jub0bs", "./settings"}
	}
	p, err := migrate.Load(t.Context(), ".", patterns...)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range p.Faults {
		t.Error(f)
	}
	found := map[string][]*migrate.Result{}
	for _, r := range p.Migrate(t.Context()) {
		names := []string{name(p, r)}
		found[names[0]] = append(found[names[0]], r)
	}
	return found
}

// name returns the program of a result, which is the outermost function on the way to the site.
func name(p *migrate.Program, r *migrate.Result) string {
	pkg := r.Site.Package[strings.LastIndex(r.Site.Package, "/")+1:]
	fn := r.Site.Func
	if len(r.Via) > 0 {
		fn = functionAt(r.Via[0])
	}
	if program := helpers[pkg+"."+fn]; program != "" {
		return program
	}
	return pkg + "." + fn
}

func functionAt(pos token.Position) string {
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, pos.Filename, nil, 0)
	if err != nil {
		return ""
	}
	for _, d := range tree.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fset.Position(fn.Pos()).Line <= pos.Line && pos.Line <= fset.Position(fn.End()).Line {
			return fn.Name.Name
		}
	}
	return ""
}

// TestPrograms compares each program with the policy that package migrate makes from it.
func TestPrograms(t *testing.T) {
	found, texts := results(t), sources(t)
	standing, outcomes := map[string]bool{}, map[migrate.Outcome]int{}
	for _, program := range slices.Sorted(maps.Keys(programs)) {
		if testing.Short() && !strings.HasPrefix(program, "jub0bs.") {
			continue
		}
		rs := found[program]
		if want := max(1, len(expected[program].layers)); len(rs) != want && !(expected[program].none && len(rs) == 0) {
			t.Errorf("%s: %d results", program, len(rs))
			continue
		}
		if len(rs) == 0 {
			continue
		}
		if layers := expected[program].layers; layers != nil {
			rs = []*migrate.Result{rs[layers[0]], rs[layers[1]]}
		}
		r := rs[0]
		outcomes[r.Outcome]++
		t.Run(program, func(t *testing.T) {
			if want := expected[program].outcome; want != "" && r.Outcome != want || want == "" && r.Outcome != migrate.Translated &&
				r.Outcome != migrate.Partly {
				t.Errorf("outcome %s, %s; want %q", r.Outcome, r.Why, want)
			}
			if r.Outcome == migrate.NoPolicy || r.Outcome == migrate.Unread {
				return
			}
			seen := map[string]bool{}
			for _, env := range texts[program].env {
				t.Run(strings.Join(env, " "), func(t *testing.T) { run(t, texts[program], rs, env, seen) })
			}
			for _, n := range r.AllNotes() {
				if seen[n.Code+n.Text] {
					standing[r.Site.Library.Name+": "+n.Code] = true
				} else if n.Change != migrate.Same && !n.Scope.Any && !isStanding(r, n) && (!n.Scope.Unset || unset(texts[program])) {
					t.Errorf("a note explains a difference that does not occur: %s %s %+v: %s", n.Change, n.Code, n.Scope, n.Text)
				}
			}
		})
	}
	t.Log(len(programs), "programs:", outcomes)
	if testing.Short() || strings.Contains(flag.Lookup("test.run").Value.String(), "/") {
		return // not every program has run
	}
	for _, l := range migrate.Libraries() {
		for _, n := range l.Standing {
			if n.Change != migrate.Same && !standing[l.Name+": "+n.Code] {
				t.Errorf("%s: no program shows the note %s", l.Name, n.Code)
			}
		}
	}
}

// unset reports whether a program runs without its environment variables.
func unset(s source) bool {
	return slices.ContainsFunc(s.env, func(env []string) bool { return len(env) == 0 })
}

func isStanding(r *migrate.Result, n migrate.Note) bool {
	return slices.ContainsFunc(r.Notes, func(s migrate.Note) bool { return s.Code == n.Code && s.Text == n.Text })
}

// run compares a program with its policy, or with those of its layers, in one environment.
func run(t *testing.T, s source, rs []*migrate.Result, env []string, seen map[string]bool) {
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		t.Setenv(name, value)
	}
	var engines []*core.Engine
	var notes []migrate.Note
	var policy core.Policy
	for _, r := range rs {
		variant, p, err := policyOf(r, s.name, len(env) == 0)
		if err != nil {
			t.Error(err)
			return
		}
		engine, err := core.New(p)
		if err != nil {
			t.Errorf("core.New refuses the policy with its kept parts: %v", err)
			return
		}
		policy = p
		engines, notes = append(engines, engine), slices.Concat(notes, r.Notes, variant.Notes, r.Place)
	}
	m := programs[s.name]
	old, ours := m.old(t), m.ours(t, engines...)
	unannounced := 0
	origins := alternate(s.asked(policy, notes), engines[0].AllowsOrigin)
	for _, p := range append(fetches(origins, s.headers), special(origins)...) {
		for _, d := range compare(p, old.send(t, p), ours.send(t, p)) {
			known := false
			for i := range notes {
				if announced(&notes[i], d) {
					known, seen[notes[i].Code+notes[i].Text] = true, true
				}
			}
			if !known {
				if unannounced++; unannounced <= 6 {
					t.Errorf("%v: no note explains %s", env, d)
				}
			}
		}
	}
	if unannounced > 6 {
		t.Errorf("%v: no note explains %d differences", env, unannounced)
	}
	if t.Failed() {
		t.Logf("policy %+v", policy)
	}
}

// policyOf returns the variant that applies, and its policy with the kept parts.
func policyOf(r *migrate.Result, program string, unset bool) (*migrate.Variant, core.Policy, error) {
	variant, err := choose(r)
	if err != nil {
		return nil, core.Policy{}, err
	}
	if len(variant.Faults) > 0 {
		return nil, core.Policy{}, fmt.Errorf("core.New refuses the policy: %v", variant.Faults)
	}
	policy := variant.Policy
	unset = unset && slices.ContainsFunc(variant.Notes, func(n migrate.Note) bool { return n.Scope.Unset })
	for _, k := range variant.Kept {
		if err := supply(&policy, k, program, unset); err != nil {
			return nil, policy, err
		}
	}
	return variant, policy, nil
}

var condition = regexp.MustCompile(`^(?:\w+\.\w+\("(\w+)"(?:, .*)?\)|(\w+)) == "(.*)"$`)

// choose returns the variant with conditions that hold.
func choose(r *migrate.Result) (*migrate.Variant, error) {
	var chosen *migrate.Variant
	for _, v := range r.Variants {
		holds := true
		for _, c := range v.When {
			m := condition.FindStringSubmatch(c)
			if m == nil {
				return nil, fmt.Errorf("the test does not understand the condition %s", c)
			}
			if os.Getenv(m[1]+m[2]) != m[3] {
				holds = false
			}
		}
		if holds && (chosen == nil || len(v.When) > len(chosen.When)) {
			chosen = v
		}
	}
	if chosen == nil {
		return nil, fmt.Errorf("no variant without conditions")
	}
	return chosen, nil
}

// supply adds a kept part, which stays the user's code, to the policy.
func supply(policy *core.Policy, k migrate.Kept, program string, unset bool) error {
	if give := expected[program].kept; give != nil {
		give(policy)
		return nil
	}
	value, ok := os.LookupEnv(k.Variable)
	switch {
	case !ok && k.Default != nil:
	case !ok && unset:
		policy.AllowOrigins = nil
	case !ok:
		return fmt.Errorf("the tests have no value for the kept part %s, %s", k.Field, k.Expr)
	case k.Field == "AllowOrigins":
		policy.AllowOrigins = nil
		for item := range strings.SplitSeq(value, ",") {
			policy.AllowOrigins = append(policy.AllowOrigins, strings.TrimSpace(item))
		}
	case k.Field == "AllowCredentials":
		policy.AllowCredentials = value == "true"
	default:
		return fmt.Errorf("the test cannot set %s from %s", k.Field, k.Variable)
	}
	return nil
}

// TestEveryProgram checks that the table has all functions.
func TestEveryProgram(t *testing.T) {
	for name := range sources(t) {
		if _, ok := programs[name]; !ok && (heavyBuilt || !strings.HasPrefix(name, "hertz.") && !strings.HasPrefix(name, "gozero.")) {
			t.Errorf("%s is not in programs", name)
		}
	}
	if len(programs) < 120 {
		t.Errorf("%d programs", len(programs))
	}
}
