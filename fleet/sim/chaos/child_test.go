package chaos

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/fleet"
)

// childOptions configures a replica in a process of its own, through its environment.
type childOptions struct {
	Endpoints     []string
	Prefix, Cache string
	Key           ed25519.PublicKey
	Refresh       time.Duration
}

const childVariable = "CORSKIT_CHAOS_CHILD"

func isChild() bool { return os.Getenv(childVariable) != "" }

// report is a line that the child writes whenever it differs from the one before.
type report struct {
	Policy string
	Err    string
	State  fleet.State
	Cache  string
	Source fleet.Source
}

// runChild runs a replica until its input ends. Each line of the input is a limit for the
// size of files.
func runChild() int {
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var o childOptions
	if err := json.Unmarshal([]byte(os.Getenv(childVariable)), &o); err != nil {
		return fail(err)
	}
	client, err := clientv3.New(fleet.ClientConfig(o.Endpoints...))
	if err != nil {
		return fail(err)
	}
	defer client.Close()
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		defer stop()
		commands := bufio.NewScanner(os.Stdin)
		for commands.Scan() {
			if err := limitFiles(commands.Text()); err != nil {
				fail(err)
			}
		}
	}()
	replica, err := fleet.Join(ctx, client, fleet.Options{
		Prefix: o.Prefix, Keys: []ed25519.PublicKey{o.Key}, CacheDir: o.Cache, Jitter: -1, Instance: "child",
		BootTimeout: 200 * time.Millisecond, Refresh: o.Refresh, LeaseTTL: 5 * time.Second,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		return fail(err)
	}
	if err := reportChanges(ctx, replica); err != nil {
		return fail(err)
	}
	if err := replica.Close(context.Background()); err != nil {
		return fail(err)
	}
	return 0
}

func reportChanges(ctx context.Context, replica *fleet.Replica) error {
	var last report
	for ctx.Err() == nil {
		status := replica.Status()
		now := report{State: status.State, Source: status.Active.Source}
		var err error
		if now.Policy, err = decide(replica.Engine()); err != nil {
			return err
		}
		if err := replica.Err(); err != nil {
			now.Err = err.Error()
		}
		if status.Cache != nil {
			now.Cache = string(status.Cache.Reason)
		}
		if now != last {
			line, _ := json.Marshal(now)
			if _, err := fmt.Println(string(line)); err != nil {
				return err
			}
			last = now
		}
		time.Sleep(2 * time.Millisecond)
	}
	return nil
}

// child is a replica in a process of its own.
type child struct {
	w     *world
	cmd   *exec.Cmd
	input io.WriteCloser
	log   *logbook
	ended chan error

	mu   sync.Mutex
	last report
}

// spawn starts a child, and checks the policies that it reports like those of a service.
func (w *world) spawn(cache string, endpoints []string) *child {
	w.t.Helper()
	options, err := json.Marshal(childOptions{
		Endpoints: endpoints, Prefix: w.prefix, Key: w.public, Cache: cache, Refresh: 300 * time.Millisecond,
	})
	must(w.t, err)
	c := &child{w: w, cmd: exec.Command(os.Args[0]), log: &logbook{}, ended: make(chan error, 1)}
	c.cmd.Env = append(os.Environ(), childVariable+"="+string(options))
	c.cmd.Stderr = c.log
	c.input, err = c.cmd.StdinPipe()
	must(w.t, err)
	output, err := c.cmd.StdoutPipe()
	must(w.t, err, c.cmd.Start())
	go func() {
		c.read(output)
		c.ended <- c.cmd.Wait()
		close(c.ended)
	}()
	w.t.Cleanup(func() {
		c.kill()
		if text, _ := c.log.text(); w.t.Failed() {
			w.t.Logf("the log of the child:\n%s", text)
		}
	})
	return c
}

func (c *child) read(output io.Reader) {
	lines := bufio.NewScanner(output)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var now report
		if err := json.Unmarshal(lines.Bytes(), &now); err != nil {
			c.w.t.Errorf("the child wrote %q: %v", lines.Text(), err)
		}
		if now.Policy != "" && !c.w.isPermitted(now.Policy) {
			c.w.t.Errorf("the child decided by policy %s, which was never pushed", now.Policy)
		}
		c.mu.Lock()
		c.last = now
		c.mu.Unlock()
	}
}

func (c *child) latest() report {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}

// waits waits until wanted returns true for the last report.
func (c *child) waits(what string, wanted func(report) bool) {
	c.w.t.Helper()
	c.w.until(patience, what, func() error {
		last := c.latest()
		if wanted(last) {
			return nil
		}
		return fmt.Errorf("the child reported %+v", last)
	})
}

// kill kills the child.
func (c *child) kill() {
	c.cmd.Process.Kill()
	<-c.ended
}

// quit stops the child in an orderly way.
func (c *child) quit() {
	c.w.t.Helper()
	c.input.Close()
	select {
	case err := <-c.ended:
		must(c.w.t, err)
	case <-time.After(patience):
		c.w.t.Fatal("the child does not end")
	}
}

func (c *child) limit(size string) {
	c.w.t.Helper()
	_, err := io.WriteString(c.input, size+"\n")
	must(c.w.t, err)
}

// nowhere returns the address of an etcd that does not run.
func nowhere(t *testing.T) []string {
	t.Helper()
	w := single(t)
	must(t, w.etcd.Members[0].Stop())
	return w.etcd.Endpoints()
}

func contains(text string, parts ...string) bool {
	for _, part := range parts {
		if !strings.Contains(text, part) {
			return false
		}
	}
	return true
}
