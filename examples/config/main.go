// Command config is a small gin API that reads its CORS policies from a file and
// the environment, and reloads them without a restart.
//
//	go run ./examples/config -cors examples/config/cors.yaml
//
// Then change cors.yaml or partners.txt in this folder and watch the log. Dockerfile
// and kubernetes.yaml run the program in a container and in Kubernetes.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"

	"github.com/gin-gonic/gin"

	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/examples/demo"
	"github.com/corskit/corskit/examples/page"
	"github.com/corskit/corskit/observe"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:8080", "`address` to listen on")
	cors := flag.String("cors", "cors.yaml", "`file` with the CORS policies")
	inspect := flag.String("inspect", "127.0.0.1:0", "`address` of the inspector; empty for none")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Stdout, *listen, *inspect, *cors); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx is done.
func run(ctx context.Context, out io.Writer, listen, inspect, file string) error {
	logger := log.New(out, "", log.LstdFlags|log.Lmsgprefix)
	warn := func(warnings []*config.Warning) {
		for _, w := range warnings {
			logger.Printf("cors: warning: %v", w)
		}
	}
	watcher, err := config.Watch(ctx, file, config.Options{OnReload: func(r config.Result) {
		if r.Err != nil {
			logger.Printf("cors: not reloaded, still %v:\n%v", r.Revision, r.Err)
			return
		}
		logger.Printf("cors: now %v: %v", r.Revision, r.Diff)
		warn(r.Warnings)
	}})
	if err != nil {
		return err // do not start with a file that has faults
	}
	defer watcher.Close()

	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("%w (choose another address with -listen)", err)
	}
	logger.Printf("serving on http://%v with %v", listener.Addr(), watcher.Status().Revision)
	warn(watcher.Status().Warnings)
	if inspect != "" {
		inspector := observe.Handler(watcher.Engine(), observe.HandlerOptions{Config: watcher.ConfigStatus, Spell: config.KeyOf})
		if err := demo.Inspect(ctx, logger.Writer(), inspect, inspector); err != nil {
			_ = listener.Close()
			return err
		}
	}
	return page.Serve(ctx, page.NewServer(newAPI(watcher)), listener)
}

func newAPI(watcher *config.Watcher) http.Handler {
	gin.SetMode(gin.ReleaseMode)
	r := gin.New()
	r.Use(gin.Recovery(), corsgin.Middleware(watcher.Engine()))
	r.GET("/items", func(c *gin.Context) { c.JSON(http.StatusOK, []string{"one", "two"}) })
	r.PUT("/items/:id", func(c *gin.Context) { c.Status(http.StatusNoContent) })
	r.GET("/public/about", func(c *gin.Context) { c.JSON(http.StatusOK, gin.H{"name": "config"}) })
	// If the file has a fault, the last good policies stay in force, so the
	// service is healthy. The response reports the fault.
	r.GET("/healthz", func(c *gin.Context) {
		health := gin.H{"cors": watcher.Status().Revision.String(), "fault": nil}
		if err := watcher.Status().Err; err != nil {
			health["fault"] = err.Error()
		}
		c.JSON(http.StatusOK, health)
	})
	return r
}
