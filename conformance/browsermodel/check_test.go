package browsermodel

import (
	"strings"
	"testing"
	"time"
)

// The values come from WPT cors/origin.htm and cors/credentials-flag.htm, without
// surrounding white space.

func TestCheckCORSOrigin(t *testing.T) {
	const origin = "http://web-platform.test:8001"
	for _, f := range []struct {
		lines       []string
		credentials bool
		want        Code
	}{
		{[]string{origin}, false, CodeOK},
		{[]string{"*"}, false, CodeOK},
		{nil, false, CodeAllowOriginMissing},
		{[]string{""}, false, CodeAllowOriginMismatch},
		{[]string{"*"}, true, CodeAllowOriginWildcard},
		{[]string{"**"}, false, CodeAllowOriginMismatch},
		{[]string{"*,*"}, false, CodeAllowOriginMismatch},
		{[]string{"*", "*"}, false, CodeAllowOriginMultiple},
		{[]string{origin, origin}, false, CodeAllowOriginMultiple},
		{[]string{origin, "*"}, false, CodeAllowOriginMultiple},
		{[]string{"*", origin}, false, CodeAllowOriginMultiple},
		{[]string{"", origin}, false, CodeAllowOriginMultiple},
		{[]string{origin + ","}, false, CodeAllowOriginMismatch},
		{[]string{origin + " " + origin}, false, CodeAllowOriginMismatch},
		{[]string{origin + "/"}, false, CodeAllowOriginMismatch},
		{[]string{origin + "#"}, false, CodeAllowOriginMismatch},
		{[]string{strings.ToUpper(origin)}, false, CodeAllowOriginMismatch},
		{[]string{"http://WEB-PLATFORM.TEST:8001"}, false, CodeAllowOriginMismatch},
		{[]string{"http://web-platform.test"}, false, CodeAllowOriginMismatch},
		{[]string{"http://web-platform.test:80"}, false, CodeAllowOriginMismatch},
		{[]string{"web-platform.test:8001"}, false, CodeAllowOriginMismatch},
		{[]string{"//web-platform.test:8001"}, false, CodeAllowOriginMismatch},
		{[]string{"http:web-platform.test:8001"}, false, CodeAllowOriginMismatch},
		{[]string{"null"}, false, CodeAllowOriginMismatch},
		{[]string{"http://user@web-platform.test:8001"}, false, CodeAllowOriginMismatch},
	} {
		var header Fields
		for _, line := range f.lines {
			header = append(header, Field{acao, line})
		}
		finding := CheckCORS(Fetch{Origin: origin, Credentials: f.credentials}, Response{Status: 200, Header: header})
		if finding.Code != f.want || finding.OK != (f.want == CodeOK) {
			t.Errorf("%q, credentials %v: %v, want %s", f.lines, f.credentials, finding, f.want)
		}
	}
	if finding := CheckCORS(Fetch{Origin: "null"}, Response{Header: Header(acao, "null")}); !finding.OK {
		t.Errorf("null does not match null: %v", finding)
	}
}

func TestCheckCORSCredentials(t *testing.T) {
	for _, f := range []struct {
		lines []string
		want  bool
	}{
		{[]string{"true"}, true},
		{nil, false}, {[]string{""}, false}, {[]string{"false"}, false}, {[]string{"TRUE"}, false}, {[]string{"True"}, false},
		{[]string{`"true"`}, false}, {[]string{"true,true"}, false}, {[]string{"true", "true"}, false}, {[]string{"1"}, false},
		{[]string{"*"}, false}, {[]string{"true\x00"}, false},
	} {
		header := Header(acao, originA)
		for _, line := range f.lines {
			header = append(header, Field{acac, line})
		}
		if finding := CheckCORS(Fetch{Origin: originA, Credentials: true}, Response{Header: header}); finding.OK != f.want {
			t.Errorf("%q: %v, want %v", f.lines, finding, f.want)
		}
		if finding := CheckCORS(Fetch{Origin: originA}, Response{Header: header}); !finding.OK {
			t.Errorf("%q: without credentials the header has no effect: %v", f.lines, finding)
		}
	}
}

func TestCheckPreflight(t *testing.T) {
	put := Fetch{Origin: originA, Method: "PUT"}
	headers := func(names ...string) Fetch {
		f := Fetch{Origin: originA}
		for _, name := range names {
			f.Header = append(f.Header, Field{name, "1"})
		}
		return f
	}
	cred := func(f Fetch) Fetch { f.Credentials = true; return f }
	listeners := Fetch{Origin: originA, Method: "PUT", UploadListeners: true}
	granted := Header(acao, originA, acac, "true")
	for _, f := range []struct {
		name   string
		fetch  Fetch
		status int
		header Fields
		want   Code
	}{
		{"listed", put, 204, Header(acam, "PUT"), CodeOK},
		{"listed among others", put, 200, Header(acam, "GET ,PUT\t, DELETE"), CodeOK},
		{"on a second line", put, 200, Header(acam, "GET", acam, "PUT"), CodeOK},
		{"empty members", put, 299, Header(acam, ",,PUT,"), CodeOK},
		{"not listed", put, 200, Header(acam, "DELETE"), CodeMethodNotAllowed},
		{"no list", put, 200, nil, CodeMethodNotAllowed},
		{"another case", put, 200, Header(acam, "put"), CodeMethodNotAllowed},
		{"star", put, 200, Header(acam, "*"), CodeOK},
		{"star and credentials", cred(put), 200, Header(acam, "*"), CodeMethodNotAllowed},
		{"star, named, credentials", cred(put), 200, Header(acam, "*, PUT"), CodeOK},
		{"a list with spaces", put, 200, Header(acam, "PUT DELETE"), CodeAllowMethodsSyntax},
		{"a bad member next to a good one", put, 200, Header(acam, "PUT, @"), CodeAllowMethodsSyntax},
		{"status 199", put, 199, Header(acam, "PUT"), CodePreflightStatus},
		{"status 300", put, 300, Header(acam, "PUT"), CodePreflightStatus},
		{"status 302", put, 302, Header(acam, "PUT"), CodePreflightStatus},
		{"status 404", put, 404, Header(acam, "PUT"), CodePreflightStatus},
		{"patch is not PATCH", Fetch{Origin: originA, Method: "patch"}, 200, Header(acam, "PATCH"), CodeMethodNotAllowed},
		{"put is PUT", Fetch{Origin: originA, Method: "put"}, 200, Header(acam, "PUT"), CodeOK},
		{"safelisted method", headers("x-a"), 200, Header(acah, "x-a"), CodeOK},
		{"header in another case", headers("X-A"), 200, Header(acah, "x-A"), CodeOK},
		{"header not listed", headers("x-a", "x-b"), 200, Header(acah, "x-a"), CodeHeaderNotAllowed},
		{"headers listed", headers("x-a", "x-b"), 200, Header(acah, "x-b", acah, "x-a"), CodeOK},
		{"header star", headers("x-a"), 200, Header(acah, "*"), CodeOK},
		{"header star and credentials", cred(headers("x-a")), 200, Header(acah, "*"), CodeHeaderNotAllowed},
		{"header named *, credentials", cred(headers("*")), 200, Header(acah, "*"), CodeOK},
		{"bad header member", headers("x-a"), 200, Header(acah, "x-a, x b"), CodeAllowHeadersSyntax},
		{"authorization", headers("Authorization"), 200, Header(acah, "authorization"), CodeOK},
		{"authorization by star", headers("Authorization"), 200, Header(acah, "*"), CodeAuthorizationListed},
		{"authorization with star", headers("Authorization", "x-a"), 200, Header(acah, "*,Authorization"), CodeOK},
		{"safe value", Fetch{Origin: originA, Header: Header("Content-Type", "text/plain")}, 200, nil, CodeOK},
		{"unsafe value", Fetch{Origin: originA, Header: Header("Content-Type", "application/json")}, 200, nil, CodeHeaderNotAllowed},
		{"listeners without a list", listeners, 200, nil, CodeOK},
		{"listeners with another list", listeners, 200, Header(acam, "DELETE"), CodeMethodNotAllowed},
		{"listeners with an empty list", listeners, 200, Header(acam, ""), CodeMethodNotAllowed},
	} {
		_, finding := CheckPreflight(Spec(), f.fetch, Response{Status: f.status, Header: append(f.header, granted...)})
		if finding.Code != f.want {
			t.Errorf("%s: %v, want %s", f.name, finding, f.want)
		}
		if _, finding := CheckPreflight(Spec(), f.fetch,
			Response{Status: f.status, Header: f.header}); finding.Code != CodeAllowOriginMissing {
			t.Errorf("%s, and no origin: %v", f.name, finding)
		}
	}
	authorization := headers("Authorization")
	for _, engine := range []Profile{Chromium(), Firefox(), WebKit()} {
		if _, finding := CheckPreflight(engine, authorization, Response{Status: 200, Header: append(Header(acah, "*"),
			granted...)}); !finding.OK {
			t.Errorf("%s lets * cover Authorization: %v", engine.Name, finding)
		}
	}
}

func TestMaxAge(t *testing.T) {
	for _, f := range []struct {
		lines   []string
		profile Profile
		want    time.Duration
	}{
		{nil, Spec(), 5 * time.Second},
		{[]string{"0"}, Spec(), 0},
		{[]string{"600"}, Spec(), 600 * time.Second},
		{[]string{"0600"}, Spec(), 600 * time.Second},
		{[]string{"-1"}, Spec(), 5 * time.Second},
		{[]string{"+600"}, Spec(), 5 * time.Second},
		{[]string{"1.5"}, Spec(), 5 * time.Second},
		{[]string{"600, 600"}, Spec(), 5 * time.Second},
		{[]string{"600", "600"}, Spec(), 5 * time.Second},
		{[]string{""}, Spec(), 5 * time.Second},
		{nil, Firefox(), 5 * time.Second},
		{[]string{""}, Firefox(), 5 * time.Second},
		{[]string{"-1"}, Firefox(), 0},
		{[]string{"600", "600"}, Firefox(), 0},
		{[]string{"abc"}, Firefox(), 0},
		{[]string{"abc"}, WebKit(), 5 * time.Second},
		{[]string{"86400"}, Firefox(), 24 * time.Hour},
		{[]string{"86401"}, Firefox(), 24 * time.Hour},
		{[]string{"86400"}, Chromium(), 2 * time.Hour},
		{[]string{"86400"}, WebKit(), 10 * time.Minute},
		{[]string{"99999999999999999999999999"}, Chromium(), 2 * time.Hour},
		{[]string{"1"}, Chromium(), time.Second},
	} {
		header := Header(acao, originA, acam, "PUT")
		for _, line := range f.lines {
			header = append(header, Field{acma, line})
		}
		grant, finding := CheckPreflight(f.profile, Fetch{Origin: originA, Method: "PUT"}, Response{Status: 204, Header: header})
		if !finding.OK || grant.MaxAge != f.want {
			t.Errorf("%q in %s: %v (%v), want %v", f.lines, f.profile.Name, grant.MaxAge, finding, f.want)
		}
	}
}
