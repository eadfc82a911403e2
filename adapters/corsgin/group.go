package corsgin

import (
	"net/url"
	"path"
	"reflect"
	"slices"
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
// this engine as well, unless they have an OPTIONS handler. Of groups whose paths
// overlap, the one whose path gin's router tries first decides what no route matches:
// /api/v1 before /api, and both before /:tenant; of groups with the same path, the
// first. A group inside of one that was given to Group leaves it to that one.
//
// The first call adds a handler to r that does this for all of r's groups.
func Group(r *gin.Engine, group *gin.RouterGroup, engine *core.Engine, opts ...Options) *gin.RouterGroup {
	g := &grouped{strings.TrimSuffix(group.BasePath(), "/"), Middleware(engine, opts...)}
	within := slices.ContainsFunc(group.Handlers, func(h gin.HandlerFunc) bool { return same(h, g.serve) })
	group.Use(g.serve)
	if !within {
		all := groupsOf(r)
		all.list = append(all.list, g)
	}
	return group
}

// grouped is a group, and its middleware.
type grouped struct {
	path string
	cors gin.HandlerFunc
}

func (g *grouped) serve(c *gin.Context) { g.cors(c) }

// groups are the groups of a gin.Engine, in order.
type groups struct {
	r    *gin.Engine
	list []*grouped
}

// groupsOf returns the groups of r. Their handler is looked for among those of r,
// the only place that gin has for them.
func groupsOf(r *gin.Engine) *groups {
	all := &groups{r: r}
	for _, h := range r.Handlers {
		if same(h, all.serve) {
			c := &gin.Context{}
			h(c)
			return c.MustGet(ours).(*groups)
		}
	}
	r.Use(all.serve)
	return all
}

const ours = "corsgin.groups"

// same reports whether two handlers have the same code. Go does not compare functions.
func same(a, b gin.HandlerFunc) bool {
	return reflect.ValueOf(a).Pointer() == reflect.ValueOf(b).Pointer()
}

// serve is for what no route matches. Without a request it says whose it is.
func (all *groups) serve(c *gin.Context) {
	if c.Request == nil {
		c.Set(ours, all)
		return
	}
	if c.FullPath() != "" {
		return
	}
	var nearest *grouped
	path := compared(all.r, c.Request.URL)
	for _, g := range all.list {
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

// below reports whether a path lies below the path of a group, or is it. A
// group's path may have parameters, which stand for the rest of a segment.
func below(group, path string) bool {
	for group != "" {
		var want, got string
		want, group = segment(group)
		got, path = segment(path)
		static, wild := literal(want)
		switch {
		case wild == 0 && got != static, !strings.HasPrefix(got, static):
			return false
		case wild == ':' && got == static && path == "": // gin has parameters empty, but not at the end
			return false
		}
	}
	return true
}

// nearer reports whether, of the paths of two groups that a path lies below, gin's
// router tries a before b.
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

// literal returns what a segment of a group's path says literally, and ':' or '*' if
// a parameter follows. gin has "\:" stand for a colon that begins none.
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
