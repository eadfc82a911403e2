package config_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/reason"
)

// deaf is a source whose Watch fails while err is set.
type deaf struct {
	*store
	mu    sync.Mutex
	err   error
	after time.Duration // how long it watches before it fails
}

func (d *deaf) fail(err error, after time.Duration) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.err, d.after = err, after
}

func (d *deaf) Watch(ctx context.Context, seen map[string]string) error {
	d.mu.Lock()
	err, after := d.err, d.after
	d.mu.Unlock()
	if err == nil {
		return d.store.Watch(ctx, seen)
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(after):
		return err
	}
}

// outage runs a test with fake time and a watcher of a deaf source.
func outage(
	t *testing.T, test func(t *testing.T, d *deaf, w *config.Watcher, results <-chan config.Result), opts ...config.Options,
) {
	synctest.Test(t, func(t *testing.T) {
		d := &deaf{store: newStore()}
		d.put("cors.yaml", stateText(0))
		results := make(chan config.Result, 1000)
		w, err := config.WatchSource(context.Background(), d, "cors.yaml", append(opts, config.Options{
			Environ: []string{}, OnReload: func(r config.Result) { results <- r },
		})...)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		synctest.Wait() // until it watches
		test(t, d, w, results)
	})
}

// told returns the next result.
func told(t *testing.T, results <-chan config.Result) config.Result {
	t.Helper()
	select {
	case r := <-results:
		return r
	case <-time.After(time.Hour):
		t.Fatal("no result within an hour")
		return config.Result{}
	}
}

const deafness = "store:cors.yaml: cannot be watched: permission denied; " +
	"check the source; until it can be watched, it is read at least every 30s"

// TestWatchFails checks that a source that cannot watch is reported once and polled.
func TestWatchFails(t *testing.T) {
	outage(t, func(t *testing.T, d *deaf, w *config.Watcher, results <-chan config.Result) {
		denied := errors.New("permission denied")
		d.fail(denied, 0)
		d.put("cors.yaml", stateText(1)) // wakes the first Watch
		if r := told(t, results); r.Err != nil || r.Revision == r.Previous {
			t.Fatalf("got %+v for the last state before the outage", r)
		}
		before := w.Status().Revision
		r := told(t, results)
		if r.Err == nil || r.Err.Error() != deafness || r.Revision != before || r.Previous != before {
			t.Errorf("got %+v", r)
		}
		var fault *config.Error
		if !errors.As(r.Err, &fault) || fault.Reason != reason.Watch || !errors.Is(r.Err, denied) {
			t.Errorf("%#v", r.Err)
		}
		for range 100 {
			time.Sleep(time.Minute)
			if err := w.Status().Err; err == nil || err.Error() != deafness {
				t.Fatalf("Err is %v", err)
			}
		}
		if len(results) > 0 {
			t.Errorf("an unexpected result: %+v", <-results)
		}
		// Changes are still noticed, and Err prefers the faults of the file.
		d.put("cors.yaml", "policies: {}\n")
		time.Sleep(time.Minute)
		if r := told(t, results); r.Err == nil || w.Status().Err == nil || w.Status().Err.Error() != r.Err.Error() {
			t.Errorf("%v, and Err is %v", r.Err, w.Status().Err)
		}
		d.put("cors.yaml", stateText(2))
		time.Sleep(time.Minute)
		if r := told(t, results); r.Err != nil || !w.Engine().AllowsOrigin("https://s2.example") {
			t.Errorf("got %+v", r)
		}
		if err := w.Status().Err; err == nil || err.Error() != deafness {
			t.Errorf("Err is %v after a good state", err)
		}
		// The source can watch again. There is no report, but Err becomes nil.
		d.fail(nil, 0)
		time.Sleep(2 * time.Minute)
		if err := w.Status().Err; err != nil {
			t.Errorf("Err is %v while the source can watch", err)
		}
		// The next outage is reported again.
		d.fail(denied, 0)
		d.put("cors.yaml", stateText(3))
		time.Sleep(time.Minute)
		if r := told(t, results); r.Err != nil {
			t.Errorf("got %v", r.Err)
		}
		if r := told(t, results); r.Err == nil || r.Err.Error() != deafness || w.Status().Err == nil {
			t.Errorf("got %v, and Err is %v", r.Err, w.Status().Err)
		}
		if len(results) > 0 {
			t.Errorf("an unexpected result: %+v", <-results)
		}
	})
}

// TestWatchRecovers checks that a Watch that returns nil ends an outage at once.
func TestWatchRecovers(t *testing.T) {
	outage(t, func(t *testing.T, d *deaf, w *config.Watcher, results <-chan config.Result) {
		d.fail(errors.New("permission denied"), 0)
		d.put("cors.yaml", stateText(1))
		time.Sleep(40 * time.Second) // between two tries
		if w.Status().Err == nil || len(results) != 2 {
			t.Fatalf("%d results, and Err is %v", len(results), w.Status().Err)
		}
		told(t, results)
		told(t, results)
		d.fail(nil, 0)
		time.Sleep(25 * time.Second) // less than the time that ends an outage
		if w.Status().Err == nil {
			t.Fatal("Err is nil before the outage can have ended")
		}
		d.put("cors.yaml", stateText(2))
		synctest.Wait()
		if w.Status().Err != nil || !w.Engine().AllowsOrigin("https://s2.example") {
			t.Errorf("Err is %v", w.Status().Err)
		}
		told(t, results)
		d.fail(errors.New("permission denied"), 0)
		d.put("cors.yaml", stateText(3))
		time.Sleep(10 * time.Second)
		if w.Status().Err == nil || len(results) != 2 {
			t.Errorf("in the next outage: %d results, and Err is %v", len(results), w.Status().Err)
		}
	})
}

// TestWatchIsInterrupted checks that occasional lost connections are not an outage.
func TestWatchIsInterrupted(t *testing.T) {
	outage(t, func(t *testing.T, d *deaf, w *config.Watcher, results <-chan config.Result) {
		d.fail(errors.New("connection lost"), 5*time.Minute)
		d.put("cors.yaml", stateText(1))
		told(t, results)
		for range 1000 {
			time.Sleep(time.Minute)
			if err := w.Status().Err; err != nil {
				t.Fatalf("Err is %v", err)
			}
		}
		if len(results) > 0 {
			t.Errorf("an unexpected result: %+v", <-results)
		}
	})
}

// TestWatchEndsInSilence checks that closing the watcher is not reported as an outage.
func TestWatchEndsInSilence(t *testing.T) {
	outage(t, func(t *testing.T, d *deaf, w *config.Watcher, results <-chan config.Result) {
		d.fail(errors.New("permission denied"), 10*time.Second)
		d.put("cors.yaml", stateText(1))
		told(t, results)
		time.Sleep(15 * time.Second) // it has failed once, and watches again
		w.Close()
		if len(results) > 0 {
			t.Errorf("an unexpected result: %+v", <-results)
		}
	})
}
