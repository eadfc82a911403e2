package realbrowser

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// answer is the answer of a peer to one request. It consists of bytes, not headers, so
// that it need not be valid HTTP.
type answer struct {
	status int      // 0 means 200
	lines  []string // the header section
	body   string
	before string // bytes before the status line
}

// bytes returns the bytes of the answer, and whether the end of the connection ends it.
func (a answer) bytes(method string) (b []byte, last bool) {
	build := func(connection string) []byte {
		var b bytes.Buffer
		b.WriteString(a.before)
		status := a.status
		if status == 0 {
			status = 200
		}
		fmt.Fprintf(&b, "HTTP/1.1 %d Answer\r\n", status)
		for _, line := range a.lines {
			b.WriteString(line + "\r\n")
		}
		if status != 204 && status != 304 && status >= 200 {
			fmt.Fprintf(&b, "Content-Length: %d\r\n", len(a.body))
		}
		b.WriteString(connection + "\r\n")
		if method != "HEAD" {
			b.WriteString(a.body)
		}
		return b.Bytes()
	}
	b = build("")
	// The wire cannot find the end of an answer that net/http cannot parse, so the end of
	// the connection must mark it.
	in := bufio.NewReader(bytes.NewReader(b))
	for {
		response, err := http.ReadResponse(in, &http.Request{Method: method})
		if err != nil {
			return build("Connection: close\r\n"), true
		}
		if response.StatusCode >= 200 {
			return b, false
		}
	}
}

// peer is a server that gives scripted answers.
type peer struct {
	listener net.Listener
	conns    sync.WaitGroup

	mu      sync.Mutex
	open    map[net.Conn]bool
	answers map[string]answer
}

// key is the key of a request: its path, and whether it is a preflight.
func key(path string, preflight bool) string { return path + " " + strconv.FormatBool(preflight) }

func startPeer(t *testing.T) *peer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &peer{listener: listener, open: make(map[net.Conn]bool), answers: make(map[string]answer)}
	p.conns.Go(p.accept)
	t.Cleanup(p.close)
	return p
}

func (p *peer) address() string { return p.listener.Addr().String() }

func (p *peer) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	for conn := range p.open {
		_ = conn.Close()
	}
	p.mu.Unlock()
	p.conns.Wait()
}

func (p *peer) script(path string, preflight bool, a answer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers[key(path, preflight)] = a
}

func (p *peer) accept() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		p.open[conn] = true
		p.mu.Unlock()
		p.conns.Go(func() {
			p.serve(conn)
			_ = conn.Close()
			p.mu.Lock()
			delete(p.open, conn)
			p.mu.Unlock()
		})
	}
}

func (p *peer) serve(conn net.Conn) {
	in := bufio.NewReader(conn)
	for {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil {
			return
		}
		preflight := r.Method == "OPTIONS" && r.Header.Get("Access-Control-Request-Method") != ""
		p.mu.Lock()
		a, ok := p.answers[key(r.URL.Path, preflight)]
		p.mu.Unlock()
		if !ok {
			a = answer{status: 404, body: "there is no scripted answer"}
		}
		b, last := a.bytes(r.Method)
		if _, err := conn.Write(b); err != nil || last {
			return
		}
	}
}

// transport is the transport of the model: all hosts lead to the peer.
func (p *peer) transport(ctx context.Context, r browsermodel.Request) (browsermodel.Response, error) {
	u, err := url.Parse(r.URL)
	if err != nil {
		return browsermodel.Response{}, err
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", p.address())
	if err != nil {
		return browsermodel.Response{}, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(jobLimit)); err != nil {
		return browsermodel.Response{}, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: %s\r\n", r.Method, u.RequestURI(), u.Host)
	for _, line := range r.Header {
		fmt.Fprintf(&b, "%s: %s\r\n", line.Name, line.Value)
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(r.Body), r.Body)
	if _, err := conn.Write(b.Bytes()); err != nil {
		return browsermodel.Response{}, err
	}
	return readAnswer(bufio.NewReader(conn), r.Method)
}

// readAnswer parses an answer according to RFC 9112. If the answer violates the RFC, it does
// what all three engines do: it ignores empty lines before the answer and lines without a
// colon.
func readAnswer(in *bufio.Reader, method string) (browsermodel.Response, error) {
	for {
		var response browsermodel.Response
		status, err := in.ReadString('\n')
		if err != nil {
			return response, err
		}
		if strings.TrimSpace(status) == "" {
			continue
		}
		if _, err := fmt.Sscanf(status, "HTTP/1.1 %d ", &response.Status); err != nil {
			return response, fmt.Errorf("the status line %q is malformed", status)
		}
		length := 0
		for {
			line, err := in.ReadString('\n')
			if err != nil {
				return response, err
			}
			line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
			if line == "" {
				break
			}
			if n := len(response.Header); n > 0 && strings.IndexAny(line, " \t") == 0 {
				// A folded line continues the previous one (RFC 9112, section 5.2).
				response.Header[n-1].Value = strings.Trim(response.Header[n-1].Value+" "+strings.Trim(line, " \t"), " \t")
				continue
			}
			name, value, ok := strings.Cut(line, ":")
			if !ok {
				continue
			}
			response.Header = append(response.Header, browsermodel.Field{Name: name, Value: strings.Trim(value, " \t")})
			if strings.EqualFold(name, "Content-Length") {
				if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
					return response, err
				}
			}
		}
		if response.Status < 200 {
			continue
		}
		if method != "HEAD" {
			body := make([]byte, length)
			if _, err := io.ReadFull(in, body); err != nil {
				return response, err
			}
			response.Body = string(body)
		}
		return response, nil
	}
}
