package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/corskit/corskit/benchmarks"
)

// contributors returns the page for contributors.
func (r *Report) contributors(notes string) []byte {
	var b bytes.Buffer
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("# Performance, for contributors\n")
	say("<!-- Written by benchmarks/cmd/report. The notes are from notes.md. -->\n")
	say("The [page for users](../performance.md) has the common cases. This page has everything that was measured. Each row was")
	say("measured %d times in one session on one machine: %s.", r.runs(), r.machine())
	if r.runs() < minRuns {
		say("**That is fewer than %d times, so these numbers are preliminary.**", minRuns)
	}
	say(`
    go run ./benchmarks/cmd/report                                     # measure everything, and write both pages
    go run ./benchmarks/cmd/report -ours -base DIR                     # compare with an older checkout, write no page
    go run ./benchmarks/cmd/report -ours -base DIR -benchtime 20ms     # the same, quickly

The overhead is the time of a request minus the time of the same request without middleware in the same run. The numbers are
medians. The number after ± is half the width of the 95 %% confidence interval, in per cent, shown if it is more than 5 %%.
A ratio in parentheses is corskit's median divided by that of the other library. Header maps are reused, so the times
include little except middleware and routing.
`)
	r.limits(&b)
	if notes != "" {
		say("%s\n", strings.TrimSpace(notes))
	}
	r.before(&b)
	r.floor(&b)
	say("## Overhead\n")
	say("† The other library writes fewer headers than corskit, a shorter `Vary` or none, or shares values between responses.\n")
	say("![Overhead of each library and framework for one allowed origin](overhead.svg)\n")
	say("![Overhead against the number of origins, from one to a million](lookup.svg)\n")
	say("![Overhead of hostile preflights](hostile.svg)\n")
	full := benchmarks.Setups(0)
	for _, f := range frameworks {
		say("### %s\n", f.title)
		r.table(&b, "Middleware", f.name, full, r.overhead)
	}
	say("## The public set\n")
	say("The cases of [jub0bs/cors-benchmarks](https://github.com/jub0bs/cors-benchmarks), measured in the same way: in parallel,")
	say("with a new `httptest.ResponseRecorder` for each request. The cost of the recorder is part of the numbers.\n")
	r.table(&b, "Public", benchmarks.NetHTTP, benchmarks.PublicSetups(), func(k key) estimate { return r.value(k, seconds) })
	r.servers(&b)
	r.lookups(&b)
	r.building(&b)
	r.profiles(&b)
	return b.Bytes()
}

// limits writes the limits that changes must not exceed.
func (r *Report) limits(b *bytes.Buffer) {
	b.WriteString(`## Limits

A change to corskit must not exceed these limits. They apply to the medians of one session. The number after ± is half the
width of the 95 % confidence interval, shown if it is at least 0.5 %. The last column is computed from the fastest run of
each row. If it is far from the measured number, other programs kept the machine busy.

| limit | at most | measured | | from the fastest runs |
|---|--:|--:|---|--:|
`)
	for _, f := range r.Figures {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s |\n", f.title(), f.number(f.max), f.measured(), f.Verdict(), f.number(f.Fastest))
	}
	b.WriteString("\n")
	for _, f := range r.Figures {
		if len(f.Exceeded) > 0 {
			fmt.Fprintf(b, "- Over the limit of “%s”: %s.\n", f.claim, f.exceeded())
		}
	}
	b.WriteString("\n")
}

// before writes the comparison with an older version.
func (r *Report) before(b *bytes.Buffer) {
	if r.base == nil {
		return
	}
	fmt.Fprint(b, "## Before and after\n\nThe overhead of this version divided by that of an older version. Runs of the two\n")
	fmt.Fprint(b, "versions alternated.\n\n")
	fmt.Fprint(b, "| framework | geometric mean | slowest row |\n|---|--:|---|\n")
	for _, f := range frameworks {
		if mean, slowest, ok := r.since(f); ok {
			fmt.Fprintf(b, "| %s | %s | %s |\n", f.title, mean, slowest)
		}
	}
	b.WriteString("\n")
}

// floor compares every library with the floor, for the rows that both have.
func (r *Report) floor(b *bytes.Buffer) {
	var lines []string
	for _, subject := range subjectsOf(benchmarks.NetHTTP) {
		if subject == benchmarks.Bare || subject == benchmarks.Floor {
			continue
		}
		rows := r.relative(subject, benchmarks.NetHTTP, benchmarks.Floor)
		if len(rows) == 0 {
			continue
		}
		least, most := worst(negated(rows)), worst(rows)
		lines = append(lines, fmt.Sprintf("| %s | %d | %sx | %sx: %s | %sx: %s |\n",
			peerTitle(subject), len(rows), share(meanOf(rows)), share(-least.value), least.title, share(most.value), most.title))
	}
	if len(lines) == 0 {
		return
	}
	b.WriteString(`## The floor

The floor is a lower bound: on net/http, no middleware that follows the rules can be faster. The floor is not a middleware,
because it knows in advance which origins the requests come from. It reads the two request headers that every middleware
must read, and writes the headers that the rules require, with one allocation for each response. A library below 1x does
less than the rules require, or shares memory between responses.

| library | rows | relative to the floor, geometric mean | best row | worst row |
|---|--:|--:|---|---|
`)
	for _, line := range lines {
		b.WriteString(line)
	}
	b.WriteString("\n")
}

func negated(rows []row) []row {
	all := make([]row, len(rows))
	for i, w := range rows {
		all[i] = row{w.key, w.title, -w.value}
	}
	return all
}

// table has a line for each request and a column for each subject.
func (r *Report) table(b *bytes.Buffer, bench string, f benchmarks.Framework, setups []benchmarks.Setup, value func(key) estimate) {
	others := r.othersOf(bench, f, setups, value)
	var titles []string
	for _, other := range others {
		titles = append(titles, peerTitle(other))
	}
	fmt.Fprintf(b, "| policy; request | %s | %s |\n|---|--:|%s\n",
		benchmarks.Ours, strings.Join(titles, " | "), strings.Repeat("--:|", len(others)))
	for _, s := range setups {
		for _, request := range s.Requests {
			k := middlewareKey(f, s, request)
			k.bench = bench
			ours := value(k)
			line, measured := "", ours.ok
			for _, other := range others {
				v := value(k.of(other))
				measured = measured || v.ok
				line += " | " + cell(v, duration)
				if v.ok && ours.ok {
					line += fmt.Sprintf(" (%s)", share(max(ours.Center, leastOverhead)/max(v.Center, leastOverhead)))
				}
				if v.ok && r.headers[k.of(other)].less() {
					line += " †"
				}
			}
			if measured {
				fmt.Fprintf(b, "| %s | %s%s |\n", rowTitle(s, request), cell(ours, duration), line)
			}
		}
	}
	b.WriteString("\n")
	r.unsupported(b, bench, f, setups)
}

// othersOf returns the subjects other than corskit that have results.
func (r *Report) othersOf(bench string, f benchmarks.Framework, setups []benchmarks.Setup, value func(key) estimate) (others []string) {
	measured := func(subject string) bool {
		for _, s := range setups {
			for _, request := range s.Requests {
				k := middlewareKey(f, s, request).of(subject)
				k.bench = bench
				if value(k).ok {
					return true
				}
			}
		}
		return false
	}
	for _, subject := range subjectsOf(f) {
		if subject != benchmarks.Bare && subject != benchmarks.Ours && measured(subject) {
			others = append(others, subject)
		}
	}
	return others
}

// unsupported writes the reasons why cells are empty.
func (r *Report) unsupported(b *bytes.Buffer, bench string, f benchmarks.Framework, setups []benchmarks.Setup) {
	said := map[string]bool{}
	for _, subject := range benchmarks.Subjects() {
		if subject.Framework != f {
			continue
		}
		for _, s := range setups {
			k := middlewareKey(f, s, s.Requests[0]).of(subject.Name)
			k.bench = bench
			if r.samples[k] != nil || r.samples[k.of(benchmarks.Bare)] == nil {
				continue
			}
			_, err := subject.Build(s)
			if !errors.Is(err, benchmarks.ErrUnsupported) {
				continue
			}
			reason := strings.TrimPrefix(err.Error(), benchmarks.ErrUnsupported.Error()+": ")
			line := fmt.Sprintf("- %s, %s: %s.\n", peerTitle(subject.Name), s.Title, reason)
			if !said[line] {
				b.WriteString(line)
			}
			said[line] = true
		}
	}
	if len(said) > 0 {
		b.WriteString("\n")
	}
}

// servers writes the throughput of whole servers.
func (r *Report) servers(b *bytes.Buffer) {
	b.WriteString(`## Whole servers

Requests per second over loopback, on 16 connections that stay open. The client is a separate process on the same machine.
The policy has one origin. The ratio in parentheses is relative to the framework without middleware.

| framework | middleware | actual, allowed | preflight, allowed |
|---|---|--:|--:|
`)
	for _, f := range frameworks {
		for _, subject := range subjectsOf(f.name) {
			line, measured := "", false
			for _, request := range []string{"actual-allowed", "preflight-allowed"} {
				k := key{bench: "Server", framework: string(f.name), setup: "origins-1", subject: subject, request: request}
				v, bare := r.value(k, perSecond), r.value(k.of(benchmarks.Bare), perSecond)
				line += " | " + cell(v, count)
				if v.ok && bare.ok && subject != benchmarks.Bare {
					line += fmt.Sprintf(" (%.2f)", v.Center/bare.Center)
				}
				measured = measured || v.ok
			}
			if measured {
				fmt.Fprintf(b, "| %s | %s%s |\n", f.title, peerTitle(subject), line)
			}
		}
	}
	b.WriteString("\n")
}

// lookups writes the times to look up origins.
func (r *Report) lookups(b *bytes.Buffer) {
	fmt.Fprint(b,
		"## Look-up\n\nThe time of a look-up with `Engine.AllowsOrigin`, and in a `map[string]struct{}`. Look-ups in random order\n")
	fmt.Fprint(b, "among many origins miss the processor's caches. Hot look-ups are for the same member every time.\n\n")
	fmt.Fprint(b, "| origins | random | map | hot | map | not a member | map |\n|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, n := range lookupSizes {
		fmt.Fprintf(b, "| %s", commas(n))
		for _, order := range []string{"random", "hot", "miss"} {
			k := lookupKey(n, order)
			fmt.Fprintf(b, " | %s | %s", cell(r.value(k, seconds), duration), cell(r.value(k.of("map"), seconds), duration))
		}
		b.WriteString(" |\n")
	}
	b.WriteString("\n")
}

// building writes the time and memory that engines take.
func (r *Report) building(b *bytes.Buffer) {
	b.WriteString(`## Building and memory

The table compares an engine built from a list of strings with a map that keeps the strings of the list, and with a map that
copies them, as the engine does. Memory is what remains in use after the list is dropped. For the first map, that includes
the strings.

| origins | engine | map | copying map | engine, bytes each | map | copying map |
|--:|--:|--:|--:|--:|--:|--:|
`)
	for _, n := range lookupSizes[3:] {
		fmt.Fprintf(b, "| %s", commas(n))
		for _, subject := range []string{benchmarks.Ours, "map", "own-map"} {
			fmt.Fprintf(b, " | %s", cell(r.value(compileKey(n).of(subject), seconds), duration))
		}
		for _, subject := range []string{benchmarks.Ours, "map", "own-map"} {
			fmt.Fprintf(b, " | %s", cell(r.value(compileKey(n).of(subject), bytesEach), count))
		}
		b.WriteString(" |\n")
	}
	b.WriteString(`
The time of one cycle of the garbage collector, and how much memory it scans for pointers:

| loaded | cycle | scanned |
|---|--:|--:|
`)
	for _, line := range [][2]string{
		{"nothing", "nothing"}, {benchmarks.Ours, "an engine of 1,000,000 origins"}, {"own-map", "a map of 1,000,000 origins"},
	} {
		k := key{bench: "Collect", subject: line[0]}
		fmt.Fprintf(b, "| %s | %s | %s |\n", line[1], cell(r.value(k, seconds), duration), cell(r.value(k, scanned), size))
	}
	b.WriteString("\n")
}

// profiles writes the profiles of the worst rows.
func (r *Report) profiles(b *bytes.Buffer) {
	said := map[key]bool{}
	for _, f := range r.Figures {
		if f.Profile == "" || said[f.Worst.key] {
			continue
		}
		if len(said) == 0 {
			b.WriteString("## Where the time goes\n\nProfiles of the worst row of each missed limit.\n\n")
		}
		said[f.Worst.key] = true
		fmt.Fprintf(b, "`%s` (%s):\n\n```\n%s\n```\n\n", f.Worst.key.name(), f.claim, strings.TrimRight(f.Profile, "\n"))
	}
}

// subjectsOf returns the names of a framework's subjects, in the order of the table.
func subjectsOf(f benchmarks.Framework) []string {
	var names []string
	for _, s := range benchmarks.Subjects() {
		if s.Framework == f {
			names = append(names, s.Name)
		}
	}
	return names
}
