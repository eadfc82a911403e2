package observe

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/observe/corsprom"
)

// TestWatcher changes a file that is watched: to something else, to a fault, and back.
func TestWatcher(t *testing.T) {
	const good = "version: 1\npolicies:\n  app:\n    allow_origins: [\"https://app.example.com\"]\n"
	file := filepath.Join(t.TempDir(), "cors.yaml")
	write := func(text string) {
		t.Helper()
		// A rename makes the watcher see all of the new text at once.
		if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	write(good)
	reloaded := make(chan config.Result, 10)
	w, err := config.Watch(t.Context(), file, config.Options{OnReload: func(r config.Result) { reloaded <- r }})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	collector := corsprom.NewCollector(w.Engine(), corsprom.WithConfig(w.ConfigStatus))
	defer collector.Close()

	first := revision(t, collector)
	check := func(what string, success, failure, stale float64) {
		t.Helper()
		for _, f := range gather(t, collector) {
			for _, m := range f.GetMetric() {
				got, want := m.GetCounter().GetValue()+m.GetGauge().GetValue(), 0.0
				switch {
				case f.GetName() == "corskit_config_stale":
					want = stale
				case f.GetName() != "corskit_config_reloads_total":
					continue
				case m.GetLabel()[0].GetValue() == "success":
					want = success
				default:
					want = failure
				}
				if got != want {
					t.Errorf("%s: %s%v is %v, want %v", what, f.GetName(), m.GetLabel(), got, want)
				}
			}
		}
	}
	check("at the start", 0, 0, 0)
	write(good + "    allow_methods: [PUT]\n")
	<-reloaded
	check("after a change", 1, 0, 0)
	second := revision(t, collector)
	if len(first) != 12 || len(second) != 12 || first == second {
		t.Errorf("the revision was %q and is %q", first, second)
	}
	write(good + "    allow_methods: [TRACE]\n")
	<-reloaded
	check("after a fault", 1, 1, 1)
	if got := revision(t, collector); got != second {
		t.Errorf("the revision after a fault is %q, want %q", got, second)
	}
	write(good)
	<-reloaded
	check("after the mending", 2, 1, 0)
	if got := revision(t, collector); got != first {
		t.Errorf("the revision of the first file is %q, want %q", got, first)
	}
	if got := testutil.CollectAndCount(collector, "corskit_config_last_success_timestamp_seconds"); got != 1 {
		t.Errorf("%d times of the last success", got)
	}
}

// revision returns the revision that a collector exports.
func revision(t *testing.T, c prometheus.Collector) string {
	for _, f := range gather(t, c) {
		if f.GetName() == "corskit_config_info" {
			return f.GetMetric()[0].GetLabel()[0].GetValue()
		}
	}
	return ""
}
