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
	if r := corskitWith(t, "", good, "check", "--env", "--strict"); r.code != exitYes || strings.Count(r.stdout, "note: ") != 1 ||
		!strings.Contains(r.stdout, "set CORS_ALLOW_METHODS and CORS_ALLOW_HEADERS") {
		t.Errorf("no note about the methods and headers: %+v", r)
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

// TestVariablesOfTheProgram checks that the commands know the variables that a program maps
// if --map names them, and that check --env names --map.
func TestVariablesOfTheProgram(t *testing.T) {
	env := []string{"FRONTEND_URL=https://a.example"}
	const flag = "--map FRONTEND_URL=policies.default.allow_origins"
	r := corskitWith(t, "", env, "check", "--env")
	want := "a variable that only a program maps is not known here: name it, as in " + flag
	if r.code != exitNo || !strings.Contains(r.stdout, want) {
		t.Errorf("got %+v, want %s", r, want)
	}
	name, value, _ := strings.Cut(flag, " ")
	r = corskitWith(t, "", env, "check", "--env", name, value)
	if want := "the environment: ok (1 policy, 1 origin,"; r.code != exitYes || !strings.Contains(r.stdout, want) {
		t.Errorf("got %+v, want %s", r, want)
	}
	r = corskitWith(t, "", []string{"A=1"}, "check", "--env", name, value)
	if want := "set this one or FRONTEND_URL"; r.code != exitNo || !strings.Contains(r.stdout, want) || strings.Contains(r.stdout, name) {
		t.Errorf("got %+v, want %s", r, want)
	}
	dir := t.TempDir()
	write(t, dir, "cors.yaml", "policies: {default: {}}\n")
	r = corskitWith(t, dir, env, "explain", name, value, "--origin", "https://a.example")
	if r.code != exitYes {
		t.Errorf("explain does not know the variable: %+v", r)
	}
	r = corskitWith(t, dir, nil, "check", "--strict", name, value)
	if r.code != exitNo || !strings.Contains(r.stdout, "or set FRONTEND_URL") {
		t.Errorf("check --strict accepts a file whose variable is unset: %+v", r)
	}
}

// TestVariablesOfTheFile: check and explain use the variables that the head of a file maps, and
// leave alone those that it ignores.
func TestVariablesOfTheFile(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "cors.yaml", "variables: {FRONTEND_URL: policies.spa.allow_origins}\nignore_variables: [CORS_PROXY_URL]\n"+
		"policies: {spa: {allow_origins: [\"https://a.example\"]}}\n")
	env := []string{"FRONTEND_URL=https://b.example", "CORS_PROXY_URL=http://proxy"}
	r := corskitWith(t, dir, env, "check", "cors.yaml")
	if want := "because the variable FRONTEND_URL is set"; r.code != exitYes || !strings.Contains(r.stdout, want) {
		t.Errorf("got %+v, want %s", r, want)
	}
	r = corskitWith(t, dir, env, "explain", "cors.yaml", "--origin", "https://b.example")
	if want := `pattern "https://b.example" of policy "spa" matches`; r.code != exitYes || !strings.Contains(r.stdout, want) {
		t.Errorf("got %+v, want %s", r, want)
	}
	if r := corskitWith(t, dir, env, "explain", "--no-env", "cors.yaml", "--origin", "https://b.example"); r.code != exitNo {
		t.Errorf("--no-env reads a mapped variable: %+v", r)
	}
	r = corskitWith(t, dir, []string{"FRONTEND_URL=b.example", "CORS_OTHER=1"}, "check", "--format", "github", "cors.yaml")
	for _, want := range []string{"::FRONTEND_URL: policies.spa.allow_origins[0]", "::CORS_OTHER: an unknown variable",
		"list it in ignore_variables"} {
		if r.code != exitNo || !strings.Contains(r.stdout, want) {
			t.Errorf("got %+v, want %s", r, want)
		}
	}
}

// TestCheckSaysThatVariablesWin checks for a note about a key that a variable overrides, which
// is not a warning.
func TestCheckSaysThatVariablesWin(t *testing.T) {
	env := []string{"CORS__POLICIES__SPA__ALLOW_ORIGINS=https://b.example", "CORS__POLICIES__SPA__MAX_AGE=10m"}
	r := corskitWith(t, "testdata/check", env, "check", "--strict", "good.yaml")
	const want = "good.yaml:4:5: note: policies.spa.allow_origins: has no effect, because the variable " +
		"CORS__POLICIES__SPA__ALLOW_ORIGINS is set; change the variable, or unset it\n"
	if r.code != exitYes || !strings.HasPrefix(r.stdout, want) || strings.Count(r.stdout, "because the variable") != 1 {
		t.Errorf("got %+v, want %q", r, want)
	}
	r = corskitWith(t, "testdata/check", env, "check", "--format", "github", "good.yaml")
	if !strings.HasPrefix(r.stdout, "::notice file=good.yaml,line=4,") {
		t.Errorf("got %+v", r)
	}
}

// TestCheckGitHubNamesTheVariable checks that an annotation, which has no place for
// the variable, names it in its text.
func TestCheckGitHubNamesTheVariable(t *testing.T) {
	r := corskitWith(t, "testdata/check", []string{"CORS__POLICIES__SPA__MAX_AGE=600"}, "check", "--format", "github", "good.yaml")
	const want = "::error title=CORS%3A unit::CORS__POLICIES__SPA__MAX_AGE: policies.spa.max_age \"600\": a duration without a unit; " +
		"write \"600s\" for seconds\n"
	if r.code != exitNo || !strings.HasPrefix(r.stdout, want) {
		t.Errorf("got %q, want %q", r.stdout, want)
	}
}

func TestCheckStandardInput(t *testing.T) {
	for _, c := range []struct {
		input, want string
		code        int
	}{
		{"policies: {app: {allow_origins: [\"https://a.example\"], allow_methods: [], allow_headers: []}}\n",
			"standard input: ok (1 policy, 1 origin, ", exitYes},
		{`{"policies": {"app": {"origins_file": "partners.txt"}}}`, "partners.txt:3:1: error: ", exitNo},
		{"policies: {app: {max_age: 7}}\n", "standard input:1:27: error: policies.app.max_age", exitNo},
		{"", "standard input: error: an empty file", exitNo},
		{strings.Repeat("# comment\n", 300_000), "standard input: error: ", exitNo},
	} {
		r := corskitInput(t, "testdata/check", c.input, "check", "-")
		if r.code != c.code || !strings.HasPrefix(r.stdout, c.want) {
			t.Errorf("%.60q: %+v, want %q", c.input, r, c.want)
		}
	}
	if r := corskit(t, "testdata/check", "check", "-", "-"); r.code != exitFail || !strings.Contains(r.stderr, "only once") {
		t.Errorf("standard input twice: %+v", r)
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
