package gateways

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// textEntry is a text of a file, with its line.
type textEntry struct {
	text string
	line int
}

func textsOf(list []textEntry) (all []string) {
	for _, e := range list {
		all = append(all, e.text)
	}
	return all
}

// lineOf returns the line of the first entry, or container if the list is empty.
func lineOf(list []textEntry, container int) int {
	if len(list) > 0 {
		return list[0].line
	}
	return container
}

// reading reads the values of a file strictly, and collects their faults.
type reading struct{ fileFaults }

func newReading(source string) *reading { return &reading{fileFaults{source: source}} }

// fail adds the errors of a reading to the draft.
func (d *importDraft) fail(err error) {
	for e := range Errors[*ImportError](err) {
		d.faults = append(d.faults, e)
	}
}

const fixSyntax = "write the file as the documentation of the gateway shows it"

// tree returns the only document of a file in YAML or JSON.
func (r *reading) tree(text []byte) textTree {
	list, err := parseTrees(text)
	switch {
	case err != nil:
		r.fault(0, "", "not YAML or JSON: "+quote(err.Error()), fixSyntax)
	case len(list) != 1:
		r.fault(0, "", "the file has several documents", "import one document at a time")
	case !list[0].IsMap() && !list[0].IsList():
		r.fault(0, "", "the file has neither keys nor a list", fixSyntax)
	default:
		return list[0]
	}
	return textTree{}
}

// known reports keys of a map that are not among the given ones.
func (r *reading) known(t textTree, keys ...string) {
	for _, p := range t.Unknown(keys...) {
		problem := "the key is not one of " + strings.Join(keys, ", ")
		if slices.Contains(keys, p.Key) {
			problem = "the key is set twice"
		}
		r.fault(p.Line, p.Key, problem, "remove it")
	}
}

func (r *reading) object(t textTree, name string) textTree {
	if t.Exists() && !t.IsMap() {
		r.fault(t.Line(), name, "is not a map", fixSyntax)
	}
	return t
}

// maxListed bounds a list.
const maxListed = 5000

// list returns the entries of a list of texts. It is nil if the list is absent.
func (r *reading) list(t textTree, name string) []textEntry {
	if !t.Exists() {
		return nil
	}
	if !t.IsList() {
		r.fault(t.Line(), name, "is not a list", "write a list of texts")
		return nil
	}
	list := []textEntry{}
	if n := len(t.List()); n > maxListed {
		r.fault(t.Line(), name, fmt.Sprintf("has %d entries, more than %d", n, maxListed), "use patterns to shorten the list")
		return list
	}
	for _, e := range t.List() {
		if !e.IsText() || e.target().ShortTag() != "!!str" {
			r.fault(e.Line(), name, "has an entry that is not text", "write the entry in quotes")
			continue
		}
		list = append(list, textEntry{e.Text(), e.Line()})
	}
	return list
}

// text returns a text, or a default if it is absent.
func (r *reading) text(t textTree, name, absent string) string {
	if !t.Exists() {
		return absent
	}
	if !t.IsText() || t.target().ShortTag() != "!!str" {
		r.fault(t.Line(), name, "is not text", "write a text in quotes")
	}
	return t.Text()
}

// bool returns a boolean, or a default if it is absent.
func (r *reading) bool(t textTree, name string, absent bool) bool {
	if !t.Exists() {
		return absent
	}
	value, ok := t.Bool()
	if !ok {
		r.fault(t.Line(), name, "is neither true nor false", "write true or false, without quotes")
	}
	return value
}

// maxSeconds bounds ages that are read.
const maxSeconds = 1<<31 - 1

// maxExpressions bounds the regular expressions of a file, because each takes time to compare.
const maxExpressions = 200

// fewExpressions reports too many regular expressions.
func (r *reading) fewExpressions(list []textEntry) {
	if len(list) > maxExpressions {
		r.fault(list[maxExpressions].line, "", fmt.Sprintf("the file has more than %d expressions", maxExpressions),
			"list the origins, or import a part of them")
	}
}

// lineAt returns the line of a key of a map, or the line of the map if it lacks the key.
func lineAt(t textTree, key string) int {
	if v := t.Get(key); v.Exists() {
		return v.Line()
	}
	return t.Line()
}

// methods reports methods that no browser sends.
func (r *reading) methods(list []textEntry) {
	r.tokens(list)
	for _, e := range list {
		if m := browsermodel.NormalizeMethod(e.text); m != e.text {
			r.fault(e.line, e.text, "browsers send "+m+", which this spelling does not match", "write "+m)
		}
	}
}

// tokens reports entries that are not names of methods or headers. Browsers refuse the whole list
// because of such an entry.
func (r *reading) tokens(list []textEntry) {
	for _, e := range list {
		if !isToken(e.text) {
			r.fault(e.line, e.text, "is not the name of a method or header, so browsers refuse the whole list", "correct it, or remove it")
		}
	}
}

// seconds returns an age, or nil if it is absent.
func (r *reading) seconds(t textTree, name string) *int {
	if !t.Exists() {
		return nil
	}
	value, ok := t.Int()
	if !ok || value > maxSeconds || value < -1 {
		r.fault(t.Line(), name, "is not a number of seconds", "write a whole number that is not negative")
		return nil
	}
	return &value
}

// xml returns an XML document as a tree: an element that contains elements is a map, in which keys
// may repeat, and any other element is a text.
func (r *reading) xml(text []byte) (root string, t textTree) {
	x := &xmlReading{reading: r, decoder: xml.NewDecoder(bytes.NewReader(text))}
	if len(text) > maxText {
		r.fault(0, "", "the file is larger than 1 MiB", "import a smaller part")
		return "", textTree{}
	}
	for {
		token := x.next()
		switch token := token.(type) {
		case nil:
			if t.node == nil && len(r.faults) == 0 {
				r.fault(0, "", "the file has no element", fixSyntax)
			}
			return root, t
		case xml.StartElement:
			if t.node != nil {
				r.fault(x.line(), token.Name.Local, "the file has several documents", "import one document at a time")
				return root, t
			}
			root, t = token.Name.Local, textTree{node: x.element(0)}
		case xml.CharData:
			if len(bytes.TrimSpace(token)) > 0 {
				r.fault(x.line(), "", "the file has text outside of elements", fixSyntax)
				return root, textTree{}
			}
		}
	}
}

type xmlReading struct {
	*reading
	decoder *xml.Decoder
	nodes   int
}

func (x *xmlReading) line() int {
	line, _ := x.decoder.InputPos()
	return line
}

// next returns the next token, or nil at the end of the file or after an error.
func (x *xmlReading) next() xml.Token {
	token, err := x.decoder.Token()
	if err != nil {
		if !errors.Is(err, io.EOF) {
			x.fault(x.line(), "", "not XML: "+quote(err.Error()), fixSyntax)
		}
		return nil
	}
	return token
}

// Bounds of XML files.
const (
	maxElements = 100_000
	maxNesting  = 20
)

func (x *xmlReading) element(depth int) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Line: x.line()}
	if x.nodes++; x.nodes > maxElements || depth > maxNesting {
		x.fault(n.Line, "", "the file has too many elements, or nests them too deeply", "import a smaller part")
		return n
	}
	for {
		switch token := x.next().(type) {
		case nil, xml.EndElement:
			n.Value = strings.TrimSpace(n.Value)
			if n.Kind == yaml.MappingNode && n.Value != "" {
				x.fault(n.Line, n.Value, "the file has text between elements", fixSyntax)
			}
			return n
		case xml.StartElement:
			n.Kind, n.Tag = yaml.MappingNode, "!!map"
			key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: token.Name.Local, Line: x.line()}
			n.Content = append(n.Content, key, x.element(depth+1))
			if len(x.faults) > 0 {
				return n
			}
		case xml.CharData:
			n.Value += string(token)
		}
	}
}

// all returns the texts of the elements with the given name.
func (r *reading) all(t textTree, name string) (list []textEntry) {
	for _, p := range t.Pairs() {
		if p.Key == name {
			if !p.Value.IsText() {
				r.fault(p.Line, name, "has elements", fixSyntax)
			}
			list = append(list, textEntry{p.Value.Text(), p.Line})
		}
	}
	return list
}

// firstLine returns the first line of a request field. Most gateways read only that one.
func firstLine(lines []string) (value string, ok bool) {
	if len(lines) == 0 {
		return "", false
	}
	return lines[0], true
}

// send adds a field to an answer.
func (a *Answer) send(name, value string) { a.Header = append(a.Header, field(name, value)) }

// isPreflight reports whether a request is a preflight, by the definition of the Fetch Standard and
// most gateways.
func isPreflight(r core.Request) bool {
	return r.Method == "OPTIONS" && len(r.Origin) > 0 && len(r.AccessControlRequestMethod) > 0
}

// origins returns the entries of a list that browsers can send as origins. The others match
// nothing.
func origins(list ...string) (valid []string) {
	for _, o := range list {
		if core.IsOrigin(o) || o == "null" {
			valid = append(valid, o)
		}
	}
	return valid
}

// safelisted reports whether scripts may read a response header that is not exposed.
func safelisted(name string) bool {
	return len(browsermodel.Readable(browsermodel.Header(name, "x"), true)) > 0
}
