// Command scoreboard runs the conformance suite against corskit and against the
// CORS middleware that Go servers use, and writes the results to
// docs/scoreboard.md. Each library is configured as its documentation recommends
// for the policy of the case. From the root of the repository:
//
//	go run ./conformance/scoreboard
package main

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"os"
	"time"
)

// goMod contains the versions of the libraries.
//
//go:embed go.mod
var goMod string

func main() {
	out := flag.String("o", "docs/scoreboard.md", "the file to write")
	flag.Parse()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if err := os.WriteFile(*out, []byte(markdown(run(ctx))), 0o644); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
