package config

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/corskit/corskit/config/internal/wording"
	"github.com/corskit/corskit/reason"
)

// maxFaults bounds the faults that one error joins: a list of a million origins
// can have a million faults.
const maxFaults = 1000

// maxText bounds a detail and a suggestion, in characters.
const maxText = 500

// faults collects faults. The zero value is ready for use.
type faults struct {
	list   []*Error
	more   int             // faults that were not added
	unseen bool            // whether there may be more that were not looked for
	known  map[string]bool // by message: a policy of two routes is checked twice
	files  []string        // in the order in which they were read
}

func (f *faults) add(e *Error) {
	if f.full() {
		f.more++
		return
	}
	// Some suggestions contain names of variables, which can have any characters.
	e.Detail, e.Suggestion = wording.Line(e.Detail, maxText), wording.Line(e.Suggestion, maxText)
	if f.known == nil {
		f.known = make(map[string]bool)
	}
	if s := e.Error(); !f.known[s] {
		f.known[s] = true
		f.list = append(f.list, e)
	}
}

func (f *faults) full() bool { return len(f.list) >= maxFaults }

// within reports whether all faults are known and each lies below one of the keys.
func (f *faults) within(keys ...string) bool {
	return f.more == 0 && !slices.ContainsFunc(f.list, func(e *Error) bool { return !slices.ContainsFunc(keys, e.isBelow) })
}

// below reports whether a fault lies below a key.
func (f *faults) below(key string) bool {
	return slices.ContainsFunc(f.list, func(e *Error) bool { return e.isBelow(key) })
}

// isBelow reports whether the place of e is below a key, wherever in a path the key is.
func (e *Error) isBelow(key string) bool { return strings.Contains("."+e.Key, "."+key+".") }

// at reports whether there is a fault at a place.
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
		errs = append(errs, &Error{Reason: reason.More, Detail: detail})
	}
	return errors.Join(errs...)
}
