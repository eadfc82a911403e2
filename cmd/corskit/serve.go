package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/config"
	"github.com/corskit/corskit/core"
)

func newServe() *cobra.Command {
	var s serve
	names := frameworkNames()
	cmd := &cobra.Command{
		Use:   "serve FILE",
		Short: "Try a policy out behind the adapter of a framework",
		Long: `serve runs a server with this policy, behind the adapter of the framework that
is named. It answers any path and method with JSON of what it received, and logs
each decision with its reason. With --watch it follows changes of the file.
Ctrl-C stops it.

The server repeats what it is sent, cookies included: leave it on loopback.`,
		Example: `  corskit serve cors.yaml
  corskit serve cors.yaml --framework fiberv3 --listen 127.0.0.1:9000 --watch
  curl -i -H 'Origin: https://app.example.com' http://127.0.0.1:8080/items`,
		Args:              args(cobra.ExactArgs(1)),
		ValidArgsFunction: completeFiles,
		RunE:              s.run,
	}
	s.source.flags(cmd)
	cmd.Flags().StringVarP(&s.framework, "framework", "f", "nethttp", "the adapter: "+list(names))
	cmd.Flags().StringVarP(&s.listen, "listen", "l", "127.0.0.1:8080", "the address; port 0 takes a free one")
	cmd.Flags().BoolVarP(&s.watch, "watch", "w", false, "reload the policy when the file changes")
	cmd.Flags().StringVar(&s.format, "format", "text", "the log: text or json")
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

// shutdownLimit is how long requests under way may take after Ctrl-C.
const shutdownLimit = 5 * time.Second

func (s *serve) run(cmd *cobra.Command, files []string) error {
	if err := oneOf("format", s.format, "text", "json"); err != nil {
		return err
	}
	if err := oneOf("framework", s.framework, frameworkNames()...); err != nil {
		return err
	}
	c, err := s.source.read(cmd, files[0])
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	var handler slog.Handler = slog.NewTextHandler(cmd.ErrOrStderr(), nil)
	if s.format == "json" {
		handler = slog.NewJSONHandler(cmd.ErrOrStderr(), nil)
	}
	log := slog.New(handler)
	engine := c.Engine()
	for _, w := range c.Warnings {
		log.Warn("configuration", "warning", w.String())
	}
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
	tryout := tryout{framework: s.framework, engine: engine, log: log}
	server := frameworks[s.framework](&tryout)
	url := "http://" + l.Addr().String()
	log.Info("serving", "framework", s.framework, "url", url, "revision", c.Revision.String())
	if host, _, err := net.SplitHostPort(l.Addr().String()); err == nil && !isLoopback(host) {
		log.Warn("this server repeats what it is sent and is open to the network")
	}

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
		log.Error("not reloaded: the policy stays as it was", "revision", r.Revision.String(), "fault", e.Error())
	}
}

// tryout is what all frameworks' servers have in common.
type tryout struct {
	framework string
	engine    *core.Engine
	log       *slog.Logger
}

// Bounds of what the server takes in and repeats, in bytes.
const (
	maxHead = 64 << 10
	maxBody = 1 << 20
	maxEcho = 4 << 10
)

// received is what the server answers.
type received struct {
	Framework string   `json:"framework"`
	Method    string   `json:"method"`
	Target    string   `json:"target"`
	Host      string   `json:"host"`
	Header    []header `json:"header"`
	BodyBytes int      `json:"bodyBytes"`
	Body      string   `json:"body,omitempty"` // the first part
}

type header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// answer completes what was received. The headers may come in any order.
func (t *tryout) answer(r received, body []byte) received {
	r.Framework, r.BodyBytes = t.framework, len(body)
	r.Body = strings.ToValidUTF8(string(body[:min(len(body), maxEcho)]), "\ufffd")
	slices.SortStableFunc(r.Header, func(a, b header) int { return strings.Compare(a.Name, b.Name) })
	return r
}

// decision logs what the engine decides on a request, and why. What the client
// sent is quoted, because a handler of slog may leave a terminal's commands as
// they are, and bounded.
func (t *tryout) decision(ctx context.Context, r core.Request, status int) {
	x := t.engine.Explain(ctx, r)
	attrs := []slog.Attr{
		slog.String("method", safe(r.Method)), slog.String("path", safe(r.Path)), slog.String("kind", x.Decision.Kind.String()),
	}
	if len(r.Origin) > 0 {
		attrs = append(attrs, slog.String("origin", safe(r.Origin[0])))
	}
	attrs = append(attrs, slog.Bool("allowed", x.Decision.Allowed), slog.String("reason", string(x.Decision.Code)))
	if x.Policy != "" {
		attrs = append(attrs, slog.String("policy", x.Policy))
	}
	if x.Pattern != "" {
		attrs = append(attrs, slog.String("pattern", clip(x.Pattern)))
	}
	attrs = append(attrs, slog.Int("status", status), slog.String("browser", x.Browser.Text))
	if x.Hint != "" {
		attrs = append(attrs, slog.String("fix", clip(keys.Replace(x.Hint))))
	}
	t.log.LogAttrs(ctx, slog.LevelInfo, "decision", attrs...)
}
