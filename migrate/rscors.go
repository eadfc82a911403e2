package migrate

import (
	"strings"

	"github.com/corskit/corskit/core"
)

// rsCors is github.com/rs/cors, from v1.11.1.
func rsCors() *Library {
	return &Library{
		Name: "rs/cors", Path: "github.com/rs/cors", Guide: "rs-cors.md",
		Adapter: corshttpPath, Mount: "corshttp.Middleware(ENGINE)",
		Constructors: map[string]Constructor{
			"New":      {structArg(0), 0, "object"},
			"Default":  {fixed(func(Source) map[string]Value { return nil }), -1, "object"},
			"AllowAll": {fixed(allowAll), -1, "object"},
		},
		Functions: map[string]string{"AllowOriginRequestFunc": noShape, "AllowOriginVaryRequestFunc": noShape},
		Standing: []Note{
			optionsListed("rs/cors"),
			{Code: "options-without-origin", Change: Fixed, Scope: Scope{Kinds: []string{Options}, Server: true},
				Text: "OPTIONS with Access-Control-Request-Method and without Origin is not a preflight: the application answers it"},
			{Code: "gateway-lists", Change: Fixed, Scope: Scope{Kinds: []string{Gateway}},
				Text: "a gateway may pad or reorder Access-Control-Request-Headers; rs/cors then refuses the preflight"},
		},
		Translate: rsTranslate,
	}
}

const corshttpPath = "github.com/corskit/corskit/adapters/corshttp"

// allowAll returns the options of AllowAll in rs/cors and go-chi/cors.
func allowAll(src Source) map[string]Value {
	return map[string]Value{
		"AllowedOrigins": stringList(src, "*"),
		"AllowedMethods": stringList(src, "HEAD", "GET", "POST", "PUT", "PATCH", "DELETE"),
		"AllowedHeaders": stringList(src, "*"),
	}
}

func rsTranslate(t *Translation) {
	t.Policy.AllowCredentials = t.boolean("AllowCredentials", "AllowCredentials")
	t.Policy.AllowPrivateNetwork = t.boolean("AllowPrivateNetwork", "AllowPrivateNetwork")
	t.rsOrigins("AllowOriginVaryRequestFunc", "AllowOriginRequestFunc", "AllowOriginFunc")
	methods, empty := t.list("AllowedMethods", "AllowMethods")
	if !empty {
		methods = t.inertStar("AllowedMethods", "method", methods)
		t.withheld("AllowedMethods", methods, identity)
		t.methods("AllowedMethods", methods, identity)
	}
	t.requestedHeaders("content-type", "x-requested-with")
	exposed, _ := t.list("ExposedHeaders", "ExposeHeaders")
	t.exposed("ExposedHeaders", exposed)
	t.seconds("MaxAge", core.NoPreflightCache)
	t.passthrough()
	if v := t.option("OptionsSuccessStatus"); v != nil {
		t.preflightStatus("OptionsSuccessStatus")
	}
}

// rsOrigins translates the origins of rs/cors and go-chi/cors. The functions are in the
// order of their precedence; the first that is set replaces the list, unless listWins.
func (t *Translation) rsOrigins(functions ...string) {
	for _, name := range functions {
		if t.functionInstead(name, "AllowedOrigins") {
			return
		}
	}
	entries, empty := t.list("AllowedOrigins", "AllowOrigins")
	if empty {
		t.anyOrigin("AllowedOrigins")
		return
	}
	var meanings []meaning
	for _, e := range entries {
		lower := strings.ToLower(e.text)
		if lower == "*" {
			t.anyOrigin("AllowedOrigins")
			return
		}
		if prefix, suffix, ok := strings.Cut(lower, "*"); ok {
			meanings = append(meanings, glob(e, prefix, suffix))
			continue
		}
		meanings = append(meanings, exactly(e, lower))
	}
	t.origins("AllowedOrigins", meanings)
}

// requestedHeaders translates AllowedHeaders. An asterisk means that the library echoes the
// requested headers.
func (t *Translation) requestedHeaders(defaults ...string) {
	entries, empty := t.list("AllowedHeaders", "AllowHeaders")
	if empty {
		t.Policy.AllowHeaders = defaults
		return
	}
	for _, e := range entries {
		if e.text == "*" {
			t.allHeaders()
			return
		}
	}
	t.headers("AllowedHeaders", entries)
}

func (t *Translation) passthrough() {
	if v := t.option("OptionsPassthrough"); v == nil || !t.isTrue(v) {
		return
	}
	t.note(Note{Code: "options-passthrough", Change: Fixed, Field: "OptionsPassthrough",
		Scope: Scope{Kinds: []string{Preflight, Handler, Options, Actual}},
		Text: "OptionsPassthrough runs the handler for preflights too; corskit answers every preflight and passes every other OPTIONS to " +
			"the handler"})
}

func (t *Translation) isTrue(v Value) bool {
	b, ok := truth(v)
	return b || !ok
}
