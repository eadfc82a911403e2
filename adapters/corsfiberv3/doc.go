// Package corsfiberv3 puts a [core.Engine] in front of fiber handlers, of fiber's
// version 3.
//
//	engine, err := core.New(core.Policy{
//		AllowOrigins: []string{"https://app.example.com"},
//		AllowMethods: []string{"PUT", "DELETE"},
//		AllowHeaders: []string{"authorization", "content-type"},
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	app := fiber.New()
//	app.Use(corsfiberv3.Middleware(engine))
//
// # The whole application
//
// Mount the middleware with Use before the routes: fiber runs handlers in the
// order in which they were registered. It then runs for every request, those
// that no route matches included. It answers preflights of routes that have no
// OPTIONS handler, and fiber's 404 and 405, returned errors and your own
// ErrorHandler's answers carry the CORS headers.
//
// Put it before authentication, because browsers send no credentials with a
// preflight; then the 401 has the CORS headers too, without which the script
// is told of a network error. Recover, compress and helmet may be on either
// side. The cache middleware belongs behind it: what it answers from the cache would
// be without CORS headers otherwise.
//
// fasthttp empties the response where it answers by itself, such as 304, 404
// and 416 for files; a handler that sets Vary overwrites it; a proxy puts an
// upstream's response in its place. The middleware puts back what is lost when the
// handler has returned. It cannot tell that from a handler's deleting of
// Access-Control-Allow-Origin: what scripts are not to read has a middleware
// that denies in front, such as corsfiberv3.Middleware(nil).
// Errors that come before any handler, such as a body over BodyLimit, have the
// headers too if the middleware is mounted with Use: fiber runs such middleware
// for them. Below a prefix that is so for requests with that prefix.
//
// # One group, or one path
//
// fiber runs a group's middleware for every path below the group's, whatever the
// method, so that preflights need no more than
//
//	api := app.Group("/api", corsfiberv3.Middleware(engine))
//	api.Post("/items", create)
//
// For a single path the middleware is the OPTIONS handler, without which fiber
// answers a preflight with 405:
//
//	cors := corsfiberv3.Middleware(engine)
//	app.Post("/items", cors, create)
//	app.Options("/items", cors)
//
// Groups with different engines stand beside one another. Inside of one
// another the outer engine answers the preflights, and the inner one decides
// what scripts may read: use [core.NewRouted] on the application instead to
// make an exception below a path.
//
// # Policies for paths
//
// An engine of [core.NewRouted] compares the path as fiber's router does:
// without regard to the case of ASCII letters unless CaseSensitive is set, so
// that "/API/x" does not escape the policies of "/api/", nor "/api/x" those of
// "/API/"; and without a slash at the end unless StrictRouting is. The path is
// compared decoded, and as sent too where its encoding matters, whether
// UnescapePath is set or not; a path whose two readings lead to different routes
// is allowed to no origin.
//
// # Memory
//
// The engine is handed views of the request, as fiber's own methods hand them
// to you, and keeps none; fasthttp copies the headers that are written. Only an
// AllowOriginFunc gets copies, which it may keep; nothing is copied of a request
// that it cannot be asked about, and a request's head is no larger than
// ReadBufferSize. Immutable makes no difference.
package corsfiberv3
