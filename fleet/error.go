package fleet

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/corskit/corskit/reason"
)

// Error is a fault of a fleet: of a head, a bundle, a replica or etcd.
type Error struct {
	Reason     reason.Reason
	Revision   uint64 // of the head or bundle; zero if it is not known
	Instance   string // the replica; empty if the fault is not that of one replica
	Detail     string // what is wrong, for people
	Suggestion string // how to fix it, for people; may be empty
	Err        error  // the cause; may be nil
}

// Error returns the revision, the fault, the cause and the fix in one line. The line
// is bounded and has no control characters.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Instance != "" {
		b.WriteString("replica " + quote(e.Instance) + ": ")
	}
	if e.Revision > 0 {
		b.WriteString("revision " + strconv.FormatUint(e.Revision, 10) + ": ")
	}
	b.WriteString(e.Detail)
	if e.Err != nil {
		b.WriteString(": " + clean(e.Err.Error(), maxCauseText))
	}
	if e.Suggestion != "" {
		b.WriteString("; " + e.Suggestion)
	}
	return b.String()
}

// Unwrap returns the cause, if there is one.
func (e *Error) Unwrap() error { return e.Err }

// reasonOf returns the reason of the [Error] in err, or "".
func reasonOf(err error) reason.Reason {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ""
}

// OptionError says which field of [Options], [StoreOptions], [PushOptions] or [Rollout]
// is not valid.
type OptionError struct {
	Field      string // such as "LeaseTTL"
	Value      string // as given; messages shorten a long one
	Detail     string // what is wrong, for people
	Suggestion string // how to fix it, for people
}

// Error returns the field, the value, the fault and the fix in one line.
func (e *OptionError) Error() string {
	s := e.Field
	if e.Value != "" {
		s += " " + quote(e.Value)
	}
	s += ": " + e.Detail
	if e.Suggestion != "" {
		s += "; " + e.Suggestion
	}
	return s
}

// ConflictError is the error of a change to the head if someone else has changed the head
// in the meantime. The change has had no effect. Look at the present head before you try
// again.
type ConflictError struct {
	Base uint64 // the revision that the change was based on; zero if there was no head
	Head *Head  // the present head; nil if there is none, or none that can be verified
}

// Error says who changed the head, and when.
func (e *ConflictError) Error() string {
	const advice = "; look at it, then try again"
	base := "there was no head when this change was prepared"
	if e.Base > 0 {
		base = fmt.Sprintf("this change was prepared for revision %d", e.Base)
	}
	if e.Head == nil {
		return base + ", but the head was replaced by one that cannot be read" + advice
	}
	s := fmt.Sprintf("%s, but revision %d has been in force since %s", base, e.Head.Revision, e.Head.Time.UTC().Format(time.RFC3339))
	if e.Head.Author != "" {
		s += " by " + quote(e.Head.Author)
	}
	if e.Head.Message != "" {
		s += ": " + quote(e.Head.Message)
	}
	return s + advice
}

// HaltedError says that a rollout is halted, or that replicas refused a bundle that all
// replicas should take. The replicas that have the bundle keep it.
type HaltedError struct {
	Revision   uint64   // of the bundle, as in [Reference.Pushed]
	Everywhere bool     // there is no rollout: all replicas should take the bundle
	Reason     string   // why, for people
	Refused    []Status // the statuses of replicas that refused it, at most 100
}

// Error says why the rollout is halted, and what can be done.
func (e *HaltedError) Error() string {
	reason := clean(e.Reason, maxReasonText)
	if e.Everywhere {
		return fmt.Sprintf("revision %d does not reach all replicas: %s; roll back, or push a correction", e.Revision, reason)
	}
	return fmt.Sprintf("revision %d is halted: %s; roll back, push a correction, or promote it anyway", e.Revision, reason)
}
