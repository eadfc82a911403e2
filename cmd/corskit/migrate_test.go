package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The module of a program, and a module with the names of rs/cors that it uses.
var migrateProgram = map[string]string{
	"go.mod":        "module example.com/app\n\ngo 1.26.0\n\nrequire github.com/rs/cors v1.0.0\n\nreplace github.com/rs/cors => ./rscors\n",
	"rscors/go.mod": "module github.com/rs/cors\n\ngo 1.26.0\n",
	"rscors/cors.go": `package cors

import "net/http"

type Options struct {
	AllowedOrigins   []string
	AllowOriginFunc  func(origin string) bool
	AllowedMethods   []string
	AllowCredentials bool
	MaxAge           int
}

type Cors struct{}

func New(Options) *Cors                           { return nil }
func (*Cors) Handler(h http.Handler) http.Handler { return h }
`,
	"main.go": `package main

import (
	"net/http"
	"os"
	"strings"

	"github.com/rs/cors"
)

func main() {
	api := cors.New(cors.Options{
		AllowedOrigins:   origins(),
		AllowedMethods:   []string{"GET", "HEAD", "POST", "PUT"},
		AllowCredentials: true,
		MaxAge:           600,
	})
	http.Handle("/api/", api.Handler(http.NotFoundHandler()))
	public := cors.New(cors.Options{AllowedOrigins: strings.Split(os.Getenv("ORIGINS"), ",")})
	http.Handle("/public/", public.Handler(http.NotFoundHandler()))
	everyone := cors.New(cors.Options{AllowOriginFunc: func(string) bool { return true }, AllowCredentials: true})
	http.Handle("/", everyone.Handler(http.NotFoundHandler()))
}

func origins() []string {
	list := []string{"https://app.example.com", "https://old.example.com/"}
	if os.Getenv("APP_ENV") == "dev" {
		list = append(list, "http://localhost:5173")
	}
	return list
}
`,
}

// migrateAlone is the environment in which a program is not part of this repository.
var migrateAlone = []string{"GOWORK=off", "GOFLAGS=-mod=mod"}

func writeProgram(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("go list compiles the program, which takes seconds")
	}
	dir := t.TempDir()
	for name, text := range migrateProgram {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, dir, name, text)
	}
	return dir
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	dir := writeProgram(t)
	golden(t, "migrate", corskitWith(t, dir, migrateAlone, "migrate"))
	golden(t, "migrate-go", corskitWith(t, dir, migrateAlone, "migrate", "--form", "go", "--at", "main.go:12"))

	r := corskitWith(t, dir, migrateAlone, "migrate", "--format", "json")
	var answer migrated
	if err := json.Unmarshal([]byte(r.stdout), &answer); err != nil || r.code != exitNo {
		t.Fatalf("%v: %+v", err, r)
	}
	if got := answer.Counts; got != (placeCounts{Translated: 1, Partly: 1, NoPolicy: 1}) {
		t.Errorf("counts %+v", got)
	}
	if len(answer.Results) != 3 || answer.Results[0].Line != 12 || len(answer.Results[0].Policies) != 2 {
		t.Errorf("%+v", answer.Results)
	}
}

// The files of --file are those of corskit check and its profiles.
func TestMigrateFile(t *testing.T) {
	t.Parallel()
	dir := writeProgram(t)
	args := []string{"migrate", "--at", "main.go:12", "--file", "cors.yaml"}
	if r := corskitWith(t, dir, migrateAlone, args...); r.code != exitYes || !strings.Contains(r.stdout, "wrote cors.dev.yaml") {
		t.Fatalf("%+v", r)
	}
	for _, profile := range []string{"", "dev"} {
		r := corskit(t, dir, "check", "--profile", profile, "cors.yaml")
		if r.code != exitYes || !strings.Contains(r.stdout, "ok (1 policy, "+map[string]string{"": "1 origin",
			"dev": "2 origins"}[profile]) {
			t.Errorf("profile %q: %+v", profile, r)
		}
	}
	for _, test := range []struct{ args, says string }{
		{"--at main.go:12 --file cors.yaml", "cors.yaml already exists; use --force"},
		{"--at main.go:21 --file new.yaml", "there is no policy"},
		{"--file new.yaml", "choose a place with --at FILE:LINE"},
		{"--at main.go:12 --file cors.toml", "name the file cors.yaml"},
		{"--at main.go:1", "no CORS middleware is created there"},
		{"./missing", "cannot read any package"},
	} {
		r := corskitWith(t, dir, migrateAlone, append([]string{"migrate"}, strings.Fields(test.args)...)...)
		if r.code != exitFail || !strings.Contains(r.stderr, test.says) {
			t.Errorf("%s: want %q: %+v", test.args, test.says, r)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "new.yaml")); err == nil {
		t.Error("new.yaml was written")
	}
}

func TestMigrateWrites(t *testing.T) {
	t.Parallel()
	dir := writeProgram(t)
	r := corskitWith(t, dir, migrateAlone, "migrate", "--write")
	contains(t, "migrate --write", r.stdout, "  written\n", "  not written: AllowOriginFunc allows every origin with credentials",
		"Now run 'go get github.com/corskit/corskit && go mod tidy', and build.")
	text, err := os.ReadFile(filepath.Join(dir, "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	contains(t, "main.go", string(text),
		`public := corshttp.Middleware(core.MustNew(core.Policy{`, `AllowOrigins: strings.Split(os.Getenv("ORIGINS"), ","),`,
		`public(http.NotFoundHandler())`, `if os.Getenv("APP_ENV") == "dev" {`, `everyone := cors.New(cors.Options{`)

	write(t, dir, "main.go", strings.ReplaceAll(migrateProgram["main.go"], "api.Handler(http.NotFoundHandler())", "use(api)")+
		"\nfunc use(c *cors.Cors) http.Handler { return c.Handler(http.NotFoundHandler()) }\n")
	r = corskitWith(t, dir, migrateAlone, "migrate", "--write", "--at", "main.go:12")
	contains(t, "migrate --write", r.stdout, "not written: api is used at main.go:18:27 in a way that corskit does not support")
}

func TestMigrateNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "go.mod", "module example.com/app\n\ngo 1.26.0\n")
	write(t, dir, "main.go", "package main\n\nfunc main() {}\n")
	r := corskitWith(t, dir, migrateAlone, "migrate")
	if r.code != exitYes || r.stdout != "no CORS middleware in 1 package\n" {
		t.Errorf("%+v", r)
	}
}
