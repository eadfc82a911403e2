//go:build !race

// Package gozero has programs that use the options of go-zero's rest.
package gozero

import (
	"net/http"
	"os"
	"strings"

	"github.com/zeromicro/go-zero/rest"

	"github.com/corskit/corskit/migrate/corpus/settings"
)

// Literal lists its origins in place.
func Literal(c rest.RestConf) *rest.Server {
	return rest.MustNewServer(c, rest.WithCors("https://app.example", "https://admin.example"))
}

// Any has no origins, which allows every origin.
func Any(c rest.RestConf) *rest.Server { return rest.MustNewServer(c, rest.WithCors()) }

// Asterisk allows every origin, with credentials, because the library echoes the origin.
func Asterisk(c rest.RestConf) *rest.Server { return rest.MustNewServer(c, rest.WithCors("*")) }

// Suffix lists a domain. The library also allows its subdomains, with every scheme and port.
func Suffix(c rest.RestConf) *rest.Server { return rest.MustNewServer(c, rest.WithCors("app.example")) }

// Variable uses a list of another package.
func Variable(c rest.RestConf) *rest.Server {
	return rest.MustNewServer(c, rest.WithCors(settings.Defaults...))
}

// EnvSplit reads a list from the environment.
//
//corpus:env GOZERO_ORIGINS=https://app.example,https://admin.example
func EnvSplit(c rest.RestConf) *rest.Server {
	return rest.MustNewServer(c, rest.WithCors(strings.Split(os.Getenv("GOZERO_ORIGINS"), ",")...))
}

// Headers adds headers to the library's own, for every origin.
func Headers(c rest.RestConf) *rest.Server {
	return rest.MustNewServer(c, rest.WithCorsHeaders("X-Token", "X-Tenant"))
}

// Custom changes the headers of answers.
func Custom(c rest.RestConf) *rest.Server {
	return rest.MustNewServer(c, rest.WithCustomCors(func(header http.Header) {
		header.Set("Access-Control-Allow-Headers", "Content-Type, X-Token")
		header.Set("Access-Control-Allow-Methods", "GET, POST, PUT")
		header.Set("Access-Control-Expose-Headers", "X-Total")
	}, nil, "https://app.example"))
}
