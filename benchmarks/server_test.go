package benchmarks_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/corskit/corskit/benchmarks"
)

const (
	clientVariable = "CORSKIT_BENCHMARK_CLIENT" // set: this process is the client
	connections    = 16
	clientPatience = 30 * time.Second // for a connection
	serverPatience = 2 * time.Minute  // for one benchmark
)

// BenchmarkServer serves over loopback, on connections that stay open, to a client
// in another process.
func BenchmarkServer(b *testing.B) {
	setup := benchmarks.Setups(0)[0]
	for _, subject := range benchmarks.Subjects() {
		if subject.Name == benchmarks.Floor {
			continue // it is measured in memory only
		}
		for _, name := range []string{"actual-allowed", "preflight-allowed"} {
			r := setup.Requests[slices.IndexFunc(setup.Requests, func(r benchmarks.Request) bool { return r.Name == name })]
			row := fmt.Sprintf("framework=%s/setup=%s/subject=%s/request=%s", subject.Framework, setup.Name, subject.Name, name)
			b.Run(row, func(b *testing.B) {
				server, err := subject.Build(setup)
				if err != nil {
					b.Fatal(err)
				}
				if subject.Name != benchmarks.Bare {
					if err := benchmarks.Check(server, setup, r); err != nil {
						b.Fatal(err)
					}
				}
				address, stop, err := server.Serve()
				if err != nil {
					b.Fatal(err)
				}
				load, end, err := startClient(address, r.Wire(address))
				if err == nil {
					err = load(connections * 4) // opens the connections and fills the pools
					b.ResetTimer()
					if err == nil {
						err = load(b.N)
					}
					b.StopTimer()
					err = errors.Join(err, end())
				}
				stop()
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
			})
		}
	}
}

// startClient starts the client. load makes it send n requests and returns when
// they are answered; end stops it.
func startClient(address string, request []byte) (load func(n int) error, end func() error, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), serverPatience)
	command := exec.CommandContext(ctx, os.Args[0])
	command.Env = append(os.Environ(), clientVariable+"="+address, "GOMAXPROCS=1")
	var complaints bytes.Buffer
	command.Stderr = &complaints
	in, err := command.StdinPipe()
	if err != nil {
		cancel()
		return nil, nil, err
	}
	out, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		cancel()
		return nil, nil, err
	}
	lines := bufio.NewReader(out)
	failure := func(err error) error {
		return fmt.Errorf("the client did not answer within %v or failed: %w: %s", serverPatience, err, complaints.String())
	}
	load = func(n int) error {
		if _, err := fmt.Fprintf(in, "%d %s\n", n, strconv.Quote(string(request))); err != nil {
			return failure(err)
		}
		if line, err := lines.ReadString('\n'); err != nil || line != "done\n" {
			return failure(fmt.Errorf("%w, %q", err, line))
		}
		return nil
	}
	return load, func() error {
		defer cancel()
		in.Close()
		if err := command.Wait(); err != nil {
			return failure(err)
		}
		return nil
	}, nil
}

// client is the other process. For each line "n request" of in, it sends the
// request n times and writes "done" to out.
func client(in io.Reader, out, complaints io.Writer) int {
	address := os.Getenv(clientVariable)
	conns := make([]*connection, connections)
	for i := range conns {
		c, err := net.DialTimeout("tcp", address, clientPatience)
		if err != nil {
			fmt.Fprintln(complaints, err)
			return 1
		}
		defer c.Close()
		conns[i] = &connection{Conn: c, in: bufio.NewReaderSize(c, 16<<10)}
	}
	lines := bufio.NewReader(in)
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			return 0
		}
		count, quoted, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		n, err1 := strconv.Atoi(count)
		request, err2 := strconv.Unquote(quoted)
		if err := errors.Join(err, err1, err2); err != nil {
			fmt.Fprintln(complaints, err)
			return 1
		}
		errs := make([]error, len(conns))
		var all sync.WaitGroup
		for i, c := range conns {
			share := n / len(conns)
			if i < n%len(conns) {
				share++
			}
			all.Go(func() { errs[i] = c.ask([]byte(request), share) })
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			fmt.Fprintln(complaints, err)
			return 1
		}
		fmt.Fprintln(out, "done")
	}
}

type connection struct {
	net.Conn
	in *bufio.Reader
}

// ask sends the request n times in sequence.
func (c *connection) ask(request []byte, n int) error {
	if err := c.SetDeadline(time.Now().Add(serverPatience)); err != nil {
		return err
	}
	for range n {
		if _, err := c.Write(request); err != nil {
			return err
		}
		if err := c.skipResponse(); err != nil {
			return err
		}
	}
	return nil
}

func (c *connection) skipResponse() error {
	status, err := c.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 20")) {
		return fmt.Errorf("the server answers %q", status)
	}
	length := 0
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= 2 {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	_, err = c.in.Discard(length)
	return err
}

// TestServers does what BenchmarkServer does, with a few requests for each framework.
func TestServers(t *testing.T) {
	setup := benchmarks.Setups(1)[0]
	for _, subject := range benchmarks.Subjects() {
		if subject.Name != benchmarks.Bare {
			continue
		}
		server, err := subject.Build(setup)
		if err != nil {
			t.Fatal(err)
		}
		address, stop, err := server.Serve()
		if err != nil {
			t.Fatal(err)
		}
		load, end, err := startClient(address, setup.Requests[1].Wire(address))
		if err == nil {
			err = errors.Join(load(100), end())
		}
		stop()
		if err != nil {
			t.Errorf("%s: %v", subject.Framework, err)
		}
	}
}
