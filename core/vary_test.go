package core_test

import (
	"testing"

	"github.com/corskit/corskit/core"
)

func TestListHas(t *testing.T) {
	for line, want := range map[string]bool{
		"Origin": true, "origin": true, " \tOrigin\t ": true, "Accept, Origin": true, "Accept ,Origin, X": true,
		",,Origin": true, "Accept, ,ORIGIN,": true,
		"": false, ",": false, "Origins": false, "Or igin": false, "Origi": false, "Accept, Origin-Agent": false,
		"       ": false, "\"Origin\"": false,
		"*": false,
	} {
		if got := core.ListHas(line, "Origin"); got != want {
			t.Errorf("ListHas(%q): %v, want %v", line, got, want)
		}
	}
}
