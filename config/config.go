package config

import (
	"context"
	"path/filepath"

	"github.com/corskit/corskit/core"
)

// Options are what loading may be told beyond where the configuration is. The
// zero Options are the default. Of several Options, a field that is set in a
// later one wins.
type Options struct {
	// Profile is the profile if CORS_PROFILE is not set. Empty means none.
	Profile string

	// Environ is the environment, in the form of [os.Environ]. Nil means the
	// environment of the process, as it is at each load; an empty slice that is
	// not nil means none.
	Environ []string

	// Progress, if it is not nil, is called while a configuration is loaded, on
	// the goroutine that loads.
	Progress func(Progress)

	// OnReload, if it is not nil, is called for every reload of a [Watcher], good
	// or bad, but not for the configuration it starts with, and when its Source
	// cannot watch: one call at a time, in order, after the engine has changed. It
	// must not call [Watcher.Close], which waits for it.
	OnReload func(Result)
}

func combine(opts []Options) Options {
	var all Options
	for _, o := range opts {
		if o.Profile != "" {
			all.Profile = o.Profile
		}
		if o.Environ != nil {
			all.Environ = o.Environ
		}
		if o.Progress != nil {
			all.Progress = o.Progress
		}
		if o.OnReload != nil {
			all.OnReload = o.OnReload
		}
	}
	return all
}

func (o Options) progress(p Progress) {
	if o.Progress != nil {
		o.Progress(p)
	}
}

// Load reads a YAML, JSON or TOML file, lays the profile's file and the
// environment over it, and compiles the policies. The error joins an [*Error]
// for every fault found; there is no engine then.
func Load(path string, opts ...Options) (*core.Engine, error) {
	src, name := split(path)
	c, err := Read(context.Background(), src, name, opts...)
	if err != nil {
		return nil, err
	}
	return c.engine, nil
}

// FromEnv compiles the policies that the environment alone describes. That no
// variable is set is an error, like everything that is one for [Load].
func FromEnv(opts ...Options) (*core.Engine, error) {
	c, err := ReadEnv(opts...)
	if err != nil {
		return nil, err
	}
	return c.engine, nil
}

// Config is a configuration that has been read and found sound.
type Config struct {
	// Policies are all policies, in the order of the file, with the origins of
	// their origins_file.
	Policies []core.Policy
	// Routes are the routes, or nil: every policy then applies to every request.
	Routes []core.Route
	// Revision says what was read.
	Revision Revision
	// Warnings are what is legal but probably not meant.
	Warnings []*Warning
	// Files are the documents that were read, as messages call them.
	Files []string

	engine *core.Engine
}

// Engine returns the engine of the policies and routes, the same at each call.
func (c *Config) Engine() *core.Engine { return c.engine }

// Read is [Load] for any [Source], and returns more than the engine.
func Read(ctx context.Context, src Source, name string, opts ...Options) (*Config, error) {
	r := Check(ctx, src, name, opts...)
	return r.Config, r.Err
}

// ReadEnv is [FromEnv], and returns more than the engine. It reads an
// origins_file that a variable names, relative to the working directory.
func ReadEnv(opts ...Options) (*Config, error) {
	r := check(context.Background(), &loader{src: Files{}, opts: combine(opts)})
	return r.Config, r.Err
}

// Report is what [Check] finds.
type Report struct {
	Config   *Config    // nil if there are faults
	Err      error      // joins an *Error for every fault; nil if there are none
	Warnings []*Warning // as far as they can be told where there are faults
	Files    []string   // the documents that were asked for
}

// Check is [Read] for tools: it returns what there is to say about a
// configuration that is not sound, too.
func Check(ctx context.Context, src Source, name string, opts ...Options) Report {
	if fault := named(src, name); fault != nil {
		return Report{Err: fault}
	}
	return check(ctx, &loader{src: src, name: name, opts: combine(opts)})
}

// named returns the fault of a source or a name that is none, or nil.
func named(src Source, name string) error {
	e := &Error{Reason: ReasonNotFound, Suggestion: "FromEnv reads the environment alone"}
	switch {
	case src == nil:
		e.Detail = "no source to read from"
	case name == "":
		e.Detail = "no file name"
	default:
		return nil
	}
	return e
}

func check(ctx context.Context, l *loader) Report {
	s := l.load(ctx)
	engine, err := s.compile(nil, l.opts.progress)
	r := Report{Err: err, Warnings: s.warnings, Files: s.sources()}
	if err == nil {
		r.Config = &Config{
			Policies: s.policies, Routes: s.routes, Revision: s.revision,
			Warnings: s.warnings, Files: r.Files, engine: engine,
		}
	}
	return r
}

// split returns the source and the name of a file. There is no name in a path that
// is empty or, with a separator at its end, a directory's.
func split(path string) (Source, string) {
	_, name := filepath.Split(path)
	if name == "" {
		return Files{}, ""
	}
	return Files{Dir: filepath.Dir(path)}, name
}
