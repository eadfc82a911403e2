package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// atTerminal runs the command at a pseudo-terminal, types an answer when the
// command asks, and returns what appears on the screen.
func atTerminal(t *testing.T, dir, typed string, env []string, args ...string) (screen string, code int) {
	t.Helper()
	return answerAtTerminal(t, dir, func() string { return typed }, env, args...)
}

// answerAtTerminal is like atTerminal, and calls answer when the command asks.
func answerAtTerminal(t *testing.T, dir string, answer func() string, env []string, args ...string) (screen string, code int) {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("no pseudo-terminals: %v", err)
	}
	defer master.Close()
	var number, unlock int32
	ioctl := func(request uintptr, value *int32) {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, master.Fd(), request, uintptr(unsafe.Pointer(value))); errno != 0 {
			t.Fatalf("ioctl: %v", errno)
		}
	}
	ioctl(syscall.TIOCSPTLCK, &unlock)
	ioctl(syscall.TIOCGPTN, &number)
	slave, err := os.OpenFile("/dev/pts/"+strconv.Itoa(int(number)), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir, cmd.Env = dir, environ(env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true} // so that Ctrl-C is a signal
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	var b bytes.Buffer
	part := make([]byte, 4096)
	for {
		n, err := master.Read(part)
		b.Write(part[:n])
		if err != nil {
			break // EIO: the command has ended
		}
		if answer != nil && strings.Contains(b.String(), "[y/N] ") {
			if _, err := io.WriteString(master, answer()); err != nil {
				t.Fatal(err)
			}
			answer = nil
		}
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("corskit %q: %v", args, err)
	}
	return b.String(), cmd.ProcessState.ExitCode()
}

func TestColour(t *testing.T) {
	t.Parallel()
	const sgr = "\x1b["
	for _, tt := range []struct {
		name   string
		env    []string
		args   []string
		colour bool
	}{
		{"terminal", nil, nil, true},
		{"NO_COLOR", []string{"NO_COLOR=1"}, nil, false},
		{"NO_COLOR, empty", []string{"NO_COLOR="}, nil, true},
		{"dumb", []string{"TERM=dumb"}, nil, false},
		{"never", nil, []string{"--color", "never"}, false},
		{"always", []string{"NO_COLOR=1"}, []string{"--color", "always"}, true},
	} {
		screen, code := atTerminal(t, "testdata/check", "", tt.env, append([]string{"check", "faults.yaml"}, tt.args...)...)
		if strings.Contains(screen, sgr) != tt.colour || code != exitNo || !strings.Contains(screen, "^^^^") {
			t.Errorf("%s: exit status %d, %q", tt.name, code, screen)
		}
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "cors.yaml", "policies: {app: {origins_file: many.txt}}\n")
	writeOrigins(t, dir+"/many.txt", 120_000)
	screen, code := atTerminal(t, dir, "", nil, "check", "cors.yaml")
	shown := strings.Contains(screen, "120000") && strings.Contains(screen, "compiling")
	cleared := strings.Contains(screen, "\r\x1b[Kcors.yaml") || strings.Contains(screen, "\r\x1b[K\x1b")
	if code != exitYes || !shown || !cleared {
		t.Errorf("exit status %d, %q", code, screen)
	}
}

func TestProbeAsksAtTerminal(t *testing.T) {
	t.Parallel()
	args := []string{"probe", "http://server.invalid/", "-o", page, "--timeout", "5s"}
	for typed, want := range map[string]string{
		"n\n": "nothing was sent", "\n": "nothing was sent", "\x04": "nothing was sent",
		"y\n": "does not answer", "yes\n": "does not answer", "\x03": "interrupted",
	} {
		screen, code := atTerminal(t, "", typed, nil, args...)
		if code != exitFail {
			t.Errorf("%q: exit status %d", typed, code)
		}
		contains(t, "the screen", screen, "send about 20 requests to server.invalid? [y/N]", want)
	}
}

// push shows the difference and asks. Nothing is pushed unless the answer is yes.
func TestFleetPushAsks(t *testing.T) {
	t.Parallel()
	o, _ := devOperators(t)
	o.write("cors.yaml", "https://a.example")
	for _, tt := range []struct {
		typed string
		code  int
		want  []string
	}{
		{"n\n", exitFail, []string{"nothing was pushed\r\n"}}, {"\n", exitFail, []string{"nothing was pushed\r\n"}},
		{"\x03", exitFail, []string{"interrupted"}}, {"yes\n", exitYes, []string{"pushed", "revision 1"}},
	} {
		screen, code := atTerminal(t, o.dir, tt.typed, o.env, "fleet", "push")
		if code != tt.code {
			t.Errorf("%q: exit status %d", tt.typed, code)
		}
		contains(t, "the screen", screen, append(tt.want, "nothing is in force yet", "push to 0 replicas? [y/N]")...)
	}
	screen, code := atTerminal(t, o.dir, "y\n", o.env, "fleet", "push", "--steps", "10%,100%", "--replace")
	if code != exitYes {
		t.Errorf("steps: exit status %d", code)
	}
	contains(t, "the screen", screen, "push to 0 replicas, beginning with 10%? [y/N]",
		"\r\x1b[Krevision 2: 10% (step 1 of 2)", "in force at 0 replicas")
	o.write("cors.yaml", "https://b.example")
	o.run(exitYes, "push", "--yes")
	screen, code = atTerminal(t, o.dir, "n\n", o.env, "fleet", "rollback")
	if code != exitFail {
		t.Errorf("rollback: exit status %d", code)
	}
	contains(t, "the screen", screen, "https://b.example", "give the policy of revision 2 to 0 replicas? [y/N]", "nothing was rolled back")

	// While one person thinks about the difference, another one pushes.
	for _, command := range []string{"push", "rollback"} {
		write(t, o.dir, "cors.yaml", "policies: {app: {allow_origins: [\"https://mine.example\"]}}\n")
		screen, code = answerAtTerminal(t, o.dir, func() string {
			write(t, o.dir, "theirs.yaml", "policies: {app: {allow_origins: [\"https://theirs-"+command+".example\"]}}\n")
			o.run(exitYes, "push", "theirs.yaml", "--yes", "--author", "bob", "-m", "urgent")
			return "y\n"
		}, o.env, "fleet", command)
		if code != exitFail {
			t.Errorf("%s after another push: exit status %d", command, code)
		}
		contains(t, "the screen", screen, `by "bob": "urgent"; look at it, then try again`)
	}
}

func TestConformAsksAtTerminal(t *testing.T) {
	t.Parallel()
	file := smallFile(t, `allow_origins: ["https://app.example.com"]`)
	for typed, want := range map[string]string{"n\n": "nothing was sent", "y\n": "does not answer", "\x03": "interrupted"} {
		screen, code := atTerminal(t, "", typed, nil, "conform", "http://server.invalid/", file, "--timeout", "5s")
		if code != exitFail {
			t.Errorf("%q: exit status %d", typed, code)
		}
		contains(t, "the screen", screen, "send up to ", " requests to server.invalid? [y/N]", want)
	}
}

// A command fails if it cannot write its answer.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("no /dev/full: %v", err)
	}
	defer full.Close()
	for _, args := range [][]string{
		{"check", "good.yaml"}, {"check", "good.yaml", "--format", "json"}, {"check", "faults.yaml", "--format", "github"},
		{"schema"}, {"init", "-"}, {"version"}, {"check", "--help"},
		{"explain", "good.yaml", "-o", page}, {"diff", "good.yaml", "good.yaml"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		cmd := exec.CommandContext(ctx, binary, args...)
		var stderr bytes.Buffer
		cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = "testdata/check", environ(), full, &stderr
		if err := cmd.Run(); cmd.ProcessState.ExitCode() != exitFail || !strings.Contains(stderr.String(), "no space left on device") {
			t.Errorf("corskit %q: %v, %s", args, err, stderr.String())
		}
	}
}
