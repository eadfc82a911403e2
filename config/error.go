package config

import (
	"errors"
	"iter"
	"strconv"
	"strings"

	"github.com/corskit/corskit/config/internal/document"
	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/reason"
)

// Error is one fault of a configuration: its place, what is wrong there, and how
// to fix it. The error of [Load] and the other functions joins an Error for every
// fault; see [Errors].
//
// The values of Reason are stable. If core refuses a policy or a route, Reason is that of the
// *core.PolicyError, which Err holds. Package reason lists them all.
type Error struct {
	Place
	Value      string // the value as given or as core formats it; messages shorten a long one
	Reason     reason.Reason
	Detail     string // what is wrong, for people
	Suggestion string // how to fix it, for people; may be empty
	Err        error  // the cause: a *core.PolicyError, an *fs.PathError; may be nil
}

// Error returns the place, the key, the value, the fault and the fix in one line.
func (e *Error) Error() string {
	b := []byte(e.Place.String())
	if e.Key != "" {
		if len(b) > 0 {
			b = append(b, ": "...)
		}
		b = append(b, e.Key...)
	}
	if e.Value != "" {
		if len(b) > 0 {
			b = append(b, ' ')
		}
		b = append(b, wording.Quote(e.Value)...)
	}
	if len(b) > 0 {
		b = append(b, ": "...)
	}
	b = append(b, e.Detail...)
	if e.Suggestion != "" {
		b = append(b, "; "...)
		b = append(b, e.Suggestion...)
	}
	return string(b)
}

// Unwrap returns the cause, if there is one.
func (e *Error) Unwrap() error { return e.Err }

// Warning describes a setting that is legal but probably not intended. Its Reason
// is that of a [core.Warning] or [reason.UnusedPolicy]. It converts to an [Error].
type Warning Error

// String is like [Error.Error].
func (w *Warning) String() string { return (*Error)(w).Error() }

// Place is the place of a fault or a warning.
type Place struct {
	// File is the name of the document as its [Source] spells it. For files it is
	// the path as given. It is empty for variables.
	File string
	// Line and Column count from 1, columns in characters. Zero means unknown.
	Line, Column int
	// Variable is the environment variable. It is empty for files.
	Variable string
	// Key is the path of the setting, such as "policies.spa.allow_origins[1]". It
	// is empty if the place is a whole file.
	Key string
	// Excerpt is the line of the file, fit for a terminal: control characters are
	// replaced, and a long line is cut. Start and Width are the range to underline, in
	// characters of Text; a Width of zero underlines nothing.
	Excerpt struct {
		Text         string
		Start, Width int
	}
}

// String returns "file:line:column", as far as they are known, or the name of the
// variable.
func (p Place) String() string {
	if p.Variable != "" {
		return wording.Name(p.Variable)
	}
	s := wording.Name(p.File)
	if p.Line > 0 {
		s += ":" + strconv.Itoa(p.Line)
		if p.Column > 0 {
			s += ":" + strconv.Itoa(p.Column)
		}
	}
	return s
}

// placeIn returns the place of a key at a position in a document.
func placeIn(d *document.Document, at document.Pos, key string) Place {
	if d.Section != "" {
		key = strings.TrimSuffix(d.Section+"."+key, ".")
	}
	return Place{File: d.Name, Line: at.Line, Column: at.Column, Key: key, Excerpt: d.Excerpt(at)}
}

// documentFault returns a fault of a document as an Error.
func documentFault(d *document.Document, f *document.Fault) *Error {
	return &Error{Place: placeIn(d, f.Pos, ""), Reason: f.Reason, Detail: f.Detail, Suggestion: f.Suggestion}
}

// Errors iterates over the configuration errors in err, in the order of files and
// lines, those of the environment last. It yields nothing for nil and for other
// errors.
func Errors(err error) iter.Seq[*Error] {
	return func(yield func(*Error) bool) { walk(err, yield) }
}

func walk(err error, yield func(*Error) bool) bool {
	switch e := err.(type) {
	case nil:
		return true
	case *Error:
		return yield(e)
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			if !walk(err, yield) {
				return false
			}
		}
		return true
	default:
		return walk(errors.Unwrap(err), yield)
	}
}
