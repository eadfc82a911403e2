// Package config makes a [core.Engine] from files and the environment, and reloads
// it when they change.
//
//	engine, err := config.Load("cors.yaml")
//	if err != nil {
//		log.Fatal(err) // every fault, each with its file, line and correction
//	}
//	for _, w := range engine.Warnings() {
//		log.Print(w)
//	}
//	router.Use(corsgin.Middleware(engine))
//
// [Watch] also keeps the engine up to date:
//
//	watcher, err := config.Watch(ctx, "cors.yaml", config.Options{Logger: slog.Default()})
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer watcher.Close()
//	for _, w := range watcher.Status().Warnings {
//		log.Print(w)
//	}
//	router.Use(corsgin.Middleware(watcher.Engine()))
//
// [FromEnv] reads only the environment. [FromEnvOver] reads it over a policy of the program.
//
// # Files
//
// The file name extension .yaml, .yml, .json or .toml selects the format:
//
//	version: 1                    # the default
//	policies:
//	  spa:
//	    allow_origins: ["https://app.example.com", "https://*.pr.example.com"]
//	    origins_file: partners.txt  # more origins, one per line
//	    allow_methods: [PUT, DELETE]
//	    allow_headers: [authorization, content-type]
//	    expose_headers: [etag]
//	    allow_credentials: true
//	    max_age: 10m
//	  public:
//	    allow_origins: ["*"]
//	routes:                       # the first route that matches a request is used
//	  - {path: /public/, policies: [public]}
//	  - {host: api.example.com, path: /, policies: [spa, public]}
//
// Each field of [core.Policy] is a key, in lower case with underscores, for example
// dangerously_allow_null_origin. [Schema] lists all keys.
//
// The name of a policy consists of a-z and 0-9, separated by single - or _. Policies keep the
// order of the file. Without routes, every policy applies to every request, and the first that
// matches the origin is used. With routes, a policy that no route names has no effect and
// causes a [Warning]. Requests that match no route get no CORS headers. The name "default" has
// no special meaning in a file.
//
// max_age is a duration with a unit. If unset, the header is omitted. The value
// "disabled" means [core.NoPreflightCache] and sends 0. A zero is an error, because
// it could mean the default or no caching.
//
// An origins_file has one pattern per line. Blank lines are skipped, and so are
// comments, from a # at the beginning of a line or after white space. The patterns
// follow those of allow_origins. The name is relative to the configuration file.
//
// # Shadow
//
// The key shadow has policies and routes to try out, with the same keys as the file. They
// change no response; observers of the engine see where they differ (see
// [core.Engine.Shadow]):
//
//	shadow:
//	  policies:
//	    spa: {allow_origins: ["https://app.example.com"]}
//
// The policies above do not apply in the shadow. Profiles are merged into it, variables are
// not. A fault in it is a fault of the file, and a [Watcher] replaces both. A shadow that the
// program sets stays until a file has one.
//
// # Profiles
//
// CORS_PROFILE=prod or Options.Profile merges cors.prod.yaml, which must exist, into
// cors.yaml. Policies are merged key by key, and new policies come last. Lists and
// routes are replaced as a whole. allow_origins and origins_file are one setting
// with two keys: a file that sets either replaces both.
//
// # Environment
//
// Variables override the files. CORS_ALLOW_ORIGINS, CORS_MAX_AGE and so on, one for
// each key of a policy, set the policy "default".
// CORS__POLICIES__MY_APP__ALLOW_ORIGINS sets a key of the policy my-app or my_app;
// a configuration cannot have both. CORS__ROUTES sets the routes, as JSON.
//
// A list is separated by commas; white space around an entry is ignored. Entries
// that contain commas, such as regular expressions, need a JSON array. A list that
// is set but empty is an empty list: CORS_ALLOW_ORIGINS= refuses every origin,
// including those of an origins_file. An empty CORS_PROFILE means no profile. Other
// variables must not be empty.
//
// With files, variables may only set policies that a file declares, for example as
// "default: {}". A misspelled name would otherwise create another policy and leave
// the intended one unchanged. Without files, variables declare policies: "default"
// first, the others in the order of their names.
//
// The key variables of a file and Options.Variables map variables with other names to keys:
//
//	variables: {FRONTEND_URL: policies.spa.allow_origins}
//	ignore_variables: [CORS_PROXY_URL]
//
// They have the same rules. No variable takes precedence over another: if two that are set
// have the same key, that is a fault. The key ignore_variables and Options.IgnoreVariables
// are the exact names of CORS_* variables that belong to the application.
//
// # Functions
//
// A file cannot contain an AllowOriginFunc. Options.AllowOriginFuncs adds one to a policy of
// the file, by name, for example for a list of origins in a database. Every reload keeps it.
//
// # Faults
//
// Loading is strict, because a setting that is silently ignored is noticed only in production.
// The following are errors: unknown keys and CORS_* variables, keys in the wrong case,
// duplicate keys, nulls, empty entries, empty files, durations without a unit, "yes" for true,
// text instead of a list, and everything that core refuses. [Load] reports all faults at once,
// joined (see [Errors] and [Error]), and returns no engine.
//
// Files are UTF-8, with or without a byte order mark, and lines end in a newline or
// CR LF. A configuration file may have 1 MiB, an origins_file 256 MiB. In YAML,
// aliases are allowed for lists and values. Merge keys (<<), tags (even of the right
// type) and a second document are errors.
//
// # Reload
//
// A [Watcher] replaces the policies atomically: every request sees either the old or
// the new ones. If the new configuration has faults, the last good policies stay in
// force and the faults are reported once. [Files] describes when a file counts as
// changed. To make sure that a partial file is never read, write a new file and
// rename it over the old one. Kubernetes updates a ConfigMap in this way.
//
// # Other sources
//
// To load a configuration from another store, implement [Source] and use [Read] or
// [WatchSource]. A Source that cannot watch is polled.
package config
