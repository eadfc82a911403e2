package config

import (
	"cmp"
	"errors"
	"iter"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

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
		return printable(p.Variable)
	}
	s := printable(p.File)
	if p.Line > 0 {
		s += ":" + strconv.Itoa(p.Line)
		if p.Column > 0 {
			s += ":" + strconv.Itoa(p.Column)
		}
	}
	return s
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
		b = append(b, quoted(value)...)
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

// maxFaults bounds how many faults one error joins: a list of a million
// origins can have as many.
const maxFaults = 1000

// faults collects what is wrong. The zero value is ready for use.
type faults struct {
	list   []*Error
	more   int
	unseen bool            // there may be more than that
	known  map[string]bool // a policy that two routes share is checked twice
	files  []string        // in the order in which they were read
}

func (f *faults) add(e *Error) {
	if f.full() {
		f.more++
		return
	}
	// Names of variables, which are part of some suggestions, can hold anything.
	e.Detail, e.Suggestion = cut(unbroken(e.Detail), maxText), cut(unbroken(e.Suggestion), maxText)
	if f.known == nil {
		f.known = make(map[string]bool)
	}
	if s := e.Error(); !f.known[s] {
		f.known[s] = true
		f.list = append(f.list, e)
	}
}

func (f *faults) full() bool { return len(f.list) >= maxFaults }

// within reports whether all that is wrong is known, and lies below a key.
func (f *faults) within(key string) bool {
	return f.more == 0 && !slices.ContainsFunc(f.list, func(e *Error) bool { return !strings.HasPrefix(e.Key, key+".") })
}

// at reports whether something is known to be wrong in a place already.
func (f *faults) at(p Place) bool {
	return slices.ContainsFunc(f.list, func(e *Error) bool {
		return e.Key == p.Key && e.Line == p.Line && e.File == p.File && e.Variable == p.Variable
	})
}

// err returns all faults joined, or nil if there are none.
func (f *faults) err() error {
	rank := func(p Place) int {
		if i := slices.Index(f.files, p.File); i >= 0 {
			return i
		}
		return len(f.files)
	}
	slices.SortStableFunc(f.list, func(a, b *Error) int {
		return cmp.Or(cmp.Compare(rank(a.Place), rank(b.Place)), strings.Compare(a.Variable, b.Variable),
			cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	errs := make([]error, 0, len(f.list)+1)
	for _, e := range f.list {
		errs = append(errs, e)
	}
	if f.more > 0 {
		detail := strconv.Itoa(f.more) + " more faults"
		if f.unseen {
			detail = "at least " + detail
		}
		errs = append(errs, &Error{Reason: ReasonMore, Detail: detail})
	}
	return errors.Join(errs...)
}

// maxQuoted bounds how much of a value a message repeats, in bytes.
const maxQuoted = 120

func quoted(s string) string {
	if len(s) <= maxQuoted {
		return strconv.Quote(s)
	}
	cut := maxQuoted
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strconv.Quote(s[:cut]) + "... (" + strconv.Itoa(len(s)) + " bytes)"
}

// printable quotes a name that could break a line or a terminal.
func printable(s string) string {
	if len(s) > 1024 || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) || r == utf8.RuneError }) {
		return quoted(s)
	}
	return s
}

// unbroken replaces what could break a line or a terminal.
func unbroken(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, s)
}

// Bounds of a detail and a suggestion, and of what in them is somebody else's, in
// characters.
const (
	maxText  = 500
	maxPlain = 200
)

// plain makes a parser's message fit for one line.
func plain(s string) string { return cut(unbroken(s), maxPlain) }

func cut(s string, most int) string {
	n := 0
	for i := range s {
		if n == most {
			return s[:i] + "..."
		}
		n++
	}
	return s
}
