package corshttp_test

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

// TestFactsThatDecide: all facts that a decision depends on reach the engine.
func TestFactsThatDecide(t *testing.T) {
	echo := core.Policy{
		AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*"}, AllowCredentials: true,
	}
	private := core.Policy{AllowOrigins: []string{"https://a.example"}, AllowPrivateNetwork: true}
	reject := core.Policy{AllowOrigins: []string{"https://a.example"}, RejectDisallowed: true}
	preflight := request("OPTIONS", "https://a.example", "Access-Control-Request-Method", "PURGE",
		"Access-Control-Request-Headers", "x-b", "Access-Control-Request-Private-Network", "true")
	const pfVary = "Origin, Access-Control-Request-Method"
	for _, tt := range []struct {
		name   string
		policy core.Policy
		r      *http.Request
		status int
		want   http.Header
	}{
		{"the method and the headers that are echoed", echo, preflight, 204, http.Header{
			"Access-Control-Allow-Origin": {"https://a.example"}, "Access-Control-Allow-Credentials": {"true"},
			"Access-Control-Allow-Methods": {"PURGE"}, "Access-Control-Allow-Headers": {"x-b"},
			"Vary": {pfVary + ", Access-Control-Request-Headers"}}},
		{"the private network", private, preflight, 204, http.Header{
			"Access-Control-Allow-Origin": {"https://a.example"}, "Access-Control-Allow-Methods": {"GET, HEAD, POST"},
			"Access-Control-Allow-Private-Network": {"true"}, "Vary": {pfVary + ", Access-Control-Request-Private-Network"}}},
		{"the host", reject, request("POST", "https://h.example"), 200, http.Header{"Vary": {"Origin"}}},
		{"another host", reject, request("POST", "https://g.example"), 403, http.Header{"Vary": {"Origin"}}},
		{"Sec-Fetch-Site", reject, request("POST", "https://g.example", "Sec-Fetch-Site", "same-origin"), 200,
			http.Header{"Vary": {"Origin"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			expect(t, serve(corshttp.Middleware(core.MustNew(tt.policy))(ok), tt.r), tt.status, tt.want)
		})
	}
}

// TestRequest: an explanation gets all facts, even of a request without Origin.
func TestRequest(t *testing.T) {
	fields := []string{"Sec-Fetch-Site", "none", "Access-Control-Request-Method", "PUT",
		"Access-Control-Request-Headers", "x-a", "Access-Control-Request-Private-Network", "true"}
	want := core.Request{
		Method: "OPTIONS", Host: "h.example", Path: "/x", SecFetchSite: []string{"none"}, AccessControlRequestMethod: []string{"PUT"},
		AccessControlRequestHeaders: []string{"x-a"}, AccessControlRequestPrivateNetwork: []string{"true"},
	}
	for _, origin := range []string{"", "https://a.example"} {
		if origin != "" {
			want.Origin = []string{origin}
		}
		if got := corshttp.Request(request("OPTIONS", origin, fields...)); !reflect.DeepEqual(got, want) {
			t.Errorf("with Origin %q:\n got %+v\nwant %+v", origin, got, want)
		}
	}
}

// TestSkippedOnce: a skipped request reaches the handler once.
func TestSkippedOnce(t *testing.T) {
	calls := 0
	skip := corshttp.Options{Skip: func(*http.Request) bool { return true }}
	h := corshttp.Middleware(core.MustNew(policy), skip, skip)(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls++ }))
	if serve(h, request("GET", "https://a.example")); calls != 1 {
		t.Errorf("the handler ran %d times, want 1", calls)
	}
}

// TestRewrites: if a response already has exactly the headers of the decision, they
// are not written again. If one differs, all are replaced.
func TestRewrites(t *testing.T) {
	names := []string{
		"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers", "Access-Control-Allow-Methods",
		"Access-Control-Allow-Headers", "Access-Control-Max-Age", "Access-Control-Allow-Private-Network",
	}
	private := policy
	private.AllowPrivateNetwork = true
	open := core.Policy{AllowOrigins: []string{"*"}, ExposeHeaders: []string{"x-e"}}
	for _, tt := range []struct {
		name   string
		policy core.Policy
		r      *http.Request
	}{
		{"an actual request", policy, request("GET", "https://a.example")},
		{"a preflight", policy, request("OPTIONS", "https://a.example", "Access-Control-Request-Method", "PUT")},
		{"a preflight into the private network", private, request("OPTIONS", "https://a.example",
			"Access-Control-Request-Method", "PUT", "Access-Control-Request-Private-Network", "true")},
		{"any origin", open, request("GET", "https://a.example")},
	} {
		engine := core.MustNew(tt.policy)
		written := func() http.Header {
			h := http.Header{}
			corshttp.Apply(engine, h, tt.r)
			return h
		}
		want, again := written(), written()
		first := map[string]*string{}
		for name, lines := range again {
			first[name] = &lines[0]
		}
		corshttp.Apply(engine, again, tt.r)
		for name, lines := range again {
			if len(lines) != 1 || &lines[0] != first[name] {
				t.Errorf("%s: %s was written again: %q", tt.name, name, lines)
			}
		}

		for _, name := range append(names, "Vary") {
			for what, change := range map[string]func(http.Header){
				"missing": func(h http.Header) { delete(h, name) },
				"other":   func(h http.Header) { h[name] = []string{"other"} },
				"twice":   func(h http.Header) { h[name] = append(h[name], h[name]...) },
				"empty":   func(h http.Header) { h[name] = []string{""} },
			} {
				if name == "Vary" && what != "missing" {
					continue // the lines of Vary stay
				}
				h := written()
				if change(h); len(h[name]) == 0 {
					delete(h, name)
				}
				before := maps.Clone(h)
				if corshttp.Apply(engine, h, tt.r); !maps.EqualFunc(h, want, slices.Equal) {
					t.Errorf("%s, with %s %s: %v becomes %v, want %v", tt.name, name, what, before, h, want)
				}
			}
		}
	}
}

// TestLeftovers: a refusal removes any headers of another engine that has allowed the
// origin.
func TestLeftovers(t *testing.T) {
	engine, r := core.MustNew(policy), request("GET", "https://e.example")
	for _, h := range []http.Header{
		{"Access-Control-Allow-Origin": {"*"}, "Access-Control-Expose-Headers": {"x"}},
		{"Access-Control-Allow-Credentials": {"true"}},
		{"Access-Control-Allow-Origin": {"https://e.example"}, "Access-Control-Allow-Credentials": {"true"},
			"Access-Control-Max-Age": {"1"}},
	} {
		before := maps.Clone(h)
		if corshttp.Apply(engine, h, r); !maps.EqualFunc(h, http.Header{"Vary": {"Origin"}}, slices.Equal) {
			t.Errorf("%v becomes %v, want only Vary: Origin", before, h)
		}
	}
}

// TestStrayHeadersStay: headers that have no meaning without an allowed origin are not
// removed, because they do not come from another engine.
func TestStrayHeadersStay(t *testing.T) {
	engine := core.MustNew(core.Policy{AllowOrigins: []string{"https://a.example"}})
	for _, origin := range []string{"https://a.example", "https://e.example", ""} {
		h := http.Header{"Access-Control-Max-Age": {"5"}, "X-Other": {"1"}}
		corshttp.Apply(engine, h, request("GET", origin))
		isAllowed := h.Get("Access-Control-Allow-Origin") != ""
		if h.Get("Access-Control-Max-Age") != "5" || h.Get("Vary") != "Origin" || isAllowed != (origin == "https://a.example") {
			t.Errorf("Origin %q: %v", origin, h)
		}
	}
}

// TestVaryElements: Origin is not added to Vary if Vary lists it, in any form.
func TestVaryElements(t *testing.T) {
	engine, r := core.MustNew(policy), request("GET", "https://e.example")
	for line, has := range map[string]bool{
		"Origin": true, " Origin": true, "\tOrigin": true, "Origin ": true, "Origin\t": true, " \tOrigin\t ": true,
		"Origin , Accept": true, "Accept,Origin": true, ", Origin": true, "Accept, ,Origin": true, ",,,,,,,Origin": true, "origin": true,
		"": false, ",": false, "Origins": false, "Or igin": false, "Origi": false, "Accept, Origin-Agent": false, "       ": false,
	} {
		h := http.Header{"Vary": {line}}
		corshttp.Apply(engine, h, r)
		want := []string{line}
		if !has {
			want = append(want, "Origin")
		}
		if got := h["Vary"]; !slices.Equal(got, want) {
			t.Errorf("Vary %q becomes %q, want %q", line, got, want)
		}
	}
}

// TestVaryOfPreflights: a preflight's Vary has more names than Origin, and is added to one that
// lists only Origin.
func TestVaryOfPreflights(t *testing.T) {
	engine := core.MustNew(core.Policy{AllowOrigins: []string{"https://a.example"}, AllowHeaders: []string{"*"}, AllowCredentials: true})
	r := request("OPTIONS", "https://a.example", "Access-Control-Request-Method", "GET")
	fresh := http.Header{}
	corshttp.Apply(engine, fresh, r)
	vary := fresh["Vary"]
	if len(vary) != 1 || !strings.HasPrefix(vary[0], "Origin, ") {
		t.Fatalf("Vary is %q", vary)
	}
	for _, line := range []string{"Origin", "Accept"} {
		h := http.Header{"Vary": {line}}
		corshttp.Apply(engine, h, r)
		if want := []string{line, vary[0]}; !slices.Equal(h["Vary"], want) {
			t.Errorf("Vary %q becomes %q, want %q", line, h["Vary"], want)
		}
	}
	h := http.Header{"Vary": vary}
	corshttp.Apply(engine, h, r)
	if !slices.Equal(h["Vary"], vary) {
		t.Errorf("Vary %q becomes %q", vary, h["Vary"])
	}
}

// sent is a ResponseWriter that records Vary whenever something is sent.
type sent struct {
	header http.Header
	events []string
	hijack error
}

func (s *sent) record(what string) {
	s.events = append(s.events, what+" "+strings.Join(s.header["Vary"], ", "))
}
func (s *sent) Header() http.Header         { return s.header }
func (s *sent) Write(b []byte) (int, error) { s.record("write"); return len(b), nil }
func (s *sent) WriteHeader(status int)      { s.record(http.StatusText(status)) }
func (s *sent) Flush()                      { s.record("flush") }
func (s *sent) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return nil, nil, s.hijack
}

// TestKeepVaryUntilSent: Vary lists Origin when the headers are sent. Afterwards, the
// handler's Vary is not changed.
func TestKeepVaryUntilSent(t *testing.T) {
	for _, tt := range []struct {
		name   string
		send   func(w http.ResponseWriter)
		hijack error
		events []string
		after  string // Vary after the handler, which ends by setting it to Late
	}{
		{"nothing", func(http.ResponseWriter) {}, nil, nil, "Late, Origin"},
		{"200", func(w http.ResponseWriter) { w.WriteHeader(200) }, nil, []string{"OK Accept, Origin"}, "Late"},
		{"404", func(w http.ResponseWriter) { w.WriteHeader(404) }, nil, []string{"Not Found Accept, Origin"}, "Late"},
		{"103", func(w http.ResponseWriter) { w.WriteHeader(103) }, nil, []string{"Early Hints Accept, Origin"}, "Late, Origin"},
		{"101", func(w http.ResponseWriter) { w.WriteHeader(101) }, nil, []string{"Switching Protocols Accept, Origin"}, "Late"},
		{"200 and a late 103", func(w http.ResponseWriter) { w.WriteHeader(200); w.WriteHeader(103) }, nil,
			[]string{"OK Accept, Origin", "Early Hints Accept, Origin"}, "Late"},
		{"a body", func(w http.ResponseWriter) { io.WriteString(w, "x") }, nil, []string{"write Accept, Origin"}, "Late"},
		{"a copy", func(w http.ResponseWriter) { w.(io.ReaderFrom).ReadFrom(strings.NewReader("x")) }, nil,
			[]string{"write Accept, Origin"}, "Late"},
		{"a flush", func(w http.ResponseWriter) { w.(http.Flusher).Flush() }, nil, []string{"flush Accept, Origin"}, "Late"},
		{"a controller's flush", func(w http.ResponseWriter) { http.NewResponseController(w).Flush() }, nil,
			[]string{"flush Accept, Origin"}, "Late"},
		{"a hijack", func(w http.ResponseWriter) { w.(http.Hijacker).Hijack() }, nil, nil, "Late"},
		{"a hijack that fails", func(w http.ResponseWriter) { w.(http.Hijacker).Hijack() }, io.EOF, nil, "Late, Origin"},
		{"a body and a hijack that fails", func(w http.ResponseWriter) { io.WriteString(w, "x"); w.(http.Hijacker).Hijack() }, io.EOF,
			[]string{"write Accept, Origin"}, "Late"},
	} {
		s := &sent{header: http.Header{}, hijack: tt.hijack}
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Vary"] = []string{"Accept"}
			tt.send(w)
			w.Header()["Vary"] = []string{"Late"}
		})
		corshttp.Middleware(core.MustNew(policy), corshttp.Options{KeepVary: true})(h).ServeHTTP(s, request("GET", "https://a.example"))
		if after := strings.Join(s.header["Vary"], ", "); !slices.Equal(s.events, tt.events) || after != tt.after {
			t.Errorf("%s: sent %q, then Vary was %q; want %q, %q", tt.name, s.events, after, tt.events, tt.after)
		}
	}
}

// TestResponsesKeepTheirHeaders: the headers of a response do not change when those of
// later responses are written.
func TestResponsesKeepTheirHeaders(t *testing.T) {
	e := core.MustNew(core.Policy{AllowOrigins: []string{"https://*.a.example"}, AllowCredentials: true})
	const responses = 200
	var written [responses]http.Header
	origin := func(i int) string { return fmt.Sprintf("https://c%d.a.example", i) }
	for i := range written {
		written[i] = http.Header{}
		corshttp.Apply(e, written[i], request("GET", origin(i)))
	}
	for i, h := range written {
		want := http.Header{"Access-Control-Allow-Origin": {origin(i)}, "Access-Control-Allow-Credentials": {"true"}, "Vary": {"Origin"}}
		if !maps.EqualFunc(h, want, slices.Equal) {
			t.Fatalf("response %d of %d has become %v, want %v", i, responses, h, want)
		}
	}
}
