package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// consoleBlock matches a session in a page: commands after "$ ", each with lines of its
// output. Lines in between may be left out. A comment before it names its [sessionFiles].
var consoleBlock = regexp.MustCompile("(?ms)(?:^<!-- files: ([a-z]+) -->\n\n)?^```console\n(.*?)^```")

// sessionFiles are the files of sessions. Without a name they have that of the README.
var sessionFiles = map[string]map[string]string{
	"typo": {"cors.yaml": "version: 1\npolicies:\n  spa:\n    allow_origin: [\"https://a.example\"]\n"},
	"spa": {"cors.yaml": `policies:
  spa:
    allow_origins: ["https://app.example.com"]
    allow_methods: [PUT]
    allow_headers: [content-type]
    allow_credentials: true
routes:
  - {host: api.example.com, path: /, policies: [spa]}
`},
	"diff": {
		"cors.yaml":     "policies: {app: {allow_origins: [\"https://app.example\", \"https://*.old.example\"], allow_methods: [PUT]}}\n",
		"cors.new.yaml": "policies: {app: {allow_origins: [\"https://app.example\", \"https://new.example\"], allow_methods: [PUT]}}\n",
	},
	"export": {"cors.yaml": `version: 1
policies:
  spa:
    allow_origins: ["https://app.example.com", "https://pr-*.example.com"]
    allow_credentials: true
`},
	"traffic": {
		"cors.yaml": suggestFile,
		"cors.new.yaml": strings.Replace(suggestFile, "allow_methods: [PUT]",
			"  - https://beta.example.com\n    allow_methods: [PUT, PATCH]", 1),
	},
}

// sessionTraffic is in the log of sessions with traffic.
var sessionTraffic = []sent{
	{8, asks("https://app.example.com", "/items", "PATCH", "content-type")},
	{16, fetched("https://beta.example.com", "/items")},
	{4, asks("https://beta.example.com", "/items", "DELETE")},
	{256, fetched("https://stranger.test", "/items")},
	{2, fetched("http://app.example.com", "/items")},
}

// TestDocumentedSessions runs the commands in the sessions of the README and of docs, and
// checks that they print the lines that the pages show, in that order.
func TestDocumentedSessions(t *testing.T) {
	t.Parallel()
	if _, outside := os.Stat("../../go.work"); outside != nil {
		return // .ci/run also tests a copy of the module alone
	}
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, file, _ := strings.Cut(string(readme), "```yaml\n")
	file, _, _ = strings.Cut(file, "```")
	mux := http.NewServeMux() // a server without CORS
	mux.HandleFunc("PUT /items", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("GET /items", func(http.ResponseWriter, *http.Request) {})
	server := httptest.NewServer(mux)
	defer server.Close()
	commands := 0
	for _, page := range append(pages, "../../README.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range consoleBlock.FindAllStringSubmatch(string(text), -1) {
			dir := t.TempDir()
			write(t, dir, "cors.yaml", file)
			for name, text := range sessionFiles[m[1]] {
				write(t, dir, name, text)
			}
			if m[1] == "traffic" {
				record(t, filepath.Join(dir, "cors.yaml"), sessionTraffic)
			}
			for _, session := range strings.Split("\n"+m[2], "\n$ corskit ")[1:] {
				commands++
				command, shown, _ := strings.Cut(strings.ReplaceAll(session, "\\\n", ""), "\n")
				r := corskit(t, dir, splitCommand(strings.ReplaceAll(command, "http://localhost:8080", server.URL))...)
				rest := r.stdout + r.stderr
				for line := range strings.Lines(shown) {
					if strings.TrimSpace(line) == "" {
						continue
					}
					_, after, ok := strings.Cut(rest, line)
					if !ok {
						t.Errorf("%s: corskit %s does not print %q after the lines above it, but\n%s",
							page, command, line, r.stdout+r.stderr)
						break
					}
					rest = after
				}
			}
		}
	}
	if commands < 7 {
		t.Errorf("found only %d commands", commands)
	}
}

// splitCommand splits a command line as a shell does, for words with or without double quotes.
func splitCommand(line string) (list []string) {
	for _, m := range regexp.MustCompile(`"([^"]*)"|(\S+)`).FindAllStringSubmatch(line, -1) {
		list = append(list, m[1]+m[2])
	}
	return list
}
