package config

import (
	"context"
	"log/slog"
	"maps"
	"slices"

	"github.com/corskit/corskit/core"
)

// Options configures loading. The zero value is the default. If several Options
// are given, a field that is set in a later one wins.
type Options struct {
	// Profile is the profile if CORS_PROFILE is not set. Empty means none.
	Profile string

	// Key is the path of the section that has the policies, if the file is the
	// application's own: "cors", or "http.cors". Dots separate the keys of nested sections.
	// Empty means the whole file. The file of the profile needs no such section.
	Key string

	// Environ is the environment in the form of [os.Environ]. Nil means the
	// environment of the process at the time of each load; an empty slice that is
	// not nil means no environment.
	Environ []string

	// Variables maps environment variables with other names to the keys that they set, in
	// the form "FRONTEND_URL": "policies.spa.allow_origins". Names are in upper case. Such
	// variables have the same rules as CORS_* variables: they override the files, and two
	// variables that set one key are a fault. The key variables of a file adds to
	// Variables; a name that has another key there is a fault.
	Variables map[string]string

	// IgnoreVariables are the exact names of CORS_* variables that are not for this package,
	// such as "CORS_PROXY_URL". Other unknown CORS_* variables are faults, and so is a name
	// here that sets a key. The key ignore_variables of a file adds to IgnoreVariables.
	IgnoreVariables []string

	// AllowOriginFuncs are the AllowOriginFunc of policies, by name: for origins that are
	// not in a file, such as those in a database. They are called concurrently, as
	// [core.Policy] says. Every load and reload needs a policy for each name, and a
	// reload without one is refused. A nil function is a fault. A policy of the shadow that
	// has the name gets the function too, which is then called once more for a request.
	AllowOriginFuncs map[string]func(context.Context, core.Request) bool

	// Progress, if not nil, is called while a configuration is loaded, on the
	// goroutine that loads.
	Progress func(Progress)

	// OnReload, if not nil, is called after every reload of a [Watcher], successful or
	// not, but not after the first load. It is also called when its Source cannot watch
	// ([reason.Watch]) and when a mount hides changes ([reason.Unlinked]). Calls are
	// sequential, in order, after the engine has changed. OnReload must not
	// call [Watcher.Close], which waits for it.
	OnReload func(Result)

	// A [Watcher] logs to Logger, if it is not nil: at the start, the policies in force and
	// their warnings; each reload with its changes and its new warnings; each fault once, and
	// its end; and when the Source cannot watch. Values are bounded and have no control
	// characters. The package logs nothing else.
	Logger *slog.Logger
}

func combine(opts []Options) Options {
	var all Options
	for _, o := range opts {
		if o.Profile != "" {
			all.Profile = o.Profile
		}
		if o.Key != "" {
			all.Key = o.Key
		}
		if o.Environ != nil {
			all.Environ = o.Environ
		}
		if o.Variables != nil {
			all.Variables = maps.Clone(o.Variables)
		}
		if o.IgnoreVariables != nil {
			all.IgnoreVariables = slices.Clone(o.IgnoreVariables)
		}
		if o.AllowOriginFuncs != nil {
			all.AllowOriginFuncs = maps.Clone(o.AllowOriginFuncs)
		}
		if o.Progress != nil {
			all.Progress = o.Progress
		}
		if o.OnReload != nil {
			all.OnReload = o.OnReload
		}
		if o.Logger != nil {
			all.Logger = o.Logger
		}
	}
	return all
}

func (o Options) progress(p Progress) {
	if o.Progress != nil {
		o.Progress(p)
	}
}

// Progress reports how far loading is, for users who wait for a list of a million
// origins.
type Progress struct {
	// Phase is "reading" while a document is read, "origins" while the lines of an
	// origins_file are split, and "compiling" while the engine is made. Total then
	// is the number of origins.
	Phase string
	File  string // the document; empty while compiling
	Done  int    // of Total; both are zero if unknown
	Total int
}

// Phases of a [Progress].
const (
	phaseReading   = "reading"
	phaseOrigins   = "origins"
	phaseCompiling = "compiling"
)
