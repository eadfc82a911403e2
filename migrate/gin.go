package migrate

import (
	"fmt"
	"go/constant"
	"regexp"
	"strings"
	"time"

	"github.com/corskit/corskit/core"
)

// ginContrib is github.com/gin-contrib/cors, from v1.4.0.
func ginContrib() *Library {
	l := ginLike("gin-contrib/cors", "github.com/gin-contrib/cors")
	l.Guide, l.Adapter, l.Mount = "gin-contrib-cors.md", adapters+"corsgin", "corsgin.Middleware(ENGINE)"
	return l
}

// hertzContrib is github.com/hertz-contrib/cors, which began as a copy of gin-contrib/cors.
func hertzContrib() *Library {
	return ginLike("hertz-contrib/cors", "github.com/hertz-contrib/cors")
}

const adapters = "github.com/corskit/corskit/adapters/"

func ginLike(name, path string) *Library {
	defaults := func(src Source) map[string]Value {
		return map[string]Value{
			"AllowMethods": stringList(src, "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"),
			"AllowHeaders": stringList(src, "Origin", "Content-Length", "Content-Type"),
			"MaxAge":       &Const{src, constant.MakeInt64(int64(12 * time.Hour))},
		}
	}
	if strings.Contains(path, "hertz") { // it has no OPTIONS in the list
		gin := defaults
		defaults = func(src Source) map[string]Value {
			fields := gin(src)
			fields["AllowMethods"] = stringList(src, "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
			return fields
		}
	}
	adds := func(field string) func(*Struct, Source, []Value) *Struct {
		return func(recv *Struct, src Source, args []Value) *Struct {
			list := append([]Value{}, spread(valueOr(recv.Fields[field]))...)
			s, _ := withField(recv, field, &List{src, append(list, args...)}, src).(*Struct)
			return s
		}
	}
	return &Library{
		Name: name, Path: path,
		Constructors: map[string]Constructor{
			"New": {structArg(0), 0, "middleware"},
			"Default": {fixed(func(src Source) map[string]Value {
				fields := defaults(src)
				fields["AllowAllOrigins"] = boolConst(src, true)
				return fields
			}), -1, "middleware"},
		},
		Helpers: map[string]func(Source, []Value) Value{
			"DefaultConfig": func(src Source, _ []Value) Value { return &Struct{Source: src, Fields: defaults(src)} },
		},
		Methods: map[string]func(*Struct, Source, []Value) *Struct{
			"AddAllowMethods": adds("AllowMethods"), "AddAllowHeaders": adds("AllowHeaders"), "AddExposeHeaders": adds("ExposeHeaders"),
		},
		Functions: map[string]string{"AllowOriginWithContextFunc": noShape},
		Standing: []Note{
			{Code: "every-options", Change: Fixed, Scope: Scope{Kinds: []string{Options, Handler, Actual}, Methods: []string{"OPTIONS"},
				Server: true},
				Text: name + " answers every OPTIONS with an Origin itself; corskit answers only preflights, and the application answers " +
					"the " +
					"rest: " +
					"a path without an OPTIONS route answers 404 or 405"},
			{Code: "vary-origin", Change: Fixed, Scope: Scope{Kinds: []string{Cached}},
				Text: name + " omits Vary from the answer to a request without Origin, so a cache gives that answer to requests that " +
					"need the CORS headers"},
		},
		Translate: ginTranslate,
	}
}

func valueOr(v Value) Value {
	if v == nil {
		return &Nil{}
	}
	return v
}

func ginTranslate(t *Translation) {
	t.Policy.AllowCredentials = t.boolean("AllowCredentials", "AllowCredentials")
	t.Policy.AllowPrivateNetwork = t.boolean("AllowPrivateNetwork", "AllowPrivateNetwork")
	t.ginOrigins()
	if len(t.Policy.AllowOrigins) != 1 || t.Policy.AllowOrigins[0] != "*" {
		t.Policy.RejectDisallowed = true
	}
	upper := func(s string) string { return strings.ToUpper(strings.TrimSpace(s)) }
	methods, _ := t.list("AllowMethods", "AllowMethods")
	t.methods("AllowMethods", methods, upper)
	t.literalStar("AllowMethods", "method", methods)
	headers, _ := t.list("AllowHeaders", "AllowHeaders")
	t.headers("AllowHeaders", headers)
	t.literalStar("AllowHeaders", "header", headers)
	exposed, _ := t.list("ExposeHeaders", "ExposeHeaders")
	t.exposed("ExposeHeaders", exposed)
	t.duration("MaxAge")
	if v := t.option("OptionsResponseStatusCode"); v != nil {
		t.preflightStatus("OptionsResponseStatusCode")
	}
}

// literalStar adds a note about an asterisk that the library sends with credentials, because
// browsers then treat it as a name.
func (t *Translation) literalStar(option, what string, entries []entry) {
	for _, e := range entries {
		if strings.TrimSpace(e.text) == "*" && t.Policy.AllowCredentials {
			t.note(Note{Code: "star-with-credentials", Change: Fixed, Wrong: true, Field: option, Pos: e.pos,
				Scope: Scope{Kinds: []string{Actual, Preflight, Gateway}},
				Text: fmt.Sprintf("%s sends \"*\" in %s, which browsers treat as the name of a %s if the request has credentials, and "+
					"which "+
					"does not cover Authorization; corskit answers with the requested name, so these requests now work; "+
					"list the %ss that scripts use", t.site.Library.Name, option, what, what)})
		}
	}
}

// duration translates an age that is a [time.Duration]. The library cuts off fractions.
func (t *Translation) duration(option string) {
	v := t.option(option)
	if v == nil {
		return
	}
	n, ok := integer(v)
	d := time.Duration(n)
	switch {
	case !ok:
		k := t.keep("MaxAge", option, v)
		k.Variable = ""
	case d <= 0:
	case d < time.Second:
		t.Policy.MaxAge = core.NoPreflightCache
		t.note(Note{Code: "max-age-unit", Change: Same, Wrong: true, Field: option,
			Text: fmt.Sprintf("%s is %s, which is sent as 0, so browsers do not cache preflights; the policy does the same; write %s if "+
				"you meant that",
				option, d, goDuration(d*time.Second/time.Nanosecond))})
	case d > maxDay:
		t.tooOld(option, int64(d/time.Second))
	default:
		t.Policy.MaxAge = d.Truncate(time.Second)
	}
}

func (t *Translation) ginOrigins() {
	wildcards := t.boolean("AllowWildcard", "")
	function := ""
	for _, name := range []string{"AllowOriginFunc", "AllowOriginWithContextFunc"} {
		if !isNil(t.option(name)) {
			function = name
		}
	}
	entries, empty := t.list("AllowOrigins", "AllowOrigins")
	all := t.boolean("AllowAllOrigins", "")
	if all && (function != "" || !empty) || !all && function == "" && empty {
		t.note(Note{Code: "panics", Change: Same, Wrong: true, Field: "AllowOrigins",
			Text: t.site.Library.Name + " panics when it starts with these settings: all origins and a list, or neither"})
	}
	var meanings []meaning
	for _, e := range entries {
		if e.text == "*" {
			all = true
			continue
		}
		meanings = append(meanings, ginEntry(e, wildcards))
	}
	if all {
		t.anyOrigin("AllowOrigins")
		return
	}
	t.origins("AllowOrigins", meanings)
	if function != "" {
		t.originFunc(function, t.option(function))
	}
}

var ginExpression = regexp.MustCompile(`^/(.+)/[gimuy]?$`)

// ginEntry reads an exact origin, an expression between slashes, or, if AllowWildcard is set, a
// pattern.
func ginEntry(e entry, wildcards bool) meaning {
	if m := ginExpression.FindStringSubmatch(strings.ToLower(strings.TrimSpace(e.text))); m != nil {
		if meant, ok := matched(e, m[1]); ok {
			return meant
		}
		return meaning{entry: e}
	}
	if prefix, suffix, ok := strings.Cut(e.text, "*"); ok && wildcards && !strings.Contains(suffix, "*") {
		return glob(e, prefix, suffix)
	}
	m := exactly(e, strings.ToLower(strings.TrimSpace(e.text)))
	if strings.Contains(e.text, "*") && !wildcards {
		m.inert = "a pattern needs AllowWildcard, which is not set"
	}
	return m
}
