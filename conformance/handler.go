package conformance

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// Handler builds an [App] with net/http: a [net/http.ServeMux] with one pattern
// per endpoint. Endpoints with a method answer OPTIONS with 405.
func Handler(app App) http.Handler {
	mux := http.NewServeMux()
	for _, e := range app.Endpoints {
		pattern := e.Path
		if e.Method != "" {
			pattern = e.Method + " " + e.Path
		}
		mux.Handle(pattern, EndpointHandler(app, e))
	}
	return mux
}

// EndpointHandler builds the handler of one endpoint, for other routers that
// accept an http.Handler.
func EndpointHandler(app App, e Endpoint) http.Handler {
	serve := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		app.Probe.Ran(r.URL.RawQuery)
		behave, ok := behaviours[e.Behaviour]
		if !ok {
			http.Error(w, fmt.Sprintf("unknown behaviour %q", e.Behaviour), http.StatusNotImplemented)
			return
		}
		behave(app, e, w, r)
	})
	if e.Behaviour == TimeoutVary {
		return http.TimeoutHandler(serve, 30*time.Second, "timeout")
	}
	return serve
}

// behaviours are what handlers do after they have reported to the probe.
var behaviours = map[Behaviour]func(App, Endpoint, http.ResponseWriter, *http.Request){
	Respond:      respond,
	Echo:         echo,
	NotModified:  respondOrNotModified,
	RedirectTo:   redirectTo,
	ReturnError:  plainError,
	PlainError:   plainError,
	Panic:        func(App, Endpoint, http.ResponseWriter, *http.Request) { panic("conformance: this endpoint panics") },
	Events:       sendEvents,
	Upgrade:      upgrade,
	SetVary:      setVary,
	TimeoutVary:  setVary,
	MutateHeader: mutateHeader,
	Authenticate: authenticate,
	Upstream:     proxy,
}

func respond(_ App, e Endpoint, w http.ResponseWriter, _ *http.Request) {
	e.addHeader(w)
	w.WriteHeader(e.Status)
	e.write(w)
}

func echo(_ App, _ Endpoint, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	echoed := Echoed{Method: r.Method, Target: r.RequestURI, Host: r.Host, Header: fieldsOf(r.Header), Body: string(body)}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(echoed.JSON())
}

func respondOrNotModified(_ App, e Endpoint, w http.ResponseWriter, r *http.Request) {
	e.addHeader(w)
	if r.Header.Get("If-None-Match") == e.Get("ETag") {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	e.write(w)
}

func redirectTo(_ App, e Endpoint, w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, e.Get("Location"), e.Status)
}

func plainError(_ App, e Endpoint, w http.ResponseWriter, _ *http.Request) {
	http.Error(w, e.Body, e.Status)
}

func setVary(_ App, e Endpoint, w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Vary", e.Get("Vary"))
	e.write(w)
}

func mutateHeader(app App, e Endpoint, w http.ResponseWriter, _ *http.Request) {
	for name, values := range w.Header() {
		for i, was := range values {
			values[i] = "mutated"
			app.Probe.Undo(func() { values[i] = was })
		}
		w.Header().Add(name, "mutated") // into spare capacity, if there is any
		delete(w.Header(), name)
	}
	e.write(w)
}

func authenticate(_ App, e Endpoint, w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") == "" {
		w.Header().Set("WWW-Authenticate", `Basic realm="conformance"`)
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	e.write(w)
}

func proxy(app App, e Endpoint, w http.ResponseWriter, r *http.Request) {
	target, err := url.Parse(e.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:        func(p *httputil.ProxyRequest) { p.SetURL(target) },
		ModifyResponse: app.ModifyResponse,
	}
	proxy.ServeHTTP(w, r)
}

func (e Endpoint) addHeader(w http.ResponseWriter) {
	for _, line := range e.Header {
		w.Header().Add(line.Name, line.Value)
	}
}

// write sends the body. It ignores errors: the client notices them.
func (e Endpoint) write(w io.Writer) { _, _ = io.WriteString(w, e.Body) }

func sendEvents(app App, _ Endpoint, w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	controller := http.NewResponseController(w)
	_, _ = io.WriteString(w, "data: 1\n\n")
	if err := controller.Flush(); err != nil {
		_, _ = fmt.Fprintf(w, "data: cannot flush: %v\n\n", err)
		return
	}
	app.Probe.Pause(r.URL.RawQuery)
	_, _ = io.WriteString(w, "data: 2\n\n")
	_ = controller.Flush()
}

func upgrade(_ App, _ Endpoint, w http.ResponseWriter, r *http.Request) {
	// A type assertion rather than ResponseController: WebSocket libraries use it.
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		http.Error(w, "the response writer is not an http.Hijacker", http.StatusInternalServerError)
		return
	}
	header := w.Header().Clone()
	conn, rw, err := hijacker.Hijack()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(pauseLimit)); err != nil {
		return
	}
	header.Set("Upgrade", "websocket")
	header.Set("Connection", "Upgrade")
	header.Set("Sec-WebSocket-Accept", WebSocketAccept(r.Header.Get("Sec-WebSocket-Key")))
	_, _ = io.WriteString(rw, "HTTP/1.1 101 Switching Protocols\r\n")
	_ = header.Write(rw)
	_, _ = io.WriteString(rw, "\r\n")
	if rw.Flush() != nil {
		return
	}
	if line, err := readLine(rw.Reader); err == nil {
		_, _ = io.WriteString(conn, line)
	}
}

func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadSlice('\n') // bounded by the reader's buffer
	return string(line), err
}

func fieldsOf(h http.Header) browsermodel.Fields {
	var fields browsermodel.Fields
	for name, values := range h {
		for _, value := range values {
			fields = append(fields, browsermodel.Field{Name: name, Value: value})
		}
	}
	return fields
}
