package config_test

import (
	"testing"

	"github.com/corskit/corskit/config"
)

// tagFaults are values and keys with standard YAML tags, which the library accepts
// even if the value has another type.
var tagFaults = []faultCase{
	{
		name: "tagged booleans",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_credentials: !!bool yes
    reject_disallowed: !!bool "True "
    allow_private_network: !!bool true
`),
		},
		want: []string{
			`cors.yaml:3:24: policies.spa.allow_credentials "!!bool": a value with a YAML tag; remove the tag`,
			`cors.yaml:4:24: policies.spa.reject_disallowed "!!bool": a value with a YAML tag; remove the tag`,
			`cors.yaml:5:28: policies.spa.allow_private_network "!!bool": a value with a YAML tag; remove the tag`,
		},
	},
	{
		name: "tagged lists, entries and text",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_origins: !!map []
    allow_methods: [!!str PUT, !!null ""]
    allow_headers: !!str []
    expose_headers: !!seq [etag]
    origins_file: !!str partners.txt
    max_age: !!str 10m
`),
		},
		want: []string{
			`cors.yaml:3:20: policies.spa.allow_origins "!!map": a value with a YAML tag; remove the tag`,
			`cors.yaml:4:21: policies.spa.allow_methods[0] "!!str": a value with a YAML tag; remove the tag`,
			`cors.yaml:4:32: policies.spa.allow_methods[1] "!!null": a value with a YAML tag; remove the tag`,
			`cors.yaml:5:20: policies.spa.allow_headers "!!str": a value with a YAML tag; remove the tag`,
			`cors.yaml:6:21: policies.spa.expose_headers "!!seq": a value with a YAML tag; remove the tag`,
			`cors.yaml:7:19: policies.spa.origins_file "!!str": a value with a YAML tag; remove the tag`,
			`cors.yaml:8:14: policies.spa.max_age "!!str": a value with a YAML tag; remove the tag`,
		},
	},
	{
		name: "tagged tables",
		files: config.Static{
			"cors.yaml": []byte(`version: !!int 1
policies:
  spa: !!map {}
routes:
  - !!map {policies: [spa]}
`),
		},
		want: []string{
			`cors.yaml:1:10: version "!!int": a value with a YAML tag; remove the tag`,
			`cors.yaml:3:8: policies.spa "!!map": a value with a YAML tag; remove the tag`,
			`cors.yaml:5:5: routes[0] "!!map": a value with a YAML tag; remove the tag`,
		},
	},
	{
		name: "a tag on policies",
		files: config.Static{
			"cors.yaml": []byte("policies: !!str {p: {}}\n"),
		},
		want: []string{
			`cors.yaml:1:11: policies "!!str": a value with a YAML tag; remove the tag`,
		},
	},
	{
		name: "a tag on the whole file",
		files: config.Static{
			"cors.yaml": []byte("!!map\npolicies: {p: {}}\n"),
		},
		want: []string{
			`cors.yaml:1:1 "!!map": a value with a YAML tag; remove the tag`,
		},
	},
	{
		name: "a tag on a list as the whole file",
		files: config.Static{
			"cors.yaml": []byte("!!map []\n"),
		},
		want: []string{
			`cors.yaml:1:1 "!!map": a value with a YAML tag; remove the tag`,
		},
	},
	{
		name: "a verbatim tag and a tag from a directive",
		files: config.Static{
			"cors.yaml": []byte(`%TAG !y! tag:yaml.org,2002:
---
policies:
  spa:
    allow_credentials: !<tag:yaml.org,2002:bool> yes
    reject_disallowed: !y!bool yes
`),
		},
		want: []string{
			`cors.yaml:5:24: policies.spa.allow_credentials "!!bool": a value with a YAML tag; remove the tag`,
			`cors.yaml:6:24: policies.spa.reject_disallowed "!!bool": a value with a YAML tag; remove the tag`,
		},
	},
	{
		name: "the non-specific tag",
		files: config.Static{
			"cors.yaml": []byte(`# é! a comment ! and another
policies:
  spa: ! {}
  "ö": &x ! {}
  app: {allow_credentials: ! true, reject_disallowed: &yes !
    true, allow_private_network: *yes}
`),
		},
		want: []string{
			`cors.yaml:3:8: policies.spa "!": a value with a YAML tag; remove the tag`,
			`cors.yaml:4:3: policies."ö": not a valid name; use a-z and 0-9, separated by single - or _`,
			`cors.yaml:5:28: policies.app.allow_credentials "!": a value with a YAML tag; remove the tag`,
			`cors.yaml:5:55: policies.app.reject_disallowed "!": a value with a YAML tag; remove the tag`,
			`cors.yaml:6:34: policies.app.allow_private_network "!": a value with a YAML tag; remove the tag`,
		},
	},
	{
		name: "the non-specific tag at the end of the file",
		files: config.Static{
			"cors.yaml": []byte("policies: {spa: {}}\nversion: !"),
		},
		want: []string{
			`cors.yaml:2:10: version "!": a value with a YAML tag; remove the tag`,
		},
	},
	{
		name: "a key with a tag",
		files: config.Static{
			"cors.yaml": []byte("policies:\n  spa: {}\n  !!str app: {}\n"),
		},
		want: []string{
			"cors.yaml:3:3: a key with a YAML tag; remove the tag",
		},
	},
	{
		name: "a key with the non-specific tag",
		files: config.Static{
			"cors.yaml": []byte("policies:\n  spa: {}\n  ? ! app\n  : {}\n"),
		},
		want: []string{
			"cors.yaml:3:5: a key with a YAML tag; remove the tag",
		},
	},
}

// An exclamation mark is a tag only at the beginning of a value.
func TestNoYAMLTags(t *testing.T) {
	c := read(t, yaml(`# ! none
policies: # !!str
  spa: # é! ! none
    allow_origins: [ "https://a.example" ] # ! none
    expose_headers: ["!", 'x!', x!]
    reject_disallowed: True
    allow_credentials: &yes TRUE
    allow_private_network: *yes
`))
	p := c.Policies[0]
	if !p.RejectDisallowed || !p.AllowCredentials || !p.AllowPrivateNetwork {
		t.Errorf("YAML spellings of true were read as false: %+v", p)
	}
}
