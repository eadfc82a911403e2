package migrate

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
	"github.com/rs/cors"
)

func rs(o cors.Options) mount {
	return func(t *testing.T) *server {
		s := &site{}
		return serve(t, s, cors.New(o).Handler(s.mux()))
	}
}

// rsPolicy allows what rs/cors allows by default.
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
		bare: rs(cors.Options{AllowedOrigins: origins}),
		everywhere: []difference{
			{"OPTIONS from https://app.example", "reads 200", "blocked at the preflight",
				"rs/cors allows every preflight for OPTIONS. List `OPTIONS` if scripts send it themselves; preflights do not need it."},
			{"OPTIONS without Origin, with Access-Control-Request-Method", "204, handler does not run", "handler runs",
				"Without Origin it is not a preflight, so the application answers."},
			{"GET with two headers from https://app.example, through a gateway that puts two spaces after each comma",
				"blocked at the preflight", "reads 200",
				"rs/cors allows one space around a name. corskit does not compare the names; the browser does."},
			{"GET with two headers from https://app.example, through a gateway that reorders the names", "blocked at the preflight",
				"reads 200",
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
				omits:  "AllowOrigins",
				note:   "An empty list allows nothing in corskit.",
				old:    rs(cors.Options{}),
				policy: rsPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"*"} }),
			},
			{
				option: "`AllowedOrigins: []string{\"https://*.app.example\"}`",
				note:   "Subdomains at any depth, as before. The asterisk matches whole labels.",
				old:    rs(cors.Options{AllowedOrigins: []string{"https://*.app.example"}}),
				policy: rsPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"https://*.app.example"} }),
				extra:  []probe{from("https://a.sub.app.example", "GET"), from("https://evilapp.example", "GET")},
			},
			{
				option: "`AllowedOrigins: []string{\"https://pr-*.app.example\"}`",
				note:   "Within a label, an asterisk does not match a dot.",
				old:    rs(cors.Options{AllowedOrigins: []string{"https://pr-*.app.example"}}),
				policy: rsPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"https://pr-*.app.example"} }),
				extra:  []probe{from("https://pr-7.app.example", "GET"), from("https://pr-7.other.app.example", "GET")},
				differ: []difference{
					{"GET from https://pr-7.other.app.example", "reads 200", "handler runs, answer blocked", crossesDots},
				},
			},
			{
				option: "`AllowedOrigins: []string{\"http://localhost:*\"}`",
				note:   "Any port, or none. `@loopback` is shorter and covers more.",
				old:    rs(cors.Options{AllowedOrigins: []string{"http://localhost:*"}}),
				policy: rsPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"http://localhost:*"} }),
				extra:  localhost(),
				differ: []difference{
					{"GET from http://localhost", "handler runs, answer blocked", "reads 200", defaultPort},
				},
			},
			{
				option: "`AllowOriginFunc`",
				note: "Takes a context and a `core.Request`; the origin is `r.OriginValue()`. corskit does not ignore `AllowOrigins`, " +
					"but checks it first.",
				old: rs(cors.Options{AllowOriginFunc: func(origin string) bool {
					return strings.HasSuffix(origin, ".app.example")
				}}),
				policy: rsPolicy(func(p *core.Policy) {
					p.AllowOrigins = nil
					p.AllowOriginFunc = func(_ context.Context, r core.Request) bool {
						return strings.HasSuffix(r.OriginValue(), ".app.example")
					}
				}),
			},
			{
				option: "`AllowOriginFunc` that always returns true",
				old:    rs(cors.Options{AllowOriginFunc: func(string) bool { return true }}),
				policy: rsPolicy(func(p *core.Policy) {
					p.AllowOrigins = nil
					p.AllowOriginFunc = func(context.Context, core.Request) bool { return true }
				}),
				differ: []difference{
					{"GET from null", "reads 200", "handler runs, answer blocked", nullOrigin},
				},
			},
			{
				option: "`AllowOriginRequestFunc`, `AllowOriginVaryRequestFunc`",
				note: "`core.Request` has the method, host and path. " +
					"For different policies by host or path use `core.NewRouted`. Other headers cannot be used: " +
					"a preflight does not have the headers of the request.",
				old: rs(cors.Options{AllowOriginVaryRequestFunc: func(r *http.Request, origin string) (bool, []string) {
					return r.URL.Path == "/item" && origin == app, nil
				}}),
				policy: rsPolicy(func(p *core.Policy) {
					p.AllowOrigins = nil
					p.AllowOriginFunc = func(_ context.Context, r core.Request) bool {
						return r.Path == "/item" && r.OriginValue() == app
					}
				}),
			},
			{
				option: "`AllowedMethods: []string{\"GET\", \"PUT\", \"DELETE\"}`",
				note:   "GET, HEAD and POST need no permission, and a policy cannot forbid them.",
				old:    rs(cors.Options{AllowedOrigins: origins, AllowedMethods: []string{"GET", "PUT", "DELETE"}}),
				policy: rsPolicy(func(p *core.Policy) { p.AllowMethods = []string{"PUT", "DELETE"} }),
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
				omits:  "AllowHeaders",
				about:  "AllowHeaders",
				note:   "rs/cors allows these by default; corskit allows no header. `Accept` needs no permission.",
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
				option: "`AllowedHeaders: []string{\"Origin\", \"Content-Length\", \"X-Token\"}`",
				note:   unsettable,
				old:    rs(cors.Options{AllowedOrigins: origins, AllowedHeaders: []string{"Origin", "Content-Length", "X-Token"}}),
				policy: rsPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"Origin", "Content-Length", "x-token"} }),
			},
			{
				option: "`AllowedHeaders: []string{\"*\"}`",
				note:   "Without credentials, an asterisk does not cover Authorization in browsers. With credentials, `*` is enough.",
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
				option: "`AllowCredentials: true`, `AllowedMethods: []string{\"GET\", \"POST\", \"HEAD\", \"PUT\"}`, `AllowedHeaders: " +
					"[]string{\"*\"}`",
				wire: true,
				old: rs(cors.Options{
					AllowedOrigins: origins, AllowCredentials: true,
					AllowedMethods: []string{"GET", "POST", "HEAD", "PUT"}, AllowedHeaders: []string{"*"},
				}),
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
				note:    "The middleware answers every preflight. Even without this option, any other OPTIONS reaches the handler.",
				old:     rs(cors.Options{AllowedOrigins: origins, OptionsPassthrough: true}),
				policy:  rsPolicy(func(*core.Policy) {}),
				differ: []difference{
					{"OPTIONS from https://app.example", "reads 200, handler runs 2 times", "blocked at the preflight",
						"Preflights do not reach the handler, and OPTIONS must be listed."},
					{"POST with Content-Type from https://app.example", "reads 200, handler runs 2 times", "reads 200", handlerPassed},
					{"POST with upload progress from https://app.example", "reads 200, handler runs 2 times", "reads 200", handlerPassed},
					{"POST with Content-Type from https://app.example to /create", "blocked at the preflight", "reads 200", noRoute},
				},
			},
			{
				option:  "`OptionsSuccessStatus: 200`",
				instead: "none",
				note:    "The status is always 204; browsers accept every status from 200 to 299.",
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
				note:    "`Engine.Explain` explains each answer, and says what to change.",
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
				probe:   from(app, "GET").withCredentials(),
				does:    "handler runs, answer blocked",
				policy:  core.Policy{AllowOrigins: []string{"*"}, AllowCredentials: true},
				reason:  reason.AnyCredentials,
			},
			{
				setting: "`AllowedOrigins: []string{\"https://app.example/\"}`",
				old:     rs(cors.Options{AllowedOrigins: []string{"https://app.example/"}}),
				probe:   from(app, "GET"),
				does:    "handler runs, answer blocked",
				policy:  core.Policy{AllowOrigins: []string{"https://app.example/"}},
				reason:  reason.TrailingSlash,
			},
			{
				setting: "`AllowedOrigins: []string{\"https://App.example\"}`",
				old:     rs(cors.Options{AllowedOrigins: []string{"https://App.example"}}),
				probe:   from(app, "GET"),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{"https://App.example"}},
				reason:  reason.UpperCase,
			},
			{
				setting: "`AllowedOrigins: []string{\"null\"}`",
				old:     rs(cors.Options{AllowedOrigins: []string{"null"}}),
				probe:   from("null", "GET"),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{"null"}},
				reason:  reason.NullOrigin,
			},
			{
				setting: "`AllowedOrigins: []string{\"http://app.example\"}` with `AllowCredentials`",
				old:     rs(cors.Options{AllowedOrigins: []string{"http://app.example"}, AllowCredentials: true}),
				probe:   from("http://app.example", "GET").withCredentials(),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{"http://app.example"}, AllowCredentials: true},
				reason:  reason.InsecureOrigin,
			},
			{
				setting: "`AllowedMethods: []string{\"patch\"}`",
				old:     rs(cors.Options{AllowedOrigins: origins, AllowedMethods: []string{"patch"}}),
				probe:   from(app, "PATCH"),
				does:    "blocked at the preflight",
				policy:  core.Policy{AllowOrigins: origins, AllowMethods: []string{"patch"}},
				reason:  reason.MethodCase,
			},
			{
				setting: "`MaxAge: 604800`",
				old:     rs(cors.Options{AllowedOrigins: origins, MaxAge: 604800, AllowedMethods: []string{"PUT"}}),
				probe:   from(app, "PUT"),
				does:    "reads 200, preflight cached 604800 s",
				policy:  core.Policy{AllowOrigins: origins, MaxAge: 7 * 24 * time.Hour},
				reason:  reason.MaxAge,
			},
		},
	}
}

// methodAsterisk lists what changes if rs/cors, or its fork go-chi/cors, allows a
// method named "*". Each kind adds a GET and a PUT.
func methodAsterisk(kinds ...string) []difference {
	const why = "The old library treats `*` as the name of a method, which no script sends, and refuses all others, " +
		"GET and POST included. corskit allows every method."
	kinds = append([]string{""}, kinds...)
	runs := []string{
		"POST from https://app.example",
		"GET from https://app.example, through a shared cache that has the answer to a request without Origin",
		"GET from https://app.example, through a shared cache that has the answer to https://other.example",
	}
	asks := []string{
		"PATCH from https://app.example", "DELETE from https://app.example",
		"POST with Content-Type from https://app.example", "POST with upload progress from https://app.example",
		"POST with Content-Type from https://app.example to /create",
	}
	for _, kind := range kinds {
		runs = append(runs, "GET from https://app.example"+kind)
		asks = append(asks, "PUT from https://app.example"+kind)
	}
	return slices.Concat(
		alike("handler runs, answer blocked", "reads 200", why, runs...),
		alike("answer blocked, handler does not run", "reads 404", why, "GET from https://app.example to /missing"),
		alike("blocked at the preflight", "reads 200", why, asks...),
	)
}

type discard struct{}

func (discard) Printf(string, ...any) {}
