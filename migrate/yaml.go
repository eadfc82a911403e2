package migrate

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corskit/corskit/core"
)

// YAML returns the policy of the first variant as a file of package config. Kept parts become
// comments with their positions.
func (r *Result) YAML() string {
	if len(r.Variants) == 0 {
		return ""
	}
	return r.Variants[0].YAML()
}

// YAML returns the policy as a file of package config. For a variant with conditions, it
// is the file of a profile: the keys that differ from the first variant.
func (v *Variant) YAML() string {
	const name = "default"
	var b strings.Builder
	if v.base == nil {
		b.WriteString("version: 1\n")
		v.yamlVariables(&b, name)
	}
	fmt.Fprintf(&b, "policies:\n  %s:\n", name)
	for _, k := range v.Kept {
		fmt.Fprintf(&b, "    # %s: %s stays code: %s (%s)\n", k.Pos, key(k.Field), inText(k.Expr), k.Why)
	}
	if v.base == nil {
		v.yamlFields(&b, func(string) bool { return true }, false)
		return b.String()
	}
	different := differing(v.base, v)
	v.yamlFields(&b, func(field string) bool { return slices.Contains(different, field) }, true)
	return b.String()
}

// yamlFields writes the fields for which want returns true. If explicit is set, it also writes
// empty fields.
func (v *Variant) yamlFields(b *strings.Builder, want func(string) bool, explicit bool) {
	for field, value := range reflect.ValueOf(v.Policy).Fields() {
		text := yamlValue(value)
		set := goValue(value) != "" || explicit || field.Name == "AllowOrigins"
		if text != "" && set && want(field.Name) {
			fmt.Fprintf(b, "    %s: %s\n", key(field.Name), text)
		}
	}
}

// yamlValue writes the value of a field of core.Policy, or "" if no key sets the field.
func yamlValue(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case []string:
		return "[" + yamlList(x) + "]"
	case bool:
		return strconv.FormatBool(x)
	case time.Duration:
		if x == 0 {
			return "5s" // what browsers take if it is unset
		}
		return yamlAge(x)
	}
	return "" // Name and AllowOriginFunc
}

// yamlVariables lists the variables that set a key.
func (v *Variant) yamlVariables(b *strings.Builder, name string) {
	first := true
	for _, k := range v.Kept {
		if k.Variable == "" {
			continue
		}
		if first {
			b.WriteString("variables:\n")
			first = false
		}
		fmt.Fprintf(b, "  %s: policies.%s.%s\n", k.Variable, name, key(k.Field))
	}
}

// key returns the key of a field in a file.
func key(field string) string { return strings.ToLower(snake(field)) }

func yamlList(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(quoted, ", ")
}

func yamlAge(d time.Duration) string {
	if d == core.NoPreflightCache {
		return "disabled"
	}
	s := d.String()
	s = strings.TrimSuffix(s, "0s")
	s = strings.TrimSuffix(s, "m0")
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	if s == "" || !strings.HasSuffix(s, "h") && !strings.HasSuffix(s, "m") && !strings.HasSuffix(s, "s") {
		return d.String()
	}
	return s
}
