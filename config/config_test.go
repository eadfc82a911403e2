package config_test

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
)

// read reads cors.yaml, or the only file, with an environment.
func read(t *testing.T, files config.Static, env ...string) *config.Config {
	t.Helper()
	name := "cors.yaml"
	if len(files) == 1 {
		for n := range files {
			name = n
		}
	}
	c, err := config.Read(context.Background(), files, name, config.Options{Environ: append([]string{}, env...)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func yaml(s string) config.Static { return config.Static{"cors.yaml": []byte(s)} }

func wantPolicies(t *testing.T, c *config.Config, want ...core.Policy) {
	t.Helper()
	if got := c.Policies; !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// write writes a file in place, and makes its directory.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWarnings(t *testing.T) {
	r := config.Check(context.Background(), yaml(`policies:
  spa:
    allow_origins: ["http://a.example", "http://a.example"]
    allow_methods: [GET]
    max_age: 3h
  other:
    allow_origins: []
routes:
  - {path: /, policies: [spa]}
  - {path: /x, policies: [spa]}
`), "cors.yaml", config.Options{Environ: []string{"CORS__POLICIES__SPA__ALLOW_HEADERS=x-a,X-A"}})
	if r.Err != nil {
		t.Fatal(r.Err)
	}
	var got []string
	for _, w := range r.Warnings {
		got = append(got, w.String())
		if w.Reason == "" || w.Detail == "" {
			t.Errorf("an incomplete warning: %+v", w)
		}
	}
	for _, want := range []string{
		`cors.yaml:6:3: policies.other: no route names this policy; name it in a route, or remove it`,
		`cors.yaml:3:41: policies.spa.allow_origins[1] "http://a.example": `,
		`cors.yaml:4:21: policies.spa.allow_methods[0] "GET": no effect: browsers send GET without asking`,
		`cors.yaml:5:14: policies.spa.max_age "3h0m0s": Chromium honours at most 2h`,
		`cors.yaml:10:`,
		`CORS__POLICIES__SPA__ALLOW_HEADERS: policies.spa.allow_headers[1] "X-A": already listed`,
	} {
		if !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("no warning begins with %s\ngot\n%s", want, strings.Join(got, "\n"))
		}
	}
}

func TestProgress(t *testing.T) {
	var list strings.Builder
	for range 200_000 {
		list.WriteString("https://a.example\n")
	}
	var phases []config.Progress
	_, err := config.Read(context.Background(), config.Static{
		"cors.yaml": []byte("policies: {p: {origins_file: list}}"), "list": []byte(list.String()),
	}, "cors.yaml", config.Options{Environ: []string{}, Progress: func(p config.Progress) { phases = append(phases, p) }})
	if err != nil {
		t.Fatal(err)
	}
	want := []config.Progress{
		{Phase: "reading", File: "cors.yaml"},
		{Phase: "reading", File: "list"},
		{Phase: "origins", File: "list", Done: 1 << 16, Total: 200_001},
		{Phase: "origins", File: "list", Done: 2 << 16, Total: 200_001},
		{Phase: "origins", File: "list", Done: 3 << 16, Total: 200_001},
		{Phase: "origins", File: "list", Done: 200_000, Total: 200_000},
		{Phase: "compiling", Total: 200_000},
		{Phase: "compiling", Done: 200_000, Total: 200_000},
	}
	if !slices.Equal(phases, want) {
		t.Errorf("got\n%+v\nwant\n%+v", phases, want)
	}
}

func TestRevision(t *testing.T) {
	rev := func(files config.Static, env ...string) config.Revision {
		t.Helper()
		return read(t, files, env...).Revision
	}
	base := rev(yaml("policies: {p: {}}\n"))
	if len(base.Hash) != 64 || base.Source != "cors.yaml" || time.Since(base.Time) > time.Minute {
		t.Errorf("got %+v", base)
	}
	if base.String() != "cors.yaml@"+base.Hash[:12] {
		t.Errorf("String is %q", base.String())
	}
	if again := rev(yaml("policies: {p: {}}\n"), "PATH=/bin"); again.Hash != base.Hash {
		t.Error("equal content has different hashes")
	}
	if other := rev(yaml("policies: {p: {}} #\n")); other.Hash == base.Hash {
		t.Error("different content has equal hashes")
	}
	if other := rev(yaml("policies: {p: {}}\n"), "CORS__POLICIES__P__MAX_AGE=5m"); other.Hash == base.Hash {
		t.Error("different environments have equal hashes")
	}
	with := func(list string) config.Static {
		return config.Static{"cors.yaml": []byte("policies: {p: {origins_file: l}}\n"), "l": []byte(list)}
	}
	if rev(with("https://a.example\n")).Hash == rev(with("https://b.example\n")).Hash {
		t.Error("different origins files have equal hashes")
	}
}

func TestOptionsCombine(t *testing.T) {
	files := config.Static{"cors.yaml": []byte("policies: {p: {}}"), "cors.x.yaml": []byte("policies: {q: {}}")}
	called := false
	c, err := config.Read(context.Background(), files, "cors.yaml", config.Options{Profile: "x"},
		config.Options{Environ: []string{}}, config.Options{Progress: func(config.Progress) { called = true }})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Policies) != 2 || !called {
		t.Errorf("%d policies, progress %v", len(c.Policies), called)
	}
}

func TestNoSource(t *testing.T) {
	for _, src := range []config.Source{nil, config.Static{}} {
		if r := config.Check(context.Background(), src, ""); r.Err == nil || r.Config != nil {
			t.Errorf("Check of source %v without a name: %+v", src, r)
		}
	}
}
