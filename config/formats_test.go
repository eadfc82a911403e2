package config_test

import (
	"context"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
)

// everything is a file with every key, in each format.
var everything = map[string]string{
	"cors.yaml": `
version: 1
policies:
  spa:
    allow_origins: ["https://app.example.com", "https://*.pr.example.com"]
    origins_file: partners.txt
    allow_methods: [GET, POST, PUT]
    allow_headers: [authorization, content-type]
    expose_headers: [etag]
    allow_credentials: true
    max_age: 10m
    allow_private_network: true
    reject_disallowed: true
    dangerously_allow_insecure_origins: true
    dangerously_allow_public_suffixes: true
  nobody: {}
  public:
    allow_origins: ["*"]
    max_age: disabled
    dangerously_allow_null_origin: true
routes:                       # ordered, first match wins
  - {path: /public/, policies: [public]}
  - {host: api.example.com, path: /, policies: [spa, public]}
`,
	"cors.json": `{
  "version": 1,
  "policies": {
    "spa": {
      "allow_origins": ["https://app.example.com", "https://*.pr.example.com"],
      "origins_file": "partners.txt",
      "allow_methods": ["GET", "POST", "PUT"],
      "allow_headers": ["authorization", "content-type"],
      "expose_headers": ["etag"],
      "allow_credentials": true,
      "max_age": "10m",
      "allow_private_network": true,
      "reject_disallowed": true,
      "dangerously_allow_insecure_origins": true,
      "dangerously_allow_public_suffixes": true
    },
    "nobody": {},
    "public": {"allow_origins": ["*"], "max_age": "disabled", "dangerously_allow_null_origin": true}
  },
  "routes": [
    {"path": "/public/", "policies": ["public"]},
    {"host": "api.example.com", "path": "/", "policies": ["spa", "public"]}
  ]
}`,
	"cors.toml": `
version = 1

[policies.spa]
allow_origins = ["https://app.example.com", "https://*.pr.example.com"]
origins_file = "partners.txt"
allow_methods = [
  "GET", # and HEAD
  "POST",
  "PUT",
]
allow_headers = ["authorization", "content-type"]
expose_headers = ["etag"]
allow_credentials = true
max_age = "10m"
allow_private_network = true
reject_disallowed = true
dangerously_allow_insecure_origins = true
dangerously_allow_public_suffixes = true

[policies]
nobody = {}
public.allow_origins = ["*"]
public.max_age = 'disabled'
public.dangerously_allow_null_origin = true

[[routes]]
path = "/public/"
policies = ["public"]

[[routes]]
host = "api.example.com"
path = "/"
policies = ["spa", "public"]
`,
}

func TestFormats(t *testing.T) {
	spa := core.Policy{
		Name: "spa",
		AllowOrigins: []string{"https://app.example.com", "https://*.pr.example.com", "https://partner.example",
			"http://[2001:db8::1]:8443"},
		AllowMethods: []string{"GET", "POST", "PUT"}, AllowHeaders: []string{"authorization", "content-type"},
		ExposeHeaders: []string{"etag"}, AllowCredentials: true, MaxAge: 10 * time.Minute,
		AllowPrivateNetwork: true, RejectDisallowed: true,
		DangerouslyAllowInsecureOrigins: true, DangerouslyAllowPublicSuffixes: true,
	}
	nobody := core.Policy{Name: "nobody"}
	public := core.Policy{
		Name: "public", AllowOrigins: []string{"*"}, MaxAge: core.NoPreflightCache, DangerouslyAllowNullOrigin: true,
	}
	routes := []core.Route{
		{Path: "/public/", Policies: []core.Policy{public}},
		{Host: "api.example.com", Path: "/", Policies: []core.Policy{spa, public}},
	}
	for name, text := range everything {
		// Editors and other systems write the same text in several ways.
		for kind, data := range map[string]string{
			"":                             text,
			" with CRLF":                   strings.ReplaceAll(text, "\n", "\r\n"),
			" with a BOM":                  "\ufeff" + text,
			" without a newline":           strings.TrimRight(text, "\n"),
			" with white space at the end": text + "\n  \n",
		} {
			t.Run(name+kind, func(t *testing.T) {
				files := config.Static{
					name:           []byte(data),
					"partners.txt": []byte("\ufeff# partners\r\n\r\n  https://partner.example  # since May\r\nhttp://[2001:db8::1]:8443"),
				}
				c, err := config.Read(context.Background(), files, name, config.Options{Environ: []string{}})
				if err != nil {
					t.Fatal(err)
				}
				wantPolicies(t, c, spa, nobody, public)
				if !reflect.DeepEqual(c.Routes, routes) {
					t.Errorf("got\n%+v\nwant\n%+v", c.Routes, routes)
				}
				if want := []string{name, "partners.txt"}; !slices.Equal(c.Files, want) {
					t.Errorf("files %q, want %q", c.Files, want)
				}
				d := c.Engine().Decide(context.Background(), core.Request{
					Method: "GET", Host: "api.example.com", Path: "/x", Origin: []string{"http://[2001:db8::1]:8443"},
				})
				if !d.Allowed || d.Policy != "spa" {
					t.Errorf("got the decision %+v", d)
				}
			})
		}
	}
}

func TestPoliciesKeepTheOrderOfTheFile(t *testing.T) {
	for name, text := range map[string]string{
		"cors.yaml": "policies:\n  zulu: {}\n  alpha: {}\n  mike: {}\n",
		"cors.json": `{"policies": {"zulu": {}, "alpha": {}, "mike": {}}}`,
		"cors.toml": "[policies.zulu]\n[policies.alpha]\n[policies.mike]\n",
	} {
		c := read(t, config.Static{name: []byte(text)})
		wantPolicies(t, c, core.Policy{Name: "zulu"}, core.Policy{Name: "alpha"}, core.Policy{Name: "mike"})
	}
	// The first policy that matches governs.
	c := read(t, yaml(`
policies:
  zulu: {allow_origins: ["https://a.example"], expose_headers: [x-zulu]}
  alpha: {allow_origins: ["*"], expose_headers: [x-alpha]}
`))
	for origin, policy := range map[string]string{"https://a.example": "zulu", "https://b.example": "alpha"} {
		if d := c.Engine().Decide(context.Background(), core.Request{Method: "GET", Origin: []string{origin}}); d.Policy != policy {
			t.Errorf("%s is governed by %q, want %q", origin, d.Policy, policy)
		}
	}
}

func TestAliases(t *testing.T) {
	c := read(t, yaml(`
policies:
  a: {allow_headers: &h [x-a, x-b], max_age: &m 5m}
  b: {allow_headers: *h, max_age: *m}
`))
	a, b := c.Policies[0], c.Policies[1]
	if !slices.Equal(a.AllowHeaders, b.AllowHeaders) || len(b.AllowHeaders) != 2 || b.MaxAge != 5*time.Minute {
		t.Errorf("got %+v and %+v", a, b)
	}
	// Aliases of aliases could expand a few hundred bytes to a billion values.
	var bomb strings.Builder
	bomb.WriteString("policies:\n  p0: {allow_headers: &a0 [x-a, x-a, x-a, x-a, x-a, x-a, x-a, x-a, x-a, x-a]}\n")
	for i := range 9 {
		from, to := string(rune('0'+i)), string(rune('1'+i))
		bomb.WriteString("  p" + to + ": {allow_headers: &a" + to + " [" + strings.Repeat("*a"+from+", ", 9) + "*a" + from + "]}\n")
	}
	_, err := config.Read(context.Background(), yaml(bomb.String()), "cors.yaml", config.Options{Environ: []string{}})
	if err == nil || !strings.Contains(err.Error(), "aliases expand to too many") {
		t.Errorf("got %v", err)
	}
}
