package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

func decodeJSON(d *document) (*node, *Error) {
	// The decoder of tokens below is lenient about the end of the input.
	var whole json.RawMessage
	if err := json.Unmarshal(d.data, &whole); err != nil {
		e := d.fault(pos{}, ReasonSyntax, "not JSON: "+plain(err.Error()))
		var at *json.SyntaxError
		if errors.As(err, &at) {
			// Offset counts the bytes read, with the one that is wrong.
			e.Place = d.place(d.at(max(0, int(at.Offset)-1)), "")
		}
		line := d.line(e.Line)
		switch {
		case strings.Contains(line, "//") && !strings.Contains(line, "://"), strings.Contains(line, "/*"):
			e.Suggestion = "JSON has no comments; use YAML or TOML for them"
		case strings.HasPrefix(err.Error(), `invalid character '\''`):
			e.Suggestion = "JSON has double quotes"
		case strings.HasPrefix(err.Error(), "invalid character '}' looking for beginning of object key"), strings.Contains(err.Error(), "']' looking for"):
			e.Suggestion = "is there a comma too many before it?"
		}
		return nil, e
	}
	t := jsonTree{doc: d, dec: json.NewDecoder(bytes.NewReader(d.data))}
	t.dec.UseNumber()
	root, err := t.value(0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, d.fault(d.at(int(t.dec.InputOffset())), ReasonSyntax, plain(err.Error()))
	}
	return root, nil
}

// jsonTree turns JSON's tokens into nodes. Its input is valid JSON.
type jsonTree struct {
	doc *document
	dec *json.Decoder
}

var errDepth = errors.New("values nest too deeply")

// token returns the next token and where it begins.
func (t *jsonTree) token() (json.Token, pos, error) {
	offset := int(t.dec.InputOffset())
	for offset < len(t.doc.data) && strings.IndexByte(" \t\r\n,:", t.doc.data[offset]) >= 0 {
		offset++
	}
	token, err := t.dec.Token()
	return token, t.doc.at(offset), err
}

func (t *jsonTree) value(depth int) (*node, error) {
	token, at, err := t.token()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, errDepth
	}
	n := &node{pos: at}
	switch v := token.(type) {
	case json.Delim:
		n.kind = listNode
		if v == '{' {
			n.kind = tableNode
		}
		for t.dec.More() {
			if n.kind == listNode {
				item, err := t.value(depth + 1)
				if err != nil {
					return nil, err
				}
				n.items = append(n.items, item)
				continue
			}
			key, at, err := t.token()
			if err != nil {
				return nil, err
			}
			value, err := t.value(depth + 1)
			if err != nil {
				return nil, err
			}
			name, _ := key.(string)
			n.pairs = append(n.pairs, pair{name, at, value})
		}
		_, err = t.dec.Token() // the closing bracket
	case bool:
		n.kind, n.text = boolNode, "false"
		if v {
			n.text = "true"
		}
	case json.Number:
		n.kind, n.text = intNode, v.String()
		if strings.ContainsAny(n.text, ".eE") {
			n.kind = floatNode
		}
	case string:
		n.kind, n.text = textNode, v
	}
	return n, err
}
