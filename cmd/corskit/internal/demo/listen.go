package demo

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
)

// loopback listens on a port of 127.0.0.1 and, if the system has IPv6, of [::1]: browsers
// reach "localhost" at either, and no other program should answer there.
type loopback struct {
	listeners []net.Listener
	accepted  chan net.Conn
	closed    chan struct{}
	once      sync.Once
}

// attempts is how many free ports of 127.0.0.1 are tried, until one is free for [::1] too.
const attempts = 20

// listen listens on a port, or on a free one if port is 0.
func listen(port int) (*loopback, error) {
	var err error
	for range attempts {
		var l *loopback
		if l, err = listenBoth(port); err == nil {
			return l, nil
		}
		if port != 0 {
			break
		}
	}
	return nil, fmt.Errorf("demo: %w", err)
}

func listenBoth(port int) (*loopback, error) {
	four, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	l := &loopback{listeners: []net.Listener{four}, accepted: make(chan net.Conn), closed: make(chan struct{})}
	if hasIPv6() {
		six, err := net.Listen("tcp6", net.JoinHostPort("::1", strconv.Itoa(l.port())))
		if err != nil {
			_ = four.Close()
			return nil, err
		}
		l.listeners = append(l.listeners, six)
	}
	for _, one := range l.listeners {
		go l.pass(one)
	}
	return l, nil
}

// hasIPv6 reports whether [::1] can be listened on.
func hasIPv6() bool {
	l, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		return false
	}
	_ = l.Close()
	return true
}

// pass accepts connections of one listener.
func (l *loopback) pass(one net.Listener) {
	for {
		conn, err := one.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // the error is about one connection, such as one that was reset
		}
		select {
		case l.accepted <- conn:
		case <-l.closed:
			_ = conn.Close()
			return
		}
	}
}

func (l *loopback) port() int { return l.listeners[0].Addr().(*net.TCPAddr).Port }

// Accept implements [net.Listener].
func (l *loopback) Accept() (net.Conn, error) {
	select {
	case conn := <-l.accepted:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Addr implements [net.Listener].
func (l *loopback) Addr() net.Addr { return l.listeners[0].Addr() }

// Close implements [net.Listener].
func (l *loopback) Close() error {
	var errs []error
	l.once.Do(func() {
		close(l.closed)
		for _, one := range l.listeners {
			errs = append(errs, one.Close())
		}
	})
	return errors.Join(errs...)
}
