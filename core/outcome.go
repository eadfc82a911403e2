package core

import (
	"strings"
	"sync/atomic"
)

// Outcome is a [Decision] in a form that is cheap to write: a status and a list of
// headers. It shares strings with the request, so an Outcome for a transient
// [Source] is valid only until the request's memory is reused. The zero Outcome has
// no headers and lets the handler run.
type Outcome struct {
	verdict *verdict
	mark    mark
	route   int32 // the index of the route plus 1; 0 if there is none

	origin, method, names string // values of the request that headers repeat
}

// mark overrides the Code of an outcome's verdict.
type mark uint8

const (
	byFunc   mark = 1 << iota // CodeOriginFunc
	repeated                  // CodeOriginRepeated
)

// verdict is a decision that was made when the policies were compiled. It has
// placeholders for values that come from the request.
type verdict struct {
	Decision
	headers  []listed // without Vary
	grants   *grants  // of the answer to a preflight from an origin that is allowed
	judged   bool     // whether judge must examine the request
	switches switches // those of Decision, which shadow policies are compared by

	first   atomic.Pointer[knownClass] // the first class of all: usually the only one
	classes atomic.Pointer[[]*classes] // by the index of the route plus 1; see classesOf
}

// listed is one response header of a verdict.
type listed struct {
	name, value string
	from        part
	index       int // see Decision.header
}

// part says which part of the request a header takes its value from.
type part uint8

const (
	nothing    part = iota // the value is fixed
	partOrigin             // Origin
	partMethod             // Access-Control-Request-Method
	partNames              // Access-Control-Request-Headers
)

// Placeholders are values that no header can have.
const (
	echoOrigin = "\x00origin"
	echoMethod = "\x00method"
	echoNames  = "\x00names"
)

var placeholders = map[string]part{echoOrigin: partOrigin, echoMethod: partMethod, echoNames: partNames}

func newVerdict(d Decision) *verdict {
	v := &verdict{Decision: d, switches: d.switches(), judged: d.Kind == Preflight && d.Allowed || d.Kind == Actual && !d.Allowed}
	for i := 0; ; i++ {
		name, value := d.header(i)
		if name == "" {
			return v
		}
		if *value != "" {
			v.headers = append(v.headers, listed{name, *value, placeholders[*value], i})
		}
	}
}

// Status returns [Decision].Status. If it is not 0, the adapter must answer with
// that status and an empty body, without running the handler.
func (o *Outcome) Status() int {
	if o.verdict == nil {
		return 0
	}
	return o.verdict.Status
}

// Vary returns the names to add to the response's Vary, separated by ", ", or ""
// if there is nothing to add.
func (o *Outcome) Vary() string {
	if o.verdict == nil {
		return ""
	}
	return o.verdict.Vary
}

// Len returns the number of headers to set, not counting Vary.
func (o *Outcome) Len() int {
	if o.verdict == nil {
		return 0
	}
	return len(o.verdict.headers)
}

// Header returns the canonical name and the value of the header with index i. It
// panics unless 0 <= i < o.Len(). The value is never empty. It replaces all values
// that the response has for that name.
func (o *Outcome) Header(i int) (name, value string) {
	h := &o.verdict.headers[i]
	switch h.from {
	case partOrigin:
		return h.name, o.origin
	case partMethod:
		return h.name, o.method
	case partNames:
		return h.name, o.names
	default:
		return h.name, h.value
	}
}

// Clone returns a copy that shares no strings with the request.
func (o *Outcome) Clone() Outcome {
	c := *o
	c.origin, c.method, c.names = strings.Clone(o.origin), strings.Clone(o.method), strings.Clone(o.names)
	return c
}

// Decision returns the outcome as a [Decision]. Its strings are valid only as long
// as the outcome.
func (o *Outcome) Decision() Decision {
	if o.verdict == nil {
		return Decision{}
	}
	d := o.verdict.Decision
	for i, h := range o.verdict.headers {
		if h.from != nothing {
			_, value := d.header(h.index)
			_, *value = o.Header(i)
		}
	}
	d.Code = o.code()
	return d
}

// code returns the Code of the outcome's decision.
func (o *Outcome) code() Code {
	switch {
	case o.mark&byFunc != 0:
		return CodeOriginFunc
	case o.mark&repeated != 0:
		return CodeOriginRepeated
	default:
		return o.verdict.Code
	}
}
