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
// Mount the middleware with Use on the gin.Engine, before the routes: gin
// gives a route the middleware that was there when it was registered. It then
// also runs for what no route matches, so that it answers preflights of routes
// that have no OPTIONS handler, and so that gin's 404 and 405, or those of
// your own NoRoute and NoMethod handlers, carry the CORS headers.
//
// Put it before authentication, because browsers send no credentials with a
// preflight; then the 401 has the CORS headers too, without which the script
// is told of a network error. Recovery, logging and gzip may be on either side.
//
// # One group, or one path
//
// gin runs the middleware of a group only for the group's routes, and a
// preflight of POST /api/items is an OPTIONS request, for which there is none:
// it gets a 404. [Group] mounts the middleware on a group so that preflights
// are answered, and the group's 404s have the CORS headers:
//
//	api := corsgin.Group(r, r.Group("/api"), engine)
//	api.POST("/items", create)
//
// For a single path the middleware is the OPTIONS handler:
//
//	cors := corsgin.Middleware(engine)
//	r.POST("/items", cors, create)
//	r.OPTIONS("/items", cors)
//
// A group is asked where there is no OPTIONS route. One that takes the group's paths by
// its parameters or catch-all, as r.Any("/:page/:part", ...) and
// r.OPTIONS("/*any", ...) do, is asked in its place: do without it, or, beside
// parameters, give the group's path an OPTIONS route, which needs no handler:
//
//	api.OPTIONS("/items")
//
// Groups with different engines stand beside one another, and where their paths
// overlap, the more specific one decides. Inside of one another the outer engine
// answers the preflights, and the inner one decides what scripts may read: use
// [core.NewRouted] on the application instead to make an exception below a path.
//
// # Policies for paths
//
// An engine of [core.NewRouted] compares the URL's path, decoded and, where
// its encoding matters, as sent too: gin's router goes by either, depending on
// UseRawPath. A path whose two readings lead to different routes is allowed to
// no origin, and so is one that RemoveExtraSlash would turn into another route's.
//
// # Redirects that gin makes
//
// With RedirectTrailingSlash, which is the default, or RedirectFixedPath gin
// redirects before any middleware runs, and the redirect has no CORS headers:
// "No 'Access-Control-Allow-Origin' header is present on the requested
// resource" for /items/ where the route is /items. Ask for the path as it is
// registered. A preflight is redirected even so where its path has no OPTIONS route
// but the other spelling has one, as for POST /items beside Any("/items/"): "Redirect is
// not allowed for a preflight request". Give the path one, as above. Or mount the
// engine outside of gin, where it sees everything:
//
//	http.ListenAndServe(":8080", corshttp.Middleware(engine)(r))
package corsgin
