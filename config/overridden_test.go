package config_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/reason"
)

// TestNotes checks which keys of files are reported as overridden.
func TestNotes(t *testing.T) {
	files := config.Static{
		"cors.yaml": []byte(`policies:
  default: {allow_origins: ["https://a.example"], max_age: 10m, allow_methods: [PUT]}
  other: {origins_file: o.txt}
  last: {allow_origins: ["https://a.example"]}
routes: [{path: /, policies: [default, other, last]}]
`),
		"cors.prod.yaml": []byte(`policies: {default: {max_age: 20m}}`),
		"o.txt":          []byte("https://o.example\n"),
	}
	for _, c := range []struct {
		env  []string
		want []string
	}{
		{nil, nil},
		{[]string{"CORS_ALLOW_ORIGINS=https://a.example", "CORS_MAX_AGE=10m", "CORS_ALLOW_HEADERS=x-a"}, nil},
		{[]string{"CORS_ALLOW_ORIGINS="}, []string{"cors.yaml policies.default.allow_origins"}},
		{[]string{"CORS_ALLOW_METHODS=PUT,PATCH", "CORS_MAX_AGE=600s"}, []string{"cors.yaml policies.default.allow_methods"}},
		{[]string{"CORS__POLICIES__OTHER__ALLOW_ORIGINS=https://o.example"}, []string{"cors.yaml policies.other.origins_file"}},
		{[]string{"CORS__POLICIES__LAST__ORIGINS_FILE=o.txt"}, []string{"cors.yaml policies.last.allow_origins"}},
		{[]string{`CORS__ROUTES=[{"path":"/","policies":["default"]}]`}, []string{"cors.yaml routes"}},
		{[]string{"CORS_PROFILE=prod", "CORS_MAX_AGE=10m"}, []string{"cors.prod.yaml policies.default.max_age"}},
	} {
		r := config.Check(context.Background(), files, "cors.yaml", config.Options{Environ: append([]string{}, c.env...)})
		var got []string
		for _, n := range r.Notes {
			if n.Reason == reason.Omitted {
				continue
			}
			if n.Reason != reason.Overridden || n.Line == 0 {
				t.Errorf("%v: %+v", c.env, n)
			}
			got = append(got, n.File+" "+n.Key)
		}
		if r.Err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%v: %v, %v, want %v", c.env, r.Err, got, c.want)
		}
	}
}

// TestReloadWithoutEffect checks that a reload says why a change of the file has no
// effect.
func TestReloadWithoutEffect(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cors.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path+".new", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	write("policies: {default: {allow_origins: [\"https://a.example\"]}}\n")
	results := make(chan config.Result, 10)
	w, err := config.Watch(t.Context(), path, config.Options{
		Environ: []string{"CORS_ALLOW_ORIGINS=https://e.example"}, OnReload: func(r config.Result) { results <- r },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	const without = "policies.default.allow_origins changed without effect, because CORS_ALLOW_ORIGINS is set"
	for _, c := range []struct{ text, want string }{
		{"policies: {default: {allow_origins: [\"https://b.example\"]}}\n", "no change; " + without},
		{"policies: {default: {allow_origins: [\"https://c.example\"], max_age: 10m}}\n", "default max_age: none -> 10m; " + without},
	} {
		write(c.text)
		select {
		case r := <-results:
			if r.Err != nil || r.Diff != c.want {
				t.Errorf("%v, %q, want %q", r.Err, r.Diff, c.want)
			}
		case <-time.After(time.Minute):
			t.Fatal("no reload")
		}
	}
}
