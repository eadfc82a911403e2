package verify_test

import (
	"bytes"
	"encoding/json"
	"testing"

	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/cors/v3"
	_ "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/http/router/v3"
	hcm "github.com/envoyproxy/go-control-plane/envoy/extensions/filters/network/http_connection_manager/v3"
	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	networking "istio.io/api/networking/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/corskit/corskit/gateways"
	"github.com/corskit/corskit/gateways/internal/corpus"
)

// exported exports each policy to a target, and calls check with each document of the text, as
// JSON.
func exported(t *testing.T, target string, check func(t *testing.T, document []byte)) {
	t.Helper()
	n := 100
	if testing.Short() {
		n = 5
	}
	all, err := corpus.Policies("../..", n)
	if err != nil {
		t.Fatal(err)
	}
	count := 0
	for _, policy := range all {
		x, err := gateways.Export(policy.Config, target, gateways.ExportOptions{Lossy: gateways.NarrowerOnly})
		if err != nil {
			continue // gateways' own tests check refusals
		}
		count++
		d := yaml.NewDecoder(bytes.NewReader(x.Text))
		for {
			var document any
			if d.Decode(&document) != nil {
				break
			}
			text, err := json.Marshal(document)
			if err != nil {
				t.Fatal(err)
			}
			if check(t, text); t.Failed() {
				t.Fatalf("%s:\n%s", policy.Name, x.Text)
			}
		}
	}
	if count < len(all)/4 {
		t.Errorf("only %d of %d policies were exported", count, len(all))
	}
}

// TestEnvoy parses the exports as messages of Envoy, and validates them.
func TestEnvoy(t *testing.T) {
	t.Parallel()
	exported(t, "envoy", func(t *testing.T, document []byte) {
		var wrapped map[string]json.RawMessage
		if err := json.Unmarshal(document, &wrapped); err != nil {
			t.Fatal(err)
		}
		delete(wrapped, "@type")
		document, err := json.Marshal(wrapped)
		if err != nil {
			t.Fatal(err)
		}
		var manager hcm.HttpConnectionManager
		if err := protojson.Unmarshal(document, &manager); err != nil {
			t.Error(err)
		} else if err := manager.ValidateAll(); err != nil {
			t.Error(err)
		}
		for _, host := range manager.GetRouteConfig().GetVirtualHosts() {
			for _, route := range host.GetRoutes() {
				for _, packed := range route.GetTypedPerFilterConfig() {
					message, err := packed.UnmarshalNew()
					if err != nil {
						t.Fatal(err)
					}
					if v, ok := message.(interface{ ValidateAll() error }); !ok || v.ValidateAll() != nil {
						t.Errorf("%v is not valid", message)
					}
				}
			}
		}
	})
}

// TestIstio parses the exports as messages of Istio.
func TestIstio(t *testing.T) {
	t.Parallel()
	exported(t, "istio", func(t *testing.T, document []byte) {
		var object struct {
			APIVersion, Kind string
			Spec             json.RawMessage
		}
		if err := json.Unmarshal(document, &object); err != nil {
			t.Fatal(err)
		}
		var service networking.VirtualService
		if object.APIVersion != "networking.istio.io/v1" || object.Kind != "VirtualService" {
			t.Errorf("%s %s", object.APIVersion, object.Kind)
		}
		if err := protojson.Unmarshal(object.Spec, proto.Message(&service)); err != nil {
			t.Error(err)
		}
	})
}

// TestGatewayAPI parses the exports as HTTPRoutes, and checks them with the schema and the CEL
// rules of the standard channel's CRD.
func TestGatewayAPI(t *testing.T) {
	t.Parallel()
	routes := httpRoutes(t)
	exported(t, "gateway-api", func(t *testing.T, document []byte) {
		d := json.NewDecoder(bytes.NewReader(document))
		d.DisallowUnknownFields()
		var route gatewayv1.HTTPRoute
		if err := d.Decode(&route); err != nil {
			t.Error(err)
		}
		var object map[string]any
		if err := yaml.Unmarshal(document, &object); err != nil { // unlike encoding/json, it decodes integers as integers
			t.Fatal(err)
		}
		if faults := routes.validate(object); len(faults) > 0 {
			t.Errorf("%q", faults)
		}
	})
	// The check must be able to fail.
	var wrong map[string]any
	if err := yaml.Unmarshal([]byte(`
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: wrong}
spec: {rules: [{filters: [{type: CORS, cors: {allowOrigins: ["*", "https://pr-*.example.com"], allowMethods: [QUERY], maxAge: 0}}]}]}
`), &wrong); err != nil {
		t.Fatal(err)
	}
	if got := routes.validate(wrong); len(got) != 4 {
		t.Errorf("an object with four faults has %v", got)
	}
}
