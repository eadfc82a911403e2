package etcdtest

import (
	"context"
	"os"
	"os/exec"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// Run starts a cluster for a test, with its data in a temporary directory, and stops it
// when the test ends.
func Run(t testing.TB, options Options) *Cluster {
	t.Helper()
	c, err := Start(t.Context(), t.TempDir(), options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("stop etcd: %v", err)
		}
	})
	return c
}

// Dial is [Cluster.Connect] for a test, which closes the client when it ends.
func (c *Cluster) Dial(t testing.TB, changes ...func(*clientv3.Config)) *clientv3.Client {
	t.Helper()
	client, err := c.Connect(func(cfg *clientv3.Config) {
		for _, change := range changes {
			change(cfg)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// Restart stops and starts a member.
func (m *Member) Restart(ctx context.Context) error {
	if err := m.Stop(); err != nil {
		return err
	}
	return m.Start(ctx)
}

// Debian returns the path of the etcd that is installed, which is older than the embedded
// one. Without it the test is skipped, or fails if CORSKIT_ETCD=require.
func Debian(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("etcd")
	switch {
	case err == nil:
		return path
	case os.Getenv("CORSKIT_ETCD") == "require":
		t.Fatalf("%v; install it with: apt-get install etcd-server", err)
	default:
		t.Skipf("%v; to test with an older etcd: apt-get install etcd-server", err)
	}
	return ""
}
