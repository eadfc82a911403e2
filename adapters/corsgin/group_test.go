package corsgin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/corskit/corskit/adapters/corsgin"
	"github.com/corskit/corskit/core"
)

const other = "https://b.example"

// wantPreflight checks that a preflight is allowed from origin, and not from the
// other one of the two.
func wantPreflight(t *testing.T, method, url, origin string) {
	t.Helper()
	for _, o := range []string{allowed, other} {
		res := preflight(t, method, url, o)
		want, status := "", http.StatusForbidden
		if o == origin {
			want, status = o, http.StatusNoContent
		}
		wantOrigin(t, res, want)
		if res.StatusCode != status {
			t.Errorf("preflight of %s %s from %s: status %d, want %d", method, url, o, res.StatusCode, status)
		}
	}
}

// TestGroupPreflightsOfRoutes: if a request reaches a route of the group, the
// group's engine answers the preflight of the request.
func TestGroupPreflightsOfRoutes(t *testing.T) {
	configurations := map[string]func(*gin.Engine){
		"plain":              func(*gin.Engine) {},
		"method not allowed": func(r *gin.Engine) { r.HandleMethodNotAllowed = true },
		"no redirects":       func(r *gin.Engine) { r.RedirectTrailingSlash = false },
		"fixed path":         func(r *gin.Engine) { r.RedirectFixedPath = true },
		"extra slash":        func(r *gin.Engine) { r.RemoveExtraSlash = true },
		"raw path":           func(r *gin.Engine) { r.UseRawPath = true },
		"escaped path":       func(r *gin.Engine) { r.UseEscapedPath = true },
	}
	segments := []string{"", "/", "/v", "/v1", "/api", "/x", "/items", "/%61pi", "/a%2Fb", "/.", "/..", "//items"}
	ends := []string{"", "/", "/.", "/v1/items"}
	for name, configure := range configurations {
		for _, path := range []string{"/api", "/v:n", "/:t/api", "/v/:t", "/:t", "/api/:t/v:n", "/api/*rest"} {
			t.Run(name+path, func(t *testing.T) {
				r := gin.New()
				configure(r)
				group := corsgin.Group(r, r.Group(path), engine(t, allowed))
				group.PUT("", ok)
				if path != "/api/*rest" {
					group.PUT("/", ok)
					group.PUT("/items", ok)
				}
				reached := 0
				for i := range len(segments) * len(segments) * len(ends) {
					p := segments[i%len(segments)] + segments[i/len(segments)%len(segments)] + ends[i/len(segments)/len(segments)]
					if p == "" || record(r, "PUT", p).StatusCode != http.StatusOK {
						continue
					}
					reached++
					wantOrigin(t, record(r, "OPTIONS", p, "Access-Control-Request-Method", "PUT"), allowed)
				}
				if reached < 5 {
					t.Errorf("only %d paths lead to the group, want at least 5", reached)
				}
			})
		}
	}
}

// record returns the response of r to a request from the allowed origin.
func record(r *gin.Engine, method, path string, header ...string) *http.Response {
	q := httptest.NewRequest(method, path, nil)
	q.Header.Set("Origin", allowed)
	for i := 0; i+1 < len(header); i += 2 {
		q.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, q)
	res := w.Result()
	res.Request = q
	return res
}

// TestGroupsThatOverlap: if the paths of groups overlap, the group whose path gin's
// router tries first decides.
func TestGroupsThatOverlap(t *testing.T) {
	for _, test := range []struct{ path, otherPath, request, origin string }{
		{"/", "/admin", "/admin/items", other},
		{"/", "/admin", "/items", allowed},
		{"/admin", "/", "/admin/items", allowed},
		{"/api", "/api/v1", "/api/v1/items", other},
		{"/api", "/api/v1", "/api/items", allowed},
		{"/:tenant", "/api", "/api/items", other},
		{"/:tenant", "/api", "/acme/items", allowed},
		{"/:tenant/api", "/admin", "/admin/api/items", other},
		{"/:tenant", "/v:n", "/v1/items", other},
		{"/v:n", "/v1", "/v1/items", other},
		{"/v:n", "/v", "/v/items", other},
		{"/a:x", "/a\\:b", "/a:b/items", other},
		{"/api", "/api/", "/api/items", allowed}, // the first of groups with the same path
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			r := gin.New()
			corsgin.Group(r, r.Group(test.path), engine(t, allowed))
			corsgin.Group(r, r.Group(test.otherPath), engine(t, other))
			wantPreflight(t, "PUT", start(t, r)+test.request, test.origin)
		})
	}
}

// TestGroupInsideGroup: the engine of the inner group decides the preflights of its
// routes as well as what scripts may read of their responses.
func TestGroupInsideGroup(t *testing.T) {
	for name, test := range map[string]struct{ outer, inner []string }{
		"inner allows more": {[]string{allowed}, []string{allowed, other}},
		"inner allows less": {[]string{allowed, other}, []string{other}},
		"disjoint":          {[]string{allowed}, []string{other}},
	} {
		for _, strict := range []bool{false, true} {
			t.Run(fmt.Sprint(name, "/", strict), func(t *testing.T) {
				r := gin.New()
				r.HandleMethodNotAllowed = strict
				api := corsgin.Group(r, r.Group("/api"), engine(t, test.outer...))
				inner := corsgin.Group(r, api.Group("/plain").Group("/inner"), engine(t, test.inner...))
				api.PUT("/items", ok)
				inner.PUT("/items", ok)
				url := start(t, r)
				for path, origins := range map[string][]string{"/api/items": test.outer, "/api/plain/inner/items": test.inner} {
					for _, origin := range []string{allowed, other, stranger} {
						want, status := "", http.StatusForbidden
						if slices.Contains(origins, origin) {
							want, status = origin, http.StatusNoContent
						}
						wantOrigin(t, send(t, "PUT", url+path, origin), want)
						res := preflight(t, "PUT", url+path, origin)
						wantOrigin(t, res, want)
						if res.StatusCode != status {
							t.Errorf("preflight of %s from %s: status %d, want %d", path, origin, res.StatusCode, status)
						}
					}
				}
			})
		}
	}
}

// TestGroupInsideGroupWithOptionsRoutes: a route runs the middleware of both groups,
// and the outer one answers the preflight.
func TestGroupInsideGroupWithOptionsRoutes(t *testing.T) {
	r := gin.New()
	api := corsgin.Group(r, r.Group("/api"), engine(t, allowed))
	corsgin.Group(r, api.Group("/inner"), engine(t, allowed, other)).Any("/items", ok)
	wantPreflight(t, "PUT", start(t, r)+"/api/inner/items", allowed)
}

// TestGroupInsideRejectingGroup: requests that the outer engine rejects do not reach
// the handlers of the inner group, even if the inner engine allows the origin.
func TestGroupInsideRejectingGroup(t *testing.T) {
	r := gin.New()
	api := corsgin.Group(r, r.Group("/api"), core.MustNew(core.Policy{AllowOrigins: []string{allowed}, RejectDisallowed: true}))
	corsgin.Group(r, api.Group("/inner"), engine(t, allowed, other)).PUT("/items", ok)
	url := start(t, r) + "/api/inner/items"
	for origin, status := range map[string]int{allowed: http.StatusOK, other: http.StatusForbidden} {
		if res := send(t, "PUT", url, origin); res.StatusCode != status {
			t.Errorf("PUT from %s: status %d, want %d", origin, res.StatusCode, status)
		}
	}
}

// TestGroupsOfSeveralEngines: each gin.Engine has its own groups.
func TestGroupsOfSeveralEngines(t *testing.T) {
	first, second := gin.New(), gin.New()
	corsgin.Group(first, first.Group("/a"), engine(t, allowed))
	corsgin.Group(second, second.Group("/b"), engine(t, other))
	corsgin.Group(first, first.Group("/c"), engine(t, allowed))
	firstURL, secondURL := start(t, first), start(t, second)
	wantPreflight(t, "PUT", firstURL+"/a", allowed)
	wantPreflight(t, "PUT", firstURL+"/c", allowed)
	wantPreflight(t, "PUT", secondURL+"/b", other)
	wantOrigin(t, preflight(t, "PUT", firstURL+"/b", other), "")
	wantOrigin(t, preflight(t, "PUT", secondURL+"/a", allowed), "")
}

// TestManyGroups: gin allows at most 63 handlers for a route; more than 63 groups do
// not exceed the limit.
func TestManyGroups(t *testing.T) {
	r := gin.New()
	for i := range 100 {
		corsgin.Group(r, r.Group(fmt.Sprint("/", i)), engine(t, allowed))
	}
	r.GET("/", ok)
	url := start(t, r)
	wantOrigin(t, send(t, "GET", url, allowed), "")
	wantPreflight(t, "PUT", url+"/99/items", allowed)
}

// TestGroupRedirectedPreflight: gin redirects preflights as doc.go says.
func TestGroupRedirectedPreflight(t *testing.T) {
	for _, options := range []bool{false, true} {
		r := gin.New()
		api := corsgin.Group(r, r.Group("/api"), engine(t, allowed))
		api.Any("/items/", ok)
		api.POST("/items", ok)
		if options {
			api.OPTIONS("/items")
		}
		url := start(t, r) + "/api/items"
		if options {
			wantPreflight(t, "POST", url, allowed)
			continue
		}
		if res := preflight(t, "POST", url, allowed); res.StatusCode != http.StatusTemporaryRedirect {
			t.Errorf("status %d, want gin's 307", res.StatusCode)
		}
	}
}

// TestGroupNextToParameters: OPTIONS routes with parameters take precedence, as doc.go
// says.
func TestGroupNextToParameters(t *testing.T) {
	for _, options := range []bool{false, true} {
		r := gin.New()
		r.Any("/:page/:part", ok)
		api := corsgin.Group(r, r.Group("/api"), engine(t, allowed))
		api.POST("/items", ok)
		if options {
			api.OPTIONS("/items")
		}
		url := start(t, r) + "/api/items"
		if options {
			wantPreflight(t, "POST", url, allowed)
		} else {
			wantOrigin(t, preflight(t, "POST", url, allowed), "")
		}
	}
}
