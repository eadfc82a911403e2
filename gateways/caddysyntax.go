package gateways

import (
	"strings"
)

// parseCaddy parses a Caddyfile into directives: a line is a directive, and "{" at its end opens a
// block (https://caddyserver.com/docs/caddyfile/concepts).
func parseCaddy(text []byte) ([]*directive, *syntaxFault) {
	g := grammar{smaller: "import only the site that handles CORS", continued: "\\\n", word: caddyWord, directive: caddyDirective}
	return g.parse(text)
}

// caddyDirective reads a line, and its block.
func caddyDirective(p *parser, depth int) (*directive, *syntaxFault) {
	d := &directive{name: p.words[p.at]}
	if !d.name.is("{") { // a block of global options has no name
		p.at++
	}
	goesOn := func() bool { return p.more() && p.words[p.at].line == d.name.line }
	for goesOn() && !p.sees("{") && !p.sees("}") {
		d.args = append(d.args, p.words[p.at])
		p.at++
	}
	if goesOn() && p.sees("{") {
		return d, p.open(d, depth)
	}
	return d, nil
}

// caddyWord reads the word that begins at i.
func caddyWord(s string, i int) (w word, end int, fault *syntaxFault) {
	if strings.HasPrefix(s[i:], "<<") {
		return w, i, &syntaxFault{problem: "a heredoc", fix: "write the text in quotes"}
	}
	mark := s[i]
	if mark != '"' && mark != '`' {
		for end = i; end < len(s) && strings.IndexByte(" \t\r\n", s[end]) < 0; end++ {
		}
		w.text = s[i:end]
		return w, end, nil
	}
	w.quoted = true
	var b strings.Builder
	for j := i + 1; j < len(s); j++ {
		switch {
		case s[j] == mark:
			w.text = b.String()
			return w, j + 1, nil
		case mark == '"' && s[j] == '\\' && j+1 < len(s) && s[j+1] == '"':
			j++
			b.WriteByte('"')
		default:
			b.WriteByte(s[j])
		}
	}
	return w, len(s), openQuotation()
}
