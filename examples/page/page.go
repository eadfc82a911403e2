// Package page has the code that the examples with a page of their own share. It serves an API
// on one port, and on another port, which is another origin, a page that uses the API.
package page

import (
	"context"
	_ "embed" // page.html and page.js
	"errors"
	"flag"
	"fmt"
	"html/template"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"time"
)

// Server serves the API until Shutdown is called. [http.Server] implements it.
type Server interface {
	Serve(net.Listener) error
	Shutdown(context.Context) error
}

// Example is an API and the page that uses it.
type Example struct {
	Title string
	// Intro says what the page shows.
	Intro string
	// Script is the page's JavaScript. It finds the URL of the API in api, and calls
	// step for each button: see page.js.
	Script string
	// API returns the API for pages of an origin.
	API func(origin string) (Server, error)
	// Page, if set, returns the handler that serves the page, instead of one with Script.
	Page func(api string) http.Handler
}

// Grace is how long a stopping server waits for pending requests.
const Grace = 5 * time.Second

// Main parses the flags -page and -api and runs the example until Ctrl-C.
func Main(e Example) {
	page := flag.String("page", "127.0.0.1:3000", "`address` of the page")
	api := flag.String("api", "127.0.0.1:8080", "`address` of the API")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := e.run(ctx, os.Stdout, *page, *api); err != nil {
		log.Fatal(err)
	}
}

func (e Example) run(ctx context.Context, out io.Writer, page, api string) error {
	pages, err := Listen(page, "-page")
	if err != nil {
		return err
	}
	defer pages.Close()
	listener, err := Listen(api, "-api")
	if err != nil {
		return err
	}
	defer listener.Close()
	server, err := e.API(Origin(pages))
	if err != nil {
		return err
	}
	go func() {
		if err := http.Serve(pages, e.Handler(Origin(listener))); !errors.Is(err, net.ErrClosed) {
			log.Print(err)
		}
	}()
	fmt.Fprintf(out, "page: %s\napi:  %s\nOpen the page; Ctrl-C stops both.\n", Origin(pages), Origin(listener))
	return Serve(ctx, server, listener)
}

// Serve serves listener until ctx is done. Then it waits for pending requests, and returns
// nil.
func Serve(ctx context.Context, server Server, listener net.Listener) error {
	stopped := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		pending, cancel := context.WithTimeout(context.Background(), Grace)
		defer cancel()
		stopped <- server.Shutdown(pending)
	})
	if err := server.Serve(listener); err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-stopped
}

// Listen listens on the address that a flag has. The error names the flag.
func Listen(address, flag string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("%w (choose another address with %s)", err, flag)
	}
	return listener, nil
}

// Origin returns the origin of a listener on this machine, with the name localhost, which people
// type. The address 127.0.0.1 is another origin.
func Origin(l net.Listener) string {
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return "http://" + l.Addr().String()
	}
	return "http://localhost:" + port
}

// NewServer returns a server for a handler, with a limit for slow clients.
func NewServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
}

var (
	//go:embed page.html
	layout string
	//go:embed page.js
	shared string

	tmpl = template.Must(template.New("page").Parse(layout))
)

// Handler returns a handler that serves the page. The API is at the URL api.
func (e Example) Handler(api string) http.Handler {
	if e.Page != nil {
		return e.Page(api)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		err := tmpl.Execute(w, map[string]any{
			"Title": e.Title, "Intro": e.Intro, "API": api, "Shared": template.JS(shared), "Script": template.JS(e.Script),
		})
		if err != nil {
			log.Print(err)
		}
	})
}
