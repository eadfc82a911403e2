package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// placeAnswers holds the answers of a place that are compared with one another, as caches may mix
// them up.
type placeAnswers struct {
	actual, preflights []answered // to the requests of the first browser
}

// remember keeps an answer for [comparer.varies].
func (j *comparer) remember(a *answered) {
	v := j.answersAt[a.place]
	if v == nil {
		v = &placeAnswers{}
		j.answersAt[a.place] = v
	}
	kept := *a
	kept.varied = false // no other browser's answers are compared here
	switch {
	case a.browser != agents[0] || a.private:
	case a.preflight:
		v.preflights = append(v.preflights, kept)
	case a.fetch.Method == "GET":
		v.actual = append(v.actual, kept)
	}
}

// maxAge compares how long browsers cache what a preflight permits.
func (j *comparer) maxAge(a *answered) {
	f := browsermodel.Fetch{Origin: a.fetch.Origin, URL: a.fetch.URL, Method: "GET"}
	server, ok := browsermodel.CheckPreflight(browsermodel.Spec(), f, a.server)
	file, ok2 := browsermodel.CheckPreflight(browsermodel.Spec(), f, a.file)
	if !ok.OK || !ok2.OK || server.MaxAge == file.MaxAge {
		return
	}
	age := func(r browsermodel.Response) string {
		if value, present := r.Header.Get("Access-Control-Max-Age"); present {
			return "Access-Control-Max-Age is " + safe(value)
		}
		return "there is no Access-Control-Max-Age"
	}
	o := observation{
		section: sectionCaching, code: "max-age",
		text: fmt.Sprintf("browsers cache the answer to a preflight for %.0fs, and the file says %.0fs: %s",
			server.MaxAge.Seconds(), file.MaxAge.Seconds(), age(a.server)),
		fix:  "omit Access-Control-Max-Age",
		says: fmt.Sprintf("it sends the next preflight after %.0fs", server.MaxAge.Seconds()),
	}
	if value, present := a.file.Header.Get("Access-Control-Max-Age"); present {
		o.fix = "send Access-Control-Max-Age: " + value
	}
	j.observe(a, o)
}

// effects reports side effects of an answer to a preflight: a cookie, or a copy in a cache.
func (j *comparer) effects(a *answered) {
	o := observation{section: sectionCaching, warning: true, says: "it ignores this, but gateways may not"}
	if a.server.Header.Has("Set-Cookie") {
		o.code, o.text = "preflight-cookie", "the answer to a preflight sets a cookie"
		o.fix = "answer preflights in front of the layer that sets cookies"
		j.observe(a, o)
	}
	if name := storedBy(a.server.Header); name != "" {
		o.code, o.text = "preflight-stored", "the answer to a preflight asks caches to store it: "+name
		o.fix = "send " + name + " only with other responses; browsers use only Access-Control-Max-Age"
		j.observe(a, o)
	}
}

// storedBy returns the name of the header that asks caches to store a response, or "".
func storedBy(h browsermodel.Fields) string {
	for _, name := range []string{"Cache-Control", "Surrogate-Control", "CDN-Cache-Control"} {
		value, _ := h.Get(name)
		for directive := range strings.SplitSeq(strings.ToLower(value), ",") {
			key, seconds, _ := strings.Cut(strings.TrimSpace(directive), "=")
			n, err := strconv.Atoi(strings.Trim(seconds, `"`))
			if key == "public" || (key == "max-age" || key == "s-maxage") && err == nil && n > 0 {
				return name
			}
		}
	}
	if value, ok := h.Get("Expires"); ok {
		if at, err := time.Parse(time.RFC1123, value); err == nil && at.After(time.Now()) {
			return "Expires"
		}
	}
	return ""
}

// headers reports headers that are wrong in any response, or have no effect.
func (j *comparer) headers(a *answered) {
	if a.fetch.Origin == "" {
		return
	}
	for _, c := range headerChecks {
		h := answerHeaders{a.server.Header, a.fetch.Origin, ""}
		args := c.find(h)
		if args == nil || c.severity == "error" && len(a.errors) > 0 || c.find(answerHeaders{a.file.Header, a.fetch.Origin, ""}) != nil {
			continue
		}
		j.observe(a, observation{
			section: sectionRefused, code: c.code, text: fmt.Sprintf(c.text, args...), fix: c.fix, warning: c.severity == "warning",
			says: "it ignores the header, or refuses the response because of it",
		})
	}
	for _, name := range needless(a) {
		j.observe(a, observation{
			section: sectionCaching, code: "needless-headers", warning: true, name: name, text: "headers have no effect",
			fix: "omit them", says: "it ignores the header",
		})
	}
}

// missing notes headers that the file sends, that the server does not, and that nothing else here
// judges. The server may send more: the application may have its own reasons.
func (j *comparer) missing(a *answered) {
	if !browsermodel.CheckCORS(a.fetch, a.server).OK {
		return
	}
	for _, f := range a.file.Header {
		if !slices.Contains(namedHeaders, f.Name) && !a.server.Header.Has(f.Name) {
			j.observe(a, observation{
				section: sectionRefused, code: "header-missing", name: f.Name, text: "headers that the policy sends are missing",
				fix: "send them as the policy does", says: "it ignores the policy's setting",
			})
		}
	}
}

// needless returns the headers that have no effect in the answer and that the file does not ask
// for, and the members of Access-Control-Allow-Headers that no script can set.
func needless(a *answered) (names []string) {
	list := []string{"Access-Control-Allow-Private-Network"}
	if !a.preflight {
		list = append(list, "Access-Control-Allow-Methods", "Access-Control-Allow-Headers", "Access-Control-Max-Age")
	}
	for _, name := range list {
		if a.server.Header.Has(name) && !a.file.Header.Has(name) && !a.private {
			names = append(names, name)
		}
	}
	for _, name := range members(a.server, "Access-Control-Allow-Headers") {
		if a.preflight && name != "*" && browsermodel.IsForbiddenRequestHeader(name, "x") {
			names = append(names, "Access-Control-Allow-Headers: "+safe(name))
		}
	}
	return names
}

// varies reports what Vary lacks, or names without need. It needs all answers of a place.
func (j *comparer) varies(at *place) {
	v := j.answersAt[at]
	if v == nil {
		return
	}
	j.variesByOrigin(v)
	j.variesByRequest(v)
}

// anyDiffer reports whether the answers differ in a header.
func anyDiffer(list []answered, name string) bool {
	return slices.ContainsFunc(list, func(a answered) bool {
		return !slices.Equal(a.server.Header.Values(name), list[0].server.Header.Values(name))
	})
}

func (j *comparer) variesByOrigin(v *placeAnswers) {
	differ := anyDiffer(v.actual, "Access-Control-Allow-Origin") || anyDiffer(v.actual, "Access-Control-Allow-Credentials") ||
		anyDiffer(v.actual, "Access-Control-Expose-Headers")
	for i := range v.actual {
		a := &v.actual[i]
		value, _ := a.server.Header.Get("Vary")
		star := slices.Contains(members(a.server, "Vary"), "*")
		switch {
		case differ && !varies(a.server.Header):
			j.observe(a, observation{
				section: sectionCaching, code: missingVary,
				text: "the CORS headers depend on Origin, but responses have no Vary: Origin: a cache may give them to another origin",
				fix:  "send Vary: Origin with every response, even if the origin is refused or absent",
				says: "its cache, or another, may give this response to the next origin",
			})
		case star:
			j.observe(a, observation{
				section: sectionCaching, code: "vary-star", warning: true, text: "Vary is " + safe(value) + ", so nothing is cached",
				fix: "send Vary: Origin", says: "it asks for the response again each time",
			})
		case !differ && varies(a.server.Header) && !varies(a.file.Header) && len(a.place.policies) > 0:
			j.observe(a, observation{
				section: sectionCaching, code: "needless-vary", warning: true,
				text: "Vary: Origin makes caches keep a copy for each origin, although the file gives all origins the same headers",
				fix:  "omit Vary: Origin, and send * instead of the origin, if the policy allows every origin",
				says: "it lets the script read the response, but each cache asks again for each origin",
			})
		}
	}
	if differ && len(v.actual[0].place.policies) > 0 && !varies(v.actual[0].file.Header) && varies(v.actual[0].server.Header) {
		j.observe(&v.actual[0], observation{
			section: sectionCaching, code: "needless-vary", warning: true,
			text: "the CORS headers depend on Origin, although the file gives all origins the same headers",
			fix:  "send * instead of the origin",
			says: "it lets the script read the response, but each cache asks again for each origin",
		})
	}
}

// variesByRequest compares the preflights of each origin. HTTP caches do not store answers to
// OPTIONS (RFC 9110, section 9.3.7), but some gateways can be told to.
func (j *comparer) variesByRequest(v *placeAnswers) {
	byOrigin := make(map[string][]answered)
	for _, a := range v.preflights {
		byOrigin[a.fetch.Origin] = append(byOrigin[a.fetch.Origin], a)
	}
	for _, list := range byOrigin {
		for _, what := range []string{"Method", "Headers"} {
			asks := "Access-Control-Request-" + what
			answers := map[string]string{"Method": "Access-Control-Allow-Methods", "Headers": "Access-Control-Allow-Headers"}[what]
			i := slices.IndexFunc(list, func(a answered) bool { return !lists(a.server.Header, "Vary", asks) })
			if i < 0 || !anyDiffer(list, answers) {
				continue
			}
			j.observe(&list[i], observation{
				section: sectionCaching, code: "preflight-vary", warning: true, name: asks,
				text: "the answer to a preflight depends on headers of the request that Vary does not name",
				fix:  "name them in Vary, or answer every preflight with the whole list of the policy",
				says: "it does not share such answers, but a gateway that stores them would",
			})
		}
	}
}

// lists reports whether a list in a header has a member, ignoring case.
func lists(h browsermodel.Fields, header, member string) bool {
	value, _ := h.Get(header)
	return slices.ContainsFunc(strings.Split(value, ","), func(name string) bool {
		name = strings.TrimSpace(name)
		return name == "*" || strings.EqualFold(name, member)
	})
}
