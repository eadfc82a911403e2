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

// ErrUnsupported says that a [Mount] cannot express a [Setup]. Wrap it with the reason,
// as in fmt.Errorf("%w: no per-route policies", ErrUnsupported). The cases of that setup
// are then reported as unsupported, never as passed.
var ErrUnsupported = errors.New("conformance: unsupported")

// Protocol is how the suite talks to a server.
type Protocol string

// The protocols of a [Setup].
const (
	HTTP1 Protocol = ""    // HTTP/1.1
	H2C   Protocol = "h2c" // HTTP/2 without TLS, with prior knowledge; HTTP/1.1 still works
	H2    Protocol = "h2"  // HTTP/2 over TLS, with any certificate
)

// Setup describes the server that a [Mount] starts: policies, the application behind
// them, and how the two are combined.
type Setup struct {
	// Policies configure the middleware. The first whose origins match governs.
	Policies []core.Policy
	// Routes, if not empty, has policies per route, and Policies is not used.
	Routes []core.Route
	App    App

	// Twice applies the middleware twice, as happens if both a router and one of
	// its groups use it.
	Twice bool
	// KeepVary turns on the library's option, if any, that keeps Vary if a
	// handler overwrites it.
	KeepVary bool
	// Group, if not empty, is the path of a route group, and the middleware is
	// applied only to that group. The paths of App's endpoints include it.
	Group string

	// RecoverOutside puts the framework's recovery from panics, which answers
	// 500, outside the middleware. For net/http, [Serve] does this.
	RecoverOutside bool
	// OuterVary, if not empty, is added to the Vary of every response by another
	// middleware, outside the one under test. [Serve] does this.
	OuterVary string

	// Protocol defaults to HTTP/1.1.
	Protocol Protocol
	// MaxHeaderBytes is the size of the header section that the server must
	// accept; zero means the server's default.
	MaxHeaderBytes int
	// AsteriskTarget means that the case sends OPTIONS *, which net/http answers
	// itself. Mounts of frameworks with their own server return [ErrUnsupported].
	AsteriskTarget bool

	// Log receives what the server, the framework and the middleware log by
	// default. The suite never passes a nil Log to a Mount.
	Log io.Writer
}

// Engine compiles the setup's policies or routes with package core.
func (s Setup) Engine() (*core.Engine, error) {
	if len(s.Routes) > 0 {
		return core.NewRouted(s.Routes...)
	}
	return core.New(s.Policies...)
}

// Mount starts a server on a free loopback port: the middleware under test,
// configured as the [Setup] says, around the setup's App. It returns an error if the
// library refuses the policies, as some cases expect, and one that wraps [ErrUnsupported]
// if the library cannot express the setup. The suite calls it concurrently, once per
// distinct setup.
type Mount func(Setup) (*Server, error)

// Server is a running server.
type Server struct {
	URL   string // such as "http://127.0.0.1:4711", without a trailing slash
	Close func() // stops the server and waits for it; may be nil

	// Unsupported maps behaviours that the framework cannot express to the
	// reason. Cases that need one of them are reported as unsupported.
	Unsupported map[Behaviour]string
}

// NetHTTP returns the [Mount] of a net/http middleware. The function returns the
// middleware for a setup, or an error if it refuses the policies. It must apply Policies,
// Routes and KeepVary; NetHTTP applies the other fields.
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

// Serve serves a handler on loopback with the setup's protocol, limits and log.
// It adds the middleware that the setup requires outside the one under test.
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

// recoverer answers 500 if a handler panics.
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

// selfSigned returns a certificate that the suite's client accepts.
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
