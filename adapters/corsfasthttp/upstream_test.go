package corsfasthttp_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/valyala/fasthttp"

	"github.com/corskit/corskit/adapters/corsfasthttp"
	"github.com/corskit/corskit/core"
)

// TestStripUpstream: the middleware's headers replace those of an upstream, however
// the upstream spells their names. Other headers stay.
func TestStripUpstream(t *testing.T) {
	spellings := map[string]func(string) string{
		"canonical": func(s string) string { return s }, "lower case": strings.ToLower, "upper case": strings.ToUpper,
		"mixed case": func(s string) string { return "aCCeSS" + s[len("Access"):] },
	}
	for what, spell := range spellings {
		for _, raw := range []bool{false, true} {
			h := mount(engine(t, allowed), corsfasthttp.Routing{}, func(ctx *fasthttp.RequestCtx) {
				ctx.Response.Reset() // as a proxy does
				if raw {
					ctx.Response.Header.DisableNormalizing()
				}
				for name := range core.ResponseHeaders() {
					ctx.Response.Header.Set(spell(name), "upstream's")
				}
				ctx.Response.Header.Set("Vary", "Accept, Origin")
				ctx.Response.Header.Set("X-Kept", "kept")
				corsfasthttp.StripUpstream(ctx)
			})
			for origin, want := range map[string]string{allowed: allowed, stranger: ""} {
				ctx := serve(t, h, head("GET", "/", "Origin: "+origin))
				wantOrigin(t, ctx, want)
				wantLines(t, ctx, "Vary", "Accept, Origin")
				wantLines(t, ctx, "X-Kept", "kept")
				if response := ctx.Response.Header.String(); strings.Contains(response, "upstream's") {
					t.Errorf("%s, from %s: a header of the upstream is left:\n%s", what, origin, response)
				}
			}
		}
	}
}

// TestStripUpstreamAlone: StripUpstream removes the headers immediately, even without a
// middleware.
func TestStripUpstreamAlone(t *testing.T) {
	for what, handler := range foreign {
		ctx := new(fasthttp.RequestCtx)
		handler(ctx)
		corsfasthttp.StripUpstream(ctx)
		wantCORS(t, what, ctx, "")
	}
}

// TestStripUpstreamNested: the innermost engine decides about an upstream's response,
// as about any other.
func TestStripUpstreamNested(t *testing.T) {
	for _, outer := range []string{allowed, "*"} {
		inner := mount(engine(t, other), corsfasthttp.Routing{}, func(ctx *fasthttp.RequestCtx) {
			ctx.Response.Reset()
			ctx.Response.Header.Set("Access-Control-Allow-Origin", "*")
			corsfasthttp.StripUpstream(ctx)
		})
		h := mount(engine(t, outer), corsfasthttp.Routing{}, inner)
		wantOrigin(t, serve(t, h, head("GET", "/", "Origin: "+allowed)), "")
		wantOrigin(t, serve(t, h, head("GET", "/", "Origin: "+other)), other)
	}
}

// TestStripUpstreamTooLate: if an inner engine has denied the origin, stripping the
// response afterwards does not let an outer engine allow it.
func TestStripUpstreamTooLate(t *testing.T) {
	inner := mount(engine(t, other), corsfasthttp.Routing{}, ok)
	h := mount(engine(t, allowed), corsfasthttp.Routing{}, func(ctx *fasthttp.RequestCtx) {
		inner(ctx)
		corsfasthttp.StripUpstream(ctx)
	})
	wantOrigin(t, serve(t, h, head("GET", "/", "Origin: "+allowed)), "")
}

// TestCredentialsOfAnUpstream: if an upstream denies the origin but allows
// credentials or exposes headers, in any spelling, this does not take effect with the
// policy's origin.
func TestCredentialsOfAnUpstream(t *testing.T) {
	for _, credentialsName := range []string{"Access-Control-Allow-Credentials", "access-control-allow-credentials"} {
		for credentials, want := range map[bool]string{false: "", true: "true"} {
			e := core.MustNew(core.Policy{AllowOrigins: []string{allowed}, AllowCredentials: credentials})
			h := mount(e, corsfasthttp.Routing{}, func(ctx *fasthttp.RequestCtx) {
				ctx.Response.Reset()
				ctx.Response.Header.DisableNormalizing() // as the response of a client that keeps names as they are
				ctx.Response.Header.Set("Vary", "Origin")
				ctx.Response.Header.Set(credentialsName, "true")
				ctx.Response.Header.Set("access-control-expose-headers", "x-secret")
			})
			ctx := serve(t, h, head("GET", "/", "Origin: "+allowed))
			got := map[string]string{}
			ctx.Response.Header.VisitAll(func(key, value []byte) {
				if name := strings.ToLower(string(key)); strings.HasPrefix(name, "access-control-") {
					got[name] += string(value)
				}
			})
			wanted := map[string]string{"access-control-allow-origin": allowed}
			if credentials {
				wanted["access-control-allow-credentials"] = want
			}
			if !maps.Equal(got, wanted) {
				t.Errorf("%s, credentials in the policy %v: %q, want %q", credentialsName, credentials, got, wanted)
			}
		}
	}
}

// TestCredentialsWithoutOrigin: credentials that the response allows already do not
// take effect with the policy's origin.
func TestCredentialsWithoutOrigin(t *testing.T) {
	inner := mount(engine(t, allowed), corsfasthttp.Routing{}, ok)
	h := func(ctx *fasthttp.RequestCtx) {
		ctx.Response.Header.Set("Access-Control-Allow-Credentials", "true")
		inner(ctx)
	}
	for origin, want := range map[string]string{allowed: allowed, stranger: ""} {
		ctx := serve(t, h, head("GET", "/", "Origin: "+origin))
		wantOrigin(t, ctx, want)
		wantLines(t, ctx, "Access-Control-Allow-Credentials", "")
	}
}
