package config_test

import "github.com/corskit/corskit/config"

// versionFaults are versions that are not whole numbers.
var versionFaults = []faultCase{
	{
		name: "a version with a decimal point",
		files: config.Static{
			"cors.yaml": []byte("version: 1.0\n" + onePolicy),
		},
		want: []string{
			`cors.yaml:1:10: version "1.0": expected a whole number, got a decimal number; write 1`,
		},
	},
	{
		name: "a version with a decimal point in JSON",
		main: "cors.json",
		files: config.Static{
			"cors.json": []byte(`{"version": 1.0, "policies": {"spa": {}}}`),
		},
		want: []string{
			`cors.json:1:13: version "1.0": expected a whole number, got a decimal number; write 1`,
		},
	},
	{
		name: "a version with a decimal point in TOML",
		main: "cors.toml",
		files: config.Static{
			"cors.toml": []byte("version = 1.0\n[policies.spa]\n"),
		},
		want: []string{
			`cors.toml:1:11: version "1.0": expected a whole number, got a decimal number; write 1`,
		},
	},
	{
		name: "a version with a decimal point in a variable",
		files: config.Static{
			"cors.yaml": []byte(onePolicy),
		},
		env: []string{"CORS__VERSION=1.0"},
		want: []string{
			`CORS__VERSION: version "1.0": expected a whole number, got a decimal number; write 1`,
		},
	},
}
