package config_test

import (
	"context"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/corskit/corskit/config"
)

// TestWatchLeavesNothing must not run in parallel: it counts the descriptors and
// goroutines of the process.
func TestWatchLeavesNothing(t *testing.T) {
	descriptors := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			return 0 // not available on this system
		}
		return len(entries)
	}
	// The runtime opens some descriptors once, at the first use.
	once, err := config.Watch(context.Background(), layOut(t), config.Options{Environ: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	once.Close()
	files, goroutines := descriptors(), runtime.NumGoroutine()
	var all []*config.Watcher
	watchers := 20
	if testing.Short() {
		watchers = 8 // two that end in each way
	}
	for i := range watchers {
		path := layOut(t)
		reloaded := make(chan struct{}, 100)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		w, err := config.Watch(ctx, path, config.Options{
			Environ: []string{}, OnReload: func(config.Result) { reloaded <- struct{}{} },
		})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, w)
		switch i % 4 {
		case 0: // closed while it is idle
		case 1: // closed after a reload
			write(t, path, stateText(1))
			select {
			case <-reloaded:
			case <-time.After(patience):
				t.Fatalf("no reload within %v", patience)
			}
		case 2: // closed while it waits until the file is unchanged
			write(t, path, stateText(1))
		case 3: // ended by its context
			cancel()
			select {
			case <-w.Done():
			case <-time.After(patience):
				t.Fatalf("not done %v after the end of its context", patience)
			}
		}
	}
	if len(all) < watchers || descriptors() != 0 && descriptors() <= files {
		t.Errorf("%d descriptors with %d watchers, %d without: the count is wrong", descriptors(), watchers, files)
	}
	var closing sync.WaitGroup
	for _, w := range all {
		for range 3 {
			closing.Go(func() {
				if err := w.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
	closing.Wait()
	if n := descriptors(); n > files {
		t.Errorf("%d descriptors after Close, %d before", n, files)
	}
	// A goroutine is counted until it returns, which is after it closes Done.
	deadline := time.Now().Add(patience)
	for runtime.NumGoroutine() > goroutines && time.Now().Before(deadline) {
		runtime.Gosched()
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines after Close, %d before:\n%s", n, goroutines, stacks[:runtime.Stack(stacks, true)])
	}
	for _, w := range all {
		if w.Engine() == nil || !w.Engine().AllowsOrigin("https://always.example") {
			t.Error("the engine of a closed watcher has lost its policies")
		}
	}
}

// TestCloseWaits checks that Close waits for a call of OnReload.
func TestCloseWaits(t *testing.T) {
	t.Parallel()
	path := layOut(t)
	entered, release := make(chan struct{}), make(chan struct{})
	var ended atomic.Bool
	w, err := config.Watch(context.Background(), path, config.Options{
		Environ: []string{}, OnReload: func(config.Result) {
			close(entered)
			<-release
			ended.Store(true)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, stateText(1))
	select {
	case <-entered:
	case <-time.After(patience):
		t.Fatalf("no reload within %v", patience)
	}
	time.AfterFunc(50*time.Millisecond, func() { close(release) })
	w.Close()
	if !ended.Load() {
		t.Error("Close returned before OnReload")
	}
	select {
	case <-w.Done():
	default:
		t.Error("Close returned before Done was closed")
	}
}
