// Package browsermodel is a model of the browser's side of CORS, written from
// the Fetch standard.
//
// Browsers enforce CORS: a server's headers are right if browsers that receive them
// behave as the policy intends. A [Browser] normalizes methods, drops forbidden headers,
// determines whether a preflight is needed, sends it, checks the answer, caches
// it and follows redirects. Its [Verdict] says what a script can read, and why:
//
//	browser := &browsermodel.Browser{Transport: conformance.RoundTripper(http.DefaultTransport)}
//	verdict := browser.Fetch(ctx, browsermodel.Fetch{
//		Origin: "https://app.example",
//		URL:    "https://api.example/items",
//		Method: "PUT",
//		Header: browsermodel.Header("Content-Type", "application/json"),
//	})
//	fmt.Println(verdict.Allowed, verdict.Code, verdict.Text)
//
// A [Transport] is a function from a request to a response, so answers can come
// from a server or from a table. [CheckCORS], [CheckPreflight], [UnsafeNames]
// and [Readable] are single steps. A [Profile] holds the few points in which
// the engines depart from the standard.
package browsermodel
