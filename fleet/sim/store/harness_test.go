package store_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/fleet/sim/etcdtest"
	"github.com/corskit/corskit/reason"
)

func TestMain(m *testing.M) {
	etcdtest.Parallel(6)
	os.Exit(run(m))
}

// long skips a test in short mode, which runs under the race detector, too.
func long(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes seconds; the short tests of this package push and read with the same etcd")
	}
	t.Parallel()
}

// shared is the etcd of most tests, with a client. Each test has a prefix of its own.
var (
	shared       *etcdtest.Cluster
	sharedClient *clientv3.Client
)

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "corskit-store-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	shared, err = etcdtest.Start(context.Background(), dir, etcdtest.Options{})
	if err != nil {
		panic(err)
	}
	defer shared.Close()
	sharedClient = shared.Admin()
	return m.Run()
}

// patience is the timeout of each wait. Only a failure takes that long.
const patience = time.Minute

// world is a fleet in an etcd, with an operator who has a key.
type world struct {
	*testing.T
	etcd   *etcdtest.Cluster
	admin  *clientv3.Client
	client *clientv3.Client // of replicas
	prefix string
	public ed25519.PublicKey
	secret ed25519.PrivateKey
	store  *fleet.Store
}

var worlds struct {
	sync.Mutex
	n int
}

// newWorld returns a fleet in the shared etcd.
func newWorld(t *testing.T) *world { return newWorldIn(t, shared, sharedClient) }

func newWorldIn(t *testing.T, etcd *etcdtest.Cluster, client *clientv3.Client) *world {
	t.Helper()
	worlds.Lock()
	worlds.n++
	w := &world{T: t, etcd: etcd, admin: client, client: client, prefix: fmt.Sprintf("/test-%d/", worlds.n)}
	worlds.Unlock()
	var err error
	if w.public, w.secret, err = ed25519.GenerateKey(nil); err != nil {
		t.Fatal(err)
	}
	w.store = w.operator(w.admin, "ann")
	return w
}

// operator returns another store of the fleet.
func (w *world) operator(client *clientv3.Client, author string) *fleet.Store {
	w.Helper()
	s, err := fleet.NewStore(client, fleet.StoreOptions{Prefix: w.prefix, Key: w.secret, Author: author})
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// join adds a replica to the fleet.
func (w *world) join(instance string, change ...func(*fleet.Options)) *fleet.Replica {
	w.Helper()
	opts := fleet.Options{
		Prefix: w.prefix, Instance: instance, Keys: []ed25519.PublicKey{w.public}, LeaseTTL: 5 * time.Second, Jitter: -1,
	}
	for _, c := range change {
		c(&opts)
	}
	r, err := fleet.Join(w.Context(), w.client, opts)
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := r.Close(ctx); err != nil {
			w.Errorf("close %s: %v", instance, err)
		}
	})
	return r
}

// policy returns a bundle whose policy allows origins.
func policy(origins ...string) *fleet.Bundle {
	text := fmt.Sprintf("policies: {spa: {allow_origins: [%q]}}\n", strings.Join(origins, `", "`))
	return &fleet.Bundle{
		Entry: "cors.yaml", Profiles: []string{""}, Files: map[string][]byte{"cors.yaml": []byte(strings.ReplaceAll(text, `\"`, `"`))},
	}
}

// bulky returns a bundle that no head can carry, with some lines of its own.
func bulky(lines int, extra ...string) *fleet.Bundle {
	var list strings.Builder
	for i := range lines {
		fmt.Fprintf(&list, "https://%x.partner.example\n", uint64(i)*0x9e3779b97f4a7c15)
	}
	for _, line := range extra {
		list.WriteString(line + "\n")
	}
	return &fleet.Bundle{
		Entry: "cors.yaml", Profiles: []string{""}, Files: map[string][]byte{
			"cors.yaml":    []byte("policies: {spa: {origins_file: partners.txt}}\n"),
			"partners.txt": []byte(list.String()),
		},
	}
}

// push pushes a bundle.
func (w *world) push(b *fleet.Bundle, change ...func(*fleet.PushOptions)) *fleet.Head {
	w.Helper()
	opts := fleet.PushOptions{Message: "a test"}
	for _, c := range change {
		c(&opts)
	}
	h, err := w.store.Push(w.ctx(), b, opts)
	if err != nil {
		w.Fatalf("push: %v", err)
	}
	return h
}

// rollout makes a push begin a rollout.
func rollout(r fleet.Rollout) func(*fleet.PushOptions) {
	return func(o *fleet.PushOptions) { o.Rollout = &r }
}

// ctx returns a context that ends when patience does.
func (w *world) ctx() context.Context {
	ctx, cancel := context.WithTimeout(w.Context(), patience)
	w.Cleanup(cancel)
	return ctx
}

// keys returns the keys of etcd below a part of the prefix, without the prefix.
func (w *world) keys(part string) []string {
	w.Helper()
	r, err := w.admin.Get(w.ctx(), w.prefix+part, clientv3.WithPrefix(), clientv3.WithKeysOnly())
	if err != nil {
		w.Fatal(err)
	}
	var keys []string
	for _, pair := range r.Kvs {
		keys = append(keys, strings.TrimPrefix(string(pair.Key), w.prefix+part))
	}
	return keys
}

func (w *world) put(key, value string) {
	w.Helper()
	if _, err := w.admin.Put(w.ctx(), w.prefix+key, value); err != nil {
		w.Fatal(err)
	}
}

func (w *world) get(key string) string {
	w.Helper()
	r, err := w.admin.Get(w.ctx(), w.prefix+key)
	if err != nil || len(r.Kvs) == 0 {
		w.Fatalf("reading %s: %d keys, %v", key, len(r.Kvs), err)
	}
	return string(r.Kvs[0].Value)
}

// holds fails unless etcd has the bundle of a reference, with these files.
func (w *world) holds(ref fleet.Reference, want *fleet.Bundle) {
	w.Helper()
	got, err := w.store.Bundle(w.ctx(), ref)
	if err != nil {
		w.Fatalf("the bundle of revision %d: %v", ref.Pushed, err)
	}
	for name, data := range want.Files {
		if string(got.Files[name]) != string(data) || len(got.Files) != len(want.Files) {
			w.Fatalf("the bundle of revision %d has another %s", ref.Pushed, name)
		}
	}
}

// wait waits until holds returns true. If that does not happen in time, the test fails
// with what, a description of the condition.
func (w *world) wait(what string, holds func() bool) {
	w.Helper()
	ctx := w.ctx()
	for !holds() {
		select {
		case <-ctx.Done():
			w.Fatalf("timed out waiting until %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func reasonOf(err error) reason.Reason {
	if e, ok := errors.AsType[*fleet.Error](err); ok {
		return e.Reason
	}
	return ""
}

// through returns a client whose requests pass a function, which calls next to send them.
func (w *world) through(pass func(ctx context.Context, request any, next func() error) error) *clientv3.Client {
	w.Helper()
	return w.etcd.Dial(w, func(cfg *clientv3.Config) {
		cfg.DialOptions = append(cfg.DialOptions, grpc.WithUnaryInterceptor(
			func(
				ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
			) error {
				return pass(ctx, req, func() error { return invoke(ctx, method, req, reply, cc, opts...) })
			}))
	})
}

// isTxn reports whether a request is a transaction that puts keys or, if puts is false,
// removes them.
func isTxn(request any, puts bool) bool {
	txn, ok := request.(*etcdserverpb.TxnRequest)
	return ok && len(txn.Success) > 0 && (txn.Success[0].GetRequestPut() != nil) == puts
}

func leaseOf(r *clientv3.GetResponse) clientv3.LeaseID { return clientv3.LeaseID(r.Kvs[0].Lease) }

func rangeTo(end string) clientv3.OpOption { return clientv3.WithRange(end) }

// newEtcdWorld returns a fleet in an etcd that no other test uses.
func newEtcdWorld(t *testing.T, options etcdtest.Options) *world {
	etcd := etcdtest.Run(t, options)
	return newWorldIn(t, etcd, etcd.Admin())
}

// grant gives the permissions in a script of fleet.Roles, adds the users replica and
// operator with these roles, and turns authentication on.
func (w *world) grant(script string) {
	w.Helper()
	check := func(err error) {
		w.Helper()
		if err != nil {
			w.Fatal(err)
		}
	}
	for line := range strings.Lines(script) {
		words := strings.Fields(strings.Replace(line, "--prefix=true ", "", 1))
		if len(words) < 4 || words[0] != "etcdctl" {
			continue
		}
		if words[2] == "add" {
			_, err := w.admin.RoleAdd(w.ctx(), words[3])
			check(err)
			continue
		}
		kind, key, end := words[4], words[5], ""
		if strings.Contains(line, "--prefix=true") {
			end = clientv3.GetPrefixRangeEnd(key)
		}
		permission := map[string]clientv3.PermissionType{
			"read": clientv3.PermissionType(clientv3.PermRead), "write": clientv3.PermissionType(clientv3.PermWrite),
			"readwrite": clientv3.PermissionType(clientv3.PermReadWrite),
		}
		_, err := w.admin.RoleGrantPermission(w.ctx(), words[3], key, end, permission[kind])
		check(err)
	}
	_, err := w.admin.RoleAdd(w.ctx(), "root")
	check(err)
	for user, role := range map[string]string{"root": "root", "replica": "corskit-replica", "operator": "corskit-operator"} {
		_, err := w.admin.UserAdd(w.ctx(), user, user)
		check(err)
		_, err = w.admin.UserGrantRole(w.ctx(), user, role)
		check(err)
	}
	_, err = w.admin.AuthEnable(w.ctx())
	check(err)
}

// login returns a client of a user.
func (w *world) login(user string) *clientv3.Client {
	return w.etcd.Dial(w, func(cfg *clientv3.Config) { cfg.Username, cfg.Password = user, user })
}
