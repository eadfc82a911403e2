package migrate

import (
	"strings"
	"time"
)

// goZero is the CORS of github.com/zeromicro/go-zero: options of its REST server.
func goZero() *Library {
	origins := func(skip int) func(Source, []Value) *Struct {
		return func(src Source, args []Value) *Struct {
			return &Struct{Source: src, Fields: map[string]Value{"origin": &List{src, args[min(skip, len(args)):]}}}
		}
	}
	return &Library{
		Name: "go-zero", Path: "github.com/zeromicro/go-zero/rest",
		Constructors: map[string]Constructor{
			"WithCors": {origins(0), -1, "option"},
			"WithCustomCors": {func(src Source, args []Value) *Struct {
				s := origins(2)(src, args)
				if len(args) > 0 && !isNil(args[0]) {
					s.Fields["middlewareFn"] = args[0]
				}
				return s
			}, -1, "option"},
			"WithCorsHeaders": {func(src Source, args []Value) *Struct {
				return &Struct{Source: src, Fields: map[string]Value{"origin": stringList(src, "*"), "headers": &List{src, args}}}
			}, -1, "option"},
		},
		Standing: []Note{
			everyOptions("go-zero", "of a route"),
			{Code: "own-options", Change: Fixed, Scope: Scope{Methods: []string{"OPTIONS"}},
				Text: "a script's own OPTIONS, which follows its preflight, reaches the handler; go-zero answers it"},
		},
		Translate: goZeroTranslate,
	}
}

func goZeroTranslate(t *Translation) {
	origins, empty := t.list("origin", "AllowOrigins")
	t.Policy.AllowMethods = []string{"PATCH", "PUT", "DELETE"}
	t.Policy.AllowHeaders = []string{"content-type", "x-csrf-token", "authorization", "accesstoken", "token", "range"}
	t.Policy.ExposeHeaders = []string{"access-control-allow-origin", "access-control-allow-headers"}
	t.Policy.MaxAge = 24 * time.Hour
	headers, _ := t.list("headers", "AllowHeaders")
	t.headers("headers", headers)
	if v := t.option("middlewareFn"); v != nil {
		t.note(Note{Code: "header-function", Change: Narrower, Field: "middlewareFn", Scope: Scope{Any: true},
			Text: "the function of WithCustomCors sets more headers, which migrate does not read: add to the policy what they allow"})
		t.keep("AllowHeaders", "middlewareFn", v).Manual = true
	}
	if empty {
		t.anyOrigin("origin")
		return
	}
	t.Policy.AllowCredentials = true // go-zero sends it whenever it has a list
	var meanings []meaning
	for _, e := range origins {
		if e.text == "*" {
			t.reflectsAny("origin")
			return
		}
		meanings = append(meanings, goZeroEntry(e))
	}
	t.origins("origin", meanings)
	t.note(Note{Code: "implied-credentials", Change: Same, Field: "origin",
		Text: "go-zero allows credentials whenever origins are listed, so the policy does too; remove AllowCredentials if scripts " +
			"need none"})
}

// goZeroEntry reads an origin, or a host that also covers its subdomains.
func goZeroEntry(e entry) meaning {
	lower := strings.ToLower(e.text)
	if strings.Contains(lower, "://") {
		return exactly(e, lower)
	}
	return glob(e, "", "."+lower)
}
