package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

// binary is the command, built as a user would build it, or with the race
// detector if the tests are.
var binary string

var buildFlags []string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "corskit-test")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(dir)
		binary = filepath.Join(dir, "corskit")
		if runtime.GOOS == "windows" {
			binary += ".exe"
		}
		if out, err := exec.Command("go", append(append([]string{"build"}, buildFlags...), "-o", binary, ".")...).CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "go build: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

// limit is how long any command may take.
const limit = time.Minute

// result is what a command did.
type result struct {
	stdout, stderr string
	code           int
}

// environ is the environment of the tests, without what the command looks at,
// and with more.
func environ(more ...string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return strings.HasPrefix(strings.ToUpper(name), "CORS") || name == "NO_COLOR" || name == "TERM" || strings.HasSuffix(strings.ToUpper(name), "_PROXY")
	})
	return append(append(env, "TERM=xterm"), more...)
}

// corskit runs the command in a directory, to its end.
func corskit(t *testing.T, dir string, args ...string) result {
	t.Helper()
	return corskitWith(t, dir, nil, args...)
}

func corskitWith(t *testing.T, dir string, env []string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir, cmd.Env = dir, environ(env...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("corskit %q: %v, within %v", args, err, limit)
	}
	r := result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
	if strings.Contains(r.stderr, "goroutine ") {
		t.Fatalf("corskit %q panics:\n%s", args, r.stderr)
	}
	return r
}

// golden compares what a command printed with a file.
func golden(t *testing.T, name string, r result) {
	t.Helper()
	got := r.stdout
	if r.stderr != "" {
		got += "--- stderr\n" + r.stderr
	}
	got += fmt.Sprintf("--- exit status %d\n", r.code)
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v; go test -update writes it", err)
	}
	if got != string(want) {
		t.Errorf("printed:\n%s\nwant, as in %s:\n%s", got, file, want)
	}
}

func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func contains(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%s lacks %q:\n%s", what, p, text)
		}
	}
}

func TestUsage(t *testing.T) {
	file := write(t, t.TempDir(), "cors.yaml", "policies: {app: {allow_origins: [\"https://a.example\"]}}\n")
	for _, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"chekc"}, `unknown command "chekc"; did you mean "check"?`},
		{[]string{"frobnicate"}, `unknown command "frobnicate"`},
		{[]string{"check"}, "no file to check"},
		{[]string{"check", ""}, "the name of a file is empty"},
		{[]string{"diff", file, ""}, "the name of a file is empty"},
		{[]string{"explain", "", "-o", "https://a.example"}, "the name of a file is empty"},
		{[]string{"serve", ""}, "the name of a file is empty"},
		{[]string{"check", "nope/"}, "nope/ is the path of a directory, not of a file"},
		{[]string{"check", file, file + "/"}, "cors.yaml/ is the path of a directory"},
		{[]string{"diff", file + "/", file}, "cors.yaml/ is the path of a directory"},
		{[]string{"explain", file + "/", "-o", "https://a.example"}, "cors.yaml/ is the path of a directory"},
		{[]string{"serve", file + "/"}, "cors.yaml/ is the path of a directory"},
		{[]string{"check", "--frob"}, "unknown flag: --frob"},
		{[]string{"check", "--env", file}, "leave the files out"},
		{[]string{"check", "--env", "--no-env"}, "nothing to check"},
		{[]string{"check", "--format", "xml", file}, `--format is "xml", which is none of text, json and github`},
		{[]string{"check", "--color", "blue", file}, `--color is "blue"`},
		{[]string{"explain", file}, "--origin is missing"},
		{[]string{"explain", file, file, "-o", "https://a.example"}, "accepts 1 arg(s)"},
		{[]string{"explain", file, "-o", "https://a.example", "--path", "x"}, "does not begin with a slash"},
		{[]string{"explain", file, "-o", "https://a.example", "--host", "a/b"}, "do not make a URL"},
		{[]string{"explain", file, "-o", "https://a.example", "--host", "u@b"}, "do not make a URL"},
		{[]string{"explain", file, "-o", "https://a.example", "--host", `b\c`}, "do not make a URL"},
		{[]string{"explain", file, "-o", "https://a.example", "--host", ""}, "do not make a URL"},
		{[]string{"explain", file, "-o", "https://a.example", "--host", "b:99999"}, "the port 99999 is beyond 65535"},
		{[]string{"explain", file, "-o", "https://a.example", "--host", "b:x"}, "is none"},
		{[]string{"explain", file, "-o", "https://a.example", "--host", "a<b"}, "the host a<b is no name that browsers take"},
		{[]string{"explain", file, "-o", "https://a.example", "-H", ": x"}, "has no name"},
		{[]string{"explain", file, "-o", "https://a.example\r\nX: y"}, "cannot stand in a header"},
		{[]string{"explain", file, "-o", "https://a.example", "--browser", "lynx"}, `--browser is "lynx"`},
		{[]string{"serve", file, "--framework", "rails"}, `--framework is "rails"`},
		{[]string{"probe", "localhost:8080", "-o", "https://a.example"}, "is not a URL with http:// or https://"},
		{[]string{"probe", "http://u:p@localhost/", "-o", "https://a.example"}, "user name or password"},
		{[]string{"probe", "http://localhost/", "-o", "https://a.example", "--timeout", "0s"}, "--timeout"},
		{[]string{"probe", "http://localhost:99999/", "-o", "https://a.example"}, "the port 99999 is beyond 65535"},
		{[]string{"probe", "http://2130706433/", "-o", "https://a.example"}, "write it as four decimal numbers"},
		{[]string{"diff", file}, "accepts 2 arg(s)"},
		{[]string{"init", "cors.json"}, "name it .yaml"},
	} {
		r := corskit(t, "", tt.args...)
		if r.code != exitFail || r.stdout != "" || !strings.Contains(r.stderr, tt.want) || !strings.Contains(r.stderr, "--help' for usage") && tt.args[0] != "chekc" && tt.args[0] != "frobnicate" {
			t.Errorf("corskit %q: %+v, want %q", tt.args, r, tt.want)
		}
	}
}

func TestHelp(t *testing.T) {
	r := corskit(t, "")
	contains(t, "the help", r.stdout, "init", "schema", "check", "explain", "serve", "probe", "diff", "completion", "version", "Examples:")
	for _, name := range []string{"init", "schema", "check", "explain", "serve", "probe", "diff"} {
		r := corskit(t, "", "help", name)
		if r.code != exitYes || !strings.Contains(r.stdout, "Examples:") {
			t.Errorf("help %s: %+v", name, r)
		}
	}
	if r := corskit(t, "", "version"); r.code != exitYes || !strings.HasPrefix(r.stdout, "corskit ") || !strings.Contains(r.stdout, runtime.Version()) {
		t.Errorf("version: %+v", r)
	}
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		if r := corskit(t, "", "completion", shell); r.code != exitYes || !strings.Contains(r.stdout, "corskit") {
			t.Errorf("completion %s: %+v", shell, r)
		}
	}
	if r := corskit(t, "", "__complete", "serve", "x.yaml", "--framework", "fi"); !strings.Contains(r.stdout, "fiberv3") {
		t.Errorf("completion of --framework: %+v", r)
	}
}

// What is given on the command line and in files reaches a terminal quoted.
func TestNothingRaw(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "cors.yaml", "policies: {app: {allow_origins: [\"https://a.example\"]}}\n")
	write(t, dir, "bad.yaml", "policies: {app: {allow_origins: [\"https://a.example/\\e[31m\\u0007\"], \"\\e[2J\": 1}}\n")
	evil := "\x1b[31mhttps://evil.example\x07"
	for _, args := range [][]string{
		{"check", "bad.yaml"}, {"check", "bad.yaml", "--format", "github"}, {evil}, {"check", evil + ".yaml"}, {"check", "--format", evil, "x"},
		{"explain", "cors.yaml", "-o", evil}, {"explain", "cors.yaml", "-o", "https://b.example", "-X", evil},
		{"explain", "cors.yaml", "-o", "https://b.example", "-H", evil}, {"explain", "cors.yaml", "-o", "https://b.example", "-H", "x-a: " + evil},
		{"probe", evil, "-o", "https://b.example"}, {"serve", evil}, {"diff", evil, evil},
	} {
		r := corskit(t, dir, args...)
		if strings.ContainsAny(r.stdout+r.stderr, "\x1b\x07") {
			t.Errorf("corskit %q prints raw bytes: %q", args, r.stdout+r.stderr)
		}
	}
}
