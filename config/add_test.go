package config_test

import (
	"bytes"
	"context"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

const (
	newOrigin = "https://new.example.com"
	addOrigin = "allow_origins " + newOrigin
)

// addCases are files, additions to policy app ("KEY ENTRY..."), and the files afterwards.
var addCases = []struct{ name, file, add, old, new string }{
	{"block list", "cors.yaml", addOrigin, `# about the file
policies:
  app: # the application
    allow_origins:
      # the page
      - "https://a.example" # with a comment
      - https://b.example   # the last one

    # methods
    allow_methods: [PUT]
`, `# about the file
policies:
  app: # the application
    allow_origins:
      # the page
      - "https://a.example" # with a comment
      - https://b.example   # the last one
      - https://new.example.com

    # methods
    allow_methods: [PUT]
`},
	{"several entries, single quotes, no indentation", "cors.yaml", addOrigin + " http://localhost:3000", `policies:
  app:
    allow_origins:
    - 'https://a.example'`, `policies:
  app:
    allow_origins:
    - 'https://a.example'
    - 'https://new.example.com'
    - 'http://localhost:3000'`},
	{"flow list in one line", "cors.yaml", "allow_methods PATCH", `policies:
  app: {allow_origins: ["https://a.example"], allow_methods: [PUT, DELETE ] } # c
`, `policies:
  app: {allow_origins: ["https://a.example"], allow_methods: [PUT, DELETE, PATCH ] } # c
`},
	{"flow list in several lines", "cors.yaml", addOrigin, `policies:
  app:
    allow_origins: [
      "https://a.example", # a
      "https://b.example" # b
    ]
`, `policies:
  app:
    allow_origins: [
      "https://a.example", # a
      "https://b.example", # b
      "https://new.example.com"
    ]
`},
	{"flow list in several lines with a comma at the end", "cors.yaml", addOrigin + " https://x.example.com", `policies:
  app:
    allow_origins: [
      "https://b.example" , # b
      # end
    ]
`, `policies:
  app:
    allow_origins: [
      "https://b.example" , # b
      "https://new.example.com",
      "https://x.example.com",
      # end
    ]
`},
	{"flow list that is wrapped", "cors.yaml", addOrigin, `policies:
  app:
    allow_origins: ["https://a.example",
      "https://b.example"]
`, `policies:
  app:
    allow_origins: ["https://a.example",
      "https://b.example", "https://new.example.com"]
`},
	{"empty list", "cors.yaml", addOrigin, "policies: {app: {allow_origins: []}}\n",
		"policies: {app: {allow_origins: [\"https://new.example.com\"]}}\n"},
	{"empty policy", "cors.yaml", addOrigin, "policies: {app: {}}\n",
		"policies: {app: {allow_origins: [\"https://new.example.com\"]}}\n"},
	{"missing key after a block list", "cors.yaml", "allow_headers x-token", `policies:
  app:
    allow_origins:
      - https://a.example # a
    max_age: 10m
  other: {}
`, `policies:
  app:
    allow_origins:
      - https://a.example # a
    allow_headers: ["x-token"]
    max_age: 10m
  other: {}
`},
	{"missing key after a flow list of several lines", "cors.yaml", "allow_methods PUT", `policies:
  app:
    allow_origins: [
      https://a.example # a ]
      , # ]
    ] # end
    max_age: 10m
`, `policies:
  app:
    allow_origins: [
      https://a.example # a ]
      , # ]
    ] # end
    allow_methods: ["PUT"]
    max_age: 10m
`},
	{"missing key at the end", "cors.yaml", addOrigin, `policies:
  app:
    max_age: 10m # m
`, `policies:
  app:
    max_age: 10m # m
    allow_origins: ["https://new.example.com"]
`},
	{"a byte order mark and CR LF", "cors.yaml", addOrigin,
		"\ufeffpolicies:\r\n  app:\r\n    allow_origins:\r\n      - https://a.example\r\n",
		"\ufeffpolicies:\r\n  app:\r\n    allow_origins:\r\n      - https://a.example\r\n      - https://new.example.com\r\n"},
	{"a flag", "cors.yaml", "dangerously_allow_null_origin", "policies:\n  app:\n    allow_origins: []\n",
		"policies:\n  app:\n    allow_origins: []\n    dangerously_allow_null_origin: true\n"},
	{"a flag that is false", "cors.yaml", "dangerously_allow_null_origin", "policies: {app: {dangerously_allow_null_origin: False}}\n",
		"policies: {app: {dangerously_allow_null_origin: true}}\n"},
	{"characters of several bytes", "cors.yaml", addOrigin,
		"policies: {app: {allow_origins: [\"regexp:https://ä?a\\\\.example\", \"https://a.example\"]}}\n",
		"policies: {app: {allow_origins: [\"regexp:https://ä?a\\\\.example\", \"https://a.example\", \"https://new.example.com\"]}}\n"},
	{"JSON in one line", "cors.json", addOrigin, `{"policies": {"app": {"allow_origins": ["https://a.example"]}}}`,
		`{"policies": {"app": {"allow_origins": ["https://a.example", "https://new.example.com"]}}}`},
	{"JSON in several lines", "cors.json", addOrigin, `{"policies": {"app": {
  "allow_origins": [
    "https://a.example"
  ]}}}
`, `{"policies": {"app": {
  "allow_origins": [
    "https://a.example",
    "https://new.example.com"
  ]}}}
`},
	{"missing key in JSON", "cors.json", "allow_headers x-a x-b", `{
  "policies": {
    "app": {
      "allow_origins": ["https://a.example"],
      "max_age": "10m"
    }
  }
}`, `{
  "policies": {
    "app": {
      "allow_origins": ["https://a.example"],
      "allow_headers": ["x-a", "x-b"],
      "max_age": "10m"
    }
  }
}`},
	{"TOML", "cors.toml", addOrigin, `[policies.app]
allow_origins = [
  "https://a.example", # a
]
`, `[policies.app]
allow_origins = [
  "https://a.example", # a
  "https://new.example.com",
]
`},
	{"an empty list in TOML", "cors.toml", addOrigin, "[policies.app]\nallow_origins = [ ] # none\n",
		"[policies.app]\nallow_origins = [\"https://new.example.com\" ] # none\n"},
	{"missing key in TOML", "cors.toml", "allow_methods PUT", "[policies.app]\n  allow_origins = ['https://a.example'] # a\n[policies.b]\n",
		"[policies.app]\n  allow_origins = ['https://a.example'] # a\n  allow_methods = [\"PUT\"]\n[policies.b]\n"},
	{"an empty table in TOML", "cors.toml", "allow_methods PUT", "[policies.app] # empty\n[policies.b]\n",
		"[policies.app] # empty\nallow_methods = [\"PUT\"]\n[policies.b]\n"},
	{"dotted keys in TOML", "cors.toml", "allow_methods PUT", "policies.app.allow_origins = [\"https://a.example\"]\n",
		"policies.app.allow_origins = [\"https://a.example\"]\npolicies.app.allow_methods = [\"PUT\"]\n"},
	{"an inline table in TOML", "cors.toml", "allow_methods PUT", "policies = {app = {allow_origins = [\"https://a.example\"]}, b = {}}\n",
		"policies = {app = {allow_origins = [\"https://a.example\"], allow_methods = [\"PUT\"]}, b = {}}\n"},
}

func addition(text string) config.Addition {
	words := strings.Fields(text)
	a := config.Addition{Policy: "app", Key: words[0]}
	if len(words) > 1 {
		a.Entries = words[1:]
	}
	return a
}

func TestAdd(t *testing.T) {
	t.Parallel()
	for _, tt := range addCases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			edit, err := config.Add(t.Context(), config.Static{tt.file: []byte(tt.old)}, tt.file, addition(tt.add), noEnviron)
			if err != nil {
				t.Fatal(err)
			}
			if string(edit.New) != tt.new {
				t.Errorf("got\n%s\nwant\n%s", edit.New, tt.new)
			}
			if edit.Name != tt.file || edit.File != tt.file || string(edit.Old) != tt.old {
				t.Errorf("got the edit of %q (%q) from\n%s", edit.Name, edit.File, edit.Old)
			}
		})
	}
}

// Add can change policies that have functions of the program.
func TestAddWithFunctions(t *testing.T) {
	t.Parallel()
	functions := config.Options{AllowOriginFuncs: map[string]func(context.Context, core.Request) bool{
		"app": func(context.Context, core.Request) bool { return false },
	}}
	edit, err := config.Add(t.Context(), config.Static{"cors.yaml": []byte("policies: {app: {}}\n")}, "cors.yaml", addition(addOrigin),
		noEnviron, functions)
	if err != nil || !bytes.Contains(edit.New, []byte(newOrigin)) {
		t.Errorf("%q, %v", edit.New, err)
	}
}

var noEnviron = config.Options{Environ: []string{}}

// TestAddChoosesTheDocument adds to configurations of several documents.
func TestAddChoosesTheDocument(t *testing.T) {
	t.Parallel()
	const base = "policies:\n  app:\n    allow_origins: [\"https://a.example\"]\n    allow_methods: [PUT]\n"
	const listed = "policies: {app: {origins_file: list.txt}}\n"
	for _, tt := range []struct {
		name     string
		files    config.Static
		profile  string
		add      string
		document string
		want     string // the end of the new text
	}{
		{"the file of the profile sets the list", config.Static{
			"cors.yaml": []byte(base), "cors.prod.yaml": []byte("policies: {app: {allow_origins: []}}\n"),
		}, "prod", addOrigin, "cors.prod.yaml", "{allow_origins: [\"https://new.example.com\"]}}\n"},
		{"the file sets the list", config.Static{
			"cors.yaml": []byte(base), "cors.prod.yaml": []byte("policies: {app: {allow_origins: []}}\n"),
		}, "prod", "allow_methods PATCH", "cors.yaml", "[PUT, PATCH]\n"},
		{"no file sets the list", config.Static{
			"cors.yaml": []byte(base), "cors.prod.yaml": []byte("policies: {app: {max_age: 1m}}\n"),
		}, "prod", "allow_headers x-a", "cors.prod.yaml", "{max_age: 1m, allow_headers: [\"x-a\"]}}\n"},
		{"an origins_file", config.Static{
			"cors.yaml": []byte(listed), "list.txt": []byte("# partners\nhttps://a.example # a"),
		}, "", addOrigin, "list.txt", "https://a.example # a\nhttps://new.example.com\n"},
		{"an origins_file with CR LF", config.Static{
			"cors.yaml": []byte(listed), "list.txt": []byte("https://a.example\r\n"),
		}, "", addOrigin, "list.txt", "https://a.example\r\nhttps://new.example.com\r\n"},
		{"an origins_file of two policies", config.Static{
			"cors.yaml": []byte("policies: {app: {origins_file: list.txt}, b: {origins_file: list.txt}}\n"),
			"list.txt":  []byte("https://a.example\n"),
		}, "", addOrigin, "cors.yaml", "list.txt, allow_origins: [\"https://new.example.com\"]}, b: {origins_file: list.txt}}\n"},
		{"an origins_file of a policy and its shadow", config.Static{
			"cors.yaml": []byte("policies: {app: {origins_file: list.txt}}\nshadow: {policies: {app: {origins_file: list.txt}}}\n"),
			"list.txt":  []byte("https://a.example\n"),
		}, "", addOrigin, "cors.yaml", "list.txt, allow_origins: [\"https://new.example.com\"]}}\n" +
			"shadow: {policies: {app: {origins_file: list.txt}}}\n"},
		{"an origins_file and a list", config.Static{
			"cors.yaml": []byte("policies: {app: {origins_file: list.txt, allow_origins: []}}\n"),
			"list.txt":  []byte("https://a.example\n"),
		}, "", addOrigin, "cors.yaml", "allow_origins: [\"https://new.example.com\"]}}\n"},
	} {
		edit, err := config.Add(t.Context(), tt.files, "cors.yaml", addition(tt.add), noEnviron, config.Options{Profile: tt.profile})
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		if edit.Name != tt.document || !strings.HasSuffix(string(edit.New), tt.want) {
			t.Errorf("%s: %s becomes\n%s\nwant at the end of %s\n%s", tt.name, edit.Name, edit.New, tt.document, tt.want)
		}
	}
}

// TestAddRefuses checks that Add reports what it cannot change, with the place.
func TestAddRefuses(t *testing.T) {
	t.Parallel()
	one := []byte("policies:\n  app:\n    allow_origins: [\"https://a.example\"]\n")
	for _, tt := range []struct {
		name, file string
		text       []byte
		env        []string
		add        string
		reason     reason.Reason
		want       string
	}{
		{"a variable", "cors.yaml", one, []string{"CORS__POLICIES__APP__ALLOW_ORIGINS=https://b.example"}, addOrigin, reason.Variable,
			"CORS__POLICIES__APP__ALLOW_ORIGINS: policies.app.allow_origins: set by the variable; " +
				"append ,https://new.example.com to the variable"},
		{"a variable with JSON", "cors.yaml", one, []string{`CORS__POLICIES__APP__ALLOW_ORIGINS=["https://b.example"]`}, addOrigin,
			reason.Variable, "CORS__POLICIES__APP__ALLOW_ORIGINS: policies.app.allow_origins: set by the variable; " +
				"add \"https://new.example.com\" to the variable"},
		{"an alias", "cors.yaml",
			[]byte("policies:\n  other:\n    allow_origins: &list [\"https://a.example\"]\n  app:\n    allow_origins: *list\n"),
			nil, addOrigin, reason.Notation,
			"cors.yaml:5:5: policies.app.allow_origins: in a notation that is not changed automatically; " +
				"add \"https://new.example.com\" by hand"},
		{"an anchor that another policy uses", "cors.yaml",
			[]byte("policies:\n  app:\n    allow_origins: &list [\"https://a.example\"]\n  other:\n    allow_origins: *list\n"),
			nil, addOrigin, reason.Notation,
			"cors.yaml:3:5: policies.app.allow_origins: in a notation that is not changed automatically; " +
				"add \"https://new.example.com\" by hand"},
		{"an anchor that the shadow uses", "cors.yaml", []byte("policies:\n  app: {allow_origins: &list [\"https://a.example\"]}\n" +
			"shadow: {policies: {app: {allow_origins: *list}}}\n"), nil, addOrigin, reason.Notation, ""},
		{"a block scalar", "cors.yaml", []byte("policies:\n  app:\n    allow_origins:\n      - |-\n        https://a.example\n"),
			nil, addOrigin, reason.Notation, ""},
		{"a multi-line string in TOML", "cors.toml", []byte("[policies.app]\nallow_origins = [\"\"\"https://a.example\"\"\"]\n"),
			nil, addOrigin, reason.Notation, ""},
		{"a flag in an alias", "cors.yaml", []byte("policies: {b: {allow_credentials: &no false}, app: {allow_credentials: *no}}\n"),
			nil, "allow_credentials", reason.Notation, ""},
		{"a file with faults", "cors.yaml", []byte("policies: {app: {allow_origin: []}}\n"), nil, addOrigin, "unknown-key", ""},
		{"no such policy", "cors.yaml", []byte("policies: {b: {}}\n"), nil, addOrigin, "value", ""},
		{"no such key", "cors.yaml", one, nil, "allow_origin https://a.example", "value", ""},
		{"a duration", "cors.yaml", one, nil, "max_age 1m", "value", ""},
		{"a list without entries", "cors.yaml", one, nil, "allow_origins", "value", ""},
		{"a flag with entries", "cors.yaml", one, nil, "allow_credentials true", "value", ""},
	} {
		env := config.Options{Environ: append([]string{}, tt.env...)}
		edit, err := config.Add(t.Context(), config.Static{tt.file: tt.text}, tt.file, addition(tt.add), env)
		var fault *config.Error
		if !errors.As(err, &fault) || fault.Reason != tt.reason || tt.want != "" && fault.Error() != tt.want || edit.New != nil {
			t.Errorf("%s: %v and %q, want %s %q", tt.name, err, edit.New, tt.reason, tt.want)
		}
	}
	if _, err := config.Add(t.Context(), nil, "cors.yaml", addition(addOrigin)); err == nil {
		t.Error("no error without a source")
	}
	if _, err := config.Add(t.Context(), config.Static{}, "cors.yaml", addition(addOrigin)); err == nil {
		t.Error("no error without a document")
	}
}

// FuzzAdd adds to any file. What Add returns has the addition, and all lines that the file
// had, apart from one.
func FuzzAdd(f *testing.F) {
	for _, tt := range addCases {
		f.Add(tt.file, []byte(tt.old), tt.add)
	}
	f.Fuzz(func(t *testing.T, file string, text []byte, add string) {
		if len(text) > 1<<12 || len(strings.Fields(add)) == 0 || len(strings.Fields(add)) > 4 {
			return
		}
		a := addition(add)
		before, err := config.Read(t.Context(), config.Static{file: text}, file, noEnviron)
		if err != nil {
			return
		}
		edit, err := config.Add(t.Context(), config.Static{file: text}, file, a, noEnviron)
		if err != nil {
			return
		}
		if !bytes.Equal(edit.Old, text) {
			t.Fatalf("%q is edited, not %q", edit.Old, text)
		}
		after, err := config.Read(t.Context(), config.Static{file: edit.New}, file, noEnviron)
		if err != nil { // core refuses the entries
			return
		}
		if len(before.Policies) != len(after.Policies) || len(before.Routes) != len(after.Routes) {
			t.Fatalf("from %+v to %+v", before, after)
		}
		for i, p := range after.Policies {
			if p.Name != a.Policy && !reflect.DeepEqual(p, before.Policies[i]) {
				t.Errorf("%q and %q: policy %s changes", text, edit.New, p.Name)
			}
		}
		lost := 0
		lines := strings.Split(string(edit.New), "\n")
		for line := range strings.SplitSeq(string(text), "\n") {
			if !slices.Contains(lines, line) {
				lost++
			}
		}
		if lost > 1 {
			t.Errorf("%d lines change from %q to %q", lost, text, edit.New)
		}
	})
}
