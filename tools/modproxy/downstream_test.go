package main

import (
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/mod/modfile"
)

// user describes a program that uses one released module.
type user struct {
	module  string
	imports []string
	main    string   // the body of func main
	needs   []string // the frameworks, and the modules in heavy, that the module needs
}

// heavy lists the libraries that, next to frameworks, only some modules need. A
// program must not depend on one that its module does not need.
var heavy = []string{
	"github.com/spf13/viper", "github.com/spf13/cobra", "github.com/fsnotify/fsnotify",
	prometheusPath, otelPath, "github.com/prometheus/prometheus", etcdPath + "client/v3", etcdPath + "server/v3",
}

const (
	corePath   = rootPath + "/core"
	adapters   = rootPath + "/adapters/"
	configPath = rootPath + "/config"
	observers  = rootPath + "/observe/"
	engine     = `core.MustNew(core.Policy{AllowOrigins: []string{"https://a.example"}})`

	prometheusPath = "github.com/prometheus/client_golang"
	otelPath       = "go.opentelemetry.io/otel"
	etcdPath       = "go.etcd.io/etcd/"
)

var users = []user{
	{"adapters/corshttp", []string{"net/http", adapters + "corshttp", corePath},
		`corshttp.Middleware(` + engine + `)(http.NotFoundHandler())`, nil},
	{"adapters/corsgin", []string{adapters + "corsgin", corePath, "github.com/gin-gonic/gin"},
		`gin.SetMode(gin.ReleaseMode); gin.New().Use(corsgin.Middleware(` + engine + `))`, []string{"github.com/gin-gonic/gin"}},
	{"adapters/corsecho", []string{adapters + "corsecho", corePath, "github.com/labstack/echo/v4"},
		`echo.New().Use(corsecho.Middleware(` + engine + `))`, []string{"github.com/labstack/echo/v4"}},
	{"adapters/corsechov5", []string{adapters + "corsechov5", corePath, "github.com/labstack/echo/v5"},
		`echo.New().Use(corsechov5.Middleware(` + engine + `))`, []string{"github.com/labstack/echo/v5"}},
	{"adapters/corsfiber", []string{adapters + "corsfiber", corePath, "github.com/gofiber/fiber/v2"},
		`fiber.New().Use(corsfiber.Middleware(` + engine + `))`, []string{"github.com/gofiber/fiber/v2"}},
	{"adapters/corsfiberv3", []string{adapters + "corsfiberv3", corePath, "github.com/gofiber/fiber/v3"},
		`fiber.New().Use(corsfiberv3.Middleware(` + engine + `))`, []string{"github.com/gofiber/fiber/v3"}},
	{"adapters/corsfasthttp", []string{adapters + "corsfasthttp", corePath, "github.com/valyala/fasthttp"},
		`corsfasthttp.Begin(` + engine + `, new(fasthttp.RequestCtx), corsfasthttp.Routing{}, nil).End()`, nil},
	{"config", []string{configPath},
		`if _, err := config.Load("missing.yaml"); err == nil { panic("loaded a missing file") }`,
		[]string{"github.com/spf13/viper", "github.com/fsnotify/fsnotify"}},
	{"fleet", []string{rootPath + "/fleet"},
		`if _, _, err := fleet.GenerateKey(); err != nil { panic(err) }`,
		[]string{"github.com/spf13/viper", "github.com/fsnotify/fsnotify", prometheusPath, otelPath, etcdPath + "client/v3"}},
	{"fleet/dev", []string{"context", rootPath + "/fleet/dev"},
		`if _, err := dev.Start(context.Background(), dev.Options{Listen: "0.0.0.0:0"}); err == nil { panic("not on loopback") }`,
		[]string{"github.com/spf13/cobra", prometheusPath, otelPath, etcdPath + "client/v3", etcdPath + "server/v3"}},
	{"observe/corsprom", []string{observers + "corsprom", corePath, prometheusPath + "/prometheus"},
		`prometheus.MustRegister(corsprom.NewCollector(` + engine + `))`, []string{prometheusPath}},
	{"observe/corsotel", []string{observers + "corsotel", corePath},
		`if _, err := corsotel.Observe(` + engine + `); err != nil { panic(err) }`, []string{otelPath}},
}

// everyUser returns users, and a user of each other adapter that is released. What
// only one adapter requires is a framework, which the others must not depend on.
func everyUser(t *testing.T) (all []user, frameworks []string) {
	t.Helper()
	files, err := tracked("../..")
	if err != nil {
		t.Fatal(err)
	}
	all = slices.Clone(users)
	required := make(map[string]int) // by how many adapters
	for _, dir := range modules(files) {
		if !released(dir) || dir == "." || dir == "cmd/corskit" {
			continue // corshttp is the root's; .ci/run builds the command by itself
		}
		own := requirements(t, dir)
		if strings.HasPrefix(dir, "adapters/") {
			for _, r := range own {
				required[r]++
			}
		}
		if !slices.ContainsFunc(users, func(u user) bool { return u.module == dir }) {
			name := path.Base(dir)
			all = append(all, user{dir, []string{adapters + name, corePath}, "_ = " + name + ".Middleware(" + engine + ")", own})
		}
	}
	for r, n := range required {
		if n == 1 {
			frameworks = append(frameworks, r)
		}
	}
	return all, frameworks
}

// requirements returns what other people's modules the module in dir requires directly.
func requirements(t *testing.T, dir string) (paths []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../..", dir, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	mod, err := modfile.Parse("go.mod", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range mod.Require {
		if !r.Indirect && !strings.HasPrefix(r.Mod.Path, rootPath) && !strings.HasPrefix(r.Mod.Path, "golang.org/x/") {
			paths = append(paths, r.Mod.Path)
		}
	}
	return paths
}

func (u user) program() string {
	var b strings.Builder
	b.WriteString("package main\n\n")
	for _, path := range u.imports {
		fmt.Fprintf(&b, "import %q\n", path)
	}
	b.WriteString("\nfunc main() { " + u.main + " }\n")
	return b.String()
}

// runs reports whether the test builds and runs u's program, rather than only
// resolving its dependencies. Compiling the frameworks for the first time takes
// minutes, so that is done only with CORSKIT_PROOF=whole.
func (u user) runs() bool {
	return os.Getenv("CORSKIT_PROOF") == "whole" || !testing.Short() && u.module == "adapters/corshttp"
}

// moduleCache returns a module cache that survives between runs, so that
// third-party packages are compiled only once. It removes the modules of this
// repository from that cache.
func moduleCache(t *testing.T) string {
	user, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(user, "corskit", "downstream")
	owner := filepath.Dir(filepath.FromSlash(rootPath))
	for _, old := range []string{filepath.Join(dir, owner), filepath.Join(dir, "cache", "download", owner)} {
		if err := os.RemoveAll(old); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// environ returns an environment in which the go command gets the modules of
// this repository from a file-system proxy.
func environ(t *testing.T, proxy string) []string {
	// Reuse what the user's module cache has downloaded, without adding the
	// modules of this repository to it.
	known, err := exec.Command("go", "env", "GOMODCACHE", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	cache, upstream, _ := strings.Cut(strings.TrimSpace(string(known)), "\n")
	return append(os.Environ(),
		"GOWORK=off", "GOFLAGS=-mod=mod -modcacherw", "GOMODCACHE="+moduleCache(t), "GONOSUMDB="+rootPath,
		"GODEBUG=goindex=0", // the module index assumes that a version never changes
		"GOPROXY=file://"+proxy+",file://"+filepath.Join(cache, "cache", "download")+","+upstream,
	)
}

// TestDownstream checks that programs that use a released module resolve, build and
// run without a workspace or replace directives, and that they depend on no framework
// that they do not use.
func TestDownstream(t *testing.T) {
	proxy := t.TempDir()
	if err := run("../..", proxy, "v0.1.0"); err != nil {
		t.Fatal(err)
	}
	env := environ(t, proxy)
	programs, frameworks := everyUser(t)
	for _, u := range programs {
		t.Run(u.module, func(t *testing.T) {
			dir := t.TempDir()
			goIn := func(args ...string) string {
				t.Helper()
				cmd := exec.Command("go", args...)
				cmd.Dir, cmd.Env = dir, env
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
				}
				return string(out)
			}
			if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(u.program()), 0o600); err != nil {
				t.Fatal(err)
			}
			goIn("mod", "init", "example.com/downstream")
			goIn("mod", "edit", "-go=1.26.0")
			goIn("mod", "tidy")
			if u.runs() {
				goIn("run", ".")
			}
			all := goIn("list", "-m", "all")
			if !strings.Contains(all, rootPath+" v0.1.0") && !strings.Contains(all, rootPath+"/"+u.module+" v0.1.0") {
				t.Errorf("the program does not use the released modules:\n%s", all)
			}
			for _, path := range slices.Concat(heavy, frameworks) {
				if !slices.Contains(u.needs, path) && strings.Contains(all, path+" ") {
					t.Errorf("a program that uses %s depends on %s", u.module, path)
				}
			}
		})
	}
}
