package migrate

import (
	"regexp"
	"strings"
)

// echoV4 is the CORS middleware of github.com/labstack/echo/v4.
func echoV4() *Library {
	l := echoLike("echo", "github.com/labstack/echo/v4/middleware", "corsecho")
	l.Functions = map[string]string{"AllowOriginFunc": "func(_ context.Context, r core.Request) bool { ok, err := " +
		"(FUNC)(r.OriginValue()); " +
		"return ok && err == nil }"}
	l.Constructors["CORS"] = Constructor{fixed(echoDefaults), -1, "middleware"}
	l.Variables = map[string]func(Source) Value{
		"DefaultCORSConfig": func(src Source) Value { return &Struct{Source: src, Fields: echoDefaults(src)} },
	}
	l.Standing = append(l.Standing,
		everyOptions("echo", "without Origin or Access-Control-Request-Method"),
		Note{Code: "own-options", Change: Fixed, Scope: Scope{Methods: []string{"OPTIONS"}},
			Text: "a script's own OPTIONS, which follows its preflight, reaches the handler; echo answers it"})
	l.Translate = func(t *Translation) {
		t.Policy.AllowCredentials = t.boolean("AllowCredentials", "AllowCredentials")
		t.echoOrigins()
		t.echoRest()
	}
	return l
}

// echoV5 is the CORS middleware of github.com/labstack/echo/v5.
func echoV5() *Library {
	l := echoLike("echo v5", "github.com/labstack/echo/v5/middleware", "corsechov5")
	l.Functions = map[string]string{"UnsafeAllowOriginFunc": noShape}
	l.Constructors["CORS"] = Constructor{func(src Source, args []Value) *Struct {
		return &Struct{Source: src, Fields: map[string]Value{"AllowOrigins": &List{src, args}}}
	}, -1, "middleware"}
	l.Translate = func(t *Translation) {
		t.Policy.AllowCredentials = t.boolean("AllowCredentials", "AllowCredentials")
		t.echoV5Origins()
		t.echoRest()
	}
	return l
}

func echoLike(name, path, adapter string) *Library {
	return &Library{
		Name: name, Path: path, Guide: "echo.md", Adapter: adapters + adapter, Mount: adapter + ".Middleware(ENGINE)",
		Constructors:       map[string]Constructor{"CORSWithConfig": {structArg(0), 0, "middleware"}},
		MethodConstructors: map[string]bool{"ToMiddleware": true},
		Standing: []Note{
			{Code: "split-lists", Change: Fixed, Scope: Scope{Kinds: []string{Gateway}},
				Text: "a gateway may split Access-Control-Request-Headers into lines; echo reads only the first"},
		},
	}
}

func echoDefaults(src Source) map[string]Value {
	return map[string]Value{"AllowOrigins": stringList(src, "*"),
		"AllowMethods": stringList(src, "GET", "HEAD", "PUT", "PATCH", "POST", "DELETE")}
}

func (t *Translation) echoOrigins() {
	if t.functionInstead("AllowOriginFunc", "AllowOrigins") {
		return
	}
	unsafe := t.boolean("UnsafeWildcardOriginWithAllowCredentials", "")
	entries, empty := t.list("AllowOrigins", "AllowOrigins")
	var meanings []meaning
	for _, e := range entries {
		empty = empty || e.text == "*"
		meanings = append(meanings, echoEntry(e))
	}
	switch {
	case !empty:
		t.origins("AllowOrigins", meanings)
	case unsafe:
		t.reflectsAny("AllowOrigins")
	default:
		t.anyOrigin("AllowOrigins")
	}
}

// echoEntry reads an origin in which an asterisk matches any text and a question mark any
// character.
func echoEntry(e entry) meaning {
	prefix, suffix, star := strings.Cut(e.text, "*")
	switch {
	case !strings.ContainsAny(e.text, "*?"):
		return exactly(e, e.text)
	case star && !strings.ContainsAny(prefix+suffix, "*?"):
		return glob(e, prefix, suffix)
	}
	old := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(e.text))
	write := strings.NewReplacer(`\*`, "[a-z0-9_-]+", `\?`, "[a-z0-9]").Replace(regexp.QuoteMeta(e.text))
	return meaning{entry: e, old: []string{"regexp:" + old}, write: []string{"regexp:" + write}}
}

func (t *Translation) echoV5Origins() {
	if t.functionInstead("UnsafeAllowOriginFunc", "AllowOrigins") {
		return
	}
	entries, _ := t.list("AllowOrigins", "AllowOrigins")
	var meanings []meaning
	for _, e := range entries {
		if e.text == "*" {
			t.anyOrigin("AllowOrigins")
			return
		}
		// echo sends the entry as it is spelled, so an entry in another case fails in the browser.
		meanings = append(meanings, exactly(e, e.text))
	}
	t.origins("AllowOrigins", meanings)
}

// echoRest translates the options that both versions have.
func (t *Translation) echoRest() {
	methods, empty := t.list("AllowMethods", "AllowMethods")
	if empty {
		t.Policy.AllowMethods = []string{"PUT", "PATCH", "DELETE"}
		t.note(Note{Code: "router-methods", Change: Fixed, Field: "AllowMethods", Scope: Scope{Kinds: []string{Actual, Preflight}},
			Text: "without AllowMethods, echo answers with the methods of the path's routes; a policy is the same for every path: " +
				"a preflight for PUT, PATCH or DELETE always succeeds, and if the path has no such route, the script reads the router's " +
				"405; list more methods if " +
				"routes have more"})
	}
	t.methods("AllowMethods", methods, identity)
	t.literalStar("AllowMethods", "method", methods)
	t.repeatedHeaders()
	t.skipper("Skipper")
}

// skipper adds a note about a function that skips requests. It becomes an argument of the new
// middleware.
func (t *Translation) skipper(option string) {
	v := t.option(option)
	if isNil(v) {
		return
	}
	if c, ok := v.(*Func); ok && c.Obj != nil && c.Obj.Name() == "DefaultSkipper" {
		return
	}
	adapter := t.site.Library.Adapter[strings.LastIndex(t.site.Library.Adapter, "/")+1:]
	t.variant.Skip = adapter + ".Options{Skip: " + t.expr(option) + "}"
	t.note(Note{Code: "skip", Change: Same, Field: option, Text: option + " is an argument of the new middleware, " + adapter +
		".Options.Skip"})
}
