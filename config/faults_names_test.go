package config_test

import "github.com/corskit/corskit/config"

// alikeFaults are names that differ only in - and _, in one file or in several.
var alikeFaults = []faultCase{
	{
		name: "a policy of the file and one of the profile",
		files: config.Static{
			"cors.yaml":      []byte("policies: {my-app: {}}\n"),
			"cors.prod.yaml": []byte("policies:\n  other: {}\n  my_app: {}\n"),
		},
		env: []string{"CORS_PROFILE=prod", "CORS__POLICIES__MY_APP__ALLOW_ORIGINS="},
		want: []string{
			`cors.prod.yaml:3:3: policies.my_app: differs from policy "my-app" only in - and _; rename one of the two`,
		},
	},
	{
		name: "the same in TOML, with - and _ exchanged",
		main: "cors.toml",
		files: config.Static{
			"cors.toml":      []byte("[policies.my_app]\n"),
			"cors.prod.toml": []byte("[policies.my-app]\n"),
		},
		env: []string{"CORS_PROFILE=prod"},
		want: []string{
			`cors.prod.toml:1:11: policies.my-app: differs from policy "my_app" only in - and _; rename one of the two`,
		},
	},
	{
		name: "two variables",
		main: noFile,
		env:  []string{"CORS__POLICIES__A-B__ALLOW_ORIGINS=", "CORS__POLICIES__A_B__ALLOW_ORIGINS="},
		want: []string{
			"CORS__POLICIES__A-B__ALLOW_ORIGINS: variables must be in upper case, with _ instead of -; " +
				"did you mean CORS__POLICIES__A_B__ALLOW_ORIGINS?",
		},
	},
	{
		name: "a variable with a hyphen in the name of a policy",
		files: config.Static{
			"cors.yaml": []byte("policies: {my-app: {}}\n"),
		},
		env: []string{"CORS__POLICIES__MY-APP__ALLOW_ORIGINS="},
		want: []string{
			"CORS__POLICIES__MY-APP__ALLOW_ORIGINS: variables must be in upper case, with _ instead of -; " +
				"did you mean CORS__POLICIES__MY_APP__ALLOW_ORIGINS?",
		},
	},
	{
		name: "variables with a hyphen elsewhere",
		files: config.Static{
			"cors.yaml": []byte("policies: {default: {}, my-app: {}}\n"),
		},
		env: []string{"CORS_MAX-AGE=5m", "cors__policies__my-app__allow-origins="},
		want: []string{
			"CORS_MAX-AGE: variables must be in upper case, with _ instead of -; did you mean CORS_MAX_AGE?",
			"cors__policies__my-app__allow-origins: variables must be in upper case, with _ instead of -; " +
				"did you mean CORS__POLICIES__MY_APP__ALLOW_ORIGINS?",
		},
	},
	{
		name: "a variable with two hyphens",
		main: noFile,
		env:  []string{"CORS__POLICIES__A--B__ALLOW_ORIGINS="},
		want: []string{
			`CORS__POLICIES__A--B__ALLOW_ORIGINS: "a--b" is not a valid name; use A-Z and 0-9, separated by single _`,
		},
	},
}
