package browsermodel_test

import (
	"context"
	"fmt"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// The answers can come from a table, to find out what effect they would have.
func Example() {
	server := func(_ context.Context, r browsermodel.Request) (browsermodel.Response, error) {
		if r.Method == "OPTIONS" {
			return browsermodel.Response{Status: 204, Header: browsermodel.Header(
				"Access-Control-Allow-Origin", "https://app.example",
				"Access-Control-Allow-Methods", "PUT",
				"Access-Control-Allow-Headers", "content-type",
			)}, nil
		}
		return browsermodel.Response{Status: 200, Header: browsermodel.Header(
			"Access-Control-Allow-Origin", "https://app.example",
		), Body: "saved"}, nil
	}
	browser := &browsermodel.Browser{Transport: server}
	put := browsermodel.Fetch{
		Origin: "https://app.example",
		URL:    "https://api.example/items/1",
		Method: "PUT",
		Header: browsermodel.Header("Content-Type", "application/json"),
		Body:   "{}",
	}

	v := browser.Fetch(context.Background(), put)
	fmt.Println(v.Allowed, v.Body, v.Preflights())

	v = browser.Fetch(context.Background(), put)
	fmt.Println(v.Allowed, v.Body, v.Preflights())

	put.Header = append(put.Header, browsermodel.Field{Name: "Authorization", Value: "Bearer t"})
	v = browser.Fetch(context.Background(), put)
	fmt.Println(v.Allowed, v.Code, v.AtPreflight)
	fmt.Println(v.Text)
	// Output:
	// true saved 1
	// true saved 0
	// false header-not-allowed true
	// the preflight does not allow the header authorization
}

// A preflight asks the server before the browser sends the request.
func ExampleFetch_Preflight() {
	f := browsermodel.Fetch{
		Origin: "https://app.example",
		URL:    "https://api.example/items",
		Method: "delete",
		Header: browsermodel.Header("X-Token", "t", "Accept", "text/plain", "Cookie", "scripts cannot set it"),
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
	response := browsermodel.Response{Status: 200, Header: browsermodel.Header("Access-Control-Allow-Origin", "*")}
	fetch := browsermodel.Fetch{Origin: "https://app.example", URL: "https://api.example/"}
	fmt.Println(browsermodel.CheckCORS(fetch, response).OK)

	fetch.Credentials = true
	finding := browsermodel.CheckCORS(fetch, response)
	fmt.Println(finding.OK, finding.Code)
	// Output:
	// true
	// false allow-origin-wildcard
}

func ExampleUnsafeNames() {
	fmt.Println(browsermodel.UnsafeNames(browsermodel.Header(
		"Accept", "application/json",
		"Content-Type", "text/plain",
	)))
	fmt.Println(browsermodel.UnsafeNames(browsermodel.Header(
		"X-Token", "t",
		"Content-Type", "application/json",
	)))
	// Output:
	// []
	// [content-type x-token]
}
