// Package corsgin puts a [core.Engine] in front of gin handlers.
//
//	engine, err := core.New(core.Policy{
//		AllowOrigins: []string{"https://app.example.com"},
//		AllowMethods: []string{"PUT", "DELETE"},
//		AllowHeaders: []string{"authorization", "content-type"},
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	r := gin.Default()
//	r.Use(corsgin.Middleware(engine))
//
// # The whole application
//
// Mount the middleware on the gin.Engine with Use, before you register routes and make
// groups: each gets only the middleware that was mounted before it. gin answers the
// preflights of a group that was made too early, but the responses of its routes have no
// CORS headers, and RejectDisallowed does not apply to them. gin also runs the
// middleware for requests that no route matches. So it answers preflights of routes
// that have no OPTIONS handler, and gin's 404 and 405 carry the CORS headers, as do
// the responses of your own NoRoute and NoMethod handlers.
//
// Mount it before authentication, because browsers send no credentials with a
// preflight. Then the 401 carries the CORS headers too; without them, the script
// sees only a network error. Recovery, logging and gzip may be on either
// side.
//
// # One group or one path
//
// gin runs the middleware of a group only for the group's routes. The preflight of
// POST /api/items is an OPTIONS request, for which there is no route, so it gets a
// 404. [Group] mounts the middleware on a group so that preflights are answered and
// the group's 404s carry the CORS headers:
//
//	api := corsgin.Group(r, r.Group("/api"), engine)
//	api.POST("/items", create)
//
// For a single path, register the middleware as the OPTIONS handler:
//
//	cors := corsgin.Middleware(engine)
//	r.POST("/items", cors, create)
//	r.OPTIONS("/items", cors)
//
// An OPTIONS route takes precedence over a group. Routes such as
// r.OPTIONS("/*any", ...) and r.Any("/:page/:part", ...) also match paths of the
// group through their parameters or catch-all, and then the group does not get the
// preflights of these paths. Remove such a route. If it has only parameters, you can
// instead give the group's path an OPTIONS route, which needs no handler:
//
//	api.OPTIONS("/items")
//
// Groups may have different engines. If the paths of groups overlap, the more
// specific group decides requests that no route matches: /api/v1 before /api. This
// also holds for a group inside another one. There, a route runs the middleware of both groups:
// the inner engine decides what scripts may read, but the outer one answers
// preflights of paths that have an OPTIONS route, and its RejectDisallowed applies to
// all routes. Where the outer engine answers preflights, as the application's engine
// always does, the inner engine does not prevent a write that the outer one allows,
// unless the inner policy has RejectDisallowed. To make an exception below a path, prefer
// one engine of [core.NewRouted] on the application.
//
// # Policies for paths
//
// An engine of [core.NewRouted] compares the decoded path of the URL and, if escapes
// matter, the path as sent: UseRawPath tells gin's router which of the two to use.
// If the two lead to different routes of the engine, no origin is allowed. The same
// holds for a path that RemoveExtraSlash would turn into the path of another route.
//
// # Redirects by gin
//
// With RedirectTrailingSlash, which is on by default, and with RedirectFixedPath, gin
// redirects before any middleware runs, and the redirect has no CORS headers. If the
// route is /items, a script that requests /items/ fails with "No
// 'Access-Control-Allow-Origin' header is present on the requested resource". The
// script must request the registered path.
//
// gin even redirects the preflight of a registered path if the path has no OPTIONS
// route and the other spelling has one: POST /items next to Any("/items/"), for
// example. Then the browser reports "Redirect is not allowed for a preflight
// request". Give the path an OPTIONS route, as above, or mount the middleware outside
// gin, where it sees all requests:
//
//	http.ListenAndServe(":8080", corshttp.Middleware(engine)(r))
package corsgin
