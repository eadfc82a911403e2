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
		if typed != "" && strings.Contains(b.String(), "[y/N] ") {
			if _, err := io.WriteString(master, typed); err != nil {
				t.Fatal(err)
			}
			typed = ""
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
