package fleet

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// Types of PEM blocks.
const (
	privateBlock = "PRIVATE KEY" // PKCS #8
	publicBlock  = "PUBLIC KEY"  // PKIX
)

// GenerateKey returns a new pair of Ed25519 keys in PEM. The private key, in PKCS #8,
// signs heads; with the public key, in PKIX, replicas verify them. OpenSSL and other
// tools read both.
func GenerateKey() (private, public []byte, err error) {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	privateDER, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		return nil, nil, err
	}
	publicDER, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, nil, err
	}
	block := func(name string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: name, Bytes: der}) }
	return block(privateBlock, privateDER), block(publicBlock, publicDER), nil
}

// ParsePrivateKey reads the private key that [GenerateKey] returned. The error contains
// no part of the key.
func ParsePrivateKey(text []byte) (ed25519.PrivateKey, error) {
	block, rest := pem.Decode(text)
	switch {
	case block == nil:
		return nil, errors.New("not a private key: no PEM block; give the file that corskit fleet keygen wrote")
	case block.Type == publicBlock:
		return nil, errors.New("a public key, but signing needs the private key; give the other file")
	case block.Type != privateBlock:
		return nil, fmt.Errorf("a PEM block %s, not %q; give an Ed25519 key in PKCS #8, without a password",
			quote(block.Type), privateBlock)
	case len(bytes.TrimSpace(rest)) > 0:
		return nil, errors.New("there is something after the private key; give a file with one key")
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("the private key is damaged; create one with corskit fleet keygen")
	}
	private, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, errors.New("a private key that is not an Ed25519 key; create one with corskit fleet keygen")
	}
	return private, nil
}

// ParsePublicKeys reads one or more public keys as [GenerateKey] returned them, one PEM
// block after the other. During a rotation of keys, a file with two keys makes replicas
// trust both.
func ParsePublicKeys(text []byte) ([]ed25519.PublicKey, error) {
	var keys []ed25519.PublicKey
	for rest := text; len(bytes.TrimSpace(rest)) > 0; {
		block, after := pem.Decode(rest)
		switch {
		case block == nil:
			return nil, errors.New("not a public key: no PEM block; give the file that corskit fleet keygen wrote")
		case block.Type == privateBlock:
			return nil, errors.New("a private key, which must not be on a replica; give the public key")
		case block.Type != publicBlock:
			return nil, fmt.Errorf("a PEM block %s, not %q; give an Ed25519 key in PKIX", quote(block.Type), publicBlock)
		}
		key, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, errors.New("the public key is damaged; copy the file again")
		}
		public, ok := key.(ed25519.PublicKey)
		if !ok {
			return nil, errors.New("a public key that is not an Ed25519 key; create one with corskit fleet keygen")
		}
		keys = append(keys, public)
		rest = after
	}
	if len(keys) == 0 {
		return nil, errors.New("no public key: the text is empty; give the file that corskit fleet keygen wrote")
	}
	return keys, nil
}
