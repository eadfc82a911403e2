// Package corsechov5 puts a [core.Engine] in front of echo handlers, of echo's
// version v5.
//
//	engine, err := core.New(core.Policy{
//		AllowOrigins: []string{"https://app.example.com"},
//		AllowMethods: []string{"PUT", "DELETE"},
//		AllowHeaders: []string{"authorization", "content-type"},
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	e := echo.New()
//	e.Use(corsechov5.Middleware(engine))
//
// # The whole application
//
// Mounted with Echo.Use, the middleware runs for every request, those that no
// route matches included. It answers preflights of routes that have no OPTIONS
// handler, and echo's 404 and 405, returned errors and your own
// HTTPErrorHandler's answers carry the CORS headers.
//
// Put it before authentication, because browsers send no credentials with a
// preflight; then the 401 has the CORS headers too, without which the script
// is told of a network error. Recover, Gzip and Secure may be on either side.
//
// With Echo.Pre it runs before the router and before what else is mounted with
// Pre after it. That is the place where AddTrailingSlash or another middleware
// redirects: their redirects carry the CORS headers only if this one comes first.
//
// # One group, or one path
//
// [Group] mounts the middleware on a group so that preflights are answered, and
// the group's 404s have the CORS headers:
//
//	api := corsechov5.Group(e, e.Group("/api"), engine)
//	api.POST("/items", create)
//
// The group's routes get OPTIONS routes beside them, so that neither a catch-all such
// as e.Any("/*", ...) nor a custom not-found route takes their preflights. Your own
// OPTIONS routes, and those of Any, remain, and are asked in the group's place: on
// paths of routes of the group that are theirs, and on those that echo's router tries
// them for first, as it does e.OPTIONS("/api/:id", ...) for the group's "/*".
//
// Other requests below the group's path get to its not-found route, unless you
// replace it or have a catch-all for them. A route that does not begin with a slash,
// such as "-v2" in the group /api, is covered; a path without a route that only looks
// like it, such as /api-v3, is not, for nothing says whose it is.
//
// Middleware of a single route is not asked about its preflights, since echo
// answers OPTIONS itself where a path has no handler for it: 204 without CORS
// headers, which browsers refuse as "Response to preflight request doesn't pass
// access control check". Give the path one:
//
//	notFound := func(*echo.Context) error { return echo.ErrNotFound }
//	cors := corsechov5.Middleware(engine)
//	e.POST("/items", create, cors)
//	e.OPTIONS("/items", notFound, cors)
//
// Groups with different engines stand beside one another, and each decides for its own
// routes. Inside of one another the outer engine answers the preflights, and the inner
// one decides what scripts may read: use [core.NewRouted] on the application instead
// to make an exception below a path.
//
// # Policies for paths
//
// An engine of [core.NewRouted] compares the URL's path, decoded and, where
// its encoding matters, as sent too: echo's router may go by either. A path
// whose two readings lead to different routes is allowed to no origin. Middleware
// that rewrites paths with Pre is seen only by what is mounted after it.
package corsechov5
