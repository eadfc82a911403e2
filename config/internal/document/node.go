package document

// Kind is the type of a value, in any format.
type Kind uint8

// Kinds of a [Node].
const (
	Null Kind = iota
	Bool
	Int
	Float
	Time
	Text
	List
	Table
	Tagged // a YAML value with an explicit tag
)

// String returns the name of the kind in messages.
func (k Kind) String() string {
	return [...]string{"no value", "a boolean", "a number", "a decimal number", "a date or time",
		"text", "a list", "a table", "a value with a tag"}[k]
}

// Pos is a position in a document, counted in lines and characters from 1.
// A zero field is unknown.
type Pos struct{ Line, Column int }

// Node is a value of a document. It holds what the three formats have in common,
// together with positions, the order of keys, and keys that are set twice.
type Node struct {
	Kind  Kind
	Text  string // of a scalar
	Pos   Pos
	Items []*Node // of a list
	Pairs []Pair  // of a table
}

// Pair is a key of a table and its value.
type Pair struct {
	Key   string
	Pos   Pos // of the key
	Value *Node
	Unset bool // the key exists, but has no value: a field of a struct
}

// Get returns the value of a key of a table, or nil if there is none.
func (n *Node) Get(key string) *Node {
	for _, p := range n.Pairs {
		if p.Key == key {
			return p.Value
		}
	}
	return nil
}

// PosOr returns the position of the node, or other if it is unknown.
func (n *Node) PosOr(other Pos) Pos {
	if n.Pos.Line > 0 {
		return n.Pos
	}
	return other
}
