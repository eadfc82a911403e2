package config

import (
	"context"
	"fmt"
	"reflect"

	"github.com/corskit/corskit/config/internal/document"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// FromEnvOver compiles a policy of the program, with the variables of the environment over
// it. Methods and headers follow from the code, so they belong there; origins differ from
// deployment to deployment:
//
//	engine, err := config.FromEnvOver(core.Policy{
//		AllowOrigins: []string{"http://localhost:*"}, // for development
//		AllowMethods: []string{"PUT", "DELETE"},
//		AllowHeaders: []string{"authorization", "content-type"},
//	})
//
// Options.Variables maps variables with other names, such as FRONTEND_URL. A variable replaces
// the whole field: with CORS_ALLOW_ORIGINS, only its origins are allowed, and with
// CORS_ALLOW_ORIGINS= none. Without variables, the policy is that of the program. To accept
// only some CORS_* variables, pass them in Options.Environ.
//
// If the name of the policy is empty or "default", the variables are CORS_ALLOW_ORIGINS and so
// on. If the name is "spa", they are CORS__POLICIES__SPA__ALLOW_ORIGINS and so on. A variable
// for another policy is an error, as with a file that does not declare the policy. Other errors
// are those of [Load]; for a field of the program, Place.File is "the policy in the code".
//
// FromEnvOver retains no slice of the policy. It keeps AllowOriginFunc, which CORS_*
// variables cannot set.
func FromEnvOver(defaults core.Policy, opts ...Options) (*core.Engine, error) {
	c, err := ReadEnvOver(defaults, opts...)
	if err != nil {
		return nil, err
	}
	return c.engine, nil
}

// ReadEnvOver is like [FromEnvOver], but returns the whole configuration. Log its warnings: if
// neither the policy nor a variable has an origin, that is a warning with the reason
// [reason.NoOrigins], which names the variables. To reload, call ReadEnvOver again and
// pass its policies to [core.Engine.Reload]: an origins_file may have changed.
func ReadEnvOver(defaults core.Policy, opts ...Options) (*Config, error) {
	if defaults.Name == "" {
		defaults.Name = defaultPolicy
	}
	if !isName(defaults.Name) {
		return nil, &Error{
			Place: Place{File: defaultsName}, Value: defaults.Name, Reason: reason.Name, Detail: "not a valid policy name",
			Suggestion: nameRule,
		}
	}
	r := check(context.Background(), &loader{src: Files{}, opts: combine(opts), defaults: &defaults})
	return r.Config, r.Err
}

// defaultsName is what messages call the policy of the program.
const defaultsName = "the policy in the code"

// defaultsLayer returns the layer of the policy of the program, and adds the policy to
// known. Fields with their zero value are not set.
func (l *loader) defaultsLayer(s *state, known spellings) *layer {
	p := l.defaults
	layer, values := newLayer(), make(map[string]any)
	doc := &document.Document{Name: defaultsName}
	path := joinKey(keyPolicies, p.Name)
	layer.settings[path] = setting{doc: doc, key: path}
	s.digest.add("defaults", p.Name)
	for i := range policyFields {
		f := &policyFields[i]
		if f.Goname == "" {
			continue
		}
		v := reflect.ValueOf(p).Elem().FieldByName(f.Goname)
		if v.IsZero() {
			continue
		}
		key := policyKey(p.Name, f.Key)
		layer.settings[key] = setting{doc: doc, key: key}
		values[f.Key] = v.Interface()
		s.digest.add(f.Key, fmt.Sprintf("%q", fmt.Sprint(v.Interface())))
	}
	layer.values[keyPolicies] = map[string]any{p.Name: values}
	layer.policies = []string{p.Name}
	known[variableName(p.Name)] = p.Name
	return layer
}
