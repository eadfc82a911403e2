package conformance

import (
	"errors"
	"fmt"
)

// Servers starts the servers of cases without running the cases, for example for
// suites that send the requests from real browsers. Its methods are safe for
// concurrent use.
type Servers struct{ suite *suite }

// NewServers returns the Servers of a mount. The caller must close them.
func NewServers(mount Mount) *Servers { return &Servers{newSuite(mount, Options{})} }

// ErrRefused says that a mount refused a setup, as the case permits or requires.
var ErrRefused = errors.New("conformance: refused")

// Start returns the running server of a case's setup. Cases with equal setups
// share a server.
//
// The error wraps [ErrUnsupported] if the mount cannot express the case, or if the case
// has no setup because it has [Case].Again. It wraps [ErrRefused] if the mount refuses
// the policies and the case permits that. Otherwise it wraps the error of the mount.
func (s *Servers) Start(c Case) (*Server, error) {
	if c.Again != nil {
		return nil, fmt.Errorf("%w: it repeats requests of other cases, to their servers", ErrUnsupported)
	}
	m := s.suite.server(c.Setup)
	switch {
	case errors.Is(m.err, ErrUnsupported):
		return nil, m.err
	case m.err != nil && c.Refusal != mustMount && !errors.Is(m.err, errMount):
		return nil, fmt.Errorf("%w: %w", ErrRefused, m.err)
	case m.err != nil:
		return nil, fmt.Errorf("conformance: the mount failed for %s: %w", describe(c.Setup), m.err)
	}
	if reason := s.suite.unsupported(c, m.server); reason != "" {
		return nil, fmt.Errorf("%w: %s", ErrUnsupported, reason)
	}
	return m.server, nil
}

// Close stops every server.
func (s *Servers) Close() { s.suite.close() }
