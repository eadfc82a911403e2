package main

import (
	"fmt"
	"hash/maphash"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/observe"
)

// suggest judges requests as they were sent, not as the inspector shows them.
func TestSuggestFromInspectorAsSent(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, requestsJSON) }))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	const file = "policies: {app: {allow_origins: [\"https://app.example.com\"], allow_methods: [PUT], allow_headers: [x-a]}}\n" +
		"routes: [{path: /items/, policies: [app]}]\n"
	write(t, dir, "old.yaml", file)
	r := corskit(t, dir, "suggest", "old.yaml", "--from", server.URL)
	contains(t, "the output", r.stdout, "safe: https://app.example.com, 5 requests, such as PUT api.example.com/ITEMS/\u00e9",
		`+ "x-b" to allow_headers of policy "app"`, "12 refused requests; the file allows 7 of them")
	write(t, dir, "new.yaml", strings.Replace(file, "[x-a]", "[x-a, x-b], allow_private_network: true", 1))
	r = corskit(t, dir, "diff", "old.yaml", "new.yaml", "--traffic", server.URL)
	contains(t, "the difference", r.stdout, "refused (header-not-allowed x-b) -> allowed into the private network")
}

func TestSuggestFromInspector(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/cors/refusals.json":
			fmt.Fprint(w, refusalsJSON)
		case "/page/refusals.json":
			fmt.Fprint(w, "<html>")
		case "/moved/refusals.json":
			http.Redirect(w, r, "/cors/refusals.json", http.StatusFound)
		default:
			http.Error(w, "no such\x1b[31m page", http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	write(t, dir, "cors.yaml", suggestFile)
	for _, path := range []string{"/cors/", "/cors", "/cors/refusals.json"} {
		r := corskit(t, dir, "suggest", "--from", server.URL+path)
		contains(t, path, r.stdout, "safe: https://new.example.com, 12 requests, such as DELETE api.example.com/items", `"x-b"`,
			"safe: https://other.example.com, 1 request, such as GET", "13 refused requests")
	}
	for path, want := range map[string]string{
		"/page": "not the refusals of an inspector", "/moved": "status 302", "/none": "answers with status 404 (Not Found)",
	} {
		if r := corskit(t, dir, "suggest", "--from", server.URL+path); r.code != exitFail || !strings.Contains(r.stderr, want) ||
			strings.Contains(r.stderr, "\x1b") {
			t.Errorf("%s: %+v, want %q", path, r, want)
		}
	}
	server.Close()
	if r := corskit(t, dir, "suggest", "--from", server.URL); r.code != exitFail || !strings.Contains(r.stderr, "does not answer") {
		t.Errorf("%+v", r)
	}
}

func TestDiffTraffic(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	record(t, write(t, dir, "cors.yaml", suggestFile), recorded)
	write(t, dir, "new.yaml", strings.NewReplacer("[PUT]", "[PATCH]", "docs.example.org", "docs.example.net",
		"# the app", "# the app\n      - https://beta.example.com", "max_age: 10m", "reject_disallowed: true").Replace(suggestFile))
	golden(t, "diff-traffic", corskit(t, dir, "diff", "cors.yaml", "new.yaml", "--traffic", "decisions.jsonl"))
	golden(t, "diff-traffic-json", corskit(t, dir, "diff", "new.yaml", "cors.yaml", "--traffic", "decisions.jsonl", "--format", "json"))
	write(t, dir, "shadow.yaml", suggestFile+"shadow: {policies: {all: {allow_origins: [\"*\"]}}}\n")
	r := corskit(t, dir, "diff", "shadow.yaml", "--traffic", "decisions.jsonl")
	contains(t, "the difference to the shadow", r.stdout, "+ refused (origin-not-allowed) -> allowed: ",
		"+ refused (no-route) -> allowed: ")
	if r.code != exitNo {
		t.Errorf("%+v", r)
	}
	if r := corskit(t, dir, "diff", "cors.yaml", "cors.yaml", "--traffic", "decisions.jsonl"); r.code != exitYes ||
		!strings.Contains(r.stdout, "no difference for 304 requests\n") {
		t.Errorf("%+v", r)
	}
	if r := corskit(t, dir, "diff", "cors.yaml", "new.yaml", "--traffic", "nowhere"); r.code != exitFail {
		t.Errorf("%+v", r)
	}
}

// A policy may allow the same origin in one version to reach the private network.
func TestDiffTrafficPrivateNetwork(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const file = "policies: {app: {allow_origins: [\"https://app.example.com\"], allow_private_network: false}}\n"
	write(t, dir, "old.yaml", file)
	write(t, dir, "new.yaml", strings.Replace(file, "false", "true", 1))
	request := asks("https://app.example.com", "/", "GET")
	write(t, dir, "plain", logOf(t, request))
	request.AccessControlRequestPrivateNetwork = []string{"true"}
	write(t, dir, "private", logOf(t, request))
	for log, want := range map[string]string{
		"plain":   "no difference for 1 request\n",
		"private": "~ allowed -> allowed into the private network: 1 request\n",
	} {
		r := corskit(t, dir, "diff", "old.yaml", "new.yaml", "--traffic", log)
		contains(t, log, r.stdout, want)
	}
	r := corskit(t, dir, "diff", "old.yaml", "new.yaml", "--traffic", "private", "--format", "json")
	contains(t, "the JSON", r.stdout, `"privateNetwork": true`)
}

// Counts of continued lines are not added up, and memory is bounded.
func TestTrafficIsCounted(t *testing.T) {
	t.Parallel()
	g := growth{seed: maphash.MakeSeed()}
	r := observe.Refusal{Origin: "https://a.example"}
	total := uint64(0)
	for _, count := range []uint64{1, 2, 4, 2, 8, 1} {
		r.Count = count
		total += g.by(r)
	}
	r.First = time.Unix(1, 0) // after a restart
	for _, count := range []uint64{1, 2} {
		r.Count = count
		total += g.by(r)
	}
	if total != 10 {
		t.Errorf("%d requests, want 10", total)
	}
	for i := range 3 * maxIdentities {
		r.Route, r.Count = i+1, 1
		if n := g.by(r); n != 1 {
			t.Fatalf("a new refusal counts %d times", n)
		}
		if len(g.now) > maxIdentities || len(g.before) > maxIdentities {
			t.Fatalf("%d and %d are kept", len(g.now), len(g.before))
		}
	}
	rows := tally[int, int]{max: 100}
	rows.add(-1, 5, func() int { return -1 })
	for i := range 1000 {
		rows.add(i, 1, func() int { return i })
		if len(rows.rows) > 100 {
			t.Fatalf("%d rows", len(rows.rows))
		}
	}
	kept := uint64(0)
	for _, r := range rows.sorted() {
		kept += r.count
	}
	if first := rows.sorted()[0]; first.value != -1 || first.count != 5 || kept+rows.forgotten != 1005 {
		t.Errorf("the first row is %+v, and %d of %d are forgotten", first, rows.forgotten, kept+rows.forgotten)
	}
}
