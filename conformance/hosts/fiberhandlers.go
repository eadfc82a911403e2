package hosts

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
)

// fiberCtx has the methods that the contexts of both versions of fiber share.
type fiberCtx interface {
	Body() []byte
	Download(file string, filename ...string) error
	Get(key string, defaultValue ...string) string
	Method(override ...string) string
	Request() *fasthttp.Request
	Response() *fasthttp.Response
	Send(body []byte) error
	SendStatus(status int) error
	SendString(body string) error
	Set(key, value string)
}

// fiberHandlers builds the handlers that are the same in both versions of fiber.
// C is the version's context.
type fiberHandlers[C fiberCtx] struct {
	App
	context  func(C) *fasthttp.RequestCtx
	wrap     func(http.Handler) func(C) error
	newError func(status int) error
}

// handler returns the handler of a route, with the probe: own if it is not nil,
// the shared one, or that of net/http.
func (f *fiberHandlers[C]) handler(r Route, own func(C) error) func(C) error {
	h := own
	if h == nil {
		h = f.shared(r)
	}
	if h == nil {
		return f.wrap(httpHandler(f.App, "", r))
	}
	return f.probed(h)
}

// shared returns the handler of a behaviour for which the versions of fiber have
// the same API, or nil.
func (f *fiberHandlers[C]) shared(r Route) func(C) error {
	for _, behaviours := range []func(Route) func(C) error{f.answer, f.failure, f.stream} {
		if h := behaviours(r); h != nil {
			return h
		}
	}
	return nil
}

// probed adds the probe to a handler.
func (f *fiberHandlers[C]) probed(h func(C) error) func(C) error {
	if f.Probe == nil {
		return h
	}
	return func(c C) error {
		f.Probe.Ran(string(c.Request().URI().QueryString()))
		return h(c)
	}
}

// answer returns the handler of a behaviour that answers, or nil.
func (f *fiberHandlers[C]) answer(r Route) func(C) error {
	add := func(c C) {
		for _, line := range r.Header {
			c.Response().Header.Add(line.Name, line.Value)
		}
	}
	body := func(c C) error { return c.SendString(r.Body) }
	switch r.Behaviour {
	case Text:
		if r.Body == "" {
			return func(C) error { return nil }
		}
		return body
	case ReadBody: // fiber has read it already
		return body
	case conformance.Respond:
		return func(c C) error {
			add(c)
			c.Response().SetStatusCode(r.Status)
			return body(c)
		}
	case conformance.Echo:
		return fiberEcho[C]
	case conformance.NotModified:
		return func(c C) error {
			modified := c.Get("If-None-Match") != r.endpoint().Get("ETag")
			if !modified && f.Options.Reset {
				f.context(c).NotModified()
				add(c)
				return nil
			}
			add(c)
			if !modified {
				return c.SendStatus(http.StatusNotModified)
			}
			return body(c)
		}
	case conformance.SetVary, conformance.TimeoutVary:
		return func(c C) error {
			c.Set("Vary", r.endpoint().Get("Vary"))
			return body(c)
		}
	case conformance.MutateHeader:
		return func(c C) error {
			mutateCORS(&c.Response().Header)
			return body(c)
		}
	case Attachment:
		return func(c C) error { return c.Download(filepath.Join(f.Files, r.Body), "b.txt") }
	}
	return nil
}

// failure returns the handler of a behaviour that fails, or nil.
func (f *fiberHandlers[C]) failure(r Route) func(C) error {
	switch r.Behaviour {
	case conformance.ReturnError:
		return func(C) error { return f.newError(r.Status) }
	case conformance.PlainError:
		return func(c C) error {
			if f.Options.Reset {
				f.context(c).Error(r.Body, r.Status)
				return nil
			}
			c.Response().SetStatusCode(r.Status)
			return c.SendString(r.Body)
		}
	case conformance.Panic:
		return func(C) error { panic("on purpose") }
	case UnknownError:
		return func(C) error { return errors.New("unknown") }
	case LateError:
		return func(c C) error {
			_ = c.SendString("late")
			return f.newError(http.StatusTeapot)
		}
	case LatePanic:
		return func(c C) error {
			_ = c.SendString("late")
			panic("on purpose")
		}
	case conformance.Authenticate:
		return func(c C) error {
			if c.Get("Authorization") == "" {
				return f.newError(http.StatusUnauthorized)
			}
			return c.SendString(r.Body)
		}
	}
	return nil
}

// stream returns the handler of a behaviour that writes a stream or takes over the
// connection, or nil.
func (f *fiberHandlers[C]) stream(r Route) func(C) error {
	switch r.Behaviour {
	case Chunks:
		return func(c C) error {
			c.Response().SetBodyStreamWriter(writeChunks)
			return nil
		}
	case conformance.Events:
		return func(c C) error {
			c.Set("Content-Type", "text/event-stream")
			c.Response().SetBodyStreamWriter(writeEvents(f.Probe, string(c.Request().URI().QueryString())))
			return nil
		}
	case conformance.Upgrade:
		return func(c C) error {
			c.Set("Upgrade", "websocket")
			c.Set("Connection", "Upgrade")
			c.Set("Sec-WebSocket-Accept", conformance.WebSocketAccept(c.Get("Sec-WebSocket-Key")))
			c.Response().SetStatusCode(http.StatusSwitchingProtocols)
			f.context(c).Hijack(echoLine)
			return nil
		}
	}
	return nil
}

func fiberEcho[C fiberCtx](c C) error {
	echoed := conformance.Echoed{
		Method: c.Method(), Target: string(c.Request().RequestURI()), Host: string(c.Request().Host()), Body: string(c.Body()),
	}
	// In order: the map of GetReqHeaders loses the order between names that differ
	// only in case.
	for name, v := range c.Request().Header.All() {
		echoed.Header = append(echoed.Header, browsermodel.Field{Name: string(name), Value: string(v)})
	}
	c.Set("Content-Type", "application/json")
	return c.Send(echoed.JSON())
}

// withExtensions returns the methods of a fiber application that has routes of
// any method, given those that fiber knows by default.
func withExtensions(known []string) []string {
	return append(slices.Clone(known), slices.DeleteFunc(conformance.ExtensionMethods(), func(m string) bool {
		return slices.Contains(known, m)
	})...)
}

// mutateCORS overwrites and removes the headers that CORS middleware may set.
func mutateCORS(h *fasthttp.ResponseHeader) {
	for _, name := range []string{
		"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Expose-Headers",
		"Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age",
		"Access-Control-Allow-Private-Network", "Vary",
	} {
		for _, value := range h.PeekAll(name) {
			copy(value, "mutated")
		}
		h.Del(name)
	}
}

// writeChunks is the writer of a [Chunks] body.
func writeChunks(w *bufio.Writer) {
	for range 3 {
		_, _ = w.WriteString("chunk\n")
		_ = w.Flush()
	}
}

// writeEvents returns the writer of a [conformance.Events] body.
func writeEvents(p *conformance.Probe, query string) func(*bufio.Writer) {
	return func(w *bufio.Writer) {
		_, _ = w.WriteString("data: 1\n\n")
		_ = w.Flush()
		p.Pause(query)
		_, _ = w.WriteString("data: 2\n\n")
	}
}

// echoLine reads a line and writes it back.
func echoLine(conn net.Conn) {
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if line, err := bufio.NewReader(conn).ReadString('\n'); err == nil {
		_, _ = io.WriteString(conn, line)
	}
}
