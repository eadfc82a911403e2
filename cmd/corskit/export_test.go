package main

import (
	"path/filepath"
	"strings"
	"testing"
)

const exportable = `version: 1
policies:
  spa:
    allow_origins: ["https://app.example.com", "https://*.pr.example.com"]
    allow_methods: [PUT]
    allow_headers: [authorization, content-type]
    allow_credentials: true
    max_age: 10m
`

func TestExport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "cors.yaml", exportable)
	write(t, dir, "fine.yaml", strings.NewReplacer(
		`"https://*.pr.example.com"`, `"https://pr-*.example.com"`, "[PUT]", "[PUT, QUERY]").Replace(exportable))
	write(t, dir, "routes.yaml", exportable+"routes:\n  - {host: api.example.com, path: /items/, policies: [spa]}\n")
	golden(t, "export/envoy", corskit(t, dir, "export", "--to", "envoy"))
	golden(t, "export/gateway-api", corskit(t, dir, "export", "cors.yaml", "--to", "gateway-api"))
	golden(t, "export/refused", corskit(t, dir, "export", "fine.yaml", "--to", "gateway-api"))
	golden(t, "export/narrower", corskit(t, dir, "export", "fine.yaml", "--to", "gateway-api", "--lossy", "narrower"))

	whole := corskit(t, dir, "export", "cors.yaml", "--to", "istio")
	for _, route := range []string{"0", "api.example.com/items/"} {
		if r := corskit(t, dir, "export", "routes.yaml", "--to", "istio", "--route", route); r.code != exitYes || r.stdout != whole.stdout {
			t.Errorf("route %s: %+v", route, r)
		}
	}
	if r := corskit(t, dir, "export", "routes.yaml", "--to", "istio", "--route", "1"); r.code != exitFail {
		t.Errorf("a route that is not there: %+v", r)
	}
	if r := corskit(t, dir, "export", "cors.yaml", "--to", "envoy", "-o", "out.yaml"); r.code != exitYes || r.stdout != "" {
		t.Errorf("to a file: %+v", r)
	}
	if r := corskit(t, dir, "export", "cors.yaml", "--to", "envoy", "-o", "out.yaml"); r.code != exitFail {
		t.Errorf("to a file that exists: %+v", r)
	}
	if r := corskit(t, dir, "__complete", "export", "cors.yaml", "--to", "env"); !strings.Contains(r.stdout, "envoy") {
		t.Errorf("completion of --to: %+v", r)
	}
}

func TestImport(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "cors.yaml", exportable)
	if r := corskit(t, dir, "export", "cors.yaml", "--to", "istio", "-o", "vs.yaml"); r.code != exitYes {
		t.Fatalf("%+v", r)
	}
	golden(t, "import/istio", corskit(t, dir, "import", "vs.yaml", "--from", "istio"))
	if r := corskit(t, dir, "import", "vs.yaml", "--from", "istio", "-o", "back.yaml"); r.code != exitYes {
		t.Errorf("%+v", r)
	}
	if r := corskit(t, dir, "diff", "cors.yaml", "back.yaml"); r.code != exitYes {
		t.Errorf("exported and imported: %+v", r)
	}
	write(t, dir, "trap.yaml", `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: shop}
spec:
  rules:
    - backendRefs: [{name: shop, port: 80}]
      filters:
        - type: CORS
          cors:
            allowOrigins: ["*"]
            allowCredentials: true
`)
	golden(t, "import/trap", corskit(t, dir, "import", "trap.yaml", "--from", "gateway-api"))
	if r := corskitInput(t, dir, "a: [", "import", "-", "--from", "envoy"); r.code != exitNo || !strings.Contains(r.stderr,
		"standard input") {
		t.Errorf("not YAML: %+v", r)
	}
	if r := corskit(t, dir, "import", filepath.Join(dir, "nowhere.yaml"), "--from", "envoy"); r.code != exitFail {
		t.Errorf("a missing file: %+v", r)
	}
}
