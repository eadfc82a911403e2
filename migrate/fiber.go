package migrate

import (
	"net/url"
	"slices"
	"strings"
)

// fiberV2 is the CORS middleware of github.com/gofiber/fiber/v2. Its lists are comma-separated
// texts.
func fiberV2() *Library {
	l := fiberLike("fiber", "github.com/gofiber/fiber/v2/middleware/cors", "corsfiber")
	l.Variables = map[string]func(Source) Value{"ConfigDefault": func(src Source) Value {
		return &Struct{Source: src, Fields: map[string]Value{
			"AllowOrigins": stringConst(src, "*"), "AllowMethods": stringConst(src, "GET,POST,HEAD,PUT,DELETE,PATCH")}}
	}}
	l.Translate = func(t *Translation) {
		for _, name := range []string{"AllowOrigins", "AllowMethods", "AllowHeaders", "ExposeHeaders"} {
			t.commas(name)
		}
		fiberTranslate(t)
	}
	return l
}

// fiberV3 is the CORS middleware of github.com/gofiber/fiber/v3.
func fiberV3() *Library {
	l := fiberLike("fiber v3", "github.com/gofiber/fiber/v3/middleware/cors", "corsfiberv3")
	l.Variables = map[string]func(Source) Value{"ConfigDefault": func(src Source) Value {
		return &Struct{Source: src, Fields: map[string]Value{
			"AllowOrigins": stringList(src, "*"), "AllowMethods": stringList(src, "GET", "POST", "HEAD", "PUT", "DELETE", "PATCH")}}
	}}
	l.Translate = fiberTranslate
	return l
}

func fiberLike(name, path, adapter string) *Library {
	return &Library{
		Name: name, Path: path, Guide: "fiber.md", Adapter: adapters + adapter, Mount: adapter + ".Middleware(ENGINE)",
		Constructors: map[string]Constructor{"New": {structArg(0), 0, "middleware"}},
		Standing: []Note{
			{Code: "vary-origin", Change: Fixed, Scope: Scope{Kinds: []string{Cached}},
				Text: "for every origin, fiber answers a request without Origin with neither * nor Vary, so a cache gives that answer " +
					"to requests " +
					"that need the CORS headers; corskit always sends *"},
			{Code: "split-lists", Change: Fixed, Scope: Scope{Kinds: []string{Gateway}},
				Text: "a gateway may split Access-Control-Request-Headers into lines; fiber reads only the first"},
		},
	}
}

// commas converts a comma-separated option to a list. An empty text leaves the option unset.
func (t *Translation) commas(option string) {
	v := t.option(option)
	if v == nil {
		return
	}
	src := v.At()
	switch x := v.(type) {
	case *Const:
		if x.String() == "" {
			delete(t.options.Fields, option)
			return
		}
		t.options.Fields[option] = stringList(src, strings.Split(x.String(), ",")...)
	case *Joined:
		t.options.Fields[option] = x.Of
	case *Setting:
		s := *x
		t.options.Fields[option] = &Split{Source: src, Of: &s, Sep: ",", Trim: true}
	case *Unknown:
		t.options.Fields[option] = &Split{Source: src, Of: x, Sep: ",", Trim: true}
	}
	t.texts = append(t.texts, option)
}

func fiberTranslate(t *Translation) {
	t.Policy.AllowCredentials = t.boolean("AllowCredentials", "AllowCredentials")
	t.Policy.AllowPrivateNetwork = t.boolean("AllowPrivateNetwork", "AllowPrivateNetwork")
	t.fiberOrigins()
	methods, empty := t.list("AllowMethods", "AllowMethods")
	if empty {
		t.Policy.AllowMethods = []string{"PUT", "DELETE", "PATCH"}
	}
	t.methods("AllowMethods", methods, strings.TrimSpace)
	t.literalStar("AllowMethods", "method", methods)
	if slices.Contains(t.Policy.AllowMethods, "*") || slices.Contains(t.Policy.AllowMethods, "OPTIONS") {
		t.note(Note{Code: "own-options", Change: Fixed, Field: "AllowMethods", Scope: Scope{Methods: []string{"OPTIONS"}},
			Text: "fiber omits the CORS headers from the answer to a script's own OPTIONS, which follows its preflight"})
	}
	t.repeatedHeaders()
	t.skipper("Next")
}

func (t *Translation) fiberOrigins() {
	function := t.option("AllowOriginsFunc")
	v := t.option("AllowOrigins")
	entries, empty := t.list("AllowOrigins", "AllowOrigins")
	if t.keeps("AllowOrigins") && isNil(function) && len(entries) == 0 {
		t.note(Note{Code: "unset-means-any", Change: Fixed, Wrong: true, Field: "AllowOrigins", Pos: v.At().Pos,
			Scope: Scope{Unset: true},
			Text: "if the value is empty when the program starts, fiber allows every origin; in corskit an empty list allows none, and " +
				"an empty entry is an error"})
	}
	var meanings []meaning
	for _, e := range entries {
		if strings.TrimSpace(e.text) == "*" {
			empty, function = true, nil
		}
		meanings = append(meanings, fiberEntry(e))
	}
	if empty && isNil(function) {
		t.anyOrigin("AllowOrigins")
		return
	}
	t.origins("AllowOrigins", meanings)
	if !isNil(function) {
		t.originFunc("AllowOriginsFunc", function)
	}
}

// fiberEntry reads an origin, in any case and with or without a trailing slash, or an origin with
// an asterisk for subdomains.
func fiberEntry(e entry) meaning {
	trimmed := strings.TrimSpace(e.text)
	scheme, host, ok := strings.Cut(trimmed, "://*.")
	if ok {
		if u, err := url.Parse(scheme + "://" + host); err == nil && u.Host != "" {
			return glob(e, strings.ToLower(scheme)+"://", "."+strings.ToLower(u.Host))
		}
	}
	u, err := url.Parse(trimmed)
	if err != nil || u.Host == "" || u.Path != "" && u.Path != "/" || strings.Contains(u.Host, "*") {
		return meaning{entry: e} // fiber panics
	}
	return exactly(e, strings.ToLower(u.Scheme)+"://"+strings.ToLower(u.Host))
}
