package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"os/user"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/reason"
)

func newFleet() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "fleet",
		Short: "Give one policy to many replicas, through etcd",
		Long: `fleet manages the policy of many replicas, which is stored in etcd. Services join a
fleet with package fleet.

The flags for the connection are those of etcdctl: --endpoints, --cacert, --cert and
--key, --user and --password. An environment variable can set each of them, and
--prefix, --signing-key, --public-keys and --author: CORSKIT_FLEET_ENDPOINTS for
--endpoints, CORSKIT_FLEET_SIGNING_KEY for --signing-key, and so on.

Exit status: 0 if all is well, 1 if a rollout is halted or a replica refuses the
policy, 2 if etcd does not answer or nothing was changed.`,
		Example: `  corskit fleet dev
  corskit fleet keygen
  corskit fleet push cors.yaml --message "shop.example may read" --steps 5%,25%,100% --pause 10m
  corskit fleet status --wait
  corskit fleet rollback`,
		Args: args(func(cmd *cobra.Command, list []string) error {
			if len(list) > 0 {
				return unknownCommand(cmd, list[0])
			}
			return nil
		}),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newFleetDev(), newFleetKeygen(), newFleetPush(), newFleetStatus(), newFleetShow(), newFleetHistory(),
		newFleetPromote(), newFleetRollback(), newFleetWatch(), newFleetRoles())
	return cmd
}

// fleetVariable is the prefix of the environment variables that set flags.
const fleetVariable = "CORSKIT_FLEET_"

// fleetFlags are the flags that environment variables may set.
var fleetFlags = []string{
	"author", "cacert", "cert", "endpoints", "insecure-skip-tls-verify", "key", "password", "prefix", "public-keys", "signing-key",
	"timeout", "user",
}

// connection holds the flags of the commands that use etcd.
type connection struct {
	endpoints             []string
	cacert, cert, key     string
	insecure              bool
	user, password        string
	prefix                string
	signingKey, publicKey string
	author                string
	timeout               time.Duration
}

// flags adds the flags of every command.
func (c *connection) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&c.endpoints, "endpoints", []string{"127.0.0.1:2379"}, "the addresses of etcd, with https:// for TLS")
	f.StringVar(&c.cacert, "cacert", "", "verify etcd's certificate with this CA (PEM file)")
	f.StringVar(&c.cert, "cert", "", "the client certificate for etcd (PEM file)")
	f.StringVar(&c.key, "key", "", "the key of the client certificate (PEM file)")
	f.BoolVar(&c.insecure, "insecure-skip-tls-verify", false, "accept any certificate of etcd")
	f.StringVar(&c.user, "user", "", "the user of etcd, as name or name:password")
	f.StringVar(&c.password, "password", "", "the password of the user; without it, a terminal asks")
	f.StringVar(&c.prefix, "prefix", fleet.DefaultPrefix, "the prefix of the fleet's keys in etcd")
	f.StringVar(&c.signingKey, "signing-key", "",
		"sign with this private key, and trust what it has signed (a file from 'corskit fleet keygen')")
	f.StringVar(&c.publicKey, "public-keys", "",
		"trust only what these keys have signed: the file of public keys that replicas have (default: the key of --signing-key)")
	f.DurationVar(&c.timeout, "timeout", 5*time.Second, "how long etcd may take to answer")
}

// writeFlags adds the flags of commands that change the fleet.
func (c *connection) writeFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&c.author, "author", "", "who makes the change, for the history (default: user@host)")
}

// environment sets, from environment variables, the flags that the command line omits.
func (c *connection) environment(cmd *cobra.Command, environ []string) error {
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		rest, ok := strings.CutPrefix(name, fleetVariable)
		if !ok {
			continue
		}
		flag := strings.ReplaceAll(strings.ToLower(rest), "_", "-")
		if !slices.Contains(fleetFlags, flag) || rest != strings.ToUpper(rest) {
			return usagef("unknown environment variable %s; the known ones are %s", safe(name), fleetVariables())
		}
		f := cmd.Flags().Lookup(flag)
		if f == nil || f.Changed {
			continue // another command has the flag, or the command line sets it
		}
		if value == "" {
			return usagef("%s is set, but empty: unset it for the default, or give it a value", name)
		}
		if err := f.Value.Set(value); err != nil {
			return usagef("%s is %q: %w", name, clip(value), err)
		}
	}
	return nil
}

func fleetVariables() string {
	var names []string
	for _, f := range fleetFlags {
		names = append(names, fleetVariable+strings.ToUpper(strings.ReplaceAll(f, "-", "_")))
	}
	return list(names)
}

// unusedFlag reports a flag that has no effect without another.
func unusedFlag(flags *pflag.FlagSet, name, without string) error {
	if f := flags.Lookup(name); f != nil && f.Changed {
		return usagef("--%s has no effect without --%s: add --%[2]s, or remove --%[1]s", name, without)
	}
	return nil
}

// operator is a connected command.
type operator struct {
	*fleet.Store
	claimed *fleet.Store // reads without keys: what it returns is not verified
	client  *clientv3.Client
	timeout time.Duration
	signed  bool
}

// with connects to etcd and runs a command, until it ends or is interrupted.
func (c *connection) with(cmd *cobra.Command, run func(context.Context, *operator) error) error {
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := c.connect(cmd)
	if err != nil {
		return err
	}
	defer o.client.Close()
	err = run(ctx, o)
	if fault, ok := errors.AsType[*fleet.Error](err); ok && fault.Reason == reason.Unavailable && ctx.Err() == nil {
		return c.unreachable(err)
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return errors.New("interrupted")
	}
	return err
}

// connect connects to etcd and opens the store. The caller closes the client.
func (c *connection) connect(cmd *cobra.Command) (*operator, error) {
	if err := c.environment(cmd, os.Environ()); err != nil {
		return nil, err
	}
	if c.timeout <= 0 {
		return nil, usagef("--timeout is %v; it must be above 0, as in 5s", c.timeout)
	}
	opts := fleet.StoreOptions{Prefix: c.prefix, Author: c.author}
	if opts.Author == "" {
		opts.Author = defaultAuthor()
	}
	if err := c.readKeys(&opts); err != nil {
		return nil, err
	}
	etcd, err := c.clientConfig(cmd)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), c.timeout)
	defer cancel()
	etcd.Context = cmd.Context()
	client, err := dial(ctx, etcd)
	if err != nil {
		return nil, c.unreachable(err)
	}
	store, err := fleet.NewStore(client, opts)
	if err != nil {
		_ = client.Close()
		return nil, err
	}
	claimed, err := fleet.NewStore(client, fleet.StoreOptions{Prefix: c.prefix})
	if err != nil {
		_ = client.Close()
		return nil, err
	}
	return &operator{Store: store, claimed: claimed, client: client, timeout: c.timeout, signed: opts.Key != nil}, nil
}

// brief returns a context for one request to etcd.
func (o *operator) brief(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, o.timeout)
}

// dial makes a client. With a user, the client logs in at once, which fails if etcd does not
// answer.
func dial(ctx context.Context, cfg clientv3.Config) (*clientv3.Client, error) {
	if deadline, ok := ctx.Deadline(); ok {
		cfg.DialTimeout = time.Until(deadline)
	}
	return clientv3.New(cfg)
}

// unreachable returns the error of a command that cannot use etcd.
func (c *connection) unreachable(err error) error {
	return fmt.Errorf("cannot use etcd at %s: %w; set --endpoints or %sENDPOINTS, or start one with 'corskit fleet dev'",
		safe(strings.Join(c.endpoints, ", ")), err, fleetVariable)
}

// readKeys reads the keys for signatures.
func (c *connection) readKeys(opts *fleet.StoreOptions) error {
	if c.signingKey != "" {
		text, err := readSmall(c.signingKey)
		if err != nil {
			return fmt.Errorf("--signing-key: %w", err)
		}
		if opts.Key, err = fleet.ParsePrivateKey(text); err != nil {
			return fmt.Errorf("--signing-key: %s: %w", safe(c.signingKey), err)
		}
	}
	if c.publicKey != "" {
		text, err := readSmall(c.publicKey)
		if err != nil {
			return fmt.Errorf("--public-keys: %w", err)
		}
		if opts.Keys, err = fleet.ParsePublicKeys(text); err != nil {
			return fmt.Errorf("--public-keys: %s: %w", safe(c.publicKey), err)
		}
	}
	return nil
}

// defaultAuthor returns user@host.
func defaultAuthor() string {
	name, host := "unknown", "unknown"
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	if h, err := os.Hostname(); err == nil {
		host = h
	}
	return name + "@" + host
}
