package hosts

import (
	"errors"
	"io"
	"net/http"

	"github.com/corskit/corskit/conformance"
)

// echoCtx has the methods that the contexts of both versions of echo share.
type echoCtx interface {
	Attachment(file, name string) error
	NoContent(status int) error
	Redirect(status int, url string) error
	Request() *http.Request
	String(status int, s string) error
}

// echoHandlers builds the handlers that are the same in both versions of echo. C is
// the version's context.
type echoHandlers[C echoCtx] struct {
	App
	response func(C) http.ResponseWriter
	wrap     func(http.Handler) func(C) error
	newError func(status int) error
}

// handler returns the handler of a route, with the probe: own if it is not nil,
// the shared one, or that of net/http.
func (e *echoHandlers[C]) handler(r Route, own func(C) error) func(C) error {
	h := own
	if h == nil {
		h = e.shared(r)
	}
	if h == nil {
		return e.wrap(httpHandler(e.App, "", r))
	}
	return e.probed(h)
}

// shared returns the handler of a behaviour for which the versions of echo have the
// same API, or nil.
func (e *echoHandlers[C]) shared(r Route) func(C) error {
	if h := e.answer(r); h != nil {
		return h
	}
	return e.failure(r)
}

// probed adds the probe to a handler.
func (e *echoHandlers[C]) probed(h func(C) error) func(C) error {
	if e.Probe == nil {
		return h
	}
	return func(c C) error {
		e.Probe.Ran(c.Request().URL.RawQuery)
		return h(c)
	}
}

// answer returns the handler of a behaviour that answers with echo's own API, or nil.
func (e *echoHandlers[C]) answer(r Route) func(C) error {
	add := func(c C) {
		for _, line := range r.Header {
			e.response(c).Header().Add(line.Name, line.Value)
		}
	}
	body := func(c C) error { return c.String(http.StatusOK, r.Body) }
	switch r.Behaviour {
	case Text:
		if r.Body == "" {
			return func(C) error { return nil }
		}
		return body
	case conformance.Respond:
		return func(c C) error {
			add(c)
			return c.String(r.Status, r.Body)
		}
	case conformance.NotModified:
		return func(c C) error {
			add(c)
			if c.Request().Header.Get("If-None-Match") == r.endpoint().Get("ETag") {
				return c.NoContent(http.StatusNotModified)
			}
			return body(c)
		}
	case conformance.RedirectTo:
		return func(c C) error { return c.Redirect(r.Status, r.endpoint().Get("Location")) }
	case conformance.Events:
		return e.events
	case conformance.SetVary:
		return func(c C) error {
			e.response(c).Header().Set("Vary", r.endpoint().Get("Vary"))
			return body(c)
		}
	case Attachment:
		return func(c C) error { return c.Attachment(r.Body, "b.txt") }
	}
	return nil
}

// failure returns the handler of a behaviour that fails with echo's own API, or nil.
func (e *echoHandlers[C]) failure(r Route) func(C) error {
	switch r.Behaviour {
	case conformance.ReturnError:
		return func(C) error { return e.newError(r.Status) }
	case conformance.PlainError:
		return func(c C) error { return c.String(r.Status, r.Body) }
	case conformance.Panic:
		return func(C) error { panic("on purpose") }
	case UnknownError:
		return func(C) error { return errors.New("unknown") }
	case LateError:
		return func(c C) error {
			_ = c.String(http.StatusOK, "late")
			return e.newError(http.StatusTeapot)
		}
	case LatePanic:
		return func(c C) error {
			_ = c.String(http.StatusOK, "late")
			panic("on purpose")
		}
	case conformance.Authenticate:
		return func(c C) error {
			if c.Request().Header.Get("Authorization") == "" {
				return e.newError(http.StatusUnauthorized)
			}
			return c.String(http.StatusOK, r.Body)
		}
	}
	return nil
}

func (e *echoHandlers[C]) events(c C) error {
	w := e.response(c)
	w.Header().Set("Content-Type", "text/event-stream")
	_, _ = io.WriteString(w, "data: 1\n\n")
	if err := http.NewResponseController(w).Flush(); err != nil {
		return err
	}
	e.Probe.Pause(c.Request().URL.RawQuery)
	_, err := io.WriteString(w, "data: 2\n\n")
	return err
}

// readBody is the handler of [ReadBody], behind middleware with the limit.
func (e *echoHandlers[C]) readBody(c C) error {
	_, err := io.Copy(io.Discard, c.Request().Body)
	return err
}

// wait is the handler of [Slow], behind middleware with the timeout.
func (e *echoHandlers[C]) wait(c C) error {
	<-c.Request().Context().Done()
	return c.Request().Context().Err()
}
