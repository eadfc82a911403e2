package gateways_test

import (
	"context"
	"testing"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/gateways"
)

// serverConfigs are configurations that nginx, HAProxy and Caddy can express.
var serverConfigs = map[string]string{
	"one origin": `
version: 1
policies:
  spa:
    allow_origins: ["https://app.example.com"]
    allow_methods: [PUT, DELETE]
    allow_headers: [authorization, content-type]
    expose_headers: [etag]
    allow_credentials: true
    max_age: 10m
`,
	"anybody": `
version: 1
policies:
  public:
    allow_origins: ["*"]
    allow_methods: ["*"]
    allow_headers: ["*", authorization]
    expose_headers: ["*"]
    max_age: disabled
`,
	"nobody": `
version: 1
policies:
  none:
    allow_origins: []
`,
	"several policies": `
version: 1
policies:
  partners:
    allow_origins: ["https://*.partner.example", "https://pr-*.example.com", "http://localhost:3000-3999",
	"regexp:https://[a-z]+[.]example[.]org"]
    allow_headers: [x-a]
  spa:
    allow_origins: ["https://app.example.com", "@loopback", "https://app.example.com.", "capacitor://localhost", "app://."]
    allow_methods: ["*"]
    allow_headers: ["*"]
    allow_credentials: true
    allow_private_network: true
  public:
    allow_origins: ["*"]
`,
	"expressions": `
version: 1
policies:
  any:
    allow_origins: ["regexp:.*", "null"]
    dangerously_allow_null_origin: true
    allow_methods: [QUERY, PATCH]
  own:
    allow_origins: ["regexp:(?i)https://(?:a|b[^c]|\\w{2,3})[.]example[.]com(?::\\d+)?", "https://x.test"]
`,
	"rejects": `
version: 1
policies:
  spa:
    allow_origins: ["https://app.example.com"]
    reject_disallowed: true
    allow_credentials: true
    allow_methods: ["*"]
    allow_headers: [x-a]
`,
}

func TestServersSayPolicies(t *testing.T) {
	for name, text := range serverConfigs {
		for _, target := range []string{"nginx", "haproxy", "caddy"} {
			t.Run(target+"/"+name, func(t *testing.T) {
				cfg := readConfig(t, text)
				out, err := gateways.Export(cfg, target, gateways.ExportOptions{})
				if err != nil {
					t.Fatal(err)
				}
				for _, l := range out.Losses {
					t.Log(l)
				}
				if testing.Verbose() {
					t.Logf("%s", out.Text)
				}
			})
		}
	}
}

func readConfig(t *testing.T, text string) *config.Config {
	t.Helper()
	cfg, err := config.Read(context.Background(), config.Static{"cors.yaml": []byte(text)}, "cors.yaml",
		config.Options{Environ: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}
