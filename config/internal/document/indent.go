package document

import (
	"strconv"
	"strings"
)

// misindented returns the first line of a YAML document whose indentation fits no line above
// it, and how to indent the line. The line is 0 if there is none, or if a value spans several
// lines.
func misindented(d *Document) (line int, advice string) {
	levels := []int{0} // of the open tables and lists
	opened := true     // whether the line before may have deeper lines below it
	for n := 1; n <= len(d.lines); n++ {
		text := strings.TrimRight(d.line(n), " \r")
		content := strings.TrimLeft(text, " ")
		if content == "" || content[0] == '#' {
			continue
		}
		indent := len(text) - len(content)
		top := levels[len(levels)-1]
		switch {
		case indent > top && !opened:
			return n, "indent it by " + spaces(top) + ", like the line above"
		case indent > top:
			levels = append(levels, indent)
		}
		for indent < top {
			levels = levels[:len(levels)-1]
			above := top
			if top = levels[len(levels)-1]; indent > top {
				return n, "indent it by " + strconv.Itoa(top) + " or " + spaces(above) + ", like the lines above"
			}
		}
		for strings.HasPrefix(content, "- ") {
			rest := strings.TrimLeft(content[1:], " ")
			indent += len(content) - len(rest)
			content = rest
			levels = append(levels, indent)
		}
		if opened = opensBlock(content); !opened && !isOneLine(content) {
			return 0, ""
		}
	}
	return 0, ""
}

func spaces(n int) string {
	if n == 1 {
		return "1 space"
	}
	return strconv.Itoa(n) + " spaces"
}

// opensBlock reports whether a line ends where a table or list may begin on the next.
func opensBlock(content string) bool {
	if before, _, ok := strings.Cut(content, " #"); ok {
		content = strings.TrimRight(before, " ")
	}
	return content == "-" || content == "---" || strings.HasSuffix(content, ":")
}

// isOneLine reports whether the value on a line certainly ends there.
func isOneLine(content string) bool {
	for _, pair := range []string{"[]", "{}"} {
		if strings.Count(content, pair[:1]) != strings.Count(content, pair[1:]) {
			return false
		}
	}
	return strings.Count(content, `"`)%2 == 0 && strings.Count(content, "'")%2 == 0 && !strings.ContainsAny(content, "|>&*!")
}
