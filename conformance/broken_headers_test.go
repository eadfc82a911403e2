package conformance_test

import (
	"net/http"
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/core"
)

// brokenVary send an incorrect Vary, or headers that require another Vary.
var brokenVary = []brokenMiddleware{
	{"forgets Vary", "A2 N1 V2 V4", after(func(h http.Header, _ *http.Request, _ bool) { h.Del("Vary") })},
	{"varies for allowed origins only", "A2 N1 V2 V4", func(ref *reference) {
		ref.answer = func(h http.Header, r *http.Request, granted *core.Policy, preflight bool) {
			if granted == nil {
				h.Del("Vary")
			}
			answerAs(h, r, granted, preflight)
		}
	}},
	{"overwrites Vary", "V1", after(func(h http.Header, _ *http.Request, _ bool) { h.Set("Vary", "Origin") })},
	{"copies the request's Vary", "V1", after(func(h http.Header, r *http.Request, _ bool) {
		for _, v := range r.Header["Vary"] {
			h.Add("Vary", v)
		}
	})},
	{"sends Vary: *", "V5", after(func(h http.Header, _ *http.Request, _ bool) { h.Add("Vary", "*") })},
	{"answers * with Vary: Origin", "N2 A3", func(ref *reference) {
		ref.answer = func(h http.Header, r *http.Request, granted *core.Policy, preflight bool) {
			h.Set("Vary", "Origin")
			answerAs(h, r, granted, preflight)
		}
	}},
	{"answers * to CORS requests only", "N2 V4", func(ref *reference) {
		ref.answer = func(h http.Header, r *http.Request, granted *core.Policy, preflight bool) {
			if r.Header.Get("Origin") != "" {
				answerAs(h, r, granted, preflight)
			}
		}
	}},
	{"reflects the origin where * would do", "A3", after(func(h http.Header, r *http.Request, _ bool) {
		if h.Get("Access-Control-Allow-Origin") == "*" && r.Header.Get("Origin") != "" {
			h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
			h.Add("Vary", "Origin")
		}
	})},
	{"echoes without Vary", "V3", after(func(h http.Header, _ *http.Request, preflight bool) {
		if preflight {
			h.Set("Vary", "Origin")
		}
	})},
	{"drops Vary if it has two lines", "V1 V6", after(func(h http.Header, _ *http.Request, _ bool) {
		if len(h["Vary"]) > 1 {
			h.Del("Vary")
		}
	})},
}

// brokenHeaders send incorrect headers or omit them.
var brokenHeaders = []brokenMiddleware{
	{"sends credentials: false", "A4", after(func(h http.Header, _ *http.Request, _ bool) {
		if h.Get("Access-Control-Allow-Credentials") == "" {
			h.Set("Access-Control-Allow-Credentials", "false")
		}
	})},
	{"sends credentials: True", "A4 P3", after(func(h http.Header, _ *http.Request, _ bool) {
		if h.Get("Access-Control-Allow-Credentials") != "" {
			h.Set("Access-Control-Allow-Credentials", "True")
		}
	})},
	{"accepts * with credentials", "C1 C2", func(ref *reference) {
		ref.accept = func(core.Policy) error { return nil }
		ref.answer = func(h http.Header, r *http.Request, granted *core.Policy, preflight bool) {
			answerAs(h, r, granted, preflight)
			if granted != nil && granted.AllowCredentials {
				h.Set("Access-Control-Allow-Headers", "*")
			}
		}
	}},
	{"reflects the origin for * with credentials", "C1", func(ref *reference) {
		ref.accept = func(core.Policy) error { return nil }
		ref.answer = func(h http.Header, r *http.Request, granted *core.Policy, preflight bool) {
			answerAs(h, r, granted, preflight)
			if granted != nil && granted.AllowCredentials && r.Header.Get("Origin") != "" {
				h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
			}
		}
	}},
	{"accepts every policy", "C3 C4 C5 C6 M5 P10 P11", func(ref *reference) { ref.accept = func(core.Policy) error { return nil } }},
	{"sends names that no script can set", "H9", func(ref *reference) {
		ref.answer = func(h http.Header, r *http.Request, granted *core.Policy, preflight bool) {
			answerAs(h, r, granted, preflight)
			if granted != nil && preflight {
				h.Set("Access-Control-Allow-Headers", strings.Join(granted.AllowHeaders, ","))
			}
		}
	}},

	{"doubles Access-Control-Allow-Origin", "A1 A15 X10", after(func(h http.Header, _ *http.Request, _ bool) {
		if v := h.Get("Access-Control-Allow-Origin"); v != "" {
			h.Add("Access-Control-Allow-Origin", v)
		}
	})},
	{"adds headers where it should set them", "X3", func(ref *reference) {
		ref.answer = func(h http.Header, r *http.Request, granted *core.Policy, preflight bool) {
			mine := make(http.Header)
			answerAs(mine, r, granted, preflight)
			for name, values := range mine {
				h[name] = append(h[name], values...)
			}
		}
	}},
	{"lists all origins", "A1 A15", after(func(h http.Header, _ *http.Request, _ bool) {
		if h.Get("Access-Control-Allow-Origin") != "" {
			h.Set("Access-Control-Allow-Origin", conformance.OriginA+", "+conformance.OriginB)
		}
	})},
	{"sends preflight headers with every response", "A6", func(ref *reference) {
		ref.answer = func(h http.Header, r *http.Request, granted *core.Policy, _ bool) { answerAs(h, r, granted, true) }
	}},
	{"never exposes", "A5 N2", after(func(h http.Header, _ *http.Request, _ bool) { h.Del("Access-Control-Expose-Headers") })},
	{"leaves HEAD without headers", "A12", after(func(h http.Header, r *http.Request, _ bool) {
		if r.Method == "HEAD" {
			h.Del("Access-Control-Allow-Origin")
		}
	})},
	{"leaves other methods without headers", "A10", after(func(h http.Header, r *http.Request, _ bool) {
		if !slices.Contains([]string{"GET", "HEAD", "POST", "OPTIONS"}, r.Method) {
			h.Del("Access-Control-Allow-Origin")
		}
	})},
	{"requires POST to be listed", "A11", after(func(h http.Header, r *http.Request, _ bool) {
		if r.Method == "POST" {
			h.Del("Access-Control-Allow-Origin")
		}
	})},
	{"allows requests with an empty Origin", "N6", after(func(h http.Header, r *http.Request, _ bool) {
		if lines := r.Header["Origin"]; len(lines) == 1 && lines[0] == "" {
			h.Set("Access-Control-Allow-Origin", "")
		}
	})},
	{"shares header slices between responses", "D7", func(ref *reference) {
		credentials, exposed := []string{"true"}, []string{"x-e"}
		ref.answer = func(h http.Header, r *http.Request, granted *core.Policy, preflight bool) {
			answerAs(h, r, granted, preflight)
			if h["Access-Control-Allow-Credentials"] != nil {
				h["Access-Control-Allow-Credentials"] = credentials
				h["Access-Control-Expose-Headers"] = exposed
			}
		}
	}},
}
