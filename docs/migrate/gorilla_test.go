package migrate

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
	"github.com/gorilla/handlers"
)

// Reasons that apply to several rows.
const (
	gorillaVary = "gorilla/handlers names Origin in Vary only if two or more origins are listed, and never if the origin is not allowed. " +
		"A cache then gives one origin the answer for another."
	methodAsName = "gorilla/handlers treats `*` as the name of a method, which no script sends. " +
		"corskit allows every method."
	headerAsName = "gorilla/handlers treats `*` as the name of a header, which no script sends. " +
		"corskit allows every header."
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

const optionsSwallowed = "gorilla/handlers answers every such OPTIONS itself. " +
	"Only OPTIONS with Origin and Access-Control-Request-Method is a preflight; the application answers the rest."

func gorilla() library {
	one := handlers.AllowedOrigins([]string{app})
	return library{
		guide: "gorilla-handlers.md", module: "github.com/gorilla/handlers", ours: netHTTP,
		base: gorPolicy(func(*core.Policy) {}),
		bare: gor(one),
		everywhere: []difference{
			{"OPTIONS without Origin", "200, handler does not run", "handler runs", optionsSwallowed},
			{"OPTIONS without Origin, with Access-Control-Request-Method", "200, handler does not run", "handler runs", optionsSwallowed},
			{"OPTIONS from https://app.example without Access-Control-Request-Method",
				"400, handler does not run", "handler runs", optionsSwallowed},
			{"GET from https://app.example, through a shared cache that has the answer to a request without Origin",
				"handler runs, answer blocked", "reads 200", gorillaVary},
			{"GET from https://app.example, through a shared cache that has the answer to https://other.example",
				"handler runs, answer blocked", "reads 200", gorillaVary},
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
				omits:  "AllowOrigins",
				note:   "An empty list allows nothing in corskit.",
				old:    gor(),
				policy: gorPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"*"} }),
			},
			{
				option: "`handlers.AllowedOrigins([]string{\"http://localhost:*\"})`",
				note:   "Now a pattern: any port, or none. `@loopback` is shorter and covers more.",
				old:    gor(handlers.AllowedOrigins([]string{"http://localhost:*"})),
				policy: gorPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"http://localhost:*"} }),
				extra:  localhost(),
				differ: slices.Concat(
					alike("handler runs, answer blocked", "reads 200",
						"gorilla/handlers has no patterns. It compares the text, and no page has the origin `http://localhost:*`.",
						"GET from http://localhost:5173", "GET from http://localhost"),
					alike("200, handler does not run", "handler runs", optionsSwallowed,
						"OPTIONS from https://app.example without Access-Control-Request-Method"),
				),
			},
			{
				option: "`AllowedOriginValidator`",
				note: "Takes a context and a `core.Request`; the origin is `r.OriginValue()`. corskit does not ignore `AllowOrigins`, " +
					"but checks it first. To match a suffix, use `https://*.app.example`, which is safe.",
				old: gor(handlers.AllowedOriginValidator(func(origin string) bool { return strings.HasSuffix(origin, ".app.example") })),
				policy: gorPolicy(func(p *core.Policy) {
					p.AllowOrigins = nil
					p.AllowOriginFunc = func(_ context.Context, r core.Request) bool {
						return strings.HasSuffix(r.OriginValue(), ".app.example")
					}
				}),
				differ: []difference{
					{"OPTIONS from https://app.example without Access-Control-Request-Method",
						"200, handler does not run", "handler runs", optionsSwallowed},
				},
			},
			{
				option: "`AllowedOriginValidator` that always returns true",
				old:    gor(handlers.AllowedOriginValidator(func(string) bool { return true })),
				policy: gorPolicy(func(p *core.Policy) {
					p.AllowOrigins = nil
					p.AllowOriginFunc = func(context.Context, core.Request) bool { return true }
				}),
				differ: []difference{
					{"GET from null", "reads 200", "handler runs, answer blocked", nullOrigin},
					{"GET from https://other.example, through a shared cache that has the answer to https://app.example",
						"handler runs, answer blocked", "reads 200", gorillaVary},
				},
			},
			{
				option: "`handlers.AllowedMethods([]string{\"GET\", \"PUT\", \"DELETE\"})`",
				note:   "GET, HEAD and POST need no permission, and a policy cannot forbid them.",
				old:    gor(one, handlers.AllowedMethods([]string{"GET", "PUT", "DELETE"})),
				policy: gorPolicy(func(p *core.Policy) { p.AllowMethods = []string{"PUT", "DELETE"} }),
				differ: []difference{
					{"POST with upload progress from https://app.example", "blocked at the preflight", "reads 200",
						"Browsers send GET, HEAD and POST without asking for permission, so omitting POST only breaks the preflight " +
							"that upload listeners cause. " +
							"To forbid a method, answer it with 405 in the router."},
				},
			},
			{
				option: "`handlers.AllowedMethods([]string{\"*\"})`",
				note: "The old library treats it as the name of a method and allows no others but GET, HEAD and POST. " +
					"List the methods that scripts use.",
				old:    gor(one, handlers.AllowedMethods([]string{"*"})),
				policy: gorPolicy(func(p *core.Policy) { p.AllowMethods = []string{"*"} }),
				differ: alike("blocked at the preflight", "reads 200", methodAsName,
					"PUT from https://app.example", "PATCH from https://app.example", "DELETE from https://app.example",
					"OPTIONS from https://app.example", "POST with upload progress from https://app.example"),
			},
			{
				option: "`handlers.AllowedMethods([]string{\"*\"})` with `handlers.AllowCredentials()`",
				note:   "As above.",
				old:    gor(one, handlers.AllowedMethods([]string{"*"}), handlers.AllowCredentials()),
				policy: gorPolicy(func(p *core.Policy) {
					p.AllowMethods = []string{"*"}
					p.AllowCredentials = true
				}),
				differ: alike("blocked at the preflight", "reads 200", methodAsName,
					"PUT from https://app.example", "PUT from https://app.example, with credentials", "PATCH from https://app.example",
					"DELETE from https://app.example", "OPTIONS from https://app.example",
					"POST with upload progress from https://app.example"),
			},
			{
				option: "`handlers.AllowedHeaders([]string{\"Authorization\", \"X-Token\"})`",
				note:   "Case does not matter.",
				old:    gor(one, handlers.AllowedHeaders([]string{"Authorization", "X-Token"})),
				policy: gorPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"authorization", "x-token"} }),
				extra:  gatewayed("Authorization", "Bearer x", "X-Token", "1"),
				differ: []difference{
					{"GET with two headers from https://app.example, through a gateway that splits Access-Control-Request-Headers " +
						"into lines",
						"blocked at the preflight", "reads 200",
						"gorilla/handlers reads only the first line, so the browser does not find the other name in the answer. " +
							"Several lines form one list."},
				},
			},
			{
				option: "`handlers.AllowedHeaders([]string{\"Origin\", \"Content-Length\", \"X-Token\"})`",
				note:   unsettable,
				old:    gor(one, handlers.AllowedHeaders([]string{"Origin", "Content-Length", "X-Token"})),
				policy: gorPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"Origin", "Content-Length", "x-token"} }),
			},
			{
				option: "`handlers.AllowedHeaders([]string{\"*\"})`",
				note: "The old library treats it as the name of a header and allows no other. " +
					"Without credentials it does not cover Authorization: list `authorization` too.",
				old:    gor(one, handlers.AllowedHeaders([]string{"*"})),
				policy: gorPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"*"} }),
				differ: alike("blocked at the preflight", "reads 200", headerAsName,
					"POST with Content-Type from https://app.example", "GET with X-Token from https://app.example",
					"POST with Content-Type from https://app.example to /create"),
			},
			{
				option: "`handlers.AllowedHeaders([]string{\"*\"})` with `handlers.AllowCredentials()`",
				note:   "The old library treats it as the name of a header and allows no other. In corskit it covers Authorization.",
				old:    gor(one, handlers.AllowedHeaders([]string{"*"}), handlers.AllowCredentials()),
				policy: gorPolicy(func(p *core.Policy) {
					p.AllowHeaders = []string{"*"}
					p.AllowCredentials = true
				}),
				differ: alike("blocked at the preflight", "reads 200", headerAsName,
					"POST with Content-Type from https://app.example", "GET with X-Token from https://app.example",
					"POST with Content-Type from https://app.example to /create", "GET with Authorization from https://app.example",
					"GET with Authorization from https://app.example, with credentials"),
			},
			{
				option: "`handlers.ExposedHeaders([]string{\"X-Total\", \"ETag\"})`",
				old:    gor(one, handlers.ExposedHeaders([]string{"X-Total", "ETag"})),
				policy: gorPolicy(func(p *core.Policy) { p.ExposeHeaders = []string{"x-total", "etag"} }),
			},
			{
				option: "`handlers.MaxAge(600)`",
				note:   "A duration of whole seconds, at most 24 hours. `core.NoPreflightCache` sends 0.",
				old:    gor(one, handlers.MaxAge(600)),
				policy: gorPolicy(func(p *core.Policy) { p.MaxAge = 10 * time.Minute }),
			},
			{
				option: "`handlers.MaxAge(3600)`",
				note:   "Not capped at ten minutes. Browsers have their own caps.",
				old:    gor(one, handlers.MaxAge(3600)),
				policy: gorPolicy(func(p *core.Policy) { p.MaxAge = time.Hour }),
				differ: []difference{
					{"POST with upload progress from https://app.example", "reads 200, preflight cached 600 s",
						"reads 200, preflight cached 3600 s",
						"gorilla/handlers silently caps the age at ten minutes."},
				},
			},
			{
				option: "`handlers.AllowCredentials()`, `handlers.AllowedMethods([]string{\"GET\", \"HEAD\", \"POST\", \"PUT\"})`, " +
					"`handlers.AllowedHeaders([]string{\"Authorization\"})`",
				wire: true,
				old: gor(one, handlers.AllowCredentials(), handlers.AllowedMethods([]string{"GET", "HEAD", "POST", "PUT"}),
					handlers.AllowedHeaders([]string{"Authorization"})),
				policy: gorPolicy(func(p *core.Policy) {
					p.AllowCredentials = true
					p.AllowMethods = []string{"PUT"}
					p.AllowHeaders = []string{"authorization"}
				}),
			},
			{
				option:  "`handlers.OptionStatusCode(204)`",
				instead: "none",
				note:    "The status is always 204; browsers accept every status from 200 to 299.",
				old:     gor(one, handlers.OptionStatusCode(204)),
				policy:  gorPolicy(func(*core.Policy) {}),
			},
			{
				option:  "`handlers.IgnoreOptions()`",
				instead: "none",
				note: "The middleware answers only preflights; any other OPTIONS reaches the handler even without this option. " +
					"To let the handlers of some paths answer preflights, give these paths no route in `core.NewRouted`, or use " +
					"`corshttp.Options.Skip`.",
				old:    gor(one, handlers.IgnoreOptions()),
				policy: gorPolicy(func(*core.Policy) {}),
				differ: []difference{
					{"POST with upload progress from https://app.example", "blocked at the preflight", "reads 200",
						"The middleware answers the preflight, whether or not the handler knows about CORS."},
				},
			},
		},
		refusals: []refusal{
			{
				setting: "`handlers.AllowedOrigins([]string{\"*\"})` with `handlers.AllowCredentials()`",
				old:     gor(handlers.AllowedOrigins([]string{"*"}), handlers.AllowCredentials()),
				probe:   from(app, "GET").withCredentials(),
				does:    "handler runs, answer blocked",
				policy:  core.Policy{AllowOrigins: []string{"*"}, AllowCredentials: true},
				reason:  reason.AnyCredentials,
			},
			{
				setting: "`handlers.AllowedOrigins([]string{\"https://app.example/\"})`",
				old:     gor(handlers.AllowedOrigins([]string{"https://app.example/"})),
				probe:   from(app, "GET"),
				does:    "handler runs, answer blocked",
				policy:  core.Policy{AllowOrigins: []string{"https://app.example/"}},
				reason:  reason.TrailingSlash,
			},
			{
				setting: "`handlers.AllowedOrigins([]string{\"https://*\"})`",
				old:     gor(handlers.AllowedOrigins([]string{"https://*"})),
				probe:   from(app, "GET"),
				does:    "handler runs, answer blocked",
				policy:  core.Policy{AllowOrigins: []string{"https://*"}},
				reason:  reason.Wildcard,
			},
			{
				setting: "`handlers.AllowedOrigins([]string{\"null\"})`",
				old:     gor(handlers.AllowedOrigins([]string{"null"})),
				probe:   from("null", "GET"),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{"null"}},
				reason:  reason.NullOrigin,
			},
			{
				setting: "`handlers.AllowedMethods([]string{\"patch\"})`",
				old:     gor(one, handlers.AllowedMethods([]string{"patch"})),
				probe:   from(app, "PATCH"),
				does:    "reads 200",
				policy:  core.Policy{AllowOrigins: []string{app}, AllowMethods: []string{"patch"}},
				reason:  reason.MethodCase,
			},
		},
	}
}
