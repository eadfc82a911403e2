package language

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/corskit/corskit/internal/origin"
)

// expression returns an expression that matches the same origins as a pattern.
func expression(p *origin.Pattern) string {
	switch p.Kind {
	case origin.Regexp:
		return strings.TrimPrefix(p.Source, "regexp:")
	case origin.Any:
		return `(?s).*`
	case origin.Null:
		return `null`
	}
	host := p.Host
	var b strings.Builder
	b.WriteString(regexp.QuoteMeta(p.Scheme + "://"))
	if rest, ok := strings.CutPrefix(host, "*."); ok {
		b.WriteString(`[^:/\[\]]+\.`)
		host = rest
	}
	b.WriteString(strings.ReplaceAll(regexp.QuoteMeta(host), `\*`, `[^.:/\[\]]+`))
	b.WriteString(ports(p.Ports))
	return b.String()
}

func ports(p origin.Ports) string {
	var port string
	switch {
	case p.High == 0:
		return ""
	case p.Low <= 1 && p.High == 65535:
		port = `[0-9]+`
	default:
		port = between(int(p.Low), int(p.High))
	}
	if p.NotAbsent {
		return `:` + port
	}
	return `(?::` + port + `)?`
}

// between returns an expression for the decimal numbers from low to high.
func between(low, high int) string {
	var all []string
	for low <= high {
		// The longest block low..low+size-1 with the same leading digits.
		size := 1
		for low%(size*10) == 0 && low != 0 && low+size*10-1 <= high {
			size *= 10
		}
		free := len(strconv.Itoa(size)) - 1
		block := strconv.Itoa(low)
		all = append(all, block[:len(block)-free]+strings.Repeat(`[0-9]`, free))
		low += size
	}
	return fmt.Sprintf(`(?:%s)`, strings.Join(all, "|"))
}

// Member returns an origin that a pattern matches, or "" if there is none. For wildcards, it
// usually takes no steps.
func Member(b *Budget, p *origin.Pattern) (string, error) {
	if p.Kind == origin.Wild {
		member := p.Scheme + "://" + strings.ReplaceAll(p.Host, "*", "x")
		if p.Ports.NotAbsent {
			member += ":" + strconv.Itoa(int(p.Ports.Low))
		}
		if _, ok := origin.Parse(member); ok {
			return member, nil
		}
	}
	member, _, err := Example(b, p)
	return member, err
}
