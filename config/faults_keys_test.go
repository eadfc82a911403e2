package config_test

import "github.com/corskit/corskit/config"

// keyFaults are keys that are unknown or set twice.
var keyFaults = []faultCase{
	{
		name: "an unknown key of the file",
		files: config.Static{
			"cors.yaml": []byte(`polices:
  spa: {}
`),
		},
		want: []string{
			`cors.yaml:1:1: polices: an unknown key; did you mean "policies"?`,
		},
	},
	{
		name: "an unknown key without a similar one",
		files: config.Static{
			"cors.yaml": []byte(`frobnicate: 1
policies: {spa: {allow_origins: ["https://a.example"]}}
`),
		},
		want: []string{
			"cors.yaml:1:1: frobnicate: an unknown key; valid keys are version, variables, ignore_variables, policies, routes, shadow",
		},
	},
	{
		name: "a key of a policy outside a policy",
		files: config.Static{
			"cors.yaml": []byte("allow_origins: [\"https://a.example\"]\n"),
		},
		want: []string{
			"cors.yaml:1:1: allow_origins: a policy key at the top level of the file; move it into a policy, under policies",
		},
	},
	{
		name: "an unknown key of a policy",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_orgins: []
`),
		},
		want: []string{
			`cors.yaml:3:5: policies.spa.allow_orgins: an unknown key; did you mean "allow_origins"?`,
		},
	},
	{
		name: "values of unknown keys",
		files: config.Static{
			"cors.yaml": []byte(`polices:
  spa:
    allow_orgins: ["https://app.example.com/"]
    Allow_Methods: patch
    max_ages: 10
    allow_credential: true
    allow_credentials: "yes"
    max_aeg: 20
`),
		},
		want: []string{
			`cors.yaml:1:1: polices: an unknown key; did you mean "policies"?`,
			`cors.yaml:3:5: policies.spa.allow_orgins: an unknown key; did you mean "allow_origins"?`,
			`cors.yaml:3:20: policies.spa.allow_origins[0] "https://app.example.com/": a trailing slash is not part of an origin; ` +
				`did you mean "https://app.example.com"?`,
			`cors.yaml:4:5: policies.spa.Allow_Methods: keys must be in lower case; did you mean "allow_methods"?`,
			`cors.yaml:4:20: policies.spa.allow_methods "patch": expected a list, got text; write ["PATCH"]`,
			`cors.yaml:5:5: policies.spa.max_ages: an unknown key; did you mean "max_age"?`,
			`cors.yaml:5:15: policies.spa.max_age "10": a duration without a unit; write "10s" for seconds`,
			`cors.yaml:6:5: policies.spa.allow_credential: an unknown key; did you mean "allow_credentials"?`, // which is set
			`cors.yaml:7:24: policies.spa.allow_credentials "yes": expected true or false, got text; write true`,
			`cors.yaml:8:5: policies.spa.max_aeg: an unknown key; did you mean "max_age"?`,
			`cors.yaml:8:14: policies.spa.max_age "20": a duration without a unit; write "20s" for seconds`,
		},
	},
	{
		name: "keys of other libraries",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    origins: []
    AllowCredentials: true
    maxAge: 10m
    exposed_headers: []
`),
		},
		want: []string{
			`cors.yaml:3:5: policies.spa.origins: an unknown key; did you mean "allow_origins"?`,
			`cors.yaml:4:5: policies.spa.AllowCredentials: an unknown key; did you mean "allow_credentials"?`,
			`cors.yaml:5:5: policies.spa.maxAge: an unknown key; did you mean "max_age"?`,
			`cors.yaml:6:5: policies.spa.exposed_headers: an unknown key; did you mean "expose_headers"?`,
		},
	},
	{
		name: "a key in upper case",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    Allow_Origins: []
`),
		},
		want: []string{
			`cors.yaml:3:5: policies.spa.Allow_Origins: keys must be in lower case; did you mean "allow_origins"?`,
		},
	},
	{
		name: "the name of a header as a key",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    Access-Control-Allow-Origin: "*"
`),
		},
		want: []string{
			`cors.yaml:3:5: policies.spa.Access-Control-Allow-Origin: an unknown key; did you mean "allow_origins"?`,
			`cors.yaml:3:34: policies.spa.allow_origins "*": expected a list, got text; write ["*"]`,
		},
	},
	{
		name: "an unknown key of a route",
		files: config.Static{
			"cors.yaml": []byte(onePolicy + `routes:
  - {url: /, policies: [spa]}
`),
		},
		want: []string{
			"cors.yaml:3:6: routes[0].url: an unknown key; valid keys are host, path, policies",
		},
	},
	{
		name: "a key that is set twice",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: 5m
    allow_methods: [PUT]
    max_age: 10m
`),
		},
		want: []string{
			"cors.yaml:5:5: policies.spa.max_age: already set on line 3; remove one of the two",
		},
	},
	{
		name: "a policy that is set twice",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa: {}
  spa: {allow_credentials: true}
`),
		},
		want: []string{
			"cors.yaml:3:3: policies.spa: already set on line 2; remove one of the two",
		},
	},
	{
		name: "a key that is set twice in JSON",
		files: config.Static{
			"cors.json": []byte(`{"policies": {"spa": {"max_age": "5m",
 "max_age": "10m"}}}
`),
		},
		main: "cors.json",
		want: []string{
			"cors.json:2:2: policies.spa.max_age: already set on line 1; remove one of the two",
		},
	},
	{
		name: "a table that is set twice in TOML",
		files: config.Static{
			"cors.toml": []byte(`[policies.spa]
max_age = "5m"
[policies.spa]
max_age = "10m"
`),
		},
		main: "cors.toml",
		want: []string{
			"cors.toml:3:11: policies.spa: already set on line 1; remove one of the two",
		},
	},
	{
		name: "a key with control characters",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    "a\x1bb\n": 1
`),
		},
		want: []string{
			`cors.yaml:3:5: policies.spa."a\x1bb\n": an unknown key; valid keys are allow_origins, origins_file, allow_methods, ` +
				`allow_headers, expose_headers, allow_credentials, max_age, allow_private_network, reject_disallowed, ` +
				`dangerously_allow_null_origin, dangerously_allow_insecure_origins, dangerously_allow_public_suffixes`,
		},
	},
	{
		name: "a key with a dot",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    "allow.origins": []
`),
		},
		want: []string{
			`cors.yaml:3:5: policies.spa."allow.origins": an unknown key; did you mean "allow_origins"?`,
		},
	},
}

// nameFaults are invalid names of policies.
var nameFaults = []faultCase{
	{
		name: "a policy in upper case",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  SPA: {}
`),
		},
		want: []string{
			`cors.yaml:2:3: policies.SPA: names must be in lower case; did you mean "spa"?`,
		},
	},
	{
		name: "a policy with a dot",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  a.b: {}
`),
		},
		want: []string{
			`cors.yaml:2:3: policies."a.b": not a valid name; use a-z and 0-9, separated by single - or _`,
		},
	},
	{
		name: "a policy with two underscores",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  a__b: {}
`),
		},
		want: []string{
			"cors.yaml:2:3: policies.a__b: not a valid name; use a-z and 0-9, separated by single - or _",
		},
	},
	{
		name: "a policy without a name",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  "": {}
`),
		},
		want: []string{
			`cors.yaml:2:3: policies."": a policy without a name; name it, for example "default"`,
		},
	},
	{
		name: "a policy with a long name",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: {}
`),
		},
		want: []string{
			"cors.yaml:2:3: policies.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: a name longer than 64 bytes; " +
				"shorten it",
		},
	},
	{
		name: "policies with the same variables",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  my-app: {}
  my_app: {}
`),
		},
		want: []string{
			`cors.yaml:3:3: policies.my_app: differs from policy "my-app" only in - and _; rename one of the two`,
		},
	},
}
