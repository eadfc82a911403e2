package gateways_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/gateways"
)

// envoyWith returns routes of Envoy with the fields of one policy.
func envoyWith(fields string) string {
	return `virtual_hosts:
  - name: all
    domains: ["*"]
    routes:
      - match: {prefix: /}
        route: {cluster: application}
        typed_per_filter_config:
          envoy.filters.http.cors:
            ` + strings.ReplaceAll(fields, "\n", "\n            ") + "\n"
}

// istioWith returns a VirtualService with the fields of one policy.
func istioWith(fields string) string {
	return `kind: VirtualService
spec:
  hosts: ["*"]
  http:
    - route: [{destination: {host: application}}]
      corsPolicy:
        ` + strings.ReplaceAll(fields, "\n", "\n        ") + "\n"
}

// gatewayWith returns an HTTPRoute with the fields of one filter.
func gatewayWith(fields string) string {
	return `kind: HTTPRoute
spec:
  rules:
    - backendRefs: [{name: application, port: 80}]
      filters:
        - type: CORS
          cors:
            ` + strings.ReplaceAll(fields, "\n", "\n            ") + "\n"
}

type trap struct {
	source, text string
	want         []string // parts of the error
}

// traps are sources that allow more than they seem to. Import refuses each with an error about the
// trap.
var traps = []trap{
	{"envoy", envoyWith("allow_origin_string_match: [{safe_regex: {regex: '.*'}}]\nallow_credentials: true"),
		[]string{"line 9: ", "echoes every origin and allows credentials", "list the origins"}},
	{"envoy", envoyWith("allow_origin_string_match: [{prefix: https://app.example.com}]"), []string{"line 9: ", "list the origins"}},
	{"envoy", envoyWith("allow_origin_string_match: [{suffix: example.com}]"), []string{"line 9: ", "list the origins"}},
	{"envoy", envoyWith("allow_origin_string_match: [{contains: example.com}]"), []string{"line 9: ", "list the origins"}},
	{"envoy", envoyWith("allow_origin_string_match: [{safe_regex: {regex: 'https://.*'}}]"), []string{"line 9: ", "list the origins"}},
	{"envoy", envoyWith("allow_origin_string_match: [{exact: 'null'}]\nallow_credentials: true"),
		[]string{"line 9: ", "any site can send the origin null"}},
	{"envoy", envoyWith("allow_origin_string_match: [{exact: https://a.example}]\nfilter_enabled: {default_value: {numerator: 50}}"),
		[]string{"line 10: ", "fraction"}},
	{"envoy", envoyWith("allow_origin_string_match: [{exact: https://a.example}]\nsurprise: true"), []string{"line 10: ", `"surprise"`}},
	{"envoy", strings.Replace(envoyWith("allow_origin_string_match: [{exact: https://a.example}]"), "prefix: /", "prefix: /api", 1),
		[]string{"line 5: ", "write path_separated_prefix: /api"}},
	{"envoy", strings.Replace(envoyWith("allow_origin_string_match: [{exact: https://a.example}]"), `"*"`, `"*.example.com"`, 1),
		[]string{"line 3: ", "no host wildcards"}},
	{"istio", istioWith("allowOrigins: [{regex: '.*'}]\nallowCredentials: true"),
		[]string{"line 7: ", "echoes every origin and allows credentials"}},
	{"istio", istioWith("allowOrigins: [{prefix: 'https://'}]"), []string{"line 7: ", "list the origins"}},
	{"istio", istioWith("allowOrigins: [{exact: 'https://a.example'}]\nmaxAge: soon"), []string{"line 8: ", "not a duration"}},
	{"istio", istioWith("allowOrigins: [{exact: 'https://a.example'}]") + "---\n" +
		istioWith("allowOrigins: [{exact: 'https://b.example'}]"),
		[]string{"line 11: ", "the host appears twice"}},
	{"gateway-api", gatewayWith("allowOrigins: ['*']\nallowCredentials: true"),
		[]string{"line 8: ", "* with allowCredentials echoes every origin", "set allowCredentials: false"}},
	{"gateway-api", gatewayWith("allowOrigins: ['https://*']"), []string{"line 8: ", "list the origins"}},
	{"gateway-api", strings.Replace(gatewayWith("allowOrigins: ['https://a.example']"), "spec:",
		"spec:\n  hostnames: ['*.example.com']", 1),
		[]string{"line 3: ", "no host wildcards"}},
}

// TestTraps checks that Import refuses sources that allow more than they seem to.
func TestTraps(t *testing.T) {
	for _, trap := range slices.Concat(traps, serverTraps) {
		x, err := gateways.Import(trap.source, []byte(trap.text))
		if err == nil {
			t.Errorf("%s: imported\n%s\nas\n%s", trap.source, trap.text, x.Text)
			continue
		}
		found := 0
		for e := range gateways.Errors[*gateways.ImportError](err) {
			if found++; e.Problem == "" || e.Fix == "" || e.Source != trap.source {
				t.Errorf("%s: incomplete: %+v", trap.source, e)
			}
		}
		for _, part := range trap.want {
			if !strings.Contains(err.Error(), part) || found == 0 {
				t.Errorf("%s: %T %v, want %q", trap.source, err, err, part)
			}
		}
	}
}

// sources returns the typical files of each source, by file name.
func sources(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/sources/*")
	if err != nil || len(files) == 0 {
		t.Fatal("no sources", err)
	}
	all := make(map[string][]byte)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all[filepath.Base(file)] = text
	}
	return all
}

// sourceOf returns the target of a file in testdata/sources, which begins with its name.
func sourceOf(file string) (best gateways.Target) {
	for _, target := range gateways.Targets() {
		if strings.HasPrefix(file, target.Name) && len(target.Name) > len(best.Name) {
			best = target
		}
	}
	return best
}

// TestSources imports the typical files of each source, and exports the result again if the target
// can express it.
func TestSources(t *testing.T) {
	seen := make(map[string]bool)
	for file, text := range sources(t) {
		target := sourceOf(file)
		seen[target.Name] = true
		x, err := gateways.Import(target.Name, text)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if !target.Exports() {
			continue
		}
		back, err := gateways.Export(x.Config, target.Name, gateways.ExportOptions{})
		if err != nil {
			t.Logf("%s: imported, but not exported again: %v", file, err)
			checkRefusal(t, file, err)
			continue
		}
		again, err := gateways.Import(target.Name, back.Text)
		if err != nil {
			t.Errorf("%s: imported, exported, and refused: %v\n%s", file, err, back.Text)
			continue
		}
		all, err := gateways.CompareConfigs(x.Config, again.Config)
		if err != nil || len(all) > 0 {
			t.Errorf("%s: imported, exported and imported again: %v %v\n%s", file, all, err, again.Text)
		}
	}
	for _, target := range gateways.Targets() {
		if target.Imports() && !seen[target.Name] {
			t.Errorf("testdata/sources has no file for %s", target.Name)
		}
	}
}

// TestHostile imports texts that no one writes by hand.
func TestHostile(t *testing.T) {
	for _, target := range gateways.Targets() {
		if !target.Imports() {
			continue
		}
		for _, text := range []string{
			"", "{}", "[]", "null", "a: [", "\x00", "&a [*a]", "kind: &x {y: *x}", strings.Repeat("[", 10_000),
			strings.Repeat("a: 1\n---\n", 2000), strings.Repeat("x", 2<<20),
		} {
			if x, err := gateways.Import(target.Name, []byte(text)); err == nil {
				t.Errorf("%s imports %.40q as %s", target.Name, text, x.Text)
			}
		}
	}
}
