package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// demoFacts is what demo.json says.
type demoFacts struct {
	Control, API string
	Columns      []struct{ ID, Origin string }
	Requests     []struct {
		ID, Kind, Path, Method, Body string
		Headers                      [][2]string
		Credentials                  bool
	}
}

// showing is a running 'corskit demo'.
type showing struct {
	t    *testing.T
	cmd  *exec.Cmd
	page string // the URL with the key
	file string
	done chan struct{}   // closed when the output ends
	text string          // what it printed, before it waits
	rest strings.Builder // what it printed then, after done
}

// startDemo starts a demo, and waits until it has printed its addresses.
func startDemo(t *testing.T, dir string, flags ...string) *showing {
	t.Helper()
	return startDemoWith(t, dir, nil, append([]string{"--no-open"}, flags...)...)
}

func startDemoWith(t *testing.T, dir string, env []string, flags ...string) *showing {
	t.Helper()
	d := &showing{t: t, done: make(chan struct{})}
	d.cmd = exec.Command(binary, append([]string{"demo"}, flags...)...)
	d.cmd.Dir, d.cmd.Env = dir, environ(env...)
	stdout, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	d.cmd.Stderr = &testWriter{t}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.cmd.Process.Kill() })
	guard := time.AfterFunc(limit, func() { _ = d.cmd.Process.Kill() })
	defer guard.Stop()
	lines := bufio.NewReader(stdout)
	for !strings.Contains(d.text, "Ctrl-C stops") {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("the demo ended, or said too little within %v:\n%s", limit, d.text)
		}
		d.text += line
		switch what, value, _ := strings.Cut(strings.TrimSpace(line), " "); what {
		case "page":
			d.page = strings.TrimSpace(value)
		case "policy":
			d.file, _, _ = strings.Cut(strings.TrimSpace(value), " (")
		}
	}
	go func() {
		defer close(d.done)
		_, _ = io.Copy(&d.rest, lines)
	}()
	return d
}

// testWriter logs what a command prints to stderr.
type testWriter struct{ t *testing.T }

func (w *testWriter) Write(b []byte) (int, error) {
	if w.t.Context().Err() == nil {
		w.t.Logf("%s", b)
	}
	return len(b), nil
}

// origin returns the origin of the control page.
func (d *showing) origin() string {
	origin, _, _ := strings.Cut(d.page, "/#")
	return origin
}

// key returns the key that permits editing.
func (d *showing) key() string {
	_, key, _ := strings.Cut(d.page, "#key=")
	return key
}

// interrupt sends Ctrl-C and returns the exit status.
func (d *showing) interrupt() int {
	d.t.Helper()
	if err := d.cmd.Process.Signal(os.Interrupt); err != nil {
		d.t.Fatal(err)
	}
	select {
	case <-d.done:
	case <-time.After(limit):
		d.t.Fatalf("the demo is still running %v after Ctrl-C", limit)
	}
	_ = d.cmd.Wait()
	return d.cmd.ProcessState.ExitCode()
}

// send sends a request to the control page. A header "Host" sets the host.
func (d *showing) send(method, path, body string, header ...string) (int, string) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), limit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, d.origin()+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// TestDemoFrameworks calls the API behind each adapter: a WebSocket and its refusal, an
// event stream, a redirect and an error. Each is on the wire as it was recorded.
func TestDemoFrameworks(t *testing.T) {
	t.Parallel()
	noSignals(t)
	for _, framework := range frameworkNames() {
		t.Run(framework, func(t *testing.T) {
			t.Parallel()
			d := startDemo(t, t.TempDir(), "--framework", framework)
			facts := d.facts()
			listed, other := facts.Columns[0].Origin, facts.Columns[2].Origin
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			for origin, allowed := range map[string]bool{listed: true, other: false} {
				conn, res, err := websocket.DefaultDialer.DialContext(ctx,
					"ws"+facts.API[len("http"):]+"/chat?run=t-ws-"+strconv.FormatBool(allowed), http.Header{"Origin": {origin}})
				if err != nil != !allowed || res == nil || !allowed && res.StatusCode != http.StatusForbidden {
					t.Fatalf("a WebSocket from %s: %v, %+v", origin, err, res)
				}
				if allowed {
					if _, text, err := conn.ReadMessage(); err != nil || string(text) != "tea is ready" {
						t.Errorf("the WebSocket says %q, %v", text, err)
					}
					conn.Close()
				}
			}
			for path, want := range map[string]string{
				"/events": "data: tea", "/old": `"id":1`, "/broken": "out of tea", "/nothing": "404",
			} {
				r, err := http.NewRequestWithContext(ctx, "GET", facts.API+path+"?run=t-"+path[1:], nil)
				if err != nil {
					t.Fatal(err)
				}
				r.Header.Set("Origin", listed)
				res, err := http.DefaultClient.Do(r)
				if err != nil {
					t.Fatal(err)
				}
				body, err := io.ReadAll(res.Body)
				res.Body.Close()
				if got := res.Status + string(body); err != nil || !strings.Contains(got, want) {
					t.Errorf("%s: %s, %v; want %s", path, got, err, want)
				}
				if got := res.Header["Access-Control-Allow-Origin"]; len(got) != 1 || got[0] != listed {
					t.Errorf("%s: the allowed origin is %q", path, got)
				}
			}
			d.wire(listed)
			if code := d.interrupt(); code != exitYes {
				t.Errorf("exit status %d after Ctrl-C", code)
			}
		})
	}
}

// wire checks what was recorded of TestDemoFrameworks.
func (d *showing) wire(listed string) {
	d.t.Helper()
	var got map[string][]struct {
		Request, Response struct {
			Line   string
			Fields []struct{ Name, Value string }
		}
		Status          int
		Policy, Verdict string
	}
	_, text := d.send("GET", "/wire?run=t-", "")
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		d.t.Fatalf("%v: %s", err, text)
	}
	for run, statuses := range map[string][]int{
		"t-ws-true": {101}, "t-ws-false": {403}, "t-events": {200}, "t-old": {302, 200}, "t-broken": {500}, "t-nothing": {404},
	} {
		if len(got[run]) != len(statuses) {
			d.t.Errorf("%s: %d exchanges, want %d: %+v", run, len(got[run]), len(statuses), got[run])
			continue
		}
		for i, x := range got[run] {
			var allowed string
			for _, f := range x.Response.Fields {
				if f.Name == "Access-Control-Allow-Origin" {
					allowed = f.Value
				}
			}
			refused := run == "t-ws-false"
			if run == "t-ws-true" {
				allowed = listed // the answer to a handshake needs no CORS headers
			}
			if x.Status != statuses[i] || (allowed == listed) == refused || (x.Policy == "app") == refused || x.Verdict == "" {
				d.t.Errorf("%s, exchange %d: %+v", run, i, x)
			}
		}
	}
}

// facts returns what the page knows of the demo.
func (d *showing) facts() (f demoFacts) {
	d.t.Helper()
	status, text := d.send("GET", "/demo.json", "")
	if err := json.Unmarshal([]byte(text), &f); err != nil || status != http.StatusOK {
		d.t.Fatal(status, text, err)
	}
	return f
}

// TestDemo edits the policy of a file and of a temporary one, and ends.
func TestDemo(t *testing.T) {
	t.Parallel()
	noSignals(t)
	dir := t.TempDir()
	d := startDemo(t, dir)
	contains(t, "the output", d.text, "adapter of nethttp", "http://localhost:", "/inspector/", "temporary", "Open the page in a browser")
	file := d.file
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
	if status, text := d.send("GET", "/inspector/state.json", ""); status != http.StatusOK || !strings.Contains(text, `"previews"`) {
		t.Errorf("the inspector answers %d %s", status, text)
	}
	d.edits()
	if code := d.interrupt(); code != exitYes {
		t.Errorf("exit status %d after Ctrl-C", code)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the temporary file is left: %v", err)
	}
	contains(t, "the end", d.rest.String(), "Removed the temporary policy file, with your edits: "+file)
	d = startDemo(t, dir)
	d.curl()
	if code := d.interrupt(); code != exitYes || strings.Contains(d.rest.String(), "Removed") {
		t.Errorf("exit status %d without edits: %s", code, d.rest.String())
	}

	own := write(t, dir, "own.yaml", served)
	d = startDemo(t, dir, "--config", "own.yaml")
	contains(t, "the output", d.text, own, "the page writes what you type there to it")
	d.file = own
	d.edits()
	if code := d.interrupt(); code != exitYes || strings.Contains(d.rest.String(), "Removed") {
		t.Errorf("exit status %d after Ctrl-C: %s", code, d.rest.String())
	}
}

// curl sends the request of the curl command that the demo prints.
func (d *showing) curl() {
	d.t.Helper()
	m := regexp.MustCompile(`curl -i -H 'Origin: (\S+)' (\S+)\n`).FindStringSubmatch(d.text)
	if m == nil || !strings.Contains(d.text, "  API        "+d.facts().API+"\n") {
		d.t.Fatalf("no address of the API, or no curl command, in\n%s", d.text)
	}
	r, err := http.NewRequestWithContext(d.t.Context(), "GET", m[2], nil)
	if err != nil {
		d.t.Fatal(err)
	}
	r.Header.Set("Origin", m[1])
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusOK || res.Header.Get("Access-Control-Allow-Origin") != m[1] {
		d.t.Errorf("the curl command gets %d %v", res.StatusCode, res.Header)
	}
}

// policyNow is what the page knows of the policy.
type policyNow struct {
	Text, Hash, Revision, Error string
	Faults                      []struct {
		Line int
		Text string
	}
}

// edits edits the policy as the page does, with and without faults.
func (d *showing) edits() {
	d.t.Helper()
	put := func(text string, header ...string) (status int, now policyNow) {
		d.t.Helper()
		status, answer := d.send("PUT", "/policy", text, header...)
		if err := json.Unmarshal([]byte(answer), &now); err != nil {
			d.t.Fatalf("%v: %s", err, answer)
		}
		return status, now
	}
	_, text := d.send("GET", "/policy", "")
	var before policyNow
	if err := json.Unmarshal([]byte(text), &before); err != nil || before.Text == "" || before.Revision == "" || len(before.Faults) > 0 {
		d.t.Fatalf("%v: %s", err, text)
	}
	good := "policies:\n  other:\n    allow_origins: [\"https://a.example\"]"
	bad := strings.Replace(good, "a.example", "a.example/", 1)
	mine := []string{"Origin", d.origin(), "X-Demo-Key", d.key(), "If-Match", before.Hash}
	for name, tt := range map[string]struct {
		text   string
		header []string
		status int
		want   string
	}{
		"a fault":            {bad, mine, http.StatusUnprocessableEntity, ""},
		"nothing":            {"", mine, http.StatusUnprocessableEntity, ""},
		"too much":           {strings.Repeat("#", 1<<20), mine, http.StatusRequestEntityTooLarge, "KiB"},
		"another text":       {good, append(mine[:4:4], "If-Match", "x"), http.StatusConflict, "changed meanwhile"},
		"no key":             {good, append(mine[:2:2], mine[4:]...), http.StatusForbidden, "the address that the command printed"},
		"no origin":          {good, mine[2:], http.StatusForbidden, "the address that the command printed"},
		"another key":        {good, append(mine[:2:2], "X-Demo-Key", "x", "If-Match", before.Hash), http.StatusForbidden, "address"},
		"a fault in the key": {strings.Replace(good, "allow_origins", "allow_origin", 1), mine, http.StatusUnprocessableEntity, ""},
	} {
		status, now := put(tt.text, tt.header...)
		if status != tt.status || !strings.Contains(now.Error, tt.want) || tt.want == "" && len(now.Faults) == 0 {
			d.t.Errorf("%s: %d %+v, want %d", name, status, now, tt.status)
		}
	}
	if now, err := os.ReadFile(d.file); err != nil || string(now) != before.Text {
		d.t.Errorf("after edits that were refused, the file has %q, %v", now, err)
	}
	for name, header := range map[string][]string{
		"another host":   {"Host", "evil.example"},
		"another name":   {"Host", strings.Replace(d.origin()[len("http://"):], "localhost", "127.0.0.1", 1)},
		"another site":   {"Sec-Fetch-Site", "cross-site"},
		"another port":   {"Sec-Fetch-Site", "same-site"},
		"another origin": {"Origin", "http://localhost:1"},
	} {
		if status, text := d.send("GET", "/policy", "", header...); status != http.StatusForbidden || strings.Contains(text, "policies") {
			d.t.Errorf("%s: %d %s", name, status, text)
		}
	}
	if status, now := put(good, mine...); status != http.StatusOK || now.Text != good+"\n" {
		d.t.Errorf("%d %+v", status, now)
	}
	d.follows(before.Revision)
}

// follows waits until the policy in force is another one.
func (d *showing) follows(revision string) {
	d.t.Helper()
	deadline := time.Now().Add(limit)
	for {
		_, text := d.send("GET", "/policy", "")
		var now policyNow
		if err := json.Unmarshal([]byte(text), &now); err != nil {
			d.t.Fatal(err)
		}
		if now.Revision != revision {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("the policy in force is still %s after %v: %s", revision, limit, text)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestDemoOpens starts demos with and without a desktop, whose browser records what it opens.
func TestDemoOpens(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("on other systems, a real browser would open")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "xdg-open"), []byte("#!/bin/sh\necho \"$1\" > opened\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		env  []string
		want string
	}{
		{[]string{"DISPLAY=", "WAYLAND_DISPLAY="}, "No desktop was found"},
		{[]string{"DISPLAY=:0", "PATH=" + filepath.Join(dir, "nothing")}, "The browser did not start"},
		{[]string{"DISPLAY=:0", "PATH=" + dir}, "Your browser opens the page"},
	} {
		d := startDemoWith(t, dir, tt.env)
		contains(t, "the output", d.text, tt.want)
		if strings.HasPrefix(tt.want, "Your") {
			d.opens(filepath.Join(dir, "opened"))
		} else if _, err := os.Stat(filepath.Join(dir, "opened")); err == nil {
			t.Errorf("a browser was opened, with %q", tt.env)
		}
	}
}

// opens waits until the browser has got the address of the page.
func (d *showing) opens(file string) {
	d.t.Helper()
	deadline := time.Now().Add(limit)
	for {
		text, err := os.ReadFile(file)
		if strings.TrimSpace(string(text)) == d.page {
			return
		}
		if time.Now().After(deadline) {
			d.t.Fatalf("after %v, the browser has got %q, %v; want %q", limit, text, err, d.page)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// TestDemoFails starts demos that cannot run.
func TestDemoFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "bad.yaml", "policies: {a: {allow_origins: [\"https://a.example/\"]}}\n")
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)
	for _, tt := range []struct {
		flags []string
		want  string
	}{
		{[]string{"--framework", "rails"}, "--framework is \"rails\""},
		{[]string{"--port", "-1"}, "--port is -1, not 0 to 65533"},
		{[]string{"--port", "65534"}, "--port is 65534, not 0 to 65533"},
		{[]string{"--port", port}, "find free ones: --port 0"},
		{[]string{"--config", "bad.yaml"}, "trailing slash"},
		{[]string{"--config", "missing.yaml"}, "missing.yaml"},
		{[]string{"--config", ""}, "the file name is empty"},
		{[]string{"cors.yaml"}, "got 1 argument"},
	} {
		r := corskit(t, dir, append([]string{"demo", "--no-open"}, tt.flags...)...)
		if r.code != exitFail || !strings.Contains(r.stderr, tt.want) {
			t.Errorf("corskit demo %q: %+v, want %q", tt.flags, r, tt.want)
		}
	}
	startDemo(t, dir, "--port", "0") // as suggested
}
