package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// preflightRemedies are fixes for preflights that fail because of their status. remedy uses the
// first that applies.
var preflightRemedies = []struct {
	applies func(browsermodel.Response) bool
	fix     string
}{
	{
		func(r browsermodel.Response) bool { return r.Status == 401 },
		"authentication answers the preflight, and browsers send no credentials with preflights: " +
			"put the CORS middleware in front of authentication",
	}, {
		func(r browsermodel.Response) bool {
			return r.Status == 403 && !r.Header.Has("Access-Control-Allow-Origin")
		},
		"the server refuses the origin, or requires credentials on preflights, which browsers never send: " +
			"put the CORS middleware in front of authentication",
	}, {
		func(r browsermodel.Response) bool { return r.Status == 404 || r.Status == 405 || r.Status == 501 },
		"no route answers OPTIONS: put the CORS middleware in front of the router",
	},
}

// remedies are fixes by the reason of the refusal. Someone in a hurry does what a fix says,
// word for word: it must not make the server reflect origins.
var remedies = map[browsermodel.Code]string{
	browsermodel.CodeAllowOriginMissing:  "list the origin on the server; if it is listed, send the CORS headers with this status too",
	browsermodel.CodeAllowOriginMultiple: "find everything that sets the header, and let only one of them set it",
	browsermodel.CodeAllowOriginMismatch: "list the origin on the server, and answer with it only if it is listed; answer with * only if " +
		"every website may read the responses, without credentials",
	browsermodel.CodeAllowOriginWildcard: "fetch without credentials, or list the origins that may use them on the server, and answer " +
		"with the origin instead of * only if it is listed",
	browsermodel.CodeAllowCredentials: "fetch without credentials, or send Access-Control-Allow-Credentials: true only if the origin is " +
		"listed on the server",
	browsermodel.CodeAuthorizationListed: "list authorization in Access-Control-Allow-Headers as well as *",
	browsermodel.CodePreflightStatus:     "answer preflights with 204",
}

// noMiddleware is the fix if no answer of a server has a CORS header.
const noMiddleware = "no answer has CORS headers, so the server has no CORS middleware for this path, or something in front of it " +
	"answers: mount it as " + errorsURL + "#in-your-framework says"

// noHeaders is a transport that records whether any answer has a CORS header.
type noHeaders struct {
	send   browsermodel.Transport
	silent bool // no answer has had one
}

func (n *noHeaders) transport(ctx context.Context, r browsermodel.Request) (browsermodel.Response, error) {
	response, err := n.send(ctx, r)
	n.note(response)
	return response, err
}

// note records whether an answer has a CORS header. Vary counts: a server that has refused
// every origin so far may show only there that it looks at the origin.
func (n *noHeaders) note(r browsermodel.Response) {
	for _, f := range r.Header {
		name := strings.ToLower(f.Name)
		if strings.HasPrefix(name, "access-control-") || name == "vary" && strings.Contains(strings.ToLower(f.Value), "origin") {
			n.silent = false
		}
	}
}

// remedy returns a fix for a server that refused a fetch and need not use corskit, or "".
func remedy(v browsermodel.Verdict, credentials bool) string {
	if len(v.Exchanges) == 0 {
		return remedies[v.Code]
	}
	last := v.Exchanges[len(v.Exchanges)-1]
	if target := redirectTarget(last); target != "" {
		if last.Preflight {
			return "browsers do not follow redirects of preflights: fetch " + safe(target)
		}
		return "fetch " + safe(target) + ", or put the CORS middleware in front of what redirects"
	}
	if last.Preflight {
		for _, r := range preflightRemedies {
			if r.applies(last.Response) {
				return r.fix
			}
		}
	}
	if origin, _ := last.Request.Header.Get("Origin"); origin == "null" && len(v.Exchanges) > 1 {
		first, _ := v.Exchanges[0].Request.Header.Get("Origin")
		if first != "null" {
			return "after a redirect from another origin than the page's, browsers send Origin: null: fetch " +
				safe(last.Request.URL) + " directly"
		}
	}
	switch v.Code {
	case browsermodel.CodeMethodNotAllowed:
		return "list " + requestedMethod(last) + " in Access-Control-Allow-Methods"
	case browsermodel.CodeHeaderNotAllowed:
		return "list " + strings.Join(refusedNames(last, credentials), ", ") + " in Access-Control-Allow-Headers"
	}
	return remedies[v.Code]
}

// requestedMethod returns the method that a preflight asks for.
func requestedMethod(preflight browsermodel.Exchange) string {
	method, _ := preflight.Request.Header.Get("Access-Control-Request-Method")
	return safe(method)
}

// refusedNames returns the names of the headers that a preflight asks for and its
// answer does not list.
func refusedNames(preflight browsermodel.Exchange, credentials bool) (names []string) {
	listed := make(map[string]bool)
	for _, line := range preflight.Response.Header.Values("Access-Control-Allow-Headers") {
		for name := range strings.SplitSeq(line, ",") {
			listed[strings.ToLower(strings.TrimSpace(name))] = true
		}
	}
	asked, _ := preflight.Request.Header.Get("Access-Control-Request-Headers")
	for name := range strings.SplitSeq(asked, ",") {
		all := listed["*"] && !credentials && name != "authorization"
		if !all && !listed[name] {
			names = append(names, safe(name))
		}
	}
	return names
}

// redirectTarget returns the URL that a response redirects to, or "".
func redirectTarget(e browsermodel.Exchange) string {
	location, ok := e.Response.Header.Get("Location")
	if !ok || !slices.Contains([]int{301, 302, 303, 307, 308}, e.Response.Status) {
		return ""
	}
	base, err := url.Parse(e.Request.URL)
	if err != nil {
		return location
	}
	target, err := base.Parse(location)
	if err != nil {
		return location
	}
	return target.String()
}

// withCause returns the text of a verdict. If a redirect, or the response after one, is
// refused, the text says so.
func withCause(v browsermodel.Verdict) string {
	if v.Allowed {
		return v.Text
	}
	last := v.Exchanges[len(v.Exchanges)-1]
	if target := redirectTarget(last); target != "" {
		return fmt.Sprintf("the server redirects to %s (status %d), and the redirect is refused: %s",
			safe(target), last.Response.Status, v.Text)
	}
	for _, e := range v.Exchanges[:len(v.Exchanges)-1] {
		if redirectTarget(e) != "" {
			return v.Text + " (after a redirect to " + safe(last.Request.URL) + ")"
		}
	}
	return v.Text
}
