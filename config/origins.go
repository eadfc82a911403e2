package config

import (
	"strings"
	"unicode/utf8"

	"github.com/corskit/corskit/config/internal/document"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// originList is an origins_file that has been read. Its entries are parts of text.
type originList struct {
	name    string
	text    string
	entries []string
	lines   []originLine // the line of each entry; built when needed
}

type originLine struct {
	number int
	text   string
}

// progressLines is the number of lines of an origins_file between two reports of
// progress.
const progressLines = 1 << 16

// maxPresized bounds the entries that memory is reserved for.
const maxPresized = 1 << 20

// parseOrigins reads one pattern per line. It skips blank lines, and comments from
// a # at the beginning of a line or after white space.
func parseOrigins(d *document.Document, progress func(Progress)) (*originList, *Error) {
	if f := d.Clean(); f != nil {
		return nil, documentFault(d, f)
	}
	list := &originList{name: d.Name, text: string(d.Data)}
	d.Data = nil
	text := list.text
	count := strings.Count(text, "\n") + 1
	list.entries = make([]string, 0, min(count, maxPresized)) // millions of lines may be blank
	lines := 0
	for text != "" {
		var line string
		line, text, _ = strings.Cut(text, "\n")
		if entry := originEntry(line); entry != "" {
			list.entries = append(list.entries, entry)
		}
		if lines++; lines%progressLines == 0 {
			progress(Progress{Phase: phaseOrigins, File: d.Name, Done: lines, Total: count})
		}
	}
	progress(Progress{Phase: phaseOrigins, File: d.Name, Done: lines, Total: lines})
	if len(list.entries) == 0 {
		return nil, &Error{
			Place: Place{File: d.Name}, Reason: reason.Empty, Detail: "no origins",
			Suggestion: "to refuse every origin, set allow_origins: [] and remove origins_file",
		}
	}
	return list, nil
}

// firstEntries is how many entries of a long list shorten checks, to find out whether it is a
// list of origins.
const firstEntries = 1 << 14

// shorten drops all but the first entries if these have more faults than are
// reported, and reports whether it did. Core makes an error for every entry. For a
// large file of another kind, such as a log, these need many times the file's size.
func (l *originList) shorten() bool {
	if len(l.entries) <= firstEntries {
		return false
	}
	_, err := core.New(core.Policy{AllowOrigins: l.entries[:firstEntries], DangerouslyAllowNullOrigin: true})
	n := 0
	for range core.PolicyErrors(err) {
		n++
	}
	if n <= maxFaults {
		return false
	}
	l.entries = l.entries[:firstEntries]
	return true
}

func originEntry(line string) string {
	line = strings.TrimSpace(line)
	if strings.HasPrefix(line, "#") {
		return ""
	}
	for i := 1; i < len(line); i++ {
		if line[i] == '#' && (line[i-1] == ' ' || line[i-1] == '\t') {
			return strings.TrimRight(line[:i], " \t")
		}
	}
	return line
}

// place returns the place of an entry. place determines the lines only at the first fault,
// because most lists have none.
func (l *originList) place(index int, key string) Place {
	if l.lines == nil {
		l.lines = make([]originLine, 0, len(l.entries))
		rest := l.text
		for number := 1; rest != ""; number++ {
			var line string
			line, rest, _ = strings.Cut(rest, "\n")
			if originEntry(line) != "" {
				l.lines = append(l.lines, originLine{number, line})
			}
		}
	}
	if index < 0 || index >= len(l.lines) {
		return Place{File: l.name, Key: key}
	}
	line := strings.TrimSuffix(l.lines[index].text, "\r")
	indent := line[:strings.Index(line, l.entries[index])]
	column := utf8.RuneCountInString(indent) + 1
	e := document.ExcerptOf(line, column)
	e.Width = min(utf8.RuneCountInString(l.entries[index]), utf8.RuneCountInString(e.Text)-e.Start)
	return Place{File: l.name, Line: l.lines[index].number, Column: column, Key: key, Excerpt: e}
}
