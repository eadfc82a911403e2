package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/core"
)

// named is a text that names some origins of a change.
type named struct {
	change  int // the index in the changes
	text    string
	origins []string // if the change applies only to some origins of an entry: samples of them
}

// names returns the texts that name the origins of an entry, in each change that applies to
// some of them.
func (c *comparison) names(p originSample, patterns []originSample) (list []named) {
	first := c.changeFor(p.origins[0])
	differs := func(o string) bool { return c.changeFor(o) != first }
	if !slices.ContainsFunc(p.origins, differs) && !slices.ContainsFunc(p.listed, differs) {
		return []named{{first, p.name, nil}}
	}
	if list := c.portRanges(p, patterns); list != nil {
		return list
	}
	for _, o := range p.origins {
		i := c.changeFor(o)
		at := slices.IndexFunc(list, func(n named) bool { return n.change == i })
		if at < 0 {
			at, list = len(list), append(list, named{i, p.name + ", such as " + o, nil})
		}
		list[at].origins = append(list[at].origins, o)
	}
	return list
}

// addNames adds the texts to the changes, each once. Samples of an entry add nothing if
// whole entries in the same change cover them.
func (c *comparison) addNames(list []named) {
	engines := make(map[int]*core.Engine) // of the whole entries, for the changes that have samples
	for _, n := range list {
		if n.origins != nil && engines[n.change] == nil {
			var whole []string
			for _, w := range list {
				if w.change == n.change && w.origins == nil && w.text != anyOther {
					whole = append(whole, w.text)
				}
			}
			engines[n.change], _ = core.New(core.Policy{AllowOrigins: whole, DangerouslyAllowNullOrigin: true})
		}
	}
	added := make(map[string]bool)
	for _, n := range list {
		uncovered := func(o string) bool { return engines[n.change] == nil || !engines[n.change].AllowsOrigin(o) }
		if n.change == none || added[n.text] || n.origins != nil && !slices.ContainsFunc(n.origins, uncovered) {
			continue
		}
		added[n.text] = true
		c.changes[n.change].Origins = append(c.changes[n.change].Origins, n.text)
	}
}

// maxRanges is the most port ranges that replace samples.
const maxRanges = 8

// portRanges splits the port range of an entry by the changes that apply. It returns nil if the
// entry has no port range, or if the changes do not follow ranges.
func (c *comparison) portRanges(p originSample, patterns []originSample) (list []named) {
	base, low, high, ok := portRange(p.name)
	if !ok {
		return nil
	}
	starts := []int{low, high + 1}
	for _, e := range slices.Concat(p.listed, namesOf(patterns)) {
		if strings.HasPrefix(e, "regexp:") {
			return nil
		}
		_, first, last := ports(e)
		starts = append(starts, first, last+1)
	}
	slices.Sort(starts)
	starts = slices.DeleteFunc(slices.Compact(starts), func(n int) bool { return n < low || n > high+1 })
	type part struct{ change, low, high int }
	var parts []part
	for k, start := range starts[:len(starts)-1] {
		next := part{c.changeFor(withPort(base, start, start)), start, starts[k+1] - 1}
		if n := len(parts); n > 0 && parts[n-1].change == next.change {
			parts[n-1].high = next.high
		} else {
			parts = append(parts, next)
		}
	}
	if len(parts) > maxRanges {
		return nil
	}
	slices.SortStableFunc(parts, func(a, b part) int { return cmp.Compare(a.change, b.change) })
	for _, r := range parts {
		list = append(list, named{r.change, withPort(base, r.low, r.high), nil})
	}
	return list
}

// namesOf returns the names of the entries that are not exact origins.
func namesOf(patterns []originSample) (names []string) {
	for _, p := range patterns {
		if !core.IsOrigin(p.name) {
			names = append(names, p.name)
		}
	}
	return names
}

// portRange returns the parts of an entry such as http://localhost:3000-3999 or
// http://localhost:*. ok is false for every other entry.
func portRange(entry string) (base string, low, high int, ok bool) {
	base, low, high = ports(entry)
	ok = low < high && base != "" && !strings.Contains(base, "*") && !strings.HasPrefix(entry, "regexp:")
	return base, low, high, ok
}

const maxPort = 65535

// ports returns the ports that an entry matches, and the entry without them. An entry
// without a scheme, such as @loopback, matches every port.
func ports(entry string) (base string, low, high int) {
	scheme, host, ok := strings.Cut(entry, "://")
	i := strings.LastIndexByte(host, ':')
	switch {
	case !ok:
		return "", 1, maxPort
	case i < strings.LastIndexByte(host, ']'), i < 0:
		return entry, defaultPort(entry), defaultPort(entry)
	}
	base, port := scheme+"://"+host[:i], host[i+1:]
	if port == "*" {
		return base, 1, maxPort
	}
	first, last, ok := strings.Cut(port, "-")
	if !ok {
		last = first
	}
	low, _ = strconv.Atoi(first)
	high, _ = strconv.Atoi(last)
	return base, low, high
}

// defaultPort returns the port that browsers omit, or 0.
func defaultPort(base string) int {
	switch scheme, _, _ := strings.Cut(base, "://"); scheme {
	case "http", "ws":
		return 80
	case "https", "wss":
		return 443
	}
	return 0
}

// withPort returns an origin, or an entry with a port range.
func withPort(base string, low, high int) string {
	switch {
	case low < high:
		return fmt.Sprintf("%s:%d-%d", base, low, high)
	case low == defaultPort(base):
		return base
	}
	return base + ":" + strconv.Itoa(low)
}
