package migrate

import (
	"go/ast"
	"go/types"
	"strings"
)

// Library is a CORS middleware that migrate recognizes by its import path.
type Library struct {
	Name    string // for people, such as "rs/cors"
	Path    string // import path
	Guide   string // page of docs/migrate
	Adapter string // import path of corskit's adapter; empty if corskit has none for the framework
	Mount   string // expression for the new middleware, with ENGINE for the engine

	// Constructors are the functions that make a middleware, by name. MethodConstructors are the
	// methods that do; the value is true if the receiver is the configuration.
	Constructors       map[string]Constructor
	MethodConstructors map[string]bool
	// Helpers evaluate other functions, and Methods those of the configuration.
	Helpers map[string]func(src Source, args []Value) Value
	Methods map[string]func(recv *Struct, src Source, args []Value) *Struct
	// Variables are exported configurations.
	Variables map[string]func(src Source) Value

	// Functions are the options that decide about an origin and do not have the type func(string)
	// bool. Each has the code of a policy's function that calls FUNC, or "-" if no such code is
	// possible.
	Functions map[string]string

	// Standing are the notes that apply to every configuration.
	Standing []Note
	// Translate reads the options of one variant into t.
	Translate func(t *Translation)
}

// Constructor describes a function that makes a middleware.
type Constructor struct {
	// Options returns the options of a call, or nil if it does not understand the arguments.
	Options func(src Source, args []Value) *Struct
	Arg     int    // index of the configuration among the arguments, or -1
	Form    string // how the program mounts the result: "middleware", "object", "method" or "handler"
}

// Libraries returns the libraries that migrate recognizes.
func Libraries() []*Library {
	return []*Library{rsCors(), goChi(), gorillaHandlers(), jub0bsCors(), ginContrib(), echoV4(), echoV5(), fiberV2(), fiberV3(),
		hertzContrib(), goZero()}
}

var libraries = func() map[string]*Library {
	m := map[string]*Library{}
	for _, l := range Libraries() {
		m[l.Path] = l
	}
	return m
}()

// libraryOf returns the library that declares an object, or nil.
func libraryOf(obj types.Object) *Library {
	if obj == nil || obj.Pkg() == nil {
		return nil
	}
	path := obj.Pkg().Path()
	if _, vendored, ok := strings.Cut(path, "/vendor/"); ok {
		path = vendored
	}
	return libraries[path]
}

func libraryVariable(obj *types.Var, src Source) Value {
	l := libraryOf(obj)
	if l == nil || l.Variables[obj.Name()] == nil {
		return nil
	}
	return l.Variables[obj.Name()](src)
}

// libraryCall evaluates a call of a library. It returns nil for other functions.
func (in *interpreter) libraryCall(x *ast.CallExpr, fn *types.Func, env scope) []Value {
	l := libraryOf(fn)
	if l == nil {
		return nil
	}
	src, args := in.p.source(x), in.arguments(x, env)
	sel, isSelector := ast.Unparen(x.Fun).(*ast.SelectorExpr)
	if fn.Signature().Recv() != nil && isSelector {
		recv := in.eval(sel.X, env)
		if method := l.Methods[fn.Name()]; method != nil {
			if s, ok := recv.(*Struct); ok {
				in.set(sel.X, method(s, src, args), env)
			}
		}
		return []Value{&Call{src, fn, recv, args}}
	}
	if helper := l.Helpers[fn.Name()]; helper != nil {
		return []Value{helper(src, args)}
	}
	return []Value{&Call{src, fn, nil, args}, &Nil{src}}
}

// structArg returns the Options of a constructor that takes the configuration as its argument i.
func structArg(i int) func(Source, []Value) *Struct {
	return func(src Source, args []Value) *Struct {
		if i >= len(args) {
			return &Struct{Source: src}
		}
		return asStruct(args[i])
	}
}

func asStruct(v Value) *Struct {
	switch x := v.(type) {
	case *Struct:
		return x
	case *Unknown:
		if x.Type != nil {
			return &Struct{Source: x.Source, Type: x.Type, Loaded: true}
		}
	}
	return nil
}

// fixed returns the Options of a constructor without arguments.
func fixed(fields func(src Source) map[string]Value) func(Source, []Value) *Struct {
	return func(src Source, _ []Value) *Struct {
		return &Struct{Source: src, Fields: fields(src)}
	}
}

// isSite returns the library and constructor of a function. ok is false if no library has it.
func isSite(fn *types.Func) (*Library, Constructor, bool) {
	l := libraryOf(fn)
	if l == nil {
		return nil, Constructor{}, false
	}
	if fn.Signature().Recv() == nil {
		c, ok := l.Constructors[fn.Name()]
		return l, c, ok
	}
	fromReceiver, ok := l.MethodConstructors[fn.Name()]
	c := Constructor{structArg(0), 0, "method"}
	if fromReceiver {
		c.Arg = -1
	}
	return l, c, ok
}
