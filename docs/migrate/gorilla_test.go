package migrate

import (
	"context"
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

func gorilla() library {
	one := handlers.AllowedOrigins([]string{app})
	return library{
		guide: "gorilla-handlers.md", module: "github.com/gorilla/handlers", ours: netHTTP,
		everywhere: []difference{
			{"OPTIONS without Origin", "200, handler does not run", "handler runs",
				"gorilla/handlers answers every such OPTIONS itself. Only OPTIONS with Origin and Access-Control-Request-Method is a preflight; the rest belongs to the application."},
			{"OPTIONS without Origin, with Access-Control-Request-Method", "200, handler does not run", "handler runs",
				"gorilla/handlers answers every such OPTIONS itself. Only OPTIONS with Origin and Access-Control-Request-Method is a preflight; the rest belongs to the application."},
			{"OPTIONS by https://app.example without Access-Control-Request-Method", "400, handler does not run", "handler runs",
				"gorilla/handlers answers every such OPTIONS itself. Only OPTIONS with Origin and Access-Control-Request-Method is a preflight; the rest belongs to the application."},
			{"GET by https://app.example, through a shared cache that has the answer to a request without Origin", "handler runs, answer blocked", "reads 200",
				"gorilla/handlers names Origin in Vary only if two or more origins are listed, and never where the origin is not allowed. A cache then gives one origin the answer to another."},
			{"GET by https://app.example, through a shared cache that has the answer to https://other.example", "handler runs, answer blocked", "reads 200",
				"gorilla/handlers names Origin in Vary only if two or more origins are listed, and never where the origin is not allowed. A cache then gives one origin the answer to another."},
		},
		rows: []row{
			{
				option: "`AllowedOrigins({\"https://app.example\"})`",
				field:  "`AllowOrigins: {\"https://app.example\"}`",
				old:    gor(one),
				policy: gorPolicy(func(*core.Policy) {}),
			},
			{
				option: "`AllowedOrigins` with two origins",
				field:  "`AllowOrigins` with two origins",
				old:    gor(handlers.AllowedOrigins([]string{app, sub})),
				policy: gorPolicy(func(p *core.Policy) { p.AllowOrigins = []string{app, sub} }),
			},
			{
				option: "no `AllowedOrigins`, an empty one, or `{\"*\"}`",
				field:  "`AllowOrigins: {\"*\"}`",
				note:   "An empty list allows nothing in corskit.",
				old:    gor(),
				policy: gorPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"*"} }),
			},
			{
				option: "`AllowedOriginValidator`",
				field:  "`AllowOriginFunc`, or patterns",
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
						"gorilla/handlers answers every such OPTIONS itself. Only OPTIONS with Origin and Access-Control-Request-Method is a preflight; the rest belongs to the application."},
				},
			},
			{
				option: "`AllowedOriginValidator` that says yes to everything",
				field:  "`AllowOriginFunc`",
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
				option: "`AllowedMethods({\"GET\", \"PUT\", \"DELETE\"})`",
				field:  "`AllowMethods: {\"PUT\", \"DELETE\"}`",
				note:   "GET, HEAD and POST need no permission, and none can be withheld.",
				old:    gor(one, handlers.AllowedMethods([]string{"GET", "PUT", "DELETE"})),
				policy: gorPolicy(func(p *core.Policy) { p.AllowMethods = []string{"PUT", "DELETE"} }),
				differ: []difference{
					{"POST with upload progress by https://app.example", "blocked at the preflight", "reads 200",
						"CORS lets browsers send GET, HEAD and POST without asking, so that leaving POST out only breaks the preflight that upload listeners cause. To forbid a method, do so in the router."},
				},
			},
			{
				option: "`AllowedHeaders({\"Authorization\", \"X-Token\"})`",
				field:  "`AllowHeaders: {\"authorization\", \"x-token\"}`",
				note:   "Case does not matter. There is `{\"*\"}` now.",
				old:    gor(one, handlers.AllowedHeaders([]string{"Authorization", "X-Token"})),
				policy: gorPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"authorization", "x-token"} }),
				extra:  gatewayed("Authorization", "Bearer x", "X-Token", "1"),
				differ: []difference{
					{"GET with two headers by https://app.example, through a gateway that splits Access-Control-Request-Headers into lines", "blocked at the preflight", "reads 200",
						"gorilla/handlers looks at the first line only, and the browser misses the other name. Several lines are one list."},
				},
			},
			{
				option: "`ExposedHeaders({\"X-Total\", \"ETag\"})`",
				field:  "`ExposeHeaders: {\"x-total\", \"etag\"}`",
				old:    gor(one, handlers.ExposedHeaders([]string{"X-Total", "ETag"})),
				policy: gorPolicy(func(p *core.Policy) { p.ExposeHeaders = []string{"x-total", "etag"} }),
			},
			{
				option: "`MaxAge(600)`",
				field:  "`MaxAge: 10 * time.Minute`",
				note:   "A duration of whole seconds, at most 24 hours; `core.NoPreflightCache` sends 0.",
				old:    gor(one, handlers.MaxAge(600)),
				policy: gorPolicy(func(p *core.Policy) { p.MaxAge = 10 * time.Minute }),
			},
			{
				option: "`MaxAge(3600)`",
				field:  "`MaxAge: time.Hour`",
				note:   "Not cut to ten minutes. Browsers have limits of their own.",
				old:    gor(one, handlers.MaxAge(3600)),
				policy: gorPolicy(func(p *core.Policy) { p.MaxAge = time.Hour }),
				differ: []difference{
					{"POST with upload progress by https://app.example", "reads 200, preflight kept 600 s", "reads 200, preflight kept 3600 s",
						"gorilla/handlers cuts the age to ten minutes without saying so."},
				},
			},
			{
				option: "`AllowCredentials()`",
				wire:   true,
				field:  "`AllowCredentials: true`",
				old:    gor(one, handlers.AllowCredentials(), handlers.AllowedMethods([]string{"GET", "HEAD", "POST", "PUT"}), handlers.AllowedHeaders([]string{"Authorization"})),
				policy: gorPolicy(func(p *core.Policy) {
					p.AllowCredentials = true
					p.AllowMethods = []string{"PUT"}
					p.AllowHeaders = []string{"authorization"}
				}),
			},
			{
				option: "`OptionStatusCode(204)`",
				field:  "none",
				note:   "204, always: browsers take every status from 200 to 299.",
				old:    gor(one, handlers.OptionStatusCode(204)),
				policy: gorPolicy(func(*core.Policy) {}),
			},
			{
				option: "`IgnoreOptions()`",
				field:  "none",
				note:   "Only preflights are answered; any other OPTIONS reaches the handler without it. To leave preflights to the handlers of some paths, leave these paths out of `core.NewRouted`, or use `corshttp.Options.Skip`.",
				old:    gor(one, handlers.IgnoreOptions()),
				policy: gorPolicy(func(*core.Policy) {}),
				differ: []difference{
					{"POST with upload progress by https://app.example", "blocked at the preflight", "reads 200",
						"The preflight is answered, whether the handler knows about CORS or not."},
				},
			},
		},
		refusals: []refusal{
			{
				setting: "`AllowedOrigins({\"*\"})` with `AllowCredentials()`",
				old:     gor(handlers.AllowedOrigins([]string{"*"}), handlers.AllowCredentials()),
				probe:   by(app, "GET").withCredentials(),
				does:    "handler runs, answer blocked",
				policy:  core.Policy{AllowOrigins: []string{"*"}, AllowCredentials: true},
				reason:  core.ReasonAnyCredentials,
			},
			{
				setting: "`AllowedOrigins({\"https://app.example/\"})`",
				old:     gor(handlers.AllowedOrigins([]string{"https://app.example/"})),
				probe:   by(app, "GET"),
				does:    "handler runs, answer blocked",
				policy:  core.Policy{AllowOrigins: []string{"https://app.example/"}},
				reason:  core.ReasonTrailingSlash,
			},
			{
				setting: "`AllowedOrigins({\"https://*\"})`",
				old:     gor(handlers.AllowedOrigins([]string{"https://*"})),
				probe:   by(app, "GET"),
				does:    "handler runs, answer blocked",
				policy:  core.Policy{AllowOrigins: []string{"https://*"}},
				reason:  core.ReasonWildcard,
			},
			{
				setting: "`AllowedOrigins({\"null\"})`",
				old:     gor(handlers.AllowedOrigins([]string{"null"})),
				probe:   by("null", "GET"),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{"null"}},
				reason:  core.ReasonNull,
			},
			{
				setting: "`AllowedMethods({\"patch\"})`",
				old:     gor(one, handlers.AllowedMethods([]string{"patch"})),
				probe:   by(app, "PATCH"),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{app}, AllowMethods: []string{"patch"}},
				reason:  core.ReasonMethodCase,
			},
		},
	}
}
