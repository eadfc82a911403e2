package migrate

import (
	"strings"
	"time"
)

// gorillaHandlers is CORS of github.com/gorilla/handlers, from v1.5.0. Its options are functions,
// which become the fields of a struct.
func gorillaHandlers() *Library {
	return &Library{
		Name: "gorilla/handlers", Path: "github.com/gorilla/handlers", Guide: "gorilla-handlers.md",
		Adapter: corshttpPath, Mount: "corshttp.Middleware(ENGINE)",
		Constructors: map[string]Constructor{"CORS": {gorillaOptions, -1, "middleware"}},
		Standing: []Note{
			everyOptions("gorilla/handlers", "without Access-Control-Request-Method"),
			{Code: "own-options", Change: Fixed, Scope: Scope{Methods: []string{"OPTIONS"}},
				Text: "a script's own OPTIONS, which follows its preflight, reaches the handler; gorilla/handlers answers it with 400"},
			{Code: "vary-origin", Change: Fixed, Scope: Scope{Kinds: []string{Cached}},
				Text: "gorilla/handlers names Origin in Vary only if two or more origins are listed, and never if the origin is not " +
					"allowed; " +
					"a cache then gives one origin the answer for another"},
			{Code: "split-lists", Change: Fixed, Scope: Scope{Kinds: []string{Gateway}},
				Text: "a gateway may split Access-Control-Request-Headers into lines; gorilla/handlers reads only the first"},
		},
		Translate: gorillaTranslate,
	}
}

// everyOptions returns the note for libraries that answer every OPTIONS.
func everyOptions(library, which string) Note {
	return Note{Code: "every-options", Change: Fixed, Scope: Scope{Kinds: []string{Options, Handler}, Server: true},
		Text: library + " answers every OPTIONS " + which +
			" itself; corskit answers only preflights, and the application answers the rest"}
}

// gorillaOptions reads the option calls, in order.
func gorillaOptions(src Source, args []Value) *Struct {
	s := &Struct{Source: src, Fields: map[string]Value{}}
	for _, arg := range args {
		if !gorillaOption(s, arg) {
			return nil
		}
	}
	return s
}

// gorillaOption adds one option, and reports whether it is understood.
func gorillaOption(s *Struct, arg Value) bool {
	if b, ok := arg.(*Branch); ok {
		then, otherwise := &Struct{Source: s.Source, Fields: map[string]Value{}}, &Struct{Source: s.Source, Fields: map[string]Value{}}
		if !gorillaOption(then, b.Then) || !gorillaOption(otherwise, b.Else) {
			return false
		}
		merged, ok := mergeStructs(b.Cond, then, otherwise).(*Struct)
		if ok {
			for name, v := range merged.Fields {
				s.Fields[name] = v
			}
		}
		return ok
	}
	c, ok := arg.(*Call)
	if !ok {
		return false
	}
	name := c.Fn.Name()
	switch {
	case name == "AllowCredentials" || name == "IgnoreOptions":
		s.Fields[name] = boolConst(c.Source, true)
	case len(c.Args) != 1:
		return false
	case name == "AllowedHeaders" && s.Fields[name] != nil: // several calls add up
		before := spread(s.Fields[name])
		s.Fields[name] = &List{c.Source, append(append([]Value{}, before...), spread(c.Args[0])...)}
	default:
		s.Fields[name] = c.Args[0]
	}
	return true
}

func gorillaTranslate(t *Translation) {
	t.Policy.AllowCredentials = t.boolean("AllowCredentials", "AllowCredentials")
	t.gorillaOrigins()
	upper := func(s string) string { return strings.ToUpper(strings.TrimSpace(s)) }
	methods, empty := t.list("AllowedMethods", "AllowMethods")
	if !empty {
		methods = t.inertStar("AllowedMethods", "method", methods)
		t.gorillaWithheld(methods, upper)
		t.methods("AllowedMethods", methods, upper)
	}
	headers, _ := t.list("AllowedHeaders", "AllowHeaders")
	t.headers("AllowedHeaders", t.inertStar("AllowedHeaders", "header", headers))
	exposed, _ := t.list("ExposedHeaders", "ExposeHeaders")
	t.exposed("ExposedHeaders", exposed)
	t.gorillaAge()
	if v := t.option("OptionStatusCode"); v != nil {
		t.preflightStatus("OptionStatusCode")
	}
	if v := t.option("IgnoreOptions"); v != nil {
		t.note(Note{Code: "ignore-options", Change: Fixed, Field: "IgnoreOptions",
			Scope: Scope{Kinds: []string{Preflight, Handler, Options, Actual}},
			Text: "IgnoreOptions passes preflights to the handler; corskit answers them; to let the handlers of some paths answer, " +
				"give these paths no route in core.NewRouted, or use corshttp.Options.Skip"})
	}
}

func (t *Translation) preflightStatus(option string) {
	t.note(Note{Code: "preflight-status", Change: Same, Field: option,
		Text: "corskit always answers a preflight with 204; browsers accept every status from 200 to 299"})
}

func (t *Translation) gorillaOrigins() {
	if t.functionInstead("AllowedOriginValidator", "AllowedOrigins") {
		return
	}
	entries, empty := t.list("AllowedOrigins", "AllowOrigins")
	var meanings []meaning
	for _, e := range entries {
		if e.text == "*" {
			empty = true
		}
		meanings = append(meanings, exactly(e, e.text))
	}
	if empty {
		t.anyOrigin("AllowedOrigins")
		return
	}
	t.origins("AllowedOrigins", meanings)
}

// gorillaWithheld adds a note about safelisted methods that are not listed. gorilla/handlers
// refuses only their preflights, which custom headers and upload listeners cause.
func (t *Translation) gorillaWithheld(listed []entry, convert func(string) string) {
	var missing []string
	for _, m := range simple {
		found := false
		for _, e := range listed {
			found = found || convert(e.text) == m
		}
		if !found {
			missing = append(missing, m)
		}
	}
	if len(missing) > 0 {
		t.note(Note{Code: "safelisted-preflight", Change: Fixed, Field: "AllowedMethods", Scope: Scope{Methods: missing},
			Text: "AllowedMethods lacks " + strings.Join(missing, ", ") +
				", which browsers send without a preflight; gorilla/handlers then " +
				"refuses their preflights, which custom headers and upload listeners cause; to forbid a method, answer it with 405 in " +
				"the router"})
	}
}

// gorillaAge translates MaxAge, which the library caps at ten minutes.
func (t *Translation) gorillaAge() {
	v := t.option("MaxAge")
	if n, ok := integer(v); v != nil && ok && n > 600 {
		t.Policy.MaxAge = 10 * time.Minute
		t.note(Note{Code: "max-age-cap", Change: Same, Wrong: true, Field: "MaxAge",
			Text: "gorilla/handlers silently caps MaxAge at 600 seconds, so the policy has 600 seconds too; raise it if you meant more"})
		return
	}
	t.seconds("MaxAge", 0)
}
