package main

import (
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	t.Parallel()
	var tab table
	tab.head("NAME", "N", "NOTE")
	tab.add(plain("größe", "1", "")...)
	tab.add(cell{"x", red}, cell{}, cell{"end", green})
	var plainText, colour strings.Builder
	tab.print(terminal{Writer: &plainText})
	want := "NAME    N   NOTE\ngröße   1\nx           end\n"
	if plainText.String() != want {
		t.Errorf("printed:\n%swant:\n%s", plainText.String(), want)
	}
	tab.print(terminal{Writer: &colour, colour: true})
	if got := stripSGR(colour.String()); got != want || !strings.Contains(colour.String(), "\x1b[1;31mx\x1b[0m") {
		t.Errorf("in colour: %q", colour.String())
	}
}

// stripSGR removes colours.
func stripSGR(s string) string {
	for {
		before, rest, ok := strings.Cut(s, "\x1b[")
		if !ok {
			return s
		}
		_, after, _ := strings.Cut(rest, "m")
		s = before + after
	}
}
