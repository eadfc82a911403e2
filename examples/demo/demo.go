// Package demo holds what the example programs share: flags, policies, and the curl
// commands that they print.
package demo

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/signal"
	"time"

	"github.com/corskit/corskit/core"
)

// Grace is how long a stopping server waits for pending requests.
const Grace = 5 * time.Second

// Serve serves listener until ctx is done, and then returns nil.
type Serve func(ctx context.Context, listener net.Listener, engine *core.Engine) error

// Main parses the flags -listen and -app and runs the program until Ctrl-C.
func Main(serve Serve) {
	listen := flag.String("listen", "127.0.0.1:8080", "`address` to listen on")
	app := flag.String("app", "https://app.example.com", "`origin` of the app that has full access")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := Run(ctx, os.Stdout, serve, *listen, *app); err != nil {
		log.Fatal(err)
	}
}

// Run compiles the policies, listens, prints the curl commands and serves.
func Run(ctx context.Context, out io.Writer, serve Serve, listen, app string) error {
	engine, err := Engine(app)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("%w (choose another address with -listen)", err)
	}
	printTour(out, "http://"+listener.Addr().String(), app)
	return serve(ctx, listener, engine)
}

// Engine returns an engine with the policies of the examples. The origin app has full
// access, partners may read, and any origin may read paths below /public/.
func Engine(app string) (*core.Engine, error) {
	return core.NewRouted(
		core.Route{Path: "/public/", Policies: []core.Policy{{Name: "public", AllowOrigins: []string{"*"}}}},
		core.Route{Path: "/", Policies: []core.Policy{
			{
				Name:             "app",
				AllowOrigins:     []string{app},
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

Another site asks, which is refused:
  curl -i -X OPTIONS %[1]s/notes/1 -H 'Origin: https://evil.example'%[3]s

Any site may read the public part:
  curl -i %[1]s/public/about -H 'Origin: https://evil.example'
`, base, app, " -H 'Access-Control-Request-Method: PUT'")
}
