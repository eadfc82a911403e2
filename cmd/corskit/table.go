package main

import (
	"strings"
	"unicode/utf8"
)

// table prints rows in columns. Its cells are shown as they are, so texts from elsewhere
// must be safe.
type table struct {
	rows [][]cell
}

// cell is the text of a row in one column, and its style.
type cell struct {
	text string
	how  style
}

// plain returns cells without a style.
func plain(texts ...string) []cell {
	row := make([]cell, len(texts))
	for i, text := range texts {
		row[i].text = text
	}
	return row
}

func (t *table) add(row ...cell) { t.rows = append(t.rows, row) }

// head adds a row of titles.
func (t *table) head(titles ...string) {
	row := plain(titles...)
	for i := range row {
		row[i].how = dim
	}
	t.add(row...)
}

// print pads all columns but the last to their widest cells.
func (t *table) print(to terminal) {
	var widths []int
	for _, row := range t.rows {
		for i, c := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	for _, row := range t.rows {
		var line strings.Builder
		spaces := 0
		for i, c := range row {
			if c.text != "" {
				line.WriteString(strings.Repeat(" ", spaces) + to.style(c.how, c.text))
				spaces = 0
			}
			spaces += widths[i] - utf8.RuneCountInString(c.text) + columnGap
		}
		to.printf("%s\n", line.String())
	}
}

// columnGap is the number of spaces between columns.
const columnGap = 3
