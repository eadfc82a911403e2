package document

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"go.yaml.in/yaml/v3"
)

// plainValue converts a node to the value that a library would decode, and reports
// whether no key is set twice.
func plainValue(n *Node) (v any, once bool) {
	switch n.Kind {
	case Table:
		m := make(map[string]any, len(n.Pairs))
		for _, p := range n.Pairs {
			if _, again := m[p.Key]; again {
				return nil, false
			}
			v, once := plainValue(p.Value)
			if !once {
				return nil, false
			}
			m[p.Key] = v
		}
		return m, true
	case List:
		l := make([]any, 0, len(n.Items))
		for _, item := range n.Items {
			v, once := plainValue(item)
			if !once {
				return nil, false
			}
			l = append(l, v)
		}
		return l, true
	case Text:
		return n.Text, true
	case Bool:
		return n.Text == "true", true
	case Null:
		return nil, true
	}
	return number{}, true // the schema needs no values of numbers and dates
}

func odd(n *Node) bool {
	return n.Kind == Tagged || slices.ContainsFunc(n.Items, odd) ||
		slices.ContainsFunc(n.Pairs, func(p Pair) bool { return odd(p.Value) })
}

// number represents every scalar that is not text, true, false or null.
type number struct{}

// libraryValue converts a decoded value so that it compares with plainValue.
func libraryValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, value := range v {
			m[key] = libraryValue(value)
		}
		return m
	case []any:
		l := make([]any, 0, len(v))
		for _, item := range v {
			l = append(l, libraryValue(item))
		}
		return l
	case string, bool, nil:
		return v
	case float64:
		if math.IsNaN(v) {
			return number{}
		}
	}
	return number{}
}

// FuzzTree compares the tree of a file with the values that the library of its
// format decodes, and checks its positions. testdata/fuzz has the smallest input
// for each kind of result.
func FuzzTree(f *testing.F) {
	for _, seed := range []string{
		"a: 1\nb: {c: [x, true, ~, 1.5, 2020-01-01]}\n", "a: &x [1, 2]\nb: *x\n", "a:\n- b\n-\n", "a: |\n  text\nb: 'it''s'\n",
		`{"a": {"b": [1, "x", null, true], "b": 2}, "": "é\u0041"}`, `{"a": [[], {}]}`,
		"a = 1\n[b.c]\nd = [\"x\", 'y', true]\n[[e]]\nf.g = 1\nf.h = 2\n[[e]]\n[e.i]\n",
		"[a]\nb.c = 1\n[a.b]\n", "[a.b]\n[a]\n[a.b]\n", "a = {b = 1}\n[a.c]\n", "[[a]]\n[a]\n", "a.b = 1\n[a]\nc = 1\n",
		"[a]\n[a.b]\n[a]\n",
		"x = \"\"\"\nmulti\\\n  line\"\"\"\n", "a = []\n[[a]]\n", "[a.b.c]\nz = 1\n[a]\nb.d = 1\n", "a = 1979-05-27T07:32:00Z # c\r\n",
		"\"a\\u0062\" = 'c'\n", "a = { b.c = 1, b.d = 2 }\n[a.b]\n", "[[a.b]]\n[[a.b]]\nc = 1\n[a.b.d]\n", "a = [[[1]]]",
		// Found by fuzzing.
		"\r0", "---", "!000", "2E0000000000000000500",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<14 {
			return
		}
		for ending, library := range map[string]func([]byte, any) error{
			".json": func(b []byte, v any) error { return json.Unmarshal(b, v) },
			".toml": func(b []byte, v any) error { return toml.Unmarshal(b, v) },
			".yaml": func(b []byte, v any) error { return yaml.Unmarshal(b, v) },
		} {
			d := &Document{Name: "f" + ending, Data: data}
			root, fault := d.Decode(d.Name)
			if fault != nil {
				if message := fault.Detail + fault.Suggestion; strings.ContainsAny(message, "\n\r\x1b") {
					t.Errorf("%s: the message has control characters: %q", ending, message)
				}
				continue
			}
			checkPositions(t, d, root)
			if odd(root) {
				continue // a tag, which the schema refuses
			}
			got, once := plainValue(root)
			var want any
			err := library(bytes.TrimPrefix(data, []byte("\ufeff")), &want)
			switch {
			case !once && err == nil && ending == ".yaml": // the other libraries accept duplicate keys
				t.Errorf("%s: a key is set twice, which the library does not report, in %q", ending, data)
			case once && err != nil:
				if ending == ".toml" && !structural(err) || ending == ".yaml" || strings.Contains(err.Error(), "unmarshal number") {
					continue // an invalid number or date, which the schema refuses in any case
				}
				t.Errorf("%s: the library refuses %q: %v", ending, data, err)
			case once && !reflect.DeepEqual(got, libraryValue(want)):
				t.Errorf("%s: %q is\n%#v, the library decodes\n%#v", ending, data, got, libraryValue(want))
			}
		}
	})
}

// structural reports whether an error of the TOML library is about keys.
func structural(err error) bool {
	for _, s := range []string{"already", "redefine", "should be a table", "to be a table"} {
		if strings.Contains(err.Error(), s) {
			return true
		}
	}
	return false
}

// checkPositions reports positions outside the document.
func checkPositions(t *testing.T, d *Document, n *Node) {
	d.index()
	check := func(p Pos) {
		if p.Line < 0 || p.Line > len(d.lines) || p.Column < 0 || p.Line > 0 && p.Column > len([]rune(d.line(p.Line)))+1 {
			t.Errorf("%s: position %+v of %d lines in %q", d.Name, p, len(d.lines), d.Data)
		}
		e := d.Excerpt(p)
		if e.Start < 0 || e.Width < 0 || e.Start+e.Width > len([]rune(e.Text)) {
			t.Errorf("%s: excerpt %+v", d.Name, e)
		}
	}
	check(n.Pos)
	for _, p := range n.Pairs {
		check(p.Pos)
		checkPositions(t, d, p.Value)
	}
	for _, item := range n.Items {
		checkPositions(t, d, item)
	}
}

func TestDeepNesting(t *testing.T) {
	const n = 1 << 19
	for _, c := range []struct{ name, text string }{
		{"a.yaml", strings.Repeat("[", n)}, {"a.yaml", strings.Repeat("{a: ", n)}, {"a.yaml", strings.Repeat("- ", n)},
		{"a.yaml", strings.Repeat("[", 200) + strings.Repeat("]", 200)},
		{"a.json", strings.Repeat("[", n)}, {"a.json", strings.Repeat(`{"a":`, n/2)},
		{"a.json", strings.Repeat("[", 200) + strings.Repeat("]", 200)},
		{"a.toml", "a = " + strings.Repeat("[", n)}, {"a.toml", "a = " + strings.Repeat("[", 9999)},
		{"a.toml", "a = " + strings.Repeat("[", 200) + strings.Repeat("]", 200)}, {"a.toml", "a = " + strings.Repeat("{a = ", 10000)},
	} {
		d := &Document{Name: c.name, Data: []byte(c.text)}
		if root, fault := d.Decode(c.name); fault == nil {
			t.Errorf("%s: %d bytes of %.10q are accepted, with %d keys", c.name, len(c.text), c.text, len(root.Pairs))
		}
	}
}

func TestPositions(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []Pos // of the keys and values, depth first
	}{
		{"a.yaml", "a: 1\n\u00e9\u00fc:\n  - 'x'\n  - {b: c}\n", []Pos{{1, 1}, {1, 4}, {2, 1}, {3, 3}, {3, 5}, {4, 5}, {4, 6}, {4, 9}}},
		{"a.json", "{\"a\": 1,\n \"\u00e9\u00fc\" : [\"x\",\n {\"b\":\"c\"}]}",
			[]Pos{{1, 2}, {1, 7}, {2, 2}, {2, 9}, {2, 10}, {3, 2}, {3, 3}, {3, 7}}},
		{"a.toml", "a = 1\n\"\u00e9\u00fc\" = ['x',\n {b = 'c'}]\n", []Pos{{1, 1}, {1, 5}, {2, 1}, {2, 9}, {2, 9}, {3, 2}, {3, 3}, {3, 7}}},
		{"a.toml", "[t]\nt = true\n[[u]]\nv.w = 2020-01-01\n",
			[]Pos{{1, 2}, {1, 2}, {2, 1}, {2, 5}, {3, 3}, {3, 3}, {3, 3}, {4, 1}, {4, 1}, {4, 3}, {4, 7}}},
	} {
		d := &Document{Name: c.name, Data: []byte(c.text)}
		root, fault := d.Decode(c.name)
		if fault != nil {
			t.Error(fault)
			continue
		}
		var got []Pos
		var collect func(n *Node)
		collect = func(n *Node) {
			for _, p := range n.Pairs {
				got = append(got, p.Pos, p.Value.Pos)
				collect(p.Value)
			}
			for _, item := range n.Items {
				got = append(got, item.Pos)
				collect(item)
			}
		}
		collect(root)
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %q:\ngot  %v\nwant %v", c.name, c.text, got, c.want)
		}
	}
}
