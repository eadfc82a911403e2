package migrate

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/core"
)

// cell returns the middle column of a row: every field of its policy that differs from the base. So
// a reader copies the code that the test runs.
func (lib library) cell(r row) (string, error) {
	if r.whole {
		return "`core.Policy{" + strings.Join(settings(r.policy, core.Policy{}, nil), ", ") + "}`", nil
	}
	about := strings.Fields(r.about)
	for _, name := range about {
		if _, ok := reflect.TypeFor[core.Policy]().FieldByName(name); !ok {
			return "", fmt.Errorf("core.Policy has no field %s", name)
		}
	}
	fields := settings(r.policy, lib.base, about)
	switch {
	case len(fields) > 0 && r.instead != "":
		return "", fmt.Errorf("instead is %q, but the policy has %s", r.instead, inCode(fields))
	case len(fields) == 0 && r.instead == "":
		return "", fmt.Errorf("the policy is the base: set about or instead")
	case r.instead != "":
		return r.instead, nil
	}
	return inCode(fields), nil
}

// settings returns the fields in which a policy differs from the base, and the fields in about. For
// a field that only the base has, the list has "no" and the name.
func settings(policy, base core.Policy, about []string) (list []string) {
	var without []string
	p, b := reflect.ValueOf(policy), reflect.ValueOf(base)
	for i := range p.NumField() {
		name := p.Type().Field(i).Name
		switch same := reflect.DeepEqual(p.Field(i).Interface(), b.Field(i).Interface()); {
		case same && !slices.Contains(about, name):
		case p.Field(i).IsZero():
			without = append(without, "no "+name)
		case p.Field(i).Kind() == reflect.Func:
			list = append(list, name)
		default:
			list = append(list, name+": "+literal(p.Field(i).Interface()))
		}
	}
	return append(list, without...)
}

func literal(v any) string {
	d, ok := v.(time.Duration)
	switch {
	case !ok:
		return fmt.Sprintf("%#v", v)
	case d == core.NoPreflightCache:
		return "core.NoPreflightCache"
	case d%time.Hour == 0:
		return fmt.Sprintf("%d * time.Hour", d/time.Hour)
	case d%time.Minute == 0:
		return fmt.Sprintf("%d * time.Minute", d/time.Minute)
	}
	return fmt.Sprintf("%d * time.Second", d/time.Second) // core refuses fractions
}

func inCode(settings []string) string {
	cells := make([]string, len(settings))
	for i, s := range settings {
		if name, ok := strings.CutPrefix(s, "no "); ok {
			cells[i] = "no `" + name + "`"
		} else {
			cells[i] = "`" + s + "`"
		}
	}
	return strings.Join(cells, ", ")
}

func TestCell(t *testing.T) {
	lib := library{base: core.Policy{AllowOrigins: []string{app}, AllowMethods: []string{"PUT"}}}
	with := func(change func(*core.Policy)) row {
		r := row{policy: lib.base}
		change(&r.policy)
		return r
	}
	same := func(*core.Policy) {}
	for _, c := range []struct {
		change  func(*core.Policy)
		about   string
		instead string
		want    string // empty for an error
	}{
		{change: func(p *core.Policy) { p.AllowOrigins = []string{`regexp:https://a\.example`, "null"} },
			want: "`AllowOrigins: []string{\"regexp:https://a\\\\.example\", \"null\"}`"},
		{change: func(p *core.Policy) { p.AllowMethods, p.AllowCredentials = nil, true },
			want: "`AllowCredentials: true`, no `AllowMethods`"},
		{change: func(p *core.Policy) { p.MaxAge = core.NoPreflightCache }, want: "`MaxAge: core.NoPreflightCache`"},
		{change: func(p *core.Policy) { p.MaxAge = 12 * time.Hour }, want: "`MaxAge: 12 * time.Hour`"},
		{change: func(p *core.Policy) { p.MaxAge = 90 * time.Minute }, want: "`MaxAge: 90 * time.Minute`"},
		{change: func(p *core.Policy) { p.MaxAge = 90 * time.Second }, want: "`MaxAge: 90 * time.Second`"},
		{change: same, about: "AllowMethods", want: "`AllowMethods: []string{\"PUT\"}`"},
		{change: same, instead: "none", want: "none"},
		{change: same},
		{change: same, about: "AllowedMethods"},
		{change: same, about: "AllowMethods", instead: "none"},
		{change: func(p *core.Policy) { p.AllowCredentials = true }, instead: "none"},
	} {
		r := with(c.change)
		r.about, r.instead = c.about, c.instead
		got, err := lib.cell(r)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%+v: cell %s, error %v; want %s", r.policy, got, err, c.want)
		}
	}
}

var (
	codeSpan  = regexp.MustCompile("`([^`]+)`")
	keyed     = regexp.MustCompile(`^\w+: `)
	qualified = regexp.MustCompile(`^(\w+\.\w+)\.(\w+)$`)
	bareName  = regexp.MustCompile(`^[\w.]+$`)
)

// TestCellsCompile compiles the code in the cells: old options in the old library's
// type, new ones in core.Policy.
func TestCellsCompile(t *testing.T) {
	if testing.Short() {
		t.Skip("compiling the cells takes seconds")
	}
	dir := t.TempDir()
	args := []string{"vet"}
	for i, lib := range libraries() {
		s := surfaces[lib.module]
		pkg := path.Base(s.pkg)
		var body strings.Builder
		add := func(config, cell string) {
			for _, m := range codeSpan.FindAllStringSubmatch(cell, -1) {
				body.WriteString(expression(config, m[1]))
			}
		}
		for _, r := range lib.rows {
			cell, _ := lib.cell(r) // TestTables reports the error
			add(pkg+"."+s.config, r.option)
			add("core.Policy", cell)
		}
		for _, r := range lib.refusals {
			add(pkg+"."+s.config, r.setting)
		}
		source := "package cells\n\n"
		for _, imported := range []string{
			s.pkg, "time", "github.com/corskit/corskit/core", "github.com/corskit/corskit/adapters/" + lib.adapter,
		} {
			if name := path.Base(imported); strings.Contains(body.String(), name+".") {
				source += fmt.Sprintf("import %s %q\n", name, imported)
			}
		}
		source += "\nvar _ = []any{\n" + body.String() + "}\n"
		file := filepath.Join(dir, fmt.Sprintf("cells%d.go", i))
		if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, file)
	}
	if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// expression returns a line of Go for the code in a cell. For a bare name, which
// TestSurfaces checks, it returns an empty string.
func expression(config, code string) string {
	switch {
	case keyed.MatchString(code):
		return config + "{" + code + "},\n"
	case qualified.MatchString(code):
		return qualified.ReplaceAllString(code, "new($1).$2,\n")
	case bareName.MatchString(code):
		return ""
	}
	return code + ",\n"
}
