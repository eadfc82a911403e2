package config_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/corskit/corskit/config"
)

// million writes a configuration with an origins_file of n lines.
func million(tb testing.TB, n int) string {
	tb.Helper()
	dir := tb.TempDir()
	path := filepath.Join(dir, "cors.yaml")
	if err := os.WriteFile(path, []byte("policies: {partners: {origins_file: partners.txt, allow_credentials: true}}\n"),
		0o644); err != nil {
		tb.Fatal(err)
	}
	f, err := os.Create(filepath.Join(dir, "partners.txt"))
	if err != nil {
		tb.Fatal(err)
	}
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "# partners")
	for i := range n {
		fmt.Fprintf(w, "https://partner-%d.customers.example.com\n", i)
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
	return path
}

// BenchmarkMillionOrigins loads an origins_file of a million lines, and one of ten
// thousand for comparison. It reports seconds, the peak memory of the process, and
// the memory that the engine keeps.
func BenchmarkMillionOrigins(b *testing.B) {
	for _, n := range []int{10_000, 1_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			path := million(b, n)
			none := config.Options{Environ: []string{}}
			var before, after runtime.MemStats
			for b.Loop() {
				b.StopTimer()
				debug.FreeOSMemory()
				resetPeak()
				runtime.ReadMemStats(&before)
				b.StartTimer()
				engine, err := config.Load(path, none)
				if err != nil {
					b.Fatal(err)
				}
				b.StopTimer()
				peak := peakMiB()
				runtime.GC()
				runtime.ReadMemStats(&after)
				last, absent := fmt.Sprintf("https://partner-%d.customers.example.com", n-1), "https://partner-x.customers.example.com"
				if !engine.AllowsOrigin(last) || engine.AllowsOrigin(absent) {
					b.Fatal("wrong decision")
				}
				b.ReportMetric(peak, "peak-MiB")
				b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "kept-MiB")
				b.StartTimer()
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/load")
		})
	}
}

// resetPeak and peakMiB work on Linux, see proc(5). On other systems the peak is 0.
func resetPeak() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) }

func peakMiB() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if kib, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(kib), "kB")), 64)
			return n / 1024
		}
	}
	return 0
}

// TestHundredThousandOrigins is a short version of the benchmark: the last line
// must be loaded, and a fault in it must be reported.
func TestHundredThousandOrigins(t *testing.T) {
	const n = 100_000
	path := million(t, n)
	none := config.Options{Environ: []string{}}
	engine, err := config.Load(path, none)
	if err != nil {
		t.Fatal(err)
	}
	if !engine.AllowsOrigin(fmt.Sprintf("https://partner-%d.customers.example.com", n-1)) {
		t.Error("the last origin is refused")
	}
	list := filepath.Join(filepath.Dir(path), "partners.txt")
	f, err := os.OpenFile(list, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("https://partner.example.com/\n"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	r := config.Check(context.Background(), config.Files{Dir: filepath.Dir(path)}, "cors.yaml", none)
	want := list + `:100002:1: policies.partners.origins_file "https://partner.example.com/": ` +
		`a trailing slash is not part of an origin; did you mean "https://partner.example.com"?`
	if r.Err == nil || r.Err.Error() != want {
		t.Errorf("got  %v\nwant %s", r.Err, want)
	}
}
