package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	maxFunction = 60  // lines
	maxLine     = 140 // columns
	tabWidth    = 4   // columns
)

// width returns the number of columns of a line. Go indents with tabs only.
func width(line string) int {
	return utf8.RuneCountInString(line) + (tabWidth-1)*strings.Count(line, "\t")
}

// counts are the numbers of one package.
type counts struct {
	exported, lines, long, wide, repeats int
	command                              bool
}

func (c *counts) add(d counts) {
	c.exported += d.exported
	c.lines += d.lines
	c.long += d.long
	c.wide += d.wide
	c.repeats += d.repeats
}

// result is the result of count: numbers by folder, and the places behind them.
type result struct {
	packages map[string]counts
	places   []string
}

func count(files tree) (result, error) {
	r := result{packages: map[string]counts{}}
	var code []source
	for _, name := range slices.Sorted(maps.Keys(files)) {
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, files[name], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return result{}, err
		}
		c := r.packages[path.Dir(name)]
		r.file(&c, set, file, files[name])
		r.packages[path.Dir(name)] = c
		if !strings.HasSuffix(name, "_test.go") && !ast.IsGenerated(file) {
			code = append(code, source{name, significant(set, file, files[name])})
		}
	}
	for _, p := range repeats(code) {
		c := r.packages[path.Dir(p.file)]
		c.repeats += p.lines
		r.packages[path.Dir(p.file)] = c
		r.places = append(r.places, fmt.Sprintf("%s:%d: %d lines as in %s:%d", p.file, p.line, p.lines, p.first.file, p.first.line))
	}
	return r, nil
}

// file adds the counts of one file, except repeats, to c.
func (r *result) file(c *counts, set *token.FileSet, file *ast.File, text []byte) {
	name := set.Position(file.Package).Filename
	test, generated := strings.HasSuffix(name, "_test.go"), ast.IsGenerated(file)
	if !test {
		if file.Name.Name == "main" {
			c.command = true
		} else {
			c.exported += exported(file)
		}
	}
	if generated {
		return
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		if columns := width(strings.TrimSuffix(line, "\n")); columns > maxLine {
			c.wide++
			r.places = append(r.places, fmt.Sprintf("%s:%d: %d columns", name, n, columns))
		}
	}
	if test {
		return
	}
	c.lines += n
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok {
			continue
		}
		from := set.Position(f.Pos()).Line
		if lines := set.Position(f.End()).Line - from + 1; lines > maxFunction {
			c.long++
			r.places = append(r.places, fmt.Sprintf("%s:%d: %s has %d lines", name, from, f.Name.Name, lines))
		}
	}
}

// exported counts the exported names of a file's declarations. A method counts if
// its receiver's type is exported too.
func exported(file *ast.File) (n int) {
	one := func(id *ast.Ident) {
		if id.IsExported() {
			n++
		}
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil || ast.IsExported(receiver(d.Recv.List[0].Type)) {
				one(d.Name)
			}
		case *ast.GenDecl:
			for _, s := range d.Specs {
				switch s := s.(type) {
				case *ast.TypeSpec:
					one(s.Name)
				case *ast.ValueSpec:
					for _, id := range s.Names {
						one(id)
					}
				}
			}
		}
	}
	return n
}

// receiver returns the name of a receiver's type, without * and type parameters.
func receiver(e ast.Expr) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(types.ExprString(e), "*"), "[")
	return name
}
