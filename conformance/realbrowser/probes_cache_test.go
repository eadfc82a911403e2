package realbrowser

import (
	"strings"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// maxAge varies Access-Control-Max-Age. The number of preflights shows how the browser
// understood it: for requests at once, and after more than the default of five seconds.
func (t *table) maxAge() {
	for _, value := range [][]string{
		{}, {""}, {"0"}, {"00"}, {"20"}, {"600"}, {"0600"}, {" 600 "}, {"\t600\t"}, {"86400"}, {"86401"}, {"9999999999"},
		{"18446744073709551616"}, {strings.Repeat("9", 60)},
		{"-1"}, {"-600"}, {"+600"}, {"600.0"}, {"0.5"}, {"6e2"}, {"0x258"}, {"600s"}, {"10m"}, {"6 00"}, {"\"600\""}, {"600;"},
		{"600, 600"}, {"600,600"}, {"600", "600"}, {"0", "600"}, {"600", "0"}, {"600", ""}, {"", "600"}, {"abc"}, {"null"}, {"true"},
		{"*"}, {"\xd9\xa6"},
	} {
		for _, credentials := range both {
			if credentials && len(value) != 1 {
				continue
			}
			f := browsermodel.Fetch{Method: "PUT", Credentials: credentials}
			preflight := append(append(append([]string(nil), grant(f)...), acam+"PUT"), lines(acma, value...)...)
			t.add(with("max-age/"+name(value...), credentials), map[hop]answer{
				{"0", true}:  {status: 204, lines: preflight},
				{"0", false}: {lines: grant(f), body: "ok"},
			}, Job{Fetch: f}, Job{Fetch: f}, Job{Fetch: f, Wait: 8 * time.Second})
			t.probes[len(t.probes)-1].once = true
		}
	}
}

// cache fetches one URL several times. The grants of the first answers determine the number
// of preflights.
func (t *table) cache() {
	fetch := func(method string, names ...string) browsermodel.Fetch {
		f := browsermodel.Fetch{Method: method}
		for _, n := range names {
			f.Header = append(f.Header, browsermodel.Field{Name: n, Value: "1"})
		}
		return f
	}
	include := func(f browsermodel.Fetch) browsermodel.Fetch { f.Credentials = true; return f }
	listen := func(f browsermodel.Fetch) browsermodel.Fetch { f.UploadListeners = true; return f }
	from := func(origin string, f browsermodel.Fetch) browsermodel.Fetch { f.Origin = origin; return f }
	put, del, patch, get, getA, getB, putAB := fetch("PUT"), fetch("DELETE"), fetch("PATCH"), fetch("GET"), fetch("GET", "x-a"),
		fetch("GET", "x-b"), fetch("PUT", "x-b", "X-A")
	authorized := fetch("GET", "Authorization")
	post := fetch("POST")
	post.Body = "hello"
	for _, credentials := range both {
		for _, grants := range [][]string{
			{}, {acam + "PUT"}, {acam + "PUT, DELETE, PATCH", acah + "x-a, x-b, authorization"}, {acam + "PUT", acah + "x-a"},
			{acah + "x-a"},
			{acah + "X-A, X-B"},
			{acam + "*"}, {acah + "*"}, {acam + "*", acah + "*"}, {acam + "*, PUT", acah + "*, x-a, authorization"},
			{acam + "put, PUT, delete"}, {acam + "PUT, @"}, {acam + "PUT", acah + "x-a, @"}, {acam + "GET, POST", acah + "accept"},
		} {
			for id, fetches := range map[string][]browsermodel.Fetch{
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
	// A request that fails clears the cache.
	t.add("cache/the response is refused", map[hop]answer{
		{"0", true}:  {status: 204, lines: []string{acao + "{page}", acam + "PUT", acma + "600"}},
		{"0", false}: {body: "ok"},
	}, Job{Fetch: put}, Job{Fetch: put}, Job{Fetch: put})
}
