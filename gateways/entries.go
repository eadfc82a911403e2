package gateways

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/core"
)

// entryKind is the kind of an entry of allow_origins.
type entryKind int

// The kinds of entries.
const (
	exactEntry      entryKind = iota // an origin
	subdomainsEntry                  // https://*.example.com, without another wildcard and with a fixed port
	wildcardEntry                    // any other wildcard, in a label or for the port, and ranges of ports
	loopbackEntry                    // @loopback
	expressionEntry                  // regexp:
	anyEntry                         // *
	nullEntry                        // null
)

// originEntry is an entry of allow_origins in the form that exporters need.
type originEntry struct {
	Kind  entryKind
	Text  string // as in the file
	Index int    // in the list
	// Expression is a regular expression (RE2) that matches the whole of each origin of the entry,
	// without anchors: write ^(?:E)$ where a gateway does not anchor. It is empty for anyEntry.
	// Except for expressionEntry, it uses only literals, classes, non-capturing groups, ?, + and |,
	// so it means the same in every dialect of regular expressions.
	Expression string
}

var subdomains = regexp.MustCompile(`^[a-z][a-z0-9+.-]*://\*\.[a-z0-9.-]+(:[0-9]+)?$`)

// entriesOf returns the entries of a policy.
func entriesOf(p core.Policy) (list []originEntry) {
	for i, text := range p.AllowOrigins {
		e := originEntry{Kind: wildcardEntry, Text: text, Index: i}
		switch inner, isRegexp := strings.CutPrefix(text, "regexp:"); {
		case isRegexp:
			e.Kind, e.Expression = expressionEntry, inner
		case text == "*":
			e.Kind = anyEntry
		case text == "null":
			e.Kind, e.Expression = nullEntry, "null"
		case text == "@loopback":
			e.Kind, e.Expression = loopbackEntry, `https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]+)?`
		case core.IsOrigin(text):
			e.Kind, e.Expression = exactEntry, regexp.QuoteMeta(text)
		default:
			if subdomains.MatchString(text) {
				e.Kind = subdomainsEntry
			}
			e.Expression = wildcardExpression(text)
		}
		list = append(list, e)
	}
	return list
}

// Expressions for the characters of a label, and for ports.
const (
	labelClass = `[a-z0-9_-]+`
	anyPort    = `(?::[0-9]+)?`
)

// wildcardExpression returns the expression of a wildcard pattern.
func wildcardExpression(pattern string) string {
	scheme, rest, _ := strings.Cut(pattern, "://")
	host, port := cutPort(rest)
	var b strings.Builder
	b.WriteString(regexp.QuoteMeta(scheme + "://"))
	if below, ok := strings.CutPrefix(host, "*."); ok {
		b.WriteString(`(?:` + labelClass + `\.)+`)
		host = below
	}
	for i, literal := range strings.Split(host, "*") {
		if i > 0 {
			b.WriteString(labelClass)
		}
		b.WriteString(regexp.QuoteMeta(literal))
	}
	switch from, to, isRange := strings.Cut(port, "-"); {
	case port == "*":
		b.WriteString(anyPort)
	case isRange:
		b.WriteString(portExpression(scheme, from, to))
	case port != "":
		b.WriteString(":" + port)
	}
	return b.String()
}

// portExpression returns the expression for a range of ports. It also matches the absence of a port
// if the range includes the default port.
func portExpression(scheme, from, to string) string {
	low, _ := strconv.Atoi(from)
	high, _ := strconv.Atoi(to)
	e := ":(?:" + strings.Join(decimalRange(low, high), "|") + ")"
	if d := map[string]int{"http": 80, "https": 443}[scheme]; low <= d && d <= high {
		return "(?:" + e + ")?"
	}
	return e
}

// decimalRange returns expressions for the numbers from low to high.
func decimalRange(low, high int) (list []string) {
	for low <= high {
		// Find the longest run of numbers that begins with low and whose last digits are arbitrary.
		step := 1
		for low%(step*10) == 0 && low+step*10-1 <= high && low/(step*10) > 0 {
			step *= 10
		}
		digit := low / step % 10
		runs := min(9-digit, (high-low+1)/step-1)
		prefix := ""
		if low/step >= 10 {
			prefix = strconv.Itoa(low / step / 10)
		}
		e := prefix + strconv.Itoa(digit)
		if runs > 0 {
			e = prefix + fmt.Sprintf("[%d-%d]", digit, digit+runs)
		}
		list = append(list, e+strings.Repeat("[0-9]", len(strconv.Itoa(step))-1))
		low += (runs + 1) * step
	}
	return list
}

// patternOf returns the entry that has the Expression e, or "" if no wildcard, origin or @loopback
// has it.
func patternOf(e string) string {
	text := e
	if below, ok := strings.CutSuffix(text, anyPort); ok {
		text = below + ":*"
	}
	text = strings.NewReplacer(`(?:`+labelClass+`\.)+`, "*.", labelClass, "*", `\.`, ".", `\[`, "[", `\]`, "]", `\+`, "+").Replace(text)
	for _, candidate := range []string{"@loopback", text} {
		_, err := core.Examples(candidate)
		if list := entriesOf(core.Policy{AllowOrigins: []string{candidate}}); err == nil && list[0].Expression == e {
			return candidate
		}
	}
	return ""
}

// exactPattern returns a pattern in the syntax of core that matches the origins that equal s.
func exactPattern(s string) string {
	if core.IsOrigin(s) || s == "null" {
		return s
	}
	return "regexp:" + regexp.QuoteMeta(s)
}

// expressionPattern returns a pattern in the syntax of core for a regular expression of a gateway.
// The pattern is anchored only if the gateway anchors the expression.
func expressionPattern(e string, anchored bool) string {
	if anchored {
		return "regexp:" + e
	}
	return "regexp:.*(?:" + e + ").*"
}

// strayOrigin returns an origin that an expression of the policy matches in a gateway, although the
// policy does not allow it: an http:// origin with credentials, "null", or an origin that only
// an exact entry allows. It returns "" if there is none.
func strayOrigin(p core.Policy, e originEntry) string {
	if e.Kind != expressionEntry {
		return ""
	}
	re, err := regexp.Compile(`^(?:` + e.Expression + `)$`)
	if err != nil {
		return ""
	}
	engine, err := core.New(core.Policy{
		AllowOrigins: p.AllowOrigins, AllowCredentials: p.AllowCredentials,
		DangerouslyAllowNullOrigin:      p.DangerouslyAllowNullOrigin,
		DangerouslyAllowInsecureOrigins: p.DangerouslyAllowInsecureOrigins, DangerouslyAllowPublicSuffixes: true,
	})
	if err != nil {
		return ""
	}
	examples, err := core.Examples(e.Text)
	if err != nil {
		return ""
	}
	for _, o := range slices.Concat(examples, odd(examples)) {
		if re.MatchString(o) && !(o == "null" && slices.Contains(p.AllowOrigins, "null")) && !engine.AllowsOrigin(o) {
			return o
		}
	}
	return ""
}
