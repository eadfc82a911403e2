package document

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/corskit/corskit/config/internal/wording"
)

// maxValues bounds the number of values after aliases are expanded.
const maxValues = 1 << 20

func decodeYAML(d *Document) (*Node, *Fault) {
	dec := yaml.NewDecoder(bytes.NewReader(d.Data))
	var doc yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, onlyComments()
		}
		return nil, yamlFault(d, err)
	}
	y := yamlTree{doc: d, left: maxValues}
	var second yaml.Node
	switch err := dec.Decode(&second); {
	case errors.Is(err, io.EOF):
	case err != nil:
		return nil, yamlFault(d, err)
	default:
		f := syntax(y.at(&second), "a second YAML document")
		f.Suggestion = "remove the line --- and everything after it"
		return nil, f
	}
	if len(doc.Content) == 0 {
		return nil, onlyComments()
	}
	root := y.node(doc.Content[0], 0)
	return root, y.fault
}

var (
	yamlLine   = regexp.MustCompile(`^line (\d+): `)
	yamlAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
	yamlQuotes = regexp.MustCompile(`(^|[\s\[,:-])[*@` + "`" + `]`)

	// yamlBareTag matches the beginning of a node with the tag "!", the only tag
	// that the library does not report.
	yamlBareTag = regexp.MustCompile(`^(&\S+\s+)?!(\s|$)`)

	// yamlParser matches the errors for which the library counts lines from 0. It
	// counts from 1 for all others, and omits line 0.
	yamlParser = regexp.MustCompile(`^(did not find expected (<|node content|'-' indicator|key|',' or)|` +
		`found (undefined|duplicate|incompatible) )`)
)

// Messages of the library about lines that are indented unlike their neighbours.
const (
	noKey     = "did not find expected key"
	noItem    = "did not find expected '-' indicator"
	noMapping = "mapping values are not allowed in this context"
)

func yamlFault(d *Document, err error) *Fault {
	message, at := strings.TrimPrefix(err.Error(), "yaml: "), Pos{}
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		at.Line, _ = strconv.Atoi(m[1])
		message = message[len(m[0]):]
	}
	if m := yamlAnchor.FindStringSubmatch(message); m != nil {
		at = d.at(max(0, bytes.Index(d.Data, []byte("*"+m[1]))))
	} else if at.Line == 0 || yamlParser.MatchString(message) {
		at.Line++
	}
	d.index()
	last := len(d.lines)
	if last > 1 && d.line(last) == "" {
		last-- // report the end of the input on the last line with text
	}
	at.Line = min(at.Line, last)
	indentation := ""
	if message == noKey || message == noItem || message == noMapping {
		odd, advice := misindented(d)
		switch {
		case odd >= at.Line:
			at.Line, indentation = odd, advice
		case message != noMapping: // the parser names the line where the table begins
			indentation = "look for a line below that is indented differently, or has no colon"
		}
	}
	f := syntax(at, "not YAML: "+wording.Foreign(message))
	switch text := d.line(at.Line); {
	case strings.HasPrefix(indentation, "indent it"):
		f.Suggestion = indentation
	case strings.HasPrefix(strings.TrimLeft(text, " "), "\t"):
		f.Suggestion = "indent with spaces, not with tabs"
	case yamlQuotes.MatchString(text):
		f.Suggestion = "put values that begin with * or @ in quotes"
	default:
		f.Suggestion = indentation
	}
	return f
}

// yamlTree turns the library's nodes into nodes of this package.
type yamlTree struct {
	doc   *Document
	left  int // values that may still be made
	fault *Fault
}

func (y *yamlTree) node(from *yaml.Node, depth int) *Node {
	n := &Node{Pos: y.at(from)}
	if y.fault != nil {
		return n
	}
	if y.left--; y.left < 0 || depth > maxDepth {
		y.fault = syntax(n.Pos, tooDeep+", or aliases expand to too many")
		return n
	}
	if tag := y.tag(from); tag != "" {
		n.Kind, n.Text = Tagged, tag
		return n
	}
	switch from.Kind {
	case yaml.AliasNode:
		aliased := *y.node(from.Alias, depth+1)
		aliased.Pos = n.Pos
		return &aliased
	case yaml.MappingNode:
		n.Kind = Table
		for i := 0; i+1 < len(from.Content) && y.fault == nil; i += 2 {
			key, value := from.Content[i], y.node(from.Content[i+1], depth+1)
			if y.fault == nil {
				y.fault = y.keyFault(key)
			}
			n.Pairs = append(n.Pairs, Pair{Key: key.Value, Pos: y.at(key), Value: value})
		}
	case yaml.SequenceNode:
		n.Kind = List
		for _, item := range from.Content {
			n.Items = append(n.Items, y.node(item, depth+1))
		}
	default:
		n.Kind, n.Text = yamlScalar(from)
	}
	return n
}

// keyFault returns what is wrong with a key, or nil.
func (y *yamlTree) keyFault(key *yaml.Node) *Fault {
	f := syntax(y.at(key), "")
	switch scalar := key.Kind == yaml.ScalarNode; {
	case scalar && key.ShortTag() == "!!merge":
		f.Detail, f.Suggestion = "a YAML merge key (<<)", "write the keys out, or use aliases for the values"
	case y.tag(key) != "":
		f.Detail, f.Suggestion = "a key with a YAML tag", "remove the tag"
	case scalar && key.ShortTag() == "!!str":
		return nil
	default:
		f.Detail = "a key that is not text"
		if scalar {
			f.Suggestion = "put it in quotes"
		}
	}
	return f
}

// yamlScalars are the kinds of scalars by tag.
var yamlScalars = map[string]Kind{
	"!!null": Null, "!!bool": Bool, "!!int": Int, "!!float": Float, "!!timestamp": Time,
}

func yamlScalar(from *yaml.Node) (Kind, string) {
	kind, ok := yamlScalars[from.ShortTag()]
	switch {
	case !ok:
		return Text, from.Value
	case kind == Bool:
		return Bool, strings.ToLower(from.Value)
	}
	return kind, from.Value
}

// at returns the position at which a node begins. It is zero for an empty node
// after the end of the document.
func (y *yamlTree) at(n *yaml.Node) Pos {
	y.doc.index()
	if n.Line > len(y.doc.lines) {
		return Pos{}
	}
	return Pos{n.Line, n.Column}
}

// tag returns the explicit tag of a node, or the empty string. Tags of the right
// type are refused too: the library accepts "!!bool yes" as a boolean, although
// it is neither true nor false, and "!!map []" as a list.
func (y *yamlTree) tag(n *yaml.Node) string {
	if n.Style&yaml.TaggedStyle != 0 {
		return n.ShortTag()
	}
	if at := y.at(n); at.Line > 0 && yamlBareTag.Match(y.doc.Data[y.doc.offset(at):]) {
		return "!"
	}
	return ""
}
