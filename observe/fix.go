package observe

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/internal/fetch"
)

// fix is the smallest change of one policy that allows a request. An engine with the
// change has been tried.
type fix struct {
	Policy   string   `json:"policy"`
	Lines    string   `json:"lines"`              // YAML: the lists of the policy as they should be
	Cautions []string `json:"cautions,omitempty"` // what to consider first, one line each
}

// addition has the parts that a policy lacks to allow a request.
type addition struct {
	policy           core.PolicyOutline
	origin           string // empty if the policy allows the origin
	methods, headers []string
	credentials      bool
}

// compare orders additions by how much they grant: by the number of methods and headers,
// then by credentials, which an added origin gets if the policy allows them.
func (a *addition) compare(b *addition) int {
	powerful := func(a *addition) int {
		if a.credentials || a.policy.AllowCredentials {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(len(a.methods)+len(a.headers), len(b.methods)+len(b.headers)), cmp.Compare(powerful(a), powerful(b)))
}

// findFix returns the change that allows a request, or nil if there is none that a policy
// would accept. x explains the request. outline is the outline of the engine before the
// explanation was made.
func (in *inspector) findFix(outline *core.Outline, x core.Explanation, r core.Request, credentials bool) *fix {
	if in.engine.Outline() != outline {
		return nil // x may be about other policies, with other routes
	}
	policies := outline.Policies
	if outline.Routes != nil {
		if x.Route < 0 || x.Route >= len(outline.Routes) {
			return nil // a route is missing
		}
		policies = outline.Routes[x.Route].Policies
	}
	if len(r.Origin) != 1 || x.Policy == "" && r.Origin[0] != "null" && !core.IsOrigin(r.Origin[0]) {
		return nil // values that no browser sends, such as "*", would match other origins as an entry
	}
	if x.Policy == "" && core.IsProbe(r.Origin[0]) {
		return nil
	}
	var best *addition
	var cautions []string
	tried := 0
	for _, p := range policies {
		if x.Policy != "" && p.Name != x.Policy {
			continue
		}
		a := &addition{policy: p, credentials: credentials && !p.AllowCredentials}
		if x.Policy == "" {
			a.origin = r.Origin[0]
		}
		a.require(r)
		if best != nil && a.compare(best) >= 0 {
			continue
		}
		if tried++; tried > maxTried {
			break
		}
		if warnings, ok := a.try(r, credentials); ok {
			best, cautions = a, in.spellAll(warnings)
		}
	}
	if best == nil {
		return nil
	}
	return &fix{Policy: shown(best.policy.Name), Lines: best.yaml(in.key), Cautions: cautions}
}

// require adds the method and the header names that a preflight asks for and the policy
// lacks.
func (a *addition) require(r core.Request) {
	if len(r.AccessControlRequestMethod) != 1 {
		return
	}
	p := a.policy.Expand()
	method := r.AccessControlRequestMethod[0]
	if !fetch.IsSafelistedMethod(method) && !slices.Contains(p.AllowMethods, "*") &&
		!slices.ContainsFunc(p.AllowMethods, func(m string) bool { return fetch.NormalizeMethod(m) == method }) {
		a.methods = []string{method}
	}
	every := slices.Contains(p.AllowHeaders, "*")
	fetch.Elements(r.AccessControlRequestHeaders, func(name string) bool {
		name = strings.ToLower(name)
		listed := slices.ContainsFunc(p.AllowHeaders, func(h string) bool { return strings.EqualFold(h, name) })
		covered := every && (name != "authorization" || p.AllowCredentials)
		if name != "" && !listed && !covered && !slices.Contains(a.headers, name) {
			a.headers = append(a.headers, name)
		}
		return len(a.headers) < maxAdded
	})
}

// maxTried is the maximum number of policies that are tried for a fix: each is compiled.
const maxTried = 20

// maxAdded is the maximum number of header names that a fix adds.
const maxAdded = 50

// try reports whether a policy with the addition is accepted and allows the request, and
// returns its warnings about what is added.
func (a *addition) try(r core.Request, credentials bool) (warnings []core.Warning, ok bool) {
	p := a.policy.Policy
	p.AllowOriginFunc = nil
	p.AllowMethods, p.AllowHeaders = slices.Concat(p.AllowMethods, a.methods), slices.Concat(p.AllowHeaders, a.headers)
	if a.credentials {
		p.AllowCredentials = true // New then refuses patterns that are not acceptable with credentials
		if _, err := core.New(p); err != nil {
			return nil, false
		}
	}
	p.AllowOrigins = r.Origin
	engine, err := core.New(p)
	if err != nil {
		return nil, false
	}
	verdict := engine.Explain(context.Background(), r).Browser
	for _, w := range engine.Warnings() {
		if w.Field == "AllowOrigins" && a.origin != "" || slices.Contains(a.methods, w.Value) || slices.Contains(a.headers, w.Value) {
			warnings = append(warnings, w)
		}
	}
	return warnings, verdict.Allowed && (verdict.AllowedWithCredentials || !credentials)
}

// maxListed is the maximum number of entries that lines to copy repeat.
const maxListed = 20

// yaml returns the lists of the policy with the addition, below their keys.
func (a *addition) yaml(key func(string) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "policies:\n  %s:\n", yamlKey(a.policy.Name))
	list := func(field string, there []string, count int, added []string) {
		if len(added) == 0 {
			return
		}
		fmt.Fprintf(&b, "    %s:\n", key(field))
		if count > maxListed {
			fmt.Fprintf(&b, "      # keep the %d entries, and add:\n", count)
			there = nil
		}
		for _, entry := range slices.Concat(there, added) {
			fmt.Fprintf(&b, "      - %s\n", strconv.QuoteToASCII(entry))
		}
	}
	p := &a.policy
	if a.origin != "" {
		list("AllowOrigins", p.AllowOrigins, p.Origins, []string{a.origin})
	}
	list("AllowMethods", p.AllowMethods, len(p.AllowMethods), a.methods)
	list("AllowHeaders", p.AllowHeaders, len(p.AllowHeaders), a.headers)
	if a.credentials {
		fmt.Fprintf(&b, "    %s: true\n", key("AllowCredentials"))
	}
	return b.String()
}

// plainKey matches the names that need no quotes as keys of YAML.
var plainKey = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

func yamlKey(name string) string {
	switch name {
	case "null", "true", "false", "yes", "no", "on", "off", "y", "n":
	default:
		if plainKey.MatchString(name) {
			return name
		}
	}
	return strconv.QuoteToASCII(name)
}

// key returns the key in a file for a field.
func (in *inspector) key(field string) string {
	if in.spell != nil {
		return in.spell(field)
	}
	var b strings.Builder
	for i, c := range field {
		if unicode.IsUpper(c) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

// spellAll returns warnings in words, with the keys of a file.
func (in *inspector) spellAll(warnings []core.Warning) []string {
	all := make([]string, len(warnings))
	for i, w := range warnings {
		e := core.PolicyError(w)
		if in.spell != nil {
			e = e.Spell(in.spell)
		}
		all[i] = cmp.Or(e.Detail, e.Error())
		if e.Suggestion != "" {
			all[i] += ": " + e.Suggestion
		}
	}
	return all
}

// spelled returns an explanation in the words of the user's configuration.
func (in *inspector) spelled(x core.Explanation) core.Explanation {
	if in.spell != nil {
		return x.Spell(in.spell)
	}
	return x
}
