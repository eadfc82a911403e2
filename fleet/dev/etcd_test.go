package dev_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/fleet/dev"
)

// patience is the timeout of every wait. It is long enough for busy machines.
const patience = 30 * time.Second

func connect(t *testing.T, e *dev.Etcd) *clientv3.Client {
	t.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{e.Endpoint()}, DialTimeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func start(t *testing.T, opts dev.Options) *dev.Etcd {
	t.Helper()
	e, err := dev.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// Data survives a restart, even on another port.
func TestKeepsData(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "new", "data")
	first := start(t, dev.Options{Dir: dir})
	if _, err := connect(t, first).Put(t.Context(), "k", "v"); err != nil {
		t.Fatal(err)
	}
	if _, err := dev.Start(t.Context(), dev.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "another etcd uses") {
		t.Fatalf("twice in one directory: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	again := start(t, dev.Options{Dir: dir, Listen: "localhost:0"})
	got, err := connect(t, again).Get(t.Context(), "k")
	if err != nil || len(got.Kvs) != 1 || string(got.Kvs[0].Value) != "v" {
		t.Errorf("after a restart: %v, %v", got, err)
	}
}

// Close returns even if clients watch and keep leases alive, and may be called again.
func TestCloseWithWatchers(t *testing.T) {
	t.Parallel()
	e := start(t, dev.Options{})
	c := connect(t, e)
	lease, err := c.Grant(t.Context(), 60)
	if err != nil {
		t.Fatal(err)
	}
	alive, err := c.KeepAlive(t.Context(), lease.ID)
	if err != nil {
		t.Fatal(err)
	}
	<-alive
	watching := c.Watch(t.Context(), "k", clientv3.WithCreatedNotify())
	if r := <-watching; !r.Created {
		t.Fatalf("watch: %+v", r)
	}
	for range 2 {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
	select {
	case <-e.Done():
	default:
		t.Error("etcd is closed, but the channel of Done is not")
	}
	if conn, err := net.Dial("tcp", strings.TrimPrefix(e.Endpoint(), "http://")); err == nil {
		conn.Close()
		t.Error("etcd is closed, but its port still answers")
	}
}

func TestEndsWithContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	e, err := dev.Start(ctx, dev.Options{})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	select {
	case <-e.Done():
	case <-time.After(patience):
		t.Fatal("the context is done, but etcd still runs")
	}
	if err := e.Err(); err != nil {
		t.Errorf("ended on purpose: %v", err)
	}
	if _, err := dev.Start(ctx, dev.Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("with a context that is done: %v", err)
	}
}

// A web page must not reach this etcd through its visitor's browser.
func TestNotForWebPages(t *testing.T) {
	t.Parallel()
	e := start(t, dev.Options{})
	for _, tt := range []struct{ method, path string }{
		{"POST", "/v3/kv/range"}, {"POST", "/v3/kv/put"}, {"OPTIONS", "/v3/kv/put"}, {"GET", "/version"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), tt.method, e.Endpoint()+tt.path, strings.NewReader(`{"key":"aw=="}`))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", "https://evil.example")
		r.Header.Set("Access-Control-Request-Method", "POST")
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if got := res.Header["Access-Control-Allow-Origin"]; got != nil {
			t.Errorf("%s %s allows %q", tt.method, tt.path, got)
		}
		if tt.method == "POST" && res.StatusCode < 400 {
			t.Errorf("%s %s: status %d", tt.method, tt.path, res.StatusCode)
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", e.Endpoint()+"/version", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "evil.example" // DNS that was rebound to the loopback address
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode < 400 {
		t.Errorf("for the host of a stranger: status %d", res.StatusCode)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		opts  dev.Options
		field string // of an OptionError, or ""
		want  string
	}{
		{dev.Options{Listen: "127.0.0.1"}, "Listen", "must be host:port, as in 127.0.0.1:2379"},
		{dev.Options{Listen: "0.0.0.0:2379"}, "Listen", "must be a loopback address, as 127.0.0.1:2379"},
		{dev.Options{Listen: ":2379"}, "Listen", "must be a loopback address"},
		{dev.Options{Listen: "etcd.example:x\x1b"}, "Listen", `must be a loopback address, as 127.0.0.1:2379`},
		{dev.Options{Listen: "127.0.0.1:65536"}, "Listen", "a port from 0 to 65535"},
		{dev.Options{Listen: "127.0.0.1:+1"}, "Listen", "a port from 0 to 65535"},
		{dev.Options{Listen: "127.0.0.1:" + strings.Repeat("1", 9999)}, "Listen", `..."`},
		{dev.Options{LogLevel: "loud"}, "LogLevel", "must be debug, info"},
		{dev.Options{Listen: busy.Addr().String()}, "", "address already in use"},
		{dev.Options{Dir: filepath.Join(file, "data")}, "", "not a directory"},
	} {
		e, err := dev.Start(t.Context(), tt.opts)
		if err == nil {
			e.Close()
			t.Errorf("%+v: no error", tt.opts)
			continue
		}
		var option *dev.OptionError
		if errors.As(err, &option) != (tt.field != "") || option != nil && option.Field != tt.field {
			t.Errorf("%+v: %T %v", tt.opts, err, err)
		}
		if text := err.Error(); !strings.Contains(text, tt.want) || len(text) > 400 || strings.Contains(text, "\x1b") {
			t.Errorf("%+v: %q lacks %q", tt.opts, text, tt.want)
		}
	}
}

// After Close no goroutine and no file is left.
func TestLeavesNothing(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	run := func() {
		e := start(t, dev.Options{})
		c, err := clientv3.New(clientv3.Config{Endpoints: []string{e.Endpoint()}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Put(t.Context(), "k", "v"); err != nil {
			t.Fatal(err)
		}
		c.Close()
		e.Close()
	}
	run() // some libraries start goroutines once
	before := runtime.NumGoroutine()
	run()
	for end := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
		}
	}
	if left, err := os.ReadDir(temp); runtime.GOOS != "windows" && (err != nil || len(left) > 0) {
		t.Errorf("left in the temporary directory: %v %v", left, err)
	}
}

// A restart is on the same port, unless another program has it.
func TestKeepsPort(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	first := start(t, dev.Options{Dir: dir})
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := start(t, dev.Options{Dir: dir})
	if second.Endpoint() != first.Endpoint() {
		t.Errorf("started again at %s, and before at %s", second.Endpoint(), first.Endpoint())
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", strings.TrimPrefix(first.Endpoint(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if third := start(t, dev.Options{Dir: dir}); third.Endpoint() == first.Endpoint() {
		t.Errorf("started at %s, which is in use", third.Endpoint())
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "corskit.port"), []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	start(t, dev.Options{Dir: other})
}
