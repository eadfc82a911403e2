package corshttp_test

import (
	"net/http"
	"testing"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/core"
)

func TestCheckOrigin(t *testing.T) {
	check := corshttp.CheckOrigin(core.MustNew(policy))
	for _, tt := range []struct {
		r    *http.Request
		want bool
	}{
		{request("GET", ""), true},
		{request("GET", "https://a.example"), true},
		{request("GET", "https://e.example"), false},
		{request("GET", "null"), false},
		{request("GET", "http://h.example"), true},
		{request("GET", "http://h.example", "Sec-Fetch-Site", "cross-site"), false},
		{request("GET", "https://e.example", "Sec-Fetch-Site", "same-origin"), true},
		{request("GET", "https://a.example", "Origin", "https://a.example"), false},
	} {
		if got := check(tt.r); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.r.Header, got, tt.want)
		}
	}
	if corshttp.CheckOrigin(nil)(request("GET", "https://a.example")) {
		t.Error("a nil engine allows a handshake")
	}
}
