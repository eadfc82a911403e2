package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/cmd/corskit/internal/demo"
	"github.com/corskit/corskit/core"
)

func newDemo() *cobra.Command {
	var d demonstration
	names := frameworkNames()
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "See CORS at work in your own browser",
		Long: `demo opens a page that shows CORS at work: an API under a policy, and pages on three
origins that call it. One origin is listed in the policy, a pattern allows another, and
the third is refused. For each request the page tells what the script did, what the
browser sent, what the server answered and why, and what the script saw.

Edit the policy, on the page or in its file: the verdicts follow within a second. If
the policy has faults, the page shows them and the old policy stays in force. With
--config FILE, the page edits your file: it writes what you type there. Otherwise the
policy is in a temporary file, which demo removes at the end. CORS_* variables have no
effect.

demo listens on three loopback ports: for its own page, for the API, and for the pages
that call the API. Ctrl-C stops it.`,
		Example: `  corskit demo
  corskit demo --framework gin
  corskit demo --config cors.yaml --port 4100 --no-open`,
		Args: exactly(0),
		RunE: d.run,
	}
	cmd.Flags().StringVarP(&d.framework, "framework", "f", "nethttp", "the adapter: "+list(names))
	cmd.Flags().StringVar(&d.file, "config", "", "the file with the policy, which the page edits")
	cmd.Flags().IntVar(&d.port, "port", 0, "the first of three ports; 0 picks free ones")
	cmd.Flags().BoolVar(&d.noOpen, "no-open", false, "do not open a browser")
	complete(cmd, "framework", names...)
	if err := cmd.MarkFlagFilename("config", "yaml", "yml", "json", "toml"); err != nil {
		panic(err) // the program does not define the flag
	}
	return cmd
}

type demonstration struct {
	framework string
	file      string
	port      int
	noOpen    bool
}

// lastFirstPort leaves room for the two ports after the first.
const lastFirstPort = 65533

func (d *demonstration) run(cmd *cobra.Command, _ []string) error {
	if err := oneOf("framework", d.framework, frameworkNames()...); err != nil {
		return err
	}
	if d.port < 0 || d.port > lastFirstPort {
		return usagef("--port is %d, not 0 to %d", d.port, lastFirstPort)
	}
	if cmd.Flags().Changed("config") {
		plain := source{noEnv: true}
		if _, err := plain.read(cmd, d.file); err != nil {
			return err
		}
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	shown, err := demo.New(demo.Options{
		Framework: d.framework, File: d.file, Port: d.port, Replace: replaceFile,
		Log: slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil)),
		Mount: func(engine *core.Engine, api http.Handler) demo.Server {
			s := frameworks[d.framework](&tryout{framework: d.framework, engine: engine, app: api, log: slog.New(slog.DiscardHandler)})
			return demo.Server{Serve: s.serve, Shutdown: s.shutdown}
		},
	})
	if err != nil {
		return d.portTaken(err)
	}
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the process at once
	err = shown.Run(ctx, func() { d.announce(cmd, shown) })
	if shown.Discarded {
		out(cmd).printf("Removed the temporary policy file, with your edits: %s. --config keeps them.\n", safe(shown.File))
	}
	return err
}

// portTaken adds what to do if a port is taken.
func (d *demonstration) portTaken(err error) error {
	var taken *net.OpError
	if d.port != 0 && errors.As(err, &taken) {
		return usagef("%w; name another port, or find free ones: --port 0", err)
	}
	return err
}

// announce prints the addresses and the policy file, and opens the page.
func (d *demonstration) announce(cmd *cobra.Command, shown *demo.Demo) {
	t := out(cmd)
	file := shown.File
	if d.file == "" {
		file += " (temporary; --config edits a file of yours)"
	} else if absolute, err := filepath.Abs(file); err == nil {
		file = absolute + " (the page writes what you type there to it)"
	}
	t.printf("The demo runs with the adapter of %s.\n\n", d.framework)
	t.printf("  page       %s\n  inspector  %s\n  policy     %s\n", t.style(bold, shown.URL), shown.Inspector, safe(file))
	t.printf("  API        %s\n\n", shown.API)
	t.printf("Without a browser: curl -i -H 'Origin: %s' %s/items/1\n", shown.Page, shown.API)
	switch err := d.open(shown.URL); {
	case d.noOpen:
		t.printf("Open the page in a browser. Ctrl-C stops the demo.\n")
	case errors.Is(err, demo.ErrNoDesktop):
		t.printf("No desktop was found: open the page in a browser on this machine. Ctrl-C stops the demo.\n")
	case err != nil:
		t.printf("The browser did not start (%s): open the page yourself. Ctrl-C stops the demo.\n", safe(err.Error()))
	default:
		t.printf("Your browser opens the page. Ctrl-C stops the demo.\n")
	}
}

func (d *demonstration) open(url string) error {
	if d.noOpen {
		return nil
	}
	return demo.Open(url)
}
