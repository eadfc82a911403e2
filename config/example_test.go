package config_test

import (
	"context"
	"fmt"
	"io/fs"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
)

// none means no environment, so that the examples do not depend on the process.
var none = config.Options{Environ: []string{}}

func writeExample(name, text string) (path string, remove func()) {
	dir, err := os.MkdirTemp("", "corskit")
	if err != nil {
		log.Fatal(err)
	}
	path = filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		log.Fatal(err)
	}
	return path, func() { os.RemoveAll(dir) }
}

func ExampleLoad() {
	path, remove := writeExample("cors.yaml", `
policies:
  default:
    allow_origins: ["https://app.example.com"]
    allow_headers: [authorization]
    max_age: 10m
`)
	defer remove()

	engine, err := config.Load(path, none)
	if err != nil {
		log.Fatal(err)
	}
	handler := corshttp.Middleware(engine)(http.NotFoundHandler())

	r := httptest.NewRequest("OPTIONS", "https://api.example.com/items", nil)
	r.Header.Set("Origin", "https://app.example.com")
	r.Header.Set("Access-Control-Request-Method", "PUT")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Println(w.Code, w.Header().Get("Access-Control-Allow-Origin"), w.Header().Get("Access-Control-Max-Age"))
	// Output: 204 https://app.example.com 600
}

// All faults are reported at once, each with its place and its correction.
func ExampleLoad_faults() {
	_, err := config.Read(context.Background(), config.Static{"cors.yaml": []byte(`
policies:
  spa:
    allow_orgins: ["https://app.example.com"]
    max_age: 600
`)}, "cors.yaml", config.Options{Environ: []string{"CORS__POLICIES__SPA__CREDENTIALS=true"}})
	fmt.Println(err)
	// Output:
	// cors.yaml:4:5: policies.spa.allow_orgins: an unknown key; did you mean "allow_origins"?
	// cors.yaml:5:14: policies.spa.max_age "600": a duration without a unit; write "600s" for seconds
	// CORS__POLICIES__SPA__CREDENTIALS: an unknown key; did you mean CORS__POLICIES__SPA__ALLOW_CREDENTIALS?
}

func ExampleErrors() {
	_, err := config.Read(context.Background(), config.Static{"cors.yaml": []byte(`policies:
  spa: {allow_origins: ["https://app.example.com/"]}
`)}, "cors.yaml", none)
	for e := range config.Errors(err) {
		fmt.Printf("%s %s: %s\n", e.Reason, e.Place, e.Suggestion)
		fmt.Println(e.Excerpt.Text)
		fmt.Printf("%*s%s\n", e.Excerpt.Start, "", "^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"[:e.Excerpt.Width])
	}
	// Output:
	// trailing-slash cors.yaml:2:25: did you mean "https://app.example.com"?
	//   spa: {allow_origins: ["https://app.example.com/"]}
	//                         ^^^^^^^^^^^^^^^^^^^^^^^^^^
}

func ExampleFromEnv() {
	engine, err := config.FromEnv(config.Options{Environ: []string{
		"CORS_ALLOW_ORIGINS=https://app.example.com, http://[::1]:3000",
		"CORS_ALLOW_CREDENTIALS=true",
	}})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(engine.AllowsOrigin("http://[::1]:3000"), engine.AllowsOrigin("https://evil.test"))
	// Output: true false
}

// An application's own variables set keys, and are left alone.
func ExampleOptions_variables() {
	engine, err := config.FromEnv(config.Options{
		Variables:       map[string]string{"FRONTEND_URL": "policies.default.allow_origins"},
		IgnoreVariables: []string{"CORS_PROXY_URL"},
		Environ:         []string{"FRONTEND_URL=https://app.example.com", "CORS_PROXY_URL=http://proxy.internal"},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(engine.AllowsOrigin("https://app.example.com"))
	// Output: true
}

// The origins of the policy "partners" are in a database. The function is asked for every
// request whose origin the file does not list.
func ExampleOptions_allowOriginFuncs() {
	var database sync.Map // in place of a real one
	isPartner := func(_ context.Context, r core.Request) bool {
		_, ok := database.Load(r.OriginValue())
		return ok
	}
	path, remove := writeExample("cors.yaml", `
policies:
  app: {allow_origins: ["https://app.example.com"], allow_credentials: true}
  partners: {allow_methods: [PUT]}
`)
	defer remove()

	engine, err := config.Load(path, none, config.Options{
		AllowOriginFuncs: map[string]func(context.Context, core.Request) bool{"partners": isPartner},
	})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(corshttp.Middleware(engine)(http.NotFoundHandler()))
	defer server.Close()
	ask := func(origin string) {
		r, err := http.NewRequest("GET", server.URL, nil)
		if err != nil {
			log.Fatal(err)
		}
		r.Header.Set("Origin", origin)
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			log.Fatal(err)
		}
		res.Body.Close()
		fmt.Printf("%q\n", res.Header.Get("Access-Control-Allow-Origin"))
	}
	ask("https://shop.example")
	database.Store("https://shop.example", true)
	ask("https://shop.example")
	ask("https://app.example.com")
	// Output:
	// ""
	// "https://shop.example"
	// "https://app.example.com"
}

// A section of the application's own struct, which another library has filled.
func ExampleFromMap_struct() {
	var app struct {
		Addr string
		CORS struct {
			Origins     []string `yaml:"allow_origins"`
			Credentials bool     `yaml:"allow_credentials"`
			MaxAge      time.Duration
		}
	}
	app.CORS.Origins = []string{"https://app.example.com"}
	app.CORS.MaxAge = 10 * time.Minute

	engine, err := config.FromMap(map[string]any{"policies": map[string]any{"default": app.CORS}}, none)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(engine.AllowsOrigin("https://app.example.com"), engine.AllowsOrigin("https://evil.test"))

	app.CORS.Origins = []string{"a.example"}
	_, err = config.FromMap(map[string]any{"policies": map[string]any{"default": app.CORS}}, none)
	fmt.Println(err)
	// Output:
	// true false
	// configuration: policies.default.allow_origins[0] "a.example": an origin begins with its scheme; did you mean "https://a.example"?
}

// methodsInCode is a source that has cors.yaml from the program, and other files from a
// directory.
type methodsInCode struct{ config.Files }

func (s methodsInCode) Load(ctx context.Context, name string, limit int64) (config.Document, error) {
	if name == "cors.yaml" {
		return config.Static{name: []byte(`
policies:
  partners:
    origins_file: partners.txt
    allow_methods: [PUT]
    allow_headers: [authorization]
`)}.Load(ctx, name, limit)
	}
	return s.Files.Load(ctx, name, limit)
}

func (s methodsInCode) Watch(ctx context.Context, seen map[string]string) error {
	seen = maps.Clone(seen)
	delete(seen, "cors.yaml") // it never changes
	return s.Files.Watch(ctx, seen)
}

// Methods and headers are in the program. Only the list of origins is watched.
func ExampleWatchSource_methodsInCode() {
	path, remove := writeExample("partners.txt", "https://a.example\n")
	defer remove()

	reloaded := make(chan config.Result)
	files := methodsInCode{config.Files{Dir: filepath.Dir(path)}}
	watcher, err := config.WatchSource(context.Background(), files, "cors.yaml", config.Options{
		Environ:  []string{},
		OnReload: func(r config.Result) { reloaded <- r },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer watcher.Close()

	if err := os.WriteFile(path+".new", []byte("https://b.example\n"), 0o644); err != nil {
		log.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		log.Fatal(err)
	}
	r := <-reloaded
	fmt.Println(r.Diff, r.Err)
	fmt.Println(watcher.Engine().AllowsOrigin("https://a.example"), watcher.Engine().AllowsOrigin("https://b.example"))
	// Output:
	// partners +https://b.example, -https://a.example <nil>
	// false true
}

func ExampleWatch() {
	path, remove := writeExample("cors.yaml", "policies: {default: {allow_origins: [\"https://a.example\"]}}\n")
	defer remove()

	reloaded := make(chan config.Result)
	watcher, err := config.Watch(context.Background(), path, config.Options{
		Environ:  []string{},
		OnReload: func(r config.Result) { reloaded <- r },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer watcher.Close()
	engine := watcher.Engine() // for a middleware; it stays the same

	if err := os.WriteFile(path, []byte("policies: {default: {allow_origins: [\"https://b.example\"]}}\n"), 0o644); err != nil {
		log.Fatal(err)
	}
	fmt.Println((<-reloaded).Diff)
	fmt.Println(engine.AllowsOrigin("https://a.example"), engine.AllowsOrigin("https://b.example"))

	// A file with faults changes nothing, and is reported.
	if err := os.WriteFile(path, []byte("policies: {default: {allow_orgins: []}}\n"), 0o644); err != nil {
		log.Fatal(err)
	}
	for e := range config.Errors((<-reloaded).Err) {
		fmt.Println(e.Key, e.Detail)
	}
	fmt.Println(engine.AllowsOrigin("https://b.example"))
	// Output:
	// default +https://b.example, -https://a.example
	// false true
	// policies.default.allow_orgins an unknown key
	// true
}

// registry is a store of documents with revisions, like etcd.
type registry struct {
	mu      sync.Mutex
	docs    map[string]string
	numbers map[string]int
	changed chan struct{} // closed by the next change
}

func (r *registry) Put(name, text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.docs[name] = text
	r.numbers[name]++
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *registry) Load(_ context.Context, name string, limit int64) (config.Document, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	text, ok := r.docs[name]
	if !ok {
		return config.Document{}, fs.ErrNotExist
	}
	doc := config.Document{Name: "registry:" + name, Revision: fmt.Sprint(r.numbers[name])}
	if int64(len(text)) > limit {
		return doc, config.ErrTooLarge
	}
	doc.Data = []byte(text)
	return doc, nil
}

func (r *registry) Watch(ctx context.Context, seen map[string]string) error {
	for {
		r.mu.Lock()
		changed := r.changed
		for name, revision := range seen {
			now := ""
			if _, ok := r.docs[name]; ok {
				now = fmt.Sprint(r.numbers[name])
			}
			if now != revision {
				r.mu.Unlock()
				return nil
			}
		}
		r.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

// The two methods of a Source for another store have about forty lines.
func ExampleSource() {
	store := &registry{docs: make(map[string]string), numbers: make(map[string]int), changed: make(chan struct{})}
	store.Put("cors.json", `{"policies": {"default": {"allow_origins": ["https://a.example"]}}}`)

	reloaded := make(chan config.Result)
	watcher, err := config.WatchSource(context.Background(), store, "cors.json", config.Options{
		Environ:  []string{},
		OnReload: func(r config.Result) { reloaded <- r },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer watcher.Close()

	store.Put("cors.json", `{"policies": {"default": {"allow_origins": ["https://a.example", "https://b.example"]}}}`)
	fmt.Println((<-reloaded).Diff)
	fmt.Println(watcher.Status().Revision.Source)
	// Output:
	// default +https://b.example
	// registry:cors.json
}

func ExampleSchema() {
	for _, f := range config.Schema().Fields {
		fmt.Println(f.Key, f.Type, len(f.Fields))
	}
	// Output:
	// version integer 0
	// variables texts 0
	// ignore_variables list 0
	// policies map 12
	// routes tables 3
	// shadow table 2
}
