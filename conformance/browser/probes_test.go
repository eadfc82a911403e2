package browser

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/corskit/corskit/conformance"
)

// probe is a question to a browser and to its model: a fetch, or several, and
// the answers of the servers.
type probe struct {
	id   string
	once bool  // it shows nothing more with XMLHttpRequest than with fetch()
	jobs []Job // the URL of each is a hop, "0/1": server 0, second path
	said map[hop]answer
}

// hop is a request that a peer answers.
type hop struct {
	path      string
	preflight bool
}

// The origins in a probe's answers: {page} is the page's, {0}, {1} and {2} are
// those of the servers, and {id} is the first segment of every path.

// Header names, because the table has little else.
const (
	acao = "Access-Control-Allow-Origin: "
	acac = "Access-Control-Allow-Credentials: "
	acam = "Access-Control-Allow-Methods: "
	acah = "Access-Control-Allow-Headers: "
	acma = "Access-Control-Max-Age: "
	aceh = "Access-Control-Expose-Headers: "
)

// lines prefixes each value with a header's name.
func lines(name string, values ...string) []string {
	var all []string
	for _, value := range values {
		all = append(all, name+value)
	}
	return all
}

// table collects the probes.
type table struct{ probes []probe }

func (t *table) add(id string, said map[hop]answer, jobs ...Job) {
	for i := range jobs {
		if jobs[i].URL == "" {
			jobs[i].URL = "0/0"
		}
		if jobs[i].Origin == "" {
			jobs[i].Origin = "{page}"
		}
	}
	t.probes = append(t.probes, probe{id: id, jobs: jobs, said: said})
}

// simple adds a GET that needs no preflight.
func (t *table) simple(id string, f conformance.Fetch, header ...string) {
	t.add(id, map[hop]answer{{"0", false}: {lines: header, body: "ok"}}, Job{Fetch: f})
}

// asked adds a fetch whose preflight is answered so; the request itself is
// granted everything.
func (t *table) asked(id string, f conformance.Fetch, preflight answer) {
	t.add(id, map[hop]answer{
		{"0", true}:  preflight,
		{"0", false}: {lines: grant(f), body: "ok"},
	}, Job{Fetch: f})
}

// grant is the header section by which a response passes the CORS check.
func grant(f conformance.Fetch) []string {
	origin := f.Origin
	if origin == "" {
		origin = "{page}"
	}
	if f.Credentials {
		return []string{acao + origin, acac + "true"}
	}
	return []string{acao + origin}
}

// name makes an ID of any bytes.
func name(values ...string) string {
	if len(values) == 0 {
		return "absent"
	}
	var quoted []string
	for _, v := range values {
		q := fmt.Sprintf("%+q", v)
		if v != "" && strings.TrimSpace(v) == v {
			q = q[1 : len(q)-1]
		}
		quoted = append(quoted, q)
	}
	return strings.Join(quoted, " | ")
}

func with(id string, credentials bool) string {
	if credentials {
		return id + " with credentials"
	}
	return id
}

var both = []bool{false, true}

// probes generates the table.
func probes() []probe {
	t := new(table)
	t.allowOrigin()
	t.allowCredentials()
	t.status()
	t.allowMethods()
	t.allowHeaders()
	t.expose()
	t.maxAge()
	t.cache()
	t.redirects()
	t.modes()
	t.requests()
	t.malformed()
	return t.probes
}

// allowOrigin varies Access-Control-Allow-Origin on the response itself and on
// the preflight's.
func (t *table) allowOrigin() {
	values := [][]string{
		{}, {""}, {" "}, {"{page}"}, {"*"}, {"null"},
		{"  {page}  "}, {"\t{page}\t"}, {" *\t"}, {"\x0b{page}"}, {"{page}\x0c"}, {"{page}\xa0"}, {"\x0b*"}, {"*\x0c"},
		{"{page}", "{page}"}, {"*", "*"}, {"{page}", "*"}, {"*", "{page}"}, {"{page}", ""}, {"", "{page}"}, {"*", ""}, {"", "*"}, {"", ""},
		{"{page}, {page}"}, {"{page},{page}"}, {"{page} {page}"}, {"{page},*"}, {"*, *"}, {"*,"}, {",*"}, {"{page},"}, {",{page}"}, {"{page};"},
		{"**"}, {"* *"}, {"\"*\""}, {"\"{page}\""}, {"<{page}>"}, {"'{page}'"}, {"%2A"},
		{"{page}/"}, {"{page}:443"}, {"{page}/x"}, {"{page}?"}, {"{page}#"}, {"{page}."}, {"{page}.evil.test"}, {"{page}:4430"},
		{"http://a.example"}, {"HTTPS://a.example"}, {"https://A.example"}, {"https://A.EXAMPLE"}, {"//a.example"}, {"a.example"}, {"https:a.example"},
		{"https:/a.example"}, {"https://*.example"}, {"https://*"}, {"*.example"}, {"https://user@a.example"}, {"https://x.a.example"}, {"https://b.example"},
		{"https://a.exampl"}, {"https://a.example\x00"}, {"{0}"}, {"https://a%2Eexample"}, {"https://\xc3\xa0.example"},
		{"true"}, {"all"}, {"any"}, {"undefined"},
	}
	for _, credentials := range both {
		for _, value := range values {
			f := conformance.Fetch{Credentials: credentials}
			header := lines(acao, value...)
			if credentials {
				header = append(header, acac+"true")
			}
			t.simple(with("allow-origin/"+name(value...), credentials), f, header...)
		}
		for _, value := range [][]string{
			{}, {""}, {"*"}, {"null"}, {"NULL"}, {"Null"}, {" null\t"}, {"\"null\""}, {"null", "null"}, {"null, null"}, {"null,"}, {"nul"}, {"nullx"}, {"{page}"}, {"{0}"}, {"null", "*"},
		} {
			f := conformance.Fetch{Origin: "null", Credentials: credentials}
			header := lines(acao, value...)
			if credentials {
				header = append(header, acac+"true")
			}
			t.simple(with("allow-origin/sandboxed/"+name(value...), credentials), f, header...)
		}
		for _, value := range [][]string{
			{}, {""}, {"*"}, {"null"}, {"{page}", "{page}"}, {"{page}, *"}, {"{page}/"}, {"HTTPS://a.example"}, {" {page}\t"}, {"https://b.example"},
		} {
			f := conformance.Fetch{Method: "PUT", Credentials: credentials}
			header := append(lines(acao, value...), acam+"PUT")
			if credentials {
				header = append(header, acac+"true")
			}
			t.asked(with("allow-origin/preflight/"+name(value...), credentials), f, answer{status: 204, lines: header})
		}
	}
	// The name of a field has no case.
	for _, field := range []string{"access-control-allow-origin: ", "ACCESS-CONTROL-ALLOW-ORIGIN: ", "Access-Control-Allow-Origin:", "Access_Control_Allow_Origin: ", "Access-Control-Allow-Origins: "} {
		t.simple("allow-origin/name/"+name(field), conformance.Fetch{}, field+"{page}")
	}
	t.add("allow-origin/only on the preflight", map[hop]answer{
		{"0", true}:  {status: 204, lines: []string{acao + "{page}", acam + "PUT"}},
		{"0", false}: {lines: []string{acam + "PUT"}},
	}, Job{Fetch: conformance.Fetch{Method: "PUT"}})
	t.add("allow-origin/another on the response", map[hop]answer{
		{"0", true}:  {status: 204, lines: []string{acao + "{page}", acam + "PUT"}},
		{"0", false}: {lines: []string{acao + "https://b.example"}},
	}, Job{Fetch: conformance.Fetch{Method: "PUT"}})
	t.add("allow-origin/wildcard on the response", map[hop]answer{
		{"0", true}:  {status: 204, lines: []string{acao + "{page}", acam + "PUT"}},
		{"0", false}: {lines: []string{acao + "*"}},
	}, Job{Fetch: conformance.Fetch{Method: "PUT"}})
}

// allowCredentials varies Access-Control-Allow-Credentials.
func (t *table) allowCredentials() {
	values := [][]string{
		{}, {""}, {"true"}, {"True"}, {"TRUE"}, {"tRuE"}, {"false"}, {" true "}, {"\ttrue\t"}, {"true\x0b"}, {"true", "true"}, {"true", "false"}, {"false", "true"},
		{"true", ""}, {"", "true"}, {"true,true"}, {"true,"}, {",true"}, {"true;"}, {"\"true\""}, {"1"}, {"yes"}, {"*"}, {"tru"}, {"truee"}, {"true false"}, {"{page}"},
	}
	for _, value := range values {
		f := conformance.Fetch{Credentials: true}
		t.simple("allow-credentials/"+name(value...), f, append(lines(acac, value...), acao+"{page}")...)
		f.Method = "PUT"
		t.asked("allow-credentials/preflight/"+name(value...), f, answer{status: 204, lines: append(lines(acac, value...), acao+"{page}", acam+"PUT")})
	}
	for _, value := range [][]string{{""}, {"false"}, {"TRUE"}, {"true", "true"}} {
		t.simple("allow-credentials/none sent/"+name(value...), conformance.Fetch{}, append(lines(acac, value...), acao+"{page}")...)
		t.simple("allow-credentials/none sent, any origin/"+name(value...), conformance.Fetch{}, append(lines(acac, value...), acao+"*")...)
	}
}

// status varies the status of preflights and of responses.
func (t *table) status() {
	for _, status := range []int{
		200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 250, 299, 300, 301, 302, 303, 304, 305, 306, 307, 308,
		400, 401, 402, 403, 404, 405, 406, 409, 410, 418, 426, 429, 451, 499, 500, 501, 502, 503, 504, 511, 599, 600, 700, 999,
	} {
		t.asked(fmt.Sprintf("status/preflight/%d", status), conformance.Fetch{Method: "PUT"}, answer{
			status: status, lines: []string{acao + "{page}", acam + "PUT"},
		})
		// 401 would open a dialogue only if it asked for credentials.
		t.add(fmt.Sprintf("status/response/%d", status), map[hop]answer{
			{"0", false}: {status: status, lines: []string{acao + "{page}", "Content-Type: text/plain", "X-E: e", aceh + "x-e"}, body: "ok"},
		}, Job{})
		t.add(fmt.Sprintf("status/response without permission/%d", status), map[hop]answer{
			{"0", false}: {status: status, body: "ok"},
		}, Job{})
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.add(fmt.Sprintf("status/preflight/%d with a location", status), map[hop]answer{
			{"0", true}:  {status: status, lines: []string{acao + "{page}", acam + "PUT", "Location: {0}/{id}/1"}},
			{"1", true}:  {status: 204, lines: []string{acao + "{page}", acam + "PUT"}},
			{"0", false}: {lines: []string{acao + "{page}"}, body: "ok"},
		}, Job{Fetch: conformance.Fetch{Method: "PUT"}})
	}
	for _, status := range []int{100, 102, 103} {
		interim := fmt.Sprintf("HTTP/1.1 %d Interim\r\n\r\n", status)
		t.asked(fmt.Sprintf("status/preflight/204 after %d", status), conformance.Fetch{Method: "PUT"}, answer{
			status: 204, before: interim, lines: []string{acao + "{page}", acam + "PUT"},
		})
		t.asked(fmt.Sprintf("status/preflight/204 after %d with the headers", status), conformance.Fetch{Method: "PUT"}, answer{
			status: 204, before: fmt.Sprintf("HTTP/1.1 %d Interim\r\n%s{page}\r\n%sPUT\r\n\r\n", status, acao, acam),
		})
	}
	t.asked("status/preflight/200 with a body", conformance.Fetch{Method: "PUT"}, answer{
		lines: []string{acao + "{page}", acam + "PUT", "Content-Type: text/html"}, body: strings.Repeat("<p>hello</p>", 200),
	})
}

// allowMethods varies Access-Control-Allow-Methods.
func (t *table) allowMethods() {
	values := [][]string{
		{}, {""}, {" "}, {","}, {"PUT"}, {"put"}, {"Put"}, {"PUT,DELETE"}, {"PUT, DELETE"}, {"DELETE,PUT"}, {"DELETE"}, {" PUT "}, {"\tPUT\t"}, {"PUT ,DELETE"}, {"PUT\t,\tDELETE"},
		{"PUT,,DELETE"}, {",PUT"}, {"PUT,"}, {", ,PUT"}, {strings.Repeat(",", 20) + "PUT"}, {"PUT,PUT"},
		{"*"}, {"*,PUT"}, {"PUT,*"}, {"* "}, {"**"}, {"*", "PUT"}, {"\"*\""},
		{"\"PUT\""}, {"PUT;DELETE"}, {"PUT DELETE"}, {"PUT/1"}, {"(PUT)"}, {"PUT, D(L"}, {"PUT, DELETE;q=1"}, {"PUT, @"}, {"PUT, \""}, {"PUT, D\xc9LETE"}, {"P\x0bUT"}, {"PUT\x0b"}, {"PUT,\x0bDELETE"},
		{"PUT", "DELETE"}, {"DELETE", "PUT"}, {"PUT", ""}, {"", "PUT"}, {"PUT", "PUT"}, {"PUT", "D L"}, {"PUTS"}, {"PU"}, {"GET, HEAD, POST"}, {"PUT, TRACE"}, {"PATCH"}, {"patch"}, {"Patch, PATCH"}, {"all"}, {"null"}, {"PUT, GET, POST, DELETE, PATCH, HEAD, OPTIONS"},
	}
	for _, value := range values {
		for _, credentials := range both {
			f := conformance.Fetch{Method: "PUT", Credentials: credentials}
			preflight := answer{status: 204, lines: append(grant(f), lines(acam, value...)...)}
			t.asked(with("allow-methods/PUT/"+name(value...), credentials), f, preflight)
		}
	}
	for _, method := range []string{"DELETE", "PATCH", "patch", "Patch", "OPTIONS", "QUERY", "chicken", "X!", "put", "delete"} {
		spellings := []string{method, strings.ToUpper(method), strings.ToLower(method)}
		slices.Sort(spellings)
		values := [][]string{{}, {"*"}}
		for _, s := range slices.Compact(spellings) {
			values = append(values, []string{s})
		}
		for _, value := range values {
			f := conformance.Fetch{Method: method}
			t.asked("allow-methods/"+method+"/"+name(value...), f, answer{status: 204, lines: append(grant(f), lines(acam, value...)...)})
		}
	}
	// GET, HEAD and POST need not be listed, but the list is read all the same.
	for _, method := range []string{"GET", "HEAD", "POST"} {
		for _, value := range [][]string{{}, {""}, {"PUT"}, {"GET"}, {"get"}, {"*"}, {"@"}, {"PUT POST"}, {"PUT, \""}} {
			f := conformance.Fetch{Method: method, Header: conformance.Header("x-a", "1")}
			t.asked("allow-methods/"+method+" with a header/"+name(value...), f, answer{
				status: 204, lines: append(append(grant(f), acah+"x-a"), lines(acam, value...)...),
			})
		}
	}
}

// allowHeaders varies Access-Control-Allow-Headers.
func (t *table) allowHeaders() {
	values := [][]string{
		{}, {""}, {" "}, {","}, {"x-a"}, {"X-A"}, {"X-a"}, {"x-a,x-b"}, {"x-a, x-b"}, {"x-b,x-a"}, {"x-b"}, {" x-a "}, {"\tx-a\t"}, {"x-a ,x-b"}, {"x-a\t,\tx-b"},
		{"x-a,,x-b"}, {",x-a"}, {"x-a,"}, {", ,x-a"}, {strings.Repeat(",", 20) + "x-a"}, {"x-a,x-a"},
		{"*"}, {"*,x-a"}, {"x-a,*"}, {"* "}, {"**"}, {"x-*"}, {"*", "x-a"}, {"\"*\""},
		{"\"x-a\""}, {"x-a;x-b"}, {"x-a x-b"}, {"x-a: 1"}, {"(x-a)"}, {"x-a, (x-b)"}, {"x-a, x-b;q=1"}, {"x-a, @"}, {"x-a, \""}, {"x-a, x-\xe9"}, {"x\x0b-a"}, {"x-a\x0b"}, {"x-a,\x0bx-b"},
		{"x-a", "x-b"}, {"x-b", "x-a"}, {"x-a", ""}, {"", "x-a"}, {"x-a", "x-a"}, {"x-a", "x b"}, {"x-ab"}, {"x-"}, {"x_a"}, {"a"}, {"authorization"}, {"all"}, {"x-a, cookie"}, {"x-a, *, x-b"},
	}
	for _, value := range values {
		for _, credentials := range both {
			f := conformance.Fetch{Header: conformance.Header("x-a", "1"), Credentials: credentials}
			t.asked(with("allow-headers/x-a/"+name(value...), credentials), f, answer{
				status: 204, lines: append(grant(f), lines(acah, value...)...),
			})
		}
	}
	type request struct {
		id     string
		header conformance.Fields
		values [][]string
	}
	for _, r := range []request{
		{"two", conformance.Header("X-B", "1", "X-A", "1"), [][]string{{}, {"x-a"}, {"x-b"}, {"x-a,x-b"}, {"X-B, X-A"}, {"x-a", "x-b"}, {"*"}, {"x-a,*"}, {"x-ax-b"}, {"x-a x-b"}}},
		{"authorization", conformance.Header("Authorization", "Bearer x"), [][]string{{}, {"*"}, {"authorization"}, {"Authorization"}, {"*, authorization"}, {"*, Authorization"}, {"*", "authorization"}, {"AUTHORIZATION,*"}}},
		{"authorization and x-a", conformance.Header("Authorization", "Bearer x", "x-a", "1"), [][]string{{}, {"*"}, {"authorization"}, {"x-a"}, {"*, authorization"}, {"x-a, authorization"}}},
		{"content-type", conformance.Header("Content-Type", "application/json"), [][]string{{}, {"*"}, {"content-type"}, {"Content-Type"}, {"x-a"}}},
		{"accept", conformance.Header("Accept", "a/b; q=(1)"), [][]string{{}, {"*"}, {"accept"}, {"x-a"}}},
		{"range", conformance.Header("Range", "bytes=1-2,4-5"), [][]string{{}, {"*"}, {"range"}, {"x-a"}}},
		{"a long name", conformance.Header("x-"+strings.Repeat("a", 300), "1"), [][]string{{}, {"*"}, {"x-" + strings.Repeat("a", 300)}, {"x-" + strings.Repeat("a", 299)}}},
		{"a star", conformance.Header("*", "1"), [][]string{{}, {"*"}, {"x-a"}}},
		{"odd tokens", conformance.Header("!#$%&'*+-.^_`|~", "1"), [][]string{{}, {"*"}, {"!#$%&'*+-.^_`|~"}}},
	} {
		for _, credentials := range both {
			for _, value := range r.values {
				f := conformance.Fetch{Header: r.header, Credentials: credentials}
				t.asked(with("allow-headers/"+r.id+"/"+name(value...), credentials), f, answer{
					status: 204, lines: append(grant(f), lines(acah, value...)...),
				})
			}
		}
	}
}

// expose varies Access-Control-Expose-Headers.
func (t *table) expose() {
	response := []string{
		"X-E: e", "x-f: f", "X-F: g", "Set-Cookie: c=1", "ETag: \"1\"", "Content-Type: text/plain", "Cache-Control: no-store",
		"Content-Language: en", "Expires: 0", "Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT", "Pragma: p", "Server: s", "Vary: Origin",
		"Content-Encoding: identity", "X-Empty:",
	}
	values := [][]string{
		{}, {""}, {","}, {"x-e"}, {"X-E"}, {"x-e,x-f"}, {"x-e, x-f"}, {"X-F ,\tX-E"}, {"x-e,,x-f"}, {",x-e"}, {"x-e,"}, {"*"}, {"*,x-e"}, {"x-e,*"}, {"* "}, {"**"}, {"\"*\""}, {"x-*"},
		{"x-e", "x-f"}, {"x-e", ""}, {"", "x-e"}, {"x-e", "@"}, {"@", "x-e"}, {"*", "x-e"}, {"x-e;x-f"}, {"x-e x-f"}, {"x-e, x f"}, {"\"x-e\""}, {"x-e, @"}, {"x-e, \""}, {"(x-e)"}, {"x-e, x-\xe9"}, {"x-e\x0b"},
		{"set-cookie"}, {"Set-Cookie, x-e"}, {"etag, server, vary"}, {"x-empty"}, {"access-control-allow-origin, access-control-expose-headers"}, {"content-type"}, {"content-encoding"}, {"content-length"}, {"x-none"},
	}
	for _, value := range values {
		for _, credentials := range both {
			f := conformance.Fetch{Credentials: credentials}
			header := append(append(append([]string(nil), grant(f)...), lines(aceh, value...)...), response...)
			t.simple(with("expose/"+name(value...), credentials), f, header...)
		}
	}
	f := conformance.Fetch{Method: "PUT"}
	t.asked("expose/only on the preflight", f, answer{status: 204, lines: append(grant(f), acam+"PUT", aceh+"x-e")})
}

// maxAge varies Access-Control-Max-Age. How often the browser asks anew shows
// what it made of it: at once, and after more than the five seconds that are
// the default.
func (t *table) maxAge() {
	for _, value := range [][]string{
		{}, {""}, {"0"}, {"00"}, {"20"}, {"600"}, {"0600"}, {" 600 "}, {"\t600\t"}, {"86400"}, {"86401"}, {"9999999999"}, {"18446744073709551616"}, {strings.Repeat("9", 60)},
		{"-1"}, {"-600"}, {"+600"}, {"600.0"}, {"0.5"}, {"6e2"}, {"0x258"}, {"600s"}, {"10m"}, {"6 00"}, {"\"600\""}, {"600;"}, {"600, 600"}, {"600,600"}, {"600", "600"}, {"0", "600"}, {"600", "0"}, {"600", ""}, {"", "600"}, {"abc"}, {"null"}, {"true"}, {"*"}, {"\xd9\xa6"},
	} {
		for _, credentials := range both {
			if credentials && len(value) != 1 {
				continue
			}
			f := conformance.Fetch{Method: "PUT", Credentials: credentials}
			preflight := append(append(append([]string(nil), grant(f)...), acam+"PUT"), lines(acma, value...)...)
			t.add(with("max-age/"+name(value...), credentials), map[hop]answer{
				{"0", true}:  {status: 204, lines: preflight},
				{"0", false}: {lines: grant(f), body: "ok"},
			}, Job{Fetch: f}, Job{Fetch: f}, Job{Fetch: f, Wait: 8 * time.Second})
			t.probes[len(t.probes)-1].once = true
		}
	}
}

// cache asks several times for one URL. What the first answers grant decides
// how many preflights there are.
func (t *table) cache() {
	fetch := func(method string, names ...string) conformance.Fetch {
		f := conformance.Fetch{Method: method}
		for _, n := range names {
			f.Header = append(f.Header, conformance.Field{Name: n, Value: "1"})
		}
		return f
	}
	include := func(f conformance.Fetch) conformance.Fetch { f.Credentials = true; return f }
	listen := func(f conformance.Fetch) conformance.Fetch { f.UploadListeners = true; return f }
	from := func(origin string, f conformance.Fetch) conformance.Fetch { f.Origin = origin; return f }
	put, del, patch, get, getA, getB, putAB := fetch("PUT"), fetch("DELETE"), fetch("PATCH"), fetch("GET"), fetch("GET", "x-a"), fetch("GET", "x-b"), fetch("PUT", "x-b", "X-A")
	authorized := fetch("GET", "Authorization")
	post := fetch("POST")
	post.Body = "hello"
	for _, credentials := range both {
		for _, grants := range [][]string{
			{}, {acam + "PUT"}, {acam + "PUT, DELETE, PATCH", acah + "x-a, x-b, authorization"}, {acam + "PUT", acah + "x-a"}, {acah + "x-a"}, {acah + "X-A, X-B"},
			{acam + "*"}, {acah + "*"}, {acam + "*", acah + "*"}, {acam + "*, PUT", acah + "*, x-a, authorization"}, {acam + "put, PUT, delete"}, {acam + "PUT, @"}, {acam + "PUT", acah + "x-a, @"}, {acam + "GET, POST", acah + "accept"},
		} {
			for id, fetches := range map[string][]conformance.Fetch{
				"PUT, PUT":                   {put, put},
				"PUT, DELETE, PATCH":         {put, del, patch},
				"PUT, GET":                   {put, get, get},
				"x-a, x-a":                   {getA, getA},
				"x-a, x-b":                   {getA, getB},
				"x-a, PUT":                   {getA, put},
				"PUT, x-a":                   {put, getA},
				"PUT and both, x-a, x-b":     {putAB, getA, getB, put},
				"x-a, x-b, PUT and both":     {getA, getB, putAB},
				"authorization":              {authorized, authorized, getA},
				"x-a, authorization":         {getA, authorized},
				"with credentials after":     {put, include(put), put},
				"with credentials before":    {include(put), put, include(put)},
				"x-a with credentials after": {getA, include(getA), getA},
				"listeners, POST":            {listen(post), post, listen(post)},
				"PUT, listeners":             {put, listen(fetch("PUT")), put},
				"of two origins":             {put, from("null", put), put},
			} {
				var jobs []Job
				for _, f := range fetches {
					f.Credentials = f.Credentials || credentials
					jobs = append(jobs, Job{Fetch: f})
				}
				header := append([]string{acao + "{page}", acac + "true", acma + "600"}, grants...)
				t.add(with("cache/"+id+"/"+name(grants...), credentials), map[hop]answer{
					{"0", true}:  {status: 204, lines: header},
					{"0", false}: {lines: []string{acao + "{page}", acac + "true"}, body: "ok"},
				}, jobs...)
				t.probes[len(t.probes)-1].once = true
			}
		}
	}
	// A request that fails takes what is remembered with it.
	t.add("cache/the response is refused", map[hop]answer{
		{"0", true}:  {status: 204, lines: []string{acao + "{page}", acam + "PUT", acma + "600"}},
		{"0", false}: {body: "ok"},
	}, Job{Fetch: put}, Job{Fetch: put}, Job{Fetch: put})
}

// redirects sends the browser from one server to another.
func (t *table) redirects() {
	statuses := []int{301, 302, 303, 307, 308}
	ok := func(origin string) answer { return answer{lines: []string{acao + origin}, body: "ok"} }
	to := func(status int, location string, header ...string) answer {
		return answer{status: status, lines: append([]string{"Location: " + location}, header...)}
	}
	type shape struct {
		id    string
		start string // where the first request goes
		next  string // and the second
	}
	shapes := []shape{
		{"page to server", "page/0", "{0}/{id}/1"},
		{"within the server", "0/0", "{0}/{id}/1"},
		{"relative", "0/0", "/{id}/1"},
		{"to another server", "0/0", "{1}/{id}/1"},
		{"back to the page", "0/0", "{page}/{id}/1"},
	}
	for _, s := range shapes {
		for _, status := range statuses {
			for _, final := range []string{"{page}", "null", "*"} {
				t.add(fmt.Sprintf("redirect/%s/%d/%s", s.id, status, final), map[hop]answer{
					{"0", false}: to(status, s.next, acao+"{page}"),
					{"1", false}: ok(final),
				}, Job{Fetch: conformance.Fetch{URL: s.start}})
			}
		}
		for _, credentials := range both {
			for _, final := range []string{"{page}", "null", "*"} {
				f := conformance.Fetch{URL: s.start, Credentials: credentials}
				if !credentials {
					f.Header = conformance.Header("Accept", "text/plain")
				}
				t.add(with(fmt.Sprintf("redirect/%s/credentials or header/%s", s.id, final), credentials), map[hop]answer{
					{"0", false}: to(302, s.next, acao+"{page}", acac+"true"),
					{"1", false}: {lines: []string{acao + final, acac + "true"}, body: "ok"},
				}, Job{Fetch: f})
			}
		}
		for _, first := range []string{"", "*", "null", "https://b.example"} {
			header := []string(nil)
			if first != "" {
				header = []string{acao + first}
			}
			t.add(fmt.Sprintf("redirect/%s/allowed by %s", s.id, name(header...)), map[hop]answer{
				{"0", false}: to(302, s.next, header...),
				{"1", false}: ok("*"),
			}, Job{Fetch: conformance.Fetch{URL: s.start}})
		}
		for _, mode := range []conformance.Redirect{conformance.RedirectError, conformance.RedirectManual} {
			t.add(fmt.Sprintf("redirect/%s/mode %s", s.id, mode), map[hop]answer{
				{"0", false}: to(302, s.next, acao+"*"),
				{"1", false}: ok("*"),
			}, Job{Fetch: conformance.Fetch{URL: s.start, Redirect: mode}})
		}
		for _, mode := range []conformance.Mode{conformance.ModeNoCORS, conformance.ModeSameOrigin} {
			t.add(fmt.Sprintf("redirect/%s/mode %s", s.id, mode), map[hop]answer{
				{"0", false}: to(302, s.next, acao+"*"),
				{"1", false}: ok("*"),
			}, Job{Fetch: conformance.Fetch{URL: s.start, Mode: mode}})
		}
		// Methods, bodies and headers on the way, each asked for anew.
		for _, status := range statuses {
			for _, method := range []string{"POST", "PUT", "DELETE", "HEAD"} {
				f := conformance.Fetch{URL: s.start, Method: method, Header: conformance.Header("x-a", "1", "Authorization", "Bearer x")}
				if method != "HEAD" {
					f.Body = "hello"
				}
				grants := []string{acao + "*", acam + method, acah + "x-a, authorization"}
				t.add(fmt.Sprintf("redirect/%s/%s %d", s.id, method, status), map[hop]answer{
					{"0", true}:  {status: 204, lines: grants},
					{"0", false}: to(status, s.next, acao+"*"),
					{"1", true}:  {status: 204, lines: grants},
					{"1", false}: ok("*"),
				}, Job{Fetch: f})
			}
			t.add(fmt.Sprintf("redirect/%s/simple POST %d", s.id, status), map[hop]answer{
				{"0", false}: to(status, s.next, acao+"*"),
				{"1", false}: ok("*"),
			}, Job{Fetch: conformance.Fetch{URL: s.start, Method: "POST", Body: "hello"}})
		}
	}
	for _, status := range statuses {
		t.add(fmt.Sprintf("redirect/second preflight refused/%d", status), map[hop]answer{
			{"0", true}:  {status: 204, lines: []string{acao + "{page}", acam + "PUT"}},
			{"0", false}: to(status, "{1}/{id}/1", acao+"{page}"),
			{"1", true}:  {status: 204, lines: []string{acao + "{page}"}},
			{"1", false}: ok("*"),
		}, Job{Fetch: conformance.Fetch{Method: "PUT"}})
	}
	locations := []string{
		"", " ", "#f", "{1}/{id}/1#f", "?q", "https://user@s9.server.example/", "//user:pass@a.example/x", "data:,ok", "data:text/plain,ok", "ftp://a.example/", "about:blank",
		"blob:https://a.example/x", "javascript:1", "mailto:a@b.example", "https://", "https:///x", "http://[", "\\\\a.example\\{id}\\1", "file:///x", "x-app://y/", "1", "../{id}/1", "./1", "{0}/{id}/1 x", "{0}/{id}/\xc3\xa9",
	}
	for _, location := range locations {
		t.add("redirect/location/"+name(location), map[hop]answer{
			{"0", false}:        to(302, location, acao+"{page}"),
			{"1", false}:        ok("*"),
			{"1%20x", false}:    ok("*"),
			{"1 x", false}:      ok("*"),
			{"%C3%A9", false}:   ok("*"),
			{"\u00e9", false}:   ok("*"),
			{"\xc3\xa9", false}: ok("*"),
		}, Job{})
	}
	t.add("redirect/to a user on the page's host", map[hop]answer{
		{"0", false}: to(302, "https://user:pass@a.example/{id}/1"),
		{"1", false}: ok("*"),
	}, Job{Fetch: conformance.Fetch{URL: "page/0"}})
	t.add("redirect/to a user on another host", map[hop]answer{
		{"0", false}: to(302, "{0-user}/{id}/1"),
		{"1", false}: ok("*"),
	}, Job{Fetch: conformance.Fetch{URL: "page/0"}})
	t.add("redirect/to a user, from another host", map[hop]answer{
		{"0", false}: to(302, "{0-user}/{id}/1", acao+"*"),
		{"1", false}: ok("*"),
	}, Job{})
	t.add("redirect/without a location", map[hop]answer{{"0", false}: {status: 302, lines: []string{acao + "*"}, body: "ok"}}, Job{})
	t.add("redirect/two locations", map[hop]answer{
		{"0", false}: {status: 302, lines: []string{acao + "*", "Location: /{id}/1", "Location: /{id}/2"}},
		{"1", false}: ok("*"), {"2", false}: ok("*"),
	}, Job{})
	t.add("redirect/the same location twice", map[hop]answer{
		{"0", false}: {status: 302, lines: []string{acao + "*", "Location: /{id}/1", "Location: /{id}/1"}},
		{"1", false}: ok("*"),
	}, Job{})
	for _, n := range []int{1, 5, 19, 20, 21, 25} {
		said := map[hop]answer{}
		for i := range n {
			said[hop{fmt.Sprint(i), false}] = to(302, fmt.Sprintf("/{id}/%d", i+1), acao+"*")
		}
		said[hop{fmt.Sprint(n), false}] = ok("*")
		t.add(fmt.Sprintf("redirect/%d in a row", n), said, Job{})
	}
	for _, final := range []string{"{page}", "null", "*"} {
		t.add("redirect/away and back/"+final, map[hop]answer{
			{"0", false}: to(302, "{1}/{id}/1", acao+"*"),
			{"1", false}: to(302, "{0}/{id}/2", acao+"*"),
			{"2", false}: ok(final),
		}, Job{})
		t.add("redirect/page, server, page/"+final, map[hop]answer{
			{"0", false}: to(302, "{0}/{id}/1"),
			{"1", false}: to(302, "{page}/{id}/2", acao+"*"),
			{"2", false}: ok(final),
		}, Job{Fetch: conformance.Fetch{URL: "page/0"}})
		t.add("redirect/sandboxed/"+final, map[hop]answer{
			{"0", false}: to(302, "{1}/{id}/1", acao+"null"),
			{"1", false}: ok(final),
		}, Job{Fetch: conformance.Fetch{Origin: "null"}})
	}
}

// modes covers what a script can ask for beside plain fetches.
func (t *table) modes() {
	all := []string{acao + "*", aceh + "*", "X-E: e"}
	for _, url := range []string{"0/0", "page/0"} {
		for _, mode := range []conformance.Mode{conformance.ModeCORS, conformance.ModeNoCORS, conformance.ModeSameOrigin} {
			for _, method := range []string{"GET", "HEAD", "POST", "PUT"} {
				for _, header := range []string{"", "x-a", "Accept", "Content-Type", "Range"} {
					f := conformance.Fetch{URL: url, Mode: mode, Method: method}
					switch header {
					case "x-a":
						f.Header = conformance.Header(header, "1")
					case "Accept", "Content-Type":
						f.Header = conformance.Header(header, "text/plain")
					case "Range":
						f.Header = conformance.Header(header, "bytes=0-1")
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
			f := conformance.Fetch{Method: method, UploadListeners: true}
			if method != "GET" {
				f.Body = "hello"
			}
			t.asked("upload listeners/"+method+"/"+name(value...), f, answer{status: 204, lines: append(grant(f), lines(acam, value...)...)})
		}
		f := conformance.Fetch{Method: method, UploadListeners: true, URL: "page/0"}
		if method != "GET" {
			f.Body = "hello"
		}
		t.asked("upload listeners/same origin/"+method, f, answer{status: 403})
	}
}

// requests varies what the script asks for; the answers grant everything. What
// counts is what goes over the wire. Control characters in values, which
// scripts may send, are left out: servers, net/http's too, refuse them before
// anything is done about CORS.
func (t *table) requests() {
	everything := map[hop]answer{
		{"0", true}:  {status: 204, lines: []string{acao + "*", acam + "*, PUT", acah + "*, authorization"}},
		{"0", false}: {lines: []string{acao + "*"}, body: "ok"},
	}
	ask := func(id, method, body string, header ...string) {
		t.add("request/"+id, everything, Job{Fetch: conformance.Fetch{Method: method, Body: body, Header: conformance.Header(header...)}})
	}
	for _, method := range []string{
		"get", "Get", "head", "Head", "post", "pOst", "put", "Put", "delete", "DELETE", "options", "Options", "patch", "PATCH", "pAtch", "query", "CHICKEN", "a", "!#$%&'*+-.^_`|~", "CONNECT", "connect", "TRACE", "Trace", "track", "TRACK", " ", "GET ", "G ET", "G\u00c9T", "GET\n", "\"", "(", "P/T",
	} {
		ask("method/"+name(method), method, "")
	}
	for _, h := range [][2]string{
		{"Accept", ""}, {"Accept", "text/html"}, {"Accept", "*/*;q=0.1"}, {"Accept", "a\"b"}, {"Accept", "a(b"}, {"Accept", "a:b"}, {"Accept", "<"}, {"Accept", "?"}, {"Accept", "a@b"}, {"Accept", "[a]"}, {"Accept", "a\\b"}, {"Accept", "{"}, {"Accept", "a\tb"}, {"Accept", "caf\xe9"}, {"Accept", "'"}, {"Accept", "a/b;c=d"},
		{"Accept", strings.Repeat("a", 128)}, {"Accept", strings.Repeat("a", 129)},
		{"Accept-Language", ""}, {"Accept-Language", "en"}, {"Accept-Language", "en-GB, de;q=0.5"}, {"Accept-Language", "*"}, {"Accept-Language", "en/de"}, {"Accept-Language", "en_GB"}, {"Accept-Language", "\xe9"}, {"Accept-Language", "@"}, {"Accept-Language", "en\tde"},
		{"Content-Language", "en"}, {"Content-Language", "en, de"}, {"Content-Language", "'"}, {"Content-Language", strings.Repeat("a", 129)},
		{"Content-Type", ""}, {"Content-Type", "text/plain"}, {"Content-Type", "TEXT/PLAIN"}, {"Content-Type", " text/plain "}, {"Content-Type", "text/plain;charset=utf-8"}, {"Content-Type", "text/plain; charset=\"utf-8\""}, {"Content-Type", "text/plain ;x"}, {"Content-Type", "text/plain;"}, {"Content-Type", "text/plain,"}, {"Content-Type", "text/plain, text/html"}, {"Content-Type", "text/plain;application/json"}, {"Content-Type", "text/plain;x=:"},
		{"Content-Type", "multipart/form-data"}, {"Content-Type", "multipart/form-data; boundary=x"}, {"Content-Type", "application/x-www-form-urlencoded"}, {"Content-Type", "application/json"}, {"Content-Type", "application/json; x=text/plain"}, {"Content-Type", "text/html"}, {"Content-Type", "text"}, {"Content-Type", "text/"}, {"Content-Type", "/plain"}, {"Content-Type", "text/ plain"}, {"Content-Type", "x"}, {"Content-Type", "text/plainx"}, {"Content-Type", "text/plain;" + strings.Repeat("a", 117)}, {"Content-Type", "text/plain;" + strings.Repeat("a", 118)},
		{"Range", ""}, {"Range", "bytes=0-1"}, {"Range", "bytes=0-"}, {"Range", "bytes=5-5"}, {"Range", "bytes=5-4"}, {"Range", "bytes=-5"}, {"Range", "bytes=0-1,3-4"}, {"Range", "Bytes=0-1"}, {"Range", "bytes= 0-1"}, {"Range", "bytes=0 -1"}, {"Range", "items=0-1"}, {"Range", "bytes=00-01"}, {"Range", "bytes=18446744073709551616-18446744073709551617"}, {"Range", "bytes=a-b"}, {"Range", "bytes 0-1"},
		{"Last-Event-ID", "1"}, {"DPR", "1"}, {"Downlink", "1"}, {"Save-Data", "on"}, {"Viewport-Width", "1"}, {"Width", "1"}, {"Device-Memory", "1"}, {"Priority", "u=1"}, {"If-None-Match", "\"1\""}, {"If-Modified-Since", "0"}, {"Cache-Control", "no-cache"}, {"Pragma", "no-cache"}, {"User-Agent", "me"}, {"X-Requested-With", "XMLHttpRequest"}, {"Purpose", "prefetch"}, {"Intervention", "x"}, {"Content-Encoding", "gzip"}, {"From", "me"}, {"Max-Forwards", "1"}, {"X-\u00c9", "1"},
		{"X-A", ""}, {"x-a", " 1 "}, {"x-a", "\t1\t"}, {"X-A", "a\tb"}, {"X-A", "caf\xe9"}, {"X-A", "a\nb"}, {"X-A", "a\rb"}, {"X-A", "a\x00b"}, {"X-A", "\n1\r"}, {"X-A", strings.Repeat("a", 5000)},
		{"", "1"}, {"x a", "1"}, {"x:", "1"}, {"x\"", "1"}, {"(", "1"}, {"x\n", "1"},
	} {
		ask("header/"+name(h[0]+": "+h[1]), "GET", "", h[0], h[1])
	}
	for _, h := range [][2]string{
		{"Accept-Charset", "utf-8"}, {"Accept-Encoding", "gzip"}, {"Access-Control-Request-Headers", "x"}, {"Access-Control-Request-Method", "PUT"}, {"Connection", "close"}, {"Content-Length", "5"}, {"Cookie", "a=b"}, {"Cookie2", "a"}, {"Date", "x"}, {"DNT", "1"}, {"Expect", "100-continue"}, {"Host", "evil.test"}, {"Keep-Alive", "1"}, {"Origin", "https://b.example"}, {"Referer", "https://b.example/"}, {"Set-Cookie", "a=b"}, {"TE", "trailers"}, {"Trailer", "x"}, {"Transfer-Encoding", "chunked"}, {"Upgrade", "h2c"}, {"Via", "x"}, {"Proxy-Authorization", "x"}, {"proxy-", "x"}, {"Proxy", "x"}, {"Sec-Fetch-Mode", "cors"}, {"sec-", "x"}, {"Sec", "x"}, {"Sec-CH-UA", "x"}, {"Access-Control-Request-Private-Network", "true"},
		{"X-HTTP-Method", "GET"}, {"X-HTTP-Method", "TRACE"}, {"X-HTTP-Method-Override", "connect"}, {"X-Method-Override", "PUT, track"}, {"X-Method-Override", "PUT,TRACE ,GET"}, {"X-Method-Override", "TRACER"}, {"X-HTTP-Method-Override", "\"TRACE\""},
	} {
		ask("forbidden/"+name(h[0]+": "+h[1]), "GET", "", h[0], h[1])
		ask("forbidden/"+name(h[0]+": "+h[1])+" beside x-a", "GET", "", h[0], h[1], "x-a", "1")
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
	ask("headers/1024 safe bytes", "GET", "", "Accept", strings.Repeat("a", 128), "Accept-Language", strings.Repeat("a", 128), "Content-Language", strings.Repeat("a", 128), "Content-Type", "text/plain;"+strings.Repeat("a", 117))
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
		t.add("request/from/"+page, everything, Job{Fetch: conformance.Fetch{Origin: page, Method: "PUT", Header: conformance.Header("x-a", "1")}})
		t.add("request/simply from/"+page, everything, Job{Fetch: conformance.Fetch{Origin: page}})
	}
}

// malformed has answers that are no HTTP, or hardly.
func (t *table) malformed() {
	for _, header := range [][]string{
		{acao + "\r\n {page}"}, {acao + "{page}\r\n "}, {acao + "{page},\r\n\t*"}, {"Access-Control-Allow-Origin : {page}"}, {"Access-Control-Allow-Origin\t: {page}"}, {" " + acao + "{page}"},
		{"X-A: 1\n" + acao + "{page}"}, {"X-A: 1\r" + acao + "{page}"}, {acao + "{page}\x00"}, {acao + "\x00{page}"}, {"no colon", acao + "{page}"}, {acao + "{page}", "no colon"}, {": empty", acao + "{page}"}, {"bad name: 1", acao + "{page}"},
		{acao + "{page}", "X-Long: " + strings.Repeat("a", 60000)}, {"X-\xe9: 1", acao + "{page}"}, {"X-A: \xe9\x01\x7f", acao + "{page}", aceh + "x-a"},
	} {
		id := name(header...)
		if len(id) > 200 {
			id = id[:200]
		}
		t.simple("malformed/"+id, conformance.Fetch{}, header...)
	}
	t.add("malformed/empty lines first", map[hop]answer{{"0", false}: {before: "\r\n\r\n", lines: []string{acao + "*"}}}, Job{})
	t.add("malformed/HTTP 0.9", map[hop]answer{{"0", false}: {before: "hello\r\n", lines: []string{acao + "*"}}}, Job{})
}

// expand gives a probe its own paths and the origins it runs with.
func (p probe) expand(number int, page string, servers []string) probe {
	id := fmt.Sprintf("p%d", number)
	replace := strings.NewReplacer(
		"{page}", page, "{id}", id, "{0}", servers[0], "{1}", servers[1],
		"{0-user}", strings.Replace(servers[0], "//", "//user:pass@", 1),
	).Replace
	said := make(map[hop]answer)
	for h, a := range p.said {
		a.lines = slices.Clone(a.lines)
		for i := range a.lines {
			a.lines[i] = replace(a.lines[i])
		}
		a.before = replace(a.before)
		h.path = "/" + id + "/" + h.path
		said[h] = a
	}
	p.said = said
	p.jobs = slices.Clone(p.jobs)
	for i := range p.jobs {
		j := &p.jobs[i]
		j.Origin = replace(j.Origin)
		where, path, _ := strings.Cut(j.URL, "/")
		if where == "page" {
			where = "{page}"
		} else {
			where = "{" + where + "}"
		}
		j.URL = replace(where + "/{id}/" + path)
		j.XHR = j.XHR || j.UploadListeners
	}
	return p
}
