package rs

import (
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/rs/cors"
)

func withFunc(app http.Handler, allow func(string) bool) http.Handler {
	return cors.New(cors.Options{AllowOriginFunc: allow, AllowedMethods: allMethods, AllowCredentials: true}).Handler(app)
}

// Equals compares with one origin after the other.
func Equals(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowOriginFunc: func(origin string) bool {
			return origin == "https://app.example" || origin == "https://admin.example"
		},
		AllowedMethods:   allMethods,
		AllowCredentials: true,
	}).Handler(app)
}

// Range looks an origin up in a list.
func Range(app http.Handler) http.Handler {
	return cors.New(cors.Options{AllowOriginFunc: inList, AllowedMethods: allMethods}).Handler(app)
}

func inList(origin string) bool {
	for _, allowed := range []string{"https://app.example", "https://admin.example"} {
		if allowed == origin {
			return true
		}
	}
	return false
}

// Contains looks an origin up with package slices.
func Contains(app http.Handler) http.Handler {
	allowed := []string{"https://app.example"}
	return cors.New(cors.Options{
		AllowOriginFunc: func(origin string) bool { return slices.Contains(allowed, origin) },
		AllowedMethods:  allMethods,
	}).Handler(app)
}

// Lookup looks an origin up in a map.
func Lookup(app http.Handler) http.Handler {
	allowed := map[string]bool{"https://app.example": true, "https://admin.example": true}
	return cors.New(cors.Options{
		AllowOriginFunc: func(origin string) bool { return allowed[origin] },
		AllowedMethods:  allMethods,
	}).Handler(app)
}

// SwitchCase decides with a switch.
func SwitchCase(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowOriginFunc: func(origin string) bool {
			switch origin {
			case "https://app.example", "https://admin.example":
				return true
			}
			return false
		},
		AllowedMethods: allMethods,
	}).Handler(app)
}

// Localhost means a machine, and matches domains that begin with its name.
func Localhost(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowOriginFunc: func(origin string) bool { return strings.HasPrefix(origin, "http://localhost") },
		AllowedMethods:  allMethods,
	}).Handler(app)
}

// Suffix allows the subdomains of a domain.
func Suffix(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowOriginFunc: func(origin string) bool { return strings.HasSuffix(origin, ".app.example") },
		AllowedMethods:  allMethods,
	}).Handler(app)
}

// BareSuffix matches domains that end in the same letters.
func BareSuffix(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowOriginFunc: func(origin string) bool { return strings.HasSuffix(origin, "app.example") },
		AllowedMethods:  allMethods,
	}).Handler(app)
}

// Within matches every origin that has a name somewhere.
func Within(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowOriginFunc: func(origin string) bool { return strings.Contains(origin, "app.example") },
		AllowedMethods:  allMethods,
	}).Handler(app)
}

// Mixed has several kinds of comparisons.
func Mixed(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowOriginFunc: func(origin string) bool {
			if origin == "https://app.example" {
				return true
			}
			if strings.HasPrefix(origin, "http://localhost:") {
				return true
			}
			return strings.HasSuffix(origin, ".preview.example")
		},
		AllowedMethods: allMethods,
	}).Handler(app)
}

// True allows every origin, with credentials.
func True(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowOriginFunc:  func(string) bool { return true },
		AllowedMethods:   allMethods,
		AllowCredentials: true,
	}).Handler(app)
}

var expression = regexp.MustCompile(`^https://[a-z]+\.app\.example$`)

// Expression matches an anchored expression.
func Expression(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowOriginFunc: func(origin string) bool { return expression.MatchString(origin) },
		AllowedMethods:  allMethods,
	}).Handler(app)
}

var loose = regexp.MustCompile(`https://[a-z]+\.app\.example`)

// LooseExpression matches an expression without anchors.
func LooseExpression(app http.Handler) http.Handler {
	return cors.New(cors.Options{AllowOriginFunc: loose.MatchString, AllowedMethods: allMethods}).Handler(app)
}

// Parsed decides by the host name of the parsed origin.
func Parsed(app http.Handler) http.Handler {
	return withFunc(app, func(origin string) bool {
		u, err := url.Parse(origin)
		return err == nil && u.Hostname() == "app.example"
	})
}

// File decides by the contents of a file, which are known only at run time.
func File(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowOriginFunc: func(origin string) bool {
			text, err := os.ReadFile("rs/testdata/origins.txt")
			return err == nil && slices.Contains(strings.Fields(string(text)), origin)
		},
		AllowedMethods: allMethods,
	}).Handler(app)
}

// ListAndFunction has a list that the library ignores, because there is a function.
func ListAndFunction(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins:  []string{"https://app.example", "https://admin.example"},
		AllowOriginFunc: func(origin string) bool { return origin == "https://admin.example" },
		AllowedMethods:  allMethods,
	}).Handler(app)
}

// ByRequest decides by the path too.
func ByRequest(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		//lint:ignore SA1019 programs still have it
		AllowOriginRequestFunc: func(r *http.Request, origin string) bool {
			return r.URL.Path == "/item" && origin == "https://app.example"
		},
		AllowedMethods: allMethods,
	}).Handler(app)
}
