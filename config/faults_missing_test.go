package config_test

import "github.com/corskit/corskit/config"

// missingFaults are keys and entries without a value or with an empty value.
var missingFaults = []faultCase{
	{
		name: "policies without a value",
		files: config.Static{
			"cors.yaml": []byte("policies:\n"),
		},
		want: []string{
			"cors.yaml:1:10: policies: no value; set one, or remove the key",
		},
	},
	{
		name: "an empty table of policies",
		files: config.Static{
			"cors.yaml": []byte("policies: {}\n"),
		},
		want: []string{
			"cors.yaml:1:11: policies: no policies; add one, or remove the key",
		},
	},
	{
		name: "no policies",
		files: config.Static{
			"cors.yaml": []byte("version: 1\n"),
		},
		want: []string{
			"cors.yaml: no policies; add the key policies (a policy {} refuses every origin)",
		},
	},
	{
		name: "a policy without a value",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
`),
		},
		want: []string{
			"cors.yaml:2:7: policies.spa: no value; write {} for a policy that refuses every origin",
		},
	},
	{
		name: "a key without a value",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_origins:
    max_age: 5m
`),
		},
		want: []string{
			"cors.yaml:3:19: policies.spa.allow_origins: no value; set one, or remove the key",
		},
	},
	{
		name: "null entries",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_origins: ["https://a.example", null, ~]
`),
		},
		want: []string{
			`cors.yaml:3:42: policies.spa.allow_origins[1]: no value; remove the entry, or write "null" in quotes for the null origin`,
			`cors.yaml:3:48: policies.spa.allow_origins[2]: no value; remove the entry, or write "null" in quotes for the null origin`,
		},
	},
	{
		name: "an entry without a value",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_methods:
      - PUT
      -
`),
		},
		want: []string{
			"cors.yaml:5:8: policies.spa.allow_methods[1]: no value; remove the entry",
		},
	},
	{
		name: "an empty entry",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_headers: [""]
`),
		},
		want: []string{
			"cors.yaml:3:21: policies.spa.allow_headers[0]: an empty entry; remove it",
		},
	},
	{
		name: "null in JSON",
		files: config.Static{
			"cors.json": []byte("{\"policies\": {\"spa\": {\"allow_origins\": null}}}\n"),
		},
		main: "cors.json",
		want: []string{
			"cors.json:1:40: policies.spa.allow_origins: no value; set one, or remove the key",
		},
	},
	{
		name: "an empty list of routes",
		files: config.Static{
			"cors.yaml": []byte(onePolicy + "routes: []\n"),
		},
		want: []string{
			"cors.yaml:2:9: routes: no routes; add one, or remove the key so that every policy applies everywhere",
		},
	},
	{
		name: "a route without a value",
		files: config.Static{
			"cors.yaml": []byte(onePolicy + `routes:
  -
`),
		},
		want: []string{
			"cors.yaml:3:4: routes[0]: no value; remove the entry",
		},
	},
	{
		name: "a route without policies",
		files: config.Static{
			"cors.yaml": []byte(onePolicy + `routes:
  - {path: /}
  - {path: /, policies: []}
`),
		},
		want: []string{
			"cors.yaml:3:5: routes[0]: a route without policies; add the key policies",
			"cors.yaml:4:15: routes[1].policies: a route without policies; name one (a policy {} refuses every origin)",
		},
	},
	{
		name: "an empty path",
		files: config.Static{
			"cors.yaml": []byte(onePolicy + `routes:
  - {path: "", policies: [spa]}
`),
		},
		want: []string{
			"cors.yaml:3:12: routes[0].path: empty; set a value, or remove the key",
		},
	},
}
