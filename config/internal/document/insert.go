package document

import (
	"bytes"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// Editor adds values to the text of a document that has been decoded. The rest of the text
// stays the same, with comments, order and indentation. Each method returns the whole new text. ok is
// false if the editor does not know the notation. Callers should decode the result: the
// editor looks only at the text around a value.
type Editor struct {
	doc    *Document
	data   []byte
	format format
}

// format is the syntax of a file format.
type format struct {
	assign   string // between a key and its value
	quoteKey bool
	comments bool
	plain    bool // text may be without quotes
}

var formats = map[string]format{
	".yaml": {assign: ": ", comments: true, plain: true},
	".yml":  {assign: ": ", comments: true, plain: true},
	".json": {assign: ": ", quoteKey: true},
	".toml": {assign: " = ", comments: true},
}

// NewEditor returns an editor for a document. The extension of name is the one that the
// document was decoded with.
func NewEditor(d *Document, name string) *Editor {
	d.index()
	return &Editor{doc: d, data: d.Data, format: formats[path.Ext(name)]}
}

// Append adds entries to the end of a list, which is the value of the key at a position.
func (e *Editor) Append(list *Node, key Pos, entries []string) (text []byte, ok bool) {
	if len(list.Items) == 0 {
		at, ok := e.emptyList(list, key)
		if !ok {
			return nil, false
		}
		return e.insert(at, strings.Join(e.quoteAll(entries, '"'), ", ")), true
	}
	last := list.Items[len(list.Items)-1]
	if last.Pos.Line == 0 || last.Kind == List || last.Kind == Table {
		return nil, false
	}
	begin := e.doc.offset(last.Pos)
	quoted := e.quoteAll(entries, e.data[begin])
	if e.isBlock(list) {
		prefix := e.linePrefix(begin)
		end, ok := e.scalarEnd(begin, false)
		if !ok || !blockItem.MatchString(prefix) {
			return nil, false
		}
		return e.insertLines(end, prefix, quoted, ""), true
	}
	end, ok := e.scalarEnd(begin, true)
	if !ok {
		return nil, false
	}
	return e.appendFlow(begin, end, quoted), true
}

// blockItem matches what a line of a list in YAML has in front of its entry.
var blockItem = regexp.MustCompile(`^\s*-\s+$`)

// isBlock reports whether each entry of a list has a line that begins with a dash.
func (e *Editor) isBlock(list *Node) bool {
	return e.format.plain && list.Pos.Line > 0 && e.byteAt(e.doc.offset(list.Pos)) == '-'
}

// appendFlow adds entries to a list in brackets, after the last entry from begin to end. If
// entries have lines of their own, new entries have too.
func (e *Editor) appendFlow(begin, end int, quoted []string) []byte {
	inline := func() []byte { return e.insert(end, ", "+strings.Join(quoted, ", ")) }
	prefix := e.linePrefix(begin)
	if strings.TrimSpace(prefix) != "" {
		return inline()
	}
	rest := strings.TrimSpace(string(e.data[end:e.lineEnd(end)]))
	rest, comma := strings.CutPrefix(rest, ",")
	if rest = strings.TrimSpace(rest); rest != "" && !(e.format.comments && rest[0] == '#') {
		return inline()
	}
	for i := range quoted {
		if comma || i < len(quoted)-1 {
			quoted[i] += ","
		}
	}
	if comma {
		return e.insertLines(end, prefix, quoted, "")
	}
	return e.insertLines(end, prefix, quoted, ",")
}

// emptyList returns the offset after the opening bracket of an empty list.
func (e *Editor) emptyList(list *Node, key Pos) (at int, ok bool) {
	if list.Pos.Line > 0 {
		at = e.doc.offset(list.Pos)
	} else { // TOML: the parser does not report the bracket
		at = e.doc.offset(key)
		i := bytes.IndexByte(e.data[at:e.lineEnd(at)], '=')
		if i < 0 {
			return 0, false
		}
		for at += i + 1; e.byteAt(at) == ' ' || e.byteAt(at) == '\t'; at++ {
		}
	}
	return at + 1, e.byteAt(at) == '['
}

// Put adds a key with a value, which is true or a list, to a table. The key goes after the last
// of the keys in after or, if the table has none of them, at the end.
func (e *Editor) Put(table *Node, key string, entries []string, after []string) (text []byte, ok bool) {
	value := "true"
	if entries != nil {
		value = "[" + strings.Join(e.quoteAll(entries, '"'), ", ") + "]"
	}
	if e.format.quoteKey {
		key = strconv.Quote(key)
	}
	line := key + e.format.assign + value
	if table.Pos.Line == 0 {
		return nil, false
	}
	begin := e.doc.offset(table.Pos)
	flow := e.byteAt(begin) == '{'
	if len(table.Pairs) == 0 {
		if flow {
			return e.insert(begin+1, line), true
		}
		return e.insertLines(begin, "", []string{line}, ""), e.format.assign == " = " // after the header of a table in TOML
	}
	pair := table.Pairs[len(table.Pairs)-1]
	for _, p := range table.Pairs {
		for _, k := range after {
			if p.Key == k {
				pair = p
			}
		}
	}
	at := e.doc.offset(pair.Pos)
	end, ok := e.valueEnd(pair, flow)
	prefix := e.linePrefix(at)
	own := strings.TrimSpace(prefix) == ""
	switch {
	case !ok:
		return nil, false
	case flow && own:
		return e.insert(end, ","+e.newline(end)+prefix+line), true
	case flow:
		return e.insert(end, ", "+line), true
	case own, e.format.assign == " = " && !strings.ContainsAny(prefix, "{=\"'"): // dotted keys
		return e.insertLines(end, prefix, []string{line}, ""), true
	}
	return nil, false
}

// SetTrue replaces false by true.
func (e *Editor) SetTrue(value *Node) (text []byte, ok bool) {
	if value.Kind != Bool || value.Pos.Line == 0 {
		return nil, false
	}
	const word = "false"
	at := e.doc.offset(value.Pos)
	if at+len(word) > len(e.data) || !strings.EqualFold(string(e.data[at:at+len(word)]), word) {
		return nil, false
	}
	return append(append(bytes.Clone(e.data[:at]), "true"...), e.data[at+len(word):]...), true
}

// valueEnd returns the offset after the value of a pair.
func (e *Editor) valueEnd(p Pair, flow bool) (end int, ok bool) {
	v := p.Value
	switch {
	case v.Kind == List && e.isBlock(v) && len(v.Items) > 0:
		return e.scalarEnd(e.doc.offset(v.Items[len(v.Items)-1].Pos), false)
	case v.Kind == List && len(v.Items) > 0 && v.Items[len(v.Items)-1].Pos.Line > 0:
		end, ok = e.scalarEnd(e.doc.offset(v.Items[len(v.Items)-1].Pos), true)
		return e.closing(end, ok)
	case v.Kind == List:
		return e.closing(e.emptyList(v, p.Pos))
	case v.Kind == Table, v.Pos.Line == 0:
		return 0, false
	}
	return e.scalarEnd(e.doc.offset(v.Pos), flow)
}

// closing returns the offset after the bracket that ends a list whose last entry ends at
// an offset.
func (e *Editor) closing(at int, ok bool) (end int, found bool) {
	for ok && at < len(e.data) {
		switch c := e.data[at]; {
		case c == ']':
			return at + 1, true
		case c == '#' && e.format.comments:
			at = e.lineEnd(at)
		case strings.IndexByte(" \t\r\n,", c) >= 0:
			at++
		default:
			return 0, false
		}
	}
	return 0, false
}

// scalarEnd returns the offset after the scalar at an offset. flow says whether it is in
// brackets or braces.
func (e *Editor) scalarEnd(at int, flow bool) (end int, ok bool) {
	rest := e.data[at:]
	if len(rest) == 0 {
		return 0, false
	}
	switch quote := rest[0]; {
	case strings.IndexByte("&!|>*", quote) >= 0: // in YAML: more than a scalar, or several lines
		return 0, false
	case quote == '"', quote == '\'':
		for i := 1; i < len(rest); i++ {
			switch {
			case rest[i] == '\\' && quote == '"':
				i++
			case rest[i] == quote && quote == '\'' && e.format.plain && i+1 < len(rest) && rest[i+1] == quote:
				i++ // the quote is doubled
			case rest[i] == quote:
				return at + i + 1, true
			}
		}
		return 0, false
	}
	line := string(e.data[at:e.lineEnd(at)])
	stop := len(line)
	for i := range line {
		if flow && strings.IndexByte(",]}", line[i]) >= 0 || i > 0 && line[i] == '#' && (line[i-1] == ' ' || line[i-1] == '\t') {
			stop = i
			break
		}
	}
	line = strings.TrimRight(line[:stop], " \t")
	return at + len(line), line != ""
}

// quoteAll returns texts in the syntax of the document, quoted like a text that begins with the
// byte like.
func (e *Editor) quoteAll(texts []string, like byte) []string {
	quoted := make([]string, len(texts))
	for i, s := range texts {
		switch {
		case like == '\'' && !strings.ContainsAny(s, "'\\") && !e.format.quoteKey:
			quoted[i] = "'" + s + "'"
		case like != '"' && e.format.plain && plainText.MatchString(s) && !plainWord[strings.ToLower(s)]:
			quoted[i] = s
		default:
			quoted[i] = strconv.QuoteToASCII(s)
		}
	}
	return quoted
}

// plainText matches some texts that need no quotes in YAML, if they are not in plainWord.
var plainText = regexp.MustCompile(`^[A-Za-z](?:[A-Za-z0-9._/-]|:[A-Za-z0-9/])*$`)

var plainWord = map[string]bool{
	"null": true, "true": true, "false": true, "yes": true, "no": true, "on": true, "off": true, "y": true, "n": true,
}

// insert returns the text with s inserted at an offset.
func (e *Editor) insert(at int, s string) []byte {
	text := make([]byte, 0, len(e.data)+len(s))
	return append(append(append(text, e.data[:at]...), s...), e.data[at:]...)
}

// insertLines returns the text with lines inserted after the line of an offset, and with comma
// inserted at the offset.
func (e *Editor) insertLines(at int, prefix string, lines []string, comma string) []byte {
	end, text := e.lineEnd(at), comma+string(e.data[at:e.lineEnd(at)])
	for _, line := range lines {
		text += e.newline(at) + prefix + line
	}
	return append(append(bytes.Clone(e.data[:at]), text...), e.data[end:]...)
}

// linePrefix returns the part of a line before an offset.
func (e *Editor) linePrefix(at int) string {
	return string(e.data[bytes.LastIndexByte(e.data[:at], '\n')+1 : at])
}

// lineEnd returns the offset of the end of the line that an offset is in.
func (e *Editor) lineEnd(at int) int {
	end := len(e.data)
	if i := bytes.IndexByte(e.data[at:], '\n'); i >= 0 {
		end = at + i
	}
	if end > at && e.data[end-1] == '\r' {
		end--
	}
	return end
}

// newline returns the line break of the line that an offset is in or, if it is the last,
// that of the first line.
func (e *Editor) newline(at int) string {
	end := e.lineEnd(at)
	if end == len(e.data) {
		end = e.lineEnd(0)
	}
	if bytes.HasPrefix(e.data[end:], []byte("\r\n")) {
		return "\r\n"
	}
	return "\n"
}

func (e *Editor) byteAt(at int) byte {
	if at < len(e.data) {
		return e.data[at]
	}
	return 0
}
