package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// runner runs the benchmarks of the module in dir until ctx is done.
type runner struct {
	ctx      context.Context
	dir      string
	temp     string // a directory for binaries, or ""
	binary   string // the compiled benchmarks, or ""
	progress io.Writer
	every    time.Duration // how often to report progress
	end      string        // ends a progress line
	reported time.Time
}

// compile builds the benchmarks and checks that every subject gives the verdicts of
// the table.
func (r *runner) compile() error {
	if r.binary != "" {
		return nil
	}
	binary, err := r.build(r.dir, "head.test")
	if err != nil {
		return err
	}
	if err := r.quietly(r.dir, binary, "-test.run", "Equivalence|Check"); err != nil {
		return err
	}
	r.binary = binary
	return nil
}

// compileBase returns the compiled benchmarks of an older version. path is its
// checkout, or the binary itself.
func (r *runner) compileBase(path string) (binary string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("-base: %w", err)
	}
	path, err = filepath.Abs(path)
	if err != nil || !info.IsDir() {
		return path, err
	}
	return r.build(filepath.Join(path, "benchmarks"), "base.test")
}

// build compiles the benchmarks in a directory.
func (r *runner) build(dir, name string) (binary string, err error) {
	if r.temp == "" {
		if r.temp, err = os.MkdirTemp("", "corskit-report-"); err != nil {
			return "", err
		}
	}
	binary = filepath.Join(r.temp, name)
	fmt.Fprintln(r.progress, "building the benchmarks in", dir)
	return binary, r.quietly(dir, "go", "test", "-c", "-o", binary, ".")
}

// quietly runs a command and returns its output only in an error.
func (r *runner) quietly(dir, name string, arguments ...string) error {
	command := exec.CommandContext(r.ctx, name, arguments...)
	command.Dir = dir
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, output)
	}
	return nil
}

// clean removes the binaries.
func (r *runner) clean() {
	if r.temp != "" {
		os.RemoveAll(r.temp)
	}
}

// Names of the two versions in the results. Results without a name are of head.
const (
	headBuild = "head"
	baseBuild = "base"
)

// build is a version to measure: its name, and its compiled benchmarks. It runs
// those that match benches, in order.
type build struct {
	name, binary string
	benches      []string
}

// plan says what to measure, how often and for how long, and where to write the results.
// The first build is head. All builds have the same number of benches.
type plan struct {
	file      string
	runs      int
	benchtime string
	builds    []build
}

// headersBench compares headers once, before anything is measured.
const headersBench = "^BenchmarkHeaders$"

// measure writes the results of all runs to the file.
func (r *runner) measure(p plan) error {
	f, err := os.Create(p.file)
	if err != nil {
		return err
	}
	defer f.Close()
	fmt.Fprintf(f, "go: %s\ncores: %d\nbenchtime: %s\nbuild: %s\n", runtime.Version(), runtime.NumCPU(), p.benchtime, headBuild)
	if _, err := r.once(f, p.builds[0].binary, func(int) {}, "-test.bench", headersBench, "-test.benchtime", "1x"); err != nil {
		return err
	}
	benches := len(p.builds[0].benches)
	meter := meter{runner: r, start: time.Now(), steps: p.runs * benches * len(p.builds)}
	for i := range p.runs * benches {
		builds := slices.Clone(p.builds)
		if (i/benches+i)%2 == 1 {
			slices.Reverse(builds) // so that a trend of the machine affects both equally
		}
		for _, b := range builds {
			bench := b.benches[i%benches]
			fmt.Fprintf(f, "build: %s\n", b.name)
			rows, err := r.once(f, b.binary, meter.row,
				"-test.bench", bench, "-test.skip", headersBench, "-test.benchtime", p.benchtime, "-test.benchmem")
			if err != nil {
				return fmt.Errorf("run %d of %s: %w", i/benches+1, b.name, err)
			}
			if rows == 0 {
				return fmt.Errorf("no benchmark of %s matches %s", b.name, bench)
			}
			meter.step++
			meter.rows = max(meter.rows, rows)
		}
	}
	fmt.Fprintln(r.progress)
	return f.Close()
}

// once runs a binary once, appends its output to w, and calls progress with the
// number of each row.
func (r *runner) once(w io.Writer, binary string, progress func(row int), arguments ...string) (rows int, err error) {
	command := exec.CommandContext(r.ctx, binary, append([]string{"-test.run", "^$", "-test.timeout", "0"}, arguments...)...)
	command.Dir = r.dir
	var stderr strings.Builder
	command.Stderr = &stderr
	pipe, err := command.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := command.Start(); err != nil {
		return 0, err
	}
	var other strings.Builder
	lines := bufio.NewScanner(pipe)
	for lines.Scan() {
		line := lines.Text()
		fmt.Fprintln(w, line)
		if strings.HasPrefix(line, "Benchmark") && strings.Contains(line, "\t") {
			rows++
			progress(rows)
		} else {
			fmt.Fprintln(&other, line)
		}
	}
	if err := errors.Join(lines.Err(), command.Wait()); err != nil {
		return rows, fmt.Errorf("%w\n%s%s", err, other.String(), stderr.String())
	}
	return rows, nil
}

// meter reports the progress of a measurement. A step is a run of one process. The
// number of rows is known after the first.
type meter struct {
	*runner
	start             time.Time
	step, steps, rows int
}

func (m *meter) row(row int) {
	if time.Since(m.reported) < m.every {
		return
	}
	m.reported = time.Now()
	spent := time.Since(m.start)
	if m.rows == 0 {
		fmt.Fprintf(m.progress, "step 1 of %d: %d rows, %v   %s", m.steps, row, spent.Round(time.Second), m.end)
		return
	}
	part := (float64(m.step) + float64(row)/float64(m.rows)) / float64(m.steps)
	left := time.Duration(float64(spent) * (1 - part) / part)
	fmt.Fprintf(m.progress, "step %d of %d: row %d of %d, %v, about %v left   %s",
		m.step+1, m.steps, row, m.rows, spent.Round(time.Second), left.Round(time.Second), m.end)
}

// profileMissed profiles the worst row of each missed figure.
func (r *runner) profileMissed(figures []Figure) error {
	for i := range figures {
		f := &figures[i]
		if f.Met() || !f.Measured() || f.Worst.key.bench == "" {
			continue
		}
		if err := r.compile(); err != nil {
			return err
		}
		profile, err := r.profile(f.Worst.key)
		if err != nil {
			return err
		}
		f.Profile = profile
	}
	return nil
}

// profile runs a row for three seconds and returns where the time goes.
func (r *runner) profile(k key) (string, error) {
	file := r.binary + ".cpu"
	var pattern []string
	for part := range strings.SplitSeq(k.name(), "/") {
		pattern = append(pattern, "^"+part+"$")
	}
	fmt.Fprintln(r.progress, "profiling", k.name())
	if err := r.quietly(r.dir, r.binary, "-test.run", "^$",
		"-test.bench", strings.Join(pattern, "/"), "-test.benchtime", "3s", "-test.cpuprofile", file); err != nil {
		return "", err
	}
	top, err := exec.CommandContext(r.ctx, "go", "tool", "pprof", "-top", "-nodecount=12", r.binary, file).Output()
	if err != nil {
		return "", fmt.Errorf("go tool pprof: %w%s", err, stderrOf(err))
	}
	// The lines before the table name the binary and the time of day.
	if _, table, ok := strings.Cut(string(top), "      flat"); ok {
		return "      flat" + table, nil
	}
	return string(top), nil
}
