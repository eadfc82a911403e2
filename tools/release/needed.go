package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/exp/apidiff"
	"golang.org/x/mod/semver"
	"golang.org/x/tools/go/packages"
)

// change says how the exported names of two releases differ.
type change int

const (
	noChange change = iota
	addition
	incompatible
)

// neededVersion returns the lowest version that may follow the release last, and what
// has changed since then. Every module gets the same version, so one incompatible
// change in one module decides. Before the first release, last is empty.
func neededVersion(root, last string) (version, report string, err error) {
	if last == "" {
		return defaultVersion, "there is no release yet\n", nil
	}
	scratch, err := os.MkdirTemp("", "corskit-api-")
	if err != nil {
		return "", "", err
	}
	defer os.RemoveAll(scratch)
	before := filepath.Join(scratch, "clone")
	if _, err := git(root, "clone", "--quiet", "--shared", "--branch", last, root, before); err != nil {
		return "", "", err
	}
	older, err := publicPackages(before)
	if err != nil {
		return "", "", err
	}
	newer, err := publicPackages(root)
	if err != nil {
		return "", "", err
	}
	most, report := compare(older, newer)
	return follow(last, most), report, nil
}

func publicPackages(root string) ([]*packages.Package, error) {
	r, err := open(root)
	if err != nil {
		return nil, err
	}
	return r.load()
}

// compare returns the most serious difference, and a report of all differences.
func compare(older, newer []*packages.Package) (most change, report string) {
	var b strings.Builder
	note := func(path string, c change, text string) {
		most = max(most, c)
		fmt.Fprintf(&b, "%s: %s: %s\n", path, map[change]string{addition: "compatible", incompatible: "INCOMPATIBLE"}[c], text)
	}
	left := make(map[string]*packages.Package)
	for _, p := range newer {
		left[p.PkgPath] = p
	}
	for _, p := range older {
		now := left[p.PkgPath]
		delete(left, p.PkgPath)
		if now == nil {
			note(p.PkgPath, incompatible, "the package is gone")
			continue
		}
		for _, c := range apidiff.Changes(p.Types, now.Types).Changes {
			grade := incompatible
			if c.Compatible {
				grade = addition
			}
			note(p.PkgPath, grade, c.Message)
		}
	}
	for _, p := range newer {
		if left[p.PkgPath] != nil {
			note(p.PkgPath, addition, "a new package")
		}
	}
	return most, b.String()
}

// follow returns the lowest version after last that a change needs. Before v1, every
// change of exported names needs a new minor version.
func follow(last string, c change) string {
	var major, minor, patch int
	stable, pre, _ := strings.Cut(last, "-")
	if _, err := fmt.Sscanf(semver.Canonical(stable), "v%d.%d.%d", &major, &minor, &patch); err != nil {
		return last // not reached: last is a valid version
	}
	switch {
	case pre != "":
		return stable // a pre-release may be followed by the release that it announces
	case major > 0 && c == incompatible:
		return fmt.Sprintf("v%d.0.0", major+1)
	case c != noChange:
		return fmt.Sprintf("v%d.%d.0", major, minor+1)
	}
	return fmt.Sprintf("v%d.%d.%d", major, minor, patch+1)
}
