package main

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const configuration = "go: go1.26\ncores: 2\ngoos: linux\ngoarch: amd64\ncpu: Any\n"

// times are rows of one run. Each map has the nanoseconds of every subject.
func times(framework, setup, request string, nanoseconds map[string]int) string {
	var b strings.Builder
	for subject, ns := range nanoseconds {
		fmt.Fprintf(&b, "BenchmarkMiddleware/framework=%s/setup=%s/subject=%s/request=%s-2 1000 %d ns/op 0 B/op 0 allocs/op\n",
			framework, setup, subject, request, ns)
	}
	return b.String()
}

// headersRow is a row of BenchmarkHeaders.
func headersRow(subject string, fewerHeaders, fewerVary, vary int) string {
	return fmt.Sprintf("BenchmarkHeaders/framework=nethttp/setup=origins-1/subject=%s/request=actual-allowed-2 1"+
		" %d fewer-headers %d fewer-vary 0 more-headers 1 more-vary %d vary\n", subject, fewerHeaders, fewerVary, vary)
}

func file(t *testing.T, content ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "results.txt")
	if err := os.WriteFile(name, []byte(strings.Join(content, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// raw are three runs. In an allowed request, corskit adds 50 ns to the bare handler,
// jub0bs-cors 100 ns, and rs-cors 25 ns.
func raw(t *testing.T, more ...string) *results {
	t.Helper()
	content := []string{
		configuration, headersRow("jub0bs-cors", 0, 0, 1), headersRow("rs-cors", 0, 0, 1), headersRow("gorilla-handlers", 1, 2, 0),
	}
	for i := range 3 {
		content = append(content, times("nethttp", "origins-1", "actual-allowed", map[string]int{
			"bare": 10 + i, "corskit": 60 + i, "jub0bs-cors": 110 + i, "rs-cors": 35 + i, "gorilla-handlers": 20 + i,
		}))
		for j, subject := range []string{nobody, "counters"} {
			content = append(content, fmt.Sprintf("BenchmarkObserve/subject=%s/request=no-origin-2 1000 %d ns/op\n", subject, 100+i+20*j))
		}
		for _, n := range lookupSizes {
			content = append(content, fmt.Sprintf("BenchmarkLookup/origins=%s/subject=corskit/order=hot-2 1000 %d ns/op\n", n, 10*len(n)))
		}
	}
	r, err := readResults([]string{file(t, append(content, more...)...)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func figure(t *testing.T, r *results, claim string) Figure {
	t.Helper()
	for _, f := range r.figures() {
		if strings.HasPrefix(f.claim, claim) {
			return f
		}
	}
	t.Fatalf("no limit %q", claim)
	return Figure{}
}

func TestFigures(t *testing.T) {
	r := raw(t)
	for claim, want := range map[string]struct {
		value   float64
		verdict string
	}{
		"net/http: corskit relative to jub0bs/cors, every row":  {0.5, "met"},
		"net/http: corskit relative to rs/cors, every row":      {2, "missed"},
		"net/http: corskit relative to go-chi/cors, every row":  {math.NaN(), "not measured"},
		"net/http: allocations":                                 {0, "met"},
		"every framework: corskit relative to an older version": {math.NaN(), "not measured"},
		"counters: time added":                                  {20, "missed"},
		"counters, refusals and a":                              {math.NaN(), "not measured"},
		"hot look-up":                                           {7, "missed"},
		"look-up among 1,000,000 ":                              {math.NaN(), "not measured"},
	} {
		f := figure(t, r, claim)
		if f.Verdict() != want.verdict || math.Abs(f.Value-want.value) > 1e-6 {
			t.Errorf("%s: %v, %s; want %v, %s", claim, f.Value, f.Verdict(), want.value, want.verdict)
		}
	}
	const name = "BenchmarkMiddleware/framework=nethttp/setup=origins-1/subject=corskit/request=actual-allowed"
	f := figure(t, r, "net/http: corskit relative to rs/cors")
	if f.exceeded() != "1 origin; actual, allowed (2x)" || f.Worst.key.name() != name {
		t.Errorf("over the limit: %q, worst row %s", f.exceeded(), f.Worst.key.name())
	}
}

// TestSameHeaders: rows in which a peer writes less, or in which headers were not
// compared, do not count against corskit.
func TestSameHeaders(t *testing.T) {
	for name, tt := range map[string]struct {
		header string
		rows   int
	}{
		"same":          {headersRow("go-chi-cors", 0, 0, 1), 1},
		"a header less": {headersRow("go-chi-cors", 1, 0, 1), 0},
		"no Vary":       {headersRow("go-chi-cors", 0, 1, 0), 0},
		"not compared":  {"", 0},
	} {
		r := raw(t, tt.header, times("nethttp", "origins-1", "actual-allowed", map[string]int{"go-chi-cors": 20}))
		if f := figure(t, r, "net/http: corskit relative to go-chi/cors"); f.Rows != tt.rows {
			t.Errorf("%s: %d rows, want %d", name, f.Rows, tt.rows)
		}
	}
}

func TestDifference(t *testing.T) {
	for want, d := range map[string]difference{
		"":                         {moreHeaders: 1, moreVary: 2, vary: 3},
		"1 header fewer":           {fewerHeaders: 1, vary: 1},
		"2 headers fewer, no Vary": {fewerHeaders: 2, fewerVary: 1},
		"a shorter Vary":           {fewerVary: 1, vary: 1},
		"shared values":            {shared: 1, vary: 1},
	} {
		if got := d.String(); got != want || d.less() != (want != "") {
			t.Errorf("%+v: %q, less %v; want %q", d, got, d.less(), want)
		}
	}
}

// TestFiberLimits: the mean is over honest rows with an Origin and up to ten origins.
func TestFiberLimits(t *testing.T) {
	const ours = 20
	var more []string
	for _, tt := range []struct {
		setup, request string
		peer           int
	}{
		{"origins-1", "actual-allowed", 30}, {"origins-9-mixed", "actual-refused", 30},
		{"origins-1", noOrigin, 11}, {"origins-1", "hostile-token-1Mi", 1000}, {"origins-1000", "actual-allowed", 1000},
	} {
		more = append(more, times("fiber", tt.setup, tt.request, map[string]int{"bare": 10, "corskit": ours, "fiber-middleware": tt.peer}))
	}
	r := raw(t, more...)
	for _, f := range r.figures() {
		if !strings.HasPrefix(f.claim, "fiber v2: corskit relative to fiber's own") {
			continue
		}
		rows, value := 4, 0.5
		if f.mean {
			rows = 2
		}
		if f.Rows != rows || math.Abs(f.Value-value) > 1e-6 || !f.Met() {
			t.Errorf("%s: %v in %d rows, want %v in %d", f.claim, f.Value, f.Rows, value, rows)
		}
	}
}

// TestFloor: libraries are compared over the rows that the floor has too.
func TestFloor(t *testing.T) {
	if page := string(newReport(raw(t)).contributors("")); strings.Contains(page, "## The floor") {
		t.Error("the page compares with a floor that was not measured")
	}
	r := raw(t, times("nethttp", "origins-1", "actual-allowed", map[string]int{"floor": 35}),
		times("nethttp", "origins-1000", "actual-allowed", map[string]int{"bare": 10, "corskit": 20, "jub0bs-cors": 20}))
	page := string(newReport(r).contributors(""))
	for _, want := range []string{
		"| corskit | 1 | 2.00x | 2.00x: 1 origin; actual, allowed | 2.00x: 1 origin; actual, allowed |",
		"| jub0bs/cors | 1 | 4.00x | 4.00x: 1 origin; actual, allowed |",
		"| rs/cors | 1 | 1.00x |",
		"\n| policy; request | corskit | rs/cors | jub0bs/cors | gorilla/handlers | floor |\n",
		"| net/http: corskit relative to the floor, geometric mean of 1 rows | 1.35x | 2x | missed | 2x |",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no line %q in\n%s", want, page[:min(len(page), 6000)])
		}
	}
}

// TestFastest: a disturbed run does not change numbers from the fastest runs.
func TestFastest(t *testing.T) {
	var disturbed []string
	for range 4 {
		disturbed = append(disturbed,
			times("nethttp", "origins-1", "actual-allowed", map[string]int{"bare": 10, "corskit": 900, "jub0bs-cors": 110}))
	}
	f := figure(t, raw(t, disturbed...), "net/http: corskit relative to jub0bs/cors")
	if f.Value < 5 || math.Abs(f.Fastest-0.5) > 1e-6 {
		t.Errorf("%v from medians, %v from the fastest runs; want 8.9 and 0.5", f.Value, f.Fastest)
	}
}

// TestNoise: the interval is wide if the runs differ, and misses near a limit are
// marked.
func TestNoise(t *testing.T) {
	var runs []string
	for i := range 10 {
		runs = append(runs, times("nethttp", "origins-1", "actual-allowed",
			map[string]int{"bare": 10, "corskit": 100 + 3*i, "jub0bs-cors": 113}))
	}
	r, err := readResults([]string{file(t, append(runs, headersRow("jub0bs-cors", 0, 0, 1))...)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	f := figure(t, r, "net/http: corskit relative to jub0bs/cors")
	if f.Noise < 0.03 || f.Noise > 0.15 || f.Verdict() != "missed, within the noise" {
		t.Errorf("%v ±%v, %s; want about 1.004 ±0.08, missed, within the noise", f.Value, f.Noise, f.Verdict())
	}
	if again := figure(t, r, "net/http: corskit relative to jub0bs/cors"); again.Noise != f.Noise {
		t.Errorf("the noise of the same results is %v and %v", f.Noise, again.Noise)
	}
	if quiet := figure(t, raw(t), "net/http: corskit relative to jub0bs/cors"); quiet.Noise > 1e-9 {
		t.Errorf("runs without noise have the noise %v", quiet.Noise)
	}
}

// TestBase: results of an older version come from the same file or from another.
func TestBase(t *testing.T) {
	before := times("nethttp", "origins-1", "actual-allowed", map[string]int{"bare": 10, "corskit": 50})
	same := raw(t, "build: base\n", before, before, before, "build: head\n")
	other := raw(t)
	other.base = newResults()
	if err := other.base.read([]string{file(t, before, before, before)}); err != nil {
		t.Fatal(err)
	}
	for name, r := range map[string]*results{"the same file": same, "another file": other} {
		f := figure(t, r, "every framework: corskit relative to an older version")
		if math.Abs(f.Value-1.25) > 1e-6 || f.Verdict() != "missed" || f.Rows != 1 {
			t.Errorf("%s: %v in %d rows, %s; want 1.25 in 1, missed", name, f.Value, f.Rows, f.Verdict())
		}
		var b strings.Builder
		newReport(r).print(&b)
		if want := "net/http  1.250, slowest row 1.25 (net/http; 1 origin; actual, allowed)"; !strings.Contains(b.String(), want) {
			t.Errorf("%s: no %q in\n%s", name, want, b.String())
		}
		if page := string(newReport(r).contributors("")); !strings.Contains(page, "## Before and after") {
			t.Errorf("%s: the page does not compare", name)
		}
	}
	if !math.IsNaN(figure(t, raw(t), "every framework: corskit relative to an older version").Value) {
		t.Error("there is a comparison although there is no older version")
	}
}

func TestReadResults(t *testing.T) {
	if _, err := readResults([]string{filepath.Join(t.TempDir(), "none")}, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v, want os.ErrNotExist", err)
	}
	if _, err := readResults([]string{file(t)}, nil); err == nil {
		t.Error("an empty file: no error")
	}
	if r := raw(t); r.runs() != 3 || r.config["go"] != "go1.26" {
		t.Errorf("%d runs, configuration %v", r.runs(), r.config)
	}
	if r := raw(t, "BenchmarkCollect/subject=nothing-2 1 5 ns/op\n"); r.runs() != 1 {
		t.Errorf("one row with one sample: %d runs, want 1", r.runs())
	}
}

func TestNumbers(t *testing.T) {
	for got, want := range map[string]string{
		count(28_444): "28,400", count(999.6): "1000", count(1_234_567): "1,230,000", count(43.3): "43.3", commas("100000"): "100,000",
		duration(1.234e-9): "1.23 ns", duration(999.9e-9): "1.00 µs", duration(0.0713): "71.3 ms", duration(-4e-9): "-4.00 ns",
		size(3 << 20): "3.00 MiB", share(0.5): "0.50", share(0.001): "1/1000", share(2.4e-5): "1/41,700", share(12.34): "12.3",
		tenths(0.001): "1/1,000", tenths(1): "1", tenths(100): "100",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// TestUsersPage: the page opens with a picture and a table, which says where a
// library does less.
func TestUsersPage(t *testing.T) {
	page := string(newReport(raw(t)).users())
	const row = "| actual, allowed; 1 origin | 50.0 ns | 0.50 | 2.00 | — | 5.00 † | — | — | — | — | — | " +
		"gorilla/handlers: 1 header fewer, no Vary |"
	picture, table := strings.Index(page, "(performance/common.svg)"), strings.Index(page, row)
	if picture < 0 || table < picture || strings.Index(page, "\n## ") < table {
		t.Errorf("want a picture, then the table with %q, in\n%s", row, page)
	}
	for _, name := range []string{"floor", "limit of"} {
		if strings.Contains(page, name) {
			t.Errorf("the page for users mentions %q", name)
		}
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, chartsDir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, notesFile), []byte("A note."), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := newReport(raw(t)).write(dir); err != nil {
		t.Fatal(err)
	}
	for name, wants := range map[string][]string{
		usersFile: {"preliminary", "(" + contributorsFile + ")", "| no Origin | 101 ns | +20.0 ns | +— |"},
		contributorsFile: {"preliminary", "A note.", "| 1 origin; actual, allowed | 50.0 ns | 25.0 ns (2.00) | 100 ns (0.50) |",
			"| missed |"},
	} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range wants {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s: no %q in\n%s", name, want, text)
			}
		}
	}
	for _, name := range []string{"common", "overhead", "lookup", "hostile"} {
		svg, err := os.ReadFile(filepath.Join(dir, chartsDir, name+".svg"))
		if errors.Is(err, os.ErrNotExist) && name == "hostile" {
			continue // no hostile row was measured
		}
		if err != nil {
			t.Error(err)
			continue
		}
		if err := wellFormed(string(svg)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func wellFormed(document string) error {
	for d := xml.NewDecoder(strings.NewReader(document)); ; {
		if _, err := d.Token(); err == io.EOF {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// TestMeasure runs a stand-in for the benchmarks: headers are compared once, and
// the two versions take turns at going first.
func TestMeasure(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "benchmarks.test")
	const row = "BenchmarkMiddleware/framework=nethttp/setup=origins-1/subject=%s/request=actual-allowed-2\\t1000\\t%d ns/op\\n"
	text := "#!/bin/sh\ncase \"$*\" in\n*'" + headersBench + " -test.benchtime 1x'*) printf '" +
		strings.ReplaceAll(strings.TrimSpace(headersRow("rs-cors", 1, 0, 1)), " ", "\\t") + "\\n';;\n*) printf '" +
		fmt.Sprintf(row, "bare", 10) + fmt.Sprintf(row, "corskit", 30) + "';;\nesac\n"
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	r := runner{ctx: context.Background(), dir: dir, progress: io.Discard}
	p := plan{file: filepath.Join(dir, "results.txt"), runs: 2, benchtime: "1ms",
		builds: []build{{headBuild, script, []string{"A", "B"}}, {baseBuild, script, []string{"A", "B"}}}}
	if err := r.measure(p); err != nil {
		t.Fatal(err)
	}
	data, err := readResults([]string{p.file}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if data.runs() != 4 || data.base == nil || len(data.headers) != 1 {
		t.Errorf("%d samples, base %v, headers %v; want two benches of both in two runs, and one row of headers",
			data.runs(), data.base, data.headers)
	}
	content, err := os.ReadFile(p.file)
	if err != nil {
		t.Fatal(err)
	}
	var order []string
	for line := range strings.Lines(string(content)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "build: "); ok {
			order = append(order, name)
		}
	}
	want := []string{headBuild, headBuild, baseBuild, baseBuild, headBuild, baseBuild, headBuild, headBuild, baseBuild}
	if !slices.Equal(order, want) {
		t.Errorf("versions in the order %v, want %v", order, want)
	}
	if err := r.measure(plan{file: p.file, runs: 1, builds: []build{{headBuild, "/bin/true", []string{"."}}}}); err == nil {
		t.Error("a run without results: no error")
	}
	if err := r.measure(plan{file: p.file, runs: 1, builds: []build{{headBuild, "/bin/false", []string{"."}}}}); err == nil {
		t.Error("a failing run: no error")
	}
}

func TestOptions(t *testing.T) {
	for name, tt := range map[string]struct {
		o         options
		arguments []string
	}{
		"an argument":     {options{runs: 1, bench: "."}, []string{"x"}},
		"no runs":         {options{bench: "."}, nil},
		"-ours and bench": {options{runs: 1, bench: "Lookup", ours: true}, nil},
	} {
		if tt.o.check(tt.arguments) == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := (&options{runs: 1, bench: "."}).check(nil); err != nil {
		t.Error(err)
	}
}
