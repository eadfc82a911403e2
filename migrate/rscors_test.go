package migrate_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/corskit/corskit/migrate"
)

// stubs are the modules of the libraries that programs of tests use: their exported
// names, without bodies.
const stubMod = "module example.com/app\n\ngo 1.26.0\n\n"

func TestRSCors(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "go.mod", stubMod+"require github.com/rs/cors v1.11.1\nreplace github.com/rs/cors => ./rscors\n")
	write(t, dir, "rscors/go.mod", "module github.com/rs/cors\n\ngo 1.26.0\n")
	write(t, dir, "rscors/cors.go", `package cors

import "net/http"

type Options struct {
	AllowedOrigins []string
	AllowOriginFunc func(string) bool
	AllowedMethods, AllowedHeaders, ExposedHeaders []string
	MaxAge int
	AllowCredentials, AllowPrivateNetwork, OptionsPassthrough bool
}

type Cors struct{}

func New(Options) *Cors { return nil }
func Default() *Cors { return nil }
func AllowAll() *Cors { return nil }
func (*Cors) Handler(h http.Handler) http.Handler { return h }
`)
	write(t, dir, "main.go", `package main

import (
	"net/http"
	"os"
	"strings"

	"github.com/rs/cors"
)

const host = "app.example"

func origins() []string {
	list := []string{"https://" + host, "https://*.app.example", "http://localhost:*"}
	if os.Getenv("APP_ENV") == "dev" {
		list = append(list, "http://localhost:3000")
	}
	return list
}

func env(key, fallback string) string {
	if v := os.Getenv(key); v != "" {
		return v
	}
	return fallback
}

func main() {
	c := cors.New(cors.Options{
		AllowedOrigins:   origins(),
		AllowedMethods:   []string{http.MethodGet, http.MethodPut, "POST", "HEAD"},
		AllowCredentials: true,
		MaxAge:           600,
	})
	http.Handle("/", c.Handler(http.NotFoundHandler()))
	d := cors.New(cors.Options{AllowedOrigins: strings.Split(env("ORIGINS", "https://a.example,https://b.example"), ",")})
	http.Handle("/d", d.Handler(http.NotFoundHandler()))
	http.Handle("/a", cors.AllowAll().Handler(http.NotFoundHandler()))
}
`)
	p, err := migrate.Load(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range p.Faults {
		t.Error(f)
	}
	for _, r := range p.Migrate(t.Context()) {
		t.Log(r.Site.Pos, r.Outcome, r.Why)
		for _, v := range r.Variants {
			t.Logf("%q %q %+v\n%v %v", v.Profile, v.When, v.Policy, v.Kept, v.Faults)
			for _, n := range v.Notes {
				t.Log(n.Change, n.Code, n.Text)
			}
		}
		t.Log(r.YAML(), r.Go())
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
