package config_test

import (
	"testing"

	"github.com/corskit/corskit/config"
)

// commaFaults are regular expressions that were split at commas in a variable.
var commaFaults = []faultCase{
	{
		name: "an expression with a comma",
		main: noFile,
		env:  []string{`CORS_ALLOW_ORIGINS=regexp:https://[a-z]{1,3}\.example\.com`},
		want: []string{
			`CORS_ALLOW_ORIGINS: policies.default.allow_origins[0] "regexp:https://[a-z]{1,3}\\.example\\.com": a regular expression ` +
				`that was split at its comma; write the list as a JSON array: ["regexp:https://[a-z]{1,3}\\.example\\.com"]`,
		},
	},
	{
		name: "expressions with commas among other entries",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{`CORS__POLICIES__SPA__ALLOW_ORIGINS=https://a.example/, regexp:https://(a|[b,c]){1, 3}d{2,}\.example, ` +
			`https://b.example/`},
		want: []string{
			`CORS__POLICIES__SPA__ALLOW_ORIGINS: policies.spa.allow_origins[0] "https://a.example/": a trailing slash is not part of an ` +
				`origin; did you mean "https://a.example"?`,
			`CORS__POLICIES__SPA__ALLOW_ORIGINS: policies.spa.allow_origins[1] "regexp:https://(a|[b,c]){1,3}d{2,}\\.example": a ` +
				`regular expression that was split at its comma; write the list as a JSON array: ` +
				`["regexp:https://(a|[b,c]){1,3}d{2,}\\.example", ...]`,
			`CORS__POLICIES__SPA__ALLOW_ORIGINS: policies.spa.allow_origins[5] "https://b.example/": a trailing slash is not part of an ` +
				`origin; did you mean "https://b.example"?`,
		},
	},
	{
		name: "two expressions with commas",
		main: noFile,
		env:  []string{`CORS_ALLOW_ORIGINS=regexp:https://a{1,2}\.example,regexp:https://b{1,2}\.example`},
		want: []string{
			`CORS_ALLOW_ORIGINS: policies.default.allow_origins[0] "regexp:https://a{1,2}\\.example": a regular expression that was ` +
				`split at its comma; write the list as a JSON array: ["regexp:https://a{1,2}\\.example", ...]`,
			`CORS_ALLOW_ORIGINS: policies.default.allow_origins[2] "regexp:https://b{1,2}\\.example": a regular expression that was ` +
				`split at its comma; write the list as a JSON array: ["regexp:https://b{1,2}\\.example", ...]`,
		},
	},
	{
		name: "whole expressions before a bad entry",
		main: noFile,
		env:  []string{`CORS_ALLOW_ORIGINS=regexp:https://(a|b)\.example,b.example\.com,regexp:https://c{2}\.example`},
		want: []string{
			`CORS_ALLOW_ORIGINS: policies.default.allow_origins[1] "b.example\\.com": a regular expression without its prefix; ` +
				`write the prefix regexp: and the expression, without delimiters and anchors`,
		},
	},
	{
		name: "an expression without commas that is not valid",
		main: noFile,
		env:  []string{`CORS_ALLOW_ORIGINS=regexp:https://[z-a]\.example,https://b.example`},
		want: []string{
			"CORS_ALLOW_ORIGINS: policies.default.allow_origins[0] \"regexp:https://[z-a]\\\\.example\": not a regular expression: " +
				"invalid character class range: `z-a`; see https://golang.org/s/re2syntax",
		},
	},
	{
		name: "an unclosed bracket",
		main: noFile,
		env:  []string{`CORS_ALLOW_ORIGINS=https://a.example,regexp:https://(a|b\.example,b.example\.com`},
		want: []string{
			"CORS_ALLOW_ORIGINS: policies.default.allow_origins[1] \"regexp:https://(a|b\\\\.example\": not a regular expression: " +
				"missing closing ): `https://(a|b\\.example`; see https://golang.org/s/re2syntax",
			`CORS_ALLOW_ORIGINS: policies.default.allow_origins[2] "b.example\\.com": a regular expression without its prefix; ` +
				`write the prefix regexp: and the expression, without delimiters and anchors`,
		},
	},
	{
		name: "a list in JSON is not split",
		main: noFile,
		env:  []string{`CORS_ALLOW_ORIGINS=["regexp:https://[a-z]{1", "3}\\.example\\.com"]`},
		want: []string{
			`CORS_ALLOW_ORIGINS: policies.default.allow_origins[0] "regexp:https://[a-z]{1": an expression that matches no origin; ` +
				`write it for whole origins, such as https://app.example.com: in lower case, without a default port, ` +
				`a path or a slash at the end`,
			`CORS_ALLOW_ORIGINS: policies.default.allow_origins[1] "3}\\.example\\.com": a regular expression without its prefix; ` +
				`write the prefix regexp: and the expression, without delimiters and anchors`,
		},
	},
	{
		name: "a list in a file is not split",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    allow_origins: ['regexp:https://[a-z]{1', '3}\.example\.com']
`),
		},
		want: []string{
			`cors.yaml:3:21: policies.spa.allow_origins[0] "regexp:https://[a-z]{1": an expression that matches no origin; ` +
				`write it for whole origins, such as https://app.example.com: in lower case, without a default port, ` +
				`a path or a slash at the end`,
			`cors.yaml:3:47: policies.spa.allow_origins[1] "3}\\.example\\.com": a regular expression without its prefix; ` +
				`write the prefix regexp: and the expression, without delimiters and anchors`,
		},
	},
	{
		name: "a list of methods and an expression",
		main: noFile,
		env:  []string{`CORS_ALLOW_ORIGINS=regexp:https://[ab]{1,2}\.example`, "CORS_ALLOW_METHODS=PUT,{}"},
		want: []string{
			`CORS_ALLOW_METHODS: policies.default.allow_methods[1] "{}": not a token (RFC 9110, section 5.6.2); remove it`,
			`CORS_ALLOW_ORIGINS: policies.default.allow_origins[0] "regexp:https://[ab]{1,2}\\.example": a regular expression that was ` +
				`split at its comma; write the list as a JSON array: ["regexp:https://[ab]{1,2}\\.example"]`,
		},
	},
}

// The suggested JSON array is accepted.
func TestCommaInJSON(t *testing.T) {
	c := read(t, yaml("policies: {default: {}}\n"), `CORS_ALLOW_ORIGINS=["regexp:https://[a-z]{1,3}\\.example\\.com"]`)
	for origin, want := range map[string]bool{"https://abc.example.com": true, "https://abcd.example.com": false} {
		if got := c.Engine().AllowsOrigin(origin); got != want {
			t.Errorf("%s: %v", origin, got)
		}
	}
}
