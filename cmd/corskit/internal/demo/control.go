package demo

import (
	"bytes"
	"context"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/observe"
)

//go:embed page
var page embed.FS

// control serves the control page: the policy, the table of verdicts, and the stories.
type control struct {
	facts    facts
	key      string // permits editing
	policy   *policyFile
	recorder *recorder
	streams  chan struct{} // has an element for each stream of events
	closing  <-chan struct{}
}

// facts are what the page shows of the demo.
type facts struct {
	Framework string    `json:"framework"`
	Control   string    `json:"control"` // the origin of the page
	API       string    `json:"api"`     // the origin of the API
	File      string    `json:"file"`
	Temporary bool      `json:"temporary"` // whether the file is removed at the end
	Columns   []column  `json:"columns"`
	Requests  []request `json:"requests"`
}

// maxStreams is how many pages may listen to events.
const maxStreams = 16

func (c *control) handler() http.Handler {
	mux := http.NewServeMux()
	for path, file := range map[string]struct{ name, mediaType string }{
		"/{$}":      {"index.html", "text/html; charset=utf-8"},
		"/demo.css": {"demo.css", "text/css; charset=utf-8"},
		"/demo.js":  {"demo.js", "text/javascript; charset=utf-8"},
		"/story.js": {"story.js", "text/javascript; charset=utf-8"},
		"/edit.js":  {"edit.js", "text/javascript; charset=utf-8"},
	} {
		mux.HandleFunc("GET "+path, serveFile(file.name, file.mediaType))
	}
	mux.HandleFunc("GET /demo.json", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, c.facts) })
	mux.HandleFunc("GET /policy", func(w http.ResponseWriter, r *http.Request) {
		answer(w, http.StatusOK, c.policy.document(r.Context()))
	})
	mux.HandleFunc("PUT /policy", c.edit)
	mux.HandleFunc("GET /events", c.events)
	mux.HandleFunc("GET /wire", func(w http.ResponseWriter, r *http.Request) {
		if runID(r.URL) == "" {
			http.Error(w, "the query must name a run", http.StatusBadRequest)
			return
		}
		answer(w, http.StatusOK, c.recorder.exchanges(runID(r.URL)))
	})
	mux.Handle("GET /inspector/", observe.Handler(c.policy.engine(), observe.HandlerOptions{
		Config: c.policy.watcher.ConfigStatus, Spell: config.KeyOf,
	}))
	return c.guarded(mux)
}

// guarded answers only the control page itself, and people who type its address. A request for
// another host name may come from a stranger's page whose name resolves to this machine (DNS
// rebinding).
func (c *control) guarded(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.protect(w.Header())
		switch {
		case "http://"+r.Host != c.facts.Control:
			http.Error(w, "this is the demo of corskit: open it at "+c.facts.Control+"/", http.StatusForbidden)
		case !c.fromItself(r):
			http.Error(w, "the demo answers only its own page: type its address instead of following a link", http.StatusForbidden)
		default:
			h.ServeHTTP(w, r)
		}
	})
}

// fromItself reports whether a request comes from the control page or from its user.
func (c *control) fromItself(r *http.Request) bool {
	for _, site := range r.Header.Values("Sec-Fetch-Site") {
		if site != "same-origin" && site != "none" {
			return false
		}
	}
	for _, origin := range r.Header.Values("Origin") {
		if origin != c.facts.Control {
			return false
		}
	}
	return true
}

// protect sets the headers of every answer.
func (c *control) protect(h http.Header) {
	frames := ""
	for _, col := range c.facts.Columns {
		frames += " " + col.Origin
	}
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; "+
		"connect-src 'self' "+c.facts.API+"; frame-src"+frames+"; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
}

func serveFile(name, mediaType string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		text, err := page.ReadFile("page/" + name)
		if err != nil {
			http.Error(w, "the page is incomplete", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", mediaType)
		_, _ = w.Write(text) // if that fails, the client has gone
	}
}

// answer answers with JSON.
func answer(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // if that fails, the client has gone
}

// keyHeader carries the key that permits editing. A page of another origin could send it only
// after a preflight, which the demo does not answer.
const keyHeader = "X-Demo-Key"

// edit replaces the policy. If the new policy has faults, edit answers with them.
func (c *control) edit(w http.ResponseWriter, r *http.Request) {
	fail := func(status int, reason string) { answer(w, status, map[string]string{"error": reason}) }
	if subtle.ConstantTimeCompare([]byte(r.Header.Get(keyHeader)), []byte(c.key)) != 1 || r.Header.Get("Origin") != c.facts.Control {
		fail(http.StatusForbidden, "to edit here, open the address that the command printed")
		return
	}
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPolicy))
	if err != nil {
		fail(http.StatusRequestEntityTooLarge, fmt.Sprintf("the policy must have at most %d KiB", maxPolicy>>10))
		return
	}
	faults, err := c.policy.edit(r.Context(), r.Header.Get("If-Match"), text)
	switch {
	case errors.Is(err, errChanged):
		fail(http.StatusConflict, err.Error())
	case err != nil:
		fail(http.StatusInternalServerError, shown(err.Error()))
	case len(faults) > 0:
		answer(w, http.StatusUnprocessableEntity, map[string]any{"faults": faults})
	default:
		answer(w, http.StatusOK, c.policy.document(r.Context()))
	}
}

// lookEvery is the interval at which a stream checks whether the file or the policy in force
// has changed.
const lookEvery = 100 * time.Millisecond

// events sends the policy whenever it changes: its text, its faults, or what is in force.
func (c *control) events(w http.ResponseWriter, r *http.Request) {
	select {
	case c.streams <- struct{}{}:
		defer func() { <-c.streams }()
	default:
		http.Error(w, "too many pages are open", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	var last []byte
	for quietFor := 0; ; quietFor++ {
		now, err := c.encoded(r.Context())
		switch {
		case err != nil:
			return
		case !bytes.Equal(now, last):
			last, quietFor = now, 0
			_, err = fmt.Fprintf(w, "event: policy\ndata: %s\n\n", now)
		case quietFor >= 100:
			quietFor = 0
			_, err = io.WriteString(w, ": still here\n\n") // fails if the page has gone
		}
		if err != nil || http.NewResponseController(w).Flush() != nil {
			return
		}
		select {
		case <-ticker.C:
		case <-r.Context().Done():
			return
		case <-c.closing:
			return
		}
	}
}

func (c *control) encoded(ctx context.Context) ([]byte, error) {
	return json.Marshal(c.policy.document(ctx))
}
