package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/semver"
)

// tag makes the commit and the tags of a release in the user's own checkout, after all
// checks.
func tag(root, version string, out io.Writer) error {
	status, err := git(root, "status", "--porcelain")
	if err != nil {
		return err
	}
	if status != "" {
		return fmt.Errorf("the working tree has changes; commit or stash them first\n%s", status)
	}
	last, err := lastRelease(root)
	if err != nil {
		return err
	}
	if err := checkVersion(version, last); err != nil {
		return err
	}
	needed, report, err := neededVersion(root, last)
	if err != nil {
		return err
	}
	if semver.Compare(version, needed) < 0 {
		return fmt.Errorf("%s%s is too low; the changes need %s", report, version, needed)
	}
	r, err := tagTree(root, version)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "tagged, dependencies first; publish with\n\n\tgit push --atomic origin HEAD")
	for _, m := range r.released {
		fmt.Fprintf(out, " %s", m.tag(version))
	}
	fmt.Fprintln(out)
	return nil
}

// checkVersion checks that version can follow last, which is empty before the first
// release.
func checkVersion(version, last string) error {
	switch {
	case semver.Canonical(version) != version || semver.Build(version) != "":
		return fmt.Errorf("%q is not a version such as v0.2.0 or v0.2.0-rc.1", version)
	case semver.Compare(semver.Major(version), "v1") > 0:
		return fmt.Errorf("%s needs module paths that end in /%s; change them first", version, semver.Major(version))
	case last != "" && semver.Compare(version, last) <= 0:
		return fmt.Errorf("%s does not follow %s, the last release", version, last)
	}
	return nil
}

// lastRelease returns the highest version that the root is tagged with, of those that
// HEAD has in its history; "" if there is none.
func lastRelease(root string) (string, error) {
	text, err := git(root, "tag", "--merged", "HEAD", "--list", "v*")
	if err != nil {
		return "", err
	}
	last := ""
	for _, v := range strings.Fields(text) {
		if semver.IsValid(v) && semver.Compare(v, last) > 0 {
			last = v
		}
	}
	return last, nil
}

// tagTree sets the version that the modules in root require of each other, commits
// everything and tags each released module, dependencies first.
func tagTree(root, version string) (*repo, error) {
	r, err := open(root)
	if err != nil {
		return nil, err
	}
	for _, m := range r.released {
		if slices.ContainsFunc(m.file.Retract, func(v *modfile.Retract) bool {
			return semver.Compare(v.Low, version) <= 0 && semver.Compare(version, v.High) <= 0
		}) {
			return nil, fmt.Errorf("%s retracts %s; choose a higher version", m.path, version)
		}
	}
	if err := r.setVersion(version); err != nil {
		return nil, err
	}
	if err := r.closeChangelog(version, time.Now()); err != nil {
		return nil, err
	}
	if _, err := git(root, "add", "--all"); err != nil {
		return nil, err
	}
	if _, err := git(root, "commit", "--quiet", "--allow-empty", "-m", "Release "+version); err != nil {
		return nil, err
	}
	for _, m := range r.released {
		if _, err := git(root, "tag", "-a", m.tag(version), "-m", m.path+" "+version); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// setVersion sets the version that the modules require of each other, and that go.work
// replaces.
func (r *repo) setVersion(version string) error {
	for _, m := range r.modules {
		for _, need := range slices.Clone(m.file.Require) {
			if other := r.module(need.Mod.Path); other != nil && other.released {
				if err := m.file.AddRequire(need.Mod.Path, version); err != nil {
					return err
				}
			}
		}
		m.file.Cleanup()
		text, err := m.file.Format()
		if err != nil {
			return err
		}
		if err := rewrite(filepath.Join(r.root, m.dir, "go.mod"), text); err != nil {
			return err
		}
	}
	return r.setWorkspaceVersion(version)
}

func (r *repo) setWorkspaceVersion(version string) error {
	name := filepath.Join(r.root, "go.work")
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	work, err := modfile.ParseWork("go.work", text, nil)
	if err != nil {
		return err
	}
	for _, p := range work.Replace {
		if r.owns(p.Old.Path) && p.Old.Version != "" {
			p.Old.Version = version
			p.Syntax.Token = slices.Clone(p.Syntax.Token)
			p.Syntax.Token[slices.Index(p.Syntax.Token, "=>")-1] = version
		}
	}
	return rewrite(name, modfile.Format(work.Syntax))
}

// rewrite writes a file whose text has changed.
func rewrite(name string, text []byte) error {
	old, err := os.ReadFile(name)
	if err != nil || string(old) == string(text) {
		return err
	}
	return os.WriteFile(name, text, 0o644)
}

// closeChangelog gives the entries under "Unreleased" the version and the day.
func (r *repo) closeChangelog(version string, now time.Time) error {
	const heading = "## Unreleased\n"
	name := filepath.Join(r.root, "CHANGELOG.md")
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	before, after, ok := strings.Cut(string(text), heading)
	if !ok {
		return fmt.Errorf("CHANGELOG.md has no heading %q", strings.TrimSpace(heading))
	}
	released := fmt.Sprintf("%s\n## %s - %s\n", heading, strings.TrimPrefix(version, "v"), now.UTC().Format(time.DateOnly))
	return rewrite(name, []byte(before+released+after))
}
