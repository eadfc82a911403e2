// Package faultproxy forwards TCP connections on loopback and breaks them on request.
//
// A [Proxy] is between a real client and a real server. Tests use it to partition, delay
// and cut connections to etcd.
package faultproxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Direction is a set of directions of a connection.
type Direction uint8

const (
	ToServer Direction = 1 << iota // bytes that the client sends
	ToClient                       // bytes that the server sends

	Both = ToServer | ToClient
)

// Faults says what a [Proxy] does to connections. The zero value forwards everything.
type Faults struct {
	// Refuse closes new connections immediately, like a host without a listener.
	Refuse bool
	// Stall holds back the bytes of these directions until the fault ends; connections
	// stay open. Stall: Both is a network partition: neither side gets an error.
	Stall Direction
	// Drop discards the bytes of these directions. A connection that lost bytes is
	// useless afterwards, so Drop closes it when the fault ends.
	Drop Direction
	// Delay is how long each byte takes in each direction.
	Delay time.Duration
	// CutAfter, if positive, closes each connection as soon as the server has sent
	// this many bytes more.
	CutAfter int64
	// Only limits the faults to the connections for which it returns true, given the
	// first bytes that the client sent. If nil, the faults are for all connections.
	// Refuse ignores it.
	Only func(first []byte) bool
}

// Proxy forwards the connections to its address. All methods may be called concurrently.
type Proxy struct {
	listener net.Listener
	target   atomic.Pointer[string]
	ctx      context.Context
	stop     context.CancelFunc
	running  sync.WaitGroup

	accepted, toServer, toClient atomic.Int64

	mu      sync.Mutex
	faults  Faults
	changed chan struct{} // closed when faults change
	links   map[*link]struct{}
}

// New starts a Proxy on a free loopback port. The target is the address that it dials for
// each new connection; until there is one, new connections are closed.
func New(target string) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("faultproxy: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	p := &Proxy{listener: listener, ctx: ctx, stop: stop, changed: make(chan struct{}), links: map[*link]struct{}{}}
	p.SetTarget(target)
	p.running.Go(p.accept)
	return p, nil
}

// Addr returns the host and port that clients dial.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// SetTarget changes the address that new connections are forwarded to.
func (p *Proxy) SetTarget(target string) { p.target.Store(&target) }

// Set replaces the faults, for open connections too. Connections that lost bytes to Drop
// are closed.
func (p *Proxy) Set(faults Faults) {
	p.mu.Lock()
	p.faults = faults
	close(p.changed)
	p.changed = make(chan struct{})
	links := p.open()
	for _, l := range links {
		l.budget.Store(faults.CutAfter)
	}
	p.mu.Unlock()
	for _, l := range links {
		if l.lost.Load() && faults.Drop == 0 {
			l.cut()
		}
	}
}

// Heal ends all faults.
func (p *Proxy) Heal() { p.Set(Faults{}) }

// Cut closes all open connections and returns how many there were.
func (p *Proxy) Cut() int {
	p.mu.Lock()
	links := p.open()
	p.mu.Unlock()
	for _, l := range links {
		l.cut()
	}
	return len(links)
}

func (p *Proxy) open() []*link {
	links := make([]*link, 0, len(p.links))
	for l := range p.links {
		links = append(links, l)
	}
	return links
}

// Open returns the number of open connections.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links)
}

// Accepted returns the number of connections that clients have opened so far.
func (p *Proxy) Accepted() int64 { return p.accepted.Load() }

// Traffic returns the number of bytes forwarded so far.
func (p *Proxy) Traffic() (toServer, toClient int64) { return p.toServer.Load(), p.toClient.Load() }

// Close closes the listener and all connections, and waits until all goroutines have ended.
func (p *Proxy) Close() error {
	p.stop()
	err := p.listener.Close()
	p.Cut()
	p.running.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (p *Proxy) state() (Faults, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.faults, p.changed
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.accepted.Add(1)
		if faults, _ := p.state(); faults.Refuse {
			reset(client)
			continue
		}
		p.running.Go(func() { p.serve(client) })
	}
}

func (p *Proxy) serve(client net.Conn) {
	var dialer net.Dialer
	server, err := dialer.DialContext(p.ctx, "tcp", *p.target.Load())
	if err != nil {
		reset(client)
		return
	}
	l := &link{proxy: p, client: client, server: server, done: make(chan struct{})}
	p.mu.Lock()
	l.budget.Store(p.faults.CutAfter)
	p.links[l] = struct{}{}
	p.mu.Unlock()
	if p.ctx.Err() != nil { // Close did not see the link
		l.cut()
	}
	l.run()
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}

// reset closes a connection so that the peer gets an error at once, not an orderly end.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}
