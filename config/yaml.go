package config

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxValues bounds how many values aliases may expand to.
const maxValues = 1 << 20

func decodeYAML(d *document) (*node, *Error) {
	dec := yaml.NewDecoder(bytes.NewReader(d.data))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, d.fault(pos{}, ReasonEmpty, "nothing but comments")
		}
		return nil, yamlFault(d, err)
	}
	var second yaml.Node
	switch err := dec.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		return nil, yamlFault(d, err)
	default:
		e := d.fault((&yamlTree{doc: d}).at(&second), ReasonSyntax, "a second YAML document")
		e.Suggestion = "remove what follows the line ---"
		return nil, e
	}
	y := yamlTree{doc: d, left: maxValues}
	if len(doc.Content) == 0 {
		return nil, d.fault(pos{}, ReasonEmpty, "nothing but comments")
	}
	root := y.node(doc.Content[0], 0)
	return root, y.fault
}

var (
	yamlLine   = regexp.MustCompile(`^line (\d+): `)
	yamlAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
	yamlQuotes = regexp.MustCompile(`(^|[\s\[,:-])[*@` + "`" + `]`)

	// yamlBareTag matches what a node with the tag "!" begins with: the library
	// keeps every other tag, but not this one.
	yamlBareTag = regexp.MustCompile(`^(&\S+\s+)?!(\s|$)`)

	// yamlParser are the faults for which the library counts lines from 0; for
	// the others it counts from 1. It leaves out its line 0.
	yamlParser = regexp.MustCompile(`^(did not find expected (<|node content|'-' indicator|key|',' or)|found (undefined|duplicate|incompatible) )`)
)

func yamlFault(d *document, err error) *Error {
	message, at := strings.TrimPrefix(err.Error(), "yaml: "), pos{}
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		at.line, _ = strconv.Atoi(m[1])
		message = message[len(m[0]):]
	}
	if m := yamlAnchor.FindStringSubmatch(message); m != nil {
		at = d.at(max(0, bytes.Index(d.data, []byte("*"+m[1]))))
	} else if at.line == 0 || yamlParser.MatchString(message) {
		at.line++
	}
	d.index()
	last := len(d.lines)
	if last > 1 && d.line(last) == "" {
		last-- // what is missing at the end of the input is missing on its last line
	}
	at.line = min(at.line, last)
	e := d.fault(at, ReasonSyntax, "not YAML: "+plain(message))
	switch text := d.line(at.line); {
	case strings.HasPrefix(strings.TrimLeft(text, " "), "\t"):
		e.Suggestion = "indent with spaces, not with tabs"
	case yamlQuotes.MatchString(text):
		e.Suggestion = "put values that begin with * or @ in quotes"
	}
	return e
}

// yamlTree turns YAML's nodes into ours.
type yamlTree struct {
	doc   *document
	left  int // values that may still be made
	fault *Error
}

func (y *yamlTree) node(from *yaml.Node, depth int) *node {
	n := &node{pos: y.at(from)}
	if y.fault != nil {
		return n
	}
	if y.left--; y.left < 0 || depth > maxDepth {
		y.fault = y.doc.fault(n.pos, ReasonSyntax, "values nest too deeply, or aliases make too many of them")
		return n
	}
	if tag := y.tag(from); tag != "" {
		n.kind, n.text = oddNode, tag
		return n
	}
	switch from.Kind {
	case yaml.AliasNode:
		target := y.node(from.Alias, depth+1)
		aliased := *target
		aliased.pos = n.pos
		return &aliased
	case yaml.MappingNode:
		n.kind = tableNode
		for i := 0; i+1 < len(from.Content); i += 2 {
			key, value := from.Content[i], y.node(from.Content[i+1], depth+1)
			p := pair{key: key.Value, pos: y.at(key), value: value}
			switch {
			case y.fault != nil:
				return n
			case key.Kind == yaml.ScalarNode && key.ShortTag() == "!!merge":
				y.fault = y.doc.fault(p.pos, ReasonSyntax, "a YAML merge key (<<)")
				y.fault.Suggestion = "write the keys out; an alias may stand for a whole list"
				return n
			case y.tag(key) != "":
				y.fault = y.doc.fault(p.pos, ReasonSyntax, "a key with a YAML tag")
				y.fault.Suggestion = "remove the tag"
				return n
			case key.Kind != yaml.ScalarNode || key.ShortTag() != "!!str":
				y.fault = y.doc.fault(p.pos, ReasonSyntax, "a key that is not text")
				if key.Kind == yaml.ScalarNode {
					y.fault.Suggestion = "put it in quotes"
				}
				return n
			}
			n.pairs = append(n.pairs, p)
		}
	case yaml.SequenceNode:
		n.kind = listNode
		for _, item := range from.Content {
			n.items = append(n.items, y.node(item, depth+1))
		}
	default:
		n.text = from.Value
		switch from.ShortTag() {
		case "!!null":
			n.kind = nullNode
		case "!!bool":
			n.kind, n.text = boolNode, strings.ToLower(from.Value)
		case "!!int":
			n.kind = intNode
		case "!!float":
			n.kind = floatNode
		case "!!timestamp":
			n.kind = timeNode
		default:
			n.kind = textNode
		}
	}
	return n
}

// at returns where a node begins, if that is in the document: an empty one at the
// end of the input begins after it.
func (y *yamlTree) at(n *yaml.Node) pos {
	y.doc.index()
	if n.Line > len(y.doc.lines) {
		return pos{}
	}
	return pos{n.Line, n.Column}
}

// tag returns the tag that is written at a node, or the empty string. Even one
// that names the right type is refused: the library takes "!!bool yes" for a
// boolean without asking which, and "!!map []" for a list.
func (y *yamlTree) tag(n *yaml.Node) string {
	if n.Style&yaml.TaggedStyle != 0 {
		return n.ShortTag()
	}
	if at := y.at(n); at.line > 0 && yamlBareTag.Match(y.doc.data[y.doc.offset(at):]) {
		return "!"
	}
	return ""
}
