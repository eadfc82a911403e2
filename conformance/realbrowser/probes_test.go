package realbrowser

import (
	"fmt"
	"slices"
	"strings"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// probe is a question to a browser and its model: one or more fetches, and the answers of
// the servers.
type probe struct {
	id   string
	once bool  // only with fetch(), because XMLHttpRequest shows nothing more
	jobs []Job // the URL of each is a hop, "0/1": server 0, second path
	said map[hop]answer
}

// hop is a request that a peer answers.
type hop struct {
	path      string
	preflight bool
}

// Placeholders in probes: {page} is the origin of the page, {0} and {1} are the origins of
// the servers, and {id} is the first segment of every path.

// Shorthands for header names.
const (
	acao = "Access-Control-Allow-Origin: "
	acac = "Access-Control-Allow-Credentials: "
	acam = "Access-Control-Allow-Methods: "
	acah = "Access-Control-Allow-Headers: "
	acma = "Access-Control-Max-Age: "
	aceh = "Access-Control-Expose-Headers: "
)

// lines prefixes each value with a header name.
func lines(name string, values ...string) []string {
	var all []string
	for _, value := range values {
		all = append(all, name+value)
	}
	return all
}

// table collects the probes.
type table struct{ probes []probe }

func (t *table) add(id string, said map[hop]answer, jobs ...Job) {
	for i := range jobs {
		if jobs[i].URL == "" {
			jobs[i].URL = "0/0"
		}
		if jobs[i].Origin == "" {
			jobs[i].Origin = "{page}"
		}
	}
	t.probes = append(t.probes, probe{id: id, jobs: jobs, said: said})
}

// simple adds a GET that needs no preflight.
func (t *table) simple(id string, f browsermodel.Fetch, header ...string) {
	t.add(id, map[hop]answer{{"0", false}: {lines: header, body: "ok"}}, Job{Fetch: f})
}

// asked adds a fetch with an answer to its preflight. The request itself is allowed.
func (t *table) asked(id string, f browsermodel.Fetch, preflight answer) {
	t.add(id, map[hop]answer{
		{"0", true}:  preflight,
		{"0", false}: {lines: grant(f), body: "ok"},
	}, Job{Fetch: f})
}

// grant returns the header lines with which a response passes the CORS check.
func grant(f browsermodel.Fetch) []string {
	origin := f.Origin
	if origin == "" {
		origin = "{page}"
	}
	if f.Credentials {
		return []string{acao + origin, acac + "true"}
	}
	return []string{acao + origin}
}

// name returns an ID for any values.
func name(values ...string) string {
	if len(values) == 0 {
		return "absent"
	}
	var quoted []string
	for _, v := range values {
		q := fmt.Sprintf("%+q", v)
		if v != "" && strings.TrimSpace(v) == v {
			q = q[1 : len(q)-1]
		}
		quoted = append(quoted, q)
	}
	return strings.Join(quoted, " | ")
}

func with(id string, credentials bool) string {
	if credentials {
		return id + " with credentials"
	}
	return id
}

var both = []bool{false, true}

// probes returns all probes.
func probes() []probe {
	t := new(table)
	t.allowOrigin()
	t.allowCredentials()
	t.status()
	t.allowMethods()
	t.allowHeaders()
	t.expose()
	t.maxAge()
	t.cache()
	t.redirects()
	t.modes()
	t.requests()
	t.malformed()
	return t.probes
}

// expand returns the probe with unique paths and with the origins of page and servers.
func (p probe) expand(number int, page string, servers []string) probe {
	id := fmt.Sprintf("p%d", number)
	replace := strings.NewReplacer(
		"{page}", page, "{id}", id, "{0}", servers[0], "{1}", servers[1],
		"{0-user}", strings.Replace(servers[0], "//", "//user:pass@", 1),
	).Replace
	said := make(map[hop]answer)
	for h, a := range p.said {
		a.lines = slices.Clone(a.lines)
		for i := range a.lines {
			a.lines[i] = replace(a.lines[i])
		}
		a.before = replace(a.before)
		h.path = "/" + id + "/" + h.path
		said[h] = a
	}
	p.said = said
	p.jobs = slices.Clone(p.jobs)
	for i := range p.jobs {
		j := &p.jobs[i]
		j.Origin = replace(j.Origin)
		where, path, _ := strings.Cut(j.URL, "/")
		if where == "page" {
			where = "{page}"
		} else {
			where = "{" + where + "}"
		}
		j.URL = replace(where + "/{id}/" + path)
		j.XHR = j.XHR || j.UploadListeners
	}
	return p
}
