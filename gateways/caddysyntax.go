package gateways

import (
	"strings"
)

// parseCaddy parses a Caddyfile into directives: a line is a directive, and "{" at its end opens a
// block (https://caddyserver.com/docs/caddyfile/concepts).
func parseCaddy(text []byte) ([]*directive, *syntaxFault) {
	if len(text) > maxServerFile {
		return nil, &syntaxFault{0, "the file has more than 1 MiB", "import only the site that handles CORS"}
	}
	words, fault := caddyWords(string(text))
	if fault != nil {
		return nil, fault
	}
	p := caddyParser{words: words}
	list, fault := p.block(0)
	if fault == nil && p.at < len(p.words) {
		fault = &syntaxFault{p.words[p.at].line, `a "}" without "{"`, "remove it"}
	}
	return list, fault
}

type caddyParser struct {
	words []word
	at    int
}

// block parses directives up to "}" or the end of the file.
func (p *caddyParser) block(depth int) (list []*directive, fault *syntaxFault) {
	if depth > maxServerDepth {
		return nil, &syntaxFault{p.words[p.at-1].line, "blocks are nested too deeply", "import only the site that handles CORS"}
	}
	for p.at < len(p.words) && !p.words[p.at].is("}") {
		d := &directive{name: p.words[p.at]}
		if !d.name.is("{") { // a block of global options has no name
			p.at++
		}
		for p.at < len(p.words) && p.words[p.at].line == d.name.line && !p.words[p.at].is("{") && !p.words[p.at].is("}") {
			d.args = append(d.args, p.words[p.at])
			p.at++
		}
		if p.at < len(p.words) && p.words[p.at].line == d.name.line && p.words[p.at].is("{") {
			p.at++
			d.open = true
			if d.block, fault = p.block(depth + 1); fault != nil {
				return nil, fault
			}
			if p.at == len(p.words) {
				return nil, &syntaxFault{d.name.line, "a block is not closed", `add the closing "}"`}
			}
			p.at++
		}
		list = append(list, d)
	}
	return list, nil
}

// caddyWords splits a Caddyfile into words.
func caddyWords(s string) (words []word, fault *syntaxFault) {
	line := 1
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case c == '\n':
			line++
			i++
		case c == ' ' || c == '\t' || c == '\r':
			i++
		case c == '\\' && i+1 < len(s) && s[i+1] == '\n':
			i += 2 // the line goes on; words keep its number
		case c == '#':
			for i < len(s) && s[i] != '\n' {
				i++
			}
		case strings.HasPrefix(s[i:], "<<"):
			return nil, &syntaxFault{line, "a heredoc", "write the text in quotes"}
		default:
			w, end, ok := caddyWord(s, i, line)
			if !ok {
				return nil, &syntaxFault{line, "a quotation is not closed", "add the closing quotation mark"}
			}
			words = append(words, w)
			line += strings.Count(s[i:end], "\n")
			i = end
		}
		if len(words) > maxServerWords {
			return nil, &syntaxFault{line, "too many words", "import only the site that handles CORS"}
		}
	}
	return words, nil
}

// caddyWord reads the word that begins at i.
func caddyWord(s string, i, line int) (w word, end int, ok bool) {
	w.line = line
	mark := s[i]
	if mark != '"' && mark != '`' {
		for end = i; end < len(s) && strings.IndexByte(" \t\r\n", s[end]) < 0; end++ {
		}
		w.text = s[i:end]
		return w, end, true
	}
	w.quoted = true
	var b strings.Builder
	for j := i + 1; j < len(s); j++ {
		switch {
		case s[j] == mark:
			w.text = b.String()
			return w, j + 1, true
		case mark == '"' && s[j] == '\\' && j+1 < len(s) && s[j+1] == '"':
			j++
			b.WriteByte('"')
		default:
			b.WriteByte(s[j])
		}
	}
	return w, len(s), false
}
