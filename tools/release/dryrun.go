package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// platforms are the platforms that a release has binaries for.
var platforms = []platform{
	{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"},
}

// dryRun makes a release in a clone and uses it from outside the repository, as a user
// would.
func dryRun(root string, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("dry-run", flag.ContinueOnError)
	native := flags.Bool("native", false, "build the command only for this machine's platform")
	keep := flags.String("keep", "", "a new `directory` for the clone, the proxy and the module cache")
	dist := flags.String("dist", "", "the `directory` for archives and checksums")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("dry-run takes only flags, not %q", flags.Args())
	}
	dir := *keep
	if dir == "" {
		scratch, err := os.MkdirTemp("", "corskit-release-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(scratch)
		dir = scratch
	}
	built := platforms
	if *native {
		built = []platform{{runtime.GOOS, runtime.GOARCH}}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if *dist == "" {
		*dist = filepath.Join(dir, "dist")
	}
	return rehearse(root, dir, *dist, built, out)
}

// rehearse tags a clone in dir, writes its modules as a proxy, gets each module, and
// builds each command for the platforms into dist.
func rehearse(root, dir, dist string, built []platform, out io.Writer) error {
	r, version, err := tagClone(root, filepath.Join(dir, "clone"))
	if err != nil {
		return err
	}
	proxy := filepath.Join(dir, "proxy")
	if err := r.writeProxy(proxy, version, out); err != nil {
		return err
	}
	s, err := newStranger(dir, proxy, r.path)
	if err != nil {
		return err
	}
	for _, m := range r.released {
		if m.isCommand() {
			if err := r.binaries(s, m, version, dist, built, out); err != nil {
				return err
			}
			continue
		}
		user := filepath.Join(dir, "users", strings.ReplaceAll(m.dir, "/", "-"))
		if err := s.get(user, m.path, version); err != nil {
			return err
		}
		if _, err := s.run(user, nil, "build", m.path+"/..."); err != nil {
			return err
		}
		fmt.Fprintf(out, "go get %s@%s: its packages compile\n", m.path, version)
	}
	return nil
}

// tagClone tags a clone of root in dir with the version that the modules require of
// each other.
func tagClone(root, dir string) (r *repo, version string, err error) {
	tree, err := open(root)
	if err != nil {
		return nil, "", err
	}
	if err := cloneTree(root, dir); err != nil {
		return nil, "", err
	}
	version = tree.required()
	r, err = tagTree(dir, version)
	return r, version, err
}

// binaries installs a command for each platform, packs the archives and writes their
// checksums.
func (r *repo) binaries(s *stranger, m *mod, version, dist string, built []platform, out io.Writer) error {
	here := platform{runtime.GOOS, runtime.GOARCH}
	if i := slices.Index(built, here); i > 0 {
		built = append([]platform{here}, slices.Delete(slices.Clone(built), i, i+1)...)
	}
	p := packer{root: r.root, dist: dist, name: filepath.Base(m.dir), version: version}
	when, err := r.time("refs/tags/" + m.tag(version))
	if err != nil {
		return err
	}
	p.time = when
	for _, target := range built {
		file, err := s.install(m.path, version, target, target == here)
		if err != nil {
			return err
		}
		if target == here {
			if err := checkVersionOf(file, version); err != nil {
				return err
			}
		}
		archive, err := p.pack(file, target)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "go install %s@%s: %s\n", m.path, version, archive)
	}
	return p.checksums()
}
