package config

import (
	"context"
	"path/filepath"

	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/reason"
)

// Load reads a YAML, JSON or TOML file, merges the file of the profile and the
// environment into it, and compiles the policies. The error joins an [*Error] for
// every fault. If there is one, Load returns no engine.
func Load(path string, opts ...Options) (*core.Engine, error) {
	src, name := split(path)
	c, err := Read(context.Background(), src, name, opts...)
	if err != nil {
		return nil, err
	}
	return c.engine, nil
}

// FromEnv compiles the policies of the environment, without a file. It returns
// the same errors as [Load], and an error if no variable sets a policy.
//
// The variables are then the whole policy: if only CORS_ALLOW_ORIGINS is set, scripts may send
// GET, HEAD and POST, but neither PUT nor an Authorization header. Set CORS_ALLOW_METHODS and
// CORS_ALLOW_HEADERS as well, or keep them in the program with [FromEnvOver]. [ReadEnv] has a
// note about lists that are not set.
func FromEnv(opts ...Options) (*core.Engine, error) {
	c, err := ReadEnv(opts...)
	if err != nil {
		return nil, err
	}
	return c.engine, nil
}

// Config is a configuration without faults.
type Config struct {
	// Policies are all policies in the order of the file, including the origins of
	// their origins_file.
	Policies []core.Policy
	// Routes are the routes. If nil, every policy applies to every request.
	Routes []core.Route
	// Revision identifies what was read.
	Revision Revision
	// Shadow has the policies and routes below the key shadow. Its engine decides by them,
	// and its warnings are those whose Key begins with "shadow.". It is nil if there is no
	// such key.
	Shadow *Config
	// Warnings describe settings that are legal but probably not intended.
	Warnings []*Warning
	// Notes point out what may be a surprise but is not a mistake: keys of files that a
	// variable overrides ([reason.Overridden]), and, in one note, policies that do not set
	// their methods or headers ([reason.Omitted]).
	Notes []*Warning
	// Files are the names of the documents that were read, as in messages.
	Files []string

	engine *core.Engine
	place  func(*core.PolicyError) Place
}

// Place returns the place of a field of a policy, such as "AllowOrigins", or of one of its
// entries. An index of -1 means the whole field, and an empty field the whole policy.
func (c *Config) Place(policy, field string, index int) Place {
	if c.place == nil {
		return Place{}
	}
	return c.place(&core.PolicyError{Policy: policy, Field: field, Index: index})
}

// Engine returns the engine of the policies and routes, with the shadow. Every call returns the
// same engine.
func (c *Config) Engine() *core.Engine { return c.engine }

// Read is like [Load], but reads from any [Source] and returns the whole
// configuration.
func Read(ctx context.Context, src Source, name string, opts ...Options) (*Config, error) {
	r := Check(ctx, src, name, opts...)
	return r.Config, r.Err
}

// ReadEnv is like [FromEnv], but returns the whole configuration. An origins_file in
// a variable is relative to the working directory.
func ReadEnv(opts ...Options) (*Config, error) {
	r := check(context.Background(), &loader{src: Files{}, opts: combine(opts)})
	return r.Config, r.Err
}

// Report is the result of [Check].
type Report struct {
	Config   *Config    // nil if there are faults
	Err      error      // joins an *Error for every fault; nil if there are none
	Warnings []*Warning // if there are faults, only the warnings that are certain
	Notes    []*Warning // as in [Config]; if there are faults, only reason.Overridden
	Files    []string   // the documents that were requested
}

// Check is like [Read], but for tools: if there are faults, it still returns the
// warnings and the names of the documents.
func Check(ctx context.Context, src Source, name string, opts ...Options) Report {
	if err := named(src, name); err != nil {
		return Report{Err: err}
	}
	return check(ctx, &loader{src: src, name: name, opts: combine(opts)})
}

// named returns an error if there is no source or no name.
func named(src Source, name string) error {
	e := &Error{Reason: reason.NotFound, Suggestion: "use FromEnv to read only the environment"}
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
	engine, err := s.compile(l.opts.progress)
	r := Report{Err: err, Warnings: s.warnings, Notes: s.notes(), Files: s.sources()}
	if err == nil {
		r.Config = &Config{
			Policies: s.policies, Routes: s.routes, Revision: s.revision,
			Warnings: s.warnings, Notes: r.Notes, Files: r.Files, engine: engine,
			place: s.place,
		}
		if p := s.shadow; p != nil {
			r.Config.Shadow = &Config{
				Policies: p.policies, Routes: p.routes, Revision: s.revision, Warnings: p.warnings, Files: r.Files, engine: s.shadowed,
				place: p.place,
			}
		}
	}
	return r
}

// split returns the source and the name of a file. The name is empty if the path
// is empty or ends in a separator.
func split(path string) (Source, string) {
	_, name := filepath.Split(path)
	if name == "" {
		return Files{}, ""
	}
	return Files{Dir: filepath.Dir(path)}, name
}
