package gateways

import (
	"strings"
)

// Bounds of files of servers.
const (
	maxServerFile  = 1 << 20 // bytes
	maxServerDepth = 16      // nested blocks
	maxServerWords = 200_000
)

// word is a word of a file of nginx, HAProxy or Caddy.
type word struct {
	text   string
	quoted bool
	line   int
}

func (w word) is(mark string) bool { return !w.quoted && w.text == mark }

// directive is a directive of nginx or Caddy, with its words after the name, and its block.
type directive struct {
	name  word
	args  []word
	block []*directive
	open  bool // it has a block, which may be empty
}

// argument returns the text of an argument, or "" if there is none.
func (d *directive) argument(i int) string {
	if i < len(d.args) {
		return d.args[i].text
	}
	return ""
}

// syntaxFault is why a file cannot be read.
type syntaxFault struct {
	line    int
	problem string
	fix     string
}

func (f *syntaxFault) Error() string { return f.problem }

// grammar is what the syntax of nginx and that of Caddy have in common: words, comments, and
// directives with blocks in braces.
type grammar struct {
	smaller   string // the advice for files that are too large
	continued string // continues a line; empty if nothing does
	// word reads the word that begins at i, and returns where it ends.
	word func(s string, i int) (w word, end int, fault *syntaxFault)
	// directive reads the next directive, and its block with parser.open.
	directive func(p *parser, depth int) (*directive, *syntaxFault)
}

// parse parses a file into directives.
func (g *grammar) parse(text []byte) ([]*directive, *syntaxFault) {
	if len(text) > maxServerFile {
		return nil, &syntaxFault{0, "the file has more than 1 MiB", g.smaller}
	}
	words, fault := g.split(string(text))
	if fault != nil {
		return nil, fault
	}
	p := parser{grammar: g, words: words}
	list, fault := p.block(0)
	if fault == nil && p.more() {
		fault = &syntaxFault{p.words[p.at].line, `a "}" without "{"`, "remove it"}
	}
	return list, fault
}

// split splits a file into words.
func (g *grammar) split(s string) (words []word, fault *syntaxFault) {
	line := 1
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '\n':
			line++
			i++
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case c == '#':
			for i < len(s) && s[i] != '\n' {
				i++
			}
		case g.continued != "" && strings.HasPrefix(s[i:], g.continued):
			i += len(g.continued) // words keep the number of the line
		default:
			w, end, fault := g.word(s, i)
			if fault != nil {
				fault.line = line
				return nil, fault
			}
			w.line = line
			words = append(words, w)
			line += strings.Count(s[i:end], "\n")
			i = end
		}
		if len(words) > maxServerWords {
			return nil, &syntaxFault{line, "too many words", g.smaller}
		}
	}
	return words, nil
}

// openQuotation returns the fault of a quotation without an end.
func openQuotation() *syntaxFault {
	return &syntaxFault{problem: "a quotation is not closed", fix: "add the closing quotation mark"}
}

// parser parses words into directives.
type parser struct {
	*grammar
	words []word
	at    int
}

// more reports whether there is a word.
func (p *parser) more() bool { return p.at < len(p.words) }

// sees reports whether the next word is a mark.
func (p *parser) sees(mark string) bool { return p.more() && p.words[p.at].is(mark) }

// block parses directives up to "}" or the end of the file.
func (p *parser) block(depth int) (list []*directive, fault *syntaxFault) {
	for p.more() && !p.sees("}") {
		d, fault := p.directive(p, depth)
		if fault != nil {
			return nil, fault
		}
		list = append(list, d)
	}
	return list, nil
}

// open parses the block of a directive, from "{" to "}".
func (p *parser) open(d *directive, depth int) (fault *syntaxFault) {
	if depth == maxServerDepth {
		return &syntaxFault{d.name.line, "blocks are nested too deeply", p.smaller}
	}
	p.at++
	d.open = true
	if d.block, fault = p.block(depth + 1); fault != nil {
		return fault
	}
	if !p.more() {
		return &syntaxFault{d.name.line, "the block of " + quote(d.name.text) + " is not closed", `add the closing "}"`}
	}
	p.at++
	return nil
}
