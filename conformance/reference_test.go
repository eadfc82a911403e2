package conformance_test

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"net"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/conformance"
	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
)

// reference is a second middleware, written from the rules and not from package
// core. It is slow and simple, and confirms that the cases can be passed. Tests replace
// its fields to break it.
type reference struct {
	accept    func(core.Policy) error
	matches   func(pattern, origin string) bool
	preflight func(*http.Request) bool
	// answer sets the headers; granted is nil if no policy governs.
	answer func(h http.Header, r *http.Request, granted *core.Policy, preflight bool)
	status func(granted bool) int // of preflights
	wrap   func(next http.Handler) http.Handler
	reject func(policies []core.Policy, r *http.Request) bool
	log    func(s conformance.Setup, r *http.Request)
	route  func([]core.Route, *http.Request) []core.Policy
	strip  func(*http.Response) error

	afterPreflight func(w http.ResponseWriter, r *http.Request, next http.Handler)
}

func newReference() *reference {
	return &reference{
		accept:    acceptPolicy,
		matches:   matchesPattern,
		preflight: isPreflight,
		answer:    answerAs,
		status: func(granted bool) int {
			if granted {
				return http.StatusNoContent
			}
			return http.StatusForbidden
		},
		wrap:   func(next http.Handler) http.Handler { return next },
		reject: rejects,
		log:    func(conformance.Setup, *http.Request) {},
		route:  policiesFor,
		strip:  stripUpstream,

		afterPreflight: func(http.ResponseWriter, *http.Request, http.Handler) {},
	}
}

func (ref *reference) mount(s conformance.Setup) (*conformance.Server, error) {
	s.App.ModifyResponse = ref.strip
	routes := s.Routes
	if len(routes) == 0 {
		routes = []core.Route{{Policies: s.Policies}}
	}
	for _, route := range routes {
		for _, p := range route.Policies {
			if err := ref.accept(p); err != nil {
				return nil, err
			}
		}
	}
	return conformance.NetHTTP(func(s conformance.Setup) (func(http.Handler) http.Handler, error) {
		return func(next http.Handler) http.Handler { return ref.handler(s, routes, next) }, nil
	})(s)
}

func (ref *reference) handler(s conformance.Setup, routes []core.Route, next http.Handler) http.Handler {
	next = ref.wrap(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ref.log(s, r)
		policies := ref.route(routes, r)
		preflight := ref.preflight(r)
		granted := ref.governing(policies, r)
		if granted == nil || granted.AllowOrigins[0] != "*" || len(policies) > 1 {
			w.Header().Add("Vary", "Origin")
		}
		ref.answer(w.Header(), r, granted, preflight)
		switch {
		case preflight:
			w.WriteHeader(ref.status(granted != nil))
			ref.afterPreflight(w, r, next)
		case granted == nil && ref.reject(policies, r):
			w.WriteHeader(http.StatusForbidden)
		case s.KeepVary:
			next.ServeHTTP(&varyKeeper{ResponseWriter: w}, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// policiesFor returns the policies of the route that covers every reading of the
// path. If there is no such route, no origin is allowed.
func policiesFor(routes []core.Route, r *http.Request) []core.Policy {
	host := strings.ToLower(strings.TrimSuffix(regexp.MustCompile(`:[0-9]*$`).ReplaceAllString(r.Host, ""), "."))
	here := slices.DeleteFunc(slices.Clone(routes), func(route core.Route) bool { return route.Host != "" && route.Host != host })
	route := routeOf(here, r.URL.Path)
	readings := []string{r.URL.EscapedPath()}
	for _, reading := range []string{r.URL.Path, r.URL.EscapedPath()} {
		clean := path.Clean(reading)
		if clean != reading && clean+"/" != reading {
			readings = append(readings, clean)
		}
	}
	for _, reading := range readings {
		if routeOf(here, reading) != route {
			return []core.Policy{{RejectDisallowed: slices.ContainsFunc(routes, func(route core.Route) bool {
				return slices.ContainsFunc(route.Policies, func(p core.Policy) bool { return p.RejectDisallowed })
			})}}
		}
	}
	if route < 0 {
		return nil
	}
	return here[route].Policies
}

func routeOf(routes []core.Route, path string) int {
	return slices.IndexFunc(routes, func(route core.Route) bool {
		return route.Path == "" || route.Path == path || strings.HasSuffix(route.Path, "/") && strings.HasPrefix(path, route.Path)
	})
}

// governing returns the first policy that allows the request's origin. If the request
// has no Origin, a first policy that allows every origin governs.
func (ref *reference) governing(policies []core.Policy, r *http.Request) *core.Policy {
	lines := r.Header["Origin"]
	for i, p := range policies {
		if len(p.AllowOrigins) > 0 && p.AllowOrigins[0] == "*" && (i == 0 && len(lines) < 2 || len(lines) == 1) {
			return &policies[i]
		}
		for _, pattern := range p.AllowOrigins {
			if len(lines) == 1 && ref.matches(pattern, lines[0]) {
				return &policies[i]
			}
		}
	}
	return nil
}

func isPreflight(r *http.Request) bool {
	return r.Method == "OPTIONS" && len(r.Header["Origin"]) > 0 && len(r.Header["Access-Control-Request-Method"]) > 0
}

var (
	portPattern  = regexp.MustCompile(`^([1-9][0-9]{0,4})$`)
	namePattern  = regexp.MustCompile(`^[A-Za-z0-9-]+$`)
	labelPattern = regexp.MustCompile(`^[a-z0-9_-]+(\.[a-z0-9_-]+)*$`)
)

func matchesPattern(pattern, origin string) bool {
	switch {
	case len(origin) > 300:
		return false
	case strings.HasPrefix(pattern, "regexp:"):
		return regexp.MustCompile(`^(?:` + strings.TrimPrefix(pattern, "regexp:") + `)$`).MatchString(origin)
	case pattern == "@loopback":
		for _, host := range []string{"localhost", "127.0.0.1", "[::1]"} {
			if matchesPattern("http://"+host+":*", origin) || matchesPattern("https://"+host+":*", origin) {
				return true
			}
		}
		return false
	case strings.HasSuffix(pattern, ":*"):
		port, ok := strings.CutPrefix(origin, strings.TrimSuffix(pattern, ":*"))
		scheme, _, _ := strings.Cut(pattern, ":")
		defaults := map[string]string{"http": ":80", "https": ":443"}
		return ok && (port == "" || port != defaults[scheme] && validPort(port, 1, 65535))
	case strings.Contains(pattern, "localhost:3000-"):
		base, last, _ := strings.Cut(pattern, ":3000-")
		to, _ := strconv.Atoi(last)
		port, ok := strings.CutPrefix(origin, base)
		return ok && validPort(port, 3000, to)
	case strings.Contains(pattern, "*"):
		before, after, _ := strings.Cut(pattern, "*")
		rest, ok := strings.CutPrefix(origin, before)
		rest, ok2 := strings.CutSuffix(rest, after)
		inLabel := !strings.HasSuffix(before, "://") || !strings.HasPrefix(after, ".")
		return ok && ok2 && labelPattern.MatchString(rest) && !(inLabel && strings.Contains(rest, "."))
	}
	return pattern == origin
}

func validPort(port string, from, to int) bool {
	digits, ok := strings.CutPrefix(port, ":")
	n, err := strconv.Atoi(digits)
	return ok && err == nil && portPattern.MatchString(digits) && from <= n && n <= to
}

// answerAs sets the headers that the rules require.
func answerAs(h http.Header, r *http.Request, granted *core.Policy, preflight bool) {
	if granted == nil {
		return
	}
	p := *granted
	if p.AllowOrigins[0] == "*" {
		h.Set("Access-Control-Allow-Origin", "*")
	} else {
		h.Set("Access-Control-Allow-Origin", r.Header.Get("Origin"))
	}
	if p.AllowCredentials {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	if !preflight {
		if len(p.ExposeHeaders) > 0 {
			h.Set("Access-Control-Expose-Headers", strings.Join(p.ExposeHeaders, ","))
		}
		return
	}
	allow(h, "Methods", p.AllowMethods, p.AllowCredentials, r.Header["Access-Control-Request-Method"], strings.ToUpper)
	names := slices.DeleteFunc(slices.Clone(p.AllowHeaders), func(name string) bool {
		return browsermodel.IsForbiddenRequestHeader(name, "")
	})
	allow(h, "Headers", names, p.AllowCredentials, r.Header["Access-Control-Request-Headers"], strings.ToLower)
	switch {
	case p.MaxAge == core.NoPreflightCache:
		h.Set("Access-Control-Max-Age", "0")
	case p.MaxAge > 0:
		h.Set("Access-Control-Max-Age", strconv.Itoa(int(p.MaxAge/time.Second)))
	}
	if p.AllowPrivateNetwork {
		h.Add("Vary", "Access-Control-Request-Private-Network")
		if slices.Equal(r.Header["Access-Control-Request-Private-Network"], []string{"true"}) {
			h.Set("Access-Control-Allow-Private-Network", "true")
		}
	}
}

// allow sets the list, the wildcard or, with credentials, the requested tokens.
func allow(h http.Header, what string, list []string, credentials bool, asked []string, normal func(string) string) {
	name := "Access-Control-Allow-" + what
	if !slices.Contains(list, "*") || !credentials {
		values := slices.Clone(list)
		for i, v := range values {
			if what == "Headers" || slices.Contains([]string{"PUT", "DELETE"}, normal(v)) {
				values[i] = normal(v)
			}
		}
		if len(values) > 0 {
			h.Set(name, strings.Join(values, ","))
		}
		return
	}
	h.Add("Vary", "Access-Control-Request-"+strings.TrimSuffix(what, "s"))
	if what == "Headers" {
		h.Add("Vary", "Access-Control-Request-Headers")
	} else if len(asked) > 1 {
		return
	}
	var tokens []string
	for _, line := range asked {
		for token := range strings.SplitSeq(line, ",") {
			token = strings.Trim(token, " \t")
			if token == "" {
				continue
			}
			if !namePattern.MatchString(token) {
				return
			}
			tokens = append(tokens, token)
		}
	}
	if len(tokens) > 0 && len(strings.Join(tokens, ",")) < 1000 && (what == "Headers" || len(tokens) == 1) {
		h.Set(name, strings.Join(tokens, ","))
	}
}

func rejects(policies []core.Policy, r *http.Request) bool {
	if !slices.ContainsFunc(policies, func(p core.Policy) bool { return p.RejectDisallowed }) || len(r.Header["Origin"]) == 0 {
		return false
	}
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site != "same-origin"
	}
	u, err := url.Parse(r.Header.Get("Origin"))
	return err != nil || u.Host != r.Host
}

func acceptPolicy(p core.Policy) error {
	for _, origin := range p.AllowOrigins {
		insecure := strings.HasPrefix(origin, "http://") &&
			!regexp.MustCompile(`^http://(localhost|127\.0\.0\.1|\[::1\])(:.*)?$`).MatchString(origin)
		suffix := slices.Contains([]string{"https://*.com", "https://*.github.io", "https://*.co.uk"}, origin)
		switch {
		case origin == "null" && (p.AllowCredentials || !p.DangerouslyAllowNullOrigin),
			origin == "*" && p.AllowCredentials,
			insecure && p.AllowCredentials && !p.DangerouslyAllowInsecureOrigins,
			suffix && p.AllowCredentials && !p.DangerouslyAllowPublicSuffixes:
			return fmt.Errorf("origin %s", origin)
		}
	}
	for _, method := range p.AllowMethods {
		if method == "patch" || slices.Contains([]string{"CONNECT", "TRACE", "TRACK"}, strings.ToUpper(method)) {
			return fmt.Errorf("method %s", method)
		}
	}
	if slices.Contains(p.ExposeHeaders, "*") && p.AllowCredentials {
		return errors.New("expose * with credentials")
	}
	if p.MaxAge != core.NoPreflightCache && (p.MaxAge < 0 || p.MaxAge > 24*time.Hour || p.MaxAge%time.Second != 0) {
		return fmt.Errorf("max-age %v", p.MaxAge)
	}
	return nil
}

func stripUpstream(r *http.Response) error {
	for name := range r.Header {
		if strings.HasPrefix(name, "Access-Control-") {
			delete(r.Header, name)
		}
	}
	return nil
}

// varyKeeper adds Origin to Vary again.
type varyKeeper struct {
	http.ResponseWriter
}

func (w *varyKeeper) keep() {
	if !slices.ContainsFunc(w.Header()["Vary"], func(v string) bool { return strings.Contains(v, "Origin") }) {
		w.Header().Add("Vary", "Origin")
	}
}

func (w *varyKeeper) WriteHeader(status int)      { w.keep(); w.ResponseWriter.WriteHeader(status) }
func (w *varyKeeper) Write(b []byte) (int, error) { w.keep(); return w.ResponseWriter.Write(b) }
func (w *varyKeeper) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *varyKeeper) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

func TestReference(t *testing.T) {
	conformance.Run(t, newReference().mount, conformance.Options{Choices: true, Filter: sampled})
}

// sampled reports whether to run a case: with -short, only one in four.
func sampled(c conformance.Case) bool {
	return !testing.Short() || crc32.ChecksumIEEE([]byte(c.ID))%4 == 0
}
