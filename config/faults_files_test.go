package config_test

import (
	"bytes"

	"github.com/corskit/corskit/config"
)

// fileFaults are files that cannot be read, have no known format, or are empty.
var fileFaults = []faultCase{
	{
		name: "a ConfigMap of Kubernetes",
		files: config.Static{
			"cors.yaml": []byte("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cors}\ndata:\n  cors.yaml: |\n    policies: {}\n"),
		},
		want: []string{
			"cors.yaml:1:1: a Kubernetes manifest, not a configuration file; load the file that the cluster mounts from it, or put the " +
				"text below its key data into a file",
		},
	},
	{
		name: "a Deployment of Kubernetes",
		files: config.Static{
			"cors.yaml": []byte("kind: Deployment\napiVersion: apps/v1\n"),
		},
		want: []string{
			"cors.yaml:1:1: a Kubernetes manifest, not a configuration file; load the file that it mounts into the container",
		},
	},
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
		name: "white space",
		files: config.Static{
			"cors.yaml": []byte(" \n\t\n"),
		},
		want: []string{
			"cors.yaml: an empty file",
		},
	},
	{
		name: "only comments",
		files: config.Static{
			"cors.yaml": []byte("# policies:\n"),
		},
		want: []string{
			"cors.yaml: nothing but comments",
		},
	},
	{
		name: "only a byte order mark",
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
		name: "an unknown extension",
		files: config.Static{
			"cors.conf": []byte(onePolicy),
		},
		main: "cors.conf",
		want: []string{
			"cors.conf: unknown file extension; use .yaml, .yml, .json or .toml",
		},
	},
	{
		name: "no extension",
		files: config.Static{
			"cors": []byte(onePolicy),
		},
		main: "cors",
		want: []string{
			"cors: unknown file extension; use .yaml, .yml, .json or .toml",
		},
	},
	{
		name: "an extension in upper case",
		files: config.Static{
			"cors.YAML": []byte(onePolicy),
		},
		main: "cors.YAML",
		want: []string{
			"cors.YAML: unknown file extension; write it in lower case",
		},
	},
	{
		name: "a single word",
		files: config.Static{
			"cors.yaml": []byte("policies\n"),
		},
		want: []string{
			`cors.yaml:1:1 "policies": expected a table of keys and values, got text; begin the file with the key policies`,
		},
	},
	{
		name: "a list",
		files: config.Static{
			"cors.yaml": []byte("- policies\n"),
		},
		want: []string{
			"cors.yaml:1:1: expected a table of keys and values, got a list; begin the file with the key policies",
		},
	},
	{
		name: "null",
		files: config.Static{
			"cors.yaml": []byte("null\n"),
		},
		want: []string{
			`cors.yaml:1:1 "null": expected a table of keys and values, got no value; begin the file with the key policies`,
		},
	},
	{
		name: "too large",
		files: config.Static{
			"cors.yaml": bytes.Repeat([]byte("# x\n"), 1<<19),
		},
		want: []string{
			"cors.yaml: more than 1 MiB; move long lists of origins to an origins_file",
		},
	},
}

// originsFileFaults are faults of origins_file and of the file that it names.
var originsFileFaults = []faultCase{
	{
		name: "an origins_file that does not exist",
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
			"partners.txt: no origins; to refuse every origin, set allow_origins: [] and remove origins_file",
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
			"partners.txt": []byte("# partners\n\nhttps://b.example # fine\n  b.example\r\nhttps://c.example/ # slash\n"),
		},
		want: []string{
			`partners.txt:4:3: policies.spa.origins_file "b.example": an origin begins with its scheme; did you mean "https://b.example"?`,
			`partners.txt:5:1: policies.spa.origins_file "https://c.example/": a trailing slash is not part of an origin; ` +
				`did you mean "https://c.example"?`,
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
		name: "an empty origins_file key",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    origins_file: ""
`),
		},
		want: []string{
			"cors.yaml:3:19: policies.spa.origins_file: empty; set a value, or remove the key",
		},
	},
}

// profileFaults are faults of profiles and their files.
var profileFaults = []faultCase{
	{
		name: "a profile without a file",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS_PROFILE=prod"},
		want: []string{
			`cors.prod.yaml: no such file for the profile "prod"; create it, or choose another profile with CORS_PROFILE`,
		},
	},
	{
		name: "a profile with a path",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS_PROFILE=../../etc/passwd"},
		want: []string{
			`CORS_PROFILE "../../etc/passwd": not a valid profile name; use a-z and 0-9, separated by single - or _`,
		},
	},
	{
		name: "a profile in upper case",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS_PROFILE=Prod"},
		want: []string{
			`CORS_PROFILE "Prod": not a valid profile name; did you mean "prod"?`,
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
			`cors.yaml:3:14: policies.spa.max_age "600": a duration without a unit; write "600s" for seconds`,
			`cors.prod.yaml:3:5: policies.spa.allow_orgins: an unknown key; did you mean "allow_origins"?`,
		},
	},
	{
		name: "an empty file of a profile",
		files: config.Static{
			"cors.yaml":      []byte(onePolicy),
			"cors.prod.yaml": []byte(""),
		},
		env: []string{"CORS_PROFILE=prod"},
		want: []string{
			"cors.prod.yaml: an empty file",
		},
	},
}
