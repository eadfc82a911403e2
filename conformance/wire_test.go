package conformance_test

import (
	"net/http"
	"testing"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// A Browser reaches the same verdicts over net/http's client as over the client of
// the suite.
func TestBrowserOverRoundTripper(t *testing.T) {
	policy := core.Policy{
		AllowOrigins: []string{conformance.OriginA}, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"content-type"},
		ExposeHeaders: []string{"x-e"}, AllowCredentials: true,
	}
	server, err := newReference().mount(conformance.Setup{Policies: []core.Policy{policy}, App: conformance.StandardApp()})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	browser := &browsermodel.Browser{Transport: conformance.RoundTripper(transport)}
	for _, f := range []struct {
		fetch      browsermodel.Fetch
		code       browsermodel.Code
		status     int
		preflights int
	}{
		{browsermodel.Fetch{Origin: conformance.OriginA, URL: server.URL + "/any", Credentials: true}, browsermodel.CodeOK, 200, 0},
		{browsermodel.Fetch{Origin: conformance.OriginA, URL: server.URL + "/any", Method: "put", Body: "{}",
			Header: browsermodel.Header("Content-Type", "application/json")}, browsermodel.CodeOK, 200, 1},
		{browsermodel.Fetch{Origin: conformance.OriginA, URL: server.URL + "/moved"}, browsermodel.CodeOK, 200, 0},
		{browsermodel.Fetch{Origin: conformance.OriginA, URL: server.URL + "/gone"}, browsermodel.CodeOK, 404, 0},
		{browsermodel.Fetch{Origin: conformance.OriginA, URL: server.URL + "/any", Method: "PATCH"}, browsermodel.CodeMethodNotAllowed, 0,
			1},
		{browsermodel.Fetch{Origin: conformance.OriginEvil, URL: server.URL + "/any"}, browsermodel.CodeAllowOriginMissing, 200, 0},
		{browsermodel.Fetch{Origin: server.URL, URL: server.URL + "/post", Method: "POST"}, browsermodel.CodeOK, 200, 0},
	} {
		v := browser.Fetch(t.Context(), f.fetch)
		if v.Code != f.code || v.Status != f.status || v.Preflights() != f.preflights {
			t.Errorf("%+v: %s, status %d, %d preflights (%s)", f.fetch, v.Code, v.Status, v.Preflights(), v.Text)
		}
		if v.Allowed && f.fetch.URL == server.URL+"/any" && (!v.Header.Has("X-E") || v.Header.Has("X-Hidden")) {
			t.Errorf("%+v: the script reads %v", f.fetch, v.Header)
		}
	}
	server.Close()
	if v := browser.Fetch(t.Context(), browsermodel.Fetch{Origin: conformance.OriginA,
		URL: server.URL + "/any"}); v.Code != browsermodel.CodeNetwork {
		t.Errorf("a stopped server: %s", v.Code)
	}
}
