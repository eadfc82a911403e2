package browsermodel

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// site is a Transport that answers by URL. For other URLs it answers 200 and allows
// the origin of the request.
type site struct {
	answers map[string]Response
	seen    []string // "METHOD url origin"
}

func (s *site) transport(_ context.Context, r Request) (Response, error) {
	origin, ok := r.Header.Get("Origin")
	if !ok {
		origin = "-"
	}
	s.seen = append(s.seen, r.Method+" "+r.URL+" "+origin)
	if response, ok := s.answers[r.Method+" "+r.URL]; ok {
		return response, nil
	}
	if response, ok := s.answers[r.URL]; ok {
		return response, nil
	}
	return Response{Status: 200, Header: Header(acao, origin, acam, "PUT", acah, "x-a,authorization")}, nil
}

func moved(status int, to string, header ...string) Response {
	return Response{Status: status, Header: append(Header(header...), Field{"Location", to})}
}

func TestBrowserSends(t *testing.T) {
	const page, other = "https://page.example", "https://api.example/x"
	for _, f := range []struct {
		name  string
		fetch Fetch
		want  []string
		code  Code
		kind  ResponseType
	}{
		{"simple", Fetch{URL: other}, []string{"GET " + other + " " + page}, CodeOK, TypeCORS},
		{"post", Fetch{URL: other, Method: "post", Body: "x"}, []string{"POST " + other + " " + page}, CodeOK, TypeCORS},
		{"put", Fetch{URL: other, Method: "put"}, []string{"OPTIONS " + other + " " + page, "PUT " + other + " " + page}, CodeOK, TypeCORS},
		{"patch", Fetch{URL: other, Method: "PATCH"}, []string{"OPTIONS " + other + " " + page}, CodeMethodNotAllowed, TypeError},
		{"header", Fetch{URL: other, Header: Header("X-A", "1")}, []string{"OPTIONS " + other + " " + page, "GET " + other + " " + page},
			CodeOK, TypeCORS},
		{"forbidden header", Fetch{URL: other, Header: Header("Cookie", "1", "Sec-X", "1")}, []string{"GET " + other + " " + page}, CodeOK,
			TypeCORS},
		{"listeners", Fetch{URL: other, Method: "POST", UploadListeners: true}, []string{"OPTIONS " + other + " " + page,
			"POST " + other + " " + page}, CodeOK, TypeCORS},
		{"same origin", Fetch{URL: page + "/x", Header: Header("X-Z", "1")}, []string{"GET " + page + "/x -"}, CodeOK, TypeBasic},
		{"same origin, default port", Fetch{URL: "HTTPS://PAGE.example:443/x"}, []string{"GET " + page + "/x -"}, CodeOK, TypeBasic},
		{"unusual URL", Fetch{URL: `https://API.example:443\y/%2E%2e/.\x#z`, Method: "PUT"},
			[]string{"OPTIONS " + other + " " + page, "PUT " + other + " " + page}, CodeOK, TypeCORS},
		{"port", Fetch{URL: "https://api.example:65536/"}, nil, CodeURL, TypeError},
		{"same origin post", Fetch{URL: page + "/x", Method: "PUT"}, []string{"PUT " + page + "/x " + page}, CodeOK, TypeBasic},
		{"same-origin mode", Fetch{URL: other, Mode: ModeSameOrigin}, nil, CodeSameOriginMode, TypeError},
		{"no-cors", Fetch{URL: other, Mode: ModeNoCORS, Header: Header("X-A", "1", "Range", "bytes=0-1")}, []string{"GET " + other + " -"},
			CodeOpaque, TypeOpaque},
		{"no-cors post", Fetch{URL: other, Mode: ModeNoCORS, Method: "POST"}, []string{"POST " + other + " " + page}, CodeOpaque,
			TypeOpaque},
		{"no-cors put", Fetch{URL: other, Mode: ModeNoCORS, Method: "PUT"}, nil, CodeNoCORSMethod, TypeError},
		{"no-cors, manual", Fetch{URL: other, Mode: ModeNoCORS, Redirect: RedirectManual}, nil, CodeRedirectRefused, TypeError},
		{"trace", Fetch{URL: other, Method: "trace"}, nil, CodeMethodForbidden, TypeError},
		{"no method", Fetch{URL: other, Method: "G T"}, nil, CodeMethodSyntax, TypeError},
		{"no header", Fetch{URL: other, Header: Header("X A", "1")}, nil, CodeHeaderSyntax, TypeError},
		{"line break", Fetch{URL: other, Header: Header("X-A", "1\nX-B: 2")}, nil, CodeHeaderSyntax, TypeError},
		{"no byte string", Fetch{URL: other, Header: Header("X-A", "\u0100")}, nil, CodeHeaderSyntax, TypeError},
		{"no byte string, in a header that is dropped", Fetch{URL: other, Header: Header("Cookie", "\u4e16")}, nil, CodeHeaderSyntax,
			TypeError},
		{"byte strings", Fetch{URL: other, Header: Header("X-A", "\u00ff", "X-A", "\xff")}, []string{"OPTIONS " + other + " " + page,
			"GET " + other + " " + page}, CodeOK, TypeCORS},
		{"get with body", Fetch{URL: other, Body: "x"}, nil, CodeBody, TypeError},
		{"user name", Fetch{URL: "https://u@api.example/"}, nil, CodeURL, TypeError},
		{"relative", Fetch{URL: "/x"}, nil, CodeURL, TypeError},
		{"scheme", Fetch{URL: "ftp://api.example/"}, nil, CodeURL, TypeError},
	} {
		s := &site{}
		f.fetch.Origin = page
		v := (&Browser{Transport: s.transport}).Fetch(t.Context(), f.fetch)
		if !slices.Equal(s.seen, f.want) || v.Code != f.code || v.Type != f.kind ||
			v.Allowed != (f.kind == TypeCORS || f.kind == TypeBasic) {
			t.Errorf("%s: sent %q, %s %s (%s); want %q, %s %s", f.name, s.seen, v.Type, v.Code, v.Text, f.want, f.kind, f.code)
		}
	}
}

func TestBrowserRedirects(t *testing.T) {
	const (
		page = "https://page.example"
		b, c = "https://b.example/", "https://c.example/"
		self = page + "/self"
	)
	s := func(answers map[string]Response) *site { return &site{answers: answers} }
	open := []string{acao, "*"}
	for _, f := range []struct {
		name  string
		site  *site
		fetch Fetch
		want  []string
		code  Code
	}{
		{"same origin to other", s(map[string]Response{self: moved(302, b)}), Fetch{URL: self},
			[]string{"GET " + self + " -", "GET " + b + " " + page}, CodeOK},
		{"other to third", s(map[string]Response{b: moved(302, c, open...)}), Fetch{URL: b},
			[]string{"GET " + b + " " + page, "GET " + c + " null"}, CodeOK},
		{"other and back", s(map[string]Response{b: moved(302, self, open...)}), Fetch{URL: b},
			[]string{"GET " + b + " " + page, "GET " + self + " null"}, CodeOK},
		{"other to itself", s(map[string]Response{b: moved(307, b+"x", open...)}), Fetch{URL: b},
			[]string{"GET " + b + " " + page, "GET " + b + "x " + page}, CodeOK},
		{"tainted, and the page's origin allowed", s(map[string]Response{b: moved(302, c, open...),
			c: {Status: 200, Header: Header(acao, page)}}), Fetch{URL: b},
			[]string{"GET " + b + " " + page, "GET " + c + " null"}, CodeAllowOriginMismatch},
		{"redirect that may not be read", s(map[string]Response{b: moved(302, c)}), Fetch{URL: b},
			[]string{"GET " + b + " " + page}, CodeAllowOriginMissing},
		{"preflight redirected", s(map[string]Response{"OPTIONS " + b: moved(302, c, open...)}), Fetch{URL: b, Method: "PUT"},
			[]string{"OPTIONS " + b + " " + page}, CodePreflightStatus},
		{"put through", s(map[string]Response{"PUT " + b: moved(307, b+"x", open...)}), Fetch{URL: b, Method: "PUT"},
			[]string{"OPTIONS " + b + " " + page, "PUT " + b + " " + page, "OPTIONS " + b + "x " + page, "PUT " + b + "x " + page}, CodeOK},
		{"post becomes get", s(map[string]Response{b: moved(302, b+"x", open...)}), Fetch{URL: b, Method: "POST", Body: "x"},
			[]string{"POST " + b + " " + page, "GET " + b + "x " + page}, CodeOK},
		{"put and 303", s(map[string]Response{"PUT " + b: moved(303, b+"x", open...)}), Fetch{URL: b, Method: "PUT"},
			[]string{"OPTIONS " + b + " " + page, "PUT " + b + " " + page, "GET " + b + "x " + page}, CodeOK},
		{"post and 307", s(map[string]Response{b: moved(307, b+"x", open...)}), Fetch{URL: b, Method: "POST", Body: "x"},
			[]string{"POST " + b + " " + page, "POST " + b + "x " + page}, CodeOK},
		{"authorization is dropped", s(map[string]Response{"GET " + b: moved(302, c, open...)}),
			Fetch{URL: b, Header: Header("Authorization", "x")},
			[]string{"OPTIONS " + b + " " + page, "GET " + b + " " + page, "GET " + c + " null"}, CodeOK},
		{"user name", s(map[string]Response{b: moved(302, "https://u@b.example/", open...)}), Fetch{URL: b},
			[]string{"GET " + b + " " + page}, CodeRedirectCredentials},
		{"user name, same origin", s(map[string]Response{self: moved(302, "https://u@page.example/y")}), Fetch{URL: self},
			[]string{"GET " + self + " -", "GET https://u@page.example/y -"}, CodeOK},
		{"data", s(map[string]Response{b: moved(302, "data:,x", open...)}), Fetch{URL: b},
			[]string{"GET " + b + " " + page}, CodeRedirectURL},
		{"mode error", s(map[string]Response{b: moved(302, c, open...)}), Fetch{URL: b, Redirect: RedirectError},
			[]string{"GET " + b + " " + page}, CodeRedirectRefused},
		{"mode manual", s(map[string]Response{b: moved(302, c, open...)}), Fetch{URL: b, Redirect: RedirectManual},
			[]string{"GET " + b + " " + page}, CodeOpaqueRedirect},
		{"same-origin mode", s(map[string]Response{self: moved(302, b)}), Fetch{URL: self, Mode: ModeSameOrigin},
			[]string{"GET " + self + " -"}, CodeSameOriginMode},
		{"no-cors and back", s(map[string]Response{b: moved(302, self)}), Fetch{URL: b, Mode: ModeNoCORS},
			[]string{"GET " + b + " -", "GET " + self + " -"}, CodeOpaque},
		{"two locations", s(map[string]Response{b: moved(302, c, acao, "*", "Location", c)}), Fetch{URL: b},
			[]string{"GET " + b + " " + page}, CodeRedirectURL},
		{"backslashes", s(map[string]Response{b: moved(302, `\\c.example\?\`, open...)}), Fetch{URL: b},
			[]string{"GET " + b + " " + page, "GET " + c + `?\ null`}, CodeOK},
		{"unusual location", s(map[string]Response{b: moved(307, "https://C.example:443/y/%2e%2e/x#z", open...)}),
			Fetch{URL: b, Method: "POST"},
			[]string{"POST " + b + " " + page, "POST " + c + "x null"}, CodeOK},
		{"port", s(map[string]Response{b: moved(302, "https://c.example:65536/", open...)}), Fetch{URL: b},
			[]string{"GET " + b + " " + page}, CodeRedirectURL},
		{"without location", s(map[string]Response{b: {Status: 302, Header: Header(open...)}}), Fetch{URL: b},
			[]string{"GET " + b + " " + page}, CodeOK},
	} {
		f.fetch.Origin = page
		v := (&Browser{Transport: f.site.transport}).Fetch(t.Context(), f.fetch)
		if !slices.Equal(f.site.seen, f.want) || v.Code != f.code {
			t.Errorf("%s: sent %q, %s (%s); want %q, %s", f.name, f.site.seen, v.Code, v.Text, f.want, f.code)
		}
	}

	chain := func(n int) *site {
		answers := make(map[string]Response)
		for i := range n {
			answers[fmt.Sprintf("%s%d", b, i)] = moved(302, fmt.Sprintf("%s%d", b, i+1), open...)
		}
		return s(answers)
	}
	for n, want := range map[int]Code{20: CodeOK, 21: CodeRedirectLimit} {
		if v := (&Browser{Transport: chain(n).transport}).Fetch(t.Context(), Fetch{Origin: page, URL: b + "0"}); v.Code != want {
			t.Errorf("%d redirects: %s, want %s", n, v.Code, want)
		}
	}
}

func TestBrowserNullBodyStatus(t *testing.T) {
	for status, want := range map[int]string{200: "x", 204: "", 205: "", 206: "x", 304: "", 404: "x"} {
		answers := func(context.Context, Request) (Response, error) {
			return Response{Status: status, Header: Header(acao, "*"), Body: "x"}, nil
		}
		v := (&Browser{Transport: answers}).Fetch(t.Context(), Fetch{Origin: "https://page.example", URL: "https://b.example/"})
		if !v.Allowed || v.Status != status || v.Body != want {
			t.Errorf("status %d: %+v, want the body %q", status, v, want)
		}
	}
}

func TestBrowserPreflightCache(t *testing.T) {
	const url = "https://api.example/x"
	put := Fetch{Origin: originA, URL: url, Method: "PUT"}
	change := func(f Fetch, change func(*Fetch)) Fetch { change(&f); return f }
	withHeader := func(names ...string) Fetch {
		f := Fetch{Origin: originA, URL: url}
		for _, name := range names {
			f.Header = append(f.Header, Field{name, "1"})
		}
		return f
	}
	full := Header(acam, "PUT, DELETE", acah, "x-a, x-b", acma, "600")
	type step struct {
		after     time.Duration
		fetch     Fetch
		preflight bool
	}
	for _, f := range []struct {
		name    string
		profile Profile
		answer  Fields
		steps   []step
	}{
		{"same again", Spec(), full, []step{{0, put, true}, {0, put, false}, {599 * time.Second, put, false}, {time.Second, put, true}}},
		{"another method and headers of the full lists", Spec(), full, []step{{0, put, true},
			{0, change(put, func(f *Fetch) { f.Method = "DELETE" }), false}, {0, withHeader("x-b", "x-a"), false}}},
		{"another header", Spec(), Header(acam, "PUT", acah, "x-a", acma, "600"), []step{{0, put, true}, {0, withHeader("x-a"), false}}},
		{"another origin", Spec(), full, []step{{0, put, true}, {0, change(put, func(f *Fetch) { f.Origin = originB }), true}}},
		{"another URL", Spec(), full, []step{{0, put, true}, {0, change(put, func(f *Fetch) { f.URL += "?y" }), true}}},
		{"another partition", Spec(), full, []step{{0, put, true}, {0, change(put, func(f *Fetch) { f.Partition = "other" }), true}}},
		{"with credentials after without", Spec(), full,
			[]step{{0, put, true}, {0, change(put, func(f *Fetch) { f.Credentials = true }), true}}},
		{"without credentials after with", Spec(), full, []step{{0, change(put, func(f *Fetch) { f.Credentials = true }), true},
			{0, put, false}}},
		{"no max-age", Spec(), Header(acam, "PUT"), []step{{0, put, true}, {4 * time.Second, put, false}, {time.Second, put, true}}},
		{"max-age of zero", Spec(), Header(acam, "PUT", acma, "0"), []step{{0, put, true}, {0, put, true}}},
		{"the cap", WebKit(), Header(acam, "PUT", acma, "86400"), []step{{0, put, true}, {599 * time.Second, put, false},
			{time.Second, put, true}}},
		{"star", Spec(), Header(acam, "*", acah, "*", acma, "600"), []step{{0, put, true}, {0, withHeader("x-anything"), false},
			{0, change(put, func(f *Fetch) { f.Method = "CHICKEN" }), false}}},
		{"star in Firefox", Firefox(), Header(acam, "*", acah, "*", acma, "600"), []step{{0, put, true}, {0, put, true},
			{0, withHeader("x-anything"), true}, {0, withHeader("x-anything"), true}}},
		{"renewed", Spec(), full, []step{{0, put, true}, {590 * time.Second, change(put, func(f *Fetch) { f.Credentials = true }), true},
			{20 * time.Second, put, false}}},
		{"several answers add up", Spec(), nil, []step{{0, put, true}, {0, change(put, func(f *Fetch) { f.Method = "DELETE" }), true},
			{0, put, false}}},
		{"only the last answer counts", Chromium(), nil, []step{{0, put, true}, {0, change(put, func(f *Fetch) { f.Method = "DELETE" }),
			true}, {0, put, true}}},
		{"without credentials after with, in Firefox", Firefox(), full, []step{{0, change(put, func(f *Fetch) { f.Credentials = true }),
			true}, {0, put, true}, {0, put, false}}},
		{"star and authorization", Spec(), Header(acam, "*", acah, "*, authorization", acma, "600"),
			[]step{{0, withHeader("x-a"), true}, {0, withHeader("authorization"), false}}},
		{"only star and authorization, in WebKit", WebKit(), Header(acam, "*", acah, "*", acma, "600"),
			[]step{{0, withHeader("x-a"), true}, {0, withHeader("authorization"), false}}},
		{"only star and authorization, in Chromium", Chromium(), Header(acam, "*", acah, "*", acma, "600"),
			[]step{{0, withHeader("x-a"), true}, {0, withHeader("authorization"), true}}},
		{"listeners that engines ignore", Chromium(), full, []step{{0, put, true}, {0, change(put,
			func(f *Fetch) { f.Method, f.UploadListeners = "POST", true }), false}}},
		{"listeners", Spec(), full, []step{{0, put, true}, {0, change(put, func(f *Fetch) { f.Method, f.UploadListeners = "POST", true }),
			true}, {0, change(put, func(f *Fetch) { f.UploadListeners = true }), false}}},
	} {
		s := &site{}
		now := time.Unix(0, 0)
		browser := &Browser{Profile: f.profile, Now: func() time.Time { return now }, Transport: func(ctx context.Context,
			r Request) (Response, error) {
			response, err := s.transport(ctx, r)
			answer := f.answer
			if answer == nil { // allow exactly what the preflight asks for
				answer = Header(acam, strings.Join(r.Header.Values("Access-Control-Request-Method"), ""), acma, "600")
			}
			response.Header = slices.Concat(response.Header.Without(acam, acah), answer, Header(acac, "true"))
			return response, err
		}}
		for i, step := range f.steps {
			now = now.Add(step.after)
			v := browser.Fetch(t.Context(), step.fetch)
			if !v.Allowed || (v.Preflights() == 1) != step.preflight || v.Preflights() > 1 {
				t.Errorf("%s, fetch %d: %s with %d preflights, want ok and preflight %v", f.name, i+1, v.Code, v.Preflights(),
					step.preflight)
			}
		}
	}
}

// A fetch that fails after its preflight clears the cache for its URL, but not in
// every engine.
func TestBrowserForgetsFailures(t *testing.T) {
	for _, f := range []struct {
		profile Profile
		again   int // preflights after the failure
	}{{Spec(), 1}, {Chromium(), 0}, {Firefox(), 1}, {WebKit(), 0}} {
		refuse := false
		s := &site{}
		browser := &Browser{Profile: f.profile, Transport: func(ctx context.Context, r Request) (Response, error) {
			response, err := s.transport(ctx, r)
			if refuse && r.Method == "PUT" {
				response.Header = response.Header.Without(acao)
			}
			return response, err
		}}
		put := Fetch{Origin: originA, URL: "https://api.example/", Method: "PUT"}
		for i, want := range []struct {
			refuse     bool
			preflights int
			code       Code
		}{{false, 1, CodeOK}, {false, 0, CodeOK}, {true, 0, CodeAllowOriginMissing}, {false, f.again, CodeOK}} {
			refuse = want.refuse
			if v := browser.Fetch(t.Context(), put); v.Code != want.code || v.Preflights() != want.preflights {
				t.Errorf("%s, fetch %d: %s with %d preflights, want %s with %d", f.profile.Name, i+1, v.Code, v.Preflights(), want.code,
					want.preflights)
			}
		}
	}
}

// WebKit caches an answer that refuses its request, and treats a "*" that was granted
// with credentials as a wildcard for requests without.
func TestBrowserKeepsRefusals(t *testing.T) {
	answer := Header(acao, originA, acac, "true", acam, "*", acma, "600")
	for _, f := range []struct {
		profile    Profile
		preflights int
	}{{Spec(), 1}, {Chromium(), 1}, {Firefox(), 1}, {WebKit(), 0}} {
		browser := &Browser{Profile: f.profile, Transport: func(context.Context, Request) (Response, error) {
			return Response{Status: 200, Header: answer}, nil
		}}
		put := Fetch{Origin: originA, URL: "https://api.example/", Method: "PUT", Credentials: true}
		if v := browser.Fetch(t.Context(), put); v.Code != CodeMethodNotAllowed {
			t.Errorf("%s: %s with credentials, want %s", f.profile.Name, v.Code, CodeMethodNotAllowed)
		}
		put.Credentials = false
		if v := browser.Fetch(t.Context(), put); !v.Allowed || v.Preflights() != f.preflights {
			t.Errorf("%s: %s with %d preflights without credentials, want ok with %d", f.profile.Name, v.Code, v.Preflights(), f.preflights)
		}
	}
}

func TestBrowserNetworkError(t *testing.T) {
	browser := &Browser{Transport: func(_ context.Context, r Request) (Response, error) {
		return Response{}, errors.New(strings.Repeat("x", 1<<16))
	}}
	v := browser.Fetch(t.Context(), Fetch{Origin: originA, URL: "https://api.example/", Method: "PUT"})
	if v.Code != CodeNetwork || !v.AtPreflight || v.Allowed || len(v.Text) > 1000 {
		t.Errorf("%s, at preflight %v, %d bytes of text", v.Code, v.AtPreflight, len(v.Text))
	}
}

func TestOriginOf(t *testing.T) {
	for url, want := range map[string]string{
		"https://a.example/x?y#z": "https://a.example", "HTTP://A.Example:80": "http://a.example",
		"https://a.example:443": "https://a.example",
		"http://a.example:443/": "http://a.example:443", "http://[::1]:8080/": "http://[::1]:8080", "http://[::1]/": "http://[::1]",
		"https://u:p@a.example/": "https://a.example", "data:,x": "null", "/x": "null", "": "null", "https://%zz/": "null",
		"//a.example": "null", "file:///x": "null", "https://a.example:65536": "null", " https://a.example\n": "https://a.example",
		`https:\\a.example\`:          "https://a.example",
		"https://b\u00fccher.example": "https://xn--bcher-kva.example", "App://A.example:1": "app://A.example:1",
		"http://[0::1]:080": "http://[::1]", "app://[0::1]:080": "app://[::1]:80",
		"file://": "file://", "qrc://": "qrc://", "app://.": "app://.", "app://./x": "app://.", "file:///": "null", "https://": "null",
		"https://:80": "null", "app://:80": "null", "https://a.example./x": "https://a.example.", "https://xn--a.example": "null",
		"wss://A.example:443": "wss://a.example", "ftp://a.example:21": "ftp://a.example",
	} {
		if got := OriginOf(url); got != want {
			t.Errorf("OriginOf(%q) = %q, want %q", url, got, want)
		}
	}
}

func TestPreflightRequest(t *testing.T) {
	f := Fetch{Origin: originA, URL: "https://api.example/x", Method: "put", Header: Header("X-B", "1", "x-a", "2", "Accept", "*/*",
		"Cookie", "c"), Credentials: true}
	got := f.Preflight()
	want := Header("Origin", originA, acrm, "PUT", acrh, "x-a,x-b", "Accept", "*/*")
	if got.Method != http.MethodOptions || !slices.Equal(got.Header, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if !f.NeedsPreflight() || (Fetch{Origin: originA, URL: "https://api.example/x"}).NeedsPreflight() {
		t.Error("PUT needs a preflight and GET needs none")
	}
}
