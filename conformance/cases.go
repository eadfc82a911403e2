package conformance

import (
	"cmp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// The invented origins of the cases.
const (
	OriginA    = "https://a.example" // allowed by most policies
	OriginB    = "https://b.example" // allowed by some
	OriginEvil = "https://evil.test" // allowed only by "*"
)

// Cases returns every case of the suite, in the order of the rules. The
// caller may change the slice.
func Cases() []Case {
	var all []Case
	for _, group := range [][]Case{
		plainRequests(), actualRequests(), preflights(), requestHeaders(), preflightCaching(), privateNetworks(),
		varyAndCaches(), credentialsAndWildcards(), hostileOrigins(), costlyRequests(), handlersAndProtocols(), policiesAndRoutes(),
		dependence(),
	} {
		slices.SortFunc(group, func(a, b Case) int {
			return cmp.Or(cmp.Compare(ruleNumber(a), ruleNumber(b)), cmp.Compare(a.ID, b.ID))
		})
		all = append(all, group...)
	}
	return all
}

// sharedCases returns the cases of [Cases], which it builds once. The caller must not
// change them.
var sharedCases = sync.OnceValue(Cases)

func ruleNumber(c Case) int {
	n, err := strconv.Atoi(c.Rule[1:])
	if err != nil {
		return 0
	}
	return n
}

// of sets the rule of cases. It prefixes each ID with the rule's ID, and gives cases
// without a source the rule's source.
func of(rule string, cases ...Case) []Case {
	for i := range cases {
		c := &cases[i]
		c.Rule = rule
		if c.ID == "" {
			c.ID = rule
		} else {
			c.ID = rule + "/" + c.ID
		}
		c.Source = cmp.Or(c.Source, ruleOf(rule).Source)
	}
	return cases
}

// refused is a case of a setup that a mount must refuse.
func refused(id, reason string, s Setup) Case {
	return Case{ID: id, Reason: reason, Choice: true, Setup: s, Refusal: MustRefuse}
}

// Policies. Each call makes new slices, so that no mount can spoil those of another.

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

// policyCred is policyTwo with credentials.
func policyCred() core.Policy {
	p := policyTwo()
	p.AllowCredentials = true
	return p
}

func policySub() core.Policy {
	return core.Policy{AllowOrigins: []string{"https://*.a.example"}, AllowCredentials: true}
}

// origins is a policy that allows only these origins.
func origins(patterns ...string) core.Policy { return core.Policy{AllowOrigins: patterns} }

// everything is policyTwo with all methods and all headers.
func everything(credentials bool) core.Policy {
	p := policyTwo()
	p.AllowMethods, p.AllowHeaders = []string{"*"}, []string{"*"}
	p.AllowCredentials = credentials
	return p
}

// allHeaders is policyTwo with all headers.
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

// two is the setup of most cases.
func two() Setup { return setup(policyTwo()) }

// Requests and expected answers. Arguments alternate between header names and values.

func header(namesAndValues ...string) browsermodel.Fields {
	return browsermodel.Header(namesAndValues...)
}

// fetch is a script's fetch.
func fetch(method, origin, path string, namesAndValues ...string) *browsermodel.Fetch {
	return &browsermodel.Fetch{Method: method, Origin: origin, URL: path, Header: header(namesAndValues...)}
}

func withCredentials(f *browsermodel.Fetch) *browsermodel.Fetch {
	f.Credentials = true
	return f
}

// send is a request that is sent byte for byte.
func send(method, path string, namesAndValues ...string) *browsermodel.Request {
	return &browsermodel.Request{Method: method, URL: path, Header: header(namesAndValues...)}
}

// preflight is a preflight that is sent byte for byte.
func preflight(origin, method, path string, namesAndValues ...string) *browsermodel.Request {
	return send("OPTIONS", path, append([]string{"Origin", origin, acrm, method}, namesAndValues...)...)
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

// reads expects that a script reads the response.
func reads(f *browsermodel.Fetch) Step { return Step{Fetch: f, Verdict: Allowed} }

// refuses expects that a script cannot read the response, for any reason.
func refuses(f *browsermodel.Fetch) Step { return Step{Fetch: f, Verdict: Refused} }

func count(n int) *int { return &n }
