package gateways

import (
	"slices"
	"strings"
)

// haproxySection is a section of an HAProxy file, with its lines split into words.
type haproxySection struct {
	kind, name string
	line       int
	lines      [][]word
}

var haproxySections = []string{"global", "defaults", "frontend", "listen", "backend", "peers", "resolvers", "userlist", "program",
	"cache", "mailers", "ring", "http-errors"}

// parseHAProxy splits a file into sections. Lines before the first one are a section without a
// kind.
func parseHAProxy(text []byte) (list []*haproxySection, fault *syntaxFault) {
	if len(text) > maxServerFile {
		return nil, &syntaxFault{0, "the file has more than 1 MiB", "import only the frontend that handles CORS"}
	}
	now := &haproxySection{}
	count := 0
	for i, line := range strings.Split(string(text), "\n") {
		words, fault := haproxyWords(line, i+1)
		if fault != nil {
			return nil, fault
		}
		if count += len(words); count > maxServerWords {
			return nil, &syntaxFault{i + 1, "too many words", "import only the frontend that handles CORS"}
		}
		if len(words) == 0 {
			continue
		}
		if kind := words[0].text; slices.Contains(haproxySections, kind) {
			now = &haproxySection{kind: kind, line: i + 1}
			if len(words) > 1 {
				now.name = words[1].text
			}
			list = append(list, now)
			continue
		}
		if len(list) == 0 {
			list = append(list, now)
		}
		now.lines = append(now.lines, words)
	}
	return list, nil
}

// haproxyWords splits a line (HAProxy configuration manual, 2.2, quoting and escaping).
func haproxyWords(line string, n int) (words []word, fault *syntaxFault) {
	var b strings.Builder
	began, quoted := false, false
	mark := byte(0)
	end := func() {
		if began {
			words = append(words, word{b.String(), quoted, n})
		}
		b.Reset()
		began, quoted = false, false
	}
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case mark == 0 && (c == ' ' || c == '\t' || c == '\r'):
			end()
		case mark == 0 && c == '#':
			end()
			return words, nil
		case mark == 0 && (c == '"' || c == '\''):
			mark, began, quoted = c, true, true
		case mark != 0 && c == mark:
			mark = 0
		case c == '\\' && mark != '\'' && i+1 < len(line):
			i++
			began = true
			b.WriteString(haproxyEscape(line[i]))
		case c == '$' && mark == '"':
			return nil, &syntaxFault{n, "the file does not have the value of this environment variable", "write its value"}
		default:
			began = true
			b.WriteByte(c)
		}
	}
	end()
	if mark != 0 {
		return nil, &syntaxFault{n, "a quotation is not closed on its line", "add the closing quotation mark"}
	}
	return words, nil
}

func haproxyEscape(c byte) string {
	switch c {
	case ' ', '#', '\\', '"', '\'', '$':
		return string(rune(c))
	case 'n':
		return "\n"
	case 'r':
		return "\r"
	case 't':
		return "\t"
	}
	return `\` + string(rune(c))
}

// cutArguments splits "name(a,b)" into the name, the arguments and the rest. Without parentheses,
// the name ends at a comma.
func cutArguments(s string) (name string, args []string, rest string) {
	i := strings.IndexAny(s, "(,")
	if i < 0 {
		return s, nil, ""
	}
	name = s[:i]
	if s[i] == ',' {
		return name, nil, s[i+1:]
	}
	depth := 0
	for j := i; j < len(s); j++ {
		switch s[j] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return name, strings.Split(s[i+1:j], ","), strings.TrimPrefix(s[j+1:], ",")
			}
		}
	}
	return name, strings.Split(s[i+1:], ","), ""
}
