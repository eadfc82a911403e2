package fleet

import (
	"errors"
	"time"

	"github.com/corskit/corskit/reason"
)

// area is the part of a replica that a fault is about. Each area has at most one fault at
// a time. The end of a fault does not affect those of other areas.
type area int

// The areas, in the order in which a status names their faults.
const (
	areaHead   area = iota // the head in etcd cannot be taken
	areaBundle             // the wanted bundle cannot be taken
	areaLink               // the head cannot be read or watched
	areaReport             // the status cannot be written
	areaCache              // the copy on disk cannot be read or written
	areaFile               // Options.Fallback cannot be read
	areas
)

// faults are the faults of a replica.
type faults [areas]*fault

// fault is a fault that lasts.
type fault struct {
	err   *Error
	since time.Time
}

// set records the fault of an area, or its end if err is nil. It reports whether a fault
// has begun or ended. The text of a fault may change while it lasts, for example because
// a connection has another port.
func (f *faults) set(a area, err *Error) (isNew bool) {
	old := f[a]
	if err == nil {
		f[a] = nil
		return old != nil
	}
	isNew = old == nil || old.err.Reason != err.Reason || old.err.Revision != err.Revision
	next := &fault{err, time.Now()}
	if !isNew {
		next.since = old.since
	}
	f[a] = next
	return isNew
}

// first returns the first fault, or nil. It ignores that of the copy on disk.
func (f *faults) first() *fault {
	for a, each := range f {
		if each != nil && area(a) != areaCache {
			return each
		}
	}
	return nil
}

// err joins all faults. It is nil if there are none.
func (f *faults) err() error {
	var all []error
	for _, each := range f {
		if each != nil {
			all = append(all, each.err)
		}
	}
	return errors.Join(all...)
}

// state returns the state of a replica. hasWanted reports whether the wanted bundle is in
// force.
func (f *faults) state(hasWanted bool) State {
	switch {
	case f[areaLink] != nil:
		return StateOffline
	case f[areaHead] != nil && f[areaHead].err.refusal(), f[areaBundle] != nil && f[areaBundle].err.refusal():
		return StateRefused
	case f[areaHead] == nil && f[areaBundle] == nil && hasWanted:
		return StateAcked
	}
	return StatePending
}

// refusal reports whether a fault is about the head or the bundle, not about reading them.
func (e *Error) refusal() bool {
	switch e.Reason {
	case reason.Emptied, reason.NoHead, reason.MissingBlob, reason.Unavailable, reason.Permission:
		return false
	}
	return true
}

// status returns the fault in the form of a [Status].
func (f *fault) status() *Fault {
	if f == nil {
		return nil
	}
	return &Fault{Reason: f.err.Reason, Text: clean(f.err.Error(), maxFaultText), Since: f.since}
}

// asError returns err as an [*Error]. An error of another type becomes the cause of an
// Error with reason and detail.
func asError(err error, reason reason.Reason, detail string) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Reason: reason, Detail: detail, Err: err}
}
