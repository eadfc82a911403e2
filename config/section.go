package config

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/viper"

	"github.com/corskit/corskit/config/internal/document"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// FromMap is like [Load] for a map that another library has read from the application's
// own configuration. The map has the keys of a file. A text in place of a list is split at
// commas. Maps have no order, so if there are several policies, FromMap requires routes.
//
// A value may be a struct. Its fields have the keys that their tags mapstructure, koanf, yaml,
// toml or json name, or otherwise their own names with underscores: allow_origins for
// AllowOrigins. Fields with the zero value are not set, but a list that is empty and not nil
// is. A field whose only tag is "-" is ignored.
func FromMap(m map[string]any, opts ...Options) (*core.Engine, error) {
	c, err := ReadMap(m, opts...)
	if err != nil {
		return nil, err
	}
	return c.engine, nil
}

// ReadMap is like [FromMap], but returns the whole configuration. To reload, call it
// again and pass its policies or routes to [core.Engine.Reload] or
// [core.Engine.ReloadRouted], and those of its Shadow to [core.Engine.Shadow] or
// [core.Engine.ShadowRouted].
func ReadMap(m map[string]any, opts ...Options) (*Config, error) {
	if m == nil {
		m = map[string]any{}
	}
	l := &loader{src: Files{}, name: mapName, opts: combine(opts), values: m}
	r := check(context.Background(), l)
	return r.Config, r.Err
}

// mapName is the name in messages of a configuration that is not a document.
const mapName = "configuration"

// FromViper is like [FromMap] for a section of v, such as "cors" or "http.cors". It uses
// defaults, files, bound variables and overrides, as v merges them. Viper drops empty
// tables: write allow_origins: [] for a policy that refuses every origin, not {}.
func FromViper(v *viper.Viper, key string, opts ...Options) (*core.Engine, error) {
	if v == nil {
		return nil, errors.New("cors: a nil viper.Viper")
	}
	return FromMap(v.AllSettings(), append(slices.Clone(opts), Options{Key: strings.ToLower(key)})...)
}

// section returns the part of a document that the key selects, or a fault.
func (o Options) section(d *document.Document, root *document.Node) (*document.Node, *Error) {
	if o.Key == "" {
		return root, nil
	}
	path := ""
	for key := range strings.SplitSeq(o.Key, ".") {
		path = joinKey(path, key)
		next := root.Get(key)
		if next == nil {
			return nil, &Error{
				Place: placeIn(d, root.Pos, path), Reason: reason.Missing, Detail: "no such key",
				Suggestion: "add it, or choose another key for the section",
			}
		}
		root = next
	}
	d.Section = o.Key
	return root, nil
}

// Bounds of the values of a map. A map may contain itself.
const (
	maxNesting = 64
	maxValues  = 1 << 22
)

// converter makes nodes of values that another library has read.
type converter struct {
	left    int // how many more values may be converted
	refused bool
}

// mapNode returns a map as a node of a document, or a fault.
func mapNode(m map[string]any) (*document.Node, *Error) {
	c := converter{left: maxValues}
	n := c.node(m, 0)
	if c.refused {
		return nil, &Error{
			Place: Place{File: mapName}, Reason: reason.Value, Detail: "values nest too deeply, or are too many",
			Suggestion: "pass only the section for cors, and no map that contains itself",
		}
	}
	return n, nil
}

// node returns a value as a node of a document.
func (c *converter) node(value any, depth int) *document.Node {
	if c.left--; c.left < 0 || depth > maxNesting {
		c.refused = true
	}
	if c.refused {
		return &document.Node{Kind: document.Null}
	}
	if text, ok := textOf(reflect.ValueOf(value)); ok {
		return &document.Node{Kind: document.Text, Text: text}
	}
	switch v := reflect.ValueOf(value); v.Kind() {
	case reflect.Invalid:
		return &document.Node{Kind: document.Null}
	case reflect.Pointer:
		if v.IsNil() {
			return &document.Node{Kind: document.Null}
		}
		return c.node(v.Elem().Interface(), depth+1)
	case reflect.Bool:
		return &document.Node{Kind: document.Bool, Text: strconv.FormatBool(v.Bool())}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return &document.Node{Kind: document.Int, Text: strconv.FormatInt(v.Int(), 10)}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return &document.Node{Kind: document.Int, Text: strconv.FormatUint(v.Uint(), 10)}
	case reflect.Float32, reflect.Float64:
		return numberNode(v.Float())
	case reflect.Slice, reflect.Array:
		n := &document.Node{Kind: document.List}
		for i := range v.Len() {
			n.Items = append(n.Items, c.node(v.Index(i).Interface(), depth+1))
		}
		return n
	case reflect.Map:
		return c.table(v, depth)
	case reflect.Struct:
		n := &document.Node{Kind: document.Table}
		c.fields(n, v, depth)
		return n
	}
	return &document.Node{Kind: document.Text, Text: fmt.Sprint(value)}
}

// table returns the node of a map, with its keys in alphabetical order.
func (c *converter) table(v reflect.Value, depth int) *document.Node {
	n := &document.Node{Kind: document.Table}
	for _, key := range v.MapKeys() {
		n.Pairs = append(n.Pairs, document.Pair{Key: fmt.Sprint(key.Interface()), Value: c.node(v.MapIndex(key).Interface(), depth+1)})
	}
	slices.SortFunc(n.Pairs, func(a, b document.Pair) int { return strings.Compare(a.Key, b.Key) })
	return n
}

// numberNode returns the node of a number. Decoders of JSON make every number a float.
func numberNode(f float64) *document.Node {
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if isDigits(text) {
		return &document.Node{Kind: document.Int, Text: text}
	}
	return &document.Node{Kind: document.Float, Text: text}
}

// unordered returns the fault of a map with several policies and no routes: their order is
// unknown.
func unordered(m *merged) *Error {
	return &Error{
		Place: Place{File: mapName, Key: m.path(keyPolicies)}, Reason: reason.Missing,
		Detail:     "several policies without an order, because maps have none: " + strings.Join(m.order, ", "),
		Suggestion: "add routes that list the policies in their order",
	}
}
