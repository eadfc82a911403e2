package corshttp

import (
	"context"
	"net/http"
	"sync"

	"github.com/corskit/corskit/core"
)

// Request returns all facts that the engine may use, for [core.Engine.Explain]. Of the
// options, it uses RoutedPath.
func Request(r *http.Request, opts ...Options) core.Request {
	options, _ := merge(opts)
	if options.RoutedPath == nil {
		return core.NewRequest(source{r})
	}
	src := newSource(r, options.RoutedPath)
	defer src.free()
	return core.NewRequest(src)
}

// source is an HTTP request as the engine sees it. Converting it to an interface does not
// allocate, because it consists of one pointer.
type source struct{ r *http.Request }

func (s source) Context() context.Context { return s.r.Context() }
func (s source) Method() string           { return s.r.Method }
func (s source) Transient() bool          { return false }

// Lines returns the lines of a field, whose name net/http has made canonical.
func (s source) Lines(name string) []string { return s.r.Header[name] }

func (s source) Target() core.Target {
	t := core.Target{Host: s.r.Host}
	if u := s.r.URL; u != nil {
		t.Path, t.RawPath = u.Path, u.RawPath
	}
	return t
}

// routedSource is a source whose path is the one that the router compares.
type routedSource struct {
	source
	path func(*http.Request) string
}

var routedSources = sync.Pool{New: func() any { return new(routedSource) }}

func (s *routedSource) Target() core.Target {
	t := s.source.Target()
	if path := s.path(s.r); path != "" {
		t.Path, t.RawPath = path, ""
	}
	return t
}

// newSource returns the source of a request. path returns the path that the router
// compares. The caller must free the source.
func newSource(r *http.Request, path func(*http.Request) string) *routedSource {
	s := routedSources.Get().(*routedSource)
	s.source, s.path = source{r}, path
	return s
}

// free lets the source be used again.
func (s *routedSource) free() {
	*s = routedSource{}
	routedSources.Put(s)
}

func resolveRouted(engine *core.Engine, r *http.Request, path func(*http.Request) string, o *core.Outcome) {
	src := newSource(r, path)
	defer src.free() // also if an AllowOriginFunc panics
	engine.Resolve(src, o)
}
