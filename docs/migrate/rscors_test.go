package migrate

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/core"
	"github.com/rs/cors"
)

func rs(o cors.Options) mount {
	return func(t *testing.T) *server {
		s := &site{}
		return serve(t, s, cors.New(o).Handler(s.mux()))
	}
}

// rsPolicy has what rs/cors allows when nothing is said.
func rsPolicy(change func(*core.Policy)) core.Policy {
	p := core.Policy{
		AllowOrigins: []string{app},
		AllowHeaders: []string{"content-type", "x-requested-with"},
	}
	change(&p)
	return p
}

func rsCORS() library {
	origins := []string{app}
	return library{
		guide: "rs-cors.md", module: "github.com/rs/cors", ours: netHTTP,
		base: rsPolicy(func(*core.Policy) {}),
		everywhere: []difference{
			{"OPTIONS by https://app.example", "reads 200", "blocked at the preflight",
				"rs/cors lets every preflight for OPTIONS through. List `OPTIONS` if scripts send it themselves; preflights do not need it."},
			{"OPTIONS without Origin, with Access-Control-Request-Method", "204, handler does not run", "handler runs",
				"Without Origin it is no preflight, and the application's to answer."},
			{"GET with two headers by https://app.example, through a gateway that puts two spaces after each comma", "blocked at the preflight", "reads 200",
				"rs/cors allows one space around a name. corskit does not compare the names; the browser does."},
			{"GET with two headers by https://app.example, through a gateway that reorders the names", "blocked at the preflight", "reads 200",
				"rs/cors relies on the order that browsers use. corskit does not compare the names; the browser does."},
		},
		rows: []row{
			{
				option: "`AllowedOrigins: []string{\"https://app.example\"}`",
				about:  "AllowOrigins",
				note:   "Compared byte for byte. Methods and headers as below.",
				old:    rs(cors.Options{AllowedOrigins: origins}),
				policy: rsPolicy(func(*core.Policy) {}),
			},
			{
				option: "`AllowedOrigins` empty, or `[]string{\"*\"}`",
				note:   "An empty list allows nothing in corskit.",
				old:    rs(cors.Options{}),
				policy: rsPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"*"} }),
			},
			{
				option: "`AllowedOrigins: []string{\"https://*.app.example\"}`",
				note:   "Subdomains at any depth, as before. The asterisk stands for whole labels.",
				old:    rs(cors.Options{AllowedOrigins: []string{"https://*.app.example"}}),
				policy: rsPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"https://*.app.example"} }),
				extra:  []probe{by("https://a.sub.app.example", "GET"), by("https://evilapp.example", "GET")},
			},
			{
				option: "`AllowedOrigins: []string{\"https://pr-*.app.example\"}`",
				note:   "Within a label, an asterisk stays within it.",
				old:    rs(cors.Options{AllowedOrigins: []string{"https://pr-*.app.example"}}),
				policy: rsPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"https://pr-*.app.example"} }),
				extra:  []probe{by("https://pr-7.app.example", "GET"), by("https://pr-7.other.app.example", "GET")},
				differ: []difference{
					{"GET by https://pr-7.other.app.example", "reads 200", "handler runs, answer blocked",
						"An asterisk does not cross a dot: whoever may name a subdomain could otherwise choose one that matches."},
				},
			},
			{
				option: "`AllowedOrigins: []string{\"http://localhost:*\"}`",
				note:   "Any port, and none. `@loopback` is shorter and more.",
				old:    rs(cors.Options{AllowedOrigins: []string{"http://localhost:*"}}),
				policy: rsPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"http://localhost:*"} }),
				extra:  localhost(),
				differ: []difference{
					{"GET by http://localhost", "handler runs, answer blocked", "reads 200", defaultPort},
				},
			},
			{
				option: "`AllowOriginFunc`",
				note:   "Takes a context and a `core.Request`; the origin is `r.Origin[0]`. `AllowOrigins` is not ignored but comes first.",
				old: rs(cors.Options{AllowOriginFunc: func(origin string) bool {
					return strings.HasSuffix(origin, ".app.example")
				}}),
				policy: rsPolicy(func(p *core.Policy) {
					p.AllowOrigins = nil
					p.AllowOriginFunc = func(_ context.Context, r core.Request) bool {
						return strings.HasSuffix(r.Origin[0], ".app.example")
					}
				}),
			},
			{
				option: "`AllowOriginFunc` that says yes to everything",
				old:    rs(cors.Options{AllowOriginFunc: func(string) bool { return true }}),
				policy: rsPolicy(func(p *core.Policy) {
					p.AllowOrigins = nil
					p.AllowOriginFunc = func(context.Context, core.Request) bool { return true }
				}),
				differ: []difference{
					{"GET by null", "reads 200", "handler runs, answer blocked",
						"A function is never asked about `null`, which is the origin of everybody's sandboxed frames. `DangerouslyAllowNullOrigin` permits it, without credentials."},
				},
			},
			{
				option: "`AllowOriginRequestFunc`, `AllowOriginVaryRequestFunc`",
				note:   "`core.Request` has the method, host and path. For different policies by host or path use `core.NewRouted`. Other headers cannot decide: a preflight does not carry the request's.",
				old: rs(cors.Options{AllowOriginVaryRequestFunc: func(r *http.Request, origin string) (bool, []string) {
					return r.URL.Path == "/item" && origin == app, nil
				}}),
				policy: rsPolicy(func(p *core.Policy) {
					p.AllowOrigins = nil
					p.AllowOriginFunc = func(_ context.Context, r core.Request) bool {
						return r.Path == "/item" && r.Origin[0] == app
					}
				}),
			},
			{
				option: "`AllowedMethods: []string{\"GET\", \"PUT\", \"DELETE\"}`",
				note:   "GET, HEAD and POST need no permission, and none can be withheld.",
				old:    rs(cors.Options{AllowedOrigins: origins, AllowedMethods: []string{"GET", "PUT", "DELETE"}}),
				policy: rsPolicy(func(p *core.Policy) { p.AllowMethods = []string{"PUT", "DELETE"} }),
				differ: []difference{
					{"POST by https://app.example", "handler runs, answer blocked", "reads 200",
						"CORS lets browsers send GET, HEAD and POST without asking. Withholding the headers hid the answer after the handler had run. To forbid a method, do so in the router."},
					{"POST with Content-Type by https://app.example", "blocked at the preflight", "reads 200",
						"CORS lets browsers send GET, HEAD and POST without asking. Withholding the headers hid the answer after the handler had run. To forbid a method, do so in the router."},
					{"POST with upload progress by https://app.example", "blocked at the preflight", "reads 200",
						"CORS lets browsers send GET, HEAD and POST without asking. Withholding the headers hid the answer after the handler had run. To forbid a method, do so in the router."},
					{"POST with Content-Type by https://app.example to /create", "blocked at the preflight", "reads 200",
						"CORS lets browsers send GET, HEAD and POST without asking. Withholding the headers hid the answer after the handler had run. To forbid a method, do so in the router."},
				},
			},
			{
				option: "`AllowedMethods: []string{\"*\"}`",
				note:   "Was the name of a method, and nearly all others were refused. List what scripts use.",
				old:    rs(cors.Options{AllowedOrigins: origins, AllowedMethods: []string{"*"}}),
				policy: rsPolicy(func(p *core.Policy) { p.AllowMethods = []string{"*"} }),
				differ: methodAsterisk(),
			},
			{
				option: "`AllowedMethods: []string{\"*\"}` with `AllowCredentials`",
				note:   "As above.",
				old:    rs(cors.Options{AllowedOrigins: origins, AllowedMethods: []string{"*"}, AllowCredentials: true}),
				policy: rsPolicy(func(p *core.Policy) {
					p.AllowMethods = []string{"*"}
					p.AllowCredentials = true
				}),
				differ: methodAsterisk(", with credentials"),
			},
			{
				option: "`AllowedHeaders` empty",
				about:  "AllowHeaders",
				note:   "rs/cors allows these by default, corskit no header. `Accept` needs no permission.",
				old:    rs(cors.Options{AllowedOrigins: origins}),
				policy: rsPolicy(func(*core.Policy) {}),
				extra:  gatewayed("X-Requested-With", "fetch", "Content-Type", "application/json"),
			},
			{
				option: "`AllowedHeaders: []string{\"Authorization\", \"X-Token\"}`",
				note:   "Case does not matter.",
				old:    rs(cors.Options{AllowedOrigins: origins, AllowedHeaders: []string{"Authorization", "X-Token"}}),
				policy: rsPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"authorization", "x-token"} }),
				extra:  gatewayed("Authorization", "Bearer x", "X-Token", "1"),
			},
			{
				option: "`AllowedHeaders: []string{\"*\"}`",
				note:   "Without credentials, browsers do not let an asterisk stand for Authorization. With credentials `*` alone is enough.",
				old:    rs(cors.Options{AllowedOrigins: origins, AllowedHeaders: []string{"*"}}),
				policy: rsPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"*", "authorization"} }),
			},
			{
				option: "`ExposedHeaders: []string{\"X-Total\", \"ETag\"}`",
				old:    rs(cors.Options{AllowedOrigins: origins, ExposedHeaders: []string{"X-Total", "ETag"}}),
				policy: rsPolicy(func(p *core.Policy) { p.ExposeHeaders = []string{"x-total", "etag"} }),
			},
			{
				option: "`MaxAge: 600`",
				note:   "A duration of whole seconds, at most 24 hours.",
				old:    rs(cors.Options{AllowedOrigins: origins, MaxAge: 600}),
				policy: rsPolicy(func(p *core.Policy) { p.MaxAge = 10 * time.Minute }),
			},
			{
				option: "`MaxAge: -1`",
				old:    rs(cors.Options{AllowedOrigins: origins, MaxAge: -1}),
				policy: rsPolicy(func(p *core.Policy) { p.MaxAge = core.NoPreflightCache }),
			},
			{
				option: "`AllowCredentials: true`, `AllowedMethods: []string{\"GET\", \"POST\", \"HEAD\", \"PUT\"}`, `AllowedHeaders: []string{\"*\"}`",
				wire:   true,
				old:    rs(cors.Options{AllowedOrigins: origins, AllowCredentials: true, AllowedMethods: []string{"GET", "POST", "HEAD", "PUT"}, AllowedHeaders: []string{"*"}}),
				policy: rsPolicy(func(p *core.Policy) {
					p.AllowCredentials = true
					p.AllowMethods = []string{"PUT"}
					p.AllowHeaders = []string{"*"}
				}),
			},
			{
				option: "`AllowPrivateNetwork: true`",
				old:    rs(cors.Options{AllowedOrigins: origins, AllowPrivateNetwork: true}),
				policy: rsPolicy(func(p *core.Policy) { p.AllowPrivateNetwork = true }),
			},
			{
				option:  "`OptionsPassthrough: true`",
				instead: "none",
				note:    "A preflight is answered by the middleware, always. Any other OPTIONS reaches the handler without it.",
				old:     rs(cors.Options{AllowedOrigins: origins, OptionsPassthrough: true}),
				policy:  rsPolicy(func(*core.Policy) {}),
				differ: []difference{
					{"OPTIONS by https://app.example", "reads 200, handler runs 2 times", "blocked at the preflight",
						"The handler has no part in a preflight, and OPTIONS needs to be listed."},
					{"POST with Content-Type by https://app.example", "reads 200, handler runs 2 times", "reads 200",
						"The handler has no part in a preflight."},
					{"POST with upload progress by https://app.example", "reads 200, handler runs 2 times", "reads 200",
						"The handler has no part in a preflight."},
					{"POST with Content-Type by https://app.example to /create", "blocked at the preflight", "reads 200",
						"The router had no OPTIONS for the path, and its 405 made the preflight fail. The middleware answers it now."},
				},
			},
			{
				option:  "`OptionsSuccessStatus: 200`",
				instead: "none",
				note:    "204, always: browsers take every status from 200 to 299.",
				old:     rs(cors.Options{AllowedOrigins: origins, OptionsSuccessStatus: 200}),
				policy:  rsPolicy(func(*core.Policy) {}),
				differ: []difference{
					{"OPTIONS without Origin, with Access-Control-Request-Method", "200, handler does not run", "handler runs",
						"As above."},
				},
			},
			{
				option:  "`Debug`, `Logger`",
				instead: "none",
				note:    "`Engine.Explain` says why a request was decided as it was, and what to change.",
				old:     rs(cors.Options{AllowedOrigins: origins, Logger: discard{}}),
				policy:  rsPolicy(func(*core.Policy) {}),
			},
			{
				option: "`cors.AllowAll()`",
				whole:  true,
				old: func(t *testing.T) *server {
					s := &site{}
					return serve(t, s, cors.AllowAll().Handler(s.mux()))
				},
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
				old:     rs(cors.Options{AllowCredentials: true}),
				probe:   by(app, "GET").withCredentials(),
				does:    "handler runs, answer blocked",
				policy:  core.Policy{AllowOrigins: []string{"*"}, AllowCredentials: true},
				reason:  core.ReasonAnyCredentials,
			},
			{
				setting: "`AllowedOrigins: []string{\"https://app.example/\"}`",
				old:     rs(cors.Options{AllowedOrigins: []string{"https://app.example/"}}),
				probe:   by(app, "GET"),
				does:    "handler runs, answer blocked",
				policy:  core.Policy{AllowOrigins: []string{"https://app.example/"}},
				reason:  core.ReasonTrailingSlash,
			},
			{
				setting: "`AllowedOrigins: []string{\"https://App.example\"}`",
				old:     rs(cors.Options{AllowedOrigins: []string{"https://App.example"}}),
				probe:   by(app, "GET"),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{"https://App.example"}},
				reason:  core.ReasonUpperCase,
			},
			{
				setting: "`AllowedOrigins: []string{\"null\"}`",
				old:     rs(cors.Options{AllowedOrigins: []string{"null"}}),
				probe:   by("null", "GET"),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{"null"}},
				reason:  core.ReasonNull,
			},
			{
				setting: "`AllowedOrigins: []string{\"http://app.example\"}` with `AllowCredentials`",
				old:     rs(cors.Options{AllowedOrigins: []string{"http://app.example"}, AllowCredentials: true}),
				probe:   by("http://app.example", "GET").withCredentials(),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{"http://app.example"}, AllowCredentials: true},
				reason:  core.ReasonInsecureOrigin,
			},
			{
				setting: "`AllowedMethods: []string{\"patch\"}`",
				old:     rs(cors.Options{AllowedOrigins: origins, AllowedMethods: []string{"patch"}}),
				probe:   by(app, "PATCH"),
				does:    "blocked at the preflight",
				policy:  core.Policy{AllowOrigins: origins, AllowMethods: []string{"patch"}},
				reason:  core.ReasonMethodCase,
			},
			{
				setting: "`MaxAge: 604800`",
				old:     rs(cors.Options{AllowedOrigins: origins, MaxAge: 604800, AllowedMethods: []string{"PUT"}}),
				probe:   by(app, "PUT"),
				does:    "reads 200, preflight kept 604800 s",
				policy:  core.Policy{AllowOrigins: origins, MaxAge: 7 * 24 * time.Hour},
				reason:  core.ReasonMaxAge,
			},
		},
	}
}

// methodAsterisk is what changes where rs/cors, or go-chi/cors, which is a fork
// of it, allows a method of the name "*"; with the GET and PUT of more kinds.
func methodAsterisk(kinds ...string) []difference {
	const why = "The old library takes `*` for the name of a method, which no script sends, and refuses the others, GET and POST included. corskit allows every method."
	kinds = append([]string{""}, kinds...)
	runs := []string{
		"POST by https://app.example",
		"GET by https://app.example, through a shared cache that has the answer to a request without Origin",
		"GET by https://app.example, through a shared cache that has the answer to https://other.example",
	}
	asks := []string{
		"PATCH by https://app.example", "DELETE by https://app.example",
		"POST with Content-Type by https://app.example", "POST with upload progress by https://app.example",
		"POST with Content-Type by https://app.example to /create",
	}
	for _, kind := range kinds {
		runs = append(runs, "GET by https://app.example"+kind)
		asks = append(asks, "PUT by https://app.example"+kind)
	}
	return slices.Concat(
		alike("handler runs, answer blocked", "reads 200", why, runs...),
		alike("answer blocked, handler does not run", "reads 404", why, "GET by https://app.example to /missing"),
		alike("blocked at the preflight", "reads 200", why, asks...),
	)
}

type discard struct{}

func (discard) Printf(string, ...any) {}
