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

// batch is what a page gets to do at one go.
type batch struct {
	ID        int     `json:"id"`
	Frame     bool    `json:"frame"` // in a sandboxed frame
	Width     int     `json:"width"` // how many sequences side by side
	Sequences [][]Job `json:"sequences"`

	page string         // the origin of the document that runs it
	sent string         // the document it was sent to
	done chan batchDone // has room for one
}

type batchDone struct {
	outcomes [][]Outcome
	err      error
}

// control is the test's end of the conversation with its page. The page asks
// what to do next; the answer takes until there is something, or a while.
type control struct {
	mu      sync.Mutex
	current *batch
	lastID  int
	agent   string        // the browser's User-Agent, once a page has asked
	ready   chan struct{} // closed then
	changed chan struct{} // closed when there is a new batch, and replaced
	closed  chan struct{}
}

func newControl() *control {
	return &control{ready: make(chan struct{}), changed: make(chan struct{}), closed: make(chan struct{})}
}

// close lets the page go, once.
func (c *control) close() { close(c.closed) }

// pollLimit is how long a page is kept waiting for work before it asks anew.
const pollLimit = 10 * time.Second

// submit hands a batch to the page. There must be no other under way.
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

// report is what a page says when it asks for work.
type report struct {
	Document string      `json:"document"` // made up anew by every document
	ID       int         `json:"id"`       // of the batch it has run, or 0
	Agent    string      `json:"agent"`
	Outcomes [][]Outcome `json:"outcomes"`
	Error    string      `json:"error"`
}

// serve answers the page at an origin.
func (c *control) serve(page string, r *http.Request, body []byte) (contentType string, answer []byte) {
	if r.Method == http.MethodGet {
		return "text/html; charset=utf-8", pageHTML
	}
	var said report
	if err := json.Unmarshal(body, &said); err != nil {
		c.fail(fmt.Errorf("browser: what the page says cannot be read: %w", err))
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

// take takes in what a page has done.
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
		done.err = fmt.Errorf("browser: the page failed: %.500s", said.Error)
	}
	c.current.done <- done
	c.current = nil
}

// next returns the answer to a page, or what to wait for.
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
		// Running it twice would send everything twice. A document that asks
		// twice is another thing: its browser has repeated the request because
		// the answer did not reach it.
		c.finish(errors.New("browser: the page was loaded anew in the middle of its work"))
		return nil, c.changed
	}
	answer, err := json.Marshal(b)
	if err != nil {
		c.finish(fmt.Errorf("browser: %w", err))
		return nil, c.changed
	}
	b.sent = document
	return answer, nil
}

// fail ends the batch under way.
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
