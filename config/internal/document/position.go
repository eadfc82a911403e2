package document

import (
	"sort"
	"unicode/utf8"
)

// markEvery is the number of bytes between two marks. A file can be a single line
// of a megabyte with a fault in every part.
const markEvery = 256

func (d *Document) index() {
	if d.lines != nil {
		return
	}
	d.lines = []int{0}
	n := 0
	for i, c := range d.Data {
		if i%markEvery == 0 {
			d.marks = append(d.marks, n)
		}
		if utf8.RuneStart(c) {
			n++
		}
		if c == '\n' {
			d.lines = append(d.lines, i+1)
		}
	}
}

// characters returns the number of characters that begin before an offset.
func (d *Document) characters(offset int) int {
	if offset <= 0 || len(d.marks) == 0 {
		return 0
	}
	mark := min(offset/markEvery, len(d.marks)-1)
	n := d.marks[mark]
	for _, c := range d.Data[mark*markEvery : min(offset, len(d.Data))] {
		if utf8.RuneStart(c) {
			n++
		}
	}
	return n
}

// at returns the position of a byte offset.
func (d *Document) at(offset int) Pos {
	d.index()
	line := sort.SearchInts(d.lines, offset+1)
	return Pos{line, d.characters(offset) - d.characters(d.lines[line-1]) + 1}
}

// offset returns the byte offset of a position. It never leaves the line.
func (d *Document) offset(p Pos) int {
	begin, end := d.span(p.Line)
	before := d.characters(begin) + p.Column - 1
	mark := max(0, sort.SearchInts(d.marks, before+1)-1)
	at := d.runeStart(mark*markEvery, end)
	for n := before - d.characters(at); n > 0 && at < end; n-- {
		_, size := utf8.DecodeRune(d.Data[at:end])
		at += size
	}
	return max(begin, min(at, end))
}

// runeStart returns the first offset from offset on at which a character begins,
// or end. Text that is not UTF-8 may have no such offset.
func (d *Document) runeStart(offset, end int) int {
	for offset < end && !utf8.RuneStart(d.Data[offset]) {
		offset++
	}
	return offset
}

// span returns the offsets at which a line begins and ends, without its line break.
func (d *Document) span(n int) (begin, end int) {
	d.index()
	if n < 1 || n > len(d.lines) {
		return 0, 0
	}
	begin, end = d.lines[n-1], len(d.Data)
	if n < len(d.lines) {
		end = d.lines[n] - 1
	}
	if end > begin && d.Data[end-1] == '\r' {
		end--
	}
	return begin, end
}

// line returns the text of a line, without its line break.
func (d *Document) line(n int) string {
	begin, end := d.span(n)
	return string(d.Data[begin:end])
}
