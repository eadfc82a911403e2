package main

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

const (
	pageName = "measured.md"
	plotName = "apply.svg"
)

// write writes the page and its plot into a directory.
func (r *results) write(dir string, args []string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, plotName), []byte(r.plot()), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, pageName), []byte(r.page(args)), 0o644)
}

// page returns the page in Markdown.
func (r *results) page(args []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# A fleet, measured\n\n<!-- Written by: go run ./fleet/sim %s -->\n\n", strings.Join(args, " "))
	fmt.Fprintf(&b, "![The part of the replicas that have applied a push, by time](%s)\n\n", plotName)
	b.WriteString("`apply` is the time until a replica uses the new policy, counted from the call of `Push`, which checks the " +
		"policy and\n" +
		"uploads it. During a fault, it counts from the end of the fault. `report` is the time until etcd has the replica's status.\n\n")
	r.tableOf(&b)
	b.WriteString("\nBytes and processor time are for one push and all replicas together. `memory/replica` is the memory of the process\n" +
		"with the replicas, without etcd, divided by their number.\n\n")
	r.growth(&b)
	b.WriteString("## How this was measured\n\n")
	fmt.Fprintf(&b, "%s, %d processors, %s, %s/%s. The replicas are those of package `fleet`, in one process, on %d connections\n"+
		"through a proxy on loopback, against an etcd with its disk (members: %d). All share the processors of this machine",
		cpuName(), runtime.NumCPU(),
		runtime.Version(), runtime.GOOS, runtime.GOARCH, r.settings.connections, r.settings.members)
	if r.settings.alone {
		b.WriteString(", and each replica\nverifies and compiles for itself, as in a fleet of many machines.\n")
	} else {
		b.WriteString(". In a fleet, each replica\n" +
			"has its own, so here the replicas verify and compile each policy once, with `Options.Shared`;\n" +
			"`-alone` turns this off.\n")
	}
	return b.String()
}

func (r *results) tableOf(b *strings.Builder) {
	for _, c := range columns {
		b.WriteString("| " + c.name + " ")
	}
	b.WriteString("|\n" + strings.Repeat("|--:", len(columns)) + "|\n")
	for _, row := range r.rows {
		for _, c := range columns {
			b.WriteString("| " + c.value(row) + " ")
		}
		b.WriteString("|\n")
	}
}

// growth says what one more replica costs, and what one etcd would carry.
func (r *results) growth(b *strings.Builder) {
	var last *row
	for _, row := range r.rows {
		if row.fault == "" && row.size == r.settings.sizes[0] && (last == nil || row.replicas >= last.replicas) {
			last = row
		}
	}
	if last == nil {
		return
	}
	n := int64(last.replicas)
	down := mean(last, func(p pushed) int64 { return p.down }) / n
	up := mean(last, func(p pushed) int64 { return p.up }) / n
	cpu := mean(last, func(p pushed) time.Duration { return p.etcdCPU }) / time.Duration(n)
	fmt.Fprintf(b, "## How it grows\n\nEverything grows with the number of replicas. With %d replicas and %s, for each replica\n"+
		"and push, etcd sends %s bytes, receives %s bytes and takes %v of processor time, including the replica's report.\n"+
		"A replica takes %s bytes of etcd's memory.\n\n", last.replicas,
		sizeText(last.size), strconv.FormatInt(down, 10), strconv.FormatInt(up, 10), cpu.Round(time.Microsecond),
		strconv.FormatInt(max(last.etcdReplicas, 0), 10))
	const million = 1_000_000
	fmt.Fprintf(b, "Extrapolated to larger fleets, if nothing else limits it, one etcd would need this for a push of the same bundle:\n\n"+
		"| replicas | to send | processor time | memory for watches and statuses |\n|--:|--:|--:|--:|\n")
	for _, replicas := range []int64{20_000, 50_000, 100_000, million} {
		fmt.Fprintf(b, "| %d | %s | %v | %s |\n", replicas, sizeText(int(replicas*down)), round(time.Duration(replicas)*cpu),
			sizeText(int(replicas*max(last.etcdReplicas, 0))))
	}
	fmt.Fprintf(b, "\nIn a fleet, each replica also has a connection of its own, which takes about 50 KiB of etcd's memory.\n"+
		"If a bundle is too large for the head, etcd also sends its compressed size once to each replica: 10 MiB of origins, about\n"+
		"4 MiB compressed, are 40 GiB for 10,000 replicas, which takes 40 s on a network of 10 Gbit/s. `Options.Jitter` spreads this.\n"+
		"If one line changes, each replica fetches one part of the bundle, 128 KiB on average before compression.\n\n")
}

// cpuName returns the model of the processor.
func cpuName() string {
	file, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "A processor"
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "model name"); ok {
			return strings.Trim(name, "\t :")
		}
	}
	return "A processor"
}

// The size of the plot, and of the space around it, in pixels.
const (
	width, height                    = 760, 400
	left, right, top, bottom         = 60, 190, 30, 50
	innerWidth, innerHeight          = width - left - right, height - top - bottom
	shortest, decades        float64 = 1e-3, 5 // seconds
)

// colors are legible on white and on black.
var colors = []string{"#1f8fe0", "#e06c1f", "#2ca05a", "#c84ba8", "#b08a1a", "#8f78d8", "#d84a4a", "#1aa0a0"}

// plot returns how many replicas had applied the pushes after how long, as SVG.
func (r *results) plot() string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" `, width, height)
	b.WriteString(`font-family="Arial,sans-serif" font-size="12" fill="#808080">` + "\n")
	b.WriteString("<title>Part of the replicas that have applied a push, by time</title>\n")
	fmt.Fprintf(&b, `<text x="%d" y="18" font-size="14">Part of the replicas that have applied a push</text>`+"\n", left)
	for i, name := range []string{"1 ms", "10 ms", "100 ms", "1 s", "10 s", "100 s"} {
		x := left + i*innerWidth/int(decades)
		fmt.Fprintf(&b, `<path d="M%d %dV%d" stroke="#808080" stroke-opacity="0.3"/>`, x, top, top+innerHeight)
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%s</text>`+"\n", x, height-bottom+18, name)
	}
	for percent := 0; percent <= 100; percent += 25 {
		y := top + innerHeight - percent*innerHeight/100
		fmt.Fprintf(&b, `<path d="M%d %dH%d" stroke="#808080" stroke-opacity="0.3"/>`, left, y, left+innerWidth)
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%d %%</text>`+"\n", left-6, y+4, percent)
	}
	for i, row := range r.rows {
		color := colors[i%len(colors)]
		fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="%s" stroke-width="2"/>`+"\n", row.curve(), color)
		fmt.Fprintf(&b, `<path d="M%d %dh20" stroke="%s" stroke-width="3"/><text x="%d" y="%d" font-size="11">%d, %s, %s</text>`+"\n",
			width-right+8, top+10+i*18, color, width-right+32, top+14+i*18, row.replicas, sizeText(row.size), row.what())
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// curve returns the path of a row: a step for each percent.
func (r *row) curve() string {
	var b strings.Builder
	all := r.all(func(p pushed) []time.Duration { return p.apply })
	for percent := 0; percent <= 100; percent++ {
		seconds := max(percentile(all, percent).Seconds(), shortest)
		x := left + min(math.Log10(seconds/shortest)/decades, 1)*innerWidth
		y := float64(top+innerHeight) - float64(percent)*innerHeight/100
		command := "L"
		if percent == 0 {
			command = "M"
		}
		fmt.Fprintf(&b, "%s%.1f %.1f", command, x, y)
	}
	return b.String()
}
