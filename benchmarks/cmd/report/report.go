package main

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/corskit/corskit/benchmarks"
)

// Report is what docs/performance.md says.
type Report struct {
	*results
	Figures []Figure
}

func newReport(r *results) *Report {
	figures := r.figures()
	for i, f := range r.fastest().figures() {
		figures[i].Fastest = f.Value
	}
	return &Report{r, figures}
}

// notesFile, in the directory of the charts, is written by hand: what is to be
// said of the figures that are missed. Its text goes into the report.
const notesFile = "notes.md"

// write writes performance.md and the charts into a directory.
func (r *Report) write(dir string) error {
	if err := r.charts(filepath.Join(dir, "performance")); err != nil {
		return err
	}
	notes, err := os.ReadFile(filepath.Join(dir, "performance", notesFile))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "performance.md"), r.markdown(string(notes)), 0o644)
}

func (r *Report) markdown(notes string) []byte {
	var b bytes.Buffer
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	say("# Performance\n")
	say("<!-- Written by benchmarks/cmd/report. What is said by hand stands in performance/%s. -->\n", notesFile)
	say("What the middleware costs beside that of other libraries, every row measured %d times in one session on one machine: %s, %s cores, %s, %s/%s.",
		r.runs(), or(r.config["cpu"], "an unnamed processor"), or(r.config["cores"], "an unknown number of"), or(r.config["go"], "an unknown Go"), r.config["goos"], r.config["goarch"])
	if r.runs() < minRuns {
		say("**That is fewer than %d times: the numbers are a rehearsal, not a result.**", minRuns)
	}
	say(`
The overhead is the time of a request less the time of the same request to the same framework without middleware, in the
same run. Numbers are medians, with half the width of the 95 %% confidence interval in per cent where it is more than 5 %%;
ratios in parentheses are of medians, ours to the other's, so that less than 1 is in our favour. Everything is served in
memory: handlers do nothing, and header maps are used again. Libraries are configured as their documentation says, to
the same policy, and a model of a browser confirmed before each measurement that they give the same verdict. They
still do not do the same: some leave out ` + "`Vary`" + `, some share header slices between responses, and some answer a refused
request themselves. Repeat it with

    go run ./benchmarks/cmd/report
`)
	say("## Figures\n")
	say("What counts is the medians. Beside them stands what comes of the least time of each row: what else a machine does only ever")
	say("adds to a time, so that the two are far apart where there was much of it.\n")
	say("| figure | limit | measured | | by the least times |\n|---|--:|--:|---|--:|")
	for _, f := range r.Figures {
		say("| %s | %s | %s | %s | %s |", f.Claim, f.number(f.Limit), f.numberOr(f.Value), f.Verdict(), f.numberOr(f.Fastest))
	}
	say("")
	for _, f := range r.Figures {
		if f.Note != "" {
			say("- Over the limit of “%s”: %s.", f.Claim, f.Note)
		}
	}
	if notes != "" {
		say("\n%s", strings.TrimSpace(notes))
	}
	r.floor(&b)
	say("\n## Overhead\n")
	say("![Overhead of each library and framework for one allowed origin](performance/overhead.svg)\n")
	say("![Overhead against the number of origins, from one to a million](performance/lookup.svg)\n")
	say("![Overhead of preflights made to be expensive](performance/hostile.svg)\n")
	setups := benchmarks.Setups(0)
	for _, f := range frameworks {
		say("### %s\n", f.title)
		r.table(&b, "Middleware", f.name, setups, r.overhead, duration)
	}
	say("## The public set\n")
	say("The cases of [jub0bs/cors-benchmarks](https://github.com/jub0bs/cors-benchmarks), as they are measured there: in parallel, with a new")
	say("`httptest.ResponseRecorder` for each request, whose cost is in the numbers.\n")
	r.table(&b, "Public", benchmarks.NetHTTP, benchmarks.PublicSetups(), func(k key) estimate { return r.value(k, seconds) }, duration)
	r.servers(&b)
	r.lookups(&b)
	r.profiles(&b)
	return b.Bytes()
}

// numberOr is number, or a dash for what has not been measured.
func (f Figure) numberOr(v float64) string {
	if math.IsNaN(v) {
		return "—"
	}
	return f.number(v)
}

func (r *Report) floor(b *bytes.Buffer) {
	lines := r.floors()
	if len(lines) == 0 {
		return
	}
	fmt.Fprint(b, "\n## What is possible\n\nThe floor is no middleware: it has been told which origins are going to be asked about. It looks at the two request headers\n")
	fmt.Fprint(b, "that everybody has to look at, and writes what the rules ask for into memory of the response's own, without any care for\n")
	fmt.Fprint(b, "other goroutines. Whoever keeps the rules is not quicker on net/http. Geometric means over the rows that both have:\n\n")
	fmt.Fprint(b, "| over | rows | corskit | floor | floor, worst row |\n|---|--:|--:|--:|---|\n")
	for _, l := range lines {
		ours := "1x"
		if !math.IsNaN(l.ours) {
			ours = fmt.Sprintf("%.3gx", l.ours)
		}
		fmt.Fprintf(b, "| %s | %d | %s | %.3gx | %.3gx: %s |\n", l.peer, l.rows, ours, l.floor, l.worst.ratio, l.worst.title)
	}
}

// table has a line for each request and a column for each subject.
func (r *Report) table(b *bytes.Buffer, bench string, f benchmarks.Framework, setups []benchmarks.Setup, value func(key) estimate, format func(float64) string) {
	var peers []string
	measured := func(name string) bool {
		for _, s := range setups {
			for _, request := range s.Requests {
				if value(key{bench: bench, framework: string(f), setup: s.Name, subject: name, request: request.Name}).ok {
					return true
				}
			}
		}
		return false
	}
	for _, name := range subjectsOf(f) {
		if name != benchmarks.Bare && name != benchmarks.Ours && measured(name) {
			peers = append(peers, name)
		}
	}
	fmt.Fprintf(b, "| policy; request | %s | %s |\n|---|--:|%s\n", benchmarks.Ours, strings.Join(peers, " | "), strings.Repeat("--:|", len(peers)))
	for _, s := range setups {
		for _, request := range s.Requests {
			k := key{bench: bench, framework: string(f), setup: s.Name, subject: benchmarks.Ours, request: request.Name}
			ours := value(k)
			line, any := "", ours.ok
			for _, peer := range peers {
				v := value(k.of(peer))
				any = any || v.ok
				line += " | " + cell(v, format)
				if x := ratio(ours, v); !math.IsNaN(x) {
					line += fmt.Sprintf(" (%.2g)", x)
				}
			}
			if any {
				fmt.Fprintf(b, "| %s; %s | %s%s |\n", s.Title, request.Title, cell(ours, format), line)
			}
		}
	}
	b.WriteString("\n")
	r.reasons(b, bench, f, setups)
}

// reasons says why a cell is empty, for those that are.
func (r *Report) reasons(b *bytes.Buffer, bench string, f benchmarks.Framework, setups []benchmarks.Setup) {
	said := map[string]bool{}
	for _, subject := range benchmarks.Subjects() {
		if subject.Framework != f {
			continue
		}
		for _, s := range setups {
			k := key{bench: bench, framework: string(f), setup: s.Name, subject: subject.Name, request: s.Requests[0].Name}
			if r.samples[k] != nil || r.samples[k.of(benchmarks.Bare)] == nil {
				continue
			}
			if _, err := subject.Build(s); errors.Is(err, benchmarks.ErrUnsupported) {
				line := fmt.Sprintf("- %s, %s: %s.\n", subject.Name, s.Title, strings.TrimPrefix(err.Error(), benchmarks.ErrUnsupported.Error()+": "))
				if !said[line] {
					b.WriteString(line)
				}
				said[line] = true
			}
		}
	}
	if len(said) > 0 {
		b.WriteString("\n")
	}
}

func (r *Report) servers(b *bytes.Buffer) {
	fmt.Fprint(b, "## Whole servers\n\nRequests a second over loopback, on 16 connections that stay open, with the client in a process of its own on the same machine.\n")
	fmt.Fprint(b, "The policy is a list of one origin. In parentheses: the part that the framework without middleware does.\n\n")
	fmt.Fprint(b, "| framework | middleware | actual, allowed | preflight, allowed |\n|---|---|--:|--:|\n")
	for _, f := range frameworks {
		for _, subject := range subjectsOf(f.name) {
			line, any := "", false
			for _, request := range []string{"actual-allowed", "preflight-allowed"} {
				k := key{bench: "Server", framework: string(f.name), setup: "origins-1", subject: subject, request: request}
				v, bare := r.value(k, perSecond), r.value(k.of(benchmarks.Bare), perSecond)
				line += " | " + cell(v, count)
				if v.ok && bare.ok && subject != benchmarks.Bare {
					line += fmt.Sprintf(" (%.2f)", v.Center/bare.Center)
				}
				any = any || v.ok
			}
			if any {
				fmt.Fprintf(b, "| %s | %s%s |\n", f.title, subject, line)
			}
		}
	}
	b.WriteString("\n")
}

func (r *Report) lookups(b *bytes.Buffer) {
	fmt.Fprint(b, "## Look-up, building, memory\n\nOne look-up through `Engine.AllowsOrigin`, beside `map[string]struct{}`. Random order misses the processor's caches\nonce the list is larger than they are; hot is one member again and again.\n\n")
	fmt.Fprint(b, "| origins | random | map | hot | map | no member | map |\n|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, n := range lookupSizes {
		fmt.Fprintf(b, "| %s", commas(n))
		for _, order := range []string{"random", "hot", "miss"} {
			k := key{bench: "Lookup", origins: n, subject: benchmarks.Ours, order: order}
			fmt.Fprintf(b, " | %s | %s", cell(r.value(k, seconds), duration), cell(r.value(k.of("map"), seconds), duration))
		}
		b.WriteString(" |\n")
	}
	fmt.Fprint(b, "\nBuilding from a list of strings: an engine, a map that has the list's own strings for keys, and one that copies them, as the\nengine does. Memory is what stays in use when the list is gone, which for the first map includes the strings.\n\n")
	fmt.Fprint(b, "| origins | engine | map | map of copies | engine, bytes each | map | map of copies |\n|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, n := range lookupSizes[3:] {
		fmt.Fprintf(b, "| %s", commas(n))
		for _, unit := range []struct {
			name   string
			format func(float64) string
		}{{seconds, duration}, {bytesEach, count}} {
			for _, subject := range []string{benchmarks.Ours, "map", "own-map"} {
				fmt.Fprintf(b, " | %s", cell(r.value(key{bench: "Compile", origins: n, subject: subject}, unit.name), unit.format))
			}
		}
		b.WriteString(" |\n")
	}
	fmt.Fprint(b, "\nA cycle of the garbage collector, and what it looks through for pointers:\n\n| with | cycle | scanned |\n|---|--:|--:|\n")
	for _, row := range [][2]string{{"nothing", "nothing loaded"}, {benchmarks.Ours, "an engine of 1,000,000 origins"}, {"own-map", "a map of 1,000,000 origins"}} {
		k := key{bench: "Collect", subject: row[0]}
		fmt.Fprintf(b, "| %s | %s | %s |\n", row[1], cell(r.value(k, seconds), duration), cell(r.value(k, scanned), size))
	}
	b.WriteString("\n")
}

func (r *Report) profiles(b *bytes.Buffer) {
	said := map[key]bool{}
	for _, f := range r.Figures {
		if f.Profile == "" || said[f.Worst] {
			continue
		}
		if len(said) == 0 {
			b.WriteString("## Where the time goes\n\nProfiles of the worst row of each figure that is missed.\n\n")
		}
		said[f.Worst] = true
		fmt.Fprintf(b, "`%s` (%s):\n\n```\n%s\n```\n\n", f.Worst.name(), f.Claim, strings.TrimRight(f.Profile, "\n"))
	}
}

// cell is a median, with its confidence where that is more than 5 %.
func cell(e estimate, format func(float64) string) string {
	if !e.ok {
		return "—"
	}
	text := format(e.Center)
	if half := (e.Hi - e.Lo) / 2 / math.Abs(e.Center); half > 0.05 && !math.IsInf(half, 0) {
		text += fmt.Sprintf(" ±%.0f %%", half*100)
	}
	return text
}

func duration(s float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}} {
		if math.Abs(s) >= u.size*0.9995 {
			return digits(s/u.size) + " " + u.name
		}
	}
	return digits(s*1e9) + " ns"
}

func size(n float64) string {
	if n >= 1<<20 {
		return digits(n/(1<<20)) + " MiB"
	}
	return digits(n/(1<<10)) + " KiB"
}

// count writes large numbers to three digits, with commas.
func count(n float64) string {
	if n < 1000 {
		return digits(n)
	}
	unit := math.Pow(10, math.Floor(math.Log10(n))-2)
	return commas(fmt.Sprintf("%.0f", math.Round(n/unit)*unit))
}

// commas puts a comma before every third digit from the end.
func commas(s string) string {
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// digits are three, as many as mean anything.
func digits(v float64) string {
	switch a := math.Abs(v); {
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	default:
		return fmt.Sprintf("%.2f", v)
	}
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}
