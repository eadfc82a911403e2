package migrate

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/types"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// path is the way by which a configuration library reaches a field: the keys so far, and the prefix
// of its environment variables.
type path struct {
	keys   []string
	prefix string
}

// readCall evaluates calls of the standard library and of viper that read settings or compute
// strings. It returns nil for other calls.
func (in *interpreter) readCall(x *ast.CallExpr, fn *types.Func, env scope) Value {
	if fn.Pkg() == nil {
		return nil
	}
	switch fn.Pkg().Path() {
	case "os":
		return in.osCall(x, fn.Name(), env)
	case "strings":
		return in.stringsCall(x, fn.Name(), in.arguments(x, env))
	case "fmt":
		return in.sprintf(x, fn.Name(), env)
	case "slices":
		return in.slicesCall(x, fn.Name(), env)
	case viperPath:
		return in.viperCall(x, fn.Name(), env)
	case "flag":
		return in.flagCall(x, fn.Name(), env)
	case "strconv":
		return in.parsed(x, fn.Name(), env)
	case "time":
		return in.durationCall(x, fn, env)
	}
	return nil
}

func (in *interpreter) osCall(x *ast.CallExpr, name string, env scope) Value {
	if name != "Getenv" && name != "LookupEnv" || len(x.Args) != 1 {
		return nil
	}
	key, ok := text(in.eval(x.Args[0], env))
	if !ok {
		return nil
	}
	return &Setting{Source: in.p.source(x), From: "env", Name: key, Env: key}
}

// sprintf evaluates fmt.Sprintf of constants.
func (in *interpreter) sprintf(x *ast.CallExpr, name string, env scope) Value {
	if name != "Sprintf" {
		return nil
	}
	var args []any
	format := ""
	for i, v := range in.arguments(x, env) {
		c, ok := v.(*Const)
		if !ok {
			return nil
		}
		if i == 0 {
			format = c.String()
			continue
		}
		if n, ok := integer(c); ok {
			args = append(args, n)
		} else {
			args = append(args, c.String())
		}
	}
	if strings.Trim(strings.NewReplacer("%s", "", "%d", "", "%v", "").Replace(format), "%") !=
		strings.NewReplacer("%s", "", "%d", "", "%v", "").Replace(format) {
		return nil
	}
	return stringConst(in.p.source(x), fmt.Sprintf(format, args...))
}

func (in *interpreter) slicesCall(x *ast.CallExpr, name string, env scope) Value {
	args := in.arguments(x, env)
	switch {
	case name == "Clone" && len(args) == 1:
		return args[0]
	case name == "Concat":
		var all Value = &List{Source: in.p.source(x)}
		for _, a := range args {
			all = in.appendTo(x, all, spread(a))
		}
		return all
	}
	return nil
}

// parsed evaluates the conversion of a text to a number or boolean.
func (in *interpreter) parsed(x *ast.CallExpr, name string, env scope) Value {
	switch name {
	case "Itoa":
		if n, ok := integer(in.eval(x.Args[0], env)); ok {
			return stringConst(in.p.source(x), strconv.FormatInt(n, 10))
		}
	case "Atoi", "ParseBool", "ParseInt":
		if s, ok := in.eval(x.Args[0], env).(*Setting); ok {
			return s
		}
	}
	return nil
}

// durationCall evaluates the methods of a duration that return it in a unit.
func (in *interpreter) durationCall(x *ast.CallExpr, fn *types.Func, env scope) Value {
	sel, ok := ast.Unparen(x.Fun).(*ast.SelectorExpr)
	if !ok || fn.Signature().Recv() == nil {
		return nil
	}
	n, ok := integer(in.eval(sel.X, env))
	if !ok {
		return nil
	}
	unit := map[string]time.Duration{"Hours": time.Hour, "Minutes": time.Minute, "Seconds": time.Second,
		"Milliseconds": time.Millisecond, "Microseconds": time.Microsecond, "Nanoseconds": time.Nanosecond}[fn.Name()]
	if unit == 0 || time.Duration(n)%unit != 0 {
		return nil
	}
	return &Const{in.p.source(x), constant.MakeInt64(n / int64(unit))}
}

// flagCall evaluates flag.String and the like.
func (in *interpreter) flagCall(x *ast.CallExpr, name string, env scope) Value {
	switch name {
	case "String", "Bool", "Int", "Duration":
		args := in.arguments(x, env)
		if key, ok := text(args[0]); ok && len(args) == 3 {
			return &Setting{Source: in.p.source(x), From: "flag", Name: key, Default: args[1]}
		}
	}
	return nil
}

func (in *interpreter) viperCall(x *ast.CallExpr, name string, env scope) Value {
	if !strings.HasPrefix(name, "Get") || len(x.Args) != 1 {
		return nil
	}
	key, ok := text(in.eval(x.Args[0], env))
	if !ok {
		return nil
	}
	facts := in.p.viper
	s := &Setting{Source: in.p.source(x), From: "viper", Name: key, IsList: name == "GetStringSlice", Sep: " "}
	if name, bound := facts.env[key]; bound {
		s.Env = name
	}
	if _, bound := facts.env[key]; bound && s.Env == "" || facts.auto {
		s.Env = viperEnv(facts.prefix, key)
	}
	if d, ok := facts.defaults[key]; ok && in.depth <= maxDepth {
		s.Default = in.within(d.pkg).eval(d.expr, scope{})
	}
	return s
}

func viperEnv(prefix, key string) string {
	name := strings.ToUpper(strings.NewReplacer(".", "_", "-", "_").Replace(key))
	if prefix != "" {
		name = strings.ToUpper(prefix) + "_" + name
	}
	return name
}

// tagged returns a field that other code sets, as a [Setting] with the name from its tags. For a
// struct field, it returns an [Unknown], and the fields of that struct are settings in turn.
func (in *interpreter) tagged(x *ast.SelectorExpr, owner types.Type, at path, field *types.Var) Value {
	tag := tagOf(owner, field)
	key := firstTag(tag, "mapstructure", "koanf", "yaml", "toml", "json")
	if key == "" {
		key = strings.ToLower(field.Name())
	}
	at.keys = append(append([]string{}, at.keys...), key)
	if isStruct(field.Type()) {
		at.prefix += tag.Get("envPrefix")
		return &Unknown{Source: in.p.source(x), Type: field.Type(), path: at, Why: "other code sets it"}
	}
	s := &Setting{Source: in.p.source(x), From: "field", Name: strings.Join(at.keys, ".")}
	if name := firstTag(tag, "env", "envconfig"); name != "" {
		s.Env = at.prefix + name
	} else if tag.Get("split_words") == "true" {
		s.Env = at.prefix + strings.ToUpper(snake(field.Name()))
	}
	s.Sep = firstNonEmpty(tag.Get("envSeparator"), tag.Get("env-separator"), ",")
	_, s.IsList = field.Type().Underlying().(*types.Slice)
	if d, ok := in.p.viper.defaults[s.Name]; ok && tag.Get("mapstructure") != "" && in.depth <= maxDepth {
		s.Default = in.within(d.pkg).eval(d.expr, scope{})
	}
	for _, name := range []string{"envDefault", "env-default", "default"} {
		if d, ok := tag.Lookup(name); ok {
			s.Default = in.tagDefault(x, field.Type(), d, s.Sep)
			break
		}
	}
	return s
}

func (in *interpreter) tagDefault(x ast.Expr, t types.Type, d, sep string) Value {
	src := in.p.source(x)
	if _, ok := t.Underlying().(*types.Slice); ok {
		return stringList(src, strings.Split(strings.Trim(d, "[]"), sep)...)
	}
	if b, ok := t.Underlying().(*types.Basic); ok && b.Kind() == types.Bool {
		return boolConst(src, d == "true" || d == "1")
	}
	return stringConst(src, d)
}

func tagOf(owner types.Type, field *types.Var) reflect.StructTag {
	if p, ok := owner.Underlying().(*types.Pointer); ok {
		owner = p.Elem()
	}
	s, ok := owner.Underlying().(*types.Struct)
	if !ok {
		return ""
	}
	for i := range s.NumFields() {
		if s.Field(i).Name() == field.Name() {
			return reflect.StructTag(s.Tag(i))
		}
	}
	return ""
}

// firstTag returns the name that the first of some tags gives.
func firstTag(tag reflect.StructTag, keys ...string) string {
	for _, key := range keys {
		name, _, _ := strings.Cut(tag.Get(key), ",")
		if name != "" && name != "-" {
			return name
		}
	}
	return ""
}

func firstNonEmpty(list ...string) string {
	for _, s := range list {
		if s != "" {
			return s
		}
	}
	return ""
}

func isStruct(t types.Type) bool {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	_, ok := t.Underlying().(*types.Struct)
	return ok
}

// snake writes FrontendURL as Frontend_URL.
func snake(s string) string {
	var b strings.Builder
	runes := []rune(s)
	for i, r := range runes {
		starts := i > 0 && unicode.IsUpper(r) && (unicode.IsLower(runes[i-1]) || i+1 < len(runes) && unicode.IsLower(runes[i+1]))
		if starts {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return b.String()
}
