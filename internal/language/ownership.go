package language

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/corskit/corskit/internal/suffix"
)

// ownership has the known facts about the owner of a host while the host is read from its
// end.
type ownership struct {
	known bool // the owner is known, and the search wants it

	part  part // what has been read of the host, or of the network of an IPv4 address
	owned bool // owner is set
	owner part // the registered domain, unless a longer suffix follows
	walk  walk

	isIPv4 bool
	second block   // of the second number of an IPv4 address
	tail   [3]byte // the digits read of the current number
	piece  piece   // the end of the first piece of an IPv6 address
}

// block is a set of values of the second number of an IPv4 address. It decides whether the
// address is private.
type block uint8

const (
	noBlock block = iota
	block16       // 16 to 31
	block64       // 64 to 127
	number168
	number254
)

func blockOf(number int) block {
	switch {
	case 16 <= number && number < 32:
		return block16
	case 64 <= number && number < 128:
		return block64
	case number == 168:
		return number168
	case number == 254:
		return number254
	}
	return noBlock
}

// piece says what the last characters read of an IPv6 address are. They may be the
// beginning of the address.
type piece uint8

const (
	anyPiece piece = iota
	from8toB       // a digit from 8 to b
	fromCtoD       // c or d
	e8             // "e8" to "eb"
	fc             // "fc" or "fd", or "fe8" to "feb"
	colon
	colons // "::"
)

func (p piece) read(c byte) piece {
	switch {
	case c == ':' && p == colon:
		return colons
	case c == ':':
		return colon
	case c == 'f' && (p == fromCtoD || p == e8):
		return fc
	case c == 'e' && p == from8toB:
		return e8
	case c == 'c', c == 'd':
		return fromCtoD
	case c == '8', c == '9', c == 'a', c == 'b':
		return from8toB
	}
	return anyPiece
}

// part is a part of a host.
type part struct {
	vague bool  // the expression does not write it out
	same  int16 // how many characters it shares with the owner to avoid, or different
}

// different is the value of part.same after the first difference.
const different = -1

func newPart(not string) part {
	if not == "" {
		return part{same: different}
	}
	return part{}
}

func (p *part) read(c byte, vague bool, not string) {
	p.vague = p.vague || vague
	if p.same == different {
		return
	}
	if int(p.same) < len(not) && not[p.same] == c {
		p.same++
	} else {
		p.same = different
	}
}

// wanted reports whether the search wants an owner: the expression does not write it out,
// and it is not the owner to avoid.
func (p part) wanted(not string) bool { return p.vague && (not == "" || int(p.same) != len(not)) }

func (f *finder) newOwnership() ownership {
	if f.all {
		return ownership{known: true}
	}
	t := ownership{part: newPart(f.not.domain)}
	if f.web {
		t.walk.begin(suffix.Node{})
	}
	return t
}

// read reads a character of the host, or the "/" before the host. It returns false if the
// search does not want the owner.
func (t *ownership) read(f *finder, at place, c byte, vague bool) bool {
	if t.known {
		return true
	}
	if c == ']' || at.phase == inIPv6 {
		return t.readIPv6(f, at, c, vague)
	}
	if c == '.' || c == '/' {
		at.name.endLabel()
	}
	switch {
	case t.isIPv4:
		return t.readIPv4(f, at, c, vague)
	case c != '.' && c != '/':
		t.walk.read(c)
		t.part.read(c, vague, f.not.domain)
		return true
	case f.web && at.name.number:
		*t = ownership{isIPv4: true, part: newPart(f.not.network)}
		return c == '.'
	}
	t.endLabel(f)
	if c == '/' && !t.owned {
		t.owned, t.owner = true, t.part // the host is a suffix, or its scheme is not of the web
	}
	if t.owned && (c == '/' || !t.walk.alive) {
		*t = ownership{known: t.owner.wanted(f.not.domain)}
		return t.known
	}
	t.part.read(c, vague, f.not.domain)
	return true
}

func (t *ownership) endLabel(f *finder) {
	if !f.web {
		return
	}
	switch child, ok := t.walk.end(); {
	case ok && child.Kind().IsSuffix():
		t.owned, t.owner = false, part{}
	case !t.owned, ok && child.Kind() == suffix.Exception:
		t.owned, t.owner = true, t.part
	}
}

func (t *ownership) readIPv4(f *finder, at place, c byte, vague bool) bool {
	switch {
	case c == '/':
		known := at.name.isIPv4() && !t.isPrivate() && t.part.wanted(f.not.network)
		*t = ownership{known: known}
		return known
	case c == '.':
		if at.name.ipv4.octets == 3 {
			second, _ := strconv.Atoi(t.digits())
			t.second = blockOf(second)
		}
		t.tail = [3]byte{}
	case at.name.ipv4.octets >= 2:
		t.tail = [3]byte{c, t.tail[0], t.tail[1]}
	}
	t.part.read(c, vague, f.not.network)
	return !at.name.ipv4.broken
}

func (t *ownership) digits() string { return strings.TrimRight(string(t.tail[:]), "\x00") }

// isPrivate reports whether an IPv4 address is in a network that is not public:
// loopback, private, shared or link-local (RFC 6890).
func (t *ownership) isPrivate() bool {
	switch t.digits() {
	case "0", "10", "127":
		return true
	case "100":
		return t.second == block64
	case "169":
		return t.second == number254
	case "172":
		return t.second == block16
	case "192":
		return t.second == number168
	}
	return false
}

func (t *ownership) readIPv6(f *finder, at place, c byte, vague bool) bool {
	t.part.read(c, vague, f.not.domain)
	if c != '[' {
		t.piece = t.piece.read(c)
		return true
	}
	// Loopback and reserved, unique local, or link-local (RFC 6890).
	private := t.piece == colons || t.piece == fc && at.ipv6.digits == 4
	*t = ownership{known: t.part.wanted(f.not.domain) && !(f.web && private)}
	return t.known
}

// walk is a place in the tree of rules while a label is read from its end. depth
// characters of the label have been read. The children of node that end in these
// characters are those with an index from low up to, but not including, high.
type walk struct {
	alive     bool // there are rules for longer names
	node      suffix.Node
	low, high int32
	depth     int32
}

// children has the children of a node, sorted by their reversed labels.
type children struct {
	labels []string
	nodes  map[string]suffix.Node
	wild   suffix.Node // of the wildcard rule, if there is one
	isWild bool
}

// known caches the children of nodes that a walk has reached.
var known sync.Map // of *children, by suffix.Node

func childrenOf(n suffix.Node) *children {
	if c, ok := known.Load(n); ok {
		return c.(*children)
	}
	all := &children{nodes: make(map[string]suffix.Node)}
	for child := range n.Children() {
		if child.Label() == suffix.Wildcard {
			all.wild, all.isWild = child, true
			continue
		}
		label := reversed(child.Label())
		all.labels = append(all.labels, label)
		all.nodes[label] = child
	}
	slices.Sort(all.labels)
	known.Store(n, all)
	return all
}

func (w *walk) begin(n suffix.Node) {
	*w = walk{}
	if !n.IsLeaf() {
		*w = walk{alive: true, node: n, high: int32(len(childrenOf(n).labels))}
	}
}

func (w *walk) read(c byte) {
	if !w.alive || w.low == w.high {
		return
	}
	labels := childrenOf(w.node).labels[w.low:w.high]
	depth := int(w.depth)
	first, _ := slices.BinarySearchFunc(labels, c, func(label string, c byte) int {
		if depth >= len(label) || label[depth] < c {
			return -1
		}
		return 1
	})
	last, _ := slices.BinarySearchFunc(labels, c, func(label string, c byte) int {
		if depth >= len(label) || label[depth] <= c {
			return -1
		}
		return 1
	})
	w.low, w.high, w.depth = w.low+int32(first), w.low+int32(last), w.depth+1
	if w.low == w.high {
		w.low, w.high, w.depth = 0, 0, 0 // no rule has the label
	}
}

// end returns the node of the label that has been read, and begins the next label.
func (w *walk) end() (child suffix.Node, ok bool) {
	if !w.alive {
		return child, false
	}
	all := childrenOf(w.node)
	if w.low < w.high && len(all.labels[w.low]) == int(w.depth) {
		child, ok = all.nodes[all.labels[w.low]], true
	} else {
		child, ok = all.wild, all.isWild
	}
	*w = walk{}
	if ok {
		w.begin(child)
	}
	return child, ok
}
