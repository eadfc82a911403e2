package config

import (
	"bytes"
	"path"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is the type of a value in a file, whatever the format.
type kind uint8

const (
	nullNode kind = iota
	boolNode
	intNode
	floatNode
	timeNode
	textNode
	listNode
	tableNode
	oddNode // a YAML value with a tag of its own
)

// String says what a value is, as messages put it.
func (k kind) String() string {
	return [...]string{"no value", "true or false", "a number", "a number", "a date or time",
		"text", "a list", "a table", "a value with a tag"}[k]
}

// pos is a position in a file, in characters, from 1. Zero: not known.
type pos struct{ line, column int }

// node is a value of a file: what the three formats have in common, with
// positions, the order of keys, and keys that are set twice.
type node struct {
	kind  kind
	text  string // of a scalar
	pos   pos
	items []*node
	pairs []pair
}

type pair struct {
	key   string
	pos   pos
	value *node
}

// document is a file that has been read.
type document struct {
	name  string // as messages spell it
	data  []byte
	lines []int // the offset at which each line begins; built when needed
	marks []int // how many characters begin before each multiple of markEvery
}

// markEvery is how many bytes lie between two marks. A file can be a single line
// of a megabyte, and there can be something to say about every part of it.
const markEvery = 256

// maxDepth bounds how deeply values nest. The schema needs four levels.
const maxDepth = 64

// decoders are the formats, by the ending of a file's name.
var decoders = map[string]func(*document) (*node, *Error){
	".yaml": decodeYAML,
	".yml":  decodeYAML,
	".json": decodeJSON,
	".toml": decodeTOML,
}

// decode parses the document in the format that the ending of name tells.
func (d *document) decode(name string) (root *node, fault *Error) {
	decoder, ok := decoders[path.Ext(name)]
	if !ok {
		e := d.fault(pos{}, ReasonFormat, "not a format known by its ending")
		e.Suggestion = "name it .yaml, .yml, .json or .toml"
		if _, ok := decoders[strings.ToLower(path.Ext(name))]; ok {
			e.Suggestion = "write the ending in lower case"
		}
		return nil, e
	}
	if e := d.clean(); e != nil {
		return nil, e
	}
	if len(bytes.TrimSpace(d.data)) == 0 {
		return nil, d.fault(pos{}, ReasonEmpty, "an empty file")
	}
	// The parsers are other people's: a fault of theirs must not take down the
	// process of somebody who saves a file.
	defer func() {
		if r := recover(); r != nil {
			root, fault = nil, d.fault(pos{}, ReasonSyntax, "the parser gave up on this file")
		}
	}()
	return decoder(d)
}

// oddBreaks are line breaks to YAML and to nothing else that shows the file.
var oddBreaks = []string{"\u0085", "\u2028", "\u2029"}

// clean drops a byte order mark, and reports text that is not UTF-8 or whose
// lines would be counted differently by different programs.
func (d *document) clean() *Error {
	d.data = bytes.TrimPrefix(d.data, []byte("\ufeff"))
	if !utf8.Valid(d.data) {
		i := 0
		for i < len(d.data) {
			r, n := utf8.DecodeRune(d.data[i:])
			if r == utf8.RuneError && n <= 1 {
				break
			}
			i += n
		}
		e := d.fault(d.at(i), ReasonEncoding, "not UTF-8")
		e.Suggestion = "save the file in UTF-8"
		return e
	}
	at := -1
	for _, b := range oddBreaks {
		if i := bytes.Index(d.data, []byte(b)); i >= 0 {
			at = i
		}
	}
	for i, c := range d.data {
		if c == '\r' && (i+1 == len(d.data) || d.data[i+1] != '\n') {
			at = i
			break
		}
	}
	if at < 0 {
		return nil
	}
	e := d.fault(d.at(at), ReasonEncoding, "a line break that is neither a newline nor CR LF")
	e.Suggestion = "end lines with newlines"
	return e
}

func (d *document) fault(p pos, reason Reason, detail string) *Error {
	return &Error{Place: d.place(p, ""), Reason: reason, Detail: detail}
}

func (d *document) index() {
	if d.lines != nil {
		return
	}
	d.lines = []int{0}
	n := 0
	for i, c := range d.data {
		if i%markEvery == 0 {
			d.marks = append(d.marks, n)
		}
		if utf8.RuneStart(c) {
			n++
		}
		if c == '\n' {
			d.lines = append(d.lines, i+1)
		}
	}
}

// characters counts those that begin before an offset.
func (d *document) characters(offset int) int {
	if offset <= 0 || len(d.marks) == 0 {
		return 0
	}
	mark := min(offset/markEvery, len(d.marks)-1)
	n := d.marks[mark]
	for _, c := range d.data[mark*markEvery : min(offset, len(d.data))] {
		if utf8.RuneStart(c) {
			n++
		}
	}
	return n
}

// at returns the position of a byte offset.
func (d *document) at(offset int) pos {
	d.index()
	line := sort.SearchInts(d.lines, offset+1)
	return pos{line, d.characters(offset) - d.characters(d.lines[line-1]) + 1}
}

// offset returns the byte offset of a position, which is in its line.
func (d *document) offset(p pos) int {
	begin, end := d.span(p.line)
	before := d.characters(begin) + p.column - 1
	mark := max(0, sort.SearchInts(d.marks, before+1)-1)
	at := d.runeStart(mark*markEvery, end)
	for n := before - d.characters(at); n > 0 && at < end; n-- {
		_, size := utf8.DecodeRune(d.data[at:end])
		at += size
	}
	return max(begin, min(at, end))
}

// runeStart returns the first offset, of those before end, at which a character
// begins. In what is not UTF-8 there may be none.
func (d *document) runeStart(offset, end int) int {
	for offset < end && !utf8.RuneStart(d.data[offset]) {
		offset++
	}
	return offset
}

// span returns the offsets at which a line begins and ends, its end left out.
func (d *document) span(n int) (begin, end int) {
	d.index()
	if n < 1 || n > len(d.lines) {
		return 0, 0
	}
	begin, end = d.lines[n-1], len(d.data)
	if n < len(d.lines) {
		end = d.lines[n] - 1
	}
	if end > begin && d.data[end-1] == '\r' {
		end--
	}
	return begin, end
}

// line returns the text of a line, without its end.
func (d *document) line(n int) string {
	begin, end := d.span(n)
	return string(d.data[begin:end])
}

// place returns the place of a key at a position.
func (d *document) place(p pos, key string) Place {
	place := Place{File: d.name, Line: p.line, Column: p.column, Key: key}
	begin, end := d.span(p.line)
	if p.column <= 0 {
		place.Excerpt = excerptAt(string(d.data[begin:min(end, begin+excerptBytes)]), -1)
		return place
	}
	// What is shown lies around the column; the line can be long.
	at := d.offset(p)
	from, to := begin, min(end, at+excerptBytes)
	if at-begin > excerptBytes {
		from = d.runeStart(at-excerptBytes, at)
	}
	place.Excerpt = excerptAt(string(d.data[from:to]), at-from)
	return place
}

// Bounds of an excerpt, in characters, and in bytes on either side of what is
// underlined: more than can be shown.
const (
	excerptBefore = 60
	excerptLen    = 160
	excerptBytes  = 4 * (excerptLen + 1)
)

// excerpt returns the part of a line around a column, with the token that
// begins there to be underlined.
func excerpt(line string, column int) Excerpt {
	if column <= 0 {
		return excerptAt(line[:min(len(line), excerptBytes)], -1)
	}
	at := 0
	for n := column - 1; n > 0 && at < len(line); n-- {
		_, size := utf8.DecodeRuneInString(line[at:])
		at += size
	}
	from := at
	for n := 0; from > 0 && n < excerptLen; n++ {
		_, size := utf8.DecodeLastRuneInString(line[:from])
		from -= size
	}
	return excerptAt(line[from:min(len(line), at+excerptBytes)], at-from)
}

// excerptAt returns the part of a line around an offset, with the token that
// begins there to be underlined. Nothing is if the offset is negative.
func excerptAt(line string, at int) Excerpt {
	text := []rune(line)
	start, width := 0, 0
	if at >= 0 {
		start = utf8.RuneCountInString(line[:at])
		width = tokenWidth(text[start:])
	}
	if from := start - excerptBefore; from > 0 && len(text) > excerptLen {
		text, start = text[from:], start-from
	}
	text = text[:min(len(text), excerptLen)]
	for i, r := range text {
		switch {
		case r == '\t':
			text[i] = ' '
		case !unicode.IsPrint(r):
			text[i] = utf8.RuneError
		}
	}
	return Excerpt{Text: string(text), Start: start, Width: max(0, min(width, len(text)-start))}
}

// tokenWidth returns the length of the key or value that text begins with: what
// is in quotes, or else what no format lets a bare word hold.
func tokenWidth(text []rune) int {
	if len(text) == 0 {
		return 0
	}
	if q := text[0]; q == '"' || q == '\'' {
		for i := 1; i < len(text); i++ {
			switch {
			case text[i] == '\\' && q == '"':
				i++
			case text[i] == q:
				return i + 1
			}
		}
		return len(text)
	}
	n := 1
	for n < len(text) && !unicode.IsSpace(text[n]) && !strings.ContainsRune(",]}=", text[n]) {
		if text[n] == ':' && (n+1 == len(text) || unicode.IsSpace(text[n+1])) {
			break
		}
		n++
	}
	return n
}
