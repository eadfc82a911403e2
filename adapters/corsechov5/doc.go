// Package corsechov5 puts a [core.Engine] in front of handlers of echo v5.
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
// Mounted with Echo.Use, the middleware runs for every request, even if no route
// matches. It answers preflights of routes that have no OPTIONS handler. echo's 404
// and 405, returned errors and the responses of your own HTTPErrorHandler carry the
// CORS headers.
//
// Mount it before authentication, because browsers send no credentials with a
// preflight. Then the 401 carries the CORS headers too; without them, the script
// sees only a network error. Recover, Gzip and Secure may be on either side.
//
// Mounted with Echo.Pre, it runs before the router and before any middleware that is
// mounted with Pre after it. Redirects by other middleware that is mounted with Pre, such
// as HTTPSRedirect or AddTrailingSlash with a RedirectCode, carry the CORS headers only
// if this middleware comes first.
//
// # One group or one path
//
// [Group] mounts the middleware on a group so that preflights are answered and the
// group's 404s carry the CORS headers:
//
//	api := corsechov5.Group(e, e.Group("/api"), engine)
//	api.POST("/items", create)
//
// Group registers an OPTIONS route for the path of each of the group's routes. So
// preflights of these routes do not reach a catch-all such as e.Any("/*", ...) or a
// custom not-found route. Your own OPTIONS routes, including those that Any registers,
// take precedence over the group on the paths of the group's routes, and on any path
// for which echo's router tries them first. For example, it tries
// e.OPTIONS("/api/:id", ...) before the group's "/*".
//
// Other requests below the group's path reach the group's not-found route, unless you
// replace it or register a catch-all for them. Group also covers a route whose path
// does not begin with a slash, such as "-v2" in the group /api. It does not cover a
// path without a route that only begins with the same bytes, such as /api-v3.
//
// The middleware of a single route does not run for the route's preflights: if a path
// has no OPTIONS handler, echo answers OPTIONS itself, with 204 and without CORS
// headers. Browsers then report "Response to preflight request doesn't pass access
// control check". Give the path an OPTIONS route:
//
//	notFound := func(*echo.Context) error { return echo.ErrNotFound }
//	cors := corsechov5.Middleware(engine)
//	e.POST("/items", create, cors)
//	e.OPTIONS("/items", notFound, cors)
//
// Groups may have different engines; each engine decides for the routes of its group.
// For a group inside another one, the outer engine answers the preflights and the inner
// one decides what scripts may read. So the inner engine does not prevent a write that
// the outer one allows, unless its policy has RejectDisallowed. To make an exception
// below a path, use one engine of [core.NewRouted] on the application instead.
//
// # Policies for paths
//
// An engine of [core.NewRouted] compares the decoded path of the URL and, if escapes
// matter, the path as sent: echo's router may use either. If the two lead to different
// routes of the engine, no origin is allowed. If a middleware rewrites the path in Pre,
// mount this one after it to decide by the new path.
package corsechov5
