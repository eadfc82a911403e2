//go:build !race

// hertz and go-zero take long to compile, so runs with the race detector leave them out.

package corpus_test

import (
	"context"
	"io"
	"maps"
	"net/http"
	"testing"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/app/server"
	"github.com/cloudwego/hertz/pkg/common/hlog"
	"github.com/zeromicro/go-zero/core/logx"
	"github.com/zeromicro/go-zero/rest"

	"github.com/corskit/corskit/migrate/corpus/gozero"
	hertzcorpus "github.com/corskit/corskit/migrate/corpus/hertz"
)

const heavyBuilt = true

func init() {
	hlog.SetOutput(io.Discard)
	logx.Disable()
	maps.Copy(programs, heavy)
}

// onHertz serves a program of hertz. corskit has no adapter for hertz, so the policy is
// mounted on net/http.
func onHertz(program func(*server.Hertz)) mount {
	return mount{
		func(t *testing.T) *served {
			s, ln := &site{}, listen(t)
			h := server.New(server.WithListener(ln), server.WithDisablePrintRoute(true), server.WithExitWaitTime(0),
				server.WithHandleMethodNotAllowed(true))
			program(h)
			handler := func(_ context.Context, c *app.RequestContext) {
				s.runs.Add(1)
				for name, value := range siteHeader {
					c.Header(name, value)
				}
				c.String(http.StatusOK, "ok")
			}
			h.Any("/item", handler)
			h.Handle("QUERY", "/item", handler)
			h.POST("/create", handler)
			go func() { _ = h.Run() }()
			t.Cleanup(func() { _ = h.Shutdown(context.WithoutCancel(t.Context())) })
			return connect(t, s, "http://"+ln.Addr().String())
		},
		oursNetHTTP,
	}
}

// onGoZero serves a program of go-zero.
func onGoZero(program func(rest.RestConf) *rest.Server) mount {
	return mount{
		func(t *testing.T) *served {
			s := &site{}
			r := program(rest.RestConf{Host: "127.0.0.1", MaxBytes: 1 << 20})
			for _, method := range methods[:6] {
				r.AddRoute(rest.Route{Method: method, Path: "/item", Handler: s.ServeHTTP})
			}
			r.AddRoute(rest.Route{Method: "POST", Path: "/create", Handler: s.ServeHTTP})
			built, err := rest.NewServerless(r)
			if err != nil {
				t.Fatal(err)
			}
			return serve(t, s, http.HandlerFunc(built.Serve))
		},
		oursNetHTTP,
	}
}

var heavy = map[string]mount{
	"hertz.Literal":       onHertz(hertzcorpus.Literal),
	"hertz.ByDefault":     onHertz(hertzcorpus.ByDefault),
	"hertz.DefaultConfig": onHertz(hertzcorpus.DefaultConfig),
	"hertz.Function":      onHertz(hertzcorpus.Function),
	"hertz.Any":           onHertz(hertzcorpus.Any),
	"hertz.Wildcard":      onHertz(hertzcorpus.Wildcard),
	"hertz.InertWildcard": onHertz(hertzcorpus.InertWildcard),
	"hertz.EnvSplit":      onHertz(hertzcorpus.EnvSplit),
	"gozero.Literal":      onGoZero(gozero.Literal),
	"gozero.Any":          onGoZero(gozero.Any),
	"gozero.Asterisk":     onGoZero(gozero.Asterisk),
	"gozero.Suffix":       onGoZero(gozero.Suffix),
	"gozero.Variable":     onGoZero(gozero.Variable),
	"gozero.EnvSplit":     onGoZero(gozero.EnvSplit),
	"gozero.Headers":      onGoZero(gozero.Headers),
	"gozero.Custom":       onGoZero(gozero.Custom),
}
