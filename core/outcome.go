package core

// Outcome is a [Decision] in the form in which the engine has it: what was
// computed when the policies were compiled, and what depends on the request.
// Adapters that write headers from it spare themselves a copy of both. It shares
// strings with the request it was made for. The zero Outcome is a request that
// is not CORS, and has no headers.
type Outcome struct {
	base            *Decision
	origin          string // replaces AllowOrigin if not empty
	method, headers string // replace AllowMethods and AllowHeaders if not empty
	mark            mark
}

// mark is what else an outcome changes of its base.
type mark uint8

const (
	private  mark = 1 << iota // AllowPrivateNetwork is "true"
	byFunc                    // Code is CodeOriginFunc
	repeated                  // Code is CodeOriginRepeated
)

var nothing Decision

func (o *Outcome) decision() *Decision {
	if o.base == nil {
		return &nothing
	}
	return o.base
}

// Outcome returns the decision as an outcome, which points to it.
func (d *Decision) Outcome() Outcome {
	o := Outcome{base: d}
	if d.AllowPrivateNetwork != "" {
		o.mark = private
	}
	return o
}

// Decision returns the outcome as a value.
func (o *Outcome) Decision() Decision {
	d := *o.decision()
	d.AllowOrigin, d.AllowMethods, d.AllowHeaders = o.AllowOrigin(), o.AllowMethods(), o.AllowHeaders()
	switch {
	case o.mark&byFunc != 0:
		d.Code = CodeOriginFunc
	case o.mark&repeated != 0:
		d.Code = CodeOriginRepeated
	}
	d.AllowPrivateNetwork = o.AllowPrivateNetwork()
	return d
}

// Kind is [Decision].Kind.
func (o *Outcome) Kind() Kind { return o.decision().Kind }

// Status is [Decision].Status.
func (o *Outcome) Status() int { return o.decision().Status }

// AllowOrigin is [Decision].AllowOrigin.
func (o *Outcome) AllowOrigin() string {
	if o.origin != "" {
		return o.origin
	}
	return o.decision().AllowOrigin
}

// AllowCredentials is [Decision].AllowCredentials.
func (o *Outcome) AllowCredentials() string { return o.decision().AllowCredentials }

// ExposeHeaders is [Decision].ExposeHeaders.
func (o *Outcome) ExposeHeaders() string { return o.decision().ExposeHeaders }

// AllowMethods is [Decision].AllowMethods.
func (o *Outcome) AllowMethods() string {
	if o.method != "" {
		return o.method
	}
	return o.decision().AllowMethods
}

// AllowHeaders is [Decision].AllowHeaders.
func (o *Outcome) AllowHeaders() string {
	if o.headers != "" {
		return o.headers
	}
	return o.decision().AllowHeaders
}

// MaxAge is [Decision].MaxAge.
func (o *Outcome) MaxAge() string { return o.decision().MaxAge }

// AllowPrivateNetwork is [Decision].AllowPrivateNetwork.
func (o *Outcome) AllowPrivateNetwork() string {
	if o.mark&private != 0 {
		return "true"
	}
	return ""
}

// Vary is [Decision].Vary.
func (o *Outcome) Vary() string { return o.decision().Vary }
