package chaos

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

// sharedDir has the data of the shared etcd.
var sharedDir string

func TestMain(m *testing.M) {
	if isChild() {
		os.Exit(runChild())
	}
	os.Exit(func() int {
		// The tests mostly wait, so more of them can run at once than there are processors.
		flag.Parse()
		err := flag.Set("test.parallel", "12")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		if sharedDir, err = os.MkdirTemp("", "corskit-chaos-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(sharedDir)
		code := m.Run()
		if etcd, err := shared(); err == nil {
			etcd.Close()
		}
		return code
	}())
}
