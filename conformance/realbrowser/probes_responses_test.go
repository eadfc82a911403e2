package realbrowser

import (
	"fmt"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// status varies the status of preflights and of responses.
func (t *table) status() {
	for _, status := range []int{
		200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 250, 299, 300, 301, 302, 303, 304, 305, 306, 307, 308,
		400, 401, 402, 403, 404, 405, 406, 409, 410, 418, 426, 429, 451, 499, 500, 501, 502, 503, 504, 511, 599, 600, 700, 999,
	} {
		t.asked(fmt.Sprintf("status/preflight/%d", status), browsermodel.Fetch{Method: "PUT"}, answer{
			status: status, lines: []string{acao + "{page}", acam + "PUT"},
		})
		// 401 would open a dialog only if it asked for credentials.
		t.add(fmt.Sprintf("status/response/%d", status), map[hop]answer{
			{"0", false}: {status: status, lines: []string{acao + "{page}", "Content-Type: text/plain", "X-E: e", aceh + "x-e"},
				body: "ok"},
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
		}, Job{Fetch: browsermodel.Fetch{Method: "PUT"}})
	}
	for _, status := range []int{100, 102, 103} {
		interim := fmt.Sprintf("HTTP/1.1 %d Interim\r\n\r\n", status)
		t.asked(fmt.Sprintf("status/preflight/204 after %d", status), browsermodel.Fetch{Method: "PUT"}, answer{
			status: 204, before: interim, lines: []string{acao + "{page}", acam + "PUT"},
		})
		t.asked(fmt.Sprintf("status/preflight/204 after %d with the headers", status), browsermodel.Fetch{Method: "PUT"}, answer{
			status: 204, before: fmt.Sprintf("HTTP/1.1 %d Interim\r\n%s{page}\r\n%sPUT\r\n\r\n", status, acao, acam),
		})
	}
	t.asked("status/preflight/200 with a body", browsermodel.Fetch{Method: "PUT"}, answer{
		lines: []string{acao + "{page}", acam + "PUT", "Content-Type: text/html"}, body: strings.Repeat("<p>hello</p>", 200),
	})
}

// malformed has answers that violate HTTP.
func (t *table) malformed() {
	for _, header := range [][]string{
		{acao + "\r\n {page}"}, {acao + "{page}\r\n "}, {acao + "{page},\r\n\t*"}, {"Access-Control-Allow-Origin : {page}"},
		{"Access-Control-Allow-Origin\t: {page}"}, {" " + acao + "{page}"},
		{"X-A: 1\n" + acao + "{page}"}, {"X-A: 1\r" + acao + "{page}"}, {acao + "{page}\x00"}, {acao + "\x00{page}"},
		{"no colon", acao + "{page}"}, {acao + "{page}", "no colon"}, {": empty", acao + "{page}"}, {"bad name: 1", acao + "{page}"},
		{acao + "{page}", "X-Long: " + strings.Repeat("a", 60000)}, {"X-\xe9: 1", acao + "{page}"},
		{"X-A: \xe9\x01\x7f", acao + "{page}", aceh + "x-a"},
	} {
		id := name(header...)
		if len(id) > 200 {
			id = id[:200]
		}
		t.simple("malformed/"+id, browsermodel.Fetch{}, header...)
	}
	t.add("malformed/empty lines first", map[hop]answer{{"0", false}: {before: "\r\n\r\n", lines: []string{acao + "*"}}}, Job{})
	t.add("malformed/HTTP 0.9", map[hop]answer{{"0", false}: {before: "hello\r\n", lines: []string{acao + "*"}}}, Job{})
}
