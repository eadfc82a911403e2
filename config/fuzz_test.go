package config_test

import (
	"bytes"
	"context"
	"reflect"
	"strings"
	"testing"
	"unicode"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// FuzzLoad reads a file, the file of a profile, an origins_file and a variable of
// arbitrary bytes, and checks the invariants of loading. testdata/fuzz has the inputs
// that once failed, and the smallest input for each kind of result.
func FuzzLoad(f *testing.F) {
	formats := []string{"yaml", "json", "toml"}
	seedLoad(f, formats)
	f.Fuzz(func(t *testing.T, format byte, file, overlay, origins []byte, env string) {
		if len(file)+len(overlay)+len(origins)+len(env) > 1<<14 {
			return
		}
		opts := config.Options{Environ: strings.Split(env, "\n")}
		read := func() (*config.Config, error) { return config.ReadEnv(opts) }
		if format %= 4; format < 3 {
			name := "cors." + formats[format]
			files := config.Static{name: file, "partners.txt": origins}
			if overlay != nil {
				files["cors.prod."+formats[format]] = overlay
			}
			read = func() (*config.Config, error) { return config.Read(context.Background(), files, name, opts) }
		} else if strings.Contains(strings.ToUpper(env), "ORIGINS_FILE") {
			return // it could name any file of the machine
		}
		c, err := read()
		if err != nil {
			if c != nil {
				t.Error("got a configuration and an error")
			}
			checkErrors(t, err)
			return
		}
		if c.Engine() == nil || len(c.Policies) == 0 {
			t.Fatalf("no engine, or no policy: %+v", c)
		}
		checkPolicies(t, c, file, overlay, origins, []byte(env))
		if c.Shadow != nil {
			checkPolicies(t, c.Shadow, file, overlay, origins)
		}
		again, err := read()
		if err != nil {
			t.Fatalf("the second time: %v", err)
		}
		if again.Revision.Hash != c.Revision.Hash ||
			!reflect.DeepEqual(again.Policies, c.Policies) || !reflect.DeepEqual(again.Routes, c.Routes) ||
			(again.Shadow == nil) != (c.Shadow == nil) {
			t.Errorf("the second result differs: %+v, was %+v", again, c)
		}
	})
}

// checkPolicies checks the policies in force or those of the shadow.
func checkPolicies(t *testing.T, c *config.Config, inputs ...[]byte) {
	spelled := make(map[string]string)
	for _, p := range c.Policies {
		variable := strings.ReplaceAll(p.Name, "-", "_")
		if other, again := spelled[variable]; again {
			t.Errorf("variables cannot tell the policy %s from %s", p.Name, other)
		}
		spelled[variable] = p.Name
		if _, err := core.New(p); err != nil {
			t.Errorf("core refuses an accepted policy: %v", err)
		}
		checkOrigins(t, p.AllowOrigins, inputs...)
	}
}

// seedLoad adds the files of other tests.
func seedLoad(f *testing.F, formats []string) {
	for i, format := range formats {
		f.Add(byte(i), []byte(everything["cors."+format]), []byte("version: 1\n"), []byte("https://a.example\n"), "")
	}
	for _, c := range faultCases {
		for name, data := range c.files {
			for i, format := range formats {
				if name == "cors."+format && len(data) < 1<<12 {
					f.Add(byte(i), data, c.files["cors.prod.yaml"], c.files["partners.txt"], strings.Join(c.env, "\n"))
				}
			}
		}
		if c.main == noFile {
			f.Add(byte(3), []byte(nil), []byte(nil), []byte(nil), strings.Join(c.env, "\n"))
		}
	}
	// Found by fuzzing.
	f.Add(byte(3), []byte(nil), []byte(nil), []byte(nil), "CORS__POLHCIES___SPA__\x01AX_AGE=5m")
	f.Add(byte(0), []byte("policies:\n a:\n    origins_file: pa"+strings.Repeat("G", 2000)), []byte(nil), []byte(nil), "")
}

// checkErrors checks that every error is complete and fit for a terminal.
func checkErrors(t *testing.T, err error) {
	for e := range config.Errors(err) {
		line := e.Error()
		if e.Reason == "" || e.Detail == "" || e.Reason != reason.More && e.File == "" && e.Variable == "" {
			t.Errorf("an incomplete error: %+v", e)
		}
		if strings.ContainsFunc(line+e.Excerpt.Text, func(r rune) bool { return unicode.IsControl(r) }) {
			t.Errorf("an error with control characters: %q", line)
		}
		if len(line) > 2000 {
			t.Errorf("an error of %d bytes: %.200q", len(line), line)
		}
	}
}

// checkOrigins reports origins that are not in the inputs, unless the inputs can
// spell them in another way.
func checkOrigins(t *testing.T, entries []string, inputs ...[]byte) {
	all := bytes.Join(inputs, []byte("\n"))
	if bytes.ContainsAny(all, `\&`) || bytes.Contains(all, []byte("''")) {
		return
	}
	for _, e := range entries {
		if !bytes.Contains(all, []byte(e)) {
			t.Errorf("the origin %q is in none of the inputs", e)
		}
	}
}
