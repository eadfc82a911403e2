package realbrowser

import (
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// allowOrigin varies Access-Control-Allow-Origin on responses and on preflights.
func (t *table) allowOrigin() {
	values := [][]string{
		{}, {""}, {" "}, {"{page}"}, {"*"}, {"null"},
		{"  {page}  "}, {"\t{page}\t"}, {" *\t"}, {"\x0b{page}"}, {"{page}\x0c"}, {"{page}\xa0"}, {"\x0b*"}, {"*\x0c"},
		{"{page}", "{page}"}, {"*", "*"}, {"{page}", "*"}, {"*", "{page}"}, {"{page}", ""}, {"", "{page}"}, {"*", ""}, {"", "*"}, {"", ""},
		{"{page}, {page}"}, {"{page},{page}"}, {"{page} {page}"}, {"{page},*"}, {"*, *"}, {"*,"}, {",*"}, {"{page},"}, {",{page}"},
		{"{page};"},
		{"**"}, {"* *"}, {"\"*\""}, {"\"{page}\""}, {"<{page}>"}, {"'{page}'"}, {"%2A"},
		{"{page}/"}, {"{page}:443"}, {"{page}/x"}, {"{page}?"}, {"{page}#"}, {"{page}."}, {"{page}.evil.test"}, {"{page}:4430"},
		{"http://a.example"}, {"HTTPS://a.example"}, {"https://A.example"}, {"https://A.EXAMPLE"}, {"//a.example"}, {"a.example"},
		{"https:a.example"},
		{"https:/a.example"}, {"https://*.example"}, {"https://*"}, {"*.example"}, {"https://user@a.example"}, {"https://x.a.example"},
		{"https://b.example"},
		{"https://a.exampl"}, {"https://a.example\x00"}, {"{0}"}, {"https://a%2Eexample"}, {"https://\xc3\xa0.example"},
		{"true"}, {"all"}, {"any"}, {"undefined"},
	}
	for _, credentials := range both {
		for _, value := range values {
			f := browsermodel.Fetch{Credentials: credentials}
			header := lines(acao, value...)
			if credentials {
				header = append(header, acac+"true")
			}
			t.simple(with("allow-origin/"+name(value...), credentials), f, header...)
		}
		for _, value := range [][]string{
			{}, {""}, {"*"}, {"null"}, {"NULL"}, {"Null"}, {" null\t"}, {"\"null\""}, {"null", "null"}, {"null, null"}, {"null,"}, {"nul"},
			{"nullx"}, {"{page}"}, {"{0}"}, {"null", "*"},
		} {
			f := browsermodel.Fetch{Origin: "null", Credentials: credentials}
			header := lines(acao, value...)
			if credentials {
				header = append(header, acac+"true")
			}
			t.simple(with("allow-origin/sandboxed/"+name(value...), credentials), f, header...)
		}
		for _, value := range [][]string{
			{}, {""}, {"*"}, {"null"}, {"{page}", "{page}"}, {"{page}, *"}, {"{page}/"}, {"HTTPS://a.example"}, {" {page}\t"},
			{"https://b.example"},
		} {
			f := browsermodel.Fetch{Method: "PUT", Credentials: credentials}
			header := append(lines(acao, value...), acam+"PUT")
			if credentials {
				header = append(header, acac+"true")
			}
			t.asked(with("allow-origin/preflight/"+name(value...), credentials), f, answer{status: 204, lines: header})
		}
	}
	// Field names are case-insensitive.
	for _, field := range []string{"access-control-allow-origin: ", "ACCESS-CONTROL-ALLOW-ORIGIN: ", "Access-Control-Allow-Origin:",
		"Access_Control_Allow_Origin: ", "Access-Control-Allow-Origins: "} {
		t.simple("allow-origin/name/"+name(field), browsermodel.Fetch{}, field+"{page}")
	}
	t.add("allow-origin/only on the preflight", map[hop]answer{
		{"0", true}:  {status: 204, lines: []string{acao + "{page}", acam + "PUT"}},
		{"0", false}: {lines: []string{acam + "PUT"}},
	}, Job{Fetch: browsermodel.Fetch{Method: "PUT"}})
	t.add("allow-origin/another on the response", map[hop]answer{
		{"0", true}:  {status: 204, lines: []string{acao + "{page}", acam + "PUT"}},
		{"0", false}: {lines: []string{acao + "https://b.example"}},
	}, Job{Fetch: browsermodel.Fetch{Method: "PUT"}})
	t.add("allow-origin/wildcard on the response", map[hop]answer{
		{"0", true}:  {status: 204, lines: []string{acao + "{page}", acam + "PUT"}},
		{"0", false}: {lines: []string{acao + "*"}},
	}, Job{Fetch: browsermodel.Fetch{Method: "PUT"}})
}

// allowCredentials varies Access-Control-Allow-Credentials.
func (t *table) allowCredentials() {
	values := [][]string{
		{}, {""}, {"true"}, {"True"}, {"TRUE"}, {"tRuE"}, {"false"}, {" true "}, {"\ttrue\t"}, {"true\x0b"}, {"true", "true"},
		{"true", "false"}, {"false", "true"},
		{"true", ""}, {"", "true"}, {"true,true"}, {"true,"}, {",true"}, {"true;"}, {"\"true\""}, {"1"}, {"yes"}, {"*"}, {"tru"}, {"truee"},
		{"true false"}, {"{page}"},
	}
	for _, value := range values {
		f := browsermodel.Fetch{Credentials: true}
		t.simple("allow-credentials/"+name(value...), f, append(lines(acac, value...), acao+"{page}")...)
		f.Method = "PUT"
		t.asked("allow-credentials/preflight/"+name(value...), f, answer{status: 204, lines: append(lines(acac, value...), acao+"{page}",
			acam+"PUT")})
	}
	for _, value := range [][]string{{""}, {"false"}, {"TRUE"}, {"true", "true"}} {
		t.simple("allow-credentials/none sent/"+name(value...), browsermodel.Fetch{}, append(lines(acac, value...), acao+"{page}")...)
		t.simple("allow-credentials/none sent, any origin/"+name(value...), browsermodel.Fetch{},
			append(lines(acac, value...), acao+"*")...)
	}
}

// allowMethods varies Access-Control-Allow-Methods.
func (t *table) allowMethods() {
	values := [][]string{
		{}, {""}, {" "}, {","}, {"PUT"}, {"put"}, {"Put"}, {"PUT,DELETE"}, {"PUT, DELETE"}, {"DELETE,PUT"}, {"DELETE"}, {" PUT "},
		{"\tPUT\t"}, {"PUT ,DELETE"}, {"PUT\t,\tDELETE"},
		{"PUT,,DELETE"}, {",PUT"}, {"PUT,"}, {", ,PUT"}, {strings.Repeat(",", 20) + "PUT"}, {"PUT,PUT"},
		{"*"}, {"*,PUT"}, {"PUT,*"}, {"* "}, {"**"}, {"*", "PUT"}, {"\"*\""},
		{"\"PUT\""}, {"PUT;DELETE"}, {"PUT DELETE"}, {"PUT/1"}, {"(PUT)"}, {"PUT, D(L"}, {"PUT, DELETE;q=1"}, {"PUT, @"}, {"PUT, \""},
		{"PUT, D\xc9LETE"}, {"P\x0bUT"}, {"PUT\x0b"}, {"PUT,\x0bDELETE"},
		{"PUT", "DELETE"}, {"DELETE", "PUT"}, {"PUT", ""}, {"", "PUT"}, {"PUT", "PUT"}, {"PUT", "D L"}, {"PUTS"}, {"PU"},
		{"GET, HEAD, POST"}, {"PUT, TRACE"}, {"PATCH"}, {"patch"}, {"Patch, PATCH"}, {"all"}, {"null"},
		{"PUT, GET, POST, DELETE, PATCH, HEAD, OPTIONS"},
	}
	for _, value := range values {
		for _, credentials := range both {
			f := browsermodel.Fetch{Method: "PUT", Credentials: credentials}
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
			f := browsermodel.Fetch{Method: method}
			t.asked("allow-methods/"+method+"/"+name(value...), f, answer{status: 204, lines: append(grant(f), lines(acam, value...)...)})
		}
	}
	// GET, HEAD and POST need not be listed, but the list must be valid.
	for _, method := range []string{"GET", "HEAD", "POST"} {
		for _, value := range [][]string{{}, {""}, {"PUT"}, {"GET"}, {"get"}, {"*"}, {"@"}, {"PUT POST"}, {"PUT, \""}} {
			f := browsermodel.Fetch{Method: method, Header: browsermodel.Header("x-a", "1")}
			t.asked("allow-methods/"+method+" with a header/"+name(value...), f, answer{
				status: 204, lines: append(append(grant(f), acah+"x-a"), lines(acam, value...)...),
			})
		}
	}
}

// allowHeaders varies Access-Control-Allow-Headers.
func (t *table) allowHeaders() {
	values := [][]string{
		{}, {""}, {" "}, {","}, {"x-a"}, {"X-A"}, {"X-a"}, {"x-a,x-b"}, {"x-a, x-b"}, {"x-b,x-a"}, {"x-b"}, {" x-a "}, {"\tx-a\t"},
		{"x-a ,x-b"}, {"x-a\t,\tx-b"},
		{"x-a,,x-b"}, {",x-a"}, {"x-a,"}, {", ,x-a"}, {strings.Repeat(",", 20) + "x-a"}, {"x-a,x-a"},
		{"*"}, {"*,x-a"}, {"x-a,*"}, {"* "}, {"**"}, {"x-*"}, {"*", "x-a"}, {"\"*\""},
		{"\"x-a\""}, {"x-a;x-b"}, {"x-a x-b"}, {"x-a: 1"}, {"(x-a)"}, {"x-a, (x-b)"}, {"x-a, x-b;q=1"}, {"x-a, @"}, {"x-a, \""},
		{"x-a, x-\xe9"}, {"x\x0b-a"}, {"x-a\x0b"}, {"x-a,\x0bx-b"},
		{"x-a", "x-b"}, {"x-b", "x-a"}, {"x-a", ""}, {"", "x-a"}, {"x-a", "x-a"}, {"x-a", "x b"}, {"x-ab"}, {"x-"}, {"x_a"}, {"a"},
		{"authorization"}, {"all"}, {"x-a, cookie"}, {"x-a, *, x-b"},
	}
	for _, value := range values {
		for _, credentials := range both {
			f := browsermodel.Fetch{Header: browsermodel.Header("x-a", "1"), Credentials: credentials}
			t.asked(with("allow-headers/x-a/"+name(value...), credentials), f, answer{
				status: 204, lines: append(grant(f), lines(acah, value...)...),
			})
		}
	}
	type request struct {
		id     string
		header browsermodel.Fields
		values [][]string
	}
	for _, r := range []request{
		{"two", browsermodel.Header("X-B", "1", "X-A", "1"), [][]string{{}, {"x-a"}, {"x-b"}, {"x-a,x-b"}, {"X-B, X-A"}, {"x-a", "x-b"},
			{"*"}, {"x-a,*"}, {"x-ax-b"}, {"x-a x-b"}}},
		{"authorization", browsermodel.Header("Authorization", "Bearer x"), [][]string{{}, {"*"}, {"authorization"}, {"Authorization"},
			{"*, authorization"}, {"*, Authorization"}, {"*", "authorization"}, {"AUTHORIZATION,*"}}},
		{"authorization and x-a", browsermodel.Header("Authorization", "Bearer x", "x-a", "1"),
			[][]string{{}, {"*"}, {"authorization"}, {"x-a"}, {"*, authorization"}, {"x-a, authorization"}}},
		{"content-type", browsermodel.Header("Content-Type", "application/json"), [][]string{{}, {"*"}, {"content-type"}, {"Content-Type"},
			{"x-a"}}},
		{"accept", browsermodel.Header("Accept", "a/b; q=(1)"), [][]string{{}, {"*"}, {"accept"}, {"x-a"}}},
		{"range", browsermodel.Header("Range", "bytes=1-2,4-5"), [][]string{{}, {"*"}, {"range"}, {"x-a"}}},
		{"a long name", browsermodel.Header("x-"+strings.Repeat("a", 300), "1"), [][]string{{}, {"*"}, {"x-" + strings.Repeat("a", 300)},
			{"x-" + strings.Repeat("a", 299)}}},
		{"a star", browsermodel.Header("*", "1"), [][]string{{}, {"*"}, {"x-a"}}},
		{"odd tokens", browsermodel.Header("!#$%&'*+-.^_`|~", "1"), [][]string{{}, {"*"}, {"!#$%&'*+-.^_`|~"}}},
	} {
		for _, credentials := range both {
			for _, value := range r.values {
				f := browsermodel.Fetch{Header: r.header, Credentials: credentials}
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
		{}, {""}, {","}, {"x-e"}, {"X-E"}, {"x-e,x-f"}, {"x-e, x-f"}, {"X-F ,\tX-E"}, {"x-e,,x-f"}, {",x-e"}, {"x-e,"}, {"*"}, {"*,x-e"},
		{"x-e,*"}, {"* "}, {"**"}, {"\"*\""}, {"x-*"},
		{"x-e", "x-f"}, {"x-e", ""}, {"", "x-e"}, {"x-e", "@"}, {"@", "x-e"}, {"*", "x-e"}, {"x-e;x-f"}, {"x-e x-f"}, {"x-e, x f"},
		{"\"x-e\""}, {"x-e, @"}, {"x-e, \""}, {"(x-e)"}, {"x-e, x-\xe9"}, {"x-e\x0b"},
		{"set-cookie"}, {"Set-Cookie, x-e"}, {"etag, server, vary"}, {"x-empty"},
		{"access-control-allow-origin, access-control-expose-headers"}, {"content-type"}, {"content-encoding"}, {"content-length"},
		{"x-none"},
	}
	for _, value := range values {
		for _, credentials := range both {
			f := browsermodel.Fetch{Credentials: credentials}
			header := append(append(append([]string(nil), grant(f)...), lines(aceh, value...)...), response...)
			t.simple(with("expose/"+name(value...), credentials), f, header...)
		}
	}
	f := browsermodel.Fetch{Method: "PUT"}
	t.asked("expose/only on the preflight", f, answer{status: 204, lines: append(grant(f), acam+"PUT", aceh+"x-e")})
}
