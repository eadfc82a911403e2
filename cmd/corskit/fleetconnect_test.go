package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/client/pkg/v3/transport"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
)

// Variables set what flags do not. A misspelled one is an error.
func TestFleetVariables(t *testing.T) {
	t.Parallel()
	const nobody = "CORSKIT_FLEET_ENDPOINTS=http://127.0.0.1:1"
	for _, tt := range []struct {
		env  []string
		args []string
		want string
	}{
		{[]string{nobody, "CORSKIT_FLEET_TIMEOUT=50ms"}, nil, "etcd at http://127.0.0.1:1 cannot be asked: "},
		{[]string{nobody, "CORSKIT_FLEET_TIMEOUT=50ms"}, []string{"--endpoints", "http://127.0.0.1:2"},
			"etcd at http://127.0.0.1:2 cannot be asked: "},
		{[]string{nobody, "CORSKIT_FLEET_TIMEOUT=50ms", "CORSKIT_FLEET_USER=a:b"}, nil, "set --endpoints or CORSKIT_FLEET_ENDPOINTS"},
		{nil, []string{"--endpoints", "http://192.0.2.1:1", "--user", "a:b", "--timeout", "50ms"},
			"warning: the password goes to etcd unencrypted"},
		{[]string{"CORSKIT_FLEET_ENDPOINT=x"}, nil,
			"unknown environment variable CORSKIT_FLEET_ENDPOINT; the known ones are CORSKIT_FLEET_AUTHOR, "},
		{[]string{"CORSKIT_FLEET_endpoints=x"}, nil, "unknown environment variable CORSKIT_FLEET_endpoints"},
		{[]string{"CORSKIT_FLEET_\x1b[31m=x"}, nil, `unknown environment variable "CORSKIT_FLEET_\x1b[31m"`},
		{[]string{"CORSKIT_FLEET_PUBLIC_KEYS="}, nil, "CORSKIT_FLEET_PUBLIC_KEYS is set, but empty: unset it"},
		{[]string{"CORSKIT_FLEET_TIMEOUT=soon"}, nil, `CORSKIT_FLEET_TIMEOUT is "soon": `},
		{[]string{"CORSKIT_FLEET_SIGNING_KEY=/nowhere/fleet.key"}, nil, "--signing-key: open /nowhere/fleet.key"},
		{[]string{"CORSKIT_FLEET_PREFIX=a b"}, nil, `Prefix "a b": `},
		{[]string{"CORSKIT_FLEET_CACERT=/nowhere/ca.pem", "CORSKIT_FLEET_ENDPOINTS=https://127.0.0.1:1"}, nil,
			"--cacert: open /nowhere/ca.pem"},
	} {
		r := corskitWith(t, t.TempDir(), tt.env, append([]string{"fleet", "status"}, tt.args...)...)
		if r.code != exitFail || r.stdout != "" || !strings.Contains(r.stderr, tt.want) {
			t.Errorf("%q %q: %+v, want %q", tt.env, tt.args, r, tt.want)
		}
	}
}

// What replicas and others have written to etcd reaches a terminal only quoted.
func TestFleetNothingRaw(t *testing.T) {
	t.Parallel()
	noSignals(t)
	o, endpoint := devOperators(t)
	o.write("cors.yaml", "https://a.example")
	o.run(exitYes, "push", "--yes")
	evil := "\x1b[31mevil\x07\u009b2J\x7f\u202e"
	status, err := json.Marshal(map[string]any{
		"instance": "one", "version": evil, "state": evil, "head": 1, "wanted": 1, "labels": map[string]string{"a": "b"},
		"active": map[string]any{"revision": 1, "manifest": evil, "source": evil}, "fault": map[string]any{"reason": evil,
			"text": evil + strings.Repeat("x", 3000)},
		"cache": map[string]any{"reason": evil, "text": evil},
	})
	if err != nil {
		t.Fatal(err)
	}
	client := connectTo(t, endpoint)
	put := func(key, value string) {
		if _, err := client.Put(t.Context(), "/corskit/"+key, value); err != nil {
			t.Fatal(err)
		}
	}
	put("status/one", string(status))
	put("status/"+evil, "{}")
	put("status/"+strings.Repeat("y", 5000), evil)
	put("history/00000000000000000009", evil)
	check := func(args ...string) {
		t.Helper()
		r := corskitWith(t, o.dir, o.env, append([]string{"fleet"}, args...)...)
		if strings.ContainsAny(r.stdout+r.stderr, "\x1b\x07\u009b\x7f\u202e") {
			t.Errorf("corskit fleet %q prints raw bytes: %q", args, r.stdout+r.stderr)
		}
		if n := len(r.stdout) + len(r.stderr); n == 0 || n > 16<<10 {
			t.Errorf("corskit fleet %q prints %d bytes", args, n)
		}
	}
	for range 2 {
		check("status")
		check("status", "--format", "json")
		check("history")
		check("history", "--format", "json")
		check("rollback")
		check("push")
		put("head", `{"payload":"`+evil+`"}`)
	}
}

// TLS with client certificates, and users with passwords.
func TestFleetSecureEtcd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	authority := newAuthority(t, dir)
	server, client := authority.issue("server"), authority.issue("client")
	endpoint := secureEtcd(t, authority.file, server)
	o := newOperators(t, endpoint, "CORSKIT_FLEET_TIMEOUT=30s")
	o.write("cors.yaml", "https://a.example")
	secure := []string{"--cacert", authority.file, "--cert", client + ".pem", "--key", client + ".key"}
	with := func(args ...string) []string { return append(args, secure...) }

	contains(t, "a push over TLS", o.run(exitYes, with("push", "--yes", "--user", "root:secret")...).stdout, "pushed revision 1")
	contains(t, "the password apart", o.run(exitYes, with("status", "--user", "root", "--password", "secret")...).stdout, "revision 1")
	short := []string{"--timeout", "2s"}
	contains(t, "a wrong password", o.run(exitFail, append(with("status", "--user", "root:wrong"), short...)...).stderr,
		"authentication failed")
	contains(t, "a user without a role", o.run(exitFail, append(with("status", "--user", "guest:guest"), short...)...).stderr,
		"corskit fleet roles")
	contains(t, "no client certificate", o.run(exitFail, "status", "--cacert", authority.file, "--timeout", "1s").stderr, "cannot be asked")
	contains(t, "an unknown authority", o.run(exitFail, "status", "--timeout", "1s").stderr, "cannot be asked")
	contains(t, "no CA in the file", o.run(exitFail, "status", "--cacert", client+".key").stderr, "has no certificate in PEM")
}

// secureEtcd runs an etcd with TLS, which wants client certificates, and users.
func secureEtcd(t *testing.T, ca, server string) (endpoint string) {
	t.Helper()
	anywhere := url.URL{Scheme: "https", Host: "127.0.0.1:0"}
	cfg := embed.NewConfig()
	cfg.Dir, cfg.Name = filepath.Join(t.TempDir(), "data"), "one"
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = nil, []url.URL{{Scheme: "http", Host: "127.0.0.1:1"}}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{anywhere}, []url.URL{anywhere}
	cfg.ClientTLSInfo = transport.TLSInfo{
		CertFile: server + ".pem", KeyFile: server + ".key", ClientCertFile: server + ".pem", ClientKeyFile: server + ".key",
		TrustedCAFile: ca, ClientCertAuth: true,
	}
	cfg.BcryptCost = 4 // the cheapest
	cfg.ZapLoggerBuilder = embed.NewZapLoggerBuilder(zap.NewNop())
	etcd, err := embed.StartEtcd(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		etcd.Server.HardStop()
		etcd.Close()
	})
	select {
	case <-etcd.Server.ReadyNotify():
	case <-time.After(limit):
		t.Fatalf("etcd is not ready after %v", limit)
	}
	endpoint = "https://" + etcd.Clients[0].Addr().String()
	tls, err := cfg.ClientTLSInfo.ClientConfig()
	if err != nil {
		t.Fatal(err)
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, TLS: tls, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for _, user := range [][2]string{{"root", "secret"}, {"guest", "guest"}} {
		if _, err := client.UserAdd(t.Context(), user[0], user[1]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.UserGrantRole(t.Context(), "root", "root"); err != nil {
		t.Fatal(err)
	}
	if _, err := client.AuthEnable(t.Context()); err != nil {
		t.Fatal(err)
	}
	return endpoint
}

// authority issues certificates into files.
type authority struct {
	t    *testing.T
	dir  string
	file string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	last int64
}

func newAuthority(t *testing.T, dir string) *authority {
	t.Helper()
	a := &authority{t: t, dir: dir, file: filepath.Join(dir, "ca.pem")}
	a.issue("ca")
	return a
}

// issue writes NAME.pem and NAME.key, and returns the path without the extension.
func (a *authority) issue(name string) string {
	a.t.Helper()
	a.last++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(a.last), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	if a.cert == nil {
		template.IsCA, template.KeyUsage = true, x509.KeyUsageCertSign
		a.cert, a.key = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		a.t.Fatal(err)
	}
	write(a.t, a.dir, name+".pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	write(a.t, a.dir, name+".key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	return filepath.Join(a.dir, name)
}
