package config_test

import "github.com/corskit/corskit/config"

// policyFaults are origins, methods, headers and routes that core refuses.
var policyFaults = []faultCase{
	{
		name: "origins",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_origins:
      - https://a.example/
      - a.example
      - HTTPS://A.example
      - https://a.example:443
      - "https://a.example, https://b.example"
      - https://*
      - "null"
`),
		},
		want: []string{
			`cors.yaml:4:9: policies.spa.allow_origins[0] "https://a.example/": a trailing slash is not part of an origin; ` +
				`did you mean "https://a.example"?`,
			`cors.yaml:5:9: policies.spa.allow_origins[1] "a.example": an origin begins with its scheme; did you mean "https://a.example"?`,
			`cors.yaml:6:9: policies.spa.allow_origins[2] "HTTPS://A.example": upper case in the scheme; did you mean "https://a.example"?`,
			`cors.yaml:7:9: policies.spa.allow_origins[3] "https://a.example:443": browsers leave out port 443, the default of https; ` +
				`did you mean "https://a.example"?`,
			`cors.yaml:8:9: policies.spa.allow_origins[4] "https://a.example, https://b.example": several values in one entry; ` +
				`write one list entry for each origin: "https://a.example", "https://b.example"`,
			`cors.yaml:9:9: policies.spa.allow_origins[5] "https://*": a wildcard for the whole host; ` +
				`write "*" for every origin, or name a domain, as in "https://*.example.com"`,
			`cors.yaml:10:9: policies.spa.allow_origins[6] "null": any site can send requests with the origin "null"; ` +
				`set dangerously_allow_null_origin if that is intended`,
		},
	},
	{
		name: "presets",
		files: config.Static{
			"cors.yaml": []byte("policies:\n  spa:\n    allow_origins: [\"@mcp\"]\n    allow_headers: [\"@conect\", \"@loopback\"]\n"),
		},
		env: []string{"CORS__POLICIES__SPA__EXPOSE_HEADERS=@mcp,@tus"},
		want: []string{
			`cors.yaml:3:21: policies.spa.allow_origins[0] "@mcp": a preset of methods and headers; ` +
				`move it to allow_headers and expose_headers`,
			`cors.yaml:4:21: policies.spa.allow_headers[0] "@conect": not the name of a preset; did you mean "@connect"?`,
			`cors.yaml:4:32: policies.spa.allow_headers[1] "@loopback": a preset of origins; move it to allow_origins`,
			`CORS__POLICIES__SPA__EXPOSE_HEADERS: policies.spa.expose_headers[1] "@tus": not the name of a preset; ` +
				`the presets are "@connect", "@grpc-web" and "@mcp"; list other names without "@"`,
		},
	},
	{
		name: "any origin with credentials",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_origins: ["*"]
    allow_credentials: true
`),
		},
		want: []string{
			`cors.yaml:3:21: policies.spa.allow_origins[0] "*": with credentials, browsers refuse "*", and reflecting every ` +
				`origin would let any site act as its visitors; list the origins that need credentials, or set ` +
				`allow_credentials to false: ` +
				`nothing changes if * was sent before, but requests with credentials will fail if origins were reflected`,
		},
	},
	{
		name: "http with credentials",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_origins: ["http://a.example"]
    allow_credentials: true
`),
		},
		want: []string{
			`cors.yaml:3:21: policies.spa.allow_origins[0] "http://a.example": http:// origin with credentials: anyone on the network ` +
				`can impersonate it; serve the page over https://, or set dangerously_allow_insecure_origins if that is intended`,
		},
	},
	{
		name: "a public suffix with credentials",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_origins: ["https://*.github.io"]
    allow_credentials: true
`),
		},
		want: []string{
			`cors.yaml:3:21: policies.spa.allow_origins[0] "https://*.github.io": with credentials, a wildcard under the public suffix ` +
				`github.io, where anyone can register a name; list the origins one by one, as in "https://app.github.io", or give ` +
				`them a domain of your own, as in "https://*.preview.example.com", or set dangerously_allow_public_suffixes if ` +
				`that is intended`,
		},
	},
	{
		name: "methods and headers",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_methods: [TRACE, patch, "PUT, DELETE"]
    allow_headers: ["x y"]
    expose_headers: [set-cookie]
`),
		},
		want: []string{
			`cors.yaml:3:21: policies.spa.allow_methods[0] "TRACE": browsers never send TRACE; remove it`,
			`cors.yaml:3:28: policies.spa.allow_methods[1] "patch": methods are case-sensitive, and browsers do not change the case of ` +
				`this one; did you mean "PATCH"?`,
			`cors.yaml:3:35: policies.spa.allow_methods[2] "PUT, DELETE": several values in one entry; write one list entry for each: ` +
				`"PUT", "DELETE"`,
			`cors.yaml:4:21: policies.spa.allow_headers[0] "x y": several values in one entry; write one list entry for each: "x", "y"`,
			`cors.yaml:5:22: policies.spa.expose_headers[0] "set-cookie": browsers never let scripts read this header; remove it`,
		},
	},
	{
		name: "hosts and paths of routes",
		files: config.Static{
			"cors.yaml": []byte(onePolicy + `routes:
  - {host: "a.example:8080", path: /a, policies: [spa]}
  - {host: https://a.example, path: a, policies: [spa]}
  - {path: "/a/*", policies: [spa]}
`),
		},
		want: []string{
			`cors.yaml:3:12: routes[0].host "a.example:8080": a route's host must not include a port; did you mean "a.example"?`,
			`cors.yaml:4:12: routes[1].host "https://a.example": a route has a host, not an origin; write only the host`,
			`cors.yaml:4:37: routes[1].path "a": a path begins with a slash; did you mean "/a"?`,
			`cors.yaml:5:12: routes[2].path "/a/*": a path has no wildcards; end it with a slash to cover every path below it`,
		},
	},
	{
		name: "policies of routes",
		files: config.Static{
			"cors.yaml": []byte(onePolicy + `routes:
  - {path: /, policies: [sap]}
  - {path: /, policies: [other, spa, spa]}
`),
		},
		want: []string{
			`cors.yaml:3:26: routes[0].policies[0] "sap": no policy has this name; did you mean "spa"?`,
			`cors.yaml:4:26: routes[1].policies[0] "other": no policy has this name; the policies are spa`,
			`cors.yaml:4:38: routes[1].policies[2] "spa": listed twice in this route; remove one of the two`,
		},
	},
	{
		name: "a fault in a policy that no route names",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa: {}
  other: {allow_origins: [a.example]}
routes:
  - {policies: [spa]}
`),
		},
		want: []string{
			`cors.yaml:3:27: policies.other.allow_origins[0] "a.example": an origin begins with its scheme; did you mean ` +
				`"https://a.example"?`,
		},
	},
}
