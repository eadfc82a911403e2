package main

import (
	"context"
	"regexp"
	"regexp/syntax"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
)

// routeSample is a request that stands for all those which one route governs in
// one file, and one route in the other.
type routeSample struct {
	name, host, path string
	policies         string // that govern it in each of the files
}

func (r routeSample) request(origin string) core.Request {
	return core.Request{
		Method: "GET", Host: r.host, Path: r.path, Origin: []string{origin}, SecFetchSite: []string{"cross-site"},
	}
}

// maxRoutes bounds the pairs of a host and a path that are looked at.
const maxRoutes = 10_000

// routesOf returns requests for every pair of routes that can govern one: for
// each host that a route of either file names, or none, together with each path.
func routesOf(ctx context.Context, progress func(config.Progress), configs ...*config.Config) []routeSample {
	hosts, paths := []string{""}, []string{""}
	var list []routeSample
	known := make(map[string]bool)
	add := func(name, host, path string) {
		s := routeSample{name: name, host: host, path: path}
		if s.host == "" {
			s.host = defaultHost
		}
		if s.path == "" {
			s.path = "/"
		}
		if strings.HasSuffix(s.path, "/") && s.path != "/" {
			s.path += sampleLabel
		}
		key := ""
		for _, c := range configs {
			route := governing(ctx, c, s)
			key += strconv.Itoa(route) + " "
			s.policies += "\x00"
			if route == none {
				continue
			}
			for _, p := range c.Routes[route].Policies {
				s.policies += p.Name + "\x01"
			}
		}
		if !known[key] {
			known[key] = true
			list = append(list, s)
		}
	}
	for _, c := range configs {
		for _, r := range c.Routes {
			add(r.Host+r.Path, r.Host, r.Path)
			hosts, paths = append(hosts, r.Host), append(paths, r.Path)
		}
	}
	name := ""
	if len(list) > 0 {
		name = "elsewhere"
	}
	add(name, "", "")
	slices.Sort(hosts)
	slices.Sort(paths)
	hosts, paths = slices.Compact(hosts), slices.Compact(paths)
	hosts = hosts[:min(len(hosts), maxRoutes/len(paths)+1)]
	for i, host := range hosts {
		for j, path := range paths {
			progress(config.Progress{Phase: "looking for routes", Done: i*len(paths) + j, Total: len(hosts) * len(paths)})
			add(host+path, host, path)
		}
	}
	return list
}

// governing returns the index of the route of a configuration that governs a
// request, or none.
func governing(ctx context.Context, c *config.Config, s routeSample) int {
	if c.Routes == nil {
		return none
	}
	return c.Engine().Explain(ctx, s.request(stranger)).Route
}

// originSample is origins that stand for those of a pattern.
type originSample struct {
	name    string
	origins []string
}

// What * may stand for inside a host.
const (
	sampleLabel = "corskit-sample"
	sampleOther = "a_0"
)

// samplePort is a port that nobody lists.
const samplePort = ":49151"

// stranger is an origin that nobody has (RFC 2606).
const stranger = "https://corskit-sample.invalid"

// samples returns origins for every pattern of the configurations, and for those
// that none has.
func samples(configs ...*config.Config) []originSample {
	list := []originSample{{"any other origin", []string{stranger}}}
	seen := map[string]bool{"*": true}
	var outside []string
	for _, c := range configs {
		for _, p := range c.Policies {
			for _, pattern := range p.AllowOrigins {
				if seen[pattern] {
					continue
				}
				seen[pattern] = true
				inside, beside := sample(pattern)
				if len(inside) > 0 {
					list = append(list, originSample{pattern, inside})
				}
				outside = append(outside, beside...)
			}
		}
	}
	for _, o := range outside {
		list = append(list, originSample{o, []string{o}})
	}
	return list
}

// sample returns origins that a pattern matches, and some just beside it. What
// two patterns differ in has to show in an origin of either.
func sample(pattern string) (inside, beside []string) {
	if expression, ok := strings.CutPrefix(pattern, "regexp:"); ok {
		return sampleExpression(expression)
	}
	if pattern == "@loopback" {
		for _, scheme := range []string{"http", "https"} {
			for _, host := range []string{"localhost", "127.0.0.1", "[::1]"} {
				inside = append(inside, scheme+"://"+host, scheme+"://"+host+samplePort)
			}
		}
		return inside, nil
	}
	host, ports := pattern, []string{""}
	var others []string
	if h, ok := strings.CutSuffix(pattern, ":*"); ok {
		host, ports = h, []string{"", samplePort}
	} else if i := strings.LastIndexByte(pattern, ':'); i >= 0 {
		low, high, isRange := strings.Cut(pattern[i+1:], "-")
		first, err1 := strconv.Atoi(low)
		last, err2 := strconv.Atoi(high)
		if isRange && err1 == nil && err2 == nil {
			host = pattern[:i]
			ports = []string{port(host, first), port(host, last)}
			others = []string{port(host, first-1), port(host, last+1)}
		}
	}
	hosts := []string{host}
	if strings.Contains(host, "*") {
		hosts = []string{strings.ReplaceAll(host, "*", sampleLabel), strings.ReplaceAll(host, "*", sampleOther)}
		if strings.Contains(host, "//*.") {
			hosts = append(hosts, strings.ReplaceAll(host, "*", sampleLabel+"."+sampleOther))
		}
	}
	for _, h := range hosts {
		for _, p := range ports {
			inside = append(inside, h+p)
		}
		for _, p := range others {
			beside = append(beside, h+p)
		}
	}
	return inside, beside
}

// port spells a port as origins of a scheme do: not at all if it is the default.
func port(origin string, n int) string {
	if n <= 0 || n > 65535 || n == 80 && strings.HasPrefix(origin, "http:") || n == 443 && strings.HasPrefix(origin, "https:") {
		return ""
	}
	return ":" + strconv.Itoa(n)
}

// maxSamples bounds the origins that stand for one expression.
const maxSamples = 32

// sampleExpression returns origins that an expression matches, as different as
// can be, and some that it does not match because of one repetition too many.
func sampleExpression(expression string) (inside, beside []string) {
	tree, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil, nil
	}
	whole, err := regexp.Compile("^(?:" + expression + ")$")
	if err != nil {
		return nil, nil
	}
	some := func(list []string, matched bool) []string {
		slices.Sort(list)
		list = slices.DeleteFunc(slices.Compact(list), func(s string) bool { return whole.MatchString(s) != matched })
		return list[:min(len(list), maxSamples)]
	}
	return some(matches(tree), true), some(beyond(tree), false)
}

// matches returns strings that an expression most likely matches: each of its
// alternatives, the ends of each class of characters, few repetitions and more.
func matches(re *syntax.Regexp) []string {
	switch re.Op {
	case syntax.OpLiteral:
		text := string(re.Rune)
		if re.Flags&syntax.FoldCase != 0 {
			text = strings.ToLower(text) // as origins are
		}
		return []string{text}
	case syntax.OpCharClass:
		return class(re.Rune)
	case syntax.OpAnyChar, syntax.OpAnyCharNotNL:
		return []string{"a", "0", "-", "."}
	case syntax.OpCapture:
		return matches(re.Sub[0])
	case syntax.OpPlus:
		return repeated(re.Sub[0], 1, -1)
	case syntax.OpStar:
		return repeated(re.Sub[0], 0, -1)
	case syntax.OpQuest:
		return repeated(re.Sub[0], 0, 1)
	case syntax.OpRepeat:
		return repeated(re.Sub[0], re.Min, re.Max)
	case syntax.OpConcat:
		list := []string{""}
		for _, sub := range re.Sub {
			list = joined(list, matches(sub))
		}
		return list
	case syntax.OpAlternate:
		var list []string
		for _, sub := range re.Sub {
			list = append(list, matches(sub)...)
		}
		return list[:min(len(list), maxSamples)]
	}
	return []string{""}
}

// beyond returns strings like those of matches, but with one of the bounded
// repetitions exceeded by one.
func beyond(re *syntax.Regexp) []string {
	var list []string
	switch re.Op {
	case syntax.OpQuest:
		list = repeated(re.Sub[0], 2, 2)
	case syntax.OpRepeat:
		if re.Max >= 0 {
			list = repeated(re.Sub[0], re.Max+1, re.Max+1)
		}
	case syntax.OpConcat:
		for i, sub := range re.Sub {
			if more := beyond(sub); len(more) > 0 && len(list) < maxSamples {
				before := matches(&syntax.Regexp{Op: syntax.OpConcat, Sub: re.Sub[:i]})
				after := matches(&syntax.Regexp{Op: syntax.OpConcat, Sub: re.Sub[i+1:]})
				list = append(list, joined(joined(before, more), after)...)
			}
		}
	case syntax.OpCapture, syntax.OpPlus, syntax.OpStar, syntax.OpAlternate:
		for _, sub := range re.Sub {
			list = append(list, beyond(sub)...)
		}
	}
	return list[:min(len(list), maxSamples)]
}

// joined puts each string of either list together with one of the other.
func joined(a, b []string) []string {
	if len(a) == 0 || len(b) == 0 {
		return nil
	}
	list := make([]string, max(len(a), len(b)))
	for i := range list {
		list[i] = a[i%len(a)] + b[i%len(b)]
	}
	return list
}

// repeated returns the fewest repetitions, one more, and the most. A most of -1
// is no bound.
func repeated(re *syntax.Regexp, fewest, most int) []string {
	once := matches(re)
	var list []string
	for _, n := range []int{fewest, fewest + 1, most} {
		if n < 0 || most >= 0 && n > most {
			continue
		}
		for _, s := range once {
			list = append(list, strings.Repeat(s, n))
		}
	}
	return list[:min(len(list), maxSamples)]
}

// class returns the ends of the ranges of a class, as far as hosts hold such
// characters.
func class(ranges []rune) []string {
	var list []string
	for _, within := range []struct{ low, high rune }{{'a', 'z'}, {'0', '9'}, {'-', '.'}, {'_', '_'}, {':', ':'}, {'/', '/'}} {
		for i := 0; i+1 < len(ranges); i += 2 {
			low, high := max(ranges[i], within.low), min(ranges[i+1], within.high)
			if low <= high {
				list = append(list, string(low), string(high))
			}
		}
	}
	return list[:min(len(list), maxSamples)]
}

// expressionsDiffer reports whether a regular expression is in one of the
// configurations only.
func expressionsDiffer(before, after *config.Config) bool {
	of := func(c *config.Config) map[string]bool {
		m := make(map[string]bool)
		for _, p := range c.Policies {
			for _, pattern := range p.AllowOrigins {
				if strings.HasPrefix(pattern, "regexp:") {
					m[pattern] = true
				}
			}
		}
		return m
	}
	a, b := of(before), of(after)
	for pattern := range a {
		if !b[pattern] {
			return true
		}
	}
	return len(a) != len(b)
}
