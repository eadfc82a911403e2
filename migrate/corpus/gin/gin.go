// Package gin has programs that use gin-contrib/cors.
package gin

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/gin-contrib/cors"
	"github.com/gin-gonic/gin"
	"github.com/spf13/viper"

	"github.com/corskit/corskit/migrate/corpus/settings"
)

// Literal lists everything in place.
func Literal(r *gin.Engine) {
	r.Use(cors.New(cors.Config{
		AllowOrigins:     []string{"https://app.example"},
		AllowMethods:     []string{"PUT", "PATCH"},
		AllowHeaders:     []string{"Origin", "Authorization", "Content-Type"},
		ExposeHeaders:    []string{"Content-Length", "X-Total"},
		AllowCredentials: true,
		MaxAge:           12 * time.Hour,
	}))
}

// Documented is the example of the library's documentation, with a function next to a list.
func Documented(r *gin.Engine) {
	r.Use(cors.New(cors.Config{
		AllowOrigins:     []string{"https://foo.example"},
		AllowMethods:     []string{"PUT", "PATCH"},
		AllowHeaders:     []string{"Origin"},
		ExposeHeaders:    []string{"Content-Length"},
		AllowCredentials: true,
		AllowOriginFunc: func(origin string) bool {
			return origin == "https://app.example"
		},
		MaxAge: 12 * time.Hour,
	}))
}

// ByDefault uses the library's default.
func ByDefault(r *gin.Engine) { r.Use(cors.Default()) }

// DefaultConfig changes the library's default.
func DefaultConfig(r *gin.Engine) {
	config := cors.DefaultConfig()
	config.AllowOrigins = []string{"https://app.example", "https://admin.example"}
	config.AllowCredentials = true
	config.AddAllowHeaders("Authorization", "X-Token")
	config.AddAllowMethods("QUERY")
	config.AddExposeHeaders("X-Total")
	r.Use(cors.New(config))
}

// AllOrigins allows every origin.
func AllOrigins(r *gin.Engine) {
	config := cors.DefaultConfig()
	config.AllowAllOrigins = true
	config.AllowHeaders = []string{"*"}
	r.Use(cors.New(config))
}

// AllOriginsWithCredentials allows every origin with credentials, which browsers refuse.
func AllOriginsWithCredentials(r *gin.Engine) {
	config := cors.DefaultConfig()
	config.AllowAllOrigins = true
	config.AllowCredentials = true
	r.Use(cors.New(config))
}

// Nanoseconds has a maximum age without a unit.
func Nanoseconds(r *gin.Engine) {
	r.Use(cors.New(cors.Config{AllowOrigins: []string{"https://app.example"}, AllowMethods: []string{"GET", "PUT"}, MaxAge: 300}))
}

// Week has a maximum age that no browser honours.
func Week(r *gin.Engine) {
	r.Use(cors.New(cors.Config{
		AllowOrigins: []string{"https://app.example"}, AllowMethods: []string{"GET", "PUT"}, MaxAge: 7 * 24 * time.Hour,
	}))
}

// InertWildcard has a wildcard without AllowWildcard.
func InertWildcard(r *gin.Engine) {
	r.Use(cors.New(cors.Config{
		AllowOrigins: []string{"https://*.app.example", "https://app.example"},
		AllowMethods: []string{"GET", "PUT"},
	}))
}

// Wildcard has a wildcard with AllowWildcard.
func Wildcard(r *gin.Engine) {
	r.Use(cors.New(cors.Config{
		AllowOrigins:  []string{"https://*.app.example", "http://localhost:*"},
		AllowWildcard: true,
		AllowMethods:  []string{"GET", "PUT"},
	}))
}

// TrailingWildcard also matches strangers' domains that begin with the same text.
func TrailingWildcard(r *gin.Engine) {
	r.Use(cors.New(cors.Config{
		AllowOrigins:  []string{"https://app.*"},
		AllowWildcard: true,
		AllowMethods:  []string{"GET", "PUT"},
	}))
}

// InLabel has a wildcard within a label, which also matches dots.
func InLabel(r *gin.Engine) {
	r.Use(cors.New(cors.Config{
		AllowOrigins:     []string{"https://pr-*.app.example"},
		AllowWildcard:    true,
		AllowMethods:     []string{"GET", "PUT"},
		AllowCredentials: true,
	}))
}

// Expression has an expression, which the library does not anchor.
func Expression(r *gin.Engine) {
	r.Use(cors.New(cors.Config{
		AllowOrigins: []string{`/https://[a-z]+\.app\.example/`},
		AllowMethods: []string{"GET", "PUT"},
	}))
}

// EnvSplit reads a list from the environment.
//
//corpus:env GIN_ORIGINS=https://app.example,https://admin.example
func EnvSplit(r *gin.Engine) {
	config := cors.DefaultConfig()
	config.AllowOrigins = strings.Split(os.Getenv("GIN_ORIGINS"), ",")
	r.Use(cors.New(config))
}

// EnvDefault reads an origin through a helper.
//
//corpus:env
//corpus:env GIN_FRONTEND=https://other.example
func EnvDefault(r *gin.Engine) {
	config := cors.DefaultConfig()
	config.AllowOrigins = []string{settings.Get("GIN_FRONTEND", "https://app.example")}
	r.Use(cors.New(config))
}

// Branch is strict in only one environment.
//
//corpus:env GIN_STAGE=production
//corpus:env GIN_STAGE=development
func Branch(r *gin.Engine) {
	config := cors.DefaultConfig()
	if os.Getenv("GIN_STAGE") == "production" {
		config.AllowOrigins = []string{"https://app.example"}
		config.AllowCredentials = true
	} else {
		config.AllowAllOrigins = true
	}
	r.Use(cors.New(config))
}

// Viper reads everything from viper.
func Viper(r *gin.Engine) {
	viper.SetDefault("gin.origins", []string{"https://app.example"})
	viper.SetDefault("gin.credentials", true)
	r.Use(cors.New(cors.Config{
		AllowOrigins:     viper.GetStringSlice("gin.origins"),
		AllowMethods:     []string{"GET", "PUT"},
		AllowCredentials: viper.GetBool("gin.credentials"),
	}))
}

// True allows every origin, with credentials.
func True(r *gin.Engine) {
	r.Use(cors.New(cors.Config{
		AllowMethods:     []string{"GET", "PUT", "POST"},
		AllowHeaders:     []string{"Content-Type"},
		AllowCredentials: true,
		AllowOriginFunc:  func(origin string) bool { return true },
	}))
}

// Localhost allows pages of the developer's own machine.
func Localhost(r *gin.Engine) {
	r.Use(cors.New(cors.Config{
		AllowMethods:    []string{"GET", "PUT", "POST"},
		AllowOriginFunc: func(origin string) bool { return strings.HasPrefix(origin, "http://localhost") },
	}))
}

// WithContext decides by the request as well.
func WithContext(r *gin.Engine) {
	r.Use(cors.New(cors.Config{
		AllowMethods: []string{"GET", "PUT", "POST"},
		AllowOriginWithContextFunc: func(c *gin.Context, origin string) bool {
			return c.Request.URL.Path == "/item" && slices.Contains(settings.Defaults, origin)
		},
	}))
}

// Extensions allows an extension of a browser, and an application's scheme.
func Extensions(r *gin.Engine) {
	r.Use(cors.New(cors.Config{
		AllowOrigins:           []string{"chrome-extension://abcdefgh", "tauri://localhost", "https://app.example"},
		AllowMethods:           []string{"GET", "PUT"},
		AllowBrowserExtensions: true,
		CustomSchemas:          []string{"tauri://"},
	}))
}

// LowerCase has a method that no browser upper-cases.
func LowerCase(r *gin.Engine) {
	r.Use(cors.New(cors.Config{AllowOrigins: []string{"https://app.example"}, AllowMethods: []string{"get", "patch"}}))
}

// Status answers preflights with 200.
func Status(r *gin.Engine) {
	r.Use(cors.New(cors.Config{
		AllowOrigins: []string{"https://app.example"}, AllowMethods: []string{"PUT"}, OptionsResponseStatusCode: http.StatusOK,
		AllowPrivateNetwork: true,
	}))
}

// Group mounts the middleware on a group, which has no routes for preflights.
func Group(r *gin.Engine) {
	api := r.Group("/")
	api.Use(cors.New(cors.Config{AllowOrigins: []string{"https://app.example"}, AllowMethods: []string{"PUT"}}))
	r.RouterGroup.Handlers = api.Handlers
}

// TwoLayers has two configurations.
func TwoLayers(r *gin.Engine) {
	r.Use(cors.New(cors.Config{AllowOrigins: []string{"https://app.example"}, AllowMethods: []string{"PUT"}}))
	r.Use(cors.New(cors.Config{AllowOrigins: []string{"https://app.example", "https://admin.example"}, AllowMethods: []string{"PUT"}}))
}

// Helper builds the middleware in a function of its own.
func Helper(r *gin.Engine) { r.Use(middleware("https://app.example", "https://admin.example")) }

func middleware(origins ...string) gin.HandlerFunc {
	return cors.New(cors.Config{AllowOrigins: origins, AllowMethods: []string{"PUT"}, AllowHeaders: []string{"X-Token"}})
}
