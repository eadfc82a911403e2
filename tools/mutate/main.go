// Command mutate tests the tests of a package. It makes one small change to the
// code at a time and runs the tests, one of which must fail. docs/mutants.md lists
// the changes that no test can notice, each with the reason.
//
//	go run ./tools/mutate [-j 2] [-also ./conformance,./adapters/corshttp] ./core
//
// It prints the changes that no test notices and that are not listed, as rows for
// the list. It also prints the rows to delete, because a test notices the change or
// the code no longer exists. If it prints any rows, it exits with status 1.
//
// All changes are compiled at once. An environment variable selects the one that is
// active, so a mutant costs one run of the tests and no build: packages of a few
// hundred lines take minutes. Tests run with -short.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

func main() {
	jobs := flag.Int("j", runtime.GOMAXPROCS(0), "run this many mutants concurrently")
	also := flag.String("also", "", "run the tests of these packages too, separated by commas, if the package's own tests notice nothing")
	limit := flag.Duration("limit", time.Minute, "stop the tests of a mutant after this time, and count it as noticed")
	only := flag.String("only", "", "run only the mutants with these numbers, separated by commas; default all")
	list := flag.String("explained", filepath.Join("docs", "mutants.md"),
		"the `file` that lists the mutants that no test can notice; empty for none")
	flag.Parse()
	if flag.NArg() != 1 || *jobs < 1 {
		flag.Usage()
		os.Exit(2)
	}
	r := runner{out: os.Stdout, jobs: *jobs, limit: *limit, list: *list, packages: []string{flag.Arg(0)}}
	if *also != "" {
		r.packages = append(r.packages, strings.Split(*also, ",")...)
	}
	for id := range strings.SplitSeq(*only, ",") {
		if id == "" {
			continue
		}
		n, err := strconv.Atoi(id)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(2)
		}
		r.only = append(r.only, n)
	}
	if err := r.run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
