package migrate_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
)

// Rewrite type-checks files against declarations.txt, so that file must have the fields of the real
// policy.
func TestDeclarations(t *testing.T) {
	text, err := os.ReadFile("declarations.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, source, _ := strings.Cut(string(text), " --\n")
	source, _, _ = strings.Cut(source, "-- ")
	file, err := parser.ParseFile(token.NewFileSet(), "core.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	var declared, real []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != "Policy" {
			return true
		}
		for _, field := range spec.Type.(*ast.StructType).Fields.List {
			for _, name := range field.Names {
				declared = append(declared, name.Name)
			}
		}
		return false
	})
	for field := range reflect.TypeFor[core.Policy]().Fields() {
		real = append(real, field.Name)
	}
	if !slices.Equal(declared, real) {
		t.Errorf("declarations.txt has the fields %q, core.Policy has %q", declared, real)
	}
}
