package console

import (
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// Reading has the facts about a refused request that a message contains. A field is empty
// if the message does not contain it.
type Reading struct {
	Browser     string            `json:"browser,omitempty"` // see [Chromium] and the others
	Code        browsermodel.Code `json:"code,omitempty"`    // that of the [Cause]
	Origin      string            `json:"origin,omitempty"`
	URL         string            `json:"url,omitempty"`        // the URL of the refused response
	Redirected  string            `json:"redirected,omitempty"` // the URL that the script fetched, if it is another
	Method      string            `json:"method,omitempty"`
	Header      string            `json:"header,omitempty"`
	Credentials bool              `json:"credentials,omitempty"`
	Preflight   bool              `json:"preflight,omitempty"` // whether the browser refused the answer to a preflight
	Status      int               `json:"status,omitempty"`
}

// Read reads a browser's message, which may have other text around it and be broken into
// lines in other places. ok is false if there is no message.
func Read(text string) (r Reading, ok bool) {
	text = plain(text)
	for _, p := range parts() {
		groups := p.expression.FindStringSubmatch(text)
		if groups == nil {
			continue
		}
		if p.code != "" && r.Code == "" {
			r.Code = p.code
		}
		if r.Browser == "" {
			r.Browser = p.browser
		}
		for i, name := range p.expression.SubexpNames() {
			r.set(name, strings.TrimRight(groups[i], ".,;"))
		}
	}
	r.Credentials = strings.Contains(text, "credentials mode is 'include'") ||
		r.Code == browsermodel.CodeAllowOriginWildcard || r.Code == browsermodel.CodeAllowCredentials
	r.Preflight = strings.Contains(strings.ToLower(text), "preflight") || slices.Contains([]browsermodel.Code{
		CodePreflightRedirect, browsermodel.CodeHeaderNotAllowed, browsermodel.CodeMethodNotAllowed,
		browsermodel.CodeAuthorizationListed, browsermodel.CodeAllowHeadersSyntax, browsermodel.CodeAllowMethodsSyntax,
	}, r.Code)
	if r.Method == "OPTIONS" && r.Preflight {
		r.Method = "" // the method of the preflight, not of the request
	}
	return r, r.Code != "" || r.URL != "" && r.Browser != ""
}

// set stores the value of a named group, unless an earlier part has set it.
func (r *Reading) set(name, value string) {
	field := map[string]*string{
		"url": &r.URL, "redirected": &r.Redirected, "origin": &r.Origin, "method": &r.Method, "header": &r.Header,
	}[name]
	if field != nil && *field == "" {
		*field = value
	}
	if status, err := strconv.Atoi(value); name == "status" && err == nil && r.Status == 0 {
		r.Status = status
	}
}
