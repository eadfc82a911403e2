package browsermodel

import (
	"strings"

	"github.com/corskit/corskit/conformance/internal/text"
)

// Field is one field line of a request or a response, as sent.
type Field struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Fields are the field lines of a message, in order. Unlike an
// [net/http.Header], they preserve repeated lines, order and the spelling of names,
// because the verdict may depend on these.
type Fields []Field

// Header returns Fields from alternating names and values. If the last name has
// no value, the value is empty.
func Header(namesAndValues ...string) Fields {
	var f Fields
	for i := 0; i < len(namesAndValues); i += 2 {
		value := ""
		if i+1 < len(namesAndValues) {
			value = namesAndValues[i+1]
		}
		f = append(f, Field{namesAndValues[i], value})
	}
	return f
}

// Values returns the values of the lines with the given name, ignoring ASCII case,
// in order.
func (f Fields) Values(name string) []string {
	var values []string
	for _, line := range f {
		if text.EqualFold(line.Name, name) {
			values = append(values, line.Value)
		}
	}
	return values
}

// Get returns the values of the lines with the given name, joined by a comma and a
// space, and whether there is such a line (Fetch, "get" of a header list).
func (f Fields) Get(name string) (value string, ok bool) {
	values := f.Values(name)
	return strings.Join(values, ", "), len(values) > 0
}

// Has reports whether there is a line with the given name.
func (f Fields) Has(name string) bool {
	for _, line := range f {
		if text.EqualFold(line.Name, name) {
			return true
		}
	}
	return false
}

// Without returns the lines that have none of the given names.
func (f Fields) Without(names ...string) Fields {
	var kept Fields
	for _, line := range f {
		if !text.ContainsFold(names, line.Name) {
			kept = append(kept, line)
		}
	}
	return kept
}

// list returns the members of a comma-separated list, without white space around
// them and without empty members (RFC 9110, section 5.6.1.2). It reports whether
// there is a line with the name, and whether every member is a token.
func (f Fields) list(name string) (members []string, present, valid bool) {
	valid = true
	for _, value := range f.Values(name) {
		present = true
		for member := range strings.SplitSeq(value, ",") {
			member = strings.Trim(member, " \t")
			if member == "" {
				continue
			}
			valid = valid && isToken(member)
			members = append(members, member)
		}
	}
	return members, present, valid
}

// isToken reports whether s is a token (RFC 9110, section 5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		if !isTokenByte(s[i]) {
			return false
		}
	}
	return s != ""
}

func isTokenByte(c byte) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		return true
	}
	return strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}
