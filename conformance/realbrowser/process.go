package realbrowser

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// process is a running browser, including all processes that it started.
type process struct {
	cmd     *exec.Cmd
	stderr  *tail
	console *output       // what it has written, for [Session.Console]
	done    chan struct{} // closed when the browser has ended
	err     error         // why it ended; set before done is closed
}

// supervise runs a command. If the test ends without stopping it, the shell's input,
// a pipe from the test, closes, and the shell kills everything that the command
// started. A signal interrupts the first wait; the second waits for the command to
// end.
const supervise = `
exec 3<&0
"$@" </dev/null 3<&- & browser=$!
(cat <&3; kill -KILL 0) >/dev/null 2>&1 & guard=$!
trap : TERM
wait $browser; status=$?
[ $status -le 128 ] || wait $browser
kill $guard
exit $status`

// startProcess starts a browser with its home, configuration and temporary files in
// dir.
func startProcess(dir string, argv []string) (*process, error) {
	cmd := exec.Command("sh", append([]string{"-c", supervise, "sh"}, argv...)...)
	cmd.Env = append(os.Environ(),
		"HOME="+dir, "TMPDIR="+dir,
		"XDG_CONFIG_HOME="+dir, "XDG_CACHE_HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_STATE_HOME="+dir,
		"XDG_RUNTIME_DIR="+dir,
		"LANG=C.UTF-8",
		// Without these settings, browsers waste time waiting for desktop services.
		"NO_AT_BRIDGE=1", "GSETTINGS_BACKEND=memory", "DBUS_SESSION_BUS_ADDRESS=disabled:",
		"MOZ_CRASHREPORTER_DISABLE=1", "MOZ_DISABLE_AUTO_SAFE_MODE=1",
	)
	p := &process{cmd: cmd, stderr: new(tail), console: new(output), done: make(chan struct{})}
	cmd.Stdout = p.console
	cmd.Stderr = io.MultiWriter(p.stderr, p.console)
	// The children of the browser inherit its stderr and may outlive it.
	cmd.WaitDelay = time.Second
	inGroup(cmd)
	if _, err := cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("realbrowser: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("realbrowser: %w", err)
	}
	go func() {
		err := cmd.Wait()
		if err == nil {
			err = errors.New("it exited unexpectedly")
		}
		p.err = err
		close(p.done)
	}()
	return p, nil
}

// Bounds of how a browser is stopped.
const (
	termLimit = 5 * time.Second
	killLimit = 10 * time.Second
)

// stop ends the browser and everything it started, and waits for the browser.
func (p *process) stop() error {
	// SIGTERM first, so that the virtual X server removes its lock file.
	signalGroup(p.cmd, false)
	select {
	case <-p.done:
	case <-time.After(termLimit):
	}
	signalGroup(p.cmd, true)
	select {
	case <-p.done:
		return nil
	case <-time.After(killLimit):
		return fmt.Errorf("realbrowser: the browser did not end within %v after being killed", killLimit)
	}
}

// tail keeps the end of a browser's output, for messages.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

const maxTail = 4 << 10

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, b...)
	if over := len(t.buf) - maxTail; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(b), nil
}

// lines returns the last n lines, indented.
func (t *tail) lines(n int) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := bytes.Split(bytes.TrimSpace(t.buf), []byte("\n"))
	if len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	text := string(bytes.Join(lines, []byte("\n\t")))
	if text == "" {
		return "\t(nothing on stderr)"
	}
	return "\t" + strings.ToValidUTF8(text, "?")
}
