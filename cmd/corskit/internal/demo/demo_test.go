package demo

import (
	"io"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/core"
)

// TestOpener tests on which systems a browser is opened, and how.
func TestOpener(t *testing.T) {
	for _, tt := range []struct {
		system string
		env    map[string]string
		want   []string
	}{
		{"linux", nil, nil},
		{"linux", map[string]string{"DISPLAY": ":0"}, []string{"xdg-open"}},
		{"freebsd", map[string]string{"WAYLAND_DISPLAY": "wayland-0"}, []string{"xdg-open"}},
		{"linux", map[string]string{"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "x"}, []string{"xdg-open"}}, // forwarded
		{"darwin", nil, []string{"open"}},
		{"darwin", map[string]string{"SSH_CONNECTION": "x"}, nil},
		{"windows", nil, []string{"rundll32", "url.dll,FileProtocolHandler"}},
		{"windows", map[string]string{"SSH_CONNECTION": "x"}, nil},
	} {
		got, err := opener(tt.system, func(name string) string { return tt.env[name] })
		if !slices.Equal(got, tt.want) || (err == nil) != (tt.want != nil) {
			t.Errorf("%s %v: %q, %v; want %q", tt.system, tt.env, got, err, tt.want)
		}
	}
}

// TestListen reaches a listener at every loopback address.
func TestListen(t *testing.T) {
	l, err := listen(0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	hosts := []string{"127.0.0.1"}
	if hasIPv6() {
		hosts = append(hosts, "::1")
	}
	for _, host := range hosts {
		client, err := net.Dial("tcp", net.JoinHostPort(host, strconv.Itoa(l.port())))
		if err != nil {
			t.Fatal(err)
		}
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = client.Close(), server.Close()
	}
	if taken, err := listen(l.port()); err == nil {
		taken.Close()
		t.Error("a port was listened on twice")
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if _, err := l.Accept(); err == nil {
		t.Error("a closed listener accepts")
	}
}

// talk sends messages over a recorded connection: those that begin with "<" from the client,
// the others from the server.
func talk(t *testing.T, messages ...string) *recorder {
	t.Helper()
	listener, err := listen(0)
	if err != nil {
		t.Fatal(err)
	}
	engine := core.MustNew(core.Policy{AllowOrigins: []string{"https://a.example"}})
	r := newRecorder(listener, engine)
	t.Cleanup(func() { r.Close() })
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := r.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	t.Cleanup(r.closeAll)
	for _, conn := range []net.Conn{client, server} {
		if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range messages {
		from, to := server, client
		if strings.HasPrefix(m, "<") {
			from, to, m = client, server, m[1:]
		}
		go io.WriteString(from, m)
		if _, err := io.ReadFull(to, make([]byte, len(m))); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// TestRecorder records messages in parts, with bodies, and until a connection is something
// else.
func TestRecorder(t *testing.T) {
	get := func(id string) string {
		return "<GET /x?run=" + id + " HTTP/1.1\r\nHost: api\r\nOrigin: https://a.example\r\n\r\n"
	}
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
	put := "<PUT /x?run=put HTTP/1.1\r\nHost: api\r\nContent-Length: 24\r\n\r\nGET /x?run=no HTTP/1.1\r\n"
	for name, tt := range map[string]struct {
		messages []string
		want     map[string]int // status by run
	}{
		"two":             {[]string{get("a"), ok, get("b"), ok}, map[string]int{"a": 200, "b": 200}},
		"in parts":        {[]string{get("a")[:20], "<" + get("a")[20:], ok[:10], ok[10:]}, map[string]int{"a": 200}},
		"a body":          {[]string{put, ok, get("b"), ok}, map[string]int{"put": 200, "b": 200}},
		"a late body":     {[]string{put[:70], ok, "<" + put[70:], get("b"), ok}, map[string]int{"put": 200, "b": 200}},
		"no answer":       {[]string{get("a")}, map[string]int{"a": 0}},
		"no run":          {[]string{get(""), ok, get("b"), ok}, map[string]int{"b": 200}},
		"a strange run":   {[]string{get("%3Cb%3E"), ok, get(strings.Repeat("a", 65)), ok}, map[string]int{}},
		"an upgrade":      {[]string{get("a"), "HTTP/1.1 101 Go\r\n\r\n", get("b"), ok}, map[string]int{"a": 101}},
		"not HTTP":        {[]string{"<hello\r\n\r\n", ok, get("b"), ok}, map[string]int{}},
		"an endless head": {[]string{"<GET /" + strings.Repeat("a", 2*maxHead), get("b"), ok}, map[string]int{}},
	} {
		t.Run(name, func(t *testing.T) {
			got := make(map[string]int)
			r := talk(t, tt.messages...)
			for id, list := range r.runs {
				got[id] = list[len(list)-1].Status
			}
			if len(got) != len(tt.want) {
				t.Errorf("recorded %v, want %v", got, tt.want)
			}
			for id, status := range tt.want {
				if got[id] != status {
					t.Errorf("%s: status %d, want %d", id, got[id], status)
				}
			}
		})
	}
}

// TestRecorderBounds sends more than is kept.
func TestRecorderBounds(t *testing.T) {
	var messages []string
	for i := range maxRuns + 10 {
		messages = append(messages, "<GET /?run=r"+strconv.Itoa(i)+" HTTP/1.1\r\nHost: api\r\n\r\n", "HTTP/1.1 204 No\r\n\r\n")
	}
	for range maxExchanges + 10 {
		messages = append(messages, "<GET /?run=again HTTP/1.1\r\nHost: api\r\n\r\n", "HTTP/1.1 204 No\r\n\r\n")
	}
	r := talk(t, messages...)
	if len(r.runs) != maxRuns || len(r.order) != maxRuns || len(r.runs["again"]) != maxExchanges || r.runs["r0"] != nil {
		t.Errorf("%d runs, %d names, %d exchanges", len(r.runs), len(r.order), len(r.runs["again"]))
	}
}

// TestShown shows what clients sent as plain text, and no cookies of other programs.
func TestShown(t *testing.T) {
	head := "GET /\x1b[2J HTTP/1.1\r\nX-A: \"a\\b\"\r\nX-B: é\r\nX-C: " + strings.Repeat("c", 2*maxShown) +
		"\r\nCookie: session=secret; corskit-demo=visitor; other=1\r\n" + strings.Repeat("X-D: d\r\n", 2*maxFields) + "\r\n"
	m := readMessage([]byte(head))
	if m.Line != `"GET /\x1b[2J HTTP/1.1"` || len(m.Fields) >= 2*maxFields {
		t.Errorf("%q, %d fields", m.Line, len(m.Fields))
	}
	for i, want := range []string{
		`"a\b"`, `"\u00e9"`, strings.Repeat("c", maxShown) + "...", "corskit-demo=visitor; (and 2 of other programs)",
	} {
		if got := m.Fields[i].Value; got != want {
			t.Errorf("%s: %q, want %q", m.Fields[i].Name, got, want)
		}
	}
	if !m.Fields[3].CORS || m.Fields[0].CORS {
		t.Errorf("%+v", m.Fields[:4])
	}
}
