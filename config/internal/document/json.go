package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/corskit/corskit/config/internal/wording"
)

// DecodeJSON parses the value of a variable.
func DecodeJSON(data []byte) (*Node, *Fault) {
	return decodeJSON(&Document{Data: data})
}

func decodeJSON(d *Document) (*Node, *Fault) {
	// The token decoder below accepts trailing data, so check the whole text first.
	var whole json.RawMessage
	if err := json.Unmarshal(d.Data, &whole); err != nil {
		return nil, jsonFault(d, err)
	}
	t := jsonTree{doc: d, dec: json.NewDecoder(bytes.NewReader(d.Data))}
	t.dec.UseNumber()
	root, err := t.value(0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, syntax(d.at(int(t.dec.InputOffset())), wording.Foreign(err.Error()))
	}
	return root, nil
}

func jsonFault(d *Document, err error) *Fault {
	message := err.Error()
	f := syntax(Pos{}, "not JSON: "+wording.Foreign(message))
	var at *json.SyntaxError
	if errors.As(err, &at) {
		// Offset is the number of bytes read, including the invalid one.
		f.Pos = d.at(max(0, int(at.Offset)-1))
	}
	line := d.line(f.Pos.Line)
	switch {
	case strings.Contains(line, "//") && !strings.Contains(line, "://"), strings.Contains(line, "/*"):
		f.Suggestion = "JSON has no comments; use YAML or TOML for them"
	case strings.HasPrefix(message, `invalid character '\''`):
		f.Suggestion = "use double quotes in JSON"
	case strings.HasPrefix(message, "invalid character '}' looking for beginning of object key"),
		strings.Contains(message, "']' looking for"):
		f.Suggestion = "is there an extra comma before it?"
	}
	return f
}

// jsonTree turns the tokens of valid JSON into nodes.
type jsonTree struct {
	doc *Document
	dec *json.Decoder
}

var errDepth = errors.New(tooDeep)

// token returns the next token and its position.
func (t *jsonTree) token() (json.Token, Pos, error) {
	offset := int(t.dec.InputOffset())
	for offset < len(t.doc.Data) && strings.IndexByte(" \t\r\n,:", t.doc.Data[offset]) >= 0 {
		offset++
	}
	token, err := t.dec.Token()
	return token, t.doc.at(offset), err
}

func (t *jsonTree) value(depth int) (*Node, error) {
	token, at, err := t.token()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, errDepth
	}
	n := &Node{Pos: at}
	switch v := token.(type) {
	case json.Delim:
		if v == '{' {
			n.Kind = Table
			err = t.pairs(n, depth)
		} else {
			n.Kind = List
			err = t.items(n, depth)
		}
	case bool:
		n.Kind, n.Text = Bool, "false"
		if v {
			n.Text = "true"
		}
	case json.Number:
		n.Kind, n.Text = Int, v.String()
		if strings.ContainsAny(n.Text, ".eE") {
			n.Kind = Float
		}
	case string:
		n.Kind, n.Text = Text, v
	}
	return n, err
}

func (t *jsonTree) items(n *Node, depth int) error {
	for t.dec.More() {
		item, err := t.value(depth + 1)
		if err != nil {
			return err
		}
		n.Items = append(n.Items, item)
	}
	_, err := t.dec.Token() // the closing bracket
	return err
}

func (t *jsonTree) pairs(n *Node, depth int) error {
	for t.dec.More() {
		key, at, err := t.token()
		if err != nil {
			return err
		}
		value, err := t.value(depth + 1)
		if err != nil {
			return err
		}
		name, _ := key.(string)
		n.Pairs = append(n.Pairs, Pair{Key: name, Pos: at, Value: value})
	}
	_, err := t.dec.Token() // the closing brace
	return err
}
