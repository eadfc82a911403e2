package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// progress reports progress: on a terminal in one line that changes, otherwise with a
// line now and then.
type progress struct {
	out io.Writer

	mu    sync.Mutex
	what  string
	shown time.Time
	dirty bool // the line of the terminal is not empty
}

const (
	terminalInterval = 100 * time.Millisecond
	logInterval      = 5 * time.Second
)

func (p *progress) terminal() bool {
	file, ok := p.out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// begin reports the start of a phase.
func (p *progress) begin(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.what, p.shown = fmt.Sprintf(format, args...), time.Time{}
	p.show("")
}

// step reports how far the phase is.
func (p *progress) step(format string, now, all int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	interval := logInterval
	if p.terminal() {
		interval = terminalInterval
	}
	if time.Since(p.shown) >= interval {
		p.show(": " + fmt.Sprintf(format, now, all))
	}
}

func (p *progress) show(detail string) {
	p.shown = time.Now()
	if p.terminal() {
		fmt.Fprintf(p.out, "\r\x1b[K%s%s", p.what, detail)
		p.dirty = true
		return
	}
	if detail != "" {
		fmt.Fprintf(p.out, "%s%s\n", p.what, detail)
	}
}

// line writes a result, which is not overwritten.
func (p *progress) line(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.dirty {
		fmt.Fprint(p.out, "\r\x1b[K")
		p.dirty = false
	}
	fmt.Fprintf(p.out, format+"\n", args...)
}
