package browsermodel

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/corskit/corskit/conformance/internal/text"
)

// ResponseType says what a script gets to see of a response.
type ResponseType string

// The response types (Fetch, filtered response).
const (
	TypeError          ResponseType = "error" // the promise is rejected
	TypeBasic          ResponseType = "basic" // same-origin: all but Set-Cookie
	TypeCORS           ResponseType = "cors"  // the readable headers and the body
	TypeOpaque         ResponseType = "opaque"
	TypeOpaqueRedirect ResponseType = "opaqueredirect"
)

// Verdict is what comes of a fetch.
type Verdict struct {
	// Allowed says that the script may read the response: its type is basic or cors.
	Allowed bool         `json:"allowed"`
	Type    ResponseType `json:"type"`
	Code    Code         `json:"code"`
	Text    string       `json:"text"` // for people; bounded
	// AtPreflight says that it was a preflight that failed, so that the request
	// itself was never sent.
	AtPreflight bool   `json:"atPreflight,omitempty"`
	Status      int    `json:"status,omitempty"`
	Header      Fields `json:"header,omitempty"` // what the script may read
	Body        string `json:"body,omitempty"`
	// Exchanges are the requests that went out, preflights and redirects
	// included, and their answers.
	Exchanges []Exchange `json:"exchanges,omitempty"`
}

// Preflights counts the preflights that were sent.
func (v Verdict) Preflights() int {
	n := 0
	for _, e := range v.Exchanges {
		if e.Preflight {
			n++
		}
	}
	return n
}

// Browser is a model of the browser's side of CORS. It sends what a browser
// sends, refuses what a browser refuses, and remembers preflights as one does.
// It may be used concurrently if its Transport may.
//
// What has no bearing on CORS is left out: cookies, Referer and Sec-Fetch-*
// are not sent, mixed content and content security policies not enforced.
type Browser struct {
	Transport Transport
	Profile   Profile
	// Now is the browser's clock; nil means the real one.
	Now func() time.Time

	mu    sync.Mutex
	cache preflightCache
}

// maxRedirects is how many redirects a browser follows (Fetch, HTTP-redirect fetch).
const maxRedirects = 20

// Fetch runs f: with the preflight it needs, unless it is cached, and through
// redirects. It always returns a verdict; a failure of the transport is one
// with [CodeNetwork].
func (b *Browser) Fetch(ctx context.Context, f Fetch) Verdict {
	f, finding := f.prepare()
	if finding.OK {
		finding = f.checkURL()
	}
	if !finding.OK {
		return failed(finding)
	}
	r := run{browser: b, ctx: ctx, page: f.Origin, Fetch: f, tainting: TypeBasic}
	v := r.fetch()
	v.Allowed = v.Type == TypeBasic || v.Type == TypeCORS
	v.Exchanges = r.exchanges
	return v
}

// Judge returns the browser's verdict on e, an exchange that something other
// than a [Browser] carried out for f, from another origin.
func (p Profile) Judge(f Fetch, e Exchange) Verdict {
	if e.Err != "" {
		return failed(refuse(CodeNetwork, text.Clip(e.Err)))
	}
	if e.Preflight {
		_, finding := CheckPreflight(p, f, e.Response)
		if !finding.OK {
			v := failed(finding)
			v.AtPreflight = true
			return v
		}
		return Verdict{Allowed: true, Type: TypeCORS, Code: CodeOK, Text: finding.Text}
	}
	if finding := CheckCORS(f, e.Response); !finding.OK {
		return failed(finding)
	}
	r := run{Fetch: f, tainting: TypeCORS}
	v := r.filter(e.Response)
	v.Allowed = true
	return v
}

// run is the state of one fetch. The embedded Fetch changes with redirects;
// its Origin becomes "null" once it is tainted.
type run struct {
	Fetch
	browser   *Browser
	ctx       context.Context
	page      string // the document's origin
	tainting  ResponseType
	redirects int
	exchanges []Exchange
}

func failed(f Finding) Verdict { return Verdict{Type: TypeError, Code: f.Code, Text: f.Text} }

// fetch is Fetch's "main fetch": each turn is one URL of the redirect chain.
func (r *run) fetch() Verdict {
	for {
		sameOrigin := OriginOf(r.URL) == r.page
		switch {
		case sameOrigin && r.tainting == TypeBasic:
		case r.Mode == ModeSameOrigin:
			return failed(refuse(CodeSameOriginMode, "mode same-origin does not reach another origin"))
		case r.Mode == ModeNoCORS && r.Redirect != RedirectFollow:
			return failed(refuse(CodeRedirectRefused, "mode no-cors follows redirects or fails"))
		case r.Mode == ModeNoCORS:
			r.tainting = TypeOpaque
		default:
			r.tainting = TypeCORS
		}
		preflighted := r.tainting == TypeCORS && r.needsPreflight()
		if preflighted {
			if finding := r.preflight(); !finding.OK {
				r.forget()
				v := failed(finding)
				v.AtPreflight = true
				return v
			}
		}
		response, finding := r.send(r.request(), false)
		if finding.OK && r.tainting == TypeCORS {
			finding = CheckCORS(r.Fetch, response)
		}
		if !finding.OK {
			if preflighted {
				r.forget()
			}
			v := failed(finding)
			v.Status = response.Status
			return v
		}
		locations, isRedirect := response.redirect()
		if !isRedirect {
			return r.filter(response)
		}
		if v, done := r.follow(response.Status, locations); done {
			return v
		}
	}
}

func (r *run) key() cacheKey { return cacheKey{r.Partition, r.Origin, r.URL} }

// forget clears what is known of the URL, after a fetch with a preflight failed
// (Fetch, HTTP fetch).
func (r *run) forget() {
	if r.browser.Profile.Cache.OutlivesFailure {
		return
	}
	r.browser.mu.Lock()
	defer r.browser.mu.Unlock()
	r.browser.cache.clear(r.key())
}

func (r *run) now() time.Time {
	if r.browser.Now != nil {
		return r.browser.Now()
	}
	return time.Now()
}

// preflight asks for permission unless an earlier answer covers the request.
func (r *run) preflight() Finding {
	b := r.browser
	b.mu.Lock()
	cached := b.cache.covers(b.Profile, r.Fetch, r.key(), r.now())
	b.mu.Unlock()
	if cached {
		return Finding{OK: true, Code: CodeOK}
	}
	response, finding := r.send(r.Preflight(), true)
	if !finding.OK {
		return finding
	}
	grant, finding := b.Profile.grantOf(r.Fetch, response)
	if !finding.OK {
		return finding
	}
	finding = grant.allows(b.Profile, r.Fetch)
	if finding.OK || b.Profile.Cache.KeepsRefusals {
		b.mu.Lock()
		b.cache.store(b.Profile, r.key(), r.Credentials, grant, r.now())
		b.mu.Unlock()
	}
	return finding
}

// request is the request itself, with Origin where a browser adds it
// (Fetch, "append a request Origin header").
func (r *run) request() Request {
	header := r.Header
	if r.tainting == TypeCORS || r.Method != "GET" && r.Method != "HEAD" {
		header = append(Fields{{"Origin", r.Origin}}, header...)
	}
	if !header.Has("Accept") {
		header = append(header[:len(header):len(header)], Field{"Accept", "*/*"})
	}
	return Request{Method: r.Method, URL: r.URL, Header: header, Body: r.Body}
}

func (r *run) send(request Request, preflight bool) (Response, Finding) {
	response, err := r.browser.Transport(r.ctx, request)
	exchange := Exchange{Request: request, Response: response, Preflight: preflight}
	if err != nil {
		exchange.Err = err.Error()
		r.exchanges = append(r.exchanges, exchange)
		return response, refuse(CodeNetwork, text.Clip(err.Error()))
	}
	r.exchanges = append(r.exchanges, exchange)
	return response, Finding{OK: true, Code: CodeOK}
}

func (r Response) redirect() (locations []string, ok bool) {
	switch r.Status {
	case 301, 302, 303, 307, 308:
		locations = r.Header.Values("Location")
	}
	return locations, len(locations) > 0
}

// follow prepares the next turn after a redirect (Fetch, HTTP-redirect fetch).
// It reports done where there is none, with the verdict.
func (r *run) follow(status int, locations []string) (v Verdict, done bool) {
	switch r.Redirect {
	case RedirectError:
		return failed(refuse(CodeRedirectRefused, "redirect mode error")), true
	case RedirectManual:
		return Verdict{Type: TypeOpaqueRedirect, Code: CodeOpaqueRedirect, Text: "redirect mode manual: the script learns that there was a redirect, and no more"}, true
	}
	if len(locations) > 1 {
		return failed(refuse(CodeRedirectURL, fmt.Sprintf("the redirect has %d Location lines", len(locations)))), true
	}
	location := locations[0]
	base, err := url.Parse(r.URL)
	if err != nil {
		return failed(refuse(CodeRedirectURL, "the URL "+text.Clip(r.URL)+" is none")), true
	}
	next, err := base.Parse(withSlashes(location))
	if err != nil {
		return failed(refuse(CodeRedirectURL, "the redirect to "+text.Clip(location)+" cannot be followed")), true
	}
	target, finding := NormalizeURL(next.String())
	if !finding.OK {
		return failed(refuse(CodeRedirectURL, "the redirect cannot be followed: "+finding.Text)), true
	}
	if r.redirects == maxRedirects {
		return failed(refuse(CodeRedirectLimit, fmt.Sprintf("more than %d redirects", maxRedirects))), true
	}
	r.redirects++
	from, to := OriginOf(r.URL), OriginOf(target)
	if next.User != nil && r.Mode == ModeCORS && (to != r.page || r.tainting == TypeCORS) {
		return failed(refuse(CodeRedirectCredentials, "a redirect of a CORS request leads to a URL with a user name or password")), true
	}
	if (status == 301 || status == 302) && r.Method == "POST" ||
		status == 303 && r.Method != "GET" && r.Method != "HEAD" {
		r.Method, r.Body = "GET", ""
		r.Header = r.Header.Without("Content-Encoding", "Content-Language", "Content-Location", "Content-Type")
	}
	if from != to {
		r.Header = r.Header.Without("Authorization")
		if from != r.page {
			r.Origin = "null" // whoever redirected is not the page: the target cannot tell who asks
		}
	}
	r.URL = target
	return Verdict{}, false
}

// withSlashes returns a URL with the backslashes of its path as slashes, for
// which URLs of http and https take them (URL Standard, basic URL parser).
func withSlashes(location string) string {
	end := strings.IndexAny(location, "?#")
	if end < 0 {
		end = len(location)
	}
	return strings.ReplaceAll(location[:end], `\`, "/") + location[end:]
}

// filter leaves what the script may see (Fetch, main fetch, filtered response).
func (r *run) filter(response Response) Verdict {
	switch response.Status {
	case 204, 205, 304:
		response.Body = "" // null body status
	}
	switch r.tainting {
	case TypeOpaque:
		return Verdict{Type: TypeOpaque, Code: CodeOpaque, Text: "mode no-cors: the request was sent, the response cannot be read"}
	case TypeCORS:
		return Verdict{
			Type: TypeCORS, Code: CodeOK, Text: "the response may be read", Status: response.Status,
			Header: Readable(response.Header, r.Credentials), Body: response.Body,
		}
	}
	return Verdict{
		Type: TypeBasic, Code: CodeOK, Text: "same-origin: the response may be read", Status: response.Status,
		Header: response.Header.Without("Set-Cookie", "Set-Cookie2"), Body: response.Body,
	}
}
