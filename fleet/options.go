package fleet

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/config"
)

// Options configures a replica. Only the fields that a service needs must be set; the
// zero value joins the fleet at [DefaultPrefix], without signatures and without a copy on
// disk.
type Options struct {
	// Prefix is the prefix of the fleet's keys in etcd. Its final slash is optional.
	// It defaults to [DefaultPrefix].
	Prefix string

	// Instance is the name of this replica, unique within the fleet: letters, digits and
	// any of -_.:@+, at most 128 bytes. It defaults to the host name and a random suffix.
	// Rollouts select replicas by their names. So with a name that survives a restart,
	// such as that of a pod of a StatefulSet, a replica stays selected.
	Instance string

	// Labels describe this replica: {"service": "orders", "region": "eu"}. Rollouts and
	// the tables of operators use them. At most 16 names and values of 63 bytes.
	Labels map[string]string

	// CacheDir is a directory for a verified copy of the policy in force, from which the
	// replica starts if etcd cannot be reached. It also keeps the highest revision that
	// was seen, which protects against replayed heads across restarts. The directory is
	// created if needed. Replicas on one host may share it, even those of different
	// fleets; during a rollout, a replica may then start with the candidate of another.
	// If empty, there is no copy.
	CacheDir string

	// Keys are the public keys of the operators who may sign heads. A head needs a
	// signature by one of them. During a rotation, configure the old and the new key.
	// Without keys, anyone who can write to etcd can set the policy; Join logs a warning.
	Keys []ed25519.PublicKey

	// Fallback is the path of a local configuration, used while there is no policy from
	// etcd and no copy on disk. If empty, such a replica allows no origin.
	Fallback string

	// Config has options for the configuration, such as the profile and functions for
	// origins. As with a [config.Watcher], its OnReload is called after each change and
	// each refusal; it must not call [Replica.Close], which waits for it. If Environ is
	// nil, no environment is used, because a pushed file must not depend on the variables
	// of this process.
	Config config.Options

	// Logger, if not nil, gets one line for each change of the policy, for each fault and
	// for its end. Values are bounded and have no control characters. It defaults to
	// Config.Logger.
	Logger *slog.Logger

	// Connect makes the client if Join gets a nil client. The replica calls it, one call
	// at a time, until it returns a client, and closes that client when it stops. It is
	// for clients that cannot be made while etcd cannot be reached: with a Username,
	// clientv3.New then fails. The context of Connect is done after a few seconds; the
	// client must not depend on it.
	Connect func(ctx context.Context) (*clientv3.Client, error)

	// Refresh is the interval at which the head is read again, in case a notification
	// got lost. It varies by a fifth from replica to replica. It defaults to 30 seconds.
	Refresh time.Duration

	// LeaseTTL is how long the status of a dead replica stays in etcd. It defaults to 60
	// seconds and is at least 5 seconds.
	LeaseTTL time.Duration

	// BootTimeout bounds how long Join waits for etcd, before it starts with the copy on
	// disk. It defaults to 5 seconds.
	BootTimeout time.Duration

	// Shared, if not nil, shares compiled policies with other replicas of this process.
	// See [Shared].
	Shared *Shared

	// Jitter is the time over which replicas spread their requests after a change. Zero
	// derives it from the size of the fleet: 0.2 milliseconds for each replica, at most 5
	// seconds. A negative value disables it.
	Jitter time.Duration
}

// Defaults and bounds of Options.
const (
	defaultRefresh     = 30 * time.Second
	defaultLeaseTTL    = 60 * time.Second
	minLeaseTTL        = 5 * time.Second
	maxLeaseTTL        = 24 * time.Hour
	defaultBootTimeout = 5 * time.Second
	jitterPerReplica   = 200 * time.Microsecond
	maxJitter          = 5 * time.Second
)

// complete returns the options with their defaults, and the layout of the prefix.
func (o Options) complete() (Options, layout, error) {
	l, fault := newLayout(o.Prefix)
	if fault != nil {
		return o, "", fault
	}
	o.Prefix = string(l)
	o.Refresh = cmp.Or(o.Refresh, defaultRefresh)
	o.LeaseTTL = cmp.Or(o.LeaseTTL, defaultLeaseTTL)
	o.BootTimeout = cmp.Or(o.BootTimeout, defaultBootTimeout)
	if o.Instance == "" {
		o.Instance = defaultInstance()
	}
	if o.Config.Environ == nil {
		o.Config.Environ = []string{}
	}
	o.Logger = cmp.Or(o.Logger, o.Config.Logger)
	short := func(d, low, high time.Duration) bool { return d < low || d > high }
	seconds := func(field string, d time.Duration, low, high time.Duration) *OptionError {
		return &OptionError{
			Field: field, Value: d.String(), Detail: fmt.Sprintf("not between %v and %v", low, high),
			Suggestion: "set it to 0 for the default",
		}
	}
	switch {
	case !isName(o.Instance, maxInstance):
		fault = &OptionError{
			Field: "Instance", Value: o.Instance, Detail: fmt.Sprintf("not 1 to %d letters, digits and any of -_.:@+", maxInstance),
			Suggestion: "leave it empty for the host name and a random suffix",
		}
	case short(o.Refresh, time.Millisecond, maxLeaseTTL):
		fault = seconds("Refresh", o.Refresh, time.Millisecond, maxLeaseTTL)
	case short(o.LeaseTTL, minLeaseTTL, maxLeaseTTL):
		fault = seconds("LeaseTTL", o.LeaseTTL, minLeaseTTL, maxLeaseTTL)
	case short(o.BootTimeout, time.Millisecond, maxLeaseTTL):
		fault = seconds("BootTimeout", o.BootTimeout, time.Millisecond, maxLeaseTTL)
	default:
		fault = checkLabels("Labels", o.Labels)
	}
	if fault == nil {
		fault = checkKeys("Keys", o.Keys)
	}
	if fault != nil {
		return o, "", fault
	}
	return o, l, nil
}

// defaultInstance returns the host name and a random suffix.
func defaultInstance() string {
	var suffix [4]byte
	_, _ = rand.Read(suffix[:]) // never fails
	host, err := os.Hostname()
	if err != nil || !isName(host, maxInstance-2*len(suffix)-1) {
		host = "replica"
	}
	return host + "-" + hex.EncodeToString(suffix[:])
}

// checkKeys returns an error if a key is not an Ed25519 key or is listed twice.
func checkKeys(field string, keys []ed25519.PublicKey) *OptionError {
	for i, k := range keys {
		f := fmt.Sprintf("%s[%d]", field, i)
		switch {
		case len(k) != ed25519.PublicKeySize:
			return &OptionError{
				Field: f, Detail: fmt.Sprintf("not an Ed25519 key: it has %d bytes", len(k)), Suggestion: "read it with ParsePublicKeys",
			}
		case slices.ContainsFunc(keys[:i], func(other ed25519.PublicKey) bool { return k.Equal(other) }):
			return &OptionError{Field: f, Value: KeyID(k), Detail: "listed twice", Suggestion: "remove it"}
		}
	}
	return nil
}

// StoreOptions configures a [Store].
type StoreOptions struct {
	// Prefix is the prefix of the fleet's keys in etcd, as in [Options].
	Prefix string
	// Key signs heads. If nil, heads are not signed, and replicas with keys refuse them.
	// A store that has Keys but no Key can only read.
	Key ed25519.PrivateKey
	// Keys verify the heads that the store reads. They default to the public key of Key.
	// If set, Key must be one of them.
	Keys []ed25519.PublicKey
	// Author is the name of the person who changes the fleet, for the history: one printable line of
	// at most 128 bytes.
	Author string
	// Logger, if not nil, gets a line for each problem that does not make a change fail:
	// an old blob that could not be removed, or a status that cannot be read.
	Logger *slog.Logger
}

// complete returns the options with their defaults, and the layout of the prefix.
func (o StoreOptions) complete() (StoreOptions, layout, error) {
	l, fault := newLayout(o.Prefix)
	if fault != nil {
		return o, "", fault
	}
	o.Prefix = string(l)
	if !isText(o.Author, maxAuthor) {
		return o, "", &OptionError{
			Field: "Author", Value: o.Author, Detail: fmt.Sprintf("not one printable line of at most %d bytes", maxAuthor),
			Suggestion: "shorten it, and remove unprintable characters",
		}
	}
	if fault := checkKeys("Keys", o.Keys); fault != nil {
		return o, "", fault
	}
	if o.Key == nil {
		return o, l, nil
	}
	if len(o.Key) != ed25519.PrivateKeySize {
		return o, "", &OptionError{
			Field: "Key", Detail: fmt.Sprintf("not an Ed25519 key: it has %d bytes", len(o.Key)),
			Suggestion: "read it with ParsePrivateKey",
		}
	}
	public := o.Key.Public().(ed25519.PublicKey)
	if len(o.Keys) == 0 {
		o.Keys = []ed25519.PublicKey{public}
	}
	if !slices.ContainsFunc(o.Keys, func(k ed25519.PublicKey) bool { return k.Equal(public) }) {
		return o, "", &OptionError{
			Field: "Key", Value: KeyID(public),
			Detail:     "its public key is not one of Keys, so replicas with these would refuse what it signs",
			Suggestion: "add it to Keys of the replicas first, then here",
		}
	}
	return o, l, nil
}
