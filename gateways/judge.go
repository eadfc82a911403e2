package gateways

import (
	"fmt"
	"slices"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
)

// right is one thing that the answers permit a script to do.
type right struct {
	aspect      Aspect
	name        string
	credentials bool
}

// rights are all rights of one origin at one place, in one browser.
type rights struct {
	all    map[right]bool
	maxAge time.Duration // how long a successful preflight is cached; negative if none succeeds
}

// profiles are the browsers that judge.
var profiles = func() []browsermodel.Profile {
	list := []browsermodel.Profile{
		browsermodel.Spec(), browsermodel.Chromium(), browsermodel.Firefox(), browsermodel.WebKit(),
	}
	for i := range list {
		list[i].ListenersNameNoMethod = false // the questions have listeners only to cause a preflight
	}
	return list
}()

// Statuses of an application that knows nothing of CORS.
const (
	successStatus = 200
	failureStatus = 405 // to OPTIONS
)

// judge returns the differences between the answers to one origin at one place.
func judge(list []question, file, model []Answer, n names) (all []Difference) {
	all = append(all, passing(list, file, model)...)
	if list[0].fetch.Origin == "" {
		return all
	}
	counts := make(map[string]int)
	byKey := make(map[string]Difference)
	var order []string
	for _, profile := range profiles {
		// The application may answer a preflight with success or failure. Assume success to find
		// what is wider, and failure to find what is narrower.
		was := granted(profile, list, file, n, successStatus)
		lucky, unlucky := granted(profile, list, model, n, successStatus), granted(profile, list, model, n, failureStatus)
		for _, d := range slices.Concat(
			missing(Wider, lucky, was), missing(Narrower, was, unlucky), ages(was, lucky),
		) {
			key := d.String()
			if counts[key] == 0 {
				order = append(order, key)
			}
			counts[key]++
			d.Browsers = append(byKey[key].Browsers, profile.Name)
			byKey[key] = d
		}
	}
	for _, key := range order {
		d := byKey[key]
		if counts[key] == len(profiles) {
			d.Browsers = nil
		}
		all = append(all, d)
	}
	return all
}

// passing compares the requests that reach the application.
func passing(list []question, file, model []Answer) (all []Difference) {
	what := []string{"requests", "requests from the server's own pages", "OPTIONS requests that are not preflights"}
	for i, what := range what {
		switch {
		case file[i].Reached && !model[i].Reached:
			all = append(all, Difference{
				Kind: Narrower, Aspect: PassAspect,
				Text: fmt.Sprintf("the gateway itself answers %s, with status %d", what, model[i].Status),
			})
		case !file[i].Reached && model[i].Reached:
			all = append(all, Difference{Kind: Wider, Aspect: RejectAspect, Text: "the application gets " + what +
				" that the file rejects"})
		}
	}
	if m := model[plainQuestion]; m.Reached && m.OnlySuccess && len(file[plainQuestion].Header.Without("Vary")) > 0 {
		all = append(all, Difference{
			Kind: Narrower, Aspect: ErrorAspect, Text: "responses with an error status have no CORS headers, so scripts cannot read them",
		})
	}
	return all
}

// granted returns the rights that the answers give. status is the application's answer to a
// preflight that reaches it.
func granted(profile browsermodel.Profile, list []question, answers []Answer, n names, status int) rights {
	g := rights{all: make(map[right]bool), maxAge: -1}
	response := func(i int) browsermodel.Response {
		r := browsermodel.Response{Status: answers[i].Status, Header: answers[i].Header}
		if answers[i].Reached {
			r.Status = successStatus
			if list[i].preflight {
				r.Status = status
			}
		}
		return r
	}
	plain := response(plainQuestion)
	for _, credentials := range []bool{false, true} {
		f := list[plainQuestion].fetch
		f.Credentials = credentials
		if !browsermodel.CheckCORS(f, plain).OK {
			continue
		}
		if g.all[right{aspect: OriginAspect, credentials: credentials}] = true; answers[plainQuestion].Reached {
			for _, h := range browsermodel.Readable(withExposed(plain.Header, n), credentials) {
				if slices.Contains(n.exposed, h.Name) {
					g.all[right{ExposeAspect, h.Name, credentials}] = true
				}
			}
		}
		for i, q := range list {
			if !q.preflight {
				continue
			}
			f := q.fetch
			f.Credentials = credentials
			r := response(i)
			grant, finding := browsermodel.CheckPreflight(profile, f, r)
			if !finding.OK {
				continue
			}
			if q.network {
				if v, _ := r.Header.Get("Access-Control-Allow-Private-Network"); v != "true" {
					continue
				}
			}
			g.all[right{q.aspect, q.name, credentials}] = true
			g.maxAge = max(g.maxAge, grant.MaxAge)
		}
	}
	return g
}

// withExposed returns a response that has every header in the comparison.
func withExposed(header browsermodel.Fields, n names) (all browsermodel.Fields) {
	for _, value := range header.Values("Access-Control-Expose-Headers") {
		all = append(all, field("Access-Control-Expose-Headers", value))
	}
	for _, name := range n.exposed {
		all = append(all, field(name, "x"))
	}
	return all
}

// missing returns the rights of one side that the other lacks.
func missing(kind Kind, has, lacks rights) (all []Difference) {
	collect := make(map[right][]string)
	for r := range has.all {
		if !lacks.all[r] {
			key := right{aspect: r.aspect, credentials: r.credentials}
			collect[key] = append(collect[key], r.name)
		}
	}
	for _, credentials := range []bool{false, true} {
		read := right{aspect: OriginAspect, credentials: credentials}
		if collect[read] != nil {
			if !credentials {
				return []Difference{{Kind: kind, Aspect: OriginAspect, Text: "scripts may read responses"}}
			}
			all = append(all, Difference{Kind: kind, Aspect: CookieAspect, Text: "scripts may read responses to requests with credentials"})
			continue
		}
		for _, aspect := range []Aspect{MethodAspect, HeaderAspect, ExposeAspect, NetworkAspect} {
			list, ok := collect[right{aspect: aspect, credentials: credentials}]
			if !ok {
				continue
			}
			d := Difference{Kind: kind, Aspect: aspect, Text: string(aspect)}
			if aspect != NetworkAspect {
				slices.Sort(list)
				d.Names = slices.Compact(list)
			}
			if twin := collect[right{aspect: aspect, credentials: !credentials}]; twin != nil && credentials && sameNames(twin,
				d.Names, aspect) {
				continue // another difference covers it
			} else if twin == nil || !sameNames(twin, d.Names, aspect) {
				d.Text += " in requests without credentials"
				if credentials {
					d.Text = string(aspect) + " in requests with credentials"
				}
			}
			all = append(all, d)
		}
	}
	return all
}

func sameNames(list, sorted []string, aspect Aspect) bool {
	if aspect == NetworkAspect {
		return true
	}
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Equal(slices.Compact(list), sorted)
}

// ages compares how long preflights may be cached.
func ages(file, model rights) []Difference {
	if file.maxAge < 0 || model.maxAge < 0 || file.maxAge == model.maxAge {
		return nil
	}
	return []Difference{{
		Kind: Caching, Aspect: MaxAgeAspect,
		Text: fmt.Sprintf("preflights are cached for %s, not for %s", model.maxAge, file.maxAge),
	}}
}
