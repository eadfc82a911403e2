package verify_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/cors"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/gateways"
)

// krakendSettings are the settings of security/cors in KrakenD.
type krakendSettings struct {
	AllowOrigins        []string `json:"allow_origins,omitempty"`
	AllowMethods        []string `json:"allow_methods,omitempty"`
	AllowHeaders        []string `json:"allow_headers,omitempty"`
	ExposeHeaders       []string `json:"expose_headers,omitempty"`
	AllowCredentials    bool     `json:"allow_credentials,omitempty"`
	AllowPrivateNetwork bool     `json:"allow_private_network,omitempty"`
	MaxAge              string   `json:"max_age,omitempty"`
}

// handler returns rs/cors as the module configures it (mux/cors.go in github.com/krakend/krakend-cors).
func (s krakendSettings) handler(next http.Handler) http.Handler {
	if len(s.AllowOrigins) == 0 {
		s.AllowOrigins = []string{"*"}
	}
	if len(s.AllowHeaders) == 0 {
		s.AllowHeaders = []string{"*"}
	}
	age, _ := time.ParseDuration(s.MaxAge)
	return cors.New(cors.Options{
		AllowedOrigins: s.AllowOrigins, AllowedMethods: s.AllowMethods, AllowedHeaders: s.AllowHeaders, ExposedHeaders: s.ExposeHeaders,
		AllowCredentials: s.AllowCredentials, AllowPrivateNetwork: s.AllowPrivateNetwork, MaxAge: int(age.Seconds()),
	}).Handler(next)
}

// TestKrakenD compares the model of KrakenD with rs/cors, which KrakenD uses.
func TestKrakenD(t *testing.T) {
	for _, s := range []krakendSettings{
		{},
		{
			AllowOrigins: []string{"*"}, AllowMethods: []string{"GET", "PUT"}, AllowHeaders: []string{"X-A"},
			AllowCredentials: true, MaxAge: "-1s",
		},
		{
			AllowOrigins: []string{"https://A.example", "https://*.b.example", "http://localhost:*"}, MaxAge: "10m",
			ExposeHeaders: []string{"etag", "X-B"},
		},
		{
			AllowOrigins: []string{"https://pr-*.b.example", "null"}, AllowMethods: []string{"*", "POST"},
			AllowHeaders: []string{"*"}, AllowCredentials: true,
		},
		{AllowOrigins: []string{"https://a.example"}, AllowMethods: []string{"PATCH", "GET", "HEAD"}, AllowPrivateNetwork: true},
	} {
		settings, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		target, _ := gateways.Find("krakend")
		model, err := target.Parse(fmt.Appendf(nil, `{"version": 3, "extra_config": {"security/cors": %s}}`, settings))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range krakendRequests() {
			compareKrakenD(t, s, r, model.Answer(r))
		}
	}
}

func krakendRequests() (list []core.Request) {
	for _, origin := range []string{
		"https://a.example", "https://x.b.example", "https://pr-1.b.example", "https://pr-1.evil.b.example",
		"http://localhost", "http://localhost:80", "null", "https://stranger.example", "",
	} {
		r := core.Request{Method: "GET", Host: "api.example", Path: "/"}
		if origin != "" {
			r.Origin = []string{origin}
		}
		list = append(list, r)
		for _, method := range []string{"GET", "PUT", "PATCH", "OPTIONS", "patch"} {
			for _, headers := range []string{"", "x-a", "authorization,x-a"} {
				r.Method, r.AccessControlRequestMethod, r.AccessControlRequestHeaders = "OPTIONS", []string{method}, nil
				if headers != "" {
					r.AccessControlRequestHeaders = []string{headers}
				}
				list = append(list, r)
			}
		}
		r.AccessControlRequestPrivateNetwork = []string{"true"}
		list = append(list, r)
	}
	return list
}

func compareKrakenD(t *testing.T, s krakendSettings, r core.Request, want gateways.Answer) {
	t.Helper()
	reached := false
	next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true })
	request := httptest.NewRequest(r.Method, "http://"+r.Host+r.Path, nil)
	for name, lines := range map[string][]string{
		"Origin": r.Origin, "Access-Control-Request-Method": r.AccessControlRequestMethod,
		"Access-Control-Request-Headers":         r.AccessControlRequestHeaders,
		"Access-Control-Request-Private-Network": r.AccessControlRequestPrivateNetwork,
	} {
		for _, line := range lines {
			request.Header.Add(name, line)
		}
	}
	response := httptest.NewRecorder()
	s.handler(next).ServeHTTP(response, request)
	status := want.Status
	if want.Reached {
		status = http.StatusOK
	}
	var got, model []string
	for name, lines := range response.Header() {
		if name != "Vary" { // rs/cors adds a name to Vary for private networks
			got = append(got, name+": "+strings.Join(lines, "; "))
		}
	}
	for _, f := range want.Header.Without("Vary") {
		model = append(model, f.Name+": "+f.Value)
	}
	slices.Sort(got)
	slices.Sort(model)
	vary, _ := want.Header.Get("Vary")
	if reached != want.Reached || response.Code != status || !slices.EqualFunc(got, model, strings.EqualFold) ||
		!strings.HasPrefix(response.Header().Get("Vary"), vary) {
		t.Errorf("%+v: %+v: rs/cors answers %d %q %q, the model %d %q %q",
			s, r, response.Code, got, response.Header().Get("Vary"), status, model, vary)
	}
}
