package main

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/corskit/corskit/config"
)

// Only long operations show a line, which changes a few times per second.
func TestProgressLine(t *testing.T) {
	type report struct {
		after time.Duration // since the report before
		now   config.Progress
		want  string
	}
	const ms = time.Millisecond
	comparing := func(done int) config.Progress { return config.Progress{Phase: "comparing", Done: done, Total: 10} }
	for _, tt := range []struct {
		name    string
		reports []report
		cleared string
	}{
		{"quick", []report{{0, comparing(0), ""}, {299 * ms, comparing(1), ""}}, ""},
		{"long", []report{
			{0, comparing(0), ""}, {300 * ms, comparing(1), "\r\x1b[Kcomparing: 1 of 10"},
			{99 * ms, comparing(2), ""}, {1 * ms, comparing(3), "\r\x1b[Kcomparing: 3 of 10"},
			{0, config.Progress{Phase: "reading", File: "a/b.txt"}, "\r\x1b[Kreading b.txt"},
		}, "\r\x1b[K"},
		{"large", []report{
			{0, config.Progress{Phase: "compiling", Total: 100_000}, "\r\x1b[Kcompiling: 0 of 100000"},
		}, "\r\x1b[K"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var screen strings.Builder
				p := progress{terminal: terminal{Writer: &screen, interactive: true}}
				for i, r := range tt.reports {
					time.Sleep(r.after)
					screen.Reset()
					if p.show(r.now); screen.String() != r.want {
						t.Errorf("report %d shows %q, want %q", i, screen.String(), r.want)
					}
				}
				screen.Reset()
				if p.clear(); screen.String() != tt.cleared {
					t.Errorf("clear writes %q, want %q", screen.String(), tt.cleared)
				}
			})
		})
	}
}

// TestCompareReports checks that both phases of a comparison report how far they are.
func TestCompareReports(t *testing.T) {
	const routes = 20
	var hosts, paths strings.Builder
	for i := range routes {
		hosts.WriteString("  - {host: h" + strconv.Itoa(i) + ".example, policies: [p]}\n")
		paths.WriteString("  - {path: /p" + strconv.Itoa(i) + "/, policies: [q]}\n")
	}
	const policies = "policies: {p: {allow_origins: [\"https://a.example\"]}, q: {allow_origins: [\"https://b.example\"]}}\nroutes:\n"
	read := func(text string) *config.Config {
		c, err := config.Read(t.Context(), config.Static{"cors.yaml": []byte(text)}, "cors.yaml", config.Options{Environ: []string{}})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	last := make(map[string]config.Progress)
	changes, _ := compare(t.Context(), read(policies+hosts.String()+paths.String()), read(policies+paths.String()+hosts.String()),
		func(p config.Progress) {
			if before := last[p.Phase]; p.Done != 0 && p.Done != before.Done+1 || p.Done >= p.Total {
				t.Errorf("%+v after %+v", p, before)
			}
			last[p.Phase] = p
		})
	for _, phase := range []string{"looking for routes", "comparing"} {
		if p := last[phase]; p.Done+1 != p.Total || p.Total < routes*routes {
			t.Errorf("the last report of %s is %+v", phase, p)
		}
	}
	if !slices.ContainsFunc(changes, func(c change) bool { return c.Route == "h1.example/p1/" }) {
		t.Errorf("no change for a host and a path: %+v", changes)
	}
}

// Without a file, commands read the one that init writes.
func TestDefaultFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "cors.yaml", "policies: {app: {allow_origins: [\"https://a.example\"], allow_methods: [], allow_headers: []}}\n")
	if r := corskit(t, dir, "check"); r.code != exitYes || !strings.HasPrefix(r.stdout, "cors.yaml: ok") {
		t.Errorf("check: %+v", r)
	}
	if r := corskit(t, dir, "explain", "-o", "https://a.example"); r.code != exitYes {
		t.Errorf("explain: %+v", r)
	}
	if r := corskit(t, dir, "explain", "-o", "https://b.example"); r.code != exitNo {
		t.Errorf("explain: %+v", r)
	}
	write(t, dir, "cors.yaml", "policies: {app: {allow_origin: 1}}\n")
	for _, args := range [][]string{{"check"}, {"explain", "-o", "https://a.example"}, {"serve", "--listen", "127.0.0.1:0"}} {
		r := corskit(t, dir, args...)
		contains(t, "a file with faults", r.stdout+r.stderr, "cors.yaml:1:18: error: policies.app.allow_origin: an unknown key")
	}
	if r := corskit(t, dir, "check", "--env"); strings.Contains(r.stdout, "cors.yaml") {
		t.Errorf("check --env reads the file: %+v", r)
	}
}
