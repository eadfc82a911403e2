package main

import (
	"fmt"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"
)

// apiDir holds the exported names of each public package, one file for each.
const apiDir = "api"

// load loads the public packages of the released modules. Packages of commands and
// internal packages are not public.
func (r *repo) load() ([]*packages.Package, error) {
	patterns := []string{}
	for _, m := range r.released {
		if !m.isCommand() {
			patterns = append(patterns, "./"+strings.TrimPrefix(m.dir+"/...", "./"))
		}
	}
	config := &packages.Config{
		Mode: packages.LoadTypes | packages.NeedModule, Dir: r.root,
		Env: append(os.Environ(), "GOFLAGS=", "GOWORK="+filepath.Join(r.root, "go.work")),
	}
	loaded, err := packages.Load(config, patterns...)
	if err != nil {
		return nil, err
	}
	public := loaded[:0]
	for _, p := range loaded {
		if len(p.Errors) > 0 {
			return nil, p.Errors[0]
		}
		if p.Name != "main" && !strings.Contains(p.PkgPath+"/", "/internal/") {
			public = append(public, p)
		}
	}
	return public, nil
}

// writeAPI writes the files in api, and removes those of packages that are gone.
func writeAPI(root string) error {
	files, err := apiFiles(root)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Join(root, apiDir)); err != nil {
		return err
	}
	for name, text := range files {
		name = filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// apiFiles returns the texts of the files in api.
func apiFiles(root string) (map[string]string, error) {
	r, err := open(root)
	if err != nil {
		return nil, err
	}
	loaded, err := r.load()
	if err != nil {
		return nil, err
	}
	files := make(map[string]string)
	for _, p := range loaded {
		if lines := exported(p.Types); len(lines) > 0 {
			name := apiDir + strings.TrimPrefix(p.PkgPath, r.path) + ".txt"
			files[name] = "# Exported names of " + p.PkgPath + ", written by \"make api\".\n" + strings.Join(lines, "\n") + "\n"
		}
	}
	return files, nil
}

// exported returns one line for each exported name of a package, for each exported
// field and for each exported method, sorted.
func exported(p *types.Package) (lines []string) {
	qualify := func(other *types.Package) string {
		if other == p {
			return ""
		}
		return other.Path()
	}
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	for _, name := range p.Scope().Names() {
		object := p.Scope().Lookup(name)
		switch o := object.(type) {
		case *types.Const:
			if o.Exported() {
				add("const %s %s = %s", name, types.TypeString(o.Type(), qualify), o.Val())
			}
		case *types.TypeName:
			if o.Exported() {
				lines = append(lines, exportedType(o, qualify)...)
			}
		default:
			if o.Exported() {
				add("%s", types.ObjectString(o, qualify))
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// exportedType returns the lines of a type.
func exportedType(name *types.TypeName, qualify types.Qualifier) (lines []string) {
	structure, isStruct := name.Type().Underlying().(*types.Struct)
	if name.IsAlias() || !isStruct {
		lines = append(lines, types.ObjectString(name, qualify))
	} else {
		lines = append(lines, "type "+types.TypeString(name.Type(), qualify)+" struct")
		for field := range structure.Fields() {
			if field.Exported() {
				lines = append(lines, fmt.Sprintf("field %s.%s %s", name.Name(), field.Name(), types.TypeString(field.Type(), qualify)))
			}
		}
	}
	if named, ok := name.Type().(*types.Named); ok && !name.IsAlias() {
		for method := range named.Methods() {
			if method.Exported() {
				lines = append(lines, "method "+strings.TrimPrefix(types.ObjectString(method, qualify), "func "))
			}
		}
	}
	return lines
}
