package conformance

import (
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/internal/text"
	"github.com/corskit/corskit/core"
)

// judgeLists compares the lists of an answer with those of a policy, as sets.
func (want *Answer) judgeLists(e browsermodel.Exchange) (wrong faults) {
	r := e.Response
	if want.Only == nil || !r.Header.Has(acao) {
		return nil // without an allowed origin, the other headers have no effect
	}
	p := *want.Only
	for _, list := range []struct {
		name   string
		listed []string // by the policy
		free   func(string) bool
	}{
		{acam, append(normalized(p.AllowMethods), "GET", "HEAD", "POST"), onRequest(p.AllowMethods, e.Request, acrm)},
		{acah, lowered(p.AllowHeaders), onRequest(p.AllowHeaders, e.Request, acrh)},
		{aceh, lowered(p.ExposeHeaders), isReadable},
	} {
		for _, member := range exactMembers(r, list.name) {
			name := member
			if list.name != acam {
				name = text.Lower(member)
			}
			if !slices.Contains(list.listed, name) && !list.free(name) {
				wrong.addf("%s has %s, which the policy does not have", list.name, text.Clip(member))
			}
		}
	}
	if r.Header.Has(acac) && !p.AllowCredentials {
		wrong.addf("%s is %s, want it absent", acac, quoteAll(r.Header.Values(acac)))
	}
	return wrong
}

func normalized(methods []string) []string {
	list := make([]string, len(methods))
	for i, m := range methods {
		list[i] = browsermodel.NormalizeMethod(m)
	}
	return list
}

func lowered(names []string) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = text.Lower(name)
	}
	return list
}

// onRequest returns a function that reports whether an answer may contain a name that the
// policy does not list: the list has "*" and the preflight asks for the name, or the name
// has no effect because no script can set the header.
func onRequest(list []string, r browsermodel.Request, name string) func(string) bool {
	requested := members(browsermodel.Response{Header: r.Header}, name)
	return func(member string) bool {
		return slices.Contains(list, "*") && slices.Contains(requested, text.Lower(member)) ||
			name == acrh && browsermodel.IsForbiddenRequestHeader(member, "")
	}
}

// isReadable reports whether exposing a response header makes no difference: scripts can
// read the header in any case, or never.
func isReadable(name string) bool {
	readable := browsermodel.Readable(header(name, ""), false)
	return len(readable) > 0 || name == "set-cookie" || name == "set-cookie2"
}

// exactMembers returns the members of a comma-separated list.
func exactMembers(r browsermodel.Response, name string) []string {
	var list []string
	for _, value := range r.Header.Values(name) {
		for member := range strings.SplitSeq(value, ",") {
			if member = strings.Trim(member, " \t"); member != "" {
				list = append(list, member)
			}
		}
	}
	return list
}

// Fields that tell caches how to store an answer (RFC 9111, RFC 9213, and fields of
// single products).
var cachingFields = []string{"Cache-Control", "CDN-Cache-Control", "Surrogate-Control", "Expires", "X-Accel-Expires"}

// harmlessDirectives are directives that do not ask a cache to store an answer.
var harmlessDirectives = []string{
	"no-store", "no-cache", "private", "must-revalidate", "proxy-revalidate", "no-transform", "max-age=0", "s-maxage=0",
}

func (want *Answer) judgeCaching(r browsermodel.Response) (wrong faults) {
	if !want.Uncached {
		return nil
	}
	for _, line := range effectsOf(r) {
		wrong.addf("the answer has %s: %s, want it neither to set cookies nor to be stored", text.Clip(line.Name), text.Clip(line.Value))
	}
	return wrong
}

// effectsOf returns the lines that set a cookie or ask caches to store the answer.
func effectsOf(r browsermodel.Response) browsermodel.Fields {
	var effects browsermodel.Fields
	for _, line := range r.Header {
		stores := text.ContainsFold(cachingFields, line.Name)
		if text.EqualFold(line.Name, "Expires") {
			stores = line.Value != "0" && line.Value != "-1"
		} else if stores {
			stores = slices.ContainsFunc(members(browsermodel.Response{Header: browsermodel.Fields{line}}, line.Name), func(d string) bool {
				return !slices.Contains(harmlessDirectives, strings.ReplaceAll(d, `"`, ""))
			})
		}
		if stores || text.EqualFold(line.Name, "Set-Cookie") {
			effects = append(effects, line)
		}
	}
	return effects
}

// union returns a policy that has what any policy of a setup has.
func (s Setup) union() core.Policy {
	all := slices.Clone(s.Policies)
	for _, route := range s.Routes {
		all = append(all, route.Policies...)
	}
	var u core.Policy
	for _, p := range all {
		u.AllowMethods = append(u.AllowMethods, p.AllowMethods...)
		u.AllowHeaders = append(u.AllowHeaders, p.AllowHeaders...)
		u.ExposeHeaders = append(u.ExposeHeaders, p.ExposeHeaders...)
		u.AllowCredentials = u.AllowCredentials || p.AllowCredentials
		u.RejectDisallowed = u.RejectDisallowed || p.RejectDisallowed
	}
	return u
}
