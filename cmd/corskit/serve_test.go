package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// serving is a running 'corskit serve'.
type serving struct {
	t   *testing.T
	url string
	cmd *exec.Cmd

	inspector string // the address of the inspector, if there is one

	mu   sync.Mutex
	log  []map[string]any
	more chan struct{} // receives when a line is logged
	done chan struct{} // closed when the log ends
}

// start starts a server that logs JSON, and waits until it serves.
func start(t *testing.T, dir string, args ...string) *serving {
	t.Helper()
	s := &serving{t: t, more: make(chan struct{}, 1), done: make(chan struct{})}
	s.cmd = exec.Command(binary, append([]string{"serve", "--format", "json", "--listen", "127.0.0.1:0"}, args...)...)
	s.cmd.Dir, s.cmd.Env = dir, environ()
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.done)
		lines := bufio.NewScanner(stderr)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			line := map[string]any{}
			if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
				line["msg"] = lines.Text()
			}
			s.mu.Lock()
			s.log = append(s.log, line)
			s.mu.Unlock()
			select {
			case s.more <- struct{}{}:
			default:
			}
		}
	}()
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	s.url, _ = s.await("the address", func(l map[string]any) bool {
		if l["msg"] == "inspecting" {
			s.inspector = strings.TrimSuffix(l["url"].(string), "/")
		}
		return l["msg"] == "serving"
	})["url"].(string)
	return s
}

// await waits for a line of the log, and drops the lines before it.
func (s *serving) await(what string, match func(map[string]any) bool) map[string]any {
	s.t.Helper()
	deadline := time.After(limit)
	ended := false
	for {
		s.mu.Lock()
		for i, l := range s.log {
			if match(l) {
				s.log = s.log[i+1:]
				s.mu.Unlock()
				return l
			}
		}
		log := s.log
		s.mu.Unlock()
		if ended {
			s.t.Fatalf("the server stopped before it logged %s: %v", what, log)
		}
		select {
		case <-s.more:
		case <-s.done:
			ended = true
		case <-deadline:
			s.t.Fatalf("%s is not in the log after %v: %v", what, limit, log)
		}
	}
}

// interrupt sends Ctrl-C and returns the exit status.
func (s *serving) interrupt() int {
	s.t.Helper()
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		s.t.Fatal(err)
	}
	select {
	case <-s.done:
	case <-time.After(limit):
		s.t.Fatalf("the server is still running %v after Ctrl-C", limit)
	}
	_ = s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode()
}

func (s *serving) send(method, path, body string, header ...string) (*http.Response, string) {
	s.t.Helper()
	res, text, err := s.try(method, path, body, header...)
	if err != nil {
		s.t.Fatal(err)
	}
	return res, text
}

func (s *serving) try(method, path, body string, header ...string) (*http.Response, string, error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), limit)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, s.url+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	return res, string(b), err
}

func decision(method string) func(map[string]any) bool {
	return func(l map[string]any) bool { return l["msg"] == "decision" && l["method"] == method }
}

const served = `policies:
  app:
    allow_origins: ["https://a.example"]
    allow_methods: [PUT]
    allow_headers: [x-token]
    expose_headers: [etag]
    allow_credentials: true
`

func TestServe(t *testing.T) {
	noSignals(t)
	dir := t.TempDir()
	write(t, dir, "cors.yaml", served)
	for _, framework := range frameworkNames() {
		t.Run(framework, func(t *testing.T) {
			t.Parallel()
			s := start(t, dir, "cors.yaml", "--framework", framework)

			res, body := s.send("PUT", "/any%2Fpath?q=1", "hello", "Origin", "https://a.example", "X-Token", "1", "X-Token", "2")
			var got received
			if err := json.Unmarshal([]byte(body), &got); err != nil {
				t.Fatalf("%v: %s", err, body)
			}
			if res.StatusCode != 200 || got.Framework != framework || got.Method != "PUT" ||
				got.Target != "/any%2Fpath?q=1" || got.Body != "hello" || got.BodyBytes != 5 {
				t.Errorf("%d %+v", res.StatusCode, got)
			}
			tokens := 0
			for _, h := range got.Header {
				if h.Name == "X-Token" {
					tokens++
				}
			}
			allowed := res.Header.Get("Access-Control-Allow-Origin")
			if tokens != 2 || allowed != "https://a.example" || res.Header.Get("Vary") != "Origin" {
				t.Errorf("%d lines of X-Token; %v", tokens, res.Header)
			}
			l := s.await("the request", decision("PUT"))
			if l["allowed"] != true || l["with_credentials"] != true || l["reason"] != "origin-allowed" || l["policy"] != "app" ||
				l["kind"] != "actual" || l["status"] != 200.0 {
				t.Errorf("the log has %v", l)
			}

			res, body = s.send("OPTIONS", "/x", "", "Origin", "https://a.example", "Access-Control-Request-Method", "PUT")
			if res.StatusCode != 204 || body != "" || res.Header.Get("Access-Control-Allow-Methods") != "PUT" {
				t.Errorf("preflight: %d %q %v", res.StatusCode, body, res.Header)
			}
			if l := s.await("the preflight", decision("OPTIONS")); l["kind"] != "preflight" || l["status"] != 204.0 ||
				l["allowed"] != true {
				t.Errorf("the log has %v", l)
			}

			s.refusesPreflight("method-not-allowed", "allow_methods", "Access-Control-Request-Method", "DELETE")
			s.refusesPreflight("method-case", "PUT", "Access-Control-Request-Method", "Put")
			s.refusesPreflight("header-not-allowed", "allow_headers", "Access-Control-Request-Method", "PUT",
				"Access-Control-Request-Headers", "x-other")

			evil := "https://evil.example"
			res, _ = s.send("OPTIONS", "/x", "", "Origin", evil, "Access-Control-Request-Method", "PUT")
			if res.StatusCode != 403 || res.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("preflight of a stranger: %d %v", res.StatusCode, res.Header)
			}
			l = s.await("the refusal", decision("OPTIONS"))
			if l["allowed"] != false || l["reason"] != "origin-not-allowed" || !strings.Contains(l["fix"].(string), "allow_origins") {
				t.Errorf("the log has %v", l)
			}
			for _, method := range []string{"GET", "HEAD", "DELETE", "OPTIONS", "PURGE", "PATCH"} {
				if res, _ := s.send(method, "/", "", "Origin", evil); res.StatusCode != 200 ||
					res.Header.Get("Access-Control-Allow-Origin") != "" {
					t.Errorf("%s of a stranger: %d %v", method, res.StatusCode, res.Header)
				}
			}
			// A header with control characters and several kilobytes must not corrupt the log.
			s.send("GET", "/", "", "Origin", "https://a.example\t\u009b31m"+strings.Repeat("A", 8<<10))
			l = s.await("the malformed origin", func(l map[string]any) bool {
				o, _ := l["origin"].(string)
				return strings.Contains(o, "AAAA")
			})
			if o := l["origin"].(string); len(o) > 400 || strings.ContainsAny(o, "\t\u009b") {
				t.Errorf("the log has %d bytes of the origin: %q", len(o), o)
			}
			// fasthttp may close the connection before the client has sent the whole body.
			if res, _, err := s.try("POST", "/", strings.Repeat("x", maxBody+1)); err == nil &&
				res.StatusCode != http.StatusRequestEntityTooLarge {
				t.Errorf("a body above the limit: %d", res.StatusCode)
			}
			if res, _ := s.send("POST", "/", strings.Repeat("x", maxBody)); res.StatusCode != http.StatusOK {
				t.Errorf("a body at the limit: %d", res.StatusCode)
			}
			if code := s.interrupt(); code != exitYes {
				t.Errorf("exit status %d after Ctrl-C", code)
			}
		})
	}
}

// refusesPreflight sends a preflight that the server answers with 204 and the browser
// refuses. The log says what the browser does, and why.
func (s *serving) refusesPreflight(reason, fix string, header ...string) {
	s.t.Helper()
	res, _ := s.send("OPTIONS", "/x", "", append(header, "Origin", "https://a.example")...)
	l := s.await("the preflight", decision("OPTIONS"))
	hint, _ := l["fix"].(string)
	browser, _ := l["browser"].(string)
	if res.StatusCode != http.StatusNoContent || l["allowed"] != false || l["with_credentials"] != false || l["reason"] != reason ||
		!strings.Contains(hint, fix) || !strings.Contains(browser, "never sends the request") {
		s.t.Errorf("%v: %d, and the log has %v", header, res.StatusCode, l)
	}
}

func noSignals(t *testing.T) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("on Windows, a program cannot send Ctrl-C to one process without stopping itself")
	}
}

func TestServeWatch(t *testing.T) {
	t.Parallel()
	noSignals(t)
	dir := t.TempDir()
	path := write(t, dir, "cors.yaml", served)
	s := start(t, dir, "cors.yaml", "--watch")
	allowed := func(origin string) bool {
		res, _ := s.send("GET", "/", "", "Origin", origin)
		return res.Header.Get("Access-Control-Allow-Origin") == origin
	}
	replace := func(text string) {
		if err := os.Rename(write(t, dir, "next", text), path); err != nil {
			t.Fatal(err)
		}
	}
	if !allowed("https://a.example") || allowed("https://b.example") {
		t.Fatal("the first policy is not in force")
	}
	replace(strings.Replace(served, "https://a.example", "https://b.example", 1))
	l := s.await("the reload", func(l map[string]any) bool { return l["msg"] == "cors: policies reloaded" })
	if !strings.Contains(l["changes"].(string), "https://b.example") {
		t.Errorf("the log does not say what has changed: %v", l)
	}
	if allowed("https://a.example") || !allowed("https://b.example") {
		t.Error("the second policy is not in force")
	}
	replace("policies: {app: {allow_origin: []}}\n")
	l = s.await("the fault", func(l map[string]any) bool { return l["level"] == "ERROR" })
	if fault, _ := l["fault"].(string); !strings.Contains(fault, "cors.yaml:1:") || !strings.Contains(fault, "allow_origins") {
		t.Errorf("the log has %v", l)
	}
	if !allowed("https://b.example") {
		t.Error("a bad file has changed the policy")
	}
	if code := s.interrupt(); code != exitYes {
		t.Errorf("exit status %d after Ctrl-C", code)
	}
}

func TestServeFails(t *testing.T) {
	noSignals(t)
	dir := t.TempDir()
	write(t, dir, "cors.yaml", served)
	s := start(t, dir, "cors.yaml")
	for _, tt := range []struct {
		want string
		args []string
	}{
		{"address already in use", []string{"cors.yaml", "--listen", strings.TrimPrefix(s.url, "http://")}},
		{"listen", []string{"cors.yaml", "--listen", "nowhere"}},
		{"no such file", []string{"nothing.yaml"}},
	} {
		if r := corskit(t, dir, append([]string{"serve"}, tt.args...)...); r.code != exitFail || !strings.Contains(r.stderr, tt.want) {
			t.Errorf("%q: %+v", tt.args, r)
		}
	}
	abs := filepath.Join(dir, "cors.yaml")
	if r := corskit(t, "", "check", abs); r.code != exitYes {
		t.Errorf("%+v", r)
	}
}
