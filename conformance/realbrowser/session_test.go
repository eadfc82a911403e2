package realbrowser

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/websocket"

	"github.com/corskit/corskit/conformance/browsermodel"
)

const (
	pageA    = "https://a.example"
	pageHTTP = "http://localhost:3000"
	pageIPv6 = "http://[::1]:8080"
	sameSite = "https://api.a.example" // the site of pageA
)

// TestSession tests the harness itself, with a server that allows everything.
func TestSession(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
		h.Set("Access-Control-Allow-Credentials", "true")
		h.Set("Access-Control-Allow-Methods", "PUT")
		h.Set("Access-Control-Allow-Headers", "x-a")
		h.Set("Access-Control-Expose-Headers", "x-e")
		h.Set("X-E", "e")
		http.SetCookie(w, &http.Cookie{Name: "c", Value: "1", Secure: true, SameSite: http.SameSiteNoneMode})
		if r.Method == http.MethodOptions {
			return
		}
		_ = json.NewEncoder(w).Encode([]string{r.Method, r.Header.Get("Origin"), r.Header.Get("X-A"), r.Header.Get("Cookie")})
	}))
	t.Cleanup(server.Close)
	address := server.Listener.Addr().String()

	Each(t, func(t *testing.T, s *Session) {
		origin, err := s.Serve(address)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Route(pageA, address); err != nil {
			t.Fatal(err)
		}
		url := origin + "/x"
		fetch := func(page, method string) browsermodel.Fetch {
			return browsermodel.Fetch{Origin: page, URL: url, Method: method}
		}
		put := fetch(pageA, "PUT")
		put.Header = browsermodel.Header("X-A", "x")
		// Some browsers block the cookies of other sites by default.
		if err := s.Route(sameSite, address); err != nil {
			t.Fatal(err)
		}
		credentialed := fetch(pageA, "GET")
		credentialed.URL = sameSite + "/x"
		credentialed.Credentials = true
		without := credentialed
		without.Credentials = false
		opaque := fetch(pageA, "GET")
		opaque.Mode = browsermodel.ModeNoCORS
		post := fetch(pageA, "POST")
		post.Body = "hello"
		listened := post
		listened.UploadListeners = true
		same := fetch(pageA, "GET")
		same.URL = pageA + "/y"
		tests := []struct {
			name       string
			job        Job
			typ        browsermodel.ResponseType
			body       []string
			preflights int
		}{
			{"get", Job{Fetch: fetch(pageA, "GET")}, browsermodel.TypeCORS, []string{"GET", pageA, "", ""}, 0},
			{"xhr", Job{Fetch: fetch(pageA, "GET"), XHR: true}, TypeXHR, []string{"GET", pageA, "", ""}, 0},
			{"put", Job{Fetch: put}, browsermodel.TypeCORS, []string{"PUT", pageA, "x", ""}, 1},
			{"delete", Job{Fetch: fetch(pageA, "DELETE")}, browsermodel.TypeError, nil, 1},
			{"null", Job{Fetch: fetch("null", "GET")}, browsermodel.TypeCORS, []string{"GET", "null", "", ""}, 0},
			{"http page", Job{Fetch: fetch(pageHTTP, "GET")}, browsermodel.TypeCORS, []string{"GET", pageHTTP, "", ""}, 0},
			{"ipv6 page", Job{Fetch: fetch(pageIPv6, "GET")}, browsermodel.TypeCORS, []string{"GET", pageIPv6, "", ""}, 0},
			{"no-cors", Job{Fetch: opaque}, browsermodel.TypeOpaque, nil, 0},
			{"post", Job{Fetch: post}, browsermodel.TypeCORS, []string{"POST", pageA, "", ""}, 0},
			{"upload listeners", Job{Fetch: listened, XHR: true}, TypeXHR, []string{"POST", pageA, "", ""}, 1},
			{"same origin", Job{Fetch: same}, browsermodel.TypeBasic, []string{"GET", "", "", ""}, 0},
			{"no such host", Job{Fetch: browsermodel.Fetch{Origin: pageA, URL: "https://nowhere.test/"}}, browsermodel.TypeError, nil, 0},
			{"set a cookie", Job{Fetch: credentialed}, browsermodel.TypeCORS, []string{"GET", pageA, "", ""}, 0},
			{"send a cookie", Job{Fetch: credentialed}, browsermodel.TypeCORS, []string{"GET", pageA, "", "c=1"}, 0},
			{"send no cookie", Job{Fetch: without}, browsermodel.TypeCORS, []string{"GET", pageA, "", ""}, 0},
		}
		var jobs []Job
		for i, tt := range tests {
			if tt.job.URL == url {
				tt.job.URL += "?" + string(rune('a'+i)) // each job has its own preflight
			}
			jobs = append(jobs, tt.job)
		}
		outcomes, err := s.Run(t.Context(), [][]Job{jobs})
		if err != nil {
			t.Fatal(err)
		}
		for i, tt := range tests {
			got := outcomes[0][i]
			var body []string
			if got.Body != "" {
				if err := json.Unmarshal([]byte(got.Body), &body); err != nil {
					t.Errorf("%s: %v", tt.name, err)
				}
			}
			if got.Type != tt.typ || !slices.Equal(body, tt.body) {
				t.Errorf("%s: got %v, want %s with the body %q", tt.name, got, tt.typ, tt.body)
			}
			if tt.typ == browsermodel.TypeCORS && !slices.Equal(got.Header.Values("x-e"), []string{"e"}) {
				t.Errorf("%s: the readable headers are %q, want x-e", tt.name, got.Header)
			}
			if tt.job.URL != url {
				continue
			}
			preflights := 0
			for _, r := range s.Requests(jobs[i].URL) {
				if r.Method == "OPTIONS" {
					preflights++
				}
			}
			if preflights != tt.preflights {
				t.Errorf("%s: %d preflights, want %d", tt.name, preflights, tt.preflights)
			}
		}
	}, pageA, pageHTTP, pageIPv6, sameSite)
}

// TestScript runs scripts that use a page, and one that fails.
func TestScript(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		_, _ = w.Write([]byte(`<!doctype html><title>x</title><details><summary>más ×</summary>inside</details>`))
	}))
	t.Cleanup(server.Close)
	Each(t, func(t *testing.T, s *Session) {
		if err := s.Route(pageA, server.Listener.Addr().String()); err != nil {
			t.Fatal(err)
		}
		got, err := s.Script(t.Context(), pageA, `
			const page = await visit("/x");
			page.document.querySelector("summary").click();
			await until(() => page.document.querySelector("details").open);
			globalThis.kept = page;
			return page.document.body.innerText;`)
		if err != nil || !strings.Contains(got, "más ×") || !strings.Contains(got, "inside") {
			t.Errorf("got %q, %v", got, err)
		}
		if got, err := s.Script(t.Context(), pageA, `return kept.location.href;`); err != nil || got != pageA+"/x" {
			t.Errorf("the next script got %q, %v", got, err)
		}
		if _, err := s.Script(t.Context(), pageA, `throw new Error("no");`); err == nil || !strings.Contains(err.Error(), "Error: no") {
			t.Errorf("a script that fails: %v", err)
		}
		if _, err := s.Script(t.Context(), "https://unknown.example", `return 1;`); err == nil {
			t.Error("no error for an origin that the session does not know")
		}
		t.Run("http", func(t *testing.T) { httpOrigin(t, s) })
	}, pageA)
}

// httpOrigin puts a server behind a loopback http origin that was not passed to Start.
// The server must get requests in the form that browsers use without a proxy, and
// WebSockets.
func httpOrigin(t *testing.T, s *Session) {
	const origin = "http://localhost:4711"
	chat := websocket.Server{Handler: func(c *websocket.Conn) {
		_, _ = c.Write([]byte("hello " + c.Request().RequestURI))
		_, _ = io.Copy(io.Discard, c) // until the browser closes
	}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/chat" {
			chat.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(r.Body)
		_ = json.NewEncoder(w).Encode([]any{r.RequestURI, r.Host, r.Header["Proxy-Connection"], string(body), err == nil})
	}))
	t.Cleanup(server.Close)
	if err := s.Route(origin, server.Listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	got, err := s.Script(t.Context(), origin, `
		const body = "x".repeat(100000);
		const [target, host, proxy, sent, read] = await (await fetch("/x?y", {method: "POST", body})).json();
		const said = await new Promise((yes, no) => {
			const socket = new WebSocket("ws://localhost:4711/chat?z");
			socket.onmessage = e => { socket.close(); yes(e.data); };
			socket.onclose = e => no(new Error("the WebSocket was closed with " + e.code));
		});
		return [target, host, proxy, sent === body, read, said].join(" ");`)
	if want := "/x?y localhost:4711  true true hello /chat?z"; err != nil || got != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
}
