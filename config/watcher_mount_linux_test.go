package config_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/reason"
)

// inNamespace is set in the process that may mount.
const inNamespace = "CORSKIT_TEST_IN_NAMESPACE"

// TestWatchSaysThatAMountIsOld mounts a single file, as containers do, and replaces it in its
// own directory. If the system permits no mounts, a link to an open file that is removed stands
// for the mount: it too leads to a file without a name.
func TestWatchSaysThatAMountIsOld(t *testing.T) {
	host, container := t.TempDir(), t.TempDir()
	source, path := filepath.Join(host, "cors.yaml"), filepath.Join(container, "cors.yaml")
	put := func(origin string) {
		t.Helper()
		text := fmt.Sprintf("policies: {p: {allow_origins: [%q]}}\n", origin)
		if err := os.WriteFile(source+".new", []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(source+".new", source); err != nil {
			t.Fatal(err)
		}
	}
	put("https://old.example")
	if os.Getenv(inNamespace) == "" {
		if output, mounted := runInNamespace(t); mounted {
			t.Log(output)
			return
		}
		file, err := os.Open(source)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		if err := os.Symlink("/proc/self/fd/"+strconv.Itoa(int(file.Fd())), path); err != nil {
			t.Fatal(err)
		}
	} else {
		mount(t, source, path)
	}
	results := make(chan config.Result, 10)
	w, err := config.Watch(t.Context(), path, config.Options{
		Environ: []string{}, OnReload: func(r config.Result) { results <- r },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if w.Status().Err != nil {
		t.Errorf("before the change: %v", w.Status().Err)
	}
	put("https://new.example")
	select {
	case r := <-results:
		var e *config.Error
		if !errors.As(r.Err, &e) || e.Reason != reason.Unlinked || e.File != path || r.Revision != w.Status().Revision {
			t.Errorf("got %+v", r)
		}
	case <-time.After(time.Minute):
		t.Fatal("no report")
	}
	if err := w.Status().Err; err == nil || !strings.Contains(err.Error(), "mount the directory instead") {
		t.Errorf("Err: %v", err)
	}
	if !w.Engine().AllowsOrigin("https://old.example") || w.Engine().AllowsOrigin("https://new.example") {
		t.Error("the policies changed")
	}
	startOnOldFile(t, path)
}

// startOnOldFile starts a watcher when the mount is old already.
func startOnOldFile(t *testing.T, path string) {
	t.Helper()
	log, results := new(recorder), make(chan config.Result, 10)
	w, err := config.Watch(t.Context(), path, config.Options{
		Environ: []string{}, OnReload: func(r config.Result) { results <- r }, Logger: slog.New(log),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if r := <-results; !errors.Is(r.Err, w.Status().Err) {
		t.Errorf("got %+v, %v", r, w.Status().Err)
	}
	const want = "WARN cors: changes of the configuration do not arrive fault="
	if lines := log.take(); len(lines) != 2 || !strings.HasPrefix(lines[1], want) {
		t.Errorf("it logs %q", lines)
	}
}

func mount(t *testing.T, source, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount(source, path, "", syscall.MS_BIND, ""); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(path, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// runInNamespace runs this test in a process with mounts of its own. It reports false if
// the system does not permit that.
func runInNamespace(t *testing.T) (output string, mounted bool) {
	attributes := []*syscall.SysProcAttr{
		{Cloneflags: syscall.CLONE_NEWNS},
		{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		},
	}
	for _, a := range attributes {
		probe := exec.CommandContext(t.Context(), "mount", "--make-rprivate", "/")
		probe.SysProcAttr = a
		if probe.Run() != nil {
			continue
		}
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), inNamespace+"=1")
		cmd.SysProcAttr = a
		text, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("with a mount: %v\n%s", err, text)
		}
		return string(text), true
	}
	return "", false
}
