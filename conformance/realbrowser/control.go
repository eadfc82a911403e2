package realbrowser

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

//go:embed page.html
var pageHTML []byte

// batch has the jobs that a page runs at once.
type batch struct {
	ID        int     `json:"id"`
	Frame     bool    `json:"frame"` // in a sandboxed frame
	Width     int     `json:"width"` // how many sequences run concurrently
	Sequences [][]Job `json:"sequences"`

	page string         // the origin of the document that runs it
	sent string         // the document that it was sent to
	done chan batchDone // with a buffer of one
}

type batchDone struct {
	outcomes [][]Outcome
	err      error
}

// control is the test's end of the conversation with a page. The page asks for work,
// and control answers when there is some, or after pollLimit.
type control struct {
	mu      sync.Mutex
	current *batch
	lastID  int
	agent   string        // the browser's User-Agent, once a page has asked
	ready   chan struct{} // closed when agent is set
	changed chan struct{} // closed when there is a new batch, and replaced
	closed  chan struct{}
}

func newControl() *control {
	return &control{ready: make(chan struct{}), changed: make(chan struct{}), closed: make(chan struct{})}
}

// close ends the wait of the page for work. It must be called only once.
func (c *control) close() { close(c.closed) }

// pollLimit is how long a page waits for work before it asks again.
const pollLimit = 10 * time.Second

// submit gives a batch to the page. No other batch may be running.
func (c *control) submit(b *batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastID++
	b.ID = c.lastID
	b.done = make(chan batchDone, 1)
	c.current = b
	close(c.changed)
	c.changed = make(chan struct{})
}

// report is the message with which a page asks for work.
type report struct {
	Document string      `json:"document"` // a random name of the document
	ID       int         `json:"id"`       // of the batch that it ran, or 0
	Agent    string      `json:"agent"`
	Outcomes [][]Outcome `json:"outcomes"`
	Error    string      `json:"error"`
}

// serve answers a request of the page at an origin.
func (c *control) serve(page string, r *http.Request, body []byte) (contentType string, answer []byte) {
	if r.Method == http.MethodGet {
		return "text/html; charset=utf-8", pageHTML
	}
	var said report
	if err := json.Unmarshal(body, &said); err != nil {
		c.fail(fmt.Errorf("realbrowser: the report of the page is malformed: %w", err))
		return "application/json", []byte("{}")
	}
	c.take(said)
	deadline := time.After(pollLimit)
	for {
		answer, changed := c.next(page, said.Document)
		if answer != nil {
			return "application/json", answer
		}
		select {
		case <-changed:
		case <-deadline:
			return "application/json", []byte("{}")
		case <-c.closed:
			return "application/json", []byte("{}")
		}
	}
}

// take accepts the report of a page.
func (c *control) take(said report) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if said.Agent != "" && c.agent == "" {
		c.agent = said.Agent
		close(c.ready)
	}
	if c.current == nil || said.ID != c.current.ID {
		return
	}
	done := batchDone{outcomes: said.Outcomes}
	if said.Error != "" {
		done.err = fmt.Errorf("realbrowser: the page failed: %.500s", said.Error)
	}
	c.current.done <- done
	c.current = nil
}

// next returns the answer to a page, or a channel to wait for.
func (c *control) next(page, document string) (answer []byte, changed <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	b := c.current
	switch {
	case b == nil:
		return nil, c.changed
	case b.page != page:
		answer, _ = json.Marshal(map[string]string{"go": b.page + controlPath + "page"})
		return answer, nil
	case b.sent != "" && b.sent != document:
		// Running the batch again would send everything twice. If the same document
		// asks twice, its browser repeated the request because it did not receive the
		// answer; that is fine.
		c.finish(errors.New("realbrowser: the page was reloaded during a batch"))
		return nil, c.changed
	}
	answer, err := json.Marshal(b)
	if err != nil {
		c.finish(fmt.Errorf("realbrowser: %w", err))
		return nil, c.changed
	}
	b.sent = document
	return answer, nil
}

// fail ends the running batch, if any.
func (c *control) fail(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current != nil {
		c.finish(err)
	}
}

func (c *control) finish(err error) {
	c.current.done <- batchDone{err: err}
	c.current = nil
}
