package config_test

import "github.com/corskit/corskit/config"

// durationFaults are values of max_age.
var durationFaults = []faultCase{
	{
		name: "a duration without a unit",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: 600
`),
		},
		want: []string{
			`cors.yaml:3:14: policies.spa.max_age "600": a duration without a unit; write "600s" for seconds`,
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
			`cors.yaml:3:14: policies.spa.max_age "600": a duration without a unit; write "600s" for seconds`,
		},
	},
	{
		name: "a duration without a unit in JSON",
		files: config.Static{
			"cors.json": []byte("{\"policies\": {\"spa\": {\"max_age\": 600}}}\n"),
		},
		main: "cors.json",
		want: []string{
			`cors.json:1:34: policies.spa.max_age "600": a duration without a unit; write "600s" for seconds`,
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
			`cors.yaml:3:14: policies.spa.max_age "1.5": a duration without a unit; ` +
				`write a duration such as "10m", "600s" or "1h30m", or "disabled"`,
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
			`cors.yaml:3:14: policies.spa.max_age "0": a duration without a unit; ` +
				`write a duration such as "10m", "600s" or "1h30m", or "disabled"`,
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
			`cors.yaml:3:14: policies.spa.max_age "0s": zero is ambiguous; ` +
				`write "disabled" to turn off preflight caching, or remove the key for the default of the browser`,
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
			`cors.yaml:3:14: policies.spa.max_age "-10m": a negative duration; write "disabled" to turn off preflight caching`,
		},
	},
	{
		name: "the value of core.NoPreflightCache",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: -1ns
`),
		},
		want: []string{
			`cors.yaml:3:14: policies.spa.max_age "-1ns": a negative duration; write "disabled" to turn off preflight caching`,
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
			`cors.yaml:3:14: policies.spa.max_age "1d": not a duration; write "2h": Chromium honours no more`,
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
			`cors.yaml:3:14: policies.spa.max_age "25h": more than 24 hours, which no browser honours; ` +
				"use at most 2h: Chromium honours no more",
		},
	},
	{
		name: "not a duration",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa:
    max_age: never
`),
		},
		want: []string{
			`cors.yaml:3:14: policies.spa.max_age "never": not a duration; write "disabled" to turn off preflight caching`,
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
			`cors.yaml:3:14: policies.spa.max_age "99999999999h": not a duration; ` +
				`write a duration such as "10m", "600s" or "1h30m", or "disabled"`,
		},
	},
}
