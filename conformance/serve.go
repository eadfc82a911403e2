package conformance

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/corskit/corskit/core"
)

// ErrUnsupported says that a [Mount] cannot express a [Setup]: wrap it with
// the reason, fmt.Errorf("%w: no per-route policies", ErrUnsupported). The
// cases of that setup are then reported as unsupported, never as passed.
var ErrUnsupported = errors.New("conformance: unsupported")

// Protocol is how the suite talks to a server.
type Protocol string

// The protocols of a [Setup].
const (
	HTTP1 Protocol = ""    // HTTP/1.1
	H2C   Protocol = "h2c" // HTTP/2 without TLS, with prior knowledge; HTTP/1.1 still works
	H2    Protocol = "h2"  // HTTP/2 over TLS; any certificate will do
)

// Setup says what a [Mount] starts: policies, the application behind them, and
// how the two are put together.
type Setup struct {
	// Policies are the middleware's, in order: the first whose origins match governs.
	Policies []core.Policy
	// Routes, when not empty, replace Policies by policies per route.
	Routes []core.Route
	App    App

	// Twice applies the middleware twice, as happens when a router and one of
	// its groups both do.
	Twice bool
	// KeepVary turns on the option, if the library has one, by which Vary
	// survives a handler that overwrites it.
	KeepVary bool
	// Group, when not empty, is the path of a route group: the middleware is
	// applied to that group alone. The paths of App's endpoints include it.
	Group string

	// RecoverOutside puts the framework's recovery from panics, which answers
	// 500, outside of the middleware. [Serve] does so with net/http.
	RecoverOutside bool
	// OuterVary, when not empty, is added to the Vary of every response by
	// another middleware outside of the one under test. [Serve] does so.
	OuterVary string

	// Protocol is HTTP/1.1 unless it says otherwise.
	Protocol Protocol
	// MaxHeaderBytes is how large a request's header section may be; zero means
	// the server's default. Framework servers with a limit raise it to this.
	MaxHeaderBytes int
	// AsteriskTarget: the case sends OPTIONS *, which net/http answers itself.
	// Frameworks with a server of their own return [ErrUnsupported].
	AsteriskTarget bool

	// Log is where the server, the framework and the middleware log what they
	// log by default. Never nil in a Setup that the suite hands to a Mount.
	Log io.Writer
}

// Engine compiles the setup's policies or routes with package core.
func (s Setup) Engine() (*core.Engine, error) {
	if len(s.Routes) > 0 {
		return core.NewRouted(s.Routes...)
	}
	return core.New(s.Policies...)
}

// Mount starts a server on a loopback port that the kernel chose: the
// middleware under test, configured as the [Setup] says, around its App.
// It returns an error for policies that the library refuses, which some cases
// expect, and one that wraps [ErrUnsupported] for what it cannot express.
// The suite calls it concurrently, once for each distinct setup.
type Mount func(Setup) (*Server, error)

// Server is a running server.
type Server struct {
	URL   string // e.g. "http://127.0.0.1:4711", without a final slash
	Close func() // stops the server and waits for it; may be nil

	// Unsupported names behaviours that the framework cannot express, each
	// with the reason. Cases that need one are reported as unsupported.
	Unsupported map[Behaviour]string
}

// NetHTTP makes a [Mount] of a net/http middleware. The function is given the
// setup and returns the middleware or the error that refuses the setup's
// policies. It looks at Policies, Routes and KeepVary; what else a setup asks
// for is done here.
func NetHTTP(middleware func(Setup) (func(http.Handler) http.Handler, error)) Mount {
	return func(s Setup) (*Server, error) {
		wrap, err := middleware(s)
		if err != nil {
			return nil, err
		}
		handler := wrap(Handler(s.App))
		if s.Twice {
			handler = wrap(handler)
		}
		if s.Group != "" {
			mux := http.NewServeMux()
			mux.Handle(s.Group+"/", handler)
			handler = mux
		}
		return Serve(handler, s)
	}
}

// Serve serves a handler on loopback with the setup's protocol, limits and log,
// wrapped in what the setup asks for outside of the middleware.
func Serve(handler http.Handler, s Setup) (*Server, error) {
	if s.RecoverOutside {
		handler = recoverer(handler)
	}
	if s.OuterVary != "" {
		handler = outerVary(handler, s.OuterVary)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("conformance: %w", err)
	}
	logTo := s.Log
	if logTo == nil {
		logTo = io.Discard
	}
	server := &http.Server{
		Handler:           handler,
		MaxHeaderBytes:    s.MaxHeaderBytes,
		ReadHeaderTimeout: 30 * time.Second,
		ErrorLog:          log.New(logTo, "", 0),
		Protocols:         new(http.Protocols),
	}
	server.Protocols.SetHTTP1(true)
	scheme := "http"
	switch s.Protocol {
	case H2C:
		server.Protocols.SetUnencryptedHTTP2(true)
	case H2:
		server.Protocols.SetHTTP2(true)
		certificate, err := selfSigned()
		if err != nil {
			_ = listener.Close()
			return nil, err
		}
		server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{certificate}}
		scheme = "https"
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if s.Protocol == H2 {
			_ = server.ServeTLS(listener, "", "")
		} else {
			_ = server.Serve(listener)
		}
	}()
	stop := func() {
		ctx, cancel := context.WithTimeout(context.Background(), 2*pauseLimit)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			_ = server.Close()
		}
		<-done
	}
	return &Server{URL: scheme + "://" + listener.Addr().String(), Close: sync.OnceFunc(stop)}, nil
}

// recoverer answers 500 where a handler panics.
func recoverer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if reason := recover(); reason != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

func outerVary(next http.Handler, names string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", names)
		next.ServeHTTP(w, r)
	})
}

// selfSigned makes a certificate that the suite's own client accepts.
func selfSigned() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("conformance: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("conformance: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}
