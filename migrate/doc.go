// Package migrate finds CORS middlewares in Go source and translates their settings into
// policies of corskit.
//
// [Load] reads packages, [Program.Sites] finds the places that configure a known library, and
// [Program.Migrate] evaluates and translates each. A [Result] has the policy as YAML and as Go, the
// parts that stay code, and a [Note] for each change that a browser can see.
//
// The evaluator follows constants, variables, helpers, call sites and branches. A value that it
// cannot evaluate stays the expression of the program, with its position. Migrate never guesses,
// and no policy gets wider without a note.
package migrate
