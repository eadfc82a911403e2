package etcdtest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/fleet/sim/etcdtest"
	"github.com/corskit/corskit/fleet/sim/faultproxy"
)

const patience = 20 * time.Second

// until calls try until it returns nil.
func until(t *testing.T, what string, try func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for {
		attempt, stop := context.WithTimeout(ctx, time.Second)
		err := try(attempt)
		stop()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v after %v", what, err, patience)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func put(client *clientv3.Client, key, value string) func(context.Context) error {
	return func(ctx context.Context) error {
		_, err := client.Put(ctx, key, value)
		return err
	}
}

func has(client *clientv3.Client, key, value string) func(context.Context) error {
	return func(ctx context.Context) error {
		got, err := client.Get(ctx, key)
		if err == nil && (len(got.Kvs) != 1 || string(got.Kvs[0].Value) != value) {
			err = fmt.Errorf("%s is %v, want %s", key, got.Kvs, value)
		}
		return err
	}
}

func TestOneMember(t *testing.T) {
	etcdtest.Both(t, func(t *testing.T, options etcdtest.Options) {
		c := etcdtest.Run(t, options)
		client := c.Dial(t)
		until(t, "write", put(client, "k", "1"))
		if err := c.Members[0].Stop(); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		if _, err := client.Get(ctx, "k"); err == nil {
			t.Fatal("a stopped etcd answers")
		}
		if err := c.Members[0].Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		until(t, "read after a restart", has(client, "k", "1"))
		until(t, "read around the proxy", has(c.Admin(), "k", "1"))
		if err := errors.Join(c.Members[0].Stop(), c.Members[0].Wipe(), c.Members[0].Start(t.Context())); err != nil {
			t.Fatal(err)
		}
		until(t, "write after the loss of the disk", put(client, "k", "2"))
	})
}

func TestThreeMembers(t *testing.T) {
	t.Parallel()
	c := etcdtest.Run(t, etcdtest.Options{Members: 3})
	client := c.Dial(t)
	until(t, "write", put(client, "k", "1"))
	old, err := c.Leader(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	c.Isolate(old)
	alone := c.Dial(t, func(cfg *clientv3.Config) { cfg.Endpoints = []string{old.Client.Addr()} })
	until(t, "the isolated member loses its leader", func(ctx context.Context) error {
		_, err := alone.Get(clientv3.WithRequireLeader(ctx), "k")
		if errors.Is(err, rpctypes.ErrNoLeader) || errors.Is(err, rpctypes.ErrLeaderChanged) ||
			errors.Is(err, context.DeadlineExceeded) || errors.Is(err, rpctypes.ErrTimeout) {
			return nil
		}
		return fmt.Errorf("it answers %v", err)
	})
	until(t, "the majority has another leader", func(ctx context.Context) error {
		leader, err := c.Leader(ctx)
		if err == nil && leader == old {
			err = errors.New("still " + old.Name)
		}
		return err
	})
	old.Client.Set(faultproxy.Faults{Refuse: true})
	old.Client.Cut()
	until(t, "write to the majority", put(client, "k", "2"))

	c.Rejoin()
	old.Client.Heal()
	until(t, "the isolated member catches up", has(alone, "k", "2"))
	if err := old.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, "the restarted member serves", has(alone, "k", "2"))
}

func TestQuota(t *testing.T) {
	t.Parallel()
	c := etcdtest.Run(t, etcdtest.Options{Quota: 1 << 20})
	until(t, "the quota is reached", func(ctx context.Context) error {
		_, err := c.Admin().Put(ctx, "k", strings.Repeat("x", 1<<18))
		if errors.Is(err, rpctypes.ErrNoSpace) {
			return nil
		}
		return fmt.Errorf("the write returned %v", err)
	})
}
