package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/corskit/corskit/fleet"
)

func newFleetKeygen() *cobra.Command {
	return &cobra.Command{
		Use:   "keygen [NAME]",
		Short: "Create a pair of keys for signatures",
		Long: `keygen writes a private key to NAME.key, which only you can read, and its public key
to NAME.pub. NAME defaults to fleet. Files that exist are not overwritten.

Operators sign with the private key. Replicas that have public keys refuse a policy
that none of these keys has signed, so someone who takes over etcd cannot change the
policy.`,
		Example: `  corskit fleet keygen
  corskit fleet keygen keys/2027`,
		Args: between(0, 1),
		RunE: func(cmd *cobra.Command, list []string) error {
			name := "fleet"
			if len(list) > 0 {
				name = list[0]
			}
			if err := checkName(name); err != nil {
				return &usageError{err}
			}
			return generateKeys(out(cmd), name)
		},
	}
}

// generateKeys writes the files of a new pair of keys.
func generateKeys(t terminal, name string) error {
	private, public := name+".key", name+".pub"
	for _, file := range []string{private, public} {
		if _, err := os.Lstat(file); err == nil {
			return existsAlready(file)
		}
	}
	privateText, publicText, err := fleet.GenerateKey()
	if err != nil {
		return err
	}
	keys, err := fleet.ParsePublicKeys(publicText)
	if err != nil {
		return err
	}
	if err := writeKey(private, privateText, 0o600); err != nil {
		return err
	}
	if err := writeKey(public, publicText, 0o644); err != nil {
		return err
	}
	t.printf("wrote the key %s: %s is private, %s is public\n\n", t.style(bold, fleet.KeyID(keys[0])), safe(private), safe(public))
	t.printf("%s (keep it off the replicas, and do not commit it)\n", t.style(bold, "on the machine that pushes:"))
	t.printf("  export %sSIGNING_KEY=%s\n\n", fleetVariable, safe(absolute(private)))
	t.printf("%s\n", t.style(bold, "if this is the first key of the fleet:"))
	t.printf("  1. sign what is in force: corskit fleet push --replace\n")
	t.printf("  2. then deploy the services with this key\n\n")
	t.printf("%s\n", t.style(bold, "if the fleet has a key already:"))
	t.printf("  1. deploy the services with both keys: a file may have several, one after the other\n")
	t.printf("  2. then push with this key, and with --public-keys naming the file that has both\n\n")
	t.printf("%s\n", t.style(bold, "in each service:"))
	t.printf("  text, err := os.ReadFile(%q)\n", filepath.Base(public))
	t.printf("  keys, err := fleet.ParsePublicKeys(text)\n")
	t.printf("  replica, err := fleet.Join(ctx, client, fleet.Options{Keys: keys})\n")
	return nil
}

func absolute(path string) string {
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}

func existsAlready(file string) error {
	return fmt.Errorf("%s already exists, and nothing was written: a lost key cannot be recreated; choose another NAME", safe(file))
}

// writeKey writes a new file and flushes it to the disk.
func writeKey(name string, text []byte, mode fs.FileMode) (err error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return existsAlready(name)
	}
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		_ = os.Remove(name)
	}
	return err
}
