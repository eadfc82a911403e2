package config

import (
	"path"
	"strconv"
	"strings"

	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/reason"
)

// profile is the profile that the environment or the options select.
type profile struct {
	name string // empty if there is none
	from Place  // the variable that selects it, if one does
}

// profileOf returns the profile of the environment or, if it has none, of the options.
func profileOf(environ []string, opts Options, f *faults) profile {
	p := profile{name: opts.Profile}
	for _, entry := range environ {
		if value, ok := strings.CutPrefix(entry, variableProfile+"="); ok {
			p = profile{value, Place{Variable: variableProfile}} // a second value is a fault
			break
		}
	}
	if p.name == "" || isName(p.name) {
		return p
	}
	e := &Error{
		Place: p.from, Value: p.name, Reason: reason.Name, Detail: "not a valid profile name", Suggestion: nameRule,
	}
	if lower := strings.ToLower(strings.TrimSpace(p.name)); isName(lower) {
		e.Suggestion = wording.DidYouMean(lower)
	}
	f.add(e)
	return profile{from: p.from}
}

// file returns the name of the profile's file for the name of a file.
func (p profile) file(name string) string {
	ext := path.Ext(name)
	return strings.TrimSuffix(name, ext) + "." + p.name + ext
}

// notFound completes the fault of a profile without a file.
func (p profile) notFound(e *Error) {
	e.Detail += " for the profile " + strconv.Quote(p.name)
	e.Suggestion = "create it, or choose another profile"
	if p.from.Variable != "" {
		e.Suggestion += " with " + p.from.Variable
	}
}

// refuse reports a profile that is set although there are no files.
func (p profile) refuse(f *faults) {
	e := &Error{Place: p.from, Value: p.name, Reason: reason.Value}
	switch {
	case p.name == "":
		return
	case p.from.Variable == "":
		e.Detail, e.Suggestion = "the profile option selects a file, but no file is loaded", "remove the option"
	default:
		e.Detail, e.Suggestion = "a profile selects a file, but no file is loaded", "unset it"
	}
	f.add(e)
}
