package browsermodel

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/corskit/corskit/conformance/internal/text"
)

// ResponseType says what a script can see of a response.
type ResponseType string

// The response types (Fetch, filtered response).
const (
	TypeError          ResponseType = "error" // the promise is rejected
	TypeBasic          ResponseType = "basic" // same-origin: everything except Set-Cookie
	TypeCORS           ResponseType = "cors"  // the readable headers and the body
	TypeOpaque         ResponseType = "opaque"
	TypeOpaqueRedirect ResponseType = "opaqueredirect"
)

// Verdict is the outcome of a fetch.
type Verdict struct {
	// Allowed reports whether the script can read the response: its type is basic or cors.
	Allowed bool         `json:"allowed"`
	Type    ResponseType `json:"type"`
	Code    Code         `json:"code"`
	Text    string       `json:"text"` // for humans; bounded
	// AtPreflight reports whether the preflight failed, so that the request
	// itself was never sent.
	AtPreflight bool   `json:"atPreflight,omitempty"`
	Status      int    `json:"status,omitempty"`
	Header      Fields `json:"header,omitempty"` // what the script can read
	Body        string `json:"body,omitempty"`
	// Exchanges are the requests that were sent, including preflights and
	// redirects, and their answers.
	Exchanges []Exchange `json:"exchanges,omitempty"`
}

// Preflights returns how many preflights were sent.
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
// sends, refuses what a browser refuses, and caches preflights like a browser.
// It is safe for concurrent use if its Transport is.
//
// The model omits what does not affect CORS: it does not send cookies, and does not
// enforce rules about mixed content or content security policies. It sends Referer,
// Sec-Fetch-* and the like if the Profile has an [Agent].
type Browser struct {
	Transport Transport
	Profile   Profile
	// Now is the browser's clock; nil means time.Now.
	Now func() time.Time

	mu    sync.Mutex
	cache preflightCache
}

// maxRedirects is how many redirects a browser follows (Fetch, HTTP-redirect fetch).
const maxRedirects = 20

// Fetch runs f, including its preflight unless a cached one covers it, and
// follows redirects. It always returns a verdict; if the transport fails, the
// code is [CodeNetwork].
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

// Judge returns the browser's verdict on e, a cross-origin exchange for f that was
// carried out without a [Browser].
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

// run is the state of one fetch. Redirects change the embedded Fetch; its Origin
// becomes "null" when the fetch is tainted.
type run struct {
	Fetch
	browser   *Browser
	ctx       context.Context
	page      string // the document's origin
	tainting  ResponseType
	redirects int
	site      string // Sec-Fetch-Site of the last request
	exchanges []Exchange
}

func failed(f Finding) Verdict { return Verdict{Type: TypeError, Code: f.Code, Text: f.Text} }

// fetch is the "main fetch" of the standard. Each iteration is one URL of the
// redirect chain.
func (r *run) fetch() Verdict {
	for {
		sameOrigin := OriginOf(r.URL) == r.page
		switch {
		case sameOrigin && r.tainting == TypeBasic:
		case r.Mode == ModeSameOrigin:
			return failed(refuse(CodeSameOriginMode, "mode same-origin cannot reach another origin"))
		case r.Mode == ModeNoCORS && r.Redirect != RedirectFollow:
			return failed(refuse(CodeRedirectRefused, "mode no-cors requires the redirect mode follow"))
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

// forget clears the cache for the URL after a fetch with a preflight failed
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

// preflight sends a preflight unless a cached one covers the request.
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

// request returns the request itself, with Origin if a browser adds it
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
	request = r.dress(request)
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

// dress adds the fields of the browser's agent. After redirects, Sec-Fetch-Site describes
// the most distant URL of the chain (Fetch Metadata Request Headers, section 2.3).
func (r *run) dress(request Request) Request {
	agent := r.browser.Profile.Agent
	if agent == "" {
		return request
	}
	from := r.Fetch
	from.Origin = r.page
	if site := siteOf(r.page, r.URL); site != "same-origin" && r.site != "cross-site" || r.site == "" {
		r.site = site
	}
	request.Header = append(slices.Clip(request.Header), Field{fieldFetchSite, r.site})
	return agent.Dress(from, request)
}

func (r Response) redirect() (locations []string, ok bool) {
	switch r.Status {
	case 301, 302, 303, 307, 308:
		locations = r.Header.Values("Location")
	}
	return locations, len(locations) > 0
}

// follow prepares the next iteration after a redirect (Fetch, HTTP-redirect
// fetch). If the fetch ends here, it returns the verdict and true.
func (r *run) follow(status int, locations []string) (v Verdict, done bool) {
	switch r.Redirect {
	case RedirectError:
		return failed(refuse(CodeRedirectRefused, "redirect mode error")), true
	case RedirectManual:
		return Verdict{Type: TypeOpaqueRedirect, Code: CodeOpaqueRedirect,
			Text: "redirect mode manual: the script learns only that there was a redirect"}, true
	}
	if len(locations) > 1 {
		return failed(refuse(CodeRedirectURL, fmt.Sprintf("the redirect has %d Location lines", len(locations)))), true
	}
	location := locations[0]
	base, err := url.Parse(r.URL)
	if err != nil {
		return failed(refuse(CodeRedirectURL, "the URL "+text.Clip(r.URL)+" is invalid")), true
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
		return failed(refuse(CodeRedirectCredentials, "a redirect of a CORS request goes to a URL with a user name or password")), true
	}
	if (status == 301 || status == 302) && r.Method == "POST" ||
		status == 303 && r.Method != "GET" && r.Method != "HEAD" {
		r.Method, r.Body = "GET", ""
		r.Header = r.Header.Without("Content-Encoding", "Content-Language", "Content-Location", "Content-Type")
	}
	if from != to {
		r.Header = r.Header.Without("Authorization")
		if from != r.page {
			r.Origin = "null" // another origin redirected, so the target cannot know that the page asks
		}
	}
	r.URL = target
	return Verdict{}, false
}

// withSlashes replaces the backslashes in the path of a URL with slashes: in http
// and https URLs they mean the same (URL Standard, basic URL parser).
func withSlashes(location string) string {
	end := strings.IndexAny(location, "?#")
	if end < 0 {
		end = len(location)
	}
	return strings.ReplaceAll(location[:end], `\`, "/") + location[end:]
}

// filter returns what the script can see (Fetch, main fetch, filtered response).
func (r *run) filter(response Response) Verdict {
	switch response.Status {
	case 204, 205, 304:
		response.Body = "" // null body status
	}
	switch r.tainting {
	case TypeOpaque:
		return Verdict{Type: TypeOpaque, Code: CodeOpaque,
			Text: "mode no-cors: the request was sent, but the script cannot read the response"}
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
