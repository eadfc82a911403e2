package conformance

import (
	"io"
	"log"
	"sync"
)

// maxLog bounds how much of a server's log is kept.
const maxLog = 1 << 20

// logSink keeps the first maxLog bytes that are written to it.
type logSink struct {
	mu   sync.Mutex
	kept []byte
}

func (l *logSink) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := maxLog - len(l.kept); n > 0 {
		l.kept = append(l.kept, b[:min(n, len(b))]...)
	}
	return len(b), nil
}

func (l *logSink) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.kept)
}

// tap copies the output of package log, including that of log/slog's default handler, to
// the sinks of cases that listen, and also passes it on. Like the output of package log,
// tap is global. It is installed only while a case listens.
var tap struct {
	mu    sync.Mutex
	sinks map[*logSink]bool
	was   io.Writer
}

type tapWriter struct{}

func (tapWriter) Write(b []byte) (int, error) {
	tap.mu.Lock()
	defer tap.mu.Unlock()
	for sink := range tap.sinks {
		_, _ = sink.Write(b)
	}
	if tap.was == nil {
		return len(b), nil
	}
	return tap.was.Write(b)
}

// listen returns a sink that receives the output of package log, and a function
// that disconnects it.
func listen() (sink *logSink, stop func()) {
	sink = new(logSink)
	tap.mu.Lock()
	defer tap.mu.Unlock()
	if len(tap.sinks) == 0 {
		tap.sinks = make(map[*logSink]bool)
		if was := log.Writer(); was != (tapWriter{}) {
			tap.was = was
		}
		log.SetOutput(tapWriter{})
	}
	tap.sinks[sink] = true
	return sink, func() {
		tap.mu.Lock()
		defer tap.mu.Unlock()
		delete(tap.sinks, sink)
		if len(tap.sinks) == 0 {
			log.SetOutput(tap.was)
		}
	}
}
