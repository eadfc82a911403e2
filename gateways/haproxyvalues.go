package gateways

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/core"
)

// haproxyFetch is a sample fetch with its converters, such as req.fhdr(Origin),lower.
type haproxyFetch struct {
	name, argument string
	converters     []haproxyConverter
	text           string
}

type haproxyConverter struct {
	name string
	args []string
}

// isOrigin reports whether the fetch returns the Origin of the request, and whether a converter
// lowers its case.
func (f haproxyFetch) isOrigin() (ok, fold bool) {
	if !strings.EqualFold(f.argument, "origin") || !strings.HasSuffix(f.name, "hdr") {
		return false, false
	}
	for _, c := range f.converters {
		if c.name != "lower" {
			return false, false
		}
		fold = true
	}
	return true, fold
}

// haproxyFetches are the fetches that corskit reads. A fetch has a value for each line of the field
// or, for hdr, for each element of the lines.
var haproxyFetches = []string{
	"req.hdr", "hdr", "req.fhdr", "req.hdr_cnt", "hdr_cnt", "req.fhdr_cnt", "method", "path", "url", "uri", "base", "str", "var", "ssl_fc",
	"always_true", "always_false", "req.hdr_val", "bool", "int",
}

func parseFetch(s string) (f haproxyFetch, err error) {
	f.text = s
	name, args, rest := cutArguments(s)
	f.name = name
	if len(args) > 0 {
		f.argument = args[0]
		if len(args) > 1 && name != "str" {
			return f, fmt.Errorf("%s with %d arguments", name, len(args))
		}
		if name == "str" {
			f.argument = strings.Join(args, ",")
		}
	}
	if !slices.Contains(haproxyFetches, name) {
		return f, fmt.Errorf("%s is not known", quote(name))
	}
	for rest != "" {
		var c haproxyConverter
		c.name, c.args, rest = cutArguments(rest)
		known := c.name == "lower" || c.name == "strcmp" && len(c.args) == 1 ||
			c.name == "regsub" && len(c.args) >= 2 && c.args[0] == originScheme && c.args[1] == ""
		if !known {
			return f, fmt.Errorf("the converter %s is not known", quote(c.name))
		}
		f.converters = append(f.converters, c)
	}
	return f, nil
}

// originScheme is the expression that a regsub removes from an origin to get its host and port.
const originScheme = "^https?://"

// haproxyRequest is a request while rules run.
type haproxyRequest struct {
	core.Request
	vars map[string]string
}

// values returns the values of a fetch, or none if it has no value.
func (q *haproxyRequest) values(f haproxyFetch) (list []string) {
	lines := fieldLines(q.Request, f.argument)
	switch f.name {
	case "req.hdr", "hdr":
		for _, l := range lines {
			for e := range strings.SplitSeq(l, ",") {
				list = append(list, strings.TrimSpace(e))
			}
		}
	case "req.fhdr":
		list = slices.Clone(lines) // converters change it
	case "req.hdr_cnt", "hdr_cnt", "req.fhdr_cnt":
		n := len(lines)
		if f.name != "req.fhdr_cnt" {
			n = len(q.values(haproxyFetch{name: "req.hdr", argument: f.argument}))
		}
		list = []string{strconv.Itoa(n)}
	case "method":
		list = []string{q.Method}
	case "path", "url", "uri":
		list = []string{q.Path}
	case "base":
		list = []string{q.Host + q.Path}
	case "str", "int", "bool":
		list = []string{f.argument}
	case "var":
		if v, ok := q.vars[f.argument]; ok {
			list = []string{v}
		}
	case "ssl_fc", "always_true":
		list = []string{"1"}
	case "always_false":
		list = []string{"0"}
	}
	for _, c := range f.converters {
		for i := range list {
			list[i] = q.convert(c, list[i])
		}
	}
	return list
}

func (q *haproxyRequest) convert(c haproxyConverter, value string) string {
	switch c.name {
	case "lower":
		return strings.ToLower(value)
	case "regsub":
		return strings.TrimPrefix(strings.TrimPrefix(value, "https://"), "http://")
	}
	return strconv.Itoa(strings.Compare(value, q.vars[c.args[0]])) // strcmp
}

// one returns the value of a fetch outside of conditions, which is the last of its values.
func (q *haproxyRequest) one(f haproxyFetch) (string, bool) {
	list := q.values(f)
	if len(list) == 0 {
		return "", false
	}
	return list[len(list)-1], true
}

// haproxyFormat is a text that may contain fetches, written as %[fetch].
type haproxyFormat []haproxyPart

type haproxyPart struct {
	text  string
	fetch *haproxyFetch
}

// parseFormat parses a log-format string.
func parseFormat(s string) (list haproxyFormat, err error) {
	for s != "" {
		i := strings.IndexByte(s, '%')
		if i < 0 {
			return append(list, haproxyPart{text: s}), nil
		}
		if i > 0 {
			list = append(list, haproxyPart{text: s[:i]})
		}
		s = s[i+1:]
		if strings.HasPrefix(s, "%") {
			list = append(list, haproxyPart{text: "%"})
			s = s[1:]
			continue
		}
		if !strings.HasPrefix(s, "[") {
			return nil, fmt.Errorf("the variable %s is not known", quote("%"+s))
		}
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return nil, fmt.Errorf("%s does not end", quote("%"+s))
		}
		f, err := parseFetch(strings.TrimSpace(s[1:end]))
		if err != nil {
			return nil, err
		}
		list = append(list, haproxyPart{fetch: &f})
		s = s[end+1:]
	}
	return list, nil
}

func (l haproxyFormat) expand(q *haproxyRequest) string {
	var b strings.Builder
	for _, p := range l {
		if p.fetch == nil {
			b.WriteString(p.text)
		} else if v, ok := q.one(*p.fetch); ok {
			b.WriteString(v)
		}
	}
	return b.String()
}
