package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// With -short, commands run in workers: processes that run one command after the other.
// Starting a process takes 20 ms of processor time, most commands take 1 ms, and the tests
// run 800 of them. Without -short, each command has a process of its own.

// job is a command for a worker.
type job struct {
	Dir       string
	Env, Args []string
	Input     string
}

// done is what became of a job.
type done struct {
	Stdout, Stderr []byte
	Code           int
}

// work runs the commands of in until it ends, and writes what became of them to out.
func work(in io.Reader, out io.Writer) {
	jobs, results := json.NewDecoder(in), json.NewEncoder(out)
	home, err := os.Getwd()
	for err == nil {
		var j job
		if err = jobs.Decode(&j); err == io.EOF {
			return
		}
		var d done
		if err == nil {
			d, err = j.do(home)
		}
		if err == nil {
			err = results.Encode(d)
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// do runs the command with its environment, in its directory, and returns to home.
func (j job) do(home string) (done, error) {
	os.Clearenv()
	for _, v := range j.Env {
		name, value, _ := strings.Cut(v, "=")
		if err := os.Setenv(name, value); err != nil {
			return done{}, err
		}
	}
	if err := os.Chdir(j.Dir); err != nil {
		return done{}, err
	}
	defer func() { _ = os.Chdir(home) }()
	stdin, input, err := os.Pipe()
	if err != nil {
		return done{}, err
	}
	go func() {
		_, _ = io.WriteString(input, j.Input) // the command may leave some of it
		_ = input.Close()
	}()
	defer stdin.Close()
	stdout, printed, err := capture()
	if err != nil {
		return done{}, err
	}
	stderr, said, err := capture()
	if err != nil {
		return done{}, err
	}
	oldArgs, oldIn, oldOut, oldErr := os.Args, os.Stdin, os.Stdout, os.Stderr
	os.Args, os.Stdin, os.Stdout, os.Stderr = append([]string{"corskit"}, j.Args...), stdin, stdout, stderr
	log.SetOutput(stderr)
	code := command()
	log.SetOutput(oldErr)
	os.Args, os.Stdin, os.Stdout, os.Stderr = oldArgs, oldIn, oldOut, oldErr
	return done{printed(), said(), code}, nil
}

// capture returns a pipe, and a function that closes it and returns what was written to it.
func capture() (*os.File, func() []byte, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	all := make(chan []byte)
	go func() {
		b, _ := io.ReadAll(r)
		_ = r.Close()
		all <- b
	}()
	return w, func() []byte {
		_ = w.Close()
		return <-all
	}, nil
}

// worker is a process that runs commands.
type worker struct {
	cmd     *exec.Cmd
	in      io.Closer // ends it
	jobs    *json.Encoder
	results *json.Decoder
	stderr  bytes.Buffer // why it ended
}

func startWorker() (*worker, error) {
	w := &worker{cmd: exec.Command(binary)}
	w.cmd.Stderr = &w.stderr
	// The first data race ends the worker, so that the test of that command fails.
	w.cmd.Env = append(os.Environ(), beCorskit+"=worker", "GORACE=halt_on_error=1 "+os.Getenv("GORACE"))
	in, err := w.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := w.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.in, w.jobs, w.results = in, json.NewEncoder(in), json.NewDecoder(out)
	return w, w.cmd.Start()
}

// pool has the workers that wait for a job.
type pool chan *worker

var workers = make(pool, 1000) // more than tests run at once

// stop ends the workers. All of them wait, because all tests have ended.
func (p pool) stop() error {
	close(p)
	var errs []error
	for w := range p {
		_ = w.in.Close()
		if err := w.cmd.Wait(); err != nil {
			errs = append(errs, fmt.Errorf("a worker: %w\n%s", err, w.stderr.String()))
		}
	}
	return errors.Join(errs...)
}

// run runs the command that cmd describes in a worker.
func (p pool) run(t *testing.T, cmd *exec.Cmd, input string) result {
	t.Helper()
	dir, err := filepath.Abs(cmd.Dir)
	if err != nil {
		t.Fatal(err)
	}
	var w *worker
	select {
	case w = <-p:
	default:
		if w, err = startWorker(); err != nil {
			t.Fatal(err)
		}
	}
	late := time.AfterFunc(limit, func() { _ = w.cmd.Process.Kill() })
	var d done
	if err = w.jobs.Encode(job{dir, cmd.Environ(), cmd.Args[1:], input}); err == nil {
		err = w.results.Decode(&d)
	}
	if !late.Stop() || err != nil {
		_ = w.cmd.Process.Kill()
		_ = w.cmd.Wait()
		t.Fatalf("corskit %q: %v, within %v\n%s", cmd.Args[1:], err, limit, w.stderr.String())
	}
	p <- w
	return result{string(d.Stdout), string(d.Stderr), d.Code}
}
