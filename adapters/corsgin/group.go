package corsgin

import (
	"net/url"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/corskit/corskit/core"
)

// Group mounts the middleware on a group of r, at any depth, and returns the
// group. Routes of the group get the middleware as with
// group.Use(Middleware(engine, opts...)). Requests below the group's path that no route
// matches get it too: preflights without an OPTIONS route, and requests that gin answers
// with 404 or 405. Call Group before you register the group's routes.
//
// Only one group decides a request that no route matches. If the paths of several groups
// cover it, that is the group whose path gin's router tries first: /api/v1 before /api,
// and both before /:tenant. If they have the same path, the first group decides. So the
// engine of a group also decides preflights of routes below its path that are not routes
// of the group, unless they have an OPTIONS route.
//
// The first call adds a handler to r that serves all groups of r.
func Group(r *gin.Engine, group *gin.RouterGroup, engine *core.Engine, opts ...Options) *gin.RouterGroup {
	cors := Middleware(engine, opts...)
	group.Use(cors)
	all := groupsOf(r)
	all.list = append(all.list, mounted{strings.TrimSuffix(group.BasePath(), "/"), cors})
	return group
}

// mounted is a group's path, without a slash at its end, and the group's
// middleware.
type mounted struct {
	path string
	cors gin.HandlerFunc
}

// groups are the groups of a gin.Engine, in the order of the calls of Group.
type groups struct {
	r    *gin.Engine
	list []mounted
}

// serve runs the middleware of a group for a request that no route matches.
func (all *groups) serve(c *gin.Context) {
	if c.FullPath() != "" {
		return
	}
	var nearest *mounted
	path := compared(all.r, c.Request.URL)
	for i := range all.list {
		g := &all.list[i]
		if below(g.path, path) && (nearest == nil || nearer(g.path, nearest.path)) {
			nearest = g
		}
	}
	if nearest != nil {
		nearest.cors(c)
	}
}

// compared returns the path that gin's router compares with its routes.
func compared(r *gin.Engine, u *url.URL) string {
	p := u.Path
	if r.UseEscapedPath {
		p = u.EscapedPath()
	} else if r.UseRawPath && u.RawPath != "" {
		p = u.RawPath
	}
	if !r.RemoveExtraSlash {
		return p
	}
	clean := path.Clean("/" + p)
	if (strings.HasSuffix(p, "/") || strings.HasSuffix(p, "/.")) && clean != "/" {
		clean += "/"
	}
	return clean
}

// below reports whether a path is the path of a group or lies below it. A group's
// path may have parameters, which match the rest of a segment.
func below(group, path string) bool {
	for group != "" {
		var want, got string
		want, group = segment(group)
		got, path = segment(path)
		static, wild := literal(want)
		switch {
		case wild == 0 && got != static, !strings.HasPrefix(got, static):
			return false
		case wild == ':' && got == static && path == "":
			return false // gin allows empty parameters, except at the end
		}
	}
	return true
}

// nearer reports whether gin's router tries the path a of a group before the path
// b of another. A request's path lies below both.
func nearer(a, b string) bool {
	for a != "" && b != "" {
		var x, y string
		x, a = segment(a)
		y, b = segment(b)
		static, wild := literal(x)
		other, otherWild := literal(y)
		switch {
		case len(static) != len(other):
			return len(static) > len(other)
		case wild != otherWild:
			return wild < otherWild
		}
	}
	return a != ""
}

// literal returns the literal part of a segment of a group's path, and ':' or '*' if
// a parameter follows. In gin, "\:" is a colon that begins no parameter.
func literal(segment string) (static string, wild byte) {
	const escaped = "\\:"
	for i := 0; i < len(segment); i++ {
		switch {
		case strings.HasPrefix(segment[i:], escaped):
			i++
		case segment[i] == ':' || segment[i] == '*':
			segment, wild = segment[:i], segment[i]
		}
	}
	return strings.ReplaceAll(segment, escaped, ":"), wild
}

// segment splits a path after its first segment, which includes its leading slash.
func segment(path string) (first, rest string) {
	if path == "" {
		return "", ""
	}
	if i := strings.IndexByte(path[1:], '/'); i >= 0 {
		return path[:i+1], path[i+1:]
	}
	return path, ""
}
