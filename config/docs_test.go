package config_test

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/corskit/corskit/config"
)

// TestGuide checks docs/config.md: its files have no faults, its table has every key,
// and its variables are accepted.
func TestGuide(t *testing.T) {
	text, err := os.ReadFile("../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	guide := string(text)
	n := 0
	for _, m := range regexp.MustCompile("(?s)```(yaml|toml)\n(.*?)```").FindAllStringSubmatch(guide, -1) {
		if strings.Contains(m[2], "# not a configuration of corskit") {
			continue
		}
		n++
		files := config.Static{"cors." + m[1]: []byte(m[2]), "partners.txt": []byte("https://shop.example\n")}
		files["/etc/cors/partners.txt"] = files["partners.txt"]
		r := config.Check(context.Background(), files, "cors."+m[1], none)
		if r.Err != nil || len(r.Warnings) > 0 {
			t.Errorf("%v %v in\n%s", r.Err, r.Warnings, m[2])
		}
	}
	if n != 7 {
		t.Errorf("the guide has %d files, want 7", n)
	}
	for _, list := range regexp.MustCompile("(?s)```text\n(.*?)```").FindAllStringSubmatch(guide, -1) {
		files := config.Static{"cors.yaml": []byte("policies: {p: {origins_file: l}}"), "l": []byte(list[1])}
		if r := config.Check(context.Background(), files, "cors.yaml", none); r.Err != nil || len(r.Config.Policies[0].AllowOrigins) != 2 {
			t.Errorf("%v in\n%s", r.Err, list[1])
		}
	}
	values := map[string]string{
		"list": "list", "boolean": "`true` or `false`", "text": "name of", "duration": "duration",
	}
	for _, f := range below(t, "policies") {
		if row := "| `" + f.Key + "` | `" + "CORS_" + strings.ToUpper(f.Key) + "` | " + values[f.Type]; !strings.Contains(guide, row) {
			t.Errorf("the guide lacks the row\n%s", row)
		}
	}
	for _, variable := range regexp.MustCompile("`(CORS_[^`]*=[^`]*)`").FindAllStringSubmatch(guide, -1) {
		v := variable[1]
		if strings.Contains(v, "__SAP__") || strings.HasPrefix(v, "CORS_PROFILE") {
			continue
		}
		_, err := config.Read(context.Background(), yaml("policies: {default: {}, my-app: {}, public: {}}"), "cors.yaml",
			config.Options{Environ: []string{v}})
		if err != nil {
			t.Errorf("%s: %v", v, err)
		}
	}
}

// TestGuideHasTheFaults checks that the list of faults in docs/config.md is what Load returns.
func TestGuideHasTheFaults(t *testing.T) {
	guide, err := os.ReadFile("../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	_, err = config.Read(t.Context(), yaml("version: 1\npolicies:\n  spa:\n    allow_orgins: []\n    max_age: \"600\"\n"), "cors.yaml",
		config.Options{Environ: []string{"CORS__POLICIES__SPA__CREDENTIALS=true"}})
	if err == nil || !strings.Contains(string(guide), "```\n"+err.Error()+"\n```") {
		t.Errorf("the guide does not list\n%v", err)
	}
}

// TestGuideHasTheLog checks that docs/config.md lists every message that a watcher logs.
func TestGuideHasTheLog(t *testing.T) {
	guide, err := os.ReadFile("../docs/config.md")
	if err != nil {
		t.Fatal(err)
	}
	code, err := os.ReadFile("log.go")
	if err != nil {
		t.Fatal(err)
	}
	messages := regexp.MustCompile(`"(cors: [^"]*)"`).FindAllStringSubmatch(string(code), -1)
	if len(messages) != 8 {
		t.Errorf("log.go has %d messages, want 8", len(messages))
	}
	for _, m := range messages {
		if !strings.Contains(string(guide), "| `"+m[1]+"` |") {
			t.Errorf("the guide lacks the message %q", m[1])
		}
	}
}
