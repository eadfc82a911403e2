package observe

import (
	"context"
	"reflect"
	"time"

	"github.com/corskit/corskit/core"
)

// views has the contents of state.json and refusals.json.
type views struct {
	state, refusals []byte
	made            time.Time
}

// viewsAge is the maximum age of views. All clients share the views, so the cost does not
// depend on the number of clients.
const viewsAge = 100 * time.Millisecond

// maxRefusals is the maximum number of refusals in refusals.json.
const maxRefusals = 50

// stateView is state.json.
type stateView struct {
	Since    time.Time    `json:"since"`  // when the inspector began to observe
	Minute   time.Time    `json:"minute"` // the beginning of the current one
	Config   *configView  `json:"config"` // null without HandlerOptions.Config
	Warnings []string     `json:"warnings"`
	Policies []policyView `json:"policies"`
	Routes   []routeView  `json:"routes"` // null if the engine is not routed; the policies are then those of the routes
	Minutes  []minuteView `json:"minutes"`
	Totals   []totalView  `json:"totals"`
	Shadow   *shadowView  `json:"shadow"` // null without shadow policies
}

type configView struct {
	File     string     `json:"file"`
	Revision string     `json:"revision"`
	Loaded   *time.Time `json:"loaded"` // null if that is not known
	Faults   []string   `json:"faults"`
}

type policyView struct {
	Name             string   `json:"name"`
	AllowOrigins     []string `json:"allowOrigins"` // the beginning of the list
	Origins          int      `json:"origins"`      // how many entries it has
	Function         bool     `json:"function"`     // whether it has an AllowOriginFunc
	AllowMethods     []string `json:"allowMethods"`
	AllowHeaders     []string `json:"allowHeaders"`
	ExposeHeaders    []string `json:"exposeHeaders"`
	AllowCredentials bool     `json:"allowCredentials"`
	RejectDisallowed bool     `json:"rejectDisallowed"`
	MaxAge           string   `json:"maxAge"`             // such as "10m0s"; empty if it is not set
	Settings         []string `json:"settings,omitempty"` // the keys of all others that are on
}

type routeView struct {
	Host     string   `json:"host"`
	Path     string   `json:"path"`
	Policies []string `json:"policies"` // their names
}

// totalView is a [Count], as JSON.
type totalView struct {
	Kind   string `json:"kind"`
	Result string `json:"result"`
	Code   string `json:"code"`
	Policy string `json:"policy"`
	Route  int    `json:"route"`
	Shadow string `json:"shadow"`
	N      uint64 `json:"n"`
}

type shadowView struct {
	Policies    []policyView     `json:"policies"`
	Routes      []routeView      `json:"routes"`
	Warnings    []string         `json:"warnings"`
	Differences []differenceView `json:"differences"`
}

// views returns the views, which are at most viewsAge old.
func (in *inspector) views() views {
	in.mu.Lock()
	defer in.mu.Unlock()
	if now := time.Now(); in.last.state == nil || now.Sub(in.last.made) > viewsAge {
		in.last = views{encode(in.state(now)), encode(in.refusalViews(now)), now}
	}
	return in.last
}

func (in *inspector) state(now time.Time) stateView {
	minute := minuteOf(now)
	v := stateView{
		Since: in.since, Minute: time.Unix(minute*60, 0).UTC(), Minutes: in.timeline.view(minute),
		Totals: []totalView{}, Warnings: in.spellWarnings(in.engine.Warnings()),
	}
	v.Policies, v.Routes = in.inForce.views(in.engine.Outline(), in.key)
	if in.config != nil {
		c := in.config()
		v.Config = &configView{File: c.File, Revision: c.Revision, Faults: c.faults()}
		if !c.Loaded.IsZero() {
			v.Config.Loaded = &c.Loaded
		}
		v.Warnings = firstLines(append([]string{}, c.Warnings...))
	}
	for _, c := range in.counters.Snapshot() {
		v.Totals = append(v.Totals, totalView{
			c.Kind.String(), string(c.Result), string(c.Code), c.Policy, c.Route, string(c.Shadow), c.N,
		})
	}
	if o := in.engine.ShadowOutline(); o != nil {
		v.Shadow = &shadowView{Warnings: in.spellWarnings(in.engine.ShadowWarnings()), Differences: in.differences.view()}
		v.Shadow.Policies, v.Shadow.Routes = in.inShadow.views(o, in.key)
	}
	return v
}

// The maximum number of policies, and of routes, that are shown, and of the origins of a
// policy.
const (
	maxPolicies = 100
	maxOrigins  = 50
)

// outlined keeps the views of an outline.
type outlined struct {
	of       *core.Outline
	policies []policyView
	routes   []routeView
}

// views returns the views of an outline. It makes them again if the outline is another one.
// key returns the key in a file for a field.
func (v *outlined) views(o *core.Outline, key func(string) string) ([]policyView, []routeView) {
	if v.of != o {
		v.of = o
		v.policies, v.routes = outlineViews(o, key)
	}
	return v.policies, v.routes
}

// outlineViews returns the policies and routes of an outline. A policy that several
// routes share is shown once.
func outlineViews(o *core.Outline, key func(string) string) (policies []policyView, routes []routeView) {
	policies = []policyView{}
	lists := [][]core.PolicyOutline{o.Policies}
	shownLists := make(map[*core.PolicyOutline]bool)
	for _, r := range o.Routes[:min(len(o.Routes), maxPolicies)] {
		view := routeView{Host: r.Host, Path: r.Path}
		for _, p := range r.Policies {
			view.Policies = append(view.Policies, p.Name)
		}
		routes = append(routes, view)
		if !shownLists[&r.Policies[0]] {
			shownLists[&r.Policies[0]] = true
			lists = append(lists, r.Policies)
		}
	}
	seen := make(map[string]bool) // names need not be unique, so the whole policy counts
	for _, list := range lists {
		for _, p := range list {
			if len(policies) == maxPolicies {
				return policies, routes
			}
			v := policyViewOf(p, key)
			whole := string(encode(v))
			if o.Routes != nil && seen[whole] {
				continue
			}
			seen[whole] = true
			policies = append(policies, v)
		}
	}
	return policies, routes
}

func policyViewOf(p core.PolicyOutline, key func(string) string) policyView {
	v := policyView{
		Name: p.Name, AllowOrigins: p.AllowOrigins[:min(len(p.AllowOrigins), maxOrigins)], Origins: p.Origins,
		Function:     p.AllowOriginFunc != nil,
		AllowMethods: p.AllowMethods, AllowHeaders: p.AllowHeaders, ExposeHeaders: p.ExposeHeaders,
		AllowCredentials: p.AllowCredentials, RejectDisallowed: p.RejectDisallowed,
	}
	for field, value := range reflect.ValueOf(p.Policy).Fields() {
		named := field.Name == "AllowCredentials" || field.Name == "RejectDisallowed"
		if on, ok := value.Interface().(bool); ok && on && !named {
			v.Settings = append(v.Settings, key(field.Name))
		}
	}
	switch {
	case p.MaxAge == core.NoPreflightCache:
		v.MaxAge = "0s"
	case p.MaxAge != 0:
		v.MaxAge = p.MaxAge.String()
	}
	return v
}

// spellWarnings returns whole warnings, one line each.
func (in *inspector) spellWarnings(warnings []core.Warning) []string {
	all := make([]string, len(warnings))
	for i, w := range warnings {
		if in.spell != nil {
			w = core.Warning(core.PolicyError(w).Spell(in.spell))
		}
		all[i] = w.String()
	}
	return all
}

// refusalView is an element of refusals.json.
type refusalView struct {
	Origin   string    `json:"origin"`
	Kind     string    `json:"kind"`
	Code     string    `json:"code"`
	Reason   string    `json:"reason"` // Code, in words
	Refused  string    `json:"refused,omitempty"`
	Policy   string    `json:"policy"`
	Route    int       `json:"route"`
	Count    uint64    `json:"count"`
	MaxError uint64    `json:"maxError"`
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`

	// The last request. Method and Headers are those that its preflight asked for, if it was one.
	Method  string   `json:"method"`
	Host    string   `json:"host"`
	Path    string   `json:"path"`
	Headers []string `json:"headers"`

	Request requestView `json:"request"`

	advice
}

// requestView is the last request as the client sent it, for programs. Long values are cut.
// The other fields are for people.
type requestView struct {
	Method         string   `json:"method"`
	Host           string   `json:"host"`
	Path           string   `json:"path"`
	RawPath        string   `json:"rawPath,omitempty"`
	FoldPath       bool     `json:"foldPath,omitempty"`
	Origin         []string `json:"origin"`
	RequestMethod  []string `json:"requestMethod,omitempty"`
	RequestHeaders []string `json:"requestHeaders,omitempty"`
	PrivateNetwork []string `json:"privateNetwork,omitempty"`
	FetchSite      []string `json:"fetchSite,omitempty"`
}

func requestViewOf(r core.Request) requestView {
	return requestView{
		r.Method, r.Host, r.Path, r.RawPath, r.FoldPath, r.Origin, r.AccessControlRequestMethod,
		r.AccessControlRequestHeaders, r.AccessControlRequestPrivateNetwork, r.SecFetchSite,
	}
}

// advice says what to do about a refusal.
type advice struct {
	Allowed bool   `json:"allowed"` // whether the policies allow the last request by now
	Hint    string `json:"hint"`    // also empty if too many refusals are new
	Fix     *fix   `json:"fix"`     // null if no policy allows the request

	last, made time.Time // made is when the advice was made, for the request of last
	outline    *core.Outline
}

// Bounds on advice: making it calls an AllowOriginFunc and compiles policies, and clients
// determine how often refusals change.
const (
	adviceAge       = 5 * time.Second // until a newer request of the same refusal gets new advice
	advicePerMinute = 600             // for all refusals
	adviceTime      = time.Second     // for all that is made at once
)

// refusalKey tells refusals apart.
type refusalKey struct {
	origin, refused, policy string
	kind                    core.Kind
	code                    core.Code
	route                   int
}

func (in *inspector) refusalViews(now time.Time) []refusalView {
	ctx, cancel := context.WithTimeout(context.Background(), adviceTime) // not a client's context, because all clients share the advice
	defer cancel()
	refusals := in.refusals.Snapshot()
	refusals = refusals[:min(len(refusals), maxRefusals)]
	all := make([]refusalView, len(refusals))
	known := in.advice
	in.advice = make(map[refusalKey]advice, len(refusals))
	outline := in.engine.Outline()
	for i, r := range refusals {
		key := refusalKey{r.Origin, r.Refused, r.Policy, r.Kind, r.Code, r.Route}
		a := known[key]
		if a.outline != outline {
			a = advice{}
		}
		if (a.made.IsZero() || !a.last.Equal(r.Last) && now.Sub(a.made) >= adviceAge) && ctx.Err() == nil {
			if _, ok := in.advising.take(now); ok {
				a = in.advise(ctx, outline, r)
				a.last, a.made, a.outline = r.Last, now, outline
			}
		}
		in.advice[key] = a
		all[i] = refusalView{
			Origin: shown(r.Origin), Kind: r.Kind.String(), Code: string(r.Code), Reason: inWords(r.Code, r.Refused),
			Refused: shown(r.Refused), Policy: r.Policy, Route: r.Route, Count: r.Count, MaxError: r.MaxError,
			First: r.First, Last: r.Last, Method: shown(r.Request.Method), Host: shown(r.Request.Host), Path: shown(r.Request.Path),
			Headers: []string{}, Request: requestViewOf(r.Request), advice: a,
		}
		if asked := r.Request.AccessControlRequestMethod; r.Kind == core.Preflight && len(asked) > 0 {
			all[i].Method = shown(asked[0])
		}
		for _, line := range r.Request.AccessControlRequestHeaders {
			all[i].Headers = append(all[i].Headers, shown(line))
		}
	}
	return all
}

func (in *inspector) advise(ctx context.Context, outline *core.Outline, r Refusal) (a advice) {
	x, ok := explainSafely(ctx, r.Request, in.engine.Explain)
	if !ok {
		return advice{Hint: panicked}
	}
	if a.Allowed = x.Browser.Allowed; a.Allowed {
		return a
	}
	a.Fix = in.findFix(outline, x, r.Request, false)
	a.Hint = in.spelled(x).Hint
	return a
}

const panicked = "the AllowOriginFunc panics for this request"
