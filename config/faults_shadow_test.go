package config_test

import "github.com/corskit/corskit/config"

// shadowFaults are faults below the key shadow. They refuse a configuration like those of
// the policies in force, and are reported together with them.
var shadowFaults = []faultCase{
	{
		name:  "no shadow",
		files: yaml(onePolicy + "shadow: {}\n"),
		want:  []string{"cors.yaml:2:1: shadow: no policies; add the key policies, or remove the key shadow"},
	},
	{
		name:  "a shadow without a value",
		files: yaml(onePolicy + "shadow:\n"),
		want:  []string{"cors.yaml:2:8: shadow: no value; set one, or remove the key"},
	},
	{
		name:  "a list of shadows",
		files: yaml(onePolicy + "shadow: [{}]\n"),
		want: []string{"cors.yaml:2:9: shadow: expected a table of keys and values, got a list; " +
			"add the key policies below it"},
	},
	{
		name:  "a shadow alone",
		files: yaml("shadow: {policies: {spa: {}}}\n"),
		want:  []string{"cors.yaml: no policies; add the key policies (a policy {} refuses every origin)"},
	},
	{
		name:  "a shadow without policies",
		files: yaml(onePolicy + "shadow: {policies: {}}\n"),
		want:  []string{"cors.yaml:2:20: shadow.policies: no policies; add one, or remove the key"},
	},
	{
		name:  "routes to the policies in force",
		files: yaml(onePolicy + "shadow: {routes: [{policies: [spa]}]}\n"),
		want:  []string{"cors.yaml:2:1: shadow: no policies; add the key policies, or remove the key shadow"},
	},
	{
		name:  "unknown keys of a shadow",
		files: yaml(onePolicy + "shadow:\n  version: 1\n  allow_origins: []\n  policies: {spa: {allow_orgins: []}}\n"),
		want: []string{
			"cors.yaml:3:3: shadow.version: an unknown key; valid keys are policies, routes",
			"cors.yaml:4:3: shadow.allow_origins: a policy key directly below shadow; move it into a policy, under shadow.policies",
			`cors.yaml:5:20: shadow.policies.spa.allow_orgins: an unknown key; did you mean "allow_origins"?`,
		},
	},
	{
		name:  "a misspelled key of a shadow",
		files: yaml(onePolicy + "shadow: {polices: {spa: {}}}\n"),
		want: []string{
			`cors.yaml:2:10: shadow.polices: an unknown key; did you mean "policies"?`,
		},
	},
	{
		name: "faults in both parts",
		files: yaml(`policies:
  spa: {allow_origins: [a.example], max_age: 600}
shadow:
  policies:
    spa: {allow_origins: [b.example], max_age: 600}
`),
		want: []string{
			`cors.yaml:2:25: policies.spa.allow_origins[0] "a.example": an origin begins with its scheme; ` +
				`did you mean "https://a.example"?`,
			`cors.yaml:2:46: policies.spa.max_age "600": a duration without a unit; write "600s" for seconds`,
			`cors.yaml:5:27: shadow.policies.spa.allow_origins[0] "b.example": an origin begins with its scheme; ` +
				`did you mean "https://b.example"?`,
			`cors.yaml:5:48: shadow.policies.spa.max_age "600": a duration without a unit; write "600s" for seconds`,
		},
	},
	{
		name: "routes of a shadow",
		files: yaml(onePolicy + `shadow:
  policies: {a: {}}
  routes:
    - {path: items, policies: [a]}
    - {path: /x, policies: [spa, a, a]}
    - {path: /y}
    - {path: /z, policies: []}
`),
		want: []string{
			`cors.yaml:5:14: shadow.routes[0].path "items": a path begins with a slash; did you mean "/items"?`,
			`cors.yaml:6:29: shadow.routes[1].policies[0] "spa": no policy of the shadow has this name; the policies are a`,
			`cors.yaml:6:37: shadow.routes[1].policies[2] "a": listed twice in this route; remove one of the two`,
			"cors.yaml:7:7: shadow.routes[2]: a route without policies; add the key policies",
			`cors.yaml:8:18: shadow.routes[3].policies: a route without policies; name one (a policy {} refuses every origin)`,
		},
	},
	{
		name: "a policy of a shadow that core refuses as a whole",
		files: yaml(onePolicy + `shadow:
  policies:
    spa: {allow_origins: ["*"], allow_credentials: true}
    other: {allow_headers: ["x-a", "x a"]}
  routes: [{policies: [spa]}]
`),
		want: []string{
			`cors.yaml:4:27: shadow.policies.spa.allow_origins[0] "*": with credentials, browsers refuse "*", and reflecting every ` +
				`origin would let any site act as its visitors; list the origins that need credentials, or set ` +
				`allow_credentials to false: ` +
				`nothing changes if * was sent before, but requests with credentials will fail if origins were reflected`,
			`cors.yaml:5:36: shadow.policies.other.allow_headers[1] "x a": several values in one entry; ` +
				`write one list entry for each: "x", "a"`,
		},
	},
	{
		name: "an origins_file of a shadow",
		files: config.Static{
			"cors.yaml": []byte(onePolicy +
				"shadow: {policies: {spa: {origins_file: partners.txt}, other: {origins_file: none.txt}}}\n"),
			"partners.txt": []byte("https://shop.example/\n"),
		},
		want: []string{
			`cors.yaml:2:78: shadow.policies.other.origins_file "none.txt": none.txt: no such file`,
			`partners.txt:1:1: shadow.policies.spa.origins_file "https://shop.example/": a trailing slash is not part of an origin; ` +
				`did you mean "https://shop.example"?`,
		},
	},
	{
		name:  "names of a shadow that differ only in - and _",
		files: yaml(onePolicy + "shadow: {policies: {my-app: {}, my_app: {}}}\n"),
		want: []string{
			`cors.yaml:2:33: shadow.policies.my_app: differs from policy "my-app" only in - and _; rename one of the two`,
		},
	},
	{
		name:  "variables for a shadow",
		files: yaml(onePolicy + "shadow: {policies: {spa: {}, other: {}}}\n"),
		env: []string{
			"CORS__SHADOW={}", "CORS__SHADOW__POLICIES__SPA__MAX_AGE=5m", "CORS__POLICIES__OTHER__MAX_AGE=5m",
		},
		want: []string{
			`CORS__POLICIES__OTHER__MAX_AGE: sets the policy "other", which cors.yaml does not declare; ` +
				`declare it there, for example as other: {}, or set CORS__POLICIES__SPA__MAX_AGE`,
			"CORS__SHADOW: only a file can set policies of the shadow; unset it",
			"CORS__SHADOW__POLICIES__SPA__MAX_AGE: only a file can set policies of the shadow; unset it",
		},
	},
}
