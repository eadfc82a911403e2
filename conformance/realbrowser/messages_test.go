package realbrowser

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/conformance/browsermodel/console"
)

// refusal makes browsers print the messages of a cause.
type refusal struct {
	code   browsermodel.Code
	status int
	header [][2]string // of every answer; "{origin}" is replaced with the request's origin
	fetch  browsermodel.Fetch
	xhr    bool
	only   string // if not empty, the only browser
	drop   bool   // whether the server closes the connection without an answer
	init   string // if not empty, the init of a fetch by a script, instead of fetch
}

const allowOrigin = "Access-Control-Allow-Origin"

var (
	own  = [2]string{allowOrigin, "{origin}"}
	star = [2]string{allowOrigin, "*"}
)

// noServer is a URL that browsers refuse before they contact a server.
const noServer = "foo://bar"

var refusals = []refusal{
	{code: "header-not-allowed", header: [][2]string{own},
		fetch: browsermodel.Fetch{Method: "POST", Header: browsermodel.Header("x-token", "1")}},
	{code: "method-not-allowed", header: [][2]string{own}, fetch: browsermodel.Fetch{Method: "PUT"}},
	{code: "authorization-listed", header: [][2]string{own, {"Access-Control-Allow-Headers", "*"}},
		fetch: browsermodel.Fetch{Header: browsermodel.Header("Authorization", "Bearer x")}},
	{code: "allow-headers-syntax", header: [][2]string{own, {"Access-Control-Allow-Headers", "x-token x-other"}},
		fetch: browsermodel.Fetch{Header: browsermodel.Header("x-token", "1")}},
	{code: "allow-methods-syntax", header: [][2]string{own, {"Access-Control-Allow-Methods", "GET PUT"}},
		fetch: browsermodel.Fetch{Method: "PUT"}},
	{code: "preflight-redirect", status: 307, header: [][2]string{own, {"Location", "/elsewhere"}},
		fetch: browsermodel.Fetch{Method: "PUT"}},
	{code: "preflight-status", status: 405, header: [][2]string{own}, fetch: browsermodel.Fetch{Method: "PUT"}},
	{code: "allow-origin-wildcard", header: [][2]string{star}, fetch: browsermodel.Fetch{Credentials: true}},
	{code: "allow-origin-wildcard", header: [][2]string{star}, fetch: browsermodel.Fetch{Method: "PUT", Credentials: true}},
	{code: "allow-credentials", header: [][2]string{own}, fetch: browsermodel.Fetch{Credentials: true}},
	{code: "allow-credentials", header: [][2]string{own}, fetch: browsermodel.Fetch{Method: "PUT", Credentials: true}},
	{code: "allow-origin-multiple", header: [][2]string{own, own}},
	{code: "allow-origin-multiple", header: [][2]string{own, star}, fetch: browsermodel.Fetch{Method: "PUT"}},
	{code: "allow-origin-mismatch", header: [][2]string{{allowOrigin, "https://other.example"}}},
	{code: "allow-origin-mismatch", header: [][2]string{{allowOrigin, "https://other.example"}}, fetch: browsermodel.Fetch{Method: "PUT"}},
	{code: "allow-origin-mismatch", header: [][2]string{{allowOrigin, "other.example"}}},
	{code: "redirect-credentials", status: 302, header: [][2]string{own, {"Location", "https://user:secret@s0.server.example/elsewhere"}}},
	{code: "allow-origin-missing"},
	{code: "allow-origin-missing", status: 404},
	{code: "allow-origin-missing", fetch: browsermodel.Fetch{Method: "PUT"}},
	{code: "allow-origin-missing", status: 302, header: [][2]string{{"Location", "/elsewhere"}}},
	{code: "allow-origin-missing", status: 302, header: [][2]string{own, {"Location", "/without"}}},
	{code: "private-network", header: [][2]string{own}, init: `{targetAddressSpace: "loopback"}`},
	{code: "not-http", fetch: browsermodel.Fetch{URL: noServer}},
	{code: "not-http", fetch: browsermodel.Fetch{URL: noServer}, xhr: true, only: "chromium"},
	{code: "mixed-content", fetch: browsermodel.Fetch{URL: "http://s0.server.example/mixed"}},
	{code: "network", drop: true},
}

// scriptErrors has the error that a script sees, by browser. It is the same for every
// cause.
var scriptErrors = map[string]string{
	"chromium": "TypeError: Failed to fetch",
	"firefox":  "TypeError: NetworkError when attempting to fetch resource.",
	"webkit":   "TypeError: Load failed",
}

// TestMessages makes the browsers print every message that package console lists, and
// compares the wordings.
func TestMessages(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var i int
		if n, _ := fmt.Sscanf(r.URL.Path, "/refusal/%d", &i); n == 0 || i >= len(refusals) {
			return
		}
		if refusals[i].drop {
			panic(http.ErrAbortHandler)
		}
		for _, line := range refusals[i].header {
			w.Header().Add(line[0], strings.ReplaceAll(line[1], "{origin}", r.Header.Get("Origin")))
		}
		w.WriteHeader(max(refusals[i].status, http.StatusOK))
	}))
	t.Cleanup(server.Close)
	EachWithConsole(t, func(t *testing.T, s *Session) {
		origin, err := s.Serve(server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		seen := make(map[string]bool)
		for i, r := range refusals {
			if wordings(r.code, s.Engine.Name) == nil || r.only != "" && r.only != s.Engine.Name {
				continue // this browser says nothing, or allows it
			}
			url := fmt.Sprintf("%s/refusal/%d", origin, i)
			outcome, err := r.run(t, s, url)
			if err != nil {
				t.Fatal(err)
			}
			if want := scriptErrors[s.Engine.Name]; r.code != browsermodel.CodeAuthorizationListed && !r.xhr && outcome.Error != want {
				t.Errorf("%d %s: the script sees %q, want %q", i, r.code, outcome.Error, want)
			}
			m, values, err := printed(t.Context(), s, r.code)
			if err != nil {
				t.Errorf("%d %s: %v", i, r.code, err)
				continue
			}
			seen[m.Text] = true
			if got, ok := values["origin"]; ok && got != pageA {
				t.Errorf("%d %s: the message names the origin %q", i, r.code, got)
			}
		}
		for _, c := range console.Causes() {
			for _, m := range wordings(c.Code, s.Engine.Name) {
				if !seen[m.Text] {
					t.Errorf("%s: the browser did not print %q", c.Code, m.Text)
				}
			}
		}
	}, pageA)
}

// wordings returns the messages that a browser should print.
func wordings(code browsermodel.Code, browser string) (list []console.Message) {
	for _, c := range console.Causes() {
		for _, m := range c.Messages {
			if c.Code == code && m.Browser == browser && !m.Old && m.Unseen == "" {
				list = append(list, m)
			}
		}
	}
	return list
}

func (r refusal) run(t *testing.T, s *Session, url string) (Outcome, error) {
	if r.init != "" {
		got, err := s.Script(t.Context(), pageA, fmt.Sprintf(`try { await fetch(%q, %s); return "read"; } catch (e) { return String(e); }`,
			url, r.init))
		return Outcome{Error: got}, err
	}
	job := Job{Fetch: r.fetch, XHR: r.xhr}
	job.Origin = pageA
	if job.URL == "" {
		job.URL = url
	}
	outcomes, err := s.Run(t.Context(), [][]Job{{job}})
	if err != nil {
		return Outcome{}, err
	}
	return outcomes[0][0], nil
}

// printed waits until the console has a message of a cause. A browser may print other
// messages for the same fetch, but this one must be the first that package console knows,
// and reading all messages together must lead to the same cause.
func printed(ctx context.Context, s *Session, code browsermodel.Code) (console.Message, map[string]string, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 10*time.Second, errors.New("the console has no such message"))
	defer cancel()
	var lines []string
	for {
		more, err := s.Console(ctx)
		if err != nil {
			return console.Message{}, nil, err
		}
		lines = append(lines, more...)
		for i := range lines {
			for _, m := range wordings(code, s.Engine.Name) {
				text := strings.Join(lines[i:min(len(lines), i+1+strings.Count(m.Text, "\n"))], "\n")
				values, ok := m.Match(text)
				if !ok {
					continue
				}
				all := strings.Join(lines, "\n")
				if r, ok := console.Read(all); !ok || r.Code != code || r.Browser != s.Engine.Name {
					return m, values, fmt.Errorf("read %+v from\n%s", r, all)
				}
				return m, values, nil
			}
		}
		select {
		case <-ctx.Done():
			return console.Message{}, nil, fmt.Errorf("%w; it has\n%s", context.Cause(ctx), strings.Join(slices.Compact(lines), "\n"))
		case <-time.After(20 * time.Millisecond):
		}
	}
}
