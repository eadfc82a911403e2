package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Report contains the results and figures that the pages show.
type Report struct {
	*results
	Figures []Figure
}

func newReport(r *results) *Report { return &Report{r, r.figures()} }

// Files of the report, in the directory of the documentation.
const (
	usersFile        = "performance.md"
	chartsDir        = "performance"
	contributorsFile = chartsDir + "/contributors.md"

	// notesFile is written by hand and included in the contributors' page.
	notesFile = chartsDir + "/notes.md"
)

// write writes both pages and the charts into a directory.
func (r *Report) write(dir string) error {
	if err := r.charts(filepath.Join(dir, chartsDir)); err != nil {
		return err
	}
	notes, err := os.ReadFile(filepath.Join(dir, notesFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, usersFile), r.users(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, contributorsFile), r.contributors(string(notes)), 0o644)
}

// print prints the limits, and the rows over them.
func (r *Report) print(w io.Writer) {
	for _, f := range r.Figures {
		fmt.Fprintln(w, f)
		if len(f.Exceeded) > 0 {
			fmt.Fprintln(w, "    over the limit:", f.exceeded())
		}
	}
	if r.base == nil {
		return
	}
	fmt.Fprintln(w, "corskit relative to an older version:")
	for _, f := range frameworks {
		if mean, slowest, ok := r.since(f); ok {
			fmt.Fprintf(w, "    %-9s %s, slowest row %s\n", f.title, mean, slowest)
		}
	}
}

// since compares the overhead on a framework with that of an older version: the
// geometric mean of all rows, and the slowest row.
func (r *results) since(f framework) (mean, slowest string, ok bool) {
	rows := r.sinceBase(f)
	if len(rows) == 0 {
		return "", "", false
	}
	noise := r.noise(func(drawn *results) float64 { return meanOf(drawn.sinceBase(f)) })
	w := worst(rows)
	k := w.key
	rowNoise := r.noise(func(drawn *results) float64 { return ratio(drawn.overheads(k), drawn.base.overheads(k)) })
	return withNoise(meanOf(rows), noise, precise), fmt.Sprintf("%s (%s)", withNoise(w.value, rowNoise, share), w.title), true
}

// precise formats a ratio near 1.
func precise(v float64) string { return fmt.Sprintf("%.3f", v) }
