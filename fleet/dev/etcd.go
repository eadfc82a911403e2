package dev

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/fileutil"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
)

// Options configures [Start]. The zero value starts an etcd on a free port of 127.0.0.1
// whose data is removed by Close.
type Options struct {
	// Dir is the data directory. [Start] creates it if it does not exist, and continues
	// with the data that it has. If empty, the data is in a temporary directory, which Close
	// removes.
	Dir string

	// Listen is the address for clients, as host:port. Port 0 picks the port of the last start
	// in Dir if it is free, and otherwise any free one. It must be a loopback address,
	// because this etcd does not authenticate clients. If empty, it is 127.0.0.1:0.
	Listen string

	// LogLevel is the lowest level that etcd logs on standard error: debug, info, warn,
	// error, panic or fatal. If empty, etcd logs nothing: it logs errors even in normal
	// operation, and Start, Err and Close return those that matter.
	LogLevel string
}

// Etcd is a running server.
type Etcd struct {
	etcd     *embed.Etcd
	endpoint string
	temp     string // a directory to remove, or ""
	lock     *fileutil.LockedFile
	done     chan struct{}
	cancel   context.CancelFunc
	err      error // why the server failed, or nil; read it only after done is closed
}

// startLimit is how long a start may take, even on a slow disk.
const startLimit = 30 * time.Second

// Start starts an etcd, and returns when it answers requests. The etcd stops when ctx is
// done or [Etcd.Close] is called. The error is an [*OptionError] if an option is wrong,
// or says why etcd does not start. After an error, nothing is left running.
func Start(ctx context.Context, opts Options) (*Etcd, error) {
	cfg, err := configure(opts)
	if err != nil {
		return nil, err
	}
	e := &Etcd{done: make(chan struct{})}
	if opts.Dir == "" {
		if e.temp, err = os.MkdirTemp("", "corskit-etcd-"); err != nil {
			return nil, fmt.Errorf("dev: no temporary directory for etcd: %w", err)
		}
		cfg.Dir = e.temp
	}
	if err := e.lockDir(cfg.Dir); err != nil {
		e.release()
		return nil, err
	}
	reusePort(cfg)
	if e.etcd, err = embed.StartEtcd(cfg); err != nil {
		e.release()
		return nil, fmt.Errorf("dev: etcd does not start: %w", err)
	}
	keepPort(cfg.Dir, e.etcd.Clients[0].Addr())
	e.endpoint = "http://" + e.etcd.Clients[0].Addr().String()
	if err := e.await(ctx); err != nil {
		e.stop()
		return nil, err
	}
	ctx, e.cancel = context.WithCancel(ctx)
	go e.supervise(ctx)
	return e, nil
}

// configure returns the configuration of the server.
func configure(opts Options) (*embed.Config, error) {
	listen, err := listenURL(opts.Listen)
	if err != nil {
		return nil, err
	}
	cfg := embed.NewConfig()
	cfg.Name, cfg.Dir, cfg.LogLevel = "corskit-dev", opts.Dir, opts.LogLevel
	switch opts.LogLevel {
	case "":
		cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
	case "debug", "info", "warn", "error", "panic", "fatal":
	default:
		return nil, &OptionError{Field: "LogLevel", Value: opts.LogLevel, Detail: "must be debug, info, warn, error, panic or fatal"}
	}
	// A single member needs no listener for peers. The URL is only a name.
	peer := url.URL{Scheme: "http", Host: "127.0.0.1:1"}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = nil, []url.URL{peer}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{listen}, []url.URL{listen}
	// Otherwise any web page could read and write this etcd through its visitor's
	// browser: the gateway accepts JSON, and etcd allows every origin and answers for
	// every host name. An empty list allows every origin too, so the list has a word that
	// is not an origin.
	cfg.EnableGRPCGateway = false
	cfg.CORS = map[string]struct{}{"none": {}}
	cfg.HostWhitelist = map[string]struct{}{"127.0.0.1": {}, "localhost": {}, "::1": {}}
	// An election with a single member need not wait. Old revisions are compacted.
	cfg.TickMs, cfg.ElectionMs = 10, 50
	cfg.AutoCompactionMode, cfg.AutoCompactionRetention = embed.CompactorModeRevision, "1000"
	return cfg, nil
}

// listenURL returns the URL of an address for clients.
func listenURL(address string) (url.URL, error) {
	if address == "" {
		address = "127.0.0.1:0"
	}
	wrong := func(detail string) (url.URL, error) {
		return url.URL{}, &OptionError{Field: "Listen", Value: address, Detail: detail}
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return wrong("must be host:port, as in 127.0.0.1:2379")
	}
	if host == "localhost" {
		host = "127.0.0.1" // etcd needs an address, not a name
	}
	if ip := net.ParseIP(host); ip == nil || !ip.IsLoopback() {
		return wrong("must be a loopback address, as 127.0.0.1:" + shown(port) + ": this etcd does not authenticate clients")
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		return wrong("must have a port from 0 to 65535, as in 127.0.0.1:2379")
	}
	return url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}, nil
}

// shown returns a port for a suggestion: the given one if it is valid.
func shown(port string) string {
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "2379"
	}
	return port
}

// OptionError is a wrong field of [Options].
type OptionError struct {
	Field  string
	Value  string
	Detail string // what the value must be, for people
}

// Error implements error.
func (e *OptionError) Error() string {
	value := e.Value
	if len(value) > 100 {
		value = value[:100] + "..."
	}
	return fmt.Sprintf("dev: %s: %q: it %s", e.Field, value, e.Detail)
}

// await waits until the server has a leader.
func (e *Etcd) await(ctx context.Context) error {
	limit := time.NewTimer(startLimit)
	defer limit.Stop()
	select {
	case <-e.etcd.Server.ReadyNotify():
		return nil
	case err := <-e.etcd.Err():
		return fmt.Errorf("dev: etcd does not start: %w", err)
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-limit.C:
		return fmt.Errorf("dev: etcd is not ready after %v", startLimit)
	}
}

// supervise closes done when the server has ended.
func (e *Etcd) supervise(ctx context.Context) {
	select {
	case <-ctx.Done():
	case err := <-e.etcd.Err():
		if err != nil {
			e.err = fmt.Errorf("dev: etcd failed: %w", err)
		}
	case <-e.etcd.Server.StopNotify():
		if ctx.Err() == nil {
			e.err = errors.New("dev: etcd stopped unexpectedly")
		}
	}
	e.stop()
	close(e.done)
}

// stop ends the server.
func (e *Etcd) stop() {
	// Without HardStop, Close would wait for seconds until clients have ended their
	// streams.
	e.etcd.Server.HardStop()
	e.etcd.Close()
	e.release()
}

// lockDir locks the data directory. etcd itself would wait indefinitely for another
// process that uses it.
func (e *Etcd) lockDir(dir string) error {
	if err := os.MkdirAll(dir, fileutil.PrivateDirMode); err != nil {
		return fmt.Errorf("dev: no data directory: %w", err)
	}
	lock, err := fileutil.TryLockFile(filepath.Join(dir, "corskit.lock"), os.O_WRONLY|os.O_CREATE, fileutil.PrivateFileMode)
	if errors.Is(err, fileutil.ErrLocked) {
		return fmt.Errorf("dev: another etcd uses %s: stop it, or choose another directory: %w", dir, err)
	}
	if err != nil {
		return fmt.Errorf("dev: the data directory cannot be locked: %w", err)
	}
	e.lock = lock
	return nil
}

// portFile is the file in the data directory that has the port of the last start.
const portFile = "corskit.port"

// reusePort replaces port 0 with the port of the last start, if that is free.
func reusePort(cfg *embed.Config) {
	listen := &cfg.ListenClientUrls[0]
	if listen.Port() != "0" {
		return
	}
	text, err := os.ReadFile(filepath.Join(cfg.Dir, portFile))
	if err != nil {
		return
	}
	again, err := listenURL(net.JoinHostPort(listen.Hostname(), strings.TrimSpace(string(text))))
	if err != nil {
		return
	}
	l, err := net.Listen("tcp", again.Host)
	if err != nil {
		return
	}
	if l.Close() == nil {
		*listen, cfg.AdvertiseClientUrls[0] = again, again
	}
}

// keepPort writes the port for the next start. Without it, the next start picks another.
func keepPort(dir string, address net.Addr) {
	if tcp, ok := address.(*net.TCPAddr); ok {
		_ = os.WriteFile(filepath.Join(dir, portFile), []byte(strconv.Itoa(tcp.Port)+"\n"), fileutil.PrivateFileMode)
	}
}

// release unlocks the data directory, or removes it if it is a temporary one.
func (e *Etcd) release() {
	if e.lock != nil {
		_ = e.lock.Close()
	}
	if e.temp != "" {
		_ = os.RemoveAll(e.temp) // the system clears temporary directories too
	}
}

// Endpoint returns the URL for clients, such as http://127.0.0.1:40123.
func (e *Etcd) Endpoint() string { return e.endpoint }

// Done returns a channel that is closed when the server has stopped.
func (e *Etcd) Done() <-chan struct{} { return e.done }

// Err returns why the server stopped unexpectedly. It is nil before [Etcd.Done] is
// closed, and after Close.
func (e *Etcd) Err() error {
	select {
	case <-e.done:
		return e.err
	default:
		return nil
	}
}

// Close stops the server and closes the connections of its clients. It removes the data
// if Options.Dir is empty. It returns the error of [Etcd.Err].
func (e *Etcd) Close() error {
	e.cancel()
	<-e.done
	return e.err
}
