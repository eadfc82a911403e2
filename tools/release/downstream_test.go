package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// user describes a program that uses one released module.
type user struct {
	module  string
	imports []string
	main    string   // the body of func main; if empty, the program only imports
	needs   []string // the frameworks, and the modules in heavy, that the module needs
}

// heavy lists the libraries, in addition to frameworks, that only some modules need. A
// program must not depend on one that its module does not need.
var heavy = []string{
	"github.com/spf13/viper", "github.com/spf13/cobra", "github.com/fsnotify/fsnotify",
	prometheusPath, otelPath, "github.com/prometheus/prometheus", etcdPath + "client/v3", etcdPath + "server/v3",
}

const (
	rootPath   = "github.com/corskit/corskit"
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

// everyUser returns users, and a user of each other released module. A module that only
// one adapter requires is a framework; the other adapters must not depend on it.
func everyUser(t *testing.T, r *repo) (all []user, frameworks []string) {
	t.Helper()
	all = slices.Clone(users)
	required := make(map[string]int) // by how many adapters
	for _, m := range r.released {
		if m.dir == "." || m.isCommand() {
			continue // corshttp is the root's; the dry run installs the commands
		}
		own := r.requirements(m)
		if strings.HasPrefix(m.dir, "adapters/") {
			for _, path := range own {
				required[path]++
			}
		}
		if !slices.ContainsFunc(users, func(u user) bool { return u.module == m.dir }) {
			all = append(all, r.userOf(m))
		}
	}
	for path, n := range required {
		if n == 1 {
			frameworks = append(frameworks, path)
		}
	}
	return all, frameworks
}

// userOf returns a user of a module that users does not list.
func (r *repo) userOf(m *mod) user {
	needs := r.requirements(m)
	for _, need := range m.file.Require {
		if other := r.module(need.Mod.Path); other != nil {
			needs = append(needs, r.requirements(other)...)
		}
	}
	if name := path.Base(m.dir); strings.HasPrefix(m.dir, "adapters/") {
		return user{m.dir, []string{m.path, corePath}, "_ = " + name + ".Middleware(" + engine + ")", needs}
	}
	return user{m.dir, []string{m.path}, "", needs}
}

// requirements returns the modules from outside the repository that a module requires
// directly.
func (r *repo) requirements(m *mod) (paths []string) {
	for _, need := range m.file.Require {
		if !need.Indirect && !r.owns(need.Mod.Path) && !strings.HasPrefix(need.Mod.Path, "golang.org/x/") {
			paths = append(paths, need.Mod.Path)
		}
	}
	return paths
}

func (u user) program() string {
	var b strings.Builder
	b.WriteString("package main\n\n")
	name := ""
	if u.main == "" {
		name = "_ "
	}
	for _, path := range u.imports {
		fmt.Fprintf(&b, "import %s%q\n", name, path)
	}
	b.WriteString("\nfunc main() { " + u.main + " }\n")
	return b.String()
}

// tried reports whether the test gets u's module, and builds and runs its program. Fetching
// and compiling the frameworks for the first time takes minutes, so that is done only with
// CORSKIT_PROOF=whole.
func (u user) tried() bool {
	return os.Getenv("CORSKIT_PROOF") == "whole" || u.module == "adapters/corshttp"
}

// TestDownstream checks that programs that use a released module resolve, build and
// run without a workspace or replace directives, and that they depend on no framework
// that they do not use.
func TestDownstream(t *testing.T) {
	if testing.Short() {
		t.Skip("fetches every framework into a new module cache")
	}
	dir := t.TempDir()
	r, version, err := tagClone("../..", filepath.Join(dir, "clone"))
	if err != nil {
		t.Fatal(err)
	}
	proxy := filepath.Join(dir, "proxy")
	if err := r.writeProxy(proxy, version, t.Output()); err != nil {
		t.Fatal(err)
	}
	s, err := newStranger(dir, proxy, r.path)
	if err != nil {
		t.Fatal(err)
	}
	programs, frameworks := everyUser(t, r)
	for _, u := range programs {
		t.Run(u.module, func(t *testing.T) {
			if !u.tried() {
				t.Skip("CORSKIT_PROOF=whole tries every module")
			}
			dir := t.TempDir()
			goIn := func(args ...string) string {
				t.Helper()
				out, err := s.run(dir, nil, args...)
				if err != nil {
					t.Fatal(err)
				}
				return out
			}
			if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(u.program()), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := s.get(dir, rootPath+"/"+u.module, version); err != nil {
				t.Fatal(err)
			}
			goIn("list", "-deps", ".") // resolves every import, without the tests of other people's modules
			goIn("run", ".")
			all := goIn("list", "-m", "all")
			if !strings.Contains(all, rootPath+" "+version+"\n") && !strings.Contains(all, rootPath+"/"+u.module+" "+version+"\n") {
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
