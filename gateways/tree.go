package gateways

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxText bounds the files that are read, in bytes.
const maxText = 1 << 20

// maxDocuments bounds the documents of a YAML file.
const maxDocuments = 1000

// textTree is a part of a YAML or JSON file. The zero textTree is an absent part: it has no children,
// and its text is empty.
type textTree struct {
	node *yaml.Node
	path string
}

// parseTrees returns the documents of a YAML or JSON file.
func parseTrees(text []byte) (list []textTree, err error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("the file has more than %d bytes", maxText)
	}
	d := yaml.NewDecoder(bytes.NewReader(text))
	for {
		var n yaml.Node
		err := d.Decode(&n)
		switch {
		case errors.Is(err, io.EOF):
			if len(list) == 0 {
				return nil, errors.New("the file is empty")
			}
			return list, nil
		case err != nil:
			return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
		case len(list) == maxDocuments:
			return nil, fmt.Errorf("more than %d documents", maxDocuments)
		}
		if len(n.Content) > 0 {
			list = append(list, textTree{node: n.Content[0]})
		}
	}
}

// target returns the node, or the node that it is an alias of.
func (t textTree) target() *yaml.Node {
	n := t.node
	for i := 0; n != nil && n.Kind == yaml.AliasNode && i < 10; i++ {
		n = n.Alias
	}
	return n
}

// Exists reports whether the part is present and not null.
func (t textTree) Exists() bool { return t.target() != nil && t.target().Tag != "!!null" }

// Line returns the line of the part, or 0 if it is absent.
func (t textTree) Line() int {
	if t.node == nil {
		return 0
	}
	return t.node.Line
}

// Path returns the path of the part, such as "spec.rules[0]".
func (t textTree) Path() string { return strings.TrimPrefix(t.path, ".") }

// Get returns a part by its keys.
func (t textTree) Get(keys ...string) textTree {
	for _, key := range keys {
		child := textTree{path: t.path + "." + key}
		if n := t.target(); n != nil && n.Kind == yaml.MappingNode {
			for i := 0; i+1 < len(n.Content); i += 2 {
				if n.Content[i].Value == key {
					child.node = n.Content[i+1]
				}
			}
		}
		t = child
	}
	return t
}

// treePair is an entry of a map.
type treePair struct {
	Key   string
	Line  int
	Value textTree
}

// Pairs returns the entries of a map, in order.
func (t textTree) Pairs() (list []treePair) {
	n := t.target()
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		list = append(list, treePair{key.Value, key.Line, textTree{n.Content[i+1], t.path + "." + key.Value}})
	}
	return list
}

// Unknown returns the entries of a map with a key that is not known or that repeats an earlier one.
func (t textTree) Unknown(known ...string) (list []treePair) {
	seen := make(map[string]bool)
	for _, p := range t.Pairs() {
		if !slices.Contains(known, p.Key) || seen[p.Key] {
			list = append(list, p)
		}
		seen[p.Key] = true
	}
	return list
}

// List returns the elements of a list.
func (t textTree) List() (list []textTree) {
	n := t.target()
	if n == nil || n.Kind != yaml.SequenceNode {
		return nil
	}
	for i, child := range n.Content {
		list = append(list, textTree{child, t.path + "[" + strconv.Itoa(i) + "]"})
	}
	return list
}

// IsMap, IsList and IsText report the kind of the part.
func (t textTree) IsMap() bool  { return t.Exists() && t.target().Kind == yaml.MappingNode }
func (t textTree) IsList() bool { return t.Exists() && t.target().Kind == yaml.SequenceNode }
func (t textTree) IsText() bool { return t.Exists() && t.target().Kind == yaml.ScalarNode }

// Text returns the text of a scalar.
func (t textTree) Text() string {
	if !t.IsText() {
		return ""
	}
	return t.target().Value
}

// Texts returns the texts of a list.
func (t textTree) Texts() (list []string) {
	for _, e := range t.List() {
		list = append(list, e.Text())
	}
	return list
}

// Bool returns the value of a boolean, and whether the part is one. "true" and "false" in quotes
// are texts, not booleans.
func (t textTree) Bool() (value, ok bool) {
	if !t.IsText() || t.target().ShortTag() != "!!bool" {
		return false, false
	}
	err := t.target().Decode(&value)
	return value, err == nil
}

// Int returns the value of an integer, and whether the part is one.
func (t textTree) Int() (value int, ok bool) {
	if !t.IsText() || t.target().ShortTag() != "!!int" {
		return 0, false
	}
	err := t.target().Decode(&value)
	return value, err == nil
}

// maxVisited bounds how many parts Find visits.
const maxVisited = 100_000

// Find returns all parts, at any depth, for which the function returns true. It does not search
// within parts that it returns, and does not follow aliases.
func (t textTree) Find(is func(textTree) bool) (list []textTree) {
	visited := 0
	var visit func(textTree, int)
	visit = func(t textTree, depth int) {
		if visited++; t.node == nil || visited > maxVisited || depth > 100 {
			return
		}
		if is(t) {
			list = append(list, t)
			return
		}
		if t.node.Kind == yaml.MappingNode {
			for _, p := range t.Pairs() {
				visit(p.Value, depth+1)
			}
		}
		if t.node.Kind == yaml.SequenceNode {
			for _, e := range t.List() {
				visit(e, depth+1)
			}
		}
	}
	visit(t, 0)
	return list
}
