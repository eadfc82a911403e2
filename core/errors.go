package core

import (
	"errors"
	"fmt"
	"iter"
	"strconv"

	"github.com/corskit/corskit/reason"
)

// PolicyError is one fault in a policy or a route. [New], [NewRouted],
// [Engine.Reload] and [Engine.ReloadRouted] return all faults that they find; see
// [PolicyErrors].
type PolicyError struct {
	Policy     string // the policy's name; empty if the fault is not in a policy
	Field      string // the Go name of the field, such as "AllowOrigins"; "Routes" or "Policies" for an argument
	Index      int    // the index of the entry in a list; -1 if the fault is not in one entry
	Value      string // the entry as given; [PolicyError.Error] shortens long ones
	Reason     reason.Reason
	Detail     string // what is wrong, in English
	Suggestion string // how to fix it, in English; text to write is quoted

	detail, suggestion text
}

// Spell returns a copy of e in which Field, Detail and Suggestion call the fields
// of policies and routes by other names. For example, the loader of a configuration
// file replaces "AllowOrigins" with "allow_origins". Spell calls name with each Go
// name, which is a value of Field, such as "AllowOrigins", or
// "core.NoPreflightCache". It uses the name that the function returns.
func (e PolicyError) Spell(name func(string) string) PolicyError {
	e.Field = name(e.Field)
	if e.detail != "" {
		e.Detail, e.Suggestion = e.detail.spell(name), e.suggestion.spell(name)
	}
	return e
}

// Error returns one line with the policy, the field, the entry, the fault and the
// fix.
func (e *PolicyError) Error() string {
	b := make([]byte, 0, 160)
	b = append(b, "cors: "...)
	if e.Policy != "" {
		b = append(b, "policy "...)
		b = appendQuoted(b, e.Policy)
		b = append(b, ": "...)
	}
	b = append(b, e.Field...)
	if e.Index >= 0 {
		b = append(b, '[')
		b = strconv.AppendInt(b, int64(e.Index), 10)
		b = append(b, ']')
	}
	if e.Value != "" {
		b = append(b, ' ')
		b = appendQuoted(b, e.Value)
	}
	b = append(b, ": "...)
	b = append(b, e.Detail...)
	if e.Suggestion != "" {
		b = append(b, "; "...)
		b = append(b, e.Suggestion...)
	}
	return string(b)
}

// maxQuoted is the maximum number of bytes of a value that an error or explanation
// quotes.
const maxQuoted = 120

// appendQuoted appends s, quoted and shortened, to b.
func appendQuoted(b []byte, s string) []byte {
	if len(s) <= maxQuoted {
		return strconv.AppendQuote(b, s)
	}
	b = strconv.AppendQuote(b, s[:maxQuoted])
	return fmt.Appendf(b, "... (%d bytes)", len(s))
}

// refusal is the error of a list of policies or routes. It joins the faults and keeps
// the warnings.
type refusal struct {
	faults   []error
	warnings []Warning
}

func (r *refusal) Error() string { return errors.Join(r.faults...).Error() }

func (r *refusal) Unwrap() []error { return r.faults }

// ErrorWarnings returns the warnings about policies and routes that [New],
// [NewRouted], [Engine.Reload] or [Engine.ReloadRouted] refused with err. They are the
// warnings that [Engine.Warnings] would return, except those about patterns that others
// cover: the engine looks for these only in policies without faults. The caller owns the
// slice. It is nil if there are no warnings, or if err is nil or not an error of these
// functions.
func ErrorWarnings(err error) []Warning {
	var r *refusal
	if !errors.As(err, &r) {
		return nil
	}
	return append([]Warning(nil), r.warnings...)
}

// PolicyErrors iterates over the policy errors that err wraps or joins, in the
// order in which they were found. It yields nothing if err is nil or contains none.
func PolicyErrors(err error) iter.Seq[*PolicyError] {
	return func(yield func(*PolicyError) bool) { walk(err, yield) }
}

// walk calls yield with each PolicyError in err. It returns false if yield did.
func walk(err error, yield func(*PolicyError) bool) bool {
	switch e := err.(type) {
	case nil:
		return true
	case *PolicyError:
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
