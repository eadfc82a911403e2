// Package config makes a [core.Engine] of files and the environment, and
// reloads it when they change.
//
//	engine, err := config.Load("cors.yaml")
//	if err != nil {
//		log.Fatal(err) // every fault, each with its file, line and correction
//	}
//	router.Use(corsgin.Middleware(engine))
//
// [Watch] does the same and keeps the engine up to date:
//
//	watcher, err := config.Watch(ctx, "cors.yaml", config.Options{
//		OnReload: func(r config.Result) { log.Print(r.Revision, ": ", r.Diff, " ", r.Err) },
//	})
//	if err != nil {
//		log.Fatal(err)
//	}
//	defer watcher.Close()
//	router.Use(corsgin.Middleware(watcher.Engine()))
//
// [FromEnv] needs no file.
//
// # Files
//
// A file is YAML, JSON or TOML, as its name ends in .yaml, .yml, .json or .toml:
//
//	version: 1                    # 1 if it is left out
//	policies:
//	  spa:
//	    allow_origins: ["https://app.example.com", "https://*.pr.example.com"]
//	    origins_file: partners.txt  # more of them, one a line
//	    allow_methods: [PUT, DELETE]
//	    allow_headers: [authorization, content-type]
//	    expose_headers: [etag]
//	    allow_credentials: true
//	    max_age: 10m
//	  public:
//	    allow_origins: ["*"]
//	routes:                       # the first that covers a request governs it
//	  - {path: /public/, policies: [public]}
//	  - {host: api.example.com, path: /, policies: [spa, public]}
//
// Each field of [core.Policy] is a key, in lower case with underscores:
// dangerously_allow_null_origin and so on. [Schema] lists them all. Policies
// have names of a-z and 0-9 with a single - or _ between them, and an order,
// which is that of the file: without routes, every policy applies to every
// request, and the first whose origins match governs. With routes, a policy that
// no route names does nothing, of which a [Warning] says so, and requests that
// no route covers get no CORS headers. The policy called "default" is a policy
// like the others in both cases.
//
// max_age is a duration with a unit. Left out, the header is; "disabled" stands
// for [core.NoPreflightCache] and sends 0. A zero could mean either, and is an
// error.
//
// An origins_file has one pattern a line, blank lines, and comments from a # that
// begins a line or stands after a blank. Its patterns follow those of
// allow_origins. Its name is relative to the file that is loaded.
//
// # Profiles
//
// CORS_PROFILE=prod, or Options.Profile, lays cors.prod.yaml over cors.yaml. The
// file must be there. Policies are merged key by key, policies that only the
// profile has come last, and lists and routes are replaced as a whole.
// allow_origins and origins_file are one setting in two keys: a layer that has
// either replaces both.
//
// # Environment
//
// Variables are laid over the files. CORS_ALLOW_ORIGINS, CORS_MAX_AGE and so on,
// one for each key of a policy, set the policy "default".
// CORS__POLICIES__MY_APP__ALLOW_ORIGINS sets a key of the policy my-app or
// my_app, of which there can only be one in all files. CORS__ROUTES sets the
// routes, as JSON.
//
// A list has commas between its entries, and blanks around them do not count; or
// it is a JSON array, for regular expressions with commas in them. A list that is
// set and empty is the empty list: CORS_ALLOW_ORIGINS= refuses every origin,
// those of an origins_file included. Of the other keys a value is needed.
//
// With files, variables may only set policies that a file declares, if only as
// "default: {}". A misspelt name would otherwise make another policy, and leave
// the list that was to be cut as long as it was. Without files, variables make
// the policies: "default" first, the others by name.
//
// # Faults
//
// Everything is strict, because what is accepted and ignored is found out in
// production: unknown keys and CORS_* variables, keys that differ in case, keys
// that are there twice, nulls, empty entries, empty files, durations without a
// unit, "yes" for true, a expected a list, got text, and all that core refuses
// are errors. [Load] reports all of them at once, joined: see [Errors] and
// [Error]. There is no engine then, and none that is a bit looser.
//
// Files are UTF-8, with or without a byte order mark, and their lines end in a
// newline or CR LF. They are bounded: [maxFileSize] and [maxOriginsFileSize]. In
// YAML, aliases may stand for lists and values; merge keys (<<), tags, even those of
// the right type, and a second document are errors.
//
// # Reload
//
// A [Watcher] swaps good policies in at once: no request sees half of them. A
// bad state keeps the last good policies, and is reported once. [Files] says when
// a file counts as changed; to be sure that nobody ever reads half of one,
// write a new file and rename it over the old one, as the files of a Kubernetes
// ConfigMap are in effect.
//
// # Other sources
//
// Configuration can come from elsewhere than files: implement [Source] and use
// [Read] or [WatchSource]. One that cannot watch is polled, and says so.
package config
