package config_test

import (
	"context"
	"fmt"
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

// read reads cors.yaml, or the one file there is, with an environment.
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

// policies are what a test compares: without the functions, which do not.
func policies(c *config.Config) []core.Policy { return c.Policies }

func wantPolicies(t *testing.T, c *config.Config, want ...core.Policy) {
	t.Helper()
	if got := policies(c); !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// everything is the file of the documentation, in each format, and the policies
// and routes it describes.
var everything = map[string]string{
	"cors.yaml": `
version: 1
policies:
  spa:
    allow_origins: ["https://app.example.com", "https://*.pr.example.com"]
    origins_file: partners.txt
    allow_methods: [GET, POST, PUT]
    allow_headers: [authorization, content-type]
    expose_headers: [etag]
    allow_credentials: true
    max_age: 10m
    allow_private_network: true
    reject_disallowed: true
    dangerously_allow_insecure_origins: true
    dangerously_allow_public_suffixes: true
  nobody: {}
  public:
    allow_origins: ["*"]
    max_age: disabled
    dangerously_allow_null_origin: true
routes:                       # ordered, first match wins
  - {path: /public/, policies: [public]}
  - {host: api.example.com, path: /, policies: [spa, public]}
`,
	"cors.json": `{
  "version": 1,
  "policies": {
    "spa": {
      "allow_origins": ["https://app.example.com", "https://*.pr.example.com"],
      "origins_file": "partners.txt",
      "allow_methods": ["GET", "POST", "PUT"],
      "allow_headers": ["authorization", "content-type"],
      "expose_headers": ["etag"],
      "allow_credentials": true,
      "max_age": "10m",
      "allow_private_network": true,
      "reject_disallowed": true,
      "dangerously_allow_insecure_origins": true,
      "dangerously_allow_public_suffixes": true
    },
    "nobody": {},
    "public": {"allow_origins": ["*"], "max_age": "disabled", "dangerously_allow_null_origin": true}
  },
  "routes": [
    {"path": "/public/", "policies": ["public"]},
    {"host": "api.example.com", "path": "/", "policies": ["spa", "public"]}
  ]
}`,
	"cors.toml": `
version = 1

[policies.spa]
allow_origins = ["https://app.example.com", "https://*.pr.example.com"]
origins_file = "partners.txt"
allow_methods = [
  "GET", # and HEAD
  "POST",
  "PUT",
]
allow_headers = ["authorization", "content-type"]
expose_headers = ["etag"]
allow_credentials = true
max_age = "10m"
allow_private_network = true
reject_disallowed = true
dangerously_allow_insecure_origins = true
dangerously_allow_public_suffixes = true

[policies]
nobody = {}
public.allow_origins = ["*"]
public.max_age = 'disabled'
public.dangerously_allow_null_origin = true

[[routes]]
path = "/public/"
policies = ["public"]

[[routes]]
host = "api.example.com"
path = "/"
policies = ["spa", "public"]
`,
}

func TestFormats(t *testing.T) {
	spa := core.Policy{
		Name:         "spa",
		AllowOrigins: []string{"https://app.example.com", "https://*.pr.example.com", "https://partner.example", "http://[2001:db8::1]:8443"},
		AllowMethods: []string{"GET", "POST", "PUT"}, AllowHeaders: []string{"authorization", "content-type"},
		ExposeHeaders: []string{"etag"}, AllowCredentials: true, MaxAge: 10 * time.Minute,
		AllowPrivateNetwork: true, RejectDisallowed: true,
		DangerouslyAllowInsecureOrigins: true, DangerouslyAllowPublicSuffixes: true,
	}
	nobody := core.Policy{Name: "nobody"}
	public := core.Policy{
		Name: "public", AllowOrigins: []string{"*"}, MaxAge: core.NoPreflightCache, DangerouslyAllowNullOrigin: true,
	}
	routes := []core.Route{
		{Path: "/public/", Policies: []core.Policy{public}},
		{Host: "api.example.com", Path: "/", Policies: []core.Policy{spa, public}},
	}
	for name, text := range everything {
		// The same in the spellings that editors and other systems make of it.
		for kind, data := range map[string]string{
			"":                        text,
			" with CRLF":              strings.ReplaceAll(text, "\n", "\r\n"),
			" with a BOM":             "\ufeff" + text,
			" without a newline":      strings.TrimRight(text, "\n"),
			" with blanks at the end": text + "\n  \n",
		} {
			t.Run(name+kind, func(t *testing.T) {
				files := config.Static{
					name:           []byte(data),
					"partners.txt": []byte("\ufeff# partners\r\n\r\n  https://partner.example  # since May\r\nhttp://[2001:db8::1]:8443"),
				}
				c, err := config.Read(context.Background(), files, name, config.Options{Environ: []string{}})
				if err != nil {
					t.Fatal(err)
				}
				wantPolicies(t, c, spa, nobody, public)
				if !reflect.DeepEqual(c.Routes, routes) {
					t.Errorf("got\n%+v\nwant\n%+v", c.Routes, routes)
				}
				if want := []string{name, "partners.txt"}; !slices.Equal(c.Files, want) {
					t.Errorf("files %q, want %q", c.Files, want)
				}
				d := c.Engine().Decide(context.Background(), core.Request{
					Method: "GET", Host: "api.example.com", Path: "/x", Origin: []string{"http://[2001:db8::1]:8443"},
				})
				if !d.Allowed || d.Policy != "spa" {
					t.Errorf("decided %+v", d)
				}
			})
		}
	}
}

func TestPoliciesKeepTheOrderOfTheFile(t *testing.T) {
	for name, text := range map[string]string{
		"cors.yaml": "policies:\n  zulu: {}\n  alpha: {}\n  mike: {}\n",
		"cors.json": `{"policies": {"zulu": {}, "alpha": {}, "mike": {}}}`,
		"cors.toml": "[policies.zulu]\n[policies.alpha]\n[policies.mike]\n",
	} {
		c := read(t, config.Static{name: []byte(text)})
		wantPolicies(t, c, core.Policy{Name: "zulu"}, core.Policy{Name: "alpha"}, core.Policy{Name: "mike"})
	}
	// The first policy that matches governs.
	c := read(t, yaml(`
policies:
  zulu: {allow_origins: ["https://a.example"], expose_headers: [x-zulu]}
  alpha: {allow_origins: ["*"], expose_headers: [x-alpha]}
`))
	for origin, policy := range map[string]string{"https://a.example": "zulu", "https://b.example": "alpha"} {
		if d := c.Engine().Decide(context.Background(), core.Request{Method: "GET", Origin: []string{origin}}); d.Policy != policy {
			t.Errorf("%s is governed by %q, want %q", origin, d.Policy, policy)
		}
	}
}

func TestEnvironmentOverFile(t *testing.T) {
	const file = `
policies:
  default:
    allow_origins: ["https://file.example"]
    allow_methods: [PUT]
    max_age: 5m
  my-app:
    allow_origins: ["https://file.example"]
    allow_credentials: true
`
	def := core.Policy{
		Name: "default", AllowOrigins: []string{"https://file.example"}, AllowMethods: []string{"PUT"}, MaxAge: 5 * time.Minute,
	}
	app := core.Policy{Name: "my-app", AllowOrigins: []string{"https://file.example"}, AllowCredentials: true}
	for _, c := range []struct {
		name   string
		env    []string
		change func(def, app *core.Policy)
	}{
		{"nothing", []string{"PATH=/bin", "CORSIKA=1", "XCORS_MAX_AGE=1", "CORS"}, func(def, app *core.Policy) {}},
		{"the policy default", []string{"CORS_ALLOW_ORIGINS=https://env.example"}, func(def, app *core.Policy) {
			def.AllowOrigins = []string{"https://env.example"}
		}},
		{"another policy", []string{"CORS__POLICIES__MY_APP__ALLOW_ORIGINS=https://env.example"}, func(def, app *core.Policy) {
			app.AllowOrigins = []string{"https://env.example"}
		}},
		{"default by its long name", []string{"CORS__POLICIES__DEFAULT__MAX_AGE=disabled"}, func(def, app *core.Policy) {
			def.MaxAge = core.NoPreflightCache
		}},
		{"every field of default", []string{
			"CORS_ALLOW_ORIGINS=https://env.example", "CORS_ALLOW_METHODS=PATCH,DELETE", "CORS_ALLOW_HEADERS=x-a",
			"CORS_EXPOSE_HEADERS=x-b", "CORS_ALLOW_CREDENTIALS=true", "CORS_MAX_AGE=1h30m", "CORS_ALLOW_PRIVATE_NETWORK=true",
			"CORS_REJECT_DISALLOWED=true", "CORS_DANGEROUSLY_ALLOW_INSECURE_ORIGINS=true",
			"CORS_DANGEROUSLY_ALLOW_PUBLIC_SUFFIXES=true", "CORS_DANGEROUSLY_ALLOW_NULL_ORIGIN=true",
		}, func(def, app *core.Policy) {
			*def = core.Policy{
				Name: "default", AllowOrigins: []string{"https://env.example"}, AllowMethods: []string{"PATCH", "DELETE"},
				AllowHeaders: []string{"x-a"}, ExposeHeaders: []string{"x-b"}, AllowCredentials: true, MaxAge: 90 * time.Minute,
				AllowPrivateNetwork: true, RejectDisallowed: true, DangerouslyAllowInsecureOrigins: true,
				DangerouslyAllowPublicSuffixes: true, DangerouslyAllowNullOrigin: true,
			}
		}},
		{"false over true", []string{"CORS__POLICIES__MY_APP__ALLOW_CREDENTIALS=false"}, func(def, app *core.Policy) {
			app.AllowCredentials = false
		}},
		{"set and empty", []string{"CORS_ALLOW_ORIGINS=", "CORS__POLICIES__MY_APP__ALLOW_ORIGINS= \t"}, func(def, app *core.Policy) {
			def.AllowOrigins, app.AllowOrigins = []string{}, []string{}
		}},
		{"blanks, ports, IPv6", []string{"CORS_ALLOW_ORIGINS= https://a.example:8443 ,\thttp://[::1]:3000,http://localhost:* "}, func(def, app *core.Policy) {
			def.AllowOrigins = []string{"https://a.example:8443", "http://[::1]:3000", "http://localhost:*"}
		}},
		{"JSON, for entries with commas", []string{`CORS_ALLOW_ORIGINS=["regexp:https://[a-z]{1,3}\\.example\\.com", "https://b.example"]`}, func(def, app *core.Policy) {
			def.AllowOrigins = []string{`regexp:https://[a-z]{1,3}\.example\.com`, "https://b.example"}
		}},
		{"an expression without commas", []string{`CORS_ALLOW_ORIGINS=regexp:https://[a-z]+\.example\.com`}, func(def, app *core.Policy) {
			def.AllowOrigins = []string{`regexp:https://[a-z]+\.example\.com`}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			wantDef, wantApp := def, app
			c.change(&wantDef, &wantApp)
			wantPolicies(t, read(t, yaml(file), c.env...), wantDef, wantApp)
		})
	}
}

func TestEmptyMeansDeny(t *testing.T) {
	files := config.Static{
		"cors.yaml":    []byte("policies:\n  default:\n    allow_origins: [\"https://a.example\"]\n    origins_file: partners.txt\n"),
		"partners.txt": []byte("https://b.example\n"),
	}
	c := read(t, files)
	for _, o := range []string{"https://a.example", "https://b.example"} {
		if !c.Engine().AllowsOrigin(o) {
			t.Errorf("%s is refused without the variable", o)
		}
	}
	// Both ways to list origins are one setting: empty means none of either.
	c = read(t, files, "CORS_ALLOW_ORIGINS=")
	for _, o := range []string{"https://a.example", "https://b.example"} {
		if c.Engine().AllowsOrigin(o) {
			t.Errorf("%s is allowed in spite of CORS_ALLOW_ORIGINS=", o)
		}
	}
	if len(c.Files) != 1 {
		t.Errorf("read %q", c.Files)
	}
	// And the other way round.
	c = read(t, files, "CORS_ORIGINS_FILE=partners.txt")
	if c.Engine().AllowsOrigin("https://a.example") || !c.Engine().AllowsOrigin("https://b.example") {
		t.Error("CORS_ORIGINS_FILE does not replace the origins of the file")
	}
	engine, err := config.FromEnv(config.Options{Environ: []string{"CORS_ALLOW_ORIGINS="}})
	if err != nil {
		t.Fatal(err)
	}
	if engine.AllowsOrigin("https://a.example") {
		t.Error("an empty CORS_ALLOW_ORIGINS allows an origin")
	}
}

func TestRoutesFromTheEnvironment(t *testing.T) {
	c := read(t, yaml("policies: {spa: {}, public: {}}\nroutes: [{policies: [spa]}]\n"),
		`CORS__ROUTES=[{"path": "/public/", "policies": ["public"]}, {"host": "a.example", "policies": ["spa"]}]`)
	want := []core.Route{
		{Path: "/public/", Policies: []core.Policy{{Name: "public"}}},
		{Host: "a.example", Policies: []core.Policy{{Name: "spa"}}},
	}
	if !reflect.DeepEqual(c.Routes, want) {
		t.Errorf("got %+v", c.Routes)
	}
}

func TestProfiles(t *testing.T) {
	files := config.Static{
		"conf/cors.yaml": []byte(`
policies:
  spa:
    allow_origins: ["https://app.example.com"]
    origins_file: partners.txt
    allow_methods: [PUT]
    allow_credentials: true
  public: {allow_origins: ["*"]}
routes:
  - {path: /public/, policies: [public]}
  - {policies: [spa]}
`),
		"partners.txt": []byte("https://partner.example\n"),
		"conf/cors.dev.yaml": []byte(`
policies:
  spa:
    allow_origins: ["http://localhost:*"]
  debug: {allow_origins: ["http://localhost:9000"]}
`),
		"conf/cors.flat.yaml": []byte("routes: [{policies: [public, spa]}]\n"),
	}
	load := func(profile string, env ...string) *config.Config {
		t.Helper()
		c, err := config.Read(context.Background(), files, "conf/cors.yaml", config.Options{Profile: profile, Environ: append([]string{}, env...)})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	base := load("")
	if got := base.Policies[0].AllowOrigins; !slices.Equal(got, []string{"https://app.example.com", "https://partner.example"}) {
		t.Errorf("without a profile: %q", got)
	}
	for _, dev := range []*config.Config{load("dev"), load("", "CORS_PROFILE=dev"), load("flat", "CORS_PROFILE=dev")} {
		wantPolicies(t, dev,
			core.Policy{Name: "spa", AllowOrigins: []string{"http://localhost:*"}, AllowMethods: []string{"PUT"}, AllowCredentials: true},
			core.Policy{Name: "public", AllowOrigins: []string{"*"}},
			core.Policy{Name: "debug", AllowOrigins: []string{"http://localhost:9000"}})
		if len(dev.Routes) != 2 {
			t.Errorf("routes %+v", dev.Routes)
		}
		if len(dev.Warnings) == 0 || dev.Warnings[0].String() !=
			"conf/cors.dev.yaml:5:3: policies.debug: no route names this policy; name it in a route, or remove it" {
			t.Errorf("warnings %v", dev.Warnings)
		}
	}
	// An empty variable is no profile, whatever the options say.
	if c := load("dev", "CORS_PROFILE="); len(c.Policies) != 2 {
		t.Errorf("an empty CORS_PROFILE: %+v", c.Policies)
	}
	flat := load("flat")
	if len(flat.Routes) != 1 || len(flat.Routes[0].Policies) != 2 || flat.Routes[0].Policies[0].Name != "public" {
		t.Errorf("a profile's routes do not replace all: %+v", flat.Routes)
	}
	// The environment is over the profile.
	over := load("dev", "CORS__POLICIES__SPA__ALLOW_ORIGINS=https://env.example")
	if got := over.Policies[0].AllowOrigins; !slices.Equal(got, []string{"https://env.example"}) {
		t.Errorf("environment over profile: %q", got)
	}
}

func TestFromEnv(t *testing.T) {
	c, err := config.ReadEnv(config.Options{Environ: []string{
		"CORS__POLICIES__API__ALLOW_ORIGINS=https://api.example",
		"CORS__POLICIES__WEB_2__ALLOW_ORIGINS=https://web.example",
		"CORS_ALLOW_ORIGINS=https://a.example", "CORS_MAX_AGE=10m",
	}})
	if err != nil {
		t.Fatal(err)
	}
	wantPolicies(t, c,
		core.Policy{Name: "default", AllowOrigins: []string{"https://a.example"}, MaxAge: 10 * time.Minute},
		core.Policy{Name: "api", AllowOrigins: []string{"https://api.example"}},
		core.Policy{Name: "web_2", AllowOrigins: []string{"https://web.example"}})
	if c.Revision.Source != "environment" {
		t.Errorf("source %q", c.Revision.Source)
	}
	// By default it is the environment of the process, as it is then.
	for _, name := range []string{"CORS_ALLOW_ORIGINS", "CORS_PROFILE"} {
		if v, ok := os.LookupEnv(name); ok {
			t.Skipf("%s=%s is set in the environment of this test", name, v)
		}
	}
	for _, origin := range []string{"https://one.example", "https://two.example"} {
		t.Setenv("CORS_ALLOW_ORIGINS", origin)
		engine, err := config.FromEnv()
		if err != nil {
			t.Fatal(err)
		}
		if !engine.AllowsOrigin(origin) {
			t.Errorf("%s is refused", origin)
		}
	}
	t.Setenv("CORS_ALLOW_ORIGNS", "https://x.example")
	if _, err := config.FromEnv(); err == nil || !strings.Contains(err.Error(), "did you mean CORS_ALLOW_ORIGINS?") {
		t.Errorf("an unknown variable: %v", err)
	}
}

func TestAliases(t *testing.T) {
	c := read(t, yaml(`
policies:
  a: {allow_headers: &h [x-a, x-b], max_age: &m 5m}
  b: {allow_headers: *h, max_age: *m}
`))
	if a, b := c.Policies[0], c.Policies[1]; !slices.Equal(a.AllowHeaders, b.AllowHeaders) || len(b.AllowHeaders) != 2 || b.MaxAge != 5*time.Minute {
		t.Errorf("got %+v and %+v", a, b)
	}
	// Aliases of aliases would make a billion values of a few hundred bytes.
	var bomb strings.Builder
	bomb.WriteString("policies:\n  p0: {allow_headers: &a0 [x-a, x-a, x-a, x-a, x-a, x-a, x-a, x-a, x-a, x-a]}\n")
	for i := range 9 {
		from, to := string(rune('0'+i)), string(rune('1'+i))
		bomb.WriteString("  p" + to + ": {allow_headers: &a" + to + " [" + strings.Repeat("*a"+from+", ", 9) + "*a" + from + "]}\n")
	}
	start := time.Now()
	_, err := config.Read(context.Background(), yaml(bomb.String()), "cors.yaml", config.Options{Environ: []string{}})
	if err == nil || !strings.Contains(err.Error(), "aliases make too many of them") {
		t.Errorf("got %v", err)
	}
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("took %v", d)
	}
}

func TestFileSystem(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "conf", "cors.yaml")
	write(t, path, "policies: {spa: {origins_file: lists/partners.txt}}\n")
	write(t, filepath.Join(dir, "conf", "lists", "partners.txt"), "https://a.example\n")
	none := config.Options{Environ: []string{}}
	engine, err := config.Load(path, none)
	if err != nil {
		t.Fatal(err)
	}
	if !engine.AllowsOrigin("https://a.example") {
		t.Error("an origin of the origins_file is refused")
	}
	abs := filepath.Join(dir, "elsewhere.txt")
	write(t, abs, "https://b.example\n")
	engine, err = config.Load(path, config.Options{Environ: []string{"CORS__POLICIES__SPA__ORIGINS_FILE=" + abs}})
	if err != nil {
		t.Fatal(err)
	}
	if !engine.AllowsOrigin("https://b.example") {
		t.Error("an absolute origins_file is not read")
	}
	for _, c := range []struct {
		path string
		want string
	}{
		{"", "no file name; FromEnv reads the environment alone"},
		{filepath.Join(dir, "no", "such.yaml"), filepath.Join(dir, "no", "such.yaml") + ": no such file"},
		{filepath.Join(dir, "dir.yaml"), filepath.Join(dir, "dir.yaml") + ": cannot be read: it is a directory"},
		{"/dev/null", "/dev/null: cannot be read: it is not a regular file"},
	} {
		if c.path == filepath.Join(dir, "dir.yaml") {
			if err := os.Mkdir(c.path, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := config.Load(c.path, none); err == nil || err.Error() != c.want {
			t.Errorf("Load(%q): %v, want %s", c.path, err, c.want)
		}
	}
	loop := filepath.Join(dir, "loop.yaml")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	if _, err := config.Load(loop, none); err == nil || err.Error() != loop+": cannot be read: too many levels of symbolic links" {
		t.Errorf("a link to itself: %v", err)
	}
	if os.Getuid() != 0 { // root may read everything
		secret := filepath.Join(dir, "secret.yaml")
		write(t, secret, "policies: {spa: {}}\n")
		if err := os.Chmod(secret, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := config.Load(secret, none); err == nil || err.Error() != secret+": cannot be read: permission denied" {
			t.Errorf("a file without permissions: %v", err)
		}
	}
}

// write writes a file in the way of an ordinary program, and makes its directory.
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
		if w.Code == "" || w.Detail == "" {
			t.Errorf("a warning that lacks something: %+v", w)
		}
	}
	for _, want := range []string{
		`cors.yaml:6:3: policies.other: no route names this policy; name it in a route, or remove it`,
		`cors.yaml:3:41: policies.spa.allow_origins[1] "http://a.example": `,
		`cors.yaml:4:21: policies.spa.allow_methods[0] "GET": CORS never asks permission for GET`,
		`cors.yaml:5:14: policies.spa.max_age "3h0m0s": Chromium honours at most 2h`,
		`cors.yaml:10:`,
		`CORS__POLICIES__SPA__ALLOW_HEADERS: policies.spa.allow_headers[1] "X-A": listed before`,
	} {
		if !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, want) }) {
			t.Errorf("no warning begins with %s\nin\n%s", want, strings.Join(got, "\n"))
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
		{Phase: config.PhaseReading, File: "cors.yaml"},
		{Phase: config.PhaseReading, File: "list"},
		{Phase: config.PhaseOrigins, File: "list", Done: 1 << 16, Total: 200_001},
		{Phase: config.PhaseOrigins, File: "list", Done: 2 << 16, Total: 200_001},
		{Phase: config.PhaseOrigins, File: "list", Done: 3 << 16, Total: 200_001},
		{Phase: config.PhaseOrigins, File: "list", Done: 200_000, Total: 200_000},
		{Phase: config.PhaseCompiling, Total: 200_000},
		{Phase: config.PhaseCompiling, Done: 200_000, Total: 200_000},
	}
	if !slices.Equal(phases, want) {
		t.Errorf("got\n%+v\nwant\n%+v", phases, want)
	}
}

func TestManyFaults(t *testing.T) {
	for _, c := range []struct {
		list, want string
	}{
		{strings.Repeat("a.example\n", 5000), "4000 more faults"},
		// No list of origins is looked at to its end: this one is something else.
		{strings.Repeat("a.example\n", 50_000), "at least 15384 more faults"},
		// The beginning of this one is a list of origins.
		{strings.Repeat("https://a.example\n", 20_000) + strings.Repeat("a.example\n", 5000), "4000 more faults"},
	} {
		_, err := config.Read(context.Background(), config.Static{
			"cors.yaml": []byte("policies: {p: {origins_file: list}}"), "list": []byte(c.list),
		}, "cors.yaml", config.Options{Environ: []string{}})
		var last *config.Error
		n := 0
		for e := range config.Errors(err) {
			last, n = e, n+1
		}
		if n != 1001 || last.Reason != config.ReasonMore || last.Error() != c.want {
			t.Errorf("%d errors, the last %v, want %s", n, last, c.want)
		}
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
		t.Error("the same content has another hash")
	}
	if other := rev(yaml("policies: {p: {}} #\n")); other.Hash == base.Hash {
		t.Error("another content has the same hash")
	}
	if other := rev(yaml("policies: {p: {}}\n"), "CORS__POLICIES__P__MAX_AGE=5m"); other.Hash == base.Hash {
		t.Error("another environment has the same hash")
	}
	with := func(list string) config.Static {
		return config.Static{"cors.yaml": []byte("policies: {p: {origins_file: l}}\n"), "l": []byte(list)}
	}
	if rev(with("https://a.example\n")).Hash == rev(with("https://b.example\n")).Hash {
		t.Error("another origins_file has the same hash")
	}
}

func TestNewDiff(t *testing.T) {
	from := read(t, yaml(`
policies:
  a: {allow_origins: ["https://a.example", "https://b.example"], max_age: 10m}
  b: {allow_origins: ["https://b.example"]}
  c: {}
routes: [{path: /, policies: [a]}, {path: /b, policies: [b]}]
`))
	to := read(t, yaml(`
policies:
  a: {allow_origins: ["https://b.example", "https://c.example"], max_age: disabled, allow_credentials: true, allow_headers: [x-a, x-b]}
  d: {allow_origins: ["https://d.example"], max_age: 90m}
  c: {}
routes: [{path: /, policies: [a, d]}, {path: /b, policies: [d]}]
`))
	got := config.NewDiff(from, to)
	want := config.Diff{
		Policies: []config.PolicyDiff{
			{
				Name: "a", OriginsAdded: []string{"https://c.example"}, OriginsRemoved: []string{"https://a.example"},
				Fields: []config.FieldDiff{
					{Key: "allow_headers", New: "x-a, x-b"}, {Key: "allow_credentials", New: "true"}, {Key: "max_age", Old: "10m", New: "disabled"},
				},
			},
			{Name: "d", Added: true, OriginsAdded: []string{"https://d.example"}, Fields: []config.FieldDiff{{Key: "max_age", New: "1h30m"}}},
			{Name: "b", Removed: true, OriginsRemoved: []string{"https://b.example"}},
		},
		Routes: []string{`+route "/" to a, d`, `+route "/b" to d`, `-route "/" to a`, `-route "/b" to b`},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
	const line = `a +https://c.example, -https://a.example, allow_headers: none -> x-a, x-b, allow_credentials: none -> true, max_age: 10m -> disabled; ` +
		`+policy d +https://d.example, max_age: none -> 1h30m; -policy b -https://b.example; ` +
		`+route "/" to a, d; +route "/b" to d; -route "/" to a; -route "/b" to b`
	if got.String() != line {
		t.Errorf("got\n%s\nwant\n%s", got, line)
	}
	if same := config.NewDiff(from, from); !same.Empty() || same.String() != "no change" {
		t.Errorf("no difference is %v", same)
	}
	if all := config.NewDiff(nil, to); len(all.Policies) != 3 || !all.Policies[0].Added {
		t.Errorf("from nothing: %+v", all)
	}
	ab, ba := read(t, yaml("policies: {a: {}, b: {}}\n")), read(t, yaml("policies: {b: {}, a: {}}\n"))
	if d := config.NewDiff(ab, ba); d.String() != "policies in the order b, a" {
		t.Errorf("another order is %q", d)
	}
}

func TestErrorsOfOtherErrors(t *testing.T) {
	for range config.Errors(nil) {
		t.Error("nil yields an error")
	}
	for range config.Errors(os.ErrNotExist) {
		t.Error("another error yields one")
	}
	_, err := config.Load(filepath.Join(t.TempDir(), "cors.yaml"), config.Options{Environ: []string{}})
	if !strings.Contains(err.Error(), "no such file") {
		t.Error(err)
	}
	for e := range config.Errors(err) {
		if !os.IsNotExist(e.Err) {
			t.Errorf("the cause is %v", e.Err)
		}
	}
	// What core refuses can be told by core's own types.
	_, err = config.Read(context.Background(), yaml("policies: {p: {allow_origins: [a.example]}}"), "cors.yaml", config.Options{Environ: []string{}})
	n := 0
	for pe := range core.PolicyErrors(err) {
		if n++; pe.Reason != core.ReasonMissingScheme || pe.Index != 0 {
			t.Errorf("got %+v", pe)
		}
	}
	if n != 1 {
		t.Errorf("%d policy errors in %v", n, err)
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
			t.Errorf("a source %v without a name: %+v", src, r)
		}
	}
}

// TestProfileOption is about a fault that lies in no file and no variable.
func TestProfileOption(t *testing.T) {
	_, err := config.Read(context.Background(), config.Static{"cors.yaml": []byte(onePolicy)}, "cors.yaml",
		config.Options{Environ: []string{}, Profile: "../x"})
	if want := `"../x": not the name of a profile; use a-z and 0-9, with a single - or _ between them`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestDiffIsBounded holds the line to a length that a log can take.
func TestDiffIsBounded(t *testing.T) {
	var policies, routes strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&policies, " p%d: {allow_headers: [%s]}\n", i, strings.Repeat("x-abc, ", 10))
		fmt.Fprintf(&routes, " - {path: /p%d, policies: [p%d]}\n", i, i)
	}
	c := read(t, yaml("policies:\n"+policies.String()+"routes:\n"+routes.String()))
	for _, d := range []config.Diff{config.NewDiff(nil, c), config.NewDiff(c, nil)} {
		if len(d.Policies) != 5000 || len(d.Routes) != 5000 {
			t.Errorf("%d policies, %d routes", len(d.Policies), len(d.Routes))
		}
		line := d.String()
		if len(line) > 20_000 || !strings.Contains(line, "; 4980 more policies; ") || !strings.HasSuffix(line, "; 4980 more routes") {
			t.Errorf("%d bytes: %.300s", len(line), line)
		}
	}
}
