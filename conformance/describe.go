package conformance

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/corskit/corskit/core"
)

// Bounds of a description of a setup.
const (
	maxDescribed = 8    // elements of a list
	maxString    = 160  // bytes of a string
	maxSetup     = 1500 // bytes
)

// describe returns a setup's policies, routes and options as Go code that can be pasted into a
// program. A function is only a name. Parts beyond the bounds are left out.
func describe(s Setup) string {
	var lines []string
	for _, p := range s.Policies {
		lines = append(lines, goFields(p, "core.Policy"))
	}
	for _, r := range s.Routes {
		lines = append(lines, goFields(r, "core.Route"))
	}
	s.Policies, s.Routes, s.App = nil, nil, App{}
	s.Log = nil
	const name = "conformance.Setup"
	if options := goFields(s, name); options != name+"{}" {
		lines = append(lines, options)
	}
	d := strings.Join(lines, "\n")
	if len(d) > maxSetup {
		d = fmt.Sprintf("%s... (%d bytes)", d[:maxSetup], len(d))
	}
	return d
}

// goFields returns the fields of a struct that are not zero, as a literal.
func goFields(v any, name string) string {
	value := reflect.ValueOf(v)
	var fields []string
	for i := range value.NumField() {
		if f := value.Field(i); !f.IsZero() {
			fields = append(fields, value.Type().Field(i).Name+": "+goValue(f))
		}
	}
	return name + "{" + strings.Join(fields, ", ") + "}"
}

func goValue(v reflect.Value) string {
	switch v := v.Interface().(type) {
	case []string:
		return goList(v, goString, "[]string")
	case []core.Policy:
		return goList(v, func(p core.Policy) string { return goFields(p, "") }, "[]core.Policy")
	case time.Duration:
		return goDuration(v)
	case string:
		return goString(v)
	}
	switch v.Kind() {
	case reflect.String:
		return goString(v.String())
	case reflect.Func:
		return "allowOrigin /* a function */"
	}
	return fmt.Sprint(v.Interface())
}

func goString(s string) string {
	if n := len(s); n > maxString {
		return fmt.Sprintf("%+q /* ... (%d bytes) */", s[:maxString], n)
	}
	return strconv.QuoteToASCII(s)
}

// goDuration returns a duration as a multiple of the largest unit that divides it.
func goDuration(d time.Duration) string {
	if d == core.NoPreflightCache {
		return "core.NoPreflightCache"
	}
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{time.Hour, "time.Hour"}, {time.Minute, "time.Minute"}, {time.Second, "time.Second"}, {time.Millisecond, "time.Millisecond"}} {
		if d%unit.size == 0 {
			return fmt.Sprintf("%d*%s", d/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("time.Duration(%d)", int64(d))
}

func goList[T any](list []T, element func(T) string, name string) string {
	var elements []string
	for i, e := range list {
		if i == maxDescribed {
			elements = append(elements, fmt.Sprintf("/* ... and %d more */", len(list)-i))
			break
		}
		elements = append(elements, element(e))
	}
	return name + "{" + strings.Join(elements, ", ") + "}"
}
