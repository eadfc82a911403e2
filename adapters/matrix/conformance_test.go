package matrix

import (
	"fmt"
	"testing"

	"github.com/corskit/corskit/adapters/corshttp"
	"github.com/corskit/corskit/conformance"

	"net/http"
)

// mounts is the one table from which every adapter is run through the suite.
var mounts = []struct {
	adapter string
	mount   conformance.Mount
}{
	{"corshttp", mountHTTP},
	{"corsgin", mountGin},
	{"corsecho", mountEcho},
	{"corsechov5", mountEchoV5},
	{"corsfiber", mountFiber},
	{"corsfiberv3", mountFiberV3},
}

func TestConformance(t *testing.T) {
	for _, m := range mounts {
		t.Run(m.adapter, func(t *testing.T) {
			conformance.Run(t, m.mount)
		})
	}
}

func mountHTTP(s conformance.Setup) (*conformance.Server, error) {
	s.App.ModifyResponse = corshttp.StripUpstream
	return conformance.NetHTTP(func(s conformance.Setup) (func(http.Handler) http.Handler, error) {
		engine, err := s.Engine()
		if err != nil {
			return nil, err
		}
		return corshttp.Middleware(engine, corshttp.Options{KeepVary: s.KeepVary}), nil
	})(s)
}

// unsupported says that a framework cannot express a setup.
func unsupported(why string) error { return fmt.Errorf("%w: %s", conformance.ErrUnsupported, why) }
