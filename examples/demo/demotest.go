package demo

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// Test runs a program, sends the requests of its curl commands, and checks that each
// response is the one that the program announces. Then it uses the application.
func Test(t *testing.T, serve Serve) {
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, in, serve, Addresses{Listen: "127.0.0.1:0", Inspect: "127.0.0.1:0"}, "https://app.example.com")
		in.Close()
	}()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()

	want := []struct {
		status int
		origin string
	}{{200, "https://app.example.com"}, {204, "https://app.example.com"}, {403, ""}, {200, "*"}}
	base, inspector := "", ""
	scanner := bufio.NewScanner(out)
	for i := 0; i < len(want); {
		if !scanner.Scan() {
			t.Fatalf("the program printed fewer than %d curl commands", len(want))
		}
		if _, address, ok := strings.Cut(scanner.Text(), "the inspector shows who is refused, and why: "); ok {
			inspector = address
		}
		line, ok := strings.CutPrefix(strings.TrimSpace(scanner.Text()), "curl -i ")
		if !ok {
			continue
		}
		r := parseCurl(t, line)
		base = "http://" + r.URL.Host
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if got := res.Header.Get("Access-Control-Allow-Origin"); res.StatusCode != want[i].status || got != want[i].origin {
			t.Errorf("curl -i %s\nstatus %d, allowed origin %q; want %d, %q",
				line, res.StatusCode, got, want[i].status, want[i].origin)
		}
		i++
	}
	go io.Copy(io.Discard, out)
	inspect(t, inspector)
	use(t, base)
}

// inspect checks that the inspector shows the refusal.
func inspect(t *testing.T, address string) {
	res, err := http.Get(address + "refusals.json")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err := io.ReadAll(res.Body); err != nil || !strings.Contains(string(body), "https://evil.example") {
		t.Errorf("%v, and the inspector shows %s", err, body)
	}
}

// parseCurl returns the request that curl sends for these arguments.
func parseCurl(t *testing.T, args string) *http.Request {
	method := "GET"
	if m := regexp.MustCompile(`-X (\w+)`).FindStringSubmatch(args); m != nil {
		method = m[1]
	}
	r, err := http.NewRequest(method, regexp.MustCompile(`http://\S+`).FindString(args), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range regexp.MustCompile(`-H '([^:]+): ([^']+)'`).FindAllStringSubmatch(args, -1) {
		r.Header.Add(h[1], h[2])
	}
	return r
}

// use sends requests to every endpoint. The origin https://app.example.com must be able
// to read every response, errors included.
func use(t *testing.T, base string) {
	for _, step := range []struct {
		method, path, body string
		status             int
		answer             string
	}{
		{"GET", "/notes", "", 200, `"text":"read the README"`},
		{"POST", "/notes", `{"text":"second"}`, 201, `{"id":2,"text":"second"}`},
		{"POST", "/notes", `{"text":""}`, 400, ""},
		{"POST", "/notes", `nonsense`, 400, ""},
		{"PUT", "/notes/2", `{"text":"changed"}`, 200, `{"id":2,"text":"changed"}`},
		{"PUT", "/notes/9", `{"text":"x"}`, 404, ""},
		{"PUT", "/notes/x", `{"text":"x"}`, 404, ""},
		{"DELETE", "/notes/2", "", 204, ""},
		{"DELETE", "/notes/2", "", 404, ""},
		{"GET", "/nowhere", "", 404, ""},
	} {
		r, err := http.NewRequest(step.method, base+step.path, strings.NewReader(step.body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", "https://app.example.com")
		r.Header.Set("Content-Type", "application/json")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		res.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if res.StatusCode != step.status || !strings.Contains(string(body), step.answer) {
			t.Errorf("%s %s %s: %d %s; want %d %s", step.method, step.path, step.body, res.StatusCode, body, step.status, step.answer)
		}
		if got := res.Header["Access-Control-Allow-Origin"]; len(got) != 1 || got[0] != "https://app.example.com" {
			t.Errorf("%s %s: the app cannot read the response with status %d: Access-Control-Allow-Origin %q",
				step.method, step.path, res.StatusCode, got)
		}
	}
}
