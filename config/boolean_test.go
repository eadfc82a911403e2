package config

import (
	"testing"

	"github.com/corskit/corskit/config/internal/document"
)

// Only true and false are booleans, even if a parser accepts other spellings.
func TestBooleansAreTrueOrFalse(t *testing.T) {
	for text, want := range map[string]bool{"true": true, "false": true, "yes": false, "True ": false, "": false} {
		var f faults
		c := checker{layer: newLayer(), faults: &f}
		v, ok := c.value(&Field{Type: booleanType}, &document.Node{Kind: document.Bool, Text: text}, document.Pos{}, "key")
		if ok != want || ok && v != (text == "true") || ok != (len(f.list) == 0) {
			t.Errorf("%q is %v, %v, with the faults %v", text, v, ok, f.list)
		}
	}
}
