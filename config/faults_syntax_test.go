package config_test

import "github.com/corskit/corskit/config"

// syntaxFaults are files that are not YAML, JSON or TOML, or use unsupported syntax.
var syntaxFaults = []faultCase{
	{
		name: "a template that was not rendered",
		files: config.Static{
			"cors.yaml": []byte("policies:\n  spa:\n    allow_origins: {{ .Values.cors.origins }}\n"),
		},
		want: []string{"cors.yaml:3:20: a template that was not rendered; render it first, for example with helm template"},
	},
	{
		name: "a template of whole lines",
		files: config.Static{
			"cors.yaml": []byte("policies:\n  spa:\n    {{- toYaml .Values.cors | nindent 4 }}\n"),
		},
		want: []string{"cors.yaml:3:5: a template that was not rendered; render it first, for example with helm template"},
	},
	{
		name: "a tab",
		files: config.Static{
			"cors.yaml": []byte("policies:\n\tspa: {}\n"),
		},
		want: []string{
			"cors.yaml:2: not YAML: found character that cannot start any token; indent with spaces, not with tabs",
		},
	},
	{
		name: "an asterisk without quotes",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_origins: [*]
`),
		},
		want: []string{
			"cors.yaml:3: not YAML: did not find expected alphabetic or numeric character; put values that begin with * or @ in quotes",
		},
	},
	{
		name: "an at sign without quotes",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_origins: [@loopback]
`),
		},
		want: []string{
			"cors.yaml:3: not YAML: found character that cannot start any token; put values that begin with * or @ in quotes",
		},
	},
	{
		name: "a line that is indented unlike the others",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_origins: ["https://a.example"]
    allow_methods: []
   allow_headers: []
`),
		},
		want: []string{
			"cors.yaml:5: not YAML: did not find expected key; indent it by 2 or 4 spaces, like the lines above",
		},
	},
	{
		name: "an unclosed bracket",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_origins: ["https://a.example"
`),
		},
		want: []string{
			"cors.yaml:3: not YAML: did not find expected ',' or ']'",
		},
	},
	{
		name: "an unclosed quote",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: "10m
`),
		},
		want: []string{
			"cors.yaml:3: not YAML: found unexpected end of stream",
		},
	},
	{
		name: "a second document",
		files: config.Static{
			"cors.yaml": []byte(onePolicy + `---
policies: {spa: {allow_origins: ["https://a.example"]}}
`),
		},
		want: []string{
			"cors.yaml:2:1: a second YAML document; remove the line --- and everything after it",
		},
	},
	{
		name: "an unknown alias",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_methods: *methods
`),
		},
		want: []string{
			"cors.yaml:3:20: not YAML: unknown anchor 'methods' referenced; put values that begin with * or @ in quotes",
		},
	},
	{
		name: "a merge key",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  a: &a {max_age: 5m}
  b:
    <<: *a
`),
		},
		want: []string{
			"cors.yaml:4:5: a YAML merge key (<<); write the keys out, or use aliases for the values",
		},
	},
	{
		name: "a key that is a number",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  1: {}
`),
		},
		want: []string{
			"cors.yaml:2:3: a key that is not text; put it in quotes",
		},
	},
	{
		name: "a key that is a list",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  ? [a]
  : {}
`),
		},
		want: []string{
			"cors.yaml:2:5: a key that is not text",
		},
	},
	{
		name: "a custom tag",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_origins: !env ORIGINS
`),
		},
		want: []string{
			`cors.yaml:3:20: policies.spa.allow_origins "!env": a value with a YAML tag; remove the tag`,
		},
	},
	{
		name: "an alias of the parent",
		files: config.Static{
			"cors.yaml": []byte(`policies: &p
  spa: *p
`),
		},
		want: []string{
			"cors.yaml:1:11: values nest too deeply, or aliases expand to too many",
		},
	},
	{
		name: "JSON with an extra comma",
		files: config.Static{
			"cors.json": []byte(`{
  "policies": {
    "spa": {"allow_methods": ["PUT",]}
  }
}
`),
		},
		main: "cors.json",
		want: []string{
			"cors.json:3:37: not JSON: invalid character ']' looking for beginning of value; is there an extra comma before it?",
		},
	},
	{
		name: "JSON with a comment",
		files: config.Static{
			"cors.json": []byte(`{
  // a comment
  "policies": {}
}
`),
		},
		main: "cors.json",
		want: []string{
			"cors.json:2:3: not JSON: invalid character '/' looking for beginning of object key string; JSON has no comments; " +
				"use YAML or TOML for them",
		},
	},
	{
		name: "incomplete JSON",
		files: config.Static{
			"cors.json": []byte(`{"policies": {"spa": {"allow_origins": ["https://a.exa`),
		},
		main: "cors.json",
		want: []string{
			"cors.json:1:54: not JSON: unexpected end of JSON input",
		},
	},
	{
		name: "two JSON values",
		files: config.Static{
			"cors.json": []byte(`{"policies": {"spa": {}}}
{}
`),
		},
		main: "cors.json",
		want: []string{
			"cors.json:2:1: not JSON: invalid character '{' after top-level value",
		},
	},
	{
		name: "JSON with single quotes",
		files: config.Static{
			"cors.json": []byte("{'policies': {}}\n"),
		},
		main: "cors.json",
		want: []string{
			`cors.json:1:2: not JSON: invalid character '\'' looking for beginning of object key string; use double quotes in JSON`,
		},
	},
	{
		name: "TOML without quotes",
		files: config.Static{
			"cors.toml": []byte(`[policies.spa]
max_age = 10m
`),
		},
		main: "cors.toml",
		want: []string{
			"cors.toml:2:13: not TOML: strings must be quoted",
		},
	},
	{
		name: "TOML with an unclosed bracket",
		files: config.Static{
			"cors.toml": []byte(`[policies.spa
max_age = "10m"
`),
		},
		main: "cors.toml",
		want: []string{
			"cors.toml:1:14: not TOML: expected ']' to close table name",
		},
	},
	{
		name: "TOML without a value",
		files: config.Static{
			"cors.toml": []byte(`[policies.spa]
max_age =
`),
		},
		main: "cors.toml",
		want: []string{
			"cors.toml:2:10: not TOML: unexpected character U+000A at start of value",
		},
	},
	{
		name: "TOML with only comments",
		files: config.Static{
			"cors.toml": []byte("# [policies.spa]\n"),
		},
		main: "cors.toml",
		want: []string{
			"cors.toml: nothing but comments",
		},
	},
}
