package gateways

import (
	"regexp"
	"strings"
)

// template is a text with variables.
type template []templatePart

// templatePart is a text or, if name is not empty, a variable.
type templatePart struct{ text, name string }

var nginxVariable = regexp.MustCompile(`\$(?:\{([a-z0-9_]+)\}|([a-zA-Z0-9_]+))`)

// nginxTemplate splits a text of nginx.
func nginxTemplate(s string) (t template) {
	return splitTemplate(s, nginxVariable)
}

func splitTemplate(s string, variable *regexp.Regexp) (t template) {
	for {
		m := variable.FindStringSubmatchIndex(s)
		if m == nil {
			break
		}
		if m[0] > 0 {
			t = append(t, templatePart{text: s[:m[0]]})
		}
		name := ""
		for g := 2; g+1 < len(m); g += 2 {
			if m[g] >= 0 {
				name = s[m[g]:m[g+1]]
			}
		}
		t = append(t, templatePart{name: strings.ToLower(name)})
		s = s[m[1]:]
	}
	if s != "" {
		t = append(t, templatePart{text: s})
	}
	return t
}

// variable returns the name of the variable if the template consists of only that variable.
func (t template) variable() (name string, ok bool) {
	return t.first().name, len(t) == 1 && t[0].name != ""
}

func (t template) first() templatePart {
	if len(t) == 0 {
		return templatePart{}
	}
	return t[0]
}

// variables returns the names of all variables.
func (t template) variables() (list []string) {
	for _, p := range t {
		if p.name != "" {
			list = append(list, p.name)
		}
	}
	return list
}

// expand returns the text with the values of its variables.
func (t template) expand(value func(string) string) string {
	switch {
	case len(t) == 1 && t[0].name == "":
		return t[0].text
	case len(t) == 1:
		return value(t[0].name)
	}
	var b strings.Builder
	for _, p := range t {
		if p.name == "" {
			b.WriteString(p.text)
		} else {
			b.WriteString(value(p.name))
		}
	}
	return b.String()
}
