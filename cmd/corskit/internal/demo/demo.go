package demo

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/corskit/corskit/core"
)

// Server serves the API behind the adapter of a framework.
type Server struct {
	Serve    func(net.Listener) error
	Shutdown func(context.Context) error
}

// Options configure a demo.
type Options struct {
	Framework string
	// File is the file with the policy. If it is empty, the demo writes a temporary one and
	// removes it at the end.
	File string
	// Port is the first of three ports. If it is 0, the system picks free ports.
	Port int
	// Mount puts an application behind the framework's adapter.
	Mount func(*core.Engine, http.Handler) Server
	// Replace replaces the text of a file.
	Replace func(path string, text []byte) error
	// Log receives errors of the servers.
	Log *slog.Logger
}

// Demo is a demo that listens.
type Demo struct {
	URL       string // of the control page, with the key to edit
	Inspector string // its URL
	API       string // its URL
	Page      string // the origin that the starter policy lists
	File      string // the file with the policy
	Discarded bool   // whether Close removed a temporary file that somebody had edited

	opts      Options
	listeners []*loopback
	facts     facts
	key       string
	temporary string // the directory to remove
	starter   []byte // the text of the temporary file at first
}

// ports is the number of ports: one each for the control page, the API and the pages that call
// it.
const ports = 3

// New listens, and writes the policy if there is no file. The caller must call Run or Close.
func New(opts Options) (d *Demo, err error) {
	d = &Demo{opts: opts, File: opts.File, key: rand.Text()}
	defer func() {
		if err != nil {
			d.Close()
			d = nil
		}
	}()
	for i := range ports {
		port := opts.Port
		if port != 0 {
			port += i
		}
		l, err := listen(port)
		if err != nil {
			return d, err
		}
		d.listeners = append(d.listeners, l)
	}
	origin := func(host string, i int) string { return fmt.Sprintf("http://%s:%d", host, d.listeners[i].port()) }
	if d.File == "" {
		if d.temporary, err = os.MkdirTemp("", "corskit-demo-"); err != nil {
			return d, err
		}
		d.File = filepath.Join(d.temporary, "cors.yaml")
		d.starter = fmt.Appendf(nil, starterPolicy, d.listeners[2].port())
		if err = os.WriteFile(d.File, d.starter, 0o600); err != nil {
			return d, err
		}
	}
	d.facts = facts{
		Framework: opts.Framework, Control: origin("localhost", 0), API: origin("localhost", 1),
		File: d.File, Temporary: d.temporary != "", Requests: requests,
	}
	for _, c := range []column{
		{ID: "listed", Title: "listed", Host: "localhost"},
		{ID: "pattern", Title: "by pattern", Host: "pr-7.localhost"},
		{ID: "neither", Title: "neither", Host: "127.0.0.1"},
	} {
		c.Origin = origin(c.Host, 2)
		d.facts.Columns = append(d.facts.Columns, c)
	}
	d.URL = d.facts.Control + "/#key=" + d.key
	d.Inspector = d.facts.Control + "/inspector/"
	d.API, d.Page = d.facts.API, d.facts.Columns[0].Origin
	return d, nil
}

// Close stops listening and removes the temporary file. Run calls it.
func (d *Demo) Close() {
	for _, l := range d.listeners {
		_ = l.Close()
	}
	if d.temporary != "" {
		text, err := readBounded(d.File)
		edited := err == nil && !bytes.Equal(text, d.starter)
		if os.RemoveAll(d.temporary) == nil && edited {
			d.Discarded = true
		}
	}
}

// Limits of the servers.
const (
	headLimit  = 10 * time.Second
	closeLimit = 2 * time.Second
)

// Run serves until ctx is done, and then returns nil. It calls ready when everything answers.
func (d *Demo) Run(ctx context.Context, ready func()) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer d.Close()
	policy, err := openPolicy(ctx, d.File, d.opts.Replace)
	if err != nil {
		return err
	}
	defer policy.watcher.Close()
	recorder := newRecorder(d.listeners[1], policy.engine())
	c := &control{
		facts: d.facts, key: d.key, policy: policy, recorder: recorder,
		streams: make(chan struct{}, maxStreams), closing: ctx.Done(),
	}
	plain := func(h http.Handler) *http.Server {
		return &http.Server{
			Handler: h, ReadHeaderTimeout: headLimit, MaxHeaderBytes: maxHead,
			BaseContext: func(net.Listener) context.Context { return ctx },
			ErrorLog:    slog.NewLogLogger(d.opts.Log.Handler(), slog.LevelWarn),
		}
	}
	page, pages := plain(c.handler()), plain(frames(&d.facts))
	api := d.opts.Mount(policy.engine(), newAPI(policy.engine()))
	failed := make(chan error, ports)
	go func() { failed <- page.Serve(d.listeners[0]) }()
	go func() { failed <- api.Serve(recorder) }()
	go func() { failed <- pages.Serve(d.listeners[2]) }()
	ready()
	select {
	case err = <-failed:
		err = fmt.Errorf("a server stopped: %w", err)
	case <-ctx.Done():
	}
	cancel()
	_, _ = page.Close(), pages.Close()
	recorder.closeAll()
	limit, done := context.WithTimeout(context.WithoutCancel(ctx), closeLimit)
	defer done()
	if stopped := api.Shutdown(limit); err == nil && !errors.Is(stopped, context.DeadlineExceeded) {
		err = stopped
	}
	return err
}
