package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// headerCheck finds one misconfiguration in the headers of a single response.
type headerCheck struct {
	// find returns the values to insert into text, or nil if all is well.
	find                      func(answerHeaders) []any
	severity, code, text, fix string
}

// headerChecks are in the order in which they are reported.
var headerChecks = []headerCheck{
	{
		doubled, "error", "doubled-header",
		"%s has several values, %s: browsers refuse or ignore it",
		"set it in one place: often a proxy, a framework and a handler each add one",
	}, {
		credentialsWithWildcard, "error", "credentials-with-wildcard",
		"Access-Control-Allow-Origin is * and Access-Control-Allow-Credentials is %s: browsers refuse requests with credentials",
		"list the origins that may use credentials, or do not allow credentials",
	}, {
		literalWildcard, "warning", "wildcard-not-special",
		"%s contains *, which is not a wildcard when credentials are allowed",
		"list the names",
	}, {
		badCredentials, "warning", "credentials-value",
		`Access-Control-Allow-Credentials is %s: browsers ignore every value but "true"`,
		`send exactly "true", or omit the header`,
	}, {
		badMaxAge, "warning", "max-age-value",
		"Access-Control-Max-Age is %s, which is not a number of seconds",
		"send whole seconds, without a unit",
	}, {
		misspelledOrigin, "error", "allow-origin-spelling",
		"Access-Control-Allow-Origin is %s, but the origin is %s: browsers compare byte for byte",
		"write the origin in the server's list exactly as the browser does",
	}, {
		originPattern, "error", "allow-origin-pattern",
		"Access-Control-Allow-Origin is %s: browsers do not support patterns",
		"match the pattern on the server, and send the requesting origin only if it matches",
	},
}

// answerHeaders is what a headerCheck looks at.
type answerHeaders struct {
	browsermodel.Fields
	origin  string            // the page's
	verdict browsermodel.Code // of the browser on the whole fetch
}

func (h answerHeaders) get(name string) string {
	value, _ := h.Get("Access-Control-" + name)
	return value
}

func doubled(h answerHeaders) []any {
	for _, name := range []string{"Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Max-Age"} {
		if values := h.Values(name); len(values) > 1 || len(values) == 1 && strings.Contains(values[0], ",") {
			return []any{name, safe(strings.Join(values, ", "))}
		}
	}
	return nil
}

func credentialsWithWildcard(h answerHeaders) []any {
	if credentials := h.get("Allow-Credentials"); h.get("Allow-Origin") == "*" && strings.EqualFold(credentials, "true") {
		return []any{safe(credentials)}
	}
	return nil
}

func literalWildcard(h answerHeaders) []any {
	if h.get("Allow-Origin") == "*" || h.get("Allow-Credentials") != "true" {
		return nil
	}
	for _, name := range []string{"Allow-Methods", "Allow-Headers", "Expose-Headers"} {
		for member := range strings.SplitSeq(h.get(name), ",") {
			if strings.TrimSpace(member) == "*" {
				return []any{"Access-Control-" + name}
			}
		}
	}
	return nil
}

func badCredentials(h answerHeaders) []any {
	values := h.Values("Access-Control-Allow-Credentials")
	if len(values) == 1 && values[0] != "true" && !strings.Contains(values[0], ",") {
		return []any{safe(values[0])}
	}
	return nil
}

func badMaxAge(h answerHeaders) []any {
	age, ok := h.Get("Access-Control-Max-Age")
	if !ok || strings.Contains(age, ",") {
		return nil
	}
	if _, err := strconv.ParseUint(age, 10, 32); err != nil {
		return []any{safe(age)}
	}
	return nil
}

func misspelledOrigin(h answerHeaders) []any {
	allowed := h.get("Allow-Origin")
	if h.verdict == browsermodel.CodeAllowOriginMismatch && allowed != "" &&
		browsermodel.OriginOf(strings.Trim(allowed, `"' `)) == h.origin {
		return []any{safe(allowed), safe(h.origin)}
	}
	return nil
}

func originPattern(h answerHeaders) []any {
	allowed := h.get("Allow-Origin")
	if h.verdict == browsermodel.CodeAllowOriginMismatch && allowed != "*" && strings.Contains(allowed, "*") {
		return []any{safe(allowed)}
	}
	return nil
}

// checkHeaders adds what is wrong with the headers of the response to a request.
func (s *suspect) checkHeaders(r browsermodel.Request, fields browsermodel.Fields, v browsermodel.Verdict) {
	origin, _ := r.Header.Get("Origin") // redirects change it to null
	h := answerHeaders{fields, origin, v.Code}
	for _, c := range headerChecks {
		if args := c.find(h); args != nil {
			s.add(finding{Severity: c.severity, Code: c.code, URL: r.URL, Text: fmt.Sprintf(c.text, args...), Fix: c.fix})
		}
	}
}

// varies reports whether Vary names Origin, so that caches keep the answers to
// different origins apart.
func varies(h browsermodel.Fields) bool {
	value, _ := h.Get("Vary")
	return slices.ContainsFunc(strings.Split(value, ","), func(name string) bool {
		name = strings.TrimSpace(name)
		return name == "*" || strings.EqualFold(name, "Origin")
	})
}
