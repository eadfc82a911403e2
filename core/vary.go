package core

import "strings"

// ListHas reports whether a line of a list-based field, such as Vary, contains element.
// It ignores the case of letters, and white space around elements (RFC 9110, section
// 5.6.3). Adapters use it to find out whether the Vary of a response already lists a name
// of [Outcome.Vary].
func ListHas(line, element string) bool {
	for len(line) >= len(element) {
		end := strings.IndexByte(line, ',')
		if end < 0 {
			end = len(line)
		}
		if e := trimmed(line[:end]); len(e) == len(element) && strings.EqualFold(e, element) {
			return true
		}
		line = line[min(end+1, len(line)):]
	}
	return false
}

func trimmed(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
