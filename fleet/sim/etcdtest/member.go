package etcdtest

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/fleet/sim/faultproxy"
)

// The timeouts of raft are half of etcd's defaults, which is long enough for two slow
// cores.
const (
	heartbeat = 50 * time.Millisecond
	election  = 500 * time.Millisecond
)

// Member is one etcd of a [Cluster]. Its ports change when it is restarted; those of its
// proxies do not.
type Member struct {
	Name   string
	Client *faultproxy.Proxy // in front of the port for clients
	Peer   *faultproxy.Proxy // in front of the port for other members

	settings settings
	admin    *faultproxy.Proxy // never has faults, and keeps its port

	life    sync.Mutex // held while the member starts or stops
	running backend

	mu   sync.Mutex
	id   uint64
	runs bool
}

func (m *Member) set(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

func (m *Member) isRunning() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.runs
}

func (m *Member) identity() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.id
}

func newMember(name, dir string, options Options) (*Member, error) {
	m := &Member{Name: name}
	for _, proxy := range []**faultproxy.Proxy{&m.Client, &m.Peer, &m.admin} {
		var err error
		if *proxy, err = faultproxy.New(""); err != nil {
			return nil, errors.Join(err, m.close())
		}
	}
	m.settings = settings{
		name: name, dir: filepath.Join(dir, name), client: m.Client.Addr(), peer: m.Peer.Addr(),
		options: options, heartbeat: heartbeat, vote: election,
	}
	return m, nil
}

// Start starts a member with its existing data, and waits until it serves clients. It
// ends the faults of its proxies.
func (m *Member) Start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	m.life.Lock()
	defer m.life.Unlock()
	if m.running != nil {
		return fmt.Errorf("%s runs already", m.Name)
	}
	running, err := start(m.settings)
	if err != nil {
		return err
	}
	m.running = running
	client, peer := running.addresses()
	m.set(func() { m.runs = true })
	m.Client.SetTarget(client)
	m.admin.SetTarget(client)
	m.Peer.SetTarget(peer)
	m.Client.Heal()
	m.Peer.Heal()
	if err := running.ready(ctx); err != nil {
		return err
	}
	return m.identify(ctx)
}

func (m *Member) identify(ctx context.Context) error {
	for {
		status, err := m.status(ctx)
		if err == nil {
			m.set(func() { m.id = status.Header.MemberId })
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer: %w", m.Name, err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// PID returns the process of a member, or 0 if it is embedded or stopped.
func (m *Member) PID() int {
	m.life.Lock()
	defer m.life.Unlock()
	if m.running == nil {
		return 0
	}
	return m.running.pid()
}

// status asks a member, bypassing its proxy.
func (m *Member) status(ctx context.Context) (*clientv3.StatusResponse, error) {
	if !m.isRunning() {
		return nil, fmt.Errorf("%s does not run", m.Name)
	}
	client, err := connect([]string{m.admin.Addr()}, nil)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return client.Status(ctx, m.admin.Addr())
}

// Stop stops a member at once: connections are cut, requests are not finished.
func (m *Member) Stop() error {
	m.life.Lock()
	defer m.life.Unlock()
	if m.running == nil {
		return nil
	}
	for _, proxy := range []*faultproxy.Proxy{m.Client, m.Peer} {
		proxy.Set(faultproxy.Faults{Refuse: true})
		proxy.Cut()
	}
	m.admin.SetTarget("")
	m.admin.Cut()
	err := m.running.stop()
	m.running = nil
	m.set(func() { m.runs = false })
	return err
}

func (m *Member) close() error {
	all := []error{m.Stop()}
	for _, proxy := range []*faultproxy.Proxy{m.Client, m.Peer, m.admin} {
		if proxy != nil {
			all = append(all, proxy.Close())
		}
	}
	return errors.Join(all...)
}
