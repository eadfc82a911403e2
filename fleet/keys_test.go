package fleet_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/reason"
)

func TestKeys(t *testing.T) {
	private, public, err := fleet.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	_, second, err := fleet.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	key, err := fleet.ParsePrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := fleet.ParsePublicKeys(append(append(public, '\n'), second...))
	if err != nil || len(keys) != 2 {
		t.Fatalf("ParsePublicKeys: %d keys, %v; want 2", len(keys), err)
	}
	data, err := sampleHead().Encode(key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fleet.ParseHead(data, prefix, keys[0]); err != nil {
		t.Errorf("the public key does not verify what the private key signed: %v", err)
	}
	if _, err := fleet.ParseHead(data, prefix, keys[1]); reasonOf(err) != reason.WrongSignature {
		t.Errorf("another key: error %v, want the reason %s", err, reason.WrongSignature)
	}
}

func TestKeysThatAreRefused(t *testing.T) {
	private, public, err := fleet.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := x509.MarshalPKCS8PrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	otherPublic, err := x509.MarshalPKIXPublicKey(&curve.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	block := func(name string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: name, Bytes: der}))
	}
	tests := map[string]struct {
		text            string
		private, public string // part of each error; empty for no error
	}{
		"nothing":            {"", "no PEM block", "empty"},
		"text":               {"ssh-ed25519 AAAA", "no PEM block", "no PEM block"},
		"the private key":    {string(private), "", "must not be on a replica"},
		"the public key":     {string(public), "a public key", ""},
		"another kind":       {block("PRIVATE KEY", other), "not an Ed25519 key", "must not be on a replica"},
		"another public":     {block("PUBLIC KEY", otherPublic), "a public key", "not an Ed25519 key"},
		"damaged":            {block("PRIVATE KEY", []byte("abc")), "damaged", "must not be on a replica"},
		"damaged public":     {block("PUBLIC KEY", []byte("abc")), "a public key", "damaged"},
		"with a password":    {block("ENCRYPTED PRIVATE KEY", other), "without a password", "PKIX"},
		"something after it": {string(private) + "more", "something after", "must not be on a replica"},
	}
	for name, tt := range tests {
		_, err := fleet.ParsePrivateKey([]byte(tt.text))
		if !says(err, tt.private) {
			t.Errorf("%s: ParsePrivateKey: error %v, want one with %q", name, err, tt.private)
		}
		_, err = fleet.ParsePublicKeys([]byte(tt.text))
		if !says(err, tt.public) {
			t.Errorf("%s: ParsePublicKeys: error %v, want one with %q", name, err, tt.public)
		}
	}
}

// says reports whether the text of an error contains part. If part is empty, it reports
// whether err is nil.
func says(err error, part string) bool {
	if part == "" || err == nil {
		return part == "" && err == nil
	}
	return strings.Contains(err.Error(), part)
}
