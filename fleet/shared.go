package fleet

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"sync"

	"github.com/corskit/corskit/config"
)

// Shared lets several replicas in one process share compiled policies and verified heads.
// It saves memory and time in a process that serves many fleets or names. A head is
// verified only once for the same bytes, prefix and keys. A nil *Shared shares nothing. A
// Shared may be used concurrently.
type Shared struct {
	mu        sync.Mutex
	made      map[sharedKey]*sharedConfig
	last      []sharedKey      // in the order in which they were compiled
	heads     []sharedHead     // the oldest first, as the rest
	manifests []sharedManifest // those that were verified
	changes   []sharedChange
}

// maxShared is how many compiled policies a Shared keeps: for a few fleets, the policies
// in force, the previous ones and the candidates.
const maxShared = 8

// sharedKey has everything that a compiled policy depends on.
type sharedKey struct{ manifest, profile, key string }

type sharedConfig struct {
	mu     sync.Mutex
	config *config.Config // nil if nobody has succeeded yet
}

// sharedHead is a verified head, and everything that its verification depends on.
type sharedHead struct {
	value        [sha256.Size]byte
	prefix, keys string
	head         *Head
	envelope     *envelope
}

// sharedManifest is the manifest of a reference.
type sharedManifest struct {
	hash     string
	size     int64
	manifest *manifest
}

// sharedChange is the difference between two compiled policies.
type sharedChange struct {
	from, to *config.Config
	diff     string
}

// parse is like parseManifest, but reuses the result for a manifest with the same hash.
// Callers must not change the result.
func (s *Shared) parse(data []byte, ref Reference) (*manifest, error) {
	if s == nil {
		return parseManifest(data, ref)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.manifests {
		if m.hash == ref.Manifest && m.size == ref.Size {
			return m.manifest, nil
		}
	}
	m, err := parseManifest(data, ref)
	if err == nil {
		s.manifests = keepLast(append(s.manifests, sharedManifest{ref.Manifest, ref.Size, m}))
	}
	return m, err
}

// compare is like [config.Compare], but reuses the result for the same two policies.
func (s *Shared) compare(from, to *config.Config) string {
	if s == nil {
		return config.Compare(from, to)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.changes {
		if c.from == from && c.to == to {
			return c.diff
		}
	}
	diff := config.Compare(from, to)
	s.changes = keepLast(append(s.changes, sharedChange{from, to, diff}))
	return diff
}

// keepLast returns the last maxShared elements.
func keepLast[E any](list []E) []E { return list[max(len(list)-maxShared, 0):] }

// open verifies a head, but reuses the result for the same bytes and keys. Callers must
// not change the result.
func (s *Shared) open(value []byte, prefix string, keys []ed25519.PublicKey) (*Head, *envelope, error) {
	if s == nil {
		return openHead(value, prefix, keys)
	}
	wanted := sharedHead{value: sha256.Sum256(value), prefix: prefix}
	for _, k := range keys {
		wanted.keys += string(k) // all have the same length
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, h := range s.heads {
		if h.value == wanted.value && h.prefix == wanted.prefix && h.keys == wanted.keys {
			return h.head, h.envelope, nil
		}
	}
	var err error
	wanted.head, wanted.envelope, err = openHead(value, prefix, keys)
	if err == nil {
		s.heads = keepLast(append(s.heads, wanted))
	}
	return wanted.head, wanted.envelope, err
}

// NewShared returns a Shared for [Options.Shared].
func NewShared() *Shared { return &Shared{made: make(map[sharedKey]*sharedConfig)} }

// read assembles and compiles the bundle of a manifest, but reuses an earlier result. It
// shares nothing if the options have parts that a key cannot contain.
func (s *Shared) read(ctx context.Context, manifest string, o config.Options, assemble func() (*Bundle, error)) (*config.Config, error) {
	o.OnReload, o.Logger = nil, nil // reading does not use them
	compile := func(ctx context.Context) (*config.Config, error) {
		b, err := assemble()
		if err != nil {
			return nil, err
		}
		return config.Read(ctx, b.Source(), b.Entry, o)
	}
	if s == nil || len(o.AllowOriginFuncs)+len(o.Variables)+len(o.IgnoreVariables)+len(o.Environ) > 0 || o.Progress != nil {
		return compile(ctx)
	}
	c := s.get(sharedKey{manifest, o.Profile, o.Key})
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.config != nil {
		return c.config, nil
	}
	var err error
	c.config, err = compile(ctx)
	return c.config, err
}

func (s *Shared) get(key sharedKey) *sharedConfig {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.made[key]; ok {
		return c
	}
	if len(s.last) == maxShared {
		delete(s.made, s.last[0])
		s.last = s.last[1:]
	}
	c := new(sharedConfig)
	s.made[key], s.last = c, append(s.last, key)
	return c
}
