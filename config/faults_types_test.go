package config_test

import "github.com/corskit/corskit/config"

// typeFaults are values of another type than the key has.
var typeFaults = []faultCase{
	{
		name: "a scalar where a list is meant",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_origins: https://a.example
    allow_methods: PUT,DELETE
`),
		},
		want: []string{
			`cors.yaml:3:20: policies.spa.allow_origins "https://a.example": text where a list is meant; write ["https://a.example"]`,
			`cors.yaml:4:20: policies.spa.allow_methods "PUT,DELETE": text where a list is meant; write each value as an entry of a list, in brackets`,
		},
	},
	{
		name: "a list where a scalar is meant",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: [10m]
    allow_credentials: [true]
`),
		},
		want: []string{
			`cors.yaml:3:14: policies.spa.max_age: a list where a duration is meant; write it like "10m", "600s" or "1h30m", or "disabled"`,
			"cors.yaml:4:24: policies.spa.allow_credentials: a list where true or false is meant",
		},
	},
	{
		name: "a table where a list is meant",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_origins: {a: b}
`),
		},
		want: []string{
			"cors.yaml:3:20: policies.spa.allow_origins: a table where a list is meant",
		},
	},
	{
		name: "a list where policies are meant",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  - name: spa
`),
		},
		want: []string{
			"cors.yaml:2:3: policies: a list where a table of policies by name is meant",
		},
	},
	{
		name: "a text where a policy is meant",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa: https://a.example
`),
		},
		want: []string{
			`cors.yaml:2:8: policies.spa "https://a.example": text where a table of keys and values is meant`,
		},
	},
	{
		name: "a table where routes are meant",
		files: config.Static{
			"cors.yaml": []byte(onePolicy + `routes:
  /public: [spa]
`),
		},
		want: []string{
			"cors.yaml:3:3: routes: a table where a list of routes is meant",
		},
	},
	{
		name: "a text where a route is meant",
		files: config.Static{
			"cors.yaml": []byte(onePolicy + "routes: [spa]\n"),
		},
		want: []string{
			`cors.yaml:2:10: routes[0] "spa": text where a route, a table of keys and values, is meant`,
		},
	},
	{
		name: "booleans that are none",
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
			`cors.yaml:3:24: policies.spa.allow_credentials "yes": text where true or false is meant; write true`,
			`cors.yaml:4:24: policies.spa.reject_disallowed "true": text where true or false is meant; write true`,
			`cors.yaml:5:28: policies.spa.allow_private_network "1": a number where true or false is meant; write true`,
			`cors.yaml:6:36: policies.spa.dangerously_allow_null_origin "maybe": text where true or false is meant`,
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
			`cors.yaml:3:21: policies.spa.allow_methods[0] "1": a number where text is meant; write "1", in quotes`,
			`cors.yaml:3:24: policies.spa.allow_methods[1] "true": true or false where text is meant; write "true", in quotes`,
			`cors.yaml:3:30: policies.spa.allow_methods[2] "1.5": a number where text is meant; write "1.5", in quotes`,
			`cors.yaml:3:35: policies.spa.allow_methods[3] "2020-01-01": a date or time where text is meant; write "2020-01-01", in quotes`,
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
			"cors.yaml:3:21: policies.spa.allow_origins[0]: a list where text is meant",
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
			"cors.toml:2:19: policies.spa.allow_origins[0]: a list where text is meant",
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
			`cors.toml:2:11: policies.spa.max_age "07:32:00": a date or time where a duration is meant; write it like "10m", "600s" or "1h30m", or "disabled"`,
		},
	},
	{
		name: "a text as version",
		files: config.Static{
			"cors.yaml": []byte(`version: "1"
policies: {spa: {allow_origins: ["https://a.example"]}}
`),
		},
		want: []string{
			`cors.yaml:1:10: version "1": text where a number is meant; write 1`,
		},
	},
	{
		name: "a version to come",
		files: config.Static{
			"cors.yaml": []byte(`version: 2
policies: {spa: {allow_origins: ["https://a.example"]}}
`),
		},
		want: []string{
			`cors.yaml:1:10: version "2": a version of the file format that this corskit does not read; write 1, or use a later corskit`,
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
			"cors.yaml:3:19: policies.spa.origins_file: a list where text is meant",
		},
	},
}
