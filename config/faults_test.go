package config_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/config"
)

// noFile marks a case without a file.
const noFile = "-"

const onePolicy = `policies: {spa: {allow_origins: ["https://a.example"]}}
`

// faultCase is an input that must be refused.
type faultCase struct {
	name  string
	files config.Static
	main  string // the file to load; empty means "cors.yaml"
	env   []string
	want  []string // every message

	mapped  map[string]string // Options.Variables
	ignored []string          // Options.IgnoreVariables
}

// faultCases are the cases of all topics.
var faultCases = slices.Concat(
	fileFaults, syntaxFaults, keyFaults, nameFaults, missingFaults, typeFaults, durationFaults, policyFaults,
	originsFileFaults, profileFaults, variableFaults, mixedFaults, envOnlyFaults,
	tagFaults, alikeFaults, versionFaults, commaFaults, mappingFaults, shadowFaults,
)

// mixedFaults are faults of several kinds or in several places at once.
var mixedFaults = []faultCase{
	{
		name: "faults of many kinds",
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
			`cors.yaml:1:10: version "3": not a supported version of the file format; write 1, or upgrade corskit`,
			`cors.yaml:4:21: policies.spa.allow_origins[0] "https://a.example/": a trailing slash is not part of an origin; ` +
				`did you mean "https://a.example"?`,
			`cors.yaml:4:43: policies.spa.allow_origins[1]: no value; remove the entry, or write "null" in quotes for the null origin`,
			`cors.yaml:5:14: policies.spa.max_age "600": a duration without a unit; write "600s" for seconds`,
			`cors.yaml:6:1: route: an unknown key; did you mean "routes"?`,
			"cors.yaml:6:8: routes: no routes; add one, or remove the key so that every policy applies everywhere",
			"CORS_PROFLE: an unknown variable; did you mean CORS_PROFILE? If not, " + mapIt + listIt,
		},
	},
	{
		name: "faults in a file and in the environment",
		files: config.Static{
			"cors.yaml": []byte(`policies:
  spa: {max_age: 600}
`),
		},
		env: []string{"CORS_ORIGNS=x", "CORS__POLICIES__SPA__MAX_AGE=1d"},
		want: []string{
			`cors.yaml:2:18: policies.spa.max_age "600": a duration without a unit; write "600s" for seconds`,
			"CORS_ORIGNS: an unknown variable; did you mean CORS__POLICIES__SPA__ALLOW_ORIGINS? If not, " + mapIt + listIt,
			`CORS__POLICIES__SPA__MAX_AGE: policies.spa.max_age "1d": not a duration; write "2h": Chromium honours no more`,
		},
	},
	{
		name: "a file that cannot be decoded, and the environment",
		files: config.Static{
			"cors.yaml": []byte("policies: [\n"),
		},
		env: []string{"CORS_ORIGNS=x", "CORS_ALLOW_ORIGINS="},
		want: []string{
			// The file may ignore CORS_ORIGNS.
			"cors.yaml:1: not YAML: did not find expected node content",
		},
	},
}

func TestFaults(t *testing.T) {
	if len(faultCases) < 80 {
		t.Errorf("got only %d cases", len(faultCases))
	}
	for _, c := range faultCases {
		t.Run(c.name, func(t *testing.T) {
			env := append([]string{}, c.env...)
			var cfg *config.Config
			var err error
			switch c.main {
			case noFile:
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
					t.Errorf("an incomplete error: %+v", e)
				}
				checkExcerpt(t, e, c.files)
			}
			if n != len(c.want) {
				t.Errorf("Errors yields %d, want %d", n, len(c.want))
			}
			var one *config.Error
			if !errors.As(err, &one) {
				t.Errorf("%T contains no *config.Error", err)
			}
		})
	}
}

// checkExcerpt compares the excerpt of an error with its line.
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
	line := strings.TrimSuffix(lines[e.Line-1], "\r")
	if len(line) < 150 && len(x.Text) != len(line) && strings.ToValidUTF8(line, "") == line {
		t.Errorf("%v: excerpt %q of line %q", e, x.Text, line)
	}
	if e.Column > 0 && x.Width == 0 && x.Start < len([]rune(x.Text)) {
		t.Errorf("%v: nothing is underlined in %q", e, x.Text)
	}
}
