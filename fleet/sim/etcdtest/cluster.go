// Package etcdtest runs real etcd servers for tests and for the simulator: embedded in
// the process or as child processes, one or a cluster, each behind fault proxies.
package etcdtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/fleet/sim/faultproxy"
)

// patience is the timeout of each wait for a server. Only a failure takes that long.
const patience = 30 * time.Second

// Options configures a [Cluster]. The zero value is one embedded member.
type Options struct {
	Members int         // defaults to 1
	Binary  string      // the path of an etcd to run as a child process; if empty, etcd is embedded
	Environ []string    // of child processes; variables ETCD_... would change their settings
	Quota   int64       // the size of the database in bytes at which writes fail; 0 is etcd's default
	Fsync   bool        // whether embedded members wait for the disk, as in production
	Logger  *zap.Logger // for embedded members; nil discards
}

// Cluster is a running etcd of one or more members.
type Cluster struct {
	Members []*Member
	admin   *clientv3.Client
}

// Start starts a cluster with its data below dir. Close stops it.
func Start(ctx context.Context, dir string, options Options) (*Cluster, error) {
	c := &Cluster{}
	var initial []string
	for i := range max(options.Members, 1) {
		m, err := newMember(fmt.Sprintf("m%d", i), dir, options)
		if err != nil {
			return nil, errors.Join(err, c.Close())
		}
		c.Members = append(c.Members, m)
		initial = append(initial, m.Name+"=http://"+m.Peer.Addr())
	}
	for _, m := range c.Members {
		m.settings.cluster = strings.Join(initial, ",")
		m.settings.token = c.Members[0].Peer.Addr()
	}
	if err := c.startAll(ctx); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// startAll starts all members at once: the first ones are ready only when a majority runs.
func (c *Cluster) startAll(ctx context.Context) error {
	results := make(chan error, len(c.Members))
	for _, m := range c.Members {
		go func() { results <- m.Start(ctx) }()
	}
	var all []error
	for range c.Members {
		all = append(all, <-results)
	}
	if err := errors.Join(all...); err != nil {
		return err
	}
	var err error
	var endpoints []string
	for _, m := range c.Members {
		endpoints = append(endpoints, m.admin.Addr())
	}
	c.admin, err = connect(endpoints, nil)
	return err
}

// Endpoints returns the addresses for clients, which are those of the proxies.
func (c *Cluster) Endpoints() []string {
	var all []string
	for _, m := range c.Members {
		all = append(all, m.Client.Addr())
	}
	return all
}

// Connect returns a client that reaches the cluster through the proxies. It dials when it
// is used. If change is not nil, it may change the settings first.
func (c *Cluster) Connect(change func(*clientv3.Config)) (*clientv3.Client, error) {
	return connect(c.Endpoints(), change)
}

func connect(endpoints []string, change func(*clientv3.Config)) (*clientv3.Client, error) {
	cfg := fleet.ClientConfig(endpoints...)
	if change != nil {
		change(&cfg)
	}
	return clientv3.New(cfg)
}

// Admin returns a client that network faults do not affect. The cluster closes it.
func (c *Cluster) Admin() *clientv3.Client { return c.admin }

// Leader returns the member that a majority of the running members regards as the leader.
func (c *Cluster) Leader(ctx context.Context) (*Member, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		votes := map[uint64]int{}
		for _, m := range c.Members {
			if status, err := m.status(ctx); err == nil && status.Leader != 0 {
				votes[status.Leader]++
			}
		}
		for _, m := range c.Members {
			if votes[m.identity()] > len(c.Members)/2 {
				return m, nil
			}
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("no leader after %v", patience)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// HandOver makes another member the leader.
func (c *Cluster) HandOver(ctx context.Context) error {
	leader, err := c.Leader(ctx)
	if err != nil {
		return err
	}
	client, err := connect([]string{leader.admin.Addr()}, nil)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	for _, m := range c.Members {
		if m != leader {
			_, err = client.MoveLeader(ctx, m.identity())
			break
		}
	}
	return err
}

// Isolate cuts a member off from the others. Its clients still reach it, unless the faults
// of its Client proxy say otherwise.
func (c *Cluster) Isolate(isolated *Member) {
	// Members dial one another: connections that others opened go through the member's
	// own proxy, and those that it opened go through theirs.
	from := fmt.Appendf(nil, "X-Server-From: %x\r\n", isolated.identity())
	isolated.Peer.Set(faultproxy.Faults{Stall: faultproxy.Both})
	for _, m := range c.Members {
		if m != isolated {
			m.Peer.Set(faultproxy.Faults{Stall: faultproxy.Both, Only: func(first []byte) bool { return bytes.Contains(first, from) }})
		}
	}
}

// Rejoin ends Isolate.
func (c *Cluster) Rejoin() {
	for _, m := range c.Members {
		m.Peer.Cut() // discards the data that was held back
		m.Peer.Heal()
	}
}

// Close stops all members and proxies.
func (c *Cluster) Close() error {
	var all []error
	if c.admin != nil {
		all = append(all, c.admin.Close())
	}
	results := make(chan error, len(c.Members))
	for _, m := range c.Members {
		go func() { results <- m.close() }()
	}
	for range c.Members {
		all = append(all, <-results)
	}
	return errors.Join(slices.DeleteFunc(all, func(err error) bool { return err == nil })...)
}

// Wipe removes the data of a stopped member, as if its disk were lost.
func (m *Member) Wipe() error { return os.RemoveAll(filepath.Clean(m.settings.dir)) }
