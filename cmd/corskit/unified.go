package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// diffContext is the number of lines around a change that a diff shows.
const diffContext = 3

// maxResync is how many lines ahead resync looks for a place where two texts agree again.
const maxResync = 200

// unified returns the difference of two texts in the unified format. It suits small changes:
// after a long run of different lines, it replaces the whole rest.
func unified(name, before, after string) string {
	edits := diffLines(lines(before), lines(after))
	var b strings.Builder
	fmt.Fprintf(&b, "--- %s\n+++ %s\n", safe(name), safe(name))
	for i := 0; i < len(edits); {
		first := slices.IndexFunc(edits[i:], func(e lineEdit) bool { return e.mark != ' ' })
		if first < 0 {
			break
		}
		begin := max(i, i+first-diffContext)
		end := i + first
		for last := end; end < len(edits) && end-last <= 2*diffContext; end++ {
			if edits[end].mark != ' ' {
				last = end
			}
		}
		for end > 0 && edits[end-1].mark == ' ' {
			end--
		}
		end = min(len(edits), end+diffContext)
		writeHunk(&b, edits[begin:end])
		i = end
	}
	return b.String()
}

// lineEdit is a line of a diff.
type lineEdit struct {
	mark    byte // ' ', '-' or '+'
	text    string
	was, is int // the line numbers, from 1
}

func writeHunk(b *strings.Builder, hunk []lineEdit) {
	was, is := 0, 0
	for _, e := range hunk {
		if e.mark != '+' {
			was++
		}
		if e.mark != '-' {
			is++
		}
	}
	fmt.Fprintf(b, "@@ -%s +%s @@\n", extent(hunk[0].was, was), extent(hunk[0].is, is))
	for _, e := range hunk {
		text, ended := strings.CutSuffix(e.text, "\n")
		fmt.Fprintf(b, "%c%s\n", e.mark, text)
		if !ended {
			b.WriteString("\\ No newline at end of file\n")
		}
	}
}

// extent returns the first line and the number of lines of a hunk.
func extent(first, n int) string {
	if n == 0 {
		first-- // the line before
	}
	return fmt.Sprintf("%d,%d", first, n)
}

// lines returns the lines of a text, with their line breaks.
func lines(text string) []string {
	list := strings.SplitAfter(text, "\n")
	if list[len(list)-1] == "" {
		list = list[:len(list)-1]
	}
	return list
}

func diffLines(before, after []string) (edits []lineEdit) {
	i, j := 0, 0
	add := func(mark byte, text string) { edits = append(edits, lineEdit{mark, text, i + 1, j + 1}) }
	for i < len(before) || j < len(after) {
		if i < len(before) && j < len(after) && before[i] == after[j] {
			add(' ', before[i])
			i, j = i+1, j+1
			continue
		}
		gone, come := resync(before[i:], after[j:])
		for range gone {
			add('-', before[i])
			i++
		}
		for range come {
			add('+', after[j])
			j++
		}
	}
	return edits
}

// resync returns how many lines to skip on both sides, as few as possible, so that the rest
// begins alike.
func resync(before, after []string) (gone, come int) {
	for skip := 1; skip <= maxResync; skip++ {
		for gone := 0; gone <= skip; gone++ {
			come := skip - gone
			if gone > len(before) || come > len(after) {
				continue
			}
			a, b := before[gone:], after[come:]
			if n := min(len(a), len(b), 2); n > 0 && slices.Equal(a[:n], b[:n]) || len(a) == 0 && len(b) == 0 {
				return gone, come
			}
		}
	}
	return len(before), len(after)
}

// printDiff prints a diff. What a terminal could interpret as a command is replaced.
func printDiff(t terminal, diff string) {
	for line := range strings.SplitSeq(strings.TrimSuffix(diff, "\n"), "\n") {
		shown := strings.Map(func(r rune) rune {
			if r != '\t' && r != '\r' && !unicode.IsPrint(r) {
				return unicode.ReplacementChar
			}
			return r
		}, line)
		how := style("")
		switch {
		case strings.HasPrefix(line, "---"), strings.HasPrefix(line, "+++"):
			how = bold
		case strings.HasPrefix(line, "@@"):
			how = cyan
		case strings.HasPrefix(line, "+"):
			how = green
		case strings.HasPrefix(line, "-"):
			how = red
		}
		if how != "" {
			shown = t.style(how, shown)
		}
		t.printf("%s\n", shown)
	}
}
