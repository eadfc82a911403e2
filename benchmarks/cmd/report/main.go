// Command report measures corskit and other CORS middleware, and writes
// docs/performance.md for users and docs/performance/contributors.md.
//
//	go run ./benchmarks/cmd/report                        # ten runs, then the pages
//	go run ./benchmarks/cmd/report -read results.txt      # the pages, from earlier results
//	go run ./benchmarks/cmd/report -base DIR              # also compare with an older checkout
//	go run ./benchmarks/cmd/report -ours -base DIR        # compare only corskit, and write no page
//
// Every run is a process that measures the whole table once. So if something disturbs
// the machine for a minute, it affects one sample of many rows, not all samples of one
// row. With -base, runs of the two versions alternate; with -ours they alternate after
// every framework. The raw results are in the format of Go benchmarks, which benchstat
// reads too.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

const module = "github.com/corskit/corskit/benchmarks"

// minRuns is the number of samples of a row that a confidence interval needs.
const minRuns = 10

// options are the flags.
type options struct {
	read, results, base string
	runs                int
	benchtime, bench    string
	ours                bool
	out                 string
	profiles            bool
}

func main() {
	var o options
	flag.StringVar(&o.read, "read", "", "read results from these comma-separated `files` instead of measuring")
	flag.StringVar(&o.results, "results", filepath.Join(os.TempDir(), "corskit-benchmarks.txt"), "write raw results to this `file`")
	flag.StringVar(&o.base, "base", "",
		"compare with an older version: a `path` to its checkout or to its compiled benchmarks, or, with -read, to its results")
	flag.IntVar(&o.runs, "runs", minRuns, "measure every row this many times; the pages mark fewer than ten")
	flag.StringVar(&o.benchtime, "benchtime", "100ms", "measure a row for this `duration` each time (see go help testflag)")
	flag.StringVar(&o.bench, "bench", ".", "measure only benchmarks that match this `regexp`")
	flag.BoolVar(&o.ours, "ours", false, "measure only corskit, the floor and bare handlers; write pages only if -out is set")
	flag.StringVar(&o.out, "out", "", "write performance.md to this `directory` (default: docs of the repository)")
	flag.BoolVar(&o.profiles, "profile", true, "profile the worst row of each missed limit, for the contributors' page")
	flag.Parse()
	if err := o.check(flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(2)
	}
	if err := o.run(); err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(1)
	}
}

func (o *options) check(arguments []string) error {
	switch {
	case len(arguments) > 0:
		return fmt.Errorf("unexpected argument %q", arguments[0])
	case o.runs < 1:
		return fmt.Errorf("-runs is %d, want at least 1", o.runs)
	case o.ours && o.bench != ".":
		return errors.New("-ours and -bench cannot be used together")
	}
	return nil
}

func (o *options) run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	directory, err := exec.Command("go", "list", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return fmt.Errorf("cannot find the benchmarks, run this in the repository: go list %s: %w%s", module, err, stderrOf(err))
	}
	r := runner{ctx: ctx, dir: strings.TrimSpace(string(directory)), progress: os.Stderr, every: time.Minute, end: "\n"}
	if isTerminal(os.Stderr) {
		r.every, r.end = time.Second/4, "\r"
	}
	defer r.clean()
	data, err := o.obtain(&r)
	if err != nil {
		return err
	}
	report := newReport(data)
	writesPages := !o.ours || o.out != ""
	if o.profiles && writesPages {
		if err := r.profileMissed(report.Figures); err != nil {
			return err
		}
	}
	if o.out == "" {
		o.out = filepath.Join(filepath.Dir(r.dir), "docs")
	}
	if writesPages {
		if err := report.write(o.out); err != nil {
			return err
		}
		fmt.Fprintln(os.Stderr, "wrote", filepath.Join(o.out, "performance.md"), "and", filepath.Join(o.out, contributorsFile))
	}
	report.print(os.Stdout)
	return nil
}

// obtain measures, or reads earlier results.
func (o *options) obtain(r *runner) (*results, error) {
	if o.read != "" {
		var base []string
		if o.base != "" {
			base = strings.Split(o.base, ",")
		}
		return readResults(strings.Split(o.read, ","), base)
	}
	if err := r.compile(); err != nil {
		return nil, err
	}
	plan := plan{file: o.results, runs: o.runs, benchtime: o.benchtime}
	benches := []string{o.bench}
	if o.ours {
		benches = byFramework("bare|corskit|floor")
	}
	plan.builds = []build{{headBuild, r.binary, benches}}
	if o.base != "" {
		binary, err := r.compileBase(o.base)
		if err != nil {
			return nil, err
		}
		switch {
		case o.ours:
			benches = byFramework("bare|corskit")
		case o.bench == ".":
			benches = []string{middlewareOf(".", "bare|corskit")}
		}
		plan.builds = append(plan.builds, build{baseBuild, binary, benches})
	}
	if err := r.measure(plan); err != nil {
		return nil, err
	}
	fmt.Fprintln(os.Stderr, "wrote raw results to", o.results)
	return readResults([]string{o.results}, nil)
}

// middlewareOf matches rows of BenchmarkMiddleware by framework and subject.
func middlewareOf(framework, subjects string) string {
	return "^BenchmarkMiddleware$/^framework=" + framework + "/^setup=/^subject=(" + subjects + ")$"
}

// byFramework matches the rows of some subjects, with a pattern for each framework.
// The two versions then take turns after every framework, not after every run.
func byFramework(subjects string) (benches []string) {
	for _, f := range frameworks {
		benches = append(benches, middlewareOf(string(f.name)+"$", subjects))
	}
	return benches
}

// isTerminal reports whether the file is a terminal.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func stderrOf(err error) string {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return "\n" + string(exit.Stderr)
	}
	return ""
}
