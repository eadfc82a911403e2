package config_test

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/reason"
)

// suggested returns what a suggestion says to write: the text after "write", without
// quotes or in them.
var suggested = regexp.MustCompile(`(?:write(?: it as)?|as in|such as|, or|did you mean|` +
	`separate the entries with commas:|write the list as a JSON array:) ` +
	`(\[(?:[^]"]|"(?:[^"\\]|\\.)*")*\]|"(?:[^"\\]|\\.)*"|[^\s"?]+)`)

// written returns the values that a suggestion names.
func written(suggestion string) (values []string) {
	if strings.HasPrefix(suggestion, "write it for whole origins") {
		return nil // says what an expression must match
	}
	for _, m := range suggested.FindAllStringSubmatch(suggestion, -1) {
		part := m[1][0] == ':' // a part of an entry, such as a port
		if !part && !slices.Contains([]string{"a", "an", "the", "it"}, m[1]) && (m[1][0] == '[' || !strings.HasPrefix(m[0], ", or")) {
			values = append(values, m[1])
		}
	}
	return values
}

// typedValues are values of keys as people type them, in YAML and in variables.
var typedValues = map[string][]string{
	"allow_origins": {
		"https://a.example https://b.example", "https://a.example;https://b.example", "https://a.example\nhttps://b.example",
		"https://a.example,https://b.example", `"https://a.example,https://b.example"`, "'https://a.example, https://b.example'",
		`"https://a.example"`, "[https://a.example,https://b.example]", "['https://a.example','https://b.example']", "[https://a.example]",
		"- https://a.example\n- https://b.example\n", "- a.example\n- b.example/", "a.example b.example", "undefined", "True",
		"true", "null",
		"{{ .Values.origins }}", "${ORIGINS}", "https://*.d.example.com:[*]", "http://localhost:[3000-3999]",
		"http://localhost:[3000,3001]",
		"http://localhost*", `""`, "''", "*", "ALL", "@localhost", `'["https://a.example"]'`, "https://a.example,", "(https://a.example)",
		"regexp:https://(a|b)[.]example regexp:https://c{1,2}[.]example",
	},
	"allow_methods": {"PUT DELETE", "PUT;DELETE", `"PUT,DELETE"`, "'PUT'", "[PUT,DELETE]", "[PUT DELETE]",
		"- PUT\n- patch\n", "patch", "put,patch", "GET, PUT", "GET,POST,patch"},
	"allow_headers":     {"X-A X-B", `"X-A, X-B"`, "[X-A,X-B]", "X-A:", "Content-Type: application/json", "X-A;X-B"},
	"expose_headers":    {"ETag Link", `"ETag"`, "[ETag;Link]"},
	"allow_credentials": {"True", "TRUE", `"true"`, "'false'", "yes", "1", "on", "off", "undefined", "{{ .Values.c }}", "maybe"},
	"max_age": {
		"7d", "1d", "86400", "600", "604800", "10 minutes", `"10m"`, "'600'", "1h 30m", "25h", "2 weeks", "0", "0s", "-1",
		"-1m", "P1D", "off",
		"Disabled", "never", "undefined", "10", "1.5s", "100ms", "1.5", "99999999999999999999", "{{ .Values.m }}", "10mins", "48 hours",
	},
	"origins_file": {`"partners.txt"`, "'partners.txt'"},
}

// TestSuggestionsAreAccepted follows the suggestions for values as people type them,
// in files and in variables.
func TestSuggestionsAreAccepted(t *testing.T) {
	followed := 0
	for key, values := range typedValues {
		for _, value := range values {
			for place, load := range map[string]func(string) error{
				"a file":     func(s string) error { return loadFile(key, s) },
				"a variable": func(s string) error { return loadVariable(key, s) },
			} {
				text := value
				if place == "a file" {
					text = strconv.Quote(value)
				}
				for e := range config.Errors(load(text)) {
					values := written(e.Suggestion)
					if strings.Contains(e.Suggestion, " and set ") {
						continue
					}
					if e.Suggestion == "" && e.Reason != reason.NotFound {
						t.Errorf("%s in %s: %v has no suggestion", value, place, e)
					}
					for _, v := range values {
						if place == "a variable" && v[0] == '"' && !strings.Contains(v, "*") {
							v, _ = strconv.Unquote(v)
						}
						if place == "a file" && strings.Contains(e.Key, "[") && v[0] != '[' {
							v = "[" + v + "]"
						}
						if err := load(strings.Trim(v, `"`)); place == "a variable" && err != nil {
							t.Errorf("%v\nfollowed: %s\nrefused: %v", e, v, err)
						} else if err := load(v); place == "a file" && err != nil {
							t.Errorf("%v\nfollowed: %s\nrefused: %v", e, v, err)
						}
						followed++
					}
				}
			}
		}
	}
	if followed < 100 {
		t.Errorf("only %d suggestions have something to write", followed)
	}
}

// TestScalarSuggestionsFitTheFlags follows the suggestions for a text in place of a list,
// next to flags that forbid some entries.
func TestScalarSuggestionsFitTheFlags(t *testing.T) {
	followed := 0
	for _, value := range append([]string{"https://*.github.io", "http://a.example", "*:*", "http://*", "https://*", "*.a.example"},
		typedValues["allow_origins"]...) {
		for _, flags := range []string{"allow_credentials: true", "allow_credentials: yes", "dangerously_allow_null_origin: true",
			"allow_credentials: true, dangerously_allow_insecure_origins: true"} {
			load := func(origins, flags string) error {
				files := config.Static{"cors.yaml": []byte("policies: {p: {" + flags + ", allow_origins: " + origins + "}}\n")}
				_, err := config.Read(context.Background(), files, "cors.yaml", config.Options{Environ: []string{}})
				return err
			}
			for e := range config.Errors(load(strconv.Quote(value), flags)) {
				if e.Key != "policies.p.allow_origins" {
					continue
				}
				own, more, _ := strings.Cut(e.Suggestion, "; also, ")
				for _, v := range written(own) {
					with := strings.ReplaceAll(flags, "yes", "true")
					if strings.HasPrefix(more, "serve the page over https://") {
						v = strings.ReplaceAll(v, "http://", "https://")
					} else if more != "" {
						with += ", dangerously_allow_public_suffixes: true"
						if !strings.Contains(more, "set dangerously_allow_public_suffixes") {
							t.Errorf("%s: %v", flags, e)
						}
					}
					if _, set, ok := strings.Cut(own, v+" and set "); ok {
						key, _, _ := strings.Cut(set, " ")
						with = strings.ReplaceAll(with, "allow_credentials: true", "allow_credentials: false")
						if key != "allow_credentials" {
							with += ", " + key + ": true"
						}
					}
					if v[0] != '[' {
						v = "[" + v + "]"
					}
					if err := load(v, with); err != nil {
						t.Errorf("%s: %v\nfollowed: %s, %s\nrefused: %v", flags, e, v, with, err)
					}
					followed++
				}
			}
		}
	}
	if followed < 50 {
		t.Errorf("only %d suggestions have something to write", followed)
	}
}

func loadFile(key, value string) error {
	text := fmt.Sprintf("policies: {p: {allow_origins: [\"https://o.example\"], %s: %s}}\n", key, value)
	if key == "allow_origins" || key == "origins_file" {
		text = fmt.Sprintf("policies: {p: {%s: %s}}\n", key, value)
	}
	files := config.Static{"cors.yaml": []byte(text), "partners.txt": []byte("https://p.example\n")}
	return strictly(files)
}

// strictly returns the faults and warnings of a configuration, like corskit check --strict.
func strictly(files config.Static, environ ...string) error {
	r := config.Check(context.Background(), files, "cors.yaml", config.Options{Environ: append([]string{}, environ...)})
	all := []error{r.Err}
	for _, w := range r.Warnings {
		if w.Reason != reason.NoOrigins { // the values are those of other keys
			all = append(all, (*config.Error)(w))
		}
	}
	return errors.Join(all...)
}

func loadVariable(key, value string) error {
	files := config.Static{"cors.yaml": []byte("policies: {default: {allow_origins: []}}\n"), "partners.txt": []byte("https://p.example\n")}
	return strictly(files, "CORS_"+strings.ToUpper(key)+"="+value)
}
