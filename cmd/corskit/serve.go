package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/config"
)

func newServe() *cobra.Command {
	var s serve
	names := frameworkNames()
	cmd := &cobra.Command{
		Use:   "serve [FILE]",
		Short: "Try a policy out behind a framework's adapter",
		Long: `serve runs a server with this policy, behind the adapter of the given framework.
It answers every path and method with JSON that describes the request, and logs
each decision with its reason. With --watch it reloads the file when the file
changes. Ctrl-C stops the server. Without a FILE, serve reads cors.yaml.

The server echoes what it receives, cookies included: keep it on loopback.`,
		Example: `  corskit serve cors.yaml
  corskit serve cors.yaml --framework fiberv3 --listen 127.0.0.1:9000 --watch
  curl -i -H 'Origin: https://app.example.com' http://127.0.0.1:8080/items`,
		Args:              between(0, 1),
		ValidArgsFunction: completeFiles,
		RunE:              s.run,
	}
	s.source.flags(cmd)
	cmd.Flags().StringVarP(&s.framework, "framework", "f", "nethttp", "the adapter: "+list(names))
	cmd.Flags().StringVarP(&s.listen, "listen", "l", "127.0.0.1:8080", "the address to listen on; port 0 picks a free port")
	cmd.Flags().BoolVarP(&s.watch, "watch", "w", false, "reload the policy when the file changes")
	cmd.Flags().StringVar(&s.format, "format", "text", "log format: text or json")
	complete(cmd, "framework", names...)
	complete(cmd, "format", "text", "json")
	return cmd
}

type serve struct {
	source    source
	framework string
	listen    string
	watch     bool
	format    string
}

// shutdownLimit is how long pending requests may take after Ctrl-C.
const shutdownLimit = 5 * time.Second

func (s *serve) run(cmd *cobra.Command, files []string) error {
	if err := oneOf("format", s.format, "text", "json"); err != nil {
		return err
	}
	if err := oneOf("framework", s.framework, frameworkNames()...); err != nil {
		return err
	}
	files, err := orDefault(files)
	if err != nil {
		return err
	}
	c, err := s.source.read(cmd, files[0])
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	log := s.logger(cmd)
	for _, w := range c.Warnings {
		log.Warn("configuration", "warning", w.String())
	}
	engine := c.Engine()
	if s.watch {
		opts, _ := s.source.options(cmd)
		opts.Progress = nil
		opts.OnReload = func(r config.Result) { logReload(log, r) }
		w, err := config.Watch(ctx, files[0], opts)
		if err != nil {
			return err
		}
		defer w.Close()
		engine = w.Engine()
	}

	l, err := net.Listen("tcp", s.listen)
	if err != nil {
		return err
	}
	log.Info("serving", "framework", s.framework, "url", "http://"+l.Addr().String(), "revision", c.Revision.String())
	if host, _, err := net.SplitHostPort(l.Addr().String()); err == nil && !isLoopback(host) {
		log.Warn("this server echoes what it receives, cookies included, and other machines can reach it")
	}
	server := frameworks[s.framework](&tryout{framework: s.framework, engine: engine, log: log})
	return serveUntil(ctx, stop, server, l, log)
}

func (s *serve) logger(cmd *cobra.Command) *slog.Logger {
	if s.format == "json" {
		return slog.New(slog.NewJSONHandler(cmd.ErrOrStderr(), nil))
	}
	return slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
}

// serveUntil serves until ctx is done, and then waits up to shutdownLimit for pending
// requests.
func serveUntil(ctx context.Context, stop func(), server server, l net.Listener, log *slog.Logger) error {
	failed := make(chan error, 1)
	go func() { failed <- server.serve(l) }()
	select {
	case err := <-failed:
		return fmt.Errorf("the server stopped: %w", err)
	case <-ctx.Done():
	}
	stop() // a second Ctrl-C ends the process at once
	log.Info("stopping")
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownLimit)
	defer cancel()
	if err := server.shutdown(limit); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}

func logReload(log *slog.Logger, r config.Result) {
	if r.Err == nil {
		log.Info("reloaded", "revision", r.Revision.String(), "changes", clip(r.Diff.String()))
		for _, w := range r.Warnings {
			log.Warn("configuration", "warning", w.String())
		}
		return
	}
	for e := range config.Errors(r.Err) {
		log.Error("not reloaded: the old policy stays in force", "revision", r.Revision.String(), "fault", e.Error())
	}
}
