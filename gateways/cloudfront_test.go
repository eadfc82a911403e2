package gateways_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/corskit/corskit/conformance/browsermodel"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/gateways"
	"github.com/corskit/corskit/gateways/internal/corpus"
)

// runFunction is a script that calls a CloudFront function with each event on standard input.
const runFunction = `
const events = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(events.map(e => handler(e))));
`

type cloudFrontValue struct {
	Value string `json:"value"`
}

type cloudFrontRequest struct {
	Method     string                     `json:"method,omitempty"`
	Headers    map[string]cloudFrontValue `json:"headers"`
	StatusCode int                        `json:"statusCode,omitempty"`
}

// TestCloudFrontFunction runs the function that Export writes and compares its answers with those
// of the model.
func TestCloudFrontFunction(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		if os.Getenv("CORSKIT_SERVERS") == "require" {
			t.Fatal("node, which runs the function, is not installed, and CORSKIT_SERVERS is require")
		}
		t.Skip("node, which runs the function, is not installed")
	}
	for i, policy := range []string{
		`{allow_origins: ["https://a.example", "https://b.example:8443"], allow_methods: [PUT], allow_headers: [x-a],
    allow_credentials: true, max_age: 10m}`,
		`{allow_origins: ["*"], allow_headers: ["*"], max_age: disabled}`,
		`{allow_origins: ["https://a.example"]}`,
	} {
		if i > 0 && testing.Short() {
			break
		}
		cfg, err := corpus.Parse("version: 1\npolicies:\n  app: " + policy + "\n")
		if err != nil {
			t.Fatal(err)
		}
		x, err := gateways.Export(cfg, "cloudfront", gateways.ExportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		var template struct {
			Resources struct {
				CorsPreflights struct {
					Properties struct {
						FunctionCode string `yaml:"FunctionCode"`
					} `yaml:"Properties"`
				} `yaml:"CorsPreflights"`
			} `yaml:"Resources"`
		}
		if err := yaml.Unmarshal(x.Text, &template); err != nil {
			t.Fatal(err)
		}
		target, _ := gateways.Find("cloudfront")
		model, err := target.Parse(x.Text)
		if err != nil {
			t.Fatal(err)
		}
		requests := preflightsToCloudFront()
		answers := callFunction(t, node, template.Resources.CorsPreflights.Properties.FunctionCode, requests)
		for i, got := range answers {
			checkFunction(t, policy, requests[i], got, model.Answer(requests[i]))
		}
	}
}

// preflightsToCloudFront returns preflights and other requests.
func preflightsToCloudFront() (list []core.Request) {
	for _, origin := range []string{"https://a.example", "https://b.example:8443", "https://stranger.example", "null", ""} {
		for _, method := range []string{"OPTIONS", "GET"} {
			for _, asked := range []string{"PUT", ""} {
				r := core.Request{Method: method, Host: "api.example", Path: "/"}
				if origin != "" {
					r.Origin = []string{origin}
				}
				if asked != "" {
					r.AccessControlRequestMethod = []string{asked}
				}
				list = append(list, r)
			}
		}
	}
	return list
}

func callFunction(t *testing.T, node, code string, requests []core.Request) (answers []cloudFrontRequest) {
	t.Helper()
	type event struct {
		Request cloudFrontRequest `json:"request"`
	}
	var events []event
	for _, r := range requests {
		e := event{cloudFrontRequest{Method: r.Method, Headers: map[string]cloudFrontValue{}}}
		for name, lines := range map[string][]string{"origin": r.Origin, "access-control-request-method": r.AccessControlRequestMethod} {
			if len(lines) > 0 {
				e.Request.Headers[name] = cloudFrontValue{lines[0]}
			}
		}
		events = append(events, e)
	}
	input, err := json.Marshal(events)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), node, "-e", code+runFunction)
	cmd.Stdin = bytes.NewReader(input)
	output, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	if err := json.Unmarshal(output, &answers); err != nil || len(answers) != len(requests) {
		t.Fatalf("%v: %s", err, output)
	}
	return answers
}

func checkFunction(t *testing.T, policy string, r core.Request, got cloudFrontRequest, want gateways.Answer) {
	t.Helper()
	if want.Reached {
		if got.StatusCode != 0 || got.Method != r.Method {
			t.Errorf("%s: %+v does not reach the application: %+v", policy, r, got)
		}
		return
	}
	var fields browsermodel.Fields
	for name, v := range got.Headers {
		fields = append(fields, browsermodel.Field{Name: name, Value: v.Value})
	}
	for _, name := range []string{"Origin", "Credentials", "Methods", "Headers"} {
		a, _ := fields.Get("Access-Control-Allow-" + name)
		b, _ := want.Header.Get("Access-Control-Allow-" + name)
		if a != b {
			t.Errorf("%s: %+v: Access-Control-Allow-%s is %q, want %q", policy, r, name, a, b)
		}
	}
	a, _ := fields.Get("Access-Control-Max-Age")
	b, _ := want.Header.Get("Access-Control-Max-Age")
	vary, _ := fields.Get("Vary")
	if a != b || got.StatusCode != want.Status || vary != "Origin" {
		t.Errorf("%s: %+v: %+v, want %+v", policy, r, got, want)
	}
}
