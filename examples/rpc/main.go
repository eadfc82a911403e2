// Command rpc is a service that speaks Connect and gRPC-Web, and a page that calls it with both
// protocols, without generated code.
//
//	go run ./examples/rpc
//
// The preset @connect means the request headers of both protocols, and the response headers that
// a script must be able to read. Real pages use generated clients, with @connectrpc/connect-web.
package main

import (
	"context"
	_ "embed" // page.js
	"errors"
	"net/http"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/examples/page"
)

//go:embed page.js
var script string

func main() {
	page.Main(page.Example{
		Title: "Connect and gRPC-Web", Script: script, API: newAPI,
		Intro: "The page calls one procedure with both protocols, and reads an error in each.",
	})
}

// procedure is the path of the procedure. In a real program, it is a constant of the generated code.
const procedure = "/greet.v1.GreetService/Greet"

func newAPI(origin string) (page.Server, error) {
	engine, err := core.New(core.Policy{
		AllowOrigins:  []string{origin},
		AllowHeaders:  []string{"@connect"},
		ExposeHeaders: []string{"@connect"},
		MaxAge:        10 * time.Minute,
	})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle(procedure, connect.NewUnaryHandler(procedure, greet))
	return page.NewServer(corshttp.Middleware(engine)(mux)), nil
}

func greet(
	_ context.Context, r *connect.Request[wrapperspb.StringValue],
) (*connect.Response[wrapperspb.StringValue], error) {
	if r.Msg.Value == "" {
		return nil, connect.NewError(connect.CodeInvalidArgument, errors.New("no name"))
	}
	return connect.NewResponse(wrapperspb.String("hello " + r.Msg.Value)), nil
}
