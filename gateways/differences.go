package gateways

import (
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
)

// Kind says which side allows more.
type Kind string

// The kinds of a Difference, in the order of Differences.
const (
	Wider    Kind = "wider"    // the gateway allows what the file does not
	Narrower Kind = "narrower" // the file allows what the gateway does not
	Caching  Kind = "caching"  // a cache keeps an answer for longer, or gives it to others
)

// Aspect is the subject of a difference or a loss.
type Aspect string

// The aspects.
const (
	OriginAspect  Aspect = "origins"
	MethodAspect  Aspect = "methods"
	HeaderAspect  Aspect = "request headers"
	ExposeAspect  Aspect = "response headers"
	CookieAspect  Aspect = "credentials"
	NetworkAspect Aspect = "private network"
	MaxAgeAspect  Aspect = "max age"
	VaryAspect    Aspect = "vary"
	RejectAspect  Aspect = "rejection"       // requests of disallowed origins that the application gets
	PassAspect    Aspect = "passed requests" // requests that the application does not get
	ErrorAspect   Aspect = "errors"          // responses with an error status
)

// Difference is one difference between a file and a model.
type Difference struct {
	Kind     Kind
	Aspect   Aspect
	Route    string   // a host and path; empty if no side has routes
	Origins  []string // at most ten
	More     int      // number of further origins, each representing others
	Names    []string // methods or headers
	Browsers []string // the browsers that show it; empty if all do
	Text     string   // what differs

	all []string // origins
}

// maxExamples bounds the origins of a difference.
const maxExamples = 10

func (d Difference) String() string {
	return string(d.Kind) + ": " + d.plain()
}

// plain is String without the kind.
func (d Difference) plain() string {
	text := d.Text
	if len(d.Names) > 0 {
		text += " " + strings.Join(namesInWords(d.Names), ", ")
	}
	if len(d.Origins) > 0 {
		text += " for " + strings.Join(d.Origins, ", ")
	}
	if d.More > 0 {
		text += fmt.Sprintf(" and %d more", d.More)
	}
	if d.Route != "" {
		text += " at " + d.Route
	}
	if len(d.Browsers) > 0 {
		text += " in " + strings.Join(d.Browsers, ", ")
	}
	return text
}

// namesInWords returns names for people: the samples that represent all other names become words.
func namesInWords(list []string) []string {
	others := func(s string) bool { return s == sample || s == sampleMethod }
	words := slices.DeleteFunc(slices.Clone(list), others)
	if len(words) < len(list) {
		words = append(words, "and all others")
	}
	return words
}

// Differences compares a configuration with a model. It sends both the same requests: from one
// origin of each class that the patterns of either side distinguish, to each host and path, with
// each method and header. A model of each browser judges the answers. Differences in which the
// gateway allows more come first.
//
// If the comparison would take too much work, the error is [ErrTooComplex]; it implies nothing
// about the two sides.
func Differences(cfg *config.Config, m Model) ([]Difference, error) {
	return compare(fileSide(cfg), modelSide(m))
}

func compare(file, model side) ([]Difference, error) {
	c := comparison{file: file, model: model, seen: make(map[string]*found), judged: make(map[uint64][]*found)}
	origins, err := originsFor(slices.Concat(c.file.facts.Origins, c.model.facts.Origins))
	if err != nil {
		return nil, err
	}
	places, err := placesFor(c.file.facts.Places, c.model.facts.Places)
	if err != nil {
		return nil, err
	}
	if n := len(origins) * len(places); n > maxAnswers {
		return nil, fmt.Errorf("%w: %d classes of origins at %d places", ErrTooComplex, len(origins), len(places))
	}
	names := namesOf(c.file.facts, c.model.facts)
	routed := len(c.file.facts.Places)+len(c.model.facts.Places) > 0
	for _, at := range places {
		name := ""
		if routed {
			name = at.host + at.path
		}
		c.compareAt(at, name, origins, names)
	}
	return c.list(), nil
}

// side is one side of a comparison.
type side struct {
	facts  Facts
	answer func(core.Request) Answer
}

func fileSide(cfg *config.Config) side {
	policies := cfg.Policies
	if cfg.Routes != nil {
		policies = nil
	}
	for _, r := range cfg.Routes {
		policies = append(policies, r.Policies...)
	}
	return sideOf(cfg.Engine(), policies, cfg.Routes)
}

func sideOf(engine *core.Engine, policies []core.Policy, routes []core.Route) side {
	var f Facts
	for _, p := range policies {
		p = p.Expand()
		f.Origins = append(f.Origins, p.AllowOrigins...)
		f.Methods = append(f.Methods, p.AllowMethods...)
		f.Headers = append(f.Headers, p.AllowHeaders...)
		f.Exposed = append(f.Exposed, p.ExposeHeaders...)
	}
	for _, r := range routes {
		f.Places = append(f.Places, RoutePlace{r.Host, r.Path})
	}
	return side{f, func(r core.Request) Answer {
		d := engine.Decide(context.Background(), r)
		a := Answer{Reached: d.Status == 0, Status: d.Status}
		for name, value := range d.Headers() {
			a.Header = append(a.Header, field(name, value))
		}
		return a
	}}
}

func modelSide(m Model) side { return side{m.Facts(), m.Answer} }

// comparison collects differences.
type comparison struct {
	file, model side
	seen        map[string]*found
	order       []*found
	judged      map[uint64][]*found // by fingerprints of both sides' answers
}

// found is a difference with the origins that show it.
type found struct {
	Difference
	origins map[string]bool
}

// compareAt compares the answers at one place.
func (c *comparison) compareAt(at spot, name string, origins []string, n names) {
	var sent variety
	questions := questionsFor(at, n)
	for _, origin := range append([]string{""}, origins...) {
		q := from(questions, origin)
		file, model := c.file.ask(q), c.model.ask(q)
		sent.add(origin, model[0])
		hash := fnv.New64a()
		hash.Write([]byte(name + "\x00" + fingerprint(file, origin) + "\x00" + fingerprint(model, origin)))
		key := hash.Sum64()
		list, known := c.judged[key]
		if !known {
			for _, d := range judge(q, file, model, n) {
				d.Route = name
				list = append(list, c.note(d))
			}
			c.judged[key] = list
		}
		for _, f := range list {
			if origin != "" {
				f.origins[origin] = true
			}
		}
	}
	if missing := sent.missing(); len(missing) > 0 {
		f := c.note(Difference{
			Kind: Caching, Aspect: VaryAspect, Route: name,
			Text: "responses depend on Origin but have no Vary: Origin",
		})
		for _, o := range missing {
			f.origins[o] = true
		}
	}
}

// note returns the entry for a difference, and adds it if it is new.
func (c *comparison) note(d Difference) *found {
	key := fmt.Sprint(d.Kind, d.Aspect, d.Route, d.Names, d.Browsers, d.Text)
	f, ok := c.seen[key]
	if !ok {
		f = &found{d, make(map[string]bool)}
		c.seen[key] = f
		c.order = append(c.order, f)
	}
	return f
}

// list returns the differences, wider ones first.
func (c *comparison) list() (list []Difference) {
	for _, kind := range []Kind{Wider, Narrower, Caching} {
		for _, f := range c.order {
			if f.Kind != kind {
				continue
			}
			d := f.Difference
			for o := range f.origins {
				d.Origins = append(d.Origins, o)
			}
			slices.SortFunc(d.Origins, func(a, b string) int {
				if len(a) != len(b) {
					return len(a) - len(b)
				}
				return strings.Compare(a, b)
			})
			d.all = d.Origins
			if len(d.Origins) > maxExamples {
				d.More = len(d.Origins) - maxExamples
				d.Origins = d.Origins[:maxExamples]
			}
			list = append(list, d)
		}
	}
	return list
}

// variety collects what a model sends to different origins at one place.
type variety struct {
	kinds   map[string]bool
	unnamed []string // origins whose responses have no Vary: Origin
}

func (v *variety) add(origin string, a Answer) {
	if v.kinds == nil {
		v.kinds = make(map[string]bool)
	}
	if !a.Reached {
		return // not the response of the application
	}
	v.kinds[fmt.Sprint(a.Header.Without("Vary"))] = true
	if vary, _ := a.Header.Get("Vary"); !core.ListHas(vary, "Origin") && !core.ListHas(vary, "*") {
		v.unnamed = append(v.unnamed, origin)
	}
}

// missing returns the origins whose responses should have Vary: Origin.
func (v *variety) missing() []string {
	if len(v.kinds) < 2 {
		return nil
	}
	return v.unnamed
}

// fingerprint returns the answers to an origin as a text, without the origin's own name.
func fingerprint(list []Answer, origin string) string {
	var b strings.Builder
	for _, a := range list {
		fmt.Fprintf(&b, "%t%d%t", a.Reached, a.Status, a.OnlySuccess)
		for _, f := range a.Header {
			b.WriteByte(0)
			b.WriteString(f.Name)
			b.WriteByte(1)
			b.WriteString(f.Value)
		}
		b.WriteByte(2)
	}
	if origin == "" {
		return b.String() + "\x03"
	}
	return strings.ReplaceAll(b.String(), origin, "\x04")
}

// CompareConfigs compares two configurations as [Differences] does. In its results, "the gateway"
// is the second configuration.
func CompareConfigs(file, other *config.Config) ([]Difference, error) {
	return compare(fileSide(file), fileSide(other))
}
