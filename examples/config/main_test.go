package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/corskit/corskit/config"
)

// patience limits every wait. It is long because machines can be busy.
const patience = 20 * time.Second

// TestReload runs the program with copies of its files. It changes partners.txt,
// puts a fault into it, and repairs it.
func TestReload(t *testing.T) {
	dir := copied(t, "cors.yaml", "cors.dev.yaml", "partners.txt")
	t.Setenv("CORS_PROFILE", "dev")
	t.Setenv("FRONTEND_URL", "") // restores the developer's own
	if err := os.Unsetenv("FRONTEND_URL"); err != nil {
		t.Fatal(err)
	}
	p := start(t, filepath.Join(dir, "cors.yaml"))
	p.expect("/items", "http://localhost:5173", "http://localhost:5173") // from the profile
	p.expect("/items", "https://app.example.com", "")
	p.expect("/items", "https://shop.partner.example", "https://shop.partner.example")
	p.expect("/public/about", "https://anyone.example", "*")
	p.expect("/items", "https://new.partner.example", "")

	list := filepath.Join(dir, "partners.txt")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(list+".new", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(list+".new", list); err != nil {
			t.Fatal(err)
		}
	}
	write("https://new.partner.example\n")
	p.wait(`cors: now \S+: partners \+https://new\.partner\.example`)
	p.expect("/items", "https://new.partner.example", "https://new.partner.example")
	p.expect("/items", "https://shop.partner.example", "")

	write("https://newer.partner.example/\n")
	p.wait(`partners\.txt:1:1: .*trailing slash`)
	p.expect("/items", "https://new.partner.example", "https://new.partner.example")
	var health struct{ Cors, Fault string }
	_, body := p.get("/healthz", "")
	err := json.Unmarshal([]byte(body), &health)
	if err != nil || !strings.Contains(health.Fault, "did you mean") || !strings.Contains(health.Cors, "cors.yaml@") {
		t.Errorf("health with a bad file: %s, %v", body, err)
	}

	write("https://newer.partner.example\n")
	p.wait(`cors: now `)
	p.expect("/items", "https://newer.partner.example", "https://newer.partner.example")
	if _, body := p.get("/healthz", ""); !strings.Contains(body, `"fault":null`) {
		t.Errorf("health with a repaired file: %s", body)
	}
}

// TestFrontendURL sets the origins of a policy with a variable that the file maps.
func TestFrontendURL(t *testing.T) {
	t.Setenv("FRONTEND_URL", "https://staging.example.com")
	p := start(t, filepath.Join(copied(t, "cors.yaml", "partners.txt"), "cors.yaml"))
	p.expect("/items", "https://staging.example.com", "https://staging.example.com")
	p.expect("/items", "https://app.example.com", "")
}

// TestEmptyVariable checks that the log says why no application is allowed.
func TestEmptyVariable(t *testing.T) {
	t.Setenv("FRONTEND_URL", "")
	p := start(t, filepath.Join(copied(t, "cors.yaml", "partners.txt"), "cors.yaml"))
	p.wait(`cors: warning: FRONTEND_URL: .*no origin is allowed`)
}

// copied returns a directory with copies of files.
func copied(t *testing.T, names ...string) string {
	dir := t.TempDir()
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// program is a running program.
type program struct {
	t     *testing.T
	lines chan string // lines of output
	base  string      // URL, without a path
}

// start starts the program, and stops it when the test ends.
func start(t *testing.T, file string) *program {
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, in, "127.0.0.1:0", "127.0.0.1:0", file)
		in.Close()
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	p := &program{t: t, lines: make(chan string, 100)}
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			p.lines <- s.Text()
		}
		close(p.lines)
	}()
	p.base = p.wait(`serving on (\S+)`)[1]
	return p
}

// wait waits for a line that matches pattern, and returns its submatches.
func (p *program) wait(pattern string) []string {
	p.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case line, ok := <-p.lines:
			if m := regexp.MustCompile(pattern).FindStringSubmatch(line); m != nil {
				return m
			}
			if !ok {
				p.t.Fatalf("the program ended before it printed %s", pattern)
			}
		case <-deadline:
			p.t.Fatalf("the program did not print %s within %v", pattern, patience)
		}
	}
}

func (p *program) get(path, origin string) (allowed, body string) {
	p.t.Helper()
	r, err := http.NewRequest("GET", p.base+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Origin", origin)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		p.t.Fatalf("%s: %d %s %v", path, res.StatusCode, b, err)
	}
	return res.Header.Get("Access-Control-Allow-Origin"), string(b)
}

func (p *program) expect(path, origin, want string) {
	p.t.Helper()
	if got, _ := p.get(path, origin); got != want {
		p.t.Errorf("%s for %s: Access-Control-Allow-Origin %q, want %q", path, origin, got, want)
	}
}

// TestManifest checks that package config accepts the files of the ConfigMap.
func TestManifest(t *testing.T) {
	file, err := os.Open("kubernetes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var kinds []string
	for dec := yaml.NewDecoder(file); ; {
		var object struct {
			Kind string
			Data map[string]string
		}
		if err := dec.Decode(&object); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, object.Kind)
		if object.Kind != "ConfigMap" {
			continue
		}
		files := make(config.Static)
		for name, text := range object.Data {
			files[name] = []byte(text)
		}
		r := config.Check(context.Background(), files, "cors.yaml", config.Options{Environ: []string{}})
		if r.Err != nil || len(r.Warnings) > 0 {
			t.Errorf("the ConfigMap: faults %v, warnings %v", r.Err, r.Warnings)
		}
	}
	if got := strings.Join(kinds, " "); got != "ConfigMap Deployment Service" {
		t.Errorf("the manifest has %s, want ConfigMap Deployment Service", got)
	}
}

// TestDockerfile checks that the files that the Dockerfile copies exist.
func TestDockerfile(t *testing.T) {
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	paths := regexp.MustCompile(`examples/config/[A-Za-z.]+`).FindAllString(string(text), -1)
	if len(paths) < 4 {
		t.Errorf("the Dockerfile names only %q", paths)
	}
	for _, p := range paths {
		if _, err := os.Stat(filepath.Join("..", "..", p)); err != nil {
			t.Error(err)
		}
	}
}
