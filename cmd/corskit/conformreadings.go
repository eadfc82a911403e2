package main

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/gateways/classes"
)

// misreading is an entry that a server applies if it misreads an entry of allow_origins. It
// matches the origins that the server then allows.
type misreading struct {
	flaw
	entry string // as in a file
}

var (
	otherScheme = flaw{"other-scheme", "the same host is allowed with another scheme", compareWhole, false}
	otherPort   = flaw{"other-port", "the same host is allowed with another port, where another program may listen", compareWhole, false}
	matchesApex = flaw{"matches-apex", "the domain itself is allowed, and the file allows only its subdomains",
		"require a label in front of the domain", false}
	matchesBelow = flaw{"matches-subdomains", "subdomains of the allowed host are allowed too", compareWhole, false}
	crossesDots  = flaw{"wildcard-crosses-dots", "a wildcard inside a label matches dots, so it matches more than one label",
		"let * match only letters, digits, - and _", false}
	matchesNothing = flaw{"wildcard-matches-nothing", "a wildcard also matches nothing", "require one character or more", false}
	oddCharacters  = flaw{"odd-characters", "a wildcard matches characters that no host name has",
		"let * match only letters, digits, - and _", false}
	comparesPartly = flaw{"compares-partly", "an origin is allowed whose host differs from the listed one only at its beginning or end",
		compareWhole, false}
	trailingDot = flaw{"trailing-dot", "the host is allowed with a dot at the end, which is another origin", compareWhole, false}
	outsidePort = flaw{"outside-port-range", "a port next to the range is allowed", "compare the port with both ends of the range", false}
	notAnchored = flaw{"unanchored-expression", "an origin that only contains what the expression matches is allowed",
		"anchor the expression as ^(?:...)$", false}
	otherRoute = flaw{"other-route", "an origin that the file allows only on other routes is allowed",
		"apply only the policies of the first route that covers the path", false}
)

// parsed is an entry with a scheme, split into its parts.
type parsed struct {
	scheme   string
	host     string // with brackets
	below    string // what follows a leading "*.", or ""
	wildcard bool   // whether a label has a wildcard
	port     string // with the colon
}

// Expressions for parts of origins.
const (
	labelsExpr = `[a-z0-9_-]+(?:\.[a-z0-9_-]+)*`
	partExpr   = `[a-z0-9_-]+`
	lettersX   = `[a-z]+`
	portExpr   = `[1-9][0-9]{0,4}`
)

// parseEntryParts splits an entry. ok is false for expressions, and for entries without a
// scheme or a host.
func parseEntryParts(entry string) (p parsed, ok bool) {
	scheme, rest, ok := strings.Cut(entry, "://")
	if !ok || strings.HasPrefix(entry, "regexp:") || strings.Trim(rest, "/.") == "" {
		return p, false
	}
	p = parsed{scheme: scheme, host: rest}
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, ']') {
		p.host, p.port = rest[:i], rest[i:]
	}
	p.below, _ = strings.CutPrefix(p.host, "*.")
	if p.below == p.host {
		p.below, p.wildcard = "", strings.Contains(p.host, "*")
	}
	return p, true
}

// with returns an entry for the hosts that an expression matches, with the same scheme and port.
func (p parsed) with(hosts string) string { return p.expression(p.scheme, hosts, p.portExpression()) }

func (p parsed) expression(scheme, hosts, port string) string {
	return "regexp:" + regexp.QuoteMeta(scheme+"://") + hosts + port
}

func (p parsed) portExpression() string {
	if p.port == ":*" {
		return "(?::" + portExpr + ")?"
	}
	first, _, _ := strings.Cut(p.port, "-")
	return regexp.QuoteMeta(first)
}

// hosts returns an expression for the hosts. labels replaces a leading "*", and part a "*"
// inside a label.
func (p parsed) hosts(labels, part string) string {
	if p.below != "" {
		return labels + `\.` + regexp.QuoteMeta(p.below)
	}
	before, after, found := strings.Cut(p.host, "*")
	if !found {
		return regexp.QuoteMeta(p.host)
	}
	return regexp.QuoteMeta(before) + part + regexp.QuoteMeta(after)
}

// misreadings returns how servers misread an entry.
func misreadings(entry string) (list []misreading) {
	if e, ok := strings.CutPrefix(entry, "regexp:"); ok {
		for _, x := range []string{`(?:` + e + `)[a-z]+`, `(?:` + e + `)\.[a-z]+`, `[a-z]+(?:` + e + `)`, `(?:` + e + `):` + portExpr} {
			list = append(list, misreading{notAnchored, "regexp:" + x})
		}
		return list
	}
	p, ok := parseEntryParts(entry)
	if !ok {
		return nil
	}
	add := func(f flaw, entry string) { list = append(list, misreading{f, entry}) }
	host := p.hosts(labelsExpr, partExpr)
	isIP := strings.HasPrefix(p.host, "[") || regexp.MustCompile(`^[0-9.]+$`).MatchString(p.host)
	switch {
	case p.scheme == "https" && !isLoopback(strings.Trim(p.host, "[]")):
		add(allowsHTTP, p.expression("http", host, p.portExpression()))
	case p.scheme == "http":
		add(otherScheme, p.expression("https", host, p.portExpression()))
	}
	if p.port != ":*" {
		add(otherPort, p.expression(p.scheme, host, ":"+portExpr))
	}
	if p.port != "" && p.port != ":*" {
		add(otherPort, p.expression(p.scheme, host, ""))
		add(matchesPrefix, p.expression(p.scheme, host, p.portExpression()+"[0-9]"))
	}
	list = append(list, p.outsideRange()...)
	if strings.HasPrefix(p.host, "[") {
		return list
	}
	add(matchesPrefix, p.with(host+`\.`+lettersX))
	add(matchesPrefix, p.with(host+lettersX))
	add(matchesPrefix, p.expression(p.scheme, host+`\.`+lettersX, ""))
	if isIP {
		return list
	}
	return append(list, p.names(host)...)
}

// names returns how servers misread a host name.
func (p parsed) names(host string) (list []misreading) {
	add := func(f flaw, hosts string) { list = append(list, misreading{f, p.with(hosts)}) }
	if name := strings.TrimSuffix(p.host, "."); name != p.host {
		add(trailingDot, parsed{host: name, below: strings.TrimSuffix(p.below, "."), wildcard: p.wildcard}.hosts(labelsExpr, partExpr))
	}
	switch {
	case p.below != "":
		below := regexp.QuoteMeta(p.below)
		add(matchesSuffix, lettersX+below)
		add(matchesApex, below)
		add(oddCharacters, `[a-z]+[^a-z0-9._:/-][a-z]+\.`+below)
	case p.wildcard:
		add(matchesSuffix, lettersX+host)
		add(crossesDots, p.hosts("", `[a-z]+\.[a-z]+`))
		add(matchesNothing, p.hosts("", ""))
		add(oddCharacters, p.hosts("", `[a-z]+[^a-z0-9._:/-][a-z]+`))
	default:
		add(matchesSuffix, lettersX+host)
		add(matchesBelow, lettersX+`\.`+host)
		if labels := strings.Split(p.host, "."); len(labels) > 1 {
			add(comparesPartly, regexp.QuoteMeta(strings.Join(labels[:len(labels)-1], ".")))
		}
		if n := len(p.host); n > 2 {
			add(comparesPartly, `[a-z]`+regexp.QuoteMeta(p.host[1:]))
		}
	}
	if strings.HasSuffix(p.host, ".") {
		return list
	}
	add(trailingDot, host+`\.`)
	if end := host[len(host)-1]; 'a' <= end && end <= 'z' {
		add(comparesPartly, host[:len(host)-1]+`[a-z]`)
	}
	return append(list, p.dots()...)
}

// maxDots is the most dots of an entry that dots replaces, one at a time.
const maxDots = 6

// dots returns the misreadings in which one dot matches any character.
func (p parsed) dots() (list []misreading) {
	fixed, at := p.host, 0
	if i := strings.IndexByte(fixed, '*'); i >= 0 {
		at = i + 2 // other misreadings cover a dot next to the wildcard
	}
	for n := 0; at < len(fixed) && n < maxDots; at++ {
		if fixed[at] != '.' {
			continue
		}
		n++
		before := parsed{host: fixed[:at]}
		before.below, _ = strings.CutPrefix(before.host, "*.")
		if before.below == before.host {
			before.below = ""
		}
		hosts := before.hosts(labelsExpr, partExpr) + `[a-z0-9-]` + regexp.QuoteMeta(fixed[at+1:])
		list = append(list, misreading{unescapedDot, p.with(hosts)})
	}
	return list
}

// outsideRange returns the misreadings that match the ports just outside a port range.
func (p parsed) outsideRange() (list []misreading) {
	base, low, high, ok := portRange(p.scheme + "://" + p.host + p.port)
	if !ok || p.port == ":*" {
		return nil
	}
	for _, port := range []int{low - 1, high + 1} {
		if port > 0 && port <= maxPort {
			list = append(list, misreading{outsidePort, withPort(base, port, port)})
		}
	}
	return list
}

// narrowings returns entries that match only some origins of an entry: those that a server
// allows if it reads the entry too narrowly.
func narrowings(entry string) (list []string) {
	if e, ok := strings.CutPrefix(entry, "regexp:"); ok {
		return alternatives(e)
	}
	p, ok := parseEntryParts(entry)
	if !ok {
		return nil
	}
	if p.below != "" {
		list = append(list, p.with(p.hosts(lettersX, "")), p.with(p.hosts(partExpr, "")))
	} else if p.wildcard {
		list = append(list, p.with(p.hosts("", lettersX)))
	}
	if base, low, high, ok := portRange(entry); ok {
		list = append(list, withPort(base, low, low), withPort(base, high, high))
	}
	if p.port == ":*" {
		list = append(list, p.expression(p.scheme, p.hosts(labelsExpr, partExpr), ""))
	}
	return list
}

// maxAlternatives is the most alternatives of an expression that conform tries.
const maxAlternatives = 10

// alternatives returns an expression for each alternative of an expression such as x(a|b|c).
func alternatives(expression string) (list []string) {
	tree, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return nil
	}
	var visit func(*syntax.Regexp, func(string) string)
	visit = func(re *syntax.Regexp, whole func(string) string) {
		switch re.Op {
		case syntax.OpAlternate:
			for _, sub := range re.Sub {
				list = append(list, "regexp:"+whole(sub.String()))
			}
		case syntax.OpCharClass: // the parser turns a|b into [a-b]
			for _, r := range fewOf(re.Rune) {
				list = append(list, "regexp:"+whole(regexp.QuoteMeta(string(r))))
			}
		case syntax.OpCapture:
			visit(re.Sub[0], whole)
		case syntax.OpConcat:
			for i, sub := range re.Sub {
				visit(sub, func(part string) string {
					var b strings.Builder
					for k, other := range re.Sub {
						if k == i {
							b.WriteString("(?:" + part + ")")
						} else {
							b.WriteString("(?:" + other.String() + ")")
						}
					}
					return whole(b.String())
				})
			}
		}
	}
	visit(tree, func(part string) string { return part })
	return list[:min(len(list), maxAlternatives)]
}

// fewOf returns the characters of a class, or nil if it has more than four.
func fewOf(ranges []rune) (chars []rune) {
	for i := 0; i+1 < len(ranges); i += 2 {
		for r := ranges[i]; r <= ranges[i+1]; r++ {
			if chars = append(chars, r); len(chars) > 4 {
				return nil
			}
		}
	}
	return chars
}

// visitor is an origin that conform asks about.
type visitor struct {
	origin string
	entry  string // the entry that it belongs to, or that it looks like
	member bool   // whether the entry matches it
	flaw          // what is wrong if the server allows it and the file does not

	likes map[string]flaw // the flaws for other entries that it looks like
}

// Bounds of what conform asks about.
const (
	maxMisread = 40  // entries whose misreadings are tried
	maxMembers = 400 // entries whose origins are tried
	maxSampled = 100 // of these, entries that are patterns
)

// visitors returns the origins to ask about: members of each entry, with those at its edges,
// and origins that only a misreading of it matches. All of them come from the automata of the
// entries, so there is a look-alike if, and only if, the misreading matches an origin that the
// entries do not.
func visitors(entries []string, progress func(done, total int)) (list []visitor, notes []string) {
	g := collector{entries: classes.Of(entries), seen: make(map[string]int)}
	sampled := 0
	for i, e := range entries[:min(len(entries), maxMembers)] {
		progress(i, min(len(entries), maxMembers))
		exact := g.entries.Exact[e]
		if !exact {
			sampled++
		}
		if exact || sampled <= maxSampled {
			g.members(e)
		}
		if i < maxMisread {
			g.lookAlikes(e)
		}
	}
	if len(entries) > maxMisread {
		g.notes = append(g.notes, fmt.Sprintf("the file lists %d entries: conform asks about origins of the first %d, and "+
			"look-alikes of the first %d", len(entries), min(len(entries), maxMembers), maxMisread))
	}
	return g.list, g.notes
}

// collector collects the visitors of a file, each once.
type collector struct {
	entries classes.Entries
	seen    map[string]int // indices in list
	list    []visitor
	notes   []string
}

func (g *collector) add(v visitor) {
	i, known := g.seen[v.origin]
	if !known {
		i = len(g.list)
		g.seen[v.origin] = i
		g.list = append(g.list, v)
		g.list[i].likes = make(map[string]flaw)
	}
	have := &g.list[i]
	if v.member && !have.member {
		have.entry, have.member, have.flaw = v.entry, true, v.flaw
	}
	if _, known := have.likes[v.entry]; !known && !v.member {
		have.likes[v.entry] = v.flaw
	}
}

// expanded returns the entries that an entry stands for.
func expanded(entry string) []string {
	if entry != "@loopback" {
		return []string{entry}
	}
	var list []string
	for _, scheme := range []string{"http", "https"} {
		for _, host := range []string{"localhost", "127.0.0.1", "[::1]"} {
			list = append(list, scheme+"://"+host+":*")
		}
	}
	return list
}

func (g *collector) members(entry string) {
	if g.entries.Exact[entry] {
		g.add(visitor{origin: entry, entry: entry, member: true})
		return
	}
	for _, e := range expanded(entry) {
		if e == "*" || e == "null" {
			continue
		}
		for _, o := range g.sample(e, append(narrowings(e), g.entries.Patterns...)) {
			g.add(visitor{origin: o, entry: entry, member: true})
		}
	}
}

func (g *collector) lookAlikes(entry string) {
	for _, e := range expanded(entry) {
		near := slices.DeleteFunc(slices.Clone(g.entries.Patterns), func(p string) bool { return !classes.MayOverlap(p, e) })
		for _, m := range misreadings(e) {
			if core.IsOrigin(m.entry) {
				g.add(visitor{origin: m.entry, entry: entry, flaw: m.flaw})
				continue
			}
			for _, o := range append(g.sample(m.entry, near), g.listed(m.entry)...) {
				if o != entry {
					g.add(visitor{origin: o, entry: entry, flaw: m.flaw})
				}
			}
		}
	}
}

// maxCompared is the most origins of a file that are compared with misreadings.
const maxCompared = 200

// listed returns the origins of the file that a misreading matches. Other routes may not allow
// them.
func (g *collector) listed(entry string) (origins []string) {
	expression, ok := strings.CutPrefix(entry, "regexp:")
	if !ok || len(g.entries.Exact) > maxCompared {
		return nil
	}
	re, err := regexp.Compile("^(?:" + expression + ")$")
	if err != nil {
		return nil
	}
	for o := range g.entries.Exact {
		if re.MatchString(o) {
			origins = append(origins, o)
		}
	}
	slices.Sort(origins)
	return origins
}

// sample returns origins that an entry matches. The entry need not be in the file.
func (g *collector) sample(entry string, others []string) []string {
	origins, err := classes.Entries{Exact: g.entries.Exact, Patterns: others}.Examples(entry)
	if err != nil {
		note := "an entry is too complex to find all its look-alikes"
		if slices.Contains(g.entries.Patterns, entry) {
			note = safe(entry) + " is too complex to try all its kinds of origins"
		}
		if !slices.Contains(g.notes, note) {
			g.notes = append(g.notes, note)
		}
	}
	return origins
}
