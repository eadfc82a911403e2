package hosts

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/core"
)

// Host is one framework: how it builds applications, and what tests and the
// report need to know about it.
type Host struct {
	Name    string // of the framework, as in names of benchmarks: "echov5"
	Title   string // of the framework, as in tables: "echo v5"
	Adapter string // the package: "corsechov5"
	// FastHTTP reports whether the framework is built on fasthttp. Other frameworks
	// are built on net/http.
	FastHTTP bool
	// HasGroup reports whether the adapter has a function Group, because the
	// framework does not run a group's middleware for all of its preflights.
	HasGroup bool
	// MountsApps reports whether the framework mounts applications: see [Group].Mounted.
	MountsApps bool

	// Routers are the settings with which the framework reads paths differently. The
	// first is the default.
	Routers []Variant
	// Harmless are settings that must not change a verdict of the suite.
	Harmless []Variant
	// Exceptions are the requests that the adapter does not cover.
	Exceptions []Exception

	build func(App) *Application
}

// All returns one Host for each adapter.
func All() []Host {
	return []Host{NetHTTP(), Gin(), Echo(), EchoV5(), Fiber(), FiberV3()}
}

// Build builds an application. It panics if the App has middleware of another
// framework.
func (h Host) Build(app App) *Application { return h.build(app) }

// Serves returns an error that wraps [conformance.ErrUnsupported] if the
// framework's server lacks what the setup needs.
func (h Host) Serves(s conformance.Setup) error {
	switch {
	case h.FastHTTP && s.Protocol != conformance.HTTP1:
		return fmt.Errorf("%w: its server speaks HTTP/1.1 only", conformance.ErrUnsupported)
	case h.FastHTTP && s.AsteriskTarget:
		return fmt.Errorf("%w: the rule is about net/http's server", conformance.ErrUnsupported)
	}
	return nil
}

// Middleware is CORS middleware that an [App] mounts.
type Middleware struct {
	// Engine is passed to the framework's adapter. It must be nil if Native is set.
	Engine *core.Engine
	// KeepVary and Enforce are the adapter's options, if it has them.
	KeepVary, Enforce bool

	// Native is middleware of the framework's own type, such as gin.HandlerFunc.
	Native any
}

// Adapter returns a list with one middleware: the adapter's, for an engine.
func Adapter(engine *core.Engine) []Middleware { return []Middleware{{Engine: engine}} }

// Native returns a list with one middleware of the framework's own type.
func Native[M any](m M) []Middleware { return []Middleware{{Native: m}} }

// build returns the middleware in the framework's own type.
func build[M any](m Middleware, adapter func(Middleware) M) M {
	if m.Engine != nil {
		return adapter(m)
	}
	native, ok := m.Native.(M)
	if !ok {
		panic(fmt.Sprintf("hosts: middleware of type %T, want %T", m.Native, native))
	}
	return native
}

// buildAll is like build, for a list.
func buildAll[M any](list []Middleware, adapter func(Middleware) M) []M {
	all := make([]M, len(list))
	for i, m := range list {
		all[i] = build(m, adapter)
	}
	return all
}

// Application is an application as a framework has built it. One of Handler and
// FastHTTP is nil.
type Application struct {
	Handler  http.Handler
	FastHTTP fasthttp.RequestHandler

	listen   func(net.Listener) error
	shutdown func(time.Duration) error
}

// Serve serves the application on loopback: with net/http's server and the protocol,
// limits and log of the setup, or with the framework's own server and the limits of the
// App.
func (a *Application) Serve(s conformance.Setup) (*conformance.Server, error) {
	if a.Handler != nil {
		return conformance.Serve(a.Handler, conformance.Setup{Protocol: s.Protocol, MaxHeaderBytes: s.MaxHeaderBytes, Log: s.Log})
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("hosts: %w", err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := a.listen(listener); err != nil {
			log.Print(err)
		}
	}()
	return &conformance.Server{
		URL: "http://" + listener.Addr().String(),
		Close: sync.OnceFunc(func() {
			// fasthttp closes idle connections, then looks for open ones only every 100 ms:
			// callers need not wait for that.
			go func() { _ = a.shutdown(10 * time.Second) }()
			_ = listener.Close()
			<-done
		}),
	}, nil
}
