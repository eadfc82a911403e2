package migrate

import "github.com/corskit/corskit/core"

// jub0bsCors is github.com/jub0bs/cors.
func jub0bsCors() *Library {
	return &Library{
		Name: "jub0bs/cors", Path: "github.com/jub0bs/cors", Guide: "jub0bs-cors.md",
		Adapter: corshttpPath, Mount: "corshttp.Middleware(ENGINE)",
		Constructors:       map[string]Constructor{"NewMiddleware": {structArg(0), 0, "object"}},
		MethodConstructors: map[string]bool{"Reconfigure": false},
		Standing: []Note{
			{Code: "gateway-lists", Change: Fixed, Scope: Scope{Kinds: []string{Gateway}},
				Text: "a gateway may reorder Access-Control-Request-Headers; jub0bs/cors then refuses the preflight"},
		},
		Translate: jub0bsTranslate,
	}
}

func jub0bsTranslate(t *Translation) {
	if extra, ok := t.option("ExtraConfig").(*Struct); ok { // before v0.5.0
		for name, v := range extra.Fields {
			t.options.Fields[name] = v
		}
	}
	t.Policy.AllowCredentials = t.boolean("Credentialed", "AllowCredentials")
	t.Policy.DangerouslyAllowInsecureOrigins = t.boolean("DangerouslyTolerateInsecureOrigins", "DangerouslyAllowInsecureOrigins")
	t.Policy.DangerouslyAllowPublicSuffixes = t.boolean("DangerouslyTolerateSubdomainsOfPublicSuffixes", "DangerouslyAllowPublicSuffixes")
	t.Policy.AllowPrivateNetwork = t.boolean("PrivateNetworkAccess", "AllowPrivateNetwork")
	entries, _ := t.list("Origins", "AllowOrigins")
	var meanings []meaning
	for _, e := range entries {
		if e.text == "*" {
			t.anyOrigin("Origins")
			meanings = nil
			break
		}
		meanings = append(meanings, meaning{entry: e, old: []string{e.text}, write: []string{e.text}})
	}
	t.jub0bsOrigins(meanings)
	methods, noMethods := t.list("Methods", "AllowMethods")
	t.methods("Methods", methods, identity)
	headers, noHeaders := t.list("RequestHeaders", "AllowHeaders")
	t.headers("RequestHeaders", headers)
	if noMethods && noHeaders {
		t.note(Note{Code: "no-preflight", Change: Fixed, Scope: Scope{Kinds: []string{Preflight, Actual}, Methods: simple},
			Text: "jub0bs/cors refuses all preflights if neither methods nor request headers are listed, even those that upload " +
				"listeners cause"})
	}
	exposed, _ := t.list("ResponseHeaders", "ExposeHeaders")
	t.exposed("ResponseHeaders", exposed)
	t.seconds("MaxAgeInSeconds", core.NoPreflightCache)
	if v := t.option("PreflightSuccessStatus"); v != nil {
		t.preflightStatus("PreflightSuccessStatus")
	}
}

// jub0bsOrigins lists the patterns, which have the same syntax in a policy.
func (t *Translation) jub0bsOrigins(meanings []meaning) {
	var valid []meaning
	for _, m := range meanings {
		if !validPattern(m.write[0]) && m.entry.text != "null" {
			t.inert("Origins", m.entry, "")
			continue
		}
		valid = append(valid, m)
	}
	t.origins("Origins", valid)
}
