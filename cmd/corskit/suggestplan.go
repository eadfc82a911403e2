package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// planner finds the additions that allow demands.
type planner struct {
	ctx          context.Context
	load         *patched
	known        []string // origins whose questionable entries are included
	questionable bool

	checked bool // whether conform has sent some of the requests
	noted   []assessed
	best    map[additionKey]opinion // the best opinion, of the demands that need the addition
	added   map[additionKey]fate
	origins map[string]opinion // opinions of the origins that were added
	kinds   map[alike]map[string]bool
	byHand  []byHand
}

// fate says whether an addition was made.
type fate uint8

const (
	leftOut fate = iota
	made
	notMade // the reader must make it by hand
)

type additionKey struct{ policy, key, entry string }

func keyOf(a config.Addition) additionKey {
	if a.Entries == nil {
		return additionKey{a.Policy, a.Key, "true"}
	}
	return additionKey{a.Policy, a.Key, a.Entries[0]}
}

// maxRounds bounds how often plan extends a change because one of its entries puts another
// policy in charge.
const maxRounds = 8

// maxTried bounds how many policies, in the order of the file, are considered for an origin
// that none of them allows.
const maxTried = 100

// plan makes the change. It returns an error if the change does not allow the requests that it
// is for.
func (p *planner) plan(c *config.Config, list []demand) error {
	p.checked = slices.ContainsFunc(list, func(d demand) bool { return isSample(d.request) })
	p.best = make(map[additionKey]opinion)
	p.added, p.origins = make(map[additionKey]fate), make(map[string]opinion)
	p.kinds = make(map[alike]map[string]bool)
	var all []assessed
	for range maxRounds {
		all = append(all, p.wish(c, list)...)
		p.doubt()
		if err := p.apply(); err != nil {
			return err
		}
		next, err := p.load.read(p.ctx)
		if err != nil {
			return fmt.Errorf("the change is not valid, and nothing was written: %w", err)
		}
		c, list = next, nil
		j := newJudge(c.Engine())
		for _, m := range all {
			if slices.ContainsFunc(m.need.additions, func(a config.Addition) bool { return p.added[keyOf(a)] != made }) {
				continue
			}
			if class, _ := j.ask(p.ctx, m.demand.request); !passes(class) {
				m.demand.class = class
				m.demand.requests = 0 // they are counted already
				list = append(list, m.demand)
			}
		}
		if len(list) == 0 {
			return nil
		}
	}
	return errors.New("the change does not allow the requests that it is for, and nothing was written")
}

// assessed is a demand and what a policy lacks to allow it.
type assessed struct {
	demand demand
	need   need
}

// wish finds out what demands need.
func (p *planner) wish(c *config.Config, list []demand) (all []assessed) {
	type place struct {
		origin string
		route  int
		policy string
	}
	groups := make(map[place][]demand)
	var order []place
	for _, d := range list {
		at := place{strings.Join(d.request.Origin, ", "), d.class.Route, d.class.Policy}
		if groups[at] == nil {
			order = append(order, at)
		}
		groups[at] = append(groups[at], d)
	}
	assessors := make(map[string]*assessor)
	for _, at := range order {
		group := groups[at]
		if why := p.hopeless(c, group[0]); why != "" {
			for _, d := range group {
				p.note(assessed{d, need{refusal: why}})
			}
			continue
		}
		policies := c.Policies
		if at.route >= 0 {
			policies = c.Routes[at.route].Policies
		}
		var best []assessed
		tried := 0
		for _, policy := range policies {
			if at.policy != "" && policy.Name != at.policy {
				continue
			}
			if tried++; tried > maxTried {
				break
			}
			if assessors[policy.Name] == nil {
				assessors[policy.Name] = newAssessor(policy)
			}
			if found := p.needs(assessors[policy.Name], at.policy != "", group); best == nil || less(found, best) {
				best = found
			}
		}
		for _, m := range best {
			p.note(m)
			if m.need.refusal == "" {
				all = append(all, m)
			}
		}
	}
	return all
}

// hopeless says why no list of a policy can allow a demand, or returns "".
func (p *planner) hopeless(c *config.Config, d demand) string {
	o := d.request.OriginValue()
	switch {
	case d.class.Code == core.CodeNoRoute, d.class.Code == core.CodePathAmbiguous, d.class.Code == core.CodeOriginRepeated,
		d.class.Code == core.CodeMethodNotEchoed, d.class.Code == core.CodeHeadersNotEchoed,
		d.class.Code == core.CodeOriginNotAllowed && o != "null" && (!core.IsOrigin(o) || core.IsProbe(o)):
		return hintOf(c.Engine().Explain(p.ctx, d.request))
	}
	return ""
}

// isSample reports whether a request has a name that only conform uses.
func isSample(r core.Request) bool {
	asked := strings.Join(slices.Concat(r.AccessControlRequestMethod, r.AccessControlRequestHeaders), ",")
	return strings.Contains(strings.ToLower(asked+r.Path), sampleLabel)
}

// needs returns what a policy lacks for the demands of an origin. governs says whether the
// policy already allows the origin.
func (p *planner) needs(a *assessor, governs bool, group []demand) []assessed {
	all := make([]assessed, len(group))
	var origin *opinion
	if governs {
		found, ok := p.origins[group[0].request.OriginValue()]
		if !ok {
			found.Mark = markSafe
		}
		origin = &found
	}
	for i, d := range group {
		if isSample(d.request) {
			all[i] = assessed{d, need{refusal: "nothing to do: this is a request of corskit conform, which no page sends"}}
			continue
		}
		all[i] = assessed{d, a.need(p.ctx, d.request, origin)}
	}
	return all
}

// less reports whether a is better than b: whether its policy can allow more of the demands or,
// if equal, needs fewer questionable entries or, if equal, fewer entries.
func less(a, b []assessed) bool {
	weigh := func(list []assessed) (refused, doubts, size int) {
		seen := make(map[additionKey]bool)
		for _, m := range list {
			if m.need.refusal != "" {
				refused++
			}
			for i, add := range m.need.additions {
				if seen[keyOf(add)] {
					continue
				}
				seen[keyOf(add)] = true
				size++
				if m.need.opinions[i].Mark != markSafe {
					doubts++
				}
			}
		}
		return refused, doubts, size
	}
	refusedA, doubtsA, sizeA := weigh(a)
	refusedB, doubtsB, sizeB := weigh(b)
	return cmp.Or(cmp.Compare(refusedA, refusedB), cmp.Compare(doubtsA, doubtsB), cmp.Compare(sizeA, sizeB)) < 0
}

// note remembers what a demand needs.
func (p *planner) note(m assessed) {
	p.noted = append(p.noted, m)
}

// weigh records the opinions on additions. If several demands need an addition, the best
// opinion counts.
func (p *planner) weigh(m assessed) {
	for i, a := range m.need.additions {
		id := keyOf(a)
		if known, ok := p.best[id]; !ok || worse(m.need.opinions[i], known) != m.need.opinions[i] {
			p.best[id] = m.need.opinions[i]
		}
	}
}

// maxAlike is the most new origins of one domain, or of the visitor's machine, that do not look
// made up. It also bounds the new methods, and the new headers, of a policy.
const maxAlike = 20

// alike is what entries have in common that look made up if there are too many of them.
type alike struct{ policy, key, domain string }

func alikeOf(a config.Addition) alike {
	if a.Key != config.KeyOf("AllowOrigins") {
		return alike{policy: a.Policy, key: a.Key}
	}
	host, _ := hostOf(a.Entries[0])
	domain, _ := ownDomain(host)
	return alike{key: a.Key, domain: domain}
}

// doubt marks safe entries as questionable. If conform may have sent the requests, it marks all
// of them. Otherwise it marks those of a kind with more than maxAlike entries, and everything
// that new origins of such a kind need.
func (p *planner) doubt() {
	for _, m := range p.noted {
		for i := range m.need.opinions {
			if p.checked {
				m.need.opinions[i] = worse(m.need.opinions[i],
					questionable("corskit conform has sent requests to the server, perhaps this one: add it only if a page needs it"))
			}
		}
	}
	for _, m := range p.noted {
		for i, a := range m.need.additions {
			if m.need.opinions[i].Mark != markSafe || a.Entries == nil {
				continue
			}
			kind := alikeOf(a)
			if p.kinds[kind] == nil {
				p.kinds[kind] = make(map[string]bool)
			}
			p.kinds[kind][a.Entries[0]] = true
		}
	}
	clear(p.best)
	for _, m := range p.noted {
		for i, a := range m.need.additions {
			if m.need.opinions[i].Mark != markSafe || len(p.kinds[alikeOf(a)]) <= maxAlike {
				continue
			}
			if a.Key != config.KeyOf("AllowOrigins") {
				m.need.opinions[i] = madeUp(a.Key + " entries of the policy")
				continue
			}
			for j := range m.need.opinions {
				m.need.opinions[j] = worse(m.need.opinions[j], madeUp("origins of its kind"))
			}
		}
		p.weigh(m)
	}
}

func madeUp(kind string) opinion {
	return questionable(fmt.Sprintf("one of more than %d new %s, which somebody may have made up", maxAlike, kind))
}

// wishKey is what demands have in common that one suggestion covers.
type wishKey struct {
	origin, policy, refusal string
	mark                    mark
}

// wishes returns the suggestions for the demands that were noted.
func (p *planner) wishes() []wish {
	found := make(map[wishKey]*wish)
	var order []*wish
	for _, m := range p.noted {
		key := wishKey{strings.Join(m.demand.request.Origin, ", "), m.need.policy, m.need.refusal, markNone}
		if key.refusal == "" {
			key.mark = p.mark(m.need)
		} else {
			key.policy = ""
		}
		w := found[key]
		if w == nil {
			w = &wish{Origin: clip(key.origin), Example: example(m.demand.request), Policy: key.policy, Reason: key.refusal, Mark: key.mark}
			found[key], order = w, append(order, w)
		}
		w.Requests += m.demand.requests
		for _, a := range m.need.additions {
			id := keyOf(a)
			if add := (wanted{id.key, id.entry, p.best[id]}); !slices.Contains(w.Add, add) {
				w.Add = append(w.Add, add)
			}
		}
	}
	list := make([]wish, len(order))
	for i, w := range order {
		list[i] = *w
	}
	rank := map[mark]int{markSafe: 0, markQuestionable: 1, markNone: 2}
	slices.SortStableFunc(list, func(a, b wish) int {
		return cmp.Or(cmp.Compare(rank[a.Mark], rank[b.Mark]), cmp.Compare(b.Requests, a.Requests))
	})
	return list
}

// mark returns the worst mark of what is needed.
func (p *planner) mark(n need) mark {
	worst := opinion{Mark: markSafe}
	for _, a := range n.additions {
		worst = worse(worst, p.best[keyOf(a)])
	}
	return worst.Mark
}

// example returns the method, host and path that a script asks for.
func example(r core.Request) string {
	method, _ := asked(r)
	return clip(method) + " " + clip(r.Host) + clip(r.Path)
}

// apply makes the additions that are wanted and have not been made yet. It makes those of one
// list together.
func (p *planner) apply() error {
	type list struct{ policy, key string }
	entries := make(map[list][]string)
	var order []list
	for _, m := range p.noted {
		for _, a := range m.need.additions {
			id, at := keyOf(a), list{a.Policy, a.Key}
			wanted := p.best[id].Mark == markSafe || p.questionable || slices.Contains(p.known, m.demand.request.OriginValue())
			if p.added[id] != leftOut || !wanted || m.need.refusal != "" {
				continue
			}
			p.added[id] = made
			if a.Key == config.KeyOf("AllowOrigins") {
				p.origins[id.entry] = p.best[id]
			}
			if entries[at] == nil {
				order = append(order, at)
			}
			entries[at] = append(entries[at], id.entry)
		}
	}
	for _, at := range order {
		addition := config.Addition{Policy: at.policy, Key: at.key, Entries: entries[at]}
		if slices.Equal(addition.Entries, []string{"true"}) {
			addition.Entries = nil
		}
		err := p.load.add(p.ctx, addition)
		var fault *config.Error
		switch {
		case err == nil:
		case errors.As(err, &fault) && (fault.Reason == reason.Variable || fault.Reason == reason.Notation):
			p.byHand = append(p.byHand, byHand{at.policy, at.key, entries[at], fault.Error()})
			for _, entry := range entries[at] {
				p.added[additionKey{at.policy, at.key, entry}] = notMade
			}
		default:
			return err
		}
	}
	return nil
}

// report fills the result.
func (p *planner) report(to *suggested) {
	to.Suggestions = p.wishes()
	for id := range p.best {
		if p.added[id] == leftOut {
			to.left++
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.load.edits)) {
		e := p.load.edits[name]
		to.Changes = append(to.Changes, edited{File: e.File, Diff: unified(e.File, string(e.Old), string(e.New)), edit: e})
	}
	to.ByHand = p.byHand
}
