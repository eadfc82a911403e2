package benchmarks_test

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/corskit/corskit/benchmarks"
)

func TestMain(m *testing.M) {
	if os.Getenv(clientVariable) != "" {
		os.Exit(client(os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// BenchmarkMiddleware serves one request over and over in memory.
func BenchmarkMiddleware(b *testing.B) {
	table(b, benchmarks.Setups(0), benchmarks.Subjects(), func(b *testing.B, server *benchmarks.Server, setup benchmarks.Setup, r request) {
		once := server.Loop(r)
		once()
		if setup.Reload {
			defer churn(b, server)()
		}
		b.ReportAllocs()
		for b.Loop() {
			once()
		}
	})
}

// BenchmarkPublic is the set of jub0bs/cors-benchmarks: parallel, with a new
// httptest.ResponseRecorder for each request.
func BenchmarkPublic(b *testing.B) {
	var subjects []benchmarks.Subject
	for _, s := range benchmarks.Subjects() {
		if s.Framework == benchmarks.NetHTTP && s.Name != benchmarks.Floor { // the published set has no floor
			subjects = append(subjects, s)
		}
	}
	table(b, benchmarks.PublicSetups(), subjects, func(b *testing.B, server *benchmarks.Server, _ benchmarks.Setup, r request) {
		once := server.Recorded(r)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				once()
			}
		})
	})
}

type request = benchmarks.Request

type timed func(*testing.B, *benchmarks.Server, benchmarks.Setup, request)

// table runs f for each request of each setup of each subject. It builds a server before
// the first request of a setup, checks the server before each request, and drops it after
// the last one.
func table(b *testing.B, setups []benchmarks.Setup, subjects []benchmarks.Subject, f timed) {
	for _, setup := range setups {
		for _, subject := range subjects {
			var server *benchmarks.Server
			var failed error
			for _, r := range setup.Requests {
				name := fmt.Sprintf("framework=%s/setup=%s/subject=%s/request=%s", subject.Framework, setup.Name, subject.Name, r.Name)
				b.Run(name, func(b *testing.B) {
					if server == nil && failed == nil {
						server, failed = subject.Build(setup)
					}
					if errors.Is(failed, benchmarks.ErrUnsupported) {
						b.Skip(failed)
					}
					if failed == nil && subject.Name != benchmarks.Bare {
						failed = benchmarks.Check(server, setup, r)
					}
					if failed != nil {
						b.Fatal(failed)
					}
					f(b, server, setup, r)
				})
			}
		}
	}
}

// churn reloads the server every ten milliseconds until stop is called.
func churn(b *testing.B, server *benchmarks.Server) (stop func()) {
	done, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				ended <- nil
				return
			case <-tick.C:
				if err := server.Reload(); err != nil {
					ended <- err
					return
				}
			}
		}
	}()
	return func() {
		close(done)
		if err := <-ended; err != nil {
			b.Error(err)
		}
	}
}
