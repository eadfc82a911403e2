package config_test

import "github.com/corskit/corskit/config"

// How to keep the name of an unknown variable, with and without a file.
const (
	mapIt       = "map it to a key in variables (in Go: Options.Variables), or "
	listIt      = "list it in ignore_variables (in Go: Options.IgnoreVariables)"
	withoutFile = "map it to a key in Options.Variables, or list it in Options.IgnoreVariables"
)

// variableFaults are faults of variables when there is a file.
var variableFaults = []faultCase{
	{
		name: "quotes that compose files leave",
		files: config.Static{
			"cors.yaml": []byte("policies: {default: {}}"),
		},
		env: []string{
			`CORS_ALLOW_ORIGINS="https://a.example,https://b.example"`, `CORS_ALLOW_METHODS='PUT'`, `CORS_ALLOW_HEADERS=""`,
			`CORS_ALLOW_CREDENTIALS="True"`, `CORS_MAX_AGE="10m"`, `CORS_EXPOSE_HEADERS=[ETag,Link]`,
		},
		want: []string{
			`CORS_ALLOW_CREDENTIALS: policies.default.allow_credentials "\"True\"": expected true or false, got text; write true`,
			`CORS_ALLOW_HEADERS: policies.default.allow_headers "\"\"": quotes without a value; leave the variable empty for an empty list`,
			`CORS_ALLOW_METHODS: policies.default.allow_methods[0] "'PUT'": quotes, brackets or commas around the name; write it as PUT`,
			`CORS_ALLOW_ORIGINS: policies.default.allow_origins[0] "\"https://a.example,https://b.example\"": a list in one entry; ` +
				`separate the entries with commas: https://a.example,https://b.example`,
			`CORS_EXPOSE_HEADERS: policies.default.expose_headers[0] "[ETag,Link]": several values in one entry; ` +
				`separate the entries with commas: ETag,Link`,
			`CORS_MAX_AGE: policies.default.max_age "\"10m\"": not a duration; did you mean "10m"?`,
		},
	},
	{
		name: "quotes and control characters in a variable",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__POLICIES__SPA__ORIGINS_FILE='a\x1b[2J.txt'"},
		want: []string{
			`CORS__POLICIES__SPA__ORIGINS_FILE: policies.spa.origins_file "'a\x1b[2J.txt'": quotes around the value; ` +
				`write it as "a\x1b[2J.txt"`,
		},
	},
	{
		name: "an unknown variable",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS_ORIGINS=https://a.example"},
		want: []string{
			"CORS_ORIGINS: an unknown variable; did you mean CORS__POLICIES__SPA__ALLOW_ORIGINS? If not, " + mapIt + listIt,
		},
	},
	{
		name: "an unknown variable, and the policy default",
		files: config.Static{
			"cors.yaml": []byte("policies: {spa: {}, default: {}}\n"),
		},
		env: []string{"CORS_ORIGINS=https://a.example", "CORS_XYZZY=1", "cors_max_age=1m"},
		want: []string{
			"CORS_ORIGINS: an unknown variable; did you mean CORS_ALLOW_ORIGINS? If not, " + mapIt + listIt,
			"CORS_XYZZY: an unknown variable; unset it, name it like CORS_ALLOW_ORIGINS (policy default) or " +
				"CORS__POLICIES__NAME__ALLOW_ORIGINS (other policies), " + mapIt + listIt,
			"cors_max_age: variables must be in upper case; did you mean CORS_MAX_AGE?",
		},
	},
	{
		name: "unknown variables, and several policies",
		files: config.Static{
			"cors.yaml": []byte("policies: {spa: {}, my-app: {}}\n"),
		},
		env: []string{"CORS_ORIGINS=https://a.example", "CORS_PROFIL=prod", "CORS_XYZZY=1"},
		want: []string{
			"CORS_ORIGINS: an unknown variable; did you mean CORS__POLICIES__NAME__ALLOW_ORIGINS, with the name of a policy? If not, " +
				mapIt + listIt,
			"CORS_PROFIL: an unknown variable; did you mean CORS_PROFILE? If not, " + mapIt + listIt,
			"CORS_XYZZY: an unknown variable; unset it, name it like CORS__POLICIES__NAME__ALLOW_ORIGINS, with the name of a policy, " +
				mapIt + listIt,
		},
	},
	{
		name: "an unknown variable without a similar one",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS_XYZZY=1"},
		want: []string{
			"CORS_XYZZY: an unknown variable; unset it, name it like CORS__POLICIES__SPA__ALLOW_ORIGINS, " + mapIt + listIt,
		},
	},
	{
		name: "variables of Kubernetes",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS_SERVICE_HOST=10.0.0.1", "CORS_PORT_80_TCP=tcp://10.0.0.1:80"},
		want: []string{
			"CORS_PORT_80_TCP: an unknown variable; Kubernetes sets it for a Service whose name begins with cors: set " +
				"enableServiceLinks to false for the pod, or " + listIt,
			"CORS_SERVICE_HOST: an unknown variable; Kubernetes sets it for a Service whose name begins with cors: set " +
				"enableServiceLinks to false for the pod, or " + listIt,
		},
	},
	{
		name: "a variable in lower case",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"cors_allow_origins=https://a.example"},
		want: []string{
			"cors_allow_origins: variables must be in upper case; did you mean CORS__POLICIES__SPA__ALLOW_ORIGINS?",
		},
	},
	{
		name: "a variable in mixed case",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__Policies__spa__Max_Age=5m"},
		want: []string{
			"CORS__Policies__spa__Max_Age: variables must be in upper case; did you mean CORS__POLICIES__SPA__MAX_AGE?",
		},
	},
	{
		name: "the policy default, not declared by the file",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS_ALLOW_ORIGINS=https://b.example"},
		want: []string{
			`CORS_ALLOW_ORIGINS: sets the policy "default", which cors.yaml does not declare; ` +
				`declare it there, for example as default: {}, or set CORS__POLICIES__SPA__ALLOW_ORIGINS`,
		},
	},
	{
		name: "a policy not declared by the file",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__POLICIES__SAP__ALLOW_ORIGINS="},
		want: []string{
			`CORS__POLICIES__SAP__ALLOW_ORIGINS: sets the policy "sap", which cors.yaml does not declare; ` +
				`did you mean CORS__POLICIES__SPA__ALLOW_ORIGINS?`,
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
			"CORS__POLICIES__SPA__XYZZY: an unknown key; valid keys are ALLOW_ORIGINS, ORIGINS_FILE, ALLOW_METHODS, ALLOW_HEADERS, " +
				"EXPOSE_HEADERS, ALLOW_CREDENTIALS, MAX_AGE, ALLOW_PRIVATE_NETWORK, REJECT_DISALLOWED, DANGEROUSLY_ALLOW_NULL_ORIGIN, " +
				"DANGEROUSLY_ALLOW_INSECURE_ORIGINS, DANGEROUSLY_ALLOW_PUBLIC_SUFFIXES",
			"CORS__POLICY__SPA__MAX_AGE: an unknown key; use CORS__POLICIES__NAME__KEY, " + mapIt + listIt,
		},
	},
	{
		name: "a variable for a whole table",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__POLICIES=x", "CORS__POLICIES__SPA=x", "CORS__POLICIES__SPA__MAX__AGE=5m"},
		want: []string{
			"CORS__POLICIES: a variable cannot set a whole table; name a policy and a key, as in CORS__POLICIES__SPA__ALLOW_ORIGINS",
			"CORS__POLICIES__SPA: a variable cannot set a whole table; name a policy and a key, as in CORS__POLICIES__SPA__ALLOW_ORIGINS",
			"CORS__POLICIES__SPA__MAX__AGE: too many parts; use CORS__POLICIES__NAME__KEY",
		},
	},
	{
		name: "a variable for a part of the routes",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__ROUTES__0__PATH=/"},
		want: []string{
			"CORS__ROUTES__0__PATH: a variable can set routes only as a whole; set CORS__ROUTES to JSON",
		},
	},
	{
		name: "values of the wrong type",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{
			"CORS__POLICIES__SPA__ALLOW_CREDENTIALS=1", "CORS__POLICIES__SPA__MAX_AGE=600",
			"CORS__POLICIES__SPA__REJECT_DISALLOWED=TRUE", "CORS__VERSION=one",
		},
		want: []string{
			`CORS__POLICIES__SPA__ALLOW_CREDENTIALS: policies.spa.allow_credentials "1": expected true or false, got text; write true`,
			`CORS__POLICIES__SPA__MAX_AGE: policies.spa.max_age "600": a duration without a unit; write "600s" for seconds`,
			`CORS__POLICIES__SPA__REJECT_DISALLOWED: policies.spa.reject_disallowed "TRUE": expected true or false, got text; write true`,
			`CORS__VERSION: version "one": expected a number, got text; write 1`,
		},
	},
	{
		name: "empty variables",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__POLICIES__SPA__MAX_AGE=", "CORS__POLICIES__SPA__ALLOW_CREDENTIALS= ", "CORS__POLICIES__SPA__ORIGINS_FILE="},
		want: []string{
			"CORS__POLICIES__SPA__ALLOW_CREDENTIALS: policies.spa.allow_credentials: empty; set a value, or unset the variable",
			"CORS__POLICIES__SPA__MAX_AGE: policies.spa.max_age: empty; set a value, or unset the variable",
			"CORS__POLICIES__SPA__ORIGINS_FILE: policies.spa.origins_file: empty; set a value, or unset the variable",
		},
	},
	{
		name: "an empty entry in a variable",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__POLICIES__SPA__ALLOW_ORIGINS=https://a.example,,https://b.example,"},
		want: []string{
			"CORS__POLICIES__SPA__ALLOW_ORIGINS: policies.spa.allow_origins[1]: an empty entry; " +
				"remove the comma, or leave the variable empty for an empty list",
			"CORS__POLICIES__SPA__ALLOW_ORIGINS: policies.spa.allow_origins[3]: an empty entry; " +
				"remove the comma, or leave the variable empty for an empty list",
		},
	},
	{
		name: "origins in a variable",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__POLICIES__SPA__ALLOW_ORIGINS=https://a.example, b.example ,https://c.example/"},
		want: []string{
			`CORS__POLICIES__SPA__ALLOW_ORIGINS: policies.spa.allow_origins[1] "b.example": an origin begins with its scheme; ` +
				`did you mean "https://b.example"?`,
			`CORS__POLICIES__SPA__ALLOW_ORIGINS: policies.spa.allow_origins[2] "https://c.example/": a trailing slash is not part of an ` +
				`origin; did you mean "https://c.example"?`,
		},
	},
	{
		name: "origins separated by spaces",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__POLICIES__SPA__ALLOW_ORIGINS=https://a.example https://b.example"},
		want: []string{
			`CORS__POLICIES__SPA__ALLOW_ORIGINS: policies.spa.allow_origins[0] "https://a.example https://b.example": several values in ` +
				`one entry; separate the entries with commas: https://a.example,https://b.example`,
		},
	},
	{
		name: "JSON in a variable",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{`CORS__POLICIES__SPA__ALLOW_ORIGINS=["https://a.example"`, `CORS__POLICIES__SPA__ALLOW_METHODS=[1, "patch"]`},
		want: []string{
			`CORS__POLICIES__SPA__ALLOW_METHODS: policies.spa.allow_methods[0] "1": expected text, got a number; write "1", in quotes`,
			`CORS__POLICIES__SPA__ALLOW_METHODS: policies.spa.allow_methods[1] "patch": methods are case-sensitive, and browsers do not ` +
				`change the case of this one; did you mean "PATCH"?`,
			`CORS__POLICIES__SPA__ALLOW_ORIGINS: policies.spa.allow_origins "[\"https://a.example\"": not JSON: unexpected end of ` +
				`JSON input`,
		},
	},
	{
		name: "routes in a variable",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{`CORS__ROUTES=[{"path": "a", "policies": ["spa"], "hosts": "b"}]`},
		want: []string{
			`CORS__ROUTES: routes[0].hosts: an unknown key; did you mean "host"?`,
			`CORS__ROUTES: routes[0].path "a": a path begins with a slash; did you mean "/a"?`,
		},
	},
	{
		name: "routes that are not JSON",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__ROUTES=/public"},
		want: []string{
			`CORS__ROUTES: routes "/public": not JSON: invalid character '/' looking for beginning of value`,
		},
	},
	{
		name: "a variable that is set twice",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__POLICIES__SPA__MAX_AGE=5m", "CORS__POLICIES__SPA__MAX_AGE=6m"},
		want: []string{
			"CORS__POLICIES__SPA__MAX_AGE: set twice to different values; remove one of the two",
		},
	},
	{
		name: "two variables for one key",
		files: config.Static{
			"cors.yaml": []byte("policies: {default: {}}\n"),
		},
		env: []string{"CORS_MAX_AGE=5m", "CORS__POLICIES__DEFAULT__MAX_AGE=5m"},
		want: []string{
			"CORS__POLICIES__DEFAULT__MAX_AGE: policies.default.max_age: also set by CORS_MAX_AGE; unset one of the two",
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
}

// envOnlyFaults are faults of variables without a file.
var envOnlyFaults = []faultCase{
	{
		name: "no variable",
		main: noFile,
		want: []string{
			"CORS_ALLOW_ORIGINS: no variable sets a policy; set this one (an empty value refuses every origin)",
		},
	},
	{
		name: "a profile without a file",
		main: noFile,
		env:  []string{"CORS_PROFILE=prod"},
		want: []string{
			`CORS_PROFILE "prod": a profile selects a file, but no file is loaded; unset it`,
		},
	},
	{
		name: "only a fault",
		main: noFile,
		env:  []string{"CORS_ORIGIN=*"},
		want: []string{
			"CORS_ORIGIN: an unknown variable; did you mean CORS_ALLOW_ORIGINS? If not, " + withoutFile,
		},
	},
	{
		name: "any origin with credentials in variables",
		main: noFile,
		env:  []string{"CORS_ALLOW_ORIGINS=*", "CORS_ALLOW_CREDENTIALS=true"},
		want: []string{
			`CORS_ALLOW_ORIGINS: policies.default.allow_origins[0] "*": with credentials, browsers refuse "*", and reflecting every ` +
				`origin would let any site act as its visitors; list the origins that need credentials, or set ` +
				`allow_credentials to false: ` +
				`nothing changes if * was sent before, but requests with credentials will fail if origins were reflected`,
		},
	},
	{
		name: "an invalid policy name",
		main: noFile,
		env:  []string{"CORS__POLICIES___SPA__MAX_AGE=5m"},
		want: []string{
			`CORS__POLICIES___SPA__MAX_AGE: "_spa" is not a valid name; use A-Z and 0-9, separated by single _`,
		},
	},
	{
		name: "routes without policies",
		main: noFile,
		env:  []string{`CORS__ROUTES=[{"policies": ["spa"]}]`},
		want: []string{
			"CORS_ALLOW_ORIGINS: no variable sets a policy; set this one (an empty value refuses every origin)",
		},
	},
}
