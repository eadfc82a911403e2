package migrate

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/cors"
)

func chiSite(t *testing.T, middleware func(http.Handler) http.Handler) *server {
	s := &site{}
	r := chi.NewRouter()
	r.Use(middleware)
	r.Handle("/item", s)
	r.Method("POST", "/create", s)
	return serve(t, s, r)
}

func oursChi(t *testing.T, engine *core.Engine) *server {
	return chiSite(t, corshttp.Middleware(engine))
}

func chiOld(o cors.Options) mount {
	return func(t *testing.T) *server { return chiSite(t, cors.Handler(o)) }
}

// chiPolicy allows what go-chi/cors allows by default.
func chiPolicy(change func(*core.Policy)) core.Policy {
	p := core.Policy{AllowOrigins: []string{app}, AllowHeaders: []string{"content-type"}}
	change(&p)
	return p
}

func goChi() library {
	origins := []string{app}
	return library{
		guide: "go-chi-cors.md", module: "github.com/go-chi/cors", ours: oursChi,
		base: chiPolicy(func(*core.Policy) {}),
		bare: chiOld(cors.Options{AllowedOrigins: origins}),
		everywhere: []difference{
			{"OPTIONS from https://app.example", "reads 200", "blocked at the preflight",
				"go-chi/cors allows every preflight for OPTIONS. List `OPTIONS` if scripts send it themselves; preflights do not need it."},
		},
		rows: []row{
			{
				option: "`AllowedOrigins: []string{\"https://app.example\"}`",
				about:  "AllowOrigins",
				note:   "Compared byte for byte.",
				old:    chiOld(cors.Options{AllowedOrigins: origins}),
				policy: chiPolicy(func(*core.Policy) {}),
			},
			{
				option: "`AllowedOrigins` empty, or `[]string{\"*\"}`",
				omits:  "AllowOrigins",
				note:   "An empty list allows nothing in corskit.",
				old:    chiOld(cors.Options{}),
				policy: chiPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"*"} }),
			},
			{
				option: "`AllowedOrigins: []string{\"https://*.app.example\"}`",
				note:   "Subdomains at any depth, as before.",
				old:    chiOld(cors.Options{AllowedOrigins: []string{"https://*.app.example"}}),
				policy: chiPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"https://*.app.example"} }),
				extra:  []probe{from("https://a.sub.app.example", "GET")},
			},
			{
				option: "`AllowedOrigins: []string{\"https://*\", \"http://*\"}`",
				note:   "From the README of go-chi/cors. It allows every origin: write `*`, or list the origins that you mean.",
				old:    chiOld(cors.Options{AllowedOrigins: []string{"https://*", "http://*"}}),
				policy: chiPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"*"} }),
				differ: []difference{
					{"GET from null", "handler runs, answer blocked", "reads 200",
						"`*` allows every origin, `null` and other schemes included. " +
							"Anyone can have an `http` or `https` origin, so this allows no one new."},
				},
			},
			{
				option: "`AllowedOrigins: []string{\"https://pr-*.app.example\"}`",
				note:   "Within a label, an asterisk does not match a dot.",
				old:    chiOld(cors.Options{AllowedOrigins: []string{"https://pr-*.app.example"}}),
				policy: chiPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"https://pr-*.app.example"} }),
				extra:  []probe{from("https://pr-7.app.example", "GET"), from("https://pr-7.other.app.example", "GET")},
				differ: []difference{
					{"GET from https://pr-7.other.app.example", "reads 200", "handler runs, answer blocked", crossesDots},
				},
			},
			{
				option: "`AllowedOrigins: []string{\"http://localhost:*\"}`",
				note:   "Any port, or none. `@loopback` is shorter and covers more.",
				old:    chiOld(cors.Options{AllowedOrigins: []string{"http://localhost:*"}}),
				policy: chiPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"http://localhost:*"} }),
				extra:  localhost(),
				differ: []difference{
					{"GET from http://localhost", "handler runs, answer blocked", "reads 200", defaultPort},
				},
			},
			{
				option: "`AllowOriginFunc`",
				note: "Takes a context and a `core.Request` with the method, host, path and origin; " +
					"corskit does not ignore `AllowOrigins`, but checks it first. For policies by host or path use `core.NewRouted`.",
				old: chiOld(cors.Options{AllowOriginFunc: func(r *http.Request, origin string) bool {
					return r.URL.Path == "/item" && origin == app
				}}),
				policy: chiPolicy(func(p *core.Policy) {
					p.AllowOrigins = nil
					p.AllowOriginFunc = func(_ context.Context, r core.Request) bool {
						return r.Path == "/item" && r.OriginValue() == app
					}
				}),
			},
			{
				option: "`AllowOriginFunc` that always returns true",
				old:    chiOld(cors.Options{AllowOriginFunc: func(*http.Request, string) bool { return true }}),
				policy: chiPolicy(func(p *core.Policy) {
					p.AllowOrigins = nil
					p.AllowOriginFunc = func(context.Context, core.Request) bool { return true }
				}),
				differ: []difference{
					{"GET from null", "reads 200", "handler runs, answer blocked", nullOrigin},
				},
			},
			{
				option: "`AllowedMethods: []string{\"GET\", \"PUT\", \"DELETE\"}`",
				note:   "GET, HEAD and POST need no permission, and a policy cannot forbid them.",
				old:    chiOld(cors.Options{AllowedOrigins: origins, AllowedMethods: []string{"GET", "PUT", "DELETE"}}),
				policy: chiPolicy(func(p *core.Policy) { p.AllowMethods = []string{"PUT", "DELETE"} }),
				differ: []difference{
					{"POST from https://app.example", "handler runs, answer blocked", "reads 200", simpleMethods},
					{"POST with Content-Type from https://app.example", "blocked at the preflight", "reads 200", simpleMethods},
					{"POST with upload progress from https://app.example", "blocked at the preflight", "reads 200", simpleMethods},
					{"POST with Content-Type from https://app.example to /create", "blocked at the preflight", "reads 200", simpleMethods},
				},
			},
			{
				option: "`AllowedMethods: []string{\"*\"}`",
				note: "The old library treats it as the name of a method and refuses nearly all others. List the methods that " +
					"scripts use.",
				old:    chiOld(cors.Options{AllowedOrigins: origins, AllowedMethods: []string{"*"}}),
				policy: chiPolicy(func(p *core.Policy) { p.AllowMethods = []string{"*"} }),
				differ: methodAsterisk(),
			},
			{
				option: "`AllowedMethods: []string{\"*\"}` with `AllowCredentials`",
				note:   "As above.",
				old:    chiOld(cors.Options{AllowedOrigins: origins, AllowedMethods: []string{"*"}, AllowCredentials: true}),
				policy: chiPolicy(func(p *core.Policy) {
					p.AllowMethods = []string{"*"}
					p.AllowCredentials = true
				}),
				differ: methodAsterisk(", with credentials"),
			},
			{
				option: "`AllowedHeaders` empty",
				omits:  "AllowHeaders",
				about:  "AllowHeaders",
				note:   "go-chi/cors allows it by default; corskit allows no header. `Accept` and `Origin` need no permission.",
				old:    chiOld(cors.Options{AllowedOrigins: origins}),
				policy: chiPolicy(func(*core.Policy) {}),
			},
			{
				option: "`AllowedHeaders: []string{\"Authorization\", \"X-Token\"}`",
				note:   "Case does not matter.",
				old:    chiOld(cors.Options{AllowedOrigins: origins, AllowedHeaders: []string{"Authorization", "X-Token"}}),
				policy: chiPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"authorization", "x-token"} }),
				extra:  gatewayed("Authorization", "Bearer x", "X-Token", "1"),
				differ: []difference{
					{"GET with two headers from https://app.example, through a gateway that splits Access-Control-Request-Headers " +
						"into lines",
						"blocked at the preflight", "reads 200",
						"go-chi/cors reads only the first line, so the browser does not find the other name in the answer. Several " +
							"lines are one list."},
				},
			},
			{
				option: "`AllowedHeaders: []string{\"Origin\", \"Content-Length\", \"X-Token\"}`",
				note:   unsettable,
				old:    chiOld(cors.Options{AllowedOrigins: origins, AllowedHeaders: []string{"Origin", "Content-Length", "X-Token"}}),
				policy: chiPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"Origin", "Content-Length", "x-token"} }),
			},
			{
				option: "`AllowedHeaders: []string{\"*\"}`",
				note:   "Without credentials, an asterisk does not cover Authorization in browsers. With credentials, `*` is enough.",
				old:    chiOld(cors.Options{AllowedOrigins: origins, AllowedHeaders: []string{"*"}}),
				policy: chiPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"*", "authorization"} }),
				extra:  []probe{from(app, "GET", "X-A!b", "1")},
				differ: []difference{
					{"GET with X-A!b from https://app.example", "blocked at the preflight", "reads 200",
						"go-chi/cors drops every character except letters, digits, dashes, dots and underscores from the names that it " +
							"repeats."},
				},
			},
			{
				option: "`ExposedHeaders: []string{\"X-Total\", \"ETag\"}`",
				old:    chiOld(cors.Options{AllowedOrigins: origins, ExposedHeaders: []string{"X-Total", "ETag"}}),
				policy: chiPolicy(func(p *core.Policy) { p.ExposeHeaders = []string{"x-total", "etag"} }),
			},
			{
				option: "`AllowCredentials: true`, `AllowedMethods: []string{\"GET\", \"POST\", \"HEAD\", \"PUT\"}`, `AllowedHeaders: " +
					"[]string{\"*\"}`",
				wire: true,
				old: chiOld(cors.Options{
					AllowedOrigins: origins, AllowCredentials: true,
					AllowedMethods: []string{"GET", "POST", "HEAD", "PUT"}, AllowedHeaders: []string{"*"},
				}),
				policy: chiPolicy(func(p *core.Policy) {
					p.AllowCredentials = true
					p.AllowMethods = []string{"PUT"}
					p.AllowHeaders = []string{"*"}
				}),
			},
			{
				option: "`MaxAge: 600`",
				note:   "A duration of whole seconds, at most 24 hours. `core.NoPreflightCache` sends 0, which go-chi/cors cannot.",
				old:    chiOld(cors.Options{AllowedOrigins: origins, MaxAge: 600}),
				policy: chiPolicy(func(p *core.Policy) { p.MaxAge = 10 * time.Minute }),
			},
			{
				option:  "`OptionsPassthrough: true`",
				instead: "none",
				note:    "The middleware answers every preflight. Even without this option, any other OPTIONS reaches the handler.",
				old:     chiOld(cors.Options{AllowedOrigins: origins, OptionsPassthrough: true}),
				policy:  chiPolicy(func(*core.Policy) {}),
				differ: []difference{
					{"OPTIONS from https://app.example", "reads 200, handler runs 2 times", "blocked at the preflight",
						"Preflights do not reach the handler, and OPTIONS must be listed."},
					{"POST with Content-Type from https://app.example", "reads 200, handler runs 2 times", "reads 200", handlerPassed},
					{"POST with upload progress from https://app.example", "reads 200, handler runs 2 times", "reads 200", handlerPassed},
					{"POST with Content-Type from https://app.example to /create", "blocked at the preflight", "reads 200", noRoute},
				},
			},
			{
				option:  "`Debug: true`",
				instead: "none",
				note:    "`Engine.Explain` explains each answer, and says what to change.",
				old: func(t *testing.T) *server {
					c := cors.New(cors.Options{AllowedOrigins: origins, Debug: true})
					c.Log = discard{}
					return chiSite(t, c.Handler)
				},
				policy: chiPolicy(func(*core.Policy) {}),
			},
			{
				option: "`cors.AllowAll()`",
				whole:  true,
				old:    func(t *testing.T) *server { return chiSite(t, cors.AllowAll().Handler) },
				policy: core.Policy{
					AllowOrigins: []string{"*"},
					AllowMethods: []string{"PUT", "PATCH", "DELETE"},
					AllowHeaders: []string{"*", "authorization"},
				},
			},
		},
		refusals: []refusal{
			{
				setting: "`AllowedOrigins: []string{\"*\"}` with `AllowCredentials`",
				old:     chiOld(cors.Options{AllowCredentials: true}),
				probe:   from(app, "GET").withCredentials(),
				does:    "handler runs, answer blocked",
				policy:  core.Policy{AllowOrigins: []string{"*"}, AllowCredentials: true},
				reason:  reason.AnyCredentials,
			},
			{
				setting: "`AllowedOrigins: []string{\"https://*\"}` with `AllowCredentials`",
				old:     chiOld(cors.Options{AllowedOrigins: []string{"https://*"}, AllowCredentials: true}),
				probe:   from(other, "GET").withCredentials(),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{"https://*"}, AllowCredentials: true},
				reason:  reason.Wildcard,
			},
			{
				setting: "`AllowedOrigins: []string{\"https://app.example/\"}`",
				old:     chiOld(cors.Options{AllowedOrigins: []string{"https://app.example/"}}),
				probe:   from(app, "GET"),
				does:    "handler runs, answer blocked",
				policy:  core.Policy{AllowOrigins: []string{"https://app.example/"}},
				reason:  reason.TrailingSlash,
			},
			{
				setting: "`AllowedOrigins: []string{\"https://App.example\"}`",
				old:     chiOld(cors.Options{AllowedOrigins: []string{"https://App.example"}}),
				probe:   from(app, "GET"),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{"https://App.example"}},
				reason:  reason.UpperCase,
			},
			{
				setting: "`AllowedMethods: []string{\"patch\"}`",
				old:     chiOld(cors.Options{AllowedOrigins: origins, AllowedMethods: []string{"patch"}}),
				probe:   from(app, "PATCH"),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: origins, AllowMethods: []string{"patch"}},
				reason:  reason.MethodCase,
			},
			{
				setting: "`MaxAge: 604800`",
				old:     chiOld(cors.Options{AllowedOrigins: origins, MaxAge: 604800, AllowedMethods: []string{"PUT"}}),
				probe:   from(app, "PUT"),
				does:    "reads 200, preflight cached 604800 s",
				policy:  core.Policy{AllowOrigins: origins, MaxAge: 7 * 24 * time.Hour},
				reason:  reason.MaxAge,
			},
		},
	}
}
