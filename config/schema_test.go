package config_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	yamllib "go.yaml.in/yaml/v3"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// below returns the fields below a key of the file.
func below(t *testing.T, key string) []config.Field {
	t.Helper()
	for _, f := range config.Schema().Fields {
		if f.Key == key {
			return f.Fields
		}
	}
	t.Fatalf("no key %s", key)
	return nil
}

// TestSchemaCoversCore fails if core has a field that files cannot set.
func TestSchemaCoversCore(t *testing.T) {
	for _, c := range []struct {
		of     reflect.Type
		fields []config.Field
		except []string
	}{
		// The name is the key of the policy, and a file cannot contain a function.
		{reflect.TypeFor[core.Policy](), below(t, "policies"), []string{"Name", "AllowOriginFunc"}},
		{reflect.TypeFor[core.Route](), below(t, "routes"), nil},
	} {
		for i := range c.of.NumField() {
			field := c.of.Field(i)
			at := slices.IndexFunc(c.fields, func(f config.Field) bool { return f.Goname == field.Name })
			if slices.Contains(c.except, field.Name) != (at < 0) {
				t.Errorf("%v.%s in the schema: %v", c.of, field.Name, at >= 0)
				continue
			}
			if at < 0 {
				continue
			}
			f := c.fields[at]
			if snake(field.Name) != f.Key || config.KeyOf(field.Name) != f.Key {
				t.Errorf("%v.%s has the key %s, KeyOf returns %s", c.of, field.Name, f.Key, config.KeyOf(field.Name))
			}
			want := map[reflect.Type]string{
				reflect.TypeFor[[]string]():      "list",
				reflect.TypeFor[bool]():          "boolean",
				reflect.TypeFor[string]():        "text",
				reflect.TypeFor[time.Duration](): "duration",
				reflect.TypeFor[[]core.Policy](): "list", // of names
			}[field.Type]
			if f.Type != want {
				t.Errorf("%s is %q, want %q", f.Key, f.Type, want)
			}
			if f.Doc == "" || !strings.HasSuffix(f.Doc, ".") || !json.Valid([]byte(f.Example)) {
				t.Errorf("%s has no sentence or no example: %q, %q", f.Key, f.Doc, f.Example)
			}
		}
	}
}

func TestKeyOf(t *testing.T) {
	for name, want := range map[string]string{
		"Routes": "routes", "core.NoPreflightCache": `"disabled"`, "AllowOriginFunc": "AllowOriginFunc", "": "",
	} {
		if got := config.KeyOf(name); got != want {
			t.Errorf("KeyOf(%q) is %q, want %q", name, got, want)
		}
	}
}

func snake(s string) string {
	return strings.ToLower(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(s, "${1}_$2"))
}

// TestVariables sets the variable of every key of a policy to the example in the schema.
func TestVariables(t *testing.T) {
	for _, f := range below(t, "policies") {
		variable := "CORS_" + strings.ToUpper(f.Key)
		var value any
		if err := json.Unmarshal([]byte(f.Example), &value); err != nil {
			t.Fatal(err)
		}
		text := fmt.Sprint(value)
		if list, ok := value.([]any); ok {
			text = strings.TrimSuffix(strings.TrimPrefix(strings.ReplaceAll(fmt.Sprint(list), " ", ","), "["), "]")
		}
		if f.Key == "origins_file" {
			continue // the file does not exist
		}
		c, err := config.ReadEnv(config.Options{Environ: []string{variable + "=" + text}})
		if err != nil {
			t.Errorf("%s=%s: %v", variable, text, err)
			continue
		}
		if got := reflect.ValueOf(c.Policies[0]).FieldByName(f.Goname); got.IsZero() {
			t.Errorf("%s=%s does not set %s", variable, text, f.Goname)
		}
	}
	for _, f := range below(t, "routes") {
		_, err := config.ReadEnv(config.Options{Environ: []string{"CORS_" + strings.ToUpper(f.Key) + "=x"}})
		if err == nil {
			t.Errorf("a variable sets routes.%s", f.Key)
		}
	}
}

func TestSchemaIsACopy(t *testing.T) {
	s := config.Schema()
	for i := range s.Fields {
		if len(s.Fields[i].Fields) > 0 {
			s.Fields[i].Fields[0].Key = "changed"
		}
	}
	if below(t, "policies")[0].Key == "changed" {
		t.Error("a change of one Schema result is in the next")
	}
}

// TestJSONSchema compares the JSON Schema with the decoder: it accepts what the
// decoder accepts, and refuses what the decoder refuses for its keys and types.
func TestJSONSchema(t *testing.T) {
	var schema map[string]any
	if err := json.Unmarshal(config.JSONSchema(), &schema); err != nil {
		t.Fatal(err)
	}
	for name, text := range everything {
		if err := validate(schema, decode(t, name, text), "$"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	structural := []reason.Reason{
		"unknown-key", "key-case", "null", "type", "unit", "name",
	}
	examples := exampleFiles(t)
	for name, text := range examples {
		if err := validate(schema, decode(t, name, text), "$"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(examples) < 8 {
		t.Errorf("got only %d examples", len(examples))
	}
	// JSON has no tags, and in a JSON Schema 1.0 equals 1.
	beyond := map[string]bool{"policies with the same variables": true, "names of a shadow that differ only in - and _": true}
	for _, c := range slices.Concat(tagFaults, versionFaults) {
		beyond[c.name] = true
	}
	refused := 0
	for _, c := range faultCases {
		data, ok := c.files["cors.yaml"]
		if !ok || len(c.files) != 1 || len(c.env) > 0 || !utf8.Valid(data) {
			continue
		}
		_, err := config.Read(context.Background(), c.files, "cors.yaml", config.Options{Environ: []string{}})
		fault := false
		for e := range config.Errors(err) {
			fault = fault || slices.Contains(structural, e.Reason)
		}
		if !fault || beyond[c.name] {
			continue
		}
		if validate(schema, decode(t, "cors.yaml", string(data)), "$") == nil {
			t.Errorf("%s: the schema accepts\n%s", c.name, data)
		}
		refused++
	}
	if refused < 25 {
		t.Errorf("got only %d cases", refused)
	}
}

// exampleFiles returns every configuration in the examples, their manifest and the
// guide, and the starter file.
func exampleFiles(t *testing.T) map[string]string {
	t.Helper()
	examples := make(map[string]string)
	read := func(path string) string {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	for _, pattern := range []string{"../examples/*/cors*", "../cmd/corskit/testdata/init/*"} {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(paths), err)
		}
		for _, path := range paths {
			examples[path] = read(path)
		}
	}
	var manifest struct{ Data map[string]string }
	err := yamllib.Unmarshal([]byte(read("../examples/config/kubernetes.yaml")), &manifest)
	if err != nil || manifest.Data["cors.yaml"] == "" {
		t.Fatalf("the first document of the manifest is not the ConfigMap: %v", err)
	}
	examples["kubernetes.yaml"] = manifest.Data["cors.yaml"]
	for i, m := range regexp.MustCompile("(?s)```(yaml|toml)\n(.*?)```").FindAllStringSubmatch(read("../docs/config.md"), -1) {
		if !strings.Contains(m[2], "# not a configuration of corskit") {
			examples[fmt.Sprintf("docs/config.md, %d.%s", i, m[1])] = m[2]
		}
	}
	return examples
}

func decode(t *testing.T, name, text string) (v any) {
	t.Helper()
	var err error
	switch filepath.Ext(name) {
	case ".toml":
		err = toml.Unmarshal([]byte(text), &v)
	case ".json":
		err = json.Unmarshal([]byte(text), &v)
	default:
		err = yamllib.Unmarshal([]byte(text), &v)
	}
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	// JSON has only one type of number.
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// validate implements the part of JSON Schema that the schema uses. An unknown
// keyword is an error.
func validate(schema map[string]any, v any, path string) error {
	for keyword, s := range schema {
		ok := true
		switch keyword {
		case "$schema", "title", "description", "examples":
		case "type":
			switch s {
			case "object":
				_, ok = v.(map[string]any)
			case "array":
				_, ok = v.([]any)
			case "string":
				_, ok = v.(string)
			case "boolean":
				_, ok = v.(bool)
			default:
				return fmt.Errorf("%s: type %v", path, s)
			}
		case "const":
			ok = reflect.DeepEqual(v, s)
		case "pattern":
			if text, is := v.(string); is {
				ok = regexp.MustCompile(s.(string)).MatchString(text)
			}
		case "minLength", "maxLength":
			if text, is := v.(string); is {
				n := float64(utf8.RuneCountInString(text))
				ok = keyword == "minLength" && n >= s.(float64) || keyword == "maxLength" && n <= s.(float64)
			}
		case "minProperties":
			if o, is := v.(map[string]any); is {
				ok = float64(len(o)) >= s.(float64)
			}
		case "minItems":
			if l, is := v.([]any); is {
				ok = float64(len(l)) >= s.(float64)
			}
		case "required":
			if o, is := v.(map[string]any); is {
				for _, key := range s.([]any) {
					_, has := o[key.(string)]
					ok = ok && has
				}
			}
		case "items":
			if l, is := v.([]any); is {
				for i, item := range l {
					if err := validate(s.(map[string]any), item, fmt.Sprintf("%s[%d]", path, i)); err != nil {
						return err
					}
				}
			}
		case "propertyNames":
			if o, is := v.(map[string]any); is {
				for key := range o {
					if err := validate(s.(map[string]any), key, path+" key "+key); err != nil {
						return err
					}
				}
			}
		case "properties", "additionalProperties":
			o, is := v.(map[string]any)
			if !is {
				break
			}
			properties, _ := schema["properties"].(map[string]any)
			for key, value := range o {
				property, known := properties[key]
				switch {
				case keyword == "properties" && known:
				case keyword == "additionalProperties" && !known:
					if property = s; s == false {
						return fmt.Errorf("%s: the key %s", path, key)
					}
				default:
					continue
				}
				if err := validate(property.(map[string]any), value, path+"."+key); err != nil {
					return err
				}
			}
		default:
			return fmt.Errorf("%s: the keyword %s", path, keyword)
		}
		if !ok {
			return fmt.Errorf("%s: %v is not %s %v", path, v, keyword, s)
		}
	}
	return nil
}
