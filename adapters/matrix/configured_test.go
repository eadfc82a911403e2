package matrix

import (
	"testing"

	"github.com/gofiber/fiber/v2"
	fiberv3 "github.com/gofiber/fiber/v3"

	"github.com/corskit/corskit/conformance"
)

// What fiber is told about memory, paths and the names of fields makes no
// difference to a verdict.
func TestConformanceConfigured(t *testing.T) {
	v2 := func(config fiber.Config) conformance.Mount {
		return func(s conformance.Setup) (*conformance.Server, error) { return mountFiberWith(s, config) }
	}
	v3 := func(config fiberv3.Config) conformance.Mount {
		return func(s conformance.Setup) (*conformance.Server, error) { return mountFiberV3With(s, config) }
	}
	for name, mount := range map[string]conformance.Mount{
		"v2 immutable": v2(fiber.Config{Immutable: true, UnescapePath: true, CaseSensitive: true, StrictRouting: true}),
		"v2 raw":       v2(fiber.Config{DisableHeaderNormalizing: true, StreamRequestBody: true}),
		"v3 immutable": v3(fiberv3.Config{Immutable: true, UnescapePath: true, CaseSensitive: true, StrictRouting: true}),
		"v3 raw":       v3(fiberv3.Config{DisableHeaderNormalizing: true, StreamRequestBody: true}),
	} {
		t.Run(name, func(t *testing.T) { conformance.Run(t, mount) })
	}
}
