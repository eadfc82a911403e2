package config

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// namePattern is isName as a regular expression, without the limit of its length.
const namePattern = `^[a-z0-9]+([-_][a-z0-9]+)*$`

// durationPattern matches what time.ParseDuration accepts, without a sign, and disabled.
const durationPattern = `^(` + disabled + `|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`

// JSONSchema returns a JSON Schema (draft 2020-12) for the files that [Load]
// reads, for editors and other tools. Only [Load] checks what a schema cannot
// express, such as which origins may be combined with credentials.
func JSONSchema() []byte {
	root := jsonField(&schema)
	root = append(object{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"title", "corskit configuration"},
	}, root...)
	b, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("config: the schema does not marshal: %v", err)) // it consists of constants
	}
	return append(b, '\n')
}

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	key   string
	value any
}

// MarshalJSON implements [json.Marshaler].
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(m.key)
		if err != nil {
			return nil, err
		}
		value := new(bytes.Buffer)
		enc := json.NewEncoder(value)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(m.value); err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(bytes.TrimSpace(value.Bytes()))
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func jsonField(f *Field) object {
	o := object{{"description", f.Doc}}
	switch f.Type {
	case integerType:
		o = append(o, member{"const", fileVersion})
	case booleanType:
		o = append(o, member{"type", "boolean"})
	case durationType:
		o = append(o, member{"type", "string"}, member{"pattern", durationPattern})
	case textType:
		o = append(o, member{"type", "string"}, member{"minLength", 1})
	case listType:
		o = append(o, member{"type", "array"}, member{"items", object{{"type", "string"}, {"minLength", 1}}})
	case textsType:
		o = append(o, member{"type", "object"}, member{"propertyNames", object{{"pattern", variablePattern}}},
			member{"additionalProperties", object{{"type", "string"}, {"minLength", 1}}})
	case tableType:
		o = append(o, jsonTable(f)...)
	case mapType:
		o = append(o, member{"type", "object"}, member{"minProperties", 1},
			member{"propertyNames", object{{"pattern", namePattern}, {"maxLength", maxName}}},
			member{"additionalProperties", jsonTable(f)})
	case tablesType:
		o = append(o, member{"type", "array"}, member{"minItems", 1}, member{"items", jsonTable(f)})
	}
	if f.Example != "" {
		o = append(o, member{"examples", []json.RawMessage{json.RawMessage(f.Example)}})
	}
	return o
}

func jsonTable(f *Field) object {
	properties := make(object, len(f.Fields))
	for i := range f.Fields {
		properties[i] = member{f.Fields[i].Key, jsonField(&f.Fields[i])}
	}
	o := object{{"type", "object"}, {"additionalProperties", false}, {"properties", properties}}
	if f.Type == tablesType {
		o = append(o, member{"required", []string{keyPolicies}})
	}
	return o
}
