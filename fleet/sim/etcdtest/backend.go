package etcdtest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
)

// settings has everything that a backend needs to run one member.
type settings struct {
	name, dir       string
	client, peer    string // the host and port under which others reach the member
	cluster         string // name=url,...
	token           string
	options         Options
	heartbeat, vote time.Duration
}

// backend is a running etcd: embedded or a process.
type backend interface {
	addresses() (client, peer string)
	ready(context.Context) error
	stop() error
	pid() int // of the child process, or 0
}

func start(s settings) (backend, error) {
	if s.options.Binary != "" {
		return startProcess(s)
	}
	return startEmbedded(s)
}

type embedded struct{ etcd *embed.Etcd }

func startEmbedded(s settings) (backend, error) {
	anyPort := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	cfg := embed.NewConfig()
	cfg.Name, cfg.Dir = s.name, s.dir
	cfg.ListenClientUrls, cfg.ListenPeerUrls = anyPort, anyPort
	cfg.AdvertiseClientUrls = []url.URL{{Scheme: "http", Host: s.client}}
	cfg.AdvertisePeerUrls = []url.URL{{Scheme: "http", Host: s.peer}}
	cfg.InitialCluster, cfg.InitialClusterToken = s.cluster, s.token
	cfg.TickMs, cfg.ElectionMs = uint(s.heartbeat.Milliseconds()), uint(s.vote.Milliseconds())
	cfg.QuotaBackendBytes = s.options.Quota
	cfg.UnsafeNoFsync = !s.options.Fsync
	cfg.EnableGRPCGateway = false
	cfg.BcryptCost = 4 // the cheapest: tests log in often
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(s.options.logger())
	etcd, err := embed.StartEtcd(cfg)
	if err != nil {
		return nil, fmt.Errorf("start embedded etcd: %w", err)
	}
	return embedded{etcd}, nil
}

func (o Options) logger() *zap.Logger {
	if o.Logger != nil {
		return o.Logger
	}
	return zap.NewNop()
}

func (e embedded) addresses() (client, peer string) {
	return e.etcd.Clients[0].Addr().String(), e.etcd.Peers[0].Addr().String()
}

func (e embedded) ready(ctx context.Context) error {
	select {
	case <-e.etcd.Server.ReadyNotify():
		return nil
	case err := <-e.etcd.Err():
		return fmt.Errorf("embedded etcd ended: %w", err)
	case <-ctx.Done():
		return fmt.Errorf("embedded etcd is not ready: %w", ctx.Err())
	}
}

func (e embedded) stop() error {
	// As in a crash, a leader does not hand over first. Close would make it do so.
	e.etcd.Server.HardStop()
	e.etcd.Close()
	return nil
}

func (e embedded) pid() int { return 0 }

// process is an etcd of another version, run as a child process.
type process struct {
	cmd          *exec.Cmd
	exited       chan error
	client, peer string
}

func startProcess(s settings) (backend, error) {
	anyPort := "http://127.0.0.1:0"
	cmd := exec.Command(s.options.Binary, "--name", s.name, "--data-dir", s.dir,
		"--listen-client-urls", anyPort, "--advertise-client-urls", "http://"+s.client,
		"--listen-peer-urls", anyPort, "--initial-advertise-peer-urls", "http://"+s.peer,
		"--initial-cluster", s.cluster, "--initial-cluster-token", s.token,
		"--heartbeat-interval", strconv.FormatInt(s.heartbeat.Milliseconds(), 10),
		"--election-timeout", strconv.FormatInt(s.vote.Milliseconds(), 10),
		"--quota-backend-bytes", strconv.FormatInt(s.options.Quota, 10),
		"--bcrypt-cost", "4", "--enable-grpc-gateway=false", "--logger", "zap", "--log-outputs", "stderr")
	cmd.Env = append([]string{}, s.options.Environ...) // not nil, which would mean the environment of this process
	output, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	log, err := os.OpenFile(s.dir+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		log.Close()
		return nil, fmt.Errorf("start %s: %w", s.options.Binary, err)
	}
	p := &process{cmd: cmd, exited: make(chan error, 1)}
	found := make(chan struct{})
	go func() {
		p.listen(io.TeeReader(output, log), found)
		p.exited <- cmd.Wait()
		close(p.exited)
		log.Close()
	}()
	select {
	case <-found:
		return p, nil
	case err := <-p.exited:
		return nil, fmt.Errorf("%s ended: %v; its log is %s", s.options.Binary, err, log.Name())
	case <-time.After(patience):
		return nil, fmt.Errorf("%s reports no address after %v; its log is %s; %w", s.options.Binary, patience, log.Name(), p.stop())
	}
}

// listen reads the log of etcd, which names the ports that the kernel chose. It closes
// found when it knows both.
func (p *process) listen(output io.Reader, found chan<- struct{}) {
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 1<<20)
	for p.client == "" || p.peer == "" {
		if !lines.Scan() {
			return
		}
		var entry struct{ Msg, Address string }
		if json.Unmarshal(lines.Bytes(), &entry) != nil || entry.Address == "" {
			continue
		}
		switch {
		case strings.HasPrefix(entry.Msg, "serving peer traffic"):
			p.peer = entry.Address
		case strings.HasPrefix(entry.Msg, "serving client traffic"):
			p.client = entry.Address
		}
	}
	close(found)
	io.Copy(io.Discard, output)
}

func (p *process) addresses() (client, peer string) { return p.client, p.peer }

// ready returns nil: the process names its client port when it serves clients.
func (p *process) ready(context.Context) error { return nil }

func (p *process) pid() int { return p.cmd.Process.Pid }

func (p *process) stop() error {
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	select {
	case <-p.exited:
		return nil
	case <-time.After(patience):
		return fmt.Errorf("process %d does not end", p.cmd.Process.Pid)
	}
}
