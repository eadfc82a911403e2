package migrate

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/corskit/corskit/core"
)

// Go returns the policy of the first variant as a Go expression of type core.Policy. Kept fields
// have the user's expressions.
func (r *Result) Go() string {
	if len(r.Variants) == 0 {
		return ""
	}
	return r.Variants[0].Go()
}

// Go returns the policy as a Go expression of type core.Policy.
func (v *Variant) Go() string {
	var b strings.Builder
	b.WriteString("core.Policy{\n")
	kept := map[string]string{}
	for _, k := range v.Kept {
		kept[k.Field] = k.whole()
	}
	for field, value := range reflect.ValueOf(v.Policy).Fields() {
		text, ok := kept[field.Name]
		if !ok {
			text = goValue(value)
		}
		if text != "" {
			fmt.Fprintf(&b, "\t%s: %s,\n", field.Name, text)
		}
	}
	b.WriteString("}")
	return b.String()
}

// whole returns Expr with the entries that it lacks.
func (k *Kept) whole() string {
	if len(k.Also) == 0 {
		return k.Expr
	}
	return "append(" + goList(k.Also) + ", " + k.Expr + "...)"
}

// goValue writes the value of a field of core.Policy, or "" if the field is not set.
func goValue(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case []string:
		return goList(x)
	case bool:
		return goTrue(x)
	case time.Duration:
		return goAge(x)
	}
	return "" // Name and AllowOriginFunc
}

func goList(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return "[]string{" + words(list) + "}"
}

func goTrue(b bool) string {
	if b {
		return "true"
	}
	return ""
}

func goAge(d time.Duration) string {
	switch d {
	case 0:
		return ""
	case core.NoPreflightCache:
		return "core.NoPreflightCache"
	}
	return goDuration(d)
}

// goDuration writes a duration in the usual Go style.
func goDuration(d time.Duration) string {
	for _, u := range []struct {
		unit time.Duration
		name string
	}{{time.Hour, "time.Hour"}, {time.Minute, "time.Minute"}, {time.Second, "time.Second"}, {time.Millisecond, "time.Millisecond"}} {
		if d%u.unit == 0 && d >= u.unit {
			if d == u.unit {
				return u.name
			}
			return fmt.Sprintf("%d * %s", d/u.unit, u.name)
		}
	}
	return fmt.Sprintf("%d * time.Nanosecond", d)
}
