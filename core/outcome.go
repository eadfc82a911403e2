package core

// Outcome is a [Decision] in the form in which an adapter writes it: a status
// and a list of headers. It shares strings with the request that it was made for.
// The zero Outcome has no headers and lets the handler run.
type Outcome struct {
	verdict *verdict
	mark    mark

	origin, method, names string // what headers take from the request
}

// mark is what an outcome changes in the code of its verdict.
type mark uint8

const (
	byFunc   mark = 1 << iota // CodeOriginFunc
	repeated                  // CodeOriginRepeated
)

// verdict is a decision as it is known when the policies are compiled. Values
// that come from the request are still placeholders.
type verdict struct {
	Decision
	headers []listed // without Vary
}

// listed is one response header of a verdict.
type listed struct {
	name, value string
	from        part
}

// part is what a header takes from the request.
type part uint8

const (
	nothing    part = iota
	partOrigin      // the Origin
	partMethod      // the method asked for
	partNames       // the header names asked for
)

// Placeholders are values that no header can have.
const (
	echoOrigin = "\x00origin"
	echoMethod = "\x00method"
	echoNames  = "\x00names"
)

var placeholders = map[string]part{echoOrigin: partOrigin, echoMethod: partMethod, echoNames: partNames}

func newVerdict(d Decision) *verdict {
	v := &verdict{Decision: d}
	for _, h := range responseHeaders {
		if value := *h.of(&d); value != "" {
			v.headers = append(v.headers, listed{h.name, value, placeholders[value]})
		}
	}
	return v
}

// Status is [Decision].Status: unless it is 0, the adapter answers with it and an
// empty body, and does not run the handler.
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

// Len returns the number of headers to set. Vary is not among them.
func (o *Outcome) Len() int {
	if o.verdict == nil {
		return 0
	}
	return len(o.verdict.headers)
}

// Header returns the name, in canonical form, and the value of the header with
// index i, which must be less than [Outcome.Len]. The value is never empty, and
// replaces all values that the response has under that name.
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

// Decision returns the outcome as a value.
func (o *Outcome) Decision() Decision {
	if o.verdict == nil {
		return Decision{}
	}
	d := o.verdict.Decision
	for _, h := range o.verdict.headers {
		switch h.from {
		case partOrigin:
			d.AllowOrigin = o.origin
		case partMethod:
			d.AllowMethods = o.method
		case partNames:
			d.AllowHeaders = o.names
		}
	}
	switch {
	case o.mark&byFunc != 0:
		d.Code = CodeOriginFunc
	case o.mark&repeated != 0:
		d.Code = CodeOriginRepeated
	}
	return d
}
