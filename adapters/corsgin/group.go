package corsgin

import (
	"net/url"
	"path"
	"strings"

	"github.com/gin-gonic/gin"

	"github.com/corskit/corskit/core"
)

// Group puts the middleware on a group of r, at any depth, and returns the
// group. It does what group.Use(Middleware(engine, opts...)) does for the
// group's routes, and mounts the middleware on r too for requests below the
// group's path that no route matches: preflights, for which there is no OPTIONS
// route, and what gin answers with 404 or 405. Call it before the group's
// routes are registered.
//
// Preflights of routes below the path that are not of the group are decided by
// this engine as well, unless they have an OPTIONS handler. Of two groups whose
// paths overlap, the first that was given to Group decides what no route matches.
// Each call adds a handler to r, and so to routes that r is given later; gin
// allows 63 for a route.
func Group(r *gin.Engine, group *gin.RouterGroup, engine *core.Engine, opts ...Options) *gin.RouterGroup {
	cors := Middleware(engine, opts...)
	group.Use(cors)
	r.Use(func(c *gin.Context) {
		if c.FullPath() == "" && below(group.BasePath(), compared(r, c.Request.URL)) {
			cors(c)
		}
	})
	return group
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
	if strings.HasSuffix(p, "/") && clean != "/" {
		clean += "/"
	}
	return clean
}

// below reports whether a path lies below the path of a group, or is it. A
// group's path may have parameters, which stand for the rest of a segment.
func below(group, path string) bool {
	for group = strings.TrimSuffix(group, "/"); group != ""; {
		var want, got string
		want, group = segment(group)
		got, path = segment(path)
		static, parameter := literal(want)
		if parameter && (len(got) <= len(static) || got[:len(static)] != static) || !parameter && got != static {
			return false
		}
	}
	return true
}

// literal returns what a segment of a group's path says literally, and whether a
// parameter follows. gin has "\:" stand for a colon that begins none.
func literal(segment string) (static string, parameter bool) {
	const escaped = "\\:"
	for i := 0; i < len(segment); i++ {
		switch {
		case strings.HasPrefix(segment[i:], escaped):
			i++
		case segment[i] == ':' || segment[i] == '*':
			segment, parameter = segment[:i], true
		}
	}
	return strings.ReplaceAll(segment, escaped, ":"), parameter
}

// segment cuts the first segment, with its slash, off a path.
func segment(path string) (first, rest string) {
	if path == "" {
		return "", ""
	}
	if i := strings.IndexByte(path[1:], '/'); i >= 0 {
		return path[:i+1], path[i+1:]
	}
	return path, ""
}
