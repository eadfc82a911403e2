package chaos

import (
	"fmt"
	"os"
	"testing"

	"github.com/corskit/corskit/fleet/sim/etcdtest"
)

// sharedDir has the data of the shared etcd.
var sharedDir string

func TestMain(m *testing.M) {
	if isChild() {
		os.Exit(runChild())
	}
	os.Exit(func() int {
		etcdtest.Parallel(12)
		var err error
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
