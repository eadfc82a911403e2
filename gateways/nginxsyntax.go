package gateways

import (
	"strings"
)

// parseNginx parses a file of nginx (ngx_conf_file.c, ngx_conf_read_token).
func parseNginx(text []byte) ([]*directive, *syntaxFault) {
	g := grammar{smaller: "import only the server that handles CORS", word: nginxWord, directive: nginxDirective}
	return g.parse(text)
}

// nginxDirective reads words up to ";" or a block.
func nginxDirective(p *parser, depth int) (*directive, *syntaxFault) {
	d := &directive{name: p.words[p.at]}
	if d.name.is(";") || d.name.is("{") {
		return nil, &syntaxFault{d.name.line, quote(d.name.text) + " without a directive", "remove it"}
	}
	for p.at++; p.more() && !p.sees("}"); p.at++ {
		if p.sees(";") {
			p.at++
			return d, nil
		}
		if p.sees("{") {
			return d, p.open(d, depth)
		}
		d.args = append(d.args, p.words[p.at])
	}
	return nil, &syntaxFault{d.name.line, quote(d.name.text) + ` does not end`, `write ";" at its end`}
}

// nginxWord reads the word that begins at i. "{", "}" and ";" are words of their own.
func nginxWord(s string, i int) (w word, end int, fault *syntaxFault) {
	if strings.IndexByte(";{}", s[i]) >= 0 {
		w.text = s[i : i+1]
		return w, i + 1, nil
	}
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
			return w, i + 1, nil
		case mark == 0 && (strings.IndexByte(" \t\r\n;", c) >= 0 || c == '{' && !strings.HasSuffix(s[:i], "$")):
			w.text = b.String()
			return w, i, nil
		case c == '\\' && i+1 < len(s):
			i++
			b.WriteString(nginxEscape(s[i]))
		default:
			b.WriteByte(c)
		}
		i++
	}
	if mark != 0 {
		return w, i, openQuotation()
	}
	w.text = b.String()
	return w, i, nil
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
