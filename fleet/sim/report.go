package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// table writes the results as text.
func (r *results) table(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	for i, c := range columns {
		if i > 0 {
			fmt.Fprint(w, "\t")
		}
		fmt.Fprint(w, c.name)
	}
	fmt.Fprintln(w, "\t")
	for _, row := range r.rows {
		for i, c := range columns {
			if i > 0 {
				fmt.Fprint(w, "\t")
			}
			fmt.Fprint(w, c.value(row))
		}
		fmt.Fprintln(w, "\t")
	}
	return w.Flush()
}

// column is one number of each row.
type column struct {
	name  string
	value func(*row) string
}

var columns = []column{
	{"replicas", func(r *row) string { return fmt.Sprint(r.replicas) }},
	{"bundle", func(r *row) string { return sizeText(r.size) }},
	{"change", (*row).what},
	{"apply p50", func(r *row) string { return round(r.applied(50)).String() }},
	{"p99", func(r *row) string { return round(r.applied(99)).String() }},
	{"max", func(r *row) string { return round(r.applied(100)).String() }},
	{"report p99", func(r *row) string { return round(r.reported(99)).String() }},
	{"from etcd", func(r *row) string { return sizeText(int(mean(r, func(p pushed) int64 { return p.down }))) }},
	{"to etcd", func(r *row) string { return sizeText(int(mean(r, func(p pushed) int64 { return p.up }))) }},
	{"etcd CPU", func(r *row) string { return round(mean(r, func(p pushed) time.Duration { return p.etcdCPU })).String() }},
	{"own CPU", func(r *row) string { return round(mean(r, func(p pushed) time.Duration { return p.self })).String() }},
	{"etcd memory", func(r *row) string { return memoryText(r.etcdMemory) }},
	{"memory/replica", func(r *row) string { return memoryText(r.memory) }},
}

// memoryText returns a difference of memory, or "—" if it was not measured, or is
// negative because earlier garbage was freed.
func memoryText(n int64) string {
	if n <= 0 {
		return "—"
	}
	return sizeText(int(n))
}
