package fetch_test

import (
	"testing"

	"github.com/corskit/corskit/internal/fetch"
)

func TestMisspelled(t *testing.T) {
	type find func(string) (string, bool)
	method, request, response := find(fetch.MisspelledMethod), find(fetch.MisspelledRequestHeader), find(fetch.MisspelledResponseHeader)
	for _, c := range []struct {
		find    find
		s, want string
	}{
		{method, "OPTION", "OPTIONS"}, {method, "DELTE", "DELETE"}, {method, "DELETEE", "DELETE"}, {method, "PATHC", "PATCH"},
		{method, "PUTT", "PUT"}, {method, "PTU", "PUT"}, {method, "option", "OPTIONS"}, {method, "XGET", "GET"}, {method,
			"PUTS", "PUT"}, {method,
			"ELETE", "DELETE"},
		{method, "PATCH", ""}, {method, "patch", ""}, {method, "PU", ""}, {method, "CHICKEN", ""}, {method, "CUSTOM", ""},
		{method, "TPU", ""},
		{method, "APTHC", ""}, {method, "PATHX", ""}, {method, "", ""},
		{request, "autorization", "authorization"}, {request, "authorisation", "authorization"}, {request, "contet-type", "content-type"},
		{request, "content-tpye", "content-type"}, {request, "contenttype", "content-type"}, {request, "x-request-with", ""},
		{request, "x-csrf-tokens", "x-csrf-token"}, {request, "x-csrftoken", ""}, {request, "x-a", ""}, {request, "authorization", ""},
		{request, "x-my-header", ""},
		{response, "etags", "etag"}, {response, "x-total-coutn", "x-total-count"}, {response, "x-total", ""}, {response, "x-e", ""},
		{response, "content-dispositon", "content-disposition"},
	} {
		if got, ok := c.find(c.s); got != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q, %v, want %q", c.s, got, ok, c.want)
		}
	}
}
