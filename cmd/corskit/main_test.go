package main

import (
	"bytes"
	"context"
	"encoding/json"
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

var update = flag.Bool("update", false, "rewrite the golden files")

// beCorskit is an environment variable that makes the test binary behave as the
// command, or as a worker.
const beCorskit = "BE_CORSKIT"

// binary is the path of the test binary.
var binary string

func TestMain(m *testing.M) {
	switch os.Getenv(beCorskit) {
	case "":
	case "worker":
		work(os.Stdin, os.Stdout)
		return
	default:
		main() // exits
	}
	var err error
	if binary, err = os.Executable(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	moreParallel()
	code := m.Run()
	if err := workers.stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(code)
}

// moreParallel lets more tests run at once than there are processors, because the longest
// wait for servers. The flag -parallel still decides if it is given.
func moreParallel() {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if given {
		return
	}
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
}

// sampled reports whether row i of a table is to be checked: with -short, only one in n.
func sampled(i, n int) bool {
	return !testing.Short() || i%n == 0
}

// limit is the longest that a command may take.
const limit = time.Minute

// result is the outcome of a command.
type result struct {
	stdout, stderr string
	code           int
}

// environ returns the environment for a command: that of the tests, plus more, minus
// the variables that the command reads.
func environ(more ...string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		upper := strings.ToUpper(name)
		return strings.HasPrefix(upper, "CORS") || strings.HasSuffix(upper, "_PROXY") || name == "NO_COLOR" || name == "TERM"
	})
	return slices.Concat(env, []string{"TERM=xterm", beCorskit + "=1"}, more)
}

// corskit runs the command in dir and waits for it.
func corskit(t *testing.T, dir string, args ...string) result {
	t.Helper()
	return corskitWith(t, dir, nil, args...)
}

func corskitWith(t *testing.T, dir string, env []string, args ...string) result {
	t.Helper()
	return runCorskit(t, dir, env, "", args...)
}

// corskitInput runs the command with text as its standard input.
func corskitInput(t *testing.T, dir, input string, args ...string) result {
	t.Helper()
	return runCorskit(t, dir, nil, input, args...)
}

// readOnce reports whether a process reads the variable v only once: proxies, by net/http.
func readOnce(v string) bool {
	name, _, _ := strings.Cut(v, "=")
	return strings.HasSuffix(strings.ToUpper(name), "_PROXY")
}

func runCorskit(t *testing.T, dir string, env []string, input string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir, cmd.Env, cmd.Stdin = dir, environ(env...), strings.NewReader(input)
	var r result
	if testing.Short() && !slices.ContainsFunc(env, readOnce) {
		r = workers.run(t, cmd, input)
	} else {
		r = alone(t, ctx, cmd)
	}
	if strings.Contains(r.stderr, "goroutine ") {
		t.Fatalf("corskit %q panics:\n%s", args, r.stderr)
	}
	return r
}

// alone runs the command in a process of its own.
func alone(t *testing.T, ctx context.Context, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("corskit %q: %v, within %v", cmd.Args[1:], err, limit)
	}
	return result{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// golden compares the outcome of a command with a golden file.
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

// write writes a file and returns its path.
func write(t *testing.T, dir, name, text string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// contains reports parts that are missing from text.
func contains(t *testing.T, what, text string, parts ...string) {
	t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			t.Errorf("%s lacks %q:\n%s", what, p, text)
		}
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	file := write(t, t.TempDir(), "cors.yaml", "policies: {app: {allow_origins: [\"https://a.example\"]}}\n")
	for i, tt := range []struct {
		args []string
		want string
	}{
		{[]string{"chekc"}, `unknown command "chekc"; did you mean "check"?`},
		{[]string{"frobnicate"}, `unknown command "frobnicate"`},
		{[]string{"check"}, "no file to read: name one, or create cors.yaml with 'corskit init'"},
		{[]string{"explain", "-o", "https://a.example"}, "no file to read"},
		{[]string{"serve"}, "no file to read"},
		{[]string{"check", ""}, "the file name is empty"},
		{[]string{"diff", file, ""}, "the file name is empty"},
		{[]string{"explain", "", "-o", "https://a.example"}, "the file name is empty"},
		{[]string{"serve", ""}, "the file name is empty"},
		{[]string{"check", "nope/"}, "nope/ names a directory, not a file"},
		{[]string{"check", file, file + "/"}, "cors.yaml/ names a directory"},
		{[]string{"diff", file + "/", file}, "cors.yaml/ names a directory"},
		{[]string{"explain", file + "/", "-o", "https://a.example"}, "cors.yaml/ names a directory"},
		{[]string{"serve", file + "/"}, "cors.yaml/ names a directory"},
		{[]string{"check", "--frob"}, "unknown flag: --frob"},
		{[]string{"check", "--env", file}, "remove the file names"},
		{[]string{"check", "--env", "--no-env"}, "nothing to check"},
		{[]string{"check", "--format", "xml", file}, `--format is "xml"; it must be text, json or github`},
		{[]string{"check", "--color", "blue", file}, `--color is "blue"`},
		{[]string{"explain", file}, "--origin is required"},
		{[]string{"explain", file, file, "-o", "https://a.example"}, "got 2 arguments, want 'corskit explain [FILE] [MESSAGE] --origin"},
		{[]string{"explain", file, "-o", "https://a.example", "--path", "x"}, "must begin with a slash"},
		{[]string{"explain", file, "-o", "https://a.example", "--host", "a/b"}, "do not form a URL"},
		{[]string{"explain", file, "-o", "https://a.example", "--host", "u@b"}, "do not form a URL"},
		{[]string{"explain", file, "-o", "https://a.example", "--host", `b\c`}, "do not form a URL"},
		{[]string{"explain", file, "-o", "https://a.example", "--host", ""}, "do not form a URL"},
		{[]string{"explain", file, "-o", "https://a.example", "--host", "b:99999"}, "the port 99999 is beyond 65535"},
		{[]string{"explain", file, "-o", "https://a.example", "--host", "b:x"}, "is invalid"},
		{[]string{"explain", file, "-o", "https://a.example", "--host", "a<b"}, "the host a<b is not a valid host name"},
		{[]string{"explain", file, "-o", "https://a.example", "-H", ": x"}, "has no name"},
		{[]string{"explain", file, "-o", "https://a.example\r\nX: y"}, "has a character that is not allowed in a header"},
		{[]string{"explain", file, "-o", "https://a.example", "--browser", "lynx"}, `--browser is "lynx"`},
		{[]string{"serve", file, "--framework", "rails"}, `--framework is "rails"`},
		{[]string{"probe", "localhost:8080", "-o", "https://a.example"}, "is neither an http:// or https:// URL"},
		{[]string{"probe", "http://u:p@localhost/", "-o", "https://a.example"}, "user name or password"},
		{[]string{"probe", "http://localhost/", "-o", "https://a.example", "--timeout", "0s"}, "--timeout"},
		{[]string{"probe", "http://localhost:99999/", "-o", "https://a.example"}, "the port 99999 is beyond 65535"},
		{[]string{"probe", "http://2130706433/", "-o", "https://a.example"}, "write it as four decimal numbers"},
		{[]string{"diff"}, "got 0 arguments, want 'corskit diff OLD [NEW]'"},
		{[]string{"diff", file}, "has no shadow to compare with: name a second file"},
		{[]string{"diff", file, file, "--traffic", "nope/"}, "nope/ names a directory"},
		{[]string{"suggest", file}, "--from is required"},
		{[]string{"suggest", "--from", file}, "no file to read"},
		{[]string{"suggest", file, "--from", "nope/"}, "nope/ names a directory"},
		{[]string{"suggest", file, "--from", "http://u:p@localhost/"}, "is not the URL of an inspector"},
		{[]string{"suggest", file, "--from", "x", "--format", "xml"}, `--format is "xml"`},
		{[]string{"init", "cors.json"}, "must end in .yaml"},
		{[]string{"export", file}, "--to is required; it must be "},
		{[]string{"export", file, "--to", "enovy"}, `--to is "enovy"; it must be `},
		{[]string{"export", file, "--to", "envoy", "--lossy", "wider"}, `--lossy is "wider"; it must be narrower`},
		{[]string{"export", file, "--to", "envoy", "--route", "0"}, "the file has no routes"},
		{[]string{"export", file, "--to", "envoy", "-o", ""}, "--output: the file name is empty"},
		{[]string{"import", file}, "--from is required"},
		{[]string{"import", file, "--from", "x"}, `--from is "x"`},
		{[]string{"import", "--from", "envoy"}, "got 0 arguments"},
		{[]string{"import", "nope/", "--from", "envoy"}, "nope/ names a directory"},
		{[]string{"fleet", "psuh"}, `unknown command "psuh"; did you mean "push"?`},
		{[]string{"fleet", "dev", "--listen", "0.0.0.0:2379"}, "must be a loopback address, as 127.0.0.1:2379"},
		{[]string{"fleet", "dev", "--data-dir", ""}, "--data-dir is empty"},
		{[]string{"fleet", "dev", "--log-level", "loud"}, `--log-level is "loud"`},
		{[]string{"fleet", "dev", "x"}, "unknown command"},
		{[]string{"fleet", "keygen", "keys/"}, "keys/ names a directory"},
		{[]string{"fleet", "push"}, "no file to read"},
		{[]string{"fleet", "push", file, "--steps", "5%,5%"}, `--steps has "5%"; write percentages above 0% and in ascending order`},
		{[]string{"fleet", "push", file, "--steps", "5"}, `--steps has "5"; write percentages`},
		{[]string{"fleet", "push", file, "--steps", "101%"}, `--steps has "101%"`},
		{[]string{"fleet", "push", file, "--steps", ""}, "--steps is empty"},
		{[]string{"fleet", "push", file, "--pause", "1m"}, "--pause has no effect without --steps: add --steps, or remove --pause"},
		{[]string{"fleet", "push", file, "--no-wait"}, "--no-wait has no effect without --steps"},
		{[]string{"fleet", "push", file, "--steps", "5%", "--pause", "-1s"}, "--pause is -1s; it must not be negative"},
		{[]string{"fleet", "push", file, "--steps", "5%", "--max-refused", "-1"}, "--max-refused is -1"},
		{[]string{"fleet", "push", file, "--steps", "5%", "--max-stricter", "0.01"}, `--max-stricter is "0.01"; write a percentage`},
		{[]string{"fleet", "status", "--endpoints", ""}, "--endpoints is empty: write it like https://etcd.example.com:2379"},
		{[]string{"fleet", "status", "--endpoints", "etcd.example"}, `--endpoints has "etcd.example", which is not the address of etcd`},
		{[]string{"fleet", "status", "--endpoints", "https://u:p@etcd.example:2379"}, "which is not the address of etcd"},
		{[]string{"fleet", "status", "--endpoints", "ftp://etcd.example:2379"}, "whose scheme is not http or https"},
		{[]string{"fleet", "status", "--endpoints", "http://a.example:1,https://b.example:1"}, "with and without TLS"},
		{[]string{"fleet", "status", "--endpoints", "http://a.example:1", "--cacert", file}, "need https:// in --endpoints"},
		{[]string{"fleet", "status", "--endpoints", "https://a.example:1", "--cert", file}, "--cert and --key belong together"},
		{[]string{"fleet", "status", "--user", "ana"}, "--user needs a password: set CORSKIT_FLEET_PASSWORD"},
		{[]string{"fleet", "status", "--user", "ana:x", "--password", "y"}, "both have a password: remove one"},
		{[]string{"fleet", "status", "--password", "y"}, "--password needs --user"},
		{[]string{"fleet", "status", "--timeout", "0s"}, "--timeout is 0s"},
		{[]string{"fleet", "status", "--limit", "-1"}, "--limit is -1"},
		{[]string{"fleet", "status", "--format", "xml"}, `--format is "xml"`},
		{[]string{"fleet", "history", "--limit", "-1"}, "--limit is -1"},
		{[]string{"fleet", "watch", "--format", "xml"}, `--format is "xml"`},
		{[]string{"fleet", "rollback", "last"}, `REVISION is "last"; it must be a number`},
		{[]string{"fleet", "rollback", "0"}, `REVISION is "0"`},
		{[]string{"fleet", "promote", "--force", "--steps"}, "--force and --steps exclude each other"},
	} {
		if !sampled(i, 4) {
			continue
		}
		r := corskit(t, "", tt.args...)
		if r.code != exitFail || r.stdout != "" || !strings.Contains(r.stderr, tt.want) {
			t.Errorf("corskit %q: %+v, want %q", tt.args, r, tt.want)
		}
		unknown := strings.HasPrefix(tt.want, "unknown command")
		if !unknown && !strings.Contains(r.stderr, "--help' for usage") {
			t.Errorf("corskit %q does not point to --help: %+v", tt.args, r)
		}
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	r := corskit(t, "")
	commands := strings.Fields("demo init schema check explain serve probe conform diff suggest migrate export import fleet")
	contains(t, "the help", r.stdout, append(commands, "completion", "version", "Examples:")...)
	for _, cmd := range newFleet().Commands() {
		if r := corskit(t, "", "help", "fleet", cmd.Name()); r.code != exitYes || !strings.Contains(r.stdout, "Examples:") {
			t.Errorf("help fleet %s: %+v", cmd.Name(), r)
		}
	}
	for _, name := range commands {
		r := corskit(t, "", "help", name)
		if r.code != exitYes || !strings.Contains(r.stdout, "Examples:") {
			t.Errorf("help %s: %+v", name, r)
		}
	}
	r = corskit(t, "", "version")
	if r.code != exitYes || !strings.HasPrefix(r.stdout, "corskit ") || !strings.Contains(r.stdout, runtime.Version()) {
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

// Control characters from the command line and from files reach a terminal only
// quoted.
func TestNothingRaw(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "cors.yaml", "policies: {app: {allow_origins: [\"https://a.example\"]}}\n")
	write(t, dir, "none.yaml", "policies: {app: {reject_disallowed: true}}\n")
	write(t, dir, "all.yaml", "policies: {app: {allow_origins: [\"*\"]}}\n")
	write(t, dir, "bad.yaml", "policies: {app: {allow_origins: [\"https://a.example/\\e[31m\\u0007\"], \"\\e[2J\": 1}}\n")
	evil := "\x1b[31mhttps://evil.example\x07\u009b2J\x7f"
	line, _ := json.Marshal(map[string]any{
		"msg": "cors: refused", "origin": evil, "method": evil, "host": evil, "path": "/" + evil, "kind": "actual",
		"code": "origin-not-allowed", "route": -1, "count": 1,
	})
	asked, _ := json.Marshal(map[string]any{
		"msg": "cors: refused", "origin": "https://a.example", "method": "OPTIONS", "host": evil, "path": "/", "kind": "preflight",
		"code": "method-not-allowed", "route": -1, "count": 1, "request_method": evil, "request_headers": evil, "refused": evil,
	})
	write(t, dir, "log", string(line)+"\n"+string(asked)+"\n"+evil+"\n")
	for i, args := range [][]string{
		{"check", "bad.yaml"}, {"check", "bad.yaml", "--format", "github"},
		{evil}, {"check", evil + ".yaml"}, {"check", "--format", evil, "x"},
		{"explain", "cors.yaml", "-o", evil}, {"explain", "cors.yaml", "-o", "https://b.example", "-X", evil},
		{"explain", "cors.yaml", "-o", evil, "--format", "json"},
		{"explain", "cors.yaml", "-o", "https://b.example", "-H", evil},
		{"explain", "cors.yaml", "-o", "https://b.example", "-H", "x-a: " + evil},
		{"explain", "cors.yaml", chromium("https://b.example/"+evil, noHeader)}, {"probe", chromium(evil, noHeader)},
		{"explain", "cors.yaml", chromium("https://b.example/", refusedHeader(evil))},
		{"probe", evil, "-o", "https://b.example"}, {"serve", evil}, {"diff", evil, evil},
		{"suggest", "cors.yaml", "--from", "log"}, {"suggest", "cors.yaml", "--from", "log", "--format", "json"},
		{"suggest", "cors.yaml", "--from", evil}, {"suggest", "cors.yaml", "--from", "http://" + evil},
		{"migrate", "--dir", evil}, {"migrate", evil}, {"migrate", "--format", evil},
		{"fleet", evil}, {"fleet", "status", "--endpoints", evil}, {"fleet", "status", "--endpoints", "http://" + evil + ":1"},
		{"fleet", "status", "--public-keys", evil}, {"fleet", "status", "--prefix", evil}, {"fleet", "push", evil},
		{"fleet", "keygen", evil + "/x"},
		{"fleet", "push", "cors.yaml", "--steps", evil}, {"fleet", "rollback", evil}, {"fleet", "dev", "--listen", evil},
		{"diff", "cors.yaml", "cors.yaml", "--traffic", "log"},
		{"diff", "none.yaml", "all.yaml", "--traffic", "log"}, {"diff", "none.yaml", "all.yaml", "--traffic", "log", "--format", "json"},
	} {
		if !sampled(i, 4) {
			continue
		}
		r := corskit(t, dir, args...)
		if strings.ContainsAny(r.stdout+r.stderr, "\x1b\x07\u009b\x7f") {
			t.Errorf("corskit %q prints raw bytes: %q", args, r.stdout+r.stderr)
		}
	}
}
