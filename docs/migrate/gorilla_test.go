package migrate

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/core"
	"github.com/gorilla/handlers"
)

func gor(options ...handlers.CORSOption) mount {
	return func(t *testing.T) *server {
		s := &site{}
		return serve(t, s, handlers.CORS(options...)(s.mux()))
	}
}

func gorPolicy(change func(*core.Policy)) core.Policy {
	p := core.Policy{AllowOrigins: []string{app}}
	change(&p)
	return p
}

const optionsSwallowed = "gorilla/handlers answers every such OPTIONS itself. Only OPTIONS with Origin and Access-Control-Request-Method is a preflight; the rest belongs to the application."

func gorilla() library {
	one := handlers.AllowedOrigins([]string{app})
	return library{
		guide: "gorilla-handlers.md", module: "github.com/gorilla/handlers", ours: netHTTP,
		base: gorPolicy(func(*core.Policy) {}),
		everywhere: []difference{
			{"OPTIONS without Origin", "200, handler does not run", "handler runs",
				optionsSwallowed},
			{"OPTIONS without Origin, with Access-Control-Request-Method", "200, handler does not run", "handler runs",
				optionsSwallowed},
			{"OPTIONS by https://app.example without Access-Control-Request-Method", "400, handler does not run", "handler runs",
				optionsSwallowed},
			{"GET by https://app.example, through a shared cache that has the answer to a request without Origin", "handler runs, answer blocked", "reads 200",
				"gorilla/handlers names Origin in Vary only if two or more origins are listed, and never where the origin is not allowed. A cache then gives one origin the answer to another."},
			{"GET by https://app.example, through a shared cache that has the answer to https://other.example", "handler runs, answer blocked", "reads 200",
				"gorilla/handlers names Origin in Vary only if two or more origins are listed, and never where the origin is not allowed. A cache then gives one origin the answer to another."},
		},
		rows: []row{
			{
				option: "`handlers.AllowedOrigins([]string{\"https://app.example\"})`",
				about:  "AllowOrigins",
				old:    gor(one),
				policy: gorPolicy(func(*core.Policy) {}),
			},
			{
				option: "`handlers.AllowedOrigins([]string{\"https://app.example\", \"https://sub.app.example\"})`",
				old:    gor(handlers.AllowedOrigins([]string{app, sub})),
				policy: gorPolicy(func(p *core.Policy) { p.AllowOrigins = []string{app, sub} }),
			},
			{
				option: "no `AllowedOrigins`, an empty one, or `[]string{\"*\"}`",
				note:   "An empty list allows nothing in corskit.",
				old:    gor(),
				policy: gorPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"*"} }),
			},
			{
				option: "`handlers.AllowedOrigins([]string{\"http://localhost:*\"})`",
				note:   "A pattern now. Any port, and none. `@loopback` is shorter and more.",
				old:    gor(handlers.AllowedOrigins([]string{"http://localhost:*"})),
				policy: gorPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"http://localhost:*"} }),
				extra:  localhost(),
				differ: slices.Concat(
					alike("handler runs, answer blocked", "reads 200", "gorilla/handlers has no patterns, and compares the text: no page has the origin `http://localhost:*`.", "GET by http://localhost:5173", "GET by http://localhost"),
					alike("200, handler does not run", "handler runs", optionsSwallowed, "OPTIONS by https://app.example without Access-Control-Request-Method"),
				),
			},
			{
				option: "`AllowedOriginValidator`",
				note:   "Takes a context and a `core.Request`; the origin is `r.Origin[0]`. `AllowOrigins` is not ignored but comes first. What a validator of suffixes does, `https://*.app.example` does safely.",
				old:    gor(handlers.AllowedOriginValidator(func(origin string) bool { return strings.HasSuffix(origin, ".app.example") })),
				policy: gorPolicy(func(p *core.Policy) {
					p.AllowOrigins = nil
					p.AllowOriginFunc = func(_ context.Context, r core.Request) bool {
						return strings.HasSuffix(r.Origin[0], ".app.example")
					}
				}),
				differ: []difference{
					{"OPTIONS by https://app.example without Access-Control-Request-Method", "200, handler does not run", "handler runs",
						optionsSwallowed},
				},
			},
			{
				option: "`AllowedOriginValidator` that says yes to everything",
				old:    gor(handlers.AllowedOriginValidator(func(string) bool { return true })),
				policy: gorPolicy(func(p *core.Policy) {
					p.AllowOrigins = nil
					p.AllowOriginFunc = func(context.Context, core.Request) bool { return true }
				}),
				differ: []difference{
					{"GET by null", "reads 200", "handler runs, answer blocked",
						"A function is never asked about `null`, which is the origin of everybody's sandboxed frames. `DangerouslyAllowNullOrigin` permits it, without credentials."},
					{"GET by https://other.example, through a shared cache that has the answer to https://app.example", "handler runs, answer blocked", "reads 200",
						"gorilla/handlers names Origin in Vary only if two or more origins are listed, and never where the origin is not allowed. A cache then gives one origin the answer to another."},
				},
			},
			{
				option: "`handlers.AllowedMethods([]string{\"GET\", \"PUT\", \"DELETE\"})`",
				note:   "GET, HEAD and POST need no permission, and none can be withheld.",
				old:    gor(one, handlers.AllowedMethods([]string{"GET", "PUT", "DELETE"})),
				policy: gorPolicy(func(p *core.Policy) { p.AllowMethods = []string{"PUT", "DELETE"} }),
				differ: []difference{
					{"POST with upload progress by https://app.example", "blocked at the preflight", "reads 200",
						"CORS lets browsers send GET, HEAD and POST without asking, so that leaving POST out only breaks the preflight that upload listeners cause. To forbid a method, do so in the router."},
				},
			},
			{
				option: "`handlers.AllowedMethods([]string{\"*\"})`",
				note:   "Was the name of a method, and no other was allowed beyond GET, HEAD and POST. List what scripts use.",
				old:    gor(one, handlers.AllowedMethods([]string{"*"})),
				policy: gorPolicy(func(p *core.Policy) { p.AllowMethods = []string{"*"} }),
				differ: alike("blocked at the preflight", "reads 200", "gorilla/handlers takes `*` for the name of a method, which no script sends. corskit allows every method.",
					"PUT by https://app.example", "PATCH by https://app.example", "DELETE by https://app.example", "OPTIONS by https://app.example", "POST with upload progress by https://app.example"),
			},
			{
				option: "`handlers.AllowedMethods([]string{\"*\"})` with `handlers.AllowCredentials()`",
				note:   "As above.",
				old:    gor(one, handlers.AllowedMethods([]string{"*"}), handlers.AllowCredentials()),
				policy: gorPolicy(func(p *core.Policy) {
					p.AllowMethods = []string{"*"}
					p.AllowCredentials = true
				}),
				differ: alike("blocked at the preflight", "reads 200", "gorilla/handlers takes `*` for the name of a method, which no script sends. corskit allows every method.",
					"PUT by https://app.example", "PUT by https://app.example, with credentials", "PATCH by https://app.example", "DELETE by https://app.example", "OPTIONS by https://app.example", "POST with upload progress by https://app.example"),
			},
			{
				option: "`handlers.AllowedHeaders([]string{\"Authorization\", \"X-Token\"})`",
				note:   "Case does not matter.",
				old:    gor(one, handlers.AllowedHeaders([]string{"Authorization", "X-Token"})),
				policy: gorPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"authorization", "x-token"} }),
				extra:  gatewayed("Authorization", "Bearer x", "X-Token", "1"),
				differ: []difference{
					{"GET with two headers by https://app.example, through a gateway that splits Access-Control-Request-Headers into lines", "blocked at the preflight", "reads 200",
						"gorilla/handlers looks at the first line only, and the browser misses the other name. Several lines are one list."},
				},
			},
			{
				option: "`handlers.AllowedHeaders([]string{\"*\"})`",
				note:   "Was the name of a header, and no other was allowed. Without credentials it does not cover Authorization: list that beside.",
				old:    gor(one, handlers.AllowedHeaders([]string{"*"})),
				policy: gorPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"*"} }),
				differ: alike("blocked at the preflight", "reads 200", "gorilla/handlers takes `*` for the name of a header, which no script sends. corskit allows every header.",
					"POST with Content-Type by https://app.example", "GET with X-Token by https://app.example", "POST with Content-Type by https://app.example to /create"),
			},
			{
				option: "`handlers.AllowedHeaders([]string{\"*\"})` with `handlers.AllowCredentials()`",
				note:   "Was the name of a header, and no other was allowed. Authorization is covered.",
				old:    gor(one, handlers.AllowedHeaders([]string{"*"}), handlers.AllowCredentials()),
				policy: gorPolicy(func(p *core.Policy) {
					p.AllowHeaders = []string{"*"}
					p.AllowCredentials = true
				}),
				differ: alike("blocked at the preflight", "reads 200", "gorilla/handlers takes `*` for the name of a header, which no script sends. corskit allows every header.",
					"POST with Content-Type by https://app.example", "GET with X-Token by https://app.example", "POST with Content-Type by https://app.example to /create", "GET with Authorization by https://app.example", "GET with Authorization by https://app.example, with credentials"),
			},
			{
				option: "`handlers.ExposedHeaders([]string{\"X-Total\", \"ETag\"})`",
				old:    gor(one, handlers.ExposedHeaders([]string{"X-Total", "ETag"})),
				policy: gorPolicy(func(p *core.Policy) { p.ExposeHeaders = []string{"x-total", "etag"} }),
			},
			{
				option: "`handlers.MaxAge(600)`",
				note:   "A duration of whole seconds, at most 24 hours; `core.NoPreflightCache` sends 0.",
				old:    gor(one, handlers.MaxAge(600)),
				policy: gorPolicy(func(p *core.Policy) { p.MaxAge = 10 * time.Minute }),
			},
			{
				option: "`handlers.MaxAge(3600)`",
				note:   "Not cut to ten minutes. Browsers have limits of their own.",
				old:    gor(one, handlers.MaxAge(3600)),
				policy: gorPolicy(func(p *core.Policy) { p.MaxAge = time.Hour }),
				differ: []difference{
					{"POST with upload progress by https://app.example", "reads 200, preflight kept 600 s", "reads 200, preflight kept 3600 s",
						"gorilla/handlers cuts the age to ten minutes without saying so."},
				},
			},
			{
				option: "`handlers.AllowCredentials()`, `handlers.AllowedMethods([]string{\"GET\", \"HEAD\", \"POST\", \"PUT\"})`, `handlers.AllowedHeaders([]string{\"Authorization\"})`",
				wire:   true,
				old:    gor(one, handlers.AllowCredentials(), handlers.AllowedMethods([]string{"GET", "HEAD", "POST", "PUT"}), handlers.AllowedHeaders([]string{"Authorization"})),
				policy: gorPolicy(func(p *core.Policy) {
					p.AllowCredentials = true
					p.AllowMethods = []string{"PUT"}
					p.AllowHeaders = []string{"authorization"}
				}),
			},
			{
				option:  "`handlers.OptionStatusCode(204)`",
				instead: "none",
				note:    "204, always: browsers take every status from 200 to 299.",
				old:     gor(one, handlers.OptionStatusCode(204)),
				policy:  gorPolicy(func(*core.Policy) {}),
			},
			{
				option:  "`handlers.IgnoreOptions()`",
				instead: "none",
				note:    "Only preflights are answered; any other OPTIONS reaches the handler without it. To leave preflights to the handlers of some paths, leave these paths out of `core.NewRouted`, or use `corshttp.Options.Skip`.",
				old:     gor(one, handlers.IgnoreOptions()),
				policy:  gorPolicy(func(*core.Policy) {}),
				differ: []difference{
					{"POST with upload progress by https://app.example", "blocked at the preflight", "reads 200",
						"The preflight is answered, whether the handler knows about CORS or not."},
				},
			},
		},
		refusals: []refusal{
			{
				setting: "`handlers.AllowedOrigins([]string{\"*\"})` with `handlers.AllowCredentials()`",
				old:     gor(handlers.AllowedOrigins([]string{"*"}), handlers.AllowCredentials()),
				probe:   by(app, "GET").withCredentials(),
				does:    "handler runs, answer blocked",
				policy:  core.Policy{AllowOrigins: []string{"*"}, AllowCredentials: true},
				reason:  core.ReasonAnyCredentials,
			},
			{
				setting: "`handlers.AllowedOrigins([]string{\"https://app.example/\"})`",
				old:     gor(handlers.AllowedOrigins([]string{"https://app.example/"})),
				probe:   by(app, "GET"),
				does:    "handler runs, answer blocked",
				policy:  core.Policy{AllowOrigins: []string{"https://app.example/"}},
				reason:  core.ReasonTrailingSlash,
			},
			{
				setting: "`handlers.AllowedOrigins([]string{\"https://*\"})`",
				old:     gor(handlers.AllowedOrigins([]string{"https://*"})),
				probe:   by(app, "GET"),
				does:    "handler runs, answer blocked",
				policy:  core.Policy{AllowOrigins: []string{"https://*"}},
				reason:  core.ReasonWildcard,
			},
			{
				setting: "`handlers.AllowedOrigins([]string{\"null\"})`",
				old:     gor(handlers.AllowedOrigins([]string{"null"})),
				probe:   by("null", "GET"),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{"null"}},
				reason:  core.ReasonNull,
			},
			{
				setting: "`handlers.AllowedMethods([]string{\"patch\"})`",
				old:     gor(one, handlers.AllowedMethods([]string{"patch"})),
				probe:   by(app, "PATCH"),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{app}, AllowMethods: []string{"patch"}},
				reason:  core.ReasonMethodCase,
			},
		},
	}
}
