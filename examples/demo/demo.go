// Package demo has the code that the example programs share: their flags and policies, and
// the curl commands that they print.
package demo

import (
	"context"
	_ "embed" // page.js
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/examples/page"
	"github.com/corskit/corskit/observe"
)

// Serve serves listener until ctx is done, and then returns nil.
type Serve func(ctx context.Context, listener net.Listener, engine *core.Engine) error

// Main parses the flags and runs the program until Ctrl-C.
func Main(serve Serve) {
	listen := flag.String("listen", "127.0.0.1:8080", "`address` to listen on")
	pages := flag.String("page", "127.0.0.1:3000", "`address` of a page that uses the API; empty for none")
	inspect := flag.String("inspect", "127.0.0.1:0", "`address` of the inspector; empty for none")
	app := flag.String("app", "https://app.example.com", "`origin` of the app that has full access")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	addresses := Addresses{Listen: *listen, Page: *pages, Inspect: *inspect}
	if err := Run(ctx, os.Stdout, serve, addresses, *app); err != nil {
		log.Fatal(err)
	}
}

// Addresses are where a program listens. Page and Inspect may be empty.
type Addresses struct {
	Listen  string // the API
	Page    string // a page that uses it
	Inspect string // the inspector
}

//go:embed page.js
var script string

// Run compiles the policies, listens, prints the curl commands and serves. The origins of app
// and of the page have full access.
func Run(ctx context.Context, out io.Writer, serve Serve, at Addresses, app string) error {
	apps := []string{app}
	var pages net.Listener
	if at.Page != "" {
		var err error
		if pages, err = page.Listen(at.Page, "-page"); err != nil {
			return err
		}
		defer pages.Close()
		apps = append(apps, page.Origin(pages))
	}
	engine, err := Engine(apps...)
	if err != nil {
		return err
	}
	listener, err := page.Listen(at.Listen, "-listen")
	if err != nil {
		return err
	}
	if at.Inspect != "" {
		if err := Inspect(ctx, out, at.Inspect, observe.Handler(engine, observe.HandlerOptions{})); err != nil {
			_ = listener.Close()
			return err
		}
	}
	if pages != nil {
		show(out, pages, page.Origin(listener))
	}
	printTour(out, "http://"+listener.Addr().String(), app)
	return serve(ctx, listener, engine)
}

// show serves the page for an API.
func show(out io.Writer, pages net.Listener, api string) {
	example := page.Example{
		Title: "Notes", Script: script, Intro: "A page and its API on two ports, which are two origins.",
	}
	go func() {
		if err := http.Serve(pages, example.Handler(api)); !errors.Is(err, net.ErrClosed) {
			log.Print(err)
		}
	}()
	fmt.Fprintf(out, "page: %s\napi:  %s\n", page.Origin(pages), api)
}

// Inspect serves the inspector on a listener of its own until ctx is done, and prints its
// address.
func Inspect(ctx context.Context, out io.Writer, address string, inspector http.Handler) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("%w (choose another address with -inspect)", err)
	}
	fmt.Fprintf(out, "the inspector shows who is refused, and why: http://%v/\n", listener.Addr())
	server := &http.Server{
		Handler: inspector, ReadHeaderTimeout: 10 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx }, // ends the streams of open pages
	}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.Print(err)
		}
	}()
	return nil
}

// Engine returns an engine with the policies of the examples. The origins of apps have full
// access, partners may read, and any origin may read paths below /public/.
func Engine(apps ...string) (*core.Engine, error) {
	return core.NewRouted(
		core.Route{Path: "/public/", Policies: []core.Policy{{Name: "public", AllowOrigins: []string{"*"}}}},
		core.Route{Path: "/", Policies: []core.Policy{
			{
				Name:             "app",
				AllowOrigins:     apps,
				AllowMethods:     []string{"PUT", "DELETE"},
				AllowHeaders:     []string{"authorization", "content-type"},
				ExposeHeaders:    []string{"location"},
				AllowCredentials: true,
				MaxAge:           10 * time.Minute,
			},
			{Name: "partners", AllowOrigins: []string{"https://*.partner.example"}},
		}},
	)
}

// printTour prints one curl command for each kind of request.
func printTour(out io.Writer, base, app string) {
	fmt.Fprintf(out, `serving on %[1]s; Ctrl-C stops it

The app sends a request, which is allowed:
  curl -i %[1]s/notes -H 'Origin: %[2]s'

The app asks whether it may PUT JSON, which is allowed:
  curl -i -X OPTIONS %[1]s/notes/1 -H 'Origin: %[2]s'%[3]s -H 'Access-Control-Request-Headers: content-type'

Another site asks the same, which is refused:
  curl -i -X OPTIONS %[1]s/notes/1 -H 'Origin: https://evil.example'%[3]s

Any site may read the public part:
  curl -i %[1]s/public/about -H 'Origin: https://evil.example'
`, base, app, " -H 'Access-Control-Request-Method: PUT'")
}
