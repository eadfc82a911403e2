package fleet

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// TestCacheFullDisk writes more than fits, in a process of its own: once to a small file
// system, and once beyond the limit for files of the process. The old copy must stay.
func TestCacheFullDisk(t *testing.T) {
	if dir := os.Getenv(childDir); dir != "" {
		fillDisk(dir, os.Getenv(childDir+"_HOW"))
		return
	}
	for how, want := range map[string]string{"file system": "no space left on device", "limit": "file too large"} {
		t.Run(how, func(t *testing.T) {
			c := mustOpen(t)
			cmd := exec.Command(os.Args[0], "-test.run=^TestCacheFullDisk$")
			cmd.Env = append(os.Environ(), childDir+"="+c.dir, childDir+"_HOW="+how)
			if how == "file system" { // mounted where only the child sees it
				cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
				if uid := os.Getuid(); uid != 0 {
					cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
					cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: uid, Size: 1}}
					cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}}
				}
			}
			out, err := cmd.CombinedOutput()
			switch {
			case errors.Is(err, syscall.EPERM), strings.Contains(string(out), "cannot mount"):
				t.Skipf("this system does not let a process mount a file system of its own: %v %s", err, out)
			case err != nil:
				t.Fatalf("%v\n%s", err, out)
			case !strings.Contains(string(out), want) || !strings.Contains(string(out), "the old copy is whole"):
				t.Errorf("the process wrote %s, want %q", out, want)
			}
		})
	}
}

func fillDisk(dir, how string) {
	fail := func(what string, err error) {
		fmt.Println(what, err)
		os.Exit(1)
	}
	if how == "file system" {
		if err := syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""); err != nil {
			fail("cannot mount:", err)
		}
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
			fail("cannot mount:", err)
		}
	} else {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 64 << 10, Max: 64 << 10}); err != nil {
			fail("no limit:", err)
		}
	}
	c := &cache{dir}
	hashes, blob := testBlobs('x', 1, 20_000)
	if err := c.store([]byte("head"), hashes, blob); err != nil {
		fail("the first write:", err)
	}
	large, blobs := testBlobs('y', 1, 200_000)
	fmt.Println(c.store([]byte("large"), large, blobs))
	on, err := c.load()
	if err != nil || string(on.head) != "head" {
		fail("load:", err)
	}
	if _, err := on.blob(hashes[0]); err != nil {
		fail("blob:", err)
	}
	fmt.Println("the old copy is whole")
}
