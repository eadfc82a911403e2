package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// raw are three runs in which ours costs 50 ns more than the bare handler, and
// jub0bs-cors 100 ns.
func raw(t *testing.T, more ...string) *results {
	t.Helper()
	var b strings.Builder
	b.WriteString("go: go1.26\ncores: 2\ngoos: linux\ngoarch: amd64\ncpu: Any\n")
	for i := range 3 {
		for subject, ns := range map[string]int{"bare": 10 + i, "corskit": 60 + i, "jub0bs-cors": 110 + i, "rs-cors": 35 + i} {
			fmt.Fprintf(&b, "BenchmarkMiddleware/framework=nethttp/setup=origins-1/subject=%s/request=actual-allowed-2 1000 %d ns/op 0 B/op 0 allocs/op\n", subject, ns)
		}
		for _, n := range lookupSizes {
			fmt.Fprintf(&b, "BenchmarkLookup/origins=%s/subject=corskit/order=hot-2 1000 %d ns/op\n", n, 10*len(n))
		}
	}
	b.WriteString(strings.Join(more, "\n") + "\n")
	file := filepath.Join(t.TempDir(), "results.txt")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := readResults([]string{file})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func figure(t *testing.T, r *results, claim string) Figure {
	t.Helper()
	for _, f := range r.figures() {
		if strings.HasPrefix(f.Claim, claim) {
			return f
		}
	}
	t.Fatalf("no figure %q", claim)
	return Figure{}
}

func TestFigures(t *testing.T) {
	r := raw(t)
	for claim, want := range map[string]struct {
		value   float64
		verdict string
	}{
		"net/http: overhead over that of jub0bs/cors":            {0.5, "met"},
		"net/http: overhead over that of rs/cors":                {2, "missed"},
		"net/http: overhead over that of rs-cors, every row":     {2, "missed"},
		"net/http: overhead over that of go-chi-cors, every row": {math.NaN(), "not measured"},
		"hot look-up":              {7, "missed"},
		"look-up among 1,000,000 ": {math.NaN(), "not measured"},
	} {
		f := figure(t, r, claim)
		if f.Verdict() != want.verdict || math.Abs(f.Value-want.value) > 1e-6 {
			t.Errorf("%s: %v, %s; want %v, %s", claim, f.Value, f.Verdict(), want.value, want.verdict)
		}
	}
	if f := figure(t, r, "net/http: overhead over that of rs-cors, every row"); !strings.Contains(f.Note, "actual, allowed (2x)") ||
		f.Worst.name() != "BenchmarkMiddleware/framework=nethttp/setup=origins-1/subject=corskit/request=actual-allowed" {
		t.Errorf("note %q, worst %s", f.Note, f.Worst.name())
	}
}

// TestFloor: what is possible is said over the rows that the floor has.
func TestFloor(t *testing.T) {
	if lines := raw(t).floors(); len(lines) != 0 {
		t.Errorf("without a floor there are %v", lines)
	}
	const row = "BenchmarkMiddleware/framework=nethttp/setup=%s/subject=%s/request=actual-allowed-2 1000 %d ns/op 0 B/op 0 allocs/op"
	r := raw(t, fmt.Sprintf(row, "origins-1", "floor", 35), // 25 ns more than the bare handler
		fmt.Sprintf(row, "origins-1000", "bare", 10), fmt.Sprintf(row, "origins-1000", "corskit", 20), fmt.Sprintf(row, "origins-1000", "jub0bs-cors", 20))
	text := string((&Report{results: r}).markdown(""))
	for _, want := range []string{
		"| corskit | 1 | 1x | 0.5x | 0.5x: 1 origin; actual, allowed |",
		"| jub0bs-cors | 1 | 0.5x | 0.25x | 0.25x: 1 origin; actual, allowed |",
		"| rs-cors | 1 | 2x | 1x | 1x: 1 origin; actual, allowed |",
		"\n| policy; request | corskit | rs-cors | jub0bs-cors | floor |\n",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no line %q in\n%s", want, text[:min(len(text), 4000)])
		}
	}
}

// TestFastest: one disturbed run changes no figure of the least times.
func TestFastest(t *testing.T) {
	const row = "BenchmarkMiddleware/framework=nethttp/setup=origins-1/subject=%s/request=actual-allowed-2 1000 %d ns/op 0 B/op 0 allocs/op"
	var disturbed []string
	for range 4 {
		for subject, ns := range map[string]int{"bare": 10, "corskit": 900, "jub0bs-cors": 110} {
			disturbed = append(disturbed, fmt.Sprintf(row, subject, ns))
		}
	}
	for _, f := range newReport(raw(t, disturbed...)).Figures {
		if strings.HasPrefix(f.Claim, "net/http: overhead over that of jub0bs/cors") && (f.Value < 5 || math.Abs(f.Fastest-0.5) > 1e-6) {
			t.Errorf("by the median %v, by the least times %v, want 8.9 and 0.5", f.Value, f.Fastest)
		}
	}
}

func TestReadResults(t *testing.T) {
	if _, err := readResults([]string{filepath.Join(t.TempDir(), "none")}); err == nil {
		t.Error("a file that is not there is read")
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readResults([]string{empty}); err == nil {
		t.Error("an empty file is a result")
	}
	if r := raw(t); r.runs() != 3 || r.config["go"] != "go1.26" {
		t.Errorf("%d runs, config %v", r.runs(), r.config)
	}
	if r := raw(t, "BenchmarkCollect/subject=nothing-2 1 5 ns/op"); r.runs() != 1 {
		t.Errorf("a row of one sample among rows of three: %d runs", r.runs())
	}
}

func TestNumbers(t *testing.T) {
	for got, want := range map[string]string{
		count(28_444): "28,400", count(999.6): "1000", count(1_234_567): "1,230,000", count(43.3): "43.3", commas("100000"): "100,000",
		duration(1.234e-9): "1.23 ns", duration(999.9e-9): "1.00 µs", duration(0.0713): "71.3 ms", duration(-4e-9): "-4.00 ns", size(3 << 20): "3.00 MiB",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "performance"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "performance", notesFile), []byte("Said by hand."), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := newReport(raw(t)).write(dir); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a rehearsal", "Said by hand.", "| 1 origin; actual, allowed | 50.0 ns | 25.0 ns (2) | 100 ns (0.5) |", "| missed |"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for _, name := range []string{"overhead", "lookup", "hostile"} {
		svg, err := os.ReadFile(filepath.Join(dir, "performance", name+".svg"))
		if os.IsNotExist(err) && name == "hostile" {
			continue // no row of it was measured
		}
		if err != nil {
			t.Error(err)
			continue
		}
		for d := xml.NewDecoder(strings.NewReader(string(svg))); ; {
			if _, err := d.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
		}
	}
}
