package chaos

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/fleet"
)

// TestLoad pushes, rolls back and halts rollouts while servers answer requests. Every
// answer must come from exactly one policy that was pushed.
func TestLoad(t *testing.T) {
	whole(t)
	w := single(t)
	w.push(1, 0)
	ctx, stop := context.WithCancel(t.Context())
	var load sync.WaitGroup
	var services []*service
	for range 2 {
		s := w.join(func(o *fleet.Options) { o.Refresh = 50 * time.Millisecond })
		s.applies(1)
		services = append(services, s)
		server := httptest.NewServer(corshttp.Middleware(s.Engine())(http.NotFoundHandler()))
		t.Cleanup(server.Close)
		load.Go(func() { w.ask(ctx, server) })
		load.Go(func() {
			for ctx.Err() == nil {
				_, _, _, _ = s.Status(), s.Ready(), s.Err(), s.ConfigStatus()
				time.Sleep(time.Millisecond)
			}
		})
	}
	for version := 2; version <= 10; version++ {
		w.permit(version)
		options := fleet.PushOptions{}
		if version%3 == 0 {
			options.Rollout = &fleet.Rollout{Percent: 50}
		}
		head, err := w.store.Push(t.Context(), policy(version, large*(version%2)), options)
		must(t, err)
		if version%3 == 0 {
			_, err = w.store.Halt(t.Context(), "for a test", fleet.ChangeOptions{})
			must(t, err)
			_, err = w.store.Promote(t.Context(), fleet.ChangeOptions{Force: true})
			must(t, err)
		}
		if version%4 == 0 {
			_, err = w.store.Rollback(t.Context(), head.Revision-1, fleet.ChangeOptions{})
			must(t, err)
		}
	}
	w.push(11, 0)
	for _, s := range services {
		s.recovers(11)
	}
	stop()
	load.Wait()
}

// ask sends requests to a server until ctx is done.
func (w *world) ask(ctx context.Context, server *httptest.Server) {
	for ctx.Err() == nil {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
		if err != nil {
			w.t.Error(err)
			return
		}
		request.Header.Set("Origin", app)
		response, err := server.Client().Do(request)
		if err != nil {
			if ctx.Err() == nil {
				w.t.Error(err)
			}
			return
		}
		io.Copy(io.Discard, response.Body)
		response.Body.Close()
		origin, name := response.Header.Get("Access-Control-Allow-Origin"), response.Header.Get("Access-Control-Expose-Headers")
		if origin != app || !w.isPermitted(name) {
			w.t.Error(fmt.Errorf("a request was answered with origin %q by policy %q", origin, name))
			return
		}
	}
}
