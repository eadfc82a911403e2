package faultproxy_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/corskit/corskit/fleet/sim/faultproxy"
)

const (
	patience = 10 * time.Second       // for what must happen
	moment   = 100 * time.Millisecond // for what must not happen
)

// echo starts a server that sends back what it gets, and a proxy in front of it.
func echo(t *testing.T) *faultproxy.Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() {
				defer conn.Close()
				io.Copy(conn, conn)
			})
		}
	})
	proxy, err := faultproxy.New(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := proxy.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		listener.Close()
		running.Wait()
	})
	return proxy
}

func dial(t *testing.T, proxy *faultproxy.Proxy) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", proxy.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

func send(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

// receive returns the next bytes, as many as want has, or what came before an error.
func receive(conn net.Conn, want string, within time.Duration) (string, error) {
	conn.SetReadDeadline(time.Now().Add(within))
	buffer := make([]byte, len(want))
	n, err := io.ReadFull(conn, buffer)
	return string(buffer[:n]), err
}

func expect(t *testing.T, conn net.Conn, want string) {
	t.Helper()
	if got, err := receive(conn, want, patience); got != want {
		t.Fatalf("got %q, %v; want %q", got, err, want)
	}
}

func silence(t *testing.T, conn net.Conn) {
	t.Helper()
	if got, err := receive(conn, "x", moment); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got %q, %v; want nothing and no error", got, err)
	}
}

func ended(t *testing.T, conn net.Conn) {
	t.Helper()
	if got, err := receive(conn, "x", patience); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("got %q, %v; want a closed connection", got, err)
	}
}

func TestForwardsBothWays(t *testing.T) {
	proxy := echo(t)
	conn := dial(t, proxy)
	data := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	go func() {
		conn.Write(data)
		conn.(*net.TCPConn).CloseWrite()
	}()
	conn.SetReadDeadline(time.Now().Add(patience))
	got, err := io.ReadAll(conn)
	if err != nil || !bytes.Equal(got, data) {
		t.Fatalf("got %d bytes, %v; want the %d that were sent", len(got), err, len(data))
	}
	up, down := proxy.Traffic()
	if up != int64(len(data)) || down != int64(len(data)) || proxy.Accepted() != 1 {
		t.Errorf("counted %d and %d bytes of %d connections, want %d each and 1", up, down, proxy.Accepted(), len(data))
	}
}

func TestStallHoldsBytesBack(t *testing.T) {
	for _, way := range []faultproxy.Direction{faultproxy.ToServer, faultproxy.ToClient, faultproxy.Both} {
		proxy := echo(t)
		conn := dial(t, proxy)
		send(t, conn, "before")
		expect(t, conn, "before")
		proxy.Set(faultproxy.Faults{Stall: way})
		send(t, conn, "within")
		silence(t, conn)
		proxy.Heal()
		expect(t, conn, "within")
	}
}

func TestDropDiscardsBytesAndCloses(t *testing.T) {
	proxy := echo(t)
	idle, conn := dial(t, proxy), dial(t, proxy)
	for _, c := range []net.Conn{idle, conn} {
		send(t, c, "before")
		expect(t, c, "before")
	}
	proxy.Set(faultproxy.Faults{Drop: faultproxy.ToClient})
	send(t, conn, "lost")
	silence(t, conn)
	proxy.Heal()
	ended(t, conn)
	send(t, idle, "after")
	expect(t, idle, "after")
}

func TestDelay(t *testing.T) {
	proxy := echo(t)
	conn := dial(t, proxy)
	proxy.Set(faultproxy.Faults{Delay: 50 * time.Millisecond})
	start := time.Now()
	send(t, conn, "late")
	expect(t, conn, "late")
	if took := time.Since(start); took < 100*time.Millisecond {
		t.Errorf("a round trip took %v, want 50 ms each way", took)
	}
	proxy.Set(faultproxy.Faults{Delay: time.Hour})
	send(t, conn, "much later")
	silence(t, conn)
	proxy.Heal()
	expect(t, conn, "much later")
}

func TestRefuseAndCut(t *testing.T) {
	proxy := echo(t)
	conn := dial(t, proxy)
	send(t, conn, "open")
	expect(t, conn, "open")
	proxy.Set(faultproxy.Faults{Refuse: true})
	if refused, err := net.Dial("tcp", proxy.Addr()); err == nil { // the reset may arrive before Dial returns
		t.Cleanup(func() { refused.Close() })
		ended(t, refused)
	}
	send(t, conn, "still open")
	expect(t, conn, "still open")
	if n := proxy.Cut(); n != 1 {
		t.Errorf("cut %d connections, want 1", n)
	}
	ended(t, conn)
}

func TestCutAfter(t *testing.T) {
	proxy := echo(t)
	conn := dial(t, proxy)
	send(t, conn, "before")
	expect(t, conn, "before")
	proxy.Set(faultproxy.Faults{CutAfter: 4})
	send(t, conn, "abc")
	expect(t, conn, "abc")
	send(t, conn, "defg")
	expect(t, conn, "d")
	ended(t, conn)
}

func TestOnlySomeConnections(t *testing.T) {
	proxy := echo(t)
	bad, good := dial(t, proxy), dial(t, proxy)
	send(t, bad, "bad")
	expect(t, bad, "bad")
	send(t, good, "good")
	expect(t, good, "good")
	proxy.Set(faultproxy.Faults{Stall: faultproxy.Both, Only: func(first []byte) bool {
		return strings.HasPrefix(string(first), "bad")
	}})
	send(t, bad, "held")
	send(t, good, "free")
	expect(t, good, "free")
	silence(t, bad)
}

func TestCloseEndsStalledConnections(t *testing.T) {
	proxy := echo(t)
	conn := dial(t, proxy)
	proxy.Set(faultproxy.Faults{Stall: faultproxy.Both})
	send(t, conn, "held")
	closed := make(chan error, 1)
	go func() { closed <- proxy.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(patience):
		t.Fatal("Close waits for a stalled connection")
	}
	ended(t, conn)
	if n := proxy.Open(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}
