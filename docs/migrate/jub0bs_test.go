package migrate

import (
	"testing"
	"time"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
	"github.com/jub0bs/cors"
)

// jub changes a configuration that allows one origin and one method: without any
// method or request header, jub0bs/cors refuses every preflight.
func jub(change func(*cors.Config)) mount {
	return func(t *testing.T) *server {
		s := &site{}
		c := cors.Config{Origins: []string{app}, Methods: []string{"PUT"}}
		change(&c)
		mw, err := cors.NewMiddleware(c)
		if err != nil {
			panic(err)
		}
		return serve(t, s, mw.Wrap(s.mux()))
	}
}

func jubPolicy(change func(*core.Policy)) core.Policy {
	p := core.Policy{AllowOrigins: []string{app}, AllowMethods: []string{"PUT"}}
	change(&p)
	return p
}

func jub0bs() library {
	origins := []string{app}
	return library{
		guide: "jub0bs-cors.md", module: "github.com/jub0bs/cors", ours: netHTTP,
		base: jubPolicy(func(*core.Policy) {}),
		bare: jub(func(c *cors.Config) { c.Methods = nil }),

		rows: []row{
			{
				option: "`Origins: []string{\"https://app.example\"}` and no more",
				whole:  true,
				note:   "An empty list is legal and allows nothing; `Engine.Warnings` says so.",
				old:    jub(func(c *cors.Config) { c.Methods = nil }),
				policy: core.Policy{AllowOrigins: origins},
				differ: []difference{
					{"POST with upload progress from https://app.example", "blocked at the preflight", "reads 200",
						"Upload listeners cause a preflight for a POST that needs no permission. " +
							"jub0bs/cors refuses all preflights if neither methods nor request headers are listed."},
				},
			},
			{
				option: "`Origins: []string{\"*\"}`",
				old:    jub(func(c *cors.Config) { c.Origins = []string{"*"} }),
				policy: jubPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"*"} }),
			},
			{
				option: "`Origins: []string{\"https://*.app.example\"}`",
				note:   "The same pattern.",
				old:    jub(func(c *cors.Config) { c.Origins = []string{"https://*.app.example"} }),
				policy: jubPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"https://*.app.example"} }),
				extra:  []probe{from("https://a.sub.app.example", "PUT"), from("https://sub.app.example:8443", "GET")},
			},
			{
				option: "`Origins: []string{\"http://localhost:*\", \"https://*.app.example:*\"}`",
				note:   "The same patterns. There are also port ranges, asterisks within a label, regular expressions and `@loopback`.",
				old:    jub(func(c *cors.Config) { c.Origins = []string{"http://localhost:*", "https://*.app.example:*"} }),
				policy: jubPolicy(func(p *core.Policy) { p.AllowOrigins = []string{"http://localhost:*", "https://*.app.example:*"} }),
				extra:  append(localhost(), from("https://sub.app.example:8443", "GET")),
			},
			{
				option: "`Credentialed: true`",
				wire:   true,
				old:    jub(func(c *cors.Config) { c.Credentialed = true }),
				policy: jubPolicy(func(p *core.Policy) { p.AllowCredentials = true }),
			},
			{
				option: "`Methods: []string{\"PUT\", \"DELETE\"}`",
				old:    jub(func(c *cors.Config) { c.Methods = []string{"PUT", "DELETE"} }),
				policy: jubPolicy(func(p *core.Policy) { p.AllowMethods = []string{"PUT", "DELETE"} }),
				extra:  []probe{from(app, "put")},
			},
			{
				option: "`Methods: []string{\"*\"}`",
				old:    jub(func(c *cors.Config) { c.Methods = []string{"*"} }),
				policy: jubPolicy(func(p *core.Policy) { p.AllowMethods = []string{"*"} }),
				extra:  []probe{from(app, "patch"), from(app, "QUERY")},
			},
			{
				option: "`Methods: []string{\"*\"}` with `Credentialed`",
				old: jub(func(c *cors.Config) {
					c.Methods = []string{"*"}
					c.Credentialed = true
				}),
				policy: jubPolicy(func(p *core.Policy) {
					p.AllowMethods = []string{"*"}
					p.AllowCredentials = true
				}),
				extra: []probe{from(app, "QUERY").withCredentials()},
			},
			{
				option: "`RequestHeaders: []string{\"Authorization\", \"X-Token\"}`",
				note:   "Case does not matter.",
				old:    jub(func(c *cors.Config) { c.RequestHeaders = []string{"Authorization", "X-Token"} }),
				policy: jubPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"authorization", "x-token"} }),
				extra:  gatewayed("Authorization", "Bearer x", "X-Token", "1"),
				differ: []difference{
					{"GET with two headers from https://app.example, through a gateway that reorders the names",
						"blocked at the preflight", "reads 200",
						"jub0bs/cors relies on the order that browsers use. corskit does not compare the names; the browser does."},
				},
			},
			{
				option: "`RequestHeaders: []string{\"*\"}`",
				note:   "Covers every header but Authorization, which you can list too.",
				old:    jub(func(c *cors.Config) { c.RequestHeaders = []string{"*"} }),
				policy: jubPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"*"} }),
			},
			{
				option: "`RequestHeaders: []string{\"*\"}` with `Credentialed`",
				note:   "Covers every header, Authorization included.",
				old: jub(func(c *cors.Config) {
					c.RequestHeaders = []string{"*"}
					c.Credentialed = true
				}),
				policy: jubPolicy(func(p *core.Policy) {
					p.AllowHeaders = []string{"*"}
					p.AllowCredentials = true
				}),
				extra: gatewayed("Authorization", "Bearer x", "X-Token", "1"),
			},
			{
				option: "`MaxAgeInSeconds: 600`",
				old:    jub(func(c *cors.Config) { c.MaxAgeInSeconds = 600 }),
				policy: jubPolicy(func(p *core.Policy) { p.MaxAge = 10 * time.Minute }),
			},
			{
				option: "`MaxAgeInSeconds: -1`",
				old:    jub(func(c *cors.Config) { c.MaxAgeInSeconds = -1 }),
				policy: jubPolicy(func(p *core.Policy) { p.MaxAge = core.NoPreflightCache }),
			},
			{
				option: "`ResponseHeaders: []string{\"X-Total\", \"ETag\"}`",
				old:    jub(func(c *cors.Config) { c.ResponseHeaders = []string{"X-Total", "ETag"} }),
				policy: jubPolicy(func(p *core.Policy) { p.ExposeHeaders = []string{"x-total", "etag"} }),
			},
			{
				option: "`DangerouslyTolerateInsecureOrigins: true`, `Origins: []string{\"http://app.example\"}`, `Credentialed: true`",
				note:   "A warning remains.",
				old: jub(func(c *cors.Config) {
					c.Origins = []string{"http://app.example"}
					c.Credentialed = true
					c.DangerouslyTolerateInsecureOrigins = true
				}),
				policy: jubPolicy(func(p *core.Policy) {
					p.AllowOrigins = []string{"http://app.example"}
					p.AllowCredentials = true
					p.DangerouslyAllowInsecureOrigins = true
				}),
				extra: []probe{from("http://app.example", "PUT").withCredentials()},
			},
			{
				option: "`DangerouslyTolerateSubdomainsOfPublicSuffixes: true`, `Origins: []string{\"https://*.github.io\"}`, " +
					"`Credentialed: true`",
				note: "A warning remains.",
				old: jub(func(c *cors.Config) {
					c.Origins = []string{"https://*.github.io"}
					c.Credentialed = true
					c.DangerouslyTolerateSubdomainsOfPublicSuffixes = true
				}),
				policy: jubPolicy(func(p *core.Policy) {
					p.AllowOrigins = []string{"https://*.github.io"}
					p.AllowCredentials = true
					p.DangerouslyAllowPublicSuffixes = true
				}),
				extra: []probe{from("https://someone.github.io", "PUT").withCredentials()},
			},
			{
				option:  "`cors.Middleware.Reconfigure`",
				instead: "`core.Engine.Reload`",
				note:    "Atomic. On an error, the old policies stay. It applies to every middleware of the engine.",
				old: func(t *testing.T) *server {
					s := &site{}
					var mw cors.Middleware
					if err := mw.Reconfigure(&cors.Config{Origins: origins, Methods: []string{"PUT"}}); err != nil {
						t.Fatal(err)
					}
					return serve(t, s, mw.Wrap(s.mux()))
				},
				policy: jubPolicy(func(*core.Policy) {}),
			},
			{
				option:  "`cors.Middleware.SetDebug`",
				instead: "none",
				note: "corskit always sends the full lists, so the browser names the missing method or header. `Engine.Explain` " +
					"says the rest.",
				old: func(t *testing.T) *server {
					s := &site{}
					mw, err := cors.NewMiddleware(cors.Config{Origins: origins, Methods: []string{"PUT"}})
					if err != nil {
						t.Fatal(err)
					}
					mw.SetDebug(true)
					return serve(t, s, mw.Wrap(s.mux()))
				},
				policy: jubPolicy(func(*core.Policy) {}),
			},
		},
		refusals: []refusal{
			{
				setting: "`Origins: []string{\"*\"}` with `Credentialed`",
				old: jub(func(c *cors.Config) {
					c.Origins = []string{"*"}
					c.Credentialed = true
				}),
				does:   refusesToo,
				policy: core.Policy{AllowOrigins: []string{"*"}, AllowCredentials: true},
				reason: reason.AnyCredentials,
			},
			{
				setting: "`Origins: []string{\"https://app.example/\"}`",
				old:     jub(func(c *cors.Config) { c.Origins = []string{"https://app.example/"} }),
				does:    refusesToo,
				policy:  core.Policy{AllowOrigins: []string{"https://app.example/"}},
				reason:  reason.TrailingSlash,
			},
			{
				setting: "`Methods: []string{\"patch\"}`",
				old:     jub(func(c *cors.Config) { c.Methods = []string{"patch"} }),
				probe:   from(app, "PATCH"),
				does:    "blocked at the preflight",
				policy:  core.Policy{AllowOrigins: origins, AllowMethods: []string{"patch"}},
				reason:  reason.MethodCase,
			},
		},
	}
}
