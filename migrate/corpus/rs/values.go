package rs

import (
	"net/http"
	"os"
	"strconv"
	"strings"

	"github.com/caarlos0/env/v11"
	"github.com/rs/cors"
	"github.com/spf13/viper"

	"github.com/corskit/corskit/migrate/corpus/settings"
)

var allMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}

// EnvSplit reads a list from the environment.
//
//corpus:env RS_ORIGINS=https://app.example,https://admin.example
//corpus:env RS_ORIGINS=https://*.app.example
func EnvSplit(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins: strings.Split(os.Getenv("RS_ORIGINS"), ","),
		AllowedMethods: allMethods,
	}).Handler(app)
}

// EnvSingle reads one origin from the environment.
//
//corpus:env RS_ORIGIN=https://app.example
func EnvSingle(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins:   []string{os.Getenv("RS_ORIGIN")},
		AllowedMethods:   allMethods,
		AllowCredentials: true,
	}).Handler(app)
}

// EnvDefault reads an origin through a helper of another package.
//
//corpus:env
//corpus:env RS_FRONTEND=https://other.example
func EnvDefault(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins: []string{settings.Get("RS_FRONTEND", "https://app.example")},
		AllowedMethods: allMethods,
	}).Handler(app)
}

// EnvList reads a list through a helper of another package.
//
//corpus:env
//corpus:env RS_LIST=https://app.example, https://other.example
func EnvList(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins: settings.List("RS_LIST", []string{"https://app.example", "https://admin.example"}),
		AllowedMethods: allMethods,
	}).Handler(app)
}

func getenv(key, fallback string) string {
	v, ok := os.LookupEnv(key)
	if !ok || v == "" {
		return fallback
	}
	return v
}

// EnvDefaultSplit splits what a helper of this package reads.
//
//corpus:env
//corpus:env RS_SPLIT=https://other.example,https://third.example
func EnvDefaultSplit(app http.Handler) http.Handler {
	origins := strings.Split(getenv("RS_SPLIT", "https://app.example,https://admin.example"), ",")
	return cors.New(cors.Options{AllowedOrigins: origins, AllowedMethods: allMethods}).Handler(app)
}

// EnvBool has credentials that the environment switches.
//
//corpus:env RS_ENV=production
//corpus:env RS_ENV=development
func EnvBool(app http.Handler) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins:   []string{"https://app.example"},
		AllowedMethods:   allMethods,
		AllowCredentials: os.Getenv("RS_ENV") == "production",
	}).Handler(app)
}

// EnvNumber has a maximum age from the environment, which only the program can know.
//
//corpus:env RS_MAX_AGE=600
func EnvNumber(app http.Handler) http.Handler {
	seconds, err := strconv.Atoi(os.Getenv("RS_MAX_AGE"))
	if err != nil {
		seconds = 300
	}
	return cors.New(cors.Options{AllowedOrigins: []string{"https://app.example"}, AllowedMethods: allMethods, MaxAge: seconds}).Handler(app)
}

// Viper reads a list with a default from viper.
func Viper(app http.Handler) http.Handler {
	viper.SetDefault("rs.origins", []string{"https://app.example", "https://admin.example"})
	return cors.New(cors.Options{
		AllowedOrigins: viper.GetStringSlice("rs.origins"),
		AllowedMethods: allMethods,
	}).Handler(app)
}

// ViperBound reads a list that an environment variable sets.
//
//corpus:env RS_VIPER_ORIGINS=https://other.example
func ViperBound(app http.Handler) http.Handler {
	viper.SetDefault("rs.bound", []string{"https://app.example"})
	_ = viper.BindEnv("rs.bound", "RS_VIPER_ORIGINS")
	return cors.New(cors.Options{
		AllowedOrigins: viper.GetStringSlice("rs.bound"),
		AllowedMethods: allMethods,
	}).Handler(app)
}

type serverConfig struct {
	Origins     []string `env:"RS_TAG_ORIGINS" envDefault:"https://app.example,https://admin.example"`
	Credentials bool     `env:"RS_TAG_CREDENTIALS" envDefault:"true"`
}

// EnvTag follows the tags of a struct.
//
//corpus:env
//corpus:env RS_TAG_ORIGINS=https://other.example
func EnvTag(app http.Handler) http.Handler {
	cfg, err := load()
	if err != nil {
		return http.NotFoundHandler()
	}
	return cors.New(cors.Options{
		AllowedOrigins:   cfg.Origins,
		AllowedMethods:   allMethods,
		AllowCredentials: cfg.Credentials,
	}).Handler(app)
}

func load() (*serverConfig, error) {
	cfg := &serverConfig{}
	if err := env.Parse(cfg); err != nil {
		return nil, err
	}
	return cfg, nil
}

type tree struct {
	CORS struct {
		Origins []string `mapstructure:"allowed_origins"`
	} `mapstructure:"rs_cors"`
}

// Mapstructure follows the tags of a struct that viper fills.
func Mapstructure(app http.Handler) http.Handler {
	viper.SetDefault("rs_cors.allowed_origins", []string{"https://app.example"})
	var cfg tree
	if err := viper.Unmarshal(&cfg); err != nil {
		return http.NotFoundHandler()
	}
	return cors.New(cors.Options{AllowedOrigins: cfg.CORS.Origins, AllowedMethods: allMethods}).Handler(app)
}

// Parameters gets its origins from its only caller.
func Parameters(app http.Handler) http.Handler {
	return wrap(app, []string{"https://app.example", "https://admin.example"}, true)
}

func wrap(app http.Handler, origins []string, credentials bool) http.Handler {
	return cors.New(cors.Options{
		AllowedOrigins: origins, AllowedMethods: allMethods, AllowCredentials: credentials,
	}).Handler(app)
}

// ConditionalAppend adds an origin for development.
//
//corpus:env RS_MODE=dev
//corpus:env RS_MODE=prod
func ConditionalAppend(app http.Handler) http.Handler {
	origins := []string{"https://app.example"}
	if os.Getenv("RS_MODE") == "dev" {
		origins = append(origins, "http://localhost:3000")
	}
	return cors.New(cors.Options{AllowedOrigins: origins, AllowedMethods: allMethods}).Handler(app)
}

// Branch has a configuration for each environment.
//
//corpus:env RS_STAGE=production
//corpus:env RS_STAGE=local
func Branch(app http.Handler) http.Handler {
	var options cors.Options
	if os.Getenv("RS_STAGE") == "production" {
		options = cors.Options{AllowedOrigins: []string{"https://app.example"}, AllowedMethods: allMethods, AllowCredentials: true}
	} else {
		options = cors.Options{AllowedOrigins: []string{"*"}, AllowedMethods: allMethods}
	}
	return cors.New(options).Handler(app)
}

// Switch has origins for each environment.
//
//corpus:env RS_WHERE=prod
//corpus:env RS_WHERE=staging
//corpus:env RS_WHERE=laptop
func Switch(app http.Handler) http.Handler {
	var origins []string
	switch os.Getenv("RS_WHERE") {
	case "prod":
		origins = []string{"https://app.example"}
	case "staging":
		origins = []string{"https://staging.app.example"}
	default:
		origins = []string{"http://localhost:3000"}
	}
	return cors.New(cors.Options{AllowedOrigins: origins, AllowedMethods: allMethods}).Handler(app)
}
