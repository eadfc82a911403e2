package origin

import (
	"strings"

	"github.com/corskit/corskit/internal/suffix"
)

// Shared reports whether a Wild pattern matches names that anyone can get, and
// where: "the public suffix github.io, where anyone can register a name". Only hosts
// that DNS resolves have strangers: what the hosts of other schemes mean is up to
// the program that has them.
func (p *Pattern) Shared() (where string, ok bool) {
	base, ok := p.base()
	if !ok || !isSpecial(p.Scheme) {
		return "", false
	}
	n, known := suffix.Find(base)
	switch {
	case known && n.Kind() == suffix.Listed:
		return base + ", a host that strangers share", true
	case known && n.Kind() == suffix.Address, isPartOfAddress(base):
		return base + ", where every address has names", true
	case known && n.Kind().IsSuffix():
		return "the public suffix " + base + ", where anyone can register a name", true
	}
	head := p.Host[:len(p.Host)-len(base)-len(".")]
	if known && reaches(n, strings.Split(head, ".")) {
		return base + ", which has public suffixes below it", true
	}
	return "", false
}

// reaches reports whether hosts that end in the domain of n, preceded by labels that
// match head, are suffixes or below one. The first label of a host pattern matches
// several labels if it is "*".
func reaches(n suffix.Node, head []string) bool {
	last := len(head) - 1
	if last < 0 {
		return false
	}
	if last == 0 && head[0] == "*" {
		return n.SpansSuffixes()
	}
	for kid := range n.Children() {
		if kid.Label() == suffix.Wildcard || matchLabel(head[last], kid.Label()) {
			if kid.Kind().IsSuffix() || reaches(kid, head[:last]) {
				return true
			}
		}
	}
	return false
}

// isPartOfAddress reports whether domain is a few numbers below a host such as
// nip.io: names below 1.nip.io belong to all addresses that end in .1.
func isPartOfAddress(domain string) bool {
	at, kind := suffix.PublicSuffix(domain)
	numbers := strings.TrimSuffix(domain, at)
	return kind == suffix.Address && strings.Trim(numbers, "0123456789.") == "" && strings.Count(numbers, ".") < 4
}

// Respelled returns two entries that a policy with credentials accepts in place of a
// pattern for which [Pattern.Shared] is true: one of the origins that it matches, and
// a wildcard below a domain of one's own.
func (p *Pattern) Respelled() (exact, wildcard string) {
	base, _ := p.base()
	own := "preview.example.com"
	switch at, kind := suffix.PublicSuffix(base); {
	case kind == suffix.ICANN && at == base:
		own = "example." + at
	case kind == suffix.Address:
		own = "203.0.113.7." + at
	}
	return "https://" + strings.ReplaceAll(p.Host, "*", "app"), "https://*." + own
}

// Unmanaged reports whether a Wild pattern's wildcard is directly under a
// top-level domain that the public suffix list does not have.
func (p *Pattern) Unmanaged() bool {
	base, ok := p.base()
	_, known := suffix.Find(base)
	return ok && isSpecial(p.Scheme) && !strings.Contains(base, ".") && !known
}

// Loopback reports whether the pattern's host is the machine that the browser runs
// on.
func (p *Pattern) Loopback() bool { return loopback(p.Host) }

// base returns the complete labels to the right of the last wildcard.
func (p *Pattern) base() (string, bool) {
	star := strings.LastIndexByte(p.Host, '*')
	if star < 0 {
		return "", false
	}
	tail := p.Host[star+1:]
	return tail[strings.IndexByte(tail, '.')+1:], true
}

// registrable returns the registered domain that a host belongs to, according to
// the public suffix list. For addresses, it returns "address".
func registrable(host string) string {
	if host == "" || host[0] == '[' || isIPv4(host) {
		return "address"
	}
	if d, ok := suffix.Registered(host); ok {
		return d
	}
	if _, kind := suffix.PublicSuffix(host); kind != suffix.None {
		return host // a suffix itself
	}
	return host[strings.LastIndexByte(host, '.')+1:]
}
