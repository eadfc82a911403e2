package config_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/corskit/corskit/config"
)

// TestStatus follows the status of a watcher through reloads, a fault, the return of the
// previous state, and an outage.
func TestStatus(t *testing.T) {
	outage(t, func(t *testing.T, d *deaf, w *config.Watcher, _ <-chan config.Result) {
		start := time.Now()
		want := config.Status{Revision: w.Status().Revision, LastSuccess: start}
		check := func(what, fault string) {
			t.Helper()
			synctest.Wait()
			got := w.Status()
			if got.Revision != want.Revision || !got.LastSuccess.Equal(want.LastSuccess) {
				t.Errorf("%s: got %+v, want %+v", what, got, want)
			}
			if got.Reloads != want.Reloads || got.Failures != want.Failures {
				t.Errorf("%s: %d reloads, %d failures; want %d, %d", what, got.Reloads, got.Failures, want.Reloads, want.Failures)
			}
			checkProblems(t, what, w, fault)
		}
		put := func(text string) {
			time.Sleep(time.Minute)
			d.put("cors.yaml", text)
			synctest.Wait()
		}
		check("at the start", "")

		put(stateText(1))
		want.Revision, want.LastSuccess, want.Reloads = w.Status().Revision, start.Add(time.Minute), 1
		if !w.Status().Revision.Time.Equal(want.LastSuccess) {
			t.Errorf("the revision is of %v, want %v", w.Status().Revision.Time, want.LastSuccess)
		}
		check("after a reload", "")

		const fault = "store:cors.yaml:1:11: policies: no policies; add one, or remove the key"
		put("policies: {}\n")
		want.Failures = 1
		check("after a fault", fault)
		put("policies: {}\n")
		check("after the same fault", fault)
		put("policies: []\n")
		want.Failures = 2
		check("after another fault", "store:cors.yaml:1:11: policies: expected a table of policies by name, got a list")

		put(stateText(1))
		want.LastSuccess, want.Reloads = start.Add(5*time.Minute), 2
		check("after the previous state is back", "")
		put(stateText(1))
		want.LastSuccess = start.Add(6 * time.Minute)
		check("after the state was read again", "")

		w.Status().Warnings[0] = nil // the caller may change its copy
		d.fail(errors.New("permission denied"), 0)
		put(stateText(2))
		want.Revision, want.LastSuccess, want.Reloads = w.Status().Revision, start.Add(7*time.Minute), 3
		time.Sleep(500 * time.Millisecond)
		check("before the outage is certain", "")
		time.Sleep(500 * time.Millisecond)
		want.LastSuccess = time.Now() // each attempt reads the file
		check("in an outage", deafness)
	})
}

// checkProblems compares the error and the only warning in the status of a watcher.
func checkProblems(t *testing.T, what string, w *config.Watcher, fault string) {
	t.Helper()
	got := w.Status()
	if (got.Err == nil) != (fault == "") || got.Err != nil && got.Err.Error() != fault {
		t.Errorf("%s: error %v, want %q", what, got.Err, fault)
	}
	if len(got.Warnings) != 1 || got.Warnings[0] == nil {
		t.Errorf("%s: warnings %v", what, got.Warnings)
	}
}
