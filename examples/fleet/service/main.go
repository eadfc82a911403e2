// Command service is one replica of a fleet. deploy/ runs it in containers. It gets its CORS
// policy from etcd, keeps a verified copy on disk, and reports which policy it has in force.
package main

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"log"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/examples/fleet/services"
	"github.com/corskit/corskit/fleet"
)

// settings are the values of the flags.
type settings struct {
	listen, framework, name      string
	endpoints, ca, cert, key     string
	prefix, cache, keys, profile string
}

func main() {
	var s settings
	flag.StringVar(&s.listen, "listen", "127.0.0.1:8080", "`address` to listen on")
	flag.StringVar(&s.framework, "framework", "gin", "gin, echo or fiber")
	flag.StringVar(&s.name, "service", "orders", "`name` of the service, a label of its replicas")
	flag.StringVar(&s.endpoints, "endpoints", "http://127.0.0.1:2379", "`addresses` of etcd, separated by commas")
	flag.StringVar(&s.ca, "ca", "", "`file` with the CA of etcd")
	flag.StringVar(&s.cert, "cert", "", "`file` with the client certificate, whose common name is the user of etcd")
	flag.StringVar(&s.key, "key", "", "`file` with the key of the client certificate")
	flag.StringVar(&s.prefix, "prefix", fleet.DefaultPrefix, "`prefix` of the fleet's keys in etcd")
	flag.StringVar(&s.cache, "cache", "", "`directory` for the copy of the policy")
	flag.StringVar(&s.keys, "public-keys", "", "`file` with the keys that may sign policies")
	flag.StringVar(&s.profile, "profile", "", "`name` of the profile, such as prod")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := s.run(ctx); err != nil {
		log.Fatal(err)
	}
}

// run serves until ctx is done.
func (s *settings) run(ctx context.Context) error {
	logger := slog.New(slog.NewJSONHandler(os.Stdout, nil))
	keys, err := s.publicKeys()
	if err != nil {
		return err
	}
	opts := fleet.Options{
		Prefix: s.prefix, Instance: os.Getenv("INSTANCE"), Labels: map[string]string{"service": s.name},
		CacheDir: s.cache, Keys: keys, Logger: logger, Connect: s.connect,
	}
	opts.Config.Profile = s.profile
	replica, err := fleet.Join(ctx, nil, opts)
	if err != nil {
		return err
	}
	defer func() {
		limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = replica.Close(limit)
	}()
	l, err := net.Listen("tcp", s.listen)
	if err != nil {
		return err
	}
	logger.Info("serving", "address", l.Addr().String(), "framework", s.framework)
	return services.Serve(ctx, l, s.framework, replica)
}

// connect creates the client. The replica calls it until it succeeds, so the service also starts
// without etcd.
func (s *settings) connect(context.Context) (*clientv3.Client, error) {
	cfg := fleet.ClientConfig(strings.Split(s.endpoints, ",")...)
	cfg.Username, cfg.Password = os.Getenv("ETCD_USER"), os.Getenv("ETCD_PASSWORD")
	if s.ca != "" {
		text, err := os.ReadFile(s.ca)
		if err != nil {
			return nil, err
		}
		cfg.TLS = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
		if !cfg.TLS.RootCAs.AppendCertsFromPEM(text) {
			return nil, errors.New(s.ca + " has no certificate")
		}
		if s.cert != "" {
			// Read the files at each handshake, because certificates are renewed while the service runs.
			cfg.TLS.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				pair, err := tls.LoadX509KeyPair(s.cert, s.key)
				return &pair, err
			}
		}
	}
	return clientv3.New(cfg)
}

func (s *settings) publicKeys() ([]ed25519.PublicKey, error) {
	if s.keys == "" {
		return nil, nil
	}
	text, err := os.ReadFile(s.keys)
	if err != nil {
		return nil, err
	}
	return fleet.ParsePublicKeys(text)
}
