package migrate

import "strings"

// goChi is github.com/go-chi/cors, from v1.2.0.
func goChi() *Library {
	return &Library{
		Name: "go-chi/cors", Path: "github.com/go-chi/cors", Guide: "go-chi-cors.md",
		Adapter: corshttpPath, Mount: "corshttp.Middleware(ENGINE)",
		Constructors: map[string]Constructor{
			"New":      {structArg(0), 0, "object"},
			"Handler":  {structArg(0), 0, "middleware"},
			"AllowAll": {fixed(allowAll), -1, "object"},
		},
		Functions: map[string]string{"AllowOriginFunc": noShape},
		Standing: []Note{
			optionsListed("go-chi/cors"),
			{Code: "split-lists", Change: Fixed, Scope: Scope{Kinds: []string{Gateway}},
				Text: "a gateway may split Access-Control-Request-Headers into lines; go-chi/cors reads only the first"},
		},
		Translate: chiTranslate,
	}
}

// noShape marks a function that needs more than the origin, so the user must rewrite it.
const noShape = "-"

// optionsListed returns the note for libraries that allow every preflight for OPTIONS.
func optionsListed(library string) Note {
	return Note{Code: "options-listed", Change: Narrower, Scope: Scope{Methods: []string{"OPTIONS"}},
		Text: library + " allows every preflight for OPTIONS; list OPTIONS in AllowMethods if scripts send it themselves"}
}

func chiTranslate(t *Translation) {
	t.Policy.AllowCredentials = t.boolean("AllowCredentials", "AllowCredentials")
	t.rsOrigins("AllowOriginFunc")
	methods, empty := t.list("AllowedMethods", "AllowMethods")
	if !empty {
		methods = t.inertStar("AllowedMethods", "method", methods)
		t.withheld("AllowedMethods", methods, strings.ToUpper)
		t.methods("AllowedMethods", methods, strings.ToUpper)
	}
	t.requestedHeaders("content-type")
	if len(t.Policy.AllowHeaders) > 0 && t.Policy.AllowHeaders[0] == "*" {
		t.note(Note{Code: "odd-header-names", Change: Fixed, Field: "AllowedHeaders", Scope: Scope{Kinds: []string{Actual, Preflight},
			Odd: true},
			Text: "go-chi/cors drops every character but letters, digits, dashes, dots and underscores from the names that it echoes"})
	}
	exposed, _ := t.list("ExposedHeaders", "ExposeHeaders")
	t.exposed("ExposedHeaders", exposed)
	t.seconds("MaxAge", 0)
	t.passthrough()
}
