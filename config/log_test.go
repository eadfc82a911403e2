package config_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode"

	"github.com/corskit/corskit/config"
)

// recorder is a slog.Handler that keeps what it is given, as "LEVEL message key=value".
type recorder struct {
	mu    sync.Mutex
	lines []string
}

func (*recorder) Enabled(context.Context, slog.Level) bool { return true }
func (r *recorder) WithAttrs([]slog.Attr) slog.Handler     { panic("not used") }
func (r *recorder) WithGroup(string) slog.Handler          { panic("not used") }

func (r *recorder) Handle(_ context.Context, record slog.Record) error {
	line := record.Level.String() + " " + record.Message
	record.Attrs(func(a slog.Attr) bool {
		line += fmt.Sprintf(" %s=%v", a.Key, a.Value)
		return true
	})
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, line)
	return nil
}

// take returns the lines since the last call, without the hashes of revisions.
func (r *recorder) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	lines := r.lines
	r.lines = nil
	for i, line := range lines {
		if at := strings.Index(line, "@"); at >= 0 {
			lines[i] = line[:at] + line[at+len("@0123456789ab"):]
		}
		if at := strings.Index(lines[i], "@"); at >= 0 {
			lines[i] = lines[i][:at] + lines[i][at+len("@0123456789ab"):]
		}
	}
	return lines
}

const (
	ownWarning   = `WARN cors: a warning about the configuration warning=store:cors.yaml:`
	faultMessage = "ERROR cors: the configuration has a fault; the last good policies stay in force revision=store:cors.yaml fault="
)

// TestLog follows the log of a watcher through reloads, faults and an outage.
func TestLog(t *testing.T) {
	log := new(recorder)
	outage(t, func(t *testing.T, d *deaf, w *config.Watcher, _ <-chan config.Result) {
		check := func(what string, want ...string) {
			t.Helper()
			synctest.Wait()
			if got := log.take(); !slices.EqualFunc(got, want, strings.HasPrefix) {
				t.Errorf("%s: logged\n%s\nwant\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
		step := func(what, text string, want ...string) {
			t.Helper()
			d.put("cors.yaml", text)
			check(what, want...)
		}
		const maxAge = `4:14: policies.p.max_age "3h0m0s": Chromium honours at most 2h`
		check("at the start", "INFO cors: policies in force revision=store:cors.yaml policies=p origins=2 routes=0", ownWarning+maxAge)
		step("a reload", stateText(1), "INFO cors: policies reloaded revision=store:cors.yaml previous=store:cors.yaml "+
			"changes=p +https://s1.example, -https://s0.example")
		step("the same", stateText(1))
		shadow := "shadow: {policies: {q: {allow_origins: [https://q.example], allow_methods: [GET]}}}\n" + stateText(1)
		step("a shadow with a warning, and all lines moved", shadow, "INFO cors: policies reloaded "+
			"revision=store:cors.yaml previous=store:cors.yaml changes=shadow: +policy q +https://q.example, allow_methods: none -> GET",
			ownWarning+`1:77: shadow.policies.q.allow_methods[0] "GET": no effect`)

		const missing, extra = "store:cors.yaml:1:1: policie: an unknown key", "store:cors.yaml:2:1: x: an unknown key"
		step("two faults", "policie: {p: {}}\nx: 1\n", faultMessage+missing, faultMessage+extra)
		step("the same faults", "policie: {p: {}}\nx: 1\n")
		step("one of them", "policie: {p: {}}\n")
		step("both again", "policie: {p: {}}\nx: 1\n", faultMessage+extra)
		step("recovery", shadow, "INFO cors: the configuration is good again "+
			"revision=store:cors.yaml previous=store:cors.yaml changes=no change")
		step("another fault", "policie: {p: {}}\n", faultMessage+missing)
		step("recovery with another state", stateText(2), "INFO cors: the configuration is good again "+
			"revision=store:cors.yaml previous=store:cors.yaml changes=p +https://s2.example, -https://s1.example; shadow: -policy q")
		step("a reload after it", stateText(3), "INFO cors: policies reloaded ")

		d.fail(errors.New("permission denied"), 0)
		step("an outage", stateText(4), "INFO cors: policies reloaded ")
		time.Sleep(time.Hour)
		check("later", "WARN cors: changes of the configuration may be noticed late fault="+deafness)
		d.fail(nil, 0)
		time.Sleep(time.Hour)
		check("after the outage", "INFO cors: changes of the configuration are noticed at once again")
		w.Close()
		check("after the end")
	}, config.Options{Logger: slog.New(log)})
}

// TestLogEndsInSilence checks that the end of a watcher is not taken for the end of an
// outage.
func TestLogEndsInSilence(t *testing.T) {
	log := new(recorder)
	outage(t, func(t *testing.T, d *deaf, w *config.Watcher, _ <-chan config.Result) {
		d.fail(errors.New("permission denied"), 10*time.Second)
		d.put("cors.yaml", stateText(1))
		time.Sleep(25 * time.Second) // it has failed twice, and watches again
		if w.Status().Err == nil {
			t.Error("no outage")
		}
		log.take()
		w.Close()
		if lines := log.take(); len(lines) > 0 || w.Status().Err != nil {
			t.Errorf("logged %q, and Err is %v", lines, w.Status().Err)
		}
	}, config.Options{Logger: slog.New(log)})
}

// TestLogIsBounded loads configurations with thousands of policies, warnings and faults, and
// with control characters.
func TestLogIsBounded(t *testing.T) {
	log := new(recorder)
	outage(t, func(t *testing.T, d *deaf, _ *config.Watcher, _ <-chan config.Result) {
		var policies, faults strings.Builder
		for i := range 300 {
			fmt.Fprintf(&policies, "  p%d: {allow_origins: [\"https://a.example\"], allow_methods: [GET%s]}\n", i,
				strings.Repeat(", PUT", 50))
			fmt.Fprintf(&faults, "  \"p\\e[31m\\n%d%s\": {}\n", i, strings.Repeat("x", 3000/(i+1)))
		}
		log.take()
		for what, text := range map[string]string{
			"policies": "policies:\n" + policies.String(),
			"a shadow": stateText(1) + "shadow:\n policies:\n" + policies.String(),
			"faults":   "policies:\n" + faults.String(),
			"an origin": "policies: {p: {allow_origins: [\"https://a.example/\\e[31m\\n" + strings.Repeat("x", 1<<16) +
				"\"]}}\n",
		} {
			d.put("cors.yaml", text)
			synctest.Wait()
			lines := log.take()
			if len(lines) == 0 || len(lines) > 25 {
				t.Errorf("%s: %d lines", what, len(lines))
			}
			for _, line := range lines {
				if len(line) > 3000 || strings.ContainsFunc(line, unicode.IsControl) {
					t.Errorf("%s: a line of %d bytes: %.300q", what, len(line), line)
				}
			}
		}
	}, config.Options{Logger: slog.New(log)})
}

// TestLogOfStart checks the record of a configuration with many policies and a shadow.
func TestLogOfStart(t *testing.T) {
	var policies strings.Builder
	for i := range 25 {
		fmt.Fprintf(&policies, "  p%d: {allow_origins: [\"https://a.example\"]}\n", i)
	}
	log := new(recorder)
	_, err := config.WatchSource(context.Background(), yaml("policies:\n"+policies.String()+
		"routes: [{path: /}]\nshadow: {policies: {q: {}}}\n"), "cors.yaml", none, config.Options{Logger: slog.New(log)})
	if err == nil || len(log.take()) > 0 {
		t.Errorf("a configuration with a fault: %v", err)
	}
	w, err := config.WatchSource(context.Background(), yaml("policies:\n"+policies.String()+
		"routes: [{path: /, policies: [p0, p1]}]\nshadow: {policies: {q: {}}}\n"), "cors.yaml", none, config.Options{Logger: slog.New(log)})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	lines := log.take()
	list := "p0, p1, p2, p3, p4, p5, p6, p7, p8, p9, p10, p11, p12, p13, p14, p15, p16, p17, p18, p19, and 5 more"
	want := "INFO cors: policies in force revision=cors.yaml policies=" + list + " origins=25 routes=1 " +
		"shadow=[policies=q origins=0 routes=0]"
	if len(lines) != 22 || lines[0] != want || lines[21] != "WARN cors: a warning about the configuration warning=5 more warnings" {
		t.Errorf("%d lines:\n%s\nwant first\n%s", len(lines), strings.Join(lines, "\n"), want)
	}
}
