// Package migrate finds CORS middlewares in Go source and translates their settings into
// policies of corskit.
//
// [Load] reads packages, [Program.Sites] finds the places that configure a known library,
// and [Program.Migrate] evaluates and translates each. A [Result] has the policy as YAML and as
// Go, what stays code, and a [Note] for each change that a browser can see.
//
// Values are evaluated through constants, variables, helpers, call sites and branches.
// What cannot be evaluated stays the expression that the program has, with its position:
// nothing is guessed, and nothing gets wider without a note.
package migrate
