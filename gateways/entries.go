package gateways

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/core"
)

// EntryKind is the kind of an entry of allow_origins.
type EntryKind int

// The kinds of entries.
const (
	ExactEntry      EntryKind = iota // an origin
	SubdomainsEntry                  // https://*.example.com, without another wildcard and with a fixed port
	WildcardEntry                    // any other wildcard, in a label or for the port, and ranges of ports
	LoopbackEntry                    // @loopback
	ExpressionEntry                  // regexp:
	AnyEntry                         // *
	NullEntry                        // null
)

// Entry is an entry of allow_origins, as exporters need it.
type Entry struct {
	Kind  EntryKind
	Text  string // as in the file
	Index int    // in the list
	// Expression is a regular expression (RE2) that matches the whole of each origin of the
	// entry, without anchors: write ^(?:E)$ where a gateway does not anchor. It is empty for
	// AnyEntry. Apart from ExpressionEntry, it consists of literals, classes, groups without
	// capture, ?, + and |, so every dialect of regular expressions reads it in the same way.
	Expression string
}

var subdomains = regexp.MustCompile(`^[a-z][a-z0-9+.-]*://\*\.[a-z0-9.-]+(:[0-9]+)?$`)

// EntriesOf returns the entries of a policy.
func EntriesOf(p core.Policy) (list []Entry) {
	for i, text := range p.AllowOrigins {
		e := Entry{Kind: WildcardEntry, Text: text, Index: i}
		switch inner, isRegexp := strings.CutPrefix(text, "regexp:"); {
		case isRegexp:
			e.Kind, e.Expression = ExpressionEntry, inner
		case text == "*":
			e.Kind = AnyEntry
		case text == "null":
			e.Kind, e.Expression = NullEntry, "null"
		case text == "@loopback":
			e.Kind, e.Expression = LoopbackEntry, `https?://(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]+)?`
		case core.IsOrigin(text):
			e.Kind, e.Expression = ExactEntry, regexp.QuoteMeta(text)
		default:
			if subdomains.MatchString(text) {
				e.Kind = SubdomainsEntry
			}
			e.Expression = wildcardExpression(text)
		}
		list = append(list, e)
	}
	return list
}

// Classes of characters of labels, and ports.
const (
	labelClass = `[a-z0-9_-]+`
	anyPort    = `(?::[0-9]+)?`
)

// wildcardExpression returns the expression of a wildcard pattern.
func wildcardExpression(pattern string) string {
	scheme, rest, _ := strings.Cut(pattern, "://")
	host, port := rest, ""
	if i := strings.LastIndexByte(rest, ':'); i > strings.LastIndexByte(rest, ']') {
		host, port = rest[:i], rest[i+1:]
	}
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

// portExpression returns the expression of a range of ports, which includes the absence of a
// port if the default port is in the range.
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
		// The longest run of numbers that begins with low and has free digits at its end.
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

// PatternOf returns the entry whose Expression e is, or "" if e is not that of a wildcard, of
// @loopback or of an origin.
func PatternOf(e string) string {
	text := e
	if below, ok := strings.CutSuffix(text, anyPort); ok {
		text = below + ":*"
	}
	text = strings.NewReplacer(`(?:`+labelClass+`\.)+`, "*.", labelClass, "*", `\.`, ".", `\[`, "[", `\]`, "]", `\+`, "+").Replace(text)
	for _, candidate := range []string{"@loopback", text} {
		_, err := core.Examples(candidate)
		if list := EntriesOf(core.Policy{AllowOrigins: []string{candidate}}); err == nil && list[0].Expression == e {
			return candidate
		}
	}
	return ""
}

// ExactPattern returns a pattern in the syntax of core that matches the origins that equal s.
func ExactPattern(s string) string {
	if core.IsOrigin(s) || s == "null" {
		return s
	}
	return "regexp:" + regexp.QuoteMeta(s)
}

// ExpressionPattern returns a pattern in the syntax of core for a regular expression of a
// gateway. If the gateway does not anchor it, the pattern does not either.
func ExpressionPattern(e string, anchored bool) string {
	if anchored {
		return "regexp:" + e
	}
	return "regexp:.*(?:" + e + ").*"
}

// Stray returns an origin that an expression of the policy matches in a gateway, although the
// policy does not allow it: an http:// origin with credentials, "null", or an origin that only
// an exact entry allows. It returns "" if there is none.
func Stray(p core.Policy, e Entry) string {
	if e.Kind != ExpressionEntry {
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
