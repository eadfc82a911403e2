package realbrowser

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Console returns what the browser has written to its console since the last call, one
// message per element, as the console shows it. [Engine.Console] must be set. A message
// may arrive a moment after a script has seen its error, so a test must wait for the
// message that it expects. Messages of console.log are left out in Firefox.
func (s *Session) Console(ctx context.Context) ([]string, error) {
	if !s.Engine.Console {
		return nil, errors.New("realbrowser: the engine of the session does not set Console")
	}
	if s.Engine.Name != "firefox" {
		return s.process.console.take(s.Engine.message), nil
	}
	if s.marionette == nil {
		m, err := dialMarionette(ctx, s.dir)
		if err != nil {
			return nil, s.broken(err)
		}
		s.marionette = m
	}
	var messages []string
	if err := s.marionette.execute(takeErrors, &messages); err != nil {
		return nil, s.broken(err)
	}
	return messages, nil
}

// chromiumMessage and webkitMessage match lines of the output that have a message.
var (
	chromiumMessage = regexp.MustCompile(`:CONSOLE[(:]\d+[)\]]*\] "(.*)", source: .*\(\d+\)$`)
	webkitMessage   = regexp.MustCompile(`CONSOLE [A-Z ]*(?:ERROR|WARN|LOG|INFO|DEBUG) (.*)$`)
)

// output keeps the lines that a browser writes, at most maxOutput bytes of them.
type output struct {
	mu  sync.Mutex
	buf []byte
}

const maxOutput = 1 << 20

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.buf = append(o.buf, b[:min(len(b), maxOutput-len(o.buf))]...)
	return len(b), nil
}

// take removes all whole lines, and returns the messages in them.
func (o *output) take(message *regexp.Regexp) (messages []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	end := bytes.LastIndexByte(o.buf, '\n') + 1
	for line := range strings.Lines(string(o.buf[:end])) {
		if m := message.FindStringSubmatch(strings.TrimRight(line, "\r\n")); m != nil {
			messages = append(messages, m[1])
		}
	}
	o.buf = append(o.buf[:0], o.buf[end:]...)
	return messages
}

// takeErrors runs in Firefox's own scope. Firefox does not print errors of pages, but
// keeps them.
const takeErrors = `
	const messages = Services.console.getMessageArray()
		.filter(m => m instanceof Ci.nsIScriptError && m.category !== "chrome javascript").map(m => m.errorMessage);
	Services.console.reset();
	return messages;`

// marionette is a connection to the remote control of Firefox.
// https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html
type marionette struct {
	conn net.Conn
	in   *bufio.Reader
	last int // the number of the last command
}

// dialMarionette connects to the Firefox with a profile, which writes the port to a file.
func dialMarionette(ctx context.Context, profile string) (*marionette, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, commandLimit, errors.New("Firefox did not write its port"))
	defer cancel()
	var port []byte
	for len(port) == 0 {
		port, _ = os.ReadFile(filepath.Join(profile, "MarionetteActivePort")) // absent at first
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
	conn, err := net.Dial("tcp", "127.0.0.1:"+strings.TrimSpace(string(port)))
	if err != nil {
		return nil, err
	}
	m := &marionette{conn: conn, in: bufio.NewReader(conn)}
	_ = conn.SetDeadline(time.Now().Add(commandLimit))
	if _, err := m.read(); err != nil { // a greeting
		return nil, err
	}
	if err := m.command("WebDriver:NewSession", map[string]any{}, nil); err != nil {
		return nil, err
	}
	return m, m.command("Marionette:SetContext", map[string]any{"value": "chrome"}, nil)
}

// execute runs a script in Firefox's own scope.
func (m *marionette) execute(script string, result any) error {
	value := struct {
		Value any `json:"value"`
	}{result}
	return m.command("WebDriver:ExecuteScript", map[string]any{"script": script, "args": []any{}}, &value)
}

// commandLimit bounds how long Firefox takes for a command.
const commandLimit = 20 * time.Second

func (m *marionette) command(name string, parameters map[string]any, result any) error {
	m.last++
	b, err := json.Marshal([]any{0, m.last, name, parameters})
	if err != nil {
		return err
	}
	_ = m.conn.SetDeadline(time.Now().Add(commandLimit))
	if _, err := fmt.Fprintf(m.conn, "%d:%s", len(b), b); err != nil {
		return err
	}
	if b, err = m.read(); err != nil {
		return err
	}
	var answer [4]json.RawMessage // 1, the number, an error, a result
	if err := json.Unmarshal(b, &answer); err != nil {
		return err
	}
	if string(answer[2]) != "null" {
		return fmt.Errorf("%s: %.500s", name, answer[2])
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer[3], result)
}

// read reads one message: its length in bytes, a colon, JSON.
func (m *marionette) read() ([]byte, error) {
	length, err := m.in.ReadString(':')
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(strings.TrimSuffix(length, ":"))
	if err != nil || n < 0 || n > maxOutput {
		return nil, fmt.Errorf("a message of Firefox has the length %.20q", length)
	}
	b := make([]byte, n)
	_, err = io.ReadFull(m.in, b)
	return b, err
}

func (m *marionette) close() {
	if m != nil {
		_ = m.conn.Close()
	}
}
