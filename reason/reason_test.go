package reason_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestReasons checks that every code occurs once, is spelled like its constant, and has a
// comment. docs/codes.md is made from these comments.
func TestReasons(t *testing.T) {
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]string)
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Values) != 1 {
				return true
			}
			literal, ok := spec.Values[0].(*ast.BasicLit)
			if !ok {
				return true
			}
			constant := spec.Names[0].Name
			code, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			if other := seen[code]; other != "" {
				t.Errorf("%s and %s are both %q", other, constant, code)
			}
			seen[code] = constant
			if !strings.EqualFold(strings.ReplaceAll(code, "-", ""), constant) {
				t.Errorf("%s is %q", constant, code)
			}
			if spec.Comment.Text() == "" {
				t.Errorf("%s has no comment", constant)
			}
			return true
		})
	}
	if len(seen) < 80 {
		t.Errorf("found only %d codes", len(seen))
	}
}
