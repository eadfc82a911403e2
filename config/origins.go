package config

import (
	"strings"
	"unicode/utf8"

	"github.com/corskit/corskit/config/internal/document"
	"github.com/corskit/corskit/core"
)

// originList is an origins_file that has been read. An entry is a part of text.
type originList struct {
	name    string
	text    string
	entries []string
	lines   []originLine // where each entry stands; built when needed
}

type originLine struct {
	number int
	text   string
}

// progressLines is how many lines of an origins_file lie between two reports of
// progress.
const progressLines = 1 << 16

// maxPresized bounds the entries that room is made for before they are seen.
const maxPresized = 1 << 20

// parseOrigins reads one pattern a line. Blank lines are skipped, and so is what
// follows a # that begins a line or stands after a blank, which no pattern holds.
func parseOrigins(d *document.Document, progress func(Progress)) (*originList, *Error) {
	if f := d.Clean(); f != nil {
		return nil, documentFault(d, f)
	}
	list := &originList{name: d.Name, text: string(d.Data)}
	d.Data = nil
	text := list.text
	count := strings.Count(text, "\n") + 1
	list.entries = make([]string, 0, min(count, maxPresized)) // lines may be blank, and millions
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
			Place: Place{File: d.Name}, Reason: reasonEmpty, Detail: "no origins",
			Suggestion: "to refuse every origin, set allow_origins: [] and remove origins_file",
		}
	}
	return list, nil
}

// firstEntries is how many entries of a long list are looked at to tell whether it
// is a list of origins at all.
const firstEntries = 1 << 14

// shorten drops all but the first entries if those have more faults than are
// reported, and says whether they have: core makes an error of every entry, and
// for a large file that is no list of origins, but a log, that takes many times
// the memory of the file.
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

// place returns the place of an entry. Where entries stand is found out when the
// first fault asks: most lists have none.
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
	e := Excerpt(document.ExcerptOf(line, column))
	e.Width = min(utf8.RuneCountInString(l.entries[index]), utf8.RuneCountInString(e.Text)-e.Start)
	return Place{File: l.name, Line: l.lines[index].number, Column: column, Key: key, Excerpt: e}
}
