package gateways

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/corskit/corskit/config"
)

// ErrTooComplex means that a comparison would take too much work. It does not mean that the two
// sides are equal.
var ErrTooComplex = errors.New("too complex to compare")

// ExportError reports one setting that a target cannot express.
type ExportError struct {
	Target string       // title of the target, such as "Envoy"
	Policy string       // name of the policy; empty if the error is not about a policy
	Place  config.Place // of the setting
	Entry  string       // an entry of a list; empty for the whole setting
	Limit  string       // of the target
	Fix    string       // what to write instead
	// Narrower reports whether Export with [NarrowerOnly] would write a narrower configuration
	// instead. Lost says what that configuration lacks.
	Narrower bool
	Lost     string
}

func (e *ExportError) Error() string {
	text := place(e.Place) + entry(e.Entry) + "not exported to " + e.Target + ": " + e.Limit + "; " + e.Fix
	if e.Narrower {
		text += ", or allow the narrower answer (--lossy narrower): " + e.Lost
	}
	return text
}

// ImportError reports one part of a file that no policy can express, or that would make the policy
// wider than the file.
type ImportError struct {
	Source  string // the name of the target
	Line    int    // 0 if unknown
	Entry   string
	Problem string
	Fix     string // what to write instead
}

func (e *ImportError) Error() string {
	line := ""
	if e.Line > 0 {
		line = "line " + strconv.Itoa(e.Line) + ": "
	}
	return line + entry(e.Entry) + e.Problem + "; " + e.Fix
}

// fileFaults collects the faults of a file.
type fileFaults struct {
	source string // the name of the target
	faults []error
}

func (f *fileFaults) fault(line int, entry, problem, fix string) {
	f.faults = append(f.faults, &ImportError{Source: f.source, Line: line, Entry: entry, Problem: problem, Fix: fix})
}

// err returns all faults, or nil.
func (f *fileFaults) err() error { return errors.Join(f.faults...) }

// BugError reports that the result of Export or Import differs from its input although no loss or
// note says so. Do not use the result.
type BugError struct {
	Target      string
	Differences []Difference
}

func (e *BugError) Error() string {
	var list []string
	for i, d := range e.Differences {
		if i == maxExamples {
			list = append(list, fmt.Sprintf("and %d more", len(e.Differences)-i))
			break
		}
		list = append(list, d.String())
	}
	return "this is a bug in corskit, please report it: the text for " + e.Target + " differs from the policy: " + strings.Join(list, "; ")
}

// Errors iterates over those of the joined errors in err that have type T; error matches all.
func Errors[T error](err error) iter.Seq[T] {
	return func(yield func(T) bool) { eachError(err, yield) }
}

func eachError[T error](err error, yield func(T) bool) bool {
	if err == nil {
		return true
	}
	if e, ok := err.(T); ok {
		if _, several := err.(interface{ Unwrap() []error }); !several {
			return yield(e)
		}
	}
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		for _, each := range e.Unwrap() {
			if !eachError(each, yield) {
				return false
			}
		}
	case interface{ Unwrap() error }:
		return eachError(e.Unwrap(), yield)
	}
	return true
}

func place(p config.Place) string {
	text := p.String()
	if p.Key != "" {
		text = strings.TrimPrefix(text+": "+p.Key, ": ")
	}
	if text == "" {
		return ""
	}
	return text + ": "
}

func entry(e string) string {
	if e == "" {
		return ""
	}
	return quote(e) + ": "
}

// maxQuoted bounds quoted text, in bytes.
const maxQuoted = 120

// quote returns text in quotes, shortened to maxQuoted.
func quote(s string) string {
	if len(s) > maxQuoted {
		s = strings.ToValidUTF8(s[:maxQuoted], "") + "..."
	}
	return strconv.Quote(s)
}
