package realbrowser

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// TestAgents compares every field of the requests that browsers send, and the order of
// those that no script sets, with what their models send.
func TestAgents(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, line := range granting(r.Header.Get("Origin")) {
			w.Header().Set(line.Name, line.Value)
		}
	}))
	t.Cleanup(server.Close)
	address := server.Listener.Addr().String()
	Each(t, func(t *testing.T, s *Session) {
		other, err := s.Serve(address)
		if err != nil {
			t.Fatal(err)
		}
		for _, origin := range []string{pageA, sameSite} {
			if err := s.Route(origin, address); err != nil {
				t.Fatal(err)
			}
		}
		jobs := askedByAgents(other)
		if _, err := s.Run(t.Context(), [][]Job{jobs}); err != nil {
			t.Fatal(err)
		}
		answer := func(_ context.Context, r browsermodel.Request) (browsermodel.Response, error) {
			origin, _ := r.Header.Get("Origin")
			return browsermodel.Response{Status: 200, Header: granting(origin)}, nil
		}
		_, modelled := inModel(t.Context(), s.Engine.Profile, answer, jobs)
		sent := s.Requests("https://")
		if len(sent) != len(modelled) {
			t.Fatalf("the browser sent %d requests, its model %d", len(sent), len(modelled))
		}
		for i, r := range sent {
			if got, want := onTheWire(r), onTheWire(modelled[i]); !slices.Equal(got, want) {
				t.Errorf("%s %s: the browser sent\n\t%s\nits model\n\t%s",
					r.Method, r.URL, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
			}
		}
	}, pageA, pageHTTP, sameSite)
}

func granting(origin string) browsermodel.Fields {
	return browsermodel.Header("Access-Control-Allow-Origin", origin, "Access-Control-Allow-Methods", "PUT, PATCH",
		"Access-Control-Allow-Headers", "x-a, content-type")
}

// askedByAgents returns fetches of each kind.
func askedByAgents(other string) []Job {
	var jobs []Job
	for _, url := range []string{other, sameSite, pageA} {
		for _, page := range []string{pageA, pageHTTP, "null"} {
			add := func(method, body string, mode browsermodel.Mode, header ...string) {
				f := browsermodel.Fetch{Origin: page, Method: method, Body: body, Mode: mode, Header: browsermodel.Header(header...)}
				f.URL = fmt.Sprintf("%s/%d", url, len(jobs))
				jobs = append(jobs, Job{Fetch: f})
			}
			add("GET", "", browsermodel.ModeCORS)
			add("GET", "", browsermodel.ModeNoCORS)
			add("PUT", "", browsermodel.ModeCORS, "x-a", "1")
			add("PATCH", "hello", browsermodel.ModeCORS)
			add("POST", "{}", browsermodel.ModeCORS, "Content-Type", "application/json", "Accept", "text/html")
			add("POST", "hello", browsermodel.ModeNoCORS)
		}
	}
	return jobs
}

var (
	digits = regexp.MustCompile(`[0-9]+`)
	// settings are fields that differ between runs: Chromium changes the names of its
	// brands with each version and names headless browsers, and languages are a setting.
	settings = []string{"sec-ch-ua", "accept-language"}
)

// onTheWire describes the fields of a request: first those that browsers add, in their
// order, then those that scripts may have set.
func onTheWire(r browsermodel.Request) []string {
	var added, set []string
	for _, line := range r.Header.Without("Host", "Content-Length") {
		name, value := strings.ToLower(line.Name), strings.ReplaceAll(line.Value, "HeadlessChrome", "Chrome")
		switch name {
		case "user-agent":
			value = digits.ReplaceAllString(value, "0")
		case "referer":
			value = strings.TrimSuffix(value, controlPath[1:]+"page") // the document is not at the root
		case "accept", "content-type", "x-a":
			set = append(set, name+": "+value)
			continue
		}
		if slices.Contains(settings, name) {
			value = "..."
		}
		added = append(added, name+": "+value)
	}
	slices.Sort(set)
	return append(added, set...)
}
