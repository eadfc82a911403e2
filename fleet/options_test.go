package fleet_test

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/corskit/corskit/fleet"
	"github.com/corskit/corskit/reason"
)

// nowhere returns a client of an etcd that does not exist.
func nowhere(t *testing.T) *clientv3.Client {
	t.Helper()
	client, err := clientv3.New(fleet.ClientConfig("127.0.0.1:1"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// checkOption fails unless err is an OptionError of a field, in one line and with a fix.
func checkOption(t *testing.T, name string, err error, field string) {
	t.Helper()
	option, ok := errors.AsType[*fleet.OptionError](err)
	if !ok || option.Field != field {
		t.Errorf("%s: error %v, want one of the field %s", name, err, field)
		return
	}
	if text := err.Error(); option.Suggestion == "" || strings.ContainsAny(text, "\n\x1b") || len(text) > 1000 {
		t.Errorf("%s: the error has no fix, or is not one short line: %q", name, text)
	}
}

func manyLabels() map[string]string {
	labels := make(map[string]string)
	for i := range 17 {
		labels[fmt.Sprint(i)] = "a"
	}
	return labels
}

func TestOptionsOfReplicas(t *testing.T) {
	client := nowhere(t)
	_, key := keyPair(1)
	tests := map[string]struct {
		opts  fleet.Options
		field string
	}{
		"a prefix with a space":       {fleet.Options{Prefix: "/a b/"}, "Prefix"},
		"a prefix that leads up":      {fleet.Options{Prefix: "//"}, "Prefix"},
		"a long prefix":               {fleet.Options{Prefix: strings.Repeat("a", 300)}, "Prefix"},
		"a prefix of another fleet":   {fleet.Options{Prefix: "/corskit/status/"}, "Prefix"},
		"an instance with a slash":    {fleet.Options{Instance: "a/b"}, "Instance"},
		"an instance with an escape":  {fleet.Options{Instance: "a\x1b[2J\nb"}, "Instance"},
		"a long instance":             {fleet.Options{Instance: strings.Repeat("a", 129)}, "Instance"},
		"many labels":                 {fleet.Options{Labels: manyLabels()}, "Labels"},
		"a label with an equals sign": {fleet.Options{Labels: map[string]string{"a=b": ""}}, "Labels"},
		"a label of two lines":        {fleet.Options{Labels: map[string]string{"a": "b\nc"}}, "Labels"},
		"not a key":                   {fleet.Options{Keys: []ed25519.PublicKey{key, nil}}, "Keys[1]"},
		"a key twice":                 {fleet.Options{Keys: []ed25519.PublicKey{key, key}}, "Keys[1]"},
		"a short lease":               {fleet.Options{LeaseTTL: 4 * time.Second}, "LeaseTTL"},
		"a long lease":                {fleet.Options{LeaseTTL: 25 * time.Hour}, "LeaseTTL"},
		"no time to boot":             {fleet.Options{BootTimeout: -1}, "BootTimeout"},
		"no refresh":                  {fleet.Options{Refresh: -time.Second}, "Refresh"},
	}
	for name, tt := range tests {
		_, err := fleet.Join(t.Context(), client, tt.opts)
		checkOption(t, name, err, tt.field)
	}
}

func TestOptionsOfStores(t *testing.T) {
	client := nowhere(t)
	private, public := keyPair(1)
	_, other := keyPair(2)
	tests := map[string]struct {
		client *clientv3.Client
		opts   fleet.StoreOptions
		field  string
	}{
		"no client":              {nil, fleet.StoreOptions{}, "client"},
		"a prefix":               {client, fleet.StoreOptions{Prefix: "/../"}, "Prefix"},
		"an author of two lines": {client, fleet.StoreOptions{Author: "a\nb"}, "Author"},
		"a long author":          {client, fleet.StoreOptions{Author: strings.Repeat("a", 129)}, "Author"},
		"half a key":             {client, fleet.StoreOptions{Key: private[:20]}, "Key"},
		"not a key":              {client, fleet.StoreOptions{Keys: []ed25519.PublicKey{public[:3]}}, "Keys[0]"},
		"a key of no replica":    {client, fleet.StoreOptions{Key: private, Keys: []ed25519.PublicKey{other}}, "Key"},
	}
	for name, tt := range tests {
		_, err := fleet.NewStore(tt.client, tt.opts)
		checkOption(t, name, err, tt.field)
	}
	for name, opts := range map[string]fleet.StoreOptions{
		"nothing": {}, "a prefix without slashes": {Prefix: "corskit"},
		"a rotation": {Key: private, Keys: []ed25519.PublicKey{other, public}},
	} {
		if _, err := fleet.NewStore(client, opts); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestErrorsAreOneLine checks errors that contain untrusted texts.
func TestErrorsAreOneLine(t *testing.T) {
	evil := strings.Repeat("\x1b[2J\n\u202e", 5000)
	head := sampleHead()
	head.Author, head.Message = evil, evil
	for _, err := range []error{
		&fleet.Error{Reason: reason.Tampered, Instance: evil, Detail: "a detail", Err: errors.New(evil)},
		&fleet.OptionError{Field: "Prefix", Value: evil},
		&fleet.ConflictError{Base: 1, Head: head}, &fleet.ConflictError{},
		&fleet.HaltedError{Revision: 1, Reason: evil}, &fleet.HaltedError{Revision: 1, Reason: evil, Everywhere: true},
	} {
		if text := err.Error(); strings.ContainsAny(text, "\n\x1b\u202e") || len(text) > 4096 {
			t.Errorf("%T: not one short, printable line: %.200q", err, text)
		}
	}
}

// TestEmptyEndpoint checks that clients with an empty endpoint are refused.
func TestEmptyEndpoint(t *testing.T) {
	for _, endpoints := range [][]string{{""}, {"http://127.0.0.1:1", " "}} {
		client, err := clientv3.New(fleet.ClientConfig(endpoints...))
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		field := fmt.Sprintf("Endpoints[%d]", len(endpoints)-1)
		_, err = fleet.Join(t.Context(), client, fleet.Options{})
		checkOption(t, "Join", err, field)
		_, err = fleet.NewStore(client, fleet.StoreOptions{})
		checkOption(t, "NewStore", err, field)
	}
}
