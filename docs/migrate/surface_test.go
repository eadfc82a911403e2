package migrate

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// surface says which names of a library's package configure CORS.
type surface struct {
	pkg string
	// config is the type of the options. Either it is a struct with a field for
	// each option, or there is a function for each option that returns it.
	config string
	// functions matches the functions that the guide must mention. If it is
	// everyName, the methods count too. Some packages do more than CORS.
	functions *regexp.Regexp
}

var everyName, corsName = regexp.MustCompile(`.`), regexp.MustCompile(`^CORS`)

var surfaces = map[string]surface{
	"github.com/rs/cors":          {"github.com/rs/cors", "Options", everyName},
	"github.com/jub0bs/cors":      {"github.com/jub0bs/cors", "Config", everyName},
	"github.com/gin-contrib/cors": {"github.com/gin-contrib/cors", "Config", everyName},
	"github.com/go-chi/cors":      {"github.com/go-chi/cors", "Options", everyName},
	"github.com/gorilla/handlers": {"github.com/gorilla/handlers", "CORSOption", corsName},
	"github.com/labstack/echo/v4": {"github.com/labstack/echo/v4/middleware", "CORSConfig", corsName},
	"github.com/labstack/echo/v5": {"github.com/labstack/echo/v5/middleware", "CORSConfig", corsName},
	"github.com/gofiber/fiber/v2": {"github.com/gofiber/fiber/v2/middleware/cors", "Config", everyName},
	"github.com/gofiber/fiber/v3": {"github.com/gofiber/fiber/v3/middleware/cors", "Config", everyName},
}

// TestSurfaces checks that every option of a library has a row, which TestLibraries
// compares, and that the guide mentions every other function.
func TestSurfaces(t *testing.T) {
	dirs := directories(t)
	for _, lib := range libraries() {
		t.Run(lib.module, func(t *testing.T) {
			s := surfaces[lib.module]
			options, functions := s.names(t, dirs[s.pkg])
			var rows strings.Builder
			for _, r := range lib.rows {
				rows.WriteString(r.option + "\n")
			}
			for _, r := range lib.refusals {
				rows.WriteString(r.setting + "\n")
			}
			if len(options) < 7 || len(functions) == 0 {
				t.Errorf("found only the options %v and the functions %v", options, functions)
			}
			for _, o := range options {
				if !names(rows.String(), o) {
					t.Errorf("no row names the option %s", o)
				}
			}
			guide := read(t, lib.guide)
			for _, f := range functions {
				if !names(guide, f) {
					t.Errorf("the guide does not mention %s", f)
				}
			}
		})
	}
}

func names(text, name string) bool {
	return regexp.MustCompile(`\b` + name + `\b`).MatchString(text)
}

// directories returns where the packages are, by their import path.
func directories(t *testing.T) map[string]string {
	args := []string{"list", "-f", "{{.ImportPath}} {{.Dir}}"}
	for _, s := range surfaces {
		args = append(args, s.pkg)
	}
	out, err := exec.CommandContext(t.Context(), "go", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	dirs := make(map[string]string)
	for line := range strings.Lines(string(out)) {
		pkg, dir, _ := strings.Cut(strings.TrimSpace(line), " ")
		dirs[pkg] = dir
	}
	return dirs
}

// names returns the options, and the other functions and methods, of the package in
// a directory.
func (s surface) names(t *testing.T, dir string) (options, functions []string) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, source, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range tree.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				switch {
				case !d.Name.IsExported() || !s.exported(d.Recv):
				case d.Recv == nil && returns(d, s.config) && !strings.HasPrefix(d.Name.Name, "Default"):
					options = append(options, d.Name.Name)
				case d.Recv != nil && s.functions == everyName, d.Recv == nil && s.functions.MatchString(d.Name.Name):
					functions = append(functions, d.Name.Name)
				}
			case *ast.GenDecl:
				for _, spec := range d.Specs {
					if spec, ok := spec.(*ast.TypeSpec); ok && spec.Name.Name == s.config {
						options = append(options, fields(spec)...)
					}
				}
			}
		}
	}
	return options, functions
}

// exported reports whether a function has no receiver, or one of an exported type.
func (s surface) exported(recv *ast.FieldList) bool {
	if recv == nil {
		return true
	}
	of := recv.List[0].Type
	if star, ok := of.(*ast.StarExpr); ok {
		of = star.X
	}
	name, ok := of.(*ast.Ident)
	return ok && name.IsExported()
}

func returns(f *ast.FuncDecl, name string) bool {
	if f.Type.Results == nil || len(f.Type.Results.List) == 0 {
		return false
	}
	result, ok := f.Type.Results.List[0].Type.(*ast.Ident)
	return ok && result.Name == name
}

func fields(spec *ast.TypeSpec) (exported []string) {
	structure, ok := spec.Type.(*ast.StructType)
	if !ok {
		return nil
	}
	for _, f := range structure.Fields.List {
		for _, name := range f.Names {
			if name.IsExported() {
				exported = append(exported, name.Name)
			}
		}
	}
	return exported
}
