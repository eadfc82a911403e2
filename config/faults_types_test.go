package config_test

import "github.com/corskit/corskit/config"

// typeFaults are values of the wrong type.
var typeFaults = []faultCase{
	{
		name: "a scalar instead of a list",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_origins: https://a.example
    allow_methods: PUT,DELETE
`),
		},
		want: []string{
			`cors.yaml:3:20: policies.spa.allow_origins "https://a.example": expected a list, got text; write ["https://a.example"]`,
			`cors.yaml:4:20: policies.spa.allow_methods "PUT,DELETE": expected a list, got text; write ["PUT", "DELETE"]`,
		},
	},
	{
		name: "a list instead of a scalar",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: [10m]
    allow_credentials: [true]
`),
		},
		want: []string{
			`cors.yaml:3:14: policies.spa.max_age: expected a duration, got a list; ` +
				`write a duration such as "10m", "600s" or "1h30m", or "disabled"`,
			"cors.yaml:4:24: policies.spa.allow_credentials: expected true or false, got a list; write true or false",
		},
	},
	{
		name: "a table instead of a list",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_origins: {a: b}
`),
		},
		want: []string{
			"cors.yaml:3:20: policies.spa.allow_origins: expected a list, got a table",
		},
	},
	{
		name: "a list instead of policies",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  - name: spa
`),
		},
		want: []string{
			"cors.yaml:2:3: policies: expected a table of policies by name, got a list",
		},
	},
	{
		name: "text instead of a policy",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa: https://a.example
`),
		},
		want: []string{
			`cors.yaml:2:8: policies.spa "https://a.example": expected a table of keys and values, got text`,
		},
	},
	{
		name: "a table instead of routes",
		files: config.Static{
			"cors.yaml": []byte(onePolicy + `routes:
  /public: [spa]
`),
		},
		want: []string{
			"cors.yaml:3:3: routes: expected a list of routes, got a table",
		},
	},
	{
		name: "text instead of a route",
		files: config.Static{
			"cors.yaml": []byte(onePolicy + "routes: [spa]\n"),
		},
		want: []string{
			`cors.yaml:2:10: routes[0] "spa": expected a route (a table of keys and values), got text`,
		},
	},
	{
		name: "values that are not booleans",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_credentials: yes
    reject_disallowed: "true"
    allow_private_network: 1
    dangerously_allow_null_origin: maybe
`),
		},
		want: []string{
			`cors.yaml:3:24: policies.spa.allow_credentials "yes": expected true or false, got text; write true`,
			`cors.yaml:4:24: policies.spa.reject_disallowed "true": expected true or false, got text; write true`,
			`cors.yaml:5:28: policies.spa.allow_private_network "1": expected true or false, got a number; write true`,
			`cors.yaml:6:36: policies.spa.dangerously_allow_null_origin "maybe": expected true or false, got text; write true or false`,
		},
	},
	{
		name: "numbers and booleans in lists",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_methods: [1, true, 1.5, 2020-01-01]
`),
		},
		want: []string{
			`cors.yaml:3:21: policies.spa.allow_methods[0] "1": expected text, got a number; write "1", in quotes`,
			`cors.yaml:3:24: policies.spa.allow_methods[1] "true": expected text, got a boolean; write "true", in quotes`,
			`cors.yaml:3:30: policies.spa.allow_methods[2] "1.5": expected text, got a decimal number; write "1.5", in quotes`,
			`cors.yaml:3:35: policies.spa.allow_methods[3] "2020-01-01": expected text, got a date or time; write "2020-01-01", in quotes`,
		},
	},
	{
		name: "a list in a list",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_origins: [["https://a.example"]]
`),
		},
		want: []string{
			"cors.yaml:3:21: policies.spa.allow_origins[0]: expected text, got a list; remove the inner brackets",
		},
	},
	{
		name: "a list in a list in TOML",
		files: config.Static{
			"cors.toml": []byte(`[policies.spa]
allow_origins = [["https://a.example"]]
`),
		},
		main: "cors.toml",
		want: []string{
			"cors.toml:2:19: policies.spa.allow_origins[0]: expected text, got a list; remove the inner brackets",
		},
	},
	{
		name: "a date in TOML",
		files: config.Static{
			"cors.toml": []byte(`[policies.spa]
max_age = 07:32:00
`),
		},
		main: "cors.toml",
		want: []string{
			`cors.toml:2:11: policies.spa.max_age "07:32:00": expected a duration, got a date or time; ` +
				`write a duration such as "10m", "600s" or "1h30m", or "disabled"`,
		},
	},
	{
		name: "text as a version",
		files: config.Static{
			"cors.yaml": []byte(`version: "1"
policies: {spa: {allow_origins: ["https://a.example"]}}
`),
		},
		want: []string{
			`cors.yaml:1:10: version "1": expected a number, got text; write 1`,
		},
	},
	{
		name: "a later version",
		files: config.Static{
			"cors.yaml": []byte(`version: 2
policies: {spa: {allow_origins: ["https://a.example"]}}
`),
		},
		want: []string{
			`cors.yaml:1:10: version "2": not a supported version of the file format; write 1, or upgrade corskit`,
		},
	},
	{
		name: "an origins_file that is a list",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    origins_file: [a.txt, b.txt]
`),
		},
		want: []string{
			"cors.yaml:3:19: policies.spa.origins_file: expected text, got a list",
		},
	},
}
