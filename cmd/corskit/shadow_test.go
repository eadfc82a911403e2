package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/corskit/corskit/core"
)

func TestShadowGolden(t *testing.T) {
	for name, args := range map[string][]string{
		"check":             {"check", "cors.yaml"},
		"check-json":        {"check", "cors.yaml", "--format", "json"},
		"check-faults":      {"check", "faults.yaml"},
		"diff":              {"diff", "cors.yaml"},
		"diff-json":         {"diff", "cors.yaml", "--format", "json"},
		"diff-promoted":     {"diff", "cors.yaml", "promoted.yaml"},
		"diff-shadows":      {"diff", "promoted.yaml", "cors.yaml"},
		"diff-shadows-json": {"diff", "promoted.yaml", "cors.yaml", "--format", "json"},
		"explain-stricter":  {"explain", "cors.yaml", "-o", "https://old.example.com", "-X", "PUT"},
		"explain-looser":    {"explain", "cors.yaml", "-o", "https://new.example.com"},
		"explain-same":      {"explain", "cors.yaml", "-o", "https://app.example.com", "--path", "/x"},
		"explain-json":      {"explain", "cors.yaml", "-o", "https://old.example.com", "--format", "json"},
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, "shadow/"+name, corskit(t, "testdata/shadow", args...))
		})
	}
}

// TestExplainShadow checks how the shadow differs, and that the exit status is about the
// policies in force.
func TestExplainShadow(t *testing.T) {
	for _, tt := range []struct {
		args       string
		code       int
		difference core.Difference // empty if there is no shadow in the output
		allowed    bool            // by the shadow
	}{
		{"-o https://app.example.com", exitYes, core.ShadowLooser, true}, // credentials, which the fetch does not use
		{"-o https://app.example.com --credentials", exitNo, core.ShadowLooser, true},
		{"-o https://app.example.com -X PUT", exitYes, core.ShadowStricter, false}, // the preflight
		{"-o https://app.example.com -X PATCH", exitNo, core.ShadowLooser, true},
		{"-o https://old.example.com", exitYes, core.ShadowStricter, false},
		{"-o https://new.example.com", exitNo, core.ShadowLooser, true},
		{"-o https://evil.example", exitNo, core.ShadowStricter, false}, // rejected
		{"-o https://evil.example -X PUT", exitNo, core.ShadowSame, false},
		{"-o https://app.example.com --path /open/x", exitYes, core.ShadowSame, true},
		{"-o https://evil.example --path /open/x", exitNo, core.ShadowLooser, true},
		{"-o https://evil.example --path /OPEN/x", exitNo, core.ShadowStricter, false},
		{"-o https://evil.example --path /OPEN/x --framework fiber", exitNo, core.ShadowLooser, true},
		{"-o app.example.com --path /open/x", exitNo, core.ShadowLooser, false}, // no page has the origin
		{"-o https://app.example.com -X TRACE", exitNo, "", false},              // nothing is sent
	} {
		args := append([]string{"explain", "cors.yaml", "--format", "json"}, strings.Fields(tt.args)...)
		dir := t.TempDir()
		write(t, dir, "cors.yaml", `policies:
  app: {allow_origins: ["https://app.example.com", "https://old.example.com"], allow_methods: [PUT]}
shadow:
  policies:
    app:
      allow_origins: ["https://app.example.com", "https://new.example.com"]
      allow_methods: [PATCH]
      allow_credentials: true
      reject_disallowed: true
    open: {allow_origins: ["*"]}
  routes:
    - {path: /open/, policies: [open]}
    - {policies: [app]}
`)
		r := corskit(t, dir, args...)
		var got explained
		err := json.Unmarshal([]byte(r.stdout), &got)
		if err != nil || r.code != tt.code || (got.Shadow == nil) != (tt.difference == "") {
			t.Errorf("%s: %v, %+v", tt.args, err, r)
			continue
		}
		s := got.Shadow
		if s != nil && (s.Difference != tt.difference || s.Verdict.Allowed != tt.allowed || len(s.Exchanges) == 0) {
			t.Errorf("%s: %+v, want %s and %v", tt.args, s, tt.difference, tt.allowed)
		}
	}
}

// TestShadowGuide takes the steps of docs/observe.md. The commands print what the guide says.
func TestShadowGuide(t *testing.T) {
	text, err := os.ReadFile("../../docs/observe.md")
	if _, outside := os.Stat("../../go.work"); outside != nil {
		t.Skip("docs/observe.md is outside the module, and .ci/run also tests a copy of the module alone")
	}
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## Roll out a stricter policy with a shadow\n")
	section, _, _ = strings.Cut(section, "\n## ")
	var blocks []string // in fences
	for i, part := range strings.Split(section, "```") {
		if i%2 == 1 {
			blocks = append(blocks, part)
		}
	}
	if !found || len(blocks) != 3 {
		t.Fatalf("the guide has %d blocks, want 3", len(blocks))
	}
	dir := t.TempDir()
	file := strings.TrimPrefix(blocks[0], "yaml\n")
	write(t, dir, "cors.yaml", file)
	_, shadow, _ := strings.Cut(file, "shadow:\n")
	write(t, dir, "cors.new.yaml", strings.ReplaceAll(shadow[len("  "):], "\n  ", "\n"))
	for _, c := range []struct {
		command, want string
		code          int
	}{
		{"corskit check cors.yaml", "0 faults, 0 warnings", exitYes},
		{"corskit diff cors.yaml", blocks[1][1:], exitNo},
		{"corskit explain cors.yaml --origin https://old.example.com --method PUT", blocks[2][1:], exitYes},
		{"corskit diff cors.yaml cors.new.yaml", "- may no longer read responses\n", exitNo},
	} {
		r := corskit(t, dir, strings.Fields(c.command)[1:]...)
		if !strings.Contains(section, "    "+c.command+"\n") || r.code != c.code || !strings.Contains(r.stdout, c.want) {
			t.Errorf("%s: %+v\nwant\n%s", c.command, r, c.want)
		}
		if strings.Contains(c.command, " diff ") && strings.Contains(r.stdout, "in the shadow") {
			t.Errorf("%s: the shadow changes: %s", c.command, r.stdout)
		}
	}
}

// TestDiffWithoutShadow compares two files without a shadow, and files where only one has a shadow.
func TestDiffWithoutShadow(t *testing.T) {
	dir := t.TempDir()
	const a, b = "policies: {p: {allow_origins: ['https://a.example']}}\n", "policies: {p: {allow_origins: ['https://b.example']}}\n"
	write(t, dir, "a.yaml", a)
	write(t, dir, "b.yaml", b)
	write(t, dir, "aa.yaml", a+"shadow: {"+strings.TrimSpace(a)+"}\n")
	write(t, dir, "ab.yaml", a+"shadow: {"+strings.TrimSpace(b)+"}\n")
	for args, want := range map[string]int{ // the number of changes of the shadow; -1 means that there is no answer
		"a.yaml": -1, "aa.yaml": 0, "a.yaml aa.yaml": 0, "aa.yaml a.yaml": 0, "ab.yaml b.yaml": 0, "a.yaml b.yaml": 0,
		"a.yaml ab.yaml": 2, "ab.yaml a.yaml": 2, "b.yaml aa.yaml": 2,
	} {
		r := corskit(t, dir, append([]string{"diff"}, strings.Fields(args)...)...)
		if got := strings.Count(r.stdout, "in the shadow,"); (r.code == exitFail) != (want < 0) || got != max(want, 0) {
			t.Errorf("diff %s: %d changes of the shadow, want %d: %+v", args, got, want, r)
		}
	}
	r := corskit(t, dir, "diff", "a.yaml")
	contains(t, "the error", r.stderr, "a.yaml has no shadow to compare with: name a second file")
}

// TestDiffShadowNotes checks that a note about both parts of a file is printed once.
func TestDiffShadowNotes(t *testing.T) {
	dir := t.TempDir()
	const a = "policies: {app: {allow_origins: ['regexp:https://[ab]{20}a[ab]*\\.example']}}"
	write(t, dir, "old.yaml", a+"\nshadow: {"+a+"}\n")
	b := strings.ReplaceAll(a, "}a[", "}b[")
	write(t, dir, "new.yaml", b+"\nshadow: {"+b+"}\n")
	r := corskit(t, dir, "diff", "old.yaml", "new.yaml", "--format", "json")
	var got compared
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || len(got.Notes) != 2 {
		t.Errorf("%v, %d notes, want 2: %+v", err, len(got.Notes), r)
	}
}
