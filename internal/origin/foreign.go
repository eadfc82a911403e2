package origin

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/corskit/corskit/internal/suffix"
	"github.com/corskit/corskit/reason"
)

// foreign recognizes entries that are written in another notation, such as a
// template, a regular expression or a range of addresses. A correction made from
// their parts would be misleading.
func foreign(s string, depth int) *Fault {
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
		inner, ok := n.unwrap(e)
		if !ok {
			continue
		}
		if fixed, ok := respellOne(inner, depth+1); ok {
			fault := n.fault
			fault.Suggestion = didYouMean(fixed)
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
	unwrap    func(foreignEntry) (inner string, ok bool) // the notation applies only if inner is a pattern, or means one
}

// notations are tried in order.
var notations = [...]notation{
	{
		fault: Fault{
			Reason: reason.Syntax, Detail: "a template that was not rendered",
			Suggestion: "render it (for example with helm template) before the program reads it",
		},
		recognize: isTemplate,
	}, {
		fault:     Fault{Reason: reason.Syntax, Detail: "a variable that was not expanded", Suggestion: "check that the variable is set"},
		recognize: isVariable,
	}, {
		fault: Fault{
			Reason: reason.Syntax, Detail: "the text of a value that was not set",
			Suggestion: "set the value or variable from which it comes, or remove the entry",
		},
		recognize: isOneOf("undefined", "nil", "<nil>", "%!s(<nil>)", "<no value>", "nan", "[object object]", "unset", "(unset)", "(none)"),
	}, {
		fault: Fault{
			Reason: reason.Syntax, Detail: "a placeholder that was not filled in",
			Suggestion: "write the origin of your own pages, as in \"https://app.example.com\"",
		},
		recognize: isPlaceholderText,
	}, {
		fault: Fault{
			Reason: reason.MissingHost, Detail: `browsers send "null" for pages from files`,
			Suggestion: `serve the page from a server, or write "file://" if an application sends that`,
		},
		recognize: isFile,
	}, {
		fault: Fault{
			Reason: reason.MissingHost, Detail: `pages of such URLs have the origin "null"`,
			Suggestion: "serve the page from a server",
		},
		recognize: hasPrefix("data:", "about:", "blob:"),
	}, {
		fault: Fault{
			Reason: reason.Syntax, Detail: "not an origin pattern",
			Suggestion: "pages of the server's own origin need no entry; an empty list allows no other origin",
		},
		recognize: isOneOf("none", "self", "'self'", "same-origin", "false", "no", "off", "disabled", "nobody"),
	}, {
		fault:     Fault{Reason: reason.Syntax, Detail: "not an origin pattern", Suggestion: `did you mean "@loopback"?`},
		recognize: isOneOf("loopback", "localhost:*"),
	}, {
		fault:  Fault{Reason: reason.Syntax, Detail: "a regular expression without its prefix"},
		unwrap: prefixExpression,
	}, {
		fault: Fault{
			Reason: reason.Syntax, Detail: "a regular expression without its prefix",
			Suggestion: "write the prefix regexp: and the expression, without delimiters and anchors",
		},
		recognize: isExpression,
	}, {
		fault:  Fault{Reason: reason.Syntax, Detail: "quotes around the entry"},
		unwrap: unquote,
	}, {
		fault:  Fault{Reason: reason.Syntax, Detail: "a dash before the entry"},
		unwrap: cutDash,
	}, {
		fault:  Fault{Reason: reason.NonASCII, Detail: "a byte order mark before the entry"},
		unwrap: cutByteOrderMark,
	}, {
		fault: Fault{
			Reason: reason.Host, Detail: "a range of addresses, which a pattern cannot express",
			Suggestion: `list the origins, or write an expression, as in "regexp:https://10\\.0\\.[0-9]+\\.[0-9]+"`,
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

func isTemplate(e foreignEntry) bool {
	return strings.Contains(e.trimmed, "{{") || strings.Contains(e.trimmed, "<%")
}

// variable matches the notations for variables of shells, Windows, and build tools.
var variable = regexp.MustCompile(`\$[{(]|^\$|^%\w+%$|#\{|^__[A-Z0-9_]+__$|@@\w+@@`)

func isVariable(e foreignEntry) bool { return variable.MatchString(e.trimmed) }

var (
	// placeholder matches hosts that documentation tells readers to replace. Their
	// lower-case forms are valid.
	placeholder = regexp.MustCompile(`(?:^|[./_-])(?:your[_-]?(?:app|application|site|domain|web-?site|company|org|organization|host|` +
		`hostname|project|frontend|front-end|server|tenant|account|name|origin|url|own|username|user|client|subdomain)|` +
		`change-?me|replace-?me|placeholder)(?:$|[.:_-])`)
	inAngles = regexp.MustCompile(`<[A-Za-z][\w. -]*>`)
)

// IsPlaceholder reports whether a valid entry looks like one that was copied from
// documentation: https://your-app.com.
func IsPlaceholder(s string) bool {
	if !strings.Contains(s, "your") && !strings.Contains(s, "change") && !strings.Contains(s, "place") {
		return false // quickly: lists may have a million origins
	}
	_, host, ok := strings.Cut(s, "://")
	return ok && placeholder.MatchString(host) && !isKnown(host)
}

// isKnown reports whether a host belongs to a domain that looks like a placeholder but is
// in the public suffix list, such as your-server.de.
func isKnown(host string) bool {
	host, _, _ = strings.Cut(host, ":")
	for strings.Contains(host, ".") {
		if _, ok := suffix.Find(host); ok && placeholder.MatchString(host) {
			return true
		}
		_, host, _ = strings.Cut(host, ".")
	}
	return false
}

// isPlaceholderText recognizes placeholders that are not valid entries.
func isPlaceholderText(e foreignEntry) bool {
	return inAngles.MatchString(e.trimmed) || e.lower != e.trimmed && IsPlaceholder(e.lower)
}

var hasExpressionPrefix = hasPrefix("^", "/^", "regex:", "re:", "https?:")

func isExpression(e foreignEntry) bool {
	return hasExpressionPrefix(e) || strings.HasPrefix(e.trimmed, "/http") ||
		strings.Contains(e.trimmed, `\.`) && !strings.HasPrefix(e.lower, regexpPrefix)
}

// prefixExpression returns the pattern for an expression in another notation.
func prefixExpression(e foreignEntry) (inner string, ok bool) {
	if !isExpression(e) {
		return "", false
	}
	inner = e.trimmed
	for _, prefix := range [...]string{"regex:", "re:"} {
		if strings.HasPrefix(e.lower, prefix) {
			inner = strings.TrimSpace(inner[len(prefix):])
		}
	}
	if after, ok := strings.CutPrefix(inner, "/"); ok {
		inner = strings.ReplaceAll(strings.TrimSuffix(after, "/"), `\/`, "/")
	}
	inner = strings.TrimSuffix(strings.TrimPrefix(inner, "^"), "$")
	return regexpPrefix + inner, strings.Contains(inner, "://") && isPattern(regexpPrefix+inner)
}

func unquote(e foreignEntry) (inner string, ok bool) {
	for _, quotes := range [...][2]string{{`"`, `"`}, {"'", "'"}, {"`", "`"}, {"\u201c", "\u201d"}, {"\u2018", "\u2019"}} {
		if after, found := strings.CutPrefix(e.trimmed, quotes[0]); found {
			return strings.CutSuffix(after, quotes[1])
		}
	}
	return "", false
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
