package conformance_test

import (
	"net/http"
	"slices"
	"strings"

	"github.com/corskit/corskit/core"
)

// brokenPreflights answer preflights incorrectly, or treat other requests as
// preflights.
var brokenPreflights = []brokenMiddleware{
	{"answers preflights with 404", "P1 P5 P6 X6 X7", func(ref *reference) { ref.status = func(bool) int { return 404 } }},
	{"answers refused preflights with 204", "P2", func(ref *reference) { ref.status = func(bool) int { return 204 } }},
	{"passes preflights on", "P1 P4 X6 X7", func(ref *reference) { ref.preflight = func(*http.Request) bool { return false } }},
	{"swallows every OPTIONS", "A13 N3", func(ref *reference) {
		ref.preflight = func(r *http.Request) bool { return r.Method == "OPTIONS" }
	}},
	{"treats OPTIONS with Origin as a preflight", "A13", func(ref *reference) {
		ref.preflight = func(r *http.Request) bool { return r.Method == "OPTIONS" && len(r.Header["Origin"]) > 0 }
	}},
	{"treats any method as a preflight", "N4", func(ref *reference) {
		ref.preflight = func(r *http.Request) bool { return len(r.Header["Access-Control-Request-Method"]) > 0 }
	}},
	{"treats * as a wildcard with credentials", "C2 H11 P13", func(ref *reference) {
		ref.answer = func(h http.Header, r *http.Request, granted *core.Policy, preflight bool) {
			answerAs(h, r, granted, preflight)
			if granted == nil || !preflight {
				return
			}
			if slices.Contains(granted.AllowMethods, "*") {
				h.Set("Access-Control-Allow-Methods", "*")
			}
			if slices.Contains(granted.AllowHeaders, "*") {
				h.Set("Access-Control-Allow-Headers", "*")
			}
		}
	}},
	{"loses the last method", "P6", policies(func(p *core.Policy) {
		if n := len(p.AllowMethods); n > 0 {
			p.AllowMethods = p.AllowMethods[:n-1]
		}
	})},
	{"loses the last header", "H1 H7 H8", policies(func(p *core.Policy) {
		if n := len(p.AllowHeaders); n > 0 {
			p.AllowHeaders = p.AllowHeaders[:n-1]
		}
	})},
	{"upper-cases every method", "P6 P9", func(ref *reference) {
		ref.answer = func(h http.Header, r *http.Request, granted *core.Policy, preflight bool) {
			answerAs(h, r, granted, preflight)
			if asked := r.Header.Get("Access-Control-Request-Method"); granted != nil && preflight &&
				slices.Contains(granted.AllowMethods, strings.ToUpper(asked)) {
				h.Add("Access-Control-Allow-Methods", asked)
			}
		}
	}},
	{"allows every requested method", "P8 P9 P12 P14", after(func(h http.Header, r *http.Request, preflight bool) {
		if preflight && h.Get("Access-Control-Allow-Origin") != "" {
			h.Set("Access-Control-Allow-Methods", r.Header.Get("Access-Control-Request-Method"))
		}
	})},
	{"allows every requested header", "D1 D2 D3 D5 H3 H8 H11", after(func(h http.Header, r *http.Request, preflight bool) {
		if preflight && h.Get("Access-Control-Allow-Origin") != "" {
			h["Access-Control-Allow-Headers"] = slices.Clone(r.Header["Access-Control-Request-Headers"])
		}
	})},
	{"requires lists as browsers write them", "H4 H5 H6", after(func(h http.Header, r *http.Request, preflight bool) {
		lines := r.Header["Access-Control-Request-Headers"]
		if preflight && (len(lines) > 1 || len(lines) == 1 && (strings.ContainsAny(lines[0], " \t") || strings.Contains(","+lines[0]+",",
			",,"))) {
			h.Del("Access-Control-Allow-Headers")
		}
	})},
	{"requires preflights to ask for headers", "H2 P6", after(func(h http.Header, r *http.Request, preflight bool) {
		if preflight && r.Header.Get("Access-Control-Request-Headers") == "" {
			h.Del("Access-Control-Allow-Origin")
		}
	})},
	{"lets * cover Authorization", "H10", after(func(h http.Header, _ *http.Request, preflight bool) {
		if preflight && h.Get("Access-Control-Allow-Headers") == "*" {
			h.Set("Access-Control-Allow-Headers", "*,authorization")
		}
	})},

	{"sends a max-age with a sign", "M1 M4", after(func(h http.Header, _ *http.Request, _ bool) { edit(h, "+") })},
	{"sends a max-age that is not configured", "M2", after(func(h http.Header, _ *http.Request, preflight bool) {
		if preflight && h.Get("Access-Control-Max-Age") == "" {
			h.Set("Access-Control-Max-Age", "600")
		}
	})},
	{"leaves out a max-age of 0", "M3", after(func(h http.Header, _ *http.Request, _ bool) {
		if h.Get("Access-Control-Max-Age") == "0" {
			h.Del("Access-Control-Max-Age")
		}
	})},
	{"allows private networks to every origin", "L1 L3 L4", after(func(h http.Header, _ *http.Request, _ bool) {
		h.Set("Access-Control-Allow-Private-Network", "true")
	})},
	{"never allows private networks", "L2", after(func(h http.Header, _ *http.Request, _ bool) {
		h.Del("Access-Control-Allow-Private-Network")
	})},
	{"requires safelisted methods to be listed", "P7", after(func(h http.Header, r *http.Request, preflight bool) {
		if preflight && !strings.Contains(h.Get("Access-Control-Allow-Methods"), r.Header.Get("Access-Control-Request-Method")) {
			h.Del("Access-Control-Allow-Origin")
		}
	})},
}

// brokenRejections reject too much or too little.
var brokenRejections = []brokenMiddleware{
	{"rejects every unlisted origin", "A2 N5 X8", func(ref *reference) {
		ref.reject = func(_ []core.Policy, r *http.Request) bool { return len(r.Header["Origin"]) > 0 }
	}},
	{"rejects same-origin requests", "A16", func(ref *reference) {
		ref.reject = func(p []core.Policy, r *http.Request) bool {
			return p[0].RejectDisallowed && len(r.Header["Origin"]) > 0
		}
	}},
	{"never rejects", "A2", func(ref *reference) { ref.reject = func([]core.Policy, *http.Request) bool { return false } }},
}

func edit(h http.Header, prefix string) {
	if v := h.Get("Access-Control-Max-Age"); v != "" {
		h.Set("Access-Control-Max-Age", prefix+v)
	}
}
