package core

// Kind says what a request is to CORS.
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

// Decision is the engine's answer to one request: a comparable value that an
// adapter turns into response headers. Each string is the value of a header,
// which is left out when the string is empty.
type Decision struct {
	Kind    Kind
	Allowed bool   // the origin may read the response, or the preflight succeeds
	Status  int    // 0: run the handler; otherwise answer with it and an empty body
	Code    Code   // why
	Policy  string // the name of the policy that governs, empty if none does

	AllowOrigin         string // Access-Control-Allow-Origin
	AllowCredentials    string // Access-Control-Allow-Credentials
	ExposeHeaders       string // Access-Control-Expose-Headers
	AllowMethods        string // Access-Control-Allow-Methods
	AllowHeaders        string // Access-Control-Allow-Headers
	MaxAge              string // Access-Control-Max-Age
	AllowPrivateNetwork string // Access-Control-Allow-Private-Network
	Vary                string // to be added to Vary, beside what is there
}
