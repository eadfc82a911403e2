package conformance

import (
	"errors"
	"fmt"
)

// Servers starts the servers of cases, for a suite that sends the requests by
// other means than [Run]: browsers, for one. Its methods may be called
// concurrently.
type Servers struct{ suite *suite }

// NewServers makes Servers of a mount. Close them at the end.
func NewServers(mount Mount) *Servers { return &Servers{newSuite(mount, Options{})} }

// ErrRefused says that a mount refused a setup that it may or must refuse.
var ErrRefused = errors.New("conformance: refused")

// Start returns the running server of a case's setup. Cases with the same setup
// have the same server.
//
// The error wraps [ErrUnsupported] where the mount cannot express the case,
// [ErrRefused] where it refuses the policies as the case lets it, and is the
// mount's otherwise.
func (s *Servers) Start(c Case) (*Server, error) {
	m := s.suite.server(c.Setup)
	switch {
	case errors.Is(m.err, ErrUnsupported):
		return nil, m.err
	case m.err != nil && c.Refusal != MustMount && !errors.Is(m.err, errMount):
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
