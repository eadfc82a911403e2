package realbrowser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// sequence is a sequence of requests to one URL, and how many preflights each engine sends
// for it.
type sequence struct {
	name   string
	maxAge time.Duration // of the policy; zero means ten minutes
	jobs   []Job
	want   map[string]sent // by engine
}

// sent counts the preflights to three kinds of servers: corskit, which answers with the
// full lists of its policy; corskit with a policy whose lists are "*"; and a server that,
// like most libraries, echoes the names that the preflight asks for.
type sent struct{ full, star, echo int }

// unsent means that the sequence is not sent: "*" allows nothing to requests with
// credentials.
const unsent = -1

var preflightSequences = func() []sequence {
	fetch := func(method string, names ...string) Job {
		f := browsermodel.Fetch{Method: method}
		for _, n := range names {
			f.Header = append(f.Header, browsermodel.Field{Name: n, Value: "1"})
		}
		return Job{Fetch: f}
	}
	include := func(j Job) Job { j.Credentials = true; return j }
	after := func(wait time.Duration, j Job) Job { j.Wait = wait; return j }
	listen := func(j Job) Job { j.UploadListeners, j.XHR = true, true; return j }
	post := fetch("POST")
	post.Body = "hello"
	json := func(method string) Job {
		j := fetch(method, "Authorization")
		j.Header = append(j.Header, browsermodel.Field{Name: "Content-Type", Value: "application/json"})
		j.Body = "{}"
		return j
	}
	authorized := func(method string) Job { return fetch(method, "Authorization") }
	api := []Job{authorized("GET"), json("PUT"), authorized("GET"), json("PATCH"), authorized("GET"), authorized("DELETE"), json("POST"),
		authorized("GET")}
	var session []Job
	for _, j := range api {
		session = append(session, include(j))
	}
	engines := func(chromium, firefox, webkit sent) map[string]sent {
		return map[string]sent{"chromium": chromium, "firefox": firefox, "webkit": webkit}
	}
	same := func(full, star, echo int) map[string]sent {
		s := sent{full, star, echo}
		return engines(s, s, s)
	}
	// In Firefox, a "*" covers one request, echoes add up, and grants to requests with
	// credentials do not cover requests without.
	firefox := func(others, firefox sent) map[string]sent { return engines(others, firefox, others) }
	return []sequence{
		{"GET, GET", 0, []Job{fetch("GET"), fetch("GET")}, same(0, 0, 0)},
		{"PUT, PUT", 0, []Job{fetch("PUT"), fetch("PUT")}, firefox(sent{1, 1, 1}, sent{1, 2, 1})},
		{"PUT, DELETE, PATCH", 0, []Job{fetch("PUT"), fetch("DELETE"), fetch("PATCH")}, firefox(sent{1, 1, 3}, sent{1, 3, 3})},
		{"PUT, DELETE, PUT, DELETE", 0, []Job{fetch("PUT"), fetch("DELETE"), fetch("PUT"), fetch("DELETE")},
			firefox(sent{1, 1, 4}, sent{1, 4, 2})},
		{"x-a, x-b, x-a", 0, []Job{fetch("GET", "x-a"), fetch("GET", "x-b"), fetch("GET", "x-a")}, firefox(sent{1, 1, 3}, sent{1, 3, 2})},
		{"x-a and x-b, x-a, x-b", 0, []Job{fetch("GET", "x-a", "x-b"), fetch("GET", "x-a"), fetch("GET", "x-b")},
			firefox(sent{1, 1, 1}, sent{1, 3, 1})},
		{"PUT, x-a, PUT with x-a", 0, []Job{fetch("PUT"), fetch("GET", "x-a"), fetch("PUT", "x-a")}, firefox(sent{1, 1, 3}, sent{1, 3, 2})},
		{"an API with a token: GET, PUT, GET, PATCH, GET, DELETE, POST, GET", 0, api, firefox(sent{1, 1, 5}, sent{1, 5, 4})},
		{"the same with cookies", 0, session, firefox(sent{1, unsent, 5}, sent{1, unsent, 4})},
		{"PUT with credentials, PUT without", 0, []Job{include(fetch("PUT")), fetch("PUT")},
			firefox(sent{1, unsent, 1}, sent{2, unsent, 2})},
		{"PUT without credentials, PUT with, PUT without", 0, []Job{fetch("PUT"), include(fetch("PUT")), fetch("PUT")}, same(2, unsent, 2)},
		{"PUT, POST with upload listeners", 0, []Job{fetch("PUT"), listen(post)}, same(1, 1, 1)},
		{"PUT, DELETE, and both again after the max-age of 2 s", 2 * time.Second, []Job{fetch("PUT"), fetch("DELETE"),
			after(4*time.Second, fetch("PUT")), fetch("DELETE")}, firefox(sent{2, 2, 4}, sent{2, 4, 4})},
		{"PUT, DELETE, PUT with a max-age of 0", core.NoPreflightCache, []Job{fetch("PUT"), fetch("DELETE"), fetch("PUT")}, same(3, 3, 3)},
	}
}()

// preflightServers returns the three kinds of servers.
func preflightServers(maxAge time.Duration) (full, star, echo http.Handler, err error) {
	if maxAge == 0 {
		maxAge = 10 * time.Minute
	}
	ok := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) })
	listed, err := core.New(core.Policy{
		AllowOrigins: []string{pageA}, AllowMethods: []string{"PUT", "PATCH", "DELETE"},
		AllowHeaders: []string{"authorization", "content-type", "x-a", "x-b"}, AllowCredentials: true, MaxAge: maxAge,
	})
	if err != nil {
		return nil, nil, nil, err
	}
	all, err := core.New(core.Policy{
		AllowOrigins: []string{pageA}, AllowMethods: []string{"*"}, AllowHeaders: []string{"*", "authorization"}, MaxAge: maxAge,
	})
	if err != nil {
		return nil, nil, nil, err
	}
	return corshttp.Middleware(listed)(ok), corshttp.Middleware(all)(ok), echoing(maxAge, ok), nil
}

// echoing allows exactly what the page asks for.
func echoing(maxAge time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", pageA)
		h.Set("Access-Control-Allow-Credentials", "true")
		method := r.Header.Get("Access-Control-Request-Method")
		if r.Method != http.MethodOptions || method == "" {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Methods", method)
		if names := r.Header.Get("Access-Control-Request-Headers"); names != "" {
			h.Set("Access-Control-Allow-Headers", names)
		}
		h.Set("Access-Control-Max-Age", strconv.Itoa(int(max(maxAge, 0).Seconds())))
		w.WriteHeader(http.StatusNoContent)
	})
}

// TestPreflights counts the preflights that each engine sends for sequences of requests to
// one URL. The full lists of corskit save preflights that an echo requires.
func TestPreflights(t *testing.T) {
	Each(t, func(t *testing.T, s *Session) {
		addresses := make(map[string]string)
		type run struct {
			server, origin string
			sequence       sequence
			want           int
		}
		var runs []run
		var sequences [][]Job
		for _, q := range preflightSequences {
			full, star, echo, err := preflightServers(q.maxAge)
			if err != nil {
				t.Fatal(err)
			}
			want := q.want[s.Engine.Name]
			for _, kind := range []struct {
				name    string
				handler http.Handler
				want    int
			}{{"full lists", full, want.full}, {"*", star, want.star}, {"echo", echo, want.echo}} {
				if kind.want == unsent {
					continue
				}
				server := httptest.NewServer(kind.handler)
				t.Cleanup(server.Close)
				address := server.Listener.Addr().String()
				origin, err := s.Serve(address)
				if err != nil {
					t.Fatal(err)
				}
				addresses[origin] = address
				var jobs []Job
				for _, j := range q.jobs {
					j.Origin, j.URL = pageA, origin+"/x"
					jobs = append(jobs, j)
				}
				runs = append(runs, run{kind.name, origin, q, kind.want})
				sequences = append(sequences, jobs)
			}
		}
		outcomes, err := s.Run(t.Context(), sequences)
		if err != nil {
			t.Fatal(err)
		}
		transport := transportTo(addresses)
		for i, r := range runs {
			verdicts, modelSent := inModel(t.Context(), s.Engine.Profile, transport, sequences[i])
			for k, job := range sequences[i] {
				if !outcomes[i][k].Allowed() {
					t.Errorf("%s, %s, fetch %d: %v, although the policy allows it", r.sequence.name, r.server, k+1, outcomes[i][k])
				}
				if difference := differ(job, outcomes[i][k], verdicts[k]); difference != "" {
					t.Errorf("%s, %s, fetch %d: %s", r.sequence.name, r.server, k+1, difference)
				}
			}
			requests := s.Requests(r.origin + "/")
			if difference := differOnWire(sequences[i], requests, modelSent); difference != "" {
				t.Errorf("%s, %s: %s", r.sequence.name, r.server, difference)
			}
			got := 0
			for _, request := range requests {
				if request.Method == http.MethodOptions {
					got++
				}
			}
			if got != r.want {
				t.Errorf("%s, %s: %d preflights, want %d\n\t%s", r.sequence.name, r.server, got, r.want,
					strings.Join(onWire(sequences[i], requests), "\n\t"))
			}
		}
	}, pageA)
}

// TestPreflightsSaved checks that full lists never require more preflights than an echo.
func TestPreflightsSaved(t *testing.T) {
	for _, e := range Engines() {
		var all sent
		for _, q := range preflightSequences {
			n, ok := q.want[e.Name]
			if !ok {
				t.Errorf("%s: there is no count for %s", q.name, e.Name)
			}
			if n.full > n.echo {
				t.Errorf("%s in %s: full lists cost %d preflights, an echo %d", q.name, e.Name, n.full, n.echo)
			}
			all.full, all.echo = all.full+n.full, all.echo+n.echo
		}
		if all.full >= all.echo {
			t.Errorf("%s: full lists cost %d preflights, an echo %d: they save nothing", e.Name, all.full, all.echo)
		}
	}
}

// preflightTable returns the table in Markdown: full lists / "*" / echo.
func preflightTable() string {
	var b strings.Builder
	b.WriteString("| requests |")
	for _, e := range Engines() {
		fmt.Fprintf(&b, " %s |", e.Name)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(Engines())) + "\n")
	number := func(n int) string {
		if n == unsent {
			return "–"
		}
		return strconv.Itoa(n)
	}
	for _, q := range preflightSequences {
		fmt.Fprintf(&b, "| %s |", q.name)
		for _, e := range Engines() {
			n := q.want[e.Name]
			fmt.Fprintf(&b, " %s / %s / %s |", number(n.full), number(n.star), number(n.echo))
		}
		b.WriteString("\n")
	}
	return b.String()
}
