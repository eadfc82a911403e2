package conformance

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// The invented origins of the cases.
const (
	OriginA    = "https://a.example" // allowed by most policies
	OriginB    = "https://b.example" // allowed by some
	OriginEvil = "https://evil.test" // never allowed, except by "*"
)

// Cases returns every case of the suite, in the order of the rules. The
// caller may change the slice.
func Cases() []Case {
	var all []Case
	for _, group := range [][]Case{
		casesN(), casesA(), casesP(), casesH(), casesM(), casesL(), casesV(),
		casesC(), casesO(), casesD(), casesX(), casesR(),
	} {
		slices.SortFunc(group, func(a, b Case) int {
			return cmp.Or(cmp.Compare(ruleNumber(a), ruleNumber(b)), cmp.Compare(a.ID, b.ID))
		})
		all = append(all, group...)
	}
	return all
}

func ruleNumber(c Case) int {
	n, err := strconv.Atoi(c.Rule()[1:])
	if err != nil {
		return 0
	}
	return n
}

// Sources that many cases share.
const (
	srcCheck        = "Fetch, CORS check"
	srcPreflight    = "Fetch, CORS-preflight fetch"
	srcCaches       = "Fetch, CORS protocol and HTTP caches"
	srcRequests     = "Fetch, HTTP requests"
	srcResponses    = "Fetch, HTTP responses"
	srcCredentials  = "Fetch, CORS protocol and credentials"
	srcOriginHeader = "Fetch, append a request Origin header"
	srcProtocol     = "Fetch, CORS protocol"
	srcDesign       = "design, what the engine answers"
)

// Policies. Their slices are made anew, so that no mount can spoil another's.

func policyAny() core.Policy { return core.Policy{AllowOrigins: []string{"*"}} }

func policyOne() core.Policy { return core.Policy{AllowOrigins: []string{OriginA}} }

func policyTwo() core.Policy {
	return core.Policy{
		AllowOrigins:  []string{OriginA, OriginB},
		AllowMethods:  []string{"PUT", "DELETE"},
		AllowHeaders:  []string{"x-a", "x-b", "authorization"},
		ExposeHeaders: []string{"x-e"},
		MaxAge:        600 * time.Second,
	}
}

func policyCred() core.Policy {
	p := policyTwo()
	p.AllowCredentials = true
	return p
}

func policySub() core.Policy {
	return core.Policy{AllowOrigins: []string{"https://*.a.example"}, AllowCredentials: true}
}

// origins is a policy that allows these origins and nothing else.
func origins(patterns ...string) core.Policy { return core.Policy{AllowOrigins: patterns} }

// everything is Two with all methods and all headers.
func everything(credentials bool) core.Policy {
	p := policyTwo()
	p.AllowMethods, p.AllowHeaders = []string{"*"}, []string{"*"}
	p.AllowCredentials = credentials
	return p
}

// allHeaders is Two with all headers.
func allHeaders(credentials bool) core.Policy {
	p := everything(credentials)
	p.AllowMethods = []string{"PUT", "DELETE"}
	return p
}

// with changes a policy.
func with(p core.Policy, change func(*core.Policy)) core.Policy {
	change(&p)
	return p
}

func setup(policies ...core.Policy) Setup { return Setup{Policies: policies} }

// two is the setup of rules that name none.
func two() Setup { return setup(policyTwo()) }

// Steps.

// fetch is a script's fetch, with alternating header names and values.
func fetch(method, origin, path string, header ...string) *browsermodel.Fetch {
	return &browsermodel.Fetch{Method: method, Origin: origin, URL: path, Header: browsermodel.Header(header...)}
}

func withCredentials(f *browsermodel.Fetch) *browsermodel.Fetch {
	f.Credentials = true
	return f
}

// send is a request as it is, with alternating header names and values.
func send(method, path string, header ...string) *browsermodel.Request {
	return &browsermodel.Request{Method: method, URL: path, Header: browsermodel.Header(header...)}
}

// preflight is a preflight as it is.
func preflight(origin, method, path string, header ...string) *browsermodel.Request {
	return send("OPTIONS", path, append([]string{"Origin", origin, acrm, method}, header...)...)
}

const (
	acao = "Access-Control-Allow-Origin"
	acac = "Access-Control-Allow-Credentials"
	acam = "Access-Control-Allow-Methods"
	acah = "Access-Control-Allow-Headers"
	aceh = "Access-Control-Expose-Headers"
	acma = "Access-Control-Max-Age"
	acrm = "Access-Control-Request-Method"
	acrh = "Access-Control-Request-Headers"
	acpn = "Access-Control-Allow-Private-Network"
	arpn = "Access-Control-Request-Private-Network"
)

// reads expects that a script reads the answer to a fetch.
func reads(f *browsermodel.Fetch) Step { return Step{Fetch: f, Verdict: Allowed} }

// refuses expects that it does not, for one of the reasons there may be.
func refuses(f *browsermodel.Fetch) Step { return Step{Fetch: f, Verdict: Refused} }

func count(n int) *int { return &n }

// refused is a case of a setup that a mount must refuse.
func refused(id, source, reason string, s Setup) Case {
	return Case{ID: id, Source: source, Reason: reason, Choice: true, Setup: s, Refusal: MustRefuse}
}
