package core

import (
	"slices"
	"strings"

	"github.com/corskit/corskit/internal/fetch"
)

// judgement says what a browser does with a response, as far as this is not part of the
// decision.
type judgement uint8

const (
	asDecided     judgement = iota
	notConcerned            // a page of the server's own origin sent the request
	methodRefused           // the origin is allowed, and the method is not
	headerRefused           // the origin and the method are allowed, and a header name is not
)

// judge returns what a browser does with an outcome, and the method or header name that
// it refuses. It reads the request from src or, if src is nil, from r. own reports
// whether a page of the server's own origin sent the request; it matters only for an
// origin that is not allowed.
func (o *Outcome) judge(src Source, r *facts, own bool) (j judgement, refused string) {
	d := &o.verdict.Decision
	switch {
	case d.Kind == Preflight && d.Allowed:
		return o.permits(src, r)
	case d.Kind == Actual && !d.Allowed && own:
		return notConcerned, ""
	}
	return asDecided, ""
}

// fromOwnPage reports whether a page of the server's own origin sent a request. Preflights
// never come from one.
func (o *Outcome) fromOwnPage(src Source, r *facts) bool {
	switch {
	case o.verdict.Kind != Actual:
		return false
	case o.verdict.Code == CodeSameOrigin:
		return true
	}
	values := origins(src, r)
	return len(values) == 1 && sameOrigin(values[0], src, r)
}

// result returns the result of a request and its cause.
func (o *Outcome) result(j judgement) (Result, Code) {
	d := &o.verdict.Decision
	switch {
	case j == notConcerned:
		return ResultNotCORS, CodeSameOrigin
	case j == methodRefused:
		return ResultRefused, CodeMethodNotAllowed
	case j == headerRefused:
		return ResultRefused, CodeHeaderNotAllowed
	case d.Kind == NotCORS:
		return ResultNotCORS, o.code()
	case d.Allowed:
		return ResultAllowed, o.code()
	case d.Kind == Actual && d.Status != 0:
		return ResultRejected, o.code()
	default:
		return ResultRefused, o.code()
	}
}

// effects says what a script achieves with a request. The more fields are true, the
// looser the policies.
type effects struct {
	plain    bool     // a request without credentials succeeds
	runs     bool     // the handler runs, now or for the request after the preflight
	switches switches // what else succeeds
}

// switches are the response headers that allow something by being sent, such as credentials
// or access to the private network: one bit for each index of [Decision.header].
type switches uint16

// switches returns the switches that d sends. Every header is one, also one that is added
// later, except those that are listed here. Their effects depend on the request: see judge.
func (d *Decision) switches() (set switches) {
	for i := 0; ; i++ {
		switch _, value := d.header(i); value {
		case nil:
			return set
		case &d.AllowOrigin, &d.ExposeHeaders, &d.AllowMethods, &d.AllowHeaders, &d.MaxAge:
		default:
			if *value != "" {
				set |= 1 << i
			}
		}
	}
}

func (o *Outcome) effects(j judgement) effects {
	d := &o.verdict.Decision
	switch result, _ := o.result(j); result {
	case ResultNotCORS:
		return effects{true, true, ^switches(0)}
	case ResultAllowed:
		return effects{true, true, o.verdict.switches}
	default:
		return effects{runs: d.Kind == Actual && d.Status == 0}
	}
}

// difference returns how the effects of shadow policies differ from e.
func (e effects) difference(shadow effects) Difference {
	switch {
	case shadow == e:
		return ShadowSame
	case shadow.plain && !e.plain, shadow.runs && !e.runs, shadow.switches&^e.switches != 0:
		return ShadowLooser
	}
	return ShadowStricter
}

// grants are the methods and header names that the answer to a preflight lists.
type grants struct {
	methods []string
	names   map[string]bool // in lower case
}

func newGrants(d Decision) *grants {
	g := &grants{methods: strings.Split(d.AllowMethods, ", "), names: make(map[string]bool)}
	fetch.Elements([]string{d.AllowHeaders}, func(name string) bool {
		g.names[name] = true
		return true
	})
	return g
}

// permits judges whether a browser sends the request that follows a preflight (Fetch,
// CORS-preflight fetch). If not, it also returns the refused method or header name.
func (o *Outcome) permits(src Source, r *facts) (j judgement, refused string) {
	g, credentials := o.verdict.grants, o.verdict.AllowCredentials != ""
	if o.method == "" {
		asked := lines(src, r, fieldRequestMethod)
		if len(asked) > 1 || !g.permitsMethod(asked[0], !credentials) {
			return methodRefused, asked[0]
		}
	}
	names := lines(src, r, fieldRequestHeaders)
	if o.names != "" || len(names) == 0 {
		return asDecided, ""
	}
	if name, refuses := g.refuse(names, !credentials && g.names["*"]); refuses {
		return headerRefused, name
	}
	return asDecided, ""
}

// permitsMethod reports whether a method may be used. wildcard reports whether browsers
// treat "*" as a wildcard.
func (g *grants) permitsMethod(m string, wildcard bool) bool {
	return fetch.IsSafelistedMethod(m) || slices.Contains(g.methods, m) || wildcard && g.methods[0] == "*" && fetch.IsToken(m)
}

// maxNames and maxNamesSize are the maximum numbers of names, and of bytes, of
// Access-Control-Request-Headers that are examined. All further names count as refused.
const (
	maxNames     = 256
	maxNamesSize = 16 << 10
)

// refuse returns the first name that is not granted. If all is set, every name except
// Authorization is granted.
func (g *grants) refuse(lines []string, all bool) (refused string, refuses bool) {
	size, n := 0, 0
	for _, line := range lines {
		if size += len(line); size > maxNamesSize {
			return "", true
		}
	}
	for _, line := range lines {
		for line != "" {
			name, rest, _ := strings.Cut(line, ",")
			line = rest
			name = trimmed(name)
			if n++; n > maxNames {
				return "", true
			}
			if name != "" && !g.permitsName(name) && (!all || strings.EqualFold(name, "authorization")) {
				return name, true
			}
		}
	}
	return "", false
}

// permitsName reports whether a name is listed, in any case.
func (g *grants) permitsName(name string) bool {
	const maxName = 256 // in a policy
	if g.names[name] {
		return true
	}
	var buf [maxName]byte
	if len(name) > maxName {
		return false
	}
	for i := range len(name) {
		buf[i] = asciiLower(name[i])
	}
	return g.names[string(buf[:len(name)])]
}
