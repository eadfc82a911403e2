package migrate

import (
	"go/parser"
	"testing"
)

func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"f(\n\ta,\n\tb,\n)": "f( a, b, )",
		"func(o string) bool {\n\tu, err := url.Parse(o)\n\treturn err == nil && u.Host != \"\"\n}": "func(o string) bool { u, err := " +
			"url.Parse(o); return err == nil && u.Host != \"\" }",
		"[]string{\"a  b\",\n\t`c\nd`}":                                      "[]string{\"a  b\", `c\nd`}",
		"func() {\n\tif a {\n\t\tb()\n\t} else {\n\t\tc++\n\t}\n\treturn\n}": "func() { if a { b() } else { c++ }; return }",
		"1\t+ 2": "1 + 2",
	} {
		got := oneLine(in)
		if got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
		if _, err := parser.ParseExpr(got); err != nil {
			t.Errorf("%q: %v", got, err)
		}
	}
}
