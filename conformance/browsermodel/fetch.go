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
	ModeCORS       Mode = ""            // fetch()'s and XMLHttpRequest's
	ModeNoCORS     Mode = "no-cors"     // <img>, <script>, fetch(url, {mode: "no-cors"})
	ModeSameOrigin Mode = "same-origin" // fails for other origins, nothing is sent
)

// Redirect is the redirect mode of a fetch.
type Redirect string

// The redirect modes. The zero value follows.
const (
	RedirectFollow Redirect = ""
	RedirectError  Redirect = "error"
	RedirectManual Redirect = "manual"
)

// Fetch is what a script asks of its browser: fetch(URL, {method, headers,
// credentials, mode, redirect}) run by a document of an origin.
// The zero values are fetch()'s defaults.
type Fetch struct {
	// Origin is the serialised origin of the document: "https://a.example",
	// or "null" for a sandboxed frame.
	Origin string `json:"origin"`
	// URL is what is fetched. In a [Step] it is a path on the server under test.
	URL    string `json:"url"`
	Method string `json:"method,omitempty"` // as the script spells it; empty means GET
	// Header holds what the script sets. Names that it may not set are dropped
	// in silence, as by a browser.
	Header   Fields   `json:"header,omitempty"`
	Body     string   `json:"body,omitempty"`
	Mode     Mode     `json:"mode,omitempty"`
	Redirect Redirect `json:"redirect,omitempty"`
	// Credentials stands for the credentials mode "include", or for
	// XMLHttpRequest's withCredentials.
	Credentials bool `json:"credentials,omitempty"`
	// UploadListeners stands for listeners registered on XMLHttpRequest.upload,
	// which force a preflight (Fetch, use-CORS-preflight flag).
	UploadListeners bool `json:"uploadListeners,omitempty"`
	// Partition is the network partition the document lives in, which keeps its
	// cached preflights apart from those of others.
	Partition string `json:"partition,omitempty"`
}

// prepare turns the script's arguments into the request a browser builds from
// them, or says which TypeError it throws.
func (f Fetch) prepare() (Fetch, Finding) {
	if f.Method == "" {
		f.Method = "GET"
	}
	switch {
	case !isToken(f.Method):
		return f, refuse(CodeMethodSyntax, "the method "+text.Clip(f.Method)+" is no token: the script gets a TypeError and nothing is sent")
	case isForbiddenMethod(f.Method):
		return f, refuse(CodeMethodForbidden, "scripts may not send "+text.Clip(f.Method))
	}
	f.Method = NormalizeMethod(f.Method)
	if f.Mode == ModeNoCORS && !isSafelistedMethod(f.Method) {
		return f, refuse(CodeNoCORSMethod, "mode no-cors sends GET, HEAD and POST only")
	}
	if (f.Method == "GET" || f.Method == "HEAD") && f.Body != "" {
		return f, refuse(CodeBody, "a GET or HEAD has no body")
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
		return "the header name " + text.Clip(line.Name) + " is no token"
	case strings.ContainsAny(line.Value, "\x00\r\n"):
		return "the value of the header " + text.Clip(line.Name) + " has a line break or a NUL in it"
	case utf8.ValidString(line.Value) && strings.ContainsFunc(line.Value, func(r rune) bool { return r > 0xff }):
		return "the value of the header " + text.Clip(line.Name) + " has characters beyond U+00FF in it (Web IDL, ByteString)"
	}
	return ""
}

// checkURL says whether fetch() takes the URL.
func (f Fetch) checkURL() Finding {
	_, finding := NormalizeURL(f.URL)
	if u, _ := parseURL(f.URL); finding.OK && u.User != nil {
		return refuse(CodeURL, "fetch() takes no URL with a user name or password")
	}
	return finding
}

// isNoCORSSafelisted is narrower than the list for CORS: range is not on it
// (Fetch, no-CORS-safelisted request-header).
func isNoCORSSafelisted(name, value string) bool {
	return !text.EqualFold(name, "range") && IsSafelistedRequestHeader(name, value)
}

// NeedsPreflight reports whether a browser asks permission before it sends f
// to another origin, with an empty cache. What is no valid fetch needs none:
// it is not sent at all.
func (f Fetch) NeedsPreflight() bool {
	f, finding := f.prepare()
	return finding.OK && f.Mode == ModeCORS && f.needsPreflight()
}

func (f Fetch) needsPreflight() bool {
	return f.UploadListeners || !isSafelistedMethod(f.Method) || len(UnsafeNames(f.Header)) > 0
}

// Preflight returns the request by which a browser asks whether it may send f
// (Fetch, CORS-preflight fetch).
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
