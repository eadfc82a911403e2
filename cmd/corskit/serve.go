package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
	"github.com/corskit/corskit/observe"
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

With --inspect, a second server shows the inspector: a page with the policies in
force, the requests that were refused, and what to change in the file to allow them.
It answers at localhost, loopback addresses and each --inspect-host.

The server echoes what it receives, cookies included: keep it on loopback.`,
		Example: `  corskit serve cors.yaml
  corskit serve cors.yaml --framework fiberv3 --listen 127.0.0.1:9000 --watch
  corskit serve cors.yaml --watch --inspect 127.0.0.1:6060
  curl -i -H 'Origin: https://app.example.com' http://127.0.0.1:8080/items`,
		Args:              between(0, 1),
		ValidArgsFunction: completeFiles,
		RunE:              s.run,
	}
	s.source.flags(cmd)
	cmd.Flags().StringVarP(&s.framework, "framework", "f", "nethttp", "the adapter: "+list(names))
	cmd.Flags().StringVarP(&s.listen, "listen", "l", "127.0.0.1:8080", "the address to listen on; port 0 picks a free port")
	cmd.Flags().BoolVarP(&s.watch, "watch", "w", false, "reload the policy when the file changes")
	cmd.Flags().StringVar(&s.inspect, "inspect", "", "the address of the inspector; port 0 picks a free port")
	cmd.Flags().StringArrayVar(&s.inspectHosts, "inspect-host", nil, "a host name that the inspector answers to; may be repeated")
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

	inspect      string
	inspectHosts []string
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
	engine, status := c.Engine(), c.ConfigStatus
	if s.watch {
		w, err := s.follow(ctx, cmd, files[0], log)
		if err != nil {
			return err
		}
		defer w.Close()
		engine, status = w.Engine(), w.ConfigStatus
	} else {
		for _, w := range c.Warnings {
			log.Warn("configuration", "warning", w.String())
		}
	}
	l, err := net.Listen("tcp", s.listen)
	if err != nil {
		return err
	}
	if s.inspect != "" {
		inspector, err := s.startInspector(ctx, engine, status, log)
		if err != nil {
			_ = l.Close()
			return err
		}
		defer inspector.Close()
	}
	log.Info("serving", "framework", s.framework, "url", "http://"+l.Addr().String(), "revision", c.Revision.String())
	if reachable(l) {
		log.Warn("this server echoes what it receives, cookies included, and other machines can reach it")
	}
	server := frameworks[s.framework](&tryout{framework: s.framework, engine: engine, log: log})
	return serveUntil(ctx, stop, server, l, log)
}

// follow watches the file.
func (s *serve) follow(ctx context.Context, cmd *cobra.Command, file string, log *slog.Logger) (*config.Watcher, error) {
	opts, _ := s.source.options(cmd)
	opts.Progress = nil
	opts.Logger = log
	return config.Watch(ctx, file, opts)
}

// reachable reports whether other machines may reach a listener.
func reachable(l net.Listener) bool {
	host, _, err := net.SplitHostPort(l.Addr().String())
	return err == nil && !isLoopback(host)
}

// startInspector serves the inspector until ctx is done or the result is closed.
func (s *serve) startInspector(
	ctx context.Context, engine *core.Engine, status func() observe.ConfigStatus, log *slog.Logger,
) (io.Closer, error) {
	l, err := net.Listen("tcp", s.inspect)
	if err != nil {
		return nil, err
	}
	log.Info("inspecting", "url", "http://"+l.Addr().String()+"/")
	if reachable(l) {
		log.Warn("other machines can reach the inspector, which shows what clients have sent")
	}
	server := &http.Server{
		Handler: observe.Handler(engine, observe.HandlerOptions{
			Hosts: s.inspectHosts, Config: status, Spell: config.KeyOf,
		}),
		ReadHeaderTimeout: readLimit, IdleTimeout: idleLimit, MaxHeaderBytes: maxHead,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	go func() {
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			log.Error("the inspector stopped", "err", err)
		}
	}()
	return server, nil
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
