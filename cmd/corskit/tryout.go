package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
)

// tryout is what the servers of all frameworks have in common.
type tryout struct {
	framework string
	engine    *core.Engine
	log       *slog.Logger
	app       http.Handler // answers requests; if nil, each is answered with its description
}

// How much the server reads and echoes, in bytes.
const (
	maxHead = 64 << 10
	maxBody = 1 << 20
	maxEcho = 4 << 10
)

// received describes a request. It is the body of every answer.
type received struct {
	Framework string   `json:"framework"`
	Method    string   `json:"method"`
	Target    string   `json:"target"`
	Host      string   `json:"host"`
	Header    []header `json:"header"`
	BodyBytes int      `json:"bodyBytes"`
	Body      string   `json:"body,omitempty"` // at most maxEcho bytes
}

type header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// answer completes r and sorts its headers.
func (t *tryout) answer(r received, body []byte) received {
	r.Framework, r.BodyBytes = t.framework, len(body)
	r.Body = strings.ToValidUTF8(string(body[:min(len(body), maxEcho)]), "\ufffd")
	slices.SortStableFunc(r.Header, func(a, b header) int { return strings.Compare(a.Name, b.Name) })
	return r
}

// decision logs what the engine decides about a request, what a browser does with the
// answer, and why. It says "allowed" if the browser does: the origin of a preflight may be
// allowed although its method is not. It clips and quotes what the client sent, because a
// log handler may pass terminal commands through.
func (t *tryout) decision(ctx context.Context, r core.Request, status int) {
	x := t.engine.Explain(ctx, r).Spell(config.KeyOf)
	attrs := []slog.Attr{
		slog.String("method", safe(r.Method)),
		slog.String("path", safe(r.Path)),
		slog.String("kind", x.Decision.Kind.String()),
	}
	if len(r.Origin) > 0 {
		attrs = append(attrs, slog.String("origin", safe(r.Origin[0])))
	}
	if x.Decision.Kind != core.NotCORS {
		attrs = append(attrs, slog.Bool("allowed", x.Browser.Allowed), slog.Bool("with_credentials", x.Browser.AllowedWithCredentials))
	}
	attrs = append(attrs, slog.String("reason", string(codeOf(x))))
	if x.Policy != "" {
		attrs = append(attrs, slog.String("policy", x.Policy))
	}
	if x.Pattern != "" {
		attrs = append(attrs, slog.String("pattern", clip(x.Pattern)))
	}
	attrs = append(attrs, slog.Int("status", status), slog.String("browser", x.Browser.Text))
	if x.Hint != "" {
		attrs = append(attrs, slog.String("fix", clip(x.Hint)))
	}
	t.log.LogAttrs(ctx, slog.LevelInfo, "decision", attrs...)
}

// codeOf returns the code for why the browser refuses a preflight of an allowed origin, and
// otherwise the code of the decision.
func codeOf(x core.Explanation) core.Code {
	if x.Decision.Allowed && !x.Browser.Allowed {
		for _, s := range x.Steps {
			switch s.Code {
			case "method-not-allowed", "method-case", "header-not-allowed":
				return s.Code
			}
		}
	}
	return x.Decision.Code
}

// How long a client may take.
const (
	readLimit = 30 * time.Second
	idleLimit = 2 * time.Minute
)

// http returns a server for h that logs the decision about each request, unless there is an
// application.
func (t *tryout) http(h http.Handler) server {
	s := &http.Server{
		ReadHeaderTimeout: readLimit, ReadTimeout: readLimit, IdleTimeout: idleLimit, MaxHeaderBytes: maxHead,
		ErrorLog: slog.NewLogLogger(t.log.Handler(), slog.LevelWarn),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			facts := corshttp.Request(r)
			status := &statusWriter{ResponseWriter: w, status: http.StatusOK}
			h.ServeHTTP(status, r)
			t.decision(r.Context(), facts, status.status)
		}),
	}
	if t.app != nil {
		s.Handler = h // some frameworks want the server's own writer for WebSockets
	}
	return server{s.Serve, func(ctx context.Context) error {
		err := s.Shutdown(ctx)
		if err != nil {
			_ = s.Close()
		}
		return err
	}}
}

// statusWriter records the status.
type statusWriter struct {
	http.ResponseWriter
	status int
	sent   bool
}

func (w *statusWriter) WriteHeader(status int) {
	if !w.sent {
		w.status, w.sent = status, status >= 200
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	w.sent = true
	return w.ResponseWriter.Write(b)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// handle answers with a description of the request, or lets the application answer.
func (t *tryout) handle(w http.ResponseWriter, r *http.Request) {
	if t.app != nil {
		t.app.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		status := http.StatusBadRequest
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			status = http.StatusRequestEntityTooLarge
		}
		http.Error(w, http.StatusText(status), status)
		return
	}
	got := received{Method: r.Method, Target: r.RequestURI, Host: r.Host}
	for name, values := range r.Header {
		for _, value := range values {
			got.Header = append(got.Header, header{name, value})
		}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	_ = json.NewEncoder(w).Encode(t.answer(got, body)) // the client has gone
}
