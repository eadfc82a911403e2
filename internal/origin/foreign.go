package origin

import (
	"net/netip"
	"slices"
	"strings"
)

// foreign recognizes entries that are written in another notation, such as a
// template, a regular expression or a range of addresses. A correction made from
// their parts would be misleading.
func foreign(s string) *Fault {
	e := foreignEntry{entry: s, trimmed: strings.TrimSpace(strings.TrimPrefix(s, byteOrderMark))}
	e.lower = strings.ToLower(e.trimmed)
	if e.trimmed == "" {
		return nil
	}
	for _, n := range notations {
		if n.recognize != nil && n.recognize(e) {
			fault := n.fault
			return &fault
		}
		if n.unwrap == nil {
			continue
		}
		if inner, ok := n.unwrap(e); ok && isPattern(inner) {
			fault := n.fault
			fault.Suggestion = didYouMean(inner)
			return &fault
		}
	}
	return nil
}

const byteOrderMark = "\ufeff"

// foreignEntry is an entry in the forms that notations look at.
type foreignEntry struct {
	entry   string
	trimmed string // without a byte order mark and white space around it
	lower   string // trimmed, in lower case
}

// notation is a way of writing entries that patterns do not have. Either recognize
// or unwrap is set.
type notation struct {
	fault     Fault
	recognize func(foreignEntry) bool
	unwrap    func(foreignEntry) (inner string, ok bool) // the notation applies only if inner is a pattern
}

// notations are tried in order.
var notations = [...]notation{
	{
		fault:     Fault{Reason: Syntax, Detail: "a variable that was not expanded", Suggestion: "check that the variable is set"},
		recognize: isVariable,
	}, {
		fault: Fault{
			Reason: MissingHost, Detail: `browsers send "null" for pages from files`,
			Suggestion: `serve the page from a server, or write "file://" if an application sends that`,
		},
		recognize: isFile,
	}, {
		fault: Fault{
			Reason: MissingHost, Detail: `pages of such URLs have the origin "null"`,
			Suggestion: "serve the page from a server",
		},
		recognize: hasPrefix("data:", "about:", "blob:"),
	}, {
		fault: Fault{
			Reason: Syntax, Detail: "not an origin pattern",
			Suggestion: "pages of the server's own origin need no entry; an empty list allows no other origin",
		},
		recognize: isOneOf("none", "self", "'self'", "same-origin"),
	}, {
		fault:     Fault{Reason: Syntax, Detail: "not an origin pattern", Suggestion: `did you mean "@loopback"?`},
		recognize: isOneOf("loopback", "localhost:*"),
	}, {
		fault: Fault{
			Reason: Syntax, Detail: "a regular expression without its prefix",
			Suggestion: `write "regexp:" and the expression, without delimiters and anchors`,
		},
		recognize: isExpression,
	}, {
		fault:  Fault{Reason: Syntax, Detail: "quotes around the entry"},
		unwrap: unquote,
	}, {
		fault:  Fault{Reason: Syntax, Detail: "a dash before the entry"},
		unwrap: cutDash,
	}, {
		fault:     Fault{Reason: List, Detail: "a list in one entry", Suggestion: "write one list entry for each origin"},
		recognize: hasPrefix(`["`, `['`),
	}, {
		fault:  Fault{Reason: NonASCII, Detail: "a byte order mark before the entry"},
		unwrap: cutByteOrderMark,
	}, {
		fault: Fault{
			Reason: BadHost, Detail: "a range of addresses, which a pattern cannot express",
			Suggestion: "list the origins, or use a regular expression, regexp:...",
		},
		recognize: isAddressRange,
	},
}

func isOneOf(names ...string) func(foreignEntry) bool {
	return func(e foreignEntry) bool { return slices.Contains(names, e.lower) }
}

func hasPrefix(prefixes ...string) func(foreignEntry) bool {
	return func(e foreignEntry) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(e.lower, p) })
	}
}

// isFile recognizes URLs of files, but not file://, the origin that some applications
// send.
func isFile(e foreignEntry) bool { return strings.HasPrefix(e.lower, "file:") && e.lower != "file://" }

func isVariable(e foreignEntry) bool {
	return strings.Contains(e.trimmed, "${") || strings.Contains(e.trimmed, "{{") || strings.HasPrefix(e.trimmed, "$")
}

var hasExpressionPrefix = hasPrefix("^", "/^", "regex:", "re:", "https?:")

func isExpression(e foreignEntry) bool {
	return hasExpressionPrefix(e) || strings.HasPrefix(e.trimmed, "/http") ||
		strings.Contains(e.trimmed, `\.`) && !strings.HasPrefix(e.lower, regexpPrefix)
}

func unquote(e foreignEntry) (inner string, ok bool) {
	for _, quote := range [...]string{`"`, "'", "`"} {
		if after, found := strings.CutPrefix(e.trimmed, quote); found {
			return strings.CutSuffix(after, quote)
		}
	}
	return
}

func cutDash(e foreignEntry) (inner string, ok bool) {
	inner, ok = strings.CutPrefix(e.trimmed, "- ")
	return strings.TrimSpace(inner), ok
}

func cutByteOrderMark(e foreignEntry) (inner string, ok bool) {
	return e.trimmed, strings.HasPrefix(e.entry, byteOrderMark)
}

func isAddressRange(e foreignEntry) bool {
	address := e.trimmed
	if _, after, ok := strings.Cut(address, "://"); ok {
		address = after
	}
	_, err := netip.ParsePrefix(address)
	return err == nil
}
