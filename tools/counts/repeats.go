package main

import (
	"go/ast"
	"go/token"
	"strings"
	"unicode"
)

// minRun is the minimum number of significant lines in a repeat.
const minRun = 6

// source is a file reduced to its significant lines.
type source struct {
	file  string
	lines []line
}

type line struct {
	number int
	text   string // without indentation
}

// significant returns the lines of a file without blank lines, comments, the package
// clause, imports, and lines without a letter, which repeat everywhere.
func significant(set *token.FileSet, file *ast.File, text []byte) (kept []line) {
	drop := map[int]bool{set.Position(file.Package).Line: true}
	lines := func(n ast.Node) {
		for i := set.Position(n.Pos()).Line; i <= set.Position(n.End()).Line; i++ {
			drop[i] = true
		}
	}
	for _, d := range file.Decls {
		if d, ok := d.(*ast.GenDecl); ok && d.Tok == token.IMPORT {
			lines(d)
		}
	}
	number := 0
	for s := range strings.Lines(string(text)) {
		number++
		s = strings.TrimSpace(s)
		if !drop[number] && !strings.HasPrefix(s, "//") && strings.ContainsFunc(s, unicode.IsLetter) {
			kept = append(kept, line{number, s})
		}
	}
	return kept
}

// place is a line of a file.
type place struct {
	file string
	line int
}

// repeat is a run of lines that also occurs at an earlier place.
type repeat struct {
	place
	lines int // significant ones
	first place
}

// repeats finds the runs of minRun or more lines that also occur in an earlier file,
// or earlier in the same file.
func repeats(code []source) (found []repeat) {
	type window struct{ file, index int }
	seen := map[string]window{}
	for f, s := range code {
		end := 0 // of the last run, which grows while windows overlap
		for i := 0; i+minRun <= len(s.lines); i++ {
			var b strings.Builder
			for _, l := range s.lines[i : i+minRun] {
				b.WriteString(l.text + "\n")
			}
			first, ok := seen[b.String()]
			if !ok {
				seen[b.String()] = window{f, i}
				continue
			}
			if first.file == f && i < first.index+minRun {
				continue // it overlaps itself
			}
			if i < end {
				found[len(found)-1].lines += i + minRun - end
			} else {
				at := code[first.file]
				found = append(found, repeat{place{s.file, s.lines[i].number}, minRun, place{at.file, at.lines[first.index].number}})
			}
			end = i + minRun
		}
	}
	return found
}
