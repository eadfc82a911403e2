package config_test

import (
	"bytes"

	"github.com/corskit/corskit/config"
)

// fileFaults are files that cannot be read, are of no known format, or hold nothing.
var fileFaults = []faultCase{
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
}

// originsFileFaults are about the file that a policy names in origins_file.
var originsFileFaults = []faultCase{
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
}

// profileFaults are about profiles and their files.
var profileFaults = []faultCase{
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
}
