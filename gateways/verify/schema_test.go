package verify_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/cel-go/cel"
	"go.yaml.in/yaml/v3"
)

// crd validates objects with the schema and the CEL rules of a CustomResourceDefinition. The
// packages of the API server can do that too, but take minutes to compile.
type crd struct {
	t      *testing.T
	env    *cel.Env
	rules  map[string]cel.Program
	schema map[string]any
	faults []string
}

// httpRoutes returns the validation of HTTPRoutes in the standard channel of the Gateway API.
func httpRoutes(t *testing.T) *crd {
	t.Helper()
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").Output()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(module)),
		"config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Spec struct {
			Versions []struct {
				Name   string
				Schema struct {
					Schema map[string]any `yaml:"openAPIV3Schema"`
				}
			}
		}
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	env, err := cel.NewEnv(cel.Variable("self", cel.DynType))
	if err != nil {
		t.Fatal(err)
	}
	c := &crd{t: t, env: env, rules: make(map[string]cel.Program)}
	for _, v := range file.Spec.Versions {
		if v.Name == "v1" {
			c.schema = v.Schema.Schema
		}
	}
	if c.schema == nil {
		t.Fatal("no version v1 in the CRD")
	}
	return c
}

// validate returns the faults of an object, to which it adds defaults.
func (c *crd) validate(object map[string]any) []string {
	c.faults = nil
	c.value("", c.schema, object)
	return c.faults
}

func (c *crd) fault(path, format string, args ...any) {
	c.faults = append(c.faults, path+": "+fmt.Sprintf(format, args...))
}

func (c *crd) value(path string, schema map[string]any, v any) {
	if enum, ok := schema["enum"].([]any); ok && !slices.Contains(enum, v) {
		c.fault(path, "%v is not one of %v", v, enum)
	}
	kind := ""
	switch v := v.(type) {
	case map[string]any:
		kind = "object"
		c.object(path, schema, v)
	case []any:
		kind = "array"
		c.array(path, schema, v)
	case string:
		kind = "string"
		c.between(path, schema, len(v), "minLength", "maxLength")
		if p, ok := schema["pattern"].(string); ok && !regexp.MustCompile(p).MatchString(v) {
			c.fault(path, "%q does not match %s", v, p)
		}
	case int:
		kind = "integer"
		c.between(path, schema, v, "minimum", "maximum")
	case bool:
		kind = "boolean"
	}
	if schema["type"] != kind {
		c.fault(path, "%T, want %v", v, schema["type"])
		return
	}
	rules, _ := schema["x-kubernetes-validations"].([]any)
	for _, r := range rules {
		c.rule(path, r.(map[string]any), v)
	}
}

func (c *crd) object(path string, schema, v map[string]any) {
	properties, _ := schema["properties"].(map[string]any)
	if properties == nil {
		return // metadata
	}
	for name, p := range properties {
		p := p.(map[string]any)
		if d, ok := p["default"]; ok && v[name] == nil {
			v[name] = d
		}
		if v[name] != nil {
			c.value(path+"."+name, p, v[name])
		}
	}
	for name := range v {
		if properties[name] == nil {
			c.fault(path, "unknown field %s", name)
		}
	}
	required, _ := schema["required"].([]any)
	for _, name := range required {
		if v[name.(string)] == nil {
			c.fault(path, "%v is required", name)
		}
	}
}

func (c *crd) array(path string, schema map[string]any, v []any) {
	c.between(path, schema, len(v), "minItems", "maxItems")
	items := schema["items"].(map[string]any)
	for i, e := range v {
		c.value(fmt.Sprintf("%s[%d]", path, i), items, e)
		same := func(o any) bool { return reflect.DeepEqual(o, e) }
		if schema["x-kubernetes-list-type"] == "set" && slices.ContainsFunc(v[:i], same) {
			c.fault(path, "%v appears twice", e)
		}
	}
}

func (c *crd) between(path string, schema map[string]any, n int, least, most string) {
	if limit, ok := schema[least].(int); ok && n < limit {
		c.fault(path, "%d is below %s %d", n, least, limit)
	}
	if limit, ok := schema[most].(int); ok && n > limit {
		c.fault(path, "%d is above %s %d", n, most, limit)
	}
}

func (c *crd) rule(path string, rule map[string]any, v any) {
	text := rule["rule"].(string)
	program, ok := c.rules[text]
	if !ok {
		ast, issues := c.env.Compile(text)
		if issues.Err() != nil {
			c.t.Fatalf("%s: %v", text, issues.Err())
		}
		var err error
		if program, err = c.env.Program(ast); err != nil {
			c.t.Fatal(err)
		}
		c.rules[text] = program
	}
	result, _, err := program.Eval(map[string]any{"self": v})
	if err != nil || result.Value() != true {
		c.fault(path, "%v (%v, %v)", rule["message"], result, err)
	}
}
