package gateways

import (
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/corskit/corskit/config"
)

// ErrTooComplex is the error of a comparison that would need too much work. It never means
// that the sides are equal.
var ErrTooComplex = errors.New("too complex to compare")

// ExportError is one setting that a target cannot say.
type ExportError struct {
	Target string       // its name
	Policy string       // empty if the error is not in a policy
	Place  config.Place // of the setting
	Entry  string       // of a list; empty if the whole setting is meant
	Limit  string       // of the target
	Fix    string       // what to write instead
	// Narrower reports whether [ExportOptions].Lossy gets a narrower answer, and Lost what
	// is lost then.
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

// ImportError is one part of a file that no policy says, or that would make the policy wider.
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

// BugError means that this package wrote something that differs from what it read, without
// saying so. The text is not to be used.
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

// Errors iterates over the errors that err joins: all if T is error, or those of type T.
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

// quote quotes text for people, and shortens it.
func quote(s string) string {
	if len(s) > maxQuoted {
		s = strings.ToValidUTF8(s[:maxQuoted], "") + "..."
	}
	return strconv.Quote(s)
}
