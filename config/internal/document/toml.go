package document

import (
	"errors"

	"github.com/pelletier/go-toml/v2/unstable"

	"github.com/corskit/corskit/config/internal/wording"
)

func decodeTOML(d *Document) (*Node, *Fault) {
	t := tomlTree{doc: d, tables: make(map[*Node]*tomlTable)}
	// With a spare byte of capacity, slices at the end of the input still point
	// into it, so errors there have a position.
	t.parser.Reset(append(make([]byte, 0, len(d.Data)+1), d.Data...))
	root := t.table(Pos{}, byHeader)
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
		f := syntax(Pos{}, "not TOML: "+wording.Foreign(err.Error()))
		var at *unstable.ParserError
		if errors.As(err, &at) {
			f.Pos = t.at(at.Highlight)
		}
		return nil, f
	}
	if len(root.Pairs) == 0 {
		return nil, onlyComments()
	}
	return root, nil
}

// tomlTree turns TOML expressions into nodes. A second definition that TOML forbids
// becomes a key that is set twice, as in the other formats.
type tomlTree struct {
	doc    *Document
	parser unstable.Parser
	tables map[*Node]*tomlTable
	fault  *Fault
}

// tomlTable is the state of a table while it grows.
type tomlTable struct {
	by      definition
	defined bool           // by its own header
	index   map[string]int // of the last pair of each key
}

// definition says what defined a table, which decides what may add to it.
type definition uint8

const (
	byHeader definition = iota // its own header or that of a table below it
	byDots                     // a dotted key
	byBraces                   // an inline table, to which nothing may be added
)

func (t *tomlTree) table(at Pos, by definition) *Node {
	n := &Node{Kind: Table, Pos: at}
	t.tables[n] = &tomlTable{by: by, index: make(map[string]int)}
	return n
}

// at returns the position of a part of the input, or zero if the part is not from the input.
func (t *tomlTree) at(part []byte) (at Pos) {
	defer func() {
		if recover() != nil { // Range panics
			at = Pos{}
		}
	}()
	return t.doc.at(int(t.parser.Range(part).Offset))
}

func (t *tomlTree) keyAt(key *unstable.Node) Pos {
	return t.doc.at(int(key.Raw.Offset))
}

// get returns the value of a key of the table, or nil.
func (t *tomlTree) get(table *Node, key string) *Node {
	if i, ok := t.tables[table].index[key]; ok {
		return table.Pairs[i].Value
	}
	return nil
}

// put adds a key to the table, even if the table has it already.
func (t *tomlTree) put(table *Node, key *unstable.Node, value *Node) {
	name := string(key.Data)
	t.tables[table].index[name] = len(table.Pairs)
	table.Pairs = append(table.Pairs, Pair{Key: name, Pos: t.keyAt(key), Value: value})
}

// above returns the last key of a header and the table that it belongs to.
func (t *tomlTree) above(root *Node, header *unstable.Node) (*Node, *unstable.Node) {
	table, depth := root, 0
	for it := header.Key(); it.Next(); depth++ {
		key := it.Node()
		if it.IsLast() {
			return table, key
		}
		if t.tooDeepAt(key, depth) {
			break
		}
		next := t.get(table, string(key.Data))
		if next != nil && next.Kind == List && t.tables[next] != nil {
			next = next.Items[len(next.Items)-1]
		}
		if next == nil || next.Kind != Table || t.tables[next].by == byBraces {
			next = t.table(t.keyAt(key), byHeader)
			t.put(table, key, next)
		}
		table = next
	}
	return table, header.Child()
}

// header defines the table of [a.b] and returns it.
func (t *tomlTree) header(root *Node, e *unstable.Node) *Node {
	table, key := t.above(root, e)
	n := t.get(table, string(key.Data))
	if n == nil || n.Kind != Table || t.tables[n].by != byHeader || t.tables[n].defined {
		n = t.table(t.keyAt(key), byHeader)
		t.put(table, key, n)
	}
	t.tables[n].defined = true
	return n
}

// arrayHeader adds a table to the list of [[a.b]] and returns it.
func (t *tomlTree) arrayHeader(root *Node, e *unstable.Node) *Node {
	table, key := t.above(root, e)
	list := t.get(table, string(key.Data))
	if list == nil || list.Kind != List || t.tables[list] == nil {
		list = &Node{Kind: List, Pos: t.keyAt(key)}
		t.tables[list] = &tomlTable{by: byHeader}
		t.put(table, key, list)
	}
	n := t.table(t.keyAt(key), byHeader)
	t.tables[n].defined = true
	list.Items = append(list.Items, n)
	return n
}

// seal closes an inline table, and the tables that its dotted keys made, to
// additions.
func (t *tomlTree) seal(n *Node) {
	t.tables[n].by = byBraces
	for _, p := range n.Pairs {
		if p.Value.Kind == Table {
			t.seal(p.Value)
		}
	}
}

// tooDeepAt reports whether values nest too deeply, and records the fault.
func (t *tomlTree) tooDeepAt(key *unstable.Node, depth int) bool {
	if depth > maxDepth && t.fault == nil {
		t.fault = syntax(t.keyAt(key), tooDeep)
	}
	return depth > maxDepth
}

func (t *tomlTree) keyValue(table *Node, e *unstable.Node, depth int) {
	for it := e.Key(); it.Next(); depth++ {
		key := it.Node()
		if t.tooDeepAt(key, depth) {
			return
		}
		if it.IsLast() {
			t.put(table, key, t.value(e.Value(), t.keyAt(key), depth))
			return
		}
		next := t.get(table, string(key.Data))
		if next == nil || next.Kind != Table || t.tables[next].by != byDots {
			next = t.table(t.keyAt(key), byDots)
			t.put(table, key, next)
		}
		table = next
	}
}

func (t *tomlTree) value(v *unstable.Node, keyAt Pos, depth int) *Node {
	n := &Node{}
	if depth > maxDepth {
		t.fault = syntax(keyAt, tooDeep)
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
		n.Kind = List
		for it := v.Children(); it.Next(); {
			n.Items = append(n.Items, t.value(it.Node(), keyAt, depth+1))
		}
		if len(n.Items) > 0 {
			n.Pos = n.Items[0].Pos // the parser does not report the bracket
		}
		return n
	case unstable.Bool:
		n.Kind, n.Text, n.Pos = Bool, string(v.Data), t.at(v.Data)
		return n
	case unstable.String:
		n.Kind = Text
	case unstable.Integer:
		n.Kind = Int
	case unstable.Float:
		n.Kind = Float
	default:
		n.Kind = Time
	}
	if n.Text, n.Pos = string(v.Data), t.doc.at(int(v.Raw.Offset)); v.Raw.Length == 0 {
		n.Pos = t.at(v.Data) // dates have no raw range
	}
	return n
}
