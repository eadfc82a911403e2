// Package corshttp puts a [core.Engine] in front of net/http handlers, and so
// of everything that takes or returns them: chi, gorilla/mux, httprouter and
// others.
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
// # Where to put it
//
// Wrap the whole router. A browser asks for permission with an OPTIONS request
// that no pattern such as "POST /items" matches; wrapped outside of the router,
// the middleware answers it before the router can say 404 or 405. It belongs
// outside of authentication too, because browsers never send credentials with a
// preflight, and its headers then are on the 401 as well, which the script
// could not read otherwise. Recovery from panics may be on either side.
//
// Mount one engine. If middlewares with different engines are nested, the outer
// one answers the preflights and the inner one decides what scripts may read, so
// that only what both allow works; [core.NewRouted] makes exceptions for paths.
//
// A handler that writes its own Access-Control-Allow-Origin overrides the
// middleware's; remove such code. A reverse proxy copies its upstream's: see
// [StripUpstream].
package corshttp
