package core

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/corskit/corskit/internal/origin"
	"github.com/corskit/corskit/reason"
)

// routeFault is a fault in the host or the path of a route.
type routeFault struct {
	value              string
	reason             reason.Reason
	detail, suggestion text
}

// likePrefix matches the last segment of paths that usually have others below them.
var likePrefix = regexp.MustCompile(`/(?:apis?|rest|rpc|v[0-9]+|public|private|internal|admin|assets|static|files|uploads|media|images|` +
	`apps?|services?|webhooks?)$`)

// warnExact warns about a path that looks as if it should cover the paths below it but
// does not, unless another route has that path with a slash.
func (c *compiler) warnExact(i int, routes []Route) {
	path := routes[i].Path
	below := path + "/"
	if likePrefix.MatchString(path) && !slices.ContainsFunc(routes, func(r Route) bool { return r.Path == below }) {
		c.warn(finding{"", "Routes", i, path}, reason.ExactPath, "covers only this path, and none below it",
			textf("write %q to cover the paths below it too", below))
	}
}

func (c *compiler) checkRoute(i int, r Route) {
	for _, f := range []*routeFault{hostFault(r.Host), pathFault(r.Path)} {
		if f != nil {
			c.fault(finding{"", "Routes", i, f.value}, f.reason, f.detail, f.suggestion)
		}
	}
	if len(r.Policies) == 0 {
		c.fault(finding{"", "Routes", i, r.Host + r.Path}, reason.NoPolicy,
			"a route without a policy", "add one; the zero Policy denies every origin")
	}
}

// hostFault returns the first fault in the host of a route, or nil.
func hostFault(host string) *routeFault {
	if host == "" {
		return nil
	}
	fault := func(reason reason.Reason, detail, suggestion text) *routeFault {
		return &routeFault{host, reason, detail, suggestion}
	}
	const canonical text = "write it as browsers send it, without a port"
	o, ok := origin.Parse("https://" + strings.TrimSuffix(host, ":443"))
	switch {
	case ok && o.Port == 0 && !strings.HasSuffix(host, ":443"):
		return nil
	case ok:
		return fault(reason.Port, "a route's host must not include a port", hostSuggestion(o.Host, "write only the host"))
	case strings.Contains(host, "://"):
		return fault(reason.Host, "a route has a host, not an origin", "write only the host")
	case strings.Contains(host, "*"):
		return fault(reason.Wildcard, "a route's host has no wildcard", "omit the host to cover all hosts, or write one route for each")
	case strings.ToLower(host) != host:
		return fault(reason.UpperCase, "upper case in a host", hostSuggestion(strings.ToLower(host), canonical))
	case strings.HasSuffix(host, "."):
		return fault(reason.Host, "not a host name in canonical form", hostSuggestion(strings.TrimRight(host, "."), canonical))
	}
	suggestion := canonical
	if f := origin.ParsePattern("https://"+host, func(origin.Pattern) {}); f != nil {
		if fixed, ok := strings.CutPrefix(f.Suggestion, `did you mean "https://`); ok {
			suggestion = hostSuggestion(strings.TrimSuffix(fixed, `"?`), suggestion)
		}
	}
	return fault(reason.Host, "not a host name in canonical form", suggestion)
}

// hostSuggestion suggests host if a route may have it, and otherwise returns
// fallback.
func hostSuggestion(host string, fallback text) text {
	if hostFault(host) != nil {
		return fallback
	}
	return didYouMean(host)
}

// pathFault returns the first fault in the path of a route, or nil.
func pathFault(path string) *routeFault {
	if path == "" {
		return nil
	}
	for _, rule := range pathRules {
		if rule.broken(path) {
			suggestion := rule.suggestion
			if rule.fixed != nil {
				if fixed, ok := rule.fixed(path); ok && pathFault(fixed) == nil {
					suggestion = didYouMean(fixed)
				}
			}
			return &routeFault{path, rule.reason, rule.detail, suggestion}
		}
	}
	return nil
}

// pathRule describes one fault in the path of a route.
type pathRule struct {
	broken             func(path string) bool
	reason             reason.Reason
	detail, suggestion text
	fixed              func(path string) (string, bool) // may be nil
}

// has returns a function that reports whether a path contains any of chars.
func has(chars string) func(string) bool {
	return func(path string) bool { return strings.ContainsAny(path, chars) }
}

// pathRules are tried in order. The first one bounds the work of the others.
var pathRules = []pathRule{
	{func(p string) bool { return len(p) > maxReading }, reason.TooLong, "a path of more than 1024 bytes", "shorten it", nil},
	{func(p string) bool { return p == "*" }, reason.Wildcard, "a path has no wildcards",
		`omit the path, or write "/", to cover every path`, nil},
	{func(p string) bool { return strings.TrimSpace(p) != p }, reason.WhiteSpace, "white space around the path", "remove it", nil},
	{func(p string) bool { return strings.Contains(p, "://") }, reason.Path, "a URL instead of a path",
		"put the host into " + nameHost + " and the path here", nil},
	{func(p string) bool { return p[0] != '/' }, reason.Path, "a path begins with a slash", "write the path as the router sees it",
		func(p string) (string, bool) { return "/" + p, true }},
	{has("%"), reason.Path, "routes compare decoded paths, so a path with an escape matches nothing", "write it decoded",
		func(p string) (string, bool) { u, err := url.PathUnescape(p); return u, err == nil }},
	{func(p string) bool { return strings.ContainsAny(p, "*{}") || strings.Contains(p, "/:") }, reason.Wildcard, "a path has no wildcards",
		"end it with a slash to cover every path below it", nil},
	{has("?#"), reason.Path, "a path has no query or fragment", "remove it", nil},
	{ambiguous, reason.Path, `a path with "//", "." or ".." segments`, "write it in its clean form", nil},
}
