package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/fleet"
)

// etcdProcess is a process with an etcd.
type etcdProcess struct {
	t        *testing.T
	cmd      *exec.Cmd
	endpoint string
	done     chan struct{} // closed when its output ends
}

// startEtcd starts a process, and waits for a line of its output that has the endpoint.
func startEtcd(
	t *testing.T, cmd *exec.Cmd, output func(*exec.Cmd) (*bufio.Scanner, error), endpoint func(line string) string,
) *etcdProcess {
	t.Helper()
	lines, err := output(cmd)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &etcdProcess{t: t, cmd: cmd, done: make(chan struct{})}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-p.done
		_ = cmd.Wait()
	})
	found, text := make(chan string, 1), ""
	go func() {
		defer close(p.done)
		for lines.Scan() {
			text += lines.Text() + "\n"
			if e := endpoint(lines.Text()); e != "" && len(found) == 0 {
				found <- e
			}
		}
	}()
	select {
	case p.endpoint = <-found:
	case <-p.done:
		t.Fatalf("%s ended without an endpoint:\n%s", cmd.Path, text)
	case <-time.After(limit):
		t.Fatalf("%s names no endpoint after %v", cmd.Path, limit)
	}
	return p
}

// interrupt sends Ctrl-C and returns the exit status.
func (p *etcdProcess) interrupt() int {
	p.t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(limit):
		p.t.Fatalf("%s is still running %v after Ctrl-C", p.cmd.Path, limit)
	}
	_ = p.cmd.Wait()
	return p.cmd.ProcessState.ExitCode()
}

var exported = regexp.MustCompile(`export CORSKIT_FLEET_ENDPOINTS=(http://127\.0\.0\.1:\d+)$`)

// fleetDevIn runs 'corskit fleet dev' in dir.
func fleetDevIn(t *testing.T, dir string, args ...string) *etcdProcess {
	t.Helper()
	cmd := exec.Command(binary, append([]string{"fleet", "dev"}, args...)...)
	cmd.Dir, cmd.Env = dir, environ()
	return startEtcd(t, cmd, func(c *exec.Cmd) (*bufio.Scanner, error) {
		out, err := c.StdoutPipe()
		return bufio.NewScanner(out), err
	}, func(line string) string {
		if m := exported.FindStringSubmatch(line); m != nil {
			return m[1]
		}
		return ""
	})
}

// debianEtcd runs the etcd of the system, which is older than the one in 'fleet dev'.
func debianEtcd(t *testing.T) *etcdProcess {
	t.Helper()
	path, err := exec.LookPath("etcd")
	if err != nil {
		t.Skip("no etcd is installed: apt-get install etcd-server")
	}
	const address = "http://127.0.0.1:0"
	cmd := exec.Command(path, "--data-dir", filepath.Join(t.TempDir(), "data"), "--name", "one", "--initial-cluster", "one="+address,
		"--initial-advertise-peer-urls", address, "--listen-peer-urls", address, "--listen-client-urls", address,
		"--advertise-client-urls", address, "--logger", "zap", "--log-outputs", "stderr")
	cmd.Env = []string{} // ETCD_... variables would change the settings
	return startEtcd(t, cmd, func(c *exec.Cmd) (*bufio.Scanner, error) {
		out, err := c.StderrPipe()
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		return lines, err
	}, func(line string) string {
		var entry struct{ Msg, Address string }
		if json.Unmarshal([]byte(line), &entry) == nil && strings.HasPrefix(entry.Msg, "serving") && strings.Contains(entry.Msg, "client") {
			return "http://" + entry.Address
		}
		return ""
	})
}

// operators runs commands for one fleet.
type operators struct {
	t   *testing.T
	dir string
	env []string
}

// newOperators returns commands in an empty directory, as the author ana.
func newOperators(t *testing.T, endpoint string, more ...string) *operators {
	env := append([]string{"CORSKIT_FLEET_ENDPOINTS=" + endpoint, "CORSKIT_FLEET_AUTHOR=ana", "TZ=UTC"}, more...)
	return &operators{t: t, dir: t.TempDir(), env: env}
}

// devOperators returns operators of a new etcd.
func devOperators(t *testing.T) (o *operators, endpoint string) {
	t.Helper()
	endpoint = fleetDevIn(t, t.TempDir()).endpoint
	return newOperators(t, endpoint), endpoint
}

// write writes a file whose policy app has one origin.
func (o *operators) write(file, origin string) {
	o.t.Helper()
	write(o.t, o.dir, file, fmt.Sprintf("policies: {app: {allow_origins: [%q]}}\n", origin))
}

// run runs 'corskit fleet' and checks its exit status.
func (o *operators) run(code int, args ...string) result {
	o.t.Helper()
	r := corskitWith(o.t, o.dir, o.env, append([]string{"fleet"}, args...)...)
	if r.code != code {
		o.t.Fatalf("corskit fleet %q: exit status %d, want %d\n%s%s", args, r.code, code, r.stdout, r.stderr)
	}
	return r
}

// await repeats a command until its output has a text.
func (o *operators) await(what, command, text string) {
	o.t.Helper()
	for end := time.Now().Add(limit); ; {
		r := corskitWith(o.t, o.dir, o.env, "fleet", command)
		if strings.Contains(r.stdout, text) {
			return
		}
		if time.Now().After(end) {
			o.t.Fatalf("%s is not shown after %v:\n%s%s", what, limit, r.stdout, r.stderr)
		}
	}
}

// interrupted runs a command, sends Ctrl-C when its standard error has a text, and returns what
// it has printed there.
func (o *operators) interrupted(when string, args ...string) (text string) {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, append([]string{"fleet"}, args...)...)
	cmd.Dir, cmd.Env = o.dir, environ(o.env...)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		o.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		o.t.Fatal(err)
	}
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		text += lines.Text() + "\n"
		if strings.Contains(lines.Text(), when) {
			_ = cmd.Process.Signal(os.Interrupt) // the exit status tells
		}
	}
	_ = cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitFail {
		o.t.Fatalf("corskit fleet %q: exit status %d after Ctrl-C\n%s", args, code, text)
	}
	return text
}

// golden compares the output with a golden file, after it has replaced what differs from
// run to run.
func (o *operators) golden(name string, r result) {
	o.t.Helper()
	for _, replace := range []struct{ pattern, by string }{
		{`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`, "DATE"}, {`\d{4}-\d\d-\d\dT[\d:.]+Z`, "TIMESTAMP"}, {`\b\d\d:\d\d:\d\d\b`, "CLOCK"},
		{`\b(\d+m)?\d+s\b`, "AGE"}, {`\b[0-9a-f]{64}\b`, "SHA256"}, {`(?m)^revision \d+: .* have it.*\n`, ""},
		{`"(salt|version)": "[^"]*"`, `"$1": "..."`},
		{`SINCE {2,}`, "SINCE   "}, {`AGE {2,}`, "AGE            "},
	} {
		r.stdout = regexp.MustCompile(replace.pattern).ReplaceAllString(r.stdout, replace.by)
		r.stderr = regexp.MustCompile(replace.pattern).ReplaceAllString(r.stderr, replace.by)
	}
	golden(o.t, "fleet/"+name, r)
}

// connectTo returns a client of etcd.
func connectTo(t *testing.T, endpoint string) *clientv3.Client {
	t.Helper()
	client, err := clientv3.New(fleet.ClientConfig(endpoint))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// join lets a replica join the fleet.
func join(t *testing.T, client *clientv3.Client, opts fleet.Options) *fleet.Replica {
	t.Helper()
	r, err := fleet.Join(t.Context(), client, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), limit)
		defer cancel()
		if err := r.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return r
}

// From an empty directory: an etcd, a policy that reaches the replicas, one that push
// refuses, one in steps, one that a replica refuses, and a rollback.
func TestFleetTour(t *testing.T) {
	t.Parallel()
	noSignals(t)
	t.Run("dev", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		etcd := fleetDevIn(t, dir)
		t.Run("commands", func(t *testing.T) { tour(t, etcd.endpoint) }) // at its end, its replicas leave
		if code := etcd.interrupt(); code != exitYes {
			t.Errorf("fleet dev: exit status %d after Ctrl-C", code)
		}
		again := fleetDevIn(t, dir, "--data-dir", "fleet.etcd", "--listen", strings.TrimPrefix(etcd.endpoint, "http://"))
		r := newOperators(t, again.endpoint).run(exitYes, "history")
		contains(t, "the history after a restart", r.stdout, "partners cannot log in")
	})
	t.Run("debian", func(t *testing.T) {
		t.Parallel()
		if testing.Short() {
			t.Skip("the same commands as with fleet dev")
		}
		tour(t, debianEtcd(t).endpoint)
	})
}

func tour(t *testing.T, endpoint string) {
	o := newOperators(t, endpoint)
	contains(t, "the status of an empty fleet", o.run(exitYes, "status").stdout, "nothing was pushed to /corskit/ yet",
		"no replica has joined")
	write(t, o.dir, "cors.yaml", `policies:
  app: {allow_origins: ["https://app.example"], allow_methods: [PUT], max_age: 10m}
`)
	o.golden("push-first", o.run(exitYes, "push", "--yes", "--message", "hello"))

	client := connectTo(t, endpoint)
	first := join(t, client, fleet.Options{Instance: "orders-1", Labels: map[string]string{"service": "orders", "region": "eu"}})
	join(t, client, fleet.Options{Instance: "orders-2", Labels: map[string]string{"service": "orders", "region": "us"}})
	join(t, client, fleet.Options{Instance: "shop-1", Labels: map[string]string{"service": "shop"}})
	o.await("the replicas", "status", "3 replicas: ")
	r := o.run(exitYes, "status", "--wait")
	contains(t, "the status", r.stdout, "done: revision 1 is in force at 3 replicas")
	o.golden("status", o.run(exitYes, "status"))

	write(t, o.dir, "bad.yaml", "policies: {app: {allow_origin: [\"https://app.example\"]}}\n")
	o.golden("push-faults", o.run(exitFail, "push", "bad.yaml", "--yes"))
	contains(t, "a push without changes", o.run(exitYes, "push", "--yes").stdout, "revision 1 is in force, and has the same files")

	write(t, o.dir, "cors.yaml", `policies:
  app: {allow_origins: ["https://app.example", "https://shop.example"], allow_methods: [PUT, PATCH], max_age: 1h}
`)
	o.golden("push-asks", o.run(exitFail, "push"))
	o.golden("push-steps", o.run(exitYes, "push", "--yes", "--steps", "50%,100%", "--max-stricter", "5%", "-m", "the shop may read"))
	if !first.Engine().AllowsOrigin("https://shop.example") {
		t.Error("the rollout is done, and a replica does not have it")
	}
	contains(t, "a rollout for no one", o.run(exitFail, "promote").stderr, "there is no rollout to promote")

	o.golden("show", o.run(exitYes, "show"))
	contains(t, "an earlier revision", o.run(exitYes, "show", "1").stdout, `allow_origins: ["https://app.example"], allow`)
	contains(t, "no such revision", o.run(exitFail, "show", "99").stderr, "the history does not have this revision")
	r = o.run(exitYes, "rollback", "--yes", "-m", "partners cannot log in")
	o.golden("rollback", r)
	o.run(exitYes, "status", "--wait")
	if first.Engine().AllowsOrigin("https://shop.example") {
		t.Error("rolled back, and a replica still allows the origin")
	}
	o.golden("history", o.run(exitYes, "history"))
}

// A replica that refuses the policy halts the rollout.
func TestFleetHalts(t *testing.T) {
	t.Parallel()
	noSignals(t)
	o, endpoint := devOperators(t)
	client := connectTo(t, endpoint)
	o.write("cors.yaml", "https://a.example")
	write(t, o.dir, "cors.prod.yaml", "policies: {app: {allow_methods: [PUT]}}\n")
	o.run(exitYes, "push", "--yes")
	var opts fleet.Options
	opts.Instance, opts.Config.Profile = "prod-1", "prod"
	join(t, client, opts)
	join(t, client, fleet.Options{Instance: "dev-1", Labels: map[string]string{"stage": "dev"}})
	o.await("the replicas", "status", "2 replicas: 2 acked")

	if err := os.Remove(filepath.Join(o.dir, "cors.prod.yaml")); err != nil {
		t.Fatal(err)
	}
	r := o.run(exitNo, "push", "--yes", "--steps", "100%")
	contains(t, "a push without the profile", r.stdout, "with profile prod:\nnote: only the policy in force is valid",
		"halted: revision 2: replica prod-1 refused it", "prod-1: ")
	o.golden("status-halted", o.run(exitNo, "status"))
	contains(t, "status --wait", o.run(exitNo, "status", "--wait").stdout, "halted: revision 2:")
	contains(t, "promote", o.run(exitNo, "promote", "--yes").stdout, "nothing was promoted: add --force")
	contains(t, "promote --steps", o.run(exitNo, "promote", "--steps").stdout, "halted: revision 2:")

	contains(t, "labels that nobody has", o.run(exitFail, "push", "--yes", "--steps", "100%", "--labels", "stage=none").stderr,
		"nothing was pushed: none of the 2 replicas that report has the labels stage=none")
	// Other labels: prod-1 is not selected. The rollout stays with its share of the replicas
	// until it is promoted.
	r = o.run(exitYes, "push", "--yes", "--steps", "100%", "--labels", "stage=dev")
	contains(t, "a push with labels", r.stdout, "halted since ",
		"has reached 100% of stage=dev, 1 replica; it stays there until 'corskit fleet promote'")
	contains(t, "a second look", o.run(exitYes, "status").stdout, "at 100% of stage=dev; the others keep revision 1", "2 acked")
	contains(t, "promote", o.run(exitYes, "promote", "--yes").stdout, "promoted revision ")
	contains(t, "status --wait after it", o.run(exitNo, "status", "--wait").stdout,
		"refused: revision 4 by prod-1: the configuration has faults: cors.prod.yaml: ", "'corskit fleet rollback'")
	contains(t, "rollback", o.run(exitYes, "rollback", "1", "--yes").stdout, "rolled back to the policy of revision 1")
	contains(t, "status --wait after it", o.run(exitYes, "status", "--wait").stdout, "done: ")

	var state fleetState
	if err := json.Unmarshal([]byte(o.run(exitYes, "status", "--format", "json").stdout), &state); err != nil {
		t.Fatal(err)
	}
	if state.Head.RollbackTo != 1 || state.Counts != (fleetCounts{Replicas: 2, Acked: 2}) || len(state.Views) != 2 ||
		state.Views[0].Instance != "dev-1" || state.Views[0].Wanted != state.Head.Revision || state.Views[0].State != fleet.StateAcked {
		t.Errorf("status --format json: %+v", state)
	}
}

// changedOperators returns operators who have pushed a file and then changed it.
func changedOperators(t *testing.T) *operators {
	t.Helper()
	noSignals(t)
	o, _ := devOperators(t)
	o.write("cors.yaml", "https://a.example")
	o.run(exitYes, "push", "--yes")
	o.write("cors.yaml", "https://b.example")
	return o
}

// An interrupted rollout stays at its step, until someone continues or ends it.
func TestFleetInterrupted(t *testing.T) {
	t.Parallel()
	o := changedOperators(t)
	text := o.interrupted("next step at ", "push", "--yes", "--steps", "50%,100%", "--pause", "1h")
	contains(t, "an interrupted push", text,
		"interrupted: the rollout stays at 50% (step 1 of 2); 'corskit fleet promote --steps' continues it")
	contains(t, "the status", o.run(exitYes, "status").stdout, "rollout: revision 2 at 50% (step 1 of 2); the others keep revision 1")
	o.golden("promote", o.run(exitYes, "promote", "--yes", "-m", "no complaints"))
	contains(t, "the status", o.run(exitYes, "status", "--wait").stdout, "done: revision 2 is in force")
}

// A push that does not wait leaves a rollout that nobody drives. Waiting for it may be
// interrupted, too.
func TestFleetNoWait(t *testing.T) {
	t.Parallel()
	o := changedOperators(t)
	r := o.run(exitYes, "push", "--yes", "--steps", "50%,100%", "--no-wait")
	contains(t, "push --no-wait", r.stdout, "pushed revision 2", "'corskit fleet promote --steps' continues its steps")
	text := o.interrupted("no command drives this rollout: 'corskit fleet promote --steps'", "status", "--wait")
	contains(t, "status --wait, which changes nothing", text+o.run(exitYes, "status").stdout, "corskit: interrupted\n",
		"revision 2 at 50% (step 1 of 2)")
	contains(t, "promote --steps", o.run(exitYes, "promote", "--steps").stdout, "done: revision 2 is in force")
}

// With a key, replicas and commands refuse what no key has signed.
func TestFleetKeys(t *testing.T) {
	t.Parallel()
	noSignals(t)
	o, endpoint := devOperators(t)
	r := o.run(exitYes, "keygen")
	id := regexp.MustCompile(`[0-9a-f]{16}`).FindString(r.stdout)
	contains(t, "keygen", r.stdout, "fleet.key is private", "fleet.pub is public", "export CORSKIT_FLEET_SIGNING_KEY=")
	order := regexp.MustCompile(`(?s)the first key.*push --replace.*then deploy.*has a key already.*both keys.*then push`)
	if !order.MatchString(r.stdout) {
		t.Errorf("keygen prints another order:\n%s", r.stdout)
	}
	if info, err := os.Stat(filepath.Join(o.dir, "fleet.key")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the private key: %v %v", info, err)
	}
	public, err := os.ReadFile(filepath.Join(o.dir, "fleet.pub"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := fleet.ParsePublicKeys(public)
	if err != nil || fleet.KeyID(keys[0]) != id {
		t.Fatalf("the public key: %v, printed as %q", err, id)
	}
	contains(t, "keygen again", o.run(exitFail, "keygen").stderr, "fleet.key already exists, and nothing was written")

	o.write("cors.yaml", "https://a.example")
	contains(t, "a push without a key", o.run(exitYes, "push", "--yes").stdout, "pushed revision 1, unsigned")
	replica := join(t, connectTo(t, endpoint), fleet.Options{Instance: "one", Keys: keys})
	o.await("the refusal", "status", "the head has no signature")
	o.run(exitNo, "status")
	signed := newOperators(t, endpoint, "CORSKIT_FLEET_SIGNING_KEY="+filepath.Join(o.dir, "fleet.key"))
	signed.dir = o.dir
	for _, r := range []result{signed.run(exitFail, "status"), o.run(exitFail, "status", "--public-keys", "fleet.pub")} {
		contains(t, "status with a key", r.stdout, "cannot be trusted: ",
			"the head has no signature, but keys are configured", "INSTANCE", "refused")
	}
	contains(t, "a signed push over an unsigned head", signed.run(exitFail, "push", "--yes").stderr, "--replace")
	r = signed.run(exitFail, "push", "--replace")
	contains(t, "a push over what cannot be verified", r.stdout, "revision 1 cannot be verified with these keys; it has the same files")
	o.write("other.yaml", "https://b.example")
	r = signed.run(exitFail, "push", "--replace", "other.yaml")
	contains(t, "a push over what cannot be verified", r.stdout, "the difference is against what it claims\n", "https://b.example")
	contains(t, "a signed push with --replace", signed.run(exitYes, "push", "--yes", "--replace").stdout, "pushed revision 2\n")
	o.run(exitYes, "status", "--wait", "--public-keys", "fleet.pub")
	if !replica.Engine().AllowsOrigin("https://a.example") {
		t.Error("the replica does not have what was signed")
	}
	r = signed.run(exitYes, "history")
	contains(t, "the history", r.stdout, "ana      push (unsigned)\nnote: the head has no signature, but keys are configured")
	stranger := o.run(exitYes, "keygen", "stranger")
	contains(t, "the history with another key", o.run(exitYes, "history", "--public-keys", "stranger.pub").stdout,
		"ana      push (not verified)\n", "note: no signature of the head is valid: it names \""+id+"\"",
		regexp.MustCompile(`[0-9a-f]{16}`).FindString(stranger.stdout))
	forgot := o.run(exitFail, "push", "--yes", "--above", "5").stderr
	contains(t, "a push that forgets the key", forgot, id, "--signing-key", "CORSKIT_FLEET_SIGNING_KEY", "--replace")
	contains(t, "a rollback that forgets the key", o.run(exitFail, "rollback", "1", "--yes").stderr, id, "--signing-key")
	contains(t, "the wrong file", o.run(exitFail, "status", "--public-keys", "fleet.key").stderr,
		"a private key, which must not be on a replica")
	contains(t, "the wrong file", o.run(exitFail, "push", "--signing-key", "fleet.pub").stderr,
		"a public key, but signing needs the private key")
}

// watch prints the current state, and then each change.
func TestFleetWatch(t *testing.T) {
	t.Parallel()
	noSignals(t)
	o, endpoint := devOperators(t)
	o.write("cors.yaml", "https://a.example")
	o.run(exitYes, "push", "--yes", "-m", "first")
	for _, format := range []string{"text", "json"} {
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		defer cancel()
		cmd := exec.CommandContext(ctx, binary, "fleet", "watch", "--format", format)
		cmd.Dir, cmd.Env = o.dir, environ(o.env...)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		await := func(parts ...string) {
			t.Helper()
			for lines.Scan() {
				if !slices.ContainsFunc(parts, func(p string) bool { return !strings.Contains(lines.Text(), p) }) {
					return
				}
			}
			t.Fatalf("watch --format %s ended without %q", format, parts)
		}
		await("first")
		r, err := fleet.Join(t.Context(), connectTo(t, endpoint), fleet.Options{Instance: format + "-1"})
		if err != nil {
			t.Fatal(err)
		}
		await(format+"-1", "acked")
		if err := r.Close(ctx); err != nil {
			t.Error(err)
		}
		await(format + "-1")
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("watch --format %s, after Ctrl-C: %v", format, err)
		}
	}
}

// status --wait names the replica that it waits for, and the age of its status.
func TestFleetWaits(t *testing.T) {
	t.Parallel()
	noSignals(t)
	o, endpoint := devOperators(t)
	o.write("cors.yaml", "https://a.example")
	o.run(exitYes, "push", "--yes")
	for _, name := range []string{"silent-2", "silent-1"} {
		status := `{"instance":"` + name + `","state":"acked","head":0,"time":"` + time.Now().Add(-2*time.Hour).Format(time.RFC3339) + `"}`
		if _, err := connectTo(t, endpoint).Put(t.Context(), "/corskit/status/"+name, status); err != nil {
			t.Fatal(err)
		}
	}
	o.interrupted("0 of 2 replicas have it, 2 pending: silent-1, status 2h0m old", "status", "--wait")
}

// show --out writes all files, none outside of the directory and none that exists.
func TestFleetShowOut(t *testing.T) {
	t.Parallel()
	noSignals(t)
	o, _ := devOperators(t)
	write(t, o.dir, "cors.yaml", "policies: {app: {origins_file: lists/partners.txt}}\n")
	if err := os.MkdirAll(filepath.Join(o.dir, "lists"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, o.dir, "lists/partners.txt", "https://a.example\n")
	o.run(exitYes, "push", "--yes")
	contains(t, "show --out", o.run(exitYes, "show", "--out", "all").stdout, "wrote all/cors.yaml\nwrote all/lists/partners.txt\n")
	if text, err := os.ReadFile(filepath.Join(o.dir, "all/lists/partners.txt")); err != nil || string(text) != "https://a.example\n" {
		t.Errorf("the origins: %q, %v", text, err)
	}
	contains(t, "show --out again", o.run(exitFail, "show", "--out", "all").stderr, "all has cors.yaml already, and nothing was written")
	outside := t.TempDir()
	if err := os.Mkdir(filepath.Join(o.dir, "linked"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(o.dir, "linked/lists")); err != nil {
		t.Skip(err)
	}
	contains(t, "show --out with a link", o.run(exitFail, "show", "--out", "linked").stderr, "escapes")
	if files, err := os.ReadDir(outside); err != nil || len(files) > 0 {
		t.Errorf("outside of the directory: %v, %v", files, err)
	}
}
