package conformance

import (
	"context"
	"fmt"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/internal/text"
)

// settle returns the requests whose handlers ran after the suite had the answer. It first
// sends one more request: over HTTP/1.1, a server reads the next request of a connection
// only when it has finished the last one. [suite.late] finds handlers that run even
// later.
func (a *attempt) settle(ctx context.Context) (late []string) {
	_ = a.client.ask(ctx, browsermodel.Request{Method: "GET", URL: "/settled"}, a.mounted.probe, "", wholeBody)
	for _, got := range a.sent {
		if message := got.late(); message != "" {
			late = append(late, message+"\n"+got.exchange.String())
		}
	}
	return late
}

// late returns a text that says that the handler has run since the answer arrived, or "".
func (a answered) late() string {
	if a.token == "" {
		return ""
	}
	if n := a.probe.count(a.token) - a.runs; n > 0 {
		return fmt.Sprintf("after the answer the handler ran %s more", times(n))
	}
	return ""
}

func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// watched is a request whose handler must not run any more.
type watched struct {
	id  string // of the case
	got answered
}

// watch records a request whose handler must not run again before the end of the run.
func (s *suite) watch(id string, got answered) {
	if got.token == "" || got.runs < 0 {
		return
	}
	got.exchange = browsermodel.Exchange{Request: browsermodel.Request{Method: got.sent.Method, URL: got.sent.URL}}
	got.sent = browsermodel.Request{}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watched = append(s.watched, watched{id, got})
}

// late returns, by the ID of the case, the handlers that ran after the answer and before
// the servers were closed. It must be called after close.
func (s *suite) late() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := make(map[string]string)
	for _, w := range s.watched {
		if message := w.got.late(); message != "" && found[w.id] == "" {
			r := w.got.exchange.Request
			found[w.id] = fmt.Sprintf("%s: %s %s", message, text.Clip(r.Method), text.Clip(r.URL))
		}
	}
	return found
}
