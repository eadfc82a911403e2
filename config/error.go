package config

import (
	"errors"
	"iter"
	"strconv"

	"github.com/corskit/corskit/config/internal/document"
	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/core"
)

// Reason classifies an [Error]. Its values are stable.
type Reason string

// Reasons of an [Error].
const (
	ReasonNotFound        Reason = "not-found"        // a file that is not there
	ReasonRead            Reason = "read"             // a file that cannot be read, or changes while it is read
	ReasonTooLarge        Reason = "too-large"        // more than MaxFileSize or MaxOriginsFileSize bytes
	ReasonFormat          Reason = "format"           // a file name that ends in no format known
	ReasonEncoding        Reason = "encoding"         // not UTF-8
	ReasonEmpty           Reason = "empty"            // a file, an entry or a name that is empty
	ReasonSyntax          Reason = "syntax"           // not YAML, JSON or TOML
	ReasonUnknownKey      Reason = "unknown-key"      // a key that the schema does not have
	ReasonKeyCase         Reason = "key-case"         // a key or variable that differs from one in case only
	ReasonDuplicate       Reason = "duplicate"        // set twice in one place
	ReasonNull            Reason = "null"             // a key or an entry without a value
	ReasonType            Reason = "type"             // a value of another type than the key's
	ReasonUnit            Reason = "unit"             // a duration without a unit
	ReasonValue           Reason = "value"            // a value of the right type that the key cannot have
	ReasonName            Reason = "name"             // a policy or profile name that is none
	ReasonMissing         Reason = "missing"          // something that has to be there
	ReasonUnknownVariable Reason = "unknown-variable" // a CORS_* variable that means nothing
	ReasonUnknownPolicy   Reason = "unknown-policy"   // a policy that no file declares
	ReasonPolicy          Reason = "policy"           // refused by core; Err is its *core.PolicyError
	ReasonWatch           Reason = "watch"            // a source that cannot watch, and is polled
	ReasonMore            Reason = "more"             // faults beyond the number that is reported
)

// Place says where a fault or a warning lies.
type Place struct {
	// File is the document's name as its [Source] spells it: for files, the
	// path as it was given. Empty for variables.
	File string
	// Line and Column count from 1, columns in characters. Zero: not known.
	Line, Column int
	// Variable is the environment variable. Empty for files.
	Variable string
	// Key is the path of the setting, e.g. "policies.spa.allow_origins[1]".
	// Empty if the place is a file as a whole.
	Key string
	// Excerpt is the line of the file, fit to be shown on a terminal.
	Excerpt Excerpt
}

// Excerpt is part of a line of a file, with what is to be underlined in it.
// Control characters are replaced and long lines are cut.
type Excerpt struct {
	Text         string
	Start, Width int // in characters of Text; a Width of zero underlines nothing
}

// String returns "file:line:column", as far as they are known, or the name of
// the variable.
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
	return Place{File: d.Name, Line: at.Line, Column: at.Column, Key: key, Excerpt: Excerpt(d.Excerpt(at))}
}

// documentFault returns a fault of a document as an Error.
func documentFault(d *document.Document, f *document.Fault) *Error {
	return &Error{Place: placeIn(d, f.Pos, ""), Reason: Reason(f.Reason), Detail: f.Detail, Suggestion: f.Suggestion}
}

// Error is one fault of a configuration. The error of [Load] and its like joins
// one for every fault found: see [Errors].
type Error struct {
	Place
	Value      string // the value as given; long ones are cut when printed
	Reason     Reason
	Detail     string // what is wrong, for people
	Suggestion string // how to fix it, for people; may be empty
	Err        error  // the cause: a *core.PolicyError, an *fs.PathError; may be nil
}

// Error names the place, the key, the value, the fault and the fix in one line.
func (e *Error) Error() string {
	return message(e.Place, e.Value, e.Detail, e.Suggestion)
}

// Unwrap returns the cause, if there is one.
func (e *Error) Unwrap() error { return e.Err }

// Warning is something legal in a configuration that was probably not meant.
type Warning struct {
	Place
	Value      string
	Code       core.Code // as of [core.Warning], or one of the Warn constants
	Detail     string
	Suggestion string
}

// Codes of a [Warning] beside those of core.
const (
	WarnUnusedPolicy core.Code = "unused-policy" // a policy that no route names
)

// String is like [Error.Error].
func (w *Warning) String() string {
	return message(w.Place, w.Value, w.Detail, w.Suggestion)
}

func message(p Place, value, detail, suggestion string) string {
	b := []byte(p.String())
	if p.Key != "" {
		if len(b) > 0 {
			b = append(b, ": "...)
		}
		b = append(b, p.Key...)
	}
	if value != "" {
		if len(b) > 0 {
			b = append(b, ' ')
		}
		b = append(b, wording.Quote(value)...)
	}
	if len(b) > 0 {
		b = append(b, ": "...)
	}
	b = append(b, detail...)
	if suggestion != "" {
		b = append(b, "; "...)
		b = append(b, suggestion...)
	}
	return string(b)
}

// Errors iterates over the configuration errors that err holds, in the order of
// the files and of the lines in them, those of the environment last. It yields
// nothing for nil and for other errors.
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
