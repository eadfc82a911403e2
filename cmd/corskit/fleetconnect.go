package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	clientv3 "go.etcd.io/etcd/client/v3"
	"golang.org/x/term"

	"github.com/corskit/corskit/fleet"
)

// clientConfig returns the configuration of the etcd client.
func (c *connection) clientConfig(cmd *cobra.Command) (clientv3.Config, error) {
	cfg := fleet.ClientConfig(c.endpoints...)
	secure, err := c.checkEndpoints()
	if err != nil {
		return cfg, err
	}
	if cfg.TLS, err = c.tls(secure); err != nil {
		return cfg, err
	}
	cfg.Username, cfg.Password, err = c.credentials(cmd)
	if err == nil && cfg.Username != "" && !secure && !c.onLoopback() {
		fmt.Fprintln(cmd.ErrOrStderr(), "warning: the password goes to etcd unencrypted; use https:// in --endpoints")
	}
	return cfg, err
}

// checkEndpoints reports whether the endpoints use TLS. It returns an error if only some do.
func (c *connection) checkEndpoints() (secure bool, err error) {
	const want = "write it like https://etcd.example.com:2379"
	if len(c.endpoints) == 0 {
		return false, usagef("--endpoints is empty: %s", want)
	}
	plain := false
	for _, e := range c.endpoints {
		if !strings.Contains(e, "://") {
			e = "//" + e
		}
		u, err := url.Parse(e)
		if err != nil || u.Host == "" || u.Port() == "" || u.User != nil || strings.Trim(u.Path, "/")+u.RawQuery+u.Fragment != "" {
			return false, usagef("--endpoints has %q, which is not the address of etcd: %s", clip(strings.TrimPrefix(e, "//")), want)
		}
		switch u.Scheme {
		case "https":
			secure = true
		case "http":
			plain = true
		case "":
			secure, plain = secure || c.wantsTLS(), plain || !c.wantsTLS()
		default:
			return false, usagef("--endpoints has %q, whose scheme is not http or https: %s", clip(e), want)
		}
	}
	if secure && plain {
		return false, usagef("--endpoints has addresses with and without TLS: use https:// for all")
	}
	if plain && c.wantsTLS() {
		return false, usagef("--cacert, --cert, --key and --insecure-skip-tls-verify need https:// in --endpoints")
	}
	return secure, nil
}

// onLoopback reports whether all endpoints are on this machine.
func (c *connection) onLoopback() bool {
	return !slices.ContainsFunc(c.endpoints, func(e string) bool {
		_, address, _ := strings.Cut("//"+strings.TrimPrefix(e, "http://"), "//")
		host, _, err := net.SplitHostPort(strings.TrimSuffix(address, "/"))
		return err != nil || !isLoopback(host)
	})
}

func (c *connection) wantsTLS() bool { return c.cacert+c.cert+c.key != "" || c.insecure }

// tls returns the TLS configuration, or nil if the endpoints do not use TLS.
func (c *connection) tls(secure bool) (*tls.Config, error) {
	if !secure {
		return nil, nil
	}
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: c.insecure}
	if c.cacert != "" {
		text, err := readSmall(c.cacert)
		if err != nil {
			return nil, fmt.Errorf("--cacert: %w", err)
		}
		cfg.RootCAs = x509.NewCertPool()
		if !cfg.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("--cacert: %s has no certificate in PEM", safe(c.cacert))
		}
	}
	if (c.cert == "") != (c.key == "") {
		return nil, usagef("--cert and --key belong together: give both or none")
	}
	if c.cert != "" {
		pair, err := tls.LoadX509KeyPair(c.cert, c.key)
		if err != nil {
			return nil, fmt.Errorf("--cert and --key: %w", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg, nil
}

// credentials returns the user and the password. At a terminal, it asks for a missing password.
func (c *connection) credentials(cmd *cobra.Command) (user, password string, err error) {
	user, password, found := strings.Cut(c.user, ":")
	switch {
	case c.user == "" && c.password == "":
		return "", "", nil
	case user == "":
		return "", "", usagef("--password needs --user")
	case found && c.password != "":
		return "", "", usagef("--user and --password both have a password: remove one")
	case found:
		return user, password, nil
	case c.password != "":
		return user, c.password, nil
	}
	stdin, ok := cmd.InOrStdin().(*os.File)
	if !ok || !isTerminal(stdin) {
		return "", "", usagef("--user needs a password: set %sPASSWORD or --password", fleetVariable)
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "password of %s for etcd: ", safe(user))
	typed, err := term.ReadPassword(int(stdin.Fd()))
	fmt.Fprintln(cmd.ErrOrStderr())
	if err != nil {
		return "", "", fmt.Errorf("the password cannot be read: %w", err)
	}
	return user, string(typed), nil
}

// maxKeyFile is the largest file of keys or certificates that is read.
const maxKeyFile = 1 << 20

// readSmall reads a file of keys or certificates.
func readSmall(path string) ([]byte, error) {
	if err := checkName(path); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err == nil && len(text) > maxKeyFile {
		err = errors.New(safe(path) + " is too large for a file of keys")
	}
	return text, err
}
