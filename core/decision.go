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
// empty, the header is omitted. A Decision says what the server answers; an [Explanation]
// also says what a browser does with the answer.
type Decision struct {
	Kind Kind
	// Allowed reports whether the response gets Access-Control-Allow-Origin, because a
	// policy allows the origin. (If every origin is allowed without credentials, that
	// includes requests without an Origin.) Allowed does not say that a preflight
	// succeeds: the answer to a preflight lists everything that the policy allows, and
	// the browser looks up the method and the headers of its request in these lists
	// (Fetch, CORS-preflight fetch). So a preflight for a method that the policy does not
	// list is Allowed, and fails in the browser. Nor does Allowed say that a request with
	// credentials succeeds: that also needs AllowCredentials. For what the browser does,
	// see [Engine.Explain] and its [BrowserVerdict].
	Allowed bool
	Status  int    // 0 to run the handler; otherwise 204 or 403, for an empty response
	Code    Code   // the cause of Allowed
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

// header returns the name of response header i and the field that holds its value,
// in the order in which headers are written. It returns "" if i is too large. This is
// the only list of response headers. Vary is not in it, because a decision only adds
// to Vary. (A table of functions would make d escape to the heap.)
func (d *Decision) header(i int) (name string, value *string) {
	switch i {
	case 0:
		return "Access-Control-Allow-Origin", &d.AllowOrigin
	case 1:
		return "Access-Control-Allow-Credentials", &d.AllowCredentials
	case 2:
		return "Access-Control-Expose-Headers", &d.ExposeHeaders
	case 3:
		return "Access-Control-Allow-Methods", &d.AllowMethods
	case 4:
		return "Access-Control-Allow-Headers", &d.AllowHeaders
	case 5:
		return "Access-Control-Max-Age", &d.MaxAge
	case 6:
		return "Access-Control-Allow-Private-Network", &d.AllowPrivateNetwork
	default:
		return "", nil
	}
}

// ResponseHeaders iterates over the names, in canonical form, of all headers that
// an [Outcome] may set, Access-Control-Allow-Origin first. Vary is not among them.
// Adapters use ResponseHeaders to remove headers that another middleware or an
// upstream server has set.
func ResponseHeaders() iter.Seq[string] {
	return func(yield func(string) bool) {
		var d Decision
		for i := 0; ; i++ {
			if name, _ := d.header(i); name == "" || !yield(name) {
				return
			}
		}
	}
}

// Headers iterates over the names and values of the response headers that d sets.
// Vary comes last: add its names to those in the response.
func (d Decision) Headers() iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for i := 0; ; i++ {
			name, value := d.header(i)
			if name == "" {
				break
			}
			if *value != "" && !yield(name, *value) {
				return
			}
		}
		if d.Vary != "" {
			yield("Vary", d.Vary)
		}
	}
}
