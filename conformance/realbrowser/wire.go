package realbrowser

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// wire is the only network that a browser has: a proxy on loopback that carries
// everything it sends. The wire decides which host names exist, terminates TLS for
// all of them, and passes the bytes of requests and answers on unchanged. It
// refuses every other name, so a browser under test cannot reach anything outside
// of the test.
type wire struct {
	listener net.Listener
	cert     tls.Certificate
	config   *tls.Config
	control  func(page string, r *http.Request, body []byte) (contentType string, answer []byte)
	conns    sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	open     map[net.Conn]struct{}
	pages    map[string]bool   // origins that documents may have
	backends map[string]string // address of the server of an origin
	log      []browsermodel.Request
}

// controlPath is the prefix of the paths that pages use to talk to their test.
// These requests are same-origin, so the test cannot affect them.
const controlPath = "/.corskit/"

const (
	maxRequestBody = 64 << 20 // a batch of outcomes is the largest
	handshakeLimit = 30 * time.Second
)

func newWire() (*wire, error) {
	cert, err := selfSigned()
	if err != nil {
		return nil, fmt.Errorf("realbrowser: making a certificate: %w", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("realbrowser: %w", err)
	}
	return &wire{
		listener: listener,
		cert:     cert,
		config:   &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
		open:     make(map[net.Conn]struct{}),
		pages:    make(map[string]bool),
		backends: make(map[string]string),
	}, nil
}

// selfSigned returns the certificate that all hosts share. Browsers are configured
// to accept it for every name.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "corskit browser tests"},
		DNSNames:     []string{"corskit.test"},
		NotBefore:    time.Now().Add(-24 * time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// accept serves connections until close.
func (w *wire) accept() {
	for {
		conn, err := w.listener.Accept()
		if err != nil {
			return
		}
		if !w.track(conn) {
			_ = conn.Close()
			return
		}
		w.conns.Go(func() {
			defer w.untrack(conn)
			w.serve(conn)
		})
	}
}

func (w *wire) track(conn net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.open[conn] = struct{}{}
	}
	return !w.closed
}

func (w *wire) untrack(conn net.Conn) {
	_ = conn.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.open, conn)
}

func (w *wire) close() {
	w.mu.Lock()
	w.closed = true
	for conn := range w.open {
		_ = conn.Close()
	}
	w.mu.Unlock()
	_ = w.listener.Close()
	w.conns.Wait()
}

// knows reports whether there is a page or server at an origin.
func (w *wire) knows(origin string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pages[origin] || w.backends[origin] != ""
}

func (w *wire) serves(origin string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pages[origin]
}

func (w *wire) backend(origin string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.backends[origin]
}

// route puts the server at an address behind an origin.
func (w *wire) route(origin, address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.backends[origin] = address
}

// routePage does what route does, and lets documents have the origin.
func (w *wire) routePage(origin, address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pages[origin] = true
	w.backends[origin] = address
}

// requests returns the requests to servers whose URLs have a prefix, in order of
// arrival.
func (w *wire) requests(prefix string) []browsermodel.Request {
	w.mu.Lock()
	defer w.mu.Unlock()
	var found []browsermodel.Request
	for _, r := range w.log {
		if strings.HasPrefix(r.URL, prefix) {
			found = append(found, r)
		}
	}
	return found
}

// last describes the last n requests to servers.
func (w *wire) last(n int) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	var b strings.Builder
	for _, r := range w.log[max(0, len(w.log)-n):] {
		fmt.Fprintf(&b, "\t%s %.200s\n", r.Method, r.URL)
	}
	if b.Len() == 0 {
		return "\t(nothing)"
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// serve serves one connection of the browser. It closes the connection at the
// first error.
func (w *wire) serve(conn net.Conn) {
	in := newMessages(conn)
	r, err := in.request()
	if err != nil {
		return
	}
	if r.Method != http.MethodConnect {
		w.plain(in, r)
		return
	}
	if address := w.backend(browsermodel.OriginOf("http://" + r.Host)); address != "" {
		if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n"); err == nil {
			w.tunnel(in, address, nil)
		}
		return
	}
	origin := browsermodel.OriginOf("https://" + r.Host)
	if !w.knows(origin) {
		_, _ = io.WriteString(conn, "HTTP/1.1 502 No such host\r\nContent-Length: 0\r\n\r\n")
		return
	}
	if _, err := io.WriteString(conn, "HTTP/1.1 200 OK\r\n\r\n"); err != nil {
		return
	}
	secure := tls.Server(in.rest(), w.config)
	if err := secure.SetDeadline(time.Now().Add(handshakeLimit)); err != nil {
		return
	}
	if secure.Handshake() != nil || secure.SetDeadline(time.Time{}) != nil {
		return
	}
	var server backend
	defer server.close()
	in = newMessages(secure)
	for {
		r, err := in.request()
		if err != nil || !w.answer(in, r, origin, &server) {
			return
		}
	}
}

// tunnel passes bytes in both directions until both sides are done, first those that were
// read. Browsers need tunnels to http origins for WebSockets.
func (w *wire) tunnel(in *messages, address string, read []byte) {
	server, err := net.Dial("tcp", address)
	if err != nil || !w.track(server) {
		return
	}
	defer w.untrack(server)
	up := make(chan struct{})
	rest := in.rest()
	w.conns.Go(func() {
		defer close(up)
		if _, err := server.Write(read); err == nil {
			_, _ = io.Copy(server, rest) // an error is the end
		}
		endWrites(server)
	})
	_, _ = io.Copy(in.conn, server)
	endWrites(in.conn)
	<-up
}

// endWrites tells the other side that nothing more follows. Closing the connection could
// discard bytes that the other side has not read yet.
func endWrites(conn net.Conn) {
	if half, ok := conn.(interface{ CloseWrite() error }); !ok || half.CloseWrite() != nil {
		_ = conn.Close()
	}
}

// plain serves http URLs.
func (w *wire) plain(in *messages, r *http.Request) {
	server := backend{plain: true}
	defer server.close()
	for {
		origin := browsermodel.OriginOf("http://" + r.URL.Host) // the scheme may be ws
		if address := w.backend(origin); address != "" && strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
			w.tunnel(in, address, originForm(in.raw.Bytes(), r)) // WebKit does not ask for a tunnel
			return
		}
		if !w.knows(origin) || !w.answer(in, r, origin, &server) {
			_, _ = io.WriteString(in.conn, "HTTP/1.1 502 No such host\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
			return
		}
		var err error
		if r, err = in.request(); err != nil {
			return
		}
	}
}

// answer answers one request, and reports whether the connection stays open.
func (w *wire) answer(in *messages, r *http.Request, origin string, server *backend) bool {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequestBody))
	if err != nil {
		return false
	}
	if strings.HasPrefix(r.URL.Path, controlPath) && w.serves(origin) {
		contentType, answer := w.control(origin, r, body)
		_, err := fmt.Fprintf(in.conn, "HTTP/1.1 200 OK\r\nContent-Type: %s\r\nCache-Control: no-store\r\nContent-Length: %d\r\n\r\n%s",
			contentType, len(answer), answer)
		return err == nil
	}
	address := w.backend(origin)
	if address == "" {
		// Browsers request icons on their own.
		_, err := io.WriteString(in.conn, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
		return err == nil
	}
	w.mu.Lock()
	w.log = append(w.log, browsermodel.Request{
		Method: r.Method, URL: origin + r.URL.RequestURI(), Header: in.fields(), Body: string(body),
	})
	w.mu.Unlock()
	return server.exchange(w, address, in, r)
}

// messages reads requests from a connection and keeps the bytes of the last one.
type messages struct {
	conn net.Conn
	raw  bytes.Buffer
	buf  *bufio.Reader
}

func newMessages(conn net.Conn) *messages {
	m := &messages{conn: conn}
	m.buf = bufio.NewReader(io.TeeReader(conn, &m.raw))
	return m
}

// request reads the next request. Browsers do not send a request before the previous
// one is answered, so m.raw contains exactly one request.
func (m *messages) request() (*http.Request, error) {
	m.raw.Reset()
	return http.ReadRequest(m.buf)
}

// fields returns the field lines of the last request, as sent.
func (m *messages) fields() browsermodel.Fields {
	head, _, _ := strings.Cut(m.raw.String(), "\r\n\r\n")
	_, head, _ = strings.Cut(head, "\r\n")
	var fields browsermodel.Fields
	for line := range strings.SplitSeq(head, "\r\n") {
		if name, value, ok := strings.Cut(line, ":"); ok {
			fields = append(fields, browsermodel.Field{Name: name, Value: strings.Trim(value, " \t")})
		}
	}
	return fields
}

// rest returns the connection, from the first byte that has not been parsed.
func (m *messages) rest() net.Conn {
	unread, _ := m.buf.Peek(m.buf.Buffered())
	return &prefixed{Conn: m.conn, r: io.MultiReader(bytes.NewReader(bytes.Clone(unread)), m.conn)}
}

type prefixed struct {
	net.Conn
	r io.Reader
}

func (p *prefixed) Read(b []byte) (int, error) { return p.r.Read(b) }

// backend is a connection to a server.
type backend struct {
	address string
	conn    net.Conn
	wire    *wire
	plain   bool // whether requests have the form for proxies
}

func (b *backend) close() {
	if b.conn != nil {
		b.wire.untrack(b.conn)
		b.conn = nil
	}
}

// errServerGone says that the server closed a connection before it was used.
var errServerGone = errors.New("realbrowser: the server closed the connection")

// exchange passes the last request on to the server, and the bytes of the answer back to
// the browser. It reports whether the connection of the browser can stay open.
func (b *backend) exchange(w *wire, address string, in *messages, r *http.Request) bool {
	for {
		reused := b.conn != nil && b.address == address
		if !reused {
			b.close()
			conn, err := net.Dial("tcp", address)
			if err != nil || !w.track(conn) {
				return false
			}
			*b = backend{address: address, conn: conn, wire: w, plain: b.plain}
		}
		keep, err := b.pass(in, r)
		if errors.Is(err, errServerGone) && reused {
			b.close() // it was idle for too long: try a new one
			continue
		}
		return keep
	}
}

func (b *backend) pass(in *messages, r *http.Request) (keep bool, err error) {
	raw := in.raw.Bytes()
	if b.plain {
		raw = originForm(raw, r)
	}
	if _, err := b.conn.Write(raw); err != nil {
		return false, errServerGone
	}
	// The browser gets what the server sends, as it arrives. The answer is parsed only
	// to find its end.
	copied := &counter{w: in.conn}
	answer := bufio.NewReader(io.TeeReader(b.conn, copied))
	for {
		response, err := http.ReadResponse(answer, r)
		switch {
		case err != nil && copied.n == 0:
			return false, errServerGone
		case err != nil:
			// A browser may understand an answer that net/http does not. The server ends
			// such an answer by closing the connection.
			_, err = io.Copy(io.Discard, answer)
			return false, err
		case response.StatusCode == http.StatusSwitchingProtocols:
			return false, errors.New("realbrowser: the wire does not support upgrades")
		case response.StatusCode < 200:
			continue
		}
		_, err = io.Copy(io.Discard, response.Body)
		return err == nil && !response.Close, err
	}
}

// originForm returns a request to a proxy in the form in which a browser without a proxy
// sends it.
func originForm(raw []byte, r *http.Request) []byte {
	_, rest, _ := bytes.Cut(raw, []byte("\r\n"))
	head, body, _ := bytes.Cut(rest, []byte("\r\n\r\n"))
	form := fmt.Appendf(nil, "%s %s %s\r\n", r.Method, r.URL.RequestURI(), r.Proto)
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		if !bytes.HasPrefix(bytes.ToLower(line), []byte("proxy-")) {
			form = append(append(form, line...), "\r\n"...)
		}
	}
	return append(append(form, "\r\n"...), body...)
}

type counter struct {
	w io.Writer
	n int
}

func (c *counter) Write(b []byte) (int, error) {
	c.n += len(b)
	return c.w.Write(b)
}
