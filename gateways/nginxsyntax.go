package gateways

import (
	"strings"
)

// Bounds of files of servers.
const (
	maxServerFile  = 1 << 20 // bytes
	maxServerDepth = 16      // blocks in blocks
	maxServerWords = 200_000
)

// word is a word of a file of nginx, HAProxy or Caddy.
type word struct {
	text   string
	quoted bool
	line   int
}

// directive is a directive with its name, the words after it, and its block.
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

// syntaxFault is the reason why a file cannot be read.
type syntaxFault struct {
	line    int
	problem string
	fix     string
}

func (f *syntaxFault) Error() string { return f.problem }

// parseNginx parses a file of nginx (ngx_conf_file.c, ngx_conf_read_token).
func parseNginx(text []byte) ([]*directive, *syntaxFault) {
	words, fault := nginxWords(text)
	if fault != nil {
		return nil, fault
	}
	p := nginxParser{words: words}
	list, fault := p.block(0)
	if fault == nil && p.at < len(p.words) {
		fault = &syntaxFault{p.words[p.at].line, `a "}" without "{"`, "remove it"}
	}
	return list, fault
}

type nginxParser struct {
	words []word
	at    int
}

func (w word) is(mark string) bool { return !w.quoted && w.text == mark }

// block parses directives up to "}" or the end of the file.
func (p *nginxParser) block(depth int) (list []*directive, fault *syntaxFault) {
	for p.at < len(p.words) && !p.words[p.at].is("}") {
		d := &directive{name: p.words[p.at]}
		if d.name.is(";") || d.name.is("{") {
			return nil, &syntaxFault{d.name.line, quote(d.name.text) + " without a directive", "remove it"}
		}
		for p.at++; ; p.at++ {
			if p.at == len(p.words) || p.words[p.at].is("}") {
				return nil, &syntaxFault{d.name.line, quote(d.name.text) + ` does not end`, `write ";" at its end`}
			}
			w := p.words[p.at]
			if w.is(";") {
				p.at++
				break
			}
			if w.is("{") {
				p.at++
				if fault = p.open(d, depth); fault != nil {
					return nil, fault
				}
				break
			}
			d.args = append(d.args, w)
		}
		list = append(list, d)
	}
	return list, nil
}

// open parses the block of a directive.
func (p *nginxParser) open(d *directive, depth int) (fault *syntaxFault) {
	if depth == maxServerDepth {
		return &syntaxFault{d.name.line, "blocks are nested too deeply", "import only the server that handles CORS"}
	}
	d.open = true
	if d.block, fault = p.block(depth + 1); fault != nil {
		return fault
	}
	if p.at == len(p.words) {
		return &syntaxFault{d.name.line, "the block of " + quote(d.name.text) + " is not closed", `add the closing "}"`}
	}
	p.at++
	return nil
}

// nginxWords splits a file into words. "{", "}" and ";" are words of their own.
func nginxWords(text []byte) (words []word, fault *syntaxFault) {
	if len(text) > maxServerFile {
		return nil, &syntaxFault{0, "the file has more than 1 MiB", "import only the server that handles CORS"}
	}
	s := string(text)
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
		case c == ';' || c == '{' || c == '}':
			words = append(words, word{string(rune(c)), false, line})
			i++
		default:
			w, end, ok := nginxWord(s, i, line)
			if !ok {
				return nil, &syntaxFault{line, "a quotation is not closed", "add the closing quotation mark"}
			}
			words = append(words, w)
			line += strings.Count(s[i:end], "\n")
			i = end
		}
		if len(words) > maxServerWords {
			return nil, &syntaxFault{line, "too many directives", "import only the server that handles CORS"}
		}
	}
	return words, nil
}

// nginxWord reads the word that begins at i, and returns where it ends.
func nginxWord(s string, i, line int) (w word, end int, ok bool) {
	w.line = line
	var b strings.Builder
	mark := byte(0)
	if s[i] == '"' || s[i] == '\'' {
		mark = s[i]
		w.quoted = true
		i++
	}
	for i < len(s) {
		c := s[i]
		switch {
		case mark != 0 && c == mark:
			w.text = b.String()
			return w, i + 1, true
		case mark == 0 && (strings.IndexByte(" \t\r\n;", c) >= 0 || c == '{' && !strings.HasSuffix(s[:i], "$")):
			w.text = b.String()
			return w, i, true
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteString(nginxEscape(s[i]))
		default:
			b.WriteByte(c)
		}
		i++
	}
	w.text = b.String()
	return w, i, mark == 0
}

// nginxEscape returns the character that an escape sequence means.
func nginxEscape(c byte) string {
	switch c {
	case '"', '\'', '\\':
		return string(rune(c))
	case 't':
		return "\t"
	case 'r':
		return "\r"
	case 'n':
		return "\n"
	}
	return `\` + string(rune(c))
}
