package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// stranger is the machine of a user of the modules: it has no workspace, no replace
// directives, and a module cache of its own that gets the modules of this repository from
// a proxy.
type stranger struct {
	dir string
	env []string
}

// newStranger returns a stranger who works in dir. Modules from outside the repository
// come from the existing module cache, so that they are not downloaded again.
func newStranger(dir, proxy, rootPath string) (*stranger, error) {
	known, err := output(exec.Command("go", "env", "GOMODCACHE", "GOPROXY"))
	if err != nil {
		return nil, err
	}
	cache, upstream, _ := strings.Cut(strings.TrimSpace(known), "\n")
	return &stranger{dir: dir, env: append(os.Environ(),
		"GOWORK=off",
		"GOFLAGS=-mod=mod -modcacherw -trimpath", // with -trimpath, compiled packages serve every module cache
		"GOPATH="+filepath.Join(dir, "gopath"), "GOMODCACHE="+filepath.Join(dir, "modcache"), "GOBIN=",
		"GONOSUMDB="+rootPath, "CGO_ENABLED=0",
		"GOPROXY=file://"+proxy+",file://"+filepath.Join(cache, "cache", "download")+","+upstream,
	)}, nil
}

// run runs the go command in a folder, with additional environment variables.
func (s *stranger) run(dir string, env []string, args ...string) (string, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = dir, append(s.env[:len(s.env):len(s.env)], env...)
	return output(cmd)
}

// get creates a module in dir and adds one module of the repository to it, by version.
func (s *stranger) get(dir, module, version string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"mod", "init", "example.com/stranger"}, {"mod", "edit", "-go=1.26.0"}, {"get", module + "@" + version},
	} {
		if _, err := s.run(dir, nil, args...); err != nil {
			return err
		}
	}
	return nil
}

// platform is an operating system and an architecture.
type platform struct{ os, arch string }

func (p platform) String() string { return p.os + "_" + p.arch }

// install installs a command by its version for a platform, and returns the file.
func (s *stranger) install(command, version string, p platform, native bool) (string, error) {
	_, err := s.run(s.dir, []string{"GOOS=" + p.os, "GOARCH=" + p.arch}, "install", "-ldflags=-s -w", command+"@"+version)
	if err != nil {
		return "", err
	}
	file := filepath.Join(s.dir, "gopath", "bin")
	if !native {
		file = filepath.Join(file, p.String())
	}
	return filepath.Join(file, executable(filepath.Base(command), p)), nil
}

func executable(name string, p platform) string {
	if p.os == "windows" {
		return name + ".exe"
	}
	return name
}

// checkVersionOf checks that an installed command says which version it is.
func checkVersionOf(file, version string) error {
	said, err := output(exec.Command(file, "version"))
	if err != nil {
		return err
	}
	if name := filepath.Base(file); !strings.HasPrefix(said, name+" "+version+", go1.") {
		return fmt.Errorf("%s version printed %q after an installation of %s", name, strings.TrimSpace(said), version)
	}
	return nil
}
