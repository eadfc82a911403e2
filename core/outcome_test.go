package core_test

import (
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/corskit/corskit/core"
)

func TestZeroOutcome(t *testing.T) {
	var o core.Outcome
	if o.Status() != 0 || o.Len() != 0 || o.Vary() != "" || o.Decision() != (core.Decision{}) {
		t.Errorf("status %d, %d headers, Vary %q, decision %+v", o.Status(), o.Len(), o.Vary(), o.Decision())
	}
}

// TestResponseHeaders: adapters can rely on ResponseHeaders to name every header
// that an outcome may set, in the order in which it sets them.
func TestResponseHeaders(t *testing.T) {
	names := slices.Collect(core.ResponseHeaders())
	var d core.Decision
	fields := reflect.ValueOf(&d).Elem()
	for i := range fields.NumField() {
		if f := fields.Type().Field(i); f.Type == reflect.TypeFor[string]() && f.Name != "Policy" {
			fields.Field(i).SetString("x")
		}
	}
	if got := slices.Collect(maps.Keys(maps.Collect(d.Headers()))); len(got) != len(names)+1 {
		t.Errorf("a decision has the headers %q, ResponseHeaders names %q", got, names)
	}
	i := 0
	for name := range d.Headers() {
		if i < len(names) && name != names[i] {
			t.Errorf("header %d of a decision is %s, ResponseHeaders has %s", i, name, names[i])
		}
		i++
	}
	for name := range core.ResponseHeaders() {
		if name != "Access-Control-Allow-Origin" {
			t.Errorf("%s is the first", name)
		}
		break
	}
}
