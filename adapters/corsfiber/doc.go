// Package corsfiber puts a [core.Engine] in front of handlers of fiber v2.
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
//	app.Use(corsfiber.Middleware(engine))
//
// # The whole application
//
// Mount the middleware with Use, before the routes: fiber runs handlers in the order
// in which they are registered. It then runs for every request, even if no route
// matches. It answers preflights of routes that have no OPTIONS handler. fiber's 404
// and 405, returned errors and the responses of your own ErrorHandler carry the CORS
// headers.
//
// Mount it before authentication, because browsers send no credentials with a
// preflight. Then the 401 carries the CORS headers too; without them, the browser
// tells the script of a network error. Recover, compress and helmet may be on either
// side.
//
// The cache middleware belongs behind this one, or responses from the cache lack
// CORS headers. Do not set its StoreResponseHeaders, which replays the headers for
// another origin.
//
// Headers of the middleware can be lost: fasthttp resets the response when it answers
// itself, as with 304, 404 and 416 for files; a handler overwrites Vary; a proxy
// replaces the response by an upstream's. The middleware restores them when the
// handler has returned. It does so too if a handler deletes
// Access-Control-Allow-Origin, which looks the same. To keep a response from scripts,
// mount a middleware that denies all origins, such as corsfiber.Middleware(nil), on
// its route.
//
// Errors that occur before any handler runs, such as a body over BodyLimit, need
// [ErrorHandler].
//
// # One group or one path
//
// fiber runs a group's middleware for every path below the group's path and for every
// method, so preflights need nothing else:
//
//	api := app.Group("/api", corsfiber.Middleware(engine))
//	api.Post("/items", create)
//
// For a single path, register the middleware as the OPTIONS handler. Without one,
// fiber answers a preflight with 405:
//
//	cors := corsfiber.Middleware(engine)
//	app.Post("/items", cors, create)
//	app.Options("/items", cors)
//
// Groups may have different engines. For a group inside another one, the outer engine
// answers the preflights and the inner one decides what scripts may read. To make an
// exception below a path, use one engine of [core.NewRouted] on the application
// instead.
//
// fiber v2 treats the path of a group, or of Use, as a prefix of bytes: it runs the
// handlers of "/api" for "/apikeys" too. This middleware then does nothing, except
// that it treats "/api%2Fx" as below "/api". Other handlers that are mounted on the
// group with Use do run for "/apikeys", without this middleware. So with
// RejectDisallowed, mount it on the application.
//
// # Policies for paths
//
// An engine of [core.NewRouted] compares the path as fiber's router does. Unless
// CaseSensitive is set, it ignores the case of ASCII letters, so "/API/x" gets the
// policies of "/api/", and "/api/x" those of "/API/". Unless StrictRouting is set, it
// ignores a slash at the end. It compares the decoded path and, if escapes matter, the
// path as sent, whether UnescapePath is set or not. If the two lead to different
// routes of the engine, no origin is allowed.
//
// # Memory
//
// The engine reads views of the request and keeps none of them. fasthttp copies the
// headers that are written. Only an AllowOriginFunc gets copies, which it may keep. If
// the function cannot be called for a request, nothing is copied, and the head of a
// request is no larger than ReadBufferSize. Immutable makes no difference.
package corsfiber
