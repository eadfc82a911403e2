package conformance

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/internal/text"
)

// Bounds on how long a client waits and how much it reads.
const (
	exchangeLimit   = 20 * time.Second
	maxResponseHead = 8 << 20
	maxResponseBody = 8 << 20
)

// RoundTripper returns a [browsermodel.Transport] that sends requests with rt, so
// that a [browsermodel.Browser] can talk to any server. It does not follow
// redirects; the browser does.
func RoundTripper(rt http.RoundTripper) browsermodel.Transport {
	return func(ctx context.Context, r browsermodel.Request) (browsermodel.Response, error) {
		return roundTrip(ctx, rt, r, wholeBody)
	}
}

func roundTrip(ctx context.Context, rt http.RoundTripper, r browsermodel.Request, read bodyReader) (browsermodel.Response, error) {
	var body io.Reader
	if r.Body != "" {
		body = strings.NewReader(r.Body)
	}
	request, err := http.NewRequestWithContext(ctx, r.Method, r.URL, body)
	if err != nil {
		return browsermodel.Response{}, err
	}
	for _, line := range r.Header {
		if text.EqualFold(line.Name, "Host") {
			request.Host = line.Value
			continue
		}
		request.Header.Add(line.Name, line.Value)
	}
	got, err := rt.RoundTrip(request)
	if err != nil {
		return browsermodel.Response{}, err
	}
	defer got.Body.Close()
	response := browsermodel.Response{Status: got.StatusCode, Header: fieldsOf(got.Header)}
	slices.SortStableFunc(response.Header, func(a, b browsermodel.Field) int { return strings.Compare(a.Name, b.Name) })
	response.Body, err = read(response.Status, io.LimitReader(got.Body, maxResponseBody), nil)
	return response, err
}

// bodyReader reads a response's body, and may act while it does. After an
// upgrade, w writes to the connection; otherwise it is nil.
type bodyReader func(status int, body io.Reader, w io.Writer) (string, error)

func wholeBody(_ int, body io.Reader, _ io.Writer) (string, error) {
	b, err := io.ReadAll(body)
	return string(b), err
}

// client talks to one server. It writes HTTP/1.1 byte for byte, over one
// connection for as long as the server keeps it open, so that frameworks reuse
// memory between requests as they do in production. It is not safe for
// concurrent use.
type client struct {
	server *url.URL
	conn   net.Conn
	buf    *bufio.Reader
	h2     *http.Transport

	http10  bool // sends requests of HTTP/1.0
	chunked bool // sends bodies in chunks
}

func newClient(s *Server, p Protocol) (*client, error) {
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("the mount returned an invalid URL, %s", text.Clip(s.URL))
	}
	c := &client{server: u}
	if p != HTTP1 {
		c.h2 = &http.Transport{
			Protocols:          new(http.Protocols),
			DisableCompression: true,
			// Requests go to the server under test, even if they name another host.
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return new(net.Dialer).DialContext(ctx, "tcp", u.Host)
			},
			// Servers under test listen on loopback with a self-signed certificate.
			TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
		}
		if p == H2C {
			c.h2.Protocols.SetUnencryptedHTTP2(true)
		} else {
			c.h2.Protocols.SetHTTP2(true)
		}
	}
	return c, nil
}

func (c *client) close() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn, c.buf = nil, nil
	}
	if c.h2 != nil {
		c.h2.CloseIdleConnections()
	}
}

// do sends a request to the server, even if the URL names another host.
func (c *client) do(ctx context.Context, r browsermodel.Request, read bodyReader) (browsermodel.Response, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, exchangeLimit, fmt.Errorf("no answer within %v", exchangeLimit))
	defer cancel()
	if c.h2 != nil {
		if strings.HasPrefix(r.URL, "/") {
			r.URL = c.server.String() + r.URL
		}
		return roundTrip(ctx, c.h2, r, read)
	}
	reused := c.conn != nil
	response, begun, err := c.exchange(ctx, r, read)
	if err != nil && reused && !begun {
		// The server may close an idle connection.
		c.close()
		response, _, err = c.exchange(ctx, r, read)
	}
	if err != nil {
		c.close()
		if ctx.Err() != nil {
			err = errors.Join(err, context.Cause(ctx))
		}
	}
	return response, err
}

// exchange writes one request and reads one response. It reports whether the
// response began.
func (c *client) exchange(
	ctx context.Context, r browsermodel.Request, read bodyReader,
) (response browsermodel.Response, begun bool, err error) {
	if c.conn == nil {
		c.conn, err = new(net.Dialer).DialContext(ctx, "tcp", c.server.Host)
		if err != nil {
			return response, false, err
		}
		c.buf = bufio.NewReaderSize(c.conn, 64<<10)
	}
	deadline, _ := ctx.Deadline()
	if err := c.conn.SetDeadline(deadline); err != nil {
		return response, false, err
	}
	conn, message := c.conn, c.format(r)
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	written := make(chan error, 1)
	// Concurrently, because a server may answer, and stop reading, before it has read
	// the whole request.
	go func() {
		_, err := conn.Write(message)
		written <- err
	}()
	response, begun, keep, err := c.readResponse(r.Method, read)
	// A server may leave a chunked body unread on the connection, as fasthttp does if it
	// streams bodies. The suite does not test that.
	if err != nil || !keep || c.http10 || c.chunked {
		c.close() // also ends the write
		if werr := <-written; err != nil && werr != nil {
			err = fmt.Errorf("%w (and sending failed: %w)", err, werr)
		}
		return response, begun, err
	}
	if werr := <-written; werr != nil {
		c.close()
	}
	return response, true, nil
}

// format returns the bytes of the request.
func (c *client) format(r browsermodel.Request) []byte {
	target, host := r.URL, c.server.Host
	if u, err := url.Parse(r.URL); err == nil && u.Host != "" {
		target, host = u.RequestURI(), u.Host
	}
	b := bytes.NewBuffer(nil)
	version := "HTTP/1.1"
	if c.http10 {
		version = "HTTP/1.0"
	}
	fmt.Fprintf(b, "%s %s %s\r\n", r.Method, target, version)
	if !r.Header.Has("Host") {
		fmt.Fprintf(b, "Host: %s\r\n", host)
	}
	for _, line := range r.Header {
		b.WriteString(line.Name)
		b.WriteString(": ")
		b.WriteString(line.Value)
		b.WriteString("\r\n")
	}
	if c.chunked && r.Body != "" {
		b.WriteString("Transfer-Encoding: chunked\r\n\r\n")
		chunks := httputil.NewChunkedWriter(b)
		for half := range slices.Chunk([]byte(r.Body), len(r.Body)/2+1) {
			_, _ = chunks.Write(half)
		}
		_ = chunks.Close()
		b.WriteString("\r\n")
		return b.Bytes()
	}
	if r.Body != "" || r.Method == "POST" || r.Method == "PUT" || r.Method == "PATCH" {
		fmt.Fprintf(b, "Content-Length: %d\r\n", len(r.Body))
	}
	b.WriteString("\r\n")
	b.WriteString(r.Body)
	return b.Bytes()
}

func (c *client) readResponse(method string, read bodyReader) (response browsermodel.Response, begun, keep bool, err error) {
	head := &headReader{r: c.buf, left: maxResponseHead}
	for {
		line, err := head.line()
		if err != nil {
			return response, begun, false, fmt.Errorf("reading the status line: %w", err)
		}
		begun = true
		version, rest, _ := strings.Cut(line, " ")
		status, _, _ := strings.Cut(rest, " ")
		response.Status, err = strconv.Atoi(status)
		if err != nil || len(status) != 3 || !strings.HasPrefix(version, "HTTP/1.") {
			return response, true, false, fmt.Errorf("the status line %s is malformed", text.Clip(line))
		}
		if response.Header, err = head.fields(); err != nil {
			return response, true, false, err
		}
		keep = version == "HTTP/1.1"
		if response.Status >= 200 || response.Status == http.StatusSwitchingProtocols {
			break
		}
	}
	header := response.Header
	if value, _ := header.Get("Connection"); text.EqualFold(value, "close") {
		keep = false
	}
	var body io.Reader
	switch {
	case response.Status == http.StatusSwitchingProtocols:
		response.Body, err = read(response.Status, c.buf, c.conn)
		return response, true, false, err
	case method == "HEAD", response.Status == 204, response.Status == 304:
		body = http.NoBody
	case header.Has("Transfer-Encoding"):
		body = httputil.NewChunkedReader(c.buf)
	case header.Has("Content-Length"):
		value, _ := header.Get("Content-Length")
		n, err := strconv.ParseInt(value, 10, 64)
		if err != nil || n < 0 {
			return response, true, false, fmt.Errorf("the Content-Length %s is malformed", text.Clip(value))
		}
		body = io.LimitReader(c.buf, n)
	default:
		body, keep = c.buf, false
	}
	limited := &io.LimitedReader{R: body, N: maxResponseBody}
	response.Body, err = read(response.Status, limited, nil)
	if err != nil {
		return response, true, false, fmt.Errorf("reading the body: %w", err)
	}
	if header.Has("Transfer-Encoding") && body != http.NoBody {
		// The chunked reader stops before the trailer section and its empty line.
		if _, err := head.fields(); err != nil {
			keep = false
		}
	}
	return response, true, keep && limited.N > 0, nil
}

// headReader reads the lines of a header section, within a bound.
type headReader struct {
	r    *bufio.Reader
	left int
}

func (h *headReader) line() (string, error) {
	var line []byte
	for {
		part, err := h.r.ReadSlice('\n')
		if h.left -= len(part); h.left < 0 {
			return "", fmt.Errorf("the response's header section exceeds %d bytes", maxResponseHead)
		}
		line = append(line, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return "", err
		}
		return strings.TrimRight(string(line), "\r\n"), nil
	}
}

func (h *headReader) fields() (browsermodel.Fields, error) {
	var fields browsermodel.Fields
	for {
		line, err := h.line()
		if err != nil {
			return nil, fmt.Errorf("reading the header section: %w", err)
		}
		if line == "" {
			return fields, nil
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("the field line %s has no colon", text.Clip(line))
		}
		fields = append(fields, browsermodel.Field{Name: name, Value: strings.Trim(value, " \t")})
	}
}
