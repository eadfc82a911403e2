package migrate

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"time"

	"github.com/corskit/corskit/core"
)

// Translation is the translation of one variant. A [Library] reads the old options with
// its methods and fills the policy.
type Translation struct {
	Policy  *core.Policy
	site    *Site
	options *Struct
	variant *Variant
	arg     ast.Expr // the configuration at the site, or nil
	program *Program
	refused string   // set by NoPolicy
	texts   []string // options that are comma-separated texts
}

// Translate evaluates a site and returns a result for each way to reach it.
func (p *Program) Translate(s *Site) []*Result {
	var results []*Result
	for _, w := range p.evaluate(s) {
		r := &Result{Site: s, Via: w.via, Notes: slices.Clone(s.Library.Standing)}
		for i := range r.Notes {
			r.Notes[i].Pos = s.Pos
		}
		p.guarded(r, w)
		r.Mount = p.mount(r)
		r.Place = p.place(s)
		results = append(results, r)
	}
	return results
}

// guarded translates one way to reach a site. It recovers from a panic, which is a bug, and reports
// the site as unread.
func (p *Program) guarded(r *Result, w way) {
	defer func() {
		if fault := recover(); fault != nil {
			r.Outcome, r.Variants = Unread, nil
			r.Why = fmt.Sprintf("package migrate has a bug, please report it: %v", fault)
		}
	}()
	p.translateWay(r, w)
}

func (p *Program) translateWay(r *Result, w way) {
	s := r.Site
	options := s.constructor.Options(p.source(s.call), w.args)
	if options == nil {
		r.Outcome, r.Why = Unread, "the configuration cannot be evaluated: "+why(w.args)
		return
	}
	if options.Loaded {
		r.Outcome, r.Why = Unread, "other code sets the configuration, through its address or in a way that migrate does not follow: "+
			options.Expr+" at "+options.Pos.String()
		return
	}
	options = predicates(options)
	conds := conditions(options)
	if len(conds) > maxConditions {
		r.Outcome = Unread
		r.Why = fmt.Sprintf("the configuration depends on %d conditions, and migrate follows at most %d; split the configuration",
			len(conds), maxConditions)
		return
	}
	r.Outcome = Translated
	for _, chosen := range choices(conds) {
		resolved, _ := resolve(options, chosen).(*Struct)
		v := &Variant{chosen: chosen}
		v.Profile, v.When = describe(chosen)
		t := &Translation{Policy: &v.Policy, site: s, options: resolved, variant: v, program: p, arg: s.argument()}
		s.Library.Translate(t)
		t.finish()
		v.verbatim = t.verbatim()
		if len(r.Variants) > 0 {
			v.base = r.Variants[0]
		}
		r.Variants = append(r.Variants, v)
		if t.refused != "" {
			r.Outcome, r.Why = NoPolicy, t.refused
		} else if len(v.Kept) > 0 && r.Outcome == Translated {
			r.Outcome = Partly
		}
	}
}

// why returns the reason why the first unknown value is unknown.
func why(values []Value) string {
	reason := "it has a form that migrate does not read"
	for _, v := range values {
		walk(v, func(v Value) {
			if u, ok := v.(*Unknown); ok {
				reason = fmt.Sprintf("%s at %s: %s", u.Expr, u.Pos, u.Why)
			}
		})
	}
	return reason
}

// argument returns the configuration that the call of a site has, or nil.
func (s *Site) argument() ast.Expr {
	if s.constructor.Arg < 0 || s.constructor.Arg >= len(s.call.Args) {
		return nil
	}
	return s.call.Args[s.constructor.Arg]
}

// option returns the value of an option; nil if it is not set.
func (t *Translation) option(name string) Value {
	v := t.options.Fields[name]
	if v == nil && t.options.Loaded {
		return &Unknown{Source: t.options.Source, Why: "other code sets the configuration"}
	}
	return v
}

// expr returns a Go expression for an option, in scope at the site.
func (t *Translation) expr(name string) string {
	if t.arg == nil {
		if v := t.options.Fields[name]; v != nil {
			return v.At().Expr
		}
		return name
	}
	lit, ok := ast.Unparen(t.arg).(*ast.CompositeLit)
	if u, isUnary := ast.Unparen(t.arg).(*ast.UnaryExpr); isUnary {
		lit, ok = u.X.(*ast.CompositeLit)
	}
	if !ok {
		return t.program.source(t.arg).Expr + "." + name
	}
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			if id, ok := kv.Key.(*ast.Ident); ok && id.Name == name {
				return t.program.source(kv.Value).Expr
			}
		}
	}
	return name
}

// note adds a note about an option.
func (t *Translation) note(n Note) {
	if !n.Pos.IsValid() {
		n.Pos = t.position(n.Field)
	}
	t.variant.Notes = append(t.variant.Notes, n)
}

func (t *Translation) position(field string) token.Position {
	if v := t.options.Fields[field]; v != nil {
		if pos := v.At().Pos; pos.IsValid() {
			return pos
		}
	}
	return t.site.Pos
}

// keep makes an option a kept part, which stays the user's code.
func (t *Translation) keep(field, option string, v Value) *Kept {
	expr := t.expr(option)
	if slices.Contains(t.texts, option) {
		expr = `strings.Split(` + expr + `, ",")`
	}
	k := Kept{Field: field, Expr: expr, Pos: v.At().Pos, Why: "it is read when the program starts"}
	walk(v, func(v Value) {
		switch x := v.(type) {
		case *Unknown:
			k.Why, k.Pos = x.Why, x.Pos
		case *Setting:
			k.Variable = x.Env
		}
	})
	if !k.Pos.IsValid() {
		k.Pos = t.site.Pos
	}
	t.variant.Kept = append(t.variant.Kept, k)
	return &t.variant.Kept[len(t.variant.Kept)-1]
}

// entry is an item of a list.
type entry struct {
	text string
	pos  token.Position
}

// list returns the known entries of an option that is a list of strings, and whether it is empty or
// nil. If a part is unknown, the policy's field keeps the user's expression.
func (t *Translation) list(option, field string) (entries []entry, empty bool) {
	v := t.option(option)
	if isNil(v) {
		return nil, true
	}
	mixed := false
	switch x := v.(type) {
	case *List:
		known := true
		for _, item := range x.Items {
			s, ok := text(item)
			known = known && ok
			if ok {
				entries = append(entries, entry{s, item.At().Pos})
			}
		}
		if known {
			return entries, len(entries) == 0
		}
		mixed = len(x.Items) > 1
		for _, item := range x.Items {
			switch x := item.(type) {
			case *Spread:
				entries = append(entries, settingDefault(x.Value)...)
			case *Setting:
				if s, ok := text(valueOr(x.Default)); ok && s != "" {
					entries = append(entries, entry{s, x.Pos})
				}
			}
		}
	default:
		entries = settingDefault(v)
	}
	k := t.keep(field, option, v)
	for _, e := range entries {
		k.Default = append(k.Default, e.text)
	}
	t.checkSeparator(k, v)
	if mixed {
		k.dropVariable()
	}
	t.noteEmpty(option, field, v)
	return entries, false
}

// emptyMeans holds what an empty list allows, for libraries in which it has a default.
var emptyMeans = map[string]map[string]string{
	"github.com/rs/cors":          {"AllowOrigins": "every origin", "AllowHeaders": "content-type and x-requested-with"},
	"github.com/go-chi/cors":      {"AllowOrigins": "every origin", "AllowHeaders": "content-type"},
	"github.com/gorilla/handlers": {"AllowOrigins": "every origin"},
	"github.com/labstack/echo/v4/middleware": {"AllowOrigins": "every origin", "AllowMethods": "PUT, PATCH and DELETE",
		"AllowHeaders": "every header"},
	"github.com/labstack/echo/v5/middleware":      {"AllowMethods": "PUT, PATCH and DELETE", "AllowHeaders": "every header"},
	"github.com/gofiber/fiber/v2/middleware/cors": {"AllowMethods": "PUT, PATCH and DELETE", "AllowHeaders": "every header"},
	"github.com/gofiber/fiber/v3/middleware/cors": {"AllowMethods": "PUT, PATCH and DELETE", "AllowHeaders": "every header"},
}

// noteEmpty adds a note about the meaning of an empty list, if the program reads the list when it
// starts. The result of strings.Split is never empty.
func (t *Translation) noteEmpty(option, field string, v Value) {
	meant := emptyMeans[t.site.Library.Path][field]
	if s, ok := v.(*Split); meant == "" || ok && !s.Drop && !slices.Contains(t.texts, option) {
		return
	}
	t.note(Note{Code: "unset-means-default", Change: Narrower, Field: option, Pos: v.At().Pos, Scope: Scope{Unset: true},
		Text: fmt.Sprintf("if %s is empty when the program starts, %s allows %s, and corskit allows none", option, t.site.Library.Name,
			meant)})
}

// settingDefault returns the entries that a setting has by default.
func settingDefault(v Value) []entry {
	sep := ","
	if s, ok := v.(*Split); ok {
		v, sep = s.Of, s.Sep
	}
	s, ok := v.(*Setting)
	if !ok {
		return nil
	}
	switch d := s.Default.(type) {
	case *List:
		var entries []entry
		for _, item := range d.Items {
			if s, ok := text(item); ok {
				entries = append(entries, entry{s, item.At().Pos})
			}
		}
		return entries
	case *Const:
		if d.String() == "" {
			return nil
		}
		var entries []entry
		for _, item := range strings.Split(d.String(), sep) {
			entries = append(entries, entry{strings.TrimSpace(item), d.Pos})
		}
		return entries
	}
	return nil
}

// checkSeparator removes a variable that a file cannot use, because its items are not separated by
// commas.
func (t *Translation) checkSeparator(k *Kept, v Value) {
	walk(v, func(v Value) {
		if s, ok := v.(*Split); ok && s.Sep != "," && k.Variable != "" {
			k.Why = fmt.Sprintf("the items of %s are separated by %q, and a file expects commas", k.Variable, s.Sep)
			k.Variable = ""
		}
	})
}

// boolean returns a boolean option. If its value is unknown, the policy keeps the user's
// expression.
func (t *Translation) boolean(option, field string) bool {
	v := t.option(option)
	if v == nil {
		return false
	}
	if b, ok := truth(v); ok {
		return b
	}
	if field == "" {
		t.note(Note{Code: "unknown-switch", Change: Narrower, Field: option, Scope: Scope{Any: true},
			Text: option + " is not known, so the policy has false: " + v.At().Expr})
		return false
	}
	k := t.keep(field, option, v)
	if s, ok := v.(*Setting); ok {
		if b, ok := truth(s.Default); ok {
			k.Default = []string{fmt.Sprint(b)}
			return b
		}
	}
	return false
}

// NoPolicy records that no policy can express the old configuration, and why.
func (t *Translation) NoPolicy(why string) { t.refused = why }

// maxDay is the largest MaxAge of a policy.
const maxDay = 24 * time.Hour

// seconds translates an age in seconds. Libraries differ in the meaning of zero and negative ages,
// which the caller handles.
func (t *Translation) seconds(option string, negative time.Duration) {
	v := t.option(option)
	if v == nil {
		return
	}
	n, ok := integer(v)
	switch {
	case !ok:
		k := t.keep("MaxAge", option, v)
		k.Expr = "time.Duration(" + k.Expr + ") * time.Second"
		k.Variable = ""
	case n < 0:
		t.Policy.MaxAge = negative
	case n > int64(maxDay/time.Second):
		t.tooOld(option, n)
	default:
		t.Policy.MaxAge = time.Duration(n) * time.Second
	}
}

// tooOld adds a note about an age above a day, which is often in the wrong unit.
func (t *Translation) tooOld(option string, n int64) {
	t.Policy.MaxAge = maxDay
	note := Note{Code: "max-age-capped", Change: Same, Field: option,
		Scope: Scope{Kinds: []string{Preflight}, MaxAge: true},
		Text:  fmt.Sprintf("%s is %d seconds, and browsers cache a preflight for at most 24 hours", option, n)}
	if d := time.Duration(n); d%time.Second == 0 && d >= time.Second {
		note.Wrong, note.Code = true, "max-age-unit"
		note.Text = fmt.Sprintf("%s is in seconds, and %d looks like %s in nanoseconds; the policy has 24 hours, the longest that "+
			"any browser caches a preflight; "+
			"write %s if you meant that", option, n, d, goDuration(d))
		if d <= maxDay {
			t.note(note)
			return
		}
	}
	t.note(note)
}

// words joins texts with commas.
func words(list []string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = fmt.Sprintf("%q", s)
	}
	return strings.Join(quoted, ", ")
}

// verbatim returns the Go expressions of the options that have the same values as the policy.
func (t *Translation) verbatim() map[string]string {
	exprs := map[string]string{}
	for name, v := range t.options.Fields {
		p := t.Policy
		for field, list := range map[string][]string{"AllowOrigins": p.AllowOrigins, "AllowMethods": p.AllowMethods,
			"AllowHeaders": p.AllowHeaders, "ExposeHeaders": p.ExposeHeaders} {
			if strings.Replace(name, "Allowed", "Allow", 1) == field && sameStrings(v, list) && !slices.Contains(t.texts, name) {
				exprs[field] = t.expr(name)
			}
		}
		if b, ok := truth(v); ok && name == "AllowCredentials" && b == p.AllowCredentials {
			exprs[name] = t.expr(name)
		}
	}
	return exprs
}

func sameStrings(v Value, list []string) bool {
	l, ok := v.(*List)
	if !ok || len(l.Items) != len(list) {
		return false
	}
	for i, item := range l.Items {
		if s, ok := text(item); !ok || s != list[i] {
			return false
		}
	}
	return true
}

// unless returns the entries that are not among skip, in order and without repetitions.
func unless(entries []string, skip ...string) []string {
	var kept []string
	for _, s := range entries {
		if !slices.Contains(skip, s) && !slices.Contains(kept, s) {
			kept = append(kept, s)
		}
	}
	return kept
}
