package realbrowser

import (
	"fmt"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// redirects redirects from one server to another.
func (t *table) redirects() {
	statuses := []int{301, 302, 303, 307, 308}
	ok := func(origin string) answer { return answer{lines: []string{acao + origin}, body: "ok"} }
	to := func(status int, location string, header ...string) answer {
		return answer{status: status, lines: append([]string{"Location: " + location}, header...)}
	}
	type shape struct {
		id    string
		start string // where the first request goes
		next  string // where the second request goes
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
				}, Job{Fetch: browsermodel.Fetch{URL: s.start}})
			}
		}
		for _, credentials := range both {
			for _, final := range []string{"{page}", "null", "*"} {
				f := browsermodel.Fetch{URL: s.start, Credentials: credentials}
				if !credentials {
					f.Header = browsermodel.Header("Accept", "text/plain")
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
			}, Job{Fetch: browsermodel.Fetch{URL: s.start}})
		}
		for _, mode := range []browsermodel.Redirect{browsermodel.RedirectError, browsermodel.RedirectManual} {
			t.add(fmt.Sprintf("redirect/%s/mode %s", s.id, mode), map[hop]answer{
				{"0", false}: to(302, s.next, acao+"*"),
				{"1", false}: ok("*"),
			}, Job{Fetch: browsermodel.Fetch{URL: s.start, Redirect: mode}})
		}
		for _, mode := range []browsermodel.Mode{browsermodel.ModeNoCORS, browsermodel.ModeSameOrigin} {
			t.add(fmt.Sprintf("redirect/%s/mode %s", s.id, mode), map[hop]answer{
				{"0", false}: to(302, s.next, acao+"*"),
				{"1", false}: ok("*"),
			}, Job{Fetch: browsermodel.Fetch{URL: s.start, Mode: mode}})
		}
		// Methods, bodies and headers across redirects, each with a new preflight.
		for _, status := range statuses {
			for _, method := range []string{"POST", "PUT", "DELETE", "HEAD"} {
				f := browsermodel.Fetch{URL: s.start, Method: method, Header: browsermodel.Header("x-a", "1", "Authorization", "Bearer x")}
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
			}, Job{Fetch: browsermodel.Fetch{URL: s.start, Method: "POST", Body: "hello"}})
		}
	}
	for _, status := range statuses {
		t.add(fmt.Sprintf("redirect/second preflight refused/%d", status), map[hop]answer{
			{"0", true}:  {status: 204, lines: []string{acao + "{page}", acam + "PUT"}},
			{"0", false}: to(status, "{1}/{id}/1", acao+"{page}"),
			{"1", true}:  {status: 204, lines: []string{acao + "{page}"}},
			{"1", false}: ok("*"),
		}, Job{Fetch: browsermodel.Fetch{Method: "PUT"}})
	}
	locations := []string{
		"", " ", "#f", "{1}/{id}/1#f", "?q", "https://user@s9.server.example/", "//user:pass@a.example/x", "data:,ok", "data:text/plain,ok",
		"ftp://a.example/", "about:blank",
		"blob:https://a.example/x", "javascript:1", "mailto:a@b.example", "https://", "https:///x", "http://[", "\\\\a.example\\{id}\\1",
		"file:///x", "x-app://y/", "1", "../{id}/1", "./1", "{0}/{id}/1 x", "{0}/{id}/\xc3\xa9",
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
	}, Job{Fetch: browsermodel.Fetch{URL: "page/0"}})
	t.add("redirect/to a user on another host", map[hop]answer{
		{"0", false}: to(302, "{0-user}/{id}/1"),
		{"1", false}: ok("*"),
	}, Job{Fetch: browsermodel.Fetch{URL: "page/0"}})
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
		}, Job{Fetch: browsermodel.Fetch{URL: "page/0"}})
		t.add("redirect/sandboxed/"+final, map[hop]answer{
			{"0", false}: to(302, "{1}/{id}/1", acao+"null"),
			{"1", false}: ok(final),
		}, Job{Fetch: browsermodel.Fetch{Origin: "null"}})
	}
}
