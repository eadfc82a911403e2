package config

import (
	"errors"

	"github.com/pelletier/go-toml/v2/unstable"
)

func decodeTOML(d *document) (*node, *Error) {
	t := tomlTree{doc: d, tables: make(map[*node]*tomlTable)}
	// A byte of capacity beyond the end keeps slices at the end of the input
	// pointing into it, so that errors there have a position.
	t.parser.Reset(append(make([]byte, 0, len(d.data)+1), d.data...))
	root := t.table(pos{}, byHeader)
	current := root
	for t.parser.NextExpression() {
		switch e := t.parser.Expression(); e.Kind {
		case unstable.Table:
			current = t.header(root, e)
		case unstable.ArrayTable:
			current = t.arrayHeader(root, e)
		case unstable.KeyValue:
			t.keyValue(current, e, 0)
		}
		if t.fault != nil {
			return nil, t.fault
		}
	}
	if err := t.parser.Error(); err != nil {
		e := d.fault(pos{}, ReasonSyntax, "not TOML: "+plain(err.Error()))
		var at *unstable.ParserError
		if errors.As(err, &at) {
			e.Place = d.place(t.at(at.Highlight), "")
		}
		return nil, e
	}
	if len(root.pairs) == 0 {
		return nil, d.fault(pos{}, ReasonEmpty, "nothing but comments")
	}
	return root, nil
}

// tomlTree turns TOML's expressions into nodes. What TOML does not let one
// define twice becomes a key that is there twice, as in the other formats.
type tomlTree struct {
	doc    *document
	parser unstable.Parser
	tables map[*node]*tomlTable
	fault  *Error
}

// tomlTable is what has to be known of a table while it grows.
type tomlTable struct {
	by      definition
	defined bool           // by a header of its own
	index   map[string]int // of the last pair of each key
}

// definition is how a table came to be, which decides what may add to it.
type definition uint8

const (
	byHeader definition = iota // its own, or that of a table below it
	byDots                     // of a dotted key
	byBraces                   // inline: nothing may
)

func (t *tomlTree) table(at pos, by definition) *node {
	n := &node{kind: tableNode, pos: at}
	t.tables[n] = &tomlTable{by: by, index: make(map[string]int)}
	return n
}

// at returns the position of a part of the input.
func (t *tomlTree) at(part []byte) (at pos) {
	defer func() {
		if recover() != nil { // the parser made it up, or it is no part of the input
			at = pos{}
		}
	}()
	return t.doc.at(int(t.parser.Range(part).Offset))
}

func (t *tomlTree) keyAt(key *unstable.Node) pos {
	return t.doc.at(int(key.Raw.Offset))
}

// get returns the value that a key of the table has, or nil.
func (t *tomlTree) get(table *node, key string) *node {
	if i, ok := t.tables[table].index[key]; ok {
		return table.pairs[i].value
	}
	return nil
}

// put adds a key to the table, whether it is there or not.
func (t *tomlTree) put(table *node, key *unstable.Node, value *node) {
	name := string(key.Data)
	t.tables[table].index[name] = len(table.pairs)
	table.pairs = append(table.pairs, pair{name, t.keyAt(key), value})
}

// above returns the table that the last key of a header goes into, and that key.
func (t *tomlTree) above(root *node, header *unstable.Node) (*node, *unstable.Node) {
	table, depth := root, 0
	for it := header.Key(); it.Next(); depth++ {
		key := it.Node()
		if it.IsLast() {
			return table, key
		}
		if t.tooDeep(key, depth) {
			break
		}
		next := t.get(table, string(key.Data))
		if next != nil && next.kind == listNode && t.tables[next] != nil {
			next = next.items[len(next.items)-1]
		}
		if next == nil || next.kind != tableNode || t.tables[next].by == byBraces {
			next = t.table(t.keyAt(key), byHeader)
			t.put(table, key, next)
		}
		table = next
	}
	return table, header.Child()
}

// header defines the table of [a.b] and returns it.
func (t *tomlTree) header(root *node, e *unstable.Node) *node {
	table, key := t.above(root, e)
	n := t.get(table, string(key.Data))
	if n == nil || n.kind != tableNode || t.tables[n].by != byHeader || t.tables[n].defined {
		n = t.table(t.keyAt(key), byHeader)
		t.put(table, key, n)
	}
	t.tables[n].defined = true
	return n
}

// arrayHeader adds a table to the list of [[a.b]] and returns it.
func (t *tomlTree) arrayHeader(root *node, e *unstable.Node) *node {
	table, key := t.above(root, e)
	list := t.get(table, string(key.Data))
	if list == nil || list.kind != listNode || t.tables[list] == nil {
		list = &node{kind: listNode, pos: t.keyAt(key)}
		t.tables[list] = &tomlTable{by: byHeader}
		t.put(table, key, list)
	}
	n := t.table(t.keyAt(key), byHeader)
	t.tables[n].defined = true
	list.items = append(list.items, n)
	return n
}

// seal closes an inline table, and what dotted keys made in it, to additions.
func (t *tomlTree) seal(n *node) {
	t.tables[n].by = byBraces
	for _, p := range n.pairs {
		if p.value.kind == tableNode {
			t.seal(p.value)
		}
	}
}

// tooDeep reports whether values nest too deeply, and remembers that as the fault.
func (t *tomlTree) tooDeep(key *unstable.Node, depth int) bool {
	if depth > maxDepth && t.fault == nil {
		t.fault = t.doc.fault(t.keyAt(key), ReasonSyntax, "values nest too deeply")
	}
	return depth > maxDepth
}

func (t *tomlTree) keyValue(table *node, e *unstable.Node, depth int) {
	for it := e.Key(); it.Next(); depth++ {
		key := it.Node()
		if t.tooDeep(key, depth) {
			return
		}
		if it.IsLast() {
			t.put(table, key, t.value(e.Value(), t.keyAt(key), depth))
			return
		}
		next := t.get(table, string(key.Data))
		if next == nil || next.kind != tableNode || t.tables[next].by != byDots {
			next = t.table(t.keyAt(key), byDots)
			t.put(table, key, next)
		}
		table = next
	}
}

func (t *tomlTree) value(v *unstable.Node, keyAt pos, depth int) *node {
	n := &node{}
	if depth > maxDepth {
		t.fault = t.doc.fault(keyAt, ReasonSyntax, "values nest too deeply")
		return n
	}
	switch v.Kind {
	case unstable.InlineTable:
		n = t.table(t.doc.at(int(v.Raw.Offset)), byDots)
		for it := v.Children(); it.Next(); {
			t.keyValue(n, it.Node(), depth+1)
		}
		t.seal(n)
		return n
	case unstable.Array:
		n.kind = listNode
		for it := v.Children(); it.Next(); {
			n.items = append(n.items, t.value(it.Node(), keyAt, depth+1))
		}
		if len(n.items) > 0 {
			n.pos = n.items[0].pos // the parser does not say where the bracket is
		}
		return n
	case unstable.Bool:
		n.kind, n.text, n.pos = boolNode, string(v.Data), t.at(v.Data)
		return n
	case unstable.String:
		n.kind = textNode
	case unstable.Integer:
		n.kind = intNode
	case unstable.Float:
		n.kind = floatNode
	default:
		n.kind = timeNode
	}
	if n.text, n.pos = string(v.Data), t.doc.at(int(v.Raw.Offset)); v.Raw.Length == 0 {
		n.pos = t.at(v.Data) // as of dates
	}
	return n
}
