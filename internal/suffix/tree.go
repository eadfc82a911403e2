// Package suffix has the domains below which anyone can get a name: the rules of the
// public suffix list, and hosts that the list lacks.
//
// The rules are those of golang.org/x/net/publicsuffix, which answers questions about one
// domain but cannot be walked. "go test ./internal/suffix -update" writes tree.txt from the
// rules of that package and from shared.txt. tree.txt is parsed when a rule is needed for
// the first time.
package suffix

import (
	_ "embed"
	"iter"
	"strings"
	"sync"
)

// Kind says what a [Node] is.
type Kind uint8

const (
	None      Kind = iota // not a suffix, but there are rules below it
	ICANN                 // a suffix in the ICANN section of the public suffix list
	Private               // a suffix in the list's private section
	Listed                // a host that strangers share but the list lacks: see shared.txt
	Address               // like Listed; names below it contain an IP address, as 10.0.0.1.nip.io does
	Exception             // not a suffix, although a wildcard rule covers it
)

// IsSuffix reports whether anyone can get a name directly below a node of kind k.
func (k Kind) IsSuffix() bool { return k != None && k != Exception }

// Node is a place in the tree of rules. The children of a node have one more label
// on the left. The zero Node is the root: its children are the top-level domains.
// Nodes are comparable, and their methods are safe for concurrent use.
type Node struct{ id uint16 }

// Wildcard is the label of the node of a wildcard rule, such as *.ck. It matches every
// label that has no node of its own. It has no children.
const Wildcard = "*"

// Child returns the child for a label in lower case and in its ASCII form: the one
// with that label or, if there is none, the one for [Wildcard]. ok is false if no rule
// ends in the child's domain.
func (n Node) Child(label string) (child Node, ok bool) {
	t := rules()
	kids := t.kids[t.nodes[n.id].first:t.nodes[n.id].end]
	low, high := 0, len(kids)
	for low < high {
		mid := int(uint(low+high) / 2)
		switch l := t.nodes[kids[mid]].label; {
		case l == label:
			return Node{kids[mid]}, true
		case l < label:
			low = mid + 1
		default:
			high = mid
		}
	}
	// '*' is less than every byte of a label.
	if len(kids) > 0 && t.nodes[kids[0]].label == Wildcard {
		return Node{kids[0]}, true
	}
	return Node{}, false
}

// Children iterates over the children in the order of their labels. The child for
// [Wildcard] comes first.
func (n Node) Children() iter.Seq[Node] {
	t := rules()
	return func(yield func(Node) bool) {
		for _, kid := range t.kids[t.nodes[n.id].first:t.nodes[n.id].end] {
			if !yield(Node{kid}) {
				return
			}
		}
	}
}

// Label returns the leftmost label of the node's domain: "" for the root.
func (n Node) Label() string { return rules().nodes[n.id].label }

// Kind says what the node is. A node that has a label of its own and is also covered
// by a wildcard rule is a suffix, unless it is an [Exception]. The kind of the root
// is [None].
func (n Node) Kind() Kind { return rules().nodes[n.id].kind }

// IsLeaf reports whether the node has no children.
func (n Node) IsLeaf() bool {
	node := rules().nodes[n.id]
	return node.first == node.end
}

// SpansSuffixes reports whether there are suffixes below the node. If so, strangers hold
// names below its domain, even if the node itself is not a suffix.
func (n Node) SpansSuffixes() bool {
	for kid := range n.Children() {
		if kid.Kind().IsSuffix() || kid.SpansSuffixes() {
			return true
		}
	}
	return false
}

// Find returns the node of a domain. ok is false if the tree has none.
func Find(domain string) (n Node, ok bool) {
	for label := range labels(domain) {
		if n, ok = n.Child(label); !ok {
			return Node{}, false
		}
	}
	return n, ok
}

// PublicSuffix returns the longest suffix that host ends in, or is, and its kind. If there
// is none, it returns "" and [None]: the list's default rule "*" does not apply.
func PublicSuffix(host string) (suffix string, kind Kind) {
	n, at := Node{}, len(host)+1
	for label := range labels(host) {
		child, ok := n.Child(label)
		if !ok {
			break
		}
		if child.Kind() == Exception {
			return host[at:], n.kindOfWildcard()
		}
		n, at = child, at-len(label)-1
		if k := n.Kind(); k.IsSuffix() {
			suffix, kind = host[at:], k
		}
	}
	return suffix, kind
}

// kindOfWildcard returns the kind of the wildcard rule that covers the children of n. n must
// have such a rule.
func (n Node) kindOfWildcard() Kind {
	for kid := range n.Children() {
		return kid.Kind()
	}
	return None
}

// Registered returns the domain that the holder of host has registered: one label
// more than its public suffix. ok is false if host has no public suffix, or is one.
func Registered(host string) (domain string, ok bool) {
	suffix, kind := PublicSuffix(host)
	if kind == None || len(suffix) == len(host) {
		return "", false
	}
	rest := host[:len(host)-len(suffix)-1]
	return host[strings.LastIndexByte(rest, '.')+1:], true
}

// labels iterates over the labels of a domain, from the right.
func labels(domain string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for {
			dot := strings.LastIndexByte(domain, '.')
			if !yield(domain[dot+1:]) || dot < 0 {
				return
			}
			domain = domain[:dot]
		}
	}
}

//go:embed tree.txt
var text string

// tree holds the nodes in the order of tree.txt, after the root.
type tree struct {
	nodes []node
	kids  []uint16 // the children of each node in turn
}

type node struct {
	label      string
	kind       Kind
	first, end uint16 // its children in kids
}

var rules = sync.OnceValue(func() *tree { return parse(text) })

// marks are the bytes that precede a label in tree.txt. A label without a mark is a
// suffix of kind [ICANN].
var marks = map[byte]Kind{'-': None, '+': Private, '=': Listed, '@': Address, '!': Exception}

// maxDepth is the largest number of labels of a rule.
const maxDepth = 16

// parse reads nodes, one on a line, each after its parent and indented by one space
// more. Lines that begin with '#' are comments.
func parse(text string) *tree {
	size := strings.Count(text, "\n") + 1
	t := &tree{nodes: make([]node, 1, size)}
	parents := make([]uint16, 1, size)
	var path [maxDepth + 1]uint16
	for line := range strings.Lines(text) {
		if line[0] == '#' {
			continue
		}
		label := strings.TrimLeft(line[:len(line)-1], " ")
		depth := len(line) - len(label)
		kind, marked := marks[label[0]]
		if marked {
			label = label[1:]
		} else {
			kind = ICANN
		}
		path[depth] = uint16(len(t.nodes))
		t.nodes = append(t.nodes, node{label: label, kind: kind})
		parents = append(parents, path[depth-1])
	}
	t.adopt(parents)
	return t
}

// adopt sets the children of each node from the parent of each. If a node has a wildcard
// rule, its children of kind [None] get the kind of that rule.
func (t *tree) adopt(parents []uint16) {
	count := make([]uint16, len(t.nodes))
	for _, parent := range parents[1:] {
		count[parent]++
	}
	end := uint16(0)
	for i := range t.nodes {
		t.nodes[i].first, t.nodes[i].end = end, end
		end += count[i]
	}
	t.kids = make([]uint16, end)
	for i := 1; i < len(t.nodes); i++ {
		parent := &t.nodes[parents[i]]
		t.kids[parent.end] = uint16(i)
		parent.end++
		if first := &t.nodes[t.kids[parent.first]]; first.label == Wildcard && t.nodes[i].kind == None {
			t.nodes[i].kind = first.kind
		}
	}
}
