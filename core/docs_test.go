package core_test

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/core"
)

var (
	goBlock   = regexp.MustCompile("(?ms)^```go\n(.*?)^```")
	goComment = regexp.MustCompile(`(?m)^//\t(.*)$`)
)

// TestDocumentedPolicies checks that New accepts every policy in the Go code of the README,
// of docs and of the package comments, without warnings.
func TestDocumentedPolicies(t *testing.T) {
	pages := []string{"../README.md", "../doc.go"}
	for _, pattern := range []string{"../docs/*.md", "../docs/*/*.md", "doc.go", "../*/doc.go", "../*/*/doc.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	policies := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		form := goBlock
		if strings.HasSuffix(page, ".go") {
			form = goComment
		}
		var code strings.Builder
		for _, m := range form.FindAllSubmatch(text, -1) {
			code.Write(m[1])
			code.WriteByte('\n')
		}
		for _, p := range policiesIn(t, code.String()) {
			policies++
			if e, err := core.New(p); err != nil || len(e.Warnings()) > 0 {
				t.Errorf("%s: %+v: %v %v", page, p, err, e.Warnings())
			}
		}
	}
	if policies < 15 {
		t.Errorf("found only %d policies", policies)
	}
}

// policiesIn returns the policies that are written out in code with origins of their own.
func policiesIn(t *testing.T, code string) (list []core.Policy) {
	t.Helper()
	for at := strings.Index(code, "core.Policy{"); at >= 0; at = strings.Index(code, "core.Policy{") {
		code = code[at+len("core.Policy"):]
		end, depth := 0, 0
		for i, c := range code {
			if depth += strings.Count("{", string(c)) - strings.Count("}", string(c)); depth == 0 {
				end = i + 1
				break
			}
		}
		x, err := parser.ParseExpr("[]P" + code[:end])
		if err != nil {
			t.Errorf("%s: %v", code[:end], err)
			continue
		}
		ast.Inspect(x, func(n ast.Node) bool {
			if lit, ok := n.(*ast.CompositeLit); ok && len(lit.Elts) > 0 {
				if p, ok := policyOf(lit); ok {
					list = append(list, p)
				}
			}
			return true
		})
	}
	return list
}

// policyOf returns the policy of a literal. ok is false if it names no origins.
func policyOf(lit *ast.CompositeLit) (p core.Policy, ok bool) {
	for _, elt := range lit.Elts {
		pair, isPair := elt.(*ast.KeyValueExpr)
		if !isPair {
			return p, false
		}
		field := reflect.ValueOf(&p).Elem().FieldByName(pair.Key.(*ast.Ident).Name)
		switch value := pair.Value.(type) {
		case *ast.CompositeLit:
			for _, e := range value.Elts {
				text, _ := strconv.Unquote(e.(*ast.BasicLit).Value)
				field.Set(reflect.Append(field, reflect.ValueOf(text)))
			}
		case *ast.Ident:
			if field.Kind() == reflect.Bool {
				field.SetBool(value.Name == "true")
			}
		case *ast.BinaryExpr:
			n, _ := strconv.Atoi(value.X.(*ast.BasicLit).Value)
			unit := map[string]time.Duration{"Second": time.Second, "Minute": time.Minute, "Hour": time.Hour}
			field.SetInt(int64(n) * int64(unit[value.Y.(*ast.SelectorExpr).Sel.Name]))
		case *ast.BasicLit:
			if value.Kind == token.STRING {
				text, _ := strconv.Unquote(value.Value)
				field.SetString(text)
			}
		}
		if field.Kind() == reflect.Func {
			p.AllowOriginFunc = func(context.Context, core.Request) bool { return false }
		}
	}
	return p, len(p.AllowOrigins) > 0
}
