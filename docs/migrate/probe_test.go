package migrate

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
)

// site is the application behind a middleware. /item handles every method, OPTIONS
// included; /create handles only POST.
type site struct{ runs atomic.Int64 }

var siteHeader = map[string]string{"X-Total": "3", "Etag": `"v1"`, "Cache-Control": "public, max-age=60"}

func (s *site) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	s.runs.Add(1)
	for name, value := range siteHeader {
		w.Header().Set(name, value)
	}
	_, _ = io.WriteString(w, "ok")
}

func (s *site) mux() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/item", s)
	mux.Handle("POST /create", s)
	return mux
}

// server is a site behind a middleware, its URL, and the connections to it.
type server struct {
	*site
	url       string
	transport *http.Transport
}

// Call newServer after you register the cleanup that shuts the server down. Cleanups run in reverse
// order, so the connections close first and the shutdown does not wait for them.
func newServer(t *testing.T, s *site, url string) *server {
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &server{s, url, transport}
}

func serve(t *testing.T, s *site, h http.Handler) *server {
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return newServer(t, s, srv.URL)
}

// probe is a request that is sent to both servers: a fetch by a script, or a raw
// request.
type probe struct {
	name string

	fetch  browsermodel.Fetch // URL is a path; Origin "self" is the server's origin
	first  *browsermodel.Request
	tamper func(*browsermodel.Request) // how a gateway rewrites preflights

	raw browsermodel.Request // if it has a method, it is sent instead of fetch
}

const (
	app   = "https://app.example"
	sub   = "https://sub.app.example"
	other = "https://other.example"
)

func from(origin, method string, header ...string) probe {
	name := method + " from " + origin
	if len(header) > 0 {
		name = fmt.Sprintf("%s with %s from %s", method, header[0], origin)
	}
	return probe{name: name, fetch: browsermodel.Fetch{
		Origin: origin, URL: "/item", Method: method, Header: browsermodel.Header(header...),
	}}
}

// localhost returns requests from pages of development servers, on a port and on
// the default port.
func localhost() []probe {
	return []probe{
		from("http://localhost:5173", "GET"), from("http://localhost:5173", "PUT"),
		from("http://localhost", "GET"), from("http://localhost", "PUT"),
	}
}

func (p probe) called(name string) probe { p.name = name; return p }

func (p probe) withCredentials() probe {
	p.fetch.Credentials = true
	p.name += ", with credentials"
	return p
}

func (p probe) to(path string) probe {
	p.fetch.URL = path
	p.name += " to " + path
	return p
}

// afterCached first sends another request for the same resource through the same
// shared cache.
func (p probe) afterCached(name string, header ...string) probe {
	p.first = &browsermodel.Request{Method: "GET", URL: "/item", Header: browsermodel.Header(header...)}
	p.name += ", through a shared cache that has the answer to " + name
	return p
}

func (p probe) through(name string, tamper func(*browsermodel.Request)) probe {
	p.tamper = tamper
	p.name += ", through a gateway that " + name
	return p
}

func rawRequest(name string, header ...string) probe {
	return probe{name: name, raw: browsermodel.Request{Method: "OPTIONS", URL: "/item", Header: browsermodel.Header(header...)}}
}

const privateNetwork = "preflight for a private network from " + app

// basket returns the probes of every row, so that no row chooses its own.
func basket() []probe {
	upload := from(app, "POST").called("POST with upload progress from " + app)
	upload.fetch.UploadListeners = true
	return []probe{
		from(app, "GET"),
		from(app, "GET").withCredentials(),
		from(app, "POST"),
		from(app, "PUT"),
		from(app, "PUT").withCredentials(),
		from(app, "PATCH"),
		from(app, "DELETE"),
		from(app, "OPTIONS"),
		from(app, "POST", "Content-Type", "application/json"),
		from(app, "GET", "Authorization", "Bearer x"),
		from(app, "GET", "Authorization", "Bearer x").withCredentials(),
		from(app, "GET", "X-Token", "1"),
		upload,
		from(app, "POST", "Content-Type", "application/json").to("/create"),
		from(app, "GET").to("/missing"),
		from(sub, "GET"),
		from("http://app.example", "GET"),
		from(other, "GET"),
		from(other, "POST"),
		from(other, "PUT"),
		from("null", "GET"),
		from("self", "POST").called("same-origin POST"),
		rawRequest("OPTIONS without Origin"),
		rawRequest("OPTIONS without Origin, with Access-Control-Request-Method", "Access-Control-Request-Method", "PUT"),
		rawRequest("OPTIONS from "+app+" without Access-Control-Request-Method", "Origin", app),
		from(app, "GET").afterCached("a request without Origin"),
		from(app, "GET").afterCached(other, "Origin", other),
		from(other, "GET").afterCached(app, "Origin", app),
		rawRequest(privateNetwork, "Origin", app, "Access-Control-Request-Method", "GET", "Access-Control-Request-Private-Network", "true"),
	}
}

func (p probe) as(method string) probe { p.raw.Method = method; return p }

// answer returns the status and the CORS headers of a response.
func (s *server) answer(t *testing.T, r browsermodel.Request) string {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	r.URL = s.url + r.URL
	response, err := conformance.RoundTripper(s.transport)(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	said := fmt.Sprint(response.Status)
	for _, line := range response.Header {
		if line.Name == "Vary" || strings.HasPrefix(line.Name, "Access-Control-") {
			said += fmt.Sprintf("<br>`%s: %s`", line.Name, line.Value)
		}
	}
	return said
}

// limit is how long one probe may take.
const limit = 20 * time.Second

// send runs a probe and returns its outcome in words.
func (s *server) send(t *testing.T, p probe) string {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	before := s.runs.Load()
	transport := conformance.RoundTripper(s.transport)
	if p.raw.Method != "" {
		request := p.raw
		request.URL = s.url + request.URL
		response, err := transport(ctx, request)
		if err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
		return rawOutcome(p, response, s.runs.Load()-before)
	}
	if tamper := p.tamper; tamper != nil {
		direct := transport
		transport = func(ctx context.Context, r browsermodel.Request) (browsermodel.Response, error) {
			r.Header = slices.Clone(r.Header)
			tamper(&r)
			return direct(ctx, r)
		}
	}
	if p.first != nil {
		transport = browsermodel.SharedCache(transport)
		request := *p.first
		request.URL = s.url + request.URL
		if _, err := transport(ctx, request); err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
	}
	f := p.fetch
	f.URL = s.url + f.URL
	if f.Origin == "self" {
		f.Origin = browsermodel.OriginOf(s.url)
	}
	browser := &browsermodel.Browser{Transport: transport}
	v := browser.Fetch(ctx, f)
	if v.Code == browsermodel.CodeNetwork {
		t.Fatalf("%s: %s", p.name, v.Text)
	}
	runs := s.runs.Load() - before
	if p.first != nil && v.Allowed {
		runs = 1 // the cache may answer or not: both are correct
	}
	return outcome(f, v, runs)
}

func rawOutcome(p probe, response browsermodel.Response, runs int64) string {
	switch {
	case p.name == privateNetwork:
		if value, _ := response.Header.Get("Access-Control-Allow-Private-Network"); value == "true" {
			return "granted"
		}
		return "not granted"
	case runs > 0:
		return "handler runs"
	}
	return fmt.Sprintf("%d, handler does not run", response.Status)
}

// outcome returns the part of a verdict that an application notices. It omits
// statuses and headers that change nothing for a script.
func outcome(f browsermodel.Fetch, v browsermodel.Verdict, runs int64) string {
	var said []string
	switch {
	case v.AtPreflight:
		return "blocked at the preflight"
	case !v.Allowed && runs > 0:
		return "handler runs, answer blocked"
	case !v.Allowed:
		return "answer blocked, handler does not run"
	}
	said = append(said, fmt.Sprintf("reads %d", v.Status))
	if v.Type == browsermodel.TypeCORS {
		for _, name := range []string{"Etag", "X-Total"} {
			if v.Header.Has(name) {
				said = append(said, "sees "+name)
			}
		}
	}
	switch {
	case v.Status == http.StatusOK && runs == 0:
		said = append(said, "handler does not run")
	case runs > 1:
		said = append(said, fmt.Sprintf("handler runs %d times", runs))
	}
	if len(v.Exchanges) > 0 && v.Exchanges[0].Preflight {
		grant, finding := browsermodel.CheckPreflight(browsermodel.Profile{}, f, v.Exchanges[0].Response)
		if finding.OK && grant.MaxAge != 5*time.Second {
			said = append(said, fmt.Sprintf("preflight cached %d s", int(grant.MaxAge.Seconds())))
		}
	}
	return strings.Join(said, ", ")
}

// gist returns an outcome without the parts that depend on the settings of a row.
func gist(outcome string) string {
	parts := strings.Split(outcome, ", ")
	parts = slices.DeleteFunc(parts, func(part string) bool {
		return strings.HasPrefix(part, "sees ") || strings.HasPrefix(part, "preflight cached ")
	})
	return strings.Join(parts, ", ")
}

// Rewrites of lists that real gateways perform.

func splitLines(r *browsermodel.Request) {
	var header browsermodel.Fields
	for _, line := range r.Header {
		if line.Name != "Access-Control-Request-Headers" {
			header = append(header, line)
			continue
		}
		for name := range strings.SplitSeq(line.Value, ",") {
			header = append(header, browsermodel.Field{Name: line.Name, Value: name})
		}
	}
	r.Header = header
}

func rewriteNames(rewrite func([]string) string) func(*browsermodel.Request) {
	return func(r *browsermodel.Request) {
		for i, line := range r.Header {
			if line.Name == "Access-Control-Request-Headers" {
				r.Header[i].Value = rewrite(strings.Split(line.Value, ","))
			}
		}
	}
}

// gatewayed returns a request with the headers that a row allows, through each
// gateway.
func gatewayed(header ...string) []probe {
	p := from(app, "GET", header...)
	p.name = "GET with two headers from " + app
	return []probe{
		p.through("splits Access-Control-Request-Headers into lines", splitLines),
		p.through("puts a space after each comma", rewriteNames(func(names []string) string { return strings.Join(names, ", ") })),
		p.through("puts two spaces after each comma", rewriteNames(func(names []string) string { return strings.Join(names, ",  ") })),
		p.through("reorders the names", rewriteNames(func(names []string) string {
			slices.Reverse(names)
			return strings.Join(names, ",")
		})),
	}
}
