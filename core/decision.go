package core

import "iter"

// Kind is the kind of a request: not CORS, actual or preflight.
type Kind uint8

const (
	// NotCORS is a request without an Origin field.
	NotCORS Kind = iota
	// Actual is a request with an Origin field that is not a preflight.
	Actual
	// Preflight is an OPTIONS request with the fields Origin and
	// Access-Control-Request-Method (Fetch, CORS-preflight fetch).
	Preflight
)

// String returns "not-cors", "actual" or "preflight".
func (k Kind) String() string {
	switch k {
	case NotCORS:
		return "not-cors"
	case Actual:
		return "actual"
	default:
		return "preflight"
	}
}

// Decision is the engine's answer to one request. Decisions are comparable. Each
// string from AllowOrigin to Vary is the value of a response header; if it is
// empty, the header is omitted.
type Decision struct {
	Kind    Kind
	Allowed bool   // the origin may read the response, or the preflight succeeds
	Status  int    // 0 to run the handler; otherwise 204 or 403, for an empty response
	Code    Code   // the cause of the decision
	Policy  string // the name of the policy that governs; empty if none does

	AllowOrigin         string
	AllowCredentials    string
	ExposeHeaders       string
	AllowMethods        string
	AllowHeaders        string
	MaxAge              string
	AllowPrivateNetwork string
	Vary                string // names to add to the response's Vary
}

// responseHeaders are the headers that a decision may set, in the order in which
// they are written. Vary is not one of them, because a decision only adds to it.
var responseHeaders = [...]struct {
	name string
	of   func(*Decision) *string
}{
	{"Access-Control-Allow-Origin", func(d *Decision) *string { return &d.AllowOrigin }},
	{"Access-Control-Allow-Credentials", func(d *Decision) *string { return &d.AllowCredentials }},
	{"Access-Control-Expose-Headers", func(d *Decision) *string { return &d.ExposeHeaders }},
	{"Access-Control-Allow-Methods", func(d *Decision) *string { return &d.AllowMethods }},
	{"Access-Control-Allow-Headers", func(d *Decision) *string { return &d.AllowHeaders }},
	{"Access-Control-Max-Age", func(d *Decision) *string { return &d.MaxAge }},
	{"Access-Control-Allow-Private-Network", func(d *Decision) *string { return &d.AllowPrivateNetwork }},
}

// ResponseHeaders iterates over the names, in canonical form, of all headers that
// an [Outcome] may set, Access-Control-Allow-Origin first. Vary is not among them.
// Adapters use ResponseHeaders to remove headers that another middleware or an
// upstream server has set.
func ResponseHeaders() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range responseHeaders {
			if !yield(responseHeaders[i].name) {
				return
			}
		}
	}
}

// Headers iterates over the names and values of the response headers that d sets.
// Vary comes last: add its names to those in the response.
func (d Decision) Headers() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, h := range responseHeaders {
			if value := *h.of(&d); value != "" && !yield(h.name, value) {
				return
			}
		}
		if d.Vary != "" {
			yield("Vary", d.Vary)
		}
	}
}
