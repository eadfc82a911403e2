package migrate

import (
	"fmt"
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
	field := func(name, value string) {
		if expr, ok := kept[name]; ok {
			value = expr
		}
		if value != "" {
			fmt.Fprintf(&b, "\t%s: %s,\n", name, value)
		}
	}
	p := v.Policy
	field("AllowOrigins", goList(p.AllowOrigins))
	field("AllowOriginFunc", "")
	field("AllowMethods", goList(p.AllowMethods))
	field("AllowHeaders", goList(p.AllowHeaders))
	field("ExposeHeaders", goList(p.ExposeHeaders))
	field("AllowCredentials", goTrue(p.AllowCredentials))
	field("MaxAge", goAge(p.MaxAge))
	field("AllowPrivateNetwork", goTrue(p.AllowPrivateNetwork))
	field("RejectDisallowed", goTrue(p.RejectDisallowed))
	field("DangerouslyAllowNullOrigin", goTrue(p.DangerouslyAllowNullOrigin))
	field("DangerouslyAllowInsecureOrigins", goTrue(p.DangerouslyAllowInsecureOrigins))
	field("DangerouslyAllowPublicSuffixes", goTrue(p.DangerouslyAllowPublicSuffixes))
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
