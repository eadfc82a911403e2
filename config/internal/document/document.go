// Package document parses YAML, JSON and TOML into one tree of values with
// positions, so that faults can name a line and a column.
package document

import (
	"bytes"
	"path"
	"strings"
	"unicode/utf8"

	"github.com/corskit/corskit/reason"
)

// Document is a file that has been read. The zero values of its unexported
// fields are ready for use.
type Document struct {
	Name string // as messages spell it
	Data []byte

	// Section is the path of the part that has the configuration, or empty.
	Section string
	// Loose reports whether text may represent other types, as in a variable.
	Loose bool

	lines []int // the offset at which each line begins; built when needed
	marks []int // the number of characters before each multiple of markEvery
}

// Fault is the reason why a document cannot be parsed.
type Fault struct {
	Pos        Pos // zero if the whole document is at fault
	Reason     reason.Reason
	Detail     string
	Suggestion string // may be empty
}

// maxDepth bounds how deeply values nest. The schema needs four levels.
const maxDepth = 64

// tooDeep is the detail of a fault.
const tooDeep = "values nest too deeply"

// decoders are the parsers by file name extension.
var decoders = map[string]func(*Document) (*Node, *Fault){
	".yaml": decodeYAML,
	".yml":  decodeYAML,
	".json": decodeJSON,
	".toml": decodeTOML,
}

// Decode parses the document. The extension of name selects the format.
func (d *Document) Decode(name string) (root *Node, fault *Fault) {
	decoder, ok := decoders[path.Ext(name)]
	if !ok {
		f := &Fault{Reason: reason.Format, Detail: "unknown file extension", Suggestion: "use .yaml, .yml, .json or .toml"}
		if _, ok := decoders[strings.ToLower(path.Ext(name))]; ok {
			f.Suggestion = "write it in lower case"
		}
		return nil, f
	}
	if f := d.Clean(); f != nil {
		return nil, f
	}
	if len(bytes.TrimSpace(d.Data)) == 0 {
		return nil, &Fault{Reason: reason.Empty, Detail: "an empty file"}
	}
	// A panic in a third-party parser must not end a server that reloads a file.
	defer func() {
		if r := recover(); r != nil {
			root, fault = nil, syntax(Pos{}, "the parser failed on this file")
		}
	}()
	root, fault = decoder(d)
	if fault != nil && fault.Reason == reason.Syntax {
		if at := bytes.Index(d.Data, []byte("{{")); at >= 0 {
			fault = &Fault{Pos: d.at(at), Reason: reason.Syntax, Detail: "a template that was not rendered", Suggestion: NotRendered}
		}
	}
	return root, fault
}

// NotRendered is the suggestion for a template.
const NotRendered = "render it first, for example with helm template"

func syntax(at Pos, detail string) *Fault {
	return &Fault{Pos: at, Reason: reason.Syntax, Detail: detail}
}

func onlyComments() *Fault {
	return &Fault{Reason: reason.Empty, Detail: "nothing but comments"}
}

// oddBreaks are line breaks in YAML that other programs do not treat as such.
var oddBreaks = []string{"\u0085", "\u2028", "\u2029"}

// Clean removes a byte order mark. It returns a fault if the text is not UTF-8 or
// has line breaks that other programs count differently.
func (d *Document) Clean() *Fault {
	d.Data = bytes.TrimPrefix(d.Data, []byte("\ufeff"))
	if at := invalidUTF8(d.Data); at >= 0 {
		return &Fault{Pos: d.at(at), Reason: reason.Encoding, Detail: "not UTF-8", Suggestion: "save the file in UTF-8"}
	}
	if at := oddBreak(d.Data); at >= 0 {
		return &Fault{
			Pos: d.at(at), Reason: reason.Encoding,
			Detail: "a line break that is neither a newline nor CR LF", Suggestion: "end lines with newlines",
		}
	}
	return nil
}

// invalidUTF8 returns the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(data []byte) int {
	if utf8.Valid(data) {
		return -1
	}
	i := 0
	for {
		r, n := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && n <= 1 {
			return i
		}
		i += n
	}
}

// oddBreak returns the offset of a line break that is neither a newline nor CR LF,
// or -1.
func oddBreak(data []byte) int {
	for i, c := range data {
		if c == '\r' && (i+1 == len(data) || data[i+1] != '\n') {
			return i
		}
	}
	at := -1
	for _, b := range oddBreaks {
		if i := bytes.Index(data, []byte(b)); i >= 0 {
			at = i
		}
	}
	return at
}
