package main

import "github.com/corskit/corskit/conformance/browsermodel"

// preflightRemedies are fixes for preflights that fail because of their status.
// The first that applies is given.
var preflightRemedies = []struct {
	applies func(browsermodel.Response) bool
	fix     string
}{
	{
		func(r browsermodel.Response) bool {
			return r.Status == 401 || r.Status == 403 && !r.Header.Has("Access-Control-Allow-Origin")
		},
		"the server refuses the origin, or requires credentials on preflights, which browsers never send: " +
			"put the CORS middleware in front of authentication",
	}, {
		func(r browsermodel.Response) bool { return r.Status == 404 || r.Status == 405 || r.Status == 501 },
		"no route answers OPTIONS: put the CORS middleware in front of the router",
	}, {
		func(r browsermodel.Response) bool { return r.Status >= 300 && r.Status < 400 },
		"browsers do not follow redirects of preflights: fetch the target URL",
	},
}

// remedies are fixes by the reason of the refusal.
var remedies = map[browsermodel.Code]string{
	browsermodel.CodeAllowOriginMissing:  "the server does not allow the origin, or sends no CORS headers with this status",
	browsermodel.CodeAllowOriginMultiple: "find everything that sets the header, and let only one of them set it",
	browsermodel.CodeAllowOriginMismatch: "the server must answer with the requesting origin, or *",
	browsermodel.CodeAllowOriginWildcard: "answer with the origin instead of *, or fetch without credentials",
	browsermodel.CodeAllowCredentials:    "send Access-Control-Allow-Credentials: true, or fetch without credentials",
	browsermodel.CodeMethodNotAllowed:    "list the method in Access-Control-Allow-Methods",
	browsermodel.CodeHeaderNotAllowed:    "list the header in Access-Control-Allow-Headers",
	browsermodel.CodeAuthorizationListed: "list authorization in Access-Control-Allow-Headers as well as *",
	browsermodel.CodePreflightStatus:     "answer preflights with 204",
}

// remedy returns a fix for a server of unknown make that refused a fetch, or "".
func remedy(v browsermodel.Verdict) string {
	if v.AtPreflight && len(v.Exchanges) > 0 {
		last := v.Exchanges[len(v.Exchanges)-1].Response
		for _, r := range preflightRemedies {
			if r.applies(last) {
				return r.fix
			}
		}
	}
	return remedies[v.Code]
}
