package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// runner tests the mutants of the first of its packages.
type runner struct {
	out      io.Writer
	list     string
	jobs     int
	limit    time.Duration
	packages []string
	only     []int

	mutants  []mutant
	binaries []binary
}

// binary holds the compiled tests of a package.
type binary struct{ path, dir string }

// run tests the mutants and prints the disagreements between the tests and the list.
// If there are any, it returns errFaults.
func (r *runner) run() error {
	work, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	overlay, err := r.rewrite(work)
	if err != nil {
		return err
	}
	for _, id := range r.only {
		if id < 1 || id > len(r.mutants) {
			return fmt.Errorf("there is no mutant %d: mutants are numbered from 1 to %d", id, len(r.mutants))
		}
	}
	if err := r.build(work, overlay); err != nil {
		return err
	}
	var explained []identity
	if r.list != "" {
		if explained, err = r.explained(); err != nil {
			return err
		}
	}
	for _, b := range r.binaries {
		if noticed, out := r.test(b, 0); noticed {
			return fmt.Errorf("the tests in %s fail without a mutant:\n%s", b.dir, out)
		}
	}
	var faults []string
	for _, e := range explained {
		if !slices.ContainsFunc(r.mutants, func(m mutant) bool { return m.identity == e }) {
			faults = append(faults, "listed, but there is no such mutant: "+e.row())
		}
	}
	more, summary := r.judge(r.testAll(), explained)
	faults = append(faults, more...)
	for _, f := range faults {
		fmt.Fprintln(r.out, f)
	}
	fmt.Fprintln(r.out, summary)
	if len(faults) > 0 {
		return errFaults
	}
	return nil
}

// judge compares the mutants that ran with the list.
func (r *runner) judge(ran map[int]bool, explained []identity) (faults []string, summary string) {
	noticed, known := 0, 0
	for i, m := range r.mutants {
		saw, ok := ran[i]
		if !ok {
			continue
		}
		listed := slices.Contains(explained, m.identity)
		switch {
		case saw:
			noticed++
			if listed {
				faults = append(faults, "listed, but a test notices it: "+m.row())
			}
		case listed:
			known++
		default:
			faults = append(faults, fmt.Sprintf("no test notices %d, %s:%d:%d: %s",
				m.id, filepath.Base(m.at.Filename), m.at.Line, m.at.Column, m.row()))
		}
	}
	return faults, fmt.Sprintf("%s: %d mutants, %d noticed, %d explained, %d neither",
		r.packages[0], len(ran), noticed, known, len(ran)-noticed-known)
}

// testAll runs the tests with each mutant, or with those in only. It returns which
// mutants ran, by index, and whether a test noticed.
func (r *runner) testAll() map[int]bool {
	noticed := make([]bool, len(r.mutants))
	next := make(chan int)
	var wg sync.WaitGroup
	for range r.jobs {
		wg.Go(func() {
			for i := range next {
				noticed[i] = slices.ContainsFunc(r.binaries, func(b binary) bool {
					failed, _ := r.test(b, r.mutants[i].id)
					return failed
				})
			}
		})
	}
	ran := map[int]bool{}
	for i, m := range r.mutants {
		if len(r.only) == 0 || slices.Contains(r.only, m.id) {
			next <- i
			ran[i] = false
		}
	}
	close(next)
	wg.Wait()
	for i := range ran {
		ran[i] = noticed[i]
	}
	return ran
}

// errFaults is the error of run after it has printed the faults.
var errFaults = errors.New("the tests and the list do not account for every mutant")

// rewrite writes the first package with all its mutants, and returns an overlay for
// the go command.
func (r *runner) rewrite(work string) (overlay string, err error) {
	dir, name, files, err := describe(r.packages[0])
	if err != nil {
		return "", err
	}
	replaced := map[string]string{}
	replace := func(file string, text []byte) error {
		to := filepath.Join(work, filepath.Base(file))
		replaced[file] = to
		return os.WriteFile(to, text, 0o600)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		s := source{set: token.NewFileSet(), text: text, inserts: map[int]string{}, removed: map[int]int{}, mutants: &r.mutants}
		parsed, err := parser.ParseFile(s.set, file, text, parser.SkipObjectResolution)
		if err != nil {
			return "", err
		}
		for _, decl := range parsed.Decls {
			s.declaration(decl)
		}
		if err := replace(file, s.rewritten()); err != nil {
			return "", err
		}
	}
	if err := replace(filepath.Join(dir, "mutate_support.go"), []byte("package "+name+"\n"+support)); err != nil {
		return "", err
	}
	text, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(work, "overlay.json")
	return overlay, os.WriteFile(overlay, text, 0o600)
}

// build compiles the tests of all packages with an overlay.
func (r *runner) build(work, overlay string) error {
	for i, p := range r.packages {
		dir, _, _, err := describe(p)
		if err != nil {
			return err
		}
		b := binary{filepath.Join(work, strconv.Itoa(i)+".test"), dir}
		out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", b.path, p).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w\n%s", err, out)
		}
		r.binaries = append(r.binaries, b)
	}
	return nil
}

// describe returns the folder and name of a package, and the files that are built on this
// system, without tests.
func describe(pkg string) (dir, name string, files []string, err error) {
	out, err := exec.Command("go", "list", "-f", `{{.Dir}}{{"\n"}}{{.Name}}{{range .GoFiles}}{{"\n"}}{{.}}{{end}}`, pkg).Output()
	if err != nil {
		return "", "", nil, fmt.Errorf("go list %s: %w", pkg, err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	for _, file := range lines[2:] {
		files = append(files, filepath.Join(lines[0], file))
	}
	return lines[0], lines[1], files, nil
}

// test runs the tests with a mutant, or without one if id is 0. It reports whether
// a test failed.
func (r *runner) test(b binary, id int) (noticed bool, out []byte) {
	ctx, cancel := context.WithTimeout(context.Background(), r.limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.path, "-test.short", "-test.failfast")
	cmd.Dir = b.dir
	cmd.Env = os.Environ()
	if id != 0 {
		cmd.Env = append(cmd.Env, "MUTANT="+strconv.Itoa(id))
	}
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, err)
	}
	return err != nil, out
}
