package conformance_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/core"
)

// broken are middlewares with one fault each, and the rules that must catch
// it. Most are faults that libraries have had.
var broken = []struct {
	name  string
	rules string
	fault func(*reference)
}{
	{"reflects every origin", "A1 A2 C1 D4 O1 O8 O14 V4", func(ref *reference) {
		ref.matches = func(string, string) bool { return true }
		ref.accept = func(core.Policy) error { return nil }
	}},
	{"compares prefixes", "O1 O4 O6", func(ref *reference) { ref.matches = orAlso(strings.HasPrefix) }},
	{"compares suffixes", "O1", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			return matchesPattern(pattern, origin) || strings.HasSuffix(origin, strings.TrimPrefix(pattern, "https://"))
		}
	}},
	{"looks for substrings", "O1 O4 O6", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			return matchesPattern(pattern, origin) || strings.Contains(origin, pattern)
		}
	}},
	{"lower-cases origins", "O6 O7", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool { return matchesPattern(pattern, strings.ToLower(origin)) }
	}},
	{"ignores trailing slashes", "O6", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool { return matchesPattern(pattern, strings.TrimSuffix(origin, "/")) }
	}},
	{"takes a dot for any character", "O3", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			return matchesPattern(pattern, origin) ||
				regexp.MustCompile("^"+strings.ReplaceAll(strings.TrimPrefix(pattern, "regexp:"), "*", ".*")+"$").MatchString(origin)
		}
	}},
	{"does not anchor expressions", "O12", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			if re, ok := strings.CutPrefix(pattern, "regexp:"); ok {
				return regexp.MustCompile(re).MatchString(origin)
			}
			return matchesPattern(pattern, origin)
		}
	}},
	{"lets subdomain patterns match the apex", "O7", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			return matchesPattern(pattern, origin) || strings.Replace(pattern, "*.", "", 1) == origin
		}
	}},
	{"matches anything before a suffix", "O5 O7", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			before, after, ok := strings.Cut(pattern, "*")
			return matchesPattern(pattern, origin) || ok && !strings.HasPrefix(pattern, "regexp:") && strings.HasPrefix(origin, before) && strings.HasSuffix(origin, after)
		}
	}},
	{"loses a character at the wildcard", "O3", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			before, after, ok := strings.Cut(pattern, "*.")
			return matchesPattern(pattern, origin) || ok && matchesPattern(before+"*"+after, origin)
		}
	}},
	{"takes labels for empty ones", "O7", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			return matchesPattern(pattern, origin) || matchesPattern(pattern, strings.ReplaceAll(strings.Replace(origin, "://.", "://x.", 1), "..", "."))
		}
	}},
	{"passes over user names", "O1 O5 O7", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			scheme, rest, _ := strings.Cut(origin, "://")
			return matchesPattern(pattern, origin) || matchesPattern(pattern, scheme+"://"+rest[strings.LastIndexByte(rest, '@')+1:])
		}
	}},
	{"stops one short of the last origin", "A1 D6 O2", policyOrigins(func(origins []string) []string { return origins[:max(1, len(origins)-1)] })},
	{"begins one past the first origin", "A1 D6", policyOrigins(func(origins []string) []string { return origins[min(1, len(origins)-1):] })},
	{"compares all but the last byte", "O1", orBytes(func(pattern, origin string) bool {
		return len(origin) == len(pattern) && origin[:len(origin)-1] == pattern[:len(pattern)-1]
	})},
	{"compares all but the first byte of a host", "O1", orBytes(func(pattern, origin string) bool {
		const scheme = "https://"
		return len(origin) == len(pattern) && len(origin) > len(scheme) && origin[:len(scheme)] == pattern[:len(scheme)] && origin[len(scheme)+1:] == pattern[len(scheme)+1:]
	})},
	{"compares a suffix short of its last byte", "O7", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			before, after, ok := strings.Cut(pattern, "*.")
			return matchesPattern(pattern, origin) || ok && len(origin) > len(before)+len(after)+1 && origin[:len(before)] == before &&
				strings.HasSuffix(origin[:len(origin)-1], "."+after[:len(after)-1])
		}
	}},
	{"ends a range of ports one late", "R3", portRange(0, 1)},
	{"ends a range of ports one early", "R3", portRange(0, -1)},
	{"begins a range of ports one early", "R3", portRange(-1, 0)},
	{"begins a range of ports one late", "R3", portRange(1, 0)},
	{"takes ports up to 65536", "O10", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			return matchesPattern(pattern, origin) || strings.HasSuffix(pattern, ":*") && origin == strings.TrimSuffix(pattern, "*")+"65536"
		}
	}},
	{"lower-cases before an expression", "O12", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			return matchesPattern(pattern, origin) || strings.HasPrefix(pattern, "regexp:") && matchesPattern(pattern, strings.ToLower(origin))
		}
	}},
	{"widens a list that has a bad entry", "C1", func(ref *reference) {
		ref.accept = func(core.Policy) error { return nil }
		ref.matches = func(pattern, origin string) bool {
			return matchesPattern(pattern, origin) || acceptPolicy(core.Policy{AllowOrigins: []string{pattern}, AllowCredentials: true}) != nil
		}
	}},
	{"mixes up hosts with a common ending", "O2", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			return matchesPattern(pattern, origin) || strings.HasPrefix(origin, "https://bar") && strings.HasSuffix(origin, strings.TrimPrefix(pattern, "https://"))
		}
	}},
	{"takes any number for a port", "O10", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			base, ok := strings.CutSuffix(pattern, "*")
			return matchesPattern(pattern, origin) || ok && regexp.MustCompile(`^[0-9]*$`).MatchString(strings.TrimPrefix(origin, base)) && strings.HasPrefix(origin, base)
		}
	}},
	{"allows null", "O8 P2", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool { return matchesPattern(pattern, origin) || origin == "null" }
	}},
	{"searches a list that is not sorted", "A1 D6", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			list := []string{"https://zebra.example", pattern}
			i := sort.SearchStrings(list, origin)
			return i < len(list) && list[i] == origin
		}
	}},
	{"reads the first Origin line", "O13", func(ref *reference) {
		ref.preflight = func(r *http.Request) bool {
			if lines := r.Header["Origin"]; len(lines) > 1 {
				r.Header["Origin"] = lines[:1]
			}
			return isPreflight(r)
		}
	}},

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
	{"reflects where * would do", "A3", after(func(h http.Header, r *http.Request, _ bool) {
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
	{"reflects where * comes with credentials", "C1", func(ref *reference) {
		ref.accept = func(core.Policy) error { return nil }
		ref.answer = func(h http.Header, r *http.Request, granted *core.Policy, preflight bool) {
			answerAs(h, r, granted, preflight)
			if granted != nil && granted.AllowCredentials && r.Header.Get("Origin") != "" {
				h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
			}
		}
	}},
	{"accepts every policy", "C3 C4 C5 C6 H9 M5 P10 P11", func(ref *reference) { ref.accept = func(core.Policy) error { return nil } }},

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

	{"answers preflights with 404", "P1 P5 P6 X6 X7", func(ref *reference) { ref.status = func(bool) int { return 404 } }},
	{"answers refused preflights with 204", "P2", func(ref *reference) { ref.status = func(bool) int { return 204 } }},
	{"passes preflights on", "P1 P4 X6 X7", func(ref *reference) { ref.preflight = func(*http.Request) bool { return false } }},
	{"swallows every OPTIONS", "A13 N3", func(ref *reference) {
		ref.preflight = func(r *http.Request) bool { return r.Method == "OPTIONS" }
	}},
	{"takes OPTIONS with Origin for a preflight", "A13", func(ref *reference) {
		ref.preflight = func(r *http.Request) bool { return r.Method == "OPTIONS" && len(r.Header["Origin"]) > 0 }
	}},
	{"takes any method for a preflight", "N4", func(ref *reference) {
		ref.preflight = func(r *http.Request) bool { return len(r.Header["Access-Control-Request-Method"]) > 0 }
	}},
	{"rejects every unlisted origin", "A2 N5 X8", func(ref *reference) {
		ref.reject = func(_ []core.Policy, r *http.Request) bool { return len(r.Header["Origin"]) > 0 }
	}},
	{"rejects same-origin requests where it may reject", "A16", func(ref *reference) {
		ref.reject = func(p []core.Policy, r *http.Request) bool {
			return p[0].RejectDisallowed && len(r.Header["Origin"]) > 0
		}
	}},
	{"never rejects", "A2", func(ref *reference) { ref.reject = func([]core.Policy, *http.Request) bool { return false } }},

	{"takes * for a wildcard with credentials", "C2 H11 P13", func(ref *reference) {
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
	{"allows every method that is asked for", "P8 P9 P12 P14", after(func(h http.Header, r *http.Request, preflight bool) {
		if preflight && h.Get("Access-Control-Allow-Origin") != "" {
			h.Set("Access-Control-Allow-Methods", r.Header.Get("Access-Control-Request-Method"))
		}
	})},
	{"allows every header that is asked for", "D1 D2 D3 D5 H3 H8 H11", after(func(h http.Header, r *http.Request, preflight bool) {
		if preflight && h.Get("Access-Control-Allow-Origin") != "" {
			h["Access-Control-Allow-Headers"] = slices.Clone(r.Header["Access-Control-Request-Headers"])
		}
	})},
	{"wants lists as browsers write them", "H4 H5 H6", after(func(h http.Header, r *http.Request, preflight bool) {
		lines := r.Header["Access-Control-Request-Headers"]
		if preflight && (len(lines) > 1 || len(lines) == 1 && (strings.ContainsAny(lines[0], " \t") || strings.Contains(","+lines[0]+",", ",,"))) {
			h.Del("Access-Control-Allow-Headers")
		}
	})},
	{"wants headers to be asked for", "H2 P6", after(func(h http.Header, r *http.Request, preflight bool) {
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
	{"sends a max-age without being told", "M2", after(func(h http.Header, _ *http.Request, preflight bool) {
		if preflight && h.Get("Access-Control-Max-Age") == "" {
			h.Set("Access-Control-Max-Age", "600")
		}
	})},
	{"leaves out a max-age of 0", "M3", after(func(h http.Header, _ *http.Request, _ bool) {
		if h.Get("Access-Control-Max-Age") == "0" {
			h.Del("Access-Control-Max-Age")
		}
	})},
	{"grants private networks to all", "L1 L3 L4", after(func(h http.Header, _ *http.Request, _ bool) {
		h.Set("Access-Control-Allow-Private-Network", "true")
	})},
	{"never grants private networks", "L2", after(func(h http.Header, _ *http.Request, _ bool) {
		h.Del("Access-Control-Allow-Private-Network")
	})},

	{"deletes Origin from the request", "N7", func(ref *reference) {
		ref.wrap = handler(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			r.Header.Del("Origin")
			next.ServeHTTP(w, r)
		})
	}},
	{"upper-cases the request's method", "A14 N4", func(ref *reference) {
		ref.wrap = handler(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			r.Method = strings.ToUpper(r.Method)
			next.ServeHTTP(w, r)
		})
	}},
	{"runs the handler twice", "A1 N1", func(ref *reference) {
		ref.wrap = handler(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(httptest.NewRecorder(), r.Clone(r.Context()))
			next.ServeHTTP(w, r)
		})
	}},
	{"leaves errors without headers", "A7 X1 X2 P4", func(ref *reference) {
		ref.wrap = handler(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			defer func() {
				if reason := recover(); reason != nil {
					w.Header().Del("Access-Control-Allow-Origin")
					panic(reason)
				}
			}()
			next.ServeHTTP(&bareErrors{w, 400}, r)
		})
	}},
	{"leaves 304 without headers", "A8", func(ref *reference) {
		ref.wrap = handler(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(&bareErrors{w, 304}, r)
		})
	}},
	{"leaves redirects without headers", "A9", func(ref *reference) {
		ref.wrap = handler(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(&bareErrors{w, 301}, r)
		})
	}},
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
	{"wants POST to be listed", "A11", after(func(h http.Header, r *http.Request, _ bool) {
		if r.Method == "POST" {
			h.Del("Access-Control-Allow-Origin")
		}
	})},
	{"wants safelisted methods to be listed", "P7", after(func(h http.Header, r *http.Request, preflight bool) {
		if preflight && !strings.Contains(h.Get("Access-Control-Allow-Methods"), r.Header.Get("Access-Control-Request-Method")) {
			h.Del("Access-Control-Allow-Origin")
		}
	})},
	{"grants to requests with an empty Origin", "N6", after(func(h http.Header, r *http.Request, _ bool) {
		if lines := r.Header["Origin"]; len(lines) == 1 && lines[0] == "" {
			h.Set("Access-Control-Allow-Origin", "")
		}
	})},
	{"knows no IPv6 and no custom schemes", "O9 O11", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			return matchesPattern(pattern, origin) && strings.HasPrefix(origin, "http") && !strings.Contains(origin, "[")
		}
	}},
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
	{"logs origins", "D8", func(ref *reference) {
		ref.log = func(s conformance.Setup, r *http.Request) { _, _ = s.Log.Write([]byte(r.Header.Get("Origin"))) }
	}},
	{"hides Flush and Hijack", "X5 X8 X9", func(ref *reference) {
		ref.wrap = handler(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			next.ServeHTTP(struct{ http.ResponseWriter }{w}, r)
		})
	}},
	{"holds responses back", "X9", func(ref *reference) {
		ref.wrap = handler(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			held := httptest.NewRecorder()
			next.ServeHTTP(held, r)
			for name, values := range held.Header() {
				w.Header()[name] = values
			}
			w.WriteHeader(held.Code)
			_, _ = w.Write(held.Body.Bytes())
		})
	}},
	{"lets handlers overwrite Vary", "X5", func(ref *reference) {
		ref.wrap = handler(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if keeper, ok := w.(*varyKeeper); ok {
				w = keeper.ResponseWriter
			}
			next.ServeHTTP(w, r)
		})
	}},
	{"leaves the upstream's headers in place", "X4", func(ref *reference) { ref.strip = nil }},
	{"drops Vary where it is there twice", "V1 V6", after(func(h http.Header, _ *http.Request, _ bool) {
		if len(h["Vary"]) > 1 {
			h.Del("Vary")
		}
	})},
	{"lets wildcards inside labels cross dots", "R3", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			before, after, ok := strings.Cut(pattern, "*")
			rest, ok2 := strings.CutPrefix(origin, before)
			rest, ok3 := strings.CutSuffix(rest, after)
			return matchesPattern(pattern, origin) || ok && ok2 && ok3 && labelPattern.MatchString(rest)
		}
	}},
	{"compares routes with decoded paths", "R2", func(ref *reference) {
		ref.route = func(routes []core.Route, r *http.Request) []core.Policy {
			return routes[routeOf(routes, r.URL.Path)].Policies
		}
	}},
	{"compares routes with paths as they were sent", "R2", func(ref *reference) {
		ref.route = func(routes []core.Route, r *http.Request) []core.Policy {
			return routes[routeOf(routes, r.URL.EscapedPath())].Policies
		}
	}},
	{"looks for parts of the path", "R2", func(ref *reference) {
		ref.route = func(routes []core.Route, r *http.Request) []core.Policy {
			i := slices.IndexFunc(routes, func(route core.Route) bool { return strings.Contains(r.URL.EscapedPath(), route.Path) })
			return routes[i].Policies
		}
	}},
	{"looks for the last route that matches", "R2", func(ref *reference) {
		ref.route = func(routes []core.Route, r *http.Request) []core.Policy {
			return routes[len(routes)-1].Policies
		}
	}},
	{"adds up the policies that match", "R1", func(ref *reference) {
		answer := ref.answer
		ref.answer = func(h http.Header, r *http.Request, granted *core.Policy, preflight bool) {
			if granted != nil && granted.Name == "partner" {
				all := *granted
				all.AllowMethods, all.AllowCredentials = []string{"PUT"}, true
				granted = &all
			}
			answer(h, r, granted, preflight)
		}
	}},
}

// after changes the headers once they are right.
func after(change func(h http.Header, r *http.Request, preflight bool)) func(*reference) {
	return func(ref *reference) {
		ref.answer = func(h http.Header, r *http.Request, granted *core.Policy, preflight bool) {
			answerAs(h, r, granted, preflight)
			change(h, r, preflight)
		}
	}
}

// policies changes the policies as if they had been read wrongly.
func policies(change func(*core.Policy)) func(*reference) {
	return func(ref *reference) {
		ref.answer = func(h http.Header, r *http.Request, granted *core.Policy, preflight bool) {
			if granted != nil {
				p := *granted
				change(&p)
				granted = &p
			}
			answerAs(h, r, granted, preflight)
		}
	}
}

func handler(serve func(http.ResponseWriter, *http.Request, http.Handler)) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { serve(w, r, next) })
	}
}

// policyOrigins changes what is found of a policy's list of origins.
func policyOrigins(change func([]string) []string) func(*reference) {
	return func(ref *reference) {
		route := ref.route
		ref.route = func(routes []core.Route, r *http.Request) []core.Policy {
			policies := slices.Clone(route(routes, r))
			for i, p := range policies {
				if len(p.AllowOrigins) > 0 {
					policies[i].AllowOrigins = change(p.AllowOrigins)
				}
			}
			return policies
		}
	}
}

// orBytes compares the bytes of an origin with those of an entry without
// wildcards beside the right comparison.
func orBytes(compare func(pattern, origin string) bool) func(*reference) {
	return func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			return matchesPattern(pattern, origin) || origin != "" && !strings.Contains(pattern, "*") && compare(pattern, origin)
		}
	}
}

// portRange moves the ends of ranges of ports.
func portRange(from, to int) func(*reference) {
	return func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			base, ports, ok := strings.Cut(pattern, "localhost:")
			first, last, ok2 := strings.Cut(ports, "-")
			a, err := strconv.Atoi(first)
			b, err2 := strconv.Atoi(last)
			if !ok || !ok2 || err != nil || err2 != nil {
				return matchesPattern(pattern, origin)
			}
			port, ok := strings.CutPrefix(origin, base+"localhost")
			return ok && validPort(port, a+from, b+to)
		}
	}
}

// orAlso compares an origin with a pattern beside the right comparison.
func orAlso(compare func(s, part string) bool) func(pattern, origin string) bool {
	return func(pattern, origin string) bool {
		return matchesPattern(pattern, origin) || compare(origin, pattern)
	}
}

func edit(h http.Header, prefix string) {
	if v := h.Get("Access-Control-Max-Age"); v != "" {
		h.Set("Access-Control-Max-Age", prefix+v)
	}
}

// bareErrors drops the headers of responses from a status on; of 301 and 304
// it means the redirects and that one.
type bareErrors struct {
	http.ResponseWriter
	from int
}

func (w *bareErrors) WriteHeader(status int) {
	if status == w.from || w.from == 301 && status > 301 && status < 400 && status != 304 || w.from == 400 && status > 400 {
		w.Header().Del("Access-Control-Allow-Origin")
	}
	w.ResponseWriter.WriteHeader(status)
}

func TestBrokenMiddlewareIsCaught(t *testing.T) {
	cases := conformance.Cases()
	for i := range cases {
		// Shared slices are data races, which would be this test's: the cases
		// have to catch them without the race detector.
		cases[i].Copies = 1
	}
	caught := make(map[string]bool)
	for _, b := range broken {
		ref := newReference()
		b.fault(ref)
		rules := strings.Fields(b.rules)
		for _, rule := range rules {
			caught[rule] = true
		}
		t.Run(strings.ReplaceAll(b.name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			report := conformance.Check(t.Context(), ref.mount, conformance.Options{
				Cases:  cases,
				Filter: func(c conformance.Case) bool { return slices.Contains(rules, c.Rule()) },
			})
			for _, rule := range rules {
				if !slices.ContainsFunc(report.Results, func(r conformance.Result) bool {
					return r.Rule == rule && r.Outcome == conformance.Fail
				}) {
					t.Errorf("a middleware that %s passes every case of rule %s", b.name, rule)
				}
			}
			for _, r := range report.Results {
				if strings.Contains(r.Message, "no answer within") || len(r.Message) > 16<<10 {
					t.Errorf("%s: the message has %d bytes, or the case ran into a time limit:\n%.2000s", r.ID, len(r.Message), r.Message)
				}
			}
		})
	}
	for _, group := range rules {
		for n := range group.last {
			rule := fmt.Sprintf("%s%d", group.letter, n+1)
			if reason, exempt := uncatchable[rule]; !caught[rule] && !exempt {
				t.Errorf("no broken middleware is said to be caught by rule %s", rule)
			} else if caught[rule] && exempt {
				t.Errorf("rule %s catches a broken middleware, though it is said that none could be: %s", rule, reason)
			}
		}
	}
}

// uncatchable are rules that no middleware could break, and why.
var uncatchable = map[string]string{
	"X11": "net/http answers OPTIONS * before any middleware sees it",
}
