package observe

import (
	"bytes"
	"errors"
	"net/http"
	"time"
)

// Bounds of streams of events.
const (
	maxListeners = 16                     // at the same time
	eventPause   = 200 * time.Millisecond // between two checks for changes
	pausePerByte = 4 * time.Microsecond   // added after an event: at most 250 kB a second
	heartbeat    = 15 * time.Second       // after which a line is sent although nothing has changed
	writeLimit   = 10 * time.Second       // for one event
)

// serveEvents sends state.json and refusals.json as server-sent events, whenever they
// change, until the client disconnects.
func (in *inspector) serveEvents(w http.ResponseWriter, r *http.Request) {
	select {
	case in.listeners <- struct{}{}:
		defer func() { <-in.listeners }()
	default:
		w.Header().Set("Retry-After", "15")
		http.Error(w, "too many pages are open", http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // otherwise nginx buffers events
	s := stream{w: w, control: http.NewResponseController(w)}
	if r.Method == http.MethodHead {
		return
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			v := in.views()
			s.event("state", v.state)
			s.event("refusals", v.refusals)
			sent := s.pending.Len()
			if s.flush() != nil {
				return
			}
			timer.Reset(eventPause + time.Duration(sent)*pausePerByte)
		case <-r.Context().Done():
			return
		}
	}
}

// stream is a stream of events. It sends only what has changed.
type stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	sent    map[string][]byte
	pending bytes.Buffer
	last    time.Time
}

// event adds an event if its data differs from that of the last event with this name.
func (s *stream) event(name string, data []byte) {
	if bytes.Equal(s.sent[name], data) {
		return
	}
	if s.sent == nil {
		s.sent = make(map[string][]byte)
	}
	s.sent[name] = data
	s.pending.WriteString("event: " + name + "\ndata: ")
	s.pending.Write(data)
	s.pending.WriteString("\n\n")
}

// flush sends the events that were added, or a comment if there were none for a long
// time.
func (s *stream) flush() error {
	now := time.Now()
	switch {
	case s.pending.Len() > 0:
	case now.Sub(s.last) < heartbeat:
		return nil
	default:
		s.pending.WriteString(": still here\n\n")
	}
	s.last = now
	// A deadline for each event replaces the server's WriteTimeout, which is for whole
	// answers. If the writer does not support deadlines, a client that does not read is
	// noticed only when its connection fails.
	if err := s.control.SetWriteDeadline(now.Add(writeLimit)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := s.pending.WriteTo(s.w); err != nil {
		return err
	}
	return s.control.Flush()
}
