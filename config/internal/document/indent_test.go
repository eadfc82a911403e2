package document

import "testing"

// TestIndentation checks the line and the suggestion for lines that are indented unlike
// their neighbours. The parser names the line where the table around them begins, if any.
func TestIndentation(t *testing.T) {
	const below = "look for a line below that is indented differently, or has no colon"
	for _, tt := range []struct {
		name, text string
		line       int
		want       string
	}{
		{"less than its neighbours",
			"version: 1\npolicies:\n  app:\n    allow_origins: [\"https://a.example\"]\n    # why\n\n" +
				"   allow_methods: [PUT]\n    max_age: 2h\n", 7,
			"indent it by 2 or 4 spaces, like the lines above"},
		{"more than its neighbours",
			"policies:\n  app:\n    allow_origins: [\"https://a.example\"]\n     allow_methods: [PUT]\n", 4,
			"indent it by 4 spaces, like the line above"},
		{"more than its neighbours, after a plain value",
			"policies:\n  app:\n    allow_credentials: true\n      max_age: 2h\n", 4, "indent it by 4 spaces, like the line above"},
		{"one space", "policies:\n app:\n  max_age: 2h\nroutes:\n   - {path: /}\n  - {path: /x}\n", 6,
			"indent it by 0 or 3 spaces, like the lines above"},
		{"a top-level key with a space", "version: 1\n policies: {}\n", 2, "indent it by 0 spaces, like the line above"},
		{"a route", "routes:\n  - path: /\n    policies: [a]\n   host: b\n", 4, "indent it by 2 or 4 spaces, like the lines above"},
		{"a comment after a key", "policies:   # ours\n  app:  # spa\n    max_age: 2h # cache\n   allow_methods: []\n", 4,
			"indent it by 2 or 4 spaces, like the lines above"},
		{"no colon", "policies:\n  app:\n    max_age: 2h\n    allow_methods [PUT]\n", 4, ""},
		{"a list on several lines", "policies:\n  app:\n    allow_origins: [a,\n      b]\n   allow_methods: []\n", 2, below},
		{"an item of a list", "routes:\n  - path: /\n    host: a\n   - path: /x\n", 4, "indent it by 2 or 4 spaces, like the lines above"},
	} {
		d := &Document{Data: []byte(tt.text)}
		_, f := d.Decode("cors.yaml")
		if f == nil || f.Pos.Line != tt.line || f.Suggestion != tt.want {
			t.Errorf("%s: %+v, want line %d: %q", tt.name, f, tt.line, tt.want)
		}
	}
	// What is valid is never misindented.
	for _, text := range []string{
		"policies:\n    app:\n      max_age: 2h\nroutes:\n- path: /\n  policies:\n  - app\n  - b\n-   host: a\n    path: /\n",
		"a:\n  - - x\n    - y\n  - z\nb: c\n",
	} {
		d := &Document{Data: []byte(text)}
		if _, f := d.Decode("cors.yaml"); f != nil {
			t.Errorf("%s: %+v", text, f)
		}
		d.index()
		if line, advice := misindented(d); line != 0 {
			t.Errorf("line %d: %s\n%s", line, advice, text)
		}
	}
}
