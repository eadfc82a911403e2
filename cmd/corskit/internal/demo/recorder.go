package demo

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
)

// Bounds of what is recorded.
const (
	maxHead      = 64 << 10 // bytes of the head of a message
	maxFields    = 60       // header lines of a message that are kept
	maxRuns      = 250      // names of runs
	maxExchanges = 6        // of a run
	maxShown     = 512      // bytes of a value
)

// exchange is a request on the wire, its answer, and why the engine decided as it did.
type exchange struct {
	Preflight bool    `json:"preflight"`
	Request   message `json:"request"`
	Response  message `json:"response"` // empty until there is an answer
	Status    int     `json:"status"`

	Steps                  []step `json:"steps"`
	Policy                 string `json:"policy"`
	Pattern                string `json:"pattern"`
	Hint                   string `json:"hint"`
	Verdict                string `json:"verdict"`
	Allowed                bool   `json:"allowed"`
	AllowedWithCredentials bool   `json:"allowedWithCredentials"`
}

// message is the head of a request or an answer, fit to be shown.
type message struct {
	Line   string  `json:"line"`
	Fields []field `json:"fields"`
}

type field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	CORS  bool   `json:"cors"` // whether CORS depends on it
}

type step struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// recorder is a listener that records the heads of HTTP/1.1 messages as they pass.
type recorder struct {
	net.Listener
	engine *core.Engine

	mu    sync.Mutex
	runs  map[string][]*exchange
	order []string // the names in runs, the oldest first
	conns map[*recorded]struct{}
}

func newRecorder(l net.Listener, engine *core.Engine) *recorder {
	return &recorder{Listener: l, engine: engine, runs: make(map[string][]*exchange), conns: make(map[*recorded]struct{})}
}

// Accept implements [net.Listener].
func (r *recorder) Accept() (net.Conn, error) {
	conn, err := r.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &recorded{Conn: conn, recorder: r}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns[c] = struct{}{}
	return c, nil
}

// closeAll closes the connections that are open, so that no server waits for them.
func (r *recorder) closeAll() {
	r.mu.Lock()
	open := make([]*recorded, 0, len(r.conns))
	for c := range r.conns {
		open = append(open, c)
	}
	r.mu.Unlock()
	for _, c := range open {
		_ = c.Close()
	}
}

// add adds an exchange to a run, and forgets the oldest run if there are too many.
func (r *recorder) add(id string, x *exchange) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.runs[id]; !known {
		r.order = append(r.order, id)
		if len(r.order) > maxRuns {
			delete(r.runs, r.order[0])
			r.order = r.order[1:]
		}
	}
	if len(r.runs[id]) < maxExchanges {
		r.runs[id] = append(r.runs[id], x)
	}
}

// answered completes an exchange.
func (r *recorder) answered(x *exchange, head message, status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	x.Response, x.Status = head, status
}

// exchanges returns the exchanges of the runs whose names begin with prefix.
func (r *recorder) exchanges(prefix string) map[string][]exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := make(map[string][]exchange)
	for id, list := range r.runs {
		if strings.HasPrefix(id, prefix) {
			for _, x := range list {
				found[id] = append(found[id], *x)
			}
		}
	}
	return found
}

// recorded is a connection of a browser. Browsers do not send a request before the previous
// one is answered, so the messages alternate.
type recorded struct {
	net.Conn
	recorder *recorder

	mu       sync.Mutex
	request  []byte    // the beginning of a head
	body     int64     // how many bytes of the request's body are to come
	current  *exchange // the request that waits for its answer; nil if it is not recorded
	response []byte    // the beginning of a head
	answered bool      // whether the head of the answer has passed
	ended    bool      // whether nothing is recorded any more
}

// Read implements [net.Conn].
func (c *recorded) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.received(b[:n])
	return n, err
}

// Write implements [net.Conn]. It records before it writes, because the page asks for the
// record as soon as the script has the answer.
func (c *recorded) Write(b []byte) (int, error) {
	c.mu.Lock()
	c.sent(b)
	c.mu.Unlock()
	return c.Conn.Write(b)
}

// Close implements [net.Conn].
func (c *recorded) Close() error {
	c.recorder.mu.Lock()
	delete(c.recorder.conns, c)
	c.recorder.mu.Unlock()
	return c.Conn.Close()
}

var headEnd = []byte("\r\n\r\n")

// received processes bytes of requests.
func (c *recorded) received(b []byte) {
	for len(b) > 0 && !c.ended {
		if skip := min(c.body, int64(len(b))); skip > 0 {
			c.body -= skip
			b = b[skip:]
			continue
		}
		before := len(c.request)
		c.request = append(c.request, b...)
		end := bytes.Index(c.request, headEnd)
		if end < 0 {
			c.ended = len(c.request) > maxHead
			return
		}
		head := c.request[:end+len(headEnd)]
		b = b[len(head)-before:]
		c.request = nil
		c.begin(head)
	}
}

// begin begins an exchange with the head of a request.
func (c *recorded) begin(head []byte) {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
	if err != nil || r.ContentLength < 0 {
		c.ended = true // where the next request begins is unknown
		return
	}
	c.body, c.current, c.response, c.answered = r.ContentLength, nil, nil, false
	id := runID(r.URL)
	if id == "" {
		return
	}
	x := c.recorder.engine.Explain(context.Background(), corshttp.Request(r)).Spell(config.KeyOf)
	c.current = &exchange{
		Preflight: x.Decision.Kind == core.Preflight, Request: readMessage(head),
		Policy: x.Policy, Pattern: x.Pattern, Hint: x.Hint, Verdict: x.Browser.Text,
		Allowed: x.Browser.Allowed, AllowedWithCredentials: x.Browser.AllowedWithCredentials, Steps: []step{},
	}
	c.current.Response.Fields = []field{}
	for _, s := range x.Steps {
		c.current.Steps = append(c.current.Steps, step{string(s.Code), s.Text})
	}
	c.recorder.add(id, c.current)
}

// sent processes bytes of answers.
func (c *recorded) sent(b []byte) {
	if c.ended || c.answered {
		return
	}
	c.response = append(c.response, b[:min(len(b), maxHead)]...)
	end := bytes.Index(c.response, headEnd)
	if end < 0 {
		c.ended = len(c.response) > maxHead
		return
	}
	head := readMessage(c.response[:end+len(headEnd)])
	c.response, c.answered = nil, true
	_, after, _ := strings.Cut(head.Line, " ")
	code, _, _ := strings.Cut(after, " ")
	status, _ := strconv.Atoi(code)
	if c.current != nil {
		c.recorder.answered(c.current, head, status)
	}
	c.ended = status < 200 // the rest is a WebSocket
}

// corsFields are the header fields that CORS depends on, in addition to Access-Control-*.
var corsFields = []string{"origin", "vary", "cookie", "set-cookie", "location", "sec-websocket-protocol"}

// readMessage returns the head of a message in a form that is safe to show.
func readMessage(head []byte) message {
	lines := strings.Split(strings.TrimRight(string(head), "\r\n"), "\r\n")
	m := message{Line: shown(lines[0]), Fields: []field{}}
	for _, line := range lines[1:min(len(lines), maxFields)] {
		name, value, _ := strings.Cut(line, ":")
		lower := strings.ToLower(name)
		if lower == "cookie" {
			value = ownCookie(value)
		}
		m.Fields = append(m.Fields, field{
			shown(name), shown(strings.TrimSpace(value)),
			strings.HasPrefix(lower, "access-control-") || slices.Contains(corsFields, lower),
		})
	}
	return m
}

// ownCookie returns a Cookie field without the cookies of other programs: all programs on
// localhost share cookies, whatever their port.
func ownCookie(value string) string {
	var own []string
	others := 0
	for pair := range strings.SplitSeq(value, ";") {
		if pair = strings.TrimSpace(pair); strings.HasPrefix(pair, cookieName+"=") {
			own = append(own, pair)
		} else {
			others++
		}
	}
	if others > 0 {
		own = append(own, "(and "+strconv.Itoa(others)+" of other programs)")
	}
	return strings.Join(own, "; ")
}

// shown returns a value from the network in a form that is safe to show: cut, and quoted if it
// has anything but printable ASCII.
func shown(s string) string {
	if len(s) > maxShown {
		s = s[:maxShown] + "..."
	}
	if quoted := strconv.QuoteToASCII(s); len(quoted) != len(s)+2+strings.Count(s, `"`)+strings.Count(s, `\`) {
		return quoted
	}
	return s
}
