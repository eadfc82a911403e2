package migrate

import (
	"testing"
	"time"

	"github.com/corskit/corskit/core"
	"github.com/jub0bs/cors"
)

func jub(c cors.Config) mount {
	return func(t *testing.T) *server {
		s := &site{}
		mw, err := cors.NewMiddleware(c)
		if err != nil {
			panic(err)
		}
		return serve(t, s, mw.Wrap(s.mux()))
	}
}

func jubPolicy(change func(*core.Policy)) core.Policy {
	p := core.Policy{AllowOrigins: []string{app}}
	change(&p)
	return p
}

func jub0bs() library {
	origins := []string{app}
	return library{
		guide: "jub0bs-cors.md", module: "github.com/jub0bs/cors", ours: netHTTP,

		rows: []row{
			{
				option: "`Origins: {\"https://app.example\"}`",
				field:  "`AllowOrigins: {\"https://app.example\"}`",
				note:   "An empty list is legal, allows nothing, and `Engine.Warnings` says so.",
				old:    jub(cors.Config{Origins: origins}),
				policy: jubPolicy(func(*core.Policy) {}),
				differ: []difference{
					{"POST with upload progress by https://app.example", "blocked at the preflight", "reads 200",
						"Upload listeners cause a preflight for a POST that needs no permission. jub0bs/cors fails all preflights if neither methods nor request headers are listed."},
				},
			},
			{
				option: "`Origins: {\"*\"}`",
				field:  "`AllowOrigins: {\"*\"}`",
				old:    jub(cors.Config{Origins: []string{"*"}, Methods: []string{"PUT"}, RequestHeaders: []string{"Content-Type"}}),
				policy: jubPolicy(func(p *core.Policy) {
					p.AllowOrigins = []string{"*"}
					p.AllowMethods = []string{"PUT"}
					p.AllowHeaders = []string{"content-type"}
				}),
			},
			{
				option: "`Origins: {\"https://*.app.example\"}`",
				field:  "`AllowOrigins: {\"https://*.app.example\"}`",
				note:   "The same pattern.",
				old:    jub(cors.Config{Origins: []string{"https://*.app.example"}, Methods: []string{"PUT"}}),
				policy: jubPolicy(func(p *core.Policy) {
					p.AllowOrigins = []string{"https://*.app.example"}
					p.AllowMethods = []string{"PUT"}
				}),
				extra: []probe{by("https://a.sub.app.example", "PUT"), by("https://sub.app.example:8443", "GET")},
			},
			{
				option: "`Origins: {\"http://localhost:*\", \"https://*.app.example:*\"}`",
				field:  "`AllowOrigins: {\"http://localhost:*\", \"https://*.app.example:*\"}`",
				note:   "The same patterns. There are also port ranges, asterisks within a label, regular expressions and `@loopback`.",
				old:    jub(cors.Config{Origins: []string{"http://localhost:*", "https://*.app.example:*"}, Methods: []string{"PUT"}}),
				policy: jubPolicy(func(p *core.Policy) {
					p.AllowOrigins = []string{"http://localhost:*", "https://*.app.example:*"}
					p.AllowMethods = []string{"PUT"}
				}),
				extra: []probe{by("http://localhost", "PUT"), by("http://localhost:5173", "PUT"), by("https://sub.app.example:8443", "GET")},
			},
			{
				option: "`Credentialed: true`",
				wire:   true,
				field:  "`AllowCredentials: true`",
				old:    jub(cors.Config{Origins: origins, Credentialed: true, Methods: []string{"PUT"}, RequestHeaders: []string{"Authorization"}}),
				policy: jubPolicy(func(p *core.Policy) {
					p.AllowCredentials = true
					p.AllowMethods = []string{"PUT"}
					p.AllowHeaders = []string{"authorization"}
				}),
			},
			{
				option: "`Methods: {\"PUT\", \"DELETE\"}`",
				field:  "`AllowMethods: {\"PUT\", \"DELETE\"}`",
				old:    jub(cors.Config{Origins: origins, Methods: []string{"PUT", "DELETE"}}),
				policy: jubPolicy(func(p *core.Policy) { p.AllowMethods = []string{"PUT", "DELETE"} }),
				extra:  []probe{by(app, "put")},
			},
			{
				option: "`Methods: {\"*\"}`",
				field:  "`AllowMethods: {\"*\"}`",
				old:    jub(cors.Config{Origins: origins, Methods: []string{"*"}}),
				policy: jubPolicy(func(p *core.Policy) { p.AllowMethods = []string{"*"} }),
				extra:  []probe{by(app, "patch"), by(app, "QUERY")},
			},
			{
				option: "`Methods: {\"*\"}` with `Credentialed`",
				field:  "`AllowMethods: {\"*\"}`",
				old:    jub(cors.Config{Origins: origins, Methods: []string{"*"}, Credentialed: true}),
				policy: jubPolicy(func(p *core.Policy) {
					p.AllowMethods = []string{"*"}
					p.AllowCredentials = true
				}),
				extra: []probe{by(app, "QUERY").withCredentials()},
			},
			{
				option: "`RequestHeaders: {\"Authorization\", \"X-Token\"}`",
				field:  "`AllowHeaders: {\"authorization\", \"x-token\"}`",
				note:   "Case does not matter.",
				old:    jub(cors.Config{Origins: origins, RequestHeaders: []string{"Authorization", "X-Token"}}),
				policy: jubPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"authorization", "x-token"} }),
				extra:  gatewayed("Authorization", "Bearer x", "X-Token", "1"),
				differ: []difference{
					{"GET with two headers by https://app.example, through a gateway that reorders the names", "blocked at the preflight", "reads 200",
						"jub0bs/cors relies on the order that browsers use. corskit does not compare the names; the browser does."},
				},
			},
			{
				option: "`RequestHeaders: {\"*\"}`",
				field:  "`AllowHeaders: {\"*\"}`",
				note:   "All but Authorization, which can be listed beside.",
				old:    jub(cors.Config{Origins: origins, RequestHeaders: []string{"*"}}),
				policy: jubPolicy(func(p *core.Policy) { p.AllowHeaders = []string{"*"} }),
			},
			{
				option: "`RequestHeaders: {\"*\"}` with `Credentialed`",
				field:  "`AllowHeaders: {\"*\"}`",
				note:   "All, Authorization included.",
				old:    jub(cors.Config{Origins: origins, RequestHeaders: []string{"*"}, Credentialed: true}),
				policy: jubPolicy(func(p *core.Policy) {
					p.AllowHeaders = []string{"*"}
					p.AllowCredentials = true
				}),
				extra: gatewayed("Authorization", "Bearer x", "X-Token", "1"),
			},
			{
				option: "`MaxAgeInSeconds: 600`",
				field:  "`MaxAge: 10 * time.Minute`",
				old:    jub(cors.Config{Origins: origins, MaxAgeInSeconds: 600, Methods: []string{"PUT"}}),
				policy: jubPolicy(func(p *core.Policy) {
					p.MaxAge = 10 * time.Minute
					p.AllowMethods = []string{"PUT"}
				}),
			},
			{
				option: "`MaxAgeInSeconds: -1`",
				field:  "`MaxAge: core.NoPreflightCache`",
				old:    jub(cors.Config{Origins: origins, MaxAgeInSeconds: -1, Methods: []string{"PUT"}}),
				policy: jubPolicy(func(p *core.Policy) {
					p.MaxAge = core.NoPreflightCache
					p.AllowMethods = []string{"PUT"}
				}),
			},
			{
				option: "`ResponseHeaders: {\"X-Total\", \"ETag\"}`",
				field:  "`ExposeHeaders: {\"x-total\", \"etag\"}`",
				old:    jub(cors.Config{Origins: origins, ResponseHeaders: []string{"X-Total", "ETag"}, Methods: []string{"PUT"}}),
				policy: jubPolicy(func(p *core.Policy) {
					p.ExposeHeaders = []string{"x-total", "etag"}
					p.AllowMethods = []string{"PUT"}
				}),
			},
			{
				option: "`DangerouslyTolerateInsecureOrigins`",
				field:  "`DangerouslyAllowInsecureOrigins`",
				old:    jub(cors.Config{Origins: []string{"http://app.example"}, Credentialed: true, DangerouslyTolerateInsecureOrigins: true, Methods: []string{"PUT"}}),
				policy: jubPolicy(func(p *core.Policy) {
					p.AllowOrigins = []string{"http://app.example"}
					p.AllowCredentials = true
					p.DangerouslyAllowInsecureOrigins = true
					p.AllowMethods = []string{"PUT"}
				}),
				extra: []probe{by("http://app.example", "PUT").withCredentials()},
			},
			{
				option: "`DangerouslyTolerateSubdomainsOfPublicSuffixes`",
				field:  "`DangerouslyAllowPublicSuffixes`",
				old:    jub(cors.Config{Origins: []string{"https://*.github.io"}, Credentialed: true, DangerouslyTolerateSubdomainsOfPublicSuffixes: true, Methods: []string{"PUT"}}),
				policy: jubPolicy(func(p *core.Policy) {
					p.AllowOrigins = []string{"https://*.github.io"}
					p.AllowCredentials = true
					p.DangerouslyAllowPublicSuffixes = true
					p.AllowMethods = []string{"PUT"}
				}),
				extra: []probe{by("https://someone.github.io", "PUT").withCredentials()},
			},
			{
				option: "`Middleware.Reconfigure`",
				field:  "`Engine.Reload`",
				note:   "Atomic; on an error the old policies stay. Every middleware of the engine follows.",
				old: func(t *testing.T) *server {
					s := &site{}
					var mw cors.Middleware
					if err := mw.Reconfigure(&cors.Config{Origins: origins, Methods: []string{"PUT"}}); err != nil {
						t.Fatal(err)
					}
					return serve(t, s, mw.Wrap(s.mux()))
				},
				policy: jubPolicy(func(p *core.Policy) { p.AllowMethods = []string{"PUT"} }),
			},
			{
				option: "`Middleware.SetDebug(true)`",
				field:  "none",
				note:   "corskit always sends the full lists, so that the browser names the method or header that is missing. `Engine.Explain` says the rest.",
				old: func(t *testing.T) *server {
					s := &site{}
					mw, err := cors.NewMiddleware(cors.Config{Origins: origins})
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
				setting: "`Origins: {\"*\"}` with `Credentialed`",
				old:     jub(cors.Config{Origins: []string{"*"}, Credentialed: true}),
				does:    refusesToo,
				policy:  core.Policy{AllowOrigins: []string{"*"}, AllowCredentials: true},
				reason:  core.ReasonAnyCredentials,
			},
			{
				setting: "`Origins: {\"https://app.example/\"}`",
				old:     jub(cors.Config{Origins: []string{"https://app.example/"}}),
				does:    refusesToo,
				policy:  core.Policy{AllowOrigins: []string{"https://app.example/"}},
				reason:  core.ReasonTrailingSlash,
			},
			{
				setting: "`Methods: {\"patch\"}`",
				old:     jub(cors.Config{Origins: origins, Methods: []string{"patch"}}),
				probe:   by(app, "PATCH"),
				does:    "blocked at the preflight",
				policy:  core.Policy{AllowOrigins: origins, AllowMethods: []string{"patch"}},
				reason:  core.ReasonMethodCase,
			},
		},
	}
}
