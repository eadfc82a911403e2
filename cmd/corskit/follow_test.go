package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The forms of suggestions on the command line.
var (
	meantWord = regexp.MustCompile(`(\S+); did you mean "?([^\s"?]+)"?\?`)
	mustBe    = regexp.MustCompile(`--(\w+) is "([^"]*)"; it must be ([^\n]+)`)
	required  = regexp.MustCompile(`--(\w+) is required; it must be (\w[\w-]*)`)
	useFlags  = regexp.MustCompile(`(?:use|add|with|and) (--[a-z]+)(?: ([0-9]+/m))?`)
	withShort = regexp.MustCompile(`add [^\n]*, such as -X (\S+) -H '([^'\n]+)'`)
	useHTTP   = regexp.MustCompile(`use http:// in the URL`)
	perhaps   = regexp.MustCompile(`did you mean|it must be |(?:use|add|with) --|use http://`)
)

// flagValues are values for the flags that need one.
var flagValues = map[string]string{
	"--origin": page, "--method": "PUT", "--header": "X-Token", "--host": "localhost", "--path": "/a/", "--rate": "600/m",
	"--framework": "fiber", "--lossy": "narrower", "--at": "main.go:6",
}

// followed returns the command lines that follow the suggestions in an output.
func followed(args []string, output string) (all [][]string) {
	if m := mustBe.FindStringSubmatch(output); m != nil {
		for _, value := range strings.Split(strings.ReplaceAll(m[3], " or ", ", "), ", ") {
			all = append(all, replaced(args, m[2], value))
		}
	}
	if m := required.FindStringSubmatch(output); m != nil {
		all = append(all, append(slices.Clone(args), "--"+m[1], m[2]))
	}
	if m := meantWord.FindAllStringSubmatch(output, -1); m != nil {
		way := args
		for _, words := range m {
			way = replaced(way, strings.Trim(words[1], `"`), words[2])
		}
		all = append(all, way)
	}
	var flags []string
	if m := withShort.FindStringSubmatch(output); m != nil {
		flags = []string{"-X", m[1], "-H", m[2]}
	}
	for _, m := range useFlags.FindAllStringSubmatch(output, -1) {
		if value := m[2] + flagValues[m[1]]; m[2] != "" {
			flags = append(flags, m[1], m[2])
		} else if flags = append(flags, m[1]); value != "" {
			flags = append(flags, value)
		}
	}
	if flags != nil {
		all = append(all, append(slices.Clone(args), flags...))
	}
	if useHTTP.MatchString(output) {
		way := slices.Clone(args)
		for i := range way {
			way[i] = strings.Replace(way[i], "https://127", "http://127", 1)
		}
		all = append(all, way)
	}
	return all
}

func replaced(args []string, old, text string) []string {
	args = slices.Clone(args)
	for i := range args {
		if args[i] == old {
			args[i] = text
		}
	}
	return args
}

// TestSuggestionsAreAccepted follows the suggestions for commands, flags and their values.
// The message must not come again. Every suggestion in the code must occur.
func TestSuggestionsAreAccepted(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("running every suggestion as a command takes seconds")
	}
	dir := t.TempDir()
	const policy = "policies: {p: {allow_origins: [\"https://app.example.com\"], allow_methods: [PUT, PATCH], allow_headers: [x-token]}}\n"
	write(t, dir, "cors.yaml", policy)
	write(t, dir, "routed.yaml", policy+"routes: [{path: /a/, policies: [p]}, {host: b.example, path: /, policies: [p]}]\n")
	write(t, dir, "ports.yaml", "policies: {p: {allow_origins: [\"https://app.example.com\", \"http://localhost:3000-3999\"]}}\n")
	writeTwoMiddlewares(t, filepath.Join(dir, "program"))
	plain, busy := httptest.NewServer(flawed(sound)), httptest.NewServer(after(2, flawed(sound), status(429)))
	defer plain.Close()
	defer busy.Close()
	always429, post := httptest.NewServer(status(429)), httptest.NewServer(only(flawed(sound), "POST"))
	defer always429.Close()
	defer post.Close()
	secure := httptest.NewUnstartedServer(flawed(sound))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	defer secure.Close()
	missing := firefox("CORS header [Access-Control-Allow-Origin] missing). Status code: 200.")
	method := firefox("Did not find method in CORS header [Access-Control-Allow-Methods]).")
	const safariHeader = "Request header field X-Token is not allowed by Access-Control-Allow-Headers."
	status405 := chromium(api+"/items", preflight+"It does not have HTTP ok status.")
	said := ""
	for _, args := range [][]string{
		{"chek", "cors.yaml"}, {"prob", plain.URL, "-o", page}, {"explan", "-o", page},
		{"check", "--format", "yml"}, {"diff", "cors.yaml", "routed.yaml", "--format", "yml"}, {"check", "--color", "yes"},
		{"explain", "-o", page, "--format", "yml"}, {"explain", "-o", page, "--browser", "chrome"},
		{"serve", "absent.yaml", "--framework", "ginn"}, {"serve", "absent.yaml", "--format", "yml"},
		{"probe", plain.URL, "-o", page, "--format", "yml"}, {"probe", plain.URL, "-o", page, "--browser", "safari"},
		{"init", "cors.yaml"}, {"explain", "-o", "app.example.com", "--method", "patch"}, {"explain", "-o", page + "/"},
		{"explain", "routed.yaml", "-o", page}, {"explain", "routed.yaml", "-o", page, "--path", "/A/x", "--host", "a.example"},
		{"probe", plain.URL, "-o", "app.example.com"}, {"probe", plain.URL, "-o", "htps://app.example.com"},
		{"probe", strings.Replace(plain.URL, "http:", "htp:", 1), "-o", page}, {"explain", "-o", "htps://app.example.com"},
		{"explain", "cors.yaml", missing}, {"explain", "cors.yaml", method, "-o", page},
		{"explain", "cors.yaml", method}, {"explain", "cors.yaml", "-o", page, safariHeader}, {"explain", "cors.yaml", status405},
		{"probe", "http://corskit-probe.invalid/", "-o", page}, {"probe", secure.URL, "-o", page},
		{"probe", strings.Replace(plain.URL, "http:", "https:", 1), "-o", page},
		{"probe", busy.URL, "-o", page}, {"probe", always429.URL, "-o", page},
		{"probe", always429.URL, "-o", page, "--rate", "30/m"},
		{"probe", post.URL, "-o", page, "--method", "POST"},
		{"export", "cors.yaml"}, {"export", "ports.yaml", "--to", "gateway-api"}, {"import", "cors.yaml"},
		{"export", "routed.yaml", "--to", "envoy", "--route", "/b/"}, {"migrate", "-C", "program", "--file", "migrated.yaml"},
	} {
		said += follow(t, dir, args)
	}
	for place, text := range suggestionsInCode(t) {
		if !strings.Contains(said, text) {
			t.Errorf("%s: no case of this test has the suggestion %q", place, text)
		}
	}
}

// writeTwoMiddlewares writes a Go program with two middlewares, in lines 6 and 13.
func writeTwoMiddlewares(t *testing.T, dir string) {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	const middleware = `func %s(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "https://app.example.com")
		next.ServeHTTP(w, r)
	})
}

`
	write(t, dir, "go.mod", "module example.com/program\n\ngo 1.26.0\n")
	const main = "func main() {\n\t_ = http.ListenAndServe(\":80\", first(second(http.NewServeMux())))\n}\n"
	write(t, dir, "main.go", "package main\n\nimport \"net/http\"\n\n"+strings.ReplaceAll(middleware, "%s", "first")+
		strings.ReplaceAll(middleware, "%s", "second")+main)
}

// follow runs a command, follows the suggestions in its output, and returns the output.
func follow(t *testing.T, dir string, args []string) string {
	t.Helper()
	r := corskit(t, dir, args...)
	message := r.stdout + r.stderr
	ways := followed(args, message)
	if ways == nil {
		t.Errorf("%q: nothing to follow in %s", args, message)
	}
	for _, way := range ways {
		after := corskit(t, dir, way...)
		refused := strings.Contains(after.stderr, "--help' for usage") || strings.Contains(after.stderr, "unknown ")
		again := perhaps.MatchString(after.stdout+after.stderr) && !strings.Contains(after.stdout, "429")
		if refused || again {
			t.Errorf("%q: %s\nfollowed: %q\n%s%s", args, message, way, after.stdout, after.stderr)
		}
	}
	return message
}

var verb = regexp.MustCompile(`%(?:\[\d\])?[a-z]`)

// suggestionsInCode returns the texts of the program that suggest something, by place: of
// each, the part between two verbs.
func suggestionsInCode(t *testing.T) map[string]string {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]string)
	set := token.NewFileSet()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "fleet") || strings.HasPrefix(name, "conform") {
			continue // an etcd or many requests are needed: the tests of these commands have their suggestions
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(set, name, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			if s, err := strconv.Unquote(literal.Value); err == nil {
				for _, part := range verb.Split(s, -1) {
					if perhaps.MatchString(part) && !strings.Contains(s, "\n") {
						found[set.Position(literal.Pos()).String()] = part
					}
				}
			}
			return true
		})
	}
	if len(found) < 10 {
		t.Errorf("found only %d suggestions: %q", len(found), found)
	}
	return found
}
