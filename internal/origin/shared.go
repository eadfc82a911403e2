package origin

import (
	"strings"

	"github.com/corskit/corskit/internal/suffix"
)

// Shared reports whether a Wild pattern matches names that anyone can get. If so, it
// says where, as in "the public suffix github.io, where anyone can register a name",
// and what to write instead. Only hosts that DNS resolves are shared: a program that uses
// another scheme decides what its hosts mean.
func (p *Pattern) Shared() (where, advice string, ok bool) {
	base, ok := p.base()
	if !ok || !isSpecial(p.Scheme) {
		return "", "", false
	}
	n, known := suffix.Find(base) // the root if base is unknown
	head := p.Host[:len(p.Host)-len(base)-len(".")]
	switch {
	case n.Kind() == suffix.Listed:
		where = base + ", a host that strangers share"
	case n.Kind() == suffix.Address, isPartOfAddress(base):
		where = base + ", where every address has names"
	case n.Kind().IsSuffix():
		where = "the public suffix " + base + ", where anyone can register a name"
	case known && reaches(n, strings.Split(head, ".")):
		where = base + ", which has public suffixes below it"
	default:
		return "", "", false
	}
	return where, p.respell(base), true
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

// respell says what a policy with credentials accepts in place of a pattern that is
// [Pattern.Shared]. base is as returned by base.
func (p *Pattern) respell(base string) string {
	switch at, kind := suffix.PublicSuffix(base); {
	case kind == suffix.ICANN && at == base:
		return `write out the registered domain, as in "https://*.example.` + at + `"`
	case kind == suffix.Address:
		return `write out the address, as in "https://*.203.0.113.7.` + at + `"`
	}
	return `list the origins one by one, as in "https://` + strings.ReplaceAll(p.Host, "*", "app") +
		`", or give them a domain of your own, as in "https://*.preview.example.com"`
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
