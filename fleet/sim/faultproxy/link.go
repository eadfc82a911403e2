package faultproxy

import (
	"bytes"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	chunkSize = 32 << 10
	firstSize = 1 << 10 // the bytes that Faults.Only is given, at most
	inFlight  = 64      // chunks in each direction
)

// link is one forwarded connection.
type link struct {
	proxy          *Proxy
	client, server net.Conn
	first          atomic.Pointer[[]byte]
	budget         atomic.Int64 // bytes until CutAfter closes the link; 0: no limit
	lost           atomic.Bool  // Drop has discarded bytes
	once           sync.Once
	done           chan struct{}
}

// chunk is a piece of a stream, and when it was read.
type chunk struct {
	data []byte
	read time.Time
}

// cut closes both connections so that their peers get an error, not an orderly end.
func (l *link) cut() { l.close(reset) }

func (l *link) close(with func(net.Conn)) {
	l.once.Do(func() {
		close(l.done)
		with(l.client)
		with(l.server)
	})
}

func orderly(conn net.Conn) { conn.Close() } // what was written still arrives

func (l *link) run() {
	var both sync.WaitGroup
	both.Go(func() { l.forward(ToServer, l.client, l.server, &l.proxy.toServer) })
	both.Go(func() { l.forward(ToClient, l.server, l.client, &l.proxy.toClient) })
	both.Wait()
	l.close(orderly)
}

// forward copies one direction until either side ends or the link is closed. Reading and
// writing are separate, so that a delay does not limit the throughput.
func (l *link) forward(way Direction, from, to net.Conn, count *atomic.Int64) {
	chunks := make(chan chunk, inFlight)
	var reader sync.WaitGroup
	reader.Go(func() {
		defer close(chunks)
		l.read(way, from, chunks)
	})
	for c := range chunks {
		if !l.deliver(way, c, to, count) {
			l.close(orderly)
			break
		}
	}
	select {
	case <-l.done:
	default:
		if tcp, ok := to.(*net.TCPConn); ok {
			tcp.CloseWrite() // an orderly end of one direction
		}
	}
	reader.Wait()
}

func (l *link) read(way Direction, from net.Conn, chunks chan<- chunk) {
	buffer := make([]byte, chunkSize)
	for {
		n, err := from.Read(buffer)
		if n > 0 {
			data := bytes.Clone(buffer[:n]) // most reads are short
			if way == ToServer && l.first.Load() == nil {
				first := data[:min(n, firstSize)]
				l.first.Store(&first)
			}
			select {
			case chunks <- chunk{data, time.Now()}:
			case <-l.done:
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// deliver writes a chunk once the faults allow it. It returns false if the link must end.
func (l *link) deliver(way Direction, c chunk, to net.Conn, count *atomic.Int64) bool {
	for {
		faults, changed := l.proxy.state()
		if !l.concerns(faults) {
			faults = Faults{}
		}
		wait := time.Until(c.read.Add(faults.Delay))
		switch {
		case faults.Drop&way != 0:
			l.lost.Store(true)
			return true
		case faults.Stall&way != 0:
			if !l.sleep(nil, changed) {
				return false
			}
			continue
		case faults.Delay > 0 && wait > 0:
			timer := time.NewTimer(wait)
			alive := l.sleep(timer.C, changed)
			timer.Stop()
			if !alive {
				return false
			}
			continue
		}
		return l.write(way, faults, c.data, to, count)
	}
}

func (l *link) write(way Direction, faults Faults, data []byte, to net.Conn, count *atomic.Int64) bool {
	last := false
	if faults.CutAfter > 0 && way == ToClient {
		left := l.budget.Add(-int64(len(data)))
		if left <= 0 {
			data, last = data[:int64(len(data))+left], true
		}
	}
	n, err := to.Write(data)
	count.Add(int64(n))
	return err == nil && !last
}

// sleep waits for the timer or a change of the faults. It returns false if the link is closed.
func (l *link) sleep(timer <-chan time.Time, changed <-chan struct{}) bool {
	select {
	case <-timer:
	case <-changed:
	case <-l.done:
		return false
	}
	return true
}

func (l *link) concerns(f Faults) bool {
	if f.Only == nil {
		return true
	}
	first := l.first.Load()
	return first != nil && f.Only(*first)
}
