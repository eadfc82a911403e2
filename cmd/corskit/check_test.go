package main

import (
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"
)

func TestCheckGolden(t *testing.T) {
	for name, args := range map[string][]string{
		"good":         {"good.yaml"},
		"faults":       {"faults.yaml"},
		"faults-json":  {"faults.yaml", "--format", "json"},
		"faults-gh":    {"faults.yaml", "--format", "github"},
		"warnings":     {"warnings.yaml"},
		"strict":       {"warnings.yaml", "--strict"},
		"syntax":       {"syntax.json"},
		"origins-file": {"app.toml"},
		"profile":      {"profile.yaml"},
		"profile-prod": {"profile.yaml", "--profile", "prod"},
		"no-profile":   {"profile.yaml", "--profile", "test"},
		"empty":        {"empty.yaml"},
		"missing":      {"missing.yaml"},
		"several":      {"good.yaml", "profile.yaml", "faults.yaml"},
		"colour":       {"profile.yaml", "--profile", "prod", "--color", "always"},
	} {
		t.Run(name, func(t *testing.T) {
			golden(t, "check/"+name, corskit(t, "testdata/check", append([]string{"check"}, args...)...))
		})
	}
}

func TestCheckEnvironment(t *testing.T) {
	good := []string{"CORS_ALLOW_ORIGINS=https://a.example, https://b.example"}
	r := corskitWith(t, "", good, "check", "--env")
	if r.code != exitYes || !strings.Contains(r.stdout, "the environment: ok (1 policy, 2 origins") {
		t.Errorf("valid variables: %+v", r)
	}
	bad := []string{"CORS_ALLOW_ORIGIN=https://a.example"}
	if r := corskitWith(t, "", bad, "check", "--env"); r.code != exitNo || !strings.Contains(r.stdout, "CORS_ALLOW_ORIGINS") {
		t.Errorf("an unknown variable: %+v", r)
	}
	if r := corskitWith(t, "testdata/check", bad, "check", "good.yaml"); r.code != exitNo {
		t.Errorf("the environment does not override the file: %+v", r)
	}
	upper := []string{"CORS_PROFILE=PROD"}
	want := `CORS_PROFILE: error: "PROD": not a valid profile name; did you mean "prod"?` + "\n"
	if r := corskitWith(t, "testdata/check", upper, "check", "good.yaml"); r.code != exitNo || !strings.HasPrefix(r.stdout, want) {
		t.Errorf("an invalid profile name: %+v", r)
	}
	if r := corskitWith(t, "testdata/check", bad, "check", "--no-env", "good.yaml"); r.code != exitYes {
		t.Errorf("--no-env does not ignore the environment: %+v", r)
	}
}

func TestCheckManyOrigins(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "cors.yaml", "policies: {app: {origins_file: many.txt}}\n")
	writeOrigins(t, dir+"/many.txt", 50_000)
	r := corskit(t, dir, "check", "--format", "json", "cors.yaml")
	var got []checked
	if err := json.Unmarshal([]byte(r.stdout), &got); err != nil || len(got) != 1 || got[0].Origins != 50_000 || !got[0].OK {
		t.Errorf("%v: got %.500s, want one valid file with 50000 origins", err, r.stdout)
	}
	if r.stderr != "" {
		t.Errorf("progress is printed without a terminal: %q", r.stderr)
	}
}

func writeOrigins(t *testing.T, path string, n int) {
	t.Helper()
	var b strings.Builder
	for i := range n {
		b.WriteString("https://app-" + strconv.Itoa(i) + ".example\n")
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}
