package conformance

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/corskit/corskit/conformance/internal/text"
	"github.com/corskit/corskit/core"
)

// Bounds of a description of a setup.
const (
	maxDescribed = 8    // elements of a list
	maxSetup     = 1500 // bytes
)

// describe returns a setup's policies, routes and options as Go code, within bounds.
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
	if options := goFields(s, "Setup"); options != "Setup{}" {
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
		return goList(v, text.Quote, "[]string")
	case []core.Policy:
		return goList(v, func(p core.Policy) string { return goFields(p, "") }, "[]core.Policy")
	case time.Duration:
		return v.String()
	case string:
		return text.Quote(v)
	}
	switch v.Kind() {
	case reflect.String:
		return text.Quote(v.String())
	case reflect.Func:
		return "func"
	}
	return fmt.Sprint(v.Interface())
}

func goList[T any](list []T, element func(T) string, name string) string {
	var elements []string
	for i, e := range list {
		if i == maxDescribed {
			elements = append(elements, fmt.Sprintf("... and %d more", len(list)-i))
			break
		}
		elements = append(elements, element(e))
	}
	return name + "{" + strings.Join(elements, ", ") + "}"
}
