package config

import (
	"encoding"
	"fmt"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/corskit/corskit/config/internal/document"
)

// structTags are the tags that name the keys of a struct, in order of precedence.
var structTags = []string{"mapstructure", "koanf", "yaml", "toml", "json"}

// fields adds the fields of a struct to a table. A field with the zero value is unset,
// because a struct cannot tell that from a missing key. Structs in it are always set.
func (c *converter) fields(n *document.Node, v reflect.Value, depth int) {
	if c.left--; c.left < 0 || depth > maxNesting {
		c.refused = true
	}
	if c.refused {
		return
	}
	for i := range v.NumField() {
		field, f := v.Field(i), v.Type().Field(i)
		key, inline := keyOfField(f)
		if inline && field.Kind() == reflect.Pointer && !field.IsNil() {
			field = field.Elem()
		}
		switch {
		case inline && field.Kind() == reflect.Struct:
			c.fields(n, field, depth+1)
		case inline && field.Kind() == reflect.Map:
			n.Pairs = append(n.Pairs, c.table(field, depth+1).Pairs...)
		case inline && field.Kind() == reflect.Pointer, key == "" || !f.IsExported():
		default:
			n.Pairs = append(n.Pairs, document.Pair{Key: key, Value: c.node(field.Interface(), depth+1), Unset: isUnset(field)})
		}
	}
}

// keyOfField returns the key of a field, or "" if its tags say to ignore it, and reports
// whether the fields of its value belong to the same table.
func keyOfField(f reflect.StructField) (key string, inline bool) {
	key, inline = snake(f.Name), f.Anonymous
	for _, tag := range structTags {
		name, options, _ := strings.Cut(f.Tag.Get(tag), ",")
		switch list := strings.Split(options, ","); {
		case name == "-":
			key, inline = "", false // unless another tag names the field
		case slices.Contains(list, "squash"), slices.Contains(list, "inline"), slices.Contains(list, "remain"):
			return snake(f.Name), true
		case name != "":
			return name, false
		}
	}
	return key, inline
}

// snake returns the name of a field as a key: "allow_origins" for AllowOrigins.
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		begins := i > 0 && unicode.IsUpper(r) && runes[i-1] != '_'
		if begins && (!unicode.IsUpper(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// isUnset reports whether a field has the zero value and is not a table.
func isUnset(v reflect.Value) bool {
	if v.Kind() == reflect.Struct {
		if _, ok := textOf(v); !ok {
			return false
		}
	}
	return v.IsZero()
}

// textOf returns the text that a value represents, such as a duration or a URL. The String
// method of a struct that has exported fields may be meant for a log.
func textOf(v reflect.Value) (text string, ok bool) {
	if v.Kind() != reflect.Struct && v.Kind() != reflect.Int64 {
		return "", false
	}
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	switch x := p.Interface().(type) {
	case *time.Duration:
		return x.String(), true
	case *url.URL:
		return x.String(), true
	case encoding.TextMarshaler:
		b, err := x.MarshalText()
		if err != nil {
			return err.Error(), true
		}
		return string(b), true
	case fmt.Stringer:
		if v.Kind() == reflect.Struct && slices.ContainsFunc(reflect.VisibleFields(v.Type()), func(f reflect.StructField) bool {
			return f.IsExported() && !f.Anonymous
		}) {
			return "", false
		}
		return x.String(), true
	}
	return "", false
}
