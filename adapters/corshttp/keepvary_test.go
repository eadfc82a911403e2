package corshttp_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// TestKeepVary: however a handler sends its response, Vary lists Origin.
func TestKeepVary(t *testing.T) {
	overwrite := func(then func(http.ResponseWriter)) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Vary", "Accept")
			then(w)
		})
	}
	handlers := map[string]http.Handler{
		"silent":      overwrite(func(http.ResponseWriter) {}),
		"write":       overwrite(func(w http.ResponseWriter) { io.WriteString(w, "x") }),
		"writeheader": overwrite(func(w http.ResponseWriter) { w.WriteHeader(404) }),
		"flush":       overwrite(func(w http.ResponseWriter) { w.(http.Flusher).Flush() }),
		"controller":  overwrite(func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }),
		"readfrom":    overwrite(func(w http.ResponseWriter) { io.Copy(w, strings.NewReader("x")) }),
		"early hints": overwrite(func(w http.ResponseWriter) { w.WriteHeader(103); w.Header().Set("Vary", "Accept"); w.WriteHeader(200) }),
		"deleted":     http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header().Del("Vary"); io.WriteString(w, "x") }),
		"timeout":     http.TimeoutHandler(overwrite(func(w http.ResponseWriter) { io.WriteString(w, "x") }), time.Minute, ""),
	}
	for name, h := range handlers {
		t.Run(name, func(t *testing.T) {
			s := httptest.NewServer(corshttp.Middleware(core.MustNew(policy), corshttp.Options{KeepVary: true})(h))
			defer s.Close()
			r, _ := http.NewRequest("GET", s.URL, nil)
			r.Header.Set("Origin", "https://a.example")
			res, err := s.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			got := strings.Join(res.Header["Vary"], ", ")
			if !strings.Contains(got, "Origin") || name != "deleted" && !strings.Contains(got, "Accept") {
				t.Errorf("Vary is %q", got)
			}
		})
	}
}

// TestKeepVaryAddsNothing: KeepVary restores Vary, but no header that the handler has
// deleted.
func TestKeepVaryAddsNothing(t *testing.T) {
	keep := []corshttp.Options{{KeepVary: true}, {}} // are merged
	revokes := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Del("Access-Control-Allow-Origin")
		w.Header().Del("Vary")
	})
	h := corshttp.Middleware(core.MustNew(core.Policy{AllowOrigins: []string{"https://a.example"}}), keep...)(revokes)
	expect(t, serve(h, request("GET", "https://a.example")), 200, http.Header{"Vary": {"Origin"}})
	h = corshttp.Middleware(core.MustNew(core.Policy{AllowOrigins: []string{"*"}}), keep...)(ok)
	expect(t, serve(h, request("GET", "https://a.example")), 200, http.Header{"Access-Control-Allow-Origin": {"*"}})
}

// TestUpstreamWithEarlyHints: KeepVary restores the headers that a ReverseProxy clears
// after each informational response of its upstream.
func TestUpstreamWithEarlyHints(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Link", "</style.css>")
		w.WriteHeader(http.StatusEarlyHints)
		w.Header().Set("Access-Control-Allow-Origin", "upstream's")
		w.Header().Set("Vary", "Accept")
		w.WriteHeader(http.StatusOK)
	}))
	defer upstream.Close()
	target, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(target) },
		ModifyResponse: corshttp.StripUpstream,
	}
	for _, tt := range []struct {
		policy core.Policy
		origin string
		want   http.Header
	}{
		{policy, "https://a.example", http.Header{
			"Access-Control-Allow-Origin": {"https://a.example"}, "Access-Control-Allow-Credentials": {"true"},
			"Access-Control-Expose-Headers": {"x-e"}, "Vary": {"Accept", "Origin"},
		}},
		{policy, "https://e.example", http.Header{"Vary": {"Accept", "Origin"}}},
		{core.Policy{AllowOrigins: []string{"*"}}, "https://e.example",
			http.Header{"Access-Control-Allow-Origin": {"*"}, "Vary": {"Accept"}}},
	} {
		server := httptest.NewServer(corshttp.Middleware(core.MustNew(tt.policy), corshttp.Options{KeepVary: true})(proxy))
		r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", tt.origin)
		res, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		for _, name := range []string{
			"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers", "Vary",
		} {
			if got := res.Header[name]; !slices.Equal(got, tt.want[name]) {
				t.Errorf("%s: %s is %q, want %q", tt.origin, name, got, tt.want[name])
			}
		}
		server.Close()
	}
}

func TestKeepVaryHijack(t *testing.T) {
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		conn, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\n\r\nhello")
	})
	s := httptest.NewServer(corshttp.Middleware(core.MustNew(policy), corshttp.Options{KeepVary: true})(h))
	defer s.Close()
	conn, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\nOrigin: https://e.example\r\n\r\n")
	if b, _ := io.ReadAll(bufio.NewReader(conn)); !strings.HasSuffix(string(b), "hello") {
		t.Errorf("the connection got %q, want \"hello\" at the end", b)
	}
}

// flusher, hijacker and pusher are the optional interfaces of a ResponseWriter.
type (
	flusher  struct{}
	hijacker struct{}
	pusher   struct{}
)

func (flusher) Flush()                                        {}
func (hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) { return nil, nil, io.EOF }
func (pusher) Push(string, *http.PushOptions) error           { return nil }

func TestKeepVaryInterfaces(t *testing.T) {
	type w = http.ResponseWriter
	d := &discard{http.Header{}}
	for _, in := range []w{
		d, struct {
			w
			flusher
		}{d, flusher{}}, struct {
			w
			hijacker
		}{d, hijacker{}}, struct {
			w
			pusher
		}{d, pusher{}}, struct {
			w
			flusher
			hijacker
		}{d, flusher{}, hijacker{}}, struct {
			w
			flusher
			pusher
		}{d, flusher{}, pusher{}}, struct {
			w
			hijacker
			pusher
		}{d, hijacker{}, pusher{}}, struct {
			w
			flusher
			hijacker
			pusher
		}{d, flusher{}, hijacker{}, pusher{}},
	} {
		h := http.HandlerFunc(func(out w, _ *http.Request) {
			_, f1 := in.(http.Flusher)
			_, f2 := out.(http.Flusher)
			_, h1 := in.(http.Hijacker)
			_, h2 := out.(http.Hijacker)
			_, p1 := in.(http.Pusher)
			_, p2 := out.(http.Pusher)
			if f1 != f2 || h1 != h2 || p1 != p2 {
				t.Errorf("%T: the handler gets Flusher %v, Hijacker %v, Pusher %v", in, f2, h2, p2)
			}
			if out.(interface{ Unwrap() w }).Unwrap() != in {
				t.Errorf("%T: Unwrap does not return it", in)
			}
		})
		corshttp.Middleware(core.MustNew(policy), corshttp.Options{KeepVary: true})(h).ServeHTTP(in, request("GET", ""))
	}
}
