package hosts

import (
	"strings"

	"github.com/corskit/corskit/conformance"
)

// Describe returns the application that a setup of the conformance suite asks
// for, with the middleware mounted where the setup says.
func Describe(s conformance.Setup, m Middleware) App {
	app := App{OuterVary: s.OuterVary, MaxHeaderBytes: s.MaxHeaderBytes, Probe: s.App.Probe, Log: s.Log}
	if s.RecoverOutside {
		app.Outside = []Layer{Recover}
	}
	mounts := []Middleware{m}
	if s.Twice {
		mounts = append(mounts, m)
	}
	var routes []Route
	for _, e := range s.App.Endpoints {
		r := Route{
			Path:      strings.TrimPrefix(e.Path, s.Group),
			Behaviour: e.Behaviour, Status: e.Status, Header: e.Header, Body: e.Body,
		}
		switch e.Method {
		case "":
		case "GET":
			r.Methods = []string{"GET", "HEAD"}
		default:
			r.Methods = []string{e.Method}
		}
		routes = append(routes, r)
	}
	if s.Group == "" {
		app.CORS, app.Routes = mounts, routes
	} else {
		app.Groups = []Group{{Path: s.Group, CORS: mounts, Routes: routes}}
	}
	return app
}

// Mount returns a Mount of the framework's adapter, for the suite. If change
// is not nil, it modifies each application before it is built.
func (h Host) Mount(change func(*App)) conformance.Mount {
	return func(s conformance.Setup) (*conformance.Server, error) {
		engine, err := s.Engine()
		if err != nil {
			return nil, err
		}
		if err := h.Serves(s); err != nil {
			return nil, err
		}
		app := Describe(s, Middleware{Engine: engine, KeepVary: s.KeepVary})
		app.StripUpstream = true
		app.MaxHeaderBytes = max(app.MaxHeaderBytes, 1<<16)
		app.Options.Reset = true
		if change != nil {
			change(&app)
		}
		return h.Build(app).Serve(s)
	}
}
