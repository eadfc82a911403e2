package corsgin_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/gin-gonic/gin"

	"github.com/corskit/corskit/adapters/corsgin"
)

const other = "https://b.example"

// wantPreflight checks that a preflight is answered for one of the two origins alone.
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

// Where a request gets to a route of the group, its preflight gets an answer.
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
				url, reached := start(t, r), 0
				for i := range len(segments) * len(segments) * len(ends) {
					p := segments[i%len(segments)] + segments[i/len(segments)%len(segments)] + ends[i/len(segments)/len(segments)]
					if p == "" || send(t, "PUT", url+p, allowed).StatusCode != http.StatusOK {
						continue
					}
					reached++
					wantOrigin(t, preflight(t, "PUT", url+p, allowed), allowed)
				}
				if reached < 5 {
					t.Errorf("%d paths lead to the group", reached)
				}
			})
		}
	}
}

// Of groups whose paths overlap, gin's router tries one first.
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
		{"/api", "/api/", "/api/items", allowed}, // the first of those with one path
	} {
		t.Run(fmt.Sprint(test), func(t *testing.T) {
			r := gin.New()
			corsgin.Group(r, r.Group(test.path), engine(t, allowed))
			corsgin.Group(r, r.Group(test.otherPath), engine(t, other))
			wantPreflight(t, "PUT", start(t, r)+test.request, test.origin)
		})
	}
}

// What a group answers, a group within it does not loosen.
func TestGroupWithinGroup(t *testing.T) {
	r := gin.New()
	corsgin.Group(r, r.Group("/api/inner"), engine(t, other))
	api := corsgin.Group(r, r.Group("/api"), engine(t, allowed))
	plain := api.Group("/plain")
	corsgin.Group(r, plain.Group("/inner"), engine(t, allowed, other)).PUT("/items", ok)
	url := start(t, r)
	wantPreflight(t, "PUT", url+"/api/plain/inner/items", allowed)
	wantPreflight(t, "PUT", url+"/api/inner/items", other) // not within by its handlers
}

// gin allows 63 handlers for a route.
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

// What doc.go says of redirects.
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

// What doc.go says of OPTIONS routes with parameters.
func TestGroupBesideParameters(t *testing.T) {
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
