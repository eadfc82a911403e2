package fleet

import (
	"context"
	"sync"

	"github.com/corskit/corskit/config"
)

// Shared lets several replicas of one process share compiled policies, and so the memory and
// the time that these need: for a process that serves many fleets or names. Each replica
// still verifies what it takes. A nil *Shared shares nothing.
type Shared struct {
	mu   sync.Mutex
	made map[sharedKey]*sharedConfig
	last []sharedKey // in the order of their making
}

// maxShared is how many compiled policies a Shared keeps: those in force, the ones before and
// the candidates of a few fleets.
const maxShared = 8

// sharedKey is what a compiled policy depends on.
type sharedKey struct{ manifest, profile, key string }

type sharedConfig struct {
	once   sync.Once
	config *config.Config
	err    error
}

// NewShared returns a Shared for [Options.Shared].
func NewShared() *Shared { return &Shared{made: make(map[sharedKey]*sharedConfig)} }

// read compiles a bundle, unless it was compiled before. Options that a key cannot hold are
// not shared.
func (s *Shared) read(ctx context.Context, b *Bundle, manifest string, o config.Options) (*config.Config, error) {
	own := o
	own.OnReload, own.Logger = nil, nil // reading does not use them
	if s == nil || len(o.AllowOriginFuncs)+len(o.Variables)+len(o.IgnoreVariables)+len(o.Environ) > 0 || o.Progress != nil {
		return config.Read(ctx, b.Source(), b.Entry, own)
	}
	c := s.get(sharedKey{manifest, o.Profile, o.Key})
	// The context is not that of one replica: its end must not be the others' fault.
	c.once.Do(func() { c.config, c.err = config.Read(context.WithoutCancel(ctx), b.Source(), b.Entry, own) })
	return c.config, c.err
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
