package realbrowser

import (
	"fmt"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// modes varies the modes and redirect modes of requests.
func (t *table) modes() {
	all := []string{acao + "*", aceh + "*", "X-E: e"}
	for _, url := range []string{"0/0", "page/0"} {
		for _, mode := range []browsermodel.Mode{browsermodel.ModeCORS, browsermodel.ModeNoCORS, browsermodel.ModeSameOrigin} {
			for _, method := range []string{"GET", "HEAD", "POST", "PUT"} {
				for _, header := range []string{"", "x-a", "Accept", "Content-Type", "Range"} {
					f := browsermodel.Fetch{URL: url, Mode: mode, Method: method}
					switch header {
					case "x-a":
						f.Header = browsermodel.Header(header, "1")
					case "Accept", "Content-Type":
						f.Header = browsermodel.Header(header, "text/plain")
					case "Range":
						f.Header = browsermodel.Header(header, "bytes=0-1")
					}
					id := fmt.Sprintf("mode/%s/%s/%s %s", url[:len(url)-2], mode, method, header)
					t.add(id, map[hop]answer{
						{"0", true}:  {status: 204, lines: []string{acao + "*", acam + "*", acah + "*"}},
						{"0", false}: {lines: all, body: "ok"},
					}, Job{Fetch: f})
				}
			}
		}
	}
	for _, method := range []string{"GET", "POST", "PUT"} {
		for _, value := range [][]string{{}, {""}, {"POST"}, {"PUT"}, {"*"}, {"@"}} {
			f := browsermodel.Fetch{Method: method, UploadListeners: true}
			if method != "GET" {
				f.Body = "hello"
			}
			t.asked("upload listeners/"+method+"/"+name(value...), f,
				answer{status: 204, lines: append(grant(f), lines(acam, value...)...)})
		}
		f := browsermodel.Fetch{Method: method, UploadListeners: true, URL: "page/0"}
		if method != "GET" {
			f.Body = "hello"
		}
		t.asked("upload listeners/same origin/"+method, f, answer{status: 403})
	}
}

// requests varies what the script sends; the answers allow everything. The test compares
// the requests on the wire. Control characters in values, which scripts can send, are left out:
// servers, including net/http, refuse them before any CORS middleware runs.
func (t *table) requests() {
	everything := map[hop]answer{
		{"0", true}:  {status: 204, lines: []string{acao + "*", acam + "*, PUT", acah + "*, authorization"}},
		{"0", false}: {lines: []string{acao + "*"}, body: "ok"},
	}
	ask := func(id, method, body string, header ...string) {
		t.add("request/"+id, everything, Job{Fetch: browsermodel.Fetch{Method: method, Body: body, Header: browsermodel.Header(header...)}})
	}
	for _, method := range []string{
		"get", "Get", "head", "Head", "post", "pOst", "put", "Put", "delete", "DELETE", "options", "Options", "patch", "PATCH", "pAtch",
		"query", "CHICKEN", "a", "!#$%&'*+-.^_`|~", "CONNECT", "connect", "TRACE", "Trace", "track", "TRACK", " ", "GET ", "G ET",
		"G\u00c9T", "GET\n", "\"", "(", "P/T",
	} {
		ask("method/"+name(method), method, "")
	}
	for _, h := range [][2]string{
		{"Accept", ""}, {"Accept", "text/html"}, {"Accept", "*/*;q=0.1"}, {"Accept", "a\"b"}, {"Accept", "a(b"}, {"Accept", "a:b"},
		{"Accept", "<"}, {"Accept", "?"}, {"Accept", "a@b"}, {"Accept", "[a]"}, {"Accept", "a\\b"}, {"Accept", "{"}, {"Accept", "a\tb"},
		{"Accept", "caf\xe9"}, {"Accept", "'"}, {"Accept", "a/b;c=d"},
		{"Accept", strings.Repeat("a", 128)}, {"Accept", strings.Repeat("a", 129)},
		{"Accept-Language", ""}, {"Accept-Language", "en"}, {"Accept-Language", "en-GB, de;q=0.5"}, {"Accept-Language", "*"},
		{"Accept-Language", "en/de"}, {"Accept-Language", "en_GB"}, {"Accept-Language", "\xe9"}, {"Accept-Language", "@"},
		{"Accept-Language", "en\tde"},
		{"Content-Language", "en"}, {"Content-Language", "en, de"}, {"Content-Language", "'"},
		{"Content-Language", strings.Repeat("a", 129)},
		{"Content-Type", ""}, {"Content-Type", "text/plain"}, {"Content-Type", "TEXT/PLAIN"}, {"Content-Type", " text/plain "},
		{"Content-Type", "text/plain;charset=utf-8"}, {"Content-Type", "text/plain; charset=\"utf-8\""}, {"Content-Type", "text/plain ;x"},
		{"Content-Type", "text/plain;"}, {"Content-Type", "text/plain,"}, {"Content-Type", "text/plain, text/html"},
		{"Content-Type", "text/plain;application/json"}, {"Content-Type", "text/plain;x=:"},
		{"Content-Type", "multipart/form-data"}, {"Content-Type", "multipart/form-data; boundary=x"},
		{"Content-Type", "application/x-www-form-urlencoded"}, {"Content-Type", "application/json"},
		{"Content-Type", "application/json; x=text/plain"}, {"Content-Type", "text/html"}, {"Content-Type", "text"},
		{"Content-Type", "text/"}, {"Content-Type", "/plain"}, {"Content-Type", "text/ plain"}, {"Content-Type", "x"},
		{"Content-Type", "text/plainx"}, {"Content-Type", "text/plain;" + strings.Repeat("a", 117)},
		{"Content-Type", "text/plain;" + strings.Repeat("a", 118)},
		{"Range", ""}, {"Range", "bytes=0-1"}, {"Range", "bytes=0-"}, {"Range", "bytes=5-5"}, {"Range", "bytes=5-4"}, {"Range", "bytes=-5"},
		{"Range", "bytes=0-1,3-4"}, {"Range", "Bytes=0-1"}, {"Range", "bytes= 0-1"}, {"Range", "bytes=0 -1"}, {"Range", "items=0-1"},
		{"Range", "bytes=00-01"}, {"Range", "bytes=18446744073709551616-18446744073709551617"}, {"Range", "bytes=a-b"},
		{"Range", "bytes 0-1"},
		{"Last-Event-ID", "1"}, {"DPR", "1"}, {"Downlink", "1"}, {"Save-Data", "on"}, {"Viewport-Width", "1"}, {"Width", "1"},
		{"Device-Memory", "1"}, {"Priority", "u=1"}, {"If-None-Match", "\"1\""}, {"If-Modified-Since", "0"}, {"Cache-Control", "no-cache"},
		{"Pragma", "no-cache"}, {"User-Agent", "me"}, {"X-Requested-With", "XMLHttpRequest"}, {"Purpose", "prefetch"},
		{"Intervention", "x"}, {"Content-Encoding", "gzip"}, {"From", "me"}, {"Max-Forwards", "1"}, {"X-\u00c9", "1"},
		{"X-A", ""}, {"x-a", " 1 "}, {"x-a", "\t1\t"}, {"X-A", "a\tb"}, {"X-A", "caf\xe9"}, {"X-A", "a\nb"}, {"X-A", "a\rb"},
		{"X-A", "a\x00b"}, {"X-A", "\n1\r"}, {"X-A", strings.Repeat("a", 5000)},
		{"", "1"}, {"x a", "1"}, {"x:", "1"}, {"x\"", "1"}, {"(", "1"}, {"x\n", "1"},
	} {
		ask("header/"+name(h[0]+": "+h[1]), "GET", "", h[0], h[1])
	}
	for _, h := range [][2]string{
		{"Accept-Charset", "utf-8"}, {"Accept-Encoding", "gzip"}, {"Access-Control-Request-Headers", "x"},
		{"Access-Control-Request-Method", "PUT"}, {"Connection", "close"}, {"Content-Length", "5"}, {"Cookie", "a=b"}, {"Cookie2", "a"},
		{"Date", "x"}, {"DNT", "1"}, {"Expect", "100-continue"}, {"Host", "evil.test"}, {"Keep-Alive", "1"},
		{"Origin", "https://b.example"}, {"Referer", "https://b.example/"}, {"Set-Cookie", "a=b"}, {"TE", "trailers"}, {"Trailer", "x"},
		{"Transfer-Encoding", "chunked"}, {"Upgrade", "h2c"}, {"Via", "x"}, {"Proxy-Authorization", "x"}, {"proxy-", "x"}, {"Proxy", "x"},
		{"Sec-Fetch-Mode", "cors"}, {"sec-", "x"}, {"Sec", "x"}, {"Sec-CH-UA", "x"}, {"Access-Control-Request-Private-Network", "true"},
		{"X-HTTP-Method", "GET"}, {"X-HTTP-Method", "TRACE"}, {"X-HTTP-Method-Override", "connect"}, {"X-Method-Override", "PUT, track"},
		{"X-Method-Override", "PUT,TRACE ,GET"}, {"X-Method-Override", "TRACER"}, {"X-HTTP-Method-Override", "\"TRACE\""},
	} {
		ask("forbidden/"+name(h[0]+": "+h[1]), "GET", "", h[0], h[1])
		ask("forbidden/"+name(h[0]+": "+h[1])+" with x-a", "GET", "", h[0], h[1], "x-a", "1")
	}
	ask("headers/order", "GET", "", "x-c", "1", "X-A", "1", "x-b", "1", "Content-Type", "application/json", "Authorization", "x")
	ask("headers/underscore and digits", "GET", "", "x_a", "1", "x-1", "1", "x-a", "1", "xa", "1", "x.a", "1", "x~", "1")
	ask("headers/repeated", "GET", "", "x-a", "1", "X-A", "2", "x-A", "3")
	ask("headers/repeated and safelisted", "GET", "", "Accept", "a/b", "accept", "c/d")
	ask("headers/repeated and long together", "GET", "", "Accept", strings.Repeat("a", 100), "accept", strings.Repeat("b", 100))
	ask("headers/repeated content type", "GET", "", "Content-Type", "text/plain", "Content-Type", "text/plain")
	many := []string{}
	for i := range 9 {
		many = append(many, []string{"Accept", "Accept-Language", "Content-Language"}[i%3], strings.Repeat("a", 41))
	}
	ask("headers/long together", "GET", "", many...)
	ask("headers/1024 safe bytes", "GET", "", "Accept", strings.Repeat("a", 128), "Accept-Language", strings.Repeat("a", 128),
		"Content-Language", strings.Repeat("a", 128), "Content-Type", "text/plain;"+strings.Repeat("a", 117))
	ask("body/POST", "POST", "hello")
	ask("body/POST text", "POST", "hello", "Content-Type", "text/plain")
	ask("body/POST json", "POST", "{}", "Content-Type", "application/json")
	ask("body/PUT", "PUT", "hello")
	ask("body/GET", "GET", "hello")
	ask("body/HEAD", "HEAD", "hello")
	ask("body/DELETE", "DELETE", "hello")
	ask("body/PATCH", "PATCH", "hello")
	ask("body/POST empty", "POST", "")
	ask("body/unicode", "POST", "h\u00e9llo \u20ac")
	for _, page := range []string{"null", "http://localhost:3000", "http://[::1]:8080"} {
		t.add("request/from/"+page, everything, Job{Fetch: browsermodel.Fetch{Origin: page, Method: "PUT",
			Header: browsermodel.Header("x-a", "1")}})
		t.add("request/simply from/"+page, everything, Job{Fetch: browsermodel.Fetch{Origin: page}})
	}
}
