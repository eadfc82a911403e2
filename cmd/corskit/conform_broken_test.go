package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/config"
)

// conformTo compares a server with a file.
func conformTo(t *testing.T, url, file string, args ...string) (conformed, error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	root := newRoot()
	root.SetOut(&stdout)
	root.SetErr(&stderr)
	root.SetIn(strings.NewReader(""))
	root.SetArgs(append([]string{"conform", url, file, "--no-env", "--format", "json"}, args...))
	err := root.ExecuteContext(t.Context())
	var got conformed
	if fault := json.Unmarshal(stdout.Bytes(), &got); fault != nil {
		t.Fatalf("%v, %v: %s%s", fault, err, stdout.String(), stderr.String())
	}
	return got, err
}

// found returns the severities and codes of the differences.
func (r conformed) found() (codes []string) {
	for _, d := range r.Differences {
		codes = append(codes, d.Severity+" "+d.Code)
	}
	return codes
}

// brokenServers starts a server for each broken middleware of the conformance tests, and one
// without a fault, whose name is empty. They run in the tests of that package.
func brokenServers(t *testing.T, file string) map[string]string {
	t.Helper()
	dir := t.TempDir()
	c, err := config.Read(t.Context(), config.Files{Dir: filepath.Dir(file)}, filepath.Base(file), config.Options{Environ: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	type policy struct { // a core.Policy without its function, which JSON cannot have
		Name                                     string
		AllowOrigins, AllowMethods, AllowHeaders []string
		ExposeHeaders                            []string
		AllowCredentials, AllowPrivateNetwork    bool
		RejectDisallowed                         bool
		MaxAge                                   time.Duration
	}
	type route struct {
		Host, Path string
		Policies   []policy
	}
	var routes []route
	for _, r := range c.Routes {
		to := route{Host: r.Host, Path: r.Path}
		for _, p := range r.Policies {
			to.Policies = append(to.Policies, policy{
				p.Name, p.AllowOrigins, p.AllowMethods, p.AllowHeaders, p.ExposeHeaders, p.AllowCredentials, p.AllowPrivateNetwork,
				p.RejectDisallowed, p.MaxAge,
			})
		}
		routes = append(routes, to)
	}
	text, err := json.Marshal(routes)
	if err != nil {
		t.Fatal(err)
	}
	write(t, dir, "routes.json", string(text))
	tests := filepath.Join(dir, "conformance.test")
	if out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-o", tests, "../../conformance").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), tests, "-test.run=^TestServeBroken$")
	cmd.Env = append(os.Environ(), "CORSKIT_SERVE_BROKEN="+dir)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	end, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = end.(io.Closer).Close()
		<-ended
	})
	for begun := time.Now(); ; {
		text, err := os.ReadFile(filepath.Join(dir, "urls.json"))
		if err == nil {
			urls := make(map[string]string)
			if err := json.Unmarshal(text, &urls); err != nil {
				t.Fatal(err)
			}
			return urls
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatalf("the servers ended: %v\n%s", err, said.String())
		case <-time.After(20 * time.Millisecond):
		}
		if time.Since(begun) > limit {
			t.Fatalf("no servers within %v", limit)
		}
	}
}

// someRoutes returns a file with some of the routes of another, by the names in their paths, and
// their policies. The last route is called rest.
func someRoutes(t *testing.T, text, names string) string {
	t.Helper()
	policies, routes, ok := strings.Cut(text, "\nroutes:\n")
	if !ok {
		t.Fatal("the file has no routes")
	}
	var kept, used []string
	for line := range strings.Lines(routes) {
		m := routeLine.FindStringSubmatch(line)
		if m != nil && slices.Contains(strings.Fields(names), cmp.Or(m[1], "rest")) {
			kept, used = append(kept, line), append(used, strings.Split(m[2], ", ")...)
		}
	}
	var head []string
	wanted := true
	for line := range strings.Lines(policies + "\n") {
		if name, ok := strings.CutSuffix(strings.TrimSpace(line), ":"); ok {
			wanted = name == "policies" || slices.Contains(used, name)
		}
		if wanted {
			head = append(head, line)
		}
	}
	return write(t, t.TempDir(), "cors.yaml", strings.Join(head, "")+"routes:\n"+strings.Join(kept, ""))
}

var routeLine = regexp.MustCompile(`path: /([a-z]*)/?, policies: \[([a-z, ]+)\]`)

// shownBroken are the broken middlewares that conform finds: the routes of the file that show
// the fault, and the codes of all differences.
var shownBroken = map[string][2]string{
	"accepts * with credentials": {
		"cookies", "request-headers header-not-allowed wildcard-not-special needless-headers",
	},
	"allows PURGE if asked for it":                           {"two", "methods preflight-vary"},
	"allows credentials only to requests with cookies":       {"cookies", "allow-credentials"},
	"allows every requested header":                          {"two", "request-headers preflight-vary"},
	"allows every requested method":                          {"two", "methods preflight-vary"},
	"allows more headers to Chromium":                        {"two", "request-headers"},
	"allows null":                                            {"two", "allows-null"},
	"allows private networks to every origin":                {"two", "private-network needless-headers"},
	"allows x-csrf-token to the second origin":               {"two", "request-headers"},
	"also allows OPTIONS":                                    {"cookies", "methods"},
	"also allows PURGE":                                      {"two", "methods"},
	"also allows content-type":                               {"two", "request-headers"},
	"also allows x-requested-with":                           {"two", "request-headers"},
	"answers * to CORS requests only":                        {"public", "missing-vary"},
	"answers * with Vary: Origin":                            {"public", "needless-vary"},
	"answers preflights with 404":                            {"two", "preflight-status"},
	"begins a range of ports one early":                      {"previews", "outside-port-range"},
	"begins a range of ports one late":                       {"previews", "allow-origin-missing"},
	"begins one past the first origin":                       {"two", "allow-origin-missing"},
	"caches preflights of WebKit for longer":                 {"two", "max-age"},
	"combines the policies that match":                       {"partner", "credentials methods"},
	"compares a route's host with the port of the request's": {"host", "allow-origin-missing"},
	"compares a suffix short of its last byte":               {"below", "compares-partly"},
	"compares all but the first byte of a host":              {"two", "compares-partly"},
	"compares all but the last byte":                         {"two", "compares-partly"},
	"compares prefixes":                                      {"two", "other-port matches-prefix"},
	"compares suffixes":                                      {"two", "allows-http matches-suffix matches-subdomains"},
	"does not anchor expressions":                            {"expressions", "unanchored-expression"},
	"does not reject browsers":                               {"strict", "not-rejected"},
	"does not reject malformed origins":                      {"strict", "not-rejected"},
	"does not reject null":                                   {"strict", "not-rejected"},
	"doubles Access-Control-Allow-Origin":                    {"two", "doubled-header"},
	"drops Vary if it has two lines":                         {"every", "preflight-vary"},
	"echoes without Vary":                                    {"every", "preflight-vary"},
	"ends a range of ports one early":                        {"previews", "allow-origin-missing"},
	"ends a range of ports one late":                         {"previews", "outside-port-range"},
	"expects origins to have a host":                         {"shells", "allow-origin-missing"},
	"exposes the request's ID":                               {"two", "exposed-headers"},
	"forgets Vary":                                           {"two", "missing-vary"},
	"forgets browsers":                                       {"two", "allow-origin-missing"},
	"ignores a dot at the end of a host":                     {"shells", "trailing-dot"},
	"leaves HEAD without headers":                            {"two", "allow-origin-missing"},
	"leaves other methods without headers":                   {"two", "allow-origin-missing"},
	"leaves out a max-age of 0":                              {"below", "max-age"},
	"leaves errors without headers":                          {"lan", "allow-origin-missing"},
	"leaves redirects without headers":                       {"every", "allow-origin-missing"},
	"lets * cover Authorization":                             {"public", "request-headers"},
	"lets a CDN store preflights":                            {"two", "preflight-stored"},
	"lets caches store preflights for a day":                 {"two", "preflight-stored"},
	"lets caches store preflights":                           {"two", "preflight-stored"},
	"lets subdomain patterns match the apex":                 {"below", "matches-apex"},
	"lets wildcards inside labels cross dots":                {"previews", "wildcard-crosses-dots"},
	"lists all origins":                                      {"two", "doubled-header"},
	"looks for substrings":                                   {"two", "other-port matches-prefix"},
	"loses a character at the wildcard":                      {"below", "matches-suffix"},
	"loses the last header":                                  {"two", "header-not-allowed"},
	"loses the last method":                                  {"two", "method-not-allowed"},
	"matches anything before a suffix":                       {"previews", "wildcard-crosses-dots wildcard-matches-nothing"},
	"never allows private networks":                          {"lan", "private-network-refused"},
	"never exposes":                                          {"two", "not-exposed"},
	"never rejects":                                          {"strict", "not-rejected"},
	"overwrites Vary":                                        {"public every", "needless-vary preflight-vary"},
	"passes preflights on":                                   {"two", "preflight-passed-on"},
	"reflects every origin with credentials":                 {"two", "reflects-any-origin"},
	"reflects every origin":                                  {"two", "reflects-any-origin"},
	"reflects the origin where * would do":                   {"public", "missing-vary"},
	"rejects every unlisted origin":                          {"two", "rejected"},
	"requires POST to be listed":                             {"two", "allow-origin-missing"},
	"requires preflights to ask for headers":                 {"two", "allow-origin-missing"},
	"requires safelisted methods to be listed":               {"two", "allow-origin-missing"},
	"says when preflights expire":                            {"two", "preflight-stored"},
	"searches a list that is not sorted":                     {"two", "allow-origin-missing"},
	"searches for parts of the path":                         {"two", "other-route"},
	"selects the last route that matches":                    {"two", "allow-origin-missing"},
	"sends Vary: *":                                          {"two", "vary-star"},
	"sends a max-age that is not configured":                 {"public", "max-age"},
	"sends a max-age with a sign":                            {"two", "max-age-value max-age"},
	"sends credentials: True":                                {"cookies", "allow-credentials credentials-value"},
	"sends credentials: false":                               {"two", "credentials-value"},
	"sends names that no script can set":                     {"every", "header-not-allowed wildcard-not-special"},
	"sends preflight headers with every response":            {"two", "not-exposed needless-headers"},
	"sets a cookie on preflights":                            {"two", "preflight-cookie"},
	"sets a cookie on refused preflights":                    {"two", "preflight-cookie"},
	"shares header slices between responses":                 {"cookies every", "exposed-headers"},
	"stops one short of the last origin":                     {"two", "allow-origin-missing"},
	"supports neither IPv6 nor custom schemes":               {"shells", "allow-origin-missing"},
	"swallows every OPTIONS":                                 {"two", "not-exposed needless-headers"},
	"treats * as a wildcard with credentials":                {"every", "method-not-allowed header-not-allowed wildcard-not-special"},
	"treats OPTIONS with Origin as a preflight":              {"two", "not-exposed needless-headers"},
	"treats a dot as any character":                          {"two", "unescaped-dot"},
	"trusts Firefox":                                         {"two", "reflects-any-origin"},
	"trusts HEAD":                                            {"two", "credentials"},
	"trusts PUT":                                             {"two", "credentials"},
	"trusts Referer":                                         {"two", "credentials other-port matches-prefix other-route"},
	"trusts a request without a query":                       {"two", "reflects-any-origin"},
	"trusts any Referer":                                     {"two", "reflects-any-origin"},
	"trusts browsers":                                        {"two", "reflects-any-origin"},
	"trusts the root":                                        {"strict rest", "reflects-any-origin"},
	"trusts what has any Sec-Fetch-Site":                     {"two", "reflects-any-origin"},
	"upper-cases every method":                               {"cookies", "methods preflight-vary"},
	"varies for allowed origins only":                        {"two", "missing-vary"},
}

// hiddenBroken are, by the reason, the broken middlewares whose fault no request of conform
// shows. Names that begin with "trusts" stand for all that shownBroken does not list.
var hiddenBroken = map[string]string{
	"no answer shows it": "deletes Origin from the request|hides Flush and Hijack|holds responses back|runs the handler twice|" +
		"runs the handler after a preflight|runs the handler before a preflight|runs the handler of a preflight in the background|" +
		"logs origins|upper-cases the request's method",
	"no browser sends such an Origin": "accepts any number as a port|accepts empty labels|accepts port 65536|ignores trailing slashes|" +
		"allows requests with an empty Origin|ignores user names|lower-cases before an expression|lower-cases origins|" +
		"reads the first Origin line|does not reject two origins",
	"no browser writes lists like that": "requires lists as browsers write them",
	"core refuses the policies that show it": "accepts every policy|reflects the origin for * with credentials|" +
		"widens a list that has a bad entry",
	"it needs other layers, which are not in the file": "adds headers where it should set them|copies the request's Vary|" +
		"leaves the upstream's headers in place|lets handlers overwrite Vary",
	"browsers refuse either answer": "answers refused preflights with 204",
	"it depends on what the file does not name": "trusts|cleans a path and keeps the slash at its end|" +
		"compares routes with decoded paths|compares routes with paths as they were sent|exposes everything to authorized requests|" +
		"exposes nothing of ranges|forgets Vary for requests with cookies|forgets conditional requests|" +
		"forgets requests that accept HTML|leaves 304 without headers|mixes up hosts with a common ending|" +
		"reads the origin from the query|believes a POST that claims another method|treats any method as a preflight|" +
		"does not reject requests with cookies",
	"it shows in requests that change something, or come from the server's own site": "does not reject HEAD|does not reject OPTIONS|" +
		"does not reject PUT|does not reject long bodies|does not reject the same site|rejects same-origin requests",
}

// isHidden reports whether hiddenBroken lists a middleware.
func isHidden(name string) bool {
	for _, names := range hiddenBroken {
		for listed := range strings.SplitSeq(names, "|") {
			if name == listed || listed == "trusts" && strings.HasPrefix(name, "trusts ") {
				return true
			}
		}
	}
	return false
}

// conform finds each broken middleware whose fault its file can show, and nothing else.
func TestConformFindsBrokenMiddleware(t *testing.T) {
	if _, outside := os.Stat("../../go.work"); outside != nil {
		t.Skip("the broken middlewares are outside the module, and .ci/run also tests a copy of the module alone")
	}
	if testing.Short() {
		t.Skip("building and running the broken middlewares takes seconds")
	}
	text, err := os.ReadFile(conformFile)
	if err != nil {
		t.Fatal(err)
	}
	urls := brokenServers(t, conformFile)
	for name := range shownBroken {
		if urls[name] == "" {
			t.Errorf("there is no broken middleware %q", name)
		}
	}
	whole, err := conformTo(t, urls[""], conformFile, "--send", "POST,PUT")
	if err != nil || len(whole.Differences) > 0 || len(whole.Notes) > 0 {
		t.Errorf("the middleware without a fault: %v, %q, %q", err, whole.found(), whole.Notes)
	}
	for i, name := range slices.Sorted(maps.Keys(urls)) {
		row, shown := shownBroken[name]
		every := 1 // the shown ones, and a part of the others
		if !shown {
			every = 4
		}
		if !shown && name != "" && !isHidden(name) {
			t.Errorf("a middleware that %s is neither shown nor hidden", name)
		}
		if i%every != 0 {
			continue
		}
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			t.Parallel()
			routes := row[0]
			if !shown {
				routes = "two cookies"
			}
			got, _ := conformTo(t, urls[name], someRoutes(t, string(text), routes), "--send", "POST,PUT")
			var codes []string
			for _, d := range got.Differences {
				codes = append(codes, d.Code)
			}
			if found := strings.Join(codes, " "); found != row[1] || got.Unanswered > 0 || len(got.Notes) > 0 && found == "" {
				t.Errorf("found %q, want %q: %+v", found, row[1], got)
			}
		})
	}
}
