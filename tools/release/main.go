// Command release prepares a release of every module of this repository, and rehearses
// it. From the root of the repository:
//
//	go run ./tools/release plan              # the modules in order, and the version that changes need
//	go run ./tools/release tag v0.2.0        # commit and tag; prints the command that publishes
//	go run ./tools/release dry-run           # tag a clone, and use it as a user would
//	go run ./tools/release proxy DIR         # write the modules as a module proxy
//	go run ./tools/release api               # write api/
//
// A module is released unless its go.mod says "// not released" after the module path.
// RELEASE.md describes the steps.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
)

// defaultVersion is the version that the modules of this repository require of each other
// until the first release.
const defaultVersion = "v0.1.0"

func main() {
	log.SetFlags(0)
	log.SetPrefix("release: ")
	flag.Usage = usage
	root := flag.String("root", ".", "the `directory` of the repository")
	flag.Parse()
	if err := run(*root, flag.Args(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func usage() {
	fmt.Fprintf(flag.CommandLine.Output(), "usage: release [-root DIR] plan | tag VERSION | dry-run [flags] | proxy DIR | api\n")
	flag.PrintDefaults()
}

// run runs one command.
func run(dir string, args []string, out io.Writer) error {
	root, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	command, rest := "", args
	if len(args) > 0 {
		command, rest = args[0], args[1:]
	}
	switch {
	case command == "plan" && len(rest) == 0:
		return plan(root, out)
	case command == "tag" && len(rest) == 1:
		return tag(root, rest[0], out)
	case command == "dry-run":
		return dryRun(root, rest, out)
	case command == "proxy" && len(rest) == 1:
		return proxyOfTree(root, rest[0], out)
	case command == "api" && len(rest) == 0:
		return writeAPI(root)
	}
	return fmt.Errorf("unknown command or arguments %q; see -help", strings.Join(args, " "))
}

// plan prints the modules in the order in which they are published, and the lowest
// version that the changes since the last release permit.
func plan(root string, out io.Writer) error {
	r, err := open(root)
	if err != nil {
		return err
	}
	for _, m := range r.released {
		fmt.Fprintf(out, "%s  %s\n", m.path, m.tag("vX.Y.Z"))
	}
	last, err := lastRelease(root)
	if err != nil {
		return err
	}
	needed, report, err := neededVersion(root, last)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%sthe next version is at least %s\n", report, needed)
	return nil
}

// proxyOfTree writes the modules of the working tree as a module proxy in dir.
func proxyOfTree(root, dir string, out io.Writer) error {
	scratch, err := os.MkdirTemp("", "corskit-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	r, version, err := tagClone(root, filepath.Join(scratch, "clone"))
	if err != nil {
		return err
	}
	return r.writeProxy(dir, version, out)
}
