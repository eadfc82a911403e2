package wording

import (
	"strings"
	"testing"
)

func TestWording(t *testing.T) {
	long := strings.Repeat("ü", 600)
	quoted := `"` + strings.Repeat("ü", MaxQuoted/2) + `"... (1200 bytes)`
	for _, c := range []struct{ name, got, want string }{
		{"Quote", Quote("a\x1b\n\"b"), `"a\x1b\n\"b"`},
		{"Quote of a long text", Quote(long), quoted},
		{"Quote between two bytes of a character", Quote("x" + long), `"x` + strings.Repeat("ü", MaxQuoted/2-1) + `"... (1201 bytes)`},
		{"Name", Name("conf/cörs.yaml"), "conf/cörs.yaml"},
		{"Name with a line break", Name("a\nb"), `"a\nb"`},
		{"Name that is not UTF-8", Name("a\xff"), `"a\xff"`},
		{"Name that is long", Name(long), quoted},
		{"Line", Line("a\r\n\x1b[31mb", 100), "a\ufffd\ufffd\ufffd[31mb"},
		{"Line that is cut", Line("äöü", 2), "äö..."},
		{"Line at the limit", Line("äöü", 3), "äöü"},
		{"Foreign", Foreign(long), strings.Repeat("ü", maxForeign) + "..."},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, c.got, c.want)
		}
	}
}
