package conformance_test

import (
	"net/http"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/corskit/corskit/core"
)

// brokenOrigins compare origins incorrectly.
var brokenOrigins = []brokenMiddleware{
	{"reflects every origin", "A1 A2 C1 D4 O1 O8 O14 V4", func(ref *reference) {
		ref.matches = func(string, string) bool { return true }
		ref.accept = func(core.Policy) error { return nil }
	}},
	{"reflects every origin with credentials", "A2 A3 A4 C1 O1 O8 P2 V4", func(ref *reference) {
		ref.accept = func(core.Policy) error { return nil }
		after(func(h http.Header, r *http.Request, _ bool) {
			if origin := r.Header.Get("Origin"); origin != "" {
				h.Set("Access-Control-Allow-Origin", origin)
				h.Set("Access-Control-Allow-Credentials", "true")
			}
		})(ref)
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
	{"treats a dot as any character", "O3", func(ref *reference) {
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
			return matchesPattern(pattern, origin) || ok && !strings.HasPrefix(pattern, "regexp:") && strings.HasPrefix(origin,
				before) && strings.HasSuffix(origin, after)
		}
	}},
	{"loses a character at the wildcard", "O3", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			before, after, ok := strings.Cut(pattern, "*.")
			return matchesPattern(pattern, origin) || ok && matchesPattern(before+"*"+after, origin)
		}
	}},
	{"accepts empty labels", "O7", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			return matchesPattern(pattern, origin) ||
				matchesPattern(pattern, strings.ReplaceAll(strings.Replace(origin, "://.", "://x.", 1),
					"..", "."))
		}
	}},
	{"ignores user names", "O1 O5 O7", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			scheme, rest, _ := strings.Cut(origin, "://")
			return matchesPattern(pattern, origin) || matchesPattern(pattern, scheme+"://"+rest[strings.LastIndexByte(rest, '@')+1:])
		}
	}},
	{"stops one short of the last origin", "A1 D6 O2", policyOrigins(func(origins []string) []string {
		return origins[:max(1,
			len(origins)-1)]
	})},
	{"begins one past the first origin", "A1 D6",
		policyOrigins(func(origins []string) []string { return origins[min(1, len(origins)-1):] })},
	{"compares all but the last byte", "O1", orBytes(func(pattern, origin string) bool {
		return len(origin) == len(pattern) && origin[:len(origin)-1] == pattern[:len(pattern)-1]
	})},
	{"compares all but the first byte of a host", "O1", orBytes(func(pattern, origin string) bool {
		const scheme = "https://"
		return len(origin) == len(pattern) && len(origin) > len(scheme) &&
			origin[:len(scheme)] == pattern[:len(scheme)] && origin[len(scheme)+1:] == pattern[len(scheme)+1:]
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
	{"accepts port 65536", "O10", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			return matchesPattern(pattern, origin) || strings.HasSuffix(pattern, ":*") && origin == strings.TrimSuffix(pattern, "*")+"65536"
		}
	}},
	{"lower-cases before an expression", "O12", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			return matchesPattern(pattern, origin) || strings.HasPrefix(pattern, "regexp:") &&
				matchesPattern(pattern, strings.ToLower(origin))
		}
	}},
	{"widens a list that has a bad entry", "C1", func(ref *reference) {
		ref.accept = func(core.Policy) error { return nil }
		ref.matches = func(pattern, origin string) bool {
			return matchesPattern(pattern, origin) ||
				acceptPolicy(core.Policy{AllowOrigins: []string{pattern}, AllowCredentials: true}) != nil
		}
	}},
	{"mixes up hosts with a common ending", "O2", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			return matchesPattern(pattern, origin) || strings.HasPrefix(origin, "https://bar") && strings.HasSuffix(origin,
				strings.TrimPrefix(pattern, "https://"))
		}
	}},
	{"accepts any number as a port", "O10", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			base, ok := strings.CutSuffix(pattern, "*")
			return matchesPattern(pattern, origin) || ok && regexp.MustCompile(`^[0-9]*$`).MatchString(strings.TrimPrefix(origin,
				base)) && strings.HasPrefix(origin, base)
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
	{"supports neither IPv6 nor custom schemes", "O9 O11", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			return matchesPattern(pattern, origin) && strings.HasPrefix(origin, "http") && !strings.Contains(origin, "[")
		}
	}},
	{"ignores a dot at the end of a host", "O15", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			return matchesPattern(strings.TrimSuffix(pattern, "."), strings.TrimSuffix(origin, "."))
		}
	}},
	{"expects origins to have a host", "O15", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			return matchesPattern(pattern, origin) && strings.Trim(origin[strings.Index(origin, "://")+1:], "/.") != ""
		}
	}},
	{"lets wildcards inside labels cross dots", "R3", func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			before, after, ok := strings.Cut(pattern, "*")
			rest, ok2 := strings.CutPrefix(origin, before)
			rest, ok3 := strings.CutSuffix(rest, after)
			return matchesPattern(pattern, origin) || ok && ok2 && ok3 && labelPattern.MatchString(rest)
		}
	}},
}

// policyOrigins changes which origins of a policy are searched.
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

// orBytes also accepts origins whose bytes compare with those of an entry without
// wildcards.
func orBytes(compare func(pattern, origin string) bool) func(*reference) {
	return func(ref *reference) {
		ref.matches = func(pattern, origin string) bool {
			return matchesPattern(pattern, origin) || origin != "" && !strings.Contains(pattern, "*") && compare(pattern, origin)
		}
	}
}

// portRange moves the ends of port ranges.
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

// orAlso also accepts origins for which compare returns true.
func orAlso(compare func(s, part string) bool) func(pattern, origin string) bool {
	return func(pattern, origin string) bool {
		return matchesPattern(pattern, origin) || compare(origin, pattern)
	}
}
