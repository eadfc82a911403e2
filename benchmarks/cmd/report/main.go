// Command report measures corskit beside other CORS middleware and writes what
// it finds to docs/performance.md, with charts in docs/performance.
//
//	go run ./benchmarks/cmd/report                       # ten runs, then the report
//	go run ./benchmarks/cmd/report -read results.txt     # the report alone
//
// Each run is a process of its own that goes through the whole table once, so
// that what disturbs the machine for a minute disturbs one sample of many rows
// and not all samples of one. The raw results, in the format of Go benchmarks,
// stay in the file that is named at the end; benchstat reads them too.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const module = "github.com/corskit/corskit/benchmarks"

// minRuns is how many samples a row needs for a confidence interval to mean
// something.
const minRuns = 10

func main() {
	read := flag.String("read", "", "read the results from these `files`, separated by commas, and measure nothing")
	results := flag.String("results", filepath.Join(os.TempDir(), "corskit-benchmarks.txt"), "the `file` that raw results go to")
	runs := flag.Int("runs", minRuns, "how often every row is measured; fewer than ten are marked in the report")
	benchtime := flag.String("benchtime", "100ms", "how long one measurement of a row takes (see go help testflag)")
	bench := flag.String("bench", ".", "measure the benchmarks that match this `regexp` only")
	out := flag.String("out", "", "the `directory` that performance.md goes to (default: docs of the repository)")
	profiles := flag.Bool("profile", true, "profile the worst row of each figure that is missed, and put the profile into the report")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "report: unexpected argument %q\n", flag.Arg(0))
		os.Exit(2)
	}
	if err := run(*read, *results, *runs, *benchtime, *bench, *out, *profiles); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func run(read, resultsFile string, runs int, benchtime, bench, out string, profiles bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	directory, err := exec.Command("go", "list", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return fmt.Errorf("go list %s, which has to work where the report is run: %w%s", module, err, stderrOf(err))
	}
	r := runner{ctx: ctx, dir: strings.TrimSpace(string(directory)), progress: os.Stderr, every: time.Minute, end: "\n"}
	if isTerminal(os.Stderr) {
		r.every, r.end = time.Second/4, "\r" // the same line again
	}
	files := []string{resultsFile}
	if read != "" {
		files = strings.Split(read, ",")
	}
	if read == "" || profiles {
		clean, err := r.compile()
		if err != nil {
			return err
		}
		defer clean()
	}
	if read == "" {
		if runs < 1 {
			return fmt.Errorf("-runs %d: at least one is needed", runs)
		}
		if err := r.measure(resultsFile, runs, benchtime, bench); err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, "raw results:", resultsFile)
	}
	data, err := readResults(files)
	if err != nil {
		return err
	}
	report := newReport(data)
	if profiles {
		for i := range report.Figures {
			if f := &report.Figures[i]; f.Verdict() == "missed" && f.Worst.bench != "" {
				if f.Profile, err = r.profile(f.Worst); err != nil {
					return err
				}
			}
		}
	}
	if out == "" {
		out = filepath.Join(filepath.Dir(r.dir), "docs")
	}
	if err := report.write(out); err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, "report:", filepath.Join(out, "performance.md"))
	for _, f := range report.Figures {
		fmt.Fprintln(os.Stderr, f)
	}
	return nil
}

// runner runs the benchmarks of the module in dir, until ctx is done.
type runner struct {
	ctx         context.Context
	dir, binary string
	progress    io.Writer
	every       time.Duration // how often to say how far it is
	end         string        // of what is said
	said        time.Time     // when
}

// isTerminal reports whether somebody is watching the file.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// compile builds the test binary and holds every subject to the verdicts of the
// table.
func (r *runner) compile() (clean func(), err error) {
	temporary, err := os.MkdirTemp("", "corskit-report-")
	if err != nil {
		return nil, err
	}
	r.binary = filepath.Join(temporary, "benchmarks.test")
	fmt.Fprintln(r.progress, "building the benchmarks")
	for _, command := range []*exec.Cmd{
		exec.CommandContext(r.ctx, "go", "test", "-c", "-o", r.binary, "."),
		exec.CommandContext(r.ctx, r.binary, "-test.run", "Equivalence|Check"),
	} {
		command.Dir = r.dir
		if output, err := command.CombinedOutput(); err != nil {
			os.RemoveAll(temporary)
			return nil, fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, output)
		}
	}
	return func() { os.RemoveAll(temporary) }, nil
}

// measure appends runs to an empty file.
func (r *runner) measure(file string, runs int, benchtime, bench string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	fmt.Fprintf(f, "go: %s\ncores: %d\nbenchtime: %s\n", runtime.Version(), runtime.NumCPU(), benchtime)
	start, rows := time.Now(), 0
	for i := range runs {
		command := exec.CommandContext(r.ctx, r.binary, "-test.run", "^$", "-test.bench", bench, "-test.benchtime", benchtime, "-test.benchmem", "-test.timeout", "0")
		command.Dir = r.dir
		var complaints strings.Builder
		command.Stderr = &complaints
		pipe, err := command.StdoutPipe()
		if err != nil {
			return err
		}
		if err := command.Start(); err != nil {
			return err
		}
		n, tail := 0, ""
		lines := bufio.NewScanner(pipe)
		for lines.Scan() {
			line := lines.Text()
			fmt.Fprintln(f, line)
			if strings.HasPrefix(line, "Benchmark") && strings.Contains(line, " ns/op") {
				n++
				r.report(start, i, runs, n, rows)
			} else {
				tail += line + "\n"
			}
		}
		err = errors.Join(lines.Err(), command.Wait())
		if err != nil {
			return fmt.Errorf("run %d: %w\n%s%s", i+1, err, tail, complaints.String())
		}
		if n == 0 {
			return fmt.Errorf("-bench %s matches nothing", bench)
		}
		rows = n
	}
	fmt.Fprintln(r.progress)
	return f.Close()
}

// report says how far the measurement is. How many rows there are is known
// after the first run.
func (r *runner) report(start time.Time, run, runs, row, rows int) {
	if time.Since(r.said) < r.every {
		return
	}
	r.said = time.Now()
	spent := time.Since(start)
	if rows == 0 {
		fmt.Fprintf(r.progress, "run 1 of %d: %d rows, %v   %s", runs, row, spent.Round(time.Second), r.end)
		return
	}
	part := (float64(run) + float64(row)/float64(rows)) / float64(runs)
	left := time.Duration(float64(spent) * (1 - part) / part)
	fmt.Fprintf(r.progress, "run %d of %d: row %d of %d, %v, about %v left   %s", run+1, runs, row, rows, spent.Round(time.Second), left.Round(time.Second), r.end)
}

// profile runs one row for three seconds and returns where the time goes.
func (r *runner) profile(k key) (string, error) {
	file := r.binary + ".cpu"
	var pattern []string
	for _, part := range strings.Split(k.name(), "/") {
		pattern = append(pattern, "^"+part+"$")
	}
	fmt.Fprintln(r.progress, "profiling", k.name())
	command := exec.CommandContext(r.ctx, r.binary, "-test.run", "^$", "-test.bench", strings.Join(pattern, "/"), "-test.benchtime", "3s", "-test.cpuprofile", file)
	command.Dir = r.dir
	if output, err := command.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, output)
	}
	top, err := exec.CommandContext(r.ctx, "go", "tool", "pprof", "-top", "-nodecount=12", r.binary, file).Output()
	if err != nil {
		return "", fmt.Errorf("go tool pprof: %w%s", err, stderrOf(err))
	}
	// The lines before the table name the binary and the hour.
	if _, table, ok := strings.Cut(string(top), "      flat"); ok {
		return "      flat" + table, nil
	}
	return string(top), nil
}

func stderrOf(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "\n" + string(exit.Stderr)
	}
	return ""
}
