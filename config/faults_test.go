package config_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/corskit/corskit/config"
)

// alone marks a case of the environment alone.
const alone = "-"

const onePolicy = `policies: {spa: {allow_origins: ["https://a.example"]}}
`

// faultCases are inputs that must be refused, each with every message.
var faultCases = []struct {
	name  string
	files config.Static
	main  string // "cors.yaml" if it is empty
	env   []string
	want  []string
}{
	{
		name: "no such file",
		want: []string{
			"cors.yaml: no such file",
		},
	},
	{
		name: "an empty file",
		files: config.Static{
			"cors.yaml": []byte(""),
		},
		want: []string{
			"cors.yaml: an empty file",
		},
	},
	{
		name: "blanks",
		files: config.Static{
			"cors.yaml": []byte(" \n\t\n"),
		},
		want: []string{
			"cors.yaml: an empty file",
		},
	},
	{
		name: "nothing but comments",
		files: config.Static{
			"cors.yaml": []byte("# policies:\n"),
		},
		want: []string{
			"cors.yaml: nothing but comments",
		},
	},
	{
		name: "a byte order mark and nothing else",
		files: config.Static{
			"cors.yaml": []byte("\ufeff"),
		},
		want: []string{
			"cors.yaml: an empty file",
		},
	},
	{
		name: "not UTF-8",
		files: config.Static{
			"cors.yaml": []byte("policies:\n  spa: {allow_origins: [\"https://\xff.example\"]}\n"),
		},
		want: []string{
			"cors.yaml:2:34: not UTF-8; save the file in UTF-8",
		},
	},
	{
		name: "UTF-16",
		files: config.Static{
			"cors.yaml": []byte("\xff\xfep\x00o\x00"),
		},
		want: []string{
			"cors.yaml:1:1: not UTF-8; save the file in UTF-8",
		},
	},
	{
		name: "an ending of no format",
		files: config.Static{
			"cors.conf": []byte(onePolicy),
		},
		main: "cors.conf",
		want: []string{
			"cors.conf: not a format known by its ending; name it .yaml, .yml, .json or .toml",
		},
	},
	{
		name: "no ending",
		files: config.Static{
			"cors": []byte(onePolicy),
		},
		main: "cors",
		want: []string{
			"cors: not a format known by its ending; name it .yaml, .yml, .json or .toml",
		},
	},
	{
		name: "an ending in upper case",
		files: config.Static{
			"cors.YAML": []byte(onePolicy),
		},
		main: "cors.YAML",
		want: []string{
			"cors.YAML: not a format known by its ending; write the ending in lower case",
		},
	},
	{
		name: "a single word",
		files: config.Static{
			"cors.yaml": []byte("policies\n"),
		},
		want: []string{
			`cors.yaml:1:1 "policies": text where the file's keys are meant; begin the file with the key policies`,
		},
	},
	{
		name: "a list",
		files: config.Static{
			"cors.yaml": []byte("- policies\n"),
		},
		want: []string{
			"cors.yaml:1:1: a list where the file's keys are meant; begin the file with the key policies",
		},
	},
	{
		name: "null as a whole",
		files: config.Static{
			"cors.yaml": []byte("null\n"),
		},
		want: []string{
			`cors.yaml:1:1 "null": no value where the file's keys are meant; begin the file with the key policies`,
		},
	},
	{
		name: "too large",
		files: config.Static{
			"cors.yaml": bytes.Repeat([]byte("# x\n"), 1<<19),
		},
		want: []string{
			"cors.yaml: more than 1 MiB; list many origins in an origins_file",
		},
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
		name: "a bracket left open",
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
		name: "a quote left open",
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
			"cors.yaml:2:1: a second YAML document; remove what follows the line ---",
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
			"cors.yaml:4:5: a YAML merge key (<<); write the keys out; an alias may stand for a whole list",
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
		name: "a tag of its own",
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
		name: "an alias of what holds it",
		files: config.Static{
			"cors.yaml": []byte(`policies: &p
  spa: *p
`),
		},
		want: []string{
			"cors.yaml:1:11: values nest too deeply, or aliases make too many of them",
		},
	},
	{
		name: "JSON with a comma too many",
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
			"cors.json:3:37: not JSON: invalid character ']' looking for beginning of value; is there a comma too many before it?",
		},
	},
	{
		name: "JSON with a comment",
		files: config.Static{
			"cors.json": []byte(`{
  // ours
  "policies": {}
}
`),
		},
		main: "cors.json",
		want: []string{
			"cors.json:2:3: not JSON: invalid character '/' looking for beginning of object key string; JSON has no comments; use YAML or TOML for them",
		},
	},
	{
		name: "JSON cut off",
		files: config.Static{
			"cors.json": []byte(`{"policies": {"spa": {"allow_origins": ["https://a.exa`),
		},
		main: "cors.json",
		want: []string{
			"cors.json:1:54: not JSON: unexpected end of JSON input",
		},
	},
	{
		name: "JSON twice",
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
			`cors.json:1:2: not JSON: invalid character '\'' looking for beginning of object key string; JSON has double quotes`,
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
		name: "TOML with a bracket left open",
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
		name: "TOML of comments",
		files: config.Static{
			"cors.toml": []byte("# [policies.spa]\n"),
		},
		main: "cors.toml",
		want: []string{
			"cors.toml: nothing but comments",
		},
	},
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
		name: "an unknown key like none",
		files: config.Static{
			"cors.yaml": []byte(`frobnicate: 1
policies: {spa: {allow_origins: ["https://a.example"]}}
`),
		},
		want: []string{
			"cors.yaml:1:1: frobnicate: an unknown key; the keys here are version, policies, routes",
		},
	},
	{
		name: "a policy's key outside of one",
		files: config.Static{
			"cors.yaml": []byte("allow_origins: [\"https://a.example\"]\n"),
		},
		want: []string{
			"cors.yaml:1:1: allow_origins: a key of a policy, outside of one; put it below policies and the policy's name",
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
		name: "another library's key",
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
			`cors.yaml:3:5: policies.spa.Allow_Origins: keys are in lower case; did you mean "allow_origins"?`,
		},
	},
	{
		name: "a header's name as key",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    Access-Control-Allow-Origin: "*"
`),
		},
		want: []string{
			`cors.yaml:3:5: policies.spa.Access-Control-Allow-Origin: an unknown key; did you mean "allow_origins"?`,
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
			"cors.yaml:3:6: routes[0].url: an unknown key; the keys here are host, path, policies",
		},
	},
	{
		name: "a key twice",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: 5m
    allow_methods: [PUT]
    max_age: 10m
`),
		},
		want: []string{
			"cors.yaml:5:5: policies.spa.max_age: set before, on line 3; remove one of the two",
		},
	},
	{
		name: "a policy twice",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa: {}
  spa: {allow_credentials: true}
`),
		},
		want: []string{
			"cors.yaml:3:3: policies.spa: set before, on line 2; remove one of the two",
		},
	},
	{
		name: "a key twice in JSON",
		files: config.Static{
			"cors.json": []byte(`{"policies": {"spa": {"max_age": "5m",
 "max_age": "10m"}}}
`),
		},
		main: "cors.json",
		want: []string{
			"cors.json:2:2: policies.spa.max_age: set before, on line 1; remove one of the two",
		},
	},
	{
		name: "a table twice in TOML",
		files: config.Static{
			"cors.toml": []byte(`[policies.spa]
max_age = "5m"
[policies.spa]
max_age = "10m"
`),
		},
		main: "cors.toml",
		want: []string{
			"cors.toml:3:11: policies.spa: set before, on line 1; remove one of the two",
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
			`cors.yaml:3:5: policies.spa."a\x1bb\n": an unknown key; the keys here are allow_origins, origins_file, allow_methods, allow_headers, expose_headers, allow_credentials, max_age, allow_private_network, reject_disallowed, dangerously_allow_null_origin, dangerously_allow_insecure_origins, dangerously_allow_public_suffixes`,
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
	{
		name: "a policy in upper case",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  SPA: {}
`),
		},
		want: []string{
			`cors.yaml:2:3: policies.SPA: names are in lower case; did you mean "spa"?`,
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
			`cors.yaml:2:3: policies."a.b": not a name; use a-z and 0-9, with a single - or _ between them`,
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
			"cors.yaml:2:3: policies.a__b: not a name; use a-z and 0-9, with a single - or _ between them",
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
			`cors.yaml:2:3: policies."": a policy without a name; name it; a single policy is called "default"`,
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
			"cors.yaml:2:3: policies.aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: a name of more than 64 bytes; shorten it",
		},
	},
	{
		name: "policies alike for variables",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  my-app: {}
  my_app: {}
`),
		},
		want: []string{
			`cors.yaml:3:3: policies.my_app: differs from the policy "my-app" in - and _ only; rename one of the two`,
		},
	},
	{
		name: "policies without a value",
		files: config.Static{
			"cors.yaml": []byte("policies:\n"),
		},
		want: []string{
			"cors.yaml:1:10: policies: no value; give it one, or remove the key",
		},
	},
	{
		name: "policies empty",
		files: config.Static{
			"cors.yaml": []byte("policies: {}\n"),
		},
		want: []string{
			"cors.yaml:1:11: policies: no policy in it; add one, or remove the key",
		},
	},
	{
		name: "no policies",
		files: config.Static{
			"cors.yaml": []byte("version: 1\n"),
		},
		want: []string{
			"cors.yaml: no policy in it; add the key policies; a policy {} refuses every origin",
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
			"cors.yaml:3:19: policies.spa.allow_origins: no value; give it one, or remove the key",
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
			`cors.yaml:3:42: policies.spa.allow_origins[1]: no value; remove the entry; the origin null is written "null", in quotes`,
			`cors.yaml:3:48: policies.spa.allow_origins[2]: no value; remove the entry; the origin null is written "null", in quotes`,
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
			"cors.json:1:40: policies.spa.allow_origins: no value; give it one, or remove the key",
		},
	},
	{
		name: "routes empty",
		files: config.Static{
			"cors.yaml": []byte(onePolicy + "routes: []\n"),
		},
		want: []string{
			"cors.yaml:2:9: routes: no route in it; add one; without the key every policy applies everywhere",
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
			"cors.yaml:4:15: routes[1].policies: a route without policies; name one; a policy {} refuses every origin",
		},
	},
	{
		name: "a path without text",
		files: config.Static{
			"cors.yaml": []byte(onePolicy + `routes:
  - {path: "", policies: [spa]}
`),
		},
		want: []string{
			"cors.yaml:3:12: routes[0].path: empty; give it a value, or remove the key",
		},
	},
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
	{
		name: "a duration without a unit",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: 600
`),
		},
		want: []string{
			`cors.yaml:3:14: policies.spa.max_age "600": a duration without a unit; write "600s" if seconds are meant`,
		},
	},
	{
		name: "a duration without a unit, in quotes",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: "600"
`),
		},
		want: []string{
			`cors.yaml:3:14: policies.spa.max_age "600": a duration without a unit; write "600s" if seconds are meant`,
		},
	},
	{
		name: "a duration without a unit in JSON",
		files: config.Static{
			"cors.json": []byte("{\"policies\": {\"spa\": {\"max_age\": 600}}}\n"),
		},
		main: "cors.json",
		want: []string{
			`cors.json:1:34: policies.spa.max_age "600": a duration without a unit; write "600s" if seconds are meant`,
		},
	},
	{
		name: "a fraction without a unit",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: 1.5
`),
		},
		want: []string{
			`cors.yaml:3:14: policies.spa.max_age "1.5": a duration without a unit; write it like "10m", "600s" or "1h30m", or "disabled"`,
		},
	},
	{
		name: "zero without a unit",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: 0
`),
		},
		want: []string{
			`cors.yaml:3:14: policies.spa.max_age "0": a duration without a unit; write it like "10m", "600s" or "1h30m", or "disabled"`,
		},
	},
	{
		name: "a zero duration",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: 0s
`),
		},
		want: []string{
			`cors.yaml:3:14: policies.spa.max_age "0s": zero could mean two things; write "disabled" to tell browsers not to remember preflights, or remove the key to tell them nothing`,
		},
	},
	{
		name: "a negative duration",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: -10m
`),
		},
		want: []string{
			`cors.yaml:3:14: policies.spa.max_age "-10m": a negative duration; write "disabled" to tell browsers not to remember preflights`,
		},
	},
	{
		name: "the duration that core takes for none",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: -1ns
`),
		},
		want: []string{
			`cors.yaml:3:14: policies.spa.max_age "-1ns": a negative duration; write "disabled" to tell browsers not to remember preflights`,
		},
	},
	{
		name: "a duration in days",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: 1d
`),
		},
		want: []string{
			`cors.yaml:3:14: policies.spa.max_age "1d": not a duration; did you mean "24h"?`,
		},
	},
	{
		name: "a duration in words",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: 10 minutes
`),
		},
		want: []string{
			`cors.yaml:3:14: policies.spa.max_age "10 minutes": not a duration; did you mean "10m"?`,
		},
	},
	{
		name: "a duration of milliseconds",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: 1500ms
`),
		},
		want: []string{
			`cors.yaml:3:14: policies.spa.max_age "1.5s": a fraction of a second, which the header cannot express; did you mean 2s?`,
		},
	},
	{
		name: "a duration of more than a day",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: 25h
`),
		},
		want: []string{
			`cors.yaml:3:14: policies.spa.max_age "25h": more than 24 hours, which no browser honours; use at most 24h`,
		},
	},
	{
		name: "a duration that is none",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: never
`),
		},
		want: []string{
			`cors.yaml:3:14: policies.spa.max_age "never": not a duration; write it like "10m", "600s" or "1h30m", or "disabled"`,
		},
	},
	{
		name: "a duration that overflows",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: 99999999999h
`),
		},
		want: []string{
			`cors.yaml:3:14: policies.spa.max_age "99999999999h": not a duration; write it like "10m", "600s" or "1h30m", or "disabled"`,
		},
	},
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
			`cors.yaml:4:9: policies.spa.allow_origins[0] "https://a.example/": a trailing slash is not part of an origin; did you mean "https://a.example"?`,
			`cors.yaml:5:9: policies.spa.allow_origins[1] "a.example": an origin begins with its scheme; did you mean "https://a.example"?`,
			`cors.yaml:6:9: policies.spa.allow_origins[2] "HTTPS://A.example": upper case in the scheme; did you mean "https://a.example"?`,
			`cors.yaml:7:9: policies.spa.allow_origins[3] "https://a.example:443": browsers leave out port 443, the default of https; did you mean "https://a.example"?`,
			`cors.yaml:8:9: policies.spa.allow_origins[4] "https://a.example, https://b.example": several values in one entry; write one list entry for each origin`,
			`cors.yaml:9:9: policies.spa.allow_origins[5] "https://*": a wildcard for the whole host; use "*" for every origin, or name a domain, as in "https://*.example.com"`,
			`cors.yaml:10:9: policies.spa.allow_origins[6] "null": any site can make its requests come from the origin "null"; set dangerously_allow_null_origin if that is meant`,
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
			`cors.yaml:3:21: policies.spa.allow_origins[0] "*": every origin together with credentials would let any site act as its visitors; list the origins that need credentials, or set allow_credentials to false`,
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
			`cors.yaml:3:21: policies.spa.allow_origins[0] "http://a.example": with credentials, an http:// origin that anybody on the network can be; serve the page over https://, or set dangerously_allow_insecure_origins if that is meant`,
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
			`cors.yaml:3:21: policies.spa.allow_origins[0] "https://*.github.io": with credentials, a wildcard under the public suffix github.io, where anybody can register a name; write the registered domain out, or set dangerously_allow_public_suffixes if that is meant`,
		},
	},
	{
		name: "methods and headers",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_methods: [TRACE, patch, "PUT, DELETE"]
    allow_headers: [cookie, "x y"]
    expose_headers: [set-cookie]
`),
		},
		want: []string{
			`cors.yaml:3:21: policies.spa.allow_methods[0] "TRACE": browsers never send TRACE; remove it`,
			`cors.yaml:3:28: policies.spa.allow_methods[1] "patch": methods are case-sensitive, and browsers do not change the case of this one; did you mean "PATCH"?`,
			`cors.yaml:3:35: policies.spa.allow_methods[2] "PUT, DELETE": several values in one entry; write one list entry for each`,
			`cors.yaml:4:21: policies.spa.allow_headers[0] "cookie": scripts cannot set this header, browsers do; remove it`,
			`cors.yaml:4:29: policies.spa.allow_headers[1] "x y": several values in one entry; write one list entry for each`,
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
			`cors.yaml:3:12: routes[0].host "a.example:8080": a route's host has no port; did you mean "a.example"?`,
			`cors.yaml:4:12: routes[1].host "https://a.example": a route has a host, not an origin; write the host alone`,
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
			`cors.yaml:3:26: routes[0].policies[0] "sap": no policy of this name; did you mean "spa"?`,
			`cors.yaml:4:26: routes[1].policies[0] "other": no policy of this name; the policies are spa`,
			`cors.yaml:4:38: routes[1].policies[2] "spa": named before in this route; remove one of the two`,
		},
	},
	{
		name: "a policy that no route names is checked too",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa: {}
  other: {allow_origins: [a.example]}
routes:
  - {policies: [spa]}
`),
		},
		want: []string{
			`cors.yaml:3:27: policies.other.allow_origins[0] "a.example": an origin begins with its scheme; did you mean "https://a.example"?`,
		},
	},
	{
		name: "all at once",
		files: config.Static{
			"cors.yaml": []byte(`version: 3
policies:
  spa:
    allow_origins: ["https://a.example/", null]
    max_age: 600
route: []
`),
		},
		env: []string{"CORS_PROFLE=x"},
		want: []string{
			`cors.yaml:1:10: version "3": a version of the file format that this corskit does not read; write 1, or use a later corskit`,
			`cors.yaml:4:21: policies.spa.allow_origins[0] "https://a.example/": a trailing slash is not part of an origin; did you mean "https://a.example"?`,
			`cors.yaml:4:43: policies.spa.allow_origins[1]: no value; remove the entry; the origin null is written "null", in quotes`,
			`cors.yaml:5:14: policies.spa.max_age "600": a duration without a unit; write "600s" if seconds are meant`,
			`cors.yaml:6:1: route: an unknown key; did you mean "routes"?`,
			"CORS_PROFLE: an unknown variable; did you mean CORS_PROFILE?",
		},
	},
	{
		name: "no origins_file",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    origins_file: partners.txt
`),
		},
		want: []string{
			`cors.yaml:3:19: policies.spa.origins_file "partners.txt": partners.txt: no such file`,
		},
	},
	{
		name: "an empty origins_file",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    origins_file: partners.txt
`),
			"partners.txt": []byte(`# none yet

`),
		},
		want: []string{
			"partners.txt: no origin in it; a policy that refuses every origin has allow_origins: [] and no origins_file",
		},
	},
	{
		name: "faults in an origins_file",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_origins: ["https://a.example"]
    origins_file: partners.txt
`),
			"partners.txt": []byte("# ours\n\nhttps://b.example # fine\n  b.example\r\nhttps://c.example/ # slash\n"),
		},
		want: []string{
			`partners.txt:4:3: policies.spa.origins_file "b.example": an origin begins with its scheme; did you mean "https://b.example"?`,
			`partners.txt:5:1: policies.spa.origins_file "https://c.example/": a trailing slash is not part of an origin; did you mean "https://c.example"?`,
		},
	},
	{
		name: "an origins_file that is not UTF-8",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    origins_file: partners.txt
`),
			"partners.txt": []byte("https://a.example\nhttps://\xe4.example\n"),
		},
		want: []string{
			"partners.txt:2:9: not UTF-8; save the file in UTF-8",
		},
	},
	{
		name: "an origins_file that is no file name",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    origins_file: ""
`),
		},
		want: []string{
			"cors.yaml:3:19: policies.spa.origins_file: empty; give it a value, or remove the key",
		},
	},
	{
		name: "a profile without a file",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS_PROFILE=prod"},
		want: []string{
			`cors.prod.yaml: no such file, though the profile is "prod"; create it, or choose another profile with CORS_PROFILE`,
		},
	},
	{
		name: "a profile that leads elsewhere",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS_PROFILE=../../etc/passwd"},
		want: []string{
			`CORS_PROFILE "../../etc/passwd": not the name of a profile; use a-z and 0-9, with a single - or _ between them`,
		},
	},
	{
		name: "a profile in upper case",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS_PROFILE=Prod"},
		want: []string{
			`CORS_PROFILE "Prod": not the name of a profile; did you mean "prod"?`,
		},
	},
	{
		name: "faults in both files",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: 600
`),
			"cors.prod.yaml": []byte(`policies:
  spa:
    allow_orgins: []
`),
		},
		env: []string{"CORS_PROFILE=prod"},
		want: []string{
			`cors.yaml:3:14: policies.spa.max_age "600": a duration without a unit; write "600s" if seconds are meant`,
			`cors.prod.yaml:3:5: policies.spa.allow_orgins: an unknown key; did you mean "allow_origins"?`,
		},
	},
	{
		name: "a profile's file that is empty",
		files: config.Static{
			"cors.yaml":      []byte(onePolicy),
			"cors.prod.yaml": []byte(""),
		},
		env: []string{"CORS_PROFILE=prod"},
		want: []string{
			"cors.prod.yaml: an empty file",
		},
	},
	{
		name: "an unknown variable",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS_ORIGINS=https://a.example"},
		want: []string{
			"CORS_ORIGINS: an unknown variable; did you mean CORS_ALLOW_ORIGINS?",
		},
	},
	{
		name: "an unknown variable like none",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS_XYZZY=1"},
		want: []string{
			"CORS_XYZZY: an unknown variable; unset it; CORS_ALLOW_ORIGINS and its like set the policy default, CORS__POLICIES__NAME__ALLOW_ORIGINS another",
		},
	},
	{
		name: "variables of Kubernetes",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS_SERVICE_HOST=10.0.0.1", "CORS_PORT_80_TCP=tcp://10.0.0.1:80"},
		want: []string{
			"CORS_PORT_80_TCP: an unknown variable; Kubernetes sets it for a Service whose name begins with cors: set enableServiceLinks to false for the pod",
			"CORS_SERVICE_HOST: an unknown variable; Kubernetes sets it for a Service whose name begins with cors: set enableServiceLinks to false for the pod",
		},
	},
	{
		name: "a variable in lower case",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"cors_allow_origins=https://a.example"},
		want: []string{
			"cors_allow_origins: variables are in upper case; did you mean CORS_ALLOW_ORIGINS?",
		},
	},
	{
		name: "a variable in mixed case",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__Policies__spa__Max_Age=5m"},
		want: []string{
			"CORS__Policies__spa__Max_Age: variables are in upper case; did you mean CORS__POLICIES__SPA__MAX_AGE?",
		},
	},
	{
		name: "the policy default, which the file does not declare",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS_ALLOW_ORIGINS=https://b.example"},
		want: []string{
			`CORS_ALLOW_ORIGINS: sets the policy "default", which cors.yaml does not declare; declare it there, if only as default: {}, or set CORS__POLICIES__SPA__ALLOW_ORIGINS`,
		},
	},
	{
		name: "a policy that the file does not declare",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__POLICIES__SAP__ALLOW_ORIGINS="},
		want: []string{
			`CORS__POLICIES__SAP__ALLOW_ORIGINS: sets the policy "sap", which cors.yaml does not declare; did you mean CORS__POLICIES__SPA__ALLOW_ORIGINS?`,
		},
	},
	{
		name: "an unknown key in a variable",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__POLICIES__SPA__ALLOW_ORGINS=", "CORS__POLICY__SPA__MAX_AGE=5m", "CORS__POLICIES__SPA__XYZZY=1"},
		want: []string{
			"CORS__POLICIES__SPA__ALLOW_ORGINS: an unknown key; did you mean CORS__POLICIES__SPA__ALLOW_ORIGINS?",
			"CORS__POLICIES__SPA__XYZZY: an unknown key; the keys of a policy are ALLOW_ORIGINS, ORIGINS_FILE, ALLOW_METHODS, ALLOW_HEADERS, EXPOSE_HEADERS, ALLOW_CREDENTIALS, MAX_AGE, ALLOW_PRIVATE_NETWORK, REJECT_DISALLOWED, DANGEROUSLY_ALLOW_NULL_ORIGIN, DANGEROUSLY_ALLOW_INSECURE_ORIGINS, DANGEROUSLY_ALLOW_PUBLIC_SUFFIXES",
			"CORS__POLICY__SPA__MAX_AGE: an unknown key; after CORS__ comes POLICIES__, the name of a policy, __ and a key of it",
		},
	},
	{
		name: "a variable for a whole table",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__POLICIES=x", "CORS__POLICIES__SPA=x", "CORS__POLICIES__SPA__MAX__AGE=5m"},
		want: []string{
			"CORS__POLICIES: a whole table, which no variable can set; name a policy and a key, as in CORS__POLICIES__SPA__ALLOW_ORIGINS",
			"CORS__POLICIES__SPA: a whole table, which no variable can set; name a policy and a key, as in CORS__POLICIES__SPA__ALLOW_ORIGINS",
			"CORS__POLICIES__SPA__MAX__AGE: too many parts; a variable is named CORS__POLICIES__, a policy, __ and a key",
		},
	},
	{
		name: "a variable for a part of the routes",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__ROUTES__0__PATH=/"},
		want: []string{
			"CORS__ROUTES__0__PATH: a part of routes, which a variable can only set as a whole; set CORS__ROUTES to JSON",
		},
	},
	{
		name: "values of the wrong type",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__POLICIES__SPA__ALLOW_CREDENTIALS=1", "CORS__POLICIES__SPA__MAX_AGE=600", "CORS__POLICIES__SPA__REJECT_DISALLOWED=TRUE", "CORS__VERSION=one"},
		want: []string{
			`CORS__POLICIES__SPA__ALLOW_CREDENTIALS: policies.spa.allow_credentials "1": text where true or false is meant; write true`,
			`CORS__POLICIES__SPA__MAX_AGE: policies.spa.max_age "600": a duration without a unit; write "600s" if seconds are meant`,
			`CORS__POLICIES__SPA__REJECT_DISALLOWED: policies.spa.reject_disallowed "TRUE": text where true or false is meant; write true`,
			`CORS__VERSION: version "one": text where a number is meant; write 1`,
		},
	},
	{
		name: "set but empty",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__POLICIES__SPA__MAX_AGE=", "CORS__POLICIES__SPA__ALLOW_CREDENTIALS= ", "CORS__POLICIES__SPA__ORIGINS_FILE="},
		want: []string{
			"CORS__POLICIES__SPA__ALLOW_CREDENTIALS: policies.spa.allow_credentials: set, but empty; give it a value, or unset it",
			"CORS__POLICIES__SPA__MAX_AGE: policies.spa.max_age: set, but empty; give it a value, or unset it",
			"CORS__POLICIES__SPA__ORIGINS_FILE: policies.spa.origins_file: set, but empty; give it a value, or unset it",
		},
	},
	{
		name: "an empty entry in a variable",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__POLICIES__SPA__ALLOW_ORIGINS=https://a.example,,https://b.example,"},
		want: []string{
			"CORS__POLICIES__SPA__ALLOW_ORIGINS: policies.spa.allow_origins[1]: an empty entry; remove a comma; the whole variable empty means none",
			"CORS__POLICIES__SPA__ALLOW_ORIGINS: policies.spa.allow_origins[3]: an empty entry; remove a comma; the whole variable empty means none",
		},
	},
	{
		name: "origins in a variable",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__POLICIES__SPA__ALLOW_ORIGINS=https://a.example, b.example ,https://c.example/"},
		want: []string{
			`CORS__POLICIES__SPA__ALLOW_ORIGINS: policies.spa.allow_origins[1] "b.example": an origin begins with its scheme; did you mean "https://b.example"?`,
			`CORS__POLICIES__SPA__ALLOW_ORIGINS: policies.spa.allow_origins[2] "https://c.example/": a trailing slash is not part of an origin; did you mean "https://c.example"?`,
		},
	},
	{
		name: "origins with blanks between",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__POLICIES__SPA__ALLOW_ORIGINS=https://a.example https://b.example"},
		want: []string{
			`CORS__POLICIES__SPA__ALLOW_ORIGINS: policies.spa.allow_origins[0] "https://a.example https://b.example": several values in one entry; write one list entry for each origin`,
		},
	},
	{
		name: "JSON in a variable",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{`CORS__POLICIES__SPA__ALLOW_ORIGINS=["https://a.example"`, `CORS__POLICIES__SPA__ALLOW_METHODS=[1, "patch"]`},
		want: []string{
			`CORS__POLICIES__SPA__ALLOW_METHODS: policies.spa.allow_methods[0] "1": a number where text is meant; write "1", in quotes`,
			`CORS__POLICIES__SPA__ALLOW_METHODS: policies.spa.allow_methods[1] "patch": methods are case-sensitive, and browsers do not change the case of this one; did you mean "PATCH"?`,
			`CORS__POLICIES__SPA__ALLOW_ORIGINS: policies.spa.allow_origins "[\"https://a.example\"": not JSON: unexpected end of JSON input`,
		},
	},
	{
		name: "routes in a variable",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{`CORS__ROUTES=[{"path": "a", "policies": ["spa"], "hosts": 1}]`},
		want: []string{
			`CORS__ROUTES: routes[0].hosts: an unknown key; did you mean "host"?`,
			`CORS__ROUTES: routes[0].path "a": a path begins with a slash; did you mean "/a"?`,
		},
	},
	{
		name: "routes that are no JSON",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__ROUTES=/public"},
		want: []string{
			`CORS__ROUTES: routes "/public": not JSON: invalid character '/' looking for beginning of value`,
		},
	},
	{
		name: "a variable twice",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__POLICIES__SPA__MAX_AGE=5m", "CORS__POLICIES__SPA__MAX_AGE=6m"},
		want: []string{
			"CORS__POLICIES__SPA__MAX_AGE: set twice, to different values; remove one of the two",
		},
	},
	{
		name: "two variables for one key",
		files: config.Static{
			"cors.yaml": []byte("policies: {default: {}}\n"),
		},
		env: []string{"CORS_MAX_AGE=5m", "CORS__POLICIES__DEFAULT__MAX_AGE=5m"},
		want: []string{
			"CORS__POLICIES__DEFAULT__MAX_AGE: policies.default.max_age: set by CORS_MAX_AGE too; unset one of the two",
		},
	},
	{
		name: "a variable that is not UTF-8",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__POLICIES__SPA__ALLOW_ORIGINS=https://\xff.example"},
		want: []string{
			"CORS__POLICIES__SPA__ALLOW_ORIGINS: policies.spa.allow_origins: not UTF-8",
		},
	},
	{
		name: "a file and the environment at fault",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa: {max_age: 600}
`),
		},
		env: []string{"CORS_ORIGNS=x", "CORS__POLICIES__SPA__MAX_AGE=1d"},
		want: []string{
			`cors.yaml:2:18: policies.spa.max_age "600": a duration without a unit; write "600s" if seconds are meant`,
			"CORS_ORIGNS: an unknown variable; did you mean CORS_ALLOW_ORIGINS?",
			`CORS__POLICIES__SPA__MAX_AGE: policies.spa.max_age "1d": not a duration; did you mean "24h"?`,
		},
	},
	{
		name: "a broken file and the environment",
		files: config.Static{
			"cors.yaml": []byte("policies: [\n"),
		},
		env: []string{"CORS_ORIGNS=x", "CORS_ALLOW_ORIGINS="},
		want: []string{
			"cors.yaml:1: not YAML: did not find expected node content",
			"CORS_ORIGNS: an unknown variable; did you mean CORS_ALLOW_ORIGINS?",
		},
	},
	{
		name: "no variable",
		main: alone,
		want: []string{
			"CORS_ALLOW_ORIGINS: not set, nor is any other variable of a policy; set it; empty, it refuses every origin",
		},
	},
	{
		name: "a profile alone",
		main: alone,
		env:  []string{"CORS_PROFILE=prod"},
		want: []string{
			`CORS_PROFILE "prod": a profile chooses among files, and there is none; unset it`,
		},
	},
	{
		name: "only faults",
		main: alone,
		env:  []string{"CORS_ORIGIN=*"},
		want: []string{
			"CORS_ORIGIN: an unknown variable; did you mean CORS_ALLOW_ORIGINS?",
		},
	},
	{
		name: "any origin with credentials in variables",
		main: alone,
		env:  []string{"CORS_ALLOW_ORIGINS=*", "CORS_ALLOW_CREDENTIALS=true"},
		want: []string{
			`CORS_ALLOW_ORIGINS: policies.default.allow_origins[0] "*": every origin together with credentials would let any site act as its visitors; list the origins that need credentials, or set allow_credentials to false`,
		},
	},
	{
		name: "a policy name that is none",
		main: alone,
		env:  []string{"CORS__POLICIES___SPA__MAX_AGE=5m"},
		want: []string{
			`CORS__POLICIES___SPA__MAX_AGE: "_spa" is not a name; use A-Z and 0-9, with a single _ between them`,
		},
	},
	{
		name: "routes without policies",
		main: alone,
		env:  []string{`CORS__ROUTES=[{"policies": ["spa"]}]`},
		want: []string{
			"CORS_ALLOW_ORIGINS: not set, nor is any other variable of a policy; set it; empty, it refuses every origin",
		},
	},
}

func TestFaults(t *testing.T) {
	if len(faultCases) < 80 {
		t.Errorf("only %d cases", len(faultCases))
	}
	for _, c := range faultCases {
		t.Run(c.name, func(t *testing.T) {
			env := append([]string{}, c.env...)
			var cfg *config.Config
			var err error
			switch c.main {
			case alone:
				cfg, err = config.ReadEnv(config.Options{Environ: env})
			case "":
				cfg, err = config.Read(context.Background(), c.files, "cors.yaml", config.Options{Environ: env})
			default:
				cfg, err = config.Read(context.Background(), c.files, c.main, config.Options{Environ: env})
			}
			if cfg != nil || err == nil {
				t.Fatalf("accepted: %+v", cfg)
			}
			if got, want := err.Error(), strings.Join(c.want, "\n"); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			n := 0
			for e := range config.Errors(err) {
				if n++; e.Reason == "" || e.Detail == "" || e.File == "" && e.Variable == "" {
					t.Errorf("an error that lacks something: %+v", e)
				}
				checkExcerpt(t, e, c.files)
			}
			if n != len(c.want) {
				t.Errorf("Errors yields %d, want %d", n, len(c.want))
			}
			var one *config.Error
			if !errors.As(err, &one) {
				t.Errorf("%T holds no *config.Error", err)
			}
		})
	}
}

// checkExcerpt holds the excerpt of an error to the line that it is of.
func checkExcerpt(t *testing.T, e *config.Error, files config.Static) {
	t.Helper()
	x := e.Excerpt
	if x.Start < 0 || x.Width < 0 || x.Start+x.Width > len([]rune(x.Text)) {
		t.Errorf("%v: excerpt %q underlines %d+%d", e, x.Text, x.Start, x.Width)
	}
	if e.Line == 0 {
		return
	}
	data := bytes.TrimPrefix(files[e.File], []byte("\ufeff"))
	lines := strings.Split(string(data), "\n")
	if e.Line > len(lines) {
		t.Fatalf("%v: the file has %d lines", e, len(lines))
	}
	if line := strings.TrimSuffix(lines[e.Line-1], "\r"); len(line) < 150 && len(x.Text) != len(line) && strings.ToValidUTF8(line, "") == line {
		t.Errorf("%v: excerpt %q of line %q", e, x.Text, line)
	}
	if e.Column > 0 && x.Width == 0 && x.Start < len([]rune(x.Text)) {
		t.Errorf("%v: nothing is underlined in %q", e, x.Text)
	}
}
