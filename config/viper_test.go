package config

import (
	"reflect"
	"strings"
	"testing"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/viper"
)

// TestViper states which behavior of viper this package relies on, and which it
// avoids. It fails if a new version of viper behaves differently.
func TestViper(t *testing.T) {
	newViper := func() *viper.Viper { return viper.NewWithOptions(viper.KeyDelimiter("\x1f")) }
	strict := func(c *mapstructure.DecoderConfig) { c.DecodeHook, c.WeaklyTypedInput = nil, false }
	merge := func(t *testing.T, v *viper.Viper, layers ...map[string]any) {
		t.Helper()
		for _, l := range layers {
			if err := v.MergeConfigMap(l); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Run("merges tables and replaces lists", func(t *testing.T) {
		v := newViper()
		merge(t, v,
			map[string]any{"p": map[string]any{"a": []string{"x", "y"}, "b": true, "c": 1}},
			map[string]any{"p": map[string]any{"a": []string{}, "b": false}})
		want := map[string]any{"p": map[string]any{"a": []string{}, "b": false, "c": 1}}
		if got := v.AllSettings(); !reflect.DeepEqual(got, want) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("does not split keys at dots", func(t *testing.T) {
		v := newViper()
		merge(t, v, map[string]any{"a.b": map[string]any{"c": 1}})
		if got := v.AllSettings(); !reflect.DeepEqual(got, map[string]any{"a.b": map[string]any{"c": 1}}) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("refuses keys that the target does not have", func(t *testing.T) {
		v := newViper()
		merge(t, v, map[string]any{"known": 1, "unknown": 2})
		var target struct{ Known int }
		if err := v.UnmarshalExact(&target, strict); err == nil || !strings.Contains(err.Error(), "unknown") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("converts nothing if so configured", func(t *testing.T) {
		for _, value := range []any{"1", true, []any{1}, map[string]any{"x": 1}} {
			v := newViper()
			merge(t, v, map[string]any{"known": value})
			var target struct{ Known int }
			if err := v.UnmarshalExact(&target, strict); err == nil {
				t.Errorf("%v of type %T is accepted as an int", value, value)
			}
		}
	})
	t.Run("drops tables without keys", func(t *testing.T) { // so merged keeps the names of policies
		v := newViper()
		merge(t, v, map[string]any{"p": map[string]any{"a": map[string]any{}}})
		if got := v.AllSettings(); len(got) != 0 {
			t.Errorf("got %v", got)
		}
	})
	t.Run("lower-cases keys", func(t *testing.T) { // so a checker refuses the others first
		v := newViper()
		merge(t, v, map[string]any{"Key": 1})
		if got := v.AllSettings(); !reflect.DeepEqual(got, map[string]any{"key": 1}) {
			t.Errorf("got %v", got)
		}
	})
	t.Run("reads a variable again after it was checked", func(t *testing.T) { // so variables are merged as a layer
		t.Setenv("CORSKIT_TEST", "checked")
		v := newViper()
		if err := v.BindEnv("key", "CORSKIT_TEST"); err != nil {
			t.Fatal(err)
		}
		t.Setenv("CORSKIT_TEST", "changed")
		if got := v.AllSettings()["key"]; got != "changed" {
			t.Errorf("got %v", got)
		}
		t.Setenv("CORSKIT_TEST", "")
		if got, ok := v.AllSettings()["key"]; ok {
			t.Errorf("an empty variable is %q", got)
		}
	})
}
