package text

import (
	"strings"
	"testing"
)

func TestClip(t *testing.T) {
	for s, want := range map[string]string{
		"":                       ``,
		"a b":                    `a b`,
		"a\nb":                   `"a\nb"`,
		"é":                      `"\u00e9"`,
		strings.Repeat("x", 161): strings.Repeat("x", 160) + "... (161 bytes)",
	} {
		if got := Clip(s); got != want {
			t.Errorf("Clip(%q) = %s, want %s", s, got, want)
		}
	}
	if got := Quote("a"); got != `"a"` {
		t.Errorf("Quote(a) = %s", got)
	}
	if got := Quote("\n"); got != `"\n"` {
		t.Errorf("Quote of a line feed = %s", got)
	}
}

func TestFoldsASCIIOnly(t *testing.T) {
	if !EqualFold("X-Key", "x-kEY") || EqualFold("x-\u212aey", "x-key") || !ContainsFold([]string{"a", "B"}, "b") {
		t.Error("EqualFold or ContainsFold does not fold exactly the ASCII letters")
	}
}
