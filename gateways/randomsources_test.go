package gateways_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/corskit/corskit/gateways"
)

// Values of random sources: common ones, and ones that gateways interpret in surprising ways.
var (
	oddOrigins = []string{
		"https://a.example", "https://b.example:8443", "http://c.example", "http://localhost:3000", "http://localhost", "http://[::1]:8080",
		"*", "null", "https://*.a.example", "http://localhost:*", "https://pr-*.a.example",
		"https://*", "https://A.example", "https://a.example/",
		"a.example", "capacitor://localhost", "chrome-extension://abcdef",
		"file://", "app://.", "https://a_b.example", "https://a.example.", "**", "",
		`^https://[a-z]+\.a\.example$`, `https://a\.example`, `^(?:https://a\.example|https://b\.example)$`,
		`^https://a\.example$|^https://b\.example$`,
		`.*\.a\.example`, `^https?://a\.example(:\d+)?$`, `https://.*`, `^https://(?i:a)\.example$`, `^http://\[::1\]$`, `^null$`, `(`,
	}
	oddMethods = []string{"GET", "HEAD", "POST", "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "*", "**", "QUERY", "TRACE",
		"put", "MERGE", "a b", "ALL", ""}
	oddHeaders = []string{"authorization", "content-type", "X-A", "*", "**", "origin", "cookie", "etag", "set-cookie", "x-amz-*", "a b",
		"cache-control", ""}
	oddAges = []string{"0", "5", "600", "100000", "-1", "99999999999", `"x"`}
)

// some returns a few of the values as JSON. It prefers values near the beginning.
func some(r *rand.Rand, values []string) string {
	list := []string{}
	for range r.IntN(4) {
		list = append(list, values[min(r.IntN(len(values)), r.IntN(len(values)), r.IntN(len(values)))])
	}
	text, _ := json.Marshal(list)
	return string(text)
}

// methods returns some methods, usually including those that every policy allows.
func methods(r *rand.Rand) string {
	if r.IntN(4) == 0 {
		return some(r, oddMethods)
	}
	return strings.Replace(strings.Replace(some(r, oddMethods), "[", `["GET","HEAD","POST",`, 1), ",]", "]", 1)
}

// commaText returns a JSON list as a JSON text.
func commaText(list string) string {
	var all []string
	if err := json.Unmarshal([]byte(list), &all); err != nil {
		return `""`
	}
	text, _ := json.Marshal(strings.Join(all, ","))
	return string(text)
}

// fields returns a JSON object with most of the fields.
func fields(r *rand.Rand, pairs ...string) string {
	var list []string
	for i := 0; i < len(pairs); i += 2 {
		if r.IntN(5) > 0 {
			list = append(list, fmt.Sprintf("%q: %s", pairs[i], pairs[i+1]))
		}
	}
	return "{" + strings.Join(list, ", ") + "}"
}

// randomSources makes a file for each target.
var randomSources = map[string]func(r *rand.Rand, flag, age string) string{
	"kong": func(r *rand.Rand, flag, age string) string {
		return `{"plugins": [{"name": "cors", "config": ` + fields(r, "origins", some(r, oddOrigins), "methods", some(r, oddMethods[:10]),
			"headers", some(r, oddHeaders), "exposed_headers", some(r,
				oddHeaders), "credentials", flag, "max_age", age, "private_network", "true") + "}]}"
	},
	"krakend": func(r *rand.Rand, flag, age string) string {
		return `{"extra_config": {"security/cors": ` + fields(r, "allow_origins", some(r, oddOrigins), "allow_methods", methods(r),
			"allow_headers", some(r, oddHeaders), "expose_headers", some(r,
				oddHeaders), "allow_credentials", flag, "max_age", `"`+strings.Trim(age, `"`)+`s"`) + "}}"
	},
	"apisix": func(r *rand.Rand, flag, age string) string {
		return `{"plugins": {"cors": ` + fields(r, "allow_origins", commaText(some(r, oddOrigins)), "allow_origins_by_regex",
			some(r, oddOrigins[20:]),
			"allow_methods", commaText(some(r, oddMethods)), "allow_headers", commaText(some(r, oddHeaders)),
			"expose_headers", commaText(some(r, oddHeaders)), "allow_credential", flag, "max_age", age) + "}}"
	},
	"s3": func(r *rand.Rand, flag, age string) string {
		rule := func() string {
			return fields(r, "AllowedOrigins", some(r, oddOrigins), "AllowedMethods", methods(r), "AllowedHeaders", some(r, oddHeaders),
				"ExposeHeaders", some(r, oddHeaders), "MaxAgeSeconds", age)
		}
		if flag == "true" {
			return "[" + rule() + "]"
		}
		return "[" + rule() + "," + rule() + "]"
	},
	"gcs": func(r *rand.Rand, flag, age string) string {
		return "[" + fields(r, "origin", some(r, oddOrigins), "method", methods(r), "responseHeader", some(r, oddHeaders), "maxAgeSeconds",
			age) + "]"
	},
	"azure-storage": func(r *rand.Rand, flag, age string) string {
		return `{"corsRules": [` + fields(r, "allowedOrigins", some(r, oddOrigins), "allowedMethods", methods(r), "allowedHeaders",
			some(r, oddHeaders),
			"exposedHeaders", some(r, oddHeaders), "maxAgeInSeconds", age) + "]}"
	},
	"aws-apigateway": awsSource, "lambda-url": awsSource,
}

func awsSource(r *rand.Rand, flag, age string) string {
	return fields(r, "AllowOrigins", some(r, oddOrigins), "AllowMethods", some(r, oddMethods), "AllowHeaders", some(r, oddHeaders),
		"ExposeHeaders", some(r, oddHeaders), "AllowCredentials", flag, "MaxAge", age)
}

// TestRandomSources imports random files. No policy may be wider than its file, and every error
// must have a reason and a fix.
func TestRandomSources(t *testing.T) {
	n := 100
	if testing.Short() {
		n = 10
	}
	for name, make := range randomSources {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, 2))
			imported := 0
			for range n {
				text := make(r, []string{"true", "false"}[r.IntN(2)], oddAges[min(r.IntN(len(oddAges)), r.IntN(len(oddAges)))])
				x, err := gateways.Import(name, []byte(text))
				if err == nil {
					if imported++; len(x.Text) == 0 {
						t.Errorf("no text for %s", text)
					}
					continue
				}
				complete := 0
				for e := range gateways.Errors[*gateways.ImportError](err) {
					if e.Problem != "" && e.Fix != "" && e.Source == name {
						complete++
					}
				}
				if bug := (*gateways.BugError)(nil); errors.As(err, &bug) || complete == 0 {
					t.Errorf("%s: %T: %v", text, err, err)
				}
			}
			if t.Logf("%d of %d imported", imported, n); imported == 0 && !testing.Short() {
				t.Error("no file was imported")
			}
		})
	}
}
