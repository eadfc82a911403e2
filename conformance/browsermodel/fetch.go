package browsermodel

import (
	"strings"
	"unicode/utf8"

	"github.com/corskit/corskit/conformance/internal/text"
)

// Mode is the mode of a fetch (Fetch, request mode).
type Mode string

// The modes that scripts use.
const (
	ModeCORS       Mode = ""            // fetch() and XMLHttpRequest
	ModeNoCORS     Mode = "no-cors"     // <img>, <script>, fetch(url, {mode: "no-cors"})
	ModeSameOrigin Mode = "same-origin" // for other origins, fails without sending anything
)

// Redirect is the redirect mode of a fetch.
type Redirect string

// The redirect modes. The zero value follows.
const (
	RedirectFollow Redirect = ""
	RedirectError  Redirect = "error"
	RedirectManual Redirect = "manual"
)

// Fetch is what a script asks its browser to do: fetch(URL, {method, headers,
// credentials, mode, redirect}) in a document with an origin. The zero values
// are the defaults of fetch().
type Fetch struct {
	// Origin is the serialized origin of the document: "https://a.example", or
	// "null" for a sandboxed frame.
	Origin string `json:"origin"`
	// URL is the URL to fetch. In cases of package conformance it is a path on the
	// server under test.
	URL    string `json:"url"`
	Method string `json:"method,omitempty"` // as the script spells it; empty means GET
	// Header holds the headers that the script sets. Like a browser, the model
	// silently drops headers that scripts cannot set.
	Header   Fields   `json:"header,omitempty"`
	Body     string   `json:"body,omitempty"`
	Mode     Mode     `json:"mode,omitempty"`
	Redirect Redirect `json:"redirect,omitempty"`
	// Credentials means the credentials mode "include", or withCredentials of
	// XMLHttpRequest.
	Credentials bool `json:"credentials,omitempty"`
	// UploadListeners means that listeners are registered on XMLHttpRequest.upload,
	// which forces a preflight (Fetch, use-CORS-preflight flag).
	UploadListeners bool `json:"uploadListeners,omitempty"`
	// Partition is the network partition of the document. Partitions do not share
	// cached preflights.
	Partition string `json:"partition,omitempty"`
}

// prepare returns the fetch as the browser sends it, or why the script gets a
// TypeError.
func (f Fetch) prepare() (Fetch, Finding) {
	if f.Method == "" {
		f.Method = "GET"
	}
	switch {
	case !isToken(f.Method):
		return f, refuse(CodeMethodSyntax,
			"the method "+text.Clip(f.Method)+" is not a token: the script gets a TypeError and nothing is sent")
	case isForbiddenMethod(f.Method):
		return f, refuse(CodeMethodForbidden, "scripts may not send "+text.Clip(f.Method))
	}
	f.Method = NormalizeMethod(f.Method)
	if f.Mode == ModeNoCORS && !isSafelistedMethod(f.Method) {
		return f, refuse(CodeNoCORSMethod, "mode no-cors sends only GET, HEAD and POST")
	}
	if (f.Method == "GET" || f.Method == "HEAD") && f.Body != "" {
		return f, refuse(CodeBody, "GET and HEAD cannot have a body")
	}
	var header Fields
	for _, line := range f.Header {
		line.Value = strings.Trim(line.Value, " \t\r\n")
		if fault := headerFault(line); fault != "" {
			return f, refuse(CodeHeaderSyntax, fault+": the script gets a TypeError and nothing is sent")
		}
		if IsForbiddenRequestHeader(line.Name, line.Value) {
			continue
		}
		if f.Mode == ModeNoCORS && !isNoCORSSafelisted(line.Name, line.Value) {
			continue
		}
		header = append(header, line)
	}
	if f.Body != "" && !header.Has("Content-Type") {
		header = append(header, Field{"Content-Type", "text/plain;charset=UTF-8"})
	}
	f.Header = header
	if clean, finding := NormalizeURL(f.URL); finding.OK {
		f.URL = clean
	}
	return f, Finding{OK: true, Code: CodeOK}
}

// headerFault says why a script cannot set a header, or "".
func headerFault(line Field) string {
	switch {
	case !isToken(line.Name):
		return "the header name " + text.Clip(line.Name) + " is not a token"
	case strings.ContainsAny(line.Value, "\x00\r\n"):
		return "the value of the header " + text.Clip(line.Name) + " contains a line break or a NUL"
	case utf8.ValidString(line.Value) && strings.ContainsFunc(line.Value, func(r rune) bool { return r > 0xff }):
		return "the value of the header " + text.Clip(line.Name) + " contains characters beyond U+00FF (Web IDL, ByteString)"
	}
	return ""
}

// checkURL checks whether fetch() accepts the URL.
func (f Fetch) checkURL() Finding {
	_, finding := NormalizeURL(f.URL)
	if u, _ := parseURL(f.URL); finding.OK && u.User != nil {
		return refuse(CodeURL, "fetch() does not accept a URL with a user name or password")
	}
	return finding
}

// isNoCORSSafelisted is like IsSafelistedRequestHeader, without range
// (Fetch, no-CORS-safelisted request-header).
func isNoCORSSafelisted(name, value string) bool {
	return !text.EqualFold(name, "range") && IsSafelistedRequestHeader(name, value)
}

// NeedsPreflight reports whether a browser with an empty cache sends a preflight
// before it sends f to another origin. An invalid fetch needs none, because it is
// never sent.
func (f Fetch) NeedsPreflight() bool {
	f, finding := f.prepare()
	return finding.OK && f.Mode == ModeCORS && f.needsPreflight()
}

func (f Fetch) needsPreflight() bool {
	return f.UploadListeners || !isSafelistedMethod(f.Method) || len(UnsafeNames(f.Header)) > 0
}

// Preflight returns the preflight of f (Fetch, CORS-preflight fetch).
func (f Fetch) Preflight() Request {
	if prepared, finding := f.prepare(); finding.OK {
		f = prepared
	}
	header := Header("Origin", f.Origin, "Access-Control-Request-Method", f.Method)
	if names := UnsafeNames(f.Header); len(names) > 0 {
		header = append(header, Field{"Access-Control-Request-Headers", strings.Join(names, ",")})
	}
	header = append(header, Field{"Accept", "*/*"})
	return Request{Method: "OPTIONS", URL: f.URL, Header: header}
}
