// Package corshttp puts a [core.Engine] in front of net/http handlers, including
// all routers that are net/http handlers: chi, gorilla/mux, httprouter and others.
//
//	engine, err := core.New(core.Policy{
//		AllowOrigins: []string{"https://app.example.com"},
//		AllowHeaders: []string{"authorization", "content-type"},
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	http.ListenAndServe(":8080", corshttp.Middleware(engine)(mux))
//
// # Where to mount it
//
// Wrap the whole router. Before a request that needs permission, a browser sends a
// preflight: an OPTIONS request, which a pattern such as "POST /items" does not match.
// Outside the router, the middleware answers it before the router can respond with 404
// or 405. The methods Use of gorilla/mux, and Group and With of chi, put middleware behind
// the router, where it runs only for requests that match a route. docs/frameworks.md says
// what to write for each router.
//
// Wrap authentication too, because browsers send no credentials with a preflight.
// Then the 401 carries the CORS headers too; without them, the script could not read
// it. Recovery from panics may be on either side.
//
// Mount one engine. If middlewares with different engines are nested, the outer one
// answers the preflights and the inner one decides what scripts may read. So the inner
// one does not prevent a write that the outer one allows, unless its policy has
// RejectDisallowed. To make an exception for a path, use [core.NewRouted].
//
// If a middleware rewrites only the path that its router compares, and not the URL, as some
// of chi's do, set [Options].RoutedPath.
//
// # Responses that others write
//
// Remove code that sets Access-Control-Allow-Origin in handlers: it overrides the
// middleware. A reverse proxy adds its upstream's headers: see [StripUpstream]. A cache
// inside the middleware replays the headers of another response. [Options].Enforce
// replaces them with the headers that were decided.
package corshttp
