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
// preflight. Then the 401 carries the CORS headers too; without them, the script
// sees only a network error. Recover, compress and helmet may be on either
// side.
//
// Mount the cache and idempotency middlewares after this one. Otherwise responses from
// their stores lack CORS headers.
//
// When the handler returns, the middleware gives the response exactly the CORS headers
// that the engine has decided, one line each. This is necessary because a response can
// lose them: fasthttp resets the response when it answers itself, as with 304, 404 and
// 416 for files; a handler overwrites Vary; a proxy replaces the response with its
// upstream's. A store can also add the headers of another response. The middleware cannot
// tell these cases from a handler that deletes or changes Access-Control-Allow-Origin on
// purpose, so it restores the header then too. To hide a response from scripts, mount a
// middleware that denies all origins on its route, such as corsfiber.Middleware(nil).
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
// With StrictRouting, write the paths of Group and Use without a slash at the end. The
// middleware of "/api/" does not run for "/api", so a route of that path has neither CORS
// headers nor the protection of RejectDisallowed.
//
// For a single path, register the middleware as the OPTIONS handler. Without one,
// fiber answers a preflight with 405:
//
//	cors := corsfiber.Middleware(engine)
//	app.Post("/items", cors, create)
//	app.Options("/items", cors)
//
// Groups may have different engines. For a group inside another one, the outer engine
// answers the preflights and the inner one decides what scripts may read. So the inner
// engine does not prevent a write that the outer one allows, unless its policy has
// RejectDisallowed. To make an exception below a path, use one engine of [core.NewRouted]
// on the application instead. The same holds for a net/http handler inside fiber's
// adaptor, if it has the middleware of corshttp.
//
// fiber v2 compares the path of a group, or of Use, as a prefix of bytes: it runs the
// handlers of "/api" for "/apikeys" too. This middleware does nothing for such paths,
// except that it treats "/api%2Fx" as below "/api". Other handlers that are mounted on
// the group with Use do run for "/apikeys", unprotected. If you use RejectDisallowed,
// mount the middleware on the application.
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
// The engine reads the request in fasthttp's memory and retains none of it. fasthttp
// copies the headers that are written. An AllowOriginFunc gets copies, which it may
// keep; they are never larger than ReadBufferSize, which bounds the header section. No
// copies are made for a request that does not call the function. The setting Immutable
// makes no difference.
package corsfiber
