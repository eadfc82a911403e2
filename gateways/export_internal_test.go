package gateways

import (
	"slices"
	"testing"

	"github.com/corskit/corskit/core"
)

// Export refuses settings that core gets later.
func TestUnexportable(t *testing.T) {
	policy := struct {
		core.Policy
		AllowMore, AllowLess bool
	}{AllowMore: true}
	if got := unexportable(policy); !slices.Equal(got, []string{"AllowMore"}) {
		t.Errorf("got %q", got)
	}
}
