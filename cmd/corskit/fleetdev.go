package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/fleet/dev"
)

func newFleetDev() *cobra.Command {
	var d fleetDev
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run an etcd on this machine",
		Long: `dev runs an etcd with one member inside this process, and prints what to paste into
other shells and into a service. It keeps its data in --data-dir for the next start.
It has no TLS and no users, so it listens only on loopback. Ctrl-C stops it.`,
		Example: `  corskit fleet dev
  corskit fleet dev --listen 127.0.0.1:2379 --data-dir /tmp/fleet`,
		Args: args(cobra.NoArgs),
		RunE: d.run,
	}
	cmd.Flags().StringVar(&d.dir, "data-dir", "fleet.etcd", "the directory for the data, created if needed")
	cmd.Flags().StringVarP(&d.listen, "listen", "l", "127.0.0.1:0",
		"the address to listen on, on loopback; port 0 picks the last port again, or a free one")
	cmd.Flags().StringVar(&d.level, "log-level", "", "the level of etcd's log: debug, info, warn or error (default: no log)")
	complete(cmd, "log-level", "debug", "info", "warn", "error")
	return cmd
}

type fleetDev struct {
	dir, listen, level string
}

func (d *fleetDev) run(cmd *cobra.Command, _ []string) error {
	if d.dir == "" {
		return usagef("--data-dir is empty")
	}
	if d.level != "" {
		if err := oneOf("log-level", d.level, "debug", "info", "warn", "error"); err != nil {
			return err
		}
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	etcd, err := dev.Start(ctx, dev.Options{Dir: d.dir, Listen: d.listen, LogLevel: d.level})
	if option, ok := errors.AsType[*dev.OptionError](err); ok {
		return usagef("--listen is %q: it %s", clip(option.Value), option.Detail)
	}
	if err != nil {
		return err
	}
	defer etcd.Close()
	d.print(out(cmd), etcd.Endpoint())
	go func() {
		<-ctx.Done()
		stop() // a second Ctrl-C ends the process at once
	}()
	<-etcd.Done()
	if err := etcd.Err(); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	fmt.Fprintln(cmd.ErrOrStderr(), "stopped; the data is in", safe(d.dir))
	return nil
}

// print prints what to paste.
func (d *fleetDev) print(t terminal, endpoint string) {
	dir, err := filepath.Abs(d.dir)
	if err != nil {
		dir = d.dir
	}
	t.printf("%s etcd at %s, with its data in %s; Ctrl-C stops it\n\n", t.style(green, "running"), endpoint, safe(dir))
	t.printf("%s\n", t.style(bold, "in another shell:"))
	t.printf("  export %sENDPOINTS=%s\n", fleetVariable, endpoint)
	t.printf("  corskit init\n")
	t.printf("  corskit fleet push cors.yaml\n")
	t.printf("  corskit fleet status\n\n")
	t.printf("%s\n", t.style(bold, "in a service:"))
	t.printf("  client, err := clientv3.New(fleet.ClientConfig(%q))\n", endpoint)
	t.printf("  ...\n")
	t.printf("  replica, err := fleet.Join(ctx, client, fleet.Options{Labels: map[string]string{\"service\": \"orders\"}})\n")
	t.printf("  ...\n")
	t.printf("  router.Use(corsgin.Middleware(replica.Engine()))\n\n")
	t.printf("the keys are below %s; 'etcdctl --endpoints=%s get --prefix --keys-only %[1]s' lists them\n", fleet.DefaultPrefix, endpoint)
}
