package conformance_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/corskit/corskit/conformance"
)

// A browser can be run over answers that come from a table, to find out what
// they would do.
func Example() {
	server := func(_ context.Context, r conformance.Request) (conformance.Response, error) {
		if r.Method == "OPTIONS" {
			return conformance.Response{Status: 204, Header: conformance.Header(
				"Access-Control-Allow-Origin", "https://app.example",
				"Access-Control-Allow-Methods", "PUT",
				"Access-Control-Allow-Headers", "content-type",
			)}, nil
		}
		return conformance.Response{Status: 200, Header: conformance.Header(
			"Access-Control-Allow-Origin", "https://app.example",
		), Body: "saved"}, nil
	}
	browser := &conformance.Browser{Transport: server}
	put := conformance.Fetch{
		Origin: "https://app.example",
		URL:    "https://api.example/items/1",
		Method: "PUT",
		Header: conformance.Header("Content-Type", "application/json"),
		Body:   "{}",
	}

	v := browser.Fetch(context.Background(), put)
	fmt.Println(v.Allowed, v.Body, v.Preflights())

	v = browser.Fetch(context.Background(), put)
	fmt.Println(v.Allowed, v.Body, v.Preflights())

	put.Header = append(put.Header, conformance.Field{Name: "Authorization", Value: "Bearer t"})
	v = browser.Fetch(context.Background(), put)
	fmt.Println(v.Allowed, v.Code, v.AtPreflight)
	fmt.Println(v.Text)
	// Output:
	// true saved 1
	// true saved 0
	// false header-not-allowed true
	// the preflight does not allow the header authorization
}

// A preflight is what the browser asks before it sends.
func ExampleFetch_Preflight() {
	f := conformance.Fetch{
		Origin: "https://app.example",
		URL:    "https://api.example/items",
		Method: "delete",
		Header: conformance.Header("X-Token", "t", "Accept", "text/plain", "Cookie", "not a script's to set"),
	}
	r := f.Preflight()
	fmt.Println(r.Method, r.URL)
	for _, line := range r.Header {
		fmt.Printf("%s: %s\n", line.Name, line.Value)
	}
	// Output:
	// OPTIONS https://api.example/items
	// Origin: https://app.example
	// Access-Control-Request-Method: DELETE
	// Access-Control-Request-Headers: x-token
	// Accept: */*
}

func ExampleCheckCORS() {
	response := conformance.Response{Status: 200, Header: conformance.Header("Access-Control-Allow-Origin", "*")}
	fetch := conformance.Fetch{Origin: "https://app.example", URL: "https://api.example/"}
	fmt.Println(conformance.CheckCORS(fetch, response).OK)

	fetch.Credentials = true
	finding := conformance.CheckCORS(fetch, response)
	fmt.Println(finding.OK, finding.Code)
	// Output:
	// true
	// false allow-origin-wildcard
}

func ExampleUnsafeNames() {
	fmt.Println(conformance.UnsafeNames(conformance.Header(
		"Accept", "application/json",
		"Content-Type", "text/plain",
	)))
	fmt.Println(conformance.UnsafeNames(conformance.Header(
		"X-Token", "t",
		"Content-Type", "application/json",
	)))
	// Output:
	// []
	// [content-type x-token]
}

// The suite runs without a *testing.T too. This middleware allows an origin
// and forgets that caches must know.
func ExampleCheck() {
	careless := func(s conformance.Setup) (func(http.Handler) http.Handler, error) {
		return func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				for _, origin := range s.Policies[0].AllowOrigins {
					if r.Header.Get("Origin") == origin {
						w.Header().Set("Access-Control-Allow-Origin", origin)
					}
				}
				next.ServeHTTP(w, r)
			})
		}, nil
	}
	report := conformance.Check(context.Background(), conformance.NetHTTP(careless), conformance.Options{
		Filter: func(c conformance.Case) bool {
			return c.ID == "A1/one" || c.ID == "V2/refused" || c.ID == "X4"
		},
		KnownFailures: map[string]string{"X4": "nothing is done about upstreams"},
	})
	for _, result := range report.Results {
		message, _, _ := strings.Cut(result.Message, "\n")
		fmt.Println(strings.TrimSpace(fmt.Sprintln(result.ID, result.Outcome, message)))
	}
	encoder := json.NewEncoder(os.Stdout)
	_ = encoder.Encode(report.Counts)
	// Output:
	// A1/one pass
	// V2/refused fail step 1 of 1: Vary is absent, want it to name Origin
	// X4 known-failure nothing is done about upstreams
	// {"fail":1,"known-failure":1,"pass":1}
}
