package chaos

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/fleet/sim/faultproxy"
)

// TestNothingIsLeft is not parallel, because it counts the goroutines and files of the
// process.
func TestNothingIsLeft(t *testing.T) {
	if testing.Short() {
		t.Skip("in short mode, TestSmoke is the only chaos test")
	}
	w := single(t)
	w.push(1, large)
	m := w.etcd.Members[0]
	for _, test := range []struct {
		name  string
		fault func()
	}{
		{"no fault", func() {}},
		{"cut", func() { m.Client.Set(faultproxy.Faults{Refuse: true}); m.Client.Cut() }},
		{"silent", func() { m.Client.Set(faultproxy.Faults{Stall: faultproxy.Both}) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			w.t = t
			files := openFiles()
			client, err := clientv3.New(fleet.ClientConfig(w.etcd.Endpoints()...))
			must(t, err)
			var all []*service
			for range 5 {
				all = append(all, w.joinWith(client, func(o *fleet.Options) { o.CacheDir, o.Refresh = t.TempDir(), 50*time.Millisecond }))
			}
			for _, s := range all {
				s.applies(1)
			}
			test.fault()
			closeAll(t, all)
			if left := goroutines("corskit/fleet."); left != "" {
				t.Errorf("goroutines are left:\n%s", left)
			}
			client.Close()
			m.Client.Heal()
			w.until(patience, "close all connections", func() error {
				if left := goroutines("etcd/client/v3."); left != "" && m.Client.Open() > 0 {
					return errors.New("goroutines are left:\n" + left)
				}
				if now := openFiles(); now > files {
					return fmt.Errorf("%d files are open, before there were %d", now, files)
				}
				return nil
			})
		})
	}
	w.t = t
	w.until(patience, "have no lease and no status", func() error {
		leases, err := w.etcd.Admin().Leases(t.Context())
		must(t, err)
		got, err := w.etcd.Admin().Get(t.Context(), w.prefix+"status/", clientv3.WithPrefix(), clientv3.WithKeysOnly())
		must(t, err)
		if len(leases.Leases) > 0 || len(got.Kvs) > 0 {
			return fmt.Errorf("there are %d leases and %d statuses", len(leases.Leases), len(got.Kvs))
		}
		return nil
	})
}

func closeAll(t *testing.T, all []*service) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var closing sync.WaitGroup
	for _, s := range all {
		closing.Go(func() {
			if err := errors.Join(s.Close(ctx), s.Close(ctx)); err != nil {
				t.Error(err)
			}
		})
	}
	closing.Wait()
	for _, s := range all {
		s.keeps(1)
	}
}

// goroutines returns the stacks that contain a function of a package.
func goroutines(name string) string {
	buffer := make([]byte, 8<<20)
	buffer = buffer[:runtime.Stack(buffer, true)]
	var left []string
	for _, stack := range regexp.MustCompile(`\n\n`).Split(string(buffer), -1) {
		if strings.Contains(stack, name) {
			left = append(left, stack)
		}
	}
	return strings.Join(left, "\n\n")
}

// openFiles returns how many files and sockets the process has open, or 0 where that is not
// known.
func openFiles() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}
