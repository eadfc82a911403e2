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

// patience bounds every wait, on machines that do ten other things too.
const patience = 20 * time.Second

// TestReload runs the program on a copy of its files, changes one of them, breaks
// it, and mends it.
func TestReload(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"cors.yaml", "cors.dev.yaml", "partners.txt"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("CORS_PROFILE", "dev")
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, in, "127.0.0.1:0", filepath.Join(dir, "cors.yaml"))
		in.Close()
	}()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	lines := make(chan string, 100)
	go func() {
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
		close(lines)
	}()
	wait := func(pattern string) []string {
		t.Helper()
		deadline := time.After(patience)
		for {
			select {
			case line, ok := <-lines:
				if m := regexp.MustCompile(pattern).FindStringSubmatch(line); m != nil {
					return m
				}
				if !ok {
					t.Fatalf("the program ended before it said %s", pattern)
				}
			case <-deadline:
				t.Fatalf("the program has not said %s within %v", pattern, patience)
			}
		}
	}
	base := wait(`serving on (\S+)`)[1]
	get := func(path, origin string) (allowed, body string) {
		t.Helper()
		r, err := http.NewRequest("GET", base+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", origin)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %s %v", path, res.StatusCode, b, err)
		}
		return res.Header.Get("Access-Control-Allow-Origin"), string(b)
	}
	expect := func(path, origin, want string) {
		t.Helper()
		if got, _ := get(path, origin); got != want {
			t.Errorf("%s for %s: Access-Control-Allow-Origin %q, want %q", path, origin, got, want)
		}
	}
	expect("/items", "http://localhost:5173", "http://localhost:5173") // by the profile
	expect("/items", "https://app.example.com", "")
	expect("/items", "https://shop.partner.example", "https://shop.partner.example")
	expect("/public/about", "https://anybody.example", "*")
	expect("/items", "https://new.partner.example", "")

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
	wait(`cors: now \S+: partners \+https://new\.partner\.example`)
	expect("/items", "https://new.partner.example", "https://new.partner.example")
	expect("/items", "https://shop.partner.example", "")

	write("https://newer.partner.example/\n")
	wait(`partners\.txt:1:1: .*trailing slash`)
	expect("/items", "https://new.partner.example", "https://new.partner.example")
	var health struct{ Cors, Fault string }
	_, body := get("/healthz", "")
	if err := json.Unmarshal([]byte(body), &health); err != nil || !strings.Contains(health.Fault, "did you mean") || !strings.Contains(health.Cors, "cors.yaml@") {
		t.Errorf("health %s, %v", body, err)
	}

	write("https://newer.partner.example\n")
	wait(`cors: now `)
	expect("/items", "https://newer.partner.example", "https://newer.partner.example")
	if _, body := get("/healthz", ""); !strings.Contains(body, `"fault":null`) {
		t.Errorf("health %s", body)
	}
}

// TestManifest holds the ConfigMap to the package.
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
			t.Errorf("%v %v", r.Err, r.Warnings)
		}
	}
	if got := strings.Join(kinds, " "); got != "ConfigMap Deployment Service" {
		t.Errorf("the manifest has %s", got)
	}
}

// TestDockerfile sees to it that what the Dockerfile copies and builds is there.
func TestDockerfile(t *testing.T) {
	text, err := os.ReadFile("Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	paths := regexp.MustCompile(`examples/config/[A-Za-z.]+`).FindAllString(string(text), -1)
	if len(paths) < 4 {
		t.Errorf("only %q", paths)
	}
	for _, p := range paths {
		if _, err := os.Stat(filepath.Join("..", "..", p)); err != nil {
			t.Error(err)
		}
	}
}
