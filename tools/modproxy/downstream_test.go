package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// user is a program that uses one module as released.
type user struct {
	module  string
	program string
	without []string // modules that its users must not be made to depend on
}

// foreign are the frameworks and libraries that only some modules need.
var foreign = []string{
	"github.com/gin-gonic/gin", "github.com/labstack/echo/v4", "github.com/labstack/echo/v5",
	"github.com/gofiber/fiber/v2", "github.com/gofiber/fiber/v3", "github.com/spf13/viper",
	"github.com/spf13/cobra", "github.com/fsnotify/fsnotify",
}

func but(own ...string) (others []string) {
	for _, f := range foreign {
		keep := true
		for _, o := range own {
			keep = keep && f != o
		}
		if keep {
			others = append(others, f)
		}
	}
	return others
}

const engine = `core.MustNew(core.Policy{AllowOrigins: []string{"https://a.example"}})`

var users = []user{
	{"adapters/corshttp", `package main

import (
	"net/http"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

func main() { corshttp.Middleware(` + engine + `)(http.NotFoundHandler()) }
`, foreign},
	{"adapters/corsgin", `package main

import (
	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/core"
	"github.com/gin-gonic/gin"
)

func main() {
	gin.SetMode(gin.ReleaseMode)
	gin.New().Use(corsgin.Middleware(` + engine + `))
}
`, but("github.com/gin-gonic/gin")},
	{"adapters/corsecho", `package main

import (
	"github.com/corskit/corskit/adapters/corsecho"
	"github.com/corskit/corskit/core"
	"github.com/labstack/echo/v4"
)

func main() { echo.New().Use(corsecho.Middleware(` + engine + `)) }
`, but("github.com/labstack/echo/v4")},
	{"adapters/corsechov5", `package main

import (
	"github.com/corskit/corskit/adapters/corsechov5"
	"github.com/corskit/corskit/core"
	"github.com/labstack/echo/v5"
)

func main() { echo.New().Use(corsechov5.Middleware(` + engine + `)) }
`, but("github.com/labstack/echo/v5")},
	{"adapters/corsfiber", `package main

import (
	"github.com/corskit/corskit/adapters/corsfiber"
	"github.com/corskit/corskit/core"
	"github.com/gofiber/fiber/v2"
)

func main() { fiber.New().Use(corsfiber.Middleware(` + engine + `)) }
`, but("github.com/gofiber/fiber/v2")},
	{"adapters/corsfiberv3", `package main

import (
	"github.com/corskit/corskit/adapters/corsfiberv3"
	"github.com/corskit/corskit/core"
	"github.com/gofiber/fiber/v3"
)

func main() { fiber.New().Use(corsfiberv3.Middleware(` + engine + `)) }
`, but("github.com/gofiber/fiber/v3")},
	{"config", `package main

import "github.com/corskit/corskit/config"

func main() {
	if _, err := config.Load("missing.yaml"); err == nil {
		panic("loaded a file that is not there")
	}
}
`, but("github.com/spf13/viper", "github.com/fsnotify/fsnotify")},
}

// moduleCache returns a module cache that is kept for the next run, so that what
// others have written is compiled once, without the modules of the tree.
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

// A stranger's program builds and runs against each module as released, without
// workspace or replace, and gets no framework that it does not use.
func TestDownstream(t *testing.T) {
	proxy := t.TempDir()
	if err := run("../..", proxy, "v0.1.0"); err != nil {
		t.Fatal(err)
	}
	// What has been downloaded before is taken from the cache of downloads;
	// the modules of the tree must not get into that cache.
	known, err := exec.Command("go", "env", "GOMODCACHE", "GOPROXY").Output()
	if err != nil {
		t.Fatal(err)
	}
	cache, upstream, _ := strings.Cut(strings.TrimSpace(string(known)), "\n")
	env := append(os.Environ(),
		"GOWORK=off", "GOFLAGS=-mod=mod -modcacherw", "GOMODCACHE="+moduleCache(t), "GONOSUMDB="+rootPath,
		"GODEBUG=goindex=0", // an index of files that are taken for unchangeable
		"GOPROXY=file://"+proxy+",file://"+filepath.Join(cache, "cache", "download")+","+upstream,
	)
	for _, u := range users {
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
			if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(u.program), 0o600); err != nil {
				t.Fatal(err)
			}
			goIn("mod", "init", "example.com/downstream")
			goIn("mod", "edit", "-go=1.26.0")
			goIn("mod", "tidy")
			goIn("run", ".")
			all := goIn("list", "-m", "all")
			if !strings.Contains(all, rootPath+" v0.1.0") {
				t.Errorf("the program does not use the released modules:\n%s", all)
			}
			for _, f := range u.without {
				if strings.Contains(all, f+" ") {
					t.Errorf("a user of %s gets %s", u.module, f)
				}
			}
		})
	}
}
