package main

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v3"

	"github.com/corskit/corskit/adapters/corsfiberv3"
	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

const (
	page     = "https://app.example.com"
	stranger = "https://other.example"
)

// start runs the program and returns its URL and what it prints before it serves.
func start(t *testing.T) (base, text string) {
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- run(ctx, in, "127.0.0.1:0", page, "secret")
		in.Close()
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	scanner := bufio.NewScanner(out)
	for scanner.Scan() && !strings.Contains(scanner.Text(), "/public/about") {
		text += scanner.Text() + "\n"
	}
	go io.Copy(io.Discard, out)
	return regexp.MustCompile(`http://[0-9.:]+`).FindString(text), text + scanner.Text() + "\n"
}

func fetch(t *testing.T, f browsermodel.Fetch) browsermodel.Verdict {
	transport := &http.Transport{DisableKeepAlives: true}
	return (&browsermodel.Browser{Transport: conformance.RoundTripper(transport)}).Fetch(t.Context(), f)
}

// TestGroups checks what scripts can do in each group.
func TestGroups(t *testing.T) {
	base, _ := start(t)
	token := []string{"Authorization", "Bearer secret", "Content-Type", "application/json"}
	for _, c := range []struct {
		name, origin, method, path, body string
		header                           []string
		status                           int // the status that the script reads, or 0 if the browser refuses
		challenge                        bool
	}{
		{"a token", page, "GET", "/api/notes", "", token, 200, false},
		{"a token and a body", page, "PUT", "/api/notes/1", `{"text":"changed"}`, token, 200, false},
		{"a note that does not exist", page, "PUT", "/api/notes/x", `{"text":"changed"}`, token, 404, false},
		{"no token", page, "GET", "/api/notes", "", nil, 401, true},
		{"a wrong token", page, "PUT", "/api/notes/1", `{"text":"x"}`, []string{"Authorization", "Bearer other"}, 401, true},
		{"no such path", page, "GET", "/api/nowhere", "", token, 404, false},
		{"a stranger with a token", stranger, "GET", "/api/notes", "", token, 0, false},
		{"a stranger without one", stranger, "GET", "/api/notes", "", nil, 0, false},
		{"the public part", stranger, "GET", "/public/about", "", nil, 200, false},
		{"JSON for the public part", stranger, "POST", "/public/echo", "{}", []string{"Content-Type", "application/json"}, 200, false},
		{"outside the groups", page, "GET", "/notes", "", nil, 0, false},
	} {
		v := fetch(t, browsermodel.Fetch{
			Origin: c.origin, URL: base + c.path, Method: c.method, Body: c.body, Header: browsermodel.Header(c.header...),
		})
		if v.Allowed != (c.status != 0) || v.Allowed && v.Status != c.status {
			t.Errorf("%s: %s; status %d, want %d", c.name, v.Text, v.Status, c.status)
		}
		if v.Header.Has("WWW-Authenticate") != c.challenge {
			t.Errorf("%s: the script reads %v", c.name, v.Header)
		}
	}
}

// TestTour checks that the program's curl commands get the answers that it announces.
func TestTour(t *testing.T) {
	_, text := start(t)
	curls := regexp.MustCompile(`curl -i( -X OPTIONS)? (\S+)(.*)`).FindAllStringSubmatch(text, -1)
	want := []struct {
		status int
		origin string
	}{{204, page}, {200, page}, {401, page}, {200, "*"}}
	if len(curls) != len(want) {
		t.Fatalf("%d curl commands, want %d:\n%s", len(curls), len(want), text)
	}
	for i, c := range curls {
		method := "GET"
		if c[1] != "" {
			method = "OPTIONS"
		}
		r, err := http.NewRequest(method, c[2], nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range regexp.MustCompile(`-H '([^:]+): ([^']+)'`).FindAllStringSubmatch(c[3], -1) {
			r.Header.Add(h[1], h[2])
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if got := res.Header.Get("Access-Control-Allow-Origin"); res.StatusCode != want[i].status || got != want[i].origin {
			t.Errorf("%s\nstatus %d, allowed origin %q; want %d, %q", c[0], res.StatusCode, got, want[i].status, want[i].origin)
		}
	}
}

// TestOrder checks what happens if authentication comes before CORS: the preflight gets a 401,
// and a request that needs no preflight gets a 401 that the script cannot read.
func TestOrder(t *testing.T) {
	engine := core.MustNew(core.Policy{AllowOrigins: []string{page}, AllowHeaders: []string{"authorization"}})
	app := fiber.New()
	app.Group("/api", authenticate("secret"), corsfiberv3.Middleware(engine)).
		Get("/notes", func(c fiber.Ctx) error { return c.SendString("ok") })
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- app.Listener(listener, fiber.ListenConfig{DisableStartupMessage: true}) }()
	defer func() {
		if err := app.Shutdown(); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	url := "http://" + listener.Addr().String() + "/api/notes"
	v := fetch(t, browsermodel.Fetch{Origin: page, URL: url, Header: browsermodel.Header("Authorization", "Bearer secret")})
	if !v.AtPreflight || v.Exchanges[0].Response.Status != 401 {
		t.Errorf("with a token: %s", v.Text)
	}
	v = fetch(t, browsermodel.Fetch{Origin: page, URL: url})
	if v.Allowed || v.Code != browsermodel.CodeAllowOriginMissing {
		t.Errorf("without a token: %s", v.Text)
	}
}
